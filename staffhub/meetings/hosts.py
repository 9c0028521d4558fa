"""Who holds a meeting at Zoom: a pool of its users, and of two meetings at one hour never more than one may hold.

Zoom refuses no overlap when a meeting is made, only when the second one is started: so it is refused here, for each
date, in the transaction that takes the hour.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import audit, claims, i18n
from staffhub.db import Database, rows
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import elsewhere, parking
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState, Office, ZoomUser
from staffhub.security import Viewer

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient
    from staffhub.zoom.shapes import User

BASIC, LICENSED = 1, 2
# A meeting on a Basic account ends by itself then.
BASIC_MINUTES = 40
# Creates and updates for each host and UTC day.
WRITES = 100
EVERY = timedelta(hours=1)
_STEP = timedelta(minutes=30)
_STEPS = 16
_SUGGESTED = 2
_SHOWN = 3
_DAY = timedelta(days=1)
_NO_OFFICE = 0  # a meeting in Zoom that is not ours


def synchronise_due(
    database: Database, zoom: "ZoomClient | None", *, preferred: str, licensed_at_once: int, now: datetime
) -> None:
    """Ask Zoom once an hour, in whatever process comes first; an answer that fails leaves the pool as it is."""
    if zoom is None:
        return
    with database.transaction() as db:
        if not claims.claim(db, "zoom_users", f"{now:%Y-%m-%dT%H}", now=now, lease=EVERY):
            return
    synchronise(database, zoom, preferred=preferred, licensed_at_once=licensed_at_once, now=now)


def synchronise(database: Database, zoom: "ZoomClient", *, preferred: str, licensed_at_once: int, now: datetime) -> int:
    """Bring the pool to the users that Zoom has; return how many they are. Raises ZoomError.

    A user who is new hosts when licensed, or only `preferred` does where one is named: an administrator may decide
    otherwise, and that stays.
    """
    users = [user for user in zoom.list_users() if user.get("email")]
    with database.transaction() as db:
        claims.hold(db, "zoom_hosts", now=now)
        known = {row.email: row for row in db.scalars(select(ZoomUser))}
        for user in users:
            email = user["email"].lower()
            hosts = email == preferred.lower() if preferred else user.get("type") == LICENSED
            row = known.pop(email, None)
            if row is None:
                row = ZoomUser(email=email, hosts=hosts, written=0)
                db.add(row)
            licence = user.get("type", 0)
            if row.licence is not None and licence > row.licence:
                parking.let_paid_go_on(db, now=now)
            row.name, row.licence = _name(user), licence
            row.at_once = licensed_at_once if row.licence == LICENSED else 1
            row.seen_at, row.gone_at = now, None
        for row in known.values():
            row.gone_at = row.gone_at or now
    return len(users)


def _name(user: "User") -> str:
    return (user.get("display_name") or f"{user.get('first_name', '')} {user.get('last_name', '')}".strip())[:160]


def may_hold(db: Session, email: str) -> bool:
    """Whether the pool has that user and lets it host."""
    found = select(ZoomUser.id).where(
        ZoomUser.email == email.lower(), ZoomUser.hosts.is_(True), ZoomUser.gone_at.is_(None)
    )
    return db.scalar(found) is not None


@dataclass(frozen=True)
class _Span:
    starts: datetime
    ends: datetime

    def meets(self, other: "_Span | Row[Any]") -> bool:
        return self.starts < other.ends and other.starts < self.ends

    def later(self, by: timedelta) -> "_Span":
        return _Span(self.starts + by, self.ends + by)


@dataclass(frozen=True)
class _Taken(_Span):
    host: str
    topic: str
    office_id: int
    division_id: int | None


def claim(db: Session, me: Viewer, meeting: Meeting, *, now: datetime) -> None:
    """Give the meeting a host who is free on all its dates ahead, the one it has if that one is.

    To be called when the dates are laid out. Of two who take the same hour at once the second waits, and sees what the
    first took. What is at Zoom already goes to another licensed host (see rehosting) where its own has no room any
    more: leave a change to the outbox after this. A pool that was never asked for decides nothing. Raises Refused with
    what is in the way and the nearest hours that are free.
    """
    sought = _seek(db, meeting, now)
    if sought and not sought.found:
        raise Refused(_in_the_way(me, sought.able, sought.wanted, sought.taken, now=now), field="time")


def settle(db: Session, meeting: Meeting, *, now: datetime) -> bool:
    """Do what `claim` does where nobody is there to be refused; say whether a host is free."""
    sought = _seek(db, meeting, now)
    return not sought or sought.found


@dataclass(frozen=True)
class _Sought:
    able: Sequence[ZoomUser]
    wanted: Sequence[_Span]
    taken: Sequence[_Taken]
    found: bool


def _seek(db: Session, meeting: Meeting, now: datetime) -> _Sought | None:
    """Give the meeting a host, if any is free; None: there is nothing to ask for, or nobody to ask."""
    if not _pool(db):
        return None
    claims.hold(db, "zoom_hosts", now=now)
    db.flush()
    pool, wanted = _pool(db), _wanted(db, meeting, now)
    if not pool or not wanted:
        return None
    taken = _taken(db, pool, meeting.id, wanted)
    current, fixed = meeting.zoom_host.lower(), meeting.zoom_id is not None
    able = _in_order(pool, current, meeting.minutes)
    if fixed:
        if all(user.email != current for user in pool):
            return None  # its host has left: whoever follows takes it over
        able = [user for user in able if user.email == current or user.licence == LICENSED]
    free = _free(able, wanted, taken)
    if free:
        _give(meeting, free.email)
    return _Sought(able, wanted, taken, free is not None)


def _give(meeting: Meeting, email: str) -> None:
    """Whoever had it may still have it at Zoom, until the outbox has been there."""
    before = meeting.zoom_host
    if before.lower() == email:
        return
    if before:
        meeting.left_hosts = [*(meeting.left_hosts or []), before]
    meeting.zoom_host = email


def hand(db: Session, me: Viewer, meeting: Meeting, *, to: int | None, now: datetime) -> str:
    """Give the meeting another licensed host: the one that is named, or whoever is free; return whom it had.

    Of two who take the same hour at once the second waits, as with `claim`. Raises Refused, and nothing is changed.
    """
    claims.hold(db, "zoom_hosts", now=now)
    db.flush()
    before, wanted = meeting.zoom_host, _wanted(db, meeting, now)
    able = [user for user in others(db, before) if to in {None, user.id}]
    if not able:
        raise Refused(_("No other licensed host is in the pool. Take one into it first."), field="to")
    taken = _taken(db, able, meeting.id, wanted) if wanted else []
    free = _free(able, wanted, taken)
    if free is None:
        raise Refused(_in_the_way(me, able, wanted, taken, now=now), field="to")
    _give(meeting, free.email)
    return before


def others(db: Session, email: str) -> list[ZoomUser]:
    """Return the licensed hosts of the pool to whom a meeting of this one can be handed."""
    return [user for user in _pool(db) if user.licence == LICENSED and user.email != email.lower()]


_LICENSED = (
    select(ZoomUser.email, ZoomUser.name)
    .where(ZoomUser.licence == LICENSED, ZoomUser.gone_at.is_(None))
    .order_by(ZoomUser.name, ZoomUser.email)
)


def licensed(db: Session) -> list[tuple[str, str]]:
    """Return e-mail and name of whoever can host beside the host: Zoom takes licensed users, of the pool or not."""
    return [(row.email, row.name or row.email) for row in rows(db, _LICENSED)]


def beside(db: Session, chosen: Collection[str]) -> list[str]:
    """Return who was chosen to host beside the host, each once. Raises Refused."""
    if chosen and not {*chosen} <= {email for email, _name in licensed(db)}:
        raise Refused(_("One of those you chose cannot host at Zoom any more. Choose again."), field="co_host")
    return sorted({*chosen})


def _pool(db: Session) -> Sequence[ZoomUser]:
    able = (ZoomUser.hosts.is_(True), ZoomUser.gone_at.is_(None), ZoomUser.licence.in_((BASIC, LICENSED)))
    query = select(ZoomUser).where(*able).order_by(ZoomUser.licence.desc(), ZoomUser.id)
    return db.scalars(query.execution_options(populate_existing=True)).all()


def _in_order(pool: Sequence[ZoomUser], current: str, minutes: int) -> list[ZoomUser]:
    """The one it has first; a Basic host last, and never before a licensed one where Zoom would end it too early."""
    return sorted(pool, key=lambda user: (user.email != current, user.licence == BASIC and minutes > BASIC_MINUTES))


def _wanted(db: Session, meeting: Meeting, now: datetime) -> list[_Span]:
    dates = select(Occurrence).where(
        Occurrence.meeting_id == meeting.id, Occurrence.state == OccurrenceState.PLANNED, Occurrence.starts_at > now
    )
    return [_Span(row.starts_at, row.ends) for row in db.scalars(dates.order_by(Occurrence.starts_at))]


_HELD = (
    select(
        Occurrence.starts_at,
        Occurrence.minutes,
        Meeting.zoom_host,
        Meeting.topic,
        Meeting.office_id,
        Meeting.division_id,
    )
    .join(Meeting, Meeting.id == Occurrence.meeting_id)
    .where(
        # The account is one, whatever the offices are.
        Occurrence.office_id.in_(select(Office.id)),
        Occurrence.date.between(bindparam("first"), bindparam("last")),
        Occurrence.state == OccurrenceState.PLANNED,
        Meeting.state != MeetingState.CANCELLED,
        Meeting.id != bindparam("mine"),
        Meeting.zoom_host != "",
    )
    .order_by(Occurrence.starts_at)
)


def _taken(db: Session, pool: Iterable[ZoomUser], mine: int, wanted: Sequence[_Span]) -> list[_Taken]:
    first, last = wanted[0].starts.date() - _DAY, wanted[-1].ends.date() + _DAY
    ours = [
        _Taken(
            row.starts_at,
            row.starts_at + timedelta(minutes=row.minutes),
            row.zoom_host.lower(),
            row.topic,
            row.office_id,
            row.division_id,
        )
        for row in rows(db, _HELD, first=first, last=last, mine=mine)
    ]
    theirs = (_Taken(*hours, user.email, "", _NO_OFFICE, None) for user in pool for hours in elsewhere.hours(user))
    return sorted([*ours, *theirs], key=lambda one: one.starts)


def _free(able: Iterable[ZoomUser], wanted: Sequence[_Span], taken: Sequence[_Taken]) -> ZoomUser | None:
    return next((user for user in able if all(_has_room(user, span, taken) for span in wanted)), None)


def _has_room(user: ZoomUser, span: _Span, taken: Sequence[_Taken]) -> bool:
    """Whether at no moment of the span more would run than may: whenever a meeting begins is looked at."""
    met = [one for one in taken if one.host == user.email and span.meets(one)]
    moments = [span.starts, *(one.starts for one in met if one.starts > span.starts)]
    return all(sum(1 for one in met if one.starts <= at < one.ends) < user.at_once for at in moments)


def _in_the_way(
    me: Viewer, able: Sequence[ZoomUser], wanted: Sequence[_Span], taken: Sequence[_Taken], *, now: datetime
) -> str:
    first = next((span for span in wanted if not _free(able, [span], taken)), wanted[0])
    emails = {user.email for user in able}
    met = [one for one in taken if one.host in emails and first.meets(one)][:_SHOWN]
    facts = {
        "day": i18n.day(first.starts.astimezone(me.zone).date()),
        "busy": "; ".join(_named(me, one) for one in met),
    }
    hours = _nearest(able, wanted, taken, me.zone, now=now)
    if not hours:
        return _("Nobody is free to host on %(day)s then: %(busy)s. Choose another day.", **facts)
    return _("Nobody is free to host on %(day)s then: %(busy)s. Free: %(hours)s.", **facts, hours=", ".join(hours))


def _named(me: Viewer, taken: _Taken) -> str:
    """Of somebody else's meeting only its hours are told."""
    mine = taken.office_id == me.office_id and me.sees(officer_id=None, division_id=taken.division_id)
    hours = f"{_hour(taken.starts, me.zone)}-{_hour(taken.ends, me.zone)}"
    if taken.office_id == _NO_OFFICE:
        return _("another meeting in Zoom %(hours)s", hours=hours)
    return f"{taken.topic} {hours}" if mine else _("another meeting %(hours)s", hours=hours)


