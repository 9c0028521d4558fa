"""Keys of the office's own programs: made with a secret that is shown once, asked with at every call, revoked."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from staffhub import audit, clock, office
from staffhub.db import digest, lock_row, rows
from staffhub.errors import Forbidden, NotFound, NotSignedIn, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, ApiToken, Office, Officer, Role, TokenScope
from staffhub.security.access import Program, Viewer

# Whoever finds one lying about, a person or a scanner of repositories, sees what it is a key of.
PREFIX = "staffhub_"
_USED_EVERY = timedelta(hours=1)
# What each scope allows, in the words of the matrix (`access.PERMISSIONS`): the verbs ask for it as of anybody.
GRANTS = MappingProxyType(
    {
        TokenScope.REQUESTS_READ: "requests",
        TokenScope.REQUESTS_WRITE: "requests.write",
        TokenScope.ATTENDANCE_READ: "attendance",
        TokenScope.OFFICERS_READ: "people",
        TokenScope.OFFICERS_NUMBERS: "attendance.numbers",
    }
)


class MissingScope(Forbidden):
    """The token is good, and not for this."""

    def __init__(self, scope: TokenScope) -> None:
        super().__init__(_("This token may not do this: it lacks the scope %(scope)s.", scope=scope))
        self.scope = scope


@dataclass(frozen=True)
class Made:
    id: int
    name: str
    secret: str


@dataclass(frozen=True)
class Token:
    """A key as the list shows it; times are the office's. `by`: who made it."""

    id: int
    name: str
    scopes: tuple[TokenScope, ...]
    tail: str
    last_day: date | None
    by: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    ended: bool

    @property
    def works(self) -> bool:
        return self.revoked_at is None and not self.ended


@dataclass(frozen=True)
class Bearer:
    """Who calls; `stale`: that it is in use was not noted within the last hour."""

    viewer: Viewer
    stale: bool


def scope_words(scope: TokenScope) -> str:
    return {
        TokenScope.REQUESTS_READ: _("read requests"),
        TokenScope.REQUESTS_WRITE: _("take in requests and move them on"),
        TokenScope.ATTENDANCE_READ: _("read days that are over, without private notes"),
        TokenScope.OFFICERS_READ: _("read who serves, where and as what"),
        TokenScope.OFFICERS_NUMBERS: _("see the NIP or number of officers as well"),
    }[scope]


def make(
    db: Session, me: Viewer, *, name: str, scopes: Sequence[TokenScope], last_day: date | None, now: datetime
) -> Made:
    """Let a program in. Its secret is in what this returns, and nowhere else ever after."""
    me.require("admin")
    if last_day and last_day < clock.local_day(now, me.zone):
        raise Refused(_("That day is over."), field="last_day")
    lock_row(db, Office, me.office_id)
    same = select(ApiToken.id).where(ApiToken.office_id == me.office_id, ApiToken.name == name)
    if db.scalar(same) is not None:
        said = _("There is, or was, a token of this name. A secret is not shown twice: make another of another name.")
        raise Refused(said, field="name")
    secret = PREFIX + secrets.token_urlsafe(32)
    facts: dict[str, Any] = {"name": name, "scopes": sorted(set(scopes)), "last_day": last_day}
    kept = {"office_id": me.office_id, "digest": digest(secret), "tail": secret[-4:], "created_by": me.account_id}
    id_ = db.scalars(insert(ApiToken).values(**facts, **kept, created_at=now).returning(ApiToken.id)).one()
    audit.record(db, me, "token.made", "api_token", id_, now=now, **facts)
    return Made(id_, name, secret)


