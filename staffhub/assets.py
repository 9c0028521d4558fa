"""Our own static files, made small and compressed once at the start: a request costs neither a thread nor a file."""

import gzip
import mimetypes
import re
from dataclasses import dataclass
from importlib.resources import files

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from staffhub.web import static

_YEAR, _HOUR = "public, max-age=31536000, immutable", "public, max-age=3600"


def _small(name: str, text: str) -> str:
    """Without comments and indentation, which is most of what a compressed sheet can still lose."""
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not (name.endswith(".js") and line.startswith("//")))


@dataclass(frozen=True)
class _Asset:
    """`address` is the one that carries the hash of the content."""

    address: str
    media_type: str
    plain: bytes
    zipped: bytes

    def answer(self, asked: Headers, *, hashed: bool) -> Response:
        zipped = "gzip" in asked.get("accept-encoding", "")
        tag = f'"{self.address.rpartition("=")[2]}{"-gzip" if zipped else ""}"'
        headers = {"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": _YEAR if hashed else _HOUR}
        if tag in asked.get("if-none-match", ""):
            return Response(None, 304, headers)
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return Response(self.zipped if zipped else self.plain, 200, headers, media_type=self.media_type)


def _load(name: str, content: bytes) -> _Asset:
    small = content if name.endswith(".png") else _small(name, content.decode()).encode()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return _Asset(static(name), kind, small, gzip.compress(small, 9, mtime=0))


class Assets:
    """Files whose address carries their hash are kept for a year; an old page's, or one without a hash, for an hour."""

    def __init__(self) -> None:
        folder = files("staffhub") / "static"
        self.found = {f"/static/{one.name}": _load(one.name, one.read_bytes()) for one in folder.iterdir()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            raise HTTPException(405, headers={"Allow": "GET"})
        asset = self.found.get(scope["path"])
        if asset is None:
            raise HTTPException(404)
        hashed = f"{scope['path']}?{scope['query_string'].decode('latin-1')}" == asset.address
        await asset.answer(Headers(scope=scope), hashed=hashed)(scope, receive, send)
