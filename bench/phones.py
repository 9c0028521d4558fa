"""The load: people with a browser each, as light as Python can be, since they share the machine with the server.

One connection is one asyncio protocol with a reader for what our servers send; nothing else of HTTP is understood.
"""

import asyncio
import re
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_KEY = re.compile(rb'name="idempotency_key"\s+value="([^"]+)"')


@dataclass(slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return the value of a header as it was sent, b"" when there is none."""
        found = re.search(rb"\r\n" + name + rb": ([^\r]*)", self.head, re.IGNORECASE)
        return found[1] if found else b""


class Closed(OSError):
    """The server closed the connection in the middle of an answer, or before it."""


class Line(asyncio.Protocol):
    """An open connection; one request at a time."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.answer: asyncio.Future[Answer] | None = None
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        end = self.data.find(b"\r\n\r\n")
        if end < 0 or self.answer is None:
            return
        head = bytes(self.data[:end])
        body = self._body(head, end + 4)
        if body is not None:
            waiting, self.answer = self.answer, None
            if not waiting.done():
                waiting.set_result(Answer(int(head[9:12]), head, body))

    def _body(self, head: bytes, start: int) -> bytes | None:
        """Return the body once it is whole, and drop the answer from what was read."""
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        if length or head[9:12] == b"304":
            end = start + (int(length[1]) if length and head[9:12] != b"304" else 0)
            if len(self.data) < end:
                return None
        elif self.data.endswith(b"0\r\n\r\n"):  # in chunks, which nobody here reads
            end = len(self.data)
        else:
            return None
        body = bytes(self.data[start:end])
        del self.data[:end]
        return body

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(Closed())

    async def ask(self, request: bytes) -> Answer:
        if self.transport.is_closing():
            raise Closed
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer

    def close(self) -> None:
        self.transport.close()


async def connect(port: int) -> Line:
    _transport, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
    return line


def get(path: str, token: str, *more: bytes) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: office.test\r\nCookie: staffhub_session={token}\r\n".encode()
    return head + b"".join(one + b"\r\n" for one in more) + b"\r\n"


def post(path: str, token: str, form: dict[str, str]) -> bytes:
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: office.test\r\nCookie: staffhub_session={token}\r\n"
        "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def with_header(request: bytes, name: bytes, value: bytes) -> bytes:
    return request.replace(b"\r\n\r\n", b"\r\n" + name + b": " + value + b"\r\n\r\n", 1)


def with_cookie(request: bytes, set_cookie: bytes) -> bytes:
    """Send along what an answer's Set-Cookie gave, beside the session."""
    return request.replace(b"\r\nCookie: ", b"\r\nCookie: " + set_cookie.partition(b";")[0] + b"; ", 1)


def key_in(page: Answer) -> str:
    """Return the key of the check-in form on a page."""
    zipped = page.header(b"content-encoding") == b"gzip"
    found = _KEY.search(zlib.decompress(page.body, 31) if zipped else page.body)
    if page.status != 200 or found is None:
        raise RuntimeError(f"unexpected page: {page.status} {page.body[:200]!r}")
    return found[1].decode()


async def _ask(port: int, line: Line, request: bytes, refused: list[int]) -> tuple[Line, Answer]:
    """Ask; whoever is told to come again (503) does so, over a new connection, and it is counted."""
    answer = await line.ask(request)
    while answer.status == 503:
        refused.append(503)
        line.close()
        await asyncio.sleep(float(answer.header(b"retry-after") or 5))
        line = await connect(port)
        answer = await line.ask(request)
    return line, answer


async def arrive(port: int, token: str, refused: list[int]) -> float:
    """Open the page and check in with its form, on one connection; return the milliseconds of both."""
    started = time.perf_counter()
    line, page = await _ask(port, await connect(port), get("/", token), refused)
    form = {"mode": "office", "idempotency_key": key_in(page)}
    line, answer = await _ask(port, line, post("/presence/check-in", token, form), refused)
    line.close()
    if answer.status != 303:
        raise RuntimeError(f"unexpected answer to a check-in: {answer.status} {answer.body[:200]!r}")
    return (time.perf_counter() - started) * 1000


async def closed_loop(port: int, tokens: Iterable[str], at_once: int, refused: list[int]) -> list[float]:
    """Everybody arrives, so many at once: the next one when one is done. Each 503 is added to `refused`."""
    queue = iter(tokens)

    async def one_after_the_other() -> list[float]:
        return [await arrive(port, token, refused) for token in queue]

    shares = await asyncio.gather(*(one_after_the_other() for _n in range(at_once)))
    return [took for share in shares for took in share]
