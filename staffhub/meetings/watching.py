"""While a standup is held, or about to be, Zoom is asked once a minute whether it answers at all."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Date, bindparam, select

from staffhub import claims
from staffhub.db import Database, UtcDateTime, rows
from staffhub.models import Meeting, MeetingKind, MeetingState, Occurrence, OccurrenceState, Office
from staffhub.zoom.errors import ZoomError, ZoomUnavailable

log = structlog.get_logger(__name__)

# People go in from then on, and no standup lasts longer.
_BEFORE, _LONGEST = timedelta(minutes=5), timedelta(hours=4)
_A_DAY = timedelta(days=1)

_HELD: Any = (
    select(Occurrence.starts_at, Occurrence.minutes)
    .select_from(Office)
    .join(
        Occurrence,
        (Occurrence.office_id == Office.id)
        & Occurrence.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    )
    .join(Meeting, Meeting.id == Occurrence.meeting_id)
    .where(Occurrence.starts_at > bindparam("after", type_=UtcDateTime))
    .where(Occurrence.starts_at <= bindparam("until", type_=UtcDateTime))
    .where(Occurrence.state == OccurrenceState.PLANNED, Meeting.state == MeetingState.READY)
    .where(Meeting.kind == MeetingKind.STANDUP)
)


def is_silent(database: Database, zoom: Any, *, now: datetime) -> bool:
    """Ask Zoom if a standup is on and nobody has in this minute; whether it could not be reached.

    Any answer is one, also a refusal. Only what nobody answers may be an outage, of Zoom or of the way there.
    """
    if zoom is None:
        return False
    asked = {"after": now - _LONGEST, "until": now + _BEFORE}
    dates = {"first": (now - _A_DAY).date(), "last": (now + _A_DAY).date()}
    with database.reading() as db:
        on = any(now < starts + timedelta(minutes=minutes) for starts, minutes in rows(db, _HELD, **asked, **dates))
    if not on:
        return False
    with database.transaction() as db:
        mine = claims.claim(db, "zoom-watch", f"{now:%Y%m%dT%H%M}", now=now)
    if not mine:
        return False
    try:
        zoom.get_user("me")
    except ZoomUnavailable:
        log.warning("zoom.silent")
        return True
    except ZoomError:
        return False
    return False
