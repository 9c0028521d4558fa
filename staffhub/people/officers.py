"""The list of the office's people, and the edit of one of them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Date, Select, and_, bindparam, false, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, office
from staffhub.db import rows
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, Division, EmploymentType, Officer, Posting, Role, posting_near, role_held, serves
from staffhub.people import postings
from staffhub.people.accounts import version
from staffhub.people.admins import require_another_admin
from staffhub.people.cells import masked_number, shown_number
from staffhub.people.checking import check
from staffhub.people.entries import Entry
from staffhub.people.importing import apply_changes
from staffhub.people.known import POSTED, Person, above, known
from staffhub.people.register import COLUMNS, Cell, Register, Row
from staffhub.security import Viewer, beyond_own, manages, normal_username

PAGE = 25


class State(StrEnum):
    """The tabs of the list."""

    ACTIVE = "active"
    TEMPORARY = "temporary"
    LEFT = "left"


@dataclass(frozen=True)
class Wanted:
    state: State = State.ACTIVE
    q: str = ""
    division_id: int | None = None
    kind: EmploymentType | None = None


_OFFICE, _TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)
_HERE = and_(serves(_TODAY, date.max), Account.disabled_at.is_(None))
_CONDITIONS = {
    State.ACTIVE: _HERE,
    State.TEMPORARY: and_(_HERE, Account.must_change_password),
    State.LEFT: ~_HERE,
}
_COUNTS = (
    select(*(func.count(1).filter(condition) for condition in _CONDITIONS.values()))
    .select_from(Officer)
    .outerjoin(Account, Account.officer_id == Officer.id)
    .where(Officer.office_id == _OFFICE)
)


def counts(db: Session, me: Viewer, *, today: date) -> dict[State, int]:
    """Count the people of every tab in one statement."""
    return dict(zip(_CONDITIONS, rows(db, _COUNTS, office=me.office_id, today=today).one(), strict=True))


@dataclass(frozen=True)
class Line:
    """One officer in the list."""

    id: int
    name: str
    number: str
    employment_type: EmploymentType
    position: str
    division: str | None
    superior: str
    role: Role | None
    account: str


def listed(db: Session, me: Viewer, wanted: Wanted, *, page: int, now: datetime) -> tuple[list[Line], int]:
    """Return one page of the people asked for, by name, and how many they are in all."""
    me.require("people")
    asked = {"office": me.office_id, "today": clock.local_day(now, me.zone)}
    found, total = (query.where(*_asked(me, wanted)) for query in _listed(wanted.state))
    total = rows(db, total, **asked).scalar_one()
    lines = rows(db, found.limit(PAGE).offset((page - 1) * PAGE), **asked)
    return [_line(row, me, now) for row in lines], total


def _asked(me: Viewer, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.q:
        texts = [Officer.name, Posting.position]
        if me.may("people.edit"):  # who sees numbers masked must not find them by trying
            texts.append(Officer.number)
        asked = {wanted.q, _in_one_piece(wanted.q)}
        yield or_(*(text.icontains(one, autoescape=True) for text in texts for one in asked))
    if wanted.division_id:
        yield Posting.division_id == wanted.division_id
    if wanted.kind:
        yield Posting.employment_type == wanted.kind


def _in_one_piece(typed: str) -> str:
    """An NIP is printed in groups and kept without the blanks; anything else is asked for as it was typed."""
    joined = re.sub("[ .-]", "", typed)
    return joined if joined.isdecimal() else typed


@cache
def _listed(state: State) -> tuple[Select[*tuple[Any, ...]], Select[int]]:
    """The lines of a tab by name, and how many they are."""
    superior = aliased(Officer)
    there = (Officer.office_id == _OFFICE, _CONDITIONS[state])
    total = select(func.count(1)).select_from(Officer).outerjoin(Posting, posting_near(_TODAY))
    lines = (
        select(
            Officer.id,
            Officer.name,
            Officer.number,
            Posting.employment_type,
            Posting.position,
            Division.short_name.label("division"),
            superior.name.label("superior"),
            superior.active_to.label("superior_to"),
            Account.id.label("account_id"),
            role_held().label("role"),
            Account.disabled_at,
            Account.must_change_password,
            Account.one_time_until,
        )
        .outerjoin(Account, Account.officer_id == Officer.id)
        .outerjoin(Posting, posting_near(_TODAY))
        .outerjoin(Division, Division.id == Posting.division_id)
        .outerjoin(superior, superior.id == Posting.superior_id)
        .where(*there)
        .order_by(Officer.name, Officer.id)
    )
    return lines, total.outerjoin(Account, Account.officer_id == Officer.id).where(*there)


def _line(row: Any, me: Viewer, now: datetime) -> Line:
    number = shown_number(row.number) if me.may("people.edit") else masked_number(row.number)
    state = "none"
    if row.disabled_at:
        state = "disabled"
    elif row.must_change_password:
        state = "expired" if row.one_time_until and row.one_time_until < now else "temporary"
    elif row.account_id:
        state = "open"
    return Line(
        row.id,
        row.name,
        number,
        row.employment_type,
        row.position,
        row.division,
        above(row.superior, row.superior_to, now.astimezone(me.zone).date()),
        row.role,
        state,
    )


def divisions(db: Session, office_id: int) -> list[tuple[int, str]]:
    return [(one.id, one.short_name) for one in office.divisions(db, office_id).values()]


class Colleague(NamedTuple):
    """One who may be chosen as superior; `name` says so of who has left, `division` is empty for the whole office.

    `shared`: somebody else has the same name.
    """

    id: int
    name: str
    number: str
    division: str
    shared: bool


@dataclass(frozen=True)
class Choices:
    """What the form of an officer offers: divisions, and colleagues as superiors with their numbers.

    `more`: there are others, who are named by their name or number instead of being chosen.
    """

    divisions: list[tuple[int, str]]
    colleagues: list[Colleague]
    more: bool

    def division_name(self, division_id: int | None) -> str:
        """Return the name that the register's checks know; one that is not offered stands for nothing."""
        return dict(self.divisions).get(division_id, "?") if division_id else ""

    def number(self, officer_id: int | None) -> str:
        numbers = {one.id: one.number for one in self.colleagues}
        return numbers.get(officer_id, "?") if officer_id else ""


