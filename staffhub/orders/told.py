"""What is told before an order or an exemption is written: nothing of it is refused, all of it could be meant so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
    over = _over(db, me.office_id, first, last)
    lent = {(one.officer_id, one.desk_id) for one in over if one.desk_id}
    short = _short(db, me.office_id, {one.id for one in people}, first, last, instead, lent) if instead else ()
    asked = wished(db, me.office_id, [one.id for one in people], first, last)
    signed = tuple(days.signed(db, me.office_id, first, last))
    return Told(_held(over, people), tuple(asked), short, signed, past)


class _Over(NamedTuple):
    """A range that lies over the usual week of somebody: leave, duty, or a desk that the person is lent to."""

    officer_id: int
    layer: PlanLayer
    document: str
    desk_id: int | None
    first: date
    last: date


_HELD = PlanLayer.LEAVE, PlanLayer.DUTY


def _over(db: Session, office_id: int, first: date, last: date) -> list[_Over]:
    entry, grant = PlanEntry, PlanGrant
    found = db.execute(
        select(entry.officer_id, entry.layer, grant.document, grant.desk_id, func.min(entry.date), func.max(entry.date))
        .join(grant, grant.id == entry.grant_id)
        .where(entry.office_id == office_id, entry.date.between(first, last))
        .where(entry.layer.in_(_HELD) | grant.desk_id.is_not(None))
        .group_by(entry.officer_id, entry.layer, grant.document, grant.desk_id, grant.id)
        .order_by(func.min(entry.date), entry.officer_id, grant.id)
    )
    return [_Over._make(row) for row in found]


def _held(over: Sequence[_Over], people: Sequence[Named]) -> tuple[Held, ...]:
    names = {one.id: one.name for one in people}
    # The number of a leave letter says what kind of leave it is; that somebody is away is enough.
    return tuple(
        Held(names[one.officer_id], one.layer, one.document if one.layer is PlanLayer.DUTY else "", one.first, one.last)
        for one in over
        if one.layer in _HELD and one.officer_id in names
    )


def _short(
    db: Session,
    office_id: int,
    gone: Collection[int],
    first: date,
    last: date,
    instead: Granted,
    lent: Collection[tuple[int, int | None]],
) -> tuple[Short, ...]:
    """Say on which days a division would lack somebody, or one more, as publishing its roster counts them."""
    serving, days_of_it = coverage.serving(db, office_id, first, last), dates(first, last)
    stands = {(one.officer_id, one.division_id) for one in serving} | set(lent)
    desks = {desk for who, desk in stands if who in gone} - {None}
    if not desks:
        return ()
    book = workdays.plans(db, office_id, first, last, officers=sorted({who for who, desk in stands if desk in desks}))
    then = book.with_granted({(who, day): instead for who in gone for day in days_of_it})
    home = coverage.kept_home(db, office_id, first, last)
    return _spans(
        [
            Short(there.bidang.short_name, one.label, one.have, one.minimum, one.day, one.day)
            for there in covering.months(db, office_id, days_of_it, serving, book, home)
            if there.bidang.id in desks
            for one, more in there.short_by(then)
            if more
        ]
    )


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
