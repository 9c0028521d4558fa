"""The screen at the door, the code that is scanned or typed, and the places that HR keeps."""

from math import ceil
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Path, Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import doors, i18n, presence, qr, security
from staffhub.db import digest
from staffhub.doors import Proven
from staffhub.errors import NotSignedIn, Refused, TooMany
from staffhub.forms import Fields, Form, Key, Line, Word
from staffhub.i18n import gettext as _
from staffhub.models import PLACE_NAME
from staffhub.routes.deps import DB, Here, Me, Now, Posted, RowId, Trail, pages, recognise, settings_of
from staffhub.routes.presence import answer, said_of, today_page
from staffhub.security import Viewer
from staffhub.security.pace import Pace
from staffhub.web import is_fragment, looks, query, read_cookie, redirect, render, set_cookie

router = pages()

# When a browser that nobody was signed in on opened which code.
OPENING_COOKIE = "staffhub_door"
SCAN = "/presence/scan"


@router.get("/kiosk/{token}")
def kiosk(
    request: Request,
    db: DB,
    now: Now,
    token: Annotated[str, Path(max_length=64)],
    page: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Show the code of this half minute to whoever passes by; the page asks for the next one by itself."""
    shown = doors.kiosk(db, token, now=now)
    pace: Pace = request.app.state.screens
    pace.know(token, now=now)
    pace.count(token, now=now)
    if is_fragment(request) and page != looks():  # a screen that has stood there since before an upgrade
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    seen = (str(shown.code), shown.place, shown.office, i18n.current_locale(), looks(), str(is_fragment(request)))
    headers = {"ETag": f'"{digest(*seen)[:20]}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    address = f"{settings_of(request).base_url}{SCAN}?code={shown.code}"
    response = render(
        request,
        "doors/kiosk.html",
        block="screen",
        status=200 if shown.code else 404,
        kiosk=shown,
        address=query(f"/kiosk/{token}", page=looks()),
        wait=ceil(shown.left),
        drawn=qr.draw(address) if shown.code else None,
        now=shown.now,
        zone_name=shown.now.tzname(),
        office_name=shown.office,
    )
    response.headers.update(headers)
    return response


@router.get(SCAN)
def scanned(
    request: Request, db: DB, trail: Trail, now: Now, code: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What a phone's camera opens: who it is comes first, then one press. The code is judged as of its opening."""
    typed, secret = doors.normal(code), request.app.state.secret
    since = doors.opened_at(secret, read_cookie(request, OPENING_COOKIE), typed, now=now)
    try:
        here = recognise(request, db, now)
    except NotSignedIn:
        response = redirect(request, query("/login", next=query(SCAN, code=typed)))
        note = doors.note_opening(secret, typed, now=since)
        set_cookie(request, response, OPENING_COOKIE, note, seconds=int(doors.OPENED_FOR.total_seconds()))
        return response
    me = here.viewer
    if me.officer_id is None:
        raise Refused(presence.belongs_to_nobody())
    if not typed:
        return redirect(request, "/")
    try:
        security.refuse_guesses(db, me, now=now)
    except TooMany as error:
        return _nothing(request, error)
    way = doors.judge(db, me, typed, now=since)
    if way is None:
        trail.append(lambda writing: security.note_guess(writing, me, now=now))
        return _nothing(request, Refused(_wrong()))
    return render(
        request,
        "doors/scan.html",
        way=way,
        grant=doors.grant(secret, here.id, way, now=now),
        spell=presence.spell(db, me, now=now),
        used=doors.used(db, me, way),
        key=str(uuid4()),
    )


def _wrong() -> str:
    return _(
        "This code does not count: it is over, or it is not from a screen of your office. Take the one it shows now."
    )


def _nothing(request: Request, error: Refused | TooMany) -> Response:
    response = render(request, "doors/refused.html", status=error.status, text=error.message)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


class ScanFields(Fields):
    """`code` as it was typed, or `grant`: what the page of a scanned code said. `out`: it is for leaving."""

    code: Annotated[Word, StringConstraints(max_length=40)] | None = None
    grant: Annotated[str, StringConstraints(max_length=120)] | None = None
    out: bool = False
    idempotency_key: Key


@router.post(SCAN)
def scan(request: Request, posted: Posted, db: DB, here: Here, now: Now) -> Response:
    form: Form[ScanFields] = Form.parse(ScanFields, posted, name="scan")
    me, given = here.viewer, form.data
    if given is not None and given.grant:
        way = doors.granted(db, me, request.app.state.secret, here.id, given.grant, now=now)
        if way is None:
            return _nothing(request, Refused(_("This page is too old. Scan the code that the screen shows now.")))
        proven = doors.prove(db, me, way, out=given.out, idempotency_key=given.idempotency_key, now=now)
        said = _said(proven, way)
        return redirect(request, f"/presence/receipts/{proven.stamp.receipt}", said=said)
    if given is None or not given.code:
        form.errors.setdefault("code", _("Type the six characters that the screen shows."))
        return today_page(request, db, me, now, scan_form=form, status=422)
    try:
        security.refuse_guesses(db, me, now=now)
    except TooMany as error:
        form.errors["code"] = error.message
        response = today_page(request, db, me, now, scan_form=form, status=error.status)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    way = doors.judge(db, me, given.code, now=now)
    if way is None:
        security.note_guess(db, me, now=now)
        form.errors["code"] = _wrong()
        return today_page(request, db, me, now, scan_form=form, status=422)
    proven = doors.prove(db, me, way, out=given.out, idempotency_key=given.idempotency_key, now=now)
    return answer(request, db, me, now, _said(proven, way))


def _said(proven: Proven, way: doors.Way) -> str:
    stamp = proven.stamp
    if proven.again:
        return _(
            "You have used this code already: receipt %(code)s. Any other step takes the next code.", code=stamp.code
        )
    if proven.raised:
        return _(
            "Proven with the code of %(place)s. Receipt %(code)s stays, with grade A.", place=way.place, code=stamp.code
        )
    return said_of(stamp, str(stamp.at.tzname()))


class PlaceFields(Fields):
    name: Annotated[Line, StringConstraints(max_length=PLACE_NAME)]
    idempotency_key: Key


@router.get("/admin/places")
def places(request: Request, db: DB, me: Me) -> Response:
    return _places_page(request, db, me, Form.blank("place"))


def _places_page(request: Request, db: Session, me: Viewer, form: Form[Any], *, status: int = 200) -> Response:
    found = doors.listing(db, me)
    invalid = bool(form.errors)
    return render(
        request, "doors/places.html", status=status, places=found, form=form, invalid=invalid, key=str(uuid4())
    )


@router.post("/admin/places")
def make_place(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("places")
    form: Form[PlaceFields] = Form.parse(PlaceFields, posted, name="place")
    if form.data is None:
        return _places_page(request, db, me, form, status=422)
    place_id = doors.make(db, me, name=form.data.name, idempotency_key=form.data.idempotency_key, now=now)
    return redirect(request, f"/admin/places/{place_id}", said=_("The place is made. Open its address on the screen."))


@router.get("/admin/places/{place_id}")
def place(request: Request, place_id: RowId, db: DB, me: Me) -> Response:
    """The address for the screen, to be copied, or printed and scanned by a tablet."""
    found = doors.one(db, me, place_id)
    address = f"{settings_of(request).base_url}/kiosk/{found.token}"
    drawn = None if found.ended_at else qr.draw(address)
    return render(request, "doors/place.html", place=found, address=address, drawn=drawn)


@router.post("/admin/places/{place_id}/end")
def end_place(request: Request, place_id: RowId, db: DB, me: Me, now: Now) -> Response:
    name = doors.end(db, me, place_id, now=now)
    return redirect(
        request, "/admin/places", said=_("%(name)s is ended: its codes are worth nothing any more.", name=name)
    )
