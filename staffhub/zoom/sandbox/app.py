"""The sandbox's addresses: Zoom's own, the pages behind its links, and /sandbox/... to watch and to break it."""

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from staffhub import clock
from staffhub.zoom.sandbox import meetings, past, views
from staffhub.zoom.sandbox.account import Account
from staffhub.zoom.sandbox.hooks import Hooks
from staffhub.zoom.sandbox.play import play
from staffhub.zoom.sandbox.refusals import Refusal, refusal
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.sandbox.wire import Fault, Faults, Wire
from staffhub.zoom.shapes import JSON

MEETING_PAGE, USER_PAGE, DEFAULT_PAGE = 300, 2000, 30
FORM = "application/x-www-form-urlencoded"


def create_sandbox(
    *,
    account: Account | None = None,
    now: Callable[[], datetime] = clock.now,
    state_path: Path | None = None,
    hooks: Hooks | None = None,
) -> FastAPI:
    """Build a sandbox that plays `account`; with `state_path`, meetings and daily counters survive a restart.

    `now` returns an aware time in UTC; `hooks` are told of what happens. Run it with SandboxServer: it is for this
    machine only.
    """
    app = FastAPI(title="Zoom sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.store = Store(account or Account(), now, state_path)
    app.state.store.hooks = hooks
    app.state.faults = Faults()
    app.state.hang_up = _cannot_hang_up
    app.include_router(zoom)
    app.include_router(pages)
    app.include_router(control)
    app.include_router(play)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _unknown)
    # A web page elsewhere must not reach the sandbox by pointing its own name at 127.0.0.1.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    app.add_middleware(Wire, faults=app.state.faults)
    return app


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _faults(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    return faults


async def _body(request: Request) -> JSON:
    """Return the JSON object that was sent. Raises Refusal."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise refusal(415, 300, "Unsupported content type.")
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refusal(400, 300, "Request Body should be a valid JSON object.")
    return body


async def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")


Kept = Annotated[Store, Depends(_store)]
Broken = Annotated[Faults, Depends(_faults)]
Body = Annotated[JSON, Depends(_body)]
Origin = Annotated[str, Depends(_origin)]


def needs(label: str, granular: str, classic: str) -> Callable[[Request, Store], Awaitable[None]]:
    """Admit a call with a living token, one of both scopes, and within the limit per second of its `label`."""

    async def admit(request: Request, store: Kept) -> None:
        request.state.label = label
        store.admit(request.headers.get("authorization", ""), label=label, scopes=[granular, classic])

    return admit


LIST_USERS = Depends(needs("Medium", "user:read:list_users:admin", "user:read:admin"))
READ_USER = Depends(needs("Light", "user:read:user:admin", "user:read:admin"))
CREATE = Depends(needs("Light", "meeting:write:meeting:admin", "meeting:write:admin"))
LIST = Depends(needs("Medium", "meeting:read:list_meetings:admin", "meeting:read:admin"))
READ = Depends(needs("Light", "meeting:read:meeting:admin", "meeting:read:admin"))
UPDATE = Depends(needs("Light", "meeting:update:meeting:admin", "meeting:write:admin"))
DELETE = Depends(needs("Light", "meeting:delete:meeting:admin", "meeting:write:admin"))
RUNS = Depends(needs("Medium", "meeting:read:list_past_instances:admin", "meeting:read:admin"))
PEOPLE = Depends(needs("Medium", "meeting:read:list_past_participants:admin", "meeting:read:admin"))
REPORT = Depends(needs("Heavy", "report:read:list_meeting_participants:admin", "report:read:admin"))

zoom = APIRouter()
pages = APIRouter(default_response_class=HTMLResponse)
control = APIRouter(prefix="/sandbox")


class Listing(BaseModel):
    """What a list of meetings can be asked for; both dates are yyyy-MM-dd in UTC."""

    type: str = ""
    page_size: str = ""
    next_page_token: str = ""
    since: str = Field(default="", alias="from")
    to: str = ""


@zoom.post("/oauth/token")
async def token(request: Request, store: Kept, origin: Origin) -> JSON:
    """Issue a token (https://developers.zoom.us/docs/internal-apps/s2s-oauth/); parameters count in the body only."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"))) if is_form else {}
    account = store.account
    expected = f"{account.client_id}:{account.client_secret}"
    if not compare_digest(_credentials(request), expected.encode()):
        raise Refusal(400, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
    if form.get("grant_type") != "account_credentials":
        raise Refusal(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
    if form.get("account_id") != account.account_id:
        raise Refusal(400, {"reason": "Bad Request", "error": "invalid_request"})
    return {
        "access_token": store.issue_token(),
        "token_type": "bearer",
        "expires_in": account.token_seconds,
        "scope": account.scopes,
        "api_url": origin,
    }


def _credentials(request: Request) -> bytes:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        return b64decode(value, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""


@zoom.get("/v2/users", dependencies=[LIST_USERS])
async def list_users(store: Kept, status: str = "active", page_size: str = "", next_page_token: str = "") -> JSON:
    # Any other word means active, as at Zoom.
    wanted = status if status in ("inactive", "pending") else "active"
    rows = [user for user in store.users if user["status"] == wanted]
    size = _page_size(page_size, USER_PAGE)
    return store.page(rows, key="users", size=size, mark=next_page_token, listing=f"users {status} {size}")


@zoom.get("/v2/users/{id}", dependencies=[READ_USER])
async def get_user(id: str, store: Kept) -> JSON:
    return store.user(id)


@zoom.post("/v2/users/{id}/meetings", dependencies=[CREATE], status_code=201)
async def create_meeting(id: str, store: Kept, body: Body, origin: Origin) -> JSON:
    return views.created(meetings.create(store, store.user(id), body), origin)


@zoom.get("/v2/users/{id}/meetings", dependencies=[LIST])
async def list_meetings(id: str, store: Kept, origin: Origin, asked: Annotated[Listing, Query()]) -> JSON:
    host = store.user(id)
    size = _page_size(asked.page_size, MEETING_PAGE)
    rows = [
        row
        for row in views.listed(store, host, asked.type, origin)
        if asked.since <= row.get("start_time", asked.since)[:10] <= (asked.to or "9999")
    ]
    listing = f"meetings {host['id']} {asked.type} {asked.since} {asked.to} {size}"
    return store.page(rows, key="meetings", size=size, mark=asked.next_page_token, listing=listing)


@zoom.get("/v2/meetings/{id}", dependencies=[READ])
async def get_meeting(
    id: str, store: Kept, origin: Origin, occurrence_id: str = "", show_previous_occurrences: str = ""
) -> JSON:
    previous = show_previous_occurrences.lower() == "true"
    return views.detail(store, id, origin, occurrence_id=occurrence_id, previous=previous)


@zoom.patch("/v2/meetings/{id}", dependencies=[UPDATE], status_code=204)
async def update_meeting(id: str, store: Kept, body: Body, occurrence_id: str = "") -> None:
    meetings.update(store, id, body, occurrence_id)


@zoom.delete("/v2/meetings/{id}", dependencies=[DELETE], status_code=204)
async def delete_meeting(id: str, store: Kept, occurrence_id: str = "") -> None:
    meetings.delete(store, id, occurrence_id)


@zoom.get("/v2/past_meetings/{id}/instances", dependencies=[RUNS])
async def past_instances(id: str, store: Kept) -> JSON:
    return past.instances(store, id)


@zoom.get("/v2/past_meetings/{id}/participants", dependencies=[PEOPLE])
async def past_participants(id: str, store: Kept, page_size: str = "", next_page_token: str = "") -> JSON:
    rows, size = past.participants(store, id), _page_size(page_size, MEETING_PAGE)
    return store.page(rows, key="participants", size=size, mark=next_page_token, listing=f"past {id} {size}")


@zoom.get("/v2/report/meetings/{id}/participants", dependencies=[REPORT])
async def report_participants(
    id: str, store: Kept, page_size: str = "", next_page_token: str = "", include_fields: str = ""
) -> JSON:
    registrants = "registrant_id" in include_fields.split(",")
    rows, size = past.report(store, id, registrants=registrants), _page_size(page_size, MEETING_PAGE)
    listing = f"report {id} {registrants} {size}"
    return store.page(rows, key="participants", size=size, mark=next_page_token, listing=listing)


@pages.get("/j/{id}")
@pages.get("/s/{id}")
async def join(id: int, store: Kept) -> HTMLResponse:
    status, html = views.page(store, str(id))
    return HTMLResponse(html, status)


@control.post("/faults", status_code=201)
async def break_next(fault: Fault, faults: Broken) -> Fault:
    faults.waiting.append(fault)
    return fault


@control.get("/faults")
async def waiting_faults(faults: Broken) -> list[Fault]:
    return faults.waiting


@control.get("/meetings")
async def stored_meetings(store: Kept, origin: Origin) -> JSON:
    return {"meetings": [views.created(meeting, origin) for meeting in store.meetings.values()]}


@control.post("/users/{id}/{act}", status_code=204)
async def change_user(id: str, act: str, store: Kept) -> None:
    store.change_user(id, act)


@control.post("/runs", status_code=201)
async def add_run(run: past.Run, store: Kept) -> None:
    past.add(store, run)


@control.get("/calls")
async def counted_calls(faults: Broken) -> JSON:
    return {"total": faults.calls.total(), "calls": dict(faults.calls)}


@control.post("/reset", status_code=204)
async def reset(store: Kept, faults: Broken) -> None:
    """Forget meetings, counters, tokens, faults and calls."""
    store.reset()
    faults.clear()


def _page_size(given: str, most: int) -> int:
    """Read a page size as Zoom does: too large is cut, nonsense and negatives mean the default."""
    return min(int(given), most) if given.isdecimal() and int(given) > 0 else DEFAULT_PAGE


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return JSONResponse(error.body, error.status, error.headers)


async def _unknown(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    body = {"code": 2300, "message": "This API endpoint is not recognized."}
    return JSONResponse(body, error.status_code)


def _cannot_hang_up(_client: tuple[str, int]) -> NoReturn:
    raise RuntimeError("only SandboxServer can cut a connection")
