"""Who has come TODAY and who has gone again, for a statement that joins Officer.

It says of a day that runs what `days` says of it: what was tapped and what HR wrote stand, a finger at the machine
fills the side of the day of which nobody declared anything (`workdays/fingers.py`), and a roll call or a briefing
counts where the rule book lets it stand in for a check-in.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, false, func, or_, select

from staffhub import clock
from staffhub.db import UtcDateTime
from staffhub.models import (
    TICKED_THERE,
    Attendance,
    Correction,
    CorrectionKind,
    DayPart,
    JoinClick,
    MachineMark,
    MachinePerson,
    Mark,
    MarkKind,
    Meeting,
    MeetingKind,
    Officer,
    PlanMode,
    RollCallEntry,
    WorkMode,
)
from staffhub.service_requests.owners import OFFICE, TODAY
from staffhub.workdays import Plan, Way
from staffhub.workdays.fingers import CLOSE, MORNING, ONE, middle

_DAWN = bindparam("dawn", type_=UtcDateTime)

# What HR has written beside the marks: a time of coming or of going.
_SAID = (
    select(
        Correction.officer_id,
        func.count().filter(Correction.kind == CorrectionKind.CHECK_IN).label("came"),
        func.count().filter(Correction.kind == CorrectionKind.CHECK_OUT).label("went"),
    )
    .where(Correction.office_id == OFFICE, Correction.date == TODAY)
    .group_by(Correction.officer_id)
    .subquery()
)
_LAST = (
    select(Mark.id)
    .where(Mark.office_id == OFFICE, Mark.officer_id == Officer.id, Mark.date == TODAY)
    .order_by(Mark.attempted_at.desc(), Mark.turn.desc())
    .limit(1)
    .correlate(Officer)
    .scalar_subquery()
)


def _fingers() -> Any:
    """The first and the last of each, the first one that did not press "out", and the last one that did."""
    mark, whose, out = MachineMark, MachinePerson, MachineMark.kind == MarkKind.CHECK_OUT
    return (
        select(
            whose.officer_id,
            func.min(mark.at).label("first"),
            func.max(mark.at).label("last"),
            func.min(mark.at).filter(mark.kind.is_distinct_from(MarkKind.CHECK_OUT)).label("began"),
            func.max(mark.at).filter(out).label("out"),
        )
        .join(whose, (whose.machine_id == mark.machine_id) & (whose.number == mark.number))
        .where(mark.office_id == OFFICE, mark.date == TODAY, mark.at >= _DAWN)
        .where(whose.office_id == OFFICE, whose.first <= TODAY, or_(whose.last.is_(None), whose.last >= TODAY))
        .group_by(whose.officer_id)
        .subquery()
    )


_FINGERS = _fingers()


def _called() -> Any:
    """Who was there at the roll call, by what was ticked last."""
    one = RollCallEntry
    found = select(one.officer_id).where(one.office_id == OFFICE, one.date == TODAY, TICKED_THERE)
    return Officer.id.in_(found)


def _joined() -> Any:
    """Who opened the own way into a briefing, or was seen there."""

    def of(table: Any) -> Any:
        standup = (Meeting.id == table.meeting_id) & (Meeting.kind == MeetingKind.STANDUP)
        found = select(table.officer_id).join(Meeting, standup)
        return found.where(table.office_id == OFFICE, table.date == TODAY, table.officer_id.is_not(None))

    return or_(Officer.id.in_(of(JoinClick)), Officer.id.in_(of(Attendance)))


def with_coming(statement: Select[*tuple[Any, ...]], ways: Collection[Way]) -> Select[*tuple[Any, ...]]:
    """Ask for all that `has_come` and `has_gone` read. `ways`: what stands in for a check-in."""
    said, finger = _SAID.c, _FINGERS.c
    called = _called() if Way.ROLL_CALL in ways else false()
    joined = _joined() if Way.STANDUP in ways else false()
    return (
        statement.add_columns(
            Mark.kind.label("mark"),
            Mark.mode.label("mode"),
            Mark.attempted_at.label("tapped"),
            said.came,
            said.went,
            *(finger[name].label(f"finger_{name}") for name in ("first", "last", "began", "out")),
            called.label("called"),
            joined.label("joined"),
        )
        .outerjoin(Mark, Mark.id == _LAST)
        .outerjoin(_SAID, said.officer_id == Officer.id)
        .outerjoin(_FINGERS, finger.officer_id == Officer.id)
    )


def since_dawn(today: date, zone: ZoneInfo) -> dict[str, datetime]:
    return {"dawn": clock.at_local(today, MORNING, zone)}


def has_gone(row: Any, plan: Plan, today: date, zone: ZoneInfo) -> bool:
    if row.went or row.mark is MarkKind.CHECK_OUT:
        return True
    span, last = plan.span(today, zone), row.finger_last
    if last is None or (row.mark and row.mode is not WorkMode.OFFICE):
        return False
    since = row.tapped + CLOSE if row.mark else _began(row, plan, today, zone)
    told = row.finger_out == last
    # While the day runs, one within its hours may be of somebody who comes back.
    return (since is None or last > since) and (told or (span is not None and last >= span[1]))


def has_come(row: Any, plan: Plan, today: date, zone: ZoneInfo) -> WorkMode | PlanMode | None:
    """Return where somebody is who has come; None: nobody and nothing says so."""
    if row.came or row.mark is MarkKind.CHECK_IN:
        return row.mode or plan.mode
    # Of who has leave for the morning nothing was asked then.
    asked = plan.half is None or plan.half.part is not DayPart.MORNING
    if _began(row, plan, today, zone) or (asked and row.called):
        return WorkMode.OFFICE
    return plan.mode if asked and row.joined else None


def _began(row: Any, plan: Plan, today: date, zone: ZoneInfo) -> datetime | None:
    """Return the finger that is an arrival; a single one after the middle of the hours is of somebody who leaves."""
    began: datetime | None = row.finger_began
    if began and row.finger_last - row.finger_first <= ONE and began > middle(plan, today, zone):
        return None
    return began
