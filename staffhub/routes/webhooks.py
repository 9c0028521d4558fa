"""What other programs tell us on their own: Zoom's events, signed with a secret that only it and we know.

Source: https://developers.zoom.us/docs/api/webhooks
"""

import hashlib
import hmac
import json
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from staffhub import clock
from staffhub.meetings import sightings
from staffhub.routes.deps import database_of, settings_of

router = APIRouter()

LONGEST = 1024 * 1024
WINDOW = timedelta(minutes=5)


@router.post("/webhooks/zoom")
async def zoom_event(request: Request) -> Response:
    """200: taken, or nothing of ours; 401: not from Zoom, or too old; 404: no secret is set; 413: too large.

    What it means is worked out by the scheduler: Zoom waits three seconds for an answer, and no longer.
    """
    secret = settings_of(request).zoom_webhook_secret.get_secret_value().encode()
    if not secret:
        return Response(status_code=404)
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    now = clock.now()
    stamp = request.headers.get("x-zm-request-timestamp", "")
    if not is_signed(secret, stamp, body, request.headers.get("x-zm-signature", "")) or not _is_fresh(stamp, now):
        return Response(status_code=401)
    told = _object(body)
    if told.get("event") == "endpoint.url_validation":
        return _validated(secret, told)
    await database_of(request).serve(partial(_take, told, now), write=True)
    return Response(status_code=200)


def _take(told: dict[str, Any], now: Any, db: Any) -> None:
    sightings.take(db, told, now=now)


async def _body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            return None
    return body


def is_signed(secret: bytes, stamp: str, body: bytes, signature: str) -> bool:
    expected = "v0=" + hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def _is_fresh(stamp: str, now: Any) -> bool:
    """A retry has a stamp of its own; whatever is older was recorded by somebody on the way."""
    return stamp.isdecimal() and abs(now.timestamp() - int(stamp[:12])) <= WINDOW.total_seconds()


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _validated(secret: bytes, told: dict[str, Any]) -> Response:
    """Prove that we know the secret: Zoom asks when the address is entered, and every three days."""
    payload = told.get("payload")
    token = str(payload.get("plainToken") or "") if isinstance(payload, dict) else ""
    proof = hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()
    return JSONResponse({"plainToken": token, "encryptedToken": proof})
