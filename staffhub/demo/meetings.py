"""The demo's meetings, scheduled like any other: the outbox then creates them on the Zoom sandbox."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.people import Person
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import Account, Division, MeetingKind, Office, Officer
from staffhub.security import Viewer

_WORKDAYS = (0, 1, 2, 3, 4)
_STANDUP_DATES = 20


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    """One standup on every working day and two single meetings in the days to come."""
    head = _viewer(db, people, "kadis", zone)
    division_head = _viewer(db, people, "kabid.dafduk", zone)
    soon = _free_hours(db, head.office_id, zone, now)
    plan.schedule(
        db,
        head,
        kind=MeetingKind.STANDUP,
        topic="Apel pagi daring",
        agenda="Siapa di mana hari ini, apa yang tertahan, siapa perlu bantuan.",
        starts_on=_first_day(time(7, 45), zone, now),
        starts_at=time(7, 45),
        minutes=15,
        weekdays=_WORKDAYS,
        occurrences=_STANDUP_DATES,
        audience=Audience(everyone=True),
        idempotency_key=str(UUID(int=1)),
        now=now,
    )
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


def _first_day(at: time, zone: ZoneInfo, now: datetime) -> date:
    today = clock.local_day(now, zone)
    return today if clock.at_local(today, at, zone) > now else today + timedelta(days=1)


def _free_hours(db: Session, office_id: int, zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Return the full hours of work to come this week, or of the next working day when the week is over."""
    today = clock.local_day(now, zone)
    calendar = workdays.calendar(db, office_id, today, today + timedelta(days=30))
    days = [day for day in (today + timedelta(days=n) for n in range(30)) if calendar.is_working_day(day)]
    hours = [datetime.combine(day, time(hour), tzinfo=zone) for day in days for hour in (9, 10, 14, 15)]
    ahead = [hour for hour in hours if hour > now + timedelta(minutes=30)]
    week = ahead[0].isocalendar().week
    return [hour for hour in ahead if hour.isocalendar().week == week]


def _viewer(db: Session, people: Sequence[Person], username: str, zone: ZoneInfo) -> Viewer:
    """The person as if signed in, since it is people who schedule meetings."""
    person = next(person for person in people if person.username == username)
    account, officer = db.get_one(Account, person.account_id), db.get_one(Officer, person.id)
    division = db.scalar(select(Division.short_name).where(Division.id == officer.division_id))
    return Viewer(
        account_id=account.id,
        office_id=account.office_id,
        office_name=db.get_one(Office, account.office_id).name,
        zone=zone,
        officer_id=officer.id,
        division_id=officer.division_id,
        name=officer.name,
        position=officer.position,
        division_name=division or "",
        role=account.role,
    )
