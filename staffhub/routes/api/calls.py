"""A call of a program: who calls, then the work in one transaction, and one JSON answer."""

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response

from staffhub import clock
from staffhub.db import Database
from staffhub.errors import NotSignedIn
from staffhub.i18n import gettext as _
from staffhub.models import TokenScope
from staffhub.routes.api.declared import promised
from staffhub.routes.deps import Given, asking_for, database_of, mark_of
from staffhub.security import Viewer, tokens
from staffhub.security.pace import Pace

log = structlog.get_logger(__name__)

LONGEST = 64 * 1024

# The token behind the call; what it may is asked of the scope that the route names.
Caller = Annotated[Viewer, Given("caller")]


def calls(*parts: APIRouter) -> APIRouter:
    router = APIRouter(route_class=_Call)
    for part in parts:
        router.routes.extend(part.routes)
    return router


def needs(scope: TokenScope | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say which scope a call needs; None: any token will do."""

    def mark(handler: Callable[..., Any]) -> Callable[..., Any]:
        handler.scope = scope  # type: ignore[attr-defined]
        return handler

    return mark


def json_answer(told: BaseModel, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(told.model_dump_json(), status, dict(headers or {}), "application/json")


@dataclass
class _Visit:
    request: Request
    now: datetime
    db: Session | None = None
    bearer: tokens.Bearer | None = None

    @property
    def caller(self) -> Viewer | None:
        return self.bearer.viewer if self.bearer else None


class _Call(APIRoute):
    """The way of a call: no cookie counts, no form is read, and whoever calls is known before anything is said."""

    def __init__(self, path: str, endpoint: Callable[..., Response], **options: Any) -> None:
        parameters = inspect.signature(endpoint).parameters
        self.handler = endpoint
        self.scope: TokenScope | None = getattr(endpoint, "scope", None)
        self.given = {name: mark for name, one in parameters.items() if (mark := mark_of(one.annotation))}
        in_address = [one.replace(kind=one.KEYWORD_ONLY) for name, one in parameters.items() if name not in self.given]
        writes = "POST" in (options.get("methods") or ())
        options |= promised(endpoint, self.scope, writes=writes, own=options.get("responses"))
        super().__init__(path, asking_for(in_address, self._answer), **options)

    @property
    def writes(self) -> bool:
        return "POST" in (self.methods or ())

    async def _answer(self, request: Request, asked: Mapping[str, Any]) -> Response:
        visit = _Visit(request, clock.arrival(request.scope))
        database = database_of(request)
        response = await database.serve(partial(self._handle, visit, asked), write=self.writes)
        if visit.bearer and visit.bearer.stale and not self.writes:
            response.background = BackgroundTask(_note_use, database, visit)
        return response

    def _handle(self, visit: _Visit, asked: Mapping[str, Any], db: Session) -> Response:
        visit.db = db
        visit.bearer = recognise(visit.request, db, visit.now)
        if self.scope:
            tokens.require(visit.bearer.viewer, self.scope)
        if self.writes and visit.bearer.stale:
            _touch(visit, db)
        return self.handler(**asked, **{name: getattr(visit, mark) for name, mark in self.given.items()})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            _pace_of(request).count(secret_of(request), now=clock.arrival(request.scope))
            if self.body_field:
                await _look_at_body(request)
            try:
                return await handle(request)
            except RequestValidationError:  # told to nobody but a caller who may ask
                await database_of(request).serve(partial(self._admit, request), write=False)
                raise

        return answer

    def _admit(self, request: Request, db: Session) -> None:
        bearer = recognise(request, db, clock.arrival(request.scope))
        if self.scope:
            tokens.require(bearer.viewer, self.scope)


def secret_of(request: Request) -> str:
    kind, _blank, secret = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise NotSignedIn(_("This call needs a token: Authorization: Bearer and the token."))
    return secret.strip()


def _pace_of(request: Request) -> Pace:
    pace: Pace = request.app.state.pace
    return pace


def recognise(request: Request, db: Session, now: datetime) -> tokens.Bearer:
    found = tokens.bearer(db, secret_of(request), now=now)
    _pace_of(request).know(secret_of(request), now=now)
    return found


async def _look_at_body(request: Request) -> None:
    """Refuse what is no JSON or too long before anything of it is understood; the body stays with the request."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LONGEST or len(await request.body()) > LONGEST:
        raise HTTPException(413)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)


def _touch(visit: _Visit, db: Session) -> None:
    program = visit.bearer.viewer.program if visit.bearer else None
    if program:
        tokens.touch(db, program.token_id, now=visit.now)


async def _note_use(database: Database, visit: _Visit) -> None:
    """Once the answer has gone; whether it can be noted or not is nobody's trouble."""
    try:
        await database.serve(partial(_touch, visit), write=True)
    except SQLAlchemyError as error:
        log.warning("use_of_token_not_noted", error=type(error).__name__)
