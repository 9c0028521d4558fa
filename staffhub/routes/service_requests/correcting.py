"""What was taken in wrongly of a request is put right, on a page of its own."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Phone, Version, Word
from staffhub.i18n import gettext as _
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.service_requests.fields import Applicant, Reference, Seen
from staffhub.security import Viewer
from staffhub.service_requests import correcting, duplicates, one, steps, words
from staffhub.service_requests.correcting import Facts
from staffhub.web import redirect, render

router = pages()


class CorrectFields(Fields):
    """A blank `phone` leaves the number as it is, which the page does not show; `no_phone` takes it out."""

    service_type: Annotated[Word, StringConstraints(max_length=40)]
    applicant: Applicant
    phone: Phone | None = None
    no_phone: bool = False
    siak_reference: Reference | None = None
    seen: Seen | None = None
    version: Version | None = None


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    row: one.Request,
    form: Form[CorrectFields],
    *,
    same: Sequence[duplicates.Same] = (),
    status: int = 200,
) -> Response:
    kinds = words.services(db, me.office_id).values()
    return render(
        request,
        "requests/correct.html",
        status=status,
        invalid=bool(form.errors),
        row=row,
        form=form,
        services=[one for one in kinds if not one.ended or one.id == row.service_id],
        masked=one.masked(row.phone),
        same=same,
    )


@router.get("/requests/{request_id}/correct")
def show(request: Request, request_id: RowId, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    if not row.is_open:
        raise Conflict(steps.already(row))
    facts = correcting.facts_of(db, me, row)._asdict() | {"phone": None}
    return _page(request, db, me, row, Form.blank("correct", **facts, version=row.version))


@router.post("/requests/{request_id}/correct")
def correct(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    form = Form.parse(CorrectFields, posted, name="correct")
    if form.data and form.data.phone and form.data.no_phone:
        form.refuse(Refused(_("Write a number or take it out, not both."), field="phone"))
    if form.data is None:
        return _page(request, db, me, row, form, status=422)
    given = form.data
    phone = "" if given.no_phone else given.phone or row.phone
    facts = Facts(given.service_type, given.applicant, phone, given.siak_reference or "")
    try:
        done = correcting.correct(db, me, row, facts, seen=given.seen or "", version=given.version, now=now)
    except duplicates.AlreadyAsked as question:
        undo(db)
        form.typed["seen"] = [question.mark]
        form.errors[""] = _("This number has asked for the same service already. Look at it first, or save it as well.")
        return _page(request, db, me, row, form, same=question.found, status=question.status)
    except (Refused, Conflict) as error:
        undo(db)
        row = one.request_to_work_on(db, me, request_id, now=now)
        form.refuse(error, version=row.version)
        return _page(request, db, me, row, form, status=error.status)
    return redirect(request, f"/requests/{request_id}", said=_said(row, done))


def _said(row: one.Request, done: correcting.Corrected) -> str:
    if not done.fields:
        return _("%(number)s stands so already; nothing was changed.", number=row.number)
    if done.division:
        return _("%(number)s is corrected. It is with %(division)s now, and has no officer yet.",
                 number=row.number, division=done.division)  # fmt: skip
    return _(
        "%(number)s is corrected: %(fields)s.", number=row.number, fields=", ".join(correcting.labels(done.fields))
    )
