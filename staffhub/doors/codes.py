"""What a screen shows: six characters that follow from the key of its place and the half minute that it is."""

import hmac
from datetime import datetime

from staffhub.presence import RECEIPT_LETTERS

LENGTH = 6
WINDOW = 30  # seconds
# A code counts in its own window and in the one after: nobody types or walks up in no time.
_COUNTS = 2


def window_at(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW


def seconds_left(now: datetime) -> float:
    """How long the code of this moment is still the newest."""
    return WINDOW - now.timestamp() % WINDOW


def code_at(key: str, office_id: int, place_id: int, window: int) -> str:
    made = hmac.digest(bytes.fromhex(key), f"{office_id}.{place_id}.{window}".encode(), "sha256")
    number, letters = int.from_bytes(made), []
    for _n in range(LENGTH):
        number, letter = divmod(number, len(RECEIPT_LETTERS))
        letters.append(RECEIPT_LETTERS[letter])
    return "".join(letters)


def window_of(typed: str, key: str, office_id: int, place_id: int, *, now: datetime) -> int | None:
    """Return the window whose code was given, if it still counts."""
    last = window_at(now)
    for window in range(last, last - _COUNTS, -1):
        if hmac.compare_digest(code_at(key, office_id, place_id, window).encode(), typed.encode()):
            return window
    return None


def normal(typed: str) -> str:
    """What was meant by what was typed: without blanks and hyphens, in capitals."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())
