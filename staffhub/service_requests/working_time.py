"""The office's working time: how much of it lies between two moments, and when so much of it has passed.

By the hours of each date in the office's calendar: holidays are left out, special hours (Ramadan) count as they are. A
rule says how long the break is and never when: it is taken to lie in the middle of the day, as `days` does.
"""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, office, workdays

# How many years past a moment are looked at, one after the other, for the working time that was asked for.
_AHEAD = 2


@dataclass(frozen=True)
class _Years:
    """Spells of work in order, in seconds of the epoch; `done`: the seconds of work before each, and of all.

    `days`: when each working day begins (midnight), and `closes`: when work ends on it. Arrays, since a process keeps
    them for each office of a regency.
    """

    first: int
    last: int
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    done: "array[int]" = field(default_factory=lambda: array("q", [0]))
    days: "array[int]" = field(default_factory=lambda: array("q"))
    closes: "array[int]" = field(default_factory=lambda: array("q"))

    def at(self, moment: float) -> float:
        """Return the seconds of work up to a moment."""
        place = bisect_right(self.starts, moment) - 1
        if place < 0:
            return 0
        return self.done[place] + min(moment, self.ends[place]) - self.starts[place]

    def when(self, seconds: float) -> float | None:
        """Return the first moment at which so many seconds of work are done."""
        place = bisect_left(self.done, seconds) - 1
        if place < 0 or place >= len(self.starts):
            return None
        return self.starts[place] + seconds - self.done[place]


@dataclass
class WorkingTime:
    """As long as the calendar of the office is the same; what was worked out is kept, year by year."""

    calendar: workdays.Calendar
    zone: ZoneInfo
    _known: _Years | None = field(default=None, repr=False)

    def minutes(self, since: datetime, until: datetime) -> int:
        """Return the whole minutes of work between two moments; less than nothing when they are the other way."""
        years = self._years(min(since, until), max(since, until))
        return int((years.at(until.timestamp()) - years.at(since.timestamp())) / 60)

    def after(self, moment: datetime, minutes: float) -> datetime | None:
        """Return when so many minutes of work have passed, or had still to pass; None past all rules."""
        for ahead in range(_AHEAD + 1):
            years = self._years(moment, moment, ahead)
            found = years.when(years.at(moment.timestamp()) + minutes * 60)
            if found is not None:
                return _moment(found)
        return None

    def begun(self, since: datetime, until: datetime) -> int:
        """Return how many working days began between two moments."""
        days = self._years(since, until).days
        return bisect_left(days, until.timestamp()) - bisect_left(days, since.timestamp())

    def close(self, since: datetime, days: int) -> datetime | None:
        """Return the end of work on the so-manyth working day after this one; with 0, of this one or the last before.

        None past all rules.
        """
        for ahead in range(_AHEAD + 1):
            years = self._years(since, since, ahead)
            place = bisect_left(years.days, since.timestamp()) - 1 + days
            if 0 <= place < len(years.closes):
                return _moment(years.closes[place])
        return None

    def _years(self, since: datetime, until: datetime, ahead: int = 0) -> _Years:
        """Return the years of these moments, with the one before: work done before the first is looked for there."""
        first = clock.local_day(since, self.zone).year - 1
        last = clock.local_day(until, self.zone).year + ahead
        known = self._known
        if known is None or first < known.first or last > known.last:
            if known is not None:
                first, last = min(first, known.first), max(last, known.last)
            # Two threads may do it twice; either has it whole.
            self._known = known = self._worked_out(first, last)
        return known

    def _worked_out(self, first: int, last: int) -> _Years:
        years = _Years(first, last)
        day, end = date(first, 1, 1), date(last, 12, 31)
        while day <= end:
            if day not in self.calendar.holidays and (hours := self.calendar.hours_by_rules(day)):
                self._add(years, day, hours)
            day += timedelta(days=1)
        return years

    def _add(self, years: _Years, day: date, hours: workdays.Hours) -> None:
        starts, ends = (self._second(day, at) for at in (hours.starts, hours.ends))
        half = hours.minutes * 30
        for begin, finish in ((starts, starts + half), (ends - half, ends)):
            years.starts.append(begin)
            years.ends.append(finish)
            years.done.append(years.done[-1] + finish - begin)
        years.days.append(self._second(day, time.min))
        years.closes.append(ends)

    def _second(self, day: date, at: time) -> int:
        return int(clock.at_local(day, at, self.zone).timestamp())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _load(db: Session, office_id: int) -> WorkingTime:
    return WorkingTime(workdays.calendar(db, office_id), office.facts(db, office_id).zone)


def working_time(db: Session, office_id: int) -> WorkingTime:
    return office.kept(db, office_id, _load)
