"""Whoever changes a fact of a day that is stored changes its row in the same transaction, without knowing of it.

What a transaction touches is noted as it is written, through the unit of work or a statement of its own, and the rows
follow before the commit. A day that is not stored costs nothing: `office.facts` says in memory which days are. A change
of many days of many people (a rule, a holiday, a register) leaves a `Recount` instead, which the scheduler does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import event, select
from sqlalchemy.orm import ORMExecuteState, Session

from staffhub import clock, office
from staffhub.days.store import dates_between, write
from staffhub.db import Base
from staffhub.models import (
    Attendance,
    Correction,
    DailyReport,
    Holiday,
    JoinClick,
    LogEntry,
    MachinePerson,
    Mark,
    MarkNote,
    MarkProof,
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    Office,
    Officer,
    OutageExcuse,
    PlanEntry,
    Posting,
    Recount,
    RollCallEntry,
    RuleSet,
    StandupNote,
    TaskState,
    WeekPattern,
)

_A_DAY = timedelta(days=1)
_NOTED = "touched_days"
# As many days of officers as a transaction writes again itself; more are left to the scheduler.
AT_ONCE = 400

_Row = Mapping[str, Any]
_Span = tuple[date, date]


class Touch(NamedTuple):
    """Dates of an officer, None: of everybody, that a change of the table `cause` may have changed."""

    office_id: int
    officer_id: int | None
    span: _Span
    cause: str
    # Of an invitation: only the dates on which this meeting is held.
    meeting_id: int | None = None


@dataclass(frozen=True)
class _Facts:
    """How a change of a table's row touches days: what of it counts, and which dates a row speaks of."""

    columns: tuple[str, ...]
    span: Callable[[_Row], _Span]
    whose: str | None = "officer_id"
    office: str = "office_id"

    def touches(self, table: str, before: _Row | None, after: _Row | None) -> Iterator[Touch]:
        if before and after and all(before[name] == after[name] for name in self.columns):
            return
        spans = {self.span(row) for row in (before, after) if row}
        if table == "rule_set":
            spans = _of_rules(before, after)
        elif table == "office":
            spans = _of_office(before, after)
        elif table == "meeting":
            spans = _of_link(before, after)
        row: _Row = after or before or {}
        whose = row[self.whose] if self.whose else None
        if self.whose and whose is None:  # somebody in a meeting of whom nobody knows who it is
            return
        meeting_id = row["meeting_id"] if table == "meeting_invite" else None
        for span in spans:
            yield Touch(row[self.office], whose, span, table, meeting_id)


def _on(row: _Row) -> _Span:
    return row["date"], row["date"]


def _from(row: _Row) -> _Span:
    return row["valid_from"], date.max


def _ever(_row: _Row) -> _Span:
    return date.min, date.max


def _of_rules(before: _Row | None, after: _Row | None) -> set[_Span]:
    """A proposal holds for nobody; of a rule that only ends on another day, the days between are touched."""
    held = [row for row in (before, after) if row and row["confirmed"] is not False]
    if len(held) == 2 and all(held[0][name] == held[1][name] for name in _RULE if name != "valid_to"):  # noqa: PLR2004
        ends = sorted(row["valid_to"] or date.max for row in held)
        return {(ends[0] + _A_DAY if ends[0] < date.max else ends[0], ends[1])}
    return {(row["valid_from"], row["valid_to"] or date.max) for row in held}


def _of_office(before: _Row | None, after: _Row | None) -> set[_Span]:
    """In another time zone every plan begins at another moment."""
    if before and after and before["timezone"] != after["timezone"]:
        return {(date.min, date.max)}
    return {_moved(*(row["recorded_from"] if row else None for row in (before, after)))}


def _of_link(before: _Row | None, after: _Row | None) -> set[_Span]:
    """A day asks whether there was a link to join by, not which; the dates of a new meeting speak for themselves."""
    if before is None or after is None or bool(before["join_url"]) == bool(after["join_url"]):
        return set()
    return {(after["starts_on"], after["ends_on"])}


