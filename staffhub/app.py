"""create_app(settings): middleware, routers, error pages, lifespan."""

import ctypes
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus

import anyio.to_thread
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import configure_mappers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from staffhub import again, deadlines, logs, notify
from staffhub.admission import Admission, Door
from staffhub.assets import Assets
from staffhub.audit import request_id
from staffhub.connections import Unconfirmed
from staffhub.db import REQUEST_THREADS, Database, is_gone, is_taken
from staffhub.errors import NotSignedIn, StaffHubError, TooMany
from staffhub.i18n import gettext as _
from staffhub.middleware import CrossSiteRefusal, Edge
from staffhub.migrations import is_at_head
from staffhub.models import Office
from staffhub.routes import (
    account,
    admin,
    api,
    attendance,
    board,
    calendars,
    corrections,
    doors,
    kept,
    leave,
    logbook,
    machines,
    meetings,
    notices,
    office_picture,
    operations,
    orders,
    outages,
    people,
    phone,
    presence,
    roll_call,
    roster,
    rules,
    service_requests,
    sign_in,
    status,
    tokens,
    webhooks,
    worklog,
    zoom,
)
from staffhub.routes.deps import MustChangePassword, pages
from staffhub.scheduler import Ticker, Work
from staffhub.security.pace import Pace
from staffhub.settings import Settings
from staffhub.troubles import Troubles
from staffhub.warming import compile_pages, read_first_pages
from staffhub.web import SESSION_COOKIE, cookie_name, is_fragment, query, redirect, render

log = structlog.get_logger(__name__)

# The busiest first: an address is compared with one route after the other.
_ROOMS = (
    api,
    presence,
    doors,
    phone,
    board,
    operations,
    webhooks,
    sign_in,
    status,
    service_requests,
    worklog,
    logbook,
    meetings,
    roster,
    leave,
    orders,
    outages,
    roll_call,
    attendance,
    corrections,
    people,
    notices,
    office_picture,
    calendars,
    account,
    admin,
    machines,
    rules,
    zoom,
    tokens,
)


# A screen at a door asks twice a minute, and once a second while its network comes back.
SCREEN_A_MINUTE = 120


# PostgreSQL lets nobody write: it is a copy, or was told so.
_NOT_FOR_WRITING = {"25006"}


_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # from malloc.h


class NotAtHead(SystemExit):
    """The database is not what this version needs; nothing is served on it."""


def _give_memory_back() -> None:
    """Let glibc keep two heaps, not eight a core, and return at once the 19 MB that each password's hash works in."""
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ((_ARENA_MAX, 2), (_MMAP_THRESHOLD, 2**20)):
            mallopt(parameter, value)


def make_work(settings: Settings, database: Database) -> Work:
    zoom = None
    if settings.zoom_configured:
        from staffhub.zoom.client import ZoomClient

        zoom = ZoomClient(
            account_id=settings.zoom_account_id,
            client_id=settings.zoom_client_id,
            client_secret=settings.zoom_client_secret.get_secret_value(),
            base_uri=settings.zoom_base_uri,
            oauth_uri=settings.zoom_oauth_uri,
        )
    mailer = notify.Mailer(settings.smtp) if settings.smtp else None
    courier = notify.Courier(settings.notice_channel) if settings.notice_channel else None
    post = notify.Post(mailer, settings.base_url, settings.locale, courier) if mailer or courier else None
    return Work(
        database=database,
        zoom=zoom,
        zoom_host=settings.zoom_host,
        zoom_at_once=settings.zoom_at_once,
        troubles=Troubles(settings.data_dir / "troubles"),
        machine_dir=settings.machine_dir,
        post=post,
        notice_days=settings.notice_days,
    )


def load() -> None:
    """Have in memory what each of several processes needs alike."""
    compile_pages()
    configure_mappers()
    gc.collect()
    gc.freeze()  # whoever walks through it writes into it


