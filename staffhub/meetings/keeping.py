"""What keeps Zoom going here: who hosts and what is left of each one's day, what is stuck, and a check of all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.db import Database, rows
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.meetings import hosts, parking, rehosting, sightings, tries
from staffhub.meetings.failures import in_words
from staffhub.meetings.plan import GONE
from staffhub.meetings.tries import Try
from staffhub.models import IN_TROUBLE, Meeting, MeetingState, TaskState, ZoomTask, ZoomUser
from staffhub.security import Viewer
from staffhub.zoom.errors import ZoomError, ZoomMisconfigured, ZoomRateLimited, ZoomScopeMissing

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

# Zoom ends a token by its own clock, and refuses what seems to come from another time.
_OFF = timedelta(seconds=60)
_STUCK = 30
_LIST_USERS = "user:read:list_users:admin"
_TRIES = 5


@dataclass(frozen=True)
class Host:
    """A user at Zoom; `left`: creates and updates of this UTC day; `standing`: what is to be held there."""

    id: int
    email: str
    name: str
    licence: int
    at_once: int
    hosts: bool
    gone: bool
    left: int
    standing: Sequence[rehosting.Standing] = ()

    @property
    def licence_name(self) -> str:
        names = {hosts.BASIC: _("Basic"), hosts.LICENSED: _("Licensed")}
        return names.get(self.licence) or _("no licence")

    @property
    def able(self) -> bool:
        """Whether what others hold can be handed to this one."""
        return self.hosts and not self.gone and self.licence == hosts.LICENSED


@dataclass(frozen=True)
class Stuck:
    """A meeting that has not reached Zoom; `next_try` is local, None: nothing happens before somebody acts."""

    id: int
    topic: str
    reason: str
    attempts: int
    next_try: datetime | None
    retried_here: bool
    tries: list[Try]


@dataclass(frozen=True)
class Page:
    """`counts_anew`: when the day of all hosts begins at Zoom; `heard_at`: its last event. Times are the office's."""

    hosts: list[Host]
    seen_at: datetime | None
    heard_at: datetime | None
    stuck: list[Stuck]
    counts_anew: datetime

    def takers(self, giver: Host) -> list[tuple[int, str]]:
        """To whom what a host holds can be handed."""
        return [(host.id, host.name or host.email) for host in self.hosts if host.able and host.id != giver.id]


_USERS = select(ZoomUser).order_by(ZoomUser.hosts.desc(), ZoomUser.licence.desc(), ZoomUser.email)
_OPEN = (ZoomTask.meeting_id == Meeting.id, ZoomTask.state.in_((TaskState.PENDING, TaskState.CLAIMED)))
_TROUBLED = (
    select(
        Meeting.id,
        Meeting.topic,
        Meeting.trouble,
        select(func.max(ZoomTask.attempts))
        .where(ZoomTask.meeting_id == Meeting.id)
        .scalar_subquery()
        .label("attempts"),
        select(func.min(ZoomTask.due_at)).where(*_OPEN).scalar_subquery().label("next_try"),
    )
    .where(
        Meeting.office_id == bindparam("office"),
        Meeting.ends_on >= bindparam("today"),
        IN_TROUBLE,
        Meeting.state != MeetingState.READY,
    )
    .order_by(Meeting.id.desc())
    .limit(_STUCK)
)


def page(db: Session, me: Viewer, *, now: datetime) -> Page:
    me.require("admin")
    users = db.scalars(_USERS).all()
    today = clock.local_day(now, me.zone)
    seen, heard = max((user.seen_at for user in users), default=None), sightings.last_heard(db)
    standing = rehosting.standing(db, me, now=now)
    return Page(
        hosts=[_host(user, standing.get(user.email, ()), now) for user in users],
        seen_at=seen.astimezone(me.zone) if seen else None,
        heard_at=heard.astimezone(me.zone) if heard else None,
        stuck=_stuck(db, me, rows(db, _TROUBLED, office=me.office_id, today=today).all()),
        counts_anew=hosts.new_day(now).astimezone(me.zone),
    )


def _host(user: ZoomUser, standing: Sequence[rehosting.Standing], now: datetime) -> Host:
    gone = user.gone_at is not None
    left = hosts.left_today(user, now=now)
    return Host(user.id, user.email, user.name, user.licence, user.at_once, user.hosts, gone, left, standing)


