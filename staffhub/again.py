"""Not now: the page for whoever must come again, with the form that could not be taken, whole.

The moment at which it was pressed first goes out signed and comes back with the next try, as a field or as a header:
what counts for a mark is the first press, measured by us, also when the answer to it was "not now". Whoever only wants
a page gets the same note as a cookie, and stands in line for it since the first try: who came later does not go first.
"""

import hmac
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from urllib.parse import parse_qsl

from jinja2_fragments import render_block
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from staffhub import clock, i18n
from staffhub.audit import request_id
from staffhub.i18n import gettext as _
from staffhub.web import SESSION_COOKIE, environment, is_fragment, page_context, read_cookie, read_flash, set_cookie

# unsure: the database did not say whether it stored what it had been given.
Why = Literal["busy", "database", "unsure"]
# page: somebody only reads. asked: by a form, which stands on the page again. sent: one that stores something.
# lost: one that cannot stand there; sign_in: that one.
Kind = Literal["page", "asked", "sent", "sign_in", "lost"]
# Where a small form's body is left in the scope, since a body can be read only once.
BODY = "staffhub.body"
FIELD, HEADER, COOKIE = "first_press", "X-First-Press", "staffhub_first_try"
# Forms that hold passwords or are about the session itself: no page repeats those.
_NEVER = ("/login", "/logout", "/account")
# A form that stores nothing of whoever sends it: to say that nothing was saved would only frighten.
_ASKS = "/status"
# How long a first press may count, and how long a page goes on sending by itself.
_COUNTS = timedelta(minutes=10)
_BY_ITSELF = timedelta(minutes=2)


def is_mark(method: str, path: str) -> bool:
    """What a person declares at a moment that counts: a check-in, a check-out, a note to one."""
    return method == "POST" and path.startswith("/presence/")


def _posted(request: Request) -> list[tuple[str, str]]:
    body: bytes = request.scope.get(BODY, b"")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return []
    try:
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=400)
    except ValueError:  # more fields than any form of ours
        return []


def _signature(request: Request, at: str, key: str, what: str = "first press") -> str:
    parts = (what, at, request.scope["path"], key, read_cookie(request, SESSION_COOKIE) or "")
    return hmac.digest(request.app.state.secret, "\0".join(parts).encode(), "sha256").hex()[:32]


def _first_press(request: Request) -> str | None:
    """Return the note that the next try brings along: when this form was first pressed, for this person and key."""
    key = dict(_posted(request)).get("idempotency_key")
    if not key or not is_mark(request.method, request.scope["path"]):
        return None
    at = _milliseconds(clock.arrival(request.scope))
    return f"{at}.{_signature(request, at, key)}"


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def count_from_first_press(request: Request) -> None:
    """Let a try count from the first press, if it brings a note that we gave for it a few minutes ago."""
    given = request.headers.get(HEADER)
    if not is_mark(request.method, request.scope["path"]) or not (given or FIELD.encode() in request.scope[BODY]):
        return
    fields = dict(_posted(request))
    at, _dot, signature = (given or fields.get(FIELD, "")).partition(".")
    ours = _signature(request, at, fields.get("idempotency_key", ""))
    if not hmac.compare_digest(signature.encode(), ours.encode()):
        return
    first, arrived = datetime.fromtimestamp(int(at) / 1000, UTC), clock.arrival(request.scope)
    if arrived - _COUNTS <= first <= arrived:
        request.scope[clock.ARRIVED] = first


def first_try(request: Request) -> datetime:
    """Return since when somebody wants this: when it arrived, or an earlier try for the same page was refused."""
    arrived = clock.arrival(request.scope)
    if COOKIE.encode() not in dict(request.scope["headers"]).get(b"cookie", b""):
        return arrived
    at, _dot, signature = (read_cookie(request, COOKIE) or "").partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(request, at, "", COOKIE).encode()):
        return arrived
    first = datetime.fromtimestamp(int(at) / 1000, UTC)
    return first if arrived - _BY_ITSELF <= first <= arrived else arrived


def _remember(request: Request, answer: Response) -> None:
    at = _milliseconds(first_try(request))
    note = f"{at}.{_signature(request, at, '', COOKIE)}"
    set_cookie(request, answer, COOKIE, note, seconds=int(_BY_ITSELF.total_seconds()))


