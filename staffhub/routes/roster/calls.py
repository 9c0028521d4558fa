"""Piket hari ini: the desks of today, who could come, and calls that are answered on the phone."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import office
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Line
from staffhub.i18n import gettext as _
from staffhub.models import CallState
from staffhub.reports import desks
from staffhub.roster import calls
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()

_Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class CallFields(Fields):
    officer: _Id
    division: _Id
    date: date
    group: Annotated[Line, StringConstraints(max_length=40)]


class AnswerFields(Fields):
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None


def _states() -> dict[str, str]:
    return {
        CallState.ASKED: _("not answered yet"),
        CallState.ACCEPTED: _("comes"),
        CallState.DECLINED: _("cannot come"),
        CallState.WITHDRAWN: _("needed no more"),
    }


def _desks_page(
    request: Request, db: Session, me: Viewer, now: datetime, form: Form[CallFields], *, status: int = 200
) -> Response:
    return render(
        request,
        "roster/calls.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        found=desks.desks(db, me, now=now),
        states=_states(),
        form=form,
    )


@router.get("/roster/calls")
def index(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("roster.edit")
    return _desks_page(request, db, me, now, Form.blank("call"))


@router.post("/roster/calls")
def call(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("roster.edit")
    form = Form.parse(CallFields, posted, name="call")
    if form.data is None:
        return _desks_page(request, db, me, now, form, status=Refused.status)
    given = form.data
    try:
        done = calls.call(
            db,
            me,
            officer_id=given.officer,
            division_id=given.division,
            day=given.date,
            group=given.group,
            now=now,
        )
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _desks_page(request, db, me, now, form, status=error.status)
    said = _("The call is on its way.") if done.first_time else _("You have called already.")
    return redirect(request, f"/roster/calls/{done.call_id}", said=said)


@router.get("/roster/calls/{call_id}")
def one(request: Request, call_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, call_id, Form.blank("answer"))


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    call_id: int,
    form: Form[AnswerFields],
    status: int = 200,
) -> Response:
    found = calls.call_for(db, me, call_id)
    desk = office.divisions(db, me.office_id)[found.division_id].short_name
    called = found.officer_id == me.officer_id
    is_open = found.state is CallState.ASKED
    over = is_open and calls.is_over(db, me, found.day, now)
    return render(
        request,
        "roster/call.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        one=found,
        desk=desk,
        states=_states(),
        answers=called and is_open and not over,
        over=over,
        withdraws=is_open and found.may_withdraw(me),
        writes=found.may_withdraw(me),
        whatsapp=desks.whatsapp(found, desk) if is_open and not called and not over else None,
        form=form,
    )


def _answered(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    call_id: int,
    posted: Posted,
    verb: Callable[[str], calls.Done],
    said: str,
) -> Response:
    form = Form.parse(AnswerFields, posted, name="answer")
    if form.data is None:
        return _page(request, db, me, now, call_id, form, Refused.status)
    try:
        verb(form.data.note or "")
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, call_id, form, error.status)
    return redirect(request, f"/roster/calls/{call_id}", said=said)


@router.post("/roster/calls/{call_id}/accept")
def accept(request: Request, call_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("You are planned in the office. Whoever called you is told.")
    return _answered(request, db, me, now, call_id, posted, lambda _note: calls.accept(db, me, call_id, now=now), said)


@router.post("/roster/calls/{call_id}/decline")
def decline(request: Request, call_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("Whoever called you is told that you cannot come.")
    return _answered(
        request, db, me, now, call_id, posted, lambda note: calls.decline(db, me, call_id, note=note, now=now), said
    )


@router.post("/roster/calls/{call_id}/withdraw")
def withdraw(request: Request, call_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("The call is withdrawn.")
    return _answered(
        request, db, me, now, call_id, posted, lambda _note: calls.withdraw(db, me, call_id, now=now), said
    )
