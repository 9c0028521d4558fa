"""A meeting in Zoom's words, and what Zoom stored otherwise (https://developers.zoom.us/docs/api/meetings/)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import dropwhile
from zoneinfo import ZoneInfo

from staffhub import clock
from staffhub.meetings.failures import CO_HOSTS, PAST, Unsendable
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState
from staffhub.zoom.errors import ZoomRefused
from staffhub.zoom.shapes import JSON
from staffhub.zoom.shapes import Meeting as ZoomMeeting

SCHEDULED, SERIES = 2, 8
WEEKLY = 2
# Zoom was seen to refuse more in one series, whatever its text says.
MOST = 50
# So many dates, a week of work, before those that Zoom has come to an end the next ones follow.
MARGIN = 5
# A list shows so many characters of an agenda.
LISTED_AGENDA = 250
# Nobody of the office sits at the host's account: people must get in without one.
SETTINGS = {"join_before_host": True, "jbh_time": 0, "waiting_room": False, "use_pmi": False}


@dataclass(frozen=True)
class Date:
    """One date of a meeting: `slot` is the series' own date, and `by_hand` says that a person decided about it."""

    id: int
    slot: date
    starts: datetime
    cancelled: bool = False
    by_hand: bool = False
    agenda: str | None = None
    zoom_id: str | None = None

    @classmethod
    def of(cls, row: Occurrence) -> "Date":
        cancelled = row.state is OccurrenceState.CANCELLED
        zoom_id = row.zoom_occurrence_id
        return cls(row.id, row.of_series, row.starts_at, cancelled, row.by_hand, row.agenda, zoom_id)

    def held(self, now: datetime) -> bool:
        """Whether it is still to come."""
        return not self.cancelled and self.starts > now


@dataclass(frozen=True)
class Facts:
    """A meeting as it was when its task was claimed; `dates` in the order of their slots."""

    id: int
    topic: str
    agenda: str
    dates: Sequence[Date]
    minutes: int
    weekdays: Sequence[int]
    cancelled: bool
    marker: str
    zoom_id: int | None
    zoom_host: str
    zone: ZoneInfo
    left_hosts: Sequence[str] = ()
    co_hosts: Sequence[str] | None = None
    taken_over: JSON | None = None

    @classmethod
    def of(cls, meeting: Meeting, rows: Sequence[Occurrence], timezone: str) -> "Facts":
        return cls(
            meeting.id,
            meeting.topic,
            meeting.agenda,
            sorted((Date.of(row) for row in rows), key=lambda one: one.slot),
            meeting.minutes,
            meeting.weekdays,
            meeting.state is MeetingState.CANCELLED,
            meeting.marker,
            meeting.zoom_id,
            meeting.zoom_host,
            ZoneInfo(timezone),
            meeting.left_hosts or (),
            meeting.co_hosts,
            meeting.zoom_settings,
        )

    @property
    def settings(self) -> JSON:
        """How people get in, as agreed."""
        return SETTINGS | (self.taken_over or {})

    @property
    def beside(self) -> set[str]:
        """Who hosts beside the host."""
        return {email.lower() for email in self.co_hosts or ()} - {self.zoom_host.lower()}

    def begun(self, now: datetime) -> bool:
        return self.dates[0].starts <= now

    def ahead(self, now: datetime) -> list[datetime]:
        return sorted(one.starts for one in self.dates if one.held(now))

    def marked(self, agenda: str) -> str:
        """An agenda as Zoom has it: the marker first, by which the meeting is found again."""
        return f"{self.marker} {agenda}".rstrip()


@dataclass(frozen=True)
class Window:
    """The dates that Zoom is given at once, one after the other as the days of the week have it, all at one hour."""

    dates: Sequence[Date]
    hour: time

    def cost(self, facts: Facts, now: datetime) -> int:
        """Calls to lay it out and to bring each date to what is agreed."""
        odd = [one for one in self.dates if not one.held(now) or one.starts != self.start(one, facts)]
        return 1 + len(odd) + sum(1 for one in self.dates if one.agenda)

    def start(self, one: Date, facts: Facts) -> datetime:
        return clock.at_local(one.slot, self.hour, facts.zone)


def window(facts: Facts, *, now: datetime) -> Window | None:
    """Choose the next dates for Zoom; None when none is left.

    At most 50, and not across a change of the hour, as Ramadan brings one, where enough are left before it: each date
    at another hour than the rest costs a call of its own, of the 100 that a host has a day.
    """
    today = clock.local_day(now, facts.zone)
    left = list(dropwhile(lambda one: not one.held(now), [one for one in facts.dates if one.slot >= today]))[:MOST]
    plain = [one for one in left if one.held(now) and not one.by_hand]
    hours = [_hour(one, facts) for one in plain] or [_hour(one, facts) for one in left[:1]]
    if not hours:
        return None
    changes = [n for n in range(MARGIN + 1, len(plain)) if hours[n] != hours[n - 1]]
    if changes:
        left = [one for one in left if one.slot < plain[changes[0]].slot]
        hours = hours[: changes[0]]
    found = Window(left, Counter(hours).most_common(1)[0][0])
    if found.start(left[0], facts) <= now:
        found = Window(left[1:], found.hour)
    while found.dates and not found.dates[-1].held(now):
        found = Window(found.dates[:-1], found.hour)
    return found if found.dates else None