def _form(request: Request, note: str | None, *, seconds: int) -> Markup:
    """Return the same form with one button, which a script presses by itself after `seconds`; or nothing at all."""
    fields = [(name, value) for name, value in _posted(request) if name != FIELD]
    if request.method != "POST" or not fields or request.scope["path"].startswith(_NEVER):
        return Markup()
    if note:
        fields.append((FIELD, note))
    path, asked = request.scope["path"], request.scope["query_string"].decode("latin-1")
    patient = clock.now() - clock.arrival(request.scope) < _BY_ITSELF
    text = (
        environment()
        .get_template("again.html")
        .render(
            action=f"{path}?{asked}" if asked else path,
            fields=fields,
            counts=bool(note),
            seconds=seconds if patient else 0,
        )
    )
    return Markup(text)  # noqa: S704  escaped by the template


def come_again(request: Request, seconds: int, *, why: Why) -> Response:
    """Say that it did not go now and will in some seconds: 503 with Retry-After, of what was prepared beforehand.

    A page loads itself again; a form stands on it with one button; a part of a page gets a note among the toasts.
    """
    headers = {"Retry-After": str(seconds), "Vary": "HX-Request", "X-Trouble": "busy" if why == "busy" else "away"}
    note = _first_press(request)
    if note:
        headers[HEADER] = note
    if is_fragment(request):
        headers |= {"HX-Retarget": "#toasts", "HX-Reswap": "innerHTML"}
        return HTMLResponse(_note(i18n.current_locale(), why, reads=request.method == "GET"), 503, headers)
    stood = _form(request, note, seconds=seconds)
    refused: Kind = "sign_in" if request.scope["path"] == "/login" else "lost"
    kept: Kind = "asked" if request.scope["path"] == _ASKS else "sent"
    kind: Kind = "page" if request.method == "GET" else kept if stood else refused
    if kind == "page":
        headers["Refresh"] = str(seconds)
    page = _page(request, kind, why).replace(_EVENT, request_id.get()).replace(_FORM, stood)
    answer = HTMLResponse(page, 503, headers)
    if kind == "page" and why == "busy":
        _remember(request, answer)
    return answer


# What differs from answer to answer, in a page that is otherwise prepared once in each language.
_FORM, _EVENT = Markup("<!--form-->"), "--event--"


def _words(kind: Kind, why: Why) -> dict[str, Any]:
    kept = _("Nothing of this step was saved; everything acknowledged before is kept. Try again in a moment.")
    if why != "busy" and kind in {"page", "asked"}:
        text = _("Nothing is lost: it only cannot be looked up. Try again in a moment.")
        return {"title": _("The database cannot answer right now"), "text": text, "event": _EVENT}
    if why == "database":
        return {"title": _("The database cannot answer right now"), "text": kept, "event": _EVENT}
    if why == "unsure":
        text = _("The database did not answer while it was storing this. Sent again, it is stored only once.")
        return {"title": _("It is not certain that this was saved"), "text": text, "event": _EVENT}
    lost = _("Many people came at the same moment, and what you sent is not saved. Go back and send it once more.")
    texts: dict[Kind, str] = {
        "page": _("Many people came at the same moment. This page tries again by itself in a moment."),
        "asked": _("Many people asked at the same moment. Ask once more in a moment."),
        "sent": _("Many people pressed at the same moment. What you sent is not saved yet, but it is not lost."),
        "sign_in": lost,
        "lost": lost,
    }
    return {"title": _("Busy right now"), "text": texts[kind], "event": ""}


def _values(kind: Kind, why: Why) -> dict[str, Any]:
    # No way past a form that waits on the page: it would be lost.
    again = ("", _("Try again"))  # the same address, with where somebody wanted to go
    start = ("/", _("To the start page"))
    back = {"page": again, "asked": ("", ""), "sent": ("", ""), "sign_in": again, "lost": start}[kind]
    return {**_words(kind, why), "still": "", "form": _FORM, "back": back[0], "back_text": back[1]}


def _page(request: Request, kind: Kind, why: Why) -> str:
    said = read_flash(request)  # a receipt perhaps: it is told, however busy it is
    key = i18n.current_locale(), kind, why
    prepared: dict[Any, str] = request.app.state.prepared
    if said or key not in prepared:
        page = environment().get_template("error.html")
        # Nobody's own page: it is kept, and whose it would be is often not known yet.
        nobody = {"viewer": None, "nav": [], "menu": [], "office_name": request.app.state.office_name, "oob": False}
        text = page.render(page_context(request) | nobody | _values(kind, why) | {"flashes": said})
        if said:
            return text
        prepared[key] = text
    return prepared[key]


@cache
def _note(_locale: str, why: Why, *, reads: bool) -> str:
    words = _words("page" if reads else "lost", why)
    if why != "unsure" and not reads:
        words["text"] = _("Nothing was saved. Press once more in a moment.")
    return render_block(environment(), "error.html", "error_note", words | {"still": "", "event": ""})
