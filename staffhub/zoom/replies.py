"""Read Zoom's replies: a JSON object, or one of our typed errors."""

import re
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import TypedDict

import requests

from staffhub.zoom.errors import (
    RateLimit,
    ZoomError,
    ZoomMisconfigured,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRefused,
    ZoomScopeMissing,
    ZoomUnavailable,
    ZoomUnclear,
)
from staffhub.zoom.shapes import JSON

GONE = {1001, 3001}
NO_CONTENT, UNAUTHORIZED, NOT_FOUND, TOO_MANY, SERVER_ERROR = 204, 401, 404, 429, 500
SUCCESSES, REDIRECTS = range(200, 300), range(300, 400)
TOKEN_REFUSED = 124
SCOPES = re.compile(r"does not contain scopes:?\s*\[(?P<names>[^\]]*)\]")
# Zoom tells its limits apart only by these words; the first match counts, since the texts share "daily rate limit".
LIMITS: list[tuple[str, RateLimit]] = [
    ("per-second", "per_second"),
    ("maximum daily rate limit", "account_daily"),
    ("daily rate limit", "host_daily"),
    ("too many concurrent requests", "concurrent"),
]


class Known(TypedDict):
    code: int | None
    status: int
    tracking_id: str | None


def tracking_id(response: requests.Response) -> str | None:
    return response.headers.get("x-zm-trackingid")


def json_object(response: requests.Response) -> JSON | None:
    """Return the body as a JSON object, or None: proxies answer HTML and some of Zoom's failures are XML."""
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def error_code(body: JSON) -> int | None:
    code = body.get("code")
    return code if isinstance(code, int) else None


def token_was_refused(response: requests.Response) -> bool:
    return response.status_code == UNAUTHORIZED and error_code(json_object(response) or {}) == TOKEN_REFUSED


def read(response: requests.Response, *, creating: bool, now: datetime) -> JSON:
    """Return the JSON object of a successful reply, {} for 204.

    Raises the ZoomError that the reply stands for. An unreadable success is no success: office networks answer
    200 and a login page to anything.
    """
    body = json_object(response)
    succeeded = response.status_code in SUCCESSES
    if succeeded and body is not None and not ("code" in body and "message" in body):
        return body
    if response.status_code == NO_CONTENT and not creating:
        return {}
    if succeeded and body is None:
        kind = ZoomUnclear if creating else ZoomUnavailable
        raise kind("The answer is not Zoom's JSON.", **_known(response, {}))
    raise _error(response, body or {}, creating=creating, now=now)


def _known(response: requests.Response, body: JSON) -> Known:
    return {"code": error_code(body), "status": response.status_code, "tracking_id": tracking_id(response)}


def _error(response: requests.Response, body: JSON, *, creating: bool, now: datetime) -> ZoomError:
    status, known = response.status_code, _known(response, body)
    message = str(body.get("message") or f"HTTP {status}")
    if status == TOO_MANY:
        return rate_limited(response, message, now=now)
    if scopes := SCOPES.search(message):
        return ZoomScopeMissing(message, scopes=re.findall(r"[^\s,]+", scopes["names"]), **known)
    kind = _kind(status, known["code"], creating=creating)
    return ZoomRefused(message, fields=_fields(body), **known) if kind is ZoomRefused else kind(message, **known)


def _kind(status: int, code: int | None, *, creating: bool) -> type[ZoomError]:
    if status >= SERVER_ERROR:
        return ZoomUnclear if creating else ZoomUnavailable
    if status == UNAUTHORIZED:
        return ZoomMisconfigured
    if status == NOT_FOUND:
        return ZoomNotFound if code in GONE else ZoomUnavailable
    # Redirects, and refusals that are not in Zoom's shape, come from something between Zoom and us.
    return ZoomUnavailable if code is None or status in REDIRECTS else ZoomRefused


def _fields(body: JSON) -> list[tuple[str, str]]:
    errors = body.get("errors")
    if not isinstance(errors, list):
        return []
    return [(str(error.get("field", "")), str(error.get("message", ""))) for error in errors if isinstance(error, dict)]


def rate_limited(response: requests.Response, message: str, *, now: datetime) -> ZoomRateLimited:
    """Say when to call again: Zoom's daily counters start anew at 00:00 UTC, the others within seconds."""
    limit: RateLimit = next((kind for words, kind in LIMITS if words in message.lower()), "unknown")
    retry_at = _retry_after(response.headers.get("Retry-After", ""), now)
    if retry_at is None or retry_at <= now:
        retry_at = _usual_wait(limit, now)
    known = _known(response, json_object(response) or {})
    return ZoomRateLimited(message, retry_at=retry_at, limit=limit, **known)


def _usual_wait(limit: RateLimit, now: datetime) -> datetime:
    if limit in ("account_daily", "host_daily"):
        return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time.min, UTC)
    if limit == "unknown":
        return now + timedelta(minutes=1)
    # Jitter, so that several workers refused in the same second do not meet again in the next one.
    return now + timedelta(seconds=SystemRandom().uniform(1, 2))


def _retry_after(value: str, now: datetime) -> datetime | None:
    """Read Retry-After: Zoom sends an ISO date, proxies send seconds or an HTTP date."""
    if value.isdecimal():
        return now + timedelta(seconds=min(int(value), 86_400))
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value)
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return None
