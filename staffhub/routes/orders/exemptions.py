"""/exemptions: circulars that let people work from home or excuse them, and what is taken back of them."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, office
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import Meaning
from staffhub.orders import exempted, exemptions
from staffhub.reports import words
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, pages
from staffhub.routes.finding import NAME, AnyForm, found_for, sought_in
from staffhub.routes.orders.fields import ExemptionFields, TakeBackFields
from staffhub.security import Viewer
from staffhub.web import query, redirect, render, typed_before

router = pages()
_NAMED = 200  # names that stand on the page before it is written; all of them stand on its own page


@router.get("/exemptions")
def listed(request: Request, db: DB, me: Me, now: Now, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    found = exempted.exemptions(db, me, page=page)
    here = partial(query, "/exemptions")
    return render(
        request,
        "orders/exemptions.html",
        found=found,
        today=clock.local_day(now, me.zone),
        meaning=words.exemption,
        for_whom=partial(exempted.for_whom, db, me.office_id),
        pager={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": here(page=page - 1) if page > 1 else None,
            "next_url": here(page=page + 1) if found.last < found.total else None,
        },
    )


@router.get("/exemptions/new")
def new(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("exemptions.write")
    form: AnyForm = Form.blank(
        "exemption",
        first=clock.local_day(now, me.zone),
        meaning=Meaning.HOME.value,
        officer=typed_before(request, "/exemptions", "officer"),
        idempotency_key=uuid4(),
    )
    return _form_page(request, db, me, now, form)


def _form_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: AnyForm,
    *,
    look: exemptions.Look | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "orders/exemption_new.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        look=look,
        named=_NAMED,
        found=found_for(db, me, form, clock.local_day(now, me.zone)),
        divisions=[(one.id, one.short_name) for one in office.divisions(db, me.office_id).values()],
        meanings=[(one.value, words.exemption(one)) for one in Meaning],
        find_at="/orders/people?form=exemption",
    )


@router.post("/exemptions", dependencies=[TakesLong])
def write(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Write an exemption: the first press shows for whom it is and what has to be told, the second one writes it."""
    me.require("exemptions.write")
    form: AnyForm = Form.parse(ExemptionFields, posted, name="exemption")
    if sought_in(form):
        form.errors.clear()
        return _form_page(request, db, me, now, form)
    if form.data is None:
        return _form_page(request, db, me, now, form, status=Refused.status)
    key = form.data.idempotency_key
    try:
        look = exemptions.look_at(db, me, form.data.draft(), key=key, now=now)
        if not look.there and look.digest != form.data.told:
            form.typed["told"] = [look.digest]
            return _form_page(request, db, me, now, form, look=look)
        written = exemptions.write(db, me, look, key=key, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _form_page(request, db, me, now, form, status=error.status)
    said = _("It was written already.")
    if written.first_time:
        said = ngettext(
            "The exemption is written for %(num)s person.",
            "The exemption is written for %(num)s people.",
            written.people,
        )
    return redirect(request, f"/exemptions/{written.exemption_id}", said=said)


@router.get("/exemptions/{exemption_id}")
def one(
    request: Request,
    exemption_id: RowId,
    db: DB,
    me: Me,
    q: Annotated[str, Query(max_length=NAME)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    return _page(request, db, me, exemption_id, q=q.strip(), page=page)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    exemption_id: int,
    *,
    q: str = "",
    page: int = 1,
    form: AnyForm | None = None,
    status: int = 200,
) -> Response:
    shown = exempted.exemption_for(db, me, exemption_id, q=q, page=page)
    here = partial(query, f"/exemptions/{exemption_id}", q=q)
    blank: AnyForm = Form.blank("back", whom="all", version=shown.version, idempotency_key=uuid4())
    return render(
        request,
        "orders/exemption.html",
        block="exempted_people",
        status=status,
        invalid=bool(form and form.errors),
        exemption=shown,
        form=form or blank,
        meaning=words.exemption,
        for_whom=exempted.for_whom(db, me.office_id, shown.scope, shown.total),
        q=q,
        pager={
            "first": shown.since,
            "last": shown.until,
            "total": shown.found,
            "previous_url": here(page=page - 1) if page > 1 else None,
            "next_url": here(page=page + 1) if shown.until < shown.found else None,
        },
    )


@router.post("/exemptions/{exemption_id}/take-back", dependencies=[TakesLong])
def take_back(request: Request, exemption_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("exemptions.write")
    form: AnyForm = Form.parse(TakeBackFields, posted, name="back")
    given = form.data
    if given is None:
        return _page(request, db, me, exemption_id, form=form, status=Refused.status)
    try:
        people = exemptions.take_back(
            db,
            me,
            exemption_id,
            first=given.first,
            last=given.last,
            officers=given.officer if given.whom == "some" else None,
            reason=given.reason,
            seen=given.version,
            key=given.idempotency_key,
            now=now,
        )
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=exempted.exemption_for(db, me, exemption_id).version)
        return _page(request, db, me, exemption_id, form=form, status=error.status)
    said = ngettext("Taken back for %(num)s person.", "Taken back for %(num)s people.", people)
    return redirect(request, f"/exemptions/{exemption_id}", said=said if people else _("It was done already."))
