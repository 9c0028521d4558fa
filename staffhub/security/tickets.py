"""Tickets: a page carries the server's time, signed for one account, so that a phone can measure from it alone.

It is bound to the account and not to its session: a session may end while a tap waits, and its owner signs in again.
"""

import hmac
from datetime import UTC, datetime

from staffhub.db import digest

_SIGNS = 32


def ticket(key: bytes, account_id: int, *, now: datetime) -> str:
    at = str(int(now.timestamp() * 1000))
    return f"{at}.{_signature(key, account_id, at)}"


def time_of(key: bytes, account_id: int, text: str) -> datetime | None:
    """Return the time of a ticket; None when we never gave it to this account."""
    at, _dot, signature = text.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(key, account_id, at).encode()):
        return None
    return datetime.fromtimestamp(int(at) / 1000, UTC)


def _signature(key: bytes, account_id: int, at: str) -> str:
    return digest("ticket", str(account_id), at, key=key)[:_SIGNS]
