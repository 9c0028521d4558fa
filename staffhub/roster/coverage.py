"""Who must be in the office for each bidang, and who of the planned keeps which desk.

What is asked for comes from the rule book (`Calendar.coverage`, `Calendar.flexible`) and from the appointments given to
citizens, who is there from the plan book, and a draft may take the place of what is published. The minimum holds in
both halves of a day: the one with fewer people counts. A share is one of those who serve in the bidang and work all of
that day; where they keep a desk makes no difference to it.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, Date, bindparam, func, or_, select, union
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    LEADS,
    Account,
    Appointment,
    DayPart,
    Division,
    EmploymentType,
    HomeOnly,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    PlanMode,
    Posting,
    Role,
    RosterCell,
    is_in_service,
    serves,
)
from staffhub.models.appointments import AHEAD
from staffhub.roster.entries import dates
from staffhub.workdays import Calendar, Flexible, Granted, Plan, PlanBook

Cell = tuple[int, date]
# An officer and what decides who counts; the role does for citizens alone.
Kind = tuple[int, EmploymentType, Role] | tuple[int, EmploymentType]
# What the demand of the appointments and the rule of the highest levels are called, as groups are by their rule.
APPOINTMENTS, LEVELS = "Janji temu", "Pimpinan"
# What the roster may say otherwise: its own layer, and the usual week below it.
OF_THE_ROSTER = frozenset({PlanLayer.ROSTER.value, "pattern"})
_NAME = 40  # so much of an order's number names an excuse of it, without a space at its end: forms send none
_SLACK = 1e-9  # 0.1 * 30 people is 3 of them, whatever floats say


def label(group: str) -> str:
    """What people read: groups of a rule have the office's own names."""
    return {APPOINTMENTS: _("Appointments"), LEVELS: _("Leadership")}.get(group, group)


class Placed(Protocol):
    """A cell of a draft. `desk`: the bidang whose desk is kept, None the own one."""

    @property
    def mode(self) -> PlanMode: ...
    @property
    def desk(self) -> int | None: ...


class Demand(NamedTuple):
    """How many of a group a bidang must, and at most may, have in the office on a day; `source`: id of the rule."""

    division_id: int
    day: date
    group: str
    types: tuple[EmploymentType, ...]
    minimum: int
    maximum: int | None
    source: int

    @property
    def for_citizens(self) -> bool:
        return self.group == APPOINTMENTS

    def counts(self, employment: EmploymentType, role: Role | None = None) -> bool:
        return counts(self.group, self.types, employment, role)


def counts(group: str, types: Collection[EmploymentType], employment: EmploymentType, role: Role | None) -> bool:
    """Whether such a person is one of a group; whoever leads does not receive citizens."""
    return employment in types and not (group == APPOINTMENTS and role in LEADS)


class Share(NamedTuple):
    """Of those who serve in a bidang and work on a day: so much of them (0 to 1) in the office at least, or at home at
    most; whoever is to `stay` is in the office unless something over the roster says otherwise.
    """

    division_id: int
    day: date
    name: str
    least_office: float | None
    most_home: float | None
    stay: frozenset[int]


class Serving(NamedTuple):
    """What somebody is from a day on, until a day or without end: several where a posting changes."""

    officer_id: int
    name: str
    division_id: int | None
    employment: EmploymentType
    role: Role
    position: str
    superior_id: int | None
    phone: str
    since: date
    until: date | None
    active_from: date
    active_to: date | None
    has_account: bool

    def serves(self, day: date) -> bool:
        posted = self.since <= day and (self.until is None or day <= self.until)
        return posted and is_in_service(self.active_from, self.active_to, day)