def _stuck(db: Session, me: Viewer, found: Sequence[Row[Any]]) -> list[Stuck]:
    tried = tries.newest(db, [row.id for row in found], me.zone, most=_TRIES)
    return [
        Stuck(
            row.id,
            row.topic,
            in_words(row.trouble),
            row.attempts or 0,
            row.next_try.astimezone(me.zone) if row.next_try else None,
            row.trouble != GONE,
            tried.get(row.id, []),
        )
        for row in found
    ]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, in words; what is not `fine` says what to do."""

    fine: bool
    text: str


def check(
    database: Database, zoom: "ZoomClient | None", me: Viewer, *, preferred: str, licensed_at_once: int, now: datetime
) -> list[Finding]:
    """Look at credentials, permissions, hosts and clock, outside of any transaction; the pool is brought up to date."""
    me.require("admin")
    if zoom is None:
        return [Finding(fine=False, text=_not_set_up())]
    found: list[Finding] = []
    try:
        zoom.refresh_token()
        missing = zoom.missing_scopes()
        found = [Finding(fine=True, text=_("Zoom accepts our credentials.")), *_permissions(missing), _clock(zoom)]
        if _LIST_USERS not in missing:
            hosts.synchronise(database, zoom, preferred=preferred, licensed_at_once=licensed_at_once, now=now)
    except ZoomError as error:
        return [*found, Finding(fine=False, text=_what_to_do(error))]
    with database.transaction() as db:
        # Whoever looks has put something right: what was switched off for want of a plan is asked once more.
        parking.let_paid_go_on(db, now=now)
    with database.reading() as db:
        able = [host for host in page(db, me, now=now).hosts if host.hosts and not host.gone]
    return [*found, _hosts(able)]


def _not_set_up() -> str:
    return _(
        "Zoom is not set up. Make a server-to-server app at marketplace.zoom.us, write its account ID, client ID and "
        "client secret into the settings (STAFFHUB_ZOOM_...), and start StaffHub again."
    )


def _what_to_do(error: ZoomError) -> str:
    if isinstance(error, ZoomScopeMissing):
        return _("The app at Zoom lacks permissions. Add there: %(names)s.", names=", ".join(error.scopes))
    if isinstance(error, ZoomMisconfigured):
        return _(
            "Zoom does not accept our credentials. Compare account ID, client ID and client secret with those of the "
            "app at marketplace.zoom.us, and look whether the app is activated."
        )
    if isinstance(error, ZoomRateLimited):
        return _("Zoom takes no more calls for now. Nothing has to be done: check again later.")
    return _("Zoom cannot be reached. Look whether this machine reaches api.zoom.us, and the proxy of the office.")


def _permissions(missing: Sequence[str]) -> list[Finding]:
    """Say of each thing that does not work which permissions it lacks, and what works all the same."""
    if not missing:
        return [Finding(fine=True, text=_("The app has all permissions that StaffHub uses."))]
    lacking: dict[str, list[str]] = {}
    for scope in missing:
        lacking.setdefault(_without(scope), []).append(scope)
    found: list[Finding] = []
    for what, scopes in lacking.items():
        add = _("Add to the app at Zoom: %(names)s.", names=", ".join(scopes))
        found.append(Finding(fine=False, text=f"{what} {add}"))
    return found


def _without(scope: str) -> str:
    """What does not work without a permission (zoom.scopes.REQUIRED_SCOPES), and what does."""
    said = {
        "user:": _("Who may host is not known; meetings of hosts who are known go on."),
        "meeting:read:list_past": _(
            'Who was there is known from clicks on "Join" and from Zoom\'s events only; meetings work.'
        ),
        "report:": _("Where Zoom's list of a past meeting is not whole its report is not asked for; all else works."),
        "meeting:write": _("No meeting can be created; those that are on Zoom go on."),
        "meeting:update": _("Changes do not reach Zoom; new meetings do."),
        "meeting:delete": _("What is cancelled here stays on Zoom; all else works."),
        "": _("Changes made in Zoom are not noticed and a lost answer cannot be looked for; what is new is created."),
    }
    return next(text for start, text in said.items() if scope.startswith(start))


def _clock(zoom: "ZoomClient") -> Finding:
    if zoom.ahead is not None and abs(zoom.ahead) > _OFF:
        seconds = round(abs(zoom.ahead).total_seconds())
        text = ngettext(
            "The clock of this machine is %(num)s second off Zoom's. Switch on the time service (NTP).",
            "The clock of this machine is %(num)s seconds off Zoom's. Switch on the time service (NTP).",
            seconds,
        )
        return Finding(fine=False, text=text)
    return Finding(fine=True, text=_("The clock of this machine agrees with Zoom's."))


def _hosts(able: Sequence[Host]) -> Finding:
    if any(host.licence == hosts.LICENSED for host in able):
        return Finding(fine=True, text=_("A licensed host is in the pool."))
    if any(host.licence == hosts.BASIC for host in able):
        return Finding(fine=False, text=_("The pool has Basic hosts only: Zoom ends their meetings after 40 minutes."))
    return Finding(fine=False, text=_("Nobody hosts. Take a licensed user into the pool below."))
