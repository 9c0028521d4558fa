"""Outages as their pages show them, and as a recap tells of them in its footnotes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock, days
from staffhub.db import rows
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    Account,
    Officer,
    Outage,
    OutageAct,
    OutageExcuse,
    OutageKind,
    OutageState,
    OutageStep,
)
from staffhub.outages.steps import span_of
from staffhub.outages.touched import Touched, touched
from staffhub.security import Viewer

PAGE = 25


class Line(NamedTuple):
    """An outage in the list; times are local, `people`: as many as its last step touched."""

    id: int
    kind: OutageKind
    state: OutageState
    first: datetime
    last: datetime
    source: str
    people: int


@dataclass(frozen=True)
class Listed:
    lines: list[Line]
    first: int
    last: int
    total: int
    waiting: int


def listed(db: Session, me: Viewer, *, page: int = 1) -> Listed:
    """Return the outages of the office, the newest first, and how many wait for a decision, in two statements."""
    me.require("outages")
    here, waits = Outage.office_id == me.office_id, Outage.state == OutageState.PROPOSED
    people = (
        select(OutageStep.people)
        .where(OutageStep.outage_id == Outage.id, OutageStep.turn == Outage.version)
        .correlate(Outage)
        .scalar_subquery()
    )
    start = (page - 1) * PAGE
    found = db.execute(
        select(Outage.id, Outage.kind, Outage.state, Outage.first, Outage.last, Outage.source, people)
        .where(here)
        .order_by(Outage.first.desc(), Outage.id.desc())
        .offset(start)
        .limit(PAGE)
    ).all()
    lines = [_local(Line(*row), me) for row in found]
    total, waiting = db.execute(select(func.count(), func.count().filter(waits)).where(here)).one()
    return Listed(lines, start + 1, start + len(lines), total, waiting)


def _local(line: Line, me: Viewer) -> Line:
    return line._replace(
        first=line.first.astimezone(me.zone), last=line.last.astimezone(me.zone), people=line.people or 0
    )


class Step(NamedTuple):
    act: OutageAct
    first: datetime
    last: datetime
    reason: str
    people: int
    author: str | None
    at: datetime


@dataclass(frozen=True)
class Shown:
    """An outage with what it rests on and whom it touches, times local; `signed`: months that are signed already."""

    id: int
    kind: OutageKind
    state: OutageState
    first: datetime
    last: datetime
    source: str
    evidence: dict[str, dict[str, int]]
    refused: int
    people: Sequence[Touched]
    steps: Sequence[Step]
    signed: Sequence[date]
    version: int

    @property
    def divisions(self) -> list[tuple[str, list[str]]]:
        """The names by bidang; who is met on several days stands there once."""
        groups = groupby(self.people, key=lambda one: one.division)
        return [(division, list(dict.fromkeys(one.name for one in some))) for division, some in groups]

    @property
    def count(self) -> int:
        return len(Counter(one.officer_id for one in self.people))


def one_for(db: Session, me: Viewer, outage_id: int) -> Shown:
    me.require("outages")
    row = db.get(Outage, outage_id)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such outage."))
    first, last = (clock.local_day(at, me.zone) for at in (row.first, row.last))
    return Shown(
        row.id,
        row.kind,
        row.state,
        row.first.astimezone(me.zone),
        row.last.astimezone(me.zone),
        row.source,
        row.evidence,
        len(row.officers),
        touched(db, me.office_id, span_of(row)) if row.state is not OutageState.CONFIRMED else _excused(db, row),
        _steps(db, me, row.id),
        tuple(days.signed(db, me.office_id, first, last)),
        row.version,
    )


def _excused(db: Session, row: Outage) -> list[Touched]:
    """Return whom it excuses as it was written, in the order of the office."""
    there = {(one.officer_id, one.day): one for one in touched(db, row.office_id, span_of(row))}
    order = {key: place for place, key in enumerate(there)}
    excuse = OutageExcuse
    found = db.execute(
        select(excuse.officer_id, Officer.name, excuse.date, excuse.occurrence_id)
        .join(Officer, Officer.id == excuse.officer_id)
        .where(excuse.office_id == row.office_id, excuse.outage_id == row.id)
    ).all()
    people = [
        Touched(who, name, there[who, day].division if (who, day) in there else "", day, occurrence)
        for who, name, day, occurrence in found
    ]
    return sorted(people, key=lambda one: (order.get((one.officer_id, one.day), len(order)), one.name, one.day))


def _steps(db: Session, me: Viewer, outage_id: int) -> list[Step]:
    step = OutageStep
    found = db.execute(
        select(
            step.act,
            step.first,
            step.last,
            step.reason,
            step.people,
            func.coalesce(Officer.name, Account.username),
            step.created_at,
        )
        .outerjoin(Account, Account.id == step.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .where(step.office_id == me.office_id, step.outage_id == outage_id)
        .order_by(step.turn)
    ).all()
    zone = me.zone
    return [
        Step(row[0], row[1].astimezone(zone), row[2].astimezone(zone), row[3], row[4], row[5], row[6].astimezone(zone))
        for row in found
    ]


class Footnote(NamedTuple):
    """A confirmed outage as a recap of some dates tells of it, and whom it excuses."""

    outage_id: int
    kind: OutageKind
    first: datetime
    last: datetime
    people: tuple[tuple[int, str], ...]

    def of(self, officers: Iterable[int]) -> list[str]:
        wanted = set(officers)
        return [name for id_, name in self.people if id_ in wanted]


_FOOTNOTES: Any = (
    select(Outage.id, Outage.kind, Outage.first, Outage.last, Officer.id, Officer.name)
    .select_from(OutageExcuse)
    .join(Outage, Outage.id == OutageExcuse.outage_id)
    .join(Officer, Officer.id == OutageExcuse.officer_id)
    .where(OutageExcuse.office_id == bindparam("office"))
    .where(OutageExcuse.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
    .group_by(Outage.id, Outage.kind, Outage.first, Outage.last, Officer.id, Officer.name)
    .order_by(Outage.first, Outage.id, Officer.name, Officer.id)
)


def footnotes(db: Session, office_id: int, first: date, last: date) -> list[Footnote]:
    """Return the outages that excuse somebody on some of these dates, in their order."""
    found = rows(db, _FOOTNOTES, office=office_id, first=first, last=last)
    return [
        Footnote(id_, kind, since, until, tuple((row[4], row[5]) for row in some))
        for (id_, kind, since, until), some in groupby(found, key=lambda row: tuple(row[:4]))
    ]
