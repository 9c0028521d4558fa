"""Requests of citizens: taken in once for each key, read, and moved on by whoever has seen how they stand."""

from typing import Annotated, Any

from fastapi import Header, Path, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import digest
from staffhub.errors import Conflict, Outdated, Refused, Unconditional
from staffhub.i18n import gettext as _
from staffhub.models import RequestState, TokenScope
from staffhub.routes.api import shapes
from staffhub.routes.api.calls import Caller, calls, json_answer, needs
from staffhub.routes.api.declared import answers, header
from staffhub.routes.deps import DB, Now
from staffhub.security import Viewer
from staffhub.security.answers import Answer, Call, before, keep
from staffhub.service_requests import one, programs, steps

router = calls()

Name = Annotated[
    str,
    Path(pattern=r"^(?:[1-9][0-9]{0,17}|PM-[0-9]{4}-[0-9]{4,8})$", description="The id, or the number: PM-2611-0001."),
]
_KEY = r"^[!-~]{8,255}$"
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="One for each new request. Sent again with the same request, the same answer comes again.",
    ),
]
StepKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=_KEY,
        description="One for each step, if the program sends it again when no answer came: then the same is answered.",
    ),
]
Most = Annotated[int, Query(ge=1, le=shapes.MOST, description="Rows of a page.")]
Place = Annotated[shapes.Cursor | None, Query(description="As the page before said under `next`.")]
RowId = Annotated[int, Field(ge=1, le=2**53 - 1)]
_REPLAYED = {"Idempotent-Replayed": header("true: said before.")}
_ETAG = {"ETag": header("How it stands; for If-None-Match and If-Match.")}
_READ, _WRITE = TokenScope.REQUESTS_READ, TokenScope.REQUESTS_WRITE


def _listed(found: programs.Told) -> dict[str, Any]:
    told = {name: getattr(found, name) for name in shapes.ListedRequest.model_fields if hasattr(found, name)}
    officer = found.officer_id and {"id": found.officer_id, "name": found.officer}
    return told | {"service_type": found.service, "phone": one.masked(found.phone), "officer": officer or None}


def _step(found: programs.Step) -> dict[str, Any]:
    kind = "program" if found.program else "officer" if found.officer_id else "nobody"
    by = {"kind": kind, "id": found.officer_id, "name": found.by}
    return {"at": found.at, "state": found.state, "by": by, "note": found.note}


def _whole(db: Session, me: Viewer, found: programs.Told) -> tuple[str, str]:
    """Return a request as JSON, and its tag: another one as soon as anything of it is told otherwise."""
    told = shapes.OneRequest(
        **_listed(found), steps=[_step(step) for step in programs.steps(db, me, found.id)]
    ).model_dump_json()
    return told, f'"{found.version}-{digest(told)[:16]}"'


def _names(given: str, tag: str) -> bool:
    """Say whether a header of tags names this one, or any."""
    tags = (one.strip().removeprefix("W/") for one in given.split(","))
    return given.strip() == "*" or tag in tags


@router.get("/api/v1/requests", **answers(shapes.Requests, headers={"Link": header('rel="next", if there is one.')}))
@needs(_READ)
def list_requests(
    request: Request,
    db: DB,
    caller: Caller,
    state: RequestState | None = None,
    is_open: Annotated[shapes.Flag | None, Query(alias="open", description="Still to be worked on, or closed.")] = None,
    service_type: Annotated[shapes.ServiceCode | None, Query()] = None,
    officer: Annotated[RowId | None, Query(description="The id of whoever has it.")] = None,
    since: Annotated[shapes.Day | None, Query(description="Taken in on that day or later.")] = None,
    limit: Most = 50,
    cursor: Place = None,
) -> Response:
    """Read requests, the newest first, page by page."""
    place = shapes.place_of(cursor)
    wanted = programs.Wanted(state, is_open == "true" if is_open else None, service_type, officer, since, place)
    found = programs.page(db, caller, wanted, most=limit + 1)
    shown, following = shapes.page_of(found, limit, _place)
    told = shapes.Requests(items=[shapes.ListedRequest(**_listed(row)) for row in shown], next=following)
    return json_answer(told, headers=shapes.link(request.url, following))


def _place(row: programs.Told) -> int:
    return row.id


