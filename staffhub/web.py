"""Pages: the Jinja environment, render(page or block), redirects, flashes, and how times are written."""

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from jinja2_fragments import render_block
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Mount

from staffhub import i18n
from staffhub.clock import now
from staffhub.dated import dated_short, long_day, month_name, short_day, weekday
from staffhub.db import digest
from staffhub.i18n import gettext as _
from staffhub.models import Role
from staffhub.refill import Refilled, refill
from staffhub.reports import words
from staffhub.security import PERMISSIONS, Kept, Viewer
from staffhub.settings import HTMX_INTEGRITY, Settings

SESSION_COOKIE = "staffhub_session"
DEVICE_COOKIE = "staffhub_device"
LOCALE_COOKIE = i18n.COOKIE
FLASH_COOKIE = "staffhub_flash"


def cookie_name(settings: Settings, name: str) -> str:
    """Return the name as browsers know it: under https "__Host-" binds a cookie to this host, whatever it is called."""
    return f"__Host-{name}" if settings.https else name


def read_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(cookie_name(request.app.state.settings, name))


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: int) -> None:
    """Set one of our own cookies, or with 0 seconds take it away: no script reads it, no other site sends it along."""
    settings: Settings = request.app.state.settings
    response.set_cookie(
        cookie_name(settings, name), value, max_age=seconds, httponly=True, secure=settings.https, samesite="lax"
    )


def remember_locale(request: Request, response: Response, locale: str) -> None:
    """Keep the language for pages that are said without knowing who reads them."""
    secure = request.app.state.settings.https
    response.set_cookie(LOCALE_COOKIE, locale, max_age=31_536_000, samesite="lax", secure=secure)


@cache
def static(name: str) -> str:
    """Address of a static file; the hash in it lets a phone keep the file for a year."""
    content = (files("staffhub") / "static" / name).read_bytes()
    return f"/static/{name}?v={digest(content.hex())[:10]}"


@cache
def looks() -> str:
    """What every page is made with, as a hash: a page kept from before an upgrade is not the page of today."""
    folder = files("staffhub") / "templates"
    parts = [path.read_text("utf-8") for path in sorted(Path(str(folder)).rglob("*.html"))]
    return digest(*parts, *map(static, ("app.css", "app.js", "offline.js", "roster.js", "kiosk.js", "icons.svg")))


@cache
def _translated(message: str, _locale: str) -> Markup:
    return Markup(i18n.gettext(message))  # noqa: S704  texts of our own templates and catalogues


def _text(message: str, **values: object) -> Markup:
    """What `_` is in a template: Jinja's own takes ten times as long, and a page has forty of them."""
    text = _translated(message, i18n.current_locale())
    return text % values if values else text


def _counted(singular: str, plural: str, num: int, **values: object) -> Markup:
    return Markup(i18n.ngettext_raw(singular, plural, num)) % {"num": num, **values}  # noqa: S704


@pass_context
def on_page(context: Context, value: date) -> str:
    """On a page the year is that of its own clock; what is made without a page knows none."""
    here = context.get("now")
    return short_day(value, this_year=here.year if here else None)


@pass_context
def from_to(context: Context, first: date, last: date) -> str:
    """Sel, 1 Des – Rab, 2 Des. Over the end of a year both ends say theirs."""
    if first.year != last.year:
        return f"{dated_short(first)} – {dated_short(last)}"
    ends = [on_page(context, first), on_page(context, last)]
    return ends[0] if first == last else " – ".join(ends)


