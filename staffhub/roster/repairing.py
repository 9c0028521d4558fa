"""Who fills a place in the office that the plan leaves empty, at the smallest change: one person on one day.

Where one is missing, one person who would be at home comes in, and nothing else of the plan changes: no plan with fewer
changes keeps the minimum. So there is nothing to solve but whom to ask, which is said here: one's own people before
those of another bidang, and of these who has been in the office least in that month.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from staffhub import audit, clock, notify, office, workdays
from staffhub.db import rows
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
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
from staffhub.roster import coverage
from staffhub.roster.coverage import OF_THE_ROSTER, Cover, Serving
from staffhub.roster.entries import dates, lock_officers
from staffhub.security import Viewer
from staffhub.workdays import PlanBook

# Beside each place so many are offered; whoever wants somebody else writes it into the plan.
_OFFERED = 4


class Need(NamedTuple):
    """A place in the office that nobody fills: of a bidang, for somebody of these kinds of employment."""

    day: date
    division_id: int
    group: str
    types: tuple[EmploymentType, ...]
    lacking: int

    @classmethod
    def of(cls, cover: Cover) -> "Need":
        asked = cover.demand
        return cls(asked.day, asked.division_id, asked.group, asked.types, cover.missing)


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
# What keeps somebody at home whatever the plan says: a letter, or leave that is asked for.
_KEPT = union_all(
    select(HomeOnly.officer_id, HomeOnly.first, HomeOnly.last).where(
        HomeOnly.office_id == _OFFICE, HomeOnly.last >= _FIRST, HomeOnly.first <= _LAST
    ),
    select(LeaveRequest.officer_id, LeaveRequest.first, LeaveRequest.until).where(
        LeaveRequest.office_id == _OFFICE,
        LeaveRequest.state.in_((LeaveState.ASKED, LeaveState.AGREED)),
        LeaveRequest.until >= _FIRST,
        LeaveRequest.first <= _LAST,
    ),
)


@dataclass(frozen=True)
class Around:
    """Everybody of the office over some dates: where they serve, what is planned, and what keeps them at home."""

    people: Sequence[Serving]
    book: PlanBook
    kept: Mapping[int, frozenset[date]]

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
    for officer_id, start, end in rows(db, _KEPT, office=office_id, first=first, last=last):
        kept[officer_id].update(dates(max(start, first), min(end, last)))
    book = workdays.plans(db, office_id, first, last, officers={one.officer_id for one in people})
    held = {who: frozenset(days) for who, days in kept.items()}
    return Around(people, book, held)


def needs(
    db: Session, office_id: int, found: Around, first: date, last: date, *, only: int | None = None
) -> list[Need]:
    """Return where the plan has fewer in the office than the rule asks for, by day; `only`: of this bidang."""
    desks = [one for one in office.divisions(db, office_id).values() if only in {None, one.id}]
    wanted = coverage.asked(found.book.calendar, desks, first, last)
    return [Need.of(one) for one in coverage.counted(wanted, found.people, found.book) if one.missing]


def stand_ins(
    db: Session, office_id: int, found: Around, need: Need, *, today: date, besides: Collection[int] = ()
) -> list[StandIn]:
    """Return who could come, whom to ask first first; of other bidang only where the own one has nobody.

    For today only who has an account: she is asked, and answers herself.
    """
    names = {one.id: one.short_name for one in office.divisions(db, office_id).values()}
    free = [
        StandIn(
            one.officer_id,
            one.name,
            one.division_id,
            names.get(one.division_id or 0, ""),
            found.turns(one.officer_id, need.day),
            lent=one.division_id != need.division_id,
        )
        for one in found.people
        if one.employment in need.types
        and one.role is not Role.OFFICE_HEAD
        and one.officer_id not in besides
        and (one.has_account or need.day != today)
        and found.is_free(one, need.day)
    ]
    own = [one for one in free if not one.lent]
    return sorted(own or free, key=lambda one: (one.turns, one.name))[:_OFFERED]


def offers(
    db: Session, me: Viewer, found: Around, wanted: Iterable[Need], *, today: date, besides: Collection[int] = ()
) -> list[Offer]:
    """Return an offer for each empty place; nobody is proposed for two places of one day.

    Whoever may write the roster is offered those whose plan she writes.
    """
    offered: list[Offer] = []
    proposed: set[tuple[int, date]] = set()
    for need in wanted:
        for _place in range(need.lacking):
            free = [
                one
                for one in stand_ins(db, me.office_id, found, need, today=today, besides=besides)
                if (one.officer_id, need.day) not in proposed
                and (not me.may("roster.edit") or me.sees(officer_id=None, division_id=one.division_id))
            ]
            proposed |= {(one.officer_id, need.day) for one in free[:1]}
            offered.append(Offer(need, free))
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
