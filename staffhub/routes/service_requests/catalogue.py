"""What the office offers: the list for everybody, a form for whoever leads the bidang."""

from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Line, Lines, Version
from staffhub.i18n import gettext as _
from staffhub.models import PAPERS, SLOT_STEP
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.service_requests import catalogue
from staffhub.web import redirect, render

router = pages()


class ServiceFields(Fields):
    name: Annotated[Line, StringConstraints(max_length=120)]
    name_en: Annotated[Line, StringConstraints(max_length=120)] | None = None
    needs_presence: bool = False
    days: Annotated[int, Field(ge=0, le=365)] | None = None
    hours: Annotated[int, Field(ge=1, le=2000)] | None = None
    papers: Annotated[Lines, StringConstraints(max_length=PAPERS)] | None = None
    quota: Annotated[int, Field(ge=1, le=1000)] | None = None
    minutes: Annotated[int, Field(ge=SLOT_STEP, le=240, multiple_of=SLOT_STEP)] | None = None
    version: Version | None = None

    def wish(self) -> catalogue.Wish:
        return catalogue.Wish(
            self.name,
            self.name_en or "",
            self.needs_presence,
            self.days,
            self.papers or "",
            self.quota,
            self.minutes,
            self.hours,
        )


class NewServiceFields(ServiceFields):
    division_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


@router.get("/requests/services")
def index(request: Request, db: DB, me: Me) -> Response:
    return render(
        request,
        "requests/catalogue.html",
        bidang=catalogue.everything(db, me),
        may_add=bool(catalogue.divisions_to_keep(db, me)),
    )


@router.get("/requests/services/new")
def new(request: Request, db: DB, me: Me) -> Response:
    me.require("services.edit")
    return _page(request, db, me, None, Form.blank("service", division_id=me.division_id))


@router.post("/requests/services")
def add(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("services.edit")
    form: Form[NewServiceFields] = Form.parse(NewServiceFields, posted, name="service")
    if form.data is None:
        return _page(request, db, me, None, form, status=422)
    try:
        catalogue.add(db, me, form.data.wish(), division_id=form.data.division_id, now=now)
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, None, form, status=error.status)
    return redirect(request, "/requests/services", said=_("%(name)s is offered from now on.", name=form.data.name))


@router.get("/requests/services/{service_id}")
def show(request: Request, service_id: RowId, db: DB, me: Me) -> Response:
    kept = catalogue.service_to_keep(db, me, service_id)
    one = kept.service
    form: Form[ServiceFields] = Form.blank(
        "service",
        name=one.name,
        name_en=one.name_en if one.name_en != one.name else "",
        needs_presence="1" if one.needs_presence else None,
        days=one.service_days,
        hours=one.service_hours,
        papers=one.papers,
        quota=one.daily_quota,
        minutes=one.slot_minutes,
        version=one.version,
    )
    return _page(request, db, me, kept, form)


@router.post("/requests/services/{service_id}")
def change(request: Request, service_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    kept = catalogue.service_to_keep(db, me, service_id)
    form: Form[ServiceFields] = Form.parse(ServiceFields, posted, name="service")
    if form.data is None:
        return _page(request, db, me, kept, form, status=422)
    try:
        catalogue.change(db, me, kept, form.data.wish(), seen=form.data.version, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        kept = catalogue.service_to_keep(db, me, service_id)
        form.refuse(error, version=kept.service.version)
        return _page(request, db, me, kept, form, status=error.status)
    return redirect(request, "/requests/services", said=_("%(name)s is written anew.", name=form.data.name))


@router.post("/requests/services/{service_id}/end")
def end(request: Request, service_id: RowId, db: DB, me: Me, now: Now) -> Response:
    kept = catalogue.service_to_keep(db, me, service_id)
    name = kept.service.name
    if catalogue.end(db, me, kept, now=now):
        said = _("%(name)s is removed: nobody had asked for it.", name=name)
    else:
        said = _("%(name)s is not offered any more. What was asked for before is worked off.", name=name)
    return redirect(request, "/requests/services", said=said)


@router.post("/requests/services/{service_id}/offer")
def offer_again(request: Request, service_id: RowId, db: DB, me: Me, now: Now) -> Response:
    kept = catalogue.service_to_keep(db, me, service_id)
    catalogue.offer_again(db, me, kept, now=now)
    return redirect(request, "/requests/services", said=_("%(name)s is offered again.", name=kept.service.name))


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    kept: catalogue.Kept | None,
    form: Form[NewServiceFields] | Form[ServiceFields],
    *,
    status: int = 200,
) -> Response:
    return render(
        request,
        "requests/service.html",
        status=status,
        invalid=bool(form.errors),
        kept=kept,
        used=kept is not None and catalogue.is_used(db, me, kept.service.id),
        form=form,
        divisions=catalogue.divisions_to_keep(db, me),
        longest=PAPERS,
        step=SLOT_STEP,
    )
