"""What Zoom told of the demo's standups: most of who clicked, two devices, and one name that nobody knows."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub.meetings import attendance
from staffhub.meetings.attendance import Held
from staffhub.models import JoinClick, Occurrence, Officer, Seen, ZoomSighting

_DATES = 10
_DEVICE = "Galaxy A12"


def write(db: Session, meeting_id: int, *, now: datetime) -> None:
    """The newest dates that are over, as far as anybody clicked; the rest is told by clicks alone."""
    rng = random.Random(5)
    over = (Occurrence.meeting_id == meeting_id, Occurrence.starts_at < now - timedelta(hours=1))
    dates = db.scalars(select(Occurrence).where(*over).order_by(Occurrence.date.desc()).limit(_DATES)).all()
    for number, held in enumerate(dates):
        who = (JoinClick.meeting_id == meeting_id, JoinClick.date == held.date)
        clicks = select(Officer.name, Officer.email, JoinClick.at).join(JoinClick, JoinClick.officer_id == Officer.id)
        ends = held.starts_at + timedelta(minutes=held.minutes)
        told: list[dict[str, Any]] = []
        for name, email, at in db.execute(clicks.where(*who).order_by(Officer.id)):
            if rng.random() < 0.9:
                told += _stay(
                    held, name, email, at + timedelta(seconds=20), ends + timedelta(seconds=rng.randint(0, 90))
                )
        if told and number < 3:
            told += _stay(held, _DEVICE, "", held.starts_at + timedelta(minutes=4, seconds=number), ends)
        if told:
            db.execute(insert(ZoomSighting), told)
            row = Held(held.office_id, meeting_id, held.date, held.starts_at, held.minutes, 0)
            attendance.work_out(db, row)


def _stay(held: Occurrence, name: str, email: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
    facts = {"office_id": held.office_id, "meeting_id": held.meeting_id, "run": f"demo-{held.date}", "zoom_user": ""}
    facts |= {"connection": f"{name} {start:%H%M%S}"[:64], "email": email.lower(), "name": name, "received_at": end}
    return [
        facts | {"seen": seen, "at": at, "fingerprint": f"demo-{held.date}-{seen}-{name}"[:64]}
        for seen, at in ((Seen.JOINED, start), (Seen.LEFT, max(start, end)))
    ]
