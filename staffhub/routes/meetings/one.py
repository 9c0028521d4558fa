"""One meeting: its state, its edit and its end."""

import datetime as dt
from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock
from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.meetings import drift, hosting, hosts, one, plan, rehosting
from staffhub.meetings.around import Around
from staffhub.meetings.audience import Audience, choices
from staffhub.meetings.preview import Preview, preview
from staffhub.meetings.terms import dates
from staffhub.models import Meeting, MeetingKind
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, database_of, pages, settings_of
from staffhub.routes.finding import AnyForm, found_for, sought_in
from staffhub.routes.meetings.fields import (
    CancelFields,
    EditFields,
    HostFields,
    Seen,
    around_of,
    weekday_choices,
)
from staffhub.security import Viewer
from staffhub.web import is_fragment, redirect, render, typed_before
from staffhub.workdays import WEEKDAYS

router = pages()

_SOON = dt.timedelta(minutes=1)


@router.get("/meetings/{meeting_id}")
def show_meeting(
    request: Request,
    meeting_id: RowId,
    db: DB,
    me: Me,
    now: Now,
    seen: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    page = one.page(db, me, meeting_id, now=now)
    if seen == page.stamp and is_fragment(request):
        return Response(status_code=204, headers={"Vary": "HX-Request"})
    return meeting_page(request, page, now)


def meeting_page(request: Request, page: one.Page, now: dt.datetime, *, status: int = 200) -> Response:
    soon = page.next_try is None or page.next_try <= now + _SOON
    every = "3s" if soon else "30s"
    way = f"{settings_of(request).base_url.rstrip('/')}/join/{page.token}"
    return render(
        request, "meetings/meeting.html", block="meeting_state", status=status, page=page, every=every, way=way
    )


def _edit_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    meeting: Meeting,
    form: AnyForm,
    *,
    ahead: Preview | None = None,
    around: Around | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "meetings/edit.html",
        block="dates_ahead" if form.value("preview") else None,
        preview=ahead,
        status=status,
        meeting=meeting,
        begun=plan.has_begun(meeting, me.zone, now),
        form=form,
        choices=choices(db, me),
        found=found_for(db, me, form, clock.local_day(now, me.zone)),
        weekday_choices=weekday_choices(),
        around=around,
        invalid=status >= HTTPStatus.BAD_REQUEST,
    )


def _end(meeting: Meeting, *, begun: bool) -> dict[str, object]:
    """Return how a series ends, in the words of its form; nothing where it goes on."""
    if meeting.laid_until:
        return {}
    if begun:
        return {"until": dates(meeting.starts_on, meeting.weekdays, meeting.occurrences)[-1]}
    return {"count": meeting.occurrences}


def _stored(meeting: Meeting, *, begun: bool) -> AnyForm:
    audience = Audience.read(meeting.audience)
    series: dict[str, object] = {}
    if meeting.kind is MeetingKind.STANDUP:
        series = {"weekday": [WEEKDAYS[number] for number in meeting.weekdays], "special": meeting.special_at}
        series |= _end(meeting, begun=begun)
    return Form.blank(
        "edit",
        topic=meeting.topic,
        agenda=meeting.agenda,
        date=meeting.starts_on,
        time=meeting.starts_at,
        duration=meeting.minutes,
        everyone="1" if audience.everyone else None,
        division=audience.divisions,
        officer=audience.officers,
        co_host=meeting.co_hosts or [],
        version=meeting.version,
        **series,
    )


