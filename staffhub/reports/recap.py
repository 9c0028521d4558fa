"""The month as HR reads it: people of one's scope x days, totals, and what waits for a person."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Date, Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import days, office, sections
from staffhub.ahead import Ask, read_together
from staffhub.clock import local_day, month_days
from staffhub.days import DayLine, DayRecord, Days, Facts, Stage, State, reconcile
from staffhub.db import read
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.meetings import parts
from staffhub.meetings.parts import Part
from staffhub.models import Division, EmploymentType, Officer, PlanMode, Posting, serves
from staffhub.office import OfficeFacts
from staffhub.reports import moves
from staffhub.reports.totals import Totals, totals
from staffhub.sections import Section, Sections
from staffhub.security import Scope, Viewer, within_reach
from staffhub.workdays import Plan

_NOBODYS = -1
# Bytes of a row of the sheet, of its cells, and of all rows on a page of 60 kB.
_ROW, _PLAIN, _LINKED, _PAGE = 245, 13, 64, 39_000


@dataclass(frozen=True)
class Staff:
    """A person of the register, with the division and the office, as it was on the dates looked at.

    Who moved within them is there once for each division: from `since` to `until`, None: not limited here. `kinds` are
    the kinds of employment by their first dates; `employment_type` and `position` are the last ones.
    """

    id: int
    number: str
    name: str
    employment_type: EmploymentType
    position: str
    active_from: date
    active_to: date | None
    division_id: int | None
    division_code: str | None
    division: str | None
    division_short: str | None
    since: date | None
    until: date | None
    kinds: tuple[tuple[date, EmploymentType], ...] = ()

    def holds(self, day: date) -> bool:
        """Whether the date belongs to this division, and not to one before or after."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def employment_on(self, day: date) -> EmploymentType:
        return next((kind for start, kind in reversed(self.kinds) if start <= day), self.employment_type)


def _staff(office_id: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Officer.id,
            Officer.number,
            Officer.name,
            Posting.employment_type,
            Posting.position,
            Officer.active_from,
            Officer.active_to,
            Posting.division_id,
            Division.code,
            Division.name,
            Division.short_name,
            Posting.valid_from,
            Posting.valid_to,
        )
        .join(Posting, (Posting.office_id == Officer.office_id) & (Posting.officer_id == Officer.id))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == office_id)
    )


def _person(row: Any) -> Staff:
    """Limit nobody to the posting that began with the service."""
    *told, began, until = row
    active_from, kind = row.active_from, row.employment_type
    return Staff(*(*told, None if began <= active_from else began, until, ((began, kind),)))


def _joined(parts: Iterable[Staff]) -> list[Staff]:
    """Make one of the postings that follow each other in one division: a promotion moves nobody."""
    found: list[Staff] = []
    for one in parts:
        last = found[-1] if found else None
        if last and _follows(last, one):
            found[-1] = replace(one, since=last.since, kinds=last.kinds + one.kinds)
        else:
            found.append(one)
    return found


def _follows(last: Staff, one: Staff) -> bool:
    there = (last.id, last.division_id) == (one.id, one.division_id)
    return there and last.until is not None and one.since == last.until + timedelta(days=1)


def officer_for(db: Session, me: Viewer, officer_id: int | None, first: date, last: date | None = None) -> Staff:
    """Load a person as it was on these dates, whose days I may read: myself, or somebody in my scope then.

    The head of a division reads the days on which the person served there, not those before or after.
    """
    last = last or first
    rows = db.execute(_staff(me.office_id).where(Officer.id == officer_id).order_by(Posting.valid_from)).all()
    parts = [_person(row) for row in rows]
    if not parts:
        raise NotFound(_("This person is not on the register."))
    near = [one for one in parts if _touches(one, first, last)] or [parts[0] if parts[0].holds(first) else parts[-1]]
    if officer_id == me.officer_id or (me.may("attendance") and me.sees_everyone):
        return replace(near[-1], since=None, until=None, kinds=tuple(kind for one in parts for kind in one.kinds))
    mine = _joined(one for one in near if me.sees(officer_id=one.id, division_id=one.division_id))
    if not (me.may("attendance") and mine):
        raise Forbidden(_("This person's days are outside your scope."))
    return mine[-1]


def _touches(one: Staff, first: date, last: date) -> bool:
    return (one.since is None or one.since <= last) and (one.until is None or first <= one.until)


def staff_of(db: Session, me: Viewer, first: date, last: date) -> list[Staff]:
    """Return everybody of my scope who serves on one of these dates, by division and name; who moved, in both."""
    return _joined(_person(row) for row in read(db, ask_staff(me, first, last)))


def ask_staff(me: Viewer, first: date, last: date) -> Ask:
    return Ask(_staff_within(me.scope), {"office": me.office_id, "first": first, "last": last} | me.reach)