def _hour(one: Date, facts: Facts) -> time:
    return one.starts.astimezone(facts.zone).time()


def words(facts: Facts) -> JSON:
    """Return what can be sent at any time and leaves the dates at Zoom alone."""
    return {"topic": facts.topic, "agenda": facts.marked(facts.agenda), "duration": facts.minutes}


def settings(facts: Facts) -> JSON:
    """Return the settings; who hosts beside the host only where that was ever chosen, and without a mail of Zoom's."""
    if facts.co_hosts is None:
        return {"settings": facts.settings}
    beside = {"alternative_hosts": ";".join(sorted(facts.beside)), "alternative_hosts_email_notification": False}
    return {"settings": facts.settings | beside}


def refused_co_hosts(error: ZoomRefused, facts: Facts) -> set[str]:
    """Return whom Zoom does not take as alternative hosts: those whom it names, or all when it names none.

    The number of this refusal is not documented: its words and its fields tell it from others.
    """
    said = [error.message, *(f"{field} {sentence}" for field, sentence in error.fields)]
    about = " ".join(said).lower().replace("_", " ")
    if not facts.beside or "alternative host" not in about:
        return set()
    return {email for email in facts.beside if email in " ".join(said).lower()} or {*facts.beside}


def local(moment: datetime, facts: Facts) -> JSON:
    """A start in Zoom's words: local time beside the zone, since with a Z the zone would only be for show."""
    return {
        "start_time": moment.astimezone(facts.zone).strftime("%Y-%m-%dT%H:%M:%S"),
        "timezone": facts.zone.key,
    }


def body(facts: Facts, *, now: datetime) -> JSON:
    """Return the whole meeting; Zoom lays its dates out anew from it.

    A date that has begun is left out while others are ahead: of a start in the past Zoom makes "now", and the whole
    series would then be held at that minute. Its link opens at any time, so today's date needs no place in it.
    """
    laid = window(facts, now=now) if facts.weekdays else None
    running = [one.starts for one in facts.dates if one.starts <= now < one.starts + timedelta(minutes=facts.minutes)]
    ahead = facts.ahead(now)
    if not (laid or ahead or running):
        raise Unsendable(PAST)
    start = laid.start(laid.dates[0], facts) if laid else (ahead or running)[0]
    sent = words(facts) | local(start, facts) | {"type": SERIES if laid else SCHEDULED} | settings(facts)
    if laid:
        sent["recurrence"] = {
            "type": WEEKLY,
            "repeat_interval": 1,
            "weekly_days": ",".join(str(number) for number in sorted((day + 1) % 7 + 1 for day in facts.weekdays)),
            "end_times": len(laid.dates),
        }
    return sent


@dataclass(frozen=True)
class Fix:
    """What brings one date at Zoom to what is agreed; `body` None: it is cancelled there."""

    occurrence_id: str
    body: JSON | None


def fixes(stored: ZoomMeeting, facts: Facts, *, now: datetime) -> list[Fix] | None:
    """Compare the dates of a series; None: only laying it out anew helps.

    That is so when Zoom lacks a date, or has cancelled it, which cannot be taken back, and when those that it has are
    about to come to an end while there are more.
    """
    paired = pairs(stored, facts, now)
    laid = window(facts, now=now)
    found: list[Fix] = []
    for row, one in paired:
        if not one or not one.held(now):
            found += [Fix(row["occurrence_id"], None)] if row["status"] != "deleted" else []
        elif row["status"] == "deleted":
            if laid and laid.start(one, facts) > now:
                return None
        elif _start(row) != one.starts:
            own = {"agenda": facts.marked(one.agenda)} if one.agenda else {}
            found.append(Fix(row["occurrence_id"], local(one.starts, facts) | {"duration": facts.minutes} | own))
    return None if laid and _lacks(paired, laid, facts, now) else found


def _lacks(paired: list[tuple[JSON, Date | None]], laid: Window, facts: Facts, now: datetime) -> bool:
    """Whether a date is not at Zoom that should be, or those beyond the last one are due to follow.

    A date that was moved from a day that is over to one that is not has no place in a series any more.
    """
    there = {one.id for _row, one in paired if one}
    last = max((one.slot for _row, one in paired if one), default=date.min)
    left = sum(1 for _row, one in paired if one and one.held(now))
    upto = laid.dates[-1].slot if left <= MARGIN else last
    lacking = (one for one in facts.dates if one.held(now) and one.id not in there and one.slot <= max(upto, last))
    return any(laid.start(one, facts) > now for one in lacking)


