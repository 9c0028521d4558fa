"""What was declared and done, read in one statement: marks, corrections, the log, meetings, leave beneath leave."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from staffhub.ahead import Ask
from staffhub.among import among, is_among
from staffhub.days.record import NOTHING_DONE, CorrectionFact, Done, Excuse, MarkFact, ProofFact
from staffhub.db import read
from staffhub.models import (
    GRADED,
    LOCKED,
    NOTED,
    TICKED_THERE,
    Account,
    Attendance,
    Correction,
    CorrectionKind,
    CorrectionReason,
    DailyReport,
    Grade,
    JoinClick,
    LogEntry,
    Machine,
    MachineMark,
    MachinePerson,
    Mark,
    MarkKind,
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    Officer,
    OutageExcuse,
    PlanEnding,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    RollCallEntry,
    StandupNote,
    WorkMode,
)
from staffhub.workdays import Way
from staffhub.workdays.fingers import FingerFact

_NO_IDS: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Declared:
    """What one officer declared and did, and others for the officer, by date."""

    marks: dict[date, list[MarkFact]] = field(default_factory=dict)
    corrections: dict[date, list[CorrectionFact]] = field(default_factory=dict)
    excuses: dict[date, list[Excuse]] = field(default_factory=dict)
    proofs: dict[date, list[ProofFact]] = field(default_factory=dict)
    logged: dict[date, tuple[int, ...]] = field(default_factory=dict)
    reported: dict[date, int] = field(default_factory=dict)
    joined: dict[date, list[tuple[int, int]]] = field(default_factory=dict)
    attended: dict[date, list[tuple[int, int]]] = field(default_factory=dict)
    standups: dict[date, list[tuple[int, int]]] = field(default_factory=dict)
    overlapped: dict[date, list[int]] = field(default_factory=dict)
    # By the date on which they were laid on.
    fingers: dict[date, list[FingerFact]] = field(default_factory=dict)

    def done(self, day: date) -> Done:
        logged, joined, standups = self.logged.get(day), self.joined.get(day), self.standups.get(day)
        overlapped, attended = self.overlapped.get(day), self.attended.get(day)
        if not (logged or joined or standups or overlapped or attended):
            return NOTHING_DONE
        return Done(
            logged or _NO_IDS,
            self.reported.get(day, 0),
            tuple(sorted(joined)) if joined else _NO_IDS,
            tuple(sorted(standups)) if standups else _NO_IDS,
            tuple(sorted(overlapped)) if overlapped else _NO_IDS,
            tuple(sorted(attended)) if attended else _NO_IDS,
        )


NOTHING = Declared()

# The branches of a union have one type for each column: what is an enum in one is text in all.
_KINDS = {kind.value: kind for kind in MarkKind}
_GRADES = {grade.value: grade for grade in Grade}
_MODES: dict[str | None, WorkMode | None] = {None: None} | {mode.value: mode for mode in WorkMode}


_NO_WAYS: frozenset[Way] = frozenset()


def ask_declared(
    office_id: int, ids: list[int], first: date, last: date, *, done: bool, ways: frozenset[Way] = _NO_WAYS
) -> Ask:
    """`ways`: which proofs stand in for each other on some of these dates; others are not asked for."""
    # The night of the last day ends on the next one.
    asked = {"office": office_id, "first": first, "last": last, "night": last + timedelta(days=1)} | among(ids)
    told = Way.ROLL_CALL in ways, Way.STANDUP in ways
    return Ask(_statement(done=done, narrow="ids" in asked, called=told[0], joined=told[1]), asked)


def declared(
    db: Session,
    office_id: int,
    ids: list[int],
    first: date,
    last: date,
    *,
    done: bool,
    ways: frozenset[Way] = _NO_WAYS,
) -> dict[int, Declared]:
    """Load everything of these dates in one statement; without `done`, what was declared and excused only."""
    found: defaultdict[int, Declared] = defaultdict(Declared)
    told = read(db, ask_declared(office_id, ids, first, last, done=done, ways=ways)).all()
    for source, officer_id, day, number, id_, kind, mode, at, stored, note, how, who, grade in told:
        own = found[officer_id]
        if source == _MARK:
            mark = MarkFact(number, _KINDS[kind], _MODES[mode], at, note, stored, how, _GRADES[grade], who, id_)
            own.marks.setdefault(day, []).append(mark)
        elif source == _CORRECTION:
            reason = CorrectionReason(how)
            fact = CorrectionFact(id_, CorrectionKind(kind), at, _MODES[mode], stored, reason, note, who)
            own.corrections.setdefault(day, []).append(fact)
        elif source == _EXCUSED:
            own.excuses.setdefault(day, []).append(Excuse(id_, at, stored, number, int(note)))
        elif source == _FINGER:
            finger = FingerFact(id_, at, _KINDS[kind] if kind else None, note, stored)
            own.fingers.setdefault(day, []).append(finger)
        elif source in _PROVES:
            own.proofs.setdefault(day, []).append(ProofFact(at, *_PROVES[source], id_))
        elif source == _LOGGED:
            own.logged[day] = tuple(sorted(int(one) for one in note.split(",")))
        elif source == _REPORTED:
            own.reported[day] = id_
        elif source == _OVERLAPPED:
            own.overlapped.setdefault(day, []).append(id_)
        else:
            of_meetings = {_ATTENDED: own.attended, _JOINED: own.joined, _STANDUP: own.standups}
            of_meetings[source].setdefault(day, []).append((number, id_))
    return found


_MARK, _CORRECTION, _LOGGED, _REPORTED, _JOINED, _STANDUP, _OVERLAPPED, _ATTENDED, _EXCUSED, _FINGER = range(10)
_CALLED, _CLICKED, _SEEN = range(10, 13)
_PROVES: dict[int, tuple[Way, str]] = {
    _CALLED: (Way.ROLL_CALL, RollCallEntry.__tablename__),
    _CLICKED: (Way.STANDUP, JoinClick.__tablename__),
    _SEEN: (Way.STANDUP, Attendance.__tablename__),
}


@cache
def _statement(*, done: bool, narrow: bool, called: bool, joined: bool) -> sa.CompoundSelect[*tuple[Any, ...]]:
    branches: list[tuple[Any, Any, Any, Any]] = [
        (Mark.office_id, Mark.officer_id, Mark.date, _marks()),
        (Correction.office_id, Correction.officer_id, Correction.date, _corrections()),
        (OutageExcuse.office_id, OutageExcuse.officer_id, OutageExcuse.date, _excused()),
        (MachineMark.office_id, MachinePerson.officer_id, MachineMark.date, _fingers()),
    ]
    if called:
        branches.append((RollCallEntry.office_id, RollCallEntry.officer_id, RollCallEntry.date, _called()))
    if joined:
        branches += [
            (JoinClick.office_id, JoinClick.officer_id, JoinClick.date, _of_standup(_CLICKED, JoinClick, JoinClick.at)),
            (
                Attendance.office_id,
                Attendance.officer_id,
                Attendance.date,
                _of_standup(_SEEN, Attendance, Attendance.joined_at),
            ),
        ]
    if done:
        branches += [
            (LogEntry.office_id, LogEntry.officer_id, LogEntry.date, _logged()),
            (DailyReport.office_id, DailyReport.officer_id, DailyReport.date, _reported()),
            (JoinClick.office_id, JoinClick.officer_id, JoinClick.date, _joined()),
            (Attendance.office_id, Attendance.officer_id, Attendance.date, _attended()),
            (Occurrence.office_id, MeetingInvite.officer_id, Occurrence.date, _standups()),
            (PlanEntry.office_id, PlanEntry.officer_id, PlanEntry.date, _overlapped()),
        ]
    asked = [
        one.where(
            office_id == sa.bindparam("office"),
            day.between(sa.bindparam("first"), sa.bindparam("night" if office_id is MachineMark.office_id else "last")),
        )
        for office_id, _officer, day, one in branches
    ]
    if narrow:
        asked = [one.where(is_among(branch[1])) for one, branch in zip(asked, branches, strict=True)]
    return sa.union_all(*asked)


def _text(column: Any) -> Any:
    return sa.type_coerce(column, sa.String)


def _marks() -> sa.Select[Any]:
    return select(
        sa.literal(_MARK),
        Mark.officer_id,
        Mark.date,
        Mark.turn,
        Mark.id,
        _text(Mark.kind),
        _text(Mark.mode),
        Mark.attempted_at,
        Mark.received_at,
        NOTED,
        Mark.method,
        Mark.receipt,
        _text(GRADED),
    )


def _corrections() -> sa.Select[Any]:
    writer = aliased(Officer)
    return (
        select(
            sa.literal(_CORRECTION),
            Correction.officer_id,
            Correction.date,
            sa.literal(0),
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


def _excused() -> sa.Select[Any]:
    """The minutes of grace in the place of a number, the briefing in that of a note."""
    one = OutageExcuse
    columns: list[Any] = [sa.literal(_EXCUSED), one.officer_id, one.date, one.grace, one.outage_id]
    columns += [sa.null(), sa.null(), one.first, one.last, sa.cast(one.occurrence_id, sa.String)]
    return select(*columns, *[sa.null()] * 3)


def _fingers() -> sa.Select[Any]:
    """Whose number it was on that date."""
    whose = MachinePerson
    mine = (whose.machine_id == MachineMark.machine_id) & (whose.number == MachineMark.number)
    held = (whose.first <= MachineMark.date) & sa.or_(whose.last.is_(None), whose.last >= MachineMark.date)
    return (
        select(
            sa.literal(_FINGER),
            whose.officer_id,
            MachineMark.date,
            sa.literal(0),
            MachineMark.id,
            _text(MachineMark.kind),
            sa.null(),
            MachineMark.at,
            MachineMark.received_at,
            Machine.name,
            *[sa.null()] * 3,
        )
        .select_from(MachineMark)
        .join(whose, mine & held & (whose.office_id == sa.bindparam("office")))
        .join(Machine, Machine.id == MachineMark.machine_id)
    )


def _called() -> sa.Select[Any]:
    """Who was there at the roll call, by what was ticked last."""
    return _at(_CALLED, RollCallEntry, RollCallEntry.at).where(TICKED_THERE)


def _of_standup(source: int, table: Any, at: Any) -> sa.Select[Any]:
    """When somebody was in a standup: opened the own way in, or was seen there."""
    standup = (Meeting.id == table.meeting_id) & (Meeting.kind == MeetingKind.STANDUP)
    return _at(source, table, at).join(Meeting, standup).where(table.officer_id.is_not(None))


def _at(source: int, table: Any, at: Any) -> sa.Select[Any]:
    columns: list[Any] = [sa.literal(source), table.officer_id, table.date, sa.literal(0), table.id]
    return select(*columns, sa.null(), sa.null(), at, *[sa.null()] * 5)


def _ids(source: int, officer: Any, day: Any, number: Any, id_: Any, text: Any = None) -> sa.Select[Any]:
    columns: list[Any] = [sa.literal(source), officer, day, number, id_, *[sa.null()] * 8]
    if text is not None:
        columns[9] = text
    return select(*columns)


def _logged() -> sa.Select[Any]:
    """One row a day: a month of an office has tens of thousands of entries."""
    ids = sa.func.aggregate_strings(sa.cast(LogEntry.id, sa.String), ",")
    day = (LogEntry.officer_id, LogEntry.date)
    return _ids(_LOGGED, *day, sa.literal(0), sa.literal(0), ids).group_by(*day)


def _reported() -> sa.Select[Any]:
    """One that was taken back or returned is with its officer, and not sent."""
    sent = DailyReport.state.in_(LOCKED)
    return _ids(_REPORTED, DailyReport.officer_id, DailyReport.date, sa.literal(0), DailyReport.id).where(sent)


def _joined() -> sa.Select[Any]:
    return _ids(_JOINED, JoinClick.officer_id, JoinClick.date, JoinClick.meeting_id, JoinClick.id)


def _attended() -> sa.Select[Any]:
    return _ids(_ATTENDED, Attendance.officer_id, Attendance.date, Attendance.meeting_id, Attendance.id).where(
        Attendance.officer_id.is_not(None)
    )


def _standups() -> sa.Select[Any]:
    """Standups that were held, had a link to join by, and to which the officer was invited on that date."""
    invite, day = MeetingInvite, Occurrence.date
    # A look-up for each date that was held: PostgreSQL would rather read all standups that there ever were.
    standup = (
        select(Meeting.id)
        .where(Meeting.id == Occurrence.meeting_id, Meeting.kind == MeetingKind.STANDUP, Meeting.join_url != "")
        .correlate(Occurrence)
        .scalar_subquery()
    )
    # Whoever said it in writing was there.
    written = (
        select(StandupNote.id)
        .where(StandupNote.meeting_id == Occurrence.meeting_id, StandupNote.officer_id == invite.officer_id)
        .where(StandupNote.date == day)
        .exists()
    )
    return (
        _ids(_STANDUP, invite.officer_id, day, Occurrence.meeting_id, Occurrence.id)
        .select_from(Occurrence)
        .join(invite, invite.meeting_id == Occurrence.meeting_id)
        .where(standup.is_not(None), Occurrence.state == OccurrenceState.PLANNED, ~written)
        .where(sa.or_(invite.first_on.is_(None), invite.first_on <= day))
        .where(sa.or_(invite.last_on.is_(None), invite.last_on >= day))
    )


def _overlapped() -> sa.Select[Any]:
    """Granted leave that another one lies over on a date, and that was not taken out there."""
    other, ending = aliased(PlanGrant), PlanEnding
    taken_out = (
        select(ending.id)
        .where(ending.grant_id == other.id, ending.first <= PlanEntry.date, ending.last >= PlanEntry.date)
        .correlate(other, PlanEntry)
        .exists()
    )
    same = (other.office_id == PlanEntry.office_id) & (other.officer_id == PlanEntry.officer_id)
    there = (other.first <= PlanEntry.date) & (other.last >= PlanEntry.date) & (other.id != PlanEntry.grant_id)
    return (
        _ids(_OVERLAPPED, PlanEntry.officer_id, PlanEntry.date, sa.literal(0), other.id)
        .select_from(PlanEntry)
        .join(other, same & there & (other.layer == PlanLayer.LEAVE))
        .where(PlanEntry.layer == PlanLayer.LEAVE, ~taken_out)
    )
