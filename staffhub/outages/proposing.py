"""Outages that the program proposes, out of what it noticed of itself: neighbours are one, and a blip is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, claims, notify, office
from staffhub.db import Database, rows, write_over
from staffhub.models import (
    NoticeKind,
    Office,
    Outage,
    OutageAct,
    OutageKind,
    OutageState,
    OutageStep,
    Role,
    Trouble,
    TroubleSign,
)
from staffhub.outages.noticing import QUIET
from staffhub.outages.steps import note, span_of
from staffhub.outages.touched import Span, touched
from staffhub.outages.waited import waited_together

# Troubles that lie no further apart are one disturbance; after so long without one it is over.
NEAR = timedelta(minutes=5)
# How far back is looked: what a killed process left behind is found on the next day as well.
_BACK = timedelta(days=2)
# Without a gap: so many people met, or so many refusals where nobody is known, within at least two minutes.
_PEOPLE, _TIMES = 3, 20


class _Sign(NamedTuple):
    kind: Trouble
    first: datetime
    last: datetime
    times: int
    officers: list[int]


@dataclass
class _Run:
    """Signs of one kind of outage, one after the other."""

    kind: OutageKind
    signs: list[_Sign] = field(default_factory=list)

    @property
    def first(self) -> datetime:
        return self.signs[0].first

    @property
    def last(self) -> datetime:
        return max(one.last for one in self.signs)

    @property
    def officers(self) -> list[int]:
        return sorted({who for one in self.signs for who in one.officers})

    @property
    def is_worth(self) -> bool:
        if any(one.kind in {Trouble.GAP, Trouble.WAITED} for one in self.signs):
            return True
        if self.kind is OutageKind.ZOOM:
            return self.last - self.first >= QUIET
        met = len(self.officers) >= _PEOPLE or sum(one.times for one in self.signs) >= _TIMES
        return met and self.last - self.first >= QUIET

    @property
    def evidence(self) -> dict[str, Any]:
        """Minutes and times by kind; of a gap its minutes alone say something."""
        found: dict[str, dict[str, int]] = {}
        for kind in Trouble:
            mine = [one for one in self.signs if one.kind is kind]
            if mine:
                minutes = sum(int((one.last - one.first).total_seconds()) // 60 for one in _apart(mine))
                found[kind.value] = {"minutes": minutes, "times": sum(one.times for one in mine)}
        return found


def _apart(signs: Sequence[_Sign]) -> Iterator[_Sign]:
    """Yield signs of one kind without the minutes that several processes told."""
    reached = datetime.min.replace(tzinfo=signs[0].first.tzinfo)
    for one in sorted(signs, key=lambda sign: sign.first):
        if one.last > reached:
            yield one._replace(first=max(one.first, reached))
            reached = one.last


_SIGNS: Any = (
    select(TroubleSign.kind, TroubleSign.first, TroubleSign.last, TroubleSign.count, TroubleSign.officers)
    .where(TroubleSign.office_id == bindparam("office"), TroubleSign.last > bindparam("since"))
    .order_by(TroubleSign.first, TroubleSign.id)
)


def propose_due(database: Database, *, now: datetime) -> int:
    """Propose what is over and not proposed yet; return how many are new or grew."""
    with database.reading() as db:
        offices = db.scalars(select(Office.id).order_by(Office.id)).all()
        some = [one for one in offices if any(_signs(db, one, now - _BACK))]
    done = 0
    for office_id in some:
        with database.transaction() as db:
            claims.hold(db, f"outages:{office_id}", now=now)
            done += propose(db, office_id, now=now)
    return done


def propose(db: Session, office_id: int, *, now: datetime) -> int:
    """Propose what is over in an office; return how many outages are new or grew."""
    signs, done = list(_signs(db, office_id, now - _BACK)), 0
    for kind in OutageKind:
        mine = [one for one in signs if (one.kind is Trouble.ZOOM) == (kind is OutageKind.ZOOM)]
        decided, proposed = _known(db, office_id, kind, now - 2 * _BACK) if mine else ([], [])
        for run in _runs(kind, _outside(mine, decided)):
            if run.is_worth and run.last + NEAR <= now:
                there = next((one for one in proposed if _meet(one.first, one.last, run.first, run.last)), None)
                done += _grow(db, there, run, now) if there else _add(db, office_id, run, now)
    return done


def _signs(db: Session, office_id: int, since: datetime) -> Iterator[_Sign]:
    """What was counted, and what taps tell that came late together."""
    for row in rows(db, _SIGNS, office=office_id, since=since):
        yield _Sign(*row)
    for one in waited_together(db, office_id, since):
        yield _Sign(Trouble.WAITED, *one)


def _known(
    db: Session, office_id: int, kind: OutageKind, since: datetime
) -> tuple[list[tuple[datetime, datetime]], list[Outage]]:
    """Return how far those reach, or ever reached, of which a person has said something, and the proposals."""
    mine = (Outage.office_id == office_id, Outage.kind == kind, Outage.last > since)
    found = db.scalars(select(Outage).where(*mine).order_by(Outage.first)).all()
    spoken = [one.id for one in found if one.state is not OutageState.PROPOSED or one.source]
    step = OutageStep
    reach = (
        select(sa.func.min(step.first), sa.func.max(step.last))
        .where(step.office_id == office_id, step.outage_id.in_(spoken))
        .group_by(step.outage_id)
    )
    decided = [(first, last) for first, last in db.execute(reach)] if spoken else []
    return decided, [one for one in found if one.id not in spoken]


def _outside(signs: Sequence[_Sign], decided: Sequence[tuple[datetime, datetime]]) -> Iterator[_Sign]:
    """Yield what is not spoken of yet; of a gap that goes on after a decision, the rest."""
    for one in signs:
        rest: _Sign | None = one
        for first, last in decided:
            if rest and _meet(first, last, rest.first, rest.last):
                rest = rest._replace(first=last) if rest.last > last + NEAR and rest.kind is Trouble.GAP else None
        if rest:
            yield rest


def _runs(kind: OutageKind, signs: Iterator[_Sign]) -> Iterator[_Run]:
    run = _Run(kind)
    for one in sorted(signs, key=lambda sign: sign.first):
        if run.signs and one.first > run.last + NEAR:
            yield run
            run = _Run(kind)
        run.signs.append(one)
    if run.signs:
        yield run


def _meet(first: datetime, last: datetime, other_first: datetime, other_last: datetime) -> bool:
    return first <= other_last + NEAR and other_first <= last + NEAR


def _add(db: Session, office_id: int, run: _Run, now: datetime) -> int:
    """Nothing is proposed that touches nobody: a machine that is off at night, or a restart on a Sunday."""
    people = touched(db, office_id, Span(run.kind, run.first, run.last, frozenset(run.officers)))
    if not people:
        return 0
    row = Outage(
        office_id=office_id,
        kind=run.kind,
        state=OutageState.PROPOSED,
        first=run.first,
        last=run.last,
        source="",
        evidence=run.evidence,
        officers=run.officers,
        created_at=now,
    )
    db.add(row)
    db.flush()
    note(db, row, OutageAct.NOTICED, turn=1, people=people, by=None, reason="", key=f"noticed:{row.id}:1", now=now)
    _record(db, row, len(people), now)
    _tell(db, row, now)
    return 1


def _grow(db: Session, row: Outage, run: _Run, now: datetime) -> int:
    """A proposal that nobody has decided takes in what was noticed since; whoever has it open is told at the press."""
    first, last = min(row.first, run.first), max(row.last, run.last)
    met = sorted({*row.officers, *run.officers})
    # What was counted two days ago is not read again, and stands.
    most = {kind: max((row.evidence.get(kind, {}), told), key=_weight) for kind, told in run.evidence.items()}
    evidence = row.evidence | most
    if (first, last, met, evidence) == (row.first, row.last, row.officers, row.evidence):
        return 0
    turn = row.version + 1
    values: dict[str, Any] = {"first": first, "last": last, "officers": met, "evidence": evidence}
    write_over(db, Outage, row.id, seen=row.version, **values)
    db.refresh(row)
    people = touched(db, row.office_id, span_of(row))
    note(
        db,
        row,
        OutageAct.NOTICED,
        turn=turn,
        people=people,
        by=None,
        reason="",
        key=f"noticed:{row.id}:{turn}",
        now=now,
    )
    _record(db, row, len(people), now)
    return 1


def _weight(told: dict[str, int]) -> int:
    return told.get("times", 0) + told.get("minutes", 0)


def _tell(db: Session, row: Outage, now: datetime) -> None:
    """HR hears of it once, however it grows; whoever decides ends it."""
    first = row.first.astimezone(office.facts(db, row.office_id).zone)
    notify.tell(
        db,
        office_id=row.office_id,
        kind=NoticeKind.OUTAGE_NOTICED,
        params={"day": first.date(), "time": first.time()},
        address=f"/admin/outages/{row.id}",
        key=f"outage:{row.id}",
        now=now,
        roles=[Role.HR],
        subject=notify.Subject("outage", row.id),
    )


def _record(db: Session, row: Outage, people: int, now: datetime) -> None:
    facts: dict[str, Any] = {"first": row.first, "last": row.last, "people": people}
    audit.record(db, None, "outage.noticed", "outage", row.id, now=now, office_id=row.office_id, **facts)
