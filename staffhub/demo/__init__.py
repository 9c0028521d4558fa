"""The demo office: an invented Disdukcapil with four weeks of history up to this minute. Same seed, same data."""

import random
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock, founding
from staffhub.demo import (
    appointments,
    asked,
    calendars,
    days,
    doors,
    joined,
    leave,
    leaving,
    machines,
    meetings,
    notices,
    orders,
    outages,
    people,
    plans,
    programs,
    published,
    requests,
    roll_calls,
    roster,
    rules,
    signing,
    swaps,
)
from staffhub.errors import Conflict
from staffhub.i18n import gettext as _
from staffhub.models import AuditEvent, Office
from staffhub.settings import Settings

OFFICE = "Disdukcapil Kabupaten Contoh"
_SEED = 20200323  # the day the newspaper wrote about the office
_VERB = "demo.seeded"


def seeded_on(db: Session, settings: Settings) -> date | None:
    """Return the day whose picture the demo data are, or None when there are none."""
    at = db.scalar(select(AuditEvent.at).where(AuditEvent.verb == _VERB).order_by(AuditEvent.id).limit(1))
    return clock.local_day(at, settings.zone) if at else None


def seed(db: Session, settings: Settings, *, now: datetime) -> bool:
    """Fill an empty database; False when the demo is there already. Raises Conflict on an office of real people."""
    if seeded_on(db, settings):
        return False
    if db.scalar(select(Office.id).limit(1)):
        raise Conflict(_("This database already holds an office. Demo data only go into an empty database."))
    rng = random.Random(_SEED)
    zone, today = settings.zone, clock.local_day(now, settings.zone)
    since = today - timedelta(days=plans.HISTORY)
    office = founding.found_office(
        db,
        name=OFFICE,
        timezone=settings.timezone,
        now=now,
        government="Pemerintah Kabupaten Contoh",
        address="Jalan Contoh 1",
    )
    office.recorded_from = since
    office.phone, office.email, office.signing_place = "0431000000", "disdukcapil@contoh.go.id", "Contoh"
    office.head_title = "Kepala Dinas"
    password = settings.demo_password.get_secret_value()
    cast = people.seat(db, office.id, password=password, since=since, now=now, rng=rng)
    plans.add_local_holiday(db, office.id, today)
    published.write(db, cast, since=since, zone=zone, now=now)
    plans.write(db, office.id, cast, today=today, now=now, rng=rng)
    leave.write(db, office.id, cast, zone=zone, now=now)
    handled = requests.write(db, office.id, cast, zone=zone, now=now, rng=rng)
    days.write(db, office.id, cast, handled, zone=zone, now=now, rng=rng)
    opened = clock.at_local(since, time(8), zone)
    doors.write(db, cast, password=password, since=opened, zone=zone, now=now)
    doors.devices(db, office.id, cast, today=today, now=now)
    machines.write(db, cast, zone=zone, now=now)
    meetings.write(db, cast, since=since, zone=zone, now=now, rng=rng)
    joined.write(db, office.id, now=now)
    leaving.write(db, cast, zone=zone, now=now)
    rules.write(db, cast, zone=zone, now=now)
    roll_calls.write(db, cast, zone=zone, now=now)
    leave.halves(db, cast, zone=zone, now=now)
    orders.write(db, cast, zone=zone, now=now)
    outages.write(db, cast, zone=zone, now=now)
    appointments.write(db, cast, zone=zone, now=now)
    swaps.write(db, cast, zone=zone, now=now)
    swaps.call(db, cast, zone=zone, now=now)
    notices.write(db, office.id, now=now)
    calendars.write(db, cast, zone=zone, now=now)
    asked.write(db, cast, zone=zone, now=now)
    signing.write(db, office.id, cast, zone=zone, now=now)
    roster.write(db, cast, zone=zone, now=now)
    programs.write(db, office.id, password=password, now=now)
    audit.record(db, None, _VERB, "office", office.id, now=now, office_id=office.id, officers=len(cast))
    return True