@dataclass(frozen=True)
class Cover:
    """What a demand finds. `there`: who keeps the desk in the half of the day that has the fewest; `excuse`: why fewer
    may; `absent`: who must be there, whoever else is, and is not.
    """

    demand: Demand
    there: tuple[int, ...]
    excuse: str = ""
    absent: tuple[Serving, ...] = ()

    @property
    def day(self) -> date:
        return self.demand.day

    @property
    def group(self) -> str:
        return self.demand.group

    @property
    def label(self) -> str:
        return label(self.group)

    @property
    def minimum(self) -> int:
        return self.demand.minimum

    @property
    def maximum(self) -> int | None:
        return self.demand.maximum

    @property
    def have(self) -> int:
        return len(self.there)

    @property
    def missing(self) -> int:
        return 0 if self.excuse else max(0, self.demand.minimum - self.have)

    @property
    def is_short(self) -> bool:
        return self.missing > 0

    @property
    def is_over(self) -> bool:
        return self.maximum is not None and self.have > self.maximum


def asked(calendar: Calendar, divisions: Iterable[office.Bidang], first: date, last: date) -> list[Demand]:
    """Return what the rules ask for, by day and bidang; pure."""
    found = []
    desks = list(divisions)
    for day in dates(first, last):
        for desk in desks:
            rule = calendar.coverage_rule(day, desk)
            groups = calendar.coverage(day, desk).groups if rule else ()
            source = rule.id if rule else 0
            found += [Demand(desk.id, day, one.name, one.types, one.minimum, one.maximum, source) for one in groups]
    return found


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_OFFICE, _DESK = bindparam("office", type_=BigInteger), bindparam("desk", type_=BigInteger)
# Who serves in no bidang is planned with the secretariat.
_SECRETARIAT = bindparam("secretariat", type_=BigInteger)
_SERVING = (
    select(
        Officer.id,
        Officer.name,
        func.coalesce(Posting.division_id, _SECRETARIAT),
        Posting.employment_type,
        Posting.role,
        Posting.position,
        Posting.superior_id,
        Officer.phone,
        Posting.valid_from,
        Posting.valid_to,
        Officer.active_from,
        Officer.active_to,
        select(Account.id).where(Account.officer_id == Officer.id, Account.disabled_at.is_(None)).exists(),
    )
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == _OFFICE, serves(_FIRST, _LAST))
    .where(Posting.valid_from <= _LAST, Posting.valid_to.is_(None) | (Posting.valid_to >= _FIRST))
    .order_by(Officer.name, Officer.id, Posting.valid_from)
)
_PUBLISHED = (
    select(PlanEntry.officer_id)
    .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
    .where(PlanEntry.office_id == _OFFICE, PlanEntry.date.between(_FIRST, _LAST), PlanGrant.desk_id == _DESK)
)
_OF_DRAFTS = (RosterCell.office_id == _OFFICE, RosterCell.date.between(_FIRST, _LAST), RosterCell.desk_id == _DESK)
# Who serves at a desk, or is lent to it by the plan or by the draft of another bidang.
_AT_DESK = _SERVING.where(
    or_(
        func.coalesce(Posting.division_id, _SECRETARIAT) == _DESK,
        Posting.role == Role.OFFICE_HEAD,  # whose word says who stands on the second level
        Officer.id.in_(union(_PUBLISHED, select(RosterCell.officer_id).where(*_OF_DRAFTS))),
    )
)
_LENT = select(RosterCell.officer_id, RosterCell.date).where(*_OF_DRAFTS, RosterCell.mode == PlanMode.OFFICE)
_KEPT_HOME = select(HomeOnly.officer_id, HomeOnly.first, HomeOnly.last).where(
    HomeOnly.office_id == _OFFICE, HomeOnly.last >= _FIRST, HomeOnly.first <= _LAST
)


_GIVEN = (
    select(Appointment.division_id, Appointment.date, func.max(Appointment.seat))
    # Each bidang by its own days: the index begins with the bidang.
    .where(Appointment.office_id == _OFFICE, Appointment.date.between(_FIRST, _LAST))
    .where(Appointment.division_id.in_(select(Division.id).where(Division.office_id == _OFFICE)))
    .where(Appointment.state.in_(AHEAD))
    .group_by(Appointment.division_id, Appointment.date)
)


