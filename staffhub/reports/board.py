"""Who is where now: everybody of the office by bidang, and whether each bidang is covered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, days, office, sections
from staffhub.days import DayRecord, State
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    DayPart,
    Division,
    EmploymentType,
    MarkKind,
    Officer,
    PlanMode,
    Posting,
    WorkMode,
    posting_on,
    serves,
)
from staffhub.reports import words
from staffhub.reports.cover import Cover, covers
from staffhub.sections import Section, Sections
from staffhub.security import Viewer

# Lines of one bidang on a page; who is missing comes first, the rest is found by name or by a tile.
LINES = 90
# In which order the people of a bidang stand, and every tile there is: everybody is in exactly one.
STATES = ("pending", "office", "home", "field", "leave", "out", "off")
_RANK = {state: rank for rank, state in enumerate(STATES)}


class Seat(NamedTuple):
    """Somebody of the register on this day."""

    id: int
    name: str
    employment_type: EmploymentType
    phone: str
    active_from: date
    active_to: date | None
    division_id: int | None
    division: str | None


class Standing(NamedTuple):
    """Where somebody is, whoever asks. `state`: office, home, field, leave, pending, out (checked out) or off (no work
    planned).

    `since` is the local time of what made the state; `where` is the place that `note` is about, `planned` the mode that
    was expected; `late` and `early` are minutes.
    """

    seat: Seat
    state: str
    since: datetime | None
    note: str
    where: WorkMode | PlanMode | None
    planned: PlanMode | None
    late: int
    early: int
    # The bidang whose desk is kept by who is lent to another, and whether the afternoon is leave.
    desk: int | None = None
    goes_at_noon: bool = False


class Person(NamedTuple):
    """One line of the board, with what its reader may know: the day `opens`, and `phone` is for the same people."""

    id: int
    name: str
    employment_type: EmploymentType
    state: str
    since: datetime | None
    note: str
    planned: PlanMode | None
    late: int
    early: int
    opens: bool
    phone: str

    @property
    def lacks_place(self) -> bool:
        return self.state == WorkMode.FIELD and not self.note

    @property
    def remarks(self) -> str:
        """What stands below the name."""
        said = ["THL"] if self.employment_type is EmploymentType.THL else []
        if self.note:
            said.append(self.note)
        if self.lacks_place:
            said.append(_("place not written yet"))
        if self.late:
            said.append(_("%(time)s late", time=words.duration(self.late)))
        if self.early:
            said.append(_("left %(time)s early", time=words.duration(self.early)))
        if self.state == "pending" and not self.note:
            said.append(_("planned: %(place)s", place=words.place(self.planned)))
        return " · ".join(said)


@dataclass(frozen=True)
class Column:
    """A bidang and where its people are, who is missing first."""

    id: int
    name: str
    standings: list[Standing]
    covers: list[Cover]

    @property
    def short(self) -> bool:
        return any(cover.short for cover in self.covers)

    @property
    def will_be_short(self) -> bool:
        return not self.short and any(cover.will_be_short for cover in self.covers)


@dataclass(frozen=True)
class Shown:
    """A bidang on the page; `more` people fit as well and have no line."""

    id: int
    name: str
    covers: list[Cover]
    short: bool
    people: list[Person]
    more: int = 0


@dataclass(frozen=True)
class Whole:
    """The whole office on a day, the same for whoever asks; `hours`: from when to when it works."""

    day: date
    columns: list[Column]
    counts: dict[str, int]
    short: list[Column]
    total: int
    holiday: str
    hours: tuple[time, time] | None
    changed_at: datetime | None
    # When somebody's half day of leave begins or ends next, and the office reads otherwise without any change.
    until: datetime | None


@dataclass(frozen=True)
class Board:
    """`columns` are what the page shows, `sections` what it could; `counts` and `short` tell of the whole office.
    `at_work`: within the hours of work, so that a lack is a fact; `begun`: they have begun, and may be over.
    """

    day: date
    columns: list[Shown]
    sections: Sections
    counts: dict[str, int]
    short: list[Column]
    total: int
    holiday: str
    at_work: bool
    begun: bool
    changed_at: datetime | None


def board(
    db: Session,
    me: Viewer,
    *,
    now: datetime,
    version: str | None = None,
    division_id: int | None = None,
    q: str = "",
    state: str = "",
) -> Board:
    """Everyone of the office today, in five statements whatever the head count. `state` may also be "short".

    `version` is what board_version said before: the office that was worked out for it is not worked out again.
    """
    whole = kept(db, me, now, version) if version else _whole(db, me, now)
    asked = None if q else division_id  # a name is looked for in the whole office
    found = [column for column in _found(whole.columns, q, state) if column.standings or column.id == asked]
    offered = [Section(column.id, column.name, len(column.standings)) for column in found]
    chosen = sections.choose(offered, own=me.division_id, asked=asked)
    starts, ends = whole.hours or (time.max, time.max)
    return Board(
        day=whole.day,
        columns=[_shown(me, column) for column in found if chosen.shown in {None, column.id}],
        sections=chosen,
        counts=whole.counts,
        short=whole.short,
        total=whole.total,
        holiday=whole.holiday,
        begun=starts <= (local := now.astimezone(me.zone).time()),
        at_work=starts <= local < ends,
        changed_at=whole.changed_at,
    )


# By database and office: the version, the day, and the office as it stood.
_offices: WeakKeyDictionary[Any, dict[int, tuple[tuple[str, date], Whole]]] = WeakKeyDictionary()


def kept(db: Session, me: Viewer, now: datetime, version: str) -> Whole:
    """Return the office as of a version, which was read before anything else in this transaction.

    What is read after the version may be newer, never older. A board that is asked for a hundred times between two
    changes is worked out once, and only the newest is kept.
    """
    key = version, clock.local_day(now, me.zone)
    there = _offices.setdefault(db.get_bind().engine, {})
    if me.office_id in there and there[me.office_id][0] == key:
        known = there[me.office_id][1]
        if known.until is None or now < known.until:
            return known
    whole = _whole(db, me, now)
    there[me.office_id] = key, whole
    return whole


def _whole(db: Session, me: Viewer, now: datetime) -> Whole:
    day = clock.local_day(now, me.zone)
    seats = seats_of(db, me.office_id, day)
    loaded = days.load(db, me.office_id, seats, [day], zone=me.zone, now=now)
    columns = columns_of(seats, loaded, office.divisions(db, me.office_id), now=now)
    standings = [one for column in columns for one in column.standings]
    counts = Counter(one.state for one in standings)
    hours = loaded.book.calendar.hours(day)
    turns = [days.turn_of(day, one.plan, one.zone) for one in loaded.facts.values()]
    return Whole(
        day=day,
        columns=columns,
        counts={state: counts[state] for state in STATES},
        short=[replace(column, standings=[]) for column in columns if column.short],
        total=len(standings),
        holiday=loaded.book.calendar.holidays.get(day, ""),
        hours=(hours.starts, hours.ends) if hours else None,
        changed_at=max((one.since for one in standings if one.since), default=None),
        until=min((turn.at for turn in turns if turn and turn.at > now), default=None),
    )


def columns_of(
    seats: Sequence[Seat], loaded: days.Days, bidang: Mapping[int, office.Bidang], *, now: datetime
) -> list[Column]:
    """Everybody by bidang in the order of the register, who is missing first, with the cover that the rule asks for."""
    (day,) = loaded.dates[-1:]
    columns: dict[int, Column] = {}
    for seat in seats:
        # Who heads the whole office belongs to no bidang: the last column, the secretariat, is the nearest.
        where = seat.division_id or next(reversed(columns), 0)
        if where not in columns:
            columns[where] = Column(where, seat.division or "", [], [])
        columns[where].standings.append(_standing(seat, loaded.record(seat.id, day), now))
    lent = [one for column in columns.values() for one in column.standings if one.desk]
    for column in columns.values():
        column.standings.sort(key=lambda one: (_RANK[one.state], one.seat.name))
        if column.id in bidang:
            at_desk = _at_desk(column, lent)
            column.covers.extend(covers(loaded.book.calendar, day, bidang[column.id], at_desk))
    return list(columns.values())


def _at_desk(column: Column, lent: Sequence[Standing]) -> list[Standing]:
    """Return who keeps the desk of a bidang: its own people but for the lent ones, and whoever is lent to it."""
    own = [one for one in column.standings if one.desk in {None, column.id}]
    return own + [one for one in lent if one.desk == column.id and one.seat.division_id != column.id]


def _seats_query() -> Select[*tuple[Any, ...]]:
    day = bindparam("day", type_=Date)
    return (
        select(
            Officer.id,
            Officer.name,
            Posting.employment_type,
            Officer.phone,
            Officer.active_from,
            Officer.active_to,
            Posting.division_id,
            Division.short_name,
        )
        .join(Posting, posting_on(day))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == bindparam("office"), serves(day, day))
        .order_by(Division.sort.nulls_last(), Officer.name)
    )


_SEATS = _seats_query()


def seats_of(db: Session, office_id: int, day: date) -> list[Seat]:
    return [Seat._make(row) for row in rows(db, _SEATS, office=office_id, day=day)]


def _standing(seat: Seat, record: DayRecord, now: datetime) -> Standing:
    last = record.marks[-1] if record.marks else None
    since = (record.last or (last.at.astimezone(record.zone) if last else record.first)) if record.is_work else None
    note, where = (last.note, last.mode) if last else (record.plan.note, record.plan.mode)
    plan, state = record.plan, _state(record, now)
    goes = plan.half is not None and plan.half.part is DayPart.AFTERNOON
    return Standing(seat, state, since, note, where, plan.mode, record.late, record.early, plan.desk, goes)


def _state(record: DayRecord, now: datetime) -> str:
    """Where somebody is now; the record tells of the whole day, so the last place of work decides.

    Who has not come is on leave in the half of the day that is leave, and missing in the other.
    """
    if record.is_work and record.last:
        return "out"
    if record.is_work:
        last = record.marks[-1] if record.marks else None
        return str((last.mode if last and last.kind is MarkKind.CHECK_IN else None) or record.mode or WorkMode.OFFICE)
    if record.state is State.PENDING and _is_in_free_half(record, now):
        return "leave"
    return {State.LEAVE: "leave", State.PENDING: "pending"}.get(record.state, "off")


def _is_in_free_half(record: DayRecord, now: datetime) -> bool:
    turn = days.turn_of(record.day, record.plan, record.zone)
    return turn is not None and turn.is_free(now)


def _found(columns: list[Column], q: str, state: str) -> list[Column]:
    """Return the bidang with those of their people who fit; without a filter all of them."""
    wanted = q.casefold()

    def fits(column: Column, one: Standing) -> bool:
        right = column.short if state == "short" else state in {"", one.state}
        return right and wanted in one.seat.name.casefold()

    if not q and not state:
        return columns
    return [replace(column, standings=[one for one in column.standings if fits(column, one)]) for column in columns]


def _shown(me: Viewer, column: Column) -> Shown:
    people = [_person(me, one) for one in column.standings[:LINES]]
    return Shown(column.id, column.name, column.covers, column.short, people, len(column.standings) - len(people))


def _person(me: Viewer, one: Standing) -> Person:
    seat = one.seat
    opens = me.sees(officer_id=seat.id, division_id=seat.division_id)
    reads = one.note and me.reads_note(one.where, officer_id=seat.id, division_id=seat.division_id)
    return Person(
        id=seat.id,
        name=seat.name,
        employment_type=seat.employment_type,
        state=one.state,
        since=one.since,
        note=one.note if reads else "",
        planned=one.planned,
        late=one.late,
        early=one.early,
        opens=opens,
        phone=seat.phone if opens else "",
    )
