"""What a handler asks for, declared once: the database, the person, the time, the posted form."""

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from typing import Annotated, cast

from fastapi import Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from staffhub import clock, deadlines, i18n, security
from staffhub.db import Database
from staffhub.errors import NotSignedIn, Refused
from staffhub.i18n import gettext as _
from staffhub.routes import kept
from staffhub.security import Viewer, WebSession
from staffhub.settings import Settings
from staffhub.web import LOCALE_COOKIE, SESSION_COOKIE, read_cookie


def database_of(request: Request) -> Database:
    return cast("Database", request.app.state.database)


def settings_of(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)


async def _now(request: Request) -> datetime:
    return clock.arrival(request.scope)


def _whole(text: str) -> str:
    """A client that names a strange character set sends halves of characters, which no page can be written with."""
    return text.encode("utf-8", "replace").decode()


async def _posted(request: Request) -> AsyncIterator[FormData]:
    form = await request.form(max_files=1, max_fields=400)
    try:
        yield FormData(
            [(_whole(name), _whole(value) if isinstance(value, str) else value) for name, value in form.multi_items()]
        )
    finally:
        await form.close()  # an uploaded file lies on disk until then


async def _trail(request: Request) -> AsyncIterator[list[Callable[[Session], None]]]:
    """What a page leaves behind although it only reads: who read whose day, who joined, a session in use.

    Written in a small transaction after the reading and before the answer goes. It waits for the write lock here, on
    the event loop: a handler that waited for it would keep its thread and its connection, and enough of them would
    keep the holder of the lock from ever finishing.
    """
    notes: list[Callable[[Session], None]] = []
    yield notes
    # Who asks with HEAD has read nothing and gone nowhere: link previews and monitors do.
    if notes and not request.scope.get("staffhub.head"):
        async with database_of(request).request_session(write=True) as writing:
            for note in notes:
                await run_in_threadpool(note, writing)


Trail = Annotated[list[Callable[[Session], None]], Depends(_trail, scope="function")]


async def _db(request: Request, _after_it: Trail) -> AsyncIterator[Session]:
    """The method decides: a POST writes in one short immediate transaction, anything else only reads.

    The body is read first, so that a slow phone never holds the write lock; what is left in the trail is written last.
    """
    write = request.method == "POST"
    if write:
        await request.form(max_files=1, max_fields=400)
    try:
        async with database_of(request).request_session(write=write) as session:
            yield session
    finally:
        await request.close()


# scope="function": the commit is done before the answer leaves, so that what was acknowledged is stored.
DB = Annotated[Session, Depends(_db, scope="function")]
Now = Annotated[datetime, Depends(_now)]
Posted = Annotated[FormData, Depends(_posted)]
# Where somebody wanted to go before something else came in between.
NextPage = Annotated[str | None, Query(alias="next", max_length=500)]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1)]

_OPEN_WHILE_FORCED = {"/account/password", "/logout"}


async def _here(request: Request, db: DB, trail: Trail, now: Now) -> WebSession:
    session = await _recognise(request, db, now)
    if security.is_stale(session, now):  # twice a day
        trail.append(lambda writing: security.touch_session(writing, session.id, now=now))
    await kept.find(request, db, session.viewer, now)
    return session


Here = Annotated[WebSession, Depends(_here)]


async def _me(here: Here) -> Viewer:
    return here.viewer


async def _apart(request: Request) -> AsyncIterator[None]:
    async with database_of(request).apart:
        yield


# For a handler that opens its own transactions, since it hashes passwords between them.
Apart = Depends(_apart, scope="function")


async def _take_long() -> None:
    deadlines.patience().widen(deadlines.LONG)


# For a handler whose work with the database legitimately takes longer than a page: a sheet going out or coming in.
TakesLong = Depends(_take_long)


async def _here_apart(request: Request, _gate: Annotated[None, Apart], now: Now) -> WebSession:
    async with database_of(request).request_session(write=False) as db:
        return await _recognise(request, db, now)


async def _recognise(request: Request, db: Session, now: datetime) -> WebSession:
    token = read_cookie(request, SESSION_COOKIE)
    if not token:
        raise NotSignedIn(_("Sign in first."))
    session = await run_in_threadpool(security.session_for, db, token, now=now)
    request.state.viewer = session.viewer
    i18n.set_locale(session.locale or request.cookies.get(LOCALE_COOKIE) or settings_of(request).locale)
    if session.must_change_password and request.url.path not in _OPEN_WHILE_FORCED:
        raise MustChangePassword
    return session


class MustChangePassword(Exception):
    """Signed in with a one-time password: nothing else opens before an own one is set."""


HereApart = Annotated[WebSession, Depends(_here_apart, scope="function")]


async def _me_apart(here: HereApart) -> Viewer:
    return here.viewer


Me = Annotated[Viewer, Depends(_me)]
MeApart = Annotated[Viewer, Depends(_me_apart)]


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
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(_("Write the date as year-month-day, for example 2026-11-23.")) from None
