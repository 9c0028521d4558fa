"""/orders/{id}: one order, what is changed of it, and its print."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.orders import changes, reading
from staffhub.orders.told import NOTHING, Told
from staffhub.reports import words
from staffhub.reports.documents import duty_order, press
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, pages
from staffhub.routes.finding import AnyForm, found_for, sought_in
from staffhub.routes.orders.fields import PeopleFields, ShortenFields, StepFields
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


@router.get("/orders/{order_id}")
def one(request: Request, order_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, order_id)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    order_id: int,
    *,
    form: AnyForm | None = None,
    told: Told = NOTHING,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    order = reading.order_for(db, me, order_id)
    forms = {name: _blank(name, order) for name in ("add", "out", "shorten", "withdraw")}
    if form:
        forms[form.name] = form
    return render(
        request,
        "orders/one.html",
        status=status,
        invalid=bool(form and form.errors),
        order=order,
        state=order.state(today),
        forms=forms,
        open_form=form.name if form else "",
        told=told,
        found=found_for(db, me, forms["add"], today),
        find_at="/orders/people?form=add",
        duty_name=words.duty,
        today=today,
    )


def _blank(name: str, order: reading.Order) -> AnyForm:
    return Form.blank(name, version=order.version, idempotency_key=uuid4())


def _changed(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    order_id: int,
    form: AnyForm,
    change: Callable[[Any], Told | bool | None],
    said: str,
) -> Response:
    """Do one step; what has to be told first, and every refusal, stands in its own form."""
    if form.data is None:
        reading.order_for(db, me, order_id)
        return _page(request, db, me, now, order_id, form=form, status=Refused.status)
    try:
        told = change(form.data)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=reading.order_for(db, me, order_id).version)
        return _page(request, db, me, now, order_id, form=form, status=error.status)
    if isinstance(told, Told):
        form.typed["told"] = [told.digest]
        return _page(request, db, me, now, order_id, form=form, told=told)
    return redirect(request, f"/orders/{order_id}", said=said if told is not False else _("It was done already."))


@router.post("/orders/{order_id}/officers")
def add(request: Request, order_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("orders.write")
    form: AnyForm = Form.parse(PeopleFields, posted, name="add")
    if sought_in(form):
        form.errors.clear()
        return _page(request, db, me, now, order_id, form=form)

    def change(given: PeopleFields) -> Told | None:
        facts: dict[str, Any] = {"officers": given.officer, "reason": given.reason, "told": given.told}
        return changes.add(db, me, order_id, **facts, seen=given.version, key=given.idempotency_key, now=now)

    return _changed(request, db, me, now, order_id, form, change, _("They are on the order now."))


@router.post("/orders/{order_id}/officers/take-out")
def take_out(request: Request, order_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("orders.write")
    form: AnyForm = Form.parse(PeopleFields, posted, name="out")

    def change(given: PeopleFields) -> bool:
        facts: dict[str, Any] = {"officers": given.officer, "reason": given.reason}
        return changes.take_out(db, me, order_id, **facts, seen=given.version, key=given.idempotency_key, now=now)

    return _changed(request, db, me, now, order_id, form, change, _("They are taken off the order."))


@router.post("/orders/{order_id}/shorten")
def shorten(request: Request, order_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("orders.write")
    form: AnyForm = Form.parse(ShortenFields, posted, name="shorten")

    def change(given: ShortenFields) -> bool:
        facts: dict[str, Any] = {"last": given.last, "reason": given.reason}
        return changes.shorten(db, me, order_id, **facts, seen=given.version, key=given.idempotency_key, now=now)

    return _changed(request, db, me, now, order_id, form, change, _("The order ends earlier now."))


@router.post("/orders/{order_id}/withdraw")
def withdraw(request: Request, order_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("orders.write")
    form: AnyForm = Form.parse(StepFields, posted, name="withdraw")

    def change(given: StepFields) -> bool:
        return changes.withdraw(
            db, me, order_id, reason=given.reason, seen=given.version, key=given.idempotency_key, now=now
        )

    return _changed(request, db, me, now, order_id, form, change, _("The order is withdrawn; it holds for nobody."))


@router.get("/orders/{order_id}/print", dependencies=[TakesLong])
def print_(order_id: RowId, db: DB, me: Me, now: Now) -> Response:
    order = reading.order_for(db, me, order_id)
    data = duty_order.of(db, me.office_id, order, today=clock.local_day(now, me.zone))
    name = duty_order.file_name(order)
    return Response(
        press.pdf("duty_order", data),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"},
    )
