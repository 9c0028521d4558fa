"""The people an office has already, loaded once for checks and lists of names."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Date, ScalarSelect, Select, SQLColumnExpression, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Division,
    EmploymentType,
    Officer,
    Posting,
    Role,
    is_in_service,
    posting_near,
    role_held,
)
from staffhub.people.cells import plain
from staffhub.security import WHOLE_OFFICE


@dataclass(frozen=True)
class Person:
    """One officer as posted on a day, and the account; an administrator may have only the account."""

    officer_id: int | None
    account_id: int | None
    number: str | None
    name: str | None
    employment_type: EmploymentType | None
    position: str | None
    division_id: int | None
    superior_id: int | None
    email: str | None
    phone: str | None
    active_from: date | None
    active_to: date | None
    username: str | None
    # What the account may do on that day, None without one; and a role of the whole office held then or later, if any.
    role: Role | None
    coming: Role | None
    is_open: bool
    # How many postings there are and when the newest was written: an edit of any of them changes the version.
    postings: int = 0
    posted_at: datetime | None = None

    def serves(self, day: date) -> bool:
        """Whether the account may be used on a day; one without an officer knows no dates of service."""
        return self.active_from is None or is_in_service(self.active_from, self.active_to, day)

    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FACTS}


# What the register says of an officer; username and role belong to the account.
FACTS = ("number", "name", "employment_type", "position", "division_id", "superior_id", "email", "phone")
# What of it may change with a date; the rest is who the person is.
POSTED = ("employment_type", "position", "division_id", "superior_id", "role")


def above(name: str | None, active_to: date | None, day: date) -> str:
    """How a superior is named on a day: who has left stays the superior until somebody changes it, and is marked."""
    if not name:
        return ""
    return f"{name} ({_('has left')})" if active_to and active_to < day else name


@dataclass
class Known:
    """An office's people and divisions; `elsewhere` are usernames that other offices of this database use."""

    people: list[Person]
    divisions: dict[int, tuple[str, str, str]]
    elsewhere: set[str]
    by_id: dict[int, Person] = field(default_factory=dict)
    by_number: dict[str, Person] = field(default_factory=dict)
    by_username: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in self.people:
            if person.officer_id is not None and person.number is not None:
                self.by_id[person.officer_id] = person
                self.by_number[person.number] = person
            if person.username is not None:
                self.by_username[person.username] = person

    def division_names(self) -> dict[str, int]:
        return {plain(name): id_ for id_, names in self.divisions.items() for name in names}


def known(db: Session, office_id: int, usernames: Iterable[str], *, day: date, today: date) -> Known:
    """Load the people as posted on `day`; roles to come are those after today or that day, whichever is earlier."""
    asked = sorted(set(usernames))
    elsewhere = select(Account.username).where(Account.office_id != office_id, Account.username.in_(asked))
    divisions = select(Division.id, Division.name, Division.short_name, Division.code)
    in_order = divisions.where(Division.office_id == office_id).order_by(Division.sort)
    return Known(
        people(db, office_id, day=day, since=min(day, today)),
        {row.id: (row.short_name, row.name, row.code) for row in db.execute(in_order)},
        set(db.scalars(elsewhere)),
    )


def people(
    db: Session, office_id: int, *, day: date, officer_id: int | None = None, since: date | None = None
) -> list[Person]:
    """Load the office's officers as posted on `day`, and the accounts without one; `officer_id` narrows it to one.

    `since` is from when on roles of the whole office count as to come, None: from that day.
    """
    asked = {"office": office_id, "day": day, "since": since or day, "officer": officer_id}
    queries = (_officers(one=False), _alone()) if officer_id is None else (_officers(one=True),)
    return [Person(*row) for query in queries for row in rows(db, query, **asked)]


_other = aliased(Posting)


def _any_posting(what: SQLColumnExpression[Any], besides: ColumnElement[bool] | None = None) -> ScalarSelect[Any]:
    of_officer = (_other.office_id == Officer.office_id) & (_other.officer_id == Officer.id)
    if besides is not None:
        of_officer &= besides
    return select(what).select_from(_other).where(of_officer).correlate(Officer).scalar_subquery()


def _columns() -> tuple[Any, ...]:
    since = bindparam("since", type_=Date)
    wide = _other.role.in_(WHOLE_OFFICE) & (_other.valid_to.is_(None) | (_other.valid_to >= since))
    return (
        Officer.id,
        Account.id,
        *(getattr(Posting if name in POSTED else Officer, name) for name in FACTS),
        Officer.active_from,
        Officer.active_to,
        Account.username,
        role_held(),
        _any_posting(func.min(_other.role), wide),
        and_(Account.id.is_not(None), Account.disabled_at.is_(None)),
        _any_posting(func.count()),
        _any_posting(func.max(_other.created_at)),
    )


@cache
def _officers(*, one: bool) -> Select[*tuple[Any, ...]]:
    """Of the whole office, or one of them."""
    found = (
        select(*_columns())
        .select_from(Officer)
        .outerjoin(Posting, posting_near(bindparam("day", type_=Date)))
        .outerjoin(Account, Account.officer_id == Officer.id)
        .where(Officer.office_id == bindparam("office"))
        .order_by(Officer.id)
    )
    return found.where(Officer.id == bindparam("officer")) if one else found


@cache
def _alone() -> Select[*tuple[Any, ...]]:
    return (
        select(*_columns())
        .select_from(Account)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, Posting.officer_id == Officer.id)
        .where(Account.office_id == bindparam("office"), Account.officer_id.is_(None))
    )
