"""Who was there, worked out anew whenever Zoom has told something more, and kept for the pages and the day."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import claims
from staffhub.db import Database, insert_unless_there
from staffhub.meetings.attending import BEFORE, Known, Person, Sighting, Window, people
from staffhub.models import (
    Attendance,
    AttendanceLook,
    JoinClick,
    Meeting,
    Occurrence,
    OccurrenceState,
    Officer,
    ZoomPerson,
    ZoomSighting,
    serves,
)

# What Zoom tells of a date after so long does not come any more.
_FOLLOWED = timedelta(days=3)


class Held(NamedTuple):
    """A date of a meeting; `sightings`: out of how many it was worked out last."""

    office_id: int
    meeting_id: int
    date: date
    starts: datetime
    minutes: int
    sightings: int

    @property
    def window(self) -> Window:
        return Window(self.starts, self.starts + timedelta(minutes=self.minutes))


def run_due(database: Database, *, now: datetime) -> int:
    """Work out every date of which more is known than before; return how many."""
    with database.reading() as db:
        fresh = [held for held in _recent(db, now) if _count(db, held) != held.sightings]
    for held in fresh:
        with database.transaction() as db:
            # One at a time, so that an older count never follows a newer one.
            claims.hold(db, "attendance", now=now)
            work_out(db, held)
    return len(fresh)


def _recent(db: Session, now: datetime) -> list[Held]:
    looked = (AttendanceLook.meeting_id == Occurrence.meeting_id) & (AttendanceLook.date == Occurrence.date)
    columns: Any = select(
        Occurrence.office_id, Occurrence.meeting_id, Occurrence.date, Occurrence.starts_at, Occurrence.minutes,
        func.coalesce(AttendanceLook.sightings, 0),
    )  # fmt: skip
    known = (Meeting.zoom_id.is_not(None), Occurrence.state == OccurrenceState.PLANNED)
    recent = (Occurrence.starts_at > now - _FOLLOWED, Occurrence.starts_at <= now + BEFORE)
    days = (now - _FOLLOWED - timedelta(days=1)).date(), (now + timedelta(days=1)).date()
    query = columns.join(Meeting, Meeting.id == Occurrence.meeting_id).outerjoin(AttendanceLook, looked)
    return [Held(*row) for row in db.execute(query.where(*known, *recent, Occurrence.date.between(*days)))]


def _inside(held: Held) -> tuple[Any, ...]:
    window = held.window
    return ZoomSighting.meeting_id == held.meeting_id, ZoomSighting.at.between(window.opens, window.closes)


def _count(db: Session, held: Held) -> int:
    return db.scalar(select(func.count()).select_from(ZoomSighting).where(*_inside(held))) or 0


def work_out(db: Session, held: Held) -> list[Person]:
    """Work out who was there on a date and keep it; whoever was there before under another name is there once."""
    columns = (ZoomSighting.run, ZoomSighting.connection, ZoomSighting.seen, ZoomSighting.zoom_user)
    more = (ZoomSighting.email, ZoomSighting.name, ZoomSighting.at, ZoomSighting.until)
    rows: Sequence[Any] = db.execute(select(*columns, *more).where(*_inside(held))).all()
    found = people([Sighting(*row) for row in rows], held.window, _known(db, held))
    _keep(db, held, found)
    look = {"office_id": held.office_id, "meeting_id": held.meeting_id, "date": held.date}
    if not insert_unless_there(db, AttendanceLook, look | {"sightings": len(rows), "asked": 0, "trouble": ""}):
        db.scalars(select(AttendanceLook).filter_by(**look)).one().sightings = len(rows)
    return found


def _keep(db: Session, held: Held, found: Iterable[Person]) -> None:
    """Only what is otherwise than before is written: each row is a fact of somebody's day."""
    mine = (Attendance.meeting_id == held.meeting_id, Attendance.date == held.date)
    there = {row.person: row for row in db.scalars(select(Attendance).where(*mine))}
    for person in found:
        row = there.pop(person.person, None)
        if row is None:
            at = {"office_id": held.office_id, "meeting_id": held.meeting_id, "date": held.date}
            db.add(Attendance(**at, **person._asdict()))
            continue
        for name, value in person._asdict().items():
            if getattr(row, name) != value:
                setattr(row, name, value)
    for row in there.values():
        db.delete(row)
    db.flush()


def _known(db: Session, held: Held) -> Known:
    serving = select(Officer.id, Officer.name, Officer.email).where(
        Officer.office_id == held.office_id, serves(held.date, held.date)
    )
    officers = db.execute(serving).all()
    often = Counter(row.email.lower() for row in officers if row.email)
    told = select(ZoomPerson.identity, ZoomPerson.officer_id).where(ZoomPerson.office_id == held.office_id)
    clicks = select(JoinClick.officer_id, JoinClick.at).where(
        JoinClick.meeting_id == held.meeting_id, JoinClick.date == held.date
    )
    return Known(
        {row.id: row.name for row in officers},
        # An address that two people share is nobody's.
        {row.email.lower(): row.id for row in officers if often[row.email.lower()] == 1},
        {row.identity: row.officer_id for row in db.execute(told)},
        [(row.officer_id, row.at) for row in db.execute(clicks)],
    )
