"""One day with all its evidence: plan, marks, meetings, log and requests beside each other, and what follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, days, devices, late, orders
from staffhub.ahead import read_together
from staffhub.days import MACHINE, CorrectionFact, DayRecord, Facts, MarkFact, Stage
from staffhub.db import UtcDateTime
from staffhub.meetings import parts
from staffhub.meetings.parts import Part
from staffhub.models import (
    Account,
    CorrectionKind,
    CorrectionReason,
    Grade,
    JoinClick,
    LogEntry,
    MarkDevice,
    MarkProof,
    Meeting,
    Officer,
    Place,
    PlanLayer,
    RequestEvent,
    RollCall,
    RollCallEntry,
    RollState,
    ServiceRequest,
    UserSession,
    WorkMode,
)
from staffhub.orders import Letter
from staffhub.reports import recap
from staffhub.reports.duty_gaps import Gap, asked_of_day, gaps_of_day
from staffhub.reports.recap import Staff
from staffhub.security import Viewer
from staffhub.service_requests.moved import MOVES_ON
from staffhub.workdays.fingers import FingerFact

# How well a trace proves that somebody was at work: a step on a request has the program's own time, a link may be
# opened by another hand, a log entry is written by its author.
_OF_LETTER = {PlanLayer.DUTY.value, PlanLayer.EXEMPTION.value}
_LETTERS = frozenset({"orders", "exemptions"})
_COVER, _PROOF, _DEVICE, _SHARED, _CALLED = "cover", "proof", "device", "shared", "called"
_GRADES = {"request": Grade.A, "meeting": Grade.B, "log": Grade.C}


@dataclass(frozen=True)
class Trace:
    """What a person did elsewhere in the house: `source` is meeting, log or request, `id` the row's.

    `text` is a topic, an entry or a request's number; `detail` of a request is the state that it was given, "" where
    it was handed over, taken or noted something about.
    """

    source: str
    id: int
    text: str
    starts: datetime
    ends: datetime | None
    detail: str
    grade: Grade

    @property
    def minutes(self) -> int:
        return int((self.ends - self.starts).total_seconds()) // 60 if self.ends else 0


class Proved(NamedTuple):
    """A code of a screen that was given with a mark, or after it; `at` is local."""

    place: str
    at: datetime


class Called(NamedTuple):
    """What a roll call says and who ticked it; `at`: since when somebody was there, else when it was said; local."""

    turn: int
    state: RollState
    author: str
    at: datetime


class Shared(NamedTuple):
    """Somebody else's mark from the device of `mark` within a few minutes; `at` is local."""

    mark: MarkFact
    name: str
    at: datetime


@dataclass(frozen=True)
class Told:
    """A correction as people read it; times are local. `replaced`: a newer one of its kind counts."""

    kind: CorrectionKind
    at: datetime | None
    mode: WorkMode | None
    reason: CorrectionReason | None
    note: str
    author: str
    created_at: datetime
    replaced: bool


@dataclass(frozen=True)
class Evidence:
    """`marks` are in local time, oldest first; `corrections` newest first. `letter`: what its plan rests on.

    `meetings`: those of the day that are over, with what each was to the officer. `gaps`: what the bidang lacked.
    `proofs`: codes that were given, by the mark; `devices`: what their browsers say of themselves.
    `taps`: those that waited on the phone for their network. `called`: what the roll call says.
    """

    officer: Staff
    facts: Facts
    record: DayRecord
    marks: list[MarkFact]
    traces: list[Trace]
    corrections: list[Told]
    letter: Letter | None
    meetings: Sequence[Part] = ()
    gaps: Sequence[Gap] = ()
    proofs: Mapping[int, Proved] = field(default_factory=dict)
    devices: Mapping[int, str] = field(default_factory=dict)
    shared: Sequence[Shared] = ()
    taps: Sequence[late.Line] = ()
    # Those that stand beside what was declared.
    fingers: Sequence[FingerFact] = ()
    called: Sequence[Called] = ()

    @property
    def is_future(self) -> bool:
        return self.facts.stage is Stage.TO_COME

    @property
    def newest(self) -> int:
        """The last correction on the page, 0: none. A form sends it back, so nobody decides on an older picture."""
        return max((fact.id for fact in self.record.corrections), default=0)

    def of(self, source: str) -> list[Trace]:
        return [trace for trace in self.traces if trace.source == source]

    @property
    def log_minutes(self) -> int:
        return sum(trace.minutes for trace in self.of("log"))

    @property
    def last_trace(self) -> datetime | None:
        """The last thing known of the day: what a missing check-out may be taken from."""
        moments = [trace.ends or trace.starts for trace in self.traces]
        moments += [mark.at for mark in self.marks]
        return max(moments, default=None)


