"""What was typed into a page of a session that had ended: kept when it is sent, found when its owner is back."""

from datetime import datetime
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from staffhub import clock, security
from staffhub.db import Database
from staffhub.security import Kept, Viewer
from staffhub.web import SESSION_COOKIE, has_page, own_path, read_cookie

# Forms about the session itself, a message of a citizen, which is kept nowhere, and a tap, which the phone keeps.
_NOT_FROM = ("/login", "/logout", "/account", "/requests/paste", "/presence/late")
_LONGEST = 400


async def keep(request: Request) -> str | None:
    """Keep the posted form of an ended session; return the page to come back to, or None when nothing was kept."""
    token = read_cookie(request, SESSION_COOKIE)
    action = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if not token or request.url.path.startswith(_NOT_FROM) or len(action) > _LONGEST:
        return None
    try:
        form = await request.form(max_files=1, max_fields=400)
    except HTTPException:  # too large, or no form at all
        return None
    fields = [(_plain(name), _plain(value)) for name, value in form.multi_items() if isinstance(value, str)]
    await form.close()
    kept_id = await run_in_threadpool(_store, request, token, action, fields)
    page = _page(request)
    return None if kept_id is None else f"{page}{'&' if '?' in page else '?'}kept={kept_id}"


def _plain(text: str) -> str:
    """Without what no database takes."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _store(request: Request, token: str, action: str, fields: list[tuple[str, str]]) -> int | None:
    database = cast("Database", request.app.state.database)
    with database.transaction() as db:
        return security.keep_form(db, token, action=action, fields=fields, now=clock.now())


def _page(request: Request) -> str:
    """Return the page the form stood on, as the browser says; or else the nearest page above its address."""
    came_from = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer") or "")
    path = own_path(came_from.path)
    if came_from.netloc == request.headers.get("host") and len(path) < _LONGEST and has_page(request, path):
        asked = [(name, value) for name, value in parse_qsl(came_from.query) if name != "kept"]
        return f"{path}?{urlencode(asked)}" if asked and len(urlencode(asked)) < _LONGEST else path
    path = request.url.path
    while path and not has_page(request, path):
        path = path.rpartition("/")[0]
    return path or "/"


def find(request: Request, db: Session, me: Viewer, posted: FormData, now: datetime) -> None:
    """On the way back: lay what I typed ready for the page, and drop it when I send the form again."""
    if request.method == "GET":
        kept_id = _number(request.query_params.get("kept", ""))
        if kept_id:
            request.state.kept = security.kept_form(db, me, kept_id, now=now)
    elif kept_id := _number(posted.get("kept", "")):
        security.drop_kept(db, me, kept_id)


def _number(text: object) -> int:
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19  # noqa: PLR2004  64 bits
    return int(text) if isinstance(text, str) and is_number else 0


def kept_for(request: Request, action: str) -> Kept | None:
    """Return the kept form that this page was asked to show again, if it is one for that address."""
    kept: Kept | None = getattr(request.state, "kept", None)
    return kept if kept and urlsplit(kept.action).path == action else None
