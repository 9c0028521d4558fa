"""Who fills a place in the office that the plan leaves empty, at the smallest change: one person on one day.

What lacks is what publishing would refuse (`covering.Month`). Somebody who would be at home comes in, and nothing else
of the plan changes. Whoever comes counts for each rule that counts such people, so places that fewer could fill are
filled first. Left to say is whom to ask: one's own people before those of another bidang, of these who fills most, who
leads last, and then who has been in the office least in that month.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, literal, or_, select, union_all
from sqlalchemy.orm import Session

from staffhub import audit, clock, notify, office, workdays
from staffhub.db import rows
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    LEADS,
    CallState,
    DutyCall,
    EmploymentType,
    HomeOnly,
    LeaveRequest,
    LeaveState,
    NoticeKind,
    PlanGrant,
    PlanLayer,
    PlanMode,
    Role,
)
from staffhub.roster import calls as calling
from staffhub.roster import coverage, covering
from staffhub.roster.coverage import OF_THE_ROSTER, Cover, Serving
from staffhub.roster.entries import dates, lock_officers
from staffhub.security import Viewer
from staffhub.workdays import Granted, PlanBook

# Beside each place so many are offered; whoever wants somebody else writes it into the plan.
_OFFERED = 4


class Need(NamedTuple):
    """Places in the office that nobody fills: of a bidang, for these kinds of employment.

    Without kinds it is of an order of flexible work, or of the highest levels: for the own people, wherever they sit.
    `only`: for them alone, who must be there; `but`: they have such a place of their own.
    """

    day: date
    division_id: int
    group: str
    types: tuple[EmploymentType, ...]
    lacking: int
    only: frozenset[int] = frozenset()
    but: frozenset[int] = frozenset()

    @classmethod
    def of(cls, cover: Cover) -> list["Need"]:
        """Return what a cover lacks; nothing where it is excused."""
        asked, bound = cover.demand, [] if cover.excuse else [one.officer_id for one in cover.absent]
        rest = cls(asked.day, asked.division_id, asked.group, asked.types, cover.missing - len(bound))
        own = [rest._replace(lacking=1, only=frozenset({who})) for who in bound]
        return [one for one in (*own, rest._replace(but=frozenset(bound))) if one.lacking > 0]

    @property
    def label(self) -> str:
        return coverage.label(self.group)

    @property
    def rank(self) -> int:
        """Of two places of a day the one comes first that fewer could fill."""
        return 0 if self.only else 3 if not self.types else 2 if self.group == coverage.APPOINTMENTS else 1

    def suits(self, one: Serving) -> bool:
        """Whether such a person fills it, once in the office and at its desk."""
        if self.only:
            return one.officer_id in self.only
        if not self.types:
            return one.division_id == self.division_id and one.officer_id not in self.but
        return coverage.counts(self.group, self.types, one.employment, one.role)


@dataclass(frozen=True)
class StandIn:
    """Somebody who is planned at home then. `turns`: days in the office planned in that month; `lent`: from another
    bidang.
    """

    officer_id: int
    name: str
    division_id: int | None
    division: str
    turns: int
    lent: bool


class Offer(NamedTuple):
    """A place that nobody fills, and who could, whom to ask first first."""

    need: Need
    stand_ins: Sequence[StandIn]


class Call(NamedTuple):
    """Who comes into the office on a day, and whose desk is kept."""

    officer_id: int
    day: date
    division_id: int

    @classmethod
    def of(cls, typed: object) -> "Call | None":
        """Read "officer.date.division", as a choice sends it; "": nobody."""
        if not typed:
            return None
        officer, day, division = str(typed).split(".")
        return cls(int(officer), date.fromisoformat(day), int(division))


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_OFFICE: Any = bindparam("office")
# What keeps somebody at home whatever the plan says: a letter, or leave that is asked for. And who was called then and
# has not come: she answers, or has declined.
_LETTER, _LEAVE, _CALL = range(3)
_KEPT = union_all(
    select(HomeOnly.officer_id, HomeOnly.first, HomeOnly.last, literal(_LETTER)).where(
        HomeOnly.office_id == _OFFICE, HomeOnly.last >= _FIRST, HomeOnly.first <= _LAST
    ),
    select(LeaveRequest.officer_id, LeaveRequest.first, LeaveRequest.until, literal(_LEAVE)).where(
        LeaveRequest.office_id == _OFFICE,
        LeaveRequest.state.in_((LeaveState.ASKED, LeaveState.AGREED)),
        LeaveRequest.until >= _FIRST,
        LeaveRequest.first <= _LAST,
    ),
    select(DutyCall.officer_id, DutyCall.date, DutyCall.date, literal(_CALL)).where(
        DutyCall.office_id == _OFFICE,
        DutyCall.date.between(_FIRST, _LAST),
        DutyCall.state.in_((CallState.ASKED, CallState.DECLINED)),
    ),
)


@dataclass(frozen=True)
class Around:
    """Everybody of the office over some dates: where they serve, what is planned, and what keeps them at home.

    `home`: who is there by a letter, from and to; `called`: who was called, and has not come.
    """

    people: Sequence[Serving]
    book: PlanBook
    kept: Mapping[int, frozenset[date]]
    home: frozenset[tuple[int, date, date]]
    called: frozenset[tuple[int, date]]

    def who(self, officer_id: int, day: date) -> Serving | None:
        return next((one for one in self.people if one.officer_id == officer_id and one.serves(day)), None)

    def turns(self, officer_id: int, month: date) -> int:
        return sum(self.book.of(officer_id, day).mode is PlanMode.OFFICE for day in clock.month_days(month))

    def is_free(self, one: Serving, day: date) -> bool:
        plan = self.book.of(one.officer_id, day)
        at_home = plan.mode is PlanMode.HOME and plan.half is None and plan.source in OF_THE_ROSTER
        return at_home and one.serves(day) and day not in self.kept.get(one.officer_id, ())


def around(db: Session, office_id: int, days: Sequence[date]) -> Around:
    """Load it for the whole months of these days, in four statements."""
    first, last = clock.month_days(days[0])[0], clock.month_days(days[-1])[-1]
    people = coverage.serving(db, office_id, first, last)
    kept: dict[int, set[date]] = defaultdict(set)
    held = rows(db, _KEPT, office=office_id, first=first, last=last).all()
    for officer_id, start, end, what in held:
        if what != _CALL:
            kept[officer_id].update(dates(max(start, first), min(end, last)))
    book = workdays.plans(db, office_id, first, last, officers={one.officer_id for one in people})
    home = frozenset((who, start, end) for who, start, end, what in held if what == _LETTER)
    called = frozenset((who, day) for who, day, _same, what in held if what == _CALL)
    return Around(people, book, {who: frozenset(days) for who, days in kept.items()}, home, called)


def needs(
    db: Session, office_id: int, found: Around, first: date, last: date, *, only: int | None = None
) -> list[Need]:
    """Return where publishing would find too few in the office, by day; `only`: of this bidang."""
    there = covering.months(db, office_id, dates(first, last), found.people, found.book, found.home)
    covers = [cover for month in there if only in {None, month.bidang.id} for cover in month.lacking()]
    return [need for cover in sorted(covers, key=lambda cover: cover.day) for need in Need.of(cover)]


def stand_ins(
    db: Session, office_id: int, found: Around, need: Need, *, today: date, besides: Collection[int] = ()
) -> list[StandIn]:
    """Return who could come, whom to ask first first."""
    could = _could_come(db, office_id, found, found.book, need, [], today=today, besides=besides)
    return [one for one, _fills in could][:_OFFERED]


def _could_come(
    db: Session,
    office_id: int,
    found: Around,
    then: PlanBook,
    need: Need,
    others: Sequence[Need],
    *,
    today: date,
    besides: Collection[int],
) -> list[tuple[StandIn, list[Need]]]:
    """Return who could fill a place, with which others of that day too; of other bidang where the own one has nobody.

    `then`: the plans with who is proposed already. For today only who has an account: she is asked, and answers.
    """
    desks = office.divisions(db, office_id)
    full = _full(found.people, then, desks.get(need.division_id), need.day)
    leads = {one.officer_id for one in found.people if one.role in LEADS and one.serves(need.day)}
    free = [
        (
            StandIn(
                one.officer_id,
                one.name,
                one.division_id,
                desks[one.division_id].short_name if one.division_id in desks else "",
                found.turns(one.officer_id, need.day),
                lent=one.division_id != need.division_id,
            ),
            [other for other in others if _fills(one, need, other)],
        )
        for one in found.people
        if need.suits(one)
        and (one.role is not Role.OFFICE_HEAD or one.officer_id in need.only)
        and one.officer_id not in besides
        and (one.officer_id, need.day) not in found.called
        and one.employment not in full
        and (one.has_account or need.day != today)
        and found.is_free(one, need.day)
    ]
    own = [one for one in free if not one[0].lent]
    return sorted(own or free, key=lambda one: (-len(one[1]), one[0].officer_id in leads, one[0].turns, one[0].name))


def _fills(one: Serving, need: Need, other: Need) -> bool:
    """Whether who comes for one place fills another one of that day as well: a share counts people at any desk."""
    at_desk = other.division_id == need.division_id or not other.types
    return other is not need and other.day == need.day and at_desk and other.suits(one)


def _full(people: Sequence[Serving], book: PlanBook, desk: office.Bidang | None, day: date) -> set[EmploymentType]:
    """Return of whom a desk has as many as it may."""
    asked = coverage.asked(book.calendar, [desk], day, day) if desk else []
    bounded = [one for one in asked if one.maximum is not None]
    covers = coverage.counted(bounded, people, book) if bounded else []
    return {kind for one in covers if one.maximum is not None and one.have >= one.maximum for kind in one.demand.types}


def offers(
    db: Session, me: Viewer, found: Around, wanted: Iterable[Need], *, today: date, besides: Collection[int] = ()
) -> list[Offer]:
    """Return an offer for each empty place; nobody is proposed for two places of one day, or where one before fills it.

    Whoever may write the roster is offered those whose plan she writes.
    """
    offered: list[Offer] = []
    then, proposed = found.book, defaultdict[date, set[int]](set)
    ordered = sorted(wanted, key=lambda need: (need.day, need.rank))
    left = {need: need.lacking for need in ordered}
    for need in ordered:
        while left[need] > 0:
            others = [one for one, n in left.items() if n > 0 and one.day == need.day]
            gone = {*besides, *proposed[need.day]}
            could = _could_come(db, me.office_id, found, then, need, others, today=today, besides=gone)
            writes = me.may("roster.edit")
            free = [one for one in could if not writes or me.sees(officer_id=None, division_id=one[0].division_id)]
            offered.append(Offer(need, [one for one, _fills in free[:_OFFERED]]))
            left[need] -= 1
            for one, fills in free[:1]:
                proposed[need.day].add(one.officer_id)
                comes = Granted(PlanLayer.HAND, PlanMode.OFFICE, desk=need.division_id)
                then = then.with_granted({(one.officer_id, need.day): comes})
                for other in fills:
                    left[other] -= 1
    return offered


def call_in(db: Session, me: Viewer, calls: Sequence[Call], *, now: datetime) -> None:
    """Put people into the office on days to come and tell them, and ask who is to come today; Conflict when one of
    them is not at home then any more. Whom I called in already is called once.
    """
    if not calls:
        return
    me.require("roster.edit")
    if len({(one.officer_id, one.day) for one in calls}) < len(calls):
        raise Refused(_("One person cannot keep two desks on one day."), field="call_in")
    lock_officers(db, me.office_id, sorted({one.officer_id for one in calls}))
    found = around(db, me.office_id, sorted(one.day for one in calls))
    today = clock.local_day(now, me.zone)
    called = [(call, _called(me, found, call, today)) for call in calls if not _stands(db, me, found, call)]
    desks = office.divisions(db, me.office_id)
    for call, who in called:
        if call.day == today:
            groups = found.book.calendar.coverage(today, desks[call.division_id]).groups
            group = next((one.name for one in groups if who.employment in one.types), "")
            at = call.division_id
            calling.call(db, me, officer_id=call.officer_id, division_id=at, day=today, group=group, now=now)
            continue
        written = calling.come(db, me, call.officer_id, call.day, at=call.division_id, own=who.division_id, now=now)
        facts: dict[str, Any] = {"grant": written, "date": call.day, "division": call.division_id}
        audit.record(db, me, "plan.called_in", "officer", call.officer_id, now=now, **facts)
        notify.tell(
            db,
            office_id=me.office_id,
            kind=NoticeKind.CALLED_IN,
            params={"day": call.day, "desk": desks[call.division_id].short_name},
            address=f"/roster/{call.officer_id}?month={call.day:%Y-%m}",
            key=f"called_in:{written}",
            officers={call.officer_id},
            by=me.account_id,
            now=now,
        )


_MINE = select(PlanGrant.id).where(
    PlanGrant.office_id == _OFFICE,
    PlanGrant.id == bindparam("grant"),
    or_(
        PlanGrant.created_by == bindparam("me"),
        # Of today, who came has written it herself.
        select(DutyCall.id)
        .where(DutyCall.office_id == _OFFICE, DutyCall.date == PlanGrant.first)
        .where(DutyCall.grant_id == PlanGrant.id, DutyCall.asked_by == bindparam("me"))
        .exists(),
    ),
)


def _stands(db: Session, me: Viewer, found: Around, call: Call) -> bool:
    """Whether the plan has it already, by hand and by me: the same press came before."""
    plan, who = found.book.of(call.officer_id, call.day), found.who(call.officer_id, call.day)
    if who is None or plan.mode is not PlanMode.OFFICE or plan.source != PlanLayer.HAND:
        return False
    if (plan.desk or who.division_id) != call.division_id:
        return False
    return rows(db, _MINE, office=me.office_id, grant=plan.grant_id, me=me.author).first() is not None


def _called(me: Viewer, found: Around, call: Call, today: date) -> Serving:
    if call.day < today:
        raise Refused(_("A day that is over is corrected by HR."), field="call_in")
    who = found.who(call.officer_id, call.day)
    if who is None or not found.is_free(who, call.day):
        raise Conflict(_("Somebody who was to come in is not free any more. Look at it again."), field="call_in")
    if not me.sees(officer_id=None, division_id=who.division_id):
        raise Forbidden(_("The plan of this officer is written by HR and by the head of the division."))
    return who
