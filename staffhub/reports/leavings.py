"""Who leaves, has left or is away for long, and what still lies with them: for whoever decides who takes it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Date,
    ScalarSelect,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.db import rows
from staffhub.models import (
    Account,
    Division,
    Meeting,
    MeetingInvite,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanLayer,
    Posting,
    Role,
    ServiceRequest,
    posting_near,
    role_held,
    serves,
)
from staffhub.security import PERMISSIONS, SCOPES, Scope, Viewer
from staffhub.service_requests.owners import IS_OPEN

# How far ahead it is worth preparing, and how many days more make a leave a long one: no rule rests on either.
AHEAD = timedelta(days=30)
_LONG = timedelta(days=4)
# So many of the people themselves are offered as their next superior: a page stays small.
_OFFERED = 30
_below, _posted = aliased(Officer, name="below"), aliased(Posting, name="posted")
_OFFICE, _DAY = bindparam("office", type_=BigInteger), bindparam("day", type_=Date)
_PERSON = (literal("person"), _below.id, _below.name, cast(null(), Date), cast(null(), Date))


@dataclass(frozen=True)
class Leaver:
    """One person and how much is left with them.

    `why`: "leaves", "left", or "away". `last`: the last day of service, or of the leave; `first`: from when on somebody
    else is needed. Counted are open requests, meetings organised by them and ranges of the plan from then on, and the
    people who have them as direct superior; `invited` counts meetings whose invitation ends by itself.
    """

    id: int
    name: str
    position: str
    division_id: int | None
    division: str
    why: str
    last: date
    first: date
    role: Role | None
    is_open: bool
    requests: int
    meetings: int
    invited: int
    plans: int
    people: int

    @property
    def keeps_role(self) -> bool:
        """Whether the account has more than everybody's rights: it closes with the last day, the rights come back."""
        return self.why != "away" and self.is_open and self.role is not Role.STAFF

    @property
    def things(self) -> int:
        return self.requests + self.meetings + self.plans + self.people + self.keeps_role


def listed(db: Session, me: Viewer, *, now: datetime) -> list[Leaver]:
    """Return who leaves soon, and who has left or is away and has something left, by the day, in one statement."""
    me.require("people")
    found = _leavers(db, me, now)
    return sorted((one for one in found if one.things or one.why == "leaves"), key=lambda one: (one.last, one.name))


