"""Accounts: the first administrator, one-time passwords, roles, who may still sign in, and one's own sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import Database, changed_meanwhile, digest, lock_row, rows
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, Officer, Role, UserSession
from staffhub.people import cells, postings
from staffhub.people.admins import require_another_admin
from staffhub.people.known import Person, people
from staffhub.people.register import Cell
from staffhub.security import (
    IDLE_DAYS,
    ONE_TIME_DAYS,
    Viewer,
    WebSession,
    beyond_own,
    end_other_sessions,
    hash_password,
    manages,
    one_time_password,
)


def create_admin(database: Database, office_id: int, *, username: str, name: str, now: datetime) -> str:
    """Open an account that may do everything but has no days of its own; return its one-time password."""
    try:
        username = cells.username(Cell(username))
    except cells.Bad as problem:
        raise Refused(str(problem), field="username") from None
    plain = one_time_password()
    hashed = hash_password(plain)
    try:
        with database.transaction() as db:
            _add_admin(db, office_id, username, " ".join(name.split())[:120], hashed, now=now)
    except IntegrityError:
        raise Refused(_("Another account has this username."), field="username") from None
    return plain


def _add_admin(db: Session, office_id: int, username: str, name: str, hashed: str, *, now: datetime) -> None:
    account_id = db.execute(
        insert(Account)
        .values(
            office_id=office_id,
            username=username,
            name=name,
            password_hash=hashed,
            password_changed_at=now,
            must_change_password=True,
            one_time_until=now + timedelta(days=ONE_TIME_DAYS),
            role=Role.ADMIN,
            created_at=now,
        )
        .returning(Account.id)
    ).scalar_one()
    facts = {"username": username, "role": Role.ADMIN}
    audit.record(db, None, "account.added", "account", account_id, now=now, office_id=office_id, **facts)


def officer_for(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Person:
    """Load one officer of this office for reading."""
    me.require("people")
    found = people(db, me.office_id, day=clock.local_day(now, me.zone), officer_id=officer_id)
    if not found:
        raise NotFound
    return found[0]


def editable_officer(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Person:
    """Load an officer whom I may change, locked: another edit waits and then sees what this one wrote."""
    me.require("people.edit")
    lock_row(db, Officer, officer_id)
    return officer_for(db, me, officer_id, now=now)


def account_to_change(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Person:
    """Load an officer whose account may be changed by this person: not the own one, and none beyond the own rights."""
    person = editable_officer(db, me, officer_id, now=now)
    if person.account_id is None:
        raise NotFound(_("This officer has no account."))
    if person.account_id == me.account_id:
        raise Forbidden(_("Nobody changes the own account here. Ask another administrator."))
    if not manages(me, person.role, person.coming):
        raise Forbidden(beyond_own())
    return person


def reset_password(db: Session, me: Viewer, person: Person, *, new_hash: str, now: datetime) -> None:
    """Replace a forgotten password by a one-time one (hashed by the caller, outside the lock); ends every session."""
    account_id = _account_id(person)
    values = {"password_hash": new_hash, "password_changed_at": now, "must_change_password": True}
    until = now + timedelta(days=ONE_TIME_DAYS)
    db.execute(update(Account).where(Account.id == account_id).values(one_time_until=until, **values))
    end_other_sessions(db, account_id, keep=None, now=now)
    audit.record(db, me, "account.password_reset", "account", account_id, now=now)


def disable_account(db: Session, me: Viewer, person: Person, *, now: datetime) -> bool:
    """Close an account at once, on every device; False when it was closed already."""
    account_id = _account_id(person)
    if person.role is Role.ADMIN or person.coming is Role.ADMIN:
        require_another_admin(db, me.office_id, account_id, day=clock.local_day(now, me.zone), field="role")
    return _switch(db, me, account_id, "account.disabled", {"disabled_at": now}, now=now) and _end(db, account_id, now)


def enable_account(db: Session, me: Viewer, person: Person, *, now: datetime) -> bool:
    return _switch(db, me, _account_id(person), "account.enabled", {"disabled_at": None}, now=now)


def _switch(
    db: Session, me: Viewer, account_id: int, verb: str, values: Mapping[str, datetime | None], *, now: datetime
) -> bool:
    is_open = Account.disabled_at.is_(None)
    wanted = is_open if values["disabled_at"] else ~is_open
    changed = update(Account).where(Account.id == account_id, wanted).values(**values).returning(Account.id)
    if db.execute(changed).first() is None:
        return False
    audit.record(db, me, verb, "account", account_id, now=now)
    return True


def _end(db: Session, account_id: int, now: datetime) -> bool:
    end_other_sessions(db, account_id, keep=None, now=now)
    return True


def version(person: Person) -> str:
    """Return a mark of how the officer and the account stand now, so that an edit of an older picture is noticed."""
    facts = (*person.facts().values(), person.username, person.active_from, person.active_to, person.role)
    facts += (person.postings, person.posted_at)
    return digest(*(str(fact) for fact in facts))[:16]


def change_role(
    db: Session,
    me: Viewer,
    person: Person,
    *,
    role: Role,
    now: datetime,
    day: date | None = None,
    seen: str | None = None,
) -> bool:
    """Give another role from a day on, None: today; False when it is the role already.

    A role that changes today ends the sessions of the old one.
    """
    account_id, officer_id, today = _account_id(person), person.officer_id or 0, clock.local_day(now, me.zone)
    day = day or postings.first_day(person, today)
    roles = postings.roles_from(db, me.office_id, officer_id, day)
    if roles[0] is role:
        return False
    if seen not in {None, version(person)}:
        raise Conflict(changed_meanwhile())
    if not manages(me, role, *roles):
        raise Refused(beyond_own(), field="role")
    postings.refuse_hidden(db, me.office_id, officer_id, {"role": role}, day=day, today=today)
    if Role.ADMIN in roles and person.is_open:
        require_another_admin(db, me.office_id, account_id, day=max(day, today), field="role")
    postings.post(db, me.office_id, officer_id, {"role": role}, day=day, by=me.account_id, now=now)
    if day <= today:
        end_other_sessions(db, account_id, keep=None, now=now)
    told: dict[str, Any] = {"before": roles[0], "after": role, "valid_from": day}
    audit.record(db, me, "account.role_changed", "account", account_id, now=now, **told)
    return True


def _account_id(person: Person) -> int:
    if person.account_id is None:
        raise NotFound(_("This officer has no account."))
    return person.account_id


@dataclass(frozen=True)
class OwnSession:
    """A device on which somebody is signed in; times in the office's zone."""

    id: int
    user_agent: str
    since: datetime
    seen: datetime
    is_this: bool