@cache
def _staff_within(scope: Scope) -> Select[*tuple[Any, ...]]:
    office_id = bindparam("office", type_=BigInteger)
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    touches = (Posting.valid_from <= last) & (Posting.valid_to.is_(None) | (Posting.valid_to >= first))
    found = _staff(office_id).where(serves(first, last), touches, within_reach(scope, Officer.id, Posting.division_id))
    return found.order_by(func.coalesce(Division.sort, -1), Officer.name, Officer.id, Posting.valid_from)


def _records(found: Days, officer: Staff) -> list[DayRecord]:
    """Return the days of a person in a division; one spent elsewhere is empty, and nothing of it is counted here."""
    facts = (found.facts[officer.id, day] for day in found.dates)
    return [reconcile(one if officer.holds(one.day) else _elsewhere(one.day, one.zone)) for one in facts]


def _elsewhere(day: date, zone: ZoneInfo) -> Facts:
    return Facts(day, Stage.OVER, zone, Plan(PlanMode.OFFICE, "elsewhere"), counted=False)


class Shown(Protocol):
    """A line of a sheet, of records or of cells."""

    @property
    def officer(self) -> Staff: ...
    @property
    def records(self) -> Sequence[DayRecord | DayLine]: ...


AnyLine = TypeVar("AnyLine", bound=Shown)


@dataclass(frozen=True)
class Line:
    officer: Staff
    records: list[DayRecord]
    totals: Totals


@dataclass(frozen=True)
class Month:
    """The sheet of a month. `closed` of `working` days are over; `queue` holds the days that need a person.

    `groups` are the lines `start` to `end` of `found`, which fit the filter; `sections` tell of everybody in scope.
    `namesakes` are names that several people bear.
    """

    first: date
    days: list[date]
    today: date
    groups: list[tuple[str, list[Line]]]
    sections: Sections
    start: int
    end: int
    found: int
    queue: list[tuple[Staff, DayRecord]]
    working: int
    closed: int
    office: OfficeFacts
    namesakes: frozenset[str]
    # By person and the `since` of the line: from or to where somebody moved within the month.
    moves: Mapping[tuple[int, date | None], str]

    @property
    def lines(self) -> list[Line]:
        return [line for _name, lines in self.groups for line in lines]

    def told_apart(self, officer: Staff) -> str:
        """The name, with the bidang where others bear it too."""
        return f"{officer.name} ({moves.bidang(officer)})" if officer.name in self.namesakes else officer.name


def month(
    db: Session,
    me: Viewer,
    first: date,
    *,
    now: datetime,
    division: str = "",
    q: str = "",
    show: str = "",
    page: int | None = 1,
) -> Month:
    """Load the sheet in five statements, however many people; `division` is an id or a code, `show` open or late.

    Without `page` every line that fits is there, whatever their number.
    """
    dates = month_days(first)
    everybody = staff_of(db, me, dates[0], dates[-1])
    asked = division_asked(everybody, division)
    fits = [one for one in everybody if q.casefold() in one.name.casefold() and asked in {None, one.division_id or 0}]
    known = days.load(db, me.office_id, fits, dates, zone=me.zone, now=now)
    lines = [Line(one, records, totals(records)) for one in fits for records in (_records(known, one),)]
    lines = [line for line in lines if _is_shown(line, show)]
    queue = [(line.officer, record) for line in lines for record in line.records if record.needs_person]
    people = {one.id: one.name for one in everybody}
    chosen = sections.choose(sections_of(everybody), own=me.division_id, asked=asked, q=q, people=len(people))
    if page is not None and len(lines) > sections.AT_ONCE:
        lines = [line for line in lines if chosen.shown in {None, line.officer.division_id or 0}]
    start, shown = page_of(lines, page) if page is not None else (0, lines)
    today = local_day(now, me.zone)
    working = [day for day in dates if known.book.calendar.is_working_day(day)]
    return Month(
        first=dates[0],
        days=dates,
        today=today,
        groups=by_division(shown),
        sections=chosen,
        start=start + 1,
        end=start + len(shown),
        found=len(lines),
        queue=sorted(queue, key=lambda pair: pair[1].day),
        working=len(working),
        closed=sum(day < today for day in working),
        office=office.facts(db, me.office_id),
        moves=moves.told(everybody, dates[0], dates[-1]),
        namesakes=frozenset(name for name, count in Counter(people.values()).items() if count > 1),
    )


def page_of(lines: Sequence[AnyLine], page: int) -> tuple[int, list[AnyLine]]:
    """Return where a page begins and its lines: as many as weigh less than what a page may, by the links in them."""
    pages: list[list[AnyLine]] = [[]]
    weight = 0
    for line in lines:
        weight += _ROW + sum(_PLAIN if record.is_plain else _LINKED for record in line.records)
        if weight > _PAGE and pages[-1]:
            pages.append([])
            weight = 0
        pages[-1].append(line)
    before = sum(len(one) for one in pages[: page - 1])
    return before, pages[page - 1] if page <= len(pages) else []