# So many colleagues are offered as superiors; with everybody of a large office a page would be too heavy for a phone.
OFFERED = 100


def _colleagues_query() -> Select[*tuple[Any, ...]]:
    """Who is chosen already comes first, then who leads others, those of the same bidang, and everybody else."""
    chosen = Officer.id.in_(bindparam("kept", expanding=True))
    # Aliased: what is asked for inside must not be taken for the officer outside.
    posted, other = aliased(Posting), aliased(Officer)
    above_others = select(posted.superior_id).where(posted.office_id == _OFFICE, posted.superior_id.is_not(None))
    leads = (Posting.role != Role.STAFF) | Officer.id.in_(above_others)
    here = (other.office_id == _OFFICE, other.active_to.is_(None) | (other.active_to >= _TODAY))
    twice = select(other.name).where(*here).group_by(other.name).having(func.count() > 1)
    near = func.coalesce(Posting.division_id == bindparam("division", type_=BigInteger), false())
    return (
        select(
            Officer.id,
            Officer.name,
            Officer.active_to,
            Officer.number,
            Division.short_name,
            Officer.name.in_(twice),
        )
        .outerjoin(Posting, posting_near(_TODAY))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == _OFFICE, serves(_TODAY, date.max) | chosen, Officer.id != bindparam("besides"))
        .order_by(chosen.desc(), func.coalesce(leads, false()).desc(), near.desc(), Officer.name)
        .limit(OFFERED + 1)
    )


_COLLEAGUES = _colleagues_query()


def choices(
    db: Session,
    me: Viewer,
    *,
    now: datetime,
    besides: int | None = None,
    kept: Collection[int | None] = (),
    division_id: int | None = None,
) -> Choices:
    """Load what may be chosen for an officer of a division, who is left out of the superiors (`besides`).

    Who is the superior already (`kept`) is offered even after leaving: a form never changes what it could not show.
    """
    me.require("people.edit")
    today = clock.local_day(now, me.zone)
    asked = {"office": me.office_id, "today": today, "division": division_id, "besides": besides or 0}
    found = rows(db, _COLLEAGUES, kept=[id_ for id_ in kept if id_], **asked).all()
    colleagues = [
        Colleague(id_, above(name, left, today), number, division or "", shared)
        for id_, name, left, number, division, shared in sorted(found[:OFFERED], key=lambda row: row.name)
    ]
    return Choices(divisions(db, me.office_id), colleagues, len(found) > OFFERED)


