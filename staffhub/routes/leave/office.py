"""What HR keeps: leave that came on paper, what was left over from other years, who grants."""

from datetime import date, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import BeforeValidator, Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, leave
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.models import DayPart
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.leave.mine import kind_names
from staffhub.security import Viewer
from staffhub.web import redirect, render
from staffhub.workdays import LeaveKind

router = pages()

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Days = Annotated[float, BeforeValidator(lambda typed: str(typed).replace(",", ".")), Field(ge=0, le=366)]
Document = Annotated[Line, StringConstraints(max_length=80)]


class PaperFields(Fields):
    officer: Id
    kind: LeaveKind
    first: date
    last: date | None = None
    part: DayPart | None = None
    document: Document
    letter_seen_on: date | None = None
    doctor_signed: bool = False
    # What the page said that it becomes.
    seen: Key | None = None
    idempotency_key: Key


class OpeningFields(Fields):
    officer: Id
    year: Annotated[int, Field(ge=2000, le=2100)]
    days: Days
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None
    # The last note that the page knew of.
    newest: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    idempotency_key: Key


class DelegateFields(Fields):
    officer: Id
    valid_from: date
    valid_to: date | None = None
    document: Document
    idempotency_key: Key


def _paper_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: Form[PaperFields] | None = None,
    *,
    outlook: leave.Outlook | None = None,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    return render(
        request,
        "leave/paper.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        form=form or Form.blank("paper", idempotency_key=uuid4()),
        people=[one for one in leave.settings.people(db, me, today=today) if one[0] != me.officer_id],
        kinds=kind_names(),
        outlook=outlook,
        leave=leave,
    )


@router.get("/leave/paper")
def paper(
    request: Request, db: DB, me: Me, now: Now, officer: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    me.require("leave.paper")
    return _paper_page(request, db, me, now, Form.blank("paper", officer=officer, idempotency_key=uuid4()))


@router.post("/leave/paper")
def enter(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Enter a leave from its letter; what speaks against it is shown first, and the next press stores it."""
    me.require("leave.paper")
    form = Form.parse(PaperFields, posted, name="paper")
    if form.data is None:
        return _paper_page(request, db, me, now, form, status=Refused.status)
    given = form.data
    last = given.last or given.first
    wish = leave.Wish(given.kind.value, given.first, last, given.part is not None, part=given.part)
    letter = leave.Letter(given.document, given.letter_seen_on, given.doctor_signed if given.letter_seen_on else None)
    try:
        if not leave.sent_before(db, me, given.officer, wish, given.idempotency_key):
            today = clock.local_day(now, me.zone)
            outlook = leave.outlook(
                db, me.office_id, given.officer, wish, today=today, letter=True, signed=letter.doctor_signed
            )
            if outlook.told and outlook.digest != given.seen:
                return _paper_page(request, db, me, now, form, outlook=outlook)
        sent = leave.enter_paper(db, me, given.officer, wish, letter, key=given.idempotency_key, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _paper_page(request, db, me, now, form, status=error.status)
    said = _("The leave is entered and stands in the plan.") if sent.first_time else _("This leave stands already.")
    return redirect(request, f"/leave/{sent.leave_id}", said=said)


def _openings_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: Form[OpeningFields] | None = None,
    *,
    year: int | None = None,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    shown = year or today.year
    return render(
        request,
        "leave/openings.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        form=form or Form.blank("opening", year=shown, idempotency_key=uuid4()),
        # With what came meanwhile before the eyes, the next save counts.
        newest=leave.settings.newest_opening(db, me),
        people=[one for one in leave.settings.people(db, me, today=today) if one[0] != me.officer_id],
        openings=leave.settings.openings(db, me, shown),
        year=shown,
        leave=leave,
    )


@router.get("/leave/openings")
def openings(
    request: Request, db: DB, me: Me, now: Now, year: Annotated[int | None, Query(ge=2000, le=2100)] = None
) -> Response:
    me.require("leave.paper")
    return _openings_page(request, db, me, now, year=year)


@router.post("/leave/openings")
def open_balance(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("leave.paper")
    form = Form.parse(OpeningFields, posted, name="opening")
    if form.data is None:
        return _openings_page(request, db, me, now, form, status=Refused.status)
    given = form.data
    try:
        first_time = leave.settings.open_balance(
            db, me, officer_id=given.officer, year=given.year, days=given.days,
            note=given.note or "", key=given.idempotency_key, newest=given.newest, now=now,
        )  # fmt: skip
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _openings_page(request, db, me, now, form, year=given.year, status=error.status)
    said = _("The days of %(year)s are noted.", year=given.year) if first_time else _("This was noted already.")
    return redirect(request, f"/leave/openings?year={given.year}", said=said)


def _delegates_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: Form[DelegateFields] | None = None,
    *,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    return render(
        request,
        "leave/delegates.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        form=form or Form.blank("delegate", valid_from=today, idempotency_key=uuid4()),
        people=leave.settings.people(db, me, today=today),
        delegates=leave.settings.delegates(db, me, today=today),
        heads=leave.granters(db, me.office_id, today=today).heads,
    )


@router.get("/leave/delegates")
def delegates(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("leave.paper")
    return _delegates_page(request, db, me, now)


@router.post("/leave/delegates")
def name_delegate(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("leave.paper")
    form = Form.parse(DelegateFields, posted, name="delegate")
    if form.data is None:
        return _delegates_page(request, db, me, now, form, status=Refused.status)
    given = form.data
    try:
        first_time = leave.settings.name_delegate(
            db, me, officer_id=given.officer, valid_from=given.valid_from, valid_to=given.valid_to,
            document=given.document, key=given.idempotency_key, now=now,
        )  # fmt: skip
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _delegates_page(request, db, me, now, form, status=error.status)
    said = _("The delegate is named.") if first_time else _("This was noted already.")
    return redirect(request, "/leave/delegates", said=said)


@router.post("/leave/delegates/{delegate_id}/end")
def end_delegate(request: Request, delegate_id: RowId, db: DB, me: Me, now: Now) -> Response:
    me.require("leave.paper")
    ended = leave.settings.end_delegate(db, me, delegate_id, now=now)
    said = _("The delegate decides no longer.") if ended else _("It had ended before.")
    return redirect(request, "/leave/delegates", said=said)
