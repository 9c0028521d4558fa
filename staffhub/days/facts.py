"""The one loader of days: what was planned, declared and corrected, of many officers on many dates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from staffhub import office, presence
from staffhub.clock import local_day
from staffhub.days.record import CorrectionFact, DayRecord, Facts, MarkFact, Stage, reconcile
from staffhub.db import rows
from staffhub.models import (
    NOTED,
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    Grade,
    LogEntry,
    Mark,
    MarkKind,
    Officer,
    WorkMode,
    is_in_service,
)
from staffhub.workdays import AMONG, Calendar, PlanBook, among, plans


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
) -> Days:
    """Load the facts in three statements, however many officers and dates; `dates` follow each other.

    `held`: against another calendar than the one in force.
    """
    today = local_day(now, zone)
    ids = [officer.id for officer in officers]
    book = plans(db, office_id, dates[0], dates[-1], officers=ids, held=held)
    # Whether yesterday's night is over shows in the marks of today.
    declared = _declared(db, office_id, ids, dates[0], max(dates[-1], min(today, dates[-1] + timedelta(days=1))))
    recorded_from = office.facts(db, office_id).recorded_from
    stages = [(day, _stage(day, today), is_counted(recorded_from, day)) for day in dates]
    found: dict[tuple[int, date], Facts] = {}
    for officer in officers:
        own = declared.get(officer.id, _NOTHING)
        for day, usual, counted in stages:
            stage = usual or _of_yesterday(own, day, today, now)
            found[officer.id, day] = Facts(
                day,
                stage,
                zone,
                book.of(officer.id, day),
                tuple(own.marks.get(day, ())),
                tuple(own.corrections.get(day, ())),
                own.entries.get(day, 0),
                is_in_service(officer.active_from, officer.active_to, day),
                counted,
            )
    return Days(book, list(dates), found)


def is_counted(recorded_from: date | None, day: date) -> bool:
    """Whether an absence would mean something: the office counts presence by then."""
    return recorded_from is not None and recorded_from <= day


@dataclass(frozen=True)
class _Declared:
    """What one officer declared, and others for the officer, by date."""

    marks: dict[date, list[MarkFact]] = field(default_factory=dict)
    entries: dict[date, int] = field(default_factory=dict)
    corrections: dict[date, list[CorrectionFact]] = field(default_factory=dict)


_NOTHING = _Declared()


def _stage(day: date, today: date) -> Stage | None:
    """Return how far a date has come for everybody; of yesterday only each one's marks tell."""
    if day >= today:
        return Stage.RUNNING if day == today else Stage.TO_COME
    return Stage.OVER if (today - day).days > 1 else None


def _of_yesterday(own: _Declared, day: date, today: date, now: datetime) -> Stage:
    marks = own.marks.get(day)
    if not marks or own.marks.get(today) or own.corrections.get(day):
        return Stage.OVER
    last = max(marks, key=lambda mark: mark.turn)
    still_in = last.kind is MarkKind.CHECK_IN and now < last.at + presence.OPEN_FOR
    return Stage.RUNNING if still_in else Stage.OVER


# The branches of a union have one type for each column: what is an enum in one is text in all.
_KINDS = {kind.value: kind for kind in MarkKind}
_GRADES = {grade.value: grade for grade in Grade}
_MODES: dict[str | None, WorkMode | None] = {None: None} | {mode.value: mode for mode in WorkMode}


def _declared(db: Session, office_id: int, ids: list[int], first: date, last: date) -> dict[int, _Declared]:
    """Marks, what was noted beside them, corrections and how many log entries there are, in one statement."""
    found: defaultdict[int, _Declared] = defaultdict(_Declared)
    asked = {"office": office_id, "first": first, "last": last} | among(ids)
    told = rows(db, _statement(narrow="ids" in asked), **asked).all()
    for source, officer_id, day, number, kind, mode, at, stored, note, how, who, grade in told:
        own = found[officer_id]
        if source == _MARK:
            mark = MarkFact(number, _KINDS[kind], _MODES[mode], at, note, stored, how, _GRADES[grade], who)
            own.marks.setdefault(day, []).append(mark)
        elif source == _CORRECTION:
            reason = CorrectionReason(how)
            fact = CorrectionFact(number, CorrectionKind(kind), at, _MODES[mode], stored, reason, note, who)
            own.corrections.setdefault(day, []).append(fact)
        else:
            own.entries[day] = number
    return found


_MARK, _CORRECTION, _ENTRIES = range(3)


@cache
def _statement(*, narrow: bool) -> sa.CompoundSelect[*tuple[Any, ...]]:
    branches: list[Any] = [
        select_.where(
            table.office_id == sa.bindparam("office"), table.date.between(sa.bindparam("first"), sa.bindparam("last"))
        )
        for table, select_ in ((Mark, _marks()), (Correction, _corrections()), (LogEntry, _entries()))
    ]
    if narrow:
        officers = (Mark.officer_id, Correction.officer_id, LogEntry.officer_id)
        branches = [one.where(id_.in_(AMONG)) for one, id_ in zip(branches, officers, strict=True)]
    return sa.union_all(*branches)


def _text(column: Any) -> Any:
    return sa.type_coerce(column, sa.String)


def _marks() -> sa.Select[Any]:
    return select(
        sa.literal(_MARK),
        Mark.officer_id,
        Mark.date,
        Mark.turn,
        _text(Mark.kind),
        _text(Mark.mode),
        Mark.attempted_at,
        Mark.received_at,
        NOTED,
        Mark.method,
        Mark.receipt,
        _text(Mark.grade),
    )


def _corrections() -> sa.Select[Any]:
    writer = aliased(Officer)
    return (
        select(
            sa.literal(_CORRECTION),
            Correction.officer_id,
            Correction.date,
            Correction.id,
            _text(Correction.kind),
            _text(Correction.mode),
            Correction.at,
            Correction.created_at,
            Correction.note,
            _text(Correction.reason),
            sa.func.coalesce(writer.name, Account.username),
            sa.null(),
        )
        .join(Account, Account.id == Correction.created_by)
        .outerjoin(writer, writer.id == Account.officer_id)
    )


def _entries() -> sa.Select[Any]:
    columns: list[Any] = [sa.literal(_ENTRIES), LogEntry.officer_id, LogEntry.date, sa.func.count()]
    return select(*columns, *[sa.null()] * 8).group_by(LogEntry.officer_id, LogEntry.date)