def of(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Leaver | None:
    """Return one of them in one statement, None for whoever stays."""
    me.require("people")
    return next(iter(_leavers(db, me, now, officer_id)), None)


def _leavers(db: Session, me: Viewer, now: datetime, officer_id: int | None = None) -> list[Leaver]:
    day = clock.local_day(now, me.zone)
    asked = {"office": me.office_id, "officer": officer_id, "day": day, "soon": day + AHEAD, "long": day + _LONG}
    found = rows(db, _leavers_query(one=officer_id is not None), **asked)
    return [Leaver(**row, first=_first(row["why"], row["last"], day)) for row in found.mappings()]


@cache
def _leavers_query(*, one: bool) -> Select[*tuple[Any, ...]]:
    """Of the whole office, or of one officer."""
    away = _away()
    leaves = func.coalesce(Officer.active_to, date.max) <= bindparam("soon", type_=Date)
    dates = case((leaves, Occurrence.date > Officer.active_to), else_=Occurrence.date <= away.c.until)
    meeting = [func.count(distinct(Occurrence.meeting_id))]
    wanted = (
        select(
            Officer.id,
            Officer.name,
            func.coalesce(Posting.position, "").label("position"),
            Posting.division_id,
            func.coalesce(Division.short_name, "").label("division"),
            case((~leaves, "away"), (Officer.active_to < _DAY, "left"), else_="leaves").label("why"),
            case((leaves, Officer.active_to), else_=away.c.until).label("last"),
            role_held().label("role"),
            and_(Account.id.is_not(None), Account.disabled_at.is_(None)).label("is_open"),
            _within(_requests(), away).label("requests"),
            _within(_organised(meeting, Account.id, dates), away).label("meetings"),
            _within(_invited(meeting, Officer.id, dates), away).label("invited"),
            _within(_plans(leaves), away).label("plans"),
            _within(_people([func.count(distinct(_below.id))], Officer.id, Officer.active_to), away).label("people"),
        )
        .select_from(Officer)
        .outerjoin(away, away.c.officer_id == Officer.id)
        .outerjoin(Posting, posting_near(_DAY))
        .outerjoin(Division, Division.id == Posting.division_id)
        .outerjoin(Account, Account.officer_id == Officer.id)
        .where(Officer.office_id == _OFFICE, or_(leaves, away.c.until >= bindparam("long", type_=Date)))
    )
    return wanted.where(Officer.id == bindparam("officer")) if one else wanted


def _first(why: str, last: date, day: date) -> date:
    return day if why == "away" else max(day, last + timedelta(days=1))


def _within(count: Select[Any], away: Subquery) -> ScalarSelect[int]:
    return count.correlate(Officer, Account, away).scalar_subquery()


def _away() -> Subquery:
    """Whoever is on leave on a day, and until when that leave holds.

    Grouped by officer, or with the office of the grant once more, SQLite would walk through the plan of all years.
    """
    held = aliased(PlanEntry)
    of_grant = select(func.max(held.date)).where(held.grant_id == PlanEntry.grant_id)
    until = of_grant.correlate(PlanEntry).scalar_subquery()
    return (
        select(PlanEntry.officer_id, until.label("until"))
        .where(PlanEntry.office_id == _OFFICE, PlanEntry.date == _DAY, PlanEntry.layer == PlanLayer.LEAVE)
        .subquery()
    )


def _requests() -> Select[Any]:
    request = ServiceRequest
    mine = (request.office_id == _OFFICE, request.assignee_id == Officer.id, IS_OPEN)
    return select(func.count()).select_from(request).where(*mine)


def _organised(what: Sequence[Any], account: Any, dates: ColumnElement[bool]) -> Select[Any]:
    """Dates from today on of meetings that somebody organises; `dates` says which of them count."""
    return (
        select(*what)
        .select_from(Occurrence)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(
            Occurrence.office_id == _OFFICE,
            Occurrence.date >= _DAY,
            dates,
            Occurrence.state == OccurrenceState.PLANNED,
            Meeting.created_by == account,
            Meeting.state != MeetingState.CANCELLED,
        )
    )


def _invited(what: Sequence[Any], officer: Any, dates: ColumnElement[bool]) -> Select[Any]:
    """Dates from today on for which somebody has an invitation."""
    open_then = or_(MeetingInvite.last_on.is_(None), MeetingInvite.last_on >= Occurrence.date)
    return (
        select(*what)
        .select_from(MeetingInvite)
        .join(Occurrence, Occurrence.meeting_id == MeetingInvite.meeting_id)
        .join(Meeting, Meeting.id == MeetingInvite.meeting_id)
        .where(
            MeetingInvite.office_id == _OFFICE,
            MeetingInvite.officer_id == officer,
            open_then,
            Occurrence.date >= _DAY,
            dates,
            Occurrence.state == OccurrenceState.PLANNED,
            Meeting.state != MeetingState.CANCELLED,
        )
    )


def _plans(leaves: ColumnElement[bool]) -> Select[Any]:
    entry = aliased(PlanEntry)
    theirs = (entry.office_id == _OFFICE, entry.officer_id == Officer.id)
    return select(func.count(distinct(entry.grant_id))).where(*theirs, leaves, entry.date > Officer.active_to)


def _people(what: Sequence[Any], superior: Any, last: Any) -> Select[Any]:
    """Who serves under somebody after the last day and from today on; nobody where there is no last day."""
    still = or_(_below.active_to.is_(None), and_(_below.active_to > last, _below.active_to >= _DAY))
    holds = or_(_posted.valid_to.is_(None), and_(_posted.valid_to > last, _posted.valid_to >= _DAY))
    return (
        select(*what)
        .select_from(_posted)
        .join(_below, _below.id == _posted.officer_id)
        .where(_posted.office_id == _OFFICE, _posted.superior_id == superior, still, holds)
    )


@dataclass(frozen=True)
class Thing:
    """One thing that is left: a meeting, an invitation, a range of the plan, a person; its dates where it has some."""

    kind: str
    id: int
    text: str
    first: date | None
    last: date | None


def things(db: Session, me: Viewer, leaver: Leaver, *, now: datetime) -> dict[str, list[Thing]]:
    """Return what is left by kind and date, in one statement; requests have a list of their own."""
    away = leaver.why == "away"
    asked = {"office": me.office_id, "day": clock.local_day(now, me.zone), "officer": leaver.id, "last": leaver.last}
    found: dict[str, list[Thing]] = {"meeting": [], "invited": [], "plan": [], "person": []}
    for row in rows(db, _things_query(away=away), **asked):
        thing = Thing(*row)
        found[thing.kind].append(thing)
    return {kind: sorted(those, key=lambda one: (one.first or date.min, one.text)) for kind, those in found.items()}


@cache
def _things_query(*, away: bool) -> CompoundSelect[*tuple[Any, ...]]:
    officer, last = bindparam("officer", type_=BigInteger), bindparam("last", type_=Date)
    dates = Occurrence.date <= last if away else Occurrence.date > last
    account = select(Account.id).where(Account.officer_id == officer).scalar_subquery()
    of_meeting = [Occurrence.meeting_id.label("id"), Meeting.topic.label("text")]
    span = [func.min(Occurrence.date).label("first"), func.max(Occurrence.date).label("last")]
    organised = _organised([literal("meeting").label("kind"), *of_meeting, *span], account, dates)
    invited = _invited([literal("invited").label("kind"), *of_meeting, *span], officer, dates)
    parts = [organised, invited.where(Meeting.created_by != account)]
    parts = [part.group_by(Occurrence.meeting_id, Meeting.topic) for part in parts]
    if not away:
        parts += [_plan_ranges(officer, last), _people(_PERSON, officer, last)]
    return union_all(*parts)


def _plan_ranges(officer: Any, last: Any) -> Any:
    entry = PlanEntry
    return (
        select(
            literal("plan"), entry.grant_id, cast(PlanGrant.mode, String), func.min(entry.date), func.max(entry.date)
        )
        .join(PlanGrant, PlanGrant.id == entry.grant_id)
        .where(entry.office_id == _OFFICE, entry.officer_id == officer, entry.date > last)
        .group_by(entry.grant_id, PlanGrant.mode)
    )


@dataclass(frozen=True)
class Holder:
    """An open account with more than everybody's rights, or of a direct superior; `until`: the last day of service."""

    officer_id: int | None
    name: str
    position: str
    role: Role
    division_id: int | None
    until: date | None

    def may(self, permission: str) -> bool:
        return self.role in PERMISSIONS[permission]

    def is_there(self, leaver: Leaver) -> bool:
        """Whether this one still serves when the other is gone."""
        return self.officer_id != leaver.id and (self.until is None or self.until >= leaver.first)

    def stands_in(self, leaver: Leaver) -> bool:
        """Whether this one is there and decides on the same people's things."""
        return self.is_there(leaver) and (SCOPES[self.role] is Scope.OFFICE or self.division_id == leaver.division_id)


def _holders_query() -> Select[*tuple[Any, ...]]:
    above = select(_posted.superior_id).where(
        _posted.office_id == _OFFICE, or_(_posted.valid_to.is_(None), _posted.valid_to >= _DAY)
    )
    return (
        select(
            Officer.id,
            func.coalesce(Officer.name, Account.name, ""),
            func.coalesce(Posting.position, ""),
            role_held().label("role"),
            Posting.division_id,
            Officer.active_to,
        )
        .select_from(Account)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, posting_near(_DAY))
        .where(
            Account.office_id == _OFFICE,
            or_(role_held() != Role.STAFF, Officer.id.in_(above)),
            Account.disabled_at.is_(None),
            or_(Officer.id.is_(None), serves(_DAY, _DAY)),
        )
        .order_by(role_held(), Officer.name)
    )


