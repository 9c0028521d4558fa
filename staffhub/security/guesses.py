"""Codes of a screen that were not right, counted as wrong passwords are, and apart from them.

A code is one of 31 to the sixth, and two of a place count at a time: of ten thousand guesses one hits with a chance of
2 in 100,000 for each place, and here they take a person a week.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text, true
from sqlalchemy.orm import Session

from staffhub import i18n
from staffhub.db import digest
from staffhub.errors import TooMany
from staffhub.i18n import gettext as _
from staffhub.models import SignInAttempt
from staffhub.security.access import Viewer
from staffhub.security.sessions import WINDOW

LIMIT_OF_PERSON = 10  # within WINDOW
# What is typed names no place, so the screens of an office have one count. Four hundred people may mistype at half
# past seven; whoever is refused checks in by the button.
LIMIT_OF_OFFICE = 300
# Stands where a try to sign in has the device: no count of those looks at rows that are marked so.
_KIND = digest("door")


def _whose(me: Viewer) -> tuple[str, str]:
    return digest("door", str(me.account_id)), digest("door of office", str(me.office_id))


def refuse_guesses(db: Session, me: Viewer, *, now: datetime) -> None:
    """TooMany when I, or all of the office, have given too many wrong codes; it says when the next one is taken."""
    if db.get_bind().dialect.name == "postgresql":
        # One after the other of the same person, as the write lock of SQLite has it: parallel guesses are all counted.
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext('staffhub door'), :who)"), {"who": me.account_id})
    attempt = SignInAttempt
    person, of_office = _whose(me)
    wrong = (attempt.device_hash == _KIND, attempt.at > now - WINDOW)
    mine = select(func.count(), func.min(attempt.at)).where(*wrong, attempt.username_hash == person).subquery()
    theirs = select(func.count(), func.min(attempt.at)).where(*wrong, attempt.address_hash == of_office).subquery()
    my_count, my_first, count, first = db.execute(select(mine, theirs).join(theirs, true())).one()
    since = my_first if my_count >= LIMIT_OF_PERSON else first if count >= LIMIT_OF_OFFICE else None
    if since is None:
        return
    until = since + WINDOW
    at = i18n.clock((until + timedelta(minutes=1)).astimezone(me.zone))
    said = _("Too many codes that were not right. Try again at %(at)s; until then check in with the button.", at=at)
    raise TooMany(said, retry_after=int((until - now).total_seconds()) + 1)


def note_guess(db: Session, me: Viewer, *, now: datetime) -> None:
    person, of_office = _whose(me)
    db.add(SignInAttempt(at=now, username_hash=person, address_hash=of_office, device_hash=_KIND, succeeded=False))
    db.flush()
