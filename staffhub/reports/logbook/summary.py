"""A month of logs, counted: hours by kind of work, what came of it, and how far the days have come.

The kind of a line is what it was for: a service (one request or several), a meeting, or neither. Whoever
moved within the month counts where they served on each day. A request counts for whoever held it when it was done,
in the bidang of that day.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    cast,
    distinct,
    extract,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from staffhub import clock, i18n, office
from staffhub.db import UtcDateTime, rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    LOCKED,
    DailyReport,
    LogEntry,
    LogState,
    Officer,
    Posting,
    RequestState,
    ServiceRequest,
    posting_on,
    serves,
)
from staffhub.reports.logbook.lines import DAY, SERVICE_OF_LINE
from staffhub.security import Scope, Viewer

Whose = Literal["me", "people"]
KINDS = ("requests", "meetings", "other")
LONGEST = 31  # days of a month


class Hours(NamedTuple):
    """Minutes by kind of work."""

    requests: int = 0
    meetings: int = 0
    other: int = 0

    @property
    def all(self) -> int:
        return sum(self)


@dataclass
class Person:
    """One officer's month within a bidang: `days` with a log, of them `sent` and `verified`; `closed` requests."""

    id: int
    name: str
    division_id: int | None
    minutes: Counter[str] = field(default_factory=Counter)
    days: int = 0
    sent: int = 0
    verified: int = 0
    closed: int = 0

    @property
    def hours(self) -> Hours:
        return Hours(*(self.minutes[kind] for kind in KINDS))


@dataclass
class Work:
    """A kind of work: a service, the meetings, or the rest; `closed` None where nothing is closed."""

    name: str
    shape: str
    minutes: int = 0
    entries: int = 0
    closed: int | None = None


class Share(NamedTuple):
    """A bidang and its hours."""

    id: int | None
    name: str
    people: int
    hours: Hours


@dataclass(frozen=True)
class Summary:
    """`people` by name, of everybody who serves in the month, and `works` with the most hours first.

    Whoever moved within the month has a line in each bidang.
    """

    first: date
    people: list[Person]
    parts: list[Share]
    works: list[Work]
    outputs: list[tuple[str, int]]

    @property
    def hours(self) -> Hours:
        return added(self.people)

    @property
    def moved(self) -> frozenset[int]:
        """Who has more than one line."""
        lines = Counter(one.id for one in self.people)
        return frozenset(id_ for id_, count in lines.items() if count > 1)

    @property
    def persons(self) -> int:
        return len({one.id for one in self.people})

    @property
    def alone(self) -> Person | None:
        """Return the whole month of the only person that there is."""
        if self.persons != 1:
            return None
        whole = Person(self.people[0].id, self.people[0].name, None)
        for one in self.people:
            whole.minutes.update(one.minutes)
            whole.days += one.days
            whole.sent += one.sent
            whole.verified += one.verified
            whole.closed += one.closed
        return whole


class _Asked(NamedTuple):
    """What the statements differ by; the rest are values."""

    whose: Whose
    scope: Scope
    one: bool


_FIRST, _LAST = (bindparam(name, type_=Date) for name in ("first", "last"))


def _within(asked: _Asked) -> ColumnElement[bool]:
    """Whoever is asked for, on a day whose posting is joined."""
    mine = Officer.id == bindparam("viewer_officer")
    if asked.whose == "me":
        return mine
    below = Posting.superior_id == bindparam("viewer_officer")
    theirs = {
        Scope.OFFICE: true(),
        Scope.DIVISION: or_(below, Posting.division_id == bindparam("viewer_division")),
        Scope.SELF: below,
    }[asked.scope]
    return and_(theirs, Officer.id == bindparam("officer")) if asked.one else theirs


def _minute(at: SQLColumnExpression[Any]) -> ColumnElement[int]:
    return cast(extract("hour", at), Integer) * 60 + cast(extract("minute", at), Integer)


# An end before the start is on the next day.
_MINUTES = (_minute(LogEntry.ends) - _minute(LogEntry.starts) + DAY) % DAY
_IS_MEETING = LogEntry.meeting_id.is_not(None)


