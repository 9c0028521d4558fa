"""Postings: what an officer does here from a date on, what is planned, and what was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, i18n
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, EmploymentType, Officer, Posting, Role
from staffhub.people.admins import require_another_admin
from staffhub.people.known import POSTED, Person, above
from staffhub.security import Viewer, beyond_own, manages

_A_DAY = timedelta(days=1)


def begin(
    db: Session,
    office_id: int,
    officer_id: int,
    facts: Mapping[str, Any],
    *,
    day: date,
    until: date | None = None,
    by: int | None,
    now: datetime,
) -> None:
    """Write one row; `facts` says all of POSTED, `by` is the account, None the command line."""
    told = {name: facts[name] for name in POSTED}
    keys = {"office_id": office_id, "officer_id": officer_id, "valid_from": day, "valid_to": until}
    db.execute(insert(Posting).values(**keys, **told, created_by=by, created_at=now))


def post(
    db: Session,
    office_id: int,
    officer_id: int,
    changed: Mapping[str, Any],
    *,
    day: date,
    by: int | None,
    now: datetime,
) -> None:
    """Let what is said hold from a day on; the caller holds the officer's lock, and tells the audit trail.

    A row of the same date is replaced: whoever chooses an old date mends a mistake. Later rows that said the same as
    was said on that day follow, since they repeat it; one that was itself about this fact stands.
    """
    rows = _rows(db, office_id, officer_id)
    standing = _standing(rows, day)
    changed = {name: value for name, value in changed.items() if getattr(standing, name) != value}
    if not changed:
        return
    until = standing.valid_to
    told = _facts(standing) | changed
    _refuse_headless(told, changed)
    for row in [row for row in rows if row.valid_from > day]:
        values = {name: value for name, value in changed.items() if getattr(row, name) == getattr(standing, name)}
        if values:
            _refuse_headless(_facts(row) | values, changed)
            db.execute(update(Posting).where(Posting.office_id == office_id, Posting.id == row.id).values(**values))
    if standing.valid_from == day:
        mend = update(Posting).where(Posting.office_id == office_id, Posting.id == standing.id)
        db.execute(mend.values(**told, created_by=by, created_at=now))
        return
    end = update(Posting).where(Posting.office_id == office_id, Posting.id == standing.id)
    db.execute(end.values(valid_to=day - _A_DAY))
    begin(db, office_id, officer_id, told, day=day, until=until, by=by, now=now)


def _facts(row: Posting) -> dict[str, Any]:
    return {name: getattr(row, name) for name in POSTED}


def _refuse_headless(told: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    if told["role"] is Role.DIVISION_HEAD and told["division_id"] is None:
        field = "role" if "role" in changed else "division"
        raise Refused(_("A head of division needs a division."), field=field)


def _rows(db: Session, office_id: int, officer_id: int) -> Sequence[Posting]:
    mine = select(Posting).where(Posting.office_id == office_id, Posting.officer_id == officer_id)
    return db.scalars(mine.order_by(Posting.valid_from).execution_options(populate_existing=True)).all()


def _standing(rows: Sequence[Posting], day: date) -> Posting:
    found = [row for row in rows if row.valid_from <= day]
    if not found:
        first = i18n.day(rows[0].valid_from)
        raise Refused(
            _("The first posting began on %(day)s. Choose that day or a later one.", day=first), field="valid_from"
        )
    return found[-1]


def hides(
    db: Session, office_id: int, officer_id: int, changed: Mapping[str, Any], *, day: date, today: date
) -> date | None:
    """Return the first day between then and now from which a later posting would say something else all the same."""
    return otherwise_from(_rows(db, office_id, officer_id), changed, day=day, today=today)


def otherwise_from(rows: Sequence[Posting], changed: Mapping[str, Any], *, day: date, today: date) -> date | None:
    """Say the same as `hides` of postings that are loaded already."""
    standing = _standing(rows, day)
    between = [row for row in rows if day < row.valid_from <= today]
    for row in between:
        if any(getattr(row, name) not in {getattr(standing, name), value} for name, value in changed.items()):
            return row.valid_from
    return None


def of_officers(db: Session, office_id: int, officer_ids: Collection[int]) -> dict[int, list[Posting]]:
    """Return every posting of some officers, each one's oldest first."""
    theirs = select(Posting).where(Posting.office_id == office_id, Posting.officer_id.in_(officer_ids))
    found: dict[int, list[Posting]] = {officer_id: [] for officer_id in officer_ids}
    for row in db.scalars(theirs.order_by(Posting.valid_from).execution_options(populate_existing=True)):
        found[row.officer_id].append(row)
    return found


def day_after(row: Posting) -> date | None:
    return row.valid_to + _A_DAY if row.valid_to else None


