"""Questions of citizens, who sign in to nothing: wrong ones are counted as wrong passwords are, and apart from them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, func, select, text
from sqlalchemy.orm import Session

from staffhub.db import digest
from staffhub.errors import TooMany
from staffhub.i18n import gettext as _
from staffhub.models import SignInAttempt
from staffhub.security.sessions import WINDOW, network

# Wrong ones; behind one address of a telephone company sit many people.
LIMIT_ASKER = 5  # one code from one address, within WINDOW
LIMIT_QUESTIONS = 60  # all codes from one address, within WINDOW
LIMIT_CODE = 30  # one code from anywhere, within DAY: the four digits are not found out by trying
DAY = timedelta(days=1)
# Stands where a try to sign in has the device: no count of those looks at rows that are marked so.
_KIND = digest("status")


@dataclass(frozen=True)
class Asker:
    code_hash: str
    address_hash: str


def begin_question(db: Session, *, code: str, address: str, key: bytes, now: datetime) -> Asker:
    """Let somebody ask about a code; TooMany when there were too many wrong questions before."""
    if db.get_bind().dialect.name == "postgresql":
        # One at a time until it is stored whether it was right, as the write lock of SQLite has it.
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext('staffhub status'))"))
    asker = Asker(digest("status", code, key=key), digest("status", network(address), key=key))
    attempt = SignInAttempt
    wrong = (attempt.device_hash == _KIND, attempt.succeeded.is_(False))
    same_code = attempt.username_hash == asker.code_hash
    of_code = select(func.count()).where(*wrong, same_code, attempt.at > now - DAY).scalar_subquery()
    of_address = (*wrong, attempt.address_hash == asker.address_hash, attempt.at > now - WINDOW)
    pair, everything, day = db.execute(
        select(func.sum(same_code.cast(Integer)), func.count(), of_code).where(*of_address)
    ).one()
    if (pair or 0) >= LIMIT_ASKER or everything >= LIMIT_QUESTIONS:
        raise TooMany(_("Too many tries that were not right. Wait ten minutes, then try again."), retry_after=600)
    if day >= LIMIT_CODE:
        text_ = _("This code was tried too often today. Try again tomorrow, or ask the office by WhatsApp.")
        raise TooMany(text_, retry_after=int(DAY.total_seconds()))
    return asker


def note_question(db: Session, asker: Asker, *, right: bool, now: datetime) -> None:
    facts = {"username_hash": asker.code_hash, "address_hash": asker.address_hash, "device_hash": _KIND}
    db.add(SignInAttempt(at=now, succeeded=right, **facts))
    db.flush()
