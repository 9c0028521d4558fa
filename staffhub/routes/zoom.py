"""Zoom as an administrator keeps it: hosts, what is left of their day, what is stuck, and a check in words."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.i18n import gettext as _
from staffhub.meetings import hosts, keeping, plan
from staffhub.routes.deps import DB, Me, Now, RowId, database_of, pages, settings_of
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


def _page(
    request: Request, db: Session, me: Viewer, now: datetime, findings: Sequence[keeping.Finding] | None = None
) -> Response:
    page, listens = keeping.page(db, me, now=now), bool(settings_of(request).zoom_webhook_secret.get_secret_value())
    return render(request, "admin/zoom.html", page=page, findings=findings, listens=listens)


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


@router.post("/admin/zoom/meetings/{meeting_id}/retry")
def retry_meeting(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now) -> Response:
    plan.retry_parked(db, me, meeting_id, now=now)
    return redirect(request, "/admin/zoom", said=_("It is tried again now."))
