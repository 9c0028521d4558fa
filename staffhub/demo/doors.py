"""Screens at two doors and one that was ended; the codes that people gave there in these weeks."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import doors
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import Mark, MarkProof, Place
from staffhub.presence import SCAN

_TOKEN = "demo-{}"  # noqa: S105  everybody may look at the demo's screen
FRONT = "Pintu depan"


def address(password: str) -> str:
    """Where the demo's first screen stands."""
    return f"/kiosk/{_TOKEN.format(password)}"


def write(
    db: Session, people: Sequence[Person], *, password: str, since: datetime, zone: ZoneInfo, now: datetime
) -> None:
    hr = viewer(db, people, "kepegawaian", zone, now)
    front, _counter, old = (
        doors.make(db, hr, name=name, idempotency_key=f"demo-{name}".replace(" ", "-"), now=since)
        for name in (FRONT, "Ruang layanan", "Gudang arsip")
    )
    doors.end(db, hr, old, now=now)
    db.get_one(Place, front).token = _TOKEN.format(password)
    scanned = select(Mark.id, Mark.officer_id, Mark.date, Mark.attempted_at)
    given = db.execute(scanned.where(Mark.office_id == hr.office_id, Mark.method == SCAN)).all()
    facts = {"office_id": hr.office_id, "place_id": front}
    rows = [
        facts
        | {
            "mark_id": id_,
            "officer_id": who,
            "date": day,
            "slot": int(at.timestamp()) // doors.WINDOW,
            "created_at": at,
        }
        for id_, who, day, at in given
    ]
    if rows:
        db.execute(insert(MarkProof), rows)
