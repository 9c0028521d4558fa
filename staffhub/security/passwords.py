"""Passwords: how they are hashed and checked, the one that is given once."""

import os
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.security.easy import is_easy

MIN_PASSWORD = 8
MAX_PASSWORD = 256
Result = TypeVar("Result")
# OWASP's minimum: 19 ms and 19 MiB each.
_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))


def _step_back() -> None:
    """Let whoever is signed in go first; Linux keeps the priority of each thread.

    Two threads that hash without end made a wake-up every 5 ms come 19 ms late, with this 6, without them 5 (medians on
    two cores that were busy otherwise too).
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


# Hashes have threads of their own, at most one per core, so that a sign-in rush does not starve pages.
_hashing = ThreadPoolExecutor(os.cpu_count() or 1, "hashing", initializer=_step_back)


def _apart(work: Callable[[], Result]) -> Result:
    return _hashing.submit(work).result()


def hash_password(password: str) -> str:
    return _apart(lambda: _hasher.hash(unicodedata.normalize("NFKC", password)))


# Checked when the name is unknown, so that the answer takes as long as for a known one. No thread of `_hashing` begins
# here: a process that is forked with the pool would have the pool's word for a thread that it has not.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


def password_fits(password: str, stored: str | None) -> bool:
    if len(password) > MAX_PASSWORD:
        return False
    fits = _apart(lambda: _hasher.verify(unicodedata.normalize("NFKC", password), stored or _NOBODY))
    return fits and stored is not None


def one_time_password() -> str:
    """Return a password to read aloud: no letters that are taken for each other, 58 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _n in range(4)) for _m in range(3))


def renewed_hash(password: str, stored: str) -> str | None:
    """Return a new hash when the stored one was made with other parameters than today's."""
    return hash_password(password) if _hasher.current_hasher.check_needs_rehash(stored) else None


def check_new_password(password: str, *, about: Iterable[str] = ()) -> None:
    """Refuse what is short, long or easy; `about` are texts of the person and the office, see `is_easy`."""
    if len(password) < MIN_PASSWORD:
        raise Refused(_("Use at least %(n)s characters.", n=MIN_PASSWORD), field="new")
    if len(password) > MAX_PASSWORD:
        raise Refused(_("Use at most %(n)s characters.", n=MAX_PASSWORD), field="new")
    if is_easy(password, about):
        raise Refused(_("This password is too easy to guess. Choose another one."), field="new")