def pairs(stored: ZoomMeeting, facts: Facts, now: datetime) -> list[tuple[JSON, Date | None]]:
    """Pair Zoom's dates to come with ours: by what Zoom calls them, then by their day, never by reading their ids."""
    shown = [dict(row) for row in stored.get("occurrences", []) if _start(dict(row)) > now]
    by_id: dict[object, Date] = {one.zoom_id: one for one in facts.dates if one.zoom_id}
    known = {row["occurrence_id"] for row in shown} & {*by_id}
    by_day = {one.slot: one for one in facts.dates if one.zoom_id not in known}
    return [
        (row, by_id.get(row["occurrence_id"]) or by_day.get(clock.local_day(_start(row), facts.zone))) for row in shown
    ]


def occurrence_ids(stored: ZoomMeeting, facts: Facts, *, now: datetime) -> dict[int, str]:
    """Return what Zoom calls the dates of a series, by the ids of our rows."""
    return {one.id: str(row["occurrence_id"]) for row, one in pairs(stored, facts, now) if one}


def differences(stored: ZoomMeeting, facts: Facts, *, now: datetime) -> list[str]:
    """Name what Zoom stored otherwise than agreed: it drops and bends some wishes without an error."""
    found = {
        "topic": stored.get("topic") == facts.topic,
        "start": _agrees_in_dates(stored, facts, now),
        "timezone": stored.get("timezone") == facts.zone.key,
        "duration": durations(stored) <= {facts.minutes},
        "waiting_room": not other_settings(stored, facts),
        CO_HOSTS: _hosts_beside(stored, facts),
    }
    return [name for name, agrees in found.items() if not agrees]


def other_settings(stored: ZoomMeeting, facts: Facts) -> JSON:
    """Return how people get in where Zoom has it otherwise; what it does not show is not told."""
    there = stored.get("settings", {})
    found = {name: there[name] for name, ours in facts.settings.items() if there.get(name, ours) != ours}
    if not there.get("join_before_host", True):
        found.pop("jbh_time", None)  # counts only where people may come before the host
    return found


def _hosts_beside(stored: ZoomMeeting, facts: Facts) -> bool:
    if facts.co_hosts is None:
        return True
    there = str(stored.get("settings", {}).get("alternative_hosts", "")).lower().replace(",", ";").split(";")
    return {email.strip() for email in there} - {""} == facts.beside


def _agrees_in_dates(stored: ZoomMeeting, facts: Facts, now: datetime) -> bool:
    ahead = facts.ahead(now)
    # Where all have begun Zoom's own start says nothing any more.
    if not ahead:
        return True
    return fixes(stored, facts, now=now) == [] if "occurrences" in stored else _starts(stored, now) == ahead


def _rows(stored: ZoomMeeting) -> list[JSON]:
    """A series has its times only in its dates, the cancelled ones among them."""
    if "occurrences" not in stored:
        return [dict(stored)]
    return [dict(row) for row in stored["occurrences"] if row.get("status") != "deleted"]


def start_of(row: ZoomMeeting | JSON) -> datetime | None:
    """Return when Zoom has it; a series has no start of its own."""
    return _start(dict(row)) if "start_time" in row else None


def _start(row: JSON) -> datetime:
    return datetime.fromisoformat(row["start_time"]).astimezone(UTC)


def _starts(stored: ZoomMeeting, now: datetime) -> list[datetime]:
    starts = (_start(row) for row in _rows(stored) if "start_time" in row)
    return sorted(start for start in starts if start > now)


def durations(stored: ZoomMeeting) -> set[int]:
    return {row["duration"] for row in _rows(stored) if "duration" in row}


def words_differ(stored: ZoomMeeting, facts: Facts) -> bool:
    wanted = words(facts)
    agrees = all(stored.get(name) == wanted[name] for name in ("topic", "agenda"))
    return (
        not agrees
        or not durations(stored) <= {facts.minutes}
        or bool(other_settings(stored, facts))
        or not _hosts_beside(stored, facts)
    )


def own_agendas(stored: ZoomMeeting, facts: Facts, *, now: datetime) -> list[tuple[str, str]]:
    """Return what dates are called at Zoom that have, or had, an agenda of their own, and what Zoom shall have."""
    ids = occurrence_ids(stored, facts, now=now)
    return [
        (ids[one.id], facts.marked(one.agenda or facts.agenda))
        for one in facts.dates
        if one.agenda is not None and one.held(now) and one.id in ids
    ]


def looks_changed(row: ZoomMeeting, facts: Facts, *, now: datetime) -> bool:
    """Whether a row of the host's list, which shows little, is a reason to ask for the whole meeting."""
    following = min(facts.ahead(now), default=None)
    seen = (row.get("topic"), row.get("agenda"), row.get("duration"), start_of(row))
    return seen != (facts.topic, facts.marked(facts.agenda)[:LISTED_AGENDA], facts.minutes, following)
