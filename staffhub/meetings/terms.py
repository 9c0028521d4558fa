"""What a meeting may be: its words, its times, the dates of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from staffhub import clock
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import MeetingKind

# Of a series with an end; a year of working days. Zoom is given some of them at a time (wire.window).
MAX_DATES = 260
# So far ahead a series without an end has its dates: more than Zoom takes at once, and half a year to plan in.
LAID_AHEAD = timedelta(weeks=26)
MAX_TOPIC = 200
MAX_AGENDA = 1900  # Zoom takes 2,000 characters, our marker among them
MAX_MINUTES = 1440
MAX_NOTE = 200
_AHEAD = timedelta(days=730)
_WEEK = timedelta(weeks=1)


def dates(starts_on: date, weekdays: Sequence[int], occurrences: int) -> list[date]:
    """Return the dates of a series on `weekdays` (0 = Monday); of a single meeting, which has none, its date."""
    if not weekdays:
        return [starts_on]
    every = (starts_on + timedelta(days=n) for n in range(7 * occurrences))
    return list(islice((day for day in every if day.weekday() in weekdays), occurrences))


def dates_until(starts_on: date, weekdays: Sequence[int], last: date) -> list[date]:
    """Return the dates of a series up to a day."""
    every = (starts_on + timedelta(days=n) for n in range((last - starts_on).days + 1))
    return [day for day in every if day.weekday() in weekdays]


def standup_dates(
    starts_on: date, weekdays: Sequence[int], *, until: date | None, occurrences: int | None, today: date
) -> list[date]:
    """Return the dates of a standup that ends after a number, on a last date, or by whichever comes first.

    Of one that has been held for long only the dates from `today` on are counted.
    """
    if occurrences is not None and not 1 <= occurrences <= MAX_DATES:
        raise Refused(_("A series has from 1 to %(n)s dates.", n=MAX_DATES), field="count")
    too_late = Refused(_("A series has at most %(n)s dates: choose an earlier one.", n=MAX_DATES), field="until")
    if until is None:
        return dates(starts_on, weekdays, occurrences or 1)
    if until > max(today, starts_on) + MAX_DATES * _WEEK and occurrences is None:
        raise too_late
    found = dates(starts_on, weekdays, occurrences) if occurrences else dates_until(starts_on, weekdays, until)
    found = [day for day in found if day <= until]
    if not found:
        raise Refused(_("The last date comes before the first one."), field="until")
    if sum(day >= today for day in found) > MAX_DATES:
        raise too_late
    return found


def refuse_odd_start(starts_on: date, today: date) -> None:
    """Refuse a past date, which Zoom would silently turn into now, and a year that can only be a slip."""
    if starts_on < today:
        raise Refused(_("This date has passed. Choose today or a later one."), field="date")
    if starts_on > today + _AHEAD:
        raise Refused(_("This date is more than two years away. Check the year."), field="date")


@dataclass(frozen=True)
class Terms:
    """What a head typed. `weekdays`, `until` and `occurrences` are a standup's; with neither end it goes on."""

    kind: MeetingKind
    topic: str
    agenda: str
    starts_on: date
    starts_at: time
    minutes: int
    weekdays: Sequence[int] = ()
    until: date | None = None
    occurrences: int | None = None
    special_at: time | None = None

    @property
    def goes_on(self) -> bool:
        return self.kind is MeetingKind.STANDUP and self.until is None and self.occurrences is None

    def columns(self, *, today: date, earliest: date | None = None, laid_until: date | None = None) -> dict[str, Any]:
        """Check everything but the hour and return it as columns; the first date of a series is a day of it.

        `earliest`: the first date of one that has begun. `laid_until`: up to which day one that
        went on before has its dates.
        """
        self._check_words()
        if self.kind is MeetingKind.STANDUP and not self.weekdays:
            raise Refused(_("Choose at least one day of the week."), field="weekday")
        refuse_odd_start(self.starts_on, earliest or today)
        laid = max(laid_until or today + LAID_AHEAD, self.starts_on + LAID_AHEAD) if self.goes_on else None
        days = self._days(today, laid)
        return {
            "topic": self.topic,
            "agenda": self.agenda,
            "starts_on": days[0],
            "ends_on": days[-1],
            "starts_at": self.starts_at,
            "minutes": self.minutes,
            "weekdays": sorted(set(self.weekdays)) if self.kind is MeetingKind.STANDUP else [],
            "occurrences": len(days),
            "laid_until": laid,
            "special_at": self.special_at if self.kind is MeetingKind.STANDUP else None,
        }

    def _days(self, today: date, laid: date | None) -> list[date]:
        if self.kind is not MeetingKind.STANDUP:
            return [self.starts_on]
        if laid:
            return dates_until(self.starts_on, self.weekdays, laid)
        return standup_dates(self.starts_on, self.weekdays, until=self.until, occurrences=self.occurrences, today=today)

    def _check_words(self) -> None:
        if not self.topic.strip():
            raise Refused(_("Fill this in."), field="topic")
        if len(self.topic) > MAX_TOPIC:
            raise Refused(_("Use at most %(n)s characters.", n=MAX_TOPIC), field="topic")
        if len(self.agenda) > MAX_AGENDA:
            raise Refused(_("Use at most %(n)s characters.", n=MAX_AGENDA), field="agenda")
        if not 1 <= self.minutes <= MAX_MINUTES:
            raise Refused(_("A meeting lasts from 1 to %(n)s minutes.", n=MAX_MINUTES), field="duration")


def refuse_long_note(note: str) -> None:
    if len(note) > MAX_NOTE:
        raise Refused(_("Use at most %(n)s characters.", n=MAX_NOTE), field="note")


def refuse_past_hour(columns: dict[str, Any], zone: ZoneInfo, now: datetime) -> None:
    if clock.at_local(columns["starts_on"], columns["starts_at"], zone) <= now:
        raise Refused(_("This time has passed. Choose a later one."), field="time")
