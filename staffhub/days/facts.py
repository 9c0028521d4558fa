"""The one loader of days: what was planned, declared and corrected, of many officers on many dates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from staffhub import presence
from staffhub.clock import local_day
from staffhub.days.record import CorrectionFact, DayRecord, Facts, MarkFact, Stage, reconcile
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
from staffhub.workdays import PlanBook, plans


class Serving(Protocol):
    """Somebody of the register, with the dates of service and the date from which the office counts presence."""

    @property
    def id(self) -> int: ...
    @property
    def active_from(self) -> date: ...
    @property
    def active_to(self) -> date | None: ...
    @property
    def recorded_from(self) -> date | None: ...


@dataclass(frozen=True)
class Days:
    """The facts of every officer on every date that was asked for, and the plans they were held against."""

    book: PlanBook
    dates: list[date]
    facts: dict[tuple[int, date], Facts]

    def record(self, officer_id: int, day: date) -> DayRecord:
        return reconcile(self.facts[officer_id, day])

    def records(self, officer_id: int) -> list[DayRecord]:
        return [self.record(officer_id, day) for day in self.dates]


def load(
    db: Session, office_id: int, officers: Sequence[Serving], dates: Sequence[date], *, zone: ZoneInfo, now: datetime
) -> Days:
    """Load the facts in four statements, however many officers and dates; `dates` follow each other."""
    ids = [officer.id for officer in officers]
    today = local_day(now, zone)
    book = plans(db, office_id, dates[0], dates[-1], officers=ids)
    # Whether yesterday's night is over shows in the marks of today.
    declared = _declared(db, office_id, ids, dates[0], max(dates[-1], min(today, dates[-1] + timedelta(days=1))))

    def facts(officer: Serving, day: date) -> Facts:
        key = (officer.id, day)
        return Facts(
            day=day,
            stage=_stage(declared, officer.id, day, today=today, now=now),
            zone=zone,
            plan=book.of(officer.id, day),
            marks=tuple(declared.marks.get(key, ())),
            corrections=tuple(declared.corrections.get(key, ())),
            log_entries=declared.entries.get(key, 0),
            serves=is_in_service(officer.active_from, officer.active_to, day),
            counted=is_counted(officer.recorded_from, day),
        )

    found = {(officer.id, day): facts(officer, day) for officer in officers for day in dates}
    return Days(book, list(dates), found)


def is_counted(recorded_from: date | None, day: date) -> bool:
    """Whether an absence would mean something: the office counts presence by then."""
    return recorded_from is not None and recorded_from <= day


@dataclass(frozen=True)
class _Declared:
    """By (officer, date)."""

    marks: dict[tuple[int, date], list[MarkFact]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[tuple[int, date], int] = field(default_factory=dict)
    corrections: dict[tuple[int, date], list[CorrectionFact]] = field(default_factory=lambda: defaultdict(list))


def _stage(declared: _Declared, officer_id: int, day: date, *, today: date, now: datetime) -> Stage:
    if day >= today:
        return Stage.RUNNING if day == today else Stage.TO_COME
    if (today - day).days > 1 or declared.marks.get((officer_id, today)):
        return Stage.OVER
    marks, decided = declared.marks.get((officer_id, day)), declared.corrections.get((officer_id, day))
    last = max(marks, key=lambda mark: (mark.at, mark.turn)) if marks and not decided else None
    still_in = last is not None and last.kind is MarkKind.CHECK_IN and now < last.at + presence.OPEN_FOR
    return Stage.RUNNING if still_in else Stage.OVER


def _declared(db: Session, office_id: int, officers: Iterable[int], first: date, last: date) -> _Declared:
    """Marks, corrections and how many log entries there are, in one statement."""
    ids, found = list(officers), _Declared()
    rows: Iterable[Any] = db.execute(
        sa.union_all(
            *(
                select_.where(table.office_id == office_id, table.date.between(first, last), table.officer_id.in_(ids))
                for table, select_ in ((Mark, _marks()), (Correction, _corrections()), (LogEntry, _entries()))
            )
        )
    )
    for row in rows:
        key = (row.officer_id, row.date)
        if row.source == "mark":
            found.marks[key].append(_mark(row))
        elif row.source == "correction":
            found.corrections[key].append(_correction(row))
        else:
            found.entries[key] = row.number
    return found


def _text(column: Any) -> Any:
    """The branches of a union have one type for each column: what is an enum in one is text in all."""
    return sa.type_coerce(column, sa.String)


def _marks() -> sa.Select[Any]:
    return select(
        sa.literal("mark").label("source"),
        Mark.officer_id,
        Mark.date,
        Mark.turn.label("number"),
        _text(Mark.kind).label("kind"),
        _text(Mark.mode).label("mode"),
        Mark.attempted_at.label("at"),
        Mark.received_at.label("stored_at"),
        NOTED,
        Mark.method.label("how"),
        Mark.receipt.label("who"),
        _text(Mark.grade).label("grade"),
    )


def _corrections() -> sa.Select[Any]:
    writer = aliased(Officer)
    return (
        select(
            sa.literal("correction"),
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
    columns: list[Any] = [sa.literal("entries"), LogEntry.officer_id, LogEntry.date, sa.func.count()]
    return select(*columns, *[sa.null()] * 8).group_by(LogEntry.officer_id, LogEntry.date)


def _mode(text: str | None) -> WorkMode | None:
    return WorkMode(text) if text else None


def _mark(row: Any) -> MarkFact:
    kind, grade = MarkKind(row.kind), Grade(row.grade)
    return MarkFact(row.number, kind, _mode(row.mode), row.at, row.note, row.stored_at, row.how, grade, row.who)


def _correction(row: Any) -> CorrectionFact:
    kind, reason = CorrectionKind(row.kind), CorrectionReason(row.how)
    return CorrectionFact(row.number, kind, row.at, _mode(row.mode), row.stored_at, reason, row.note, row.who)
