"""Who else of the division is away on the days of a leave, and where its duty minimum would break."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from staffhub import office, workdays
from staffhub.db import digest
from staffhub.leave.balances import Ledger, dates
from staffhub.leave.one import Leave
from staffhub.models import PlanLayer, PlanMode, Role
from staffhub.roster import coverage, covering
from staffhub.roster.coverage import Cover, Serving
from staffhub.roster.covering import Month
from staffhub.security import Viewer
from staffhub.workdays import Granted, PlanBook

_SHOWN = 30


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
    """A day on which too few would be in the office for a group, for citizens, or for an order of flexible work.
    `because` False: they are too few in any case, or somebody has excused it. `lent`: the division where it is, of
    somebody who is lent to another one.
    """

    cover: Cover
    because: bool
    lent: str = ""

    @property
    def day(self) -> date:
        return self.cover.day

    @property
    def desk(self) -> int:
        return self.cover.demand.division_id

    @property
    def group(self) -> str:
        return f"{self.lent} {self.cover.label}".lstrip()

    @property
    def have(self) -> int:
        return self.cover.have

    @property
    def need(self) -> int:
        return self.cover.minimum

    @property
    def excuse(self) -> str:
        return self.cover.excuse


def colleagues(db: Session, me: Viewer, one: Leave) -> list[Serving]:
    """Return who serves in the bidang on the days of a leave, who is lent to it, and who heads the office."""
    if one.division_id is None:
        return []
    return coverage.at_desk(db, me.office_id, one.division_id, one.first, one.until)


def planned(one: Leave, people: Sequence[Serving]) -> list[int]:
    """Return whose plans say who is there: of the head of another division only the word counts."""
    return [who.officer_id for who in people if who.division_id == one.division_id or who.role is not Role.OFFICE_HEAD]


def away(one: Leave, known: Ledger, people: Sequence[Serving]) -> list[Away]:
    """Return who is planned elsewhere, or has asked for leave, on the working days of a leave; pure."""
    found = []
    for person in people:
        is_other = person.division_id != one.division_id or person.role is Role.OFFICE_HEAD
        if person.officer_id == one.officer_id or is_other:  # the head is nobody's colleague
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


def without(book: PlanBook, one: Leave) -> PlanBook:
    """Return the plans as they would be with a leave granted."""
    leave = Granted(PlanLayer.LEAVE, PlanMode.LEAVE, part=one.part)
    return book.with_granted({(one.officer_id, day): leave for day in dates(one.first, one.until)})


def gaps(db: Session, me: Viewer, one: Leave, book: PlanBook, people: Sequence[Serving]) -> list[Gap]:
    """Return the days on which the division, or one to which the person is lent, would have too few in the office, as
    publishing its roster counts them.
    """
    division = office.divisions(db, me.office_id).get(one.division_id or 0)
    if division is None:
        return []
    days, span = list(dates(one.first, one.until)), (one.first, one.until)
    given = [asked for asked in coverage.given(db, me.office_id, *span) if asked.division_id == division.id]
    there = Month(division, days, people, book, book, given, coverage.kept_home(db, me.office_id, *span))
    months, lent = [there], defaultdict[int, list[date]](list)
    for day in days:
        desk = book.of(one.officer_id, day).desk
        if desk and desk != division.id:
            lent[desk].append(day)
    months += [covering.month_of(db, me.office_id, desk, of_it) for desk, of_it in sorted(lent.items())]
    return [
        Gap(cover, because, month.bidang.short_name if month.bidang.id in lent else "")
        for month in months
        for cover, because in month.short_by(without(month.book, one))
    ]


def lacks(found: Sequence[Gap]) -> str:
    """Name what a leave leaves empty, so that who decides on it can say what she was shown."""
    return digest(*(f"{gap.day} {gap.lent}{gap.cover.group} {gap.have} {gap.need}" for gap in found if gap.because))


def lacks_more(db: Session, me: Viewer, one: Leave, seen: str) -> bool:
    """Say whether a leave leaves something empty now, and it is not what was seen."""
    people = colleagues(db, me, one)
    officers = {one.officer_id, *planned(one, people)}
    book = workdays.plans(db, me.office_id, one.first, one.until, officers=sorted(officers))
    found = gaps(db, me, one, book, people)
    return any(gap.because for gap in found) and lacks(found) != seen