def _invited(row: _Row) -> _Span:
    return row["first_on"] or date.min, row["last_on"] or date.max


def _held_number(row: _Row) -> _Span:
    """A finger of the night is of the day before."""
    return row["first"] - _A_DAY, row["last"] or date.max


def _moved(before: date | None, after: date | None) -> _Span:
    """From the earlier of two first dates to the day before the later one."""
    first, last = sorted((before or date.max, after or date.max))
    return first, last - _A_DAY if last < date.max else last


_RULE = ("kind", "subject", "groups", "values", "valid_from", "valid_to", "confirmed")
_OF_A_DAY = _Facts(("office_id", "officer_id", "date"), _on)
_FACTS: Mapping[type[Base], _Facts] = {
    Mark: _OF_A_DAY,
    Correction: _OF_A_DAY,
    LogEntry: _Facts((*_OF_A_DAY.columns, "starts", "ends"), _on),
    DailyReport: _Facts((*_OF_A_DAY.columns, "state"), _on),
    JoinClick: _OF_A_DAY,
    Attendance: _Facts((*_OF_A_DAY.columns, "joined_at"), _on),
    # A code that is given with a mark, or after it: a rule may ask for one.
    MarkProof: _OF_A_DAY,
    RollCallEntry: _Facts((*_OF_A_DAY.columns, "state", "at"), _on),
    OutageExcuse: _Facts((*_OF_A_DAY.columns, "first", "last", "grace", "occurrence_id"), _on),
    StandupNote: _OF_A_DAY,
    # Lines of a machine's log come by the thousand: whoever reads them says itself which days they touch (`touch`).
    MachinePerson: _Facts(("office_id", "officer_id", "machine_id", "number", "first", "last"), _held_number),
    PlanEntry: _Facts((*_OF_A_DAY.columns, "layer", "grant_id"), _on),
    WeekPattern: _Facts(("office_id", "officer_id", "valid_from", "days"), _from),
    Posting: _Facts(("office_id", "officer_id", "valid_from", "valid_to", "division_id", "employment_type"), _from),
    Officer: _Facts(("office_id", "id", "active_from", "active_to"), _ever, whose="id"),
    RuleSet: _Facts(("office_id", *_RULE), _from, whose=None),
    Holiday: _Facts(("office_id", "date", "name"), _on, whose=None),
    Office: _Facts(("id", "recorded_from", "timezone"), _ever, whose=None, office="id"),
    # A date that was held, called off or moved is one for all who were invited.
    Occurrence: _Facts(("office_id", "meeting_id", "date", "state"), _on, whose=None),
    MeetingInvite: _Facts(("office_id", "officer_id", "meeting_id", "first_on", "last_on"), _invited),
    Meeting: _Facts(("office_id", "join_url", "starts_on", "ends_on"), _ever, whose=None),
}
_BY_TABLE = {cast("sa.Table", table.__table__): table for table in _FACTS}


class _Noted:
    """What a transaction has touched, and rows changed by a statement, as they were: what they are is read later."""

    def __init__(self) -> None:
        self.touches: set[Touch] = set()
        self.before: dict[type[Base], dict[int, _Row]] = defaultdict(dict)


def _noted(db: Session) -> _Noted:
    found: _Noted = db.info.setdefault(_NOTED, _Noted())
    return found


def _after_flush(db: Session, _context: object) -> None:
    for row in (*db.new, *db.dirty, *db.deleted):
        table = type(row)
        facts = _FACTS.get(table)
        if isinstance(row, MarkNote):
            _note_beside(db, row.office_id, row.mark_id)
        if facts is None:
            continue
        state, now, was = sa.inspect(row), {}, {}
        for name in facts.columns:
            past = state.attrs[name].history
            now[name] = getattr(row, name)
            was[name] = past.deleted[0] if past.deleted else now[name]
        before = None if row in db.new else was
        after = None if row in db.deleted else now
        _noted(db).touches.update(facts.touches(table.__tablename__, before, after))