def evidence(db: Session, me: Viewer, officer: Staff, day: date, *, now: datetime) -> Evidence:
    """Load the day in three statements."""
    today = clock.local_day(now, me.zone)
    asked = days.ask(db, me.office_id, officer.id, [day], today)
    read_together(db, *asked, parts.ask(me.office_id, officer.id, day, day))
    facts = days.load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer.id, day]
    record = days.reconcile(facts)
    told = _beside(db, me, officer, day, record)
    traces = [_trace(row, me, day) for row in told if row.source in _GRADES]
    people = [(row.id, row.text, row.detail, row.more) for row in told if row.source == _COVER]
    return Evidence(
        officer=officer,
        facts=facts,
        record=record,
        marks=[_local(mark, me) for mark in record.marks],
        traces=sorted(traces, key=lambda trace: (trace.starts, trace.source, trace.id)),
        corrections=_told(record.corrections, me),
        letter=next((Letter(row.source, row.id, row.text) for row in told if row.source in _LETTERS), None),
        meetings=recap.expected(parts.of_officer(db, me.office_id, officer.id, day, day, now=now), [record]),
        taps=late.of_day(db, me, officer.id, day),
        gaps=gaps_of_day(db, me, officer.division_id, day, people),
        proofs={row.id: Proved(row.text, row.at.astimezone(me.zone)) for row in told if row.source == _PROOF},
        devices={row.id: row.text for row in told if row.source == _DEVICE},
        called=sorted(
            Called(row.quantity, RollState(row.detail), row.text, row.at.astimezone(me.zone))
            for row in told
            if row.source == _CALLED
        ),
        shared=[
            Shared(mark, row.text, row.at.astimezone(me.zone))
            for mark in record.marks
            for row in told
            # A finger that stands in for a tap is a row of another table, which may have the same number.
            if row.source == _SHARED and row.id == mark.id and mark.method != MACHINE
        ],
        fingers=_beside_marks(record, me),
    )


def _beside_marks(record: DayRecord, me: Viewer) -> list[FingerFact]:
    stand_in = {mark.id for mark in record.marks if mark.method == MACHINE}
    return [
        one._replace(at=one.at.astimezone(me.zone), received_at=(one.received_at or one.at).astimezone(me.zone))
        for one in record.fingers
        if one.id not in stand_in
    ]


def _local(mark: MarkFact, me: Viewer) -> MarkFact:
    received = (mark.received_at or mark.at).astimezone(me.zone)
    return mark._replace(at=mark.at.astimezone(me.zone), received_at=received)


def _told(facts: Sequence[CorrectionFact], me: Viewer) -> list[Told]:
    newest = {fact.kind: fact.id for fact in facts}
    return [
        Told(
            kind=fact.kind,
            at=fact.at.astimezone(me.zone) if fact.at else None,
            mode=fact.mode,
            reason=fact.reason,
            note=fact.note,
            author=fact.author,
            created_at=fact.created_at.astimezone(me.zone),
            replaced=newest[fact.kind] != fact.id,
        )
        for fact in reversed(facts)
    ]


