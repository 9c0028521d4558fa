"""Disturbances of the demo office: a power cut that HR confirmed, and a morning of which the program itself noticed."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import OutageAct, OutageKind, Trouble, TroubleSign
from staffhub.outages import proposing, steps


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr = viewer(db, people, "kepegawaian", zone, now)
    calendar = workdays.calendar(db, hr.office_id)
    before = (clock.local_day(now, zone) - timedelta(days=n) for n in range(1, 30))
    days = [day for day in before if calendar.is_working_day(day)]
    cut = steps.Draft(
        OutageKind.APP,
        clock.at_local(days[6], time(7, 15), zone),
        clock.at_local(days[6], time(7, 50), zone),
        "Pemberitahuan PLN: listrik padam di kantor",
    )
    outage_id = steps.enter(db, hr, cut, key=str(UUID(int=300)), now=now)
    wish = steps.Decision(OutageAct.CONFIRMED, cut.first, cut.last, "", None, str(UUID(int=301)))
    steps.decide(db, hr, outage_id, wish, now=now)
    _notice(db, hr.office_id, people, days[0], zone)


def _notice(db: Session, office_id: int, people: Sequence[Person], day: date, zone: ZoneInfo) -> None:
    """Six minutes around the start of work in which the database was away, and some pressed in vain."""
    first = clock.at_local(day, time(7, 27), zone)
    minutes = [first + timedelta(minutes=n) for n in range(6)]
    met = [one.id for one in people[3:9]]
    sign = {"office_id": office_id, "batch": "demo", "kind": Trouble.AWAY}
    rows = [
        {"first": at, "last": at + timedelta(minutes=1), "count": 3 + n, "officers": met[n : n + 2]}
        for n, at in enumerate(minutes)
    ]
    db.execute(insert(TroubleSign), [sign | row for row in rows])
    proposing.propose(db, office_id, now=clock.at_local(day, time(9), zone))
