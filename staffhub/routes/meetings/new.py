"""A new meeting and a new standup, each on a page of its own."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from staffhub import clock
from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.meetings import plan, suggesting
from staffhub.meetings.around import Around
from staffhub.meetings.audience import Choices, choices
from staffhub.meetings.preview import Preview, preview
from staffhub.models import MeetingKind
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.finding import NAME, AnyForm, found_for, sought_in, while_typing
from staffhub.routes.meetings.fields import (
    SHOWN_DAYS,
    MeetingFields,
    StandupFields,
    around_of,
    weekday_choices,
)
from staffhub.security import Viewer
from staffhub.web import is_fragment, redirect, render, typed_before

router = pages()


def _proposed(
    request: Request, db: Session, me: Viewer, now: dt.datetime, offered: Choices, kind: MeetingKind
) -> AnyForm:
    """What most heads mean: they change what they mean otherwise, and save."""
    own = suggesting.own_division(me)
    name = next((name for number, name in offered.divisions if number in own), "")
    # Of what was typed before the session ended only those who were chosen are there, and no others.
    guests = typed_before(request, "/meetings" if kind is MeetingKind.SINGLE else "/standups", "officer")
    facts = {"division": [] if guests else own, "officer": guests, "idempotency_key": uuid4()}
    if kind is MeetingKind.SINGLE:
        starts = suggesting.next_free(db, me, now=now)
        facts |= {"topic": suggesting.topic(name), "date": starts.date(), "time": starts.time()}
        return Form.blank("meeting", duration=suggesting.MINUTES, **facts)
    day, hour = suggesting.standup_start(db, me, now=now)
    facts |= {"topic": suggesting.standup_topic(name), "date": day, "time": hour, "weekday": list(SHOWN_DAYS)}
    return Form.blank("standup", duration=15, **facts)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    kind: MeetingKind,
    form: AnyForm | None = None,
    *,
    ahead: Preview | None = None,
    around: Around | None = None,
    block: str | None = None,
    status: int = 200,
) -> Response:
    offered = choices(db, me)
    form = form or _proposed(request, db, me, now, offered, kind)
    return render(
        request,
        "meetings/new.html" if kind is MeetingKind.SINGLE else "meetings/new_standup.html",
        block=block,
        status=status,
        form=form,
        choices=offered,
        found=found_for(db, me, form, clock.local_day(now, me.zone)),
        weekday_choices=weekday_choices(),
        preview=ahead,
        around=around,
        invalid=status >= HTTPStatus.BAD_REQUEST,
    )


@router.get("/meetings/new")
def show_new_meeting(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    return _page(request, db, me, now, MeetingKind.SINGLE)


@router.get("/standups/new")
def show_new_standup(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    return _page(request, db, me, now, MeetingKind.STANDUP)


@router.post("/meetings")
def schedule_meeting(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    form: AnyForm = Form.parse(MeetingFields, posted, name="meeting")
    if posted.get("look"):
        return _look(request, db, me, now, form, MeetingKind.SINGLE, posted)
    return _save(request, db, me, now, form, MeetingKind.SINGLE, {})


@router.post("/standups")
def schedule_standup(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    # The first date is called "date" as everywhere, and "from" is understood as well.
    renamed = FormData([("date" if name == "from" else name, value) for name, value in posted.multi_items()])
    form: AnyForm = Form.parse(StandupFields, renamed, name="standup")
    if posted.get("look"):
        return _look(request, db, me, now, form, MeetingKind.STANDUP, renamed)
    if form.data is not None and form.data.preview and not sought_in(form):
        return _preview(request, db, me, now, form)
    return _save(request, db, me, now, form, MeetingKind.STANDUP, form.data.series() if form.data else {})


def _look(
    request: Request, db: Session, me: Viewer, now: dt.datetime, form: AnyForm, kind: MeetingKind, typed: FormData
) -> Response:
    """Show who is there at that hour, beside what was typed; nothing is saved."""
    around = around_of(db, me, typed, now)
    if around:
        form.errors.clear()
    return _page(request, db, me, now, kind, form, around=around, status=200 if around else 422)


def _save(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    form: AnyForm,
    kind: MeetingKind,
    series: dict[str, Any],
) -> Response:
    status = 422
    if sought_in(form):
        form.errors.clear()
        status = 200
    elif form.data is not None:
        key = form.data.idempotency_key
        try:
            saved = plan.schedule(db, me, kind=kind, **form.data.facts(), **series, idempotency_key=key, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error)
            status = error.status
        else:
            said = _("The meeting is entered.") if saved.first else _("It was saved already.")
            return redirect(request, f"/meetings/{saved.id}", said=said)
    block = "dates_ahead" if kind is MeetingKind.STANDUP and form.value("preview") else None
    return _page(request, db, me, now, kind, form, block=block, status=status)


def _preview(request: Request, db: Session, me: Viewer, now: dt.datetime, form: AnyForm) -> Response:
    """Show the dates that the standup would have; nothing is saved."""
    assert form.data is not None  # noqa: S101  for the type checker
    try:
        agreed = plan.agree(me, form.data.terms(), now=now)
    except Refused as error:
        form.refuse(error)
        return _page(request, db, me, now, MeetingKind.STANDUP, form, block="dates_ahead", status=422)
    ahead = preview(db, me, agreed, now=now)
    return _page(request, db, me, now, MeetingKind.STANDUP, form, ahead=ahead, block="dates_ahead")


@router.get("/meetings/around")
def look_around(
    request: Request, db: DB, me: Me, now: Now, meeting: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    """Tell who is where at the hour that is being chosen, and who is in another meeting than the one changed."""
    me.require("meetings.schedule")
    changed = plan.own_meeting(db, me, meeting) if meeting else None
    typed: list[tuple[str, str | UploadFile]] = [*request.query_params.multi_items()]
    return render(
        request, "meetings/around.html", block="around", around=around_of(db, me, FormData(typed), now, changed)
    )


@router.get("/meetings/guests")
def find_guests(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    form: Literal["meeting", "standup", "edit"] = "meeting",
    q: Annotated[str, Query(alias="find", max_length=NAME)] = "",
    officer: Annotated[list[int] | None, Query(max_length=400)] = None,
) -> Response:
    """Persons to tick, while somebody types in a form of ours; a browser without scripts posts the form instead."""
    me.require("meetings.schedule")
    if not is_fragment(request):
        return redirect(request, "/meetings")
    return while_typing(request, db, me, form, officer, q, clock.local_day(now, me.zone))
