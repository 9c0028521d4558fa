"""What is told before an order or an exemption is written: nothing of it is refused, all of it could be meant so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, days, workdays
from staffhub.db import digest
from staffhub.models import (
    PlanEntry,
    PlanGrant,
    PlanLayer,
    PlanMode,
)
from staffhub.orders.people import Named
from staffhub.orders.wished import Wished, wished
from staffhub.roster import coverage, covering
from staffhub.roster.entries import dates
from staffhub.security import Viewer
from staffhub.workdays import Granted


class Held(NamedTuple):
    """Somebody whose plan says something else on some of these dates: leave lies over an order, a new order over it."""

    name: str
    layer: PlanLayer
    document: str
    first: date
    last: date


class Short(NamedTuple):
    """A span of working days on which a division would have fewer people of a group in the office than it must."""

    division: str
    group: str
    have: int
    need: int
    first: date
    last: date


@dataclass(frozen=True)
class Told:
    """`wished`: leave that is only asked for; `past`: how many of the dates are over.

    `signed`: months that are signed, by their first day.
    """

    held: tuple[Held, ...] = ()
    wished: tuple[Wished, ...] = ()
    short: tuple[Short, ...] = ()
    signed: tuple[date, ...] = ()
    past: int = 0

    def __bool__(self) -> bool:
        return bool(self.held or self.wished or self.short or self.signed or self.past)

    @property
    def digest(self) -> str:
        """What the button that answers it sends, so that nobody confirms what was not shown."""
        return digest(repr(self))[:32]


NOTHING = Told()
ON_DUTY = Granted(PlanLayer.DUTY, PlanMode.FIELD)


def told_of(
    db: Session, me: Viewer, people: Sequence[Named], first: date, last: date, *, instead: Granted | None, now: datetime
) -> Told:
    """Look at what these people's dates hold already; `instead`: what takes them out of the office."""
    today = clock.local_day(now, me.zone)
    past = sum(day < today for day in dates(first, last))
    short = _short(db, me.office_id, people, first, last, instead) if instead else ()
    asked = wished(db, me.office_id, [one.id for one in people], first, last)
    signed = tuple(days.signed(db, me.office_id, first, last))
    return Told(_held(db, me.office_id, people, first, last), tuple(asked), short, signed, past)


def _held(db: Session, office_id: int, people: Sequence[Named], first: date, last: date) -> tuple[Held, ...]:
    entry, grant = PlanEntry, PlanGrant
    names = {one.id: one.name for one in people}
    found = db.execute(
        select(entry.officer_id, entry.layer, grant.document, func.min(entry.date), func.max(entry.date))
        .join(grant, grant.id == entry.grant_id)
        .where(entry.office_id == office_id, entry.date.between(first, last))
        .where(entry.layer.in_([PlanLayer.LEAVE, PlanLayer.DUTY]))
        .group_by(entry.officer_id, entry.layer, grant.document, grant.id)
        .order_by(func.min(entry.date), entry.officer_id, grant.id)
    )
    # The number of a leave letter says what kind of leave it is; that somebody is away is enough.
    return tuple(
        Held(names[officer], layer, document if layer is PlanLayer.DUTY else "", start, end)
        for officer, layer, document, start, end in found
        if officer in names
    )


def _short(
    db: Session, office_id: int, people: Sequence[Named], first: date, last: date, instead: Granted
) -> tuple[Short, ...]:
    """Say on which days a division would lack somebody, or one more, as publishing its roster counts them."""
    touched, days_of_it = {one.division_id for one in people}, dates(first, last)
    serving = coverage.serving(db, office_id, first, last) if touched - {None} else []
    if not serving:
        return ()
    book = workdays.plans(db, office_id, first, last)
    gone = book.with_granted({(one.id, day): instead for one in people for day in days_of_it})
    home = coverage.kept_home(db, office_id, first, last)
    found: list[Short] = []
    for there in covering.months(db, office_id, days_of_it, serving, book, home):
        if there.bidang.id not in touched:
            continue
        before = {(one.day, one.group): one.missing for one in there.lacking()}
        found += (
            Short(there.bidang.short_name, one.label, one.have, one.minimum, one.day, one.day)
            for one in replace(there, book=gone).lacking()
            if one.missing > before.get((one.day, one.group), 0)
        )
    return _spans(found)


def _spans(found: Sequence[Short]) -> tuple[Short, ...]:
    """Join the days that follow each other, but for a weekend, and say the same."""
    spans: list[Short] = []
    same = sorted(found, key=lambda one: (*one[:4], one.first))
    for _key, alike in groupby(same, key=lambda one: one[:4]):
        run: Short | None = None
        for one in alike:
            goes_on = run is not None and one.first - run.last <= timedelta(days=3)
            spans[-1:] = [run._replace(last=one.last)] if run and goes_on else [*spans[-1:], one]
            run = spans[-1]
    return tuple(sorted(spans, key=lambda one: (one.first, one.division, one.group)))
