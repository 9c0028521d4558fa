"""Silence: nobody gets an e-mail on a leave, a holiday or a free day, nor before work begins."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.days.record import planned_span

# Whoever is away for longer is looked at again then.
_AHEAD = 31


def quiet_until(db: Session, office_id: int, officer_id: int, now: datetime) -> datetime | None:
    """Return when this officer's next work begins, or None while today's has begun."""
    zone = office.facts(db, office_id).zone
    today = clock.local_day(now, zone)
    days = [today + timedelta(days=n) for n in range(_AHEAD)]
    book = workdays.plans(db, office_id, today, days[-1], officers=[officer_id])
    spans = (planned_span(day, book.of(officer_id, day), zone) for day in days)
    starts = next((span[0] for span in spans if span), now + timedelta(days=_AHEAD))
    return starts if starts > now else None