@router.get("/meetings/{meeting_id}/edit")
def show_edit(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    meeting = plan.own_meeting(db, me, meeting_id)
    if not plan.is_open(db, meeting, now):
        return redirect(request, f"/meetings/{meeting_id}")
    form = _stored(meeting, begun=plan.has_begun(meeting, me.zone, now))
    guests = typed_before(request, request.url.path, "officer")
    form.typed["officer"] = [*form.list("officer"), *(guest for guest in guests if guest not in form.list("officer"))]
    return _edit_page(request, db, me, now, meeting, form)


@router.post("/meetings/{meeting_id}/edit")
def edit_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    before = plan.own_meeting(db, me, meeting_id)
    form: AnyForm = Form.parse(EditFields, posted, name="edit")
    if posted.get("look"):
        return _look(request, db, me, now, before, form, posted)
    status, ahead = 422, None
    if sought_in(form):
        form.errors.clear()
        status = 200
    elif form.data is not None and form.data.preview:
        ahead = _ahead(db, me, meeting_id, form, now)
        status = 200 if ahead else 422
    elif form.data is not None:
        try:
            facts = form.data.facts() | form.data.series()
            plan.edit(db, me, meeting_id, version=form.data.version, **facts, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error, version=plan.own_meeting(db, me, meeting_id).version)
            status = error.status
        else:
            return redirect(request, f"/meetings/{meeting_id}", said=_("The changes are saved."))
    meeting = plan.own_meeting(db, me, meeting_id)
    return _edit_page(request, db, me, now, meeting, form, ahead=ahead, status=status)


def _ahead(db: Session, me: Viewer, meeting_id: int, form: AnyForm, now: dt.datetime) -> Preview | None:
    """Return the dates that a standup would have after this edit; nothing is saved."""
    assert form.data is not None  # noqa: S101  for the type checker
    meeting = plan.own_meeting(db, me, meeting_id)
    if meeting.kind is not MeetingKind.STANDUP:
        return None
    try:
        return preview(db, me, plan.agree_anew(me, meeting, form.data.terms(), now=now), meeting, now=now)
    except Refused as error:
        form.refuse(error)
        return None


def _look(
    request: Request, db: Session, me: Viewer, now: dt.datetime, meeting: Meeting, form: AnyForm, typed: FormData
) -> Response:
    """Show who is there at that hour, beside what was typed; nothing is saved."""
    around = around_of(db, me, typed, now, meeting)
    if around:
        form.errors.clear()
    return _edit_page(request, db, me, now, meeting, form, around=around, status=200 if around else 422)


@router.get("/meetings/{meeting_id}/cancel")
def ask_cancel(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    meeting = plan.own_meeting(db, me, meeting_id)
    page = one.page(db, me, meeting_id, now=now)
    if not page.open:
        return redirect(request, f"/meetings/{meeting_id}")
    return render(request, "meetings/cancel.html", page=page, form=Form.blank("cancel", version=meeting.version))


@router.post("/meetings/{meeting_id}/cancel")
def cancel_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: AnyForm = Form.parse(CancelFields, posted, name="cancel")
    if "note" in form.errors:
        page = one.page(db, me, meeting_id, now=now)
        return render(request, "meetings/cancel.html", status=422, page=page, form=form, invalid=True)
    version, note = (form.data.version, form.data.note or "") if form.data else (0, "")
    try:
        plan.cancel(db, me, meeting_id, version=version, note=note, now=now)
    except (Refused, Conflict) as error:
        db_module.undo(db)
        page = one.page(db, me, meeting_id, now=now)
        if not page.open:
            raise
        form.refuse(error, version=page.meeting.version)
        return render(request, "meetings/cancel.html", status=error.status, page=page, form=form)
    return redirect(request, f"/meetings/{meeting_id}", said=_("The meeting is cancelled."))


@router.post("/meetings/{meeting_id}/retry")
def retry_meeting(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: AnyForm = Form.parse(Seen, posted, name="retry")
    plan.retry(db, me, meeting_id, version=form.data.version if form.data else 0, now=now)
    return redirect(request, f"/meetings/{meeting_id}", said=_("It is tried again now."))


@router.post("/meetings/{meeting_id}/adopt")
def adopt_theirs(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: AnyForm = Form.parse(Seen, posted, name="adopt")
    drift.adopt(db, me, meeting_id, version=form.data.version if form.data else 0, now=now)
    return redirect(request, f"/meetings/{meeting_id}", said=_("What Zoom has holds here as well."))


@router.post("/meetings/{meeting_id}/compare")
def compare_with_zoom(request: Request, meeting_id: RowId, me: Me, now: Now) -> Response:
    said = drift.look(database_of(request), request.app.state.work.zoom, me, meeting_id, now=now)
    return redirect(request, f"/meetings/{meeting_id}", said=said)


def _host_page(request: Request, db: Session, meeting: Meeting, form: AnyForm, *, status: int = 200) -> Response:
    takers = [(user.id, user.name or user.email) for user in hosts.others(db, meeting.zoom_host)]
    return render(request, "meetings/host.html", status=status, meeting=meeting, takers=takers, form=form)


@router.get("/meetings/{meeting_id}/host")
def choose_host(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    meeting = plan.own_meeting(db, me, meeting_id)
    if not plan.is_open(db, meeting, now):
        return redirect(request, f"/meetings/{meeting_id}")
    return _host_page(request, db, meeting, Form.blank("host", version=meeting.version))


@router.post("/meetings/{meeting_id}/host")
def hand_to_host(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    plan.own_meeting(db, me, meeting_id)
    form: AnyForm = Form.parse(HostFields, posted, name="host")
    status = 422
    if form.data is not None:
        try:
            rehosting.hand_one(db, me, meeting_id, version=form.data.version, to=form.data.to, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            form.refuse(error, version=plan.own_meeting(db, me, meeting_id).version)
            status = error.status
        else:
            return redirect(
                request, f"/meetings/{meeting_id}", said=_("Another host holds it. Zoom follows by itself.")
            )
    return _host_page(request, db, plan.own_meeting(db, me, meeting_id), form, status=status)


@router.post("/meetings/{meeting_id}/start")
def start_meeting(request: Request, meeting_id: RowId, me: Me, now: Now) -> Response:
    link = hosting.start_link(database_of(request), request.app.state.work.zoom, me, meeting_id, now=now)
    response = render(request, "meetings/start.html", meeting_id=meeting_id, link=link)
    # Not a redirect: a browser follows none to another site from a form of ours.
    response.headers["Refresh"] = f"0; url={link}"
    return response
