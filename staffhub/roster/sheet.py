"""The month of the office on one sheet: officers x days."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Date, Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock, sections, workdays
from staffhub.db import rows
from staffhub.models import PLAN_LETTERS, Division, Officer, PlanLayer, PlanMode, Posting, serves
from staffhub.sections import Section, Sections
from staffhub.security import Viewer


@dataclass(frozen=True)
class Row:
    """One officer's month: a letter for each date, with a star where it covers another plan.

    A date of service in another division is empty.
    """

    id: int
    name: str
    cells: list[str]


@dataclass(frozen=True)
class Group:
    id: int
    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Sheet:
    """`groups` are those that the page shows; `sections` tell of the whole office.

    `first` to `last` of `total`: which of the people found stand on this page.
    """

    groups: list[Group]
    sections: Sections
    first: int
    last: int
    total: int


def month_sheet(
    db: Session, me: Viewer, *, month: date, division_id: int | None = None, q: str = "", page: int = 1
) -> Sheet:
    """Return the plan of a month by division, in four statements whatever the head count.

    `q` finds people in the whole office, by a part of their name; `page` counts from 1.
    """
    days = clock.month_days(month)
    officers = _officers(db, me.office_id, days)
    people = len({one.id for one in officers})
    found = sections.choose(_sections(officers), own=me.division_id, asked=division_id, q=q, people=people)
    fitting = [one for one in officers if _is_shown(one, found, q)]
    start = (page - 1) * sections.AT_ONCE
    shown = fitting[start : start + sections.AT_ONCE]
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=[one.id for one in shown])
    groups: dict[int, Group] = {}
    for officer in shown:
        group = groups.setdefault(officer.division_id or 0, Group(officer.division_id or 0, officer.division or "", []))
        cells = [_cell(book.of(officer.id, day)) if _is_there(officer, day) else "" for day in days]
        group.rows.append(Row(officer.id, officer.name, cells))
    return Sheet(list(groups.values()), found, start + 1, start + len(shown), len(fitting))


def _cell(plan: workdays.Plan) -> str:
    """Return the letter of a day, after that of half a day of leave, with a star where something else was planned
    beneath it.
    """
    half = f"{PLAN_LETTERS[PlanMode.LEAVE]}½ " if plan.half else ""
    covers = any(one.layer is not PlanLayer.ROSTER for one in plan.over)  # most days have a roster beneath
    return half + PLAN_LETTERS[plan.mode] + "*" * covers


class _Officer(NamedTuple):
    """Somebody who served in a division within the month: from `since` on, until `until`."""

    id: int
    name: str
    division_id: int | None
    division: str | None
    short_name: str | None
    since: date
    until: date
    active_from: date


def _officers_query() -> Select[*tuple[Any, ...]]:
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    division = (Division.id, Division.name, Division.short_name)
    until = func.max(func.coalesce(Posting.valid_to, last))
    return (
        select(Officer.id, Officer.name, *division, func.min(Posting.valid_from), until, Officer.active_from)
        .join(Posting, (Posting.office_id == Officer.office_id) & (Posting.officer_id == Officer.id))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == bindparam("office"), serves(first, last))
        .where(Posting.valid_from <= last, Posting.valid_to.is_(None) | (Posting.valid_to >= first))
        .group_by(Officer.id, Officer.name, *division, Division.sort, Officer.active_from)
        .order_by(Division.sort.nulls_first(), Officer.name, Officer.id)
    )


_OFFICERS = _officers_query()


def _officers(db: Session, office_id: int, days: Sequence[date]) -> list[_Officer]:
    found = rows(db, _OFFICERS, office=office_id, first=days[0], last=days[-1])
    return [_Officer._make(row) for row in found]


def _is_there(officer: _Officer, day: date) -> bool:
    """Who came back within the month stands once, from the first day there to the last."""
    return (officer.since <= day or officer.since <= officer.active_from) and day <= officer.until


def _sections(officers: Sequence[_Officer]) -> list[Section]:
    counts = Counter(one.division_id or 0 for one in officers)
    names = {one.division_id or 0: one.short_name or "" for one in officers}
    return [Section(id_, names[id_], count) for id_, count in counts.items()]


def _is_shown(officer: _Officer, found: Sections, q: str) -> bool:
    if q:
        return q.casefold() in officer.name.casefold()
    return found.shown in {None, officer.division_id or 0}
