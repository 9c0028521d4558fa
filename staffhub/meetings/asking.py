"""Ask Zoom for its own list of who was there: complete without a single event, since not every office can be called."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from staffhub import claims
from staffhub.db import Database, insert_unless_there
from staffhub.meetings import sightings
from staffhub.meetings.attending import Window
from staffhub.models import AttendanceLook, Meeting, Occurrence, OccurrenceState, Seen, ZoomSighting
from staffhub.zoom.errors import ZoomError, ZoomNotFound, ZoomRefused, ZoomScopeMissing
from staffhub.zoom.shapes import JSON

if TYPE_CHECKING:
    from staffhub.zoom.client import ZoomClient

log = structlog.get_logger(__name__)

# Zoom does not say when its list is complete: it is asked so long after the planned end, and all answers count.
AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60), timedelta(hours=24))
_LONGEST = timedelta(days=3)
# Zoom's number for what a paid account alone is told.
_PAID = 200
_WAITS = "in_waiting_room"


class _Due(NamedTuple):
    id: int  # of the meeting
    office_id: int
    zoom_id: int
    date: Any
    starts: datetime
    minutes: int
    asked: int

    @property
    def window(self) -> Window:
        return Window(self.starts, self.starts + timedelta(minutes=self.minutes))

    def turn(self, now: datetime) -> int:
        """Return how often Zoom was to be asked by now."""
        return sum(now >= self.window.ends + after for after in AFTER)


def ask_due(database: Database, zoom: "ZoomClient | None", *, now: datetime) -> int:
    """Ask about every date that is due; return how many were answered."""
    if zoom is None:
        return 0
    with database.reading() as db:
        due = [one for one in _recent(db, now) if one.turn(now) > one.asked]
    return sum(_ask(database, zoom, one, now) for one in due)


def _recent(db: Session, now: datetime) -> list[_Due]:
    looked = (AttendanceLook.meeting_id == Occurrence.meeting_id) & (AttendanceLook.date == Occurrence.date)
    columns: Any = select(
        Meeting.id, Meeting.office_id, Meeting.zoom_id, Occurrence.date, Occurrence.starts_at, Occurrence.minutes,
        func.coalesce(AttendanceLook.asked, 0),
    )  # fmt: skip
    days = (now - _LONGEST - timedelta(days=1)).date(), (now + timedelta(days=1)).date()
    query = columns.join(Meeting, Meeting.id == Occurrence.meeting_id).outerjoin(AttendanceLook, looked)
    query = query.where(Meeting.zoom_id.is_not(None), Occurrence.state == OccurrenceState.PLANNED)
    query = query.where(func.coalesce(AttendanceLook.trouble, "") == "")
    recent = Occurrence.starts_at > now - _LONGEST, Occurrence.starts_at <= now, Occurrence.date.between(*days)
    return [_Due(*row) for row in db.execute(query.where(*recent).order_by(Occurrence.starts_at))]


def _ask(database: Database, zoom: "ZoomClient", due: _Due, now: datetime) -> bool:
    turn = due.turn(now)
    slot = f"{due.id}:{due.date}:{turn}"
    with database.transaction() as db:
        # Where Zoom does not answer, the lease ends and it is asked again.
        if not claims.claim(db, "attendance_ask", slot, now=now):
            return False
    with database.reading() as db:
        told = _told(db, due)
    trouble, found = "", []
    try:
        found = list(_listed(zoom, due, told))
    except ZoomScopeMissing:
        trouble = "scopes"
    except ZoomRefused as error:
        trouble = "plan" if _is_paid(error) else "refused"
    except ZoomNotFound:
        pass  # nobody was there
    except ZoomError as error:
        log.warning("attendance_not_told", meeting=due.id, error=type(error).__name__)
        return False
    with database.transaction() as db:
        for run, row, came, left in found:
            sightings.store(db, due, Seen.STAYED, run, row, came, left, now=now)
        look = {"office_id": due.office_id, "meeting_id": due.id, "date": due.date}
        insert_unless_there(db, AttendanceLook, look | {"sightings": 0, "asked": 0, "trouble": ""})
        mine = (AttendanceLook.meeting_id == due.id, AttendanceLook.date == due.date)
        db.execute(update(AttendanceLook).where(*mine).values(asked=turn, trouble=trouble))
        claims.finish(db, "attendance_ask", slot, now=now)
    return True


def _listed(
    zoom: "ZoomClient", due: _Due, told: Collection[str]
) -> Iterable[tuple[str, dict[str, Any], datetime, datetime]]:
    """Run by run: by its number alone a meeting is its latest run, which somebody may have begun by mistake since."""
    for run in _runs(zoom, due, told):
        for row in _connections(zoom, run, seen=run in told):
            came, left = sightings.moment(row.get("join_time")), sightings.moment(row.get("leave_time"))
            if came and left and row.get("status") != _WAITS:
                yield run, row, came, left


def _runs(zoom: "ZoomClient", due: _Due, told: Collection[str]) -> list[str]:
    """Return the runs of a date; where Zoom does not list them, those of which it has told while they ran."""
    try:
        listed = zoom.past_instances(due.zoom_id)
    except (ZoomScopeMissing, ZoomRefused) as refused:
        if _is_paid(refused) or not told:
            raise
        return sorted(told)
    began = [(str(run["uuid"]), sightings.moment(run.get("start_time"))) for run in listed]
    return [run for run, at in began if at and due.window.opens <= at <= due.window.closes]


def _connections(zoom: "ZoomClient", run: str, *, seen: bool) -> list[JSON]:
    """Ask for a run's list, and for its report where the list is refused or not whole: Zoom allows few of those.

    `seen`: Zoom has told of somebody in it, so that a list with nobody in it is not whole.
    """
    try:
        rows = zoom.past_participants(run)
    except (ZoomScopeMissing, ZoomRefused) as refused:
        if _is_paid(refused):
            raise
        try:
            return zoom.report_participants(run)
        except (ZoomScopeMissing, ZoomRefused):
            raise refused from None
    except ZoomNotFound:
        rows = []
    if all(map(_is_whole, rows)) and (rows or not seen):
        return rows
    try:
        return rows + zoom.report_participants(run)
    except ZoomError as error:  # the list is what there is; both are asked again later
        log.info("report_not_told", error=type(error).__name__)
        return rows


def _is_whole(row: JSON) -> bool:
    return row.get("status") == _WAITS or bool(row.get("join_time") and row.get("leave_time"))


def _is_paid(error: ZoomError) -> bool:
    """The report is for paid accounts as well, and need not be asked."""
    return error.code == _PAID


def _told(db: Session, due: _Due) -> set[str]:
    """Return the runs of a date of which Zoom has told on its own."""
    runs = select(ZoomSighting.run).distinct().where(ZoomSighting.meeting_id == due.id, ZoomSighting.run != "")
    return {*db.scalars(runs.where(ZoomSighting.at.between(due.window.opens, due.window.closes)))}
