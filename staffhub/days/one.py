"""The days of one person: those that are over read from their rows, the others worked out from their facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.ahead import Ask
from staffhub.clock import local_day
from staffhub.days import facts
from staffhub.days.facts import Serving, is_counted, load
from staffhub.days.lines import KEPT, restored
from staffhub.days.reconciling import reconcile
from staffhub.days.record import DayRecord, Facts, Stage
from staffhub.days.store import dates_between
from staffhub.db import read
from staffhub.models import StoredDay
from staffhub.workdays import PlanBook, ask_plans, plans

_A_DAY = timedelta(days=1)


class _Split(NamedTuple):
    """Dates whose rows are read, and dates that are worked out."""

    stored: tuple[date, date] | None
    live: tuple[date, date] | None


@dataclass(frozen=True)
class OneDays:
    """Every date that was asked for, in order, and the plans behind them. A day from a row has no marks, corrections
    and evidence, but says whether it was corrected.
    """

    records: list[DayRecord]
    book: PlanBook


def of_one(
    db: Session, office_id: int, officer: Serving, dates: Sequence[date], *, zone: ZoneInfo, now: datetime
) -> OneDays:
    """Read the days, which follow each other, with what `ask_one` asks."""
    split = _split(db, office_id, dates[0], dates[-1])
    book = plans(db, office_id, dates[0], dates[-1], officers=[officer.id])
    found: dict[date, DayRecord] = {}
    if split.stored:
        for row in read(db, _ask_rows(office_id, officer.id, split.stored)):
            found[row.date] = restored(row, zone)._replace(plan=book.of(officer.id, row.date))
    if split.live:
        live = dates_between(*split.live)
        loaded = load(db, office_id, [officer], live, zone=zone, now=now, book=book)
        found |= {day: loaded.record(officer.id, day) for day in live}
    counted_from = office.facts(db, office_id).recorded_from
    return OneDays(
        [
            found.get(day) or _without_row(book, officer.id, day, zone, counted=is_counted(counted_from, day))
            for day in dates
        ],
        book,
    )


def ask_one(
    db: Session, office_id: int, officer_id: int, dates: Sequence[date], *, zone: ZoneInfo, now: datetime
) -> list[Ask]:
    """Return what `of_one` will ask."""
    split = _split(db, office_id, dates[0], dates[-1])
    asks: list[Ask] = [*ask_plans(db, office_id, dates[0], dates[-1], [officer_id])]
    if split.stored:
        asks.append(_ask_rows(office_id, officer_id, split.stored))
    if split.live:
        asks.append(facts.ask_said(db, office_id, officer_id, *split.live, local_day(now, zone)))
    return asks


def _split(db: Session, office_id: int, first: date, last: date) -> _Split:
    """Leave the last day that is stored to its facts: its night may be open, and to ask its row costs more."""
    known = office.facts(db, office_id)
    if known.stored_from is None or known.stored_to is None or first < known.stored_from or first >= known.stored_to:
        return _Split(None, (first, last))
    if last < known.stored_to:
        return _Split((first, last), None)
    return _Split((first, known.stored_to - _A_DAY), (known.stored_to, last))


def _ask_rows(office_id: int, officer_id: int, span: tuple[date, date]) -> Ask:
    return Ask(_rows(), {"office": office_id, "officer": officer_id, "first": span[0], "last": span[1]})


@cache
def _rows() -> Any:
    one = StoredDay
    mine = (one.office_id == bindparam("office"), one.officer_id == bindparam("officer"))
    return select(*KEPT).where(*mine, one.date.between(bindparam("first"), bindparam("last")))


def _without_row(book: PlanBook, officer_id: int, day: date, zone: ZoneInfo, *, counted: bool) -> DayRecord:
    """A day outside of the service, on which nothing was left."""
    plan, rules = book.of(officer_id, day), book.rules(officer_id, day)
    return reconcile(Facts(day, Stage.OVER, zone, plan, serves=False, counted=counted, rules=rules))
