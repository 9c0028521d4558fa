"""Who acts, and who may do what: the matrix and the scopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.db import digest, rows
from staffhub.errors import Forbidden, NotSignedIn
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Division,
    Notice,
    Office,
    Officer,
    PlanMode,
    Posting,
    Role,
    UserSession,
    WorkMode,
    is_in_service,
    role_held,
)

# Without use for so long a session ends.
IDLE_DAYS = 14


class Scope(StrEnum):
    """Whose days, logs and plans a role sees."""

    SELF = "self"
    DIVISION = "division"
    OFFICE = "office"


@dataclass(frozen=True)
class Program:
    """What acts where nobody does: the office's own program behind a token, and what it may."""

    token_id: int
    name: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Viewer:
    """Who acts and what it may: the person behind a session, or a `program`.

    A program is no officer and sees the whole office, of what its token lets it see; `account_id` is then that of the
    administrator who let it in, and nothing is ever said to be done by that person (`author`).
    """

    account_id: int
    office_id: int
    office_name: str
    zone: ZoneInfo
    officer_id: int | None
    division_id: int | None
    name: str
    position: str
    division_name: str
    role: Role
    program: Program | None = None
    # The browser it is done in, where somebody is signed in on one.
    session_id: int | None = None

    @property
    def author(self) -> int | None:
        """Return the account of the person who does it; None: a program does."""
        return None if self.program else self.account_id

    def may(self, permission: str) -> bool:
        if self.program:
            return permission in self.program.permissions
        return self.role in PERMISSIONS[permission]

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise Forbidden(_("Your account may not do this."))

    @property
    def scope(self) -> Scope:
        return Scope.OFFICE if self.program else SCOPES[self.role]

    @property
    def sees_everyone(self) -> bool:
        return self.scope is Scope.OFFICE

    def sees(self, *, officer_id: int | None, division_id: int | None) -> bool:
        """Whether the days, logs and plans of that officer are within this account's scope."""
        own_division = self.scope is Scope.DIVISION and self.division_id is not None and self.division_id == division_id
        return self.sees_everyone or own_division or (officer_id is not None and officer_id == self.officer_id)

    def within(
        self, officer: SQLColumnExpression[int | None] | None, division: SQLColumnExpression[int | None]
    ) -> ColumnElement[bool]:
        """Say the same of a list, as a condition on the columns that hold its officer (if any) and its division."""
        if self.sees_everyone:
            return true()
        mine: list[ColumnElement[bool]] = [false()]
        if officer is not None and self.officer_id is not None:
            mine.append(officer == self.officer_id)
        if self.scope is Scope.DIVISION and self.division_id is not None:
            mine.append(division == self.division_id)
        return or_(*mine)

    @property
    def reach(self) -> dict[str, object]:
        """What a statement asks for that says `within_reach`."""
        return {"viewer_officer": self.officer_id, "viewer_division": self.division_id}

    def reads_note(self, mode: WorkMode | PlanMode | None, *, officer_id: int, division_id: int | None) -> bool:
        """Whether what was noted beside a plan or a mark is for this account.

        Where somebody is on duty outside is for every colleague; why somebody is away or at home is private.
        """
        return mode in {WorkMode.FIELD, PlanMode.FIELD} or self.sees(officer_id=officer_id, division_id=division_id)


def within_reach(
    scope: Scope, officer: SQLColumnExpression[int | None], division: SQLColumnExpression[int | None]
) -> ColumnElement[bool]:
    """Say what `Viewer.within` says, for a statement that is built once for all viewers of a scope.

    Whoever is nobody's officer, or in no division, asks with nothing there, which equals no row.
    """
    if scope is Scope.OFFICE:
        return true()
    mine = officer == bindparam("viewer_officer", type_=BigInteger)
    theirs = division == bindparam("viewer_division", type_=BigInteger)
    return or_(mine, theirs) if scope is Scope.DIVISION else mine


_EVERYONE = frozenset(Role)
_HEADS = frozenset({Role.OFFICE_HEAD, Role.DIVISION_HEAD})