@dataclass(frozen=True)
class Edit:
    """What the form of one officer says; `cells` by column name of the register."""

    cells: Mapping[str, str]
    active_from: date
    active_to: date | None
    version: str
    # From when on what differs of the posting holds, None: today.
    valid_from: date | None = None


# Input of a form -> column of the register, whose checks serve both.
COLUMN_OF = {
    "name": "nama",
    "number": "NIP",
    "employment_type": "jenis pegawai",
    "position": "jabatan",
    "division": "bidang",
    "superior": "atasan",
    "email": "email",
    "phone": "telepon",
    "username": "username",
    "role": "peran",
}
FIELD_OF = {column: field for field, column in COLUMN_OF.items()}


def one_row(texts: Mapping[str, str]) -> Register:
    """Make a register of one row of what a form says, so that a form and a file obey the same rules."""
    return Register((Row(1, {column: Cell(texts.get(column, "")) for column in COLUMNS}),), {})


def edit_officer(db: Session, me: Viewer, person: Person, edit: Edit, *, now: datetime) -> bool:
    """Store the facts of one officer; False when nothing differs."""
    if person.officer_id is None or person.account_id is None:
        raise Refused(_("This officer has no account yet. Import the register with a username to open one."))
    if edit.version != version(person):
        raise Conflict(_("Somebody else changed this officer meanwhile. What you typed is still here."))
    if edit.active_to and edit.active_to < edit.active_from:
        raise Refused(_("The last day is before the first."), field="active_to")
    today = now.astimezone(me.zone).date()
    there = known(db, me.office_id, [normal_username(edit.cells["username"])], day=today, today=today)
    found = check(
        one_row(edit.cells),
        there,
        today=today,
        manages=partial(manages, me),
        match=there.by_id[person.officer_id],
    )
    if found.bad:
        raise Refused(found.bad[0].reason, field=FIELD_OF[found.bad[0].header])
    (entry,) = found.good()
    dates = {"active_from": edit.active_from, "active_to": edit.active_to}
    changed = audit.changes({name: getattr(person, name) for name in dates}, dates)
    if changed:
        _refuse_dates(db, me, person, edit, now=now)
        db.execute(update(Officer).where(Officer.id == person.officer_id).values(**dates))
        postings.reach_back(db, me.office_id, person.officer_id, edit.active_from)
        audit.record(db, me, "officer.period_changed", "officer", person.officer_id, now=now, changes=changed)
    if not entry.is_same():
        day = edit.valid_from or max(today, edit.active_from)
        _refuse_day(db, me, person.officer_id, entry, day=day, edit=edit, today=today)
        apply_changes(db, me.office_id, entry, day=day, actor=me, now=now)
    return bool(changed) or not entry.is_same()


def _refuse_day(db: Session, me: Viewer, officer_id: int, entry: Entry, *, day: date, edit: Edit, today: date) -> None:
    changed = {name: value for name, value in entry.changes().items() if name in POSTED}
    if not changed:
        return
    if day < edit.active_from:
        raise Refused(_("This day is before the first day of service."), field="valid_from")
    postings.refuse_hidden(db, me.office_id, officer_id, changed, day=day, today=today)


def _refuse_dates(db: Session, me: Viewer, person: Person, edit: Edit, *, now: datetime) -> None:
    """The dates of service open and end the account, so they are part of its rights."""
    assert person.account_id is not None  # noqa: S101  the caller's branch
    field = "active_to" if edit.active_to != person.active_to else "active_from"
    if not manages(me, person.role, person.coming):
        raise Refused(beyond_own(), field=field)
    if Role.ADMIN in {person.role, person.coming} and person.is_open:
        today = now.astimezone(me.zone).date()
        if edit.active_from > today:
            require_another_admin(db, me.office_id, person.account_id, day=today, field=field)
        if edit.active_to:
            after = max(today, edit.active_to + timedelta(days=1))
            require_another_admin(db, me.office_id, person.account_id, day=after, field=field)
