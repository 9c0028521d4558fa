"""A meeting in Zoom's words, and what Zoom stored otherwise (https://developers.zoom.us/docs/api/meetings/)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from staffhub.meetings.failures import PAST, Unsendable
from staffhub.models import Meeting, MeetingState
from staffhub.zoom.shapes import JSON
from staffhub.zoom.shapes import Meeting as ZoomMeeting

SCHEDULED, SERIES = 2, 8
WEEKLY = 2
# Nobody of the office sits at the host's account: people must get in without one.
SETTINGS = {"join_before_host": True, "jbh_time": 0, "waiting_room": False, "use_pmi": False}


@dataclass(frozen=True)
class Facts:
    """A meeting as it was when its task was claimed; `starts` are its dates in order."""

    id: int
    topic: str
    agenda: str
    starts: Sequence[datetime]
    minutes: int
    weekdays: Sequence[int]
    cancelled: bool
    marker: str
    zoom_id: int | None
    zoom_host: str
    zone: ZoneInfo

    @classmethod
    def of(cls, meeting: Meeting, starts: Sequence[datetime], timezone: str) -> "Facts":
        return cls(
            meeting.id,
            meeting.topic,
            meeting.agenda,
            starts,
            meeting.minutes,
            meeting.weekdays,
            meeting.state is MeetingState.CANCELLED,
            meeting.marker,
            meeting.zoom_id,
            meeting.zoom_host,
            ZoneInfo(timezone),
        )

    def begun(self, now: datetime) -> bool:
        return self.starts[0] <= now

    def ahead(self, now: datetime) -> list[datetime]:
        return [start for start in self.starts if start > now]


def words(facts: Facts) -> JSON:
    """Return what can be sent at any time and leaves the dates at Zoom alone."""
    agenda = f"{facts.marker} {facts.agenda}".rstrip()
    return {"topic": facts.topic, "agenda": agenda, "duration": facts.minutes}


def body(facts: Facts, *, now: datetime) -> JSON:
    """Return the whole meeting; Zoom lays its dates out anew from it.

    A date that has begun is left out while others are ahead: of a start in the past Zoom makes "now", and the whole
    series would then be held at that minute. Its link opens at any time, so today's date needs no place in it.
    """
    running = [start for start in facts.starts if start <= now < start + timedelta(minutes=facts.minutes)]
    ahead = facts.ahead(now)
    left = ahead or running
    if not left:
        raise Unsendable(PAST)
    series = bool(facts.weekdays and ahead)
    sent = words(facts) | {
        "type": SERIES if series else SCHEDULED,
        # Local time beside the zone: with a Z the zone would only be for show.
        "start_time": left[0].astimezone(facts.zone).strftime("%Y-%m-%dT%H:%M:%S"),
        "timezone": facts.zone.key,
        "settings": SETTINGS,
    }
    if series:
        sent["recurrence"] = {
            "type": WEEKLY,
            "repeat_interval": 1,
            "weekly_days": ",".join(str(number) for number in sorted((day + 1) % 7 + 1 for day in facts.weekdays)),
            "end_times": len(left),
        }
    return sent


def differences(stored: ZoomMeeting, facts: Facts, *, now: datetime) -> list[str]:
    """Name what Zoom stored otherwise than agreed: it drops and bends some wishes without an error."""
    settings = stored.get("settings", {})
    ahead = facts.ahead(now)
    found = {
        "topic": stored.get("topic") == facts.topic,
        # Where all have begun Zoom's own start says nothing any more.
        "start": not ahead or _starts(stored, now) == ahead,
        "timezone": stored.get("timezone") == facts.zone.key,
        "duration": _durations(stored) <= {facts.minutes},
        "waiting_room": not settings.get("waiting_room") and settings.get("join_before_host", True),
    }
    return [name for name, agrees in found.items() if not agrees]


def _rows(stored: ZoomMeeting) -> list[JSON]:
    """A series has its times only in its dates, the cancelled ones among them."""
    if "occurrences" not in stored:
        return [dict(stored)]
    return [dict(row) for row in stored["occurrences"] if row.get("status") != "deleted"]


def _starts(stored: ZoomMeeting, now: datetime) -> list[datetime]:
    starts = (datetime.fromisoformat(row["start_time"]).astimezone(UTC) for row in _rows(stored) if "start_time" in row)
    return sorted(start for start in starts if start > now)


def _durations(stored: ZoomMeeting) -> set[int]:
    return {row["duration"] for row in _rows(stored) if "duration" in row}


def occurrence_ids(stored: ZoomMeeting) -> dict[datetime, str]:
    """Return what Zoom calls the dates of a series, by their starts."""
    return {
        datetime.fromisoformat(row["start_time"]).astimezone(UTC): str(row["occurrence_id"])
        for row in _rows(stored)
        if "start_time" in row and "occurrence_id" in row
    }
