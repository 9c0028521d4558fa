"""Who is on duty now and how much each has already: beside each name the place today, and whom to choose first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from functools import cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import i18n, office, workdays
from staffhub.db import rows
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import (
    STUDY,
    DayPart,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanMode,
    Posting,
    Role,
    WorkMode,
    posting_near,
    posting_on,
    serves,
)
from staffhub.security import Scope, Viewer, within_reach
from staffhub.service_requests.coming import has_come, has_gone, since_dawn, with_coming
from staffhub.service_requests.lent import desk_of
from staffhub.service_requests.owners import HALF, IS_OPEN, OFFICE, TODAY, as_of, is_away_now, open_count


class Place(IntEnum):
    """In the order in which people are offered."""

    ON_DUTY = 0  # planned to work, and has checked in and not out
    EXPECTED = 1  # planned, not yet in
    OUT = 2  # checked out
    OFF = 3  # no work planned today, or away to study
    AWAY = 4  # on leave, or excused


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be given requests. `open`: how many requests are on the desk already.

    `division_id`: which is served today, `own_id` of whom it is one of the people: another one of who is lent.
    `mode`: where the work is, as the mark says and without one the plan; None where there is no work. `until`, `half`:
    of who is away, the last day, and which half when it is half of today. `leads`: a head, who is chosen by hand and
    never proposed.
    """

    id: int
    name: str
    division_id: int | None
    division: str
    own_id: int | None
    own: str
    leads: bool
    open: int
    place: Place
    mode: WorkMode | PlanMode | None
    until: date | None
    half: DayPart | None

    @property
    def load(self) -> str:
        return ngettext("%(num)s request", "%(num)s requests", self.open)

    @property
    def where(self) -> str:
        """The place today in words."""
        place = {"office": _("in the office"), "home": _("at home"), "field": _("on field duty")}.get(
            self.mode or "", ""
        )
        if self.place is Place.AWAY:
            return away(self.until, self.half)
        return {
            Place.ON_DUTY: place,
            Place.EXPECTED: _("not in yet, planned %(place)s", place=place),
            Place.OUT: _("checked out"),
        }.get(self.place, _("no work today"))


def away(until: date | None, half: DayPart | None = None) -> str:
    if half:
        return _("on leave this half of the day")
    return _("on leave until %(day)s", day=i18n.day(until)) if until else _("on leave today")


def candidates(
    db: Session, me: Viewer, *, division_id: int | None, now: datetime, instead_of: int | None = None
) -> list[Candidate]:
    """Return who may be given requests of a division, in three statements.

    Its own people first, who is on duty before who is not, then who has least on the desk.
    """
    asked = as_of(db, me, now)
    today: date = asked["today"]
    ways = workdays.besides_marks(workdays.calendar(db, me.office_id).ways_between(today, today))
    found = rows(db, _people(me.scope, ways), **asked, **me.reach, **since_dawn(today, me.zone)).all()
    plans = workdays.plans(db, me.office_id, today, today, officers=[row.id for row in found])
    names = office.divisions(db, me.office_id)
    people = [_candidate(row, plans.of(row.id, today), today, me.zone, names) for row in found if row.id != instead_of]
    return sorted(people, key=lambda one: (one.division_id != division_id, one.place, one.leads, one.open, one.name))


_NO_STAND_INS: Mapping[int, int] = MappingProxyType({})


def proposed(
    people: Sequence[Candidate],
    division_id: int | None,
    holder_id: int | None = None,
    stand_ins: Mapping[int, int] = _NO_STAND_INS,
) -> Candidate | None:
    """Return who should be given the next one: the stand-in of who has it, or on duty, of its division, with the least.

    None: nobody is on duty.
    """
    return deal(people, [(division_id, holder_id)], stand_ins)[0]


def deal(
    people: Sequence[Candidate],
    wanted: Sequence[tuple[int | None, int | None]],
    stand_ins: Mapping[int, int] = _NO_STAND_INS,
) -> list[Candidate | None]:
    """Deal requests out, each to who of its division is on duty and has least by then; None where nobody is.

    `wanted`: the division of each, and who has it now. `stand_ins`: who comes first in the place of somebody on leave,
    on duty already or not, but for who is on leave as well.
    """
    load = {one: one.open for one in people if one.place is Place.ON_DUTY and not one.leads}
    named = {one.id: one for one in people if one.place is not Place.AWAY}
    dealt: list[Candidate | None] = []
    for division_id, holder_id in wanted:
        fit = [one for one in load if one.division_id == division_id and one.id != holder_id]
        who = named.get(stand_ins.get(holder_id or 0, 0))
        if who is None or who.division_id != division_id:
            who = min(fit, key=lambda one: (load[one], one.name, one.id), default=None)
        if who in load:
            load[who] += 1
        dealt.append(who)
    return dealt


