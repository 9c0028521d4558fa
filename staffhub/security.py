"""Passwords, sessions, sign-in limits, and who may do what."""

import os
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from zoneinfo import ZoneInfo

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Integer, Select, delete, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import digest
from staffhub.errors import Forbidden, NotSignedIn, Refused, TooMany
from staffhub.i18n import gettext as _
from staffhub.models import Account, Division, Office, Officer, Role, Scope, SignInAttempt, UserSession

SESSION_DAYS = 30
IDLE_DAYS = 14
ONE_TIME_DAYS = 7
_SEEN_EVERY = timedelta(hours=12)

# Wrong passwords within WINDOW. Right ones do not count, so an office behind one address is never held up by arriving.
WINDOW = timedelta(minutes=10)
LIMIT_PAIR = 5  # one name from one address, or on one known device
LIMIT_NAME = 20  # one name from anywhere, known devices apart
LIMIT_ADDRESS = 60  # all names from one address, known devices apart
LIMIT_ALL = 1000

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


@dataclass(frozen=True)
class Viewer:
    """Who is signed in, loaded once per request."""

    account_id: int
    session_id: int
    office_id: int
    office_name: str
    zone: ZoneInfo
    officer_id: int | None
    division_id: int | None
    name: str
    position: str
    division_name: str
    role: Role
    scope: Scope
    locale: str | None
    must_change_password: bool
    session_seen_at: datetime

    def may(self, permission: str) -> bool:
        return self.role in PERMISSIONS[permission]

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise Forbidden(_("Your account may not do this."))

    def sees(self, *, officer_id: int | None, division_id: int | None) -> bool:
        """Whether the days, logs and plans of that officer are within this account's scope."""
        if self.scope is Scope.OFFICE:
            return True
        own_division = self.scope is Scope.DIVISION and self.division_id is not None and self.division_id == division_id
        return own_division or (officer_id is not None and officer_id == self.officer_id)


_EVERYONE = frozenset(Role)
_HEADS = frozenset({Role.OFFICE_HEAD, Role.DIVISION_HEAD})

# The matrix role x verb; scope (above) decides on whom. What is not named here is allowed to nobody.
PERMISSIONS: dict[str, frozenset[Role]] = {
    "board": _EVERYONE,
    "requests": _EVERYONE,
    "requests.assign": _HEADS | {Role.ADMIN},
    "worklog": _EVERYONE,
    "attendance": _HEADS | {Role.HR, Role.ADMIN},
    "attendance.correct": frozenset({Role.HR}),
    "attendance.numbers": frozenset({Role.HR, Role.ADMIN}),
    "plan.edit": frozenset({Role.HR, Role.DIVISION_HEAD}),
    "holidays.edit": frozenset({Role.HR, Role.ADMIN}),
    "meetings": _EVERYONE,
    "meetings.schedule": _HEADS,
    "people": frozenset({Role.HR, Role.ADMIN, Role.OFFICE_HEAD}),
    "people.edit": frozenset({Role.HR, Role.ADMIN}),
    "admin": frozenset({Role.ADMIN}),
}

SCOPES: dict[Role, Scope] = {
    Role.STAFF: Scope.SELF,
    Role.DIVISION_HEAD: Scope.DIVISION,
    Role.OFFICE_HEAD: Scope.OFFICE,
    Role.HR: Scope.OFFICE,
    Role.ADMIN: Scope.OFFICE,
}


def viewer_for(db: Session, token: str, *, now: datetime) -> Viewer:
    """Load the person behind a session cookie; NotSignedIn when it is unknown, ended, expired or the account closed."""
    row = db.execute(_viewer_query().where(UserSession.token_hash == digest(token))).one_or_none()
    alive = (
        row is not None
        and row.ended_at is None
        and row.disabled_at is None
        and now < row.expires_at
        and now - row.seen_at < timedelta(days=IDLE_DAYS)
    )
    if row is None or not alive:
        raise NotSignedIn(_("Sign in first."))
    return Viewer(
        account_id=row.account_id,
        session_id=row.session_id,
        office_id=row.office_id,
        office_name=row.office_name,
        zone=ZoneInfo(row.timezone),
        officer_id=row.officer_id,
        division_id=row.division_id,
        name=row.name or row.account_name or row.username,
        position=row.position or "",
        division_name=row.division_name or "",
        role=row.role,
        scope=row.scope,
        locale=row.locale,
        must_change_password=row.must_change_password,
        session_seen_at=row.seen_at,
    )


def _viewer_query() -> Select[*tuple[object, ...]]:
    return (
        select(
            Account.id.label("account_id"),
            UserSession.id.label("session_id"),
            UserSession.expires_at,
            UserSession.seen_at,
            UserSession.ended_at,
            Account.office_id,
            Office.name.label("office_name"),
            Office.timezone,
            Account.officer_id,
            Account.username,
            Account.name.label("account_name"),
            Account.role,
            Account.scope,
            Account.locale,
            Account.disabled_at,
            Account.must_change_password,
            Officer.name,
            Officer.position,
            Officer.division_id,
            Division.short_name.label("division_name"),
        )
        .select_from(UserSession)
        .join(Account, Account.id == UserSession.account_id)
        .join(Office, Office.id == Account.office_id)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Division, Division.id == Officer.division_id)
    )


def is_stale(viewer: Viewer, now: datetime) -> bool:
    return now - viewer.session_seen_at > _SEEN_EVERY


def touch_session(db: Session, session_id: int, *, now: datetime) -> None:
    """Note that the session is in use: a phone that signs in to nothing for IDLE_DAYS is signed out."""
    db.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))


def normal_username(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip().casefold()


def _network(address: str) -> str:
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
    name_hash, address_hash = digest(username, key=key), digest(_network(address), key=key)
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


def finish_sign_in(
    db: Session,
    attempt_id: int,
    account: Account,
    *,
    device: str,
    user_agent: str,
    now: datetime,
    previous: str | None = None,
) -> str:
    """The password was right: note it, open a new session (never an old id) and return its token.

    `previous` is the token the browser came with: whoever's session that was, it ends here.
    """
    note_right_password(db, attempt_id)
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


def set_password(db: Session, me: Viewer, new_hash: str, *, now: datetime) -> None:
    db.execute(
        update(Account)
        .where(Account.id == me.account_id)
        .values(password_hash=new_hash, password_changed_at=now, must_change_password=False, one_time_until=None)
    )
    end_other_sessions(db, me.account_id, keep=me.session_id, now=now)
    audit.record(db, me, "account.password_changed", "account", me.account_id, now=now)


def forget_old(db: Session, *, now: datetime) -> None:
    """Drop what is no longer needed: tries after a day, sessions a month after their end."""
    db.execute(delete(SignInAttempt).where(SignInAttempt.at < now - timedelta(days=1)))
    gone = now - timedelta(days=30)
    db.execute(delete(UserSession).where(or_(UserSession.expires_at < gone, UserSession.ended_at < gone)))
