"""Susun: a plan for the month in one press, how far it is, and the way out of what cannot be done."""

from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, office, sections
from staffhub.db import undo
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.reports import roster_runs
from staffhub.roster import drafts, relaxing, runs
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, month_from, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


class AskFields(Fields):
    """`division` empty: the whole office."""

    month: Annotated[Line, StringConstraints(max_length=7)]
    division: Annotated[Line, StringConstraints(max_length=20)] | None = None
    idempotency_key: Key


class TakeFields(Fields):
    """`way`: for each trouble its number and what was chosen, "0:borrow-12"; empty: nothing."""

    way: list[Annotated[Line, StringConstraints(max_length=400)]]
    reason: Annotated[Line, StringConstraints(max_length=200)] | None = None
    idempotency_key: Key


@router.get("/roster/runs")
def listing(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Annotated[str | None, Query(max_length=7)] = None,
    division: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What was worked out for a month, and the press for another one."""
    me.require("roster.edit")
    today = clock.local_day(now, me.zone)
    first = month_from(month, today=today)
    chosen = sections.asked_for(division) or (None if me.sees_everyone else me.division_id)
    desks = [
        (str(one.id), one.short_name)
        for one in office.divisions(db, me.office_id).values()
        if me.sees(officer_id=None, division_id=one.id)
    ]
    return render(
        request,
        "roster/runs.html",
        month=first,
        previous=clock.month_before(first),
        following=clock.month_after(first),
        is_over=clock.month_after(first) <= today,
        days_left=drafts.has_days_left(db, me, first, now),
        begun=first <= today < drafts.first_open(db, me, now),
        desks=desks,
        whole=me.sees_everyone,
        form=Form.blank("ask", division=chosen, idempotency_key=uuid4()),
        runs=[(run, roster_runs.state(run)[0]) for run in runs.runs_of(db, me, first)],
        names=dict(desks),
    )


@router.post("/roster/runs")
def ask(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("roster.edit")
    form: Form[AskFields] = Form.parse(AskFields, posted, name="ask")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    first = month_from(form.data.month, today=clock.local_day(now, me.zone))
    division = sections.asked_for(form.data.division or "")
    run_id = runs.ask(db, me, division, first, key=form.data.idempotency_key, now=now)
    return redirect(request, f"/roster/runs/{run_id}")


@router.get("/roster/runs/{run_id}")
def one(request: Request, run_id: RowId, db: DB, me: Me) -> Response:
    """How far it is; the page asks again by itself, and a link does so without scripts."""
    return _one(request, db, me, runs.run_for(db, me, run_id), Form.blank("take", idempotency_key=uuid4()))


def _one(
    request: Request, db: Session, me: Viewer, run: runs.Run, form: Form[TakeFields], status: int = 200
) -> Response:
    first = next(iter(office.divisions(db, me.office_id)), 0)
    return render(
        request,
        "roster/run.html",
        block="run_state" if not form.errors else None,
        status=status,
        invalid=bool(form.errors),
        told=roster_runs.told(db, me, run),
        form=form,
        draft=f"/roster/drafts/{run.division_id or first}/{run.month:%Y-%m}",
        key=uuid4(),
    )


@router.post("/roster/runs/{run_id}/stop")
def stop(request: Request, run_id: RowId, db: DB, me: Me, now: Now) -> Response:
    runs.stop(db, me, run_id, now=now)
    return redirect(request, f"/roster/runs/{run_id}")


@router.post("/roster/runs/{run_id}/take")
def take(request: Request, run_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    run = runs.run_for(db, me, run_id)
    form: Form[TakeFields] = Form.parse(TakeFields, _ways(posted), name="take")
    if form.data is None:
        return _one(request, db, me, run, form, status=Refused.status)
    try:
        chosen = dict(_chosen(text) for text in form.data.way)
        key = form.data.idempotency_key
        again = relaxing.take(db, me, run_id, chosen, reason=form.data.reason or "", key=key, now=now)
    except (Refused, Conflict, Forbidden) as error:
        undo(db)
        form.refuse(error)
        return _one(request, db, me, run, form, status=error.status)
    return redirect(request, f"/roster/runs/{again}", said=_("Taken into the draft. The plan is worked out again."))


def _ways(posted: FormData) -> FormData:
    """Each trouble has radios of its own, `way_0`, `way_1`; told together as what they choose."""
    pairs = posted.multi_items()
    chosen = [("way", f"{name.removeprefix('way_')}:{value}") for name, value in pairs if name.startswith("way_")]
    return FormData([*pairs, *chosen])


def _chosen(text: str) -> tuple[int, str]:
    number, _colon, value = text.partition(":")
    if not number.isdecimal():
        raise Refused(_("Choose one of the list."))
    return int(number), value