@router.get("/api/v1/requests/{name}", **answers(shapes.OneRequest, headers=_ETAG, also=(404,), unchanged=True))
@needs(_READ)
def read_request(
    db: DB, caller: Caller, name: Name, if_none_match: Annotated[str | None, Header(max_length=1000)] = None
) -> Response:
    """Read one request with all its steps."""
    body, tag = _whole(db, caller, programs.one(db, caller, name))
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match and _names(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


@router.post(
    "/api/v1/requests",
    **answers(
        shapes.OneRequest,
        status=201,
        headers=_ETAG | _REPLAYED | {"Location": header("Where it is read.")},
        also=(409,),
    ),
)
@needs(_WRITE)
def take_in_request(db: DB, caller: Caller, now: Now, body: shapes.NewRequest, idempotency_key: Key) -> Response:
    """Take in a request, once for each key.

    What needs the applicant in person waits (`deferred`) unless it says why it is urgent. The same call with the
    same key is answered as the first time, for seven days; after that it is told as it stands, and still taken in
    only once.
    """
    call = _call(caller, idempotency_key, body.model_dump_json())
    if said := before(db, call):
        return _said(said, again=True)
    taken = steps.take_in(
        db,
        caller,
        service_type=body.service_type,
        applicant=body.applicant,
        phone=body.phone or "",
        channel=body.channel,
        urgent=body.urgent_why is not None,
        urgent_why=body.urgent_why or "",
        siak_reference=body.siak_reference or "",
        note=body.note or "",
        key=call.name,
        now=now,
    )
    told, tag = _whole(db, caller, programs.one(db, caller, str(taken.id)))
    answer = Answer(201, {"ETag": tag, "Location": f"/api/v1/requests/{taken.id}"}, told)
    return _said(keep(db, call, answer, now=now), again=taken.again)


def _call(caller: Viewer, key: str, asked: str) -> Call:
    assert caller.program  # noqa: S101  for the type checker: only a token calls
    return Call(caller.program, key, asked)


def _said(answer: Answer, *, again: bool) -> Response:
    headers = dict(answer.headers) | ({"Idempotent-Replayed": "true"} if again else {})
    return Response(answer.body, answer.status, headers, "application/json")


@router.post(
    "/api/v1/requests/{name}/steps",
    **answers(shapes.OneRequest, headers=_ETAG | _REPLAYED, also=(404, 409, 412, 428)),
)
@needs(_WRITE)
def take_step(
    request: Request,
    db: DB,
    caller: Caller,
    now: Now,
    name: Name,
    body: shapes.NewStep,
    idempotency_key: StepKey = None,
) -> Response:
    """Move a request on, as the office does on its page: only a state that follows, and only over what was seen.

    What was seen is told by `version`, or by If-Match with its ETag: then 412 says that it is not what stands. With a
    key, the same call is answered as the first time for seven days; without one it is told that it comes too late.
    """
    if_match = request.headers.get("if-match")
    asked = "\n".join(("step", name, if_match or "", body.model_dump_json()))
    call = _call(caller, idempotency_key, asked) if idempotency_key else None
    if call and (said := before(db, call)):
        return _said(said, again=True)
    found = programs.one(db, caller, name)
    _refuse_unseen(db, caller, found, body.version, if_match)
    row = one.request_for(db, caller, found.id, now=now)
    try:
        steps.change_state(db, caller, row, state=body.state, note=body.note or "", version=found.version, now=now)
    except Refused as error:  # not what was sent is wrong: it does not follow what stands
        raise Conflict(error.message, field=error.field) from error
    told, tag = _whole(db, caller, programs.one(db, caller, name))
    answer = Answer(200, {"ETag": tag}, told)
    return _said(keep(db, call, answer, now=now) if call else answer, again=False)


def _refuse_unseen(db: Session, me: Viewer, found: programs.Told, version: int | None, if_match: str | None) -> None:
    said = _("%(number)s was changed meanwhile. Look at it as it is now, then decide again.", number=found.number)
    if version is None and if_match is None:
        raise Unconditional(_("Say which state of the request this step follows: its version, or If-Match its ETag."))
    if if_match is not None and not _names(if_match, _whole(db, me, found)[1]):
        raise Outdated(said)
    if version not in {None, found.version}:
        raise Conflict(said, field="version")
