"""/admin/outages: disturbances of our own that the program noticed or HR entered, and what HR decides of them."""

import datetime as dt
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Line, Lines, Version
from staffhub.i18n import gettext as _
from staffhub.models import OutageAct, OutageKind
from staffhub.outages import reading, steps
from staffhub.reports import outage_words
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()


class _SpanFields(Fields):
    first_on: dt.date
    first_at: ClockTime
    last_on: dt.date
    last_at: ClockTime
    idempotency_key: Key

    def span(self, me: Viewer) -> tuple[dt.datetime, dt.datetime]:
        return (
            clock.at_local(self.first_on, self.first_at, me.zone),
            clock.at_local(self.last_on, self.last_at, me.zone),
        )


class EnterFields(_SpanFields):
    kind: OutageKind
    source: Annotated[Line, StringConstraints(max_length=200)]


class DecideFields(_SpanFields):
    act: Literal["confirmed", "changed", "dismissed", "undone"]
    reason: Annotated[Lines, StringConstraints(max_length=400)] | None = None
    version: Version | None = None


@router.get("/admin/outages")
def listed(request: Request, db: DB, me: Me, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    found = reading.listed(db, me, page=page)
    here = partial(query, "/admin/outages")
    return render(
        request,
        "outages/list.html",
        found=found,
        say=outage_words,
        pager={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": here(page=page - 1) if page > 1 else None,
            "next_url": here(page=page + 1) if found.last < found.total else None,
        },
    )


@router.get("/admin/outages/new")
def new(request: Request, me: Me, now: Now) -> Response:
    me.require("outages.decide")
    today = clock.local_day(now, me.zone)
    form: Form[EnterFields] = Form.blank(
        "outage", kind=OutageKind.APP.value, first_on=today, last_on=today, idempotency_key=uuid4()
    )
    return _new_page(request, form)


def _new_page(request: Request, form: Form[EnterFields], *, status: int = 200) -> Response:
    kinds = [(one.value, outage_words.kind(one)) for one in OutageKind]
    return render(request, "outages/new.html", status=status, form=form, kinds=kinds, invalid=bool(form.errors))


@router.post("/admin/outages")
def enter(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("outages.decide")
    form: Form[EnterFields] = Form.parse(EnterFields, posted, name="outage")
    given = form.data
    if given is None:
        return _new_page(request, form, status=Refused.status)
    first, last = given.span(me)
    try:
        draft = steps.Draft(given.kind, first, last, given.source)
        outage_id = steps.enter(db, me, draft, key=given.idempotency_key, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _new_page(request, form, status=error.status)
    said = _("Entered. Look at whom it touches, then confirm it.")
    return redirect(request, f"/admin/outages/{outage_id}", said=said)


@router.get("/admin/outages/{outage_id}")
def one(request: Request, outage_id: RowId, db: DB, me: Me) -> Response:
    return _page(request, db, me, outage_id)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    outage_id: int,
    *,
    form: Form[DecideFields] | None = None,
    status: int = 200,
) -> Response:
    shown = reading.one_for(db, me, outage_id)
    blank: Form[DecideFields] = Form.blank(
        "decide",
        first_on=shown.first.date(),
        first_at=shown.first.time(),
        last_on=shown.last.date(),
        last_at=shown.last.time(),
        version=shown.version,
        idempotency_key=uuid4(),
    )
    return render(
        request,
        "outages/one.html",
        status=status,
        invalid=bool(form and form.errors),
        outage=shown,
        form=form or blank,
        say=outage_words,
        grace=steps.GRACE,
    )


@router.post("/admin/outages/{outage_id}", dependencies=[TakesLong])
def decide(request: Request, outage_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("outages.decide")
    form: Form[DecideFields] = Form.parse(DecideFields, posted, name="decide")
    given = form.data
    if given is None:
        return _page(request, db, me, outage_id, form=form, status=Refused.status)
    first, last = given.span(me)
    act = OutageAct(given.act)
    wish = steps.Decision(act, first, last, given.reason or "", given.version, given.idempotency_key)
    try:
        done = steps.decide(db, me, outage_id, wish, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=reading.one_for(db, me, outage_id).version)
        return _page(request, db, me, outage_id, form=form, status=error.status)
    said = outage_words.done(act) if done else _("It was done already.")
    return redirect(request, f"/admin/outages/{outage_id}", said=said)
