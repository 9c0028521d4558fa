"""The app on a phone: how it is installed, what it keeps to start without network, and taps that it sends later."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from fastapi import Request
from pydantic import BeforeValidator, Field, StringConstraints
from starlette.responses import JSONResponse, Response

from staffhub import late
from staffhub.db import digest
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.late import LONGEST, Measured, Tap
from staffhub.models import Counted, MarkKind, WorkMode
from staffhub.reports import late_words
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.security import tickets
from staffhub.typed import holds_personal_number
from staffhub.web import looks, query, redirect, render, static

router = pages()

_KEPT = ("app.css", "app.js", "offline.js", "icons.svg", "icon.svg")


def _milliseconds(text: object) -> int | None:
    """What the phone measured; anything else says nothing, so that no tap is refused for it."""
    digits = str(text or "")
    known = digits.isascii() and digits.isdecimal() and len(digits) < 12  # noqa: PLR2004  a year has eleven
    return int(digits) if known and int(digits) <= LONGEST.total_seconds() * 1000 else None


def _note(text: object) -> str | None:
    """A note that may not be kept is left out: the tap is worth more than its note."""
    note = " ".join(str(text or "").split())[:140]
    return None if not note or holds_personal_number(note) else note


_Measured = Annotated[int | None, BeforeValidator(_milliseconds), Field(default=None)]


class LateFields(Fields):
    """`account`: whose tap it is. `steady` and `wall` are milliseconds by the two clocks of the phone, see `late`."""

    kind: MarkKind
    mode: WorkMode | None = None
    note: Annotated[Line | None, BeforeValidator(_note)] = None
    idempotency_key: Key
    account: int
    ticket: Annotated[str, StringConstraints(max_length=100)] = ""
    steady_before: _Measured
    wall_before: _Measured
    steady_after: _Measured
    wall_after: _Measured


@router.post("/presence/late")
def deliver(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Take a tap that waited; whoever sent it goes on to where it can be seen, or explained."""
    form = Form.parse(LateFields, posted, name="late")
    given = form.data
    if given is None or (given.kind is MarkKind.CHECK_IN and given.mode is None):
        return Response(status_code=422)
    if given.account != me.account_id:  # somebody else is signed in on that phone by now
        return Response(status_code=403)
    tap = Tap(
        kind=given.kind,
        mode=given.mode if given.kind is MarkKind.CHECK_IN else None,
        note=given.note or "",
        key=given.idempotency_key,
        ticket=tickets.time_of(request.app.state.secret, me.account_id, given.ticket),
        before=Measured(given.steady_before, given.wall_before),
        after=Measured(given.steady_after, given.wall_after),
    )
    made = late.deliver(db, me, tap, now=now)
    said = late_words.said(made, made.at.tzname() or "")
    if made.counted is Counted.NOTHING:
        at = made.at
        explain = query("/corrections/new", date=at.date(), kind=made.kind.value, time=f"{at:%H.%M}")
        return redirect(request, explain, said=said, kind="warn")
    return redirect(request, "/", said=said)


@cache
def _worker(htmx: str) -> tuple[str, str]:
    """Return the service worker and the policy it runs under: it asks for our own files and for nothing else."""
    code = (files("staffhub") / "static" / "sw.js").read_text("utf-8")
    shell = [*(static(name) for name in _KEPT), "/offline"]
    version = digest(code, looks(), htmx, *shell)[:10]
    code = (files("staffhub") / "static" / "offline.js").read_text("utf-8") + code
    head = f"const VERSION = {json.dumps(version)}, SHELL = {json.dumps(shell)};\n"
    return head + code, "default-src 'none'; connect-src 'self'"


@router.get("/sw.js")
def service_worker(request: Request) -> Response:
    code, policy = _worker(request.app.state.settings.htmx_url)
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return Response(code, headers=headers, media_type="text/javascript")


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    office = request.app.state.office_name
    icons: list[Mapping[str, Any]] = [
        {"src": static(f"icon-{name}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for name, size, purpose in (("192", 192, "any"), ("512", 512, "any"), ("maskable", 512, "maskable"))
    ]
    said = {
        "id": "/",
        "name": f"StaffHub {office}".strip(),
        "short_name": "StaffHub",
        "description": _("Presence, meetings, requests and the daily log of the office."),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#0b4650",
        "theme_color": "#0b4650",
        "icons": icons,
    }
    headers = {"Cache-Control": "public, max-age=3600"}
    return JSONResponse(said, headers=headers, media_type="application/manifest+json")


@router.get("/offline")
def offline(request: Request) -> Response:
    """Kept by the phone: the page that stands where no network is, in both languages, and about nobody."""
    return render(request, "offline.html")