def create_app(settings: Settings, *, ticking: bool = True) -> FastAPI:
    """Build the app. `ticking` False leaves the time-driven work to another process (or to a test)."""
    logs.configure()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _give_memory_back()
        anyio.to_thread.current_default_thread_limiter().total_tokens = REQUEST_THREADS
        await anyio.to_thread.run_sync(_check_database, app)
        await anyio.to_thread.run_sync(compile_pages)
        if ticking:
            await anyio.to_thread.run_sync(read_first_pages, app.state.database)
            app.state.ticker.start()
            # What stands now stands until the end: walking it again and again would hold up the busiest minute.
            gc.collect()
            gc.freeze()
        yield
        if ticking:
            await anyio.to_thread.run_sync(app.state.ticker.stop)
            app.state.work.troubles.keep()
        app.state.database.engine.dispose()

    app = FastAPI(
        title="StaffHub",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # our own counters and log are in `middleware`
        redirect_slashes=False,  # it would lead to whatever host the request names
    )
    app.state.settings = settings
    app.state.secret = settings.secret()
    app.state.database = Database(settings.database)
    app.state.work = make_work(settings, app.state.database)
    app.state.ticker = Ticker(app.state.work)
    app.state.office_name = ""
    app.state.prepared = {}
    app.state.door = Door()
    app.state.pace = Pace(settings.api_calls_a_minute)
    app.state.screens = Pace(SCREEN_A_MINUTE)
    app.router.routes.extend(pages(*(room.router for room in _ROOMS)).routes)
    app.mount("/static", Assets(), name="static")
    _add_error_pages(app)
    # Two to four hundredths of what the page itself costs; a lower level saves half of that and sends a tenth more.
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Admission, door=app.state.door, busy=partial(_come_again, why="busy"))
    app.add_middleware(
        CrossSiteRefusal, error_page=_page_of, cookie=cookie_name(settings, SESSION_COOKIE), no_cookies=api.PREFIX
    )
    app.add_middleware(
        Edge, settings=settings, error_page=_page_of, no_cookies=api.PREFIX, troubles=app.state.work.troubles
    )
    return app


def _check_database(app: FastAPI) -> None:
    database: Database = app.state.database
    deadlines.begin(deadlines.WORK)
    with database.engine.connect() as connection:
        if not is_at_head(connection):
            raise NotAtHead("The database is not at the version of this program. Run: staffhub migrate")
        names = connection.execute(select(Office.name).limit(2)).scalars().all()
    app.state.office_name = names[0] if len(names) == 1 else ""


def _texts(status: int) -> tuple[str, str]:
    """Return title and text of an error page; the text says what still holds."""
    pages: dict[int, Callable[[], tuple[str, str]]] = {
        403: lambda: (_("This page is not open to you"), _("Nothing was changed. Go back to your own page.")),
        404: lambda: (_("Page not found"), _("The address may be old, or the item is gone. Nothing was changed.")),
        405: lambda: (_("This address does not take that"), _("Nothing was changed. Go back to your own page.")),
        409: lambda: (_("Not possible as things stand now"), _("Open the page again to see how it is now.")),
        413: lambda: (_("Too large"), _("Nothing was saved. A file may have up to 5 MB.")),
        422: lambda: (_("Something is not quite right yet"), _("Nothing was saved. Go back and check what you typed.")),
        429: lambda: (_("Too many tries"), _("Wait a little, then try again.")),
    }
    if status in pages:
        return pages[status]()
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return pages[422]()
    return (
        _("Something went wrong on our side"),
        _("Nothing of this step was saved; everything acknowledged before is kept. Try again in a moment."),
    )


def error_page(request: Request, status: int, *, event: str, said: str = "") -> Response:
    """One page for every error; under htmx the same words as a note among the toasts, never in the target."""
    if api.is_call(request.url.path):
        return api.problem(request, status, said=said)
    title, text = _texts(status)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and request.method in {"GET", "HEAD"}:
        text = _("Nothing was changed. Go back to your own page.")  # who only read had nothing to save
    response = render(
        request,
        "error.html",
        block="error_note",
        status=status,
        title=title,
        text=said or text,
        still=text if said and status in {409, 422} else "",
        event=event if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
        back="/",
        back_text=_("To the start page"),
    )
    if is_fragment(request):
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _come_again(request: Request, seconds: int, *, why: again.Why) -> Response:
    if api.is_call(request.url.path):
        return api.problem(request, 503, headers={"Retry-After": str(seconds)})
    return again.come_again(request, seconds, why=why)


