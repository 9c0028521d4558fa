"""Verifikasi: the logs that wait for me, each on one screen beside its facts, or many at once."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, i18n, office, worklog
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Lines, Version
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import LogAct
from staffhub.reports import logs
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.service_requests.words import state_label
from staffhub.web import redirect, render
from staffhub.worklog import Press

router = pages()

# The id and the version of a log of the list.
Chosen = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}\.[1-9][0-9]{0,8}$")]


class ManyFields(Fields):
    report: list[Chosen] = Field(default_factory=list, max_length=worklog.A_LIST)
    idempotency_key: Key | None = None


class DecisionFields(Fields):
    decision: Literal["verified", "returned", "reopened"]
    note: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    version: Version | None = None
    idempotency_key: Key | None = None


@router.get("/worklog/verify")
def waiting(request: Request, db: DB, me: Me, now: Now, whose: Annotated[str, Query(max_length=10)] = "") -> Response:
    me.require("worklog")
    today = clock.local_day(now, me.zone)
    everyone = whose == "all"
    reports, count = worklog.waiting(db, me, today=today, all_of_them=everyone)
    return render(
        request,
        "worklog/verify.html",
        lines=logs.lines_of(db, me, reports, now=now),
        count=count,
        everyone=everyone,
        today=today,
        key=uuid4(),
    )


@router.post("/worklog/verify")
def verify_many(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    form = Form.parse(ManyFields, posted, name="many")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    if not form.data.report:
        return redirect(request, "/worklog/verify", said=_("Choose at least one log."), kind="warn")
    pairs = [one.split(".") for one in form.data.report]
    chosen = [(int(report_id), int(version)) for report_id, version in pairs]
    done = worklog.verify_many(db, me, chosen, form.data.idempotency_key or str(uuid4()), now=now)
    said = ngettext("%(num)s log verified.", "%(num)s logs verified.", done.verified)
    if done.left_out:
        left_out = _("Left out:")
        named = "; ".join(f"{name}: {why}" for name, why in done.left_out[:5])
        return redirect(request, "/worklog/verify", said=f"{said} {left_out} {named}", kind="warn")
    return redirect(request, "/worklog/verify", said=said)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    one: worklog.Report,
    *,
    form: Form[DecisionFields] | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "worklog/verify_day.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        found=logs.day_of(db, me, one, now=now),
        history=worklog.history(db, me, one),
        one=one,
        state_label=state_label,
        services=office.services(db, me.office_id),
        form=form or Form.blank("decide", version=one.version, idempotency_key=uuid4()),
    )


@router.get("/worklog/verify/{report_id}")
def show(request: Request, report_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, worklog.report_for(db, me, report_id, now=now))


@router.post("/worklog/verify/{report_id}")
def decide(request: Request, report_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    one = worklog.report_for(db, me, report_id, now=now)
    worklog.refuse_stranger(one)
    form = Form.parse(DecisionFields, posted, name="decide")
    if form.data is None:
        return _page(request, db, me, now, one, form=form, status=422)
    given = form.data
    press = Press(given.version, given.idempotency_key or str(uuid4()), given.note or "")
    act = LogAct(given.decision)
    try:
        done = worklog.decide(db, me, report_id, act, press, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        latest = worklog.report_for(db, me, report_id, now=now)
        form.refuse(error, version=latest.version)
        return _page(request, db, me, now, latest, form=form, status=error.status)
    if act is LogAct.REOPENED:
        return redirect(request, f"/worklog/verify/{report_id}", said=_said(act, one, first=done.first))
    following, _count = worklog.waiting(db, me, today=clock.local_day(now, me.zone))
    address = f"/worklog/verify/{following[0].id}" if following else "/worklog/verify"
    return redirect(request, address, said=_said(act, one, first=done.first))


def _said(act: LogAct, one: worklog.Report, *, first: bool) -> str:
    if not first:
        return _("This was done already.")
    facts: dict[str, Any] = {"name": one.officer, "day": i18n.day(one.day)}
    return {
        LogAct.VERIFIED: _("Verified: %(name)s, %(day)s.", **facts),
        LogAct.RETURNED: _("Returned: %(name)s, %(day)s.", **facts),
    }.get(act, _("Open again: %(name)s, %(day)s.", **facts))
