"""One request: what was asked, what the day becomes, who has it now, and the buttons of whoever that is."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import audit, corrections, days
from staffhub.corrections import Done, Press
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Lines
from staffhub.i18n import gettext as _
from staffhub.models import RequestStep
from staffhub.reports import asked_words, words
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, Trail, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()
_HR = 0  # to whom a request is passed on: an officer, or nobody in person


class PressFields(Fields):
    """`turn` and `seen`: the last step and the facts that were on the page."""

    turn: Annotated[int, Field(ge=1)]
    seen: Key
    note: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    idempotency_key: Key

    @property
    def press(self) -> Press:
        return Press(self.turn, self.seen, self.note or "", self.idempotency_key)


class PassOnFields(PressFields):
    to: Annotated[int, Field(ge=0)]


@router.get("/corrections/{asked_id}")
def request_page(request: Request, asked_id: RowId, trail: Trail, db: DB, me: Me, now: Now) -> Response:
    one = corrections.request_for(db, me, asked_id, now=now)
    if one.officer_id != me.officer_id:
        told = {"date": one.day, "request": one.id}
        trail.append(
            lambda writing: audit.record(writing, me, "day.read", "officer", one.officer_id, now=now, **told)  # type: ignore[arg-type]
        )
    return _page(request, db, me, one, now)


@router.post("/corrections/{asked_id}/accept")
def accept(request: Request, asked_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    return _pressed(request, asked_id, posted, db, me, now, "accept", PressFields, corrections.accept)


@router.post("/corrections/{asked_id}/decline")
def decline(request: Request, asked_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    return _pressed(request, asked_id, posted, db, me, now, "decline", PressFields, corrections.decline)


@router.post("/corrections/{asked_id}/withdraw")
def withdraw(request: Request, asked_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    return _pressed(request, asked_id, posted, db, me, now, "withdraw", PressFields, corrections.withdraw)


@router.post("/corrections/{asked_id}/pass-on")
def pass_on(request: Request, asked_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    def give(db: Session, me: Viewer, request_id: int, press: Press, *, now: datetime) -> Done:
        to = form.data.to if form.data else _HR
        return corrections.pass_on(db, me, request_id, press, to=None if to == _HR else to, now=now)

    form: Form[PassOnFields] = Form.parse(PassOnFields, posted, name="pass-on")
    return _pressed(request, asked_id, posted, db, me, now, "pass-on", PassOnFields, give)


def _pressed(
    request: Request,
    request_id: int,
    posted: FormData,
    db: Session,
    me: Viewer,
    now: datetime,
    name: str,
    fields: type[PressFields],
    verb: Callable[..., Done],
) -> Response:
    one = corrections.request_for(db, me, request_id, now=now)
    corrections.refuse_button(db, me, one, name, now=now)
    form: Form[PressFields] = Form.parse(fields, posted, name=name)
    if form.data is None:
        return _page(request, db, me, one, now, form=form, status=422)
    try:
        done = verb(db, me, request_id, form.data.press, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        one = corrections.request_for(db, me, request_id, now=now)
        return _page(request, db, me, one, now, form=form, status=error.status)
    said = _said(done) if done.first else _("This was recorded already.")
    return redirect(request, f"/corrections/{request_id}", said=said)


def _said(done: Done) -> str:
    return {
        RequestStep.ASKED: "",
        RequestStep.SETTLED: "",
        RequestStep.ACCEPTED: _("Accepted. HR confirms it now."),
        RequestStep.CONFIRMED: _("Confirmed. The correction is in force."),
        RequestStep.DECLINED: _("Declined. The person sees your reason."),
        RequestStep.PASSED_ON: _("Passed on."),
        RequestStep.WITHDRAWN: _("Withdrawn. That you asked stays visible."),
    }[done.kind]


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    one: corrections.Request,
    now: datetime,
    *,
    form: Form[PressFields] | None = None,
    status: int = 200,
) -> Response:
    facts = corrections.facts_of(db, me, one, now=now)
    power = corrections.power(db, me, one, now=now)
    becomes, impossible = None, ""
    if one.is_open:
        try:
            becomes = corrections.outcome(facts, *corrections.wishes_of(one, me.zone), now=now)
        except Refused as error:
            impossible = error.message
    forms: dict[str, Form[PressFields]] = {name: Form.blank(name) for name in _BUTTONS}
    if form:
        forms[form.name] = form
    offers = corrections.offers(db, me, one, now=now) if power.decides else []
    return render(
        request,
        "corrections/one.html",
        status=status,
        invalid=bool(form and form.errors),
        one=one,
        power=power,
        record=days.reconcile(facts),
        is_signed=power.decides and bool(days.signed(db, me.office_id, one.day, one.day)),
        becomes=becomes,
        impossible=impossible,
        forms=forms,
        failed=form,
        key=str(uuid4()),
        seen=corrections.facts_version(facts),
        offers=[(choice.id, choice.name) for choice in offers if choice.id != one.holder_id]
        + ([] if one.with_hr else [(_HR, _("HR"))]),
        sees_day=one.officer_id == me.officer_id or me.may("attendance"),
        words=words,
        say=asked_words,
    )


_BUTTONS = ("accept", "decline", "pass-on", "withdraw")
