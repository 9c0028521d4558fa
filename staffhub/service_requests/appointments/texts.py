"""What is written to the citizen of an appointment, and who was written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, i18n, office
from staffhub.i18n import gettext as _
from staffhub.models import Appointment, AppointmentState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests import telling
from staffhub.service_requests.appointments.shown import OfRequest
from staffhub.service_requests.one import Request


@dataclass(frozen=True)
class Text:
    """`chat`: where WhatsApp opens with the text in it; None: no number of a mobile telephone is kept."""

    id: int
    request_id: int
    number: str
    applicant: str
    date: date
    starts: time
    text: str
    chat: str | None


def invitation(db: Session, me: Viewer, code: str, day: date, starts: time, papers: Sequence[str]) -> str:
    """In Indonesian whatever the officer reads; with the short code alone, never with a name beside it."""
    known = office.facts(db, me.office_id)
    with i18n.in_locale("id"):
        where = ", ".join(filter(None, (known.name, known.address)))
        said = telling.coming(code, where, day, starts, me.zone)
        bring = _("Bring: %(papers)s.", papers=", ".join(papers)) if papers else ""
        return " ".join(filter(None, (said, bring, _("Answer YA if you come; if you cannot, tell us so."))))


def invited(db: Session, me: Viewer, request: Request, appointments: Sequence[OfRequest], *, now: datetime) -> str:
    """A line for the applicant: when to come; "" while no slot is given, and once it has begun."""
    here = now.astimezone(me.zone)
    ahead = next((each for each in appointments if each.is_ahead and not each.slot.has_begun(here)), None)
    if ahead is None:
        return ""
    return invitation(db, me, request.public_code, ahead.slot.date, ahead.slot.starts, request.papers)


def to_send(db: Session, me: Viewer, division_id: int, *, now: datetime) -> list[Text]:
    """Return whom nobody has written to yet, with their numbers; that somebody looked at these is written down."""
    given, request, here = Appointment, ServiceRequest, now.astimezone(me.zone)
    to_come = (given.date > here.date()) | (given.date == here.date()) & (given.starts > here.time())
    kinds = office.services(db, me.office_id)
    found = db.execute(
        select(
            given.id, given.date, given.starts, given.service_type_id,
            request.id.label("request_id"), request.number, request.applicant, request.phone, request.public_code,
        )
        .join(request, request.id == given.request_id)
        .where(given.office_id == me.office_id, given.division_id == division_id)
        .where(given.state == AppointmentState.INVITED, to_come)
        .order_by(given.date, given.starts, given.id)
    ).all()  # fmt: skip
    if found:
        ids = [row.request_id for row in found]
        audit.record(db, me, "request.phones_shown", "division", division_id, now=now, requests=ids)
    texts = []
    for row in found:
        papers = kinds[row.service_type_id].papers.splitlines()
        text = invitation(db, me, row.public_code, row.date, row.starts, papers)
        chat = telling.whatsapp_link(row, text)
        texts.append(Text(row.id, row.request_id, row.number, row.applicant, row.date, row.starts, text, chat))
    return texts