def given(db: Session, office_id: int, first: date, last: date) -> list[Demand]:
    """Return what the appointments that citizens have ask for."""
    found = rows(db, _GIVEN, office=office_id, first=first, last=last)
    everybody = tuple(EmploymentType)
    return [Demand(division, day, APPOINTMENTS, everybody, seats, None, 0) for division, day, seats in found]


def serving(db: Session, office_id: int, first: date, last: date) -> list[Serving]:
    """Return who serves in the office on these days, as what and where."""
    near = office.secretariat(db, office_id)
    return [
        Serving._make(row) for row in rows(db, _SERVING, office=office_id, first=first, last=last, secretariat=near)
    ]


def at_desk(db: Session, office_id: int, desk: int, first: date, last: date) -> list[Serving]:
    """Return who serves in a bidang on some of these days, or is lent to it, as published or by a draft; and who heads
    the office.
    """
    asked = {"office": office_id, "desk": desk, "first": first, "last": last}
    near = office.secretariat(db, office_id)
    return [Serving._make(row) for row in rows(db, _AT_DESK, **asked, secretariat=near)]


def lent(db: Session, office_id: int, desk: int, first: date, last: date) -> set[Cell]:
    """Return whom drafts lend to a bidang, and when."""
    return {(who, day) for who, day in rows(db, _LENT, office=office_id, desk=desk, first=first, last=last)}


def kept_home(db: Session, office_id: int, first: date, last: date) -> frozenset[tuple[int, date, date]]:
    """Return who is not put on duty in the office on some of these days, by a letter."""
    found = rows(db, _KEPT_HOME, office=office_id, first=first, last=last)
    return frozenset((who, start, end) for who, start, end in found)


def with_cells(book: PlanBook, cells: Mapping[Cell, Placed]) -> PlanBook:
    """Return the plans as they would be with these cells in the place of what the roster's layer says there."""
    return book.with_granted({key: Granted(PlanLayer.ROSTER, cell.mode, desk=cell.desk) for key, cell in cells.items()})


def with_letters(book: PlanBook, home: Iterable[tuple[int, date, date]], first: date, last: date) -> PlanBook:
    """Return the plans by which places are counted: whoever a letter keeps at home is not there by the roster alone."""
    kept = {
        (who, day): Granted(PlanLayer.ROSTER, PlanMode.HOME)
        for who, start, end in home
        for day in dates(max(start, first), min(end, last))
        if is_against_letter(book.of(who, day))
    }
    return book.with_granted(kept) if kept else book


def is_against_letter(plan: Plan) -> bool:
    """Whether the roster, or the usual week below it, has somebody in the office whom a letter may keep at home."""
    return plan.mode is PlanMode.OFFICE and plan.source in OF_THE_ROSTER


def counted(wanted: Iterable[Demand], people: Sequence[Serving], book: PlanBook) -> list[Cover]:
    """Return what each demand finds among people as the plan book has them: each at the desk that is kept; pure."""
    there: dict[tuple[int, date, DayPart], list[Kind]] = defaultdict(list)
    wanted = list(wanted)
    for day in sorted({one.day for one in wanted}):
        for person in people:
            if person.serves(day):
                plan = book.of(person.officer_id, day)
                desk = plan.desk or person.division_id
                for part in DayPart:
                    if desk is not None and plan.is_in_office(part):
                        there[desk, day, part].append((person.officer_id, person.employment, person.role))
    found = []
    for one in wanted:
        halves = (cover_of(one, book.calendar, there[one.division_id, one.day, part]) for part in DayPart)
        found.append(min(halves, key=lambda half: half.have))
    return found


def cover_of(asked: Demand, calendar: Calendar, there: Iterable[Kind]) -> Cover:
    """Return what a demand finds among those who keep its desk."""
    who = tuple(officer_id for officer_id, *kind in there if asked.counts(*kind))
    return Cover(asked, who, calendar.excuse(asked.day, asked.division_id, asked.group))


