"""The way in: one press for whoever is signed in, a page with one button for everybody else who holds the link."""

from typing import Annotated

from fastapi import Path, Request
from pydantic import StringConstraints
from starlette.responses import RedirectResponse, Response

from staffhub import security
from staffhub.errors import Forbidden, NotFound, NotSignedIn, TooMany
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.meetings import joining, one
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, Trail, pages, recognise
from staffhub.routes.meetings.one import meeting_page
from staffhub.web import redirect, render

router = pages()

Token = Annotated[str, Path(max_length=32)]


@router.get("/join/{token}")
def show_door(request: Request, token: Token, db: DB, trail: Trail, now: Now) -> Response:
    """Lead the person who is signed in to Zoom. For anybody else this is one page, the same for every token and none:
    a messenger that looks at a link learns nothing of a meeting, and has gone to none.
    """
    try:
        me = recognise(request, db, now).viewer
    except NotSignedIn:
        return _page(request, "ask")
    way = joining.way_in(db, token, now=now)
    if way.office_id != me.office_id:
        raise NotFound(joining.unknown())
    if way.officer_id != me.officer_id:
        raise Forbidden(_("This link belongs to somebody else. Open the meeting from your own page."))
    if way.over:
        return redirect(request, f"/meetings/{way.meeting_id}", said=_("This link was for a date that is over."))
    if way.cancelled or not way.join_url:
        return meeting_page(request, one.page(db, me, way.meeting_id, now=now), now, status=409)
    if _is_ahead_of_the_person(request):
        # Refused, since a browser could use the answer for the person's click later, which then nobody would hear of.
        return Response(status_code=503)
    if (day := way.day) and request.headers.get("sec-fetch-mode", "navigate") == "navigate":
        # The click is evidence of attendance: it is stored before the answer sends anybody on.
        trail.append(lambda writing: joining.note_click(writing, me, way, day, now=now))
    return RedirectResponse(way.join_url, 303)


def _is_ahead_of_the_person(request: Request) -> bool:
    """A browser fetches what its person may open next."""
    names = ("sec-purpose", "purpose", "x-purpose", "x-moz")
    return any(word in request.headers.get(name, "") for name in names for word in ("prefetch", "preview"))


class WayFields(Fields):
    way: Annotated[str, StringConstraints(max_length=32)]


@router.post("/meetings/{meeting_id}/link")
def renew_link(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[WayFields] = Form.parse(WayFields, posted, name="link")
    shown = form.data.way if form.data else ""
    said = (
        _("Your link is new. The one before opens nothing any more.")
        if joining.renew(db, me, meeting_id, shown=shown, now=now)
        else _("Your link had been renewed already. The one below is yours.")
    )
    return redirect(request, f"/meetings/{meeting_id}", said=said)


@router.post("/join/{token}")
def go_in(request: Request, token: Token, db: DB, now: Now) -> Response:
    """Whoever holds the link goes in as the officer to whom it was given, on a phone that nobody signed in on."""
    try:
        way = joining.way_in(db, token, now=now)
    except NotFound:
        way = None
    if way is None or way.over:
        return _refused(request, db, now)
    if way.cancelled or not way.join_url:
        return _page(request, "cancelled" if way.cancelled else "waiting", status=409)
    if way.day:
        joining.note_click(db, None, way, way.day, now=now)
    response = _page(request, "go", link=way.join_url)
    # Not a redirect: a browser follows none to another site from a form of ours.
    response.headers["Refresh"] = f"0; url={way.join_url}"
    return response


def _refused(request: Request, db: DB, now: Now) -> Response:
    address = request.client.host if request.client else ""
    try:
        security.count_wrong_link(db, address=address, key=request.app.state.secret, now=now)
    except TooMany as error:
        response = _page(request, "often", status=429, text=error.message)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return _page(request, "unknown", status=404)


def _page(request: Request, what: str, *, status: int = 200, **said: str) -> Response:
    return render(request, "meetings/join.html", status=status, what=what, **said)
