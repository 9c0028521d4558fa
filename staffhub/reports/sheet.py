"""The month as its page shows it: cells read from the stored days, worked out only where a day is not over.

A large office opens one bidang at a time, and only its people's days are read; what waits is counted in all of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from staffhub import days, office, sections, workdays
from staffhub.clock import local_day, month_days
from staffhub.days import DayLine, DayRecord, Finding
from staffhub.models import EmploymentType
from staffhub.office import OfficeFacts
from staffhub.reports import moves, recap
from staffhub.reports.duty_gaps import Gap, duty_gaps
from staffhub.reports.recap import Staff
from staffhub.reports.totals import Totals, totals
from staffhub.sections import Sections
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)
# Lines of which the page says what waits; the rest is on a page of its own.
QUEUE = 8
# Groups of employment by which a sheet is made: civil servants and contract workers of the state, and all others.
GROUPS = ("asn", "other")
# A filter that no person's finding answers: the days on which a bidang fell short of its duty minimum.
DUTY = "duty_minimum"
# Findings that the page offers to look for; any other by its name in the address.
LOOKED_FOR = (
    Finding.NO_CHECK_IN,
    Finding.NO_CHECK_OUT,
    Finding.ABSENT,
    Finding.CAME_BY_ROLL_CALL,
    Finding.CAME_BY_STANDUP,
)
_OTHER = frozenset({EmploymentType.THL})


@dataclass(frozen=True)
class Filters:
    """What of the month is asked for: a bidang by id or code, part of a name, a group of employment; `show` is "open",
    "late", "duty_minimum" or the name of a finding.
    """

    division: str = ""
    q: str = ""
    group: str = ""
    show: str = ""

    def fits(self, one: Staff, asked: int | None) -> bool:
        if self.q.casefold() not in one.name.casefold() or asked not in {None, one.division_id or 0}:
            return False
        return self.group not in GROUPS or (one.employment_type in _OTHER) == (self.group == "other")

    @property
    def kinds(self) -> frozenset[str]:
        """The findings that are looked for, empty: none."""
        if self.show == "late":
            return frozenset({Finding.LATE.value, Finding.EARLY.value})
        return frozenset({self.show} & {one.value for one in Finding})


@dataclass(frozen=True)
class Line:
    officer: Staff
    records: list[DayLine]
    totals: Totals


@dataclass(frozen=True)
class Sheet:
    """A month on the screen. `closed` of `working` days are over. `waiting` days need a person; `queue` are the oldest.

    `groups` are the lines `start` to `end` of `found`, which fit the filters; `sections` tell of everybody in scope.
    `gaps` are read where somebody looks for them.
    """

    first: date
    days: list[date]
    today: date
    groups: list[tuple[str, list[Line]]]
    sections: Sections
    start: int
    end: int
    found: int
    waiting: int
    queue: list[tuple[Staff, DayRecord]]
    working: int
    closed: int
    office: OfficeFacts
    namesakes: frozenset[str]
    moves: Mapping[tuple[int, date | None], str]
    gaps: list[Gap]

    @property
    def lines(self) -> list[Line]:
        return [line for _name, lines in self.groups for line in lines]

    def told_apart(self, officer: Staff) -> str:
        """The name, with the bidang where others bear it too."""
        return f"{officer.name} ({moves.bidang(officer)})" if officer.name in self.namesakes else officer.name


def of_month(db: Session, me: Viewer, first: date, filters: Filters, *, page: int, now: datetime) -> Sheet:
    """Load the page in at most six statements, whatever the head count: what is not stored is loaded once."""
    dates, today = month_days(first), local_day(now, me.zone)
    everybody = recap.staff_of(db, me, dates[0], dates[-1])
    asked = recap.division_asked(everybody, filters.division)
    people = {one.id: one.name for one in everybody}
    chosen = sections.choose(
        recap.sections_of(everybody), own=me.division_id, asked=asked, q=filters.q, people=len(people)
    )
    fits, gaps = _fitting(db, me, everybody, dates, filters, asked)
    beside = fits if filters.show else _at_once(fits, chosen)
    waiting = days.waiting(db, me.office_id, fits, dates, beside=beside, zone=me.zone, now=now)
    queue = [(one, day) for one in fits for day in waiting.of(one.id) if one.holds(day)]
    fits, loaded = _shown(db, me, fits, dates, filters, {one for one, _day in queue}, now=now, loaded=waiting.loaded)
    fits = _at_once(fits, chosen)
    found = days.lines(db, me.office_id, fits, dates, zone=me.zone, now=now, loaded=loaded)
    lines = _lines(found, fits, dates)
    start, shown = recap.page_of(lines, page)
    kept = set(fits) if filters.show else None
    queue = sorted((pair for pair in queue if kept is None or pair[0] in kept), key=lambda pair: pair[1])
    working = [day for day in dates if workdays.calendar(db, me.office_id).is_working_day(day)]
    return Sheet(
        first=dates[0],
        days=dates,
        today=today,
        groups=recap.by_division(shown),
        sections=chosen,
        start=start + 1,
        end=start + len(shown),
        found=len(lines),
        waiting=len(queue),
        queue=[(one, waiting.record(one.id, day)) for one, day in queue[:QUEUE]],
        working=len(working),
        closed=sum(day < today for day in working),
        office=office.facts(db, me.office_id),
        moves=moves.told(everybody, dates[0], dates[-1]),
        gaps=gaps,
        namesakes=frozenset(name for name, count in Counter(people.values()).items() if count > 1),
    )


@dataclass(frozen=True)
class Whole:
    """Everybody who fits, by bidang, however many; `moves` as in `Sheet`."""

    groups: list[tuple[str, list[Line]]]
    moves: Mapping[tuple[int, date | None], str]


def whole(db: Session, me: Viewer, first: date, filters: Filters, *, now: datetime) -> Whole:
    """Load all lines that the screen would show with these filters, page by page: for a paper."""
    dates = month_days(first)
    everybody = recap.staff_of(db, me, dates[0], dates[-1])
    asked = recap.division_asked(everybody, filters.division)
    fits, _gaps = _fitting(db, me, everybody, dates, filters, asked)
    waits, loaded = set[Staff](), None
    if filters.show == "open":
        waiting = days.waiting(db, me.office_id, fits, dates, beside=fits, zone=me.zone, now=now)
        waits, loaded = {one for one in fits if any(map(one.holds, waiting.of(one.id)))}, waiting.loaded
    fits, loaded = _shown(db, me, fits, dates, filters, waits, now=now, loaded=loaded)
    found = days.lines(db, me.office_id, fits, dates, zone=me.zone, now=now, loaded=loaded)
    return Whole(recap.by_division(_lines(found, fits, dates)), moves.told(everybody, dates[0], dates[-1]))


def _fitting(
    db: Session, me: Viewer, everybody: Sequence[Staff], dates: Sequence[date], filters: Filters, asked: int | None
) -> tuple[list[Staff], list[Gap]]:
    """Leave who fits the filters that need nobody's days, and the gaps where somebody looks for them."""
    fits = [one for one in everybody if filters.fits(one, asked)]
    if filters.show != DUTY:
        return fits, []
    gaps = duty_gaps(db, me, dates[0], dates[-1], asked)
    short = {(gap.division_id, gap.day) for gap in gaps if not gap.excuse}
    return [one for one in fits if _fell_short(one, short)], gaps


