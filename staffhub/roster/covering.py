"""The days of a bidang with who stands there and how it is covered, as planned or as a draft would have it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from sqlalchemy.orm import Session

from staffhub import office, workdays
from staffhub.models import PlanMode, Role
from staffhub.roster import coverage
from staffhub.roster.coverage import Cover, Demand, Serving
from staffhub.roster.drafts import Cell, Key
from staffhub.workdays import PlanBook


@dataclass(frozen=True)
class Month:
    """The days of a bidang with everybody who stands there. `book` has the draft laid over, where one is looked at."""

    bidang: office.Bidang
    days: Sequence[date]
    people: Sequence[Serving]
    published: PlanBook
    book: PlanBook
    given: Sequence[Demand]
    home: frozenset[tuple[int, date, date]]

    @cached_property
    def there(self) -> PlanBook:
        """Return the plans by which places are counted: without whom a letter keeps at home."""
        mine = {one.officer_id for one in self.people}
        home = [span for span in self.home if span[0] in mine]
        return coverage.with_letters(self.book, home, self.days[0], self.days[-1])

    @property
    def seats(self) -> list[Serving]:
        return [one for one in self.people if one.division_id == self.bidang.id]

    @property
    def lent(self) -> list[Serving]:
        """Return who of others may keep a desk here."""
        return [one for one in self.people if one.division_id != self.bidang.id]

    def covers(self) -> dict[date, list[Cover]]:
        """Return by day what each hard rule asks for and who is there; a day on which none asks is left out."""
        calendar, span = self.book.calendar, (self.days[0], self.days[-1])
        wanted = [*coverage.asked(calendar, [self.bidang], *span), *self.given]
        shares = coverage.shares(calendar, self.bidang, self.people, *span)
        found: dict[date, list[Cover]] = defaultdict(list)
        for cover in coverage.counted(wanted, self.people, self.there):
            found[cover.day].append(cover)
        for cover in coverage.kept(shares, self.people, self.there, self.home):
            found[cover.day].append(cover)
        return found

    def lacking(self) -> list[Cover]:
        """Return where the plan is below what a rule asks for and nobody excused, by day."""
        return [cover for cover in self.broken() if cover.is_short]

    def short_by(self, book: PlanBook) -> list[tuple[Cover, bool]]:
        """Return what these plans would have below its minimum, and whether by more than it is, by day."""
        before = {(cover.day, cover.group): cover.missing for covers in self.covers().values() for cover in covers}
        after = replace(self, book=book).covers()
        short = [cover for day in self.days for cover in after.get(day, ()) if cover.have < cover.minimum]
        return [(cover, cover.missing > before.get((cover.day, cover.group), 0)) for cover in short]

    def against_letters(self, since: date) -> list[tuple[str, list[date]]]:
        """Return who of here is planned in the office although a letter says otherwise, and on which days."""
        found = []
        for one in self.seats:
            spans = [span for who, *span in self.home if who == one.officer_id]
            at_home = [day for day in self.days if day >= since and any(first <= day <= last for first, last in spans)]
            plans = {day: self.book.of(one.officer_id, day) for day in at_home if one.serves(day)}
            if kept := [day for day, plan in plans.items() if coverage.is_against_letter(plan)]:
                found.append((one.name, kept))
        return found

    def broken(self) -> list[Cover]:
        """Return where the plan is below what a rule asks for and nobody excused, or above the most."""
        covers = self.covers()
        return [cover for day in self.days for cover in covers.get(day, ()) if cover.is_short or cover.is_over]


def months(
    db: Session,
    office_id: int,
    days: Sequence[date],
    people: Sequence[Serving],
    book: PlanBook,
    home: frozenset[tuple[int, date, date]],
) -> list[Month]:
    """Return the days of each bidang where somebody stands, of an office that is loaded; in one statement."""
    given = coverage.given(db, office_id, days[0], days[-1])
    heads = [one for one in people if one.role is Role.OFFICE_HEAD]
    lent = {(who, one.desk) for (who, _day), ranges in book.entries.items() for one in ranges if one.desk}
    found = []
    for bidang in office.divisions(db, office_id).values():
        here = [one for one in people if bidang.id == one.division_id or (one.officer_id, bidang.id) in lent]
        here += [one for one in heads if here and one not in here]  # whose word says who stands on the second level
        asked = [one for one in given if one.division_id == bidang.id]
        if here:
            found.append(Month(bidang, days, here, book, book, asked, home))
    return found


def month_of(
    db: Session, office_id: int, division_id: int, days: Sequence[date], *, cells: Mapping[Key, Cell] | None = None
) -> Month:
    """Load the days of a bidang in six statements; with `cells` as the draft would have them."""
    span = days[0], days[-1]
    people = coverage.at_desk(db, office_id, division_id, *span)
    here = {one.officer_id for one in people if one.division_id == division_id or one.role is not Role.OFFICE_HEAD}
    book = workdays.plans(db, office_id, *span, officers=sorted(here))
    drafted = book
    if cells is not None:
        # Of other bidang the drafts say who comes; they are published on their own.
        own = {one.officer_id for one in people if one.division_id == division_id}
        lent = {key for key in coverage.lent(db, office_id, division_id, *span) if key[0] not in own}
        drafted = coverage.with_cells(book, dict.fromkeys(lent, Cell(PlanMode.OFFICE, division_id)) | dict(cells))
    given = [one for one in coverage.given(db, office_id, *span) if one.division_id == division_id]
    home = coverage.kept_home(db, office_id, *span)
    return Month(office.divisions(db, office_id)[division_id], days, people, book, drafted, given, home)
