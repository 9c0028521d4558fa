"""Who else of the division is away on the days of a leave, and where its duty minimum would break."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.db import rows
from staffhub.leave.balances import Ledger, dates
from staffhub.leave.one import Leave
from staffhub.models import DayPart, EmploymentType, Officer, PlanMode, Posting, serves
from staffhub.security import Viewer

_SHOWN = 30


@dataclass(frozen=True)
class Colleague:
    """Somebody who serves in a division, from a day to a day."""

    officer_id: int
    name: str
    employment: EmploymentType
    first: date
    last: date | None

    def serves(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Away:
    """A colleague who is not in the office on some of the days; `mode` "asked" is a leave that waits as well, "half"
    is leave for half a day.
    """

    name: str
    mode: str
    days: tuple[date, ...]


@dataclass(frozen=True)
class Gap:
    """A day on which too few of a group would be in the office. `because` False: they are too few in any case."""

    day: date
    group: str
    have: int
    need: int
    because: bool


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_COLLEAGUES = (
    select(Officer.id, Officer.name, Posting.employment_type, Posting.valid_from, Posting.valid_to, Officer.active_to)
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == bindparam("office"), Posting.division_id == bindparam("division"))
    .where(Posting.valid_from <= _LAST, (Posting.valid_to.is_(None)) | (Posting.valid_to >= _FIRST))
    .where(serves(_FIRST, _LAST))
    .order_by(Officer.name)
)


def colleagues(db: Session, me: Viewer, one: Leave) -> list[Colleague]:
    if one.division_id is None:
        return []
    found = rows(db, _COLLEAGUES, office=me.office_id, division=one.division_id, first=one.first, last=one.until)
    return [
        Colleague(id_, name, kind, first, min(filter(None, (last, left)), default=None))
        for id_, name, kind, first, last, left in found
    ]


def away(one: Leave, known: Ledger, people: Sequence[Colleague]) -> list[Away]:
    """Return who is planned elsewhere, or has asked for leave, on the working days of a leave; pure."""
    found = []
    for person in people:
        if person.officer_id == one.officer_id:
            continue
        by_mode: dict[str, list[date]] = {}
        asked = {
            day
            for other in known.requests
            if other.officer_id == person.officer_id and other.is_open
            for day in dates(max(other.first, one.first), min(other.until, one.until))
        }
        for day in dates(one.first, one.until):
            plan = known.book.of(person.officer_id, day) if person.serves(day) else None
            mode: str | None = plan.mode if plan else None
            if plan and plan.half and mode is PlanMode.OFFICE:
                mode = "half"
            if mode not in {None, PlanMode.OFFICE} or (mode and day in asked):
                by_mode.setdefault("asked" if mode is not PlanMode.LEAVE and day in asked else str(mode), []).append(
                    day
                )
        found += [Away(person.name, mode, tuple(days)) for mode, days in by_mode.items()]
    order = {"leave": 0, "half": 0, "asked": 1, "field": 2, "home": 3}
    return sorted(found, key=lambda line: (order[line.mode], line.name))[:_SHOWN]


def gaps(db: Session, me: Viewer, one: Leave, known: Ledger, people: Sequence[Colleague]) -> list[Gap]:
    """Return the days on which the division would have too few in the office, as the rule asks for each group.

    The rule holds in both halves of a day: the one with fewer people counts, or the half that is asked for.
    """
    division = office.divisions(db, me.office_id).get(one.division_id or 0)
    if division is None:
        return []
    found = []
    for day in dates(one.first, one.until):
        for group in known.book.calendar.coverage(day, division).groups:
            theirs = [person for person in people if person.employment in group.types and person.serves(day)]
            there = min(
                (_there(known, theirs, day, part) for part in ((one.part,) if one.part else DayPart)),
                key=lambda ids: len(ids - {one.officer_id}),
            )
            without = len(there - {one.officer_id})
            if without < group.minimum:
                found.append(Gap(day, group.name, without, group.minimum, because=one.officer_id in there))
    return found


def _there(known: Ledger, people: Sequence[Colleague], day: date, part: DayPart) -> set[int]:
    return {one.officer_id for one in people if known.book.of(one.officer_id, day).is_in_office(part)}
