"""Ranges of dates that are granted, and what is taken out of them. Both are facts; the entries by date follow.

Within a layer the newest range holds on its dates. What it covers stays as it was granted, and comes back when the
newer one is taken out. Every layer is written by whoever writes the officer's plan: HR and the head of the division.
`decided`: it rests on a decision of another room, which says who may; days that are over are then written as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.db import lock_row, rows
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    STUDY,
    DayPart,
    DutyAssignment,
    ExemptionPerson,
    Officer,
    PlanEnding,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    PlanMode,
)
from staffhub.roster.entries import dates, settle
from staffhub.roster.entries import left as left_of
from staffhub.roster.plan import Planned, refuse_past, writes_past
from staffhub.security import Viewer

# A longer range is more likely a slip of the finger than a plan.
_LONGEST = timedelta(days=186)
_FARTHEST = timedelta(days=731)
# What of its mode a range may be; nobody need say.
KINDS: dict[PlanMode, tuple[str, ...]] = {
    PlanMode.LEAVE: ("", *(kind.value for kind in workdays.LeaveKind)),
    PlanMode.FIELD: ("", STUDY),
}


@dataclass(frozen=True)
class Granting:
    """What came of writing a range. `days`: on how many it counts; `hidden`: on how many of them a higher layer lies.
    `past`: how many of them are over.

    `replaced`: ranges of the same layer that it covers now. `first_time` False: it stood there already.
    """

    grant_id: int
    days: int
    hidden: int = 0
    past: int = 0
    replaced: tuple["Line", ...] = ()
    first_time: bool = True


@dataclass(frozen=True)
class Line:
    """A range as its page shows it. `holds`: the dates that it is for, without what was taken out or replaced.

    `taken_out`: dates that were taken out of it, as (first, last).
    """

    id: int
    layer: PlanLayer
    mode: PlanMode
    kind: str
    first: date
    last: date
    note: str
    document: str
    on_free_days: bool
    part: DayPart | None
    holds: tuple[date, ...]
    taken_out: tuple[tuple[date, date], ...]

    @property
    def left(self) -> list[date]:
        """The dates that were not taken out."""
        return left_of(self.first, self.last, self.taken_out)

    @property
    def covered(self) -> list[date]:
        """The dates on which a newer range of the same layer holds; taken out there, this one comes back."""
        held = set(self.holds)
        return [day for day in self.left if day not in held]


def layer_of(mode: PlanMode, asked: PlanLayer | None) -> PlanLayer:
    """Return the layer of what is written: leave is always leave, anything else rests on what is said, or on a hand."""
    if mode is PlanMode.LEAVE and asked in {None, PlanLayer.HAND, PlanLayer.LEAVE}:
        return PlanLayer.LEAVE
    if mode is PlanMode.LEAVE or asked is PlanLayer.LEAVE:
        raise Refused(_("Leave stands for itself: choose no other basis for it."), field="layer")
    return asked or PlanLayer.HAND


def refuse_span(me: Viewer, first: date, last: date, now: datetime) -> None:
    """Refuse what is more likely a slip of the finger than a range of a plan."""
    if abs(first - clock.local_day(now, me.zone)) > _FARTHEST:
        raise Refused(_("Check the year."), field="first")
    if last < first:
        raise Refused(_("The last day is before the first."), field="last")
    if last - first > _LONGEST:
        raise Refused(_("Write at most half a year at once."), field="last")


def grant(
    db: Session,
    me: Viewer,
    officer: Planned,
    *,
    first: date,
    last: date,
    mode: PlanMode,
    kind: str = "",
    layer: PlanLayer | None = None,
    note: str = "",
    document: str = "",
    on_free_days: bool = False,
    part: DayPart | None = None,
    key: str | None = None,
    decided: bool = False,
    now: datetime,
) -> Granting:
    """Write a range. It counts on the working days in it; a single free day is written for whoever is on duty then.

    `part`: it is leave for that half of a single day.
    """
    layer = layer_of(mode, layer)
    if kind not in KINDS.get(mode, ("",)) or (part and (layer is not PlanLayer.LEAVE or first != last)):
        raise Refused(_("Choose one of the list."), field="kind")
    if not decided:
        refuse_past(me, first, now, field="first")
    refuse_span(me, first, last, now)
    lock_row(db, Officer, officer.id)
    facts: dict[str, Any] = {
        "layer": layer,
        "first": first,
        "last": last,
        "mode": mode,
        "kind": kind,
        "part": part,
        "note": note,
        "document": document,
    }
    working = _working_days(db, me, officer, first, last)
    facts["on_free_days"] = mode is not PlanMode.LEAVE and (on_free_days or (first == last and not working))
    if not working and not facts["on_free_days"]:
        raise Refused(_("There is no working day in this range."), field="last")
    before = _lines(db, me, officer, first, last, layer)
    there = _written_before(db, me, officer, facts, key, before)
    if there:
        return Granting(there, 0, first_time=False)
    grant_id = _insert(db, me, officer, facts, key, now)
    settle(db, me.office_id, [officer.id], layer, first, last)
    audit.record(db, me, "plan.granted", "officer", officer.id, now=now, grant=grant_id, **facts)
    days = dates(first, last) if facts["on_free_days"] else working
    replaced = tuple(line for line in before if set(line.holds) & set(dates(first, last)))
    past = sum(day < clock.local_day(now, me.zone) for day in days)
    return Granting(grant_id, len(days), _hidden(db, me, officer, grant_id, days), past, replaced)


def _working_days(db: Session, me: Viewer, officer: Planned, first: date, last: date) -> list[date]:
    book = workdays.plans(db, me.office_id, first, last, officers=[officer.id])
    return [day for day in dates(first, last) if book.usual(officer.id, day).mode is not None]


def _hidden(db: Session, me: Viewer, officer: Planned, grant_id: int, days: Sequence[date]) -> int:
    book = workdays.plans(db, me.office_id, days[0], days[-1], officers=[officer.id])
    return sum(any(one.grant_id == grant_id for one in book.of(officer.id, day).over) for day in days)


def _written_before(
    db: Session, me: Viewer, officer: Planned, facts: dict[str, Any], key: str | None, before: Sequence[Line]
) -> int | None:
    """Return the range that the same press, or the same words in another tab, wrote already."""
    same = [line for line in before if all(getattr(line, name) == value for name, value in facts.items())]
    whole = [line.id for line in same if len(line.holds) == (line.last - line.first).days + 1]
    if whole or key is None:
        return whole[0] if whole else None
    pressed = select(PlanGrant.id).where(
        PlanGrant.office_id == me.office_id, PlanGrant.officer_id == officer.id, PlanGrant.idempotency_key == key
    )
    found = db.scalar(pressed)
    return found if found in {line.id for line in same} else None


def _insert(db: Session, me: Viewer, officer: Planned, facts: dict[str, Any], key: str | None, now: datetime) -> int:
    who = {"office_id": me.office_id, "officer_id": officer.id, "created_by": me.account_id, "created_at": now}
    taken = PlanGrant.idempotency_key == key
    used = key and db.scalar(
        select(PlanGrant.id).where(PlanGrant.office_id == me.office_id, PlanGrant.officer_id == officer.id, taken)
    )
    # A form that was sent, changed and sent again is a new wish under a key that is spent.
    added = PlanGrant(**who, **facts, idempotency_key=None if used else key)
    db.add(added)
    db.flush()
    return added.id


class _Range(NamedTuple):
    id: int
    layer: PlanLayer
    mode: PlanMode
    kind: str
    first: date
    last: date
    note: str
    document: str
    on_free_days: bool
    part: DayPart | None


_RANGES = (
    select(
        PlanGrant.id,
        PlanGrant.layer,
        PlanGrant.mode,
        PlanGrant.kind,
        PlanGrant.first,
        PlanGrant.last,
        PlanGrant.note,
        PlanGrant.document,
        PlanGrant.on_free_days,
        PlanGrant.part,
        PlanEnding.first,
        PlanEnding.last,
    )
    .outerjoin(PlanEnding, and_(PlanEnding.grant_id == PlanGrant.id, PlanEnding.office_id == PlanGrant.office_id))
    .where(PlanGrant.office_id == bindparam("office"), PlanGrant.officer_id == bindparam("officer"))
    .where(PlanGrant.first <= bindparam("until"), PlanGrant.last >= bindparam("since"))
    .order_by(PlanGrant.id, PlanEnding.id)
)
_ENTRIES = (
    select(PlanEntry.grant_id, PlanEntry.date)
    .where(PlanEntry.office_id == bindparam("office"), PlanEntry.officer_id == bindparam("officer"))
    .where(PlanEntry.date.between(bindparam("since"), bindparam("until")))
    .order_by(PlanEntry.date)
)


def _ranges(
    db: Session, office_id: int, officer_id: int, since: date, until: date, layer: PlanLayer | None = None
) -> list[tuple[_Range, list[tuple[date, date]]]]:
    """Load the ranges that touch these dates, oldest first, each with what was taken out of it, in one statement."""
    found: dict[int, tuple[_Range, list[tuple[date, date]]]] = {}
    for *facts, first, last in rows(db, _RANGES, office=office_id, officer=officer_id, since=since, until=until):
        row = _Range._make(facts)
        if layer in {None, row.layer}:
            _row, taken = found.setdefault(row.id, (row, []))
            if first is not None:
                taken.append((first, last))
    return list(found.values())


def _lines(
    db: Session, me: Viewer, officer: Planned, since: date, until: date, layer: PlanLayer | None = None
) -> list[Line]:
    found = _ranges(db, me.office_id, officer.id, since, until, layer)
    holds: dict[int, list[date]] = {row.id: [] for row, _taken in found}
    if not found:
        return []
    span = {"since": min(row.first for row, _taken in found), "until": max(row.last for row, _taken in found)}
    for grant_id, day in rows(db, _ENTRIES, office=me.office_id, officer=officer.id, **span):
        if grant_id in holds:
            holds[grant_id].append(day)
    return [Line(*row, tuple(holds[row.id]), tuple(taken)) for row, taken in found]


def lines_of(db: Session, me: Viewer, officer: Planned, first: date, last: date) -> list[Line]:
    """Return the ranges that touch these dates and are not wholly taken out, by date, in two statements."""
    found = _lines(db, me, officer, first, last)
    return sorted((line for line in found if line.left), key=lambda line: (line.first, line.id))


def withdraw(db: Session, me: Viewer, officer: Planned, grant_id: int, *, decided: bool = False, now: datetime) -> int:
    """Take a whole range back; return from how many dates. A head leaves days that are over alone."""
    row = _grant_for(db, me, officer, grant_id)
    today = clock.local_day(now, me.zone)
    first = row.first if decided or writes_past(me) else max(row.first, today)
    return _end(db, me, officer, row, first, row.last, decided=decided, now=now)


def take_out(db: Session, me: Viewer, officer: Planned, grant_id: int, *, day: date, now: datetime) -> int:
    """Take one date out of a range."""
    row = _grant_for(db, me, officer, grant_id)
    if not row.first <= day <= row.last:
        raise Refused(_("This date is not in the range."), field="date")
    return _end(db, me, officer, row, day, day, now=now)


def shorten(
    db: Session, me: Viewer, officer: Planned, grant_id: int, *, last: date, decided: bool = False, now: datetime
) -> int:
    """Let a range end earlier than it was granted."""
    row = _grant_for(db, me, officer, grant_id)
    if not row.first <= last < row.last:
        raise Refused(_("The new last day lies within the range, before its last day."), field="last")
    return _end(db, me, officer, row, last + timedelta(days=1), row.last, decided=decided, now=now)


def end_after(db: Session, me: Viewer, officer: Planned, *, last: date, now: datetime) -> int:
    """Take out of every range what lies after somebody's last day; return from how many of them.

    A head leaves days that are over alone. What is out already stays out, so a second tap takes out nothing.
    """
    lock_row(db, Officer, officer.id)
    after = last + timedelta(days=1)
    first = after if writes_past(me) else max(after, clock.local_day(now, me.zone))
    ranges = _ranges(db, me.office_id, officer.id, first, date.max)
    return sum(_end(db, me, officer, row, max(row.first, first), row.last, now=now) > 0 for row, _taken in ranges)


def _grant_for(db: Session, me: Viewer, officer: Planned, grant_id: int) -> PlanGrant:
    lock_row(db, Officer, officer.id)
    row = db.get(PlanGrant, grant_id)
    if row is None or (row.office_id, row.officer_id) != (me.office_id, officer.id):
        raise NotFound(_("There is no such plan."))
    _refuse_of_letter(db, me, row)
    return row


def _refuse_of_letter(db: Session, me: Viewer, row: PlanGrant) -> None:
    """What rests on an order or an exemption is changed there, with a reason."""
    for table in (DutyAssignment, ExemptionPerson):
        if db.scalar(select(table.id).where(table.office_id == me.office_id, table.grant_id == row.id)):
            raise Refused(_("This plan rests on %(number)s: change it there.", number=row.document))


def _end(
    db: Session,
    me: Viewer,
    officer: Planned,
    row: PlanGrant | _Range,
    first: date,
    last: date,
    *,
    decided: bool = False,
    now: datetime,
) -> int:
    """Note what is taken out; what is out already stays out, and nothing new is noted."""
    if not decided:
        refuse_past(me, min(first, last), now, field="date")
    endings = select(PlanEnding.first, PlanEnding.last).where(
        PlanEnding.office_id == me.office_id, PlanEnding.grant_id == row.id
    )
    left = left_of(first, last, [(start, end) for start, end in db.execute(endings)])
    if not left:
        return 0
    db.add(
        PlanEnding(
            office_id=me.office_id, grant_id=row.id, first=first, last=last, created_by=me.account_id, created_at=now
        )
    )
    db.flush()
    settle(db, me.office_id, [officer.id], row.layer, first, last)
    audit.record(
        db, me, "plan.taken_out", "officer", officer.id, now=now, grant=row.id, first=first, last=last, mode=row.mode
    )
    return len(left)


def lay(db: Session, ranges: Sequence[dict[str, Any]], taken_out: Sequence[tuple[int, date, date]] = ()) -> list[int]:
    """Store many ranges at once, with the entries of their dates; later ones hold over earlier ones of their layer.

    `taken_out`: (place in `ranges`, first, last). For what comes from elsewhere as facts, of a demo or an import: no
    rule is asked, nothing is audited.
    """
    if not ranges:
        return []
    ranges = [{"kind": "", "part": None} | row for row in ranges]
    ids = list(db.scalars(insert(PlanGrant).returning(PlanGrant.id, sort_by_parameter_order=True), ranges))
    for place, start, end in taken_out:
        who = {name: ranges[place][name] for name in ("office_id", "created_by", "created_at")}
        db.add(PlanEnding(**who, grant_id=ids[place], first=start, last=end))
    db.flush()
    spans: dict[tuple[int, int, PlanLayer], tuple[date, date]] = {}
    for row in ranges:
        key = (row["office_id"], row["officer_id"], row["layer"])
        first, last = spans.get(key, (row["first"], row["last"]))
        spans[key] = (min(first, row["first"]), max(last, row["last"]))
    for (office_id, officer_id, layer), (first, last) in spans.items():
        settle(db, office_id, [officer_id], layer, first, last)
    return ids
