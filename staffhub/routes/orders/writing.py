"""/orders: the list, the form of a new one, and looking for the persons it names."""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.models import Duty
from staffhub.orders import duty, reading
from staffhub.orders.people import signers
from staffhub.orders.told import NOTHING, Told
from staffhub.reports import words
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.finding import NAME, AnyForm, found_for, sought_in, while_typing
from staffhub.routes.orders.fields import OrderFields
from staffhub.security import Scope, Viewer
from staffhub.web import is_fragment, query, redirect, render, typed_before

router = pages()


@router.get("/orders")
def orders(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    show: Literal["", "mine"] = "",
    q: Annotated[str, Query(max_length=NAME)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Show the orders that name me first; whoever leads sees those of the others below."""
    today, q = clock.local_day(now, me.zone), q.strip()
    leads = me.scope is not Scope.SELF
    list_ = partial(reading.listed, db, me, today=today)
    mine = None
    if leads and not show and not q and page == 1 and me.officer_id:
        mine = list_(mine=True, at_once=reading.MINE)
    found = list_(mine=not leads or show == "mine", q=q, page=page)
    here = partial(query, "/orders", show=show, q=q)
    return render(
        request,
        "orders/list.html",
        block="orders_found",
        mine=mine,
        found=found,
        leads=leads,
        show=show,
        q=q,
        today=today,
        duty_name=words.duty,
        pager={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": here(page=page - 1) if page > 1 else None,
            "next_url": here(page=page + 1) if found.last < found.total else None,
        },
    )


@router.get("/orders/new")
def new(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("orders.write")
    today = clock.local_day(now, me.zone)
    form: AnyForm = Form.blank(
        "order",
        number=duty.next_number(db, me.office_id),
        duty=Duty.FIELD.value,
        issued=today,
        officer=typed_before(request, "/orders", "officer"),
        idempotency_key=uuid4(),
    )
    return _form_page(request, db, me, now, form, fresh=True)


def _form_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: AnyForm,
    *,
    told: Told = NOTHING,
    fresh: bool = False,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    heads = signers(db, me.office_id, today)
    if fresh and heads:
        form.typed["signed_by"] = [str(heads[0].id)]
    return render(
        request,
        "orders/new.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        told=told,
        found=found_for(db, me, form, today),
        signers=[(one.id, f"{one.name}, {one.position}") for one in heads],
        duties=[(one.value, words.duty(one)) for one in Duty],
        find_at="/orders/people?form=order",
    )


@router.post("/orders")
def write(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Write an order; what has to be told is told first, and written with the press that answers it."""
    me.require("orders.write")
    form: AnyForm = Form.parse(OrderFields, posted, name="order")
    if sought_in(form):
        form.errors.clear()
        return _form_page(request, db, me, now, form)
    if form.data is None:
        return _form_page(request, db, me, now, form, status=Refused.status)
    key = form.data.idempotency_key
    try:
        look = duty.look_at(db, me, form.data.draft(), key=key, now=now)
        if look.told and look.told.digest != form.data.told:
            form.typed["told"] = [look.told.digest]
            return _form_page(request, db, me, now, form, told=look.told)
        written = duty.write(db, me, look, key=key, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _form_page(request, db, me, now, form, status=error.status)
    said = _("The order is written. It stands in the plan of everybody it names.")
    return redirect(
        request,
        f"/orders/{written.order_id}",
        said=said if written.first_time else _("It was written already."),
    )


@router.get("/orders/people")
def find_people(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    form: Literal["order", "add", "exemption"] = "order",
    q: Annotated[str, Query(alias="find", max_length=NAME)] = "",
    officer: Annotated[list[int] | None, Query(max_length=400)] = None,
) -> Response:
    """Persons to tick, while somebody types in a form of ours; a browser without scripts posts the form instead."""
    me.require("orders.write")
    if not is_fragment(request):
        return redirect(request, "/orders")
    return while_typing(request, db, me, form, officer, q, clock.local_day(now, me.zone))
