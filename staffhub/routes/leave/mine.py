"""GET /leave: what waits for me, my balance, asking, and what I asked for."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, leave
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.leave.kinds import KINDS
from staffhub.models import DayPart
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.security import Viewer
from staffhub.web import is_fragment, query, redirect, render
from staffhub.workdays import LeaveKind

router = pages()

PageNumber = Annotated[int, Query(ge=1, le=100_000)]


class AskFields(Fields):
    kind: LeaveKind
    first: date
    last: date | None = None
    part: DayPart | None = None
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None
    stand_in: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    # What the page said that the leave becomes: nobody sends what was not shown.
    seen: Key | None = None
    idempotency_key: Key


def wish_of(given: AskFields) -> leave.Wish:
    last, half = given.last or given.first, given.part is not None
    return leave.Wish(given.kind.value, given.first, last, half, given.note or "", given.part, given.stand_in)


def kind_names(*kinds: str) -> list[tuple[str, str]]:
    return [(kind, leave.kinds.name(kind)) for kind in kinds or KINDS]


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: Form[AskFields] | None = None,
    *,
    outlook: leave.Outlook | None = None,
    why_not: str = "",
    status: int = 200,
    asked: bool = False,
    page: int = 1,
    waits: int = 1,
) -> Response:
    today = clock.local_day(now, me.zone)
    who = leave.granters(db, me.office_id, today=today)
    known = leave.ledger(db, me.office_id, me.officer_id, [today.year]) if me.officer_id else None
    balances = leave.of_year(known, today.year, today=today) if known else []
    mine, total = leave.mine(db, me, who, today=today, page=page) if me.officer_id else ([], 0)
    waiting = leave.waiting(db, me, who, today=today)
    absent = leave.standing_in.Absence(me.officer_id or 0, me.division_id if me.officer_id else None, today, today)
    start = (waits - 1) * leave.LISTED
    return render(
        request,
        # For htmx the block is of the part that the page includes.
        "leave/_ask.html" if asked and is_fragment(request) else "leave/index.html",
        block="leave_becomes" if asked else None,
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        today=today,
        form=form or Form.blank("leave", kind=LeaveKind.ANNUAL, idempotency_key=uuid4()),
        kinds=kind_names(),
        balances=balances,
        stand_ins=leave.standing_in.colleagues(db, me.office_id, absent),
        half_days=any(one.rule and one.rule.half_days for one in balances),
        outlook=outlook,
        why_not=why_not,
        mine=mine,
        pager=_pager(len(mine), total, page, lambda number: query("/leave", page=number, waits=waits)),
        waiting=waiting[start : start + leave.LISTED],
        waiting_in_all=len(waiting),
        waiting_pager=_pager(
            len(waiting[start : start + leave.LISTED]),
            len(waiting),
            waits,
            lambda number: query("/leave", page=page, waits=number),
        ),
        keeps=me.may("leave.paper"),
        leave=leave,
    )


def _pager(shown: int, total: int, page: int, address: Callable[[int], str]) -> dict[str, Any] | None:
    """Return what `ui.pager` asks for, None where one page holds everything."""
    first = (page - 1) * leave.LISTED
    if page == 1 and total <= leave.LISTED:
        return None
    more = first + shown < total
    return {
        "first": first + 1 if shown else 0,
        "last": first + shown if shown else 0,
        "total": total,
        "previous_url": address(page - 1) if page > 1 else None,
        "next_url": address(page + 1) if more else None,
    }


@router.get("/leave")
def index(request: Request, db: DB, me: Me, now: Now, page: PageNumber = 1, waits: PageNumber = 1) -> Response:
    """Show the page, or with kind and dates in the address what such a leave would become."""
    me.require("leave")
    if not request.query_params.keys() & {"kind", "first"}:
        return _page(request, db, me, now, page=page, waits=waits)
    asked: Any = [*request.query_params.multi_items(), ("idempotency_key", str(uuid4()))]
    form = Form.parse(AskFields, FormData(asked), name="leave")
    form.errors.clear()  # nothing was sent yet
    outlook, why_not = None, ""
    if form.data is not None and me.officer_id:
        try:
            outlook = _outlook(db, me, wish_of(form.data), now)
        except Refused as error:
            why_not = error.message
    return _page(request, db, me, now, form, outlook=outlook, why_not=why_not, asked=True)


def _outlook(db: Session, me: Viewer, wish: leave.Wish, now: datetime) -> leave.Outlook:
    """What my leave would become; Refused as it would be when sent."""
    today = clock.local_day(now, me.zone)
    leave.refuse_over(wish, today)
    return leave.outlook(db, me.office_id, me.officer_id or 0, wish, today=today)


@router.post("/leave")
def ask(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Ask; what was not shown yet is shown first, and sent with the next press."""
    me.require("leave")
    form = Form.parse(AskFields, posted, name="leave")
    if form.data is None:
        return _page(request, db, me, now, form, status=Refused.status)
    given = form.data
    wish = wish_of(given)
    try:
        if me.officer_id and not leave.sent_before(db, me, me.officer_id, wish, given.idempotency_key):
            outlook = _outlook(db, me, wish, now)
            if outlook.digest != given.seen:
                return _page(request, db, me, now, form, outlook=outlook)
        sent = leave.ask(db, me, wish, key=given.idempotency_key, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, form, status=error.status)
    said = _("Your leave is asked for.") if sent.first_time else _("This leave was asked for already.")
    return redirect(request, f"/leave/{sent.leave_id}", said=said)