_HOLDERS = _holders_query()


def holders(db: Session, me: Viewer, *, now: datetime) -> list[Holder]:
    """Return who has more than everybody's rights today, or leads others, in one statement.

    A page names them where somebody may not act; and everybody of a large office in a list to choose from is too much.
    """
    found = rows(db, _HOLDERS, office=me.office_id, day=clock.local_day(now, me.zone))
    return [Holder(*row) for row in found]


@dataclass(frozen=True)
class Page:
    """What the page of one person tells of it: what is left by kind, and who else may decide."""

    leaver: Leaver
    things: dict[str, list[Thing]]
    holders: list[Holder]

    def who_may(self, permission: str) -> list[str]:
        """Names of those who may and still serve then, for whoever may not."""
        return [one.name for one in self.holders if one.may(permission) and one.stands_in(self.leaver)]

    @property
    def organisers(self) -> list[tuple[int, str]]:
        """Whoever may take over the meetings."""
        return [
            (one.officer_id, one.name)
            for one in self.holders
            if one.officer_id and one.may("meetings.schedule") and one.stands_in(self.leaver)
        ]

    @property
    def superiors(self) -> list[tuple[int, str]]:
        """Whoever leads already, then the people themselves; anybody else is chosen on each one's own page."""
        leading = {
            one.officer_id: f"{one.name} ({one.position})" if one.position else one.name
            for one in self.holders
            if one.officer_id and one.is_there(self.leaver)
        }
        below = {one.id: one.text for one in self.things.get("person", ())[:_OFFERED]}
        return list((leading | {id_: name for id_, name in below.items() if id_ not in leading}).items())

    @property
    def same_role(self) -> list[str]:
        role = self.leaver.role
        return [one.name for one in self.holders if one.role is role and one.stands_in(self.leaver)]


def page(db: Session, me: Viewer, officer_id: int, *, now: datetime) -> Page | None:
    """Load it in three statements at most; in one for whoever stays, who has none."""
    leaver = of(db, me, officer_id, now=now)
    if leaver is None:
        return None
    has_things = leaver.meetings + leaver.invited + leaver.plans + leaver.people
    return Page(leaver, things(db, me, leaver, now=now) if has_things else {}, holders(db, me, now=now))