@cache
def environment() -> Environment:
    env = Environment(
        loader=PackageLoader("staffhub"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,  # it would ask the disk for every template of every page
    )
    env.filters |= {
        "clock": i18n.clock,
        "long_day": long_day,
        "dated": i18n.day,
        "short_day": on_page,
        "dated_short": dated_short,
        "weekday": weekday,
        "month_name": month_name,
        "minutes": words.duration,
        "iso": lambda value: value.isoformat(),
        "each": each,
    }
    env.globals |= {"_": _text, "ngettext": _counted}
    env.globals |= {"static": static, "query": query, "from_to": from_to, "words": words, "attributes": attributes}
    ui = env.globals["ui"] = SimpleNamespace()
    for name in ("ui.html", "ui_lists.html"):
        macros = vars(env.get_template(name).module).items()
        vars(ui).update({name: macro for name, macro in macros if not name.startswith("_")})
    vars(ui).update({name: _prepared(getattr(ui, name)) for name in PREPARED})
    return env


# Macros that say the same whenever they are asked the same in one language: a page has a hundred of them.
PREPARED = ("bell", "icon", "mode", "key", "grade", "cell", "request_state", "lacks")


def _prepared(macro: Callable[..., str]) -> Callable[..., str]:
    @cache
    def made(_locale: str, *words: str) -> Markup:
        return Markup("".join(line.strip() for line in macro(*words).splitlines()))  # noqa: S704  a macro's own

    return lambda *words: made(i18n.current_locale(), *words)


def each(things: Iterable[str], macro: Callable[[str], str]) -> Markup:
    """Return what a prepared macro makes of every thing; a loop of calls in a template is far slower."""
    return Markup("").join(map(macro, things))


def attributes(*given: Mapping[str, object]) -> Markup:
    """Write attributes of HTML: None and False leave one out, True has no value, an underscore is a hyphen.

    Where two speak of the same, the later counts, unless it is None.
    """
    wanted = {name: value for some in given for name, value in some.items() if value is not None}
    written = (
        f" {name.replace('_', '-')}" if value is True else f' {name.replace("_", "-")}="{escape(value)}"'
        for name, value in wanted.items()
        if value is not False
    )
    return Markup("".join(written))  # noqa: S704  names are ours, values are escaped


def query(path: str, **values: object) -> str:
    """An address with the parameters that have a value."""
    given = {key: value for key, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True)
class NavItem:
    href: str
    icon: str
    label: str
    wide: bool = False


@dataclass(frozen=True)
class Flash:
    kind: str
    text: str


@dataclass(frozen=True)
class Htmx:
    src: str
    integrity: str


# Main places by role, most used first: four stay on a phone's bar, the rest go to "More".
_FIRST = {
    Role.OFFICE_HEAD: ("today", "board", "meetings", "month"),
    Role.HR: ("today", "month", "board", "roster"),
    Role.ADMIN: ("today", "board", "month", "requests"),
}


@cache
def _navigation(role: Role, _locale: str) -> tuple[list[NavItem], list[NavItem]]:
    """Return the main places of a role, and what else stands in its menu."""

    def may(permission: str) -> bool:
        return role in PERMISSIONS[permission]

    places = {
        "today": ("/", "today", _("Today")),
        "board": ("/board", "board", _("Board")),
        "requests": ("/requests", "inbox", _("Requests")),
        "worklog": ("/worklog", "log", _("Log")),
        "meetings": ("/meetings", "video", _("Meetings")),
        "roster": ("/roster", "roster", _("Plan")),
        "month": ("/attendance" if may("attendance") else "/me/month", "month", _("Month")),
    }
    first = _FIRST.get(role, ("today", "board", "requests", "worklog"))
    order = [*first, *(name for name in places if name not in first)]
    menu = [NavItem("/leave", "leave", _("Leave")), NavItem("/orders", "field", _("Duty orders"))]
    some = (
        ("roll_call", "/presence/roll-call", "check", _("Roll call")),
        ("people", "/people", "board", _("People")),
        ("rules", "/admin/rules", "roster", _("Rules of the office")),
        ("places", "/admin/places", "lock", _("Screens at the doors")),
        ("holidays.edit", "/admin/holidays", "month", _("Holidays")),
        ("outages", "/admin/outages", "alert", _("Disturbances")),
        ("machines", "/admin/machines", "board", _("Fingerprint machines")),
        ("admin", "/admin/zoom", "video", "Zoom"),
        ("admin", "/admin/tokens", "lock", _("Programs")),
    )
    menu += [NavItem(href, icon, label) for permission, href, icon, label in some if may(permission)]
    menu += [NavItem("/notices", "bell", _("Notices")), NavItem("/account", "user", _("My account"))]
    return [NavItem(*places[name], wide=name not in first) for name in order], menu


def _main_menu(role: Role, path: str, locale: str) -> Markup:
    nav, menu = _navigation(role, locale)
    there = (item.href for item in (*nav, *menu) if path == item.href or path.startswith(f"{item.href}/"))
    return _made_menu(role, next(there, ""), locale)


@cache
def _made_menu(role: Role, here: str, locale: str) -> Markup:
    """The menu as it stands on every page of one place; it is the half of what all pages share."""
    made = environment().globals["ui"].main_menu(*_navigation(role, locale), here)  # type: ignore[attr-defined]
    return Markup(made)  # noqa: S704  a macro's own


def is_fragment(request: Request) -> bool:
    headers = request.headers
    return headers.get("hx-request") == "true" and "hx-history-restore-request" not in headers


def page_context(request: Request) -> dict[str, Any]:
    settings: Settings = request.app.state.settings
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    locale, path = i18n.current_locale(), request.url.path
    # The clock that a page shows runs on from here, so a wait before this does not make it slow.
    local = now().astimezone(viewer.zone if viewer else settings.zone)
    return {
        "locale": locale,
        "viewer": viewer,
        "office_name": viewer.office_name if viewer else request.app.state.office_name,
        "now": local,
        "zone_name": local.tzname(),
        "unread": str(min(getattr(request.state, "unread", 0), 100)),  # a text: what is prepared is asked for by texts
        "main_menu": _main_menu(viewer.role, path, locale) if viewer else "",
        "htmx": Htmx(settings.htmx_url, HTMX_INTEGRITY),
        "zoom_sandbox": settings.zoom_is_sandbox,
        "path": path,
        "invalid": False,
    }


def render(
    request: Request,
    template: str,
    *,
    block: str | None = None,
    oob: Iterable[str] = (),
    status: int = 200,
    toast: str | None = None,
    **context: Any,
) -> Response:
    """Answer with the whole page, or for htmx with `block` (and the `oob` blocks) of the same template.

    `toast` is said beside a fragment; on a whole page it stands above the content. A refusal takes away what was said
    before it: "saved" must not stand beside "not saved".
    """
    values = page_context(request) | {"oob": False, "flashes": []} | context
    if block and is_fragment(request):
        text = render_block(environment(), template, block, values)
        for name in oob:
            text += render_block(environment(), template, name, values | {"oob": True})
        if toast or status >= 400:  # noqa: PLR2004  a refusal
            flashes = [Flash("ok", toast)] if toast else []
            text += render_block(environment(), "base.html", "toast_block", values | {"oob": True, "flashes": flashes})
        if values["viewer"]:  # the count came with the session: whoever keeps a page open sees it grow
            text += str(environment().globals["ui"].bell(values["unread"], "again"))  # type: ignore[attr-defined]
        response = HTMLResponse(text, status)
    else:
        said = read_flash(request)
        values["flashes"] = [*said, *([Flash("ok", toast)] if toast else [])]
        page = environment().get_template(template)
        if kept := getattr(request.state, "kept", None):
            text, elsewhere = _with_kept(request, page, values, kept)
            if elsewhere:
                return RedirectResponse(elsewhere, 303)
        else:
            text = page.render(values)
        response = HTMLResponse(text, status)
        if said:
            set_cookie(request, response, FLASH_COOKIE, "", seconds=0)
    response.headers["Vary"] = "HX-Request"
    return response


def _with_kept(request: Request, page: Template, values: dict[str, Any], kept: Kept) -> tuple[str, str | None]:
    """Write the page with what was typed before the session ended; or say on which other page its form stands.

    Where no page has it any more, the words themselves are shown, so that they can be copied; and whoever only pressed
    a button is told that it was not done.
    """
    typed = _("You were signed out before this was saved. What you typed is here again: check it, then send it.")
    pressed = _("You were signed out before your last press was saved, so nothing was done. Press once more.")
    if filled := _filled(page, values, kept, said=typed):
        again = filled if filled.seen else _filled(page, values, kept, said=pressed)
        return (again or filled).page, None
    own_page = urlsplit(kept.action).path
    if own_page != request.url.path and has_page(request, own_page):
        return "", query(own_page, kept=kept.id)
    words = " · ".join(value for _name, value in kept.fields if " " in value.strip())
    if words:
        pressed = _("You were signed out before this was saved. You had typed: %(words)s", words=words)
    return page.render(values | {"flashes": [*values["flashes"], Flash("warn", pressed)]}), None


def _filled(page: Template, values: dict[str, Any], kept: Kept, *, said: str) -> Refilled | None:
    text = page.render(values | {"flashes": [*values["flashes"], Flash("warn", said)]})
    return refill(text, action=kept.action, fields=kept.fields, mark=("kept", str(kept.id)))


def typed_before(request: Request, action: str, name: str) -> list[str]:
    """Return what was chosen under a name in a kept form, for a page that shows only such choices as it is told of."""
    kept: Kept | None = getattr(request.state, "kept", None)
    if kept is None or urlsplit(kept.action).path != action:
        return []
    return [value for field, value in kept.fields if field == name]


def has_page(request: Request, path: str) -> bool:
    """Whether something answers when that address is only opened."""
    scope = {"type": "http", "method": "GET", "path": path, "root_path": ""}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes if not isinstance(route, Mount))


