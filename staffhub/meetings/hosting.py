"""The way in for whoever holds a meeting: the link of the host is asked for when it is pressed, and kept nowhere."""

from datetime import datetime
from typing import TYPE_CHECKING

from staffhub import audit
from staffhub.db import Database
from staffhub.errors import Conflict
from staffhub.i18n import gettext as _
from staffhub.meetings import plan
from staffhub.models import MeetingState
from staffhub.security import Viewer
from staffhub.zoom.errors import ZoomError

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient


def start_link(database: Database, zoom: "ZoomClient | None", me: Viewer, meeting_id: int, *, now: datetime) -> str:
    """Return the link that signs its bearer in as the host, good for two hours: never stored, logged or mailed.

    Zoom is asked outside of any transaction. Raises Conflict when there is nothing to start, or Zoom does not answer.
    """
    with database.reading() as db:
        meeting = plan.own_meeting(db, me, meeting_id)
        number, cancelled = meeting.zoom_id, meeting.state is MeetingState.CANCELLED
    if zoom is None or number is None or cancelled:
        raise Conflict(_("There is nothing to start on Zoom. Open the meeting to see how it stands."))
    try:
        link = zoom.get_meeting(number).get("start_url", "")
    except ZoomError:
        link = ""
    if not link:
        raise Conflict(_("Zoom does not answer right now. Try again, or join like everybody else: nobody has to wait."))
    with database.transaction() as db:
        audit.record(db, me, "meeting.opened_as_host", "meeting", meeting_id, now=now)
    return link
