"""Who comes in when more come than can be served: marks before pages, a short line, and words for whoever must wait.

It stands in front of everything that costs: no thread, no statement and no page is spent on a request that will not be
served now. Each process has a door of its own.
"""

import asyncio
import math
from bisect import insort
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import NamedTuple

from prometheus_client import Counter, Gauge
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from staffhub import again

WAITING = Gauge(
    "staffhub_waiting", "Requests that stand in a line before the door.", ["line"], multiprocess_mode="livesum"
)
REFUSED = Counter("staffhub_refused_total", "Requests told to come again, since too many came at once.", ["line"])

# Forms are small; their bodies are taken before anybody stands in a line, so that a slow phone keeps nobody waiting.
SMALL = 64 * 1024
_FREE = ("/static/", "/healthz", "/readyz", "/metrics")
_SOONEST, _LATEST = 3, 20  # seconds after which somebody is told to come again


class Turn(NamedTuple):
    """Somebody's place in a line: before all who wanted the thing later; `number` decides between two at once."""

    since: datetime
    number: int
    called: "asyncio.Future[bool]"


@dataclass
class Line:
    """Those who come for the same kind of thing, by when they wanted it first. `turns` of them may be inside at once;
    nobody stands here longer than `patience` seconds, and who would have to is told so at once.
    """

    name: str
    turns: int
    patience: float
    inside: int = 0
    pace: float = 0.01  # seconds from one leaving to the next while others wait, as it was lately
    left: float = 0.0
    told: float = 0.0  # when the last one who was sent away is to come again
    waiting: list[Turn] = field(default_factory=list)


class Door:
    """The lines of one process, the most urgent first; no more than `turns` are inside together.

    Pages leave turns to the marks, and with them the threads behind.
    """

    def __init__(self) -> None:
        self.marks = Line("marks", turns=8, patience=20)
        self.sign_ins = Line("sign-ins", turns=2, patience=20)
        self.pages = Line("pages", turns=6, patience=4)
        self.files = Line("files", turns=2, patience=20)
        # However fast the office's own app sends, people come first.
        self.calls = Line("calls", turns=4, patience=20)
        self.lines = (self.marks, self.sign_ins, self.pages, self.calls, self.files)
        self.turns = 10
        self.inside = 0
        self._numbers = count()

    def line_of(self, scope: Scope) -> Line:
        method, path = scope["method"], scope["path"]
        if path.startswith("/join/"):  # who joins is noted with the time, too
            return self.marks
        if path.startswith("/api/"):
            return self.calls
        if method != "POST":
            return self.pages
        if not _is_small(scope):
            return self.files
        if again.is_mark(method, path):
            return self.marks
        return self.sign_ins if path == "/login" else self.pages

    async def enter(self, line: Line, since: datetime) -> bool:
        """Wait for a turn behind those who wanted theirs before; False when it would take too long, or did."""
        if self._has_room(line) and not line.waiting:
            self._let_in(line)
            return True
        before = sum(one.since <= since for one in line.waiting)
        if (before + 1) * line.pace > line.patience:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        place = Turn(since, next(self._numbers), turn)
        insort(line.waiting, place)
        limit = loop.call_later(line.patience, _give_up, turn)
        with WAITING.labels(line.name).track_inprogress():
            try:
                return await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.result():
                    self.leave(line)
                raise
            finally:
                limit.cancel()
                if place in line.waiting:  # gave up, or is gone
                    line.waiting.remove(place)

    def come_again(self, line: Line) -> int:
        """Return in how many seconds: one after the other, as turns become free, and never all at once."""
        now = asyncio.get_running_loop().time()
        line.told = min(max(line.told, now + _SOONEST) + line.pace, now + _LATEST)
        REFUSED.labels(line.name).inc()
        return math.ceil(line.told - now)

    def leave(self, line: Line) -> None:
        now = asyncio.get_running_loop().time()
        if line.waiting:
            line.pace += (min(now - line.left, 1.0) - line.pace) / 16
        line.left = now
        line.inside -= 1
        self.inside -= 1
        self._call()

    def _has_room(self, line: Line) -> bool:
        return line.inside < line.turns and self.inside < self.turns

    def _let_in(self, line: Line) -> None:
        line.inside += 1
        self.inside += 1

    def _call(self) -> None:
        for line in self.lines:
            while line.waiting and self._has_room(line):
                turn = line.waiting.pop(0).called
                if not turn.done():  # else it goes just now
                    self._let_in(line)
                    turn.set_result(True)


def _is_small(scope: Scope) -> bool:
    length = Headers(scope=scope).get("content-length", "")
    return length.isdecimal() and int(length) <= SMALL


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)


class Admission:
    """Stands behind the refusal of cross-site writes: the form that it hands back is sent from our own page."""

    def __init__(self, app: ASGIApp, door: Door, busy: Callable[[Request, int], Response]) -> None:
        self.app = app
        self.door = door
        self.busy = busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self.app(scope, receive, send)
            return
        line = self.door.line_of(scope)
        if scope["method"] == "POST" and _is_small(scope):
            body = await _body(receive)
            if body is None:  # gone in the middle of it
                return
            scope[again.BODY] = body
            receive = _replayed(body, receive)
            again.count_from_first_press(Request(scope))
        if not await self.door.enter(line, again.first_try(Request(scope))):
            await self.busy(Request(scope), self.door.come_again(line))(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.door.leave(line)


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
