"""Tukar piket: a turn of mine for one of a colleague's, asked and answered on the phone."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo as take_back
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.roster import swap_lists, swap_telling, swaps
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, day_from, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()

Note = Annotated[Line, StringConstraints(max_length=200)]


class AskFields(Fields):
    gives: date
    colleague: Annotated[int, Field(ge=1, le=2**63 - 1)]
    takes: date | None = None
    note: Note | None = None
    idempotency_key: Key


class AnswerFields(Fields):
    note: Note | None = None


@router.get("/roster/swaps")
def index(request: Request, db: DB, me: Me, now: Now) -> Response:
    swaps = swap_lists.mine(db, me)
    turns = swap_lists.my_turns(db, me, swaps, now=now)
    return render(request, "roster/swaps.html", turns=turns, swaps=swaps, state=swap_telling.state)


def _new_page(
    request: Request, db: Session, me: Viewer, now: datetime, day: date, form: Form[AskFields], *, status: int = 200
) -> Response:
    offer = swap_lists.offer(db, me, day, now=now)
    chosen = next((one for one in offer.able if str(one.officer_id) == form.value("colleague")), None)
    return render(
        request,
        "roster/new_swap.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        offer=offer,
        chosen=chosen,
        form=form,
    )


@router.get("/roster/swaps/new")
def new(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    date: Annotated[str, Query(max_length=10)] = "",
    colleague: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show who could take a turn; with a colleague in the address, what could come back for it."""
    if not date:
        return redirect(request, "/roster/swaps")
    day = day_from(date, today=now.astimezone(me.zone).date())
    form: Form[AskFields] = Form.blank("swap", gives=day, colleague=colleague, takes="", idempotency_key=uuid4())
    return _new_page(request, db, me, now, day, form)


@router.post("/roster/swaps")
def ask(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(AskFields, posted, name="swap")
    if form.data is None:
        day = day_from(form.value("gives"), today=now.astimezone(me.zone).date())
        return _new_page(request, db, me, now, day, form, status=Refused.status)
    given = form.data
    try:
        done = swaps.ask(
            db,
            me,
            colleague_id=given.colleague,
            gives=given.gives,
            takes=given.takes,
            note=given.note or "",
            key=given.idempotency_key,
            now=now,
        )
    except (Refused, Conflict) as error:
        take_back(db)
        form.refuse(error)
        return _new_page(request, db, me, now, given.gives, form, status=error.status)
    said = _("Your colleague is asked.") if done.first_time else _("You have asked this already.")
    return redirect(request, f"/roster/swaps/{done.swap_id}", said=said)


@router.get("/roster/swaps/{swap_id}")
def one(request: Request, swap_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, swap_id, Form.blank("answer"))


def _page(
    request: Request, db: Session, me: Viewer, now: datetime, swap_id: int, form: Form[AnswerFields], status: int = 200
) -> Response:
    found = swap_lists.swap_for(db, me, swap_id, now=now)
    is_open = found.state in {"asked", "applied"}
    return render(
        request,
        "roster/swap.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        one=found,
        asked=found.colleague_id == me.officer_id and found.state == "asked",
        asker=found.officer_id == me.officer_id and found.state == "asked",
        undoes=found.state == "applied" and found.may_undo(me),
        why_not=swaps.stands_in_the_way(db, me, found, now=now) if is_open else "",
        state=swap_telling.state,
        form=form,
    )


def _answered(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    swap_id: int,
    posted: Posted,
    verb: Callable[..., swaps.Done],
    said: str,
    *,
    with_note: bool = False,
) -> Response:
    form = Form.parse(AnswerFields, posted, name="answer")
    if form.data is None:
        return _page(request, db, me, now, swap_id, form, Refused.status)
    more = {"note": form.data.note or ""} if with_note else {}
    try:
        verb(db, me, swap_id, now=now, **more)
    except (Refused, Conflict) as error:
        take_back(db)
        form.refuse(error)
        return _page(request, db, me, now, swap_id, form, error.status)
    return redirect(request, f"/roster/swaps/{swap_id}", said=said)


@router.post("/roster/swaps/{swap_id}/accept")
def accept(request: Request, swap_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("The turns are swapped. Your superior is told.")
    return _answered(request, db, me, now, swap_id, posted, swaps.accept, said)


@router.post("/roster/swaps/{swap_id}/decline")
def decline(request: Request, swap_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("You declined the swap.")
    return _answered(request, db, me, now, swap_id, posted, swaps.decline, said, with_note=True)


@router.post("/roster/swaps/{swap_id}/withdraw")
def withdraw(request: Request, swap_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    return _answered(request, db, me, now, swap_id, posted, swaps.withdraw, _("You withdrew the swap."))


@router.post("/roster/swaps/{swap_id}/undo")
def undo(request: Request, swap_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    said = _("The swap is undone, and both are told.")
    return _answered(request, db, me, now, swap_id, posted, swaps.undo, said, with_note=True)