def _on_statement(state: ORMExecuteState) -> None:
    if state.is_select:
        return
    # By the table itself: another program's may bear the same name.
    changed = getattr(state.statement, "table", None)
    table = None if changed is None else _BY_TABLE.get(changed)
    if changed is MarkNote.__table__ and state.is_insert:
        for row in _inserted(state):
            _note_beside(state.session, row["office_id"], row["mark_id"])
    if table is None:
        return
    if state.is_insert:
        _note_insert(state, table)
    else:
        _note_before(state, table)


def _note_beside(db: Session, office_id: int, mark_id: int) -> None:
    """What is noted beside a mark, as the place of a field duty, is of the mark's day."""
    this = select(Mark.officer_id, Mark.date).where(Mark.office_id == office_id, Mark.id == mark_id)
    for officer_id, day in db.connection().execute(this):
        _noted(db).touches.add(Touch(office_id, officer_id, (day, day), MarkNote.__tablename__))


def _note_insert(state: ORMExecuteState, table: type[Base]) -> None:
    facts, noted = _FACTS[table], _noted(state.session)
    for row in _inserted(state):
        told: _Row = defaultdict(lambda: None, row)
        noted.touches.update(facts.touches(table.__tablename__, None, told))


def _inserted(state: ORMExecuteState) -> Iterable[_Row]:
    """Return what a statement inserts: its parameters, its values, or what its query finds."""
    given, statement = state.parameters, cast("Any", state.statement)
    if statement.select is not None:
        found = state.session.connection().execute(statement.select)
        return [dict(zip(statement._select_names, row, strict=True)) for row in found]  # noqa: SLF001
    if given:
        return given if isinstance(given, Sequence) else [given]
    return [statement.compile().params]


def _note_before(state: ORMExecuteState, table: type[Base]) -> None:
    """Read what a statement is about to change or remove, and read the changed rows once more before the commit."""
    facts, noted = _FACTS[table], _noted(state.session)
    statement: Any = state.statement
    if state.is_update and not {column.key for column in statement._values or ()} & set(facts.columns):  # noqa: SLF001
        return
    told: Any = table
    columns = [told.id, *(getattr(told, one) for one in facts.columns)]
    where = () if statement.whereclause is None else (statement.whereclause,)
    for id_, *values in state.session.connection().execute(select(*columns).where(*where)).all():
        row = dict(zip(facts.columns, values, strict=True))
        if state.is_update:
            noted.before[table].setdefault(id_, row)
        else:
            noted.touches.update(facts.touches(table.__tablename__, row, None))


def _read_after(db: Session, noted: _Noted) -> None:
    for table, before in noted.before.items():
        facts, told = _FACTS[table], cast("Any", table)
        columns = [told.id, *(getattr(told, one) for one in facts.columns)]
        for office_id in sorted({row[facts.office] for row in before.values()}):
            mine = [id_ for id_, row in before.items() if row[facts.office] == office_id]
            here = (getattr(told, facts.office) == office_id, told.id.in_(mine))
            found = db.connection().execute(select(*columns).where(*here))
            after = {id_: dict(zip(facts.columns, values, strict=True)) for id_, *values in found}
            for id_ in mine:
                noted.touches.update(facts.touches(table.__tablename__, before[id_], after.get(id_)))
    noted.before.clear()


def touch(db: Session, office_id: int, spans: Mapping[int, _Span], cause: str) -> None:
    """Let the days of these officers follow what was stored in bulk, by statements that nobody watches."""
    _noted(db).touches.update(Touch(office_id, who, span, cause) for who, span in spans.items())


def settle(db: Session) -> None:
    """Let the rows follow, before a commit or for whoever reads them earlier; what is written here is no fact, so
    nothing is touched again.
    """
    if db.new or db.dirty or db.deleted:
        db.flush()
    noted: _Noted | None = db.info.pop(_NOTED, None)
    if noted is None:
        return
    _read_after(db, noted)
    by_office: defaultdict[int, list[Touch]] = defaultdict(list)
    for touch in noted.touches:
        by_office[touch.office_id].append(touch)
    for office_id, touches in sorted(by_office.items()):
        _follow(db, office_id, touches)


