"""What the description promises of each call: its answers, its refusals, and the scope that it needs."""

import inspect
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from staffhub.models import TokenScope
from staffhub.routes.api.problems import MEDIA_TYPE

_REFUSAL = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_HEADERS = {
    401: {"WWW-Authenticate": "Which token is wanted, and what is wrong with this one (RFC 6750)."},
    403: {"WWW-Authenticate": "The scope that the token lacks."},
    429: {"Retry-After": "Seconds until this token may call again."},
    503: {"Retry-After": "Seconds."},
}
# Whatever is asked for: nobody known, too often, too much at once, the database away, a fault of ours.
_ALWAYS = (401, 403, 405, 422, 429, 500, 503)
_OF_WRITING = (400, 413, 415)


def refusal(status: int) -> dict[str, Any]:
    said = _HEADERS.get(status, {})
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in said.items()}
    return {"description": HTTPStatus(status).phrase, **_REFUSAL, **({"headers": headers} if headers else {})}


def header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def answers(
    model: type[BaseModel] | None,
    *,
    status: int = 200,
    headers: dict[str, Any] | None = None,
    also: tuple[int, ...] = (),
    unchanged: bool = False,
) -> dict[str, Any]:
    """Return the options of a route: what it answers, and which refusals it knows besides those of all calls."""
    found: dict[int | str, Any] = {one: refusal(one) for one in also}
    found[status] = {"model": model, "description": HTTPStatus(status).phrase, "headers": headers or {}}
    if unchanged:
        found[304] = {"description": "Unchanged: what the caller has is what stands.", "headers": headers or {}}
    return {"response_model": model, "status_code": status, "responses": found}


def promised(endpoint: Callable[..., Any], scope: TokenScope | None, *, writes: bool, own: Any) -> dict[str, Any]:
    """Return what stands of a call in the description, beside its answers (`own`)."""
    known = (*_ALWAYS, *(_OF_WRITING if writes else ()))
    text = inspect.getdoc(endpoint) or ""
    return {
        "responses": {**{status: refusal(status) for status in known}, **(own or {})},
        "operation_id": endpoint.__name__,
        "summary": text.partition("\n")[0],
        "description": text if scope is None else f"{text}\n\nNeeds the scope `{scope}`.",
        "openapi_extra": {"security": [{"token": [scope] if scope else []}]},
    }
