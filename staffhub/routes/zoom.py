"""Zoom as an administrator keeps it: hosts, what is left of their day, what is stuck, and a check in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.errors import Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.meetings import hosts, keeping, plan, rehosting
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, database_of, pages, settings_of
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


class Taker(Fields):
    """Who takes over; nobody named: whoever is free at each hour."""

    to: int | None = None


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    findings: Sequence[keeping.Finding] | None = None,
    handed: rehosting.Handed | None = None,
) -> Response:
    page, listens = keeping.page(db, me, now=now), bool(settings_of(request).zoom_webhook_secret.get_secret_value())
    return render(request, "admin/zoom.html", page=page, findings=findings, listens=listens, handed=handed)


@router.get("/admin/zoom")
def show_zoom(request: Request, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now)


@router.post("/admin/zoom/check")
def check_zoom(request: Request, me: Me, now: Now) -> Response:
    """Ask Zoom, and show at once what came of it."""
    work, database = request.app.state.work, database_of(request)
    at_once = work.zoom_at_once
    findings = keeping.check(database, work.zoom, me, preferred=work.zoom_host, licensed_at_once=at_once, now=now)
    with database.reading() as db:
        return _page(request, db, me, now, findings)


@router.post("/admin/zoom/hosts/{user_id}/take")
def take_host(request: Request, user_id: RowId, db: DB, me: Me, now: Now) -> Response:
    user = hosts.let_host(db, me, user_id, hosts=True, now=now)
    return redirect(request, "/admin/zoom", said=_("%(name)s hosts from now on.", name=user.name or user.email))


@router.post("/admin/zoom/hosts/{user_id}/leave")
def leave_host(request: Request, user_id: RowId, db: DB, me: Me, now: Now) -> Response:
    user = hosts.let_host(db, me, user_id, hosts=False, now=now)
    said = _("%(name)s gets no new meetings. What is planned there stays.", name=user.name or user.email)
    return redirect(request, "/admin/zoom", said=said)


@router.post("/admin/zoom/hosts/{user_id}/hand")
def hand_over(request: Request, user_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Say at once what stays, and why; where all has gone there is nothing more to say."""
    form: Form[Any] = Form.parse(Taker, posted, name="hand")
    if form.data is None:
        raise Refused(_("Choose a host from the list."))
    handed = rehosting.hand_over(db, me, user_id, to=form.data.to, now=now)
    if handed.stay:
        return _page(request, db, me, now, handed=handed)
    said = ngettext("%(num)s meeting is handed over.", "%(num)s meetings are handed over.", handed.went)
    return redirect(request, "/admin/zoom", said=said)


@router.post("/admin/zoom/meetings/{meeting_id}/retry")
def retry_meeting(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    plan.retry_parked(db, me, meeting_id, now=now)
    return redirect(request, "/admin/zoom", said=_("It is tried again now."))


@router.post("/admin/zoom/retry")
def retry_all(request: Request, db: DB, me: Me, now: Now) -> Response:
    plan.retry_all(db, me, now=now)
    return redirect(request, "/admin/zoom", said=_("All of it is tried again now."))