def days_that_change(rows: Sequence[Posting], changed: Mapping[str, Any], *, day: date, until: date) -> int:
    """Count the days from `day` to the one before `until` on which something else stood."""
    total = 0
    for row in rows:
        first, end = max(row.valid_from, day), min(day_after(row) or until, until)
        if first < end and any(getattr(row, name) != value for name, value in changed.items()):
            total += (end - first).days
    return total


def refuse_hidden(
    db: Session, office_id: int, officer_id: int, changed: Mapping[str, Any], *, day: date, today: date
) -> None:
    """Refuse a change from a day in the past that would not hold today."""
    if newer := hides(db, office_id, officer_id, changed, day=day, today=today):
        text = _("The posting of %(day)s says otherwise and would stand. Choose that day.", day=i18n.day(newer))
        raise Refused(text, field="valid_from")


def first_day(person: Person, today: date) -> date:
    """Return from when on a change holds unless somebody says otherwise: today, or the first day of who is to come."""
    return max(today, person.active_from or today)


def roles_from(db: Session, office_id: int, officer_id: int, day: date) -> list[Role]:
    """Return the role on a day, and then those of the postings that begin later."""
    rows = _rows(db, office_id, officer_id)
    return [_standing(rows, day).role, *(row.role for row in rows if row.valid_from > day)]


def reach_back(db: Session, office_id: int, officer_id: int, day: date) -> None:
    """Somebody came earlier than was thought: the first posting begins on the first day of service."""
    first = _rows(db, office_id, officer_id)[:1]
    if first and day < first[0].valid_from:
        mine = update(Posting).where(Posting.office_id == office_id, Posting.id == first[0].id)
        db.execute(mine.values(valid_from=day))


@dataclass(frozen=True)
class Posted:
    """One line of a person's history. `state`: past, now or future; only a future one may be withdrawn."""

    id: int
    valid_from: date
    valid_to: date | None
    division: str
    employment_type: EmploymentType
    position: str
    superior: str
    role: Role
    state: str


def _history_query() -> Select[*tuple[Any, ...]]:
    superior = aliased(Officer)
    kinds = (Posting.employment_type, Posting.position, Posting.role)
    return (
        select(
            Posting.id,
            Posting.valid_from,
            Posting.valid_to,
            *kinds,
            Division.short_name,
            superior.name,
            superior.active_to,
        )
        .outerjoin(Division, Division.id == Posting.division_id)
        .outerjoin(superior, superior.id == Posting.superior_id)
        .where(Posting.office_id == bindparam("office"), Posting.officer_id == bindparam("officer"))
        .order_by(Posting.valid_from.desc())
    )


_HISTORY = _history_query()


def history(db: Session, me: Viewer, person: Person, *, now: datetime) -> list[Posted]:
    """Return every posting, the newest first."""
    today = clock.local_day(now, me.zone)
    return [
        Posted(
            id_,
            first,
            last,
            division or "",
            kind,
            position,
            above(name, left, today),
            role,
            "future" if first > today else "past" if last and last < today else "now",
        )
        for id_, first, last, kind, position, role, division, name, left in rows(
            db, _HISTORY, office=me.office_id, officer=person.officer_id
        )
    ]


def withdraw(db: Session, me: Viewer, person: Person, posting_id: int, *, now: datetime) -> date:
    """Take back a posting that has not begun; the one before goes on. Return from when it would have been."""
    rows = _rows(db, me.office_id, person.officer_id or 0)
    row = next((one for one in rows if one.id == posting_id), None)
    if row is None:
        raise NotFound(_("This posting is gone already."))
    if row.valid_from <= clock.local_day(now, me.zone) or row is rows[0]:
        raise Refused(_("This posting has begun. Write a new one from a date on, or mend this one from its first day."))
    before = rows[rows.index(row) - 1]
    if row.role is not before.role:
        _take_back_role(db, me, person, row, before.role, now=now)
    told = {"valid_from": row.valid_from, **_facts(row)}
    began, until = row.valid_from, row.valid_to
    db.execute(delete(Posting).where(Posting.office_id == me.office_id, Posting.id == row.id))
    db.execute(update(Posting).where(Posting.office_id == me.office_id, Posting.id == before.id).values(valid_to=until))
    audit.record(db, me, "posting.withdrawn", "officer", person.officer_id or 0, now=now, before=told)
    return began


def _take_back_role(db: Session, me: Viewer, person: Person, row: Posting, role: Role, *, now: datetime) -> None:
    """A role to come is a right as every other: what is withdrawn and what goes on instead are both asked for."""
    if not manages(me, row.role, role):
        raise Refused(beyond_own())
    if person.account_id is None:
        return
    if person.account_id == me.account_id:
        raise Forbidden(_("Nobody changes the own account here. Ask another administrator."))
    if row.role is Role.ADMIN and person.is_open:
        require_another_admin(db, me.office_id, person.account_id, day=row.valid_from, field="role")
    told: dict[str, Any] = {"before": row.role, "after": role, "valid_from": row.valid_from}
    audit.record(db, me, "account.role_changed", "account", person.account_id, now=now, **told)
