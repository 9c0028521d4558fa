"""Passwords: how they are hashed, which are too easy, the one that is given once."""

import os
import secrets
import threading
import unicodedata

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from staffhub.errors import Refused
from staffhub.i18n import gettext as _

MIN_PASSWORD = 8
MAX_PASSWORD = 256
_COMMON = frozenset(
    [
        "password",
        "password1",
        "passw0rd",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyui",
        "qwerty123",
        "11111111",
        "00000000",
        "87654321",
        "iloveyou",
        "indonesia",
        "indonesia1",
        "bismillah",
        "sayangku",
        "rahasia123",
        "katasandi",
        "admin123",
        "administrator",
        "disdukcapil",
        "dukcapil",
        "dukcapil123",
        "disdukcapil1",
        "staffhub",
        "staffhub1",
        "pegawai1",
        "pegawai123",
        "kepegawaian",
        "minahasa",
        "manado123",
        "abcd1234",
        "abc12345",
        "a1b2c3d4",
        "q1w2e3r4",
        "sulawesi",
        "sulawesi1",
        "welcome1",
        "letmein1",
        "changeme",
    ]
)

# OWASP's minimum: 19 ms and 19 MiB each. At most one per core at a time, so that a sign-in rush does not starve pages.
_hasher = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))
_cores = threading.BoundedSemaphore(os.cpu_count() or 1)


def hash_password(password: str) -> str:
    with _cores:
        return _hasher.hash(unicodedata.normalize("NFKC", password))


# Checked when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY = hash_password(secrets.token_urlsafe(16))


def password_fits(password: str, stored: str | None) -> bool:
    if len(password) > MAX_PASSWORD:
        return False
    with _cores:
        fits = _hasher.verify(unicodedata.normalize("NFKC", password), stored or _NOBODY)
    return fits and stored is not None


def one_time_password() -> str:
    """Return a password to read aloud: no letters that are taken for each other, 58 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _n in range(4)) for _m in range(3))


def check_new_password(password: str, *, username: str) -> None:
    plain = unicodedata.normalize("NFKC", password).casefold()
    if len(password) < MIN_PASSWORD:
        raise Refused(_("Use at least %(n)s characters.", n=MIN_PASSWORD), field="new")
    if len(password) > MAX_PASSWORD:
        raise Refused(_("Use at most %(n)s characters.", n=MAX_PASSWORD), field="new")
    if _is_easy(plain, username):
        raise Refused(_("This password is too easy to guess. Choose another one."), field="new")


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalpha())


_COMMON_WORDS = frozenset(_letters(word) for word in _COMMON) - {""}


def _is_easy(plain: str, username: str) -> bool:
    """Whether it is on the list, or only digits and signs set a listed word or the user name apart from it."""
    monotonous = len(set(plain)) <= 2  # noqa: PLR2004  "aaaabbbb"
    counting = plain in "01234567890123456789" or plain in "98765432109876543210"
    word = _letters(plain)
    return plain in _COMMON or monotonous or counting or word in _COMMON_WORDS or (word == _letters(username) != "")