def levels_of(people: Iterable[Serving], day: date) -> dict[int, int]:
    """Return the two highest structural levels of a day: the head of the office is 1; whoever leads a bidang, or stands
    directly beneath the head and leads somebody, is 2.
    """
    here = [one for one in people if one.serves(day)]
    heads = {one.officer_id for one in here if one.role is Role.OFFICE_HEAD}
    leads = {one.superior_id for one in here}
    second = {
        one.officer_id
        for one in here
        if one.role is Role.DIVISION_HEAD or (one.superior_id in heads and one.officer_id in leads)
    }
    return dict.fromkeys(second, 2) | dict.fromkeys(heads, 1)


def shares(calendar: Calendar, desk: office.Bidang, people: Sequence[Serving], first: date, last: date) -> list[Share]:
    """Return the flexible work of a bidang, and which of the highest levels stay; what is excused is left out.

    A policy of the whole office holds in each bidang: so it holds in the office, whoever plans which part of it.
    """
    found = []
    for day in dates(first, last):
        here = [one for one in people if one.division_id == desk.id and one.serves(day)]
        if rule := calendar.flexible(day, desk.code):
            out = frozenset(one.officer_id for one in here if _is_excluded(rule, desk.code, one))
            least, most = (None if one is None else one / 100 for one in (rule.least_office, rule.most_home))
            found.append(Share(desk.id, day, rule.document[:_NAME].rstrip(), least, most, out))
        if bound := calendar.levels(day, desk):
            highest = levels_of(people, day)
            stay = frozenset(one.officer_id for one in here if highest.get(one.officer_id, bound + 1) <= bound)
            found += [Share(desk.id, day, LEVELS, None, None, stay)] if stay else []
    return [one for one in found if not calendar.excuse(one.day, desk.id, one.name)]


def _is_excluded(rule: Flexible, code: str, one: Serving) -> bool:
    words = [word.strip().casefold() for word in rule.excluded_positions.replace(";", ",").split(",")]
    named = any(word and word in one.position.casefold() for word in words)
    return named or code in rule.excluded_divisions or one.employment in rule.excluded_types


def kept(
    wanted: Iterable[Share], people: Sequence[Serving], book: PlanBook, home: Collection[tuple[int, date, date]]
) -> list[Cover]:
    """Return what each share finds, as a demand does: each who must stay has a place that nobody else fills; pure.

    `home`: who is kept at home by a letter, from and to.
    """
    return [cover for share in wanted if (cover := _kept(share, people, book, home)).minimum]


def _kept(share: Share, people: Sequence[Serving], book: PlanBook, home: Collection[tuple[int, date, date]]) -> Cover:
    here = [one for one in people if one.division_id == share.division_id and one.serves(share.day)]
    plans = {one.officer_id: book.of(one.officer_id, share.day) for one in here}
    working = [who for who, plan in plans.items() if plan.is_work and plan.half is None]
    at_home = {who for who, first, last in home if first <= share.day <= last}
    bound = [who for who in working if who in share.stay - at_home and plans[who].source in OF_THE_ROSTER]
    away = [who for who in bound if plans[who].mode is not PlanMode.OFFICE]
    others = [who for who in working if who not in bound and _counts(share, plans[who])]
    least = max(_least(share, len(working)), len(bound))
    there = [who for who in bound if who not in away] + others[: least - len(bound)]
    absent = tuple(one for one in here if one.officer_id in away)
    return Cover(Demand(share.division_id, share.day, share.name, (), least, None, 0), tuple(there), absent=absent)


def _least(share: Share, working: int) -> int:
    """Return how many of so many who work are not at home, or in the office, as the policy says."""
    if share.most_home is not None:
        return working - math.floor(share.most_home * working + _SLACK)
    return math.ceil((share.least_office or 0) * working - _SLACK)


def _counts(share: Share, plan: Plan) -> bool:
    return plan.mode is not PlanMode.HOME if share.most_home is not None else plan.mode is PlanMode.OFFICE