def own_sessions(db: Session, here: WebSession, *, now: datetime) -> list[OwnSession]:
    """List where I am signed in: this device first, then the one used last."""
    me = here.viewer
    rows = db.execute(
        select(UserSession.id, UserSession.user_agent, UserSession.created_at, UserSession.seen_at).where(
            UserSession.account_id == me.account_id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > now,
            UserSession.seen_at > now - timedelta(days=IDLE_DAYS),
        )
    )
    found = [
        OwnSession(
            row.id,
            row.user_agent,
            row.created_at.astimezone(me.zone),
            row.seen_at.astimezone(me.zone),
            row.id == here.id,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.is_this, one.seen), reverse=True)


def own_session(db: Session, me: Viewer, session_id: int) -> int:
    """Load one of my sessions; somebody else's does not exist for me."""
    mine = select(UserSession.id).where(UserSession.id == session_id, UserSession.account_id == me.account_id)
    found = db.scalar(mine)
    if found is None:
        raise NotFound
    return found


def end_others(db: Session, here: WebSession, *, now: datetime) -> None:
    me = here.viewer
    end_other_sessions(db, me.account_id, keep=here.id, now=now)
    audit.record(db, me, "session.others_ended", "account", me.account_id, now=now)


def set_locale(db: Session, here: WebSession, *, locale: str, now: datetime) -> None:
    me = here.viewer
    db.execute(update(Account).where(Account.id == me.account_id).values(locale=locale))
    before, after = here.locale, locale
    audit.record(db, me, "account.locale_changed", "account", me.account_id, now=now, before=before, after=after)


class OwnAccount(NamedTuple):
    """`email` as the register has it, if it does; `no_mail_of`: kinds of notices that do not come there;
    `remind_before`: minutes, None where nothing was chosen; `remind_presence`: of a check-in that is missing.
    """

    username: str
    email: str | None
    no_mail_of: list[str] | None
    channel_to: str | None
    remind_before: int | None
    remind_presence: bool


_OWN = (
    select(
        Account.username,
        Officer.email,
        Account.no_mail_of,
        Account.channel_to,
        Account.remind_before,
        Account.remind_presence,
    )
    .outerjoin(Officer, Officer.id == Account.officer_id)
    .where(Account.id == bindparam("account"))
)


def own_account(db: Session, me: Viewer) -> OwnAccount:
    return OwnAccount(*rows(db, _OWN, account=me.account_id).one())


def own_username(db: Session, me: Viewer) -> str:
    return db.scalars(select(Account.username).where(Account.id == me.account_id)).one()


def own_words(db: Session, me: Viewer) -> tuple[str, ...]:
    """Return what anybody may know of me and the office: no password is made of it."""
    row = db.execute(
        select(Account.username, Officer.number, Officer.email, Officer.phone)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .where(Account.id == me.account_id)
    ).one()
    return (me.name, me.office_name, me.position, me.division_name, *(text for text in row if text))