def _hour(moment: datetime, zone: ZoneInfo) -> str:
    return i18n.clock(moment.astimezone(zone))


def _nearest(
    able: Sequence[ZoomUser], wanted: Sequence[_Span], taken: Sequence[_Taken], zone: ZoneInfo, *, now: datetime
) -> list[str]:
    """Return the hours nearest to the one that was wanted at which all dates have a host, on the same days."""
    found: list[timedelta] = []
    for step in range(1, _STEPS + 1):
        for by in (_STEP * step, -_STEP * step):
            moved = [span.later(by) for span in wanted]
            same_day = _within_a_day(moved[0], wanted[0], zone)
            if same_day and moved[0].starts > now and _free(able, moved, taken):
                found.append(by)
    return [_hour(wanted[0].starts + by, zone) for by in sorted(found[:_SUGGESTED])]


def _within_a_day(moved: _Span, before: _Span, zone: ZoneInfo) -> bool:
    day = before.starts.astimezone(zone).date()
    starts, ends = moved.starts.astimezone(zone), moved.ends.astimezone(zone)
    return starts.date() == ends.date() == day and starts.time() >= time(6)


def openings(db: Session, first: datetime, last: datetime, *, besides: int = 0) -> Callable[[datetime, datetime], bool]:
    """Return what says whether a span between `first` and `last` has a host who is free, in two statements.

    `besides`: what that meeting takes counts as free.
    """
    pool = _pool(db)
    if not pool:
        return lambda _starts, _ends: True
    taken = _taken(db, pool, besides, [_Span(first, last)])
    return lambda starts, ends: _free(pool, [_Span(starts, ends)], taken) is not None


