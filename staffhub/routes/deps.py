"""What a handler asks for, declared once (the database, the person, the time, the posted form), and who fills it in."""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, NamedTuple, cast, get_args
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import request_response

from staffhub import clock, deadlines, i18n, security
from staffhub.db import Database
from staffhub.errors import NotSignedIn, Refused
from staffhub.forms import not_sought
from staffhub.i18n import gettext as _
from staffhub.routes import kept
from staffhub.security import Viewer, WebSession
from staffhub.settings import Settings
from staffhub.typed import holds_citizen_number
from staffhub.web import LOCALE_COOKIE, SESSION_COOKIE, is_fragment, read_cookie, redirect


class Given(NamedTuple):
    """Marks what a handler gets from its visit; everything else stands in the address, and FastAPI reads it."""

    name: str


Note = Callable[[Session], None]

DB = Annotated[Session, Given("db")]
Now = Annotated[datetime, Given("now")]
Posted = Annotated[FormData, Given("posted")]
Here = Annotated[WebSession, Given("here")]
Me = Annotated[Viewer, Given("me")]
# What a page leaves behind although it only reads: who read whose day, who joined, a session in use.
Trail = Annotated[list[Note], Given("trail")]

# Where somebody wanted to go before something else came in between.
NextPage = Annotated[str | None, Query(alias="next", max_length=500)]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]

_OPEN_WHILE_FORCED = {"/account/password", "/logout"}


async def _take_long() -> None:
    deadlines.patience().widen(deadlines.LONG)


# For a handler whose work with the database legitimately takes longer than a page: a sheet going out or coming in.
TakesLong = Depends(_take_long)


class MustChangePassword(Exception):
    """Signed in with a one-time password: nothing else opens before an own one is set."""


