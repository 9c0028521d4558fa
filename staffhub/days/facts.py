"""The one loader of days: what was planned, declared, corrected and done, of many officers on many dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import office, presence
from staffhub.ahead import Ask
from staffhub.clock import local_day
from staffhub.days.declared import NOTHING, Declared, ask_declared, declared
from staffhub.days.reconciling import reconcile
from staffhub.days.record import NOTHING_DONE, DayRecord, Facts, ProofFact, Stage
from staffhub.models import MarkKind, is_in_service
from staffhub.workdays import Calendar, PlanBook, Way, ask_plans, calendar, plans
from staffhub.workdays.fingers import of_day


class Serving(Protocol):
    """Somebody of the register, with the dates of service."""

    @property
    def id(self) -> int: ...
    @property
    def active_from(self) -> date: ...
    @property
    def active_to(self) -> date | None: ...


@dataclass(frozen=True)
class Days:
    """The facts of every officer on every date that was asked for, and the plans they were held against."""

    book: PlanBook
    dates: list[date]
    facts: dict[tuple[int, date], Facts]

    def record(self, officer_id: int, day: date) -> DayRecord:
        return reconcile(self.facts[officer_id, day])


def load(
    db: Session,
    office_id: int,
    officers: Sequence[Serving],
    dates: Sequence[date],
    *,
    zone: ZoneInfo,
    now: datetime,
    held: Calendar | None = None,
    book: PlanBook | None = None,
) -> Days:
    """Load the facts in three statements, however many officers and dates; `dates` follow each other.

    `held`: against another calendar than the one in force. `book`: the plans, where they are loaded already.
    """
    today = local_day(now, zone)
    ids = [officer.id for officer in officers]
    book = book or plans(db, office_id, dates[0], dates[-1], officers=ids, held=held)
    until = _until(dates[-1], today)
    ways = _ways(db, office_id, dates[0], until, held=held)
    said = declared(db, office_id, ids, dates[0], until, done=_is_asked(dates[0], today), ways=ways)
    recorded_from = office.facts(db, office_id).recorded_from
    stages = [(day, _stage(day, today), is_counted(recorded_from, day)) for day in dates]
    found: dict[tuple[int, date], Facts] = {}
    for officer in officers:
        own = said.get(officer.id, NOTHING)
        for day, usual, counted in stages:
            stage, rules = usual or _of_yesterday(own, day, today, now), book.rules(officer.id, day)
            serves = is_in_service(officer.active_from, officer.active_to, day)
            found[officer.id, day] = Facts(
                day,
                stage,
                zone,
                book.of(officer.id, day),
                tuple(own.marks.get(day, ())),
                tuple(own.corrections.get(day, ())),
                own.done(day) if stage is Stage.OVER else NOTHING_DONE,
                serves,
                counted,
                rules,
                tuple(own.excuses.get(day, ())),
                # Whoever has left has a number no longer, though the machine may still know it.
                of_day(own.fingers, book, officer.id, day, zone) if serves else (),
                _counted(own.proofs[day], rules.ways) if day in own.proofs else (),
            )
    return Days(book, list(dates), found)


def ask(db: Session, office_id: int, officer_id: int, dates: Sequence[date], today: date) -> list[Ask]:
    """Return what `load` will ask of one officer."""
    first, last = dates[0], dates[-1]
    told = ask_said(db, office_id, officer_id, first, last, today)
    return [*ask_plans(db, office_id, first, last, [officer_id]), told]


def ask_said(db: Session, office_id: int, officer_id: int, first: date, last: date, today: date) -> Ask:
    """The same without the plans."""
    until = _until(last, today)
    ways = _ways(db, office_id, first, until)
    return ask_declared(office_id, [officer_id], first, until, done=_is_asked(first, today), ways=ways)


def _ways(db: Session, office_id: int, first: date, last: date, *, held: Calendar | None = None) -> frozenset[Way]:
    return (held or calendar(db, office_id)).ways_between(first, last)


def _counted(found: Sequence[ProofFact], ways: Sequence[Way]) -> tuple[ProofFact, ...]:
    return tuple(sorted(one for one in found if one.way in ways))


def _until(last: date, today: date) -> date:
    """Whether yesterday's night is over shows in the marks of today."""
    return max(last, min(today, last + timedelta(days=1)))


def _is_asked(first: date, today: date) -> bool:
    """What was done asks its questions when a day is over: of today alone it is not read."""
    return first < today


def is_counted(recorded_from: date | None, day: date) -> bool:
    """Whether an absence would mean something: the office counts presence by then."""
    return recorded_from is not None and recorded_from <= day


def _stage(day: date, today: date) -> Stage | None:
    """Return how far a date has come for everybody; of yesterday only each one's marks tell."""
    if day >= today:
        return Stage.RUNNING if day == today else Stage.TO_COME
    return Stage.OVER if (today - day).days > 1 else None


def _of_yesterday(own: Declared, day: date, today: date, now: datetime) -> Stage:
    marks = own.marks.get(day)
    if not marks or own.marks.get(today) or own.corrections.get(day):
        return Stage.OVER
    last = max(marks, key=lambda mark: mark.turn)
    still_in = last.kind is MarkKind.CHECK_IN and now < last.at + presence.OPEN_FOR
    return Stage.RUNNING if still_in else Stage.OVER