def redirect(request: Request, address: str, *, said: str | None = None, kind: str = "ok") -> Response:
    """Go on to another page after a POST (303; for htmx a HX-Redirect), with something to say there."""
    response: Response
    if is_fragment(request):
        # Quoted as RedirectResponse does it: a header holds ASCII.
        response = Response(status_code=204, headers={"HX-Redirect": quote(address, safe=":/%#?=@[]!$&'()*+,;")})
    else:
        response = RedirectResponse(address, 303)
    if said:
        _set_flash(request, response, Flash(kind, said))
    return response


def _sign(request: Request, body: bytes) -> str:
    return hmac.digest(request.app.state.secret, b"flash" + body, "sha256").hex()[:32]


def _set_flash(request: Request, response: Response, said: Flash) -> None:
    body = base64.urlsafe_b64encode(json.dumps([said.kind, said.text]).encode())
    set_cookie(request, response, FLASH_COOKIE, f"{body.decode()}.{_sign(request, body)}", seconds=60)


def read_flash(request: Request) -> list[Flash]:
    body, _dot, signature = (read_cookie(request, FLASH_COOKIE) or "").rpartition(".")
    if not body or not hmac.compare_digest(signature.encode(), _sign(request, body.encode()).encode()):
        return []
    kind, text = json.loads(base64.urlsafe_b64decode(body))
    return [Flash(kind, text)]


def own_path(address: str | None) -> str:
    """Return an address to go on to after signing in, or / when it would lead off this site."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(address)
    control = any(ord(letter) < 32 for letter in address)  # noqa: PLR2004  control characters
    return "/" if parts.scheme or parts.netloc or control or "\\" in address else address
