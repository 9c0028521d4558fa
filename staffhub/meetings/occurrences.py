"""The dates of a meeting as rows: laid out when it is planned, kept in step by whoever changes the meeting."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.meetings.terms import dates
from staffhub.models import Meeting, Occurrence, OccurrenceState


def lay_out(db: Session, meeting: Meeting, zone: ZoneInfo, *, now: datetime) -> None:
    """Bring the rows to the meeting's terms. A date that is over stays as it was held."""
    days = dates(meeting.starts_on, meeting.weekdays, meeting.occurrences)
    wanted = {day: clock.at_local(day, meeting.starts_at, zone) for day in days}
    for row in db.scalars(select(Occurrence).where(Occurrence.meeting_id == meeting.id)):
        starts = wanted.pop(row.date, None)
        if row.ends <= now:
            continue
        if starts is None:
            db.delete(row)
            continue
        if row.starts_at != starts:
            row.starts_at, row.zoom_occurrence_id = starts, None
        row.minutes = meeting.minutes
    for day, starts in wanted.items():
        facts = {"office_id": meeting.office_id, "meeting_id": meeting.id, "minutes": meeting.minutes}
        db.add(Occurrence(**facts, date=day, starts_at=starts, state=OccurrenceState.PLANNED))
    db.flush()


def call_off(db: Session, meeting_id: int, *, now: datetime) -> None:
    """Cancel the dates that have not begun; those before were held."""
    ahead = (Occurrence.meeting_id == meeting_id, Occurrence.starts_at > now)
    db.execute(update(Occurrence).where(*ahead).values(state=OccurrenceState.CANCELLED))


def note_zoom_ids(db: Session, meeting_id: int, ids: dict[datetime, str]) -> None:
    """Keep what Zoom calls each date, so that one of them can be moved or cancelled there."""
    rows = select(Occurrence).where(Occurrence.meeting_id == meeting_id, Occurrence.starts_at.in_(ids))
    for row in db.scalars(rows) if ids else ():
        row.zoom_occurrence_id = ids[row.starts_at]
