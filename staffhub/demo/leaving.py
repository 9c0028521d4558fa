"""Somebody who leaves the demo office next week, and what lies with him: a request, a meeting, a plan, his people."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import MeetingKind, Officer, PlanLayer, PlanMode, ServiceRequest, ServiceType
from staffhub.roster import grants
from staffhub.service_requests import one, steps
from staffhub.service_requests.owners import OPEN

_NAME = "Berty Sondakh"


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    """The head of a bidang retires in a week; he has the right to organise, so that a meeting is left, too."""
    person = next(one for one in people if one.name == _NAME)
    head, leaver = viewer(db, people, "kadis", zone, now), viewer(db, people, person.username, zone, now)
    last = clock.local_day(now, zone) + timedelta(days=7)
    db.get_one(Officer, person.id).active_to = last
    calendar = workdays.calendar(db, leaver.office_id)
    after = [day for day in (last + timedelta(days=n) for n in range(1, 30)) if calendar.is_working_day(day)]
    plan.schedule(
        db,
        leaver,
        kind=MeetingKind.SINGLE,
        topic="Serah terima berkas akta",
        agenda="Berkas yang belum selesai, pembagian loket, register tahun ini.",
        starts_on=after[1],
        starts_at=time(10, 0),
        minutes=45,
        audience=Audience(divisions=(leaver.division_id or 0,)),
        idempotency_key=str(UUID(int=4)),
        now=now,
    )
    row = {"office_id": leaver.office_id, "officer_id": person.id, "layer": PlanLayer.DUTY, "mode": PlanMode.FIELD}
    told = {
        "note": "Pencatatan nikah di Kec. Contoh Utara, ST 094/133",
        "document": "ST 094/133",
        "on_free_days": False,
    }
    when = {"first": after[2], "last": after[3], "created_by": head.account_id, "created_at": now}
    grants.lay(db, [row | told | when])
    ours = select(ServiceType.id).where(ServiceType.division_id == leaver.division_id)
    open_one = select(ServiceRequest.id).where(
        ServiceRequest.office_id == leaver.office_id,
        ServiceRequest.service_type_id.in_(ours),
        ServiceRequest.state.in_(OPEN),
        ServiceRequest.assignee_id.is_not(None),
    )
    request_id = db.scalars(open_one.order_by(ServiceRequest.id.desc()).limit(1)).first()
    if request_id is not None:
        request = one.request_for(db, head, request_id, now=now)
        steps.assign(db, head, request, assignee_id=person.id, note="Perlu keputusan kepala bidang", now=now)
