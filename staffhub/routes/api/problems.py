"""Every refusal of a call is a problem as RFC 9457 has it: what kind, why in the caller's language, and where."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from staffhub.audit import request_id
from staffhub.errors import NotSignedIn, StaffHubError
from staffhub.forms import explain
from staffhub.i18n import gettext as _
from staffhub.security.answers import KeyReused
from staffhub.security.tokens import MissingScope

PREFIX = "/api/v1/"
MEDIA_TYPE = "application/problem+json"
_REALM = 'Bearer realm="StaffHub"'
_KINDS = {
    400: "unreadable",
    401: "token-needed",
    403: "not-allowed",
    404: "not-found",
    405: "wrong-method",
    409: "conflict",
    412: "changed-meanwhile",
    413: "too-large",
    415: "wrong-media-type",
    422: "invalid",
    428: "condition-needed",
    429: "too-many",
    503: "unavailable",
}


class Flaw(BaseModel):
    """One mistake in what was sent."""

    model_config = ConfigDict(extra="forbid")

    place: str = Field(description="Where it was sent: body, query, header or path.")
    pointer: str = Field(description="A JSON pointer into the body, or the name of the parameter.")
    detail: str


class Problem(BaseModel):
    """Why a call was refused (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="urn:staffhub:problem: and the kind; stable, for programs.")
    title: str = Field(description="The status in English.")
    status: int
    detail: str = Field(description="Why, in words for people, in the language asked for.")
    request_id: str = Field(description="By this the office finds the call in its log.")
    scope: str | None = Field(None, description="The scope that the token lacks.")
    errors: list[Flaw] | None = Field(None, description="The mistakes in what was sent.")


def is_call(path: str) -> bool:
    return path.startswith(PREFIX)


def _detail(status: int) -> str:
    words = {
        400: _("What was sent cannot be read: send one JSON object in UTF-8."),
        404: _("There is nothing at this address."),
        405: _("This address does not take that method."),
        413: _("A call may have up to 64 kB."),
        415: _("Send JSON, and say so: Content-Type: application/json."),
        422: _("Something in what was sent is not right."),
        503: _("Not now: nothing of this call was stored, or it is not certain. Send it again with the same key."),
    }
    return words.get(status) or _("Something went wrong on our side")


def problem(
    request: Request,
    status: int,
    *,
    said: str = "",
    kind: str = "",
    flaws: Sequence[Flaw] = (),
    scope: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    told = Problem(
        type=f"urn:staffhub:problem:{kind or _KINDS.get(status, 'fault')}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=said or _detail(status),
        request_id=request_id.get(),
        scope=scope,
        errors=list(flaws) or None,
    )
    more = {"Vary": "Accept-Language", **(headers or {})}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        more["Allow"] = ", ".join(_allowed(request))
    return Response(dumped(told.model_dump(exclude_none=True)), status, more, MEDIA_TYPE)


def dumped(told: Any) -> str:
    """Return JSON of ASCII alone: whatever halves of characters a caller sends, they can be named in an answer."""
    return json.dumps(told, separators=(",", ":"))


def _allowed(request: Request) -> list[str]:
    """Return all methods of an address, which stands in the table once for each."""
    path = request.scope["path"]
    there = [route for route in request.app.routes if hasattr(route, "path_regex") and route.path_regex.match(path)]
    found = {method for route in there for method in getattr(route, "methods", None) or ()}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def challenge(request: Request, error: StaffHubError) -> Response:
    """Answer a call that a verb refused."""
    headers: dict[str, str] = {}
    if isinstance(error, NotSignedIn):
        known = "authorization" in request.headers
        headers["WWW-Authenticate"] = f'{_REALM}, error="invalid_token"' if known else _REALM
        kind = "token-refused" if known else ""
        return problem(request, 401, said=error.message, kind=kind, headers=headers)
    if isinstance(error, MissingScope):
        headers["WWW-Authenticate"] = f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'
        return problem(request, 403, said=error.message, kind="missing-scope", scope=error.scope, headers=headers)
    if isinstance(error, KeyReused):
        return problem(request, error.status, said=error.message, kind="key-reused")
    flaws = [Flaw(place="body", pointer=f"/{error.field}", detail=error.message)] if error.field else []
    return problem(request, error.status, said=error.message, flaws=flaws)


def invalid(request: Request, error: RequestValidationError) -> Response:
    """Name every mistake; what cannot be read at all, or comes without a key, is told as such."""
    found = error.errors()
    flaws = [_flaw(one) for one in found]
    if any(flaw.place == "path" for flaw in flaws):
        return problem(request, 404)
    if any(one["type"] == "json_invalid" for one in found):
        return problem(request, 400)
    if any(one["type"] == "missing" and flaw.place == "header" for one, flaw in zip(found, flaws, strict=True)):
        said = _("This call needs the header %(name)s.", name="Idempotency-Key")
        return problem(request, 400, said=said, kind="key-needed", flaws=flaws)
    return problem(request, 422, flaws=flaws)


def _flaw(error: Any) -> Flaw:
    place, *rest = (str(part) for part in error["loc"])
    pointer = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in rest) if place == "body" else rest[0]
    said = {
        "extra_forbidden": _("There is no such field."),
        "bool_type": _("Write true or false."),
        "string_type": _("Write a text."),
    }
    return Flaw(place=place, pointer=pointer, detail=said.get(error["type"]) or explain(error))
