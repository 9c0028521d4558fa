"""Appointments of the demo: who comes for an e-KTP today and tomorrow, who came, who did not, who was forgotten."""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import Appointment, Channel, ServiceRequest, new_code
from staffhub.office import Service
from staffhub.security import Viewer
from staffhub.service_requests import correcting, one, steps
from staffhub.service_requests.appointments import giving, slots

_CODE = "ektp_recording"
_ASKED = ("Ibu Novi R.", "Sdr. Brayen K.", "Bpk. Mansur L.", "Ibu Rahel W.", "Sdri. Stela T.", "Sdr. Jefri P.",
          "Bpk. Yance M.")  # fmt: skip
_A_DAY = timedelta(days=1)


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    head = viewer(db, people, "kabid.dafduk", zone, now)
    today, calendar = clock.local_day(now, zone), workdays.calendar(db, head.office_id)
    around = [today + n * _A_DAY for n in range(-14, 15)]
    days = [day for day in around if calendar.is_working_day(day)]
    past, ahead = [day for day in days if day < today][-2:], [day for day in days if day >= today][:2]
    service = next(one for one in slots.services_of(db, head, head.division_id or 0).values() if one.code == _CODE)
    asked = [_ask(db, head, turn, now=clock.at_local(past[0], time(8, turn), zone)) for turn in range(len(_ASKED))]
    came, missed = _give(db, head, service, asked[:2], past[1], now=clock.at_local(past[0], time(14), zone))
    giving.came(db, head, came, now=clock.at_local(past[1], came.starts, zone))
    giving.did_not_come(db, head, missed, now=clock.at_local(past[1], time(15), zone))
    _give(db, head, service, asked[6:], past[1], now=clock.at_local(past[0], time(14), zone))  # nobody noted who came
    _correct(db, head, asked[0], now=clock.at_local(past[1], time(15, 10), zone))
    written = clock.at_local(past[1], time(15, 30), zone)
    for day, of_day in zip(ahead, (asked[2:4], asked[4:6]), strict=True):
        first = _give(db, head, service, of_day, day, now=written)[0]
        giving.told(db, head, first, now=written)
        if day == ahead[0]:
            giving.confirm(db, head, first, sure=True, now=written + timedelta(minutes=20))


def _ask(db: Session, me: Viewer, turn: int, *, now: datetime) -> int:
    key, phone = str(UUID(int=300 + turn)), f"0812000700{turn:02}"
    facts = {"service_type": _CODE, "applicant": _ASKED[turn], "channel": Channel.WHATSAPP, "phone": phone}
    taken = steps.take_in(db, me, **facts, key=key, now=now)  # type: ignore[arg-type]
    code = new_code(random.Random(300 + turn).choice)
    db.execute(update(ServiceRequest).where(ServiceRequest.id == taken.id).values(public_code=code))
    return taken.id


def _correct(db: Session, me: Viewer, request_id: int, *, now: datetime) -> None:
    """Put right what was misheard at the counter."""
    request = one.request_for(db, me, request_id, now=now)
    facts = correcting.facts_of(db, me, request)._replace(applicant="Ibu Novie R.", phone="081200070090")
    correcting.correct(db, me, request, facts, now=now)


def _give(
    db: Session, me: Viewer, service: Service, requests: Sequence[int], day: date, *, now: datetime
) -> list[Appointment]:
    """Give the first free slots of a day."""
    free = slots.book(db, me, service.division_id, now=now).free(service, day)
    wanted = [giving.Wanted(id_, day, slot.starts) for id_, slot in zip(requests, free, strict=False)]
    giving.give(db, me, wanted, now=now)
    given = select(Appointment).where(Appointment.request_id.in_([one.request_id for one in wanted]))
    return list(db.scalars(given.order_by(Appointment.starts)))
