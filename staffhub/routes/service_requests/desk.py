"""Permohonan: the list, a new one, and one request with its next step."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.forms import Fields, Form, Key, Line, Phone, Version, Word
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import Channel, RequestState
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.service_requests import desk, one, owners, steps
from staffhub.web import query, redirect, render

router = pages()


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Note = Annotated[Line, StringConstraints(max_length=200)]


class RequestFields(Fields):
    service_type: Annotated[Word, StringConstraints(max_length=40)]
    applicant: Annotated[Line, StringConstraints(max_length=60)]
    phone: Phone | None = None
    channel: Channel
    urgent: bool = False
    siak_reference: Annotated[Line, StringConstraints(max_length=40)] | None = None
    note: Note | None = None
    idempotency_key: Key


class StateFields(Fields):
    state: RequestState
    note: Note | None = None
    version: Version | None = None


class AssignFields(Fields):
    assignee: Id
    note: Note | None = None
    version: Version | None = None


class ReopenFields(Fields):
    note: Note
    version: Version | None = None


class HandOnFields(Fields):
    officer: Id
    assignee: Id
    note: Note | None = None


def _channels() -> dict[Channel, str]:
    return {Channel.WHATSAPP: "WhatsApp", Channel.APP: _("Application"), Channel.COUNTER: _("Counter")}


def _form_page(
    request: Request, db: Session, me: Viewer, form: Form[RequestFields] | None = None, *, status: int = 200
) -> Response:
    return render(
        request,
        "requests/new.html",
        status=status,
        invalid=form is not None,
        form=form or Form.blank("request", idempotency_key=uuid4(), channel=Channel.WHATSAPP),
        services=[one for one in desk.services(db, me.office_id).values() if not one.ended],
        channels=_channels(),
    )


@router.get("/requests")
def index(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    new: Literal["1"] | None = None,
    q: Annotated[str, Query(max_length=60)] = "",
    service: Annotated[str, Query(alias="type", max_length=40)] = "",
    state: RequestState | None = None,
    assignee: Literal["me", "none"] | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    me.require("requests")
    if new:
        return _form_page(request, db, me)
    wanted = desk.Wanted(" ".join(q.split()), service, state, assignee)
    found = desk.listing(db, me, wanted, page=page, now=now)

    def address(number: int) -> str:
        given = {"q": wanted.q, "type": service, "state": state, "assignee": assignee}
        return query("/requests", **given, page=number if number > 1 else None)

    return render(
        request,
        "requests/list.html",
        block="requests_found",
        wanted=wanted,
        found=found,
        counts=found.counts,
        may_hand_on=me.may("requests.assign"),
        pages={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": address(found.page - 1) if found.page > 1 else None,
            "next_url": address(found.page + 1) if found.more else None,
        },
    )


@router.post("/requests")
def take_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests")
    form = Form.parse(RequestFields, posted, name="request")
    if form.data is None:
        return _form_page(request, db, me, form, status=422)
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
            siak_reference=given.siak_reference or "",
            note=given.note or "",
            key=given.idempotency_key,
            now=now,
        )
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _form_page(request, db, me, form, status=error.status)
    return redirect(request, f"/requests/{taken.id}", said=_said(taken))


def _said(taken: steps.Taken) -> str:
    if taken.again:
        return _("%(number)s was already recorded; nothing was added.", number=taken.number)
    if taken.state is RequestState.DEFERRED:
        return _("%(number)s is recorded. It waits until the applicant can come in person.", number=taken.number)
    return _("%(number)s is recorded.", number=taken.number)


def _choices(
    db: Session, me: Viewer, now: datetime, *, division_id: int | None, instead_of: int | None
) -> list[tuple[int, str]]:
    """Who may be given requests, in words: bidang, load, and who is not there today."""

    def words(one: owners.Candidate) -> str:
        load = ngettext("%(num)s request", "%(num)s requests", one.open)
        return ", ".join(filter(None, (one.name, one.division, load, _("on leave today") if one.on_leave else "")))

    found = owners.candidates(db, me, division_id=division_id, instead_of=instead_of, now=now)
    return [(person.id, words(person)) for person in found]


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    row: one.Request,
    *,
    status: int = 200,
    step: Form[StateFields] | None = None,
    hand: Form[AssignFields] | None = None,
    again: Form[ReopenFields] | None = None,
    phone: str | None = None,
) -> Response:
    may_assign = row.is_open and one.may_assign(me, row)
    history, message = one.history(db, me, row), one.message(row, me)
    return render(
        request,
        "requests/one.html",
        block="request_data" if phone else None,
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        row=row,
        age=row.age(now),
        promise=one.promise(db, me, row, history, now=now),
        history=history,
        following=steps.NEXT[row.state],
        may_work_on=row.is_open and one.may_work_on(me, row),
        may_take=one.may_take(me, row),
        may_see_phone=one.may_work_on(me, row),
        may_reopen=not row.is_open and one.may_work_on(me, row),
        candidates=_choices(db, me, now, division_id=row.division_id, instead_of=row.assignee_id) if may_assign else [],
        step=step or Form.blank("step"),
        hand=hand or Form.blank("hand"),
        again=again or Form.blank("again"),
        phone=phone,
        masked=one.masked(row.phone),
        channel=_channels()[row.channel],
        message=message,
        chat=one.whatsapp_link(row, message),
    )


@router.get("/requests/hand-on")
def hand_on_page(
    request: Request, db: DB, me: Me, now: Now, officer: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    me.require("requests.assign")
    if officer is None:
        return redirect(request, "/requests?assignee=none")
    return _hand_on_page(request, db, me, now, owners.holder_for(db, me, officer, now=now))


def _hand_on_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    holder: owners.Holder,
    form: Form[HandOnFields] | None = None,
    *,
    status: int = 200,
) -> Response:
    division_id = holder.division_id or me.division_id
    return render(
        request,
        "requests/hand_on.html",
        status=status,
        invalid=form is not None,
        holder=holder,
        form=form or Form.blank("hand-on"),
        candidates=_choices(db, me, now, division_id=division_id, instead_of=holder.id),
    )


@router.post("/requests/hand-on")
def hand_on(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests.assign")
    form = Form.parse(HandOnFields, posted, name="hand-on")
    if form.error("officer"):
        raise Refused(form.errors["officer"], field="officer")
    holder = owners.holder_for(db, me, int(form.value("officer")), now=now)
    if form.data is None:
        return _hand_on_page(request, db, me, now, holder, form, status=422)
    given = form.data
    try:
        count = steps.hand_on(db, me, giver_id=holder.id, taker_id=given.assignee, note=given.note or "", now=now)
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _hand_on_page(request, db, me, now, holder, form, status=422)
    if not count:
        said = _("%(name)s has no open request that you could hand on.", name=holder.name)
        return redirect(request, "/requests", said=said, kind="warn")
    said = ngettext(
        "%(num)s request of %(name)s was handed on.",
        "%(num)s requests of %(name)s were handed on.",
        count,
        name=holder.name,
    )
    return redirect(request, "/requests?assignee=none", said=said)


@router.get("/requests/{request_id}")
def show(request: Request, request_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, one.request_for(db, me, request_id, now=now))


@router.post("/requests/{request_id}/state")
def change_state(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    form = Form.parse(StateFields, posted, name="step")
    if form.data is None:
        return _page(request, db, me, now, row, step=form, status=422)
    given = form.data
    try:
        steps.change_state(db, me, row, state=given.state, note=given.note or "", version=given.version, now=now)
    except (Conflict, Refused) as error:
        return _again(request, db, me, now, request_id, error, step=form)
    said = _("%(number)s: %(state)s.", number=row.number, state=desk.state_label(given.state))
    return redirect(request, f"/requests/{request_id}", said=said)


@router.post("/requests/{request_id}/assign")
def assign(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_hand_over(db, me, request_id, now=now)
    form = Form.parse(AssignFields, posted, name="hand")
    if form.data is None:
        return _page(request, db, me, now, row, hand=form, status=422)
    given = form.data
    try:
        name = steps.assign(
            db, me, row, assignee_id=given.assignee, note=given.note or "", version=given.version, now=now
        )
    except (Conflict, Refused) as error:
        return _again(request, db, me, now, request_id, error, hand=form)
    said = _("%(number)s is now with %(name)s.", number=row.number, name=name)
    return redirect(request, f"/requests/{request_id}", said=said)


def _again(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    request_id: int,
    error: StaffHubError,
    *,
    step: Form[StateFields] | None = None,
    hand: Form[AssignFields] | None = None,
    again: Form[ReopenFields] | None = None,
) -> Response:
    """Show the request as it is now, with what was typed and why it was not done."""
    undo(db)
    for form in (step, hand, again):
        if form is not None:
            form.refuse(error)
    row = one.request_for(db, me, request_id, now=now)
    return _page(request, db, me, now, row, step=step, hand=hand, again=again, status=error.status)


@router.post("/requests/{request_id}/reopen")
def reopen(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    form = Form.parse(ReopenFields, posted, name="again")
    if form.data is None:
        return _page(request, db, me, now, row, again=form, status=422)
    try:
        state = steps.reopen(db, me, row, note=form.data.note, version=form.data.version, now=now)
    except Conflict as error:
        return _again(request, db, me, now, request_id, error, again=form)
    said = _("%(number)s is open again: %(state)s.", number=row.number, state=desk.state_label(state))
    return redirect(request, f"/requests/{request_id}", said=said)


@router.post("/requests/{request_id}/reveal")
def reveal(request: Request, request_id: RowId, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    phone = steps.show_phone(db, me, row, now=now)
    response = _page(request, db, me, now, row, phone=phone)
    response.headers["Cache-Control"] = "no-store"
    return response