def division_asked(everybody: Iterable[Staff], division: str) -> int | None:
    """Return the id of the division that is asked for, None: all; an unknown one is nobody's."""
    codes = {one.division_code: one.division_id for one in everybody}
    if not division:
        return None
    found = sections.asked_for(division)
    return codes.get(division, _NOBODYS) if found is None else found


def sections_of(everybody: Iterable[Staff]) -> list[Section]:
    counts = Counter((one.division_id or 0, one.division_short or "") for one in everybody)
    return [Section(id_, name, count) for (id_, name), count in counts.items()]


def _is_shown(line: Line, show: str) -> bool:
    if show == "open":
        return any(record.needs_person for record in line.records)
    return show != "late" or line.totals.off_hours > 0


def by_division(lines: Sequence[AnyLine]) -> list[tuple[str, list[AnyLine]]]:
    groups: dict[str, list[AnyLine]] = {}
    for line in lines:
        groups.setdefault(line.officer.division or _("Leadership"), []).append(line)
    return list(groups.items())


@dataclass(frozen=True)
class Rest:
    """Days off in a row, told in one line. Not `counted`: there was work to do, and presence did not count yet."""

    first: date
    last: date
    note: str
    counted: bool = True


@dataclass(frozen=True)
class OwnMonth:
    """One person's month: what is still planned, and what was, newest first; `records` has every day in order, and
    `meetings` are those that are over.
    """

    first: date
    today: date
    officer: Staff
    records: list[DayRecord]
    planned: list[DayRecord]
    listing: list[DayRecord | Rest]
    open: list[DayRecord]
    totals: Totals
    working: int
    closed: int
    meetings: list[Part]

    @property
    def attended(self) -> parts.Tally:
        return parts.tally(self.meetings)

    def meetings_on(self, day: date) -> list[Part]:
        return [one for one in self.meetings if one.day == day]


SHOWN = {
    "office": lambda record: record.state is State.PRESENT,
    "home": lambda record: record.state is State.HOME,
    "field": lambda record: record.state is State.FIELD,
    "late": lambda record: bool(record.late or record.early),
    "leave": lambda record: record.state is State.LEAVE or bool(record.half),
}


def own_month(db: Session, me: Viewer, officer: Staff, first: date, *, now: datetime, show: str = "") -> OwnMonth:
    """Load it in one statement, that of the calendar aside."""
    dates, today = month_days(first), local_day(now, me.zone)
    span = dates[0], dates[-1]
    asks = days.ask_one(db, me.office_id, officer.id, dates, zone=me.zone, now=now)
    read_together(db, *asks, parts.ask(me.office_id, officer.id, *span))
    found = days.of_one(db, me.office_id, officer, dates, zone=me.zone, now=now)
    records = [one if officer.holds(one.day) else reconcile(_elsewhere(one.day, me.zone)) for one in found.records]
    meetings = parts.of_officer(db, me.office_id, officer.id, *span, now=now)
    wanted = SHOWN.get(show)
    past = [record for record in records if record.day <= today and (wanted is None or wanted(record))]
    working = [day for day in dates if found.book.calendar.is_working_day(day)]
    return OwnMonth(
        first=dates[0],
        today=today,
        officer=officer,
        records=records,
        planned=[] if wanted else [record for record in records if record.state is State.PLANNED],
        listing=_with_rests(past[::-1]),
        open=[record for record in records if record.needs_person],
        totals=totals(records),
        working=len(working),
        closed=sum(day < today for day in working),
        meetings=expected([one for one in meetings if officer.holds(one.day)], records),
    )


def expected(meetings: Iterable[Part], records: Iterable[DayRecord]) -> list[Part]:
    """Leave out those of free days to which the officer did not come: nobody was asked to."""
    free = {record.day for record in records if record.state is State.DAY_OFF}
    return [one for one in meetings if one.is_there or one.day not in free]


def _with_rests(newest_first: Iterable[DayRecord]) -> list[DayRecord | Rest]:
    """Fold neighbouring days off of one kind; today stays a line of its own."""
    listing: list[DayRecord | Rest] = []
    for record in newest_first:
        if record.state is not State.DAY_OFF or record.half:
            listing.append(record)
            continue
        note = record.plan.note if record.counted else ""
        one = Rest(record.day, record.day, note, counted=bool(record.code))
        before = listing[-1] if listing else None
        if isinstance(before, Rest) and before.note == note and (before.first - record.day).days == 1:
            one = replace(before, first=record.day, counted=before.counted and one.counted)
            listing.pop()
        listing.append(one)
    return listing