def database_of(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def settings_of(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


def pages(*parts: APIRouter) -> APIRouter:
    """Make the router of a room, or of its parts: handlers are plain functions that ask for what is named above.

    One flat list of routes: each included router would be looked through anew at every request.
    """
    router = APIRouter(route_class=_Page)
    for part in parts:
        router.routes.extend(part.routes)
    return router


@dataclass
class _Visit:
    """One request of a page. `here` is who asks, if the handler wants to know."""

    request: Request
    now: datetime
    posted: FormData
    trail: list[Note] = field(default_factory=list)
    db: Session | None = None
    here: WebSession | None = None

    @property
    def me(self) -> Viewer | None:
        return self.here.viewer if self.here else None

    def leave(self, db: Session) -> None:
        for note in self.trail:
            note(db)


class _Page(APIRoute):
    """The way of a request: what may wait waits on the event loop, all the rest is done in one go on one thread.

    A POST that asks for the database writes in one short transaction, anything else only reads; the commit is done
    before the answer leaves, so that what was acknowledged is stored. A POST without it hashes passwords, and opens
    transactions of its own in between.
    """

    def __init__(self, path: str, endpoint: Callable[..., Response], **options: Any) -> None:
        parameters = inspect.signature(endpoint).parameters
        self.handler = endpoint
        self.given = {name: mark for name, one in parameters.items() if (mark := mark_of(one.annotation))}
        self.knows_who = not {"me", "here"}.isdisjoint(self.given.values())
        in_address = [one.replace(kind=one.KEYWORD_ONLY) for name, one in parameters.items() if name not in self.given]
        super().__init__(path, asking_for(in_address, self._answer), **options)
        if not in_address and not self.dependencies:  # nothing there that FastAPI would have to look for
            self.app = request_response(partial(self._answer, asked={}))

    async def _answer(self, request: Request, asked: Mapping[str, Any]) -> Response:
        database, posting = database_of(request), request.method == "POST"
        # The body first, so that a slow phone never holds the write lock.
        visit = _Visit(request, clock.arrival(request.scope), await _read(request) if posting else FormData())
        try:
            if posting and "db" not in self.given.values():
                response = await run_sync(self._handle_apart, visit, asked, limiter=database.apart)
            else:
                response = await database.serve(partial(self._handle, visit, asked), write=posting)
        finally:
            _speak(request)
            await request.close()  # an uploaded file lies on disk until then
        # Who asks with HEAD has read nothing and gone nowhere: link previews and monitors do.
        if visit.trail and not request.scope.get("staffhub.head"):
            await database.serve(visit.leave, write=True)
        return response

    def _handle(self, visit: _Visit, asked: Mapping[str, Any], db: Session) -> Response:
        visit.db = db
        if self.knows_who:
            visit.here = here = recognise(visit.request, db, visit.now)
            if security.is_stale(here, visit.now):  # twice a day
                visit.trail.append(lambda writing: security.touch_session(writing, here.id, now=visit.now))
            kept.find(visit.request, db, here.viewer, visit.posted, visit.now)
        return self._call(visit, asked)

    def _handle_apart(self, visit: _Visit, asked: Mapping[str, Any]) -> Response:
        if self.knows_who:
            with database_of(visit.request).reading() as db:
                visit.here = recognise(visit.request, db, visit.now)
        return self._call(visit, asked)

    def _call(self, visit: _Visit, asked: Mapping[str, Any]) -> Response:
        if _seeks_citizen(visit.request):
            return _without_sought(visit.request)
        return self.handler(**asked, **{name: getattr(visit, mark) for name, mark in self.given.items()})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                if self.knows_who:  # a wrong address is told to whoever asks on a page of their own
                    await database_of(request).serve(
                        lambda db: recognise(request, db, clock.arrival(request.scope)), write=False
                    )
                    _speak(request)
                raise

        return answer


# What is typed into a box that finds something.
SOUGHT = ("q", "find")


def _seeks_citizen(request: Request) -> bool:
    given = request.query_params
    return any(holds_citizen_number(text) for name in SOUGHT for text in given.getlist(name))


def _without_sought(request: Request) -> Response:
    """Show the same page, and say why nothing was sought; the number stays in no address and no history."""
    if is_fragment(request):
        raise Refused(not_sought())
    rest = urlencode([one for one in request.query_params.multi_items() if one[0] not in SOUGHT])
    return redirect(request, f"{request.url.path}?{rest}" if rest else request.url.path, said=not_sought(), kind="warn")


def mark_of(annotation: Any) -> str | None:
    if annotation is Request:
        return "request"
    return next((about.name for about in get_args(annotation) if isinstance(about, Given)), None)


def asking_for(
    parameters: list[inspect.Parameter], answer: Callable[[Request, Mapping[str, Any]], Awaitable[Response]]
) -> Callable[..., Awaitable[Response]]:
    """Return what FastAPI calls: it looks at the signature, and passes what it found in the address."""

    async def endpoint(request: Request, **asked: Any) -> Response:
        return await answer(request, asked)

    request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    endpoint.__signature__ = inspect.Signature([request, *parameters])  # type: ignore[attr-defined]
    return endpoint


async def _read(request: Request) -> FormData:
    form = await request.form(max_files=1, max_fields=400)
    return FormData(
        [(_whole(name), _whole(value) if isinstance(value, str) else value) for name, value in form.multi_items()]
    )


def _whole(text: str) -> str:
    """A client that names a strange character set sends halves of characters, which no page can be written with."""
    return text.encode("utf-8", "replace").decode()


def recognise(request: Request, db: Session, now: datetime) -> WebSession:
    """Say who asks; from here on pages are theirs, in their language."""
    token = read_cookie(request, SESSION_COOKIE)
    if not token:
        raise NotSignedIn(_("Sign in first."))
    session = security.session_for(db, token, now=now)
    request.state.viewer = session.viewer
    request.state.unread = session.unread
    request.state.locale = session.locale or request.cookies.get(LOCALE_COOKIE) or settings_of(request).locale
    _speak(request)
    if session.must_change_password and request.url.path not in _OPEN_WHILE_FORCED:
        raise MustChangePassword
    return session


def _speak(request: Request) -> None:
    """Go on in the reader's language; what a thread sets holds on that thread, so it is said again after it."""
    if locale := getattr(request.state, "locale", None):
        i18n.set_locale(locale)


# No office's month lies outside of these; the calendar of the program ends somewhere.
YEARS = range(1990, 2100)


def month_from(text: str | None, *, today: date) -> date:
    """Return the first day of `YYYY-MM`, or of the current month when nothing is asked for."""
    if not text:
        return today.replace(day=1)
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = date.min
    if first.year not in YEARS:
        raise Refused(_("Write the month as year-month, for example 2026-11."))
    return first


def day_from(text: str | None, *, today: date) -> date:
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise Refused(_("Write the date as year-month-day, for example 2026-11-23."))
    return day
