"""Signing in and out: every try is counted before the password is looked at, every session can be ended."""

import secrets
import unicodedata
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n
from staffhub.db import digest
from staffhub.errors import Refused, TooMany
from staffhub.i18n import gettext as _
from staffhub.models import Account, Office, Officer, SignInAttempt, UserSession
from staffhub.security.access import Viewer, WebSession, serves_now
from staffhub.security.answers import forget_answers
from staffhub.security.kept import forget_kept

SESSION_DAYS = 30
ONE_TIME_DAYS = 7
_SEEN_EVERY = timedelta(hours=12)

# Wrong passwords within WINDOW. Right ones do not count, so an office behind one address is never held up by arriving.
WINDOW = timedelta(minutes=10)
LIMIT_PAIR = 5  # one name from one address, or on one known device
LIMIT_NAME = 20  # one name from anywhere, known devices apart
LIMIT_ADDRESS = 60  # all names from one address, known devices apart
LIMIT_ALL = 1000


def is_stale(session: WebSession, now: datetime) -> bool:
    return now - session.seen_at > _SEEN_EVERY


def touch_session(db: Session, session_id: int, *, now: datetime) -> None:
    """Note that the session is in use: a phone that signs in to nothing for IDLE_DAYS is signed out."""
    db.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def normal_username(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def network(address: str) -> str:
    """An IPv6 customer has a /64 at least: count it as one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{ip}/64", strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def begin_sign_in(
    db: Session, *, username: str, address: str, device: str | None, key: bytes, now: datetime
) -> tuple[int, Account | None]:
    """Count the try before the password is looked at; TooMany when the limits are reached.

    Return the try's id and the account, if there is one. The caller hashes outside of any transaction.
    """
    if db.get_bind().dialect.name == "postgresql":
        # One at a time until the try is stored, as the write lock of SQLite has it: else parallel guesses all see
        # the count of before.
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext('staffhub sign-in'))"))
    name_hash, address_hash = digest(username, key=key), digest(network(address), key=key)
    account = db.scalar(select(Account).where(Account.username == username))
    known = digest(device) if device and account and _is_known(db, account.id, device, now) else None
    _refuse_floods(db, name_hash=name_hash, address_hash=address_hash, device_hash=known, now=now)
    attempt = SignInAttempt(
        at=now, username_hash=name_hash, address_hash=address_hash, device_hash=known, succeeded=False
    )
    db.add(attempt)
    db.flush()
    return attempt.id, account


def _is_known(db: Session, account_id: int, device: str, now: datetime) -> bool:
    since = now - timedelta(days=3 * SESSION_DAYS)
    row = select(UserSession.id).where(UserSession.account_id == account_id, UserSession.created_at > since)
    return db.scalar(row.where(UserSession.device_hash == digest(device)).limit(1)) is not None


def _refuse_floods(db: Session, *, name_hash: str, address_hash: str, device_hash: str | None, now: datetime) -> None:
    attempt = SignInAttempt
    same_name, same_address = attempt.username_hash == name_hash, attempt.address_hash == address_hash
    if device_hash:
        # A device this person used before has its own count: nobody can lock the head out from elsewhere.
        counts = [(func.sum((same_name & (attempt.device_hash == device_hash)).cast(Integer)), LIMIT_PAIR)]
    else:
        stranger = attempt.device_hash.is_(None)
        counts = [
            (func.sum((same_name & same_address & stranger).cast(Integer)), LIMIT_PAIR),
            (func.sum((same_name & stranger).cast(Integer)), LIMIT_NAME),
            (func.sum((same_address & stranger).cast(Integer)), LIMIT_ADDRESS),
            (func.sum(stranger.cast(Integer)), LIMIT_ALL),
        ]
    found = db.execute(
        select(*(count for count, _limit in counts)).where(attempt.at > now - WINDOW, attempt.succeeded.is_(False))
    ).one()
    if any((n or 0) >= limit for n, (_count, limit) in zip(found, counts, strict=True)):
        text = _("Too many wrong passwords. Wait ten minutes, then try again; nobody is locked out for good.")
        raise TooMany(text, retry_after=int(WINDOW.total_seconds()))


def count_wrong_link(db: Session, *, address: str, key: bytes, now: datetime) -> None:
    """Count a personal link that leads nowhere; TooMany after LIMIT_ADDRESS from one address.

    They have a count of their own: no link keeps anybody from signing in. One that is right is never held up.
    """
    attempt, hashed = SignInAttempt, digest("link", network(address), key=key)
    same = (attempt.address_hash == hashed, attempt.at > now - WINDOW)
    if (db.scalar(select(func.count()).select_from(attempt).where(*same)) or 0) >= LIMIT_ADDRESS:
        text = _("Too many links that lead nowhere were opened from here. Try again in ten minutes.")
        raise TooMany(text, retry_after=int(WINDOW.total_seconds()))
    # As succeeded, so that the counts of wrong passwords leave it out.
    db.add(attempt(at=now, username_hash=digest("link", key=key), address_hash=hashed, succeeded=True))


def finish_sign_in(
    db: Session,
    attempt_id: int,
    account: Account,
    *,
    device: str,
    user_agent: str,
    now: datetime,
    previous: str | None = None,
    renewed_hash: str | None = None,
) -> str:
    """The password was right: note it, open a new session (never an old id) and return its token.

    Refused when the account may not be used today. `previous` is the token the browser came with: whoever's session
    that was, it ends here. `renewed_hash` is the same password with today's parameters.
    """
    _refuse_closed(db, account.id, now)
    note_right_password(db, attempt_id)
    if renewed_hash:
        # Unless somebody changed the password since it was looked at.
        same = (Account.id == account.id) & (Account.password_hash == account.password_hash)
        db.execute(update(Account).where(same).values(password_hash=renewed_hash))
    if previous:
        left = update(UserSession).where(UserSession.token_hash == digest(previous), UserSession.ended_at.is_(None))
        db.execute(left.values(ended_at=now))
    token = secrets.token_urlsafe(32)
    db.execute(
        insert(UserSession).values(
            account_id=account.id,
            token_hash=digest(token),
            device_hash=digest(device),
            user_agent=user_agent[:160],
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=SESSION_DAYS),
        )
    )
    audit.record(db, None, "account.signed_in", "account", account.id, now=now, office_id=account.office_id)
    return token


def wrong_pair() -> str:
    """What is said of a wrong name, a wrong password and a closed account alike."""
    return _("The user name or the password is not right. Check capital letters, then try again.")


def _refuse_closed(db: Session, account_id: int, now: datetime) -> None:
    """Only who knows the password learns more than `wrong_pair`: that service is over, or the password's time."""
    row = db.execute(
        select(
            Account.disabled_at,
            Account.must_change_password,
            Account.one_time_until,
            Office.timezone,
            Officer.active_from,
            Officer.active_to,
        )
        .join(Office, Office.id == Account.office_id)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .where(Account.id == account_id)
    ).one()
    if row.disabled_at is not None:
        raise Refused(wrong_pair())
    if not serves_now(row, now):
        raise Refused(_out_of_service(row, now))
    if row.must_change_password and row.one_time_until is not None and row.one_time_until < now:
        raise Refused(_("This one-time password has expired. Ask the personnel section for a new one."))


def _out_of_service(row: Any, now: datetime) -> str:
    if clock.local_day(now, ZoneInfo(row.timezone)) < row.active_from:
        return _("Your account opens on your first day of service, %(day)s.", day=i18n.day(row.active_from))
    text = _("Your service here ended on %(day)s, and your account with it.", day=i18n.day(row.active_to))
    return text + " " + _("If you serve again, ask the personnel section to enter the new dates.")


def note_right_password(db: Session, attempt_id: int) -> None:
    db.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True))