async def _page_of(request: Request, status: int, event: str) -> Response:
    return error_page(request, status, event=event)


def _add_error_pages(app: FastAPI) -> None:
    app.add_exception_handler(StaffHubError, _on_staffhub_error)
    app.add_exception_handler(NotSignedIn, _on_not_signed_in)
    app.add_exception_handler(MustChangePassword, _on_must_change)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_bad_address)
    app.add_exception_handler(OperationalError, _on_database_down)
    app.add_exception_handler(PoolTimeout, _on_database_down)
    app.add_exception_handler(DataError, _on_unfit_value)
    app.add_exception_handler(IntegrityError, _on_race)
    app.add_exception_handler(DBAPIError, _on_database_error)


def _on_staffhub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StaffHubError)  # noqa: S101  for the type checker: registered for this class only
    if api.is_call(request.url.path):
        response = api.challenge(request, error)
    else:
        response = error_page(request, error.status, event=request_id.get(), said=error.message)
    if error.status in {403, 404}:
        log.warning("refused", status=error.status, route=str(getattr(request.scope.get("route"), "path", "-")))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _on_not_signed_in(request: Request, error: Exception) -> Response:
    if api.is_call(request.url.path):
        return _on_staffhub_error(request, error)
    wanted = await kept.keep(request) if request.method == "POST" else _wanted(request)
    return redirect(request, query("/login", next=wanted))


def _on_must_change(request: Request, _error: Exception) -> Response:
    return redirect(request, query("/account/password", next=_wanted(request)))


def _wanted(request: Request) -> str | None:
    """Return where somebody comes back to after signing in: what was posted is no page."""
    url = request.url
    if request.method != "GET":
        return None
    return f"{url.path}?{url.query}" if url.query else url.path


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    response = error_page(request, error.status_code, event=request_id.get())
    for name, value in (error.headers or {}).items():
        response.headers.setdefault(name, value)
    return response


def _on_bad_address(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if api.is_call(request.url.path):
        return api.invalid(request, error)
    in_path = any(problem["loc"][0] == "path" for problem in error.errors())
    return error_page(request, 404 if in_path else 422, event=request_id.get())


async def _on_database_down(request: Request, error: Exception) -> Response:
    """Locked, restarting, full, read-only, out of reach or silent: never a reason to take something for saved."""
    cause = getattr(error, "orig", None)
    code = str(getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or "")
    if code == "SQLITE_ERROR":  # a statement that SQLite does not understand is a mistake of ours
        raise error
    log.error("database_unavailable", error=type(error).__name__, cause=type(cause).__name__, code=code)
    unsure = isinstance(cause, Unconfirmed) or code.startswith("SQLITE_IOERR")
    return _come_again(request, 5, why="unsure" if unsure else "database")


def _on_unfit_value(request: Request, _error: Exception) -> Response:
    """A number too large or a NUL in an address, which PostgreSQL refuses to compare with anything."""
    return error_page(request, 422, event=request_id.get())


def _on_race(request: Request, error: Exception) -> Response:
    """Two wanted the same at once, and the database let one in: the last line of defence behind the verbs."""
    assert isinstance(error, IntegrityError)  # noqa: S101
    if is_taken(error):
        said = _("Somebody stored the same at this moment, perhaps you in another tab. This step was not saved.")
    elif is_gone(error):
        said = _("Something that belongs to it was removed meanwhile. This step was not saved.")
    else:  # a column that is empty or holds what it must not: a mistake of ours
        raise error
    log.warning("lost_a_race", route=str(getattr(request.scope.get("route"), "path", "-")), taken=is_taken(error))
    return error_page(request, 409, event=request_id.get(), said=said)


async def _on_database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)  # noqa: S101
    if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _NOT_FOR_WRITING:
        return await _on_database_down(request, error)
    raise error