def _logged(*columns: Any, asked: _Asked) -> Select[*tuple[Any, ...]]:
    return (
        select(LogEntry.officer_id, Posting.division_id, *columns)
        .select_from(LogEntry)
        .join(Officer, Officer.id == LogEntry.officer_id)
        .join(Posting, posting_on(LogEntry.date))
        .where(LogEntry.office_id == bindparam("office"), LogEntry.date.between(_FIRST, _LAST), _within(asked))
        .group_by(LogEntry.officer_id, Posting.division_id)
    )


@cache
def _spent(asked: _Asked) -> Select[*tuple[Any, ...]]:
    kind = (SERVICE_OF_LINE, _IS_MEETING, LogEntry.unit)
    sums = (func.sum(_MINUTES), func.count(), func.sum(LogEntry.quantity))
    found = _logged(*kind, *sums, asked=asked)
    return found.outerjoin(ServiceRequest, ServiceRequest.id == LogEntry.service_request_id).group_by(*kind)


@cache
def _days(asked: _Asked) -> Select[*tuple[Any, ...]]:
    mine = and_(
        DailyReport.office_id == LogEntry.office_id,
        DailyReport.officer_id == LogEntry.officer_id,
        DailyReport.date == LogEntry.date,
    )
    sent, verified = (
        func.count(distinct(case((DailyReport.state.in_(states), LogEntry.date))))
        for states in (LOCKED, (LogState.VERIFIED,))
    )
    return _logged(func.count(distinct(LogEntry.date)), sent, verified, asked=asked).outerjoin(DailyReport, mine)


def _begins(n: int) -> Any:
    """Stand for the moment at which the day number `n` of the month begins."""
    return bindparam(f"begins{n}", type_=UtcDateTime())


# The office's date of the moment at which a request was closed.
_DONE_ON = case(
    *((ServiceRequest.closed_at < _begins(n + 1), bindparam(f"day{n}", type_=Date)) for n in range(LONGEST - 1)),
    else_=bindparam(f"day{LONGEST - 1}", type_=Date),
)


@cache
def _closed(asked: _Asked) -> Select[*tuple[Any, ...]]:
    kinds = (ServiceRequest.assignee_id, Posting.division_id, ServiceRequest.service_type_id)
    return (
        select(*kinds, func.count())
        .select_from(ServiceRequest)
        .join(Officer, Officer.id == ServiceRequest.assignee_id)
        .join(Posting, posting_on(_DONE_ON))
        .where(
            ServiceRequest.office_id == bindparam("office"),
            ServiceRequest.closed_at >= _begins(0),
            ServiceRequest.closed_at < _begins(LONGEST),
            ServiceRequest.state == RequestState.DONE,
            _within(asked),
        )
        .group_by(*kinds)
    )


@cache
def _people(asked: _Asked) -> Select[*tuple[Any, ...]]:
    overlaps = (Posting.valid_from <= _LAST) & (Posting.valid_to.is_(None) | (Posting.valid_to >= _FIRST))
    posted = (Posting.office_id == Officer.office_id) & (Posting.officer_id == Officer.id) & overlaps
    return (
        select(Officer.id, Officer.name, Posting.division_id)
        .join(Posting, posted)
        .where(Officer.office_id == bindparam("office"), serves(_FIRST, _LAST), _within(asked))
        .order_by(Officer.name, Officer.id, Posting.valid_from)
    )


def has_people(db: Session, me: Viewer, day: date) -> bool:
    """Whether anybody's month besides my own is mine to read."""
    if me.may("attendance"):
        return True
    found = select(Posting.id).join(Officer, Officer.id == Posting.officer_id).where(posting_on(day))
    mine = found.where(Posting.office_id == me.office_id, Posting.superior_id == me.officer_id)
    return me.officer_id is not None and db.scalar(mine.limit(1)) is not None


