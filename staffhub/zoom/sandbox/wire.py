"""The wire between client and sandbox: it stamps every answer, counts every call, and breaks on request."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "drop_after", "cut_body", "hang", "garbage"]


class Fault(BaseModel):
    """A failure for the next `times` calls that match.

    status      answer `status` with `body` (text as it is, anything else as JSON) and `headers`
    drop_after  close the connection without an answer
    cut_body    close it in the middle of the answer
    hang        answer after `seconds`
    garbage     answer with HTML instead of JSON

    `performs` says whether the call is carried out all the same; left out, only `status` does not.
    """

    method: str = "*"
    path_prefix: str = "/"
    kind: Kind
    times: int = Field(default=1, ge=1)
    status: int = Field(default=500, ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    seconds: float = Field(default=30, ge=0)
    performs: bool | None = None

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and path.startswith(self.path_prefix)

    def is_performed(self) -> bool:
        return self.kind != "status" if self.performs is None else self.performs


class Faults:
    """The faults still to come, first come first used, and the count of calls so far."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.calls: Counter[str] = Counter()

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fault.matches(method, path):
                fault.times -= 1
                self.waiting = [other for other in self.waiting if other.times > 0]
                return fault
        return None

    def clear(self) -> None:
        self.waiting.clear()
        self.calls.clear()


class Kept:
    """An answer held back: an ASGI `send` that sends nothing."""

    def __init__(self) -> None:
        self.start: MutableMapping[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


class Wire:
    """ASGI middleware, outermost; /sandbox/... itself never breaks and is not counted."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        self.faults.calls[f"{method} {path}"] += 1
        fault = self.faults.take(method, path)
        if fault is None:
            await self.app(scope, receive, _stamped(send, scope))
            return
        kept = Kept()
        if fault.is_performed():
            await self.app(scope, receive, kept)
        await _break(fault, kept, scope, receive, _stamped(send, scope))


def _stamped(send: Send, scope: Scope) -> Send:
    async def stamp(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["x-zm-trackingid"] = f"v=2.0;clid=sandbox;rid=WEB_{secrets.token_hex(16)}"
            if label := scope.get("state", {}).get("label"):
                headers["x-ratelimit-category"] = label
        await send(message)

    return stamp


async def _break(fault: Fault, kept: Kept, scope: Scope, receive: Receive, send: Send) -> None:
    match fault.kind:
        case "status":
            await _answer(fault)(scope, receive, send)
        case "garbage":
            html = Response("<html>Bukan JSON, not JSON</html>", kept.start["status"], media_type="text/html")
            await html(scope, receive, send)
        case "hang":
            await _wait(fault.seconds, receive)
            await send(kept.start)
            await send({"type": "http.response.body", "body": kept.body})
        case "cut_body":
            body = kept.body or b"{}"
            headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": kept.start["status"], "headers": headers})
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _hang_up(scope, receive)
        case "drop_after":
            await _hang_up(scope, receive)


def _answer(fault: Fault) -> Response:
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    kind = "text/html" if isinstance(fault.body, str) else "application/json"
    return Response("" if fault.body is None else text, fault.status, fault.headers, kind)


async def _wait(seconds: float, receive: Receive) -> None:
    """Wait, but no longer than the client does."""
    try:
        await asyncio.wait_for(_disconnected(receive), seconds)
    except TimeoutError:
        return


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["app"].state.hang_up(scope["client"])
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
