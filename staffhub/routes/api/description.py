"""The description of all calls as OpenAPI 3.1 has it, for programs that write clients and tests of themselves."""

import json
from importlib.metadata import version
from typing import Any

from fastapi import Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from staffhub.routes.api.problems import Flaw, Problem
from staffhub.routes.deps import DB, pages
from staffhub.service_requests import programs

router = pages()

_ABOUT = """Requests of citizens, who serves and the days that are over, for the office's own programs.

Each call bears a token that an administrator made under /admin/tokens. Every refusal is a problem as RFC 9457 has it,
in the language asked for (Accept-Language: id or en). Nothing here takes a NIK, a KK number or a scan.
"""
_TOKEN = {"type": "http", "scheme": "bearer", "description": "A token made under /admin/tokens."}


@router.get("/api/v1/openapi.json", include_in_schema=False)
def describe(request: Request, db: DB) -> Response:
    """Anybody may read it: it tells how to ask, and nothing of what is there."""
    prepared: dict[Any, Any] = request.app.state.prepared
    if "calls" not in prepared:  # a tenth of a second
        prepared["calls"] = json.dumps(described(_calls(request)))
    told = json.loads(prepared["calls"])
    codes = programs.offered(db)
    if codes:
        told["components"]["schemas"]["NewRequest"]["properties"]["service_type"]["enum"] = codes
    return Response(json.dumps(told), media_type="application/json")


def _calls(request: Request) -> list[Any]:
    return [route for route in request.app.routes if getattr(route, "path", "").startswith("/api/v1/")]


def described(calls: list[Any]) -> dict[str, Any]:
    told = get_openapi(
        title="StaffHub", version=version("staffhub"), openapi_version="3.1.0", description=_ABOUT, routes=calls
    )
    for one in (call for path in told["paths"].values() for call in path.values()):
        for parameter in one.get("parameters", ()):
            parameter["schema"] = _left_out(parameter["schema"])
    parts = told.setdefault("components", {})
    parts["securitySchemes"] = {"token": _TOKEN}
    schemas = parts.setdefault("schemas", {})
    for model in (Problem, Flaw):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    return told


def _left_out(schema: dict[str, Any]) -> dict[str, Any]:
    """What may be left out of an address is either there or not: it is never sent as null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    more = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    return kinds[0] | more if kinds else more