@dataclass
class _Counting:
    """What is being counted, whoever it is of."""

    services: dict[int, office.Service]
    people: dict[tuple[int, int | None], Person]
    works: dict[int | str, Work] = field(default_factory=dict)
    units: Counter[str] = field(default_factory=Counter)
    spelt: dict[str, str] = field(default_factory=dict)

    def person(self, officer_id: int, division_id: int | None) -> Person:
        """Somebody whose dates of service ended before the last entry has no line of the register any more."""
        return self.people.setdefault((officer_id, division_id), Person(officer_id, "", division_id))

    def work(self, kind: str, service: int | None) -> Work:
        return self.works.setdefault(service or kind, Work(self.name_of(kind, service), kind))

    def name_of(self, kind: str, service: int | None) -> str:
        if service is not None:
            found = self.services[service]
            return found.name_en if i18n.current_locale() == "en" else found.name
        return _("Meetings") if kind == "meetings" else _("Other work")

    def spend(self, row: Any) -> None:
        officer_id, division_id, service, is_meeting, unit, minutes, entries, quantity = row
        kind = "requests" if service else "meetings" if is_meeting else "other"
        self.person(officer_id, division_id).minutes[kind] += minutes
        work = self.work(kind, service)
        work.minutes += minutes
        work.entries += entries
        if quantity is not None and unit:
            # However it is spelt; in small letters where somebody did.
            key = unit.casefold()
            self.spelt[key] = max(unit, self.spelt.get(key, unit))
            self.units[key] += quantity

    def close(self, row: Any) -> None:
        officer_id, division_id, service, count = row
        self.person(officer_id, division_id).closed += count
        work = self.work("requests", service)
        work.closed = (work.closed or 0) + count


def summary(
    db: Session,
    me: Viewer,
    first: date,
    whose: Whose,
    *,
    officer: int | None = None,
    division: int | None = None,
) -> Summary:
    """Count the month of mine, or of those I may read: all, one (`officer`), or those of a bidang (`division`)."""
    me.require("worklog")
    scope = me.scope if me.may("attendance") else Scope.SELF
    asked = _Asked(whose, scope, one=officer is not None and whose == "people")
    values = _values(me, first) | {"officer": officer}
    found = [Person(*row) for row in rows(db, _people(asked), **values)]
    counting = _Counting(office.services(db, me.office_id), {(one.id, one.division_id): one for one in found})
    for row in rows(db, _spent(asked), **values):
        if division in {None, row.division_id}:
            counting.spend(row)
    for officer_id, division_id, *days in rows(db, _days(asked), **values):
        one = counting.person(officer_id, division_id)
        one.days, one.sent, one.verified = days
    for row in rows(db, _closed(asked), **values, **_days_of(me, first)):
        if division in {None, row.division_id}:
            counting.close(row)
    return _summed(db, me, first, counting, division)


def _values(me: Viewer, first: date) -> dict[str, object]:
    dates = clock.month_days(first)
    return {
        "office": me.office_id,
        "viewer_officer": me.officer_id,
        "viewer_division": me.division_id,
        "first": dates[0],
        "last": dates[-1],
    }


def _days_of(me: Viewer, first: date) -> dict[str, object]:
    """Return the days of the month and when each begins; after the last one all begin with the next month."""
    dates = clock.month_days(first)
    begins = [clock.at_local(day, time(0), me.zone) for day in (*dates, dates[-1] + timedelta(days=1))]
    days: dict[str, object] = {f"day{n}": dates[min(n, len(dates) - 1)] for n in range(LONGEST)}
    return days | {f"begins{n}": begins[min(n, len(dates))] for n in range(LONGEST + 1)}


def _summed(db: Session, me: Viewer, first: date, counted: _Counting, division: int | None) -> Summary:
    everybody = sorted(counted.people.values(), key=lambda one: (one.name, one.id))
    works = sorted(counted.works.values(), key=lambda work: (-work.minutes, -(work.closed or 0), work.name))
    return Summary(
        first,
        [one for one in everybody if division in {None, one.division_id}],
        _parts(everybody, office.divisions(db, me.office_id)),
        works,
        [
            (counted.spelt[key], count)
            for key, count in sorted(counted.units.items(), key=lambda one: (-one[1], one[0]))
        ],
    )


def _parts(people: Iterable[Person], divisions: dict[int, office.Bidang]) -> list[Share]:
    """Return the bidang in the order of the office, those without one first."""
    by_division: dict[int | None, list[Person]] = {}
    for one in people:
        by_division.setdefault(one.division_id, []).append(one)
    return [
        Share(key, divisions[key].short_name if key else _("Leadership"), len(found), added(found))
        for key in (None, *divisions)
        if (found := by_division.get(key))
    ]


def counted() -> str:
    """Say what the volumes of entries add up to."""
    return _(
        "Volumes are added up as the entries say them: a request that was worked on by two people, or on two days, "
        "counts twice. How many were done stands with the kinds of work."
    )


def added(people: Iterable[Person]) -> Hours:
    total: Counter[str] = Counter()
    for one in people:
        total.update(one.minutes)
    return Hours(*(total[kind] for kind in KINDS))
