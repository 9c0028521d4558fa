"""What Zoom tells of who came and went, taken in as it arrives: in any order, any number of times."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from staffhub.db import digest, insert_unless_there
from staffhub.models import Heartbeat, Meeting, Seen, ZoomSighting

EVENTS = {
    "meeting.participant_joined": Seen.JOINED,
    "meeting.participant_left": Seen.LEFT,
    "meeting.ended": Seen.ENDED,
}
_TIMES = {Seen.JOINED: "join_time", Seen.LEFT: "leave_time", Seen.ENDED: "end_time"}
# What Zoom tells of these may come late, twice, or before what came first: what holds is asked for.
_CHANGED = frozenset({"meeting.updated", "meeting.deleted", "meeting.permanently_deleted", "meeting.recovered"})
_HEARD = "zoom_webhook"
_OFTEN = timedelta(seconds=10)
_NUMBER_OF_A_PERSON = re.compile(r"\d{16}")


def take(db: Session, told: Mapping[str, Any], *, now: datetime) -> bool:
    """Store what an event tells of one of our meetings; whatever else Zoom tells changes nothing."""
    _note_heard(db, now)
    event = str(told.get("event"))
    seen = EVENTS.get(event)
    thing = _inner(told, "payload", "object")
    meeting = _meeting(db, thing.get("id")) if seen or event in _CHANGED else None
    if meeting is not None and event in _CHANGED:
        return _look_soon(db, meeting.id, now)
    if seen is None or meeting is None:
        return False
    who = {} if seen is Seen.ENDED else _inner(thing, "participant")
    at = moment((thing if seen is Seen.ENDED else who).get(_TIMES[seen]))
    return at is not None and store(db, meeting, seen, str(thing.get("uuid") or ""), who, at, None, now=now)


def _look_soon(db: Session, meeting_id: int, now: datetime) -> bool:
    """Have the meeting compared with Zoom in the next run (drift.look_due), however often that was asked."""
    later = or_(Meeting.look_at.is_(None), Meeting.look_at > now)
    found = db.execute(update(Meeting).where(Meeting.id == meeting_id, later).values(look_at=now))
    return bool(cast("CursorResult[Any]", found).rowcount)


def store(
    db: Session, meeting: Any, seen: Seen, run: str, who: Mapping[str, Any], at: datetime, until: datetime | None,
    *, now: datetime,
) -> bool:  # fmt: skip
    """Store one fact, unless it is there; `meeting` has `id` and `office_id`, `who` is what Zoom says of the person."""
    facts = {
        "run": plain(run, 64),
        "connection": plain(who.get("user_id"), 64),
        "seen": seen,
        "zoom_user": plain(who.get("participant_user_id") or who.get("id"), 64),
        "email": plain(who.get("email") or who.get("user_email"), 254).lower(),
        "name": plain(who.get("user_name") or who.get("name"), 200),
        "at": at,
        "until": until,
    }
    fingerprint = digest(str(meeting.id), *(str(value) for value in facts.values()))
    ours = {"office_id": meeting.office_id, "meeting_id": meeting.id, "received_at": now}
    return insert_unless_there(db, ZoomSighting, facts | ours | {"fingerprint": fingerprint})


def plain(value: object, most: int) -> str:
    """What a person typed into Zoom, without what no database takes, and without numbers of identity cards."""
    text = "" if value is None else str(value).encode("utf-8", "replace").decode().replace("\x00", "").strip()
    return _NUMBER_OF_A_PERSON.sub("…", text)[:most]


def moment(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _inner(told: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        inner = told.get(name)
        told = inner if isinstance(inner, Mapping) else {}
    return told


def _meeting(db: Session, number: object) -> Any:
    """Zoom writes a meeting's number as text in some events, as a number in others."""
    if not re.fullmatch(r"\d{1,18}", str(number)):
        return None
    ours = select(Meeting.id, Meeting.office_id).where(Meeting.zoom_id == int(str(number)))
    return db.execute(ours.order_by(Meeting.id.desc()).limit(1)).one_or_none()


def _note_heard(db: Session, now: datetime) -> None:
    """Not with every event: a meeting that begins would have them all wait for one row."""
    if not insert_unless_there(db, Heartbeat, {"name": _HEARD, "at": now}):
        db.execute(update(Heartbeat).where(Heartbeat.name == _HEARD, Heartbeat.at < now - _OFTEN).values(at=now))


def last_heard(db: Session) -> datetime | None:
    """Return when Zoom last told something, to within ten seconds; None: never."""
    return db.scalar(select(Heartbeat.at).where(Heartbeat.name == _HEARD))
