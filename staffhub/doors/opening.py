"""A code is judged when its page is opened: what follows, signing in and the press, may take its time.

Two notes of our own carry that moment, signed with the server's secret. Whoever is signed out gets one as a cookie of
that browser, so that no address which is passed on holds it; whoever is signed in finds one in the form of the page,
good for this session alone.
"""

import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from staffhub import office
from staffhub.doors.proving import Way
from staffhub.security import Viewer

GRANTED_FOR = timedelta(minutes=5)  # from the page to its press
OPENED_FOR = timedelta(minutes=10)  # from the scan to the page, signing in between them


def _signed(secret: bytes, what: str, body: str) -> str:
    return f"{body}.{hmac.digest(secret, f'{what}.{body}'.encode(), 'sha256').hex()[:40]}"


def _parts(secret: bytes, what: str, note: str) -> list[str] | None:
    """Return what was signed, if it was us who signed it."""
    body = note.rpartition(".")[0]
    ours = hmac.compare_digest(_signed(secret, what, body).encode(), note.encode())
    return body.split(".") if body and ours else None


def note_opening(secret: bytes, typed: str, *, now: datetime) -> str:
    """Say when a browser that nobody was signed in on opened a code."""
    return _signed(secret, "opening", f"{typed}.{int(now.timestamp())}")


def opened_at(secret: bytes, note: str | None, typed: str, *, now: datetime) -> datetime:
    """Return when this browser opened the code: now, or before somebody signed in on it."""
    parts = _parts(secret, "opening", note or "")
    if parts is None or parts[0] != typed:
        return now
    at = datetime.fromtimestamp(int(parts[1]), UTC)
    return at if at <= now < at + OPENED_FOR else now


def grant(secret: bytes, session_id: int, way: Way, *, now: datetime) -> str:
    """Say that a session opened a code in time."""
    until = int((now + GRANTED_FOR).timestamp())
    return _signed(secret, f"grant.{session_id}", f"{way.place_id}.{way.slot}.{until}")


def granted(db: Session, me: Viewer, secret: bytes, session_id: int, note: str, *, now: datetime) -> Way | None:
    """Return what a session may press for; None: another session's note, an old one, or the place was ended."""
    parts = _parts(secret, f"grant.{session_id}", note)
    if parts is None or int(parts[2]) < now.timestamp():
        return None
    place = next((one for one in office.places(db, me.office_id) if one.id == int(parts[0])), None)
    return Way(place.id, place.name, int(parts[1])) if place else None