def _beside(db: Session, me: Viewer, officer: Staff, day: date, record: DayRecord) -> Sequence[Any]:
    """Meetings joined, log entries, requests handled, the letter, and who was there of the bidang, in one statement."""
    officer_id = officer.id
    no_time, no_moment = sa.cast(sa.null(), sa.Time), sa.cast(sa.null(), UtcDateTime())
    no_times = no_moment, no_time, no_time
    next_day = clock.at_local(date.fromordinal(day.toordinal() + 1), time(), me.zone)
    joins = (
        select(
            sa.literal("meeting").label("source"),
            Meeting.id.label("id"),
            Meeting.topic.label("text"),
            JoinClick.at.label("at"),
            no_time.label("starts"),
            no_time.label("ends"),
            sa.literal("").label("detail"),
            sa.literal(0).label("quantity"),
            sa.literal("").label("more"),
        )
        .join(Meeting, Meeting.id == JoinClick.meeting_id)
        .where(JoinClick.office_id == me.office_id, JoinClick.officer_id == officer_id, JoinClick.date == day)
    )
    log = select(
        sa.literal("log"),
        LogEntry.id,
        LogEntry.text,
        no_moment,
        LogEntry.starts,
        LogEntry.ends,
        LogEntry.unit,
        sa.func.coalesce(LogEntry.quantity, 0),
        sa.literal(""),
    ).where(LogEntry.office_id == me.office_id, LogEntry.officer_id == officer_id, LogEntry.date == day)
    handled = (
        select(
            sa.literal("request"),
            ServiceRequest.id,
            ServiceRequest.number,
            RequestEvent.at,
            no_time,
            no_time,
            # Whoever hands it over or notes something was there, and moved nothing on.
            sa.case((MOVES_ON, sa.cast(RequestEvent.state, sa.String)), else_=""),
            sa.literal(0),
            sa.literal(""),
        )
        .join(ServiceRequest, ServiceRequest.id == RequestEvent.request_id)
        .where(RequestEvent.office_id == me.office_id, RequestEvent.officer_id == officer_id)
        .where(RequestEvent.at >= clock.at_local(day, time(), me.zone), RequestEvent.at < next_day)
    )
    behind = orders.behind(me.office_id, record.plan.grant_id) if record.plan.source in _OF_LETTER else ()
    letters = [
        select(sa.literal(kind), id_, number, *no_times, sa.literal(""), sa.literal(0), sa.literal("")).where(*where)
        for kind, id_, number, where in behind
    ]
    people, kind, half, state = asked_of_day(me, officer.division_id, day).subquery().c
    cover = select(sa.literal(_COVER), people, kind, *no_times, half, sa.literal(0), state)
    beside = (cover, _of_roll_call(me, officer_id, day), *_of_marks(me, officer_id, day))
    return db.execute(sa.union_all(joins, log, handled, *letters, *beside)).all()


def _of_roll_call(me: Viewer, officer_id: int, day: date) -> sa.Select[*tuple[Any, ...]]:
    no_time, entry = sa.cast(sa.null(), sa.Time), RollCallEntry
    author, at = sa.func.coalesce(Officer.name, Account.username), sa.func.coalesce(entry.at, RollCall.created_at)
    state = sa.cast(entry.state, sa.String)
    return (
        select(sa.literal(_CALLED), entry.id, author, at, no_time, no_time, state, RollCall.turn, sa.literal(""))
        .join(RollCall, RollCall.id == entry.roll_call_id)
        .join(Account, Account.id == RollCall.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .where(entry.office_id == me.office_id, entry.officer_id == officer_id, entry.date == day)
    )


def _of_marks(me: Viewer, officer_id: int, day: date) -> Iterable[sa.Select[Any]]:
    """What stands beside the marks of the day, in the columns of `_beside`: codes, devices, and who shared one."""
    proof = select(MarkProof.mark_id, Place.name, MarkProof.created_at).join(Place, Place.id == MarkProof.place_id)
    device = select(MarkDevice.mark_id, UserSession.user_agent, MarkDevice.at).join(
        UserSession, UserSession.id == MarkDevice.session_id
    )
    asked: list[tuple[str, Any]] = [(_SHARED, devices.beside(me.office_id, officer_id, day))]
    for source, statement, table in ((_PROOF, proof, MarkProof), (_DEVICE, device, MarkDevice)):
        mine = (table.office_id == me.office_id, table.officer_id == officer_id, table.date == day)
        asked.append((source, statement.where(*mine)))
    no_time, nothing = sa.cast(sa.null(), sa.Time), sa.literal("")
    for source, statement in asked:
        mark_id, text, at = statement.selected_columns
        columns = (sa.literal(source), mark_id, text, at, no_time, no_time, nothing, sa.literal(0), nothing)
        yield statement.with_only_columns(*columns)


def _trace(row: Any, me: Viewer, day: date) -> Trace:
    if row.source != "log":
        at = row.at.astimezone(me.zone)
        return Trace(row.source, row.id, row.text, at, None, row.detail, _GRADES[row.source])
    starts = datetime.combine(day, row.starts, tzinfo=me.zone)
    ends = datetime.combine(day + timedelta(days=row.ends < row.starts), row.ends, tzinfo=me.zone)
    detail = f"{row.quantity} {row.detail}".strip() if row.quantity else ""
    return Trace(row.source, row.id, row.text, starts, ends, detail, _GRADES["log"])
