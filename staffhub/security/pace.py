"""How fast a program may call: a loop that runs away, or a key in wrong hands, is slowed down before it costs much."""

import math
import threading
from datetime import datetime, timedelta

from staffhub.db import digest
from staffhub.errors import TooMany
from staffhub.i18n import gettext as _

_MINUTE = timedelta(minutes=1)


class Pace:
    """So many calls a minute for each token, all of them at once or evenly; 0: as many as come.

    Each process counts for itself. Only secrets that were found to be somebody's are kept, so as many as there are
    tokens.
    """

    def __init__(self, calls_a_minute: int) -> None:
        self._each = _MINUTE / calls_a_minute if calls_a_minute else timedelta()
        self._lock = threading.Lock()
        # By the digest of a token: when all its calls so far would be through, one after the other.
        self._through: dict[str, datetime] = {}

    def count(self, secret: str, *, now: datetime) -> None:
        """Count a call of a token that is known here; TooMany with the seconds until the next one may come."""
        key = digest(secret)
        with self._lock:
            if key not in self._through:
                return
            through = max(self._through[key], now) + self._each
            if through - now > _MINUTE:
                wait = math.ceil((through - now - _MINUTE).total_seconds())
                raise TooMany(_("This token has called too often. Wait, then send it again."), retry_after=wait)
            self._through[key] = through

    def know(self, secret: str, *, now: datetime) -> None:
        """Count from now on: somebody has this token."""
        with self._lock:
            self._through.setdefault(digest(secret), now + self._each)
