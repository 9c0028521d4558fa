"""The demo's meetings, scheduled like any other: the outbox then creates them on the Zoom sandbox."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo import seen
from staffhub.demo.people import Person
from staffhub.meetings import dates, minutes, plan, written
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    Division,
    ItemEnd,
    ItemKind,
    JoinClick,
    Mark,
    Meeting,
    MeetingItem,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    Office,
    Officer,
    Posting,
    posting_on,
)
from staffhub.security import Viewer

_WORKDAYS = (0, 1, 2, 3, 4)
_JOINS = 0.85
_STANDUP_AT, _STANDUP_MINUTES = time(7, 45), 15


def write(
    db: Session, people: Sequence[Person], *, since: date, zone: ZoneInfo, now: datetime, rng: random.Random
) -> None:
    """One standup on every working day since the history began, without an end, and two single meetings to come."""
    head = viewer(db, people, "kadis", zone, now)
    division_head = viewer(db, people, "kabid.dafduk", zone, now)
    soon = _free_hours(db, head.office_id, zone, now)
    standup = plan.schedule(
        db,
        head,
        kind=MeetingKind.STANDUP,
        topic="Apel pagi daring",
        agenda="Siapa di mana hari ini, apa yang tertahan, siapa perlu bantuan.",
        starts_on=since,
        starts_at=_STANDUP_AT,
        minutes=_STANDUP_MINUTES,
        weekdays=_WORKDAYS,
        audience=Audience(everyone=True),
        idempotency_key=str(UUID(int=1)),
        now=clock.at_local(since, time(7), zone),
    )
    _join(db, standup.id, now=now, rng=rng)
    seen.write(db, standup.id, now=now)
    _note(db, head, standup.id, people, now=now)
    _write(db, people, standup.id, zone, now=now)
    _move_one(db, head, standup.id, now=now)
    plan.schedule(
        db,
        division_head,
        kind=MeetingKind.SINGLE,
        topic="Antrean KK dan KTP-el",
        agenda="Permohonan yang lewat tiga hari; pembagian perekaman di kecamatan.",
        starts_on=soon[0].date(),
        starts_at=soon[0].time(),
        minutes=30,
        audience=Audience(divisions=(division_head.division_id or 0,)),
        idempotency_key=str(UUID(int=2)),
        now=now,
    )
    plan.schedule(
        db,
        head,
        kind=MeetingKind.SINGLE,
        topic="Evaluasi pekan ini",
        agenda="Rekap kehadiran, permohonan yang tertunda, rencana pekan depan.",
        starts_on=soon[-1].date(),
        starts_at=soon[-1].time(),
        minutes=60,
        audience=Audience(officers=tuple(person.id for person in people if person.leads)),
        idempotency_key=str(UUID(int=3)),
        now=now,
    )


def _join(db: Session, meeting_id: int, *, now: datetime, rng: random.Random) -> None:
    """Most of those who had come by then have gone to the standup, a few minutes before or after it began."""
    first = (
        select(Mark.office_id, Mark.officer_id, Mark.date, func.min(Mark.attempted_at).label("came"))
        .group_by(Mark.office_id, Mark.officer_id, Mark.date)
        .subquery()
    )
    held = (
        select(first.c.office_id, first.c.officer_id, first.c.date, first.c.came, Occurrence.starts_at)
        .join(Occurrence, Occurrence.date == first.c.date)
        .where(Occurrence.meeting_id == meeting_id)
        .order_by(first.c.date, first.c.officer_id)
    )
    clicks = []
    for row in db.execute(held):
        at = row.starts_at + timedelta(seconds=rng.randint(-240, 420))
        if row.came < at < now and rng.random() < _JOINS:
            facts = {"office_id": row.office_id, "officer_id": row.officer_id, "date": row.date, "at": at}
            clicks.append(facts | {"meeting_id": meeting_id})
    if clicks:
        db.execute(insert(JoinClick), clicks)


def _write(db: Session, people: Sequence[Person], meeting_id: int, zone: ZoneInfo, *, now: datetime) -> None:
    """Two who could not join the newest standup say it in writing; one of them waits for something."""
    held = select(Occurrence.date, Occurrence.starts_at).where(Occurrence.meeting_id == meeting_id)
    past = held.where(Occurrence.state == OccurrenceState.PLANNED, Occurrence.starts_at <= now)
    last = db.execute(past.order_by(Occurrence.date.desc()).limit(1)).one_or_none()
    if last is None:
        return
    said = (
        ("pegawai03", "Legalisasi akta selesai.", "Verifikasi permohonan KK pindah\nMenjawab WhatsApp", ""),
        ("pegawai09", "", "Perekaman di kecamatan", "Alat rekam sidik jari kedua belum kembali dari perbaikan."),
    )
    for username, done, doing, blocked in said:
        who, at = viewer(db, people, username, zone, now), last.starts_at - timedelta(minutes=20)
        written.write(db, who, meeting_id, last.date, done=done, doing=doing, blocked=blocked, seen=0, now=at)


def _note(db: Session, head: Viewer, meeting_id: int, people: Sequence[Person], *, now: datetime) -> None:
    """What came of the newest standup that was held before today: a decision, one thing done and two still open."""
    held = select(Occurrence.date, Occurrence.starts_at).where(Occurrence.meeting_id == meeting_id)
    planned = held.where(Occurrence.state == OccurrenceState.PLANNED, Occurrence.date < clock.local_day(now, head.zone))
    last = db.execute(planned.order_by(Occurrence.date.desc()).limit(1)).one_or_none()
    if last is None:
        return
    owners = {person.username: person.id for person in people}
    then = last.starts_at + timedelta(minutes=_STANDUP_MINUTES)
    said = (
        (ItemKind.DECISION, "Loket dua dibuka sampai pukul 15.00 selama perekaman di kecamatan.", None, None),
        (ItemKind.ACTION, "Hitung sisa blangko KTP-el dan laporkan.", "pegawai01", last.date + timedelta(days=3)),
        (ItemKind.ACTION, "Buat jadwal perekaman keliling pekan depan.", "kabid.dafduk", None),
        (ItemKind.ACTION, "Perbarui pengumuman syarat KIA di WhatsApp.", "pegawai02", last.date),
    )
    for number, (kind, text, who, due) in enumerate(said):
        minutes.add(
            db,
            head,
            meeting_id,
            last.date,
            kind=kind,
            text=text,
            owner_id=owners[who] if who else None,
            due=due,
            idempotency_key=str(UUID(int=50 + number)),
            now=then,
        )
    done = db.scalars(select(MeetingItem.id).order_by(MeetingItem.id.desc()).limit(1)).one()
    minutes.end(db, head, done, how=ItemEnd.DONE, seen=1, now=then + timedelta(hours=3))


def _move_one(db: Session, head: Viewer, meeting_id: int, *, now: datetime) -> None:
    """One date of the weeks to come is held in the afternoon, with an agenda of its own."""
    later = (Occurrence.starts_at > now + timedelta(days=6), Occurrence.state == OccurrenceState.PLANNED)
    mine = select(Occurrence).where(Occurrence.meeting_id == meeting_id, *later).order_by(Occurrence.date).limit(1)
    row = db.scalars(mine).one_or_none()
    if row is not None:
        version = db.get_one(Meeting, meeting_id).version
        agenda = "Gladi perekaman KTP-el di kecamatan."
        dates.change(
            db, head, meeting_id, row.id, version=version, day=row.date, starts_at=time(14), agenda=agenda, now=now
        )


def _free_hours(db: Session, office_id: int, zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Return the full hours of work to come this week, or of the next working day when the week is over."""
    today = clock.local_day(now, zone)
    calendar = workdays.calendar(db, office_id)
    days = [day for day in (today + timedelta(days=n) for n in range(30)) if calendar.is_working_day(day)]
    hours = [datetime.combine(day, time(hour), tzinfo=zone) for day in days for hour in (9, 10, 14, 15)]
    ahead = [hour for hour in hours if hour > now + timedelta(minutes=30)]
    week = ahead[0].isocalendar().week
    return [hour for hour in ahead if hour.isocalendar().week == week]


def viewer(db: Session, people: Sequence[Person], username: str, zone: ZoneInfo, now: datetime) -> Viewer:
    """The person as if signed in, since it is people who schedule meetings."""
    person = next(person for person in people if person.username == username)
    account, officer = db.get_one(Account, person.account_id), db.get_one(Officer, person.id)
    row = (
        select(Posting.division_id, Posting.position, Posting.role, Division.short_name)
        .select_from(Officer)
        .join(Posting, posting_on(clock.local_day(now, zone)))
        .outerjoin(Division, Division.id == Posting.division_id)
    )
    posted = db.execute(row.where(Officer.id == officer.id)).one()
    return Viewer(
        account_id=account.id,
        office_id=account.office_id,
        office_name=db.get_one(Office, account.office_id).name,
        zone=zone,
        officer_id=officer.id,
        division_id=posted.division_id,
        name=officer.name,
        position=posted.position,
        division_name=posted.short_name or "",
        role=posted.role,
    )
