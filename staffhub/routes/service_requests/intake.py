"""A new request."""

from collections.abc import Sequence
from typing import Annotated
from uuid import uuid4

from fastapi import Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import office
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Phone, Word
from staffhub.i18n import gettext as _
from staffhub.models import Channel, RequestState
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.service_requests.fields import Applicant, Note, Reference, Seen
from staffhub.security import Viewer
from staffhub.service_requests import duplicates, pasting, steps, words
from staffhub.web import redirect, render

router = pages()

# characters of a message
_LONGEST = 4000


class RequestFields(Fields):
    service_type: Annotated[Word, StringConstraints(max_length=40)]
    applicant: Applicant
    phone: Phone | None = None
    channel: Channel
    urgent: bool = False
    urgent_why: Note | None = None
    siak_reference: Reference | None = None
    note: Note | None = None
    seen: Seen | None = None
    idempotency_key: Key


class PasteFields(Fields):
    message: Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST)]


def channels() -> dict[Channel, str]:
    return {Channel.WHATSAPP: "WhatsApp", Channel.APP: _("Application"), Channel.COUNTER: _("Counter")}


def form_page(
    request: Request,
    db: Session,
    me: Viewer,
    form: Form[RequestFields] | None = None,
    *,
    same: Sequence[duplicates.Same] = (),
    paste: Form[PasteFields] | None = None,
    found: pasting.Found | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "requests/new.html",
        status=status,
        invalid=bool((form and form.errors) or (paste and paste.errors)),
        form=form or Form.blank("request", idempotency_key=uuid4(), channel=Channel.WHATSAPP),
        services=[one for one in words.services(db, me.office_id).values() if not one.ended],
        channels=channels(),
        same=same,
        paste=paste or Form.blank("paste"),
        found=found,
        longest=_LONGEST,
    )


@router.post("/requests/paste")
def read_message(request: Request, posted: Posted, db: DB, me: Me) -> Response:
    """Show the form with what was found; nothing is stored before the officer has confirmed it."""
    me.require("requests")
    paste: Form[PasteFields] = Form.parse(PasteFields, posted, name="paste")
    if paste.data is None:
        return form_page(request, db, me, paste=paste, status=422)
    offered = office.services(db, me.office_id).values()
    found = pasting.read(paste.data.message, {one.code: (one.name, one.name_en) for one in offered if not one.ended})
    told = {"applicant": found.applicant, "phone": found.phone, "service_type": found.service}
    filled: Form[RequestFields] = Form.blank(
        "request",
        idempotency_key=uuid4(),
        channel=Channel.WHATSAPP,
        **{name: text or None for name, text in told.items()},
    )
    return form_page(request, db, me, filled, found=found)


@router.post("/requests")
def take_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests")
    form = Form.parse(RequestFields, posted, name="request")
    if form.data is None:
        return form_page(request, db, me, form, status=422)
    given = form.data
    try:
        taken = steps.take_in(
            db,
            me,
            service_type=given.service_type,
            applicant=given.applicant,
            phone=given.phone or "",
            channel=given.channel,
            urgent=given.urgent,
            urgent_why=given.urgent_why or "",
            siak_reference=given.siak_reference or "",
            note=given.note or "",
            # Who leaves it out, as programs do, is not asked.
            seen=(given.seen or "") if "seen" in posted else None,
            key=given.idempotency_key,
            now=now,
        )
    except duplicates.AlreadyAsked as question:
        undo(db)
        form.typed["seen"] = [question.mark]
        form.errors[""] = question.message
        return form_page(request, db, me, form, same=question.found, status=question.status)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return form_page(request, db, me, form, status=error.status)
    return redirect(request, f"/requests/{taken.id}", said=_said(taken))


def _said(taken: steps.Taken) -> str:
    if taken.again:
        return _("%(number)s was already recorded; nothing was added.", number=taken.number)
    if taken.state is RequestState.DEFERRED:
        return _("%(number)s is recorded. It waits until the applicant can come in person.", number=taken.number)
    return _("%(number)s is recorded.", number=taken.number)
