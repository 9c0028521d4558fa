"""Last month of the demo office: closed, signed, and one late letter that became a supplement."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, corrections, days, office, signing
from staffhub.corrections import Wish
from staffhub.days import store
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import CorrectionKind, CorrectionReason, Officer, StoredDay
from staffhub.security import Viewer


def write(db: Session, office_id: int, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    """Store the days that are over; where last month has counted days and is over for some days, sign it."""
    days.settle(db)
    while days.close_step(db, office_id, now=now):
        pass
    today = clock.local_day(now, zone)
    first = clock.month_before(today)
    hr, head = (viewer(db, people, name, zone, now) for name in ("kepegawaian", "kadis"))
    signed = clock.at_local(clock.month_after(first) + timedelta(days=3), time(10), zone)
    if signing.why_not_now(db, hr, first, now=signed) or now < signed + timedelta(days=2):
        return
    _sign(db, hr, head, first, turn=0, note="Semua bidang sudah memeriksa harinya.", at=signed)
    late = _late_letter(db, hr, first, at=signed + timedelta(days=1))
    if late:
        note = f"Surat keterangan {late} baru diserahkan setelah bulan ditandatangani."
        _sign(db, hr, head, first, turn=2, note=note, at=signed + timedelta(days=1, hours=2))


def _sign(db: Session, hr: Viewer, head: Viewer, first: date, *, turn: int, note: str, at: datetime) -> None:
    closed = signing.close(db, hr, first, note=note, turn=turn, idempotency_key=str(UUID(int=900 + turn)), now=at)
    told = {"idempotency_key": str(UUID(int=901 + turn)), "now": at + timedelta(hours=1)}
    signing.sign(db, head, first, snapshot_id=closed.snapshot_id, turn=turn + 1, **told)  # type: ignore[arg-type]


def _late_letter(db: Session, hr: Viewer, first: date, *, at: datetime) -> str:
    """Excuse one absence of the month, or else one late arrival; return whose it was."""
    last = clock.month_days(first)[-1]
    waits = (
        select(Officer, StoredDay.date, StoredDay.late)
        .join(StoredDay, StoredDay.officer_id == Officer.id)
        .where(StoredDay.office_id == hr.office_id, StoredDay.date.between(first, last), Officer.id != hr.officer_id)
        .where((StoredDay.code == "A") | (StoredDay.late > 0))
        .order_by(StoredDay.late, StoredDay.date, Officer.id)
    )
    found = db.execute(waits.limit(1)).first()
    if found is None:
        return ""
    officer, day, late = found
    wish = Wish(CorrectionKind.CHECK_IN, time(7, 25)) if late else Wish(CorrectionKind.LEAVE)
    corrections.add(
        db,
        hr,
        officer,
        day=day,
        wish=wish,
        reason=CorrectionReason.NETWORK if late else CorrectionReason.LEAVE_LETTER,
        note="Surat keterangan diserahkan terlambat.",
        idempotency_key=str(UUID(int=910)),
        now=at,
    )
    # The day's row follows at the moment of the story, not at that of the seeding.
    until = office.facts(db, hr.office_id).stored_to or last
    store.write(db, hr.office_id, [day], until=until, officers=[officer.id], now=at)
    return str(officer.name)
