"""One request with its next step."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.forms import Fields, Form, Version
from staffhub.i18n import gettext as _
from staffhub.models import RequestState
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages, settings_of
from staffhub.routes.service_requests import intake
from staffhub.routes.service_requests.fields import Id, Note
from staffhub.routes.service_requests.offering import choices, reason
from staffhub.security import Viewer
from staffhub.service_requests import correcting, duty, one, standing_in, steps, telling, words
from staffhub.service_requests.appointments import giving, shown, texts
from staffhub.service_requests.duplicates import same_ones
from staffhub.web import redirect, render

router = pages()


class StateFields(Fields):
    state: RequestState
    note: Note | None = None
    version: Version | None = None


class AssignFields(Fields):
    assignee: Id
    note: Note | None = None
    version: Version | None = None
    told: date | None = None


class ReopenFields(Fields):
    note: Note
    version: Version | None = None


class UrgencyFields(Fields):
    urgent: bool
    why: Note
    version: Version | None = None


def _offered(
    db: Session, me: Viewer, row: one.Request, now: datetime
) -> tuple[list[duty.Candidate], Mapping[int, int]]:
    """Return who may be given the request, and who stands in for whom."""
    people = duty.candidates(db, me, division_id=row.division_id, instead_of=row.assignee_id, now=now)
    return people, standing_in.stand_ins(db, me, now=now) if row.lacking == "away" else {}


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
    urgency: Form[UrgencyFields] | None = None,
    phone: str | None = None,
    asks: duty.OnLeave | None = None,
) -> Response:
    may_assign = row.is_open and one.may_assign(me, row)
    people, named = _offered(db, me, row, now) if may_assign else ([], {})
    first = duty.proposed(people, row.division_id, row.assignee_id, named) if row.lacking else None
    history, slots = one.history(db, me, row), shown.of_request(db, me, row.id)
    promise = one.promise(db, me, row, history, now=now)
    status_page = f"{settings_of(request).base_url.rstrip('/')}/status"
    standing = telling.message(row, me, missing=telling.missing(history), page=status_page)
    message = texts.invited(db, me, row, slots, now=now) or standing
    return render(
        request,
        "requests/one.html",
        block="request_data" if phone else None,
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        row=row,
        age=row.age(now),
        promise=promise,
        due=one.due(db, me, promise, now=now),
        history=history,
        corrected=correcting.labels,
        why_urgent=one.why_urgent(row, history),
        appointments=slots,
        here=now.astimezone(me.zone),
        may_give_slot=giving.may_give(db, me, row),
        following=steps.NEXT[row.state],
        may_work_on=row.is_open and one.may_work_on(me, row),
        may_take=one.may_take(me, row),
        may_see_phone=one.may_work_on(me, row),
        may_reopen=row.may_go_back and one.may_work_on(me, row),
        candidates=choices(people, row.division_id),
        proposed=first,
        reason=first and reason(first, stands_in=named.get(row.assignee_id or 0) == first.id),
        may_assign=may_assign,
        asks=asks,
        step=step or Form.blank("step"),
        hand=hand or Form.blank("hand"),
        again=again or Form.blank("again"),
        urgency=urgency or Form.blank("urgency"),
        phone=phone,
        masked=one.masked(row.phone),
        channel=intake.channels()[row.channel],
        message=message,
        same=same_ones(db, me, phone=row.phone, service_id=row.service_id, around=row.created_at, but=row.id),
        chat=telling.whatsapp_link(row, message),
    )


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
    said = _("%(number)s: %(state)s.", number=row.number, state=words.state_label(given.state))
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
            db,
            me,
            row,
            assignee_id=given.assignee,
            note=given.note or "",
            version=given.version,
            told=given.told,
            now=now,
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
    urgency: Form[UrgencyFields] | None = None,
) -> Response:
    """Show the request as it is now, with what was typed and why it was not done."""
    undo(db)
    asks = error if isinstance(error, duty.OnLeave) else None
    for form in (step, hand, again, urgency):
        if form is not None and asks is None:
            form.refuse(error)
    row = one.request_for(db, me, request_id, now=now)
    forms: dict[str, Any] = {"step": step, "hand": hand, "again": again, "urgency": urgency}
    return _page(request, db, me, now, row, **forms, asks=asks, status=error.status)


@router.post("/requests/{request_id}/urgency")
def set_urgent(request: Request, request_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    form = Form.parse(UrgencyFields, posted, name="urgency")
    if form.data is None:
        return _page(request, db, me, now, row, urgency=form, status=422)
    given = form.data
    try:
        steps.set_urgent(db, me, row, urgent=given.urgent, why=given.why, version=given.version, now=now)
    except Conflict as error:
        return _again(request, db, me, now, request_id, error, urgency=form)
    if given.urgent:
        said = _("%(number)s comes first from now on.", number=row.number)
    else:
        said = _("%(number)s waits its turn again.", number=row.number)
    return redirect(request, f"/requests/{request_id}", said=said)


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
    label = words.state_label(state)
    if row.is_open:
        said = _("%(number)s: %(state)s.", number=row.number, state=label)
    else:
        said = _("%(number)s is open again: %(state)s.", number=row.number, state=label)
    return redirect(request, f"/requests/{request_id}", said=said)


@router.post("/requests/{request_id}/reveal")
def reveal(request: Request, request_id: RowId, db: DB, me: Me, now: Now) -> Response:
    row = one.request_to_work_on(db, me, request_id, now=now)
    phone = steps.show_phone(db, me, row, now=now)
    response = _page(request, db, me, now, row, phone=phone)
    response.headers["Cache-Control"] = "no-store"
    return response