def end_session(db: Session, me: Viewer, session_id: int, *, now: datetime) -> None:
    ended = db.execute(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.account_id == me.account_id, UserSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(UserSession.id)
    )
    if ended.first():
        audit.record(db, me, "session.ended", "session", session_id, now=now)


def end_other_sessions(db: Session, account_id: int, *, keep: int | None, now: datetime) -> None:
    """After a change of password, role or access nobody stays signed in, but the one who made the change here."""
    others = update(UserSession).where(UserSession.account_id == account_id, UserSession.ended_at.is_(None))
    if keep is not None:
        others = others.where(UserSession.id != keep)
    db.execute(others.values(ended_at=now))


def set_password(db: Session, here: WebSession, new_hash: str, *, now: datetime) -> None:
    """Store a password that its owner chose `here`; every other session ends."""
    me = here.viewer
    db.execute(
        update(Account)
        .where(Account.id == me.account_id)
        .values(password_hash=new_hash, password_changed_at=now, must_change_password=False, one_time_until=None)
    )
    end_other_sessions(db, me.account_id, keep=here.id, now=now)
    audit.record(db, me, "account.password_changed", "account", me.account_id, now=now)


def forget_old(db: Session, *, now: datetime) -> None:
    """Drop what is no longer needed: tries after a day, kept forms after an hour, answers to programs after a week,
    sessions a month after their end.
    """
    db.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=1)))
    forget_kept(db, now=now)
    forget_answers(db, now=now)
    gone = now - timedelta(days=30)
    db.execute(delete(UserSession).where(or_(UserSession.expires_at < gone, UserSession.ended_at < gone)))
