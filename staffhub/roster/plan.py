"""The plan: a weekday pattern for each officer and dated exceptions, written by HR and the head of the division."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.db import insert_unless_there
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, Officer, PlanEntry, PlanMode, Role, WeekPattern, serves
from staffhub.security import Viewer

# A longer range is more likely a slip of the finger than a plan.
_LONGEST = timedelta(days=186)


@dataclass(frozen=True)
class Planned:
    """Whose plan it is, and whether whoever looks may write it."""

    id: int
    name: str
    position: str
    division_id: int | None
    division: str
    may_edit: bool


def officer_for(db: Session, me: Viewer, officer_id: int, *, edit: bool = False) -> Planned:
    """Load an officer of my office whose plan I may see (everyone's) or, with `edit`, may write."""
    row = db.execute(
        select(Officer.id, Officer.name, Officer.position, Officer.division_id, Division.name.label("division"))
        .outerjoin(Division, Division.id == Officer.division_id)
        .where(Officer.id == officer_id, Officer.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer."))
    may_edit = me.may("plan.edit") and me.sees(officer_id=None, division_id=row.division_id)
    if edit and not may_edit:
        raise Forbidden(_("The plan of this officer is written by HR and by the head of the division."))
    return Planned(row.id, row.name, row.position, row.division_id, row.division or "", may_edit)


def usual_week(db: Session, officer: Planned, *, day: date) -> list[str | None]:
    """Return where the officer usually works on the seven weekdays, as of a date."""
    found = db.scalar(
        select(WeekPattern.days)
        .where(WeekPattern.officer_id == officer.id, WeekPattern.valid_from <= day)
        .order_by(WeekPattern.valid_from.desc())
        .limit(1)
    )
    return list(found) if found else [*workdays.DEFAULT_WEEK, None, None]


def set_usual_week(
    db: Session, me: Viewer, officer: Planned, *, days: Sequence[str | None], valid_from: date, now: datetime
) -> None:
    """Write the usual week from a date on; what was planned before that date stays as it was."""
    _refuse_past(me, valid_from, now, field="valid_from")
    before = usual_week(db, officer, day=valid_from)
    db.execute(delete(WeekPattern).where(WeekPattern.officer_id == officer.id, WeekPattern.valid_from == valid_from))
    db.add(
        WeekPattern(
            office_id=me.office_id,
            officer_id=officer.id,
            valid_from=valid_from,
            days=list(days),
            created_by=me.account_id,
            created_at=now,
        )
    )
    db.flush()
    audit.record(
        db, me, "plan.week_set", "week_pattern", officer.id, now=now, valid_from=valid_from, before=before, after=days
    )


def add_exception(
    db: Session,
    me: Viewer,
    officer: Planned,
    *,
    first: date,
    last: date,
    mode: PlanMode,
    note: str = "",
    now: datetime,
) -> int:
    """Write the same exception for every working day of a range, in place of what stood there; return how many days.

    A range of one day is written even on a weekend or a holiday: somebody is on duty then.
    """
    _refuse_past(me, first, now, field="first")
    if last < first:
        raise Refused(_("The last day is before the first."), field="last")
    if last - first > _LONGEST:
        raise Refused(_("Write at most half a year at once."), field="last")
    free = workdays.calendar(db, me.office_id, first, last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    chosen = days if len(days) == 1 else [day for day in days if free.is_working_day(day)]
    if not chosen:
        raise Refused(_("There is no working day in this range."), field="last")
    db.execute(delete(PlanEntry).where(PlanEntry.officer_id == officer.id, PlanEntry.date.in_(chosen)))
    for day in chosen:
        insert_unless_there(
            db,
            PlanEntry,
            {
                "office_id": me.office_id,
                "officer_id": officer.id,
                "date": day,
                "mode": mode,
                "note": note,
                "source": "manual",
                "created_by": me.account_id,
                "created_at": now,
            },
        )
    audit.record(
        db, me, "plan.exception_set", "plan_entry", officer.id, now=now, first=first, last=last, mode=mode, note=note
    )
    return len(chosen)


def remove_exception(db: Session, me: Viewer, officer: Planned, *, day: date, now: datetime) -> None:
    """Take an exception back; removing what is gone already is no mistake."""
    _refuse_past(me, day, now, field="date")
    gone = db.execute(
        delete(PlanEntry)
        .where(PlanEntry.office_id == me.office_id, PlanEntry.officer_id == officer.id, PlanEntry.date == day)
        .returning(PlanEntry.mode)
    ).scalar_one_or_none()
    if gone:
        audit.record(db, me, "plan.exception_removed", "plan_entry", officer.id, now=now, date=day, mode=gone)


def _refuse_past(me: Viewer, day: date, now: datetime, *, field: str) -> None:
    """HR may write down a leave letter that came late; a head of division plans from today on."""
    if me.role is not Role.HR and day < clock.local_day(now, me.zone):
        raise Refused(_("A day that is over is corrected by HR."), field=field)


@dataclass(frozen=True)
class Row:
    """One officer's month: a (letter, css class) pair for each date."""

    id: int
    name: str
    cells: list[tuple[str, str]]


@dataclass(frozen=True)
class Group:
    id: int
    name: str
    rows: list[Row]


# Letters of the sheet: K kantor, R rumah, DL dinas luar, C cuti, L libur; office documents use these in any language.
_LETTERS = {
    PlanMode.OFFICE: ("K", "k"),
    PlanMode.HOME: ("R", "w"),
    PlanMode.FIELD: ("DL", "d"),
    PlanMode.LEAVE: ("C", "o"),
    None: ("L", "l"),
}


def month_sheet(db: Session, me: Viewer, *, month: date, division_id: int | None = None) -> list[Group]:
    """Return officers x days of a month by division, in four statements whatever the head count."""
    days = clock.month_days(month)
    book = workdays.plans(db, me.office_id, days[0], days[-1])
    officers: Sequence[Any] = db.execute(
        select(Officer.id, Officer.name, Division.id.label("division_id"), Division.name.label("division"))
        .outerjoin(Division, Division.id == Officer.division_id)
        .where(
            Officer.office_id == me.office_id,
            serves(days[0], days[-1]),
        )
        .order_by(Division.sort.nulls_first(), Officer.name)
    ).all()
    groups: dict[int, Group] = {}
    for officer in officers:
        group = groups.setdefault(officer.division_id or 0, Group(officer.division_id or 0, officer.division or "", []))
        cells = [_LETTERS[book.of(officer.id, day).mode] for day in days]
        group.rows.append(Row(officer.id, officer.name, cells))
    return [group for group in groups.values() if division_id in {None, group.id}]
