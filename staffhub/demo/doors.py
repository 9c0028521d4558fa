"""Screens at two doors and one that was ended, the codes that people gave there, and two people on one computer."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import doors
from staffhub.db import digest
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import Mark, MarkDevice, MarkProof, Place, UserSession
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


_COUNTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
_PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


def devices(db: Session, office_id: int, people: Sequence[Person], *, today: date, now: datetime) -> None:
    """Everybody has pressed on the own phone these days, but for two who shared the computer at the counter."""
    presses = select(Mark.id, Mark.officer_id, Mark.date, Mark.attempted_at).order_by(Mark.attempted_at)
    since = today - timedelta(days=_DAYS)
    marks = db.execute(presses.where(Mark.office_id == office_id, Mark.date.between(since, today))).all()
    staff = {person.id for person in people if not person.leads}
    shared = _close_together([mark for mark in marks if mark.officer_id in staff and mark.date < today])
    accounts = {person.id: person.account_id for person in people}
    marks = [mark for mark in marks if mark.officer_id in accounts]
    sessions = {
        (who, at_counter): _session(db, accounts[who], at_counter=at_counter, now=now)
        for who, at_counter in sorted({(mark.officer_id, mark.id in shared) for mark in marks})
    }
    rows = [
        {
            "office_id": office_id,
            "officer_id": mark.officer_id,
            "date": mark.date,
            "mark_id": mark.id,
            "session_id": sessions[mark.officer_id, mark.id in shared].id,
            "device_hash": sessions[mark.officer_id, mark.id in shared].device_hash,
            "at": mark.attempted_at,
            "second": int(mark.attempted_at.timestamp()),
        }
        for mark in marks
    ]
    if rows:
        db.execute(insert(MarkDevice), rows)


_DAYS = 7


def _close_together(marks: Sequence[Any]) -> set[int]:
    """The last two marks of two people within a minute."""
    for before, after in reversed(list(pairwise(marks))):
        if before.officer_id != after.officer_id and after.attempted_at - before.attempted_at < timedelta(minutes=1):
            return {before.id, after.id}
    return set()


def _session(db: Session, account_id: int, *, at_counter: bool, now: datetime) -> UserSession:
    """One that has ended: nobody signs in by it."""
    device = "counter" if at_counter else f"phone-{account_id}"
    session = UserSession(
        account_id=account_id,
        token_hash=digest("demo", device, str(account_id)),
        device_hash=digest("demo", device),
        user_agent=_COUNTER if at_counter else _PHONE,
        created_at=now - timedelta(days=_DAYS),
        seen_at=now,
        expires_at=now,
        ended_at=now,
    )
    db.add(session)
    db.flush()
    return session