def _follow(db: Session, office_id: int, touches: Sequence[Touch]) -> None:
    known = office.facts(db, office_id)
    if known.stored_from is None or known.stored_to is None:
        return
    spans: defaultdict[int | None, list[_Span]] = defaultdict(list)
    for touch in _held(db, office_id, touches, known.stored_from, known.stored_to):
        first, last = max(touch.span[0], known.stored_from), min(touch.span[1], known.stored_to)
        if first <= last:
            spans[touch.officer_id].append((first, last))
    whole = {who: (min(one[0] for one in own), max(one[1] for one in own)) for who, own in spans.items()}
    causes = {touch.cause for touch in touches if touch.officer_id in whole}
    everybody: dict[int | None, _Span] = {None: whole.pop(None)} if None in whole else {}
    if sum((last - first).days + 1 for first, last in whole.values()) <= AT_ONCE:
        _write(db, office_id, whole, known.stored_to)
        whole = {}
    if whole or everybody:
        _leave(db, office_id, whole | everybody, causes)


def _held(db: Session, office_id: int, touches: Sequence[Touch], first: date, last: date) -> Iterator[Touch]:
    """Yield the touches, and of invitations those of the stored dates on which the standup is held."""
    asked = {touch.meeting_id for touch in touches if touch.meeting_id}
    dates: defaultdict[int | None, list[date]] = defaultdict(list)
    if asked:
        here = (Occurrence.office_id == office_id, Occurrence.date.between(first, last))
        standup = (Meeting.id == Occurrence.meeting_id, Meeting.kind == MeetingKind.STANDUP)
        wanted = select(Occurrence.meeting_id, Occurrence.date).join(Meeting, sa.and_(*standup))
        for meeting_id, day in db.connection().execute(wanted.where(*here, Occurrence.meeting_id.in_(sorted(asked)))):
            dates[meeting_id].append(day)
    for touch in touches:
        if touch.meeting_id is None:
            yield touch
        for day in dates[touch.meeting_id]:
            if touch.span[0] <= day <= touch.span[1]:
                yield touch._replace(span=(day, day))


def _write(db: Session, office_id: int, whole: Mapping[int | None, _Span], until: date) -> None:
    together: defaultdict[_Span, list[int]] = defaultdict(list)
    for officer_id, span in whole.items():
        together[span].append(officer_id or 0)
    for span, officers in sorted(together.items()):
        write(db, office_id, dates_between(*span), until=until, officers=sorted(officers), now=clock.now())


def _leave(db: Session, office_id: int, whole: Mapping[int | None, _Span], causes: Iterable[str]) -> None:
    """Leave it to the scheduler: of everybody where everybody is touched, else of those people."""
    now = clock.now()
    officers = None if None in whole else sorted(who for who in whole if who)
    row = Recount(
        office_id=office_id,
        first=min(first for first, _last in whole.values()),
        last=max(last for _first, last in whole.values()),
        officers=officers,
        cause=min(causes, key=_weight),
        state=TaskState.PENDING,
        due_at=now,
        created_at=now,
    )
    db.add(row)
    db.flush()


def _weight(cause: str) -> tuple[int, str]:
    """Of several causes the one that reaches farthest is told."""
    order = ("rule_set", "holiday", "office", "officer", "posting")
    return (order.index(cause) if cause in order else len(order), cause)


def _forget(db: Session, previous: Any) -> None:
    if previous.parent is None:
        db.info.pop(_NOTED, None)


event.listen(Session, "after_flush", _after_flush)
event.listen(Session, "do_orm_execute", _on_statement)
event.listen(Session, "before_commit", settle)
event.listen(Session, "after_soft_rollback", _forget)
