"""What the citizen is told of a request, in a message and on the page without an account: never who asked for what."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Protocol
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from staffhub import dated, i18n
from staffhub.i18n import gettext as _
from staffhub.models import RequestState
from staffhub.security import Viewer
from staffhub.service_requests.one import Event, Request
from staffhub.typed import whatsapp_number


def missing(steps: Sequence[Event]) -> str:
    """Return what the citizen was asked for last, of a history with the newest step first."""
    return next((step.note for step in steps if step.moved and step.state is RequestState.WAITING), "")


def message(request: Request, me: Viewer, *, missing: str, page: str) -> str:
    """A line for the applicant: where it stands, what to do next, and where that can be looked up (`page`).

    In Indonesian whatever the officer reads, and with the short code alone: it tells nobody else who asked for what.
    """
    with i18n.in_locale("id"):
        told = told_of(
            request.state,
            request.public_code,
            in_person=request.needs_presence and not request.by_appointment,
            missing=missing,
        )
        look = _("See how far it is: %(page)s (this code and the last 4 digits of your telephone number).", page=page)
        return " ".join(filter(None, (told, look if request.phone else "", me.office_name)))


def coming(code: str, where: str, day: date, starts: time, zone: ZoneInfo) -> str:
    """When to come, where a slot is given; `starts` is the office's time."""
    return _(
        "Request %(code)s: come to %(office)s on %(day)s at %(at)s %(zone)s.",
        code=code,
        office=where,
        day=dated.long_day(day),
        at=i18n.clock(starts),
        zone=datetime.combine(day, starts, zone).tzname(),
    )


def told_of(state: RequestState, code: str, *, in_person: bool, missing: str) -> str:
    if state is RequestState.DEFERRED and in_person:
        return _(
            "Request %(code)s waits for you: come to the office in person on a working day and tell this code.",
            code=code,
        )
    if state is RequestState.WAITING and missing:
        return _(
            "Request %(code)s is not complete yet. Still missing: %(missing)s. Send it to the office by WhatsApp, "
            "then we go on with it.",
            code=code,
            missing=missing.rstrip(" ."),
        )
    told = {
        RequestState.NEW: _("Request %(code)s was received. You need not do anything now.", code=code),
        RequestState.CHECKING: _(
            "Request %(code)s is being checked. You need not do anything now; we write if something is missing.",
            code=code,
        ),
        RequestState.WAITING: _(
            "Request %(code)s is not complete yet. Send the missing papers to the office by WhatsApp, "
            "then we go on with it.",
            code=code,
        ),
        RequestState.DEFERRED: _(
            "Request %(code)s waits for its turn. You need not do anything now; we write when it goes on.", code=code
        ),
        RequestState.SIGNING: _(
            "Request %(code)s was checked and waits for a signature. You need not do anything now.", code=code
        ),
        RequestState.READY: _(
            "Request %(code)s is ready. Collect it at the office on a working day and tell this code.", code=code
        ),
        RequestState.DONE: _("Request %(code)s is done. There is nothing left for you to do.", code=code),
        RequestState.CANCELLED: _(
            "Request %(code)s was cancelled. If you still need it, send us a new request.", code=code
        ),
    }
    return told[state]


class Called(Protocol):
    @property
    def phone(self) -> str: ...


def whatsapp_link(request: Called, text: str) -> str | None:
    """Return the address that opens a chat with the applicant, the text in it; None without a usable number."""
    number = whatsapp_number(request.phone)
    return number and f"https://wa.me/{number}?{urlencode({'text': text}, quote_via=quote)}"
