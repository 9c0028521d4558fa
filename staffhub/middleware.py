"""What every request passes: an id and a log line, security headers on every answer, refusal of cross-site writes."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from staffhub import again, audit, clock, deadlines, i18n
from staffhub.db import digest
from staffhub.settings import Settings
from staffhub.troubles import SLOW, Troubles
from staffhub.web import SESSION_COOKIE, cookie_name

log = structlog.get_logger(__name__)

REQUESTS = Counter("staffhub_requests_total", "Requests by route and status.", ["method", "route", "status"])
SECONDS = Histogram("staffhub_request_seconds", "Time to answer, by route.", ["route"])
_SAFE_ID = re.compile(r"^[A-Za-z0-9-]{8,32}$")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
MAX_BODY = 6 * 1024 * 1024  # the register's 5 MB file and its form around it

ErrorPage = Callable[[Request, int, str], Awaitable[Response]]


def security_headers(settings: Settings) -> dict[str, str]:
    """The policy allows our own files and one script address; nothing inline, nothing framed."""
    script = urlsplit(settings.htmx_url)
    policy = {
        "default-src": "'none'",
        "script-src": f"'self' {script.scheme}://{script.netloc}{script.path}",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # no-referrer would make our own forms send `Origin: null`
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if settings.https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


class Edge:
    """Outermost of ours: whatever happens inside, the answer has its id, its headers and its log line."""

    def __init__(
        self, app: ASGIApp, settings: Settings, error_page: ErrorPage, no_cookies: str, troubles: Troubles
    ) -> None:
        self.app = app
        self.no_cookies = no_cookies
        self.troubles = troubles
        self.cookie = cookie_name(settings, SESSION_COOKIE)
        named = security_headers(settings) | {"Cache-Control": "no-store"}
        self.headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
        self.locale = settings.locale
        self.error_page = error_page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        deadlines.begin(deadlines.PAGE)
        head = scope["method"] == "HEAD"
        if head:  # answered as GET, without the body
            scope = {**scope, "method": "GET", "staffhub.head": True}
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _SAFE_ID.match(given) else secrets.token_hex(8)
        audit.request_id.set(request_id)
        # Until a session says which language its owner reads.
        chosen = Request(scope).cookies.get(i18n.COOKIE) if i18n.COOKIE in headers.get("cookie", "") else None
        if scope["path"].startswith(self.no_cookies):
            chosen = i18n.accepted(headers.get("accept-language", ""))
        i18n.set_locale(chosen or self.locale)
        status, away = 0, False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, away
            if message["type"] == "http.response.start":
                status = message["status"]
                said = {name for name, _value in message["headers"]}
                away = status == HTTPStatus.SERVICE_UNAVAILABLE and (b"x-trouble", b"away") in message["headers"]
                ours = [one for one in self.headers if one[0] not in said]
                message["headers"] = [*message["headers"], *ours, (b"x-request-id", request_id.encode())]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            await self.app(scope, _within_limit(receive), send_with_headers)
        except Exception:
            log.exception("unhandled_error", request_id=request_id, path=_route(scope))
            if status:  # the answer had begun: cutting it is all that is left
                raise
            page = await self.error_page(Request(scope), 500, request_id)
            await page(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - started
            _note(scope, status, seconds, request_id)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or seconds > SLOW:
                self._count(scope, status, away=away)

    def _count(self, scope: Scope, status: int, *, away: bool) -> None:
        """Count what somebody met who wanted to be marked. The database is not asked: it may be the cause."""
        method, path = scope["method"], scope["path"]
        if not (path in {"/", "/login"} or path.startswith("/join/") or again.is_mark(method, path)):
            return
        kind = "slow"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            refused = status == HTTPStatus.SERVICE_UNAVAILABLE
            kind = "away" if away else "busy" if refused else "failed"
        token = Request(scope).cookies.get(self.cookie)
        self.troubles.note(kind, digest(token) if token else "", clock.arrival(scope))


def _within_limit(receive: Receive) -> Receive:
    taken = 0

    async def receive_within_limit() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            raise HTTPException(413)
        return message

    return receive_within_limit


def _route(scope: Scope) -> str:
    """The route's pattern, never the address as asked: that may hold a name or a token."""
    route = scope.get("route")
    return str(getattr(route, "path", "-"))


# What is counted has few names: looking one up takes longer than counting.
_counter, _clock_of = cache(REQUESTS.labels), cache(SECONDS.labels)


def _note(scope: Scope, status: int, seconds: float, request_id: str) -> None:
    route, method = _route(scope), scope["method"] if scope["method"] in {"GET", "POST", "HEAD"} else "OTHER"
    _counter(method, route, status).inc()
    _clock_of(route).observe(seconds)
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), request_id=request_id)


class CrossSiteRefusal:
    """Refuse writes that another site started; no token is needed in any form.

    A browser says where a request comes from: Sec-Fetch-Site on secure origins, Origin everywhere. On a plain-http
    office network only Origin arrives. A client that sends neither is let in only without a session cookie. Below
    `no_cookies` none is looked at, so nobody else's browser has anything there to write with.
    """

    def __init__(self, app: ASGIApp, error_page: ErrorPage, cookie: str, no_cookies: str) -> None:
        self.app = app
        self.error_page = error_page
        self.cookie = cookie
        self.no_cookies = no_cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE_METHODS or self._is_ours(Request(scope)):
            await self.app(scope, receive, send)
            return
        page = await self.error_page(Request(scope), 403, audit.request_id.get())
        await page(scope, receive, send)

    def _is_ours(self, request: Request) -> bool:
        if request.scope["path"].startswith(self.no_cookies):
            return True
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = request.headers.get("origin")
        if origin is not None:
            return origin.partition("://")[2] == request.headers.get("host")
        return self.cookie not in request.cookies