def _lines(found: days.Lines, fits: Sequence[Staff], dates: Sequence[date]) -> list[Line]:
    return [Line(one, cells, totals(cells)) for one in fits for cells in (_cells(found, one, dates),)]


def _fell_short(one: Staff, short: Collection[tuple[int, date]]) -> bool:
    """Whether the person belonged to a bidang on a day on which that fell short."""
    return any(division == one.division_id and one.holds(day) for division, day in short)


def _at_once(fits: list[Staff], chosen: Sections) -> list[Staff]:
    """Leave the people of the bidang that is shown, where they are too many for one page."""
    if len(fits) <= sections.AT_ONCE:
        return fits
    return [one for one in fits if chosen.shown in {None, one.division_id or 0}]


def _cells(found: days.Lines, officer: Staff, dates: Sequence[date]) -> list[DayLine]:
    """Return the days of a person in a division; one spent elsewhere is empty, and nothing of it is counted here."""
    return [found.of(officer.id, day) if officer.holds(day) else days.blank(day) for day in dates]


def _shown(
    db: Session,
    me: Viewer,
    fits: list[Staff],
    dates: Sequence[date],
    filters: Filters,
    waits: set[Staff],
    *,
    now: datetime,
    loaded: days.Days | None,
) -> tuple[list[Staff], days.Days | None]:
    """Leave who has a day of the kind that is asked for, anything else shows everybody; and what is loaded by now."""
    if filters.show == "open":
        return [one for one in fits if one in waits], loaded
    if not filters.kinds:
        return fits, loaded
    found, loaded = days.with_findings(
        db, me.office_id, fits, dates, filters.kinds, zone=me.zone, now=now, loaded=loaded
    )
    return [one for one in fits if any(one.holds(day) for day in found.get(one.id, ()))], loaded