def is_cut_short(minutes: int, licence: int | None) -> bool:
    """Whether Zoom ends it after 40 minutes, because its host has no licence."""
    return minutes > BASIC_MINUTES and licence == BASIC


def let_host(db: Session, me: Viewer, user_id: int, *, hosts: bool, now: datetime) -> ZoomUser:
    """Take a user into the pool, or out of it; what it holds already stays. Twice is once."""
    me.require("admin")
    user = db.scalars(select(ZoomUser).where(ZoomUser.id == user_id).with_for_update()).one_or_none()
    if user is None:
        raise NotFound(_("There is no such user at Zoom."))
    if user.hosts is not hosts:
        user.hosts = hosts
        audit.record(db, me, "zoom.host", "zoom_user", user.id, now=now, hosts=hosts)
        db.flush()
    return user


def note_writes(db: Session, email: str, count: int, *, now: datetime) -> None:
    """Count what was sent of the host's day."""
    today = _utc_day(now)
    mine = update(ZoomUser).where(ZoomUser.email == email.lower())
    if count:
        db.execute(mine.where(ZoomUser.written_on.is_distinct_from(today)).values(written_on=today, written=0))
        db.execute(mine.values(written=ZoomUser.written + count))


def note_spent(db: Session, email: str, *, now: datetime) -> None:
    """Zoom says that nothing is left of the host's day, whoever used it."""
    spent = {"written_on": _utc_day(now), "written": WRITES}
    db.execute(update(ZoomUser).where(ZoomUser.email == email.lower()).values(**spent))


def is_spent(db: Session, email: str, *, now: datetime) -> bool:
    today = (ZoomUser.written_on == _utc_day(now), ZoomUser.written >= WRITES)
    return db.scalar(select(ZoomUser.id).where(ZoomUser.email == email.lower(), *today)) is not None


def left_today(user: ZoomUser, *, now: datetime) -> int:
    return max(0, WRITES - user.written) if user.written_on == _utc_day(now) else WRITES


def _utc_day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def new_day(now: datetime) -> datetime:
    """When Zoom counts anew: 00.00 UTC."""
    return datetime.combine(_utc_day(now) + _DAY, time.min, UTC)
