"""The parts of Zoom's JSON that we read (https://developers.zoom.us/docs/api/meetings/).

Every key is optional: lists carry fewer than details, and a series (type 8) has its times only in `occurrences`.
"""

from typing import Any, Literal, TypedDict

JSON = dict[str, Any]
MeetingKind = Literal["scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings"]


class Occurrence(TypedDict, total=False):
    """One date of a series; moving it changes `start_time` but never `occurrence_id`."""

    occurrence_id: str
    start_time: str
    duration: int
    status: Literal["available", "deleted"]


class Meeting(TypedDict, total=False):
    """A meeting; `start_time` in UTC, `duration` in minutes, `agenda` cut to 250 characters in lists."""

    id: int
    uuid: str
    host_id: str
    host_email: str
    topic: str
    type: int
    status: str
    start_time: str
    duration: int
    timezone: str
    agenda: str
    created_at: str
    join_url: str
    start_url: str
    password: str
    settings: JSON
    recurrence: JSON
    occurrences: list[Occurrence]


class User(TypedDict, total=False):
    """A Zoom user; `type` is 1 for Basic and 2 for Licensed."""

    id: str
    email: str
    display_name: str
    type: int
    status: str
    timezone: str
    account_id: str