# The matrix role x verb; scope (above) decides on whom. What is not named here is allowed to nobody.
PERMISSIONS: dict[str, frozenset[Role]] = {
    "board": _EVERYONE,
    "requests": _EVERYONE,
    "requests.write": _EVERYONE,
    "requests.assign": _HEADS | {Role.ADMIN},
    "services.edit": _HEADS | {Role.ADMIN},
    "worklog": _EVERYONE,
    # In whose place somebody verifies: superiors name for themselves, these for any superior, who may have fallen ill.
    "worklog.delegates": frozenset({Role.OFFICE_HEAD, Role.HR}),
    "attendance": _HEADS | {Role.HR, Role.ADMIN},
    "attendance.correct": frozenset({Role.HR}),
    # Only on the days of the one who alone is HR: nobody decides on the own day.
    "attendance.correct_hr": frozenset({Role.OFFICE_HEAD}),
    "month": frozenset({Role.HR, Role.OFFICE_HEAD, Role.ADMIN}),
    "month.close": frozenset({Role.HR}),
    "month.sign": frozenset({Role.OFFICE_HEAD}),
    "attendance.numbers": frozenset({Role.HR, Role.ADMIN}),
    "leave": _EVERYONE,
    # Decided on paper: entered by HR, as are the delegates and what was left over from other years.
    "leave.paper": frozenset({Role.HR}),
    "plan.edit": frozenset({Role.HR, Role.DIVISION_HEAD}),
    # The duty roster of a month: personnel and heads, the head of a division for the own one.
    # Who works from home by a letter, whose reason is nobody's but the office's file.
    "roster.letters": frozenset({Role.HR}),
    "roster.edit": _HEADS | {Role.HR},
    # A duty order: personnel and heads, the head of a division for the own one.
    "orders.write": _HEADS | {Role.HR},
    "exemptions": _HEADS | {Role.HR, Role.ADMIN},
    "exemptions.write": frozenset({Role.HR}),
    # Our own disturbances: that they were, and whom they touched; HR decides.
    "outages": frozenset({Role.HR, Role.ADMIN, Role.OFFICE_HEAD}),
    "outages.decide": frozenset({Role.HR}),
    "machines": frozenset({Role.HR, Role.ADMIN}),
    # Who was at the roll call: a head ticks the own people, that of the secretariat and of the office everybody.
    "roll_call": _HEADS,
    "holidays.edit": frozenset({Role.HR, Role.ADMIN}),
    "office.edit": frozenset({Role.HR, Role.ADMIN}),
    # The screens at the doors: whoever has the address of one can show its codes.
    "places": frozenset({Role.HR}),
    "rules": frozenset({Role.HR, Role.ADMIN}),
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

WHOLE_OFFICE = frozenset(role for role, scope in SCOPES.items() if scope is Scope.OFFICE)


def manages(actor: Viewer | None, *roles: Role | None) -> bool:
    """Whether somebody may give, reset, close, open or edit the rights of an account that has, or is to have, roles.

    The one rule for every form, the import and the command: nobody deals in rights that go beyond the own. Whoever
    sees the whole office (its head, personnel, administrators) is an administrator's matter alone. None is the command
    line, which acts as an administrator: who may run it may read the database.
    """
    if actor is None or actor.may("admin"):
        return True
    return actor.may("people.edit") and not WHOLE_OFFICE.intersection(roles)


def beyond_own() -> str:
    return _("Only an administrator deals with the accounts of the head of office, of personnel and of administrators.")


@dataclass(frozen=True)
class WebSession:
    """One browser in which somebody is signed in, loaded once per request: who it is, and what belongs to it alone."""

    id: int
    viewer: Viewer
    locale: str | None
    must_change_password: bool
    seen_at: datetime
    # Notices that wait on this account's list.
    unread: int


class Standing(Protocol):
    """What decides whether an account may be used on a day; the dates are those of its officer, if it has one."""

    @property
    def disabled_at(self) -> datetime | None: ...
    @property
    def active_from(self) -> date | None: ...
    @property
    def active_to(self) -> date | None: ...
    @property
    def timezone(self) -> str: ...


def is_open(account: Standing, now: datetime) -> bool:
    """Whether the account is neither closed nor outside of the dates of service, by the calendar of its office.

    Nothing is written when somebody leaves or returns: the dates themselves end the rights and give them back.
    """
    return account.disabled_at is None and serves_now(account, now)


def serves_now(account: Standing, now: datetime) -> bool:
    """Whether today is a day of service; an account without an officer, an administrator's, knows no such days."""
    today = clock.local_day(now, ZoneInfo(account.timezone))
    return account.active_from is None or is_in_service(account.active_from, account.active_to, today)


def session_for(db: Session, token: str, *, now: datetime) -> WebSession:
    """Load the session behind a cookie; NotSignedIn when it is unknown or over, or its account not open."""
    row = _in_force(rows(db, _SESSION, **_asked(token, now)).all(), now)
    alive = (
        row is not None
        and row.ended_at is None
        and now < row.expires_at
        and now - row.seen_at < timedelta(days=IDLE_DAYS)
        and is_open(row, now)
    )
    if row is None or not alive:
        raise NotSignedIn(_("Sign in first."))
    office.note(db, row.office_id, row.version)
    return WebSession(
        row.session_id, _viewer(row, row.session_id), row.locale, row.must_change_password, row.seen_at, row.unread
    )


def viewer_for(db: Session, account_id: int, *, now: datetime) -> Viewer | None:
    """Return who an account is now, for work that goes on without its request; None: it may no longer be used."""
    asked = _around(now) | {"account": account_id}
    row = _in_force(rows(db, _account_query(), **asked).all(), now)
    return _viewer(row) if row is not None and is_open(row, now) else None


def _viewer(row: Any, session_id: int | None = None) -> Viewer:
    return Viewer(
        account_id=row.account_id,
        office_id=row.office_id,
        office_name=row.office_name,
        zone=ZoneInfo(row.timezone),
        officer_id=row.officer_id,
        division_id=row.division_id,
        name=row.name or row.account_name or row.username,
        position=row.position or "",
        division_name=row.division_name or "",
        role=row.role,
        session_id=session_id,
    )


def _around(now: datetime) -> dict[str, object]:
    a_day = timedelta(days=1)
    return {"before": (now - a_day).date(), "after": (now + a_day).date()}


def _asked(token: str, now: datetime) -> dict[str, object]:
    return {"token": digest(token), **_around(now)}


def _in_force(found: Sequence[Any], now: datetime) -> Any | None:
    """Return the row with the posting of today, by the calendar of the office; without one, whoever it is has none."""
    for row in found:
        today = clock.local_day(now, ZoneInfo(row.timezone))
        if row.valid_from is None or is_in_service(row.valid_from, row.valid_to, today):
            return row
    return None


# Whoever an account is: the columns that every look-up reads of it.
_WHO = (
    Account.id.label("account_id"),
    Account.office_id,
    Office.name.label("office_name"),
    Office.timezone,
    Account.officer_id,
    Account.username,
    Account.name.label("account_name"),
    role_held().label("role"),
    Account.disabled_at,
    Officer.name,
    Posting.position,
    Posting.division_id,
    Posting.valid_from,
    Posting.valid_to,
    Officer.active_from,
    Officer.active_to,
    Division.short_name.label("division_name"),
)


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join what an account is: the postings of a day before and after too, since the row tells the office's zone."""
    before, after = bindparam("before", type_=Date), bindparam("after", type_=Date)
    around = and_(Posting.valid_from <= after, or_(Posting.valid_to.is_(None), Posting.valid_to >= before))
    return (
        query.join(Office, Office.id == Account.office_id)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, and_(around, Posting.officer_id == Officer.id, Posting.office_id == Officer.office_id))
        .outerjoin(Division, Division.id == Posting.division_id)
    )


@cache
def _account_query() -> Select[*tuple[Any, ...]]:
    return _joined(select(*_WHO).select_from(Account)).where(Account.id == bindparam("account"))


def _session_query() -> Select[*tuple[Any, ...]]:
    unread = select(func.count()).where(Notice.account_id == Account.id, Notice.read_at.is_(None)).scalar_subquery()
    columns = (
        *_WHO,
        UserSession.id.label("session_id"),
        UserSession.expires_at,
        UserSession.seen_at,
        UserSession.ended_at,
        Office.version,
        Account.locale,
        Account.must_change_password,
        unread.label("unread"),
    )
    found = select(*columns).select_from(UserSession).join(Account, Account.id == UserSession.account_id)
    return _joined(found).where(UserSession.token_hash == bindparam("token"))


# Built once: every request asks this.
_SESSION = _session_query()