def _candidate(
    row: Any, plan: workdays.Plan, today: date, zone: ZoneInfo, names: Mapping[int, office.Bidang]
) -> Candidate:
    place, mode = _place(row, plan, today, zone)
    serves_at = plan.desk or row.division_id
    served, own = (names.get(one) for one in (serves_at, row.division_id))
    gone = place is Place.AWAY
    return Candidate(
        id=row.id,
        name=row.name,
        division_id=serves_at,
        division=served.short_name if served else "",
        own_id=row.division_id,
        own=own.short_name if own else "",
        leads=row.role in {Role.DIVISION_HEAD, Role.OFFICE_HEAD},
        open=row.open,
        place=place,
        mode=mode,
        until=row.until if gone else None,
        half=row.half if gone else None,
    )


def _place(row: Any, plan: workdays.Plan, today: date, zone: ZoneInfo) -> tuple[Place, WorkMode | PlanMode | None]:
    """Marks of today count and none of yesterday: after midnight nobody is on duty who has not come anew."""
    if row.away:
        return Place.AWAY, None
    if not plan.is_work or plan.kind == STUDY:
        return Place.OFF, None
    if has_gone(row, plan, today, zone):
        return Place.OUT, plan.mode
    where = has_come(row, plan, today, zone)
    return (Place.ON_DUTY, where) if where else (Place.EXPECTED, plan.mode)


def _of_leave(column: Any) -> Any:
    """Ask the leave of TODAY of an officer whom the statement joins."""
    return (
        select(column)
        .select_from(PlanEntry)
        .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
        .join(_held, _held.grant_id == PlanEntry.grant_id)
        .where(PlanEntry.office_id == OFFICE, PlanEntry.officer_id == Officer.id, PlanEntry.date == TODAY)
        .where(PlanGrant.mode == PlanMode.LEAVE, PlanGrant.part.is_(None) | (PlanGrant.part == HALF))
        .correlate(Officer)
        .scalar_subquery()
    )


_held = aliased(PlanEntry)
# Until when somebody is away, for a statement that joins Officer; None: not away.
UNTIL = case((is_away_now(Officer.id), func.coalesce(_of_leave(func.max(_held.date)), TODAY)), else_=None)


@cache
def _people(scope: Scope, ways: frozenset[workdays.Way]) -> Select[*tuple[Any, ...]]:
    people = (
        select(
            Officer.id,
            Officer.name,
            Posting.division_id,
            Posting.role,
            open_count(IS_OPEN).label("open"),
            is_away_now(Officer.id).label("away"),
            UNTIL.label("until"),
            case((is_away_now(Officer.id), _of_leave(func.max(PlanGrant.part))), else_=None).label("half"),
        )
        .outerjoin(Posting, posting_on(TODAY))
        .where(Officer.office_id == OFFICE, serves(TODAY, TODAY), _offered(scope))
    )
    return with_coming(people, ways)


def _offered(scope: Scope) -> ColumnElement[bool]:
    """Who is within reach, and whoever is lent there."""
    here = within_reach(scope, Officer.id, Posting.division_id)
    return or_(here, within_reach(scope, Officer.id, desk_of(Officer.id))) if scope is Scope.DIVISION else here


class OnLeave(Refused):
    """Whoever should get it is on leave `until` then: it is possible, once that was said and pressed again."""

    def __init__(self, name: str, until: date) -> None:
        said = _("%(name)s is on leave until %(day)s.", name=name, day=i18n.day(until))
        super().__init__(said, field="assignee")
        self.name, self.until = name, until


@dataclass(frozen=True)
class Taker:
    """Who is to be given requests. `until`: on leave now, and the last day of it. `desk_id`: whose desk is kept today
    by who is lent.
    """

    id: int
    name: str
    division_id: int | None
    serves: bool
    until: date | None
    desk_id: int | None

    def is_within(self, me: Viewer) -> bool:
        """Whether it is mine to give this one something: one of my people, or somebody lent to us."""
        return any(me.sees(officer_id=self.id, division_id=one) for one in (self.division_id, self.desk_id))

    def refuse_absent(self, told: date | None) -> None:
        """`told`: the last day of the leave that the person was told of before."""
        if not self.serves:
            raise Refused(_("%(name)s is not in service today.", name=self.name), field="assignee")
        if self.until and self.until != told:
            raise OnLeave(self.name, self.until)


_TAKER = (
    select(Officer.id, Officer.name, Posting.division_id, serves(TODAY, TODAY), UNTIL, desk_of(Officer.id))
    .outerjoin(Posting, posting_near(TODAY))
    .where(Officer.id == bindparam("officer"), Officer.office_id == OFFICE)
)


def taker_for(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Taker:
    row = rows(db, _TAKER, officer=officer_id, **as_of(db, me, now)).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    return Taker(*row)