def revoke(db: Session, me: Viewer, token_id: int, *, now: datetime) -> str:
    """Take no more calls with it, from the next one on; one that was revoked stays as it was. Return its name."""
    me.require("admin")
    mine = (ApiToken.id == token_id, ApiToken.office_id == me.office_id)
    name = db.scalar(select(ApiToken.name).where(*mine))
    if name is None:
        raise NotFound(_("There is no such token in your office."))
    ended = update(ApiToken).where(*mine, ApiToken.revoked_at.is_(None))
    if db.scalar(ended.values(revoked_at=now, revoked_by=me.account_id).returning(ApiToken.id)):
        audit.record(db, me, "token.revoked", "api_token", token_id, now=now, name=name)
    return name


_LISTED = (
    select(
        ApiToken.id,
        ApiToken.name,
        ApiToken.scopes,
        ApiToken.tail,
        ApiToken.last_day,
        ApiToken.created_at,
        ApiToken.used_at,
        ApiToken.revoked_at,
        Account.name.label("account"),
        Account.username,
        Officer.name.label("officer"),
    )
    .join(Account, Account.id == ApiToken.created_by)
    .outerjoin(Officer, Officer.id == Account.officer_id)
    .where(ApiToken.office_id == bindparam("office"))
    .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())
)


def listing(db: Session, me: Viewer, *, now: datetime) -> list[Token]:
    """Return the tokens of the office, those that work first, the newest before the older."""
    me.require("admin")
    today = clock.local_day(now, me.zone)
    found = [
        Token(
            id=row.id,
            name=row.name,
            scopes=tuple(scope for scope in TokenScope if scope in row.scopes),
            tail=row.tail,
            last_day=row.last_day,
            by=row.officer or row.account or row.username,
            created_at=row.created_at.astimezone(me.zone),
            used_at=row.used_at and row.used_at.astimezone(me.zone),
            revoked_at=row.revoked_at and row.revoked_at.astimezone(me.zone),
            ended=row.last_day is not None and row.last_day < today,
        )
        for row in rows(db, _LISTED, office=me.office_id)
    ]
    return sorted(found, key=lambda one: not one.works)


_BEARER = (
    select(
        ApiToken.id,
        ApiToken.name,
        ApiToken.scopes,
        ApiToken.last_day,
        ApiToken.created_by,
        ApiToken.used_at,
        ApiToken.office_id,
        Office.name.label("office_name"),
        Office.timezone,
        Office.version,
    )
    .join(Office, Office.id == ApiToken.office_id)
    .where(ApiToken.digest == bindparam("digest"), ApiToken.revoked_at.is_(None))
)


def bearer(db: Session, secret: str, *, now: datetime) -> Bearer:
    """Return who calls with a secret; NotSignedIn when nobody was ever given it, or it is over."""
    row = rows(db, _BEARER, digest=digest(secret)).one_or_none() if secret.startswith(PREFIX) else None
    if row is None or (row.last_day and row.last_day < clock.local_day(now, ZoneInfo(row.timezone))):
        raise NotSignedIn(_("This token is not known here, or it was revoked, or its time is over."))
    office.note(db, row.office_id, row.version)
    permissions = frozenset(GRANTS[TokenScope(scope)] for scope in row.scopes)
    viewer = Viewer(
        account_id=row.created_by,
        office_id=row.office_id,
        office_name=row.office_name,
        zone=ZoneInfo(row.timezone),
        officer_id=None,
        division_id=None,
        name=row.name,
        position="",
        division_name="",
        role=Role.STAFF,
        program=Program(row.id, row.name, permissions),
    )
    return Bearer(viewer, stale=row.used_at is None or now - row.used_at > _USED_EVERY)


def require(me: Viewer, scope: TokenScope) -> None:
    if not me.may(GRANTS[scope]):
        raise MissingScope(scope)


def touch(db: Session, token_id: int, *, now: datetime) -> None:
    """Note that it is in use, once an hour at most, however many calls saw that it was not noted yet."""
    old = or_(ApiToken.used_at.is_(None), ApiToken.used_at < now - _USED_EVERY)
    db.execute(update(ApiToken).where(ApiToken.id == token_id, old).values(used_at=now))
