"""Time-driven work. APScheduler only ticks; what is due is a query over rows, so any number of processes may tick."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from staffhub import audit, claims, clock, corrections, days, deadlines, devices, notify, people, security, workdays
from staffhub.db import Database
from staffhub.machines import folder, taking
from staffhub.meetings import asking, attendance, drift, following, hosts, invitations, reminding, sync, watching
from staffhub.models import Heartbeat, Office, Trouble
from staffhub.outages import noticing, proposing
from staffhub.reports import counters
from staffhub.reports import reminding as presence_reminding
from staffhub.reports.documents import exports
from staffhub.reports.quiet import quiet_until
from staffhub.roster import runs
from staffhub.service_requests import kept_lists, notices, reckoning
from staffhub.troubles import Troubles

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Work:
    """What a job may need: the database, Zoom and e-mail where they are set up, the host that Zoom is told to use.

    `notice_days`: for how long notices stand on the lists; `zoom_at_once`: how many meetings a licensed host may have
    running, 2 on Business and above; `troubles`: what this process has counted of its own; `machine_dir`: where the
    logs of fingerprint machines are laid.
    """

    database: Database
    zoom: "ZoomClient | None"
    zoom_host: str
    post: notify.Post | None = None
    notice_days: int = 180
    zoom_at_once: int = 1
    troubles: Troubles = field(default_factory=Troubles)
    machine_dir: Path | None = None


def _beat(work: Work, now: datetime) -> None:
    boot, seconds = clock.since_boot()
    with work.database.transaction() as db:
        noticing.beat(db, now=now, boot=boot, seconds=seconds)


def last_beat(database: Database) -> datetime | None:
    """Return when any process last ticked; reading it also proves that the database answers."""
    with database.reading() as db:
        return db.scalar(select(Heartbeat.at).where(Heartbeat.name == noticing.BEAT))


def _troubles(work: Work, now: datetime) -> None:
    """What could not be written lies in a file meanwhile, for whoever comes after this process."""
    waiting = work.troubles.waiting(now)
    if not waiting:
        return
    try:
        with work.database.transaction() as db:
            noticing.write_down(db, waiting)
    except Exception:
        work.troubles.keep()
        raise
    work.troubles.written(waiting)


def _zoom_watch(work: Work, now: datetime) -> None:
    """Whether Zoom answers while people go into a standup; if not, that is counted like a trouble of our own."""
    if watching.is_silent(work.database, work.zoom, now=now):
        work.troubles.note(Trouble.ZOOM.value, "", now)


def _outages(work: Work, now: datetime) -> None:
    """What the program noticed of itself becomes proposals, which HR decides."""
    proposing.propose_due(work.database, now=now)


def seal(work: Work, now: datetime) -> int:
    """Chain a batch of audit events; return how many.

    One sealer at a time.
    """
    with work.database.transaction() as db:
        claims.hold(db, "seal", now=now)
        return audit.seal(db)


def _zoom_tasks(work: Work, now: datetime) -> None:
    sync.run_due(work.database, work.zoom, now=now, host=work.zoom_host)


def _zoom_users(work: Work, now: datetime) -> None:
    """Once an hour the pool of hosts follows the users that Zoom has."""
    at_once = work.zoom_at_once
    hosts.synchronise_due(work.database, work.zoom, preferred=work.zoom_host, licensed_at_once=at_once, now=now)


def _exports(work: Work, now: datetime) -> None:
    exports.run_due(work.database, now=now)


def _roster_runs(work: Work, now: datetime) -> None:
    runs.run_due(work.database, now=now)


def _notices(work: Work, now: datetime) -> None:
    notify.run_due(work.database, work.post, quiet=quiet_until, now=now)


def _daily(work: Work, now: datetime) -> None:
    """Housekeeping, once a day in whatever process comes first; a day that was missed is simply the next one."""
    slot = now.date().isoformat()
    with work.database.transaction() as db:
        if not claims.claim(db, "daily", slot, now=now):
            return
    with work.database.transaction() as db:
        devices.forget_old(db, now=now)
        security.forget_old(db, now=now)
        notify.forget_old(db, days=work.notice_days, now=now)
        for office_id in db.scalars(select(Office.id)).all():
            workdays.seed_holidays(db, office_id, (now.year, now.year + 1), now=now)
        claims.forget(db, before=now - timedelta(days=60))
        noticing.forget_old(db, now=now)
        claims.finish(db, "daily", slot, now=now)
        head = audit.head(db)
    # One line a day to note outside of the machine; `staffhub audit-verify --head` compares with it later.
    log.info("audit_head", sequence=head.sequence, hash=head.hash)


def _waiting(work: Work, now: datetime) -> None:
    """A register or a list that waits to be looked at is kept for an hour, a file that was made for a day."""
    with work.database.transaction() as db:
        people.forget_waiting(db, now=now)
        kept_lists.forget(db, now=now)
        exports.forget_old(db, now=now)


def _devices(work: Work, now: datetime) -> None:
    """Twice a minute: from which browsers the new marks came."""
    devices.note_due(work.database, now=now)


def _invitations(work: Work, now: datetime) -> None:
    """Once on each day of an office, as it begins there: who is invited follows who serves, and where."""
    with work.database.reading() as db:
        offices = {row.id: ZoneInfo(row.timezone) for row in db.execute(select(Office.id, Office.timezone))}
    for office_id, zone in offices.items():
        day = clock.local_day(now, zone)
        with work.database.transaction() as db:
            slot = f"{office_id}:{day}"
            if claims.claim(db, "invitations", slot, now=now):
                invitations.follow(db, office_id, day, now=now)
                claims.finish(db, "invitations", slot, now=now)


def _series(work: Work, now: datetime) -> None:
    """Series follow a change of the calendar, and the next dates follow before those that Zoom has come to an end."""
    following.run_due(work.database, now=now)


def _drift(work: Work, now: datetime) -> None:
    """Twice an hour: what somebody changed or deleted in Zoom itself is found, and a person decides."""
    drift.sweep_due(work.database, work.zoom, now=now)


def _told_changes(work: Work, now: datetime) -> None:
    """What Zoom tells to have changed is looked at without waiting for the sweep."""
    drift.look_due(work.database, work.zoom, now=now)


def _attendance(work: Work, now: datetime) -> None:
    """Who was in a meeting, each time that Zoom has told more of it."""
    asking.ask_due(work.database, work.zoom, now=now)
    attendance.run_due(work.database, now=now)


def _close(work: Work, now: datetime) -> None:
    """What is over at midnight of an office, or since: its days are stored, missing check-outs proposed."""
    days.close_due(work.database, now=now)


def _thresholds(work: Work, now: datetime) -> None:
    """After the close of a day: whoever comes near a threshold is told, and the direct superior."""
    counters.warn_due(work.database, now=now)


def _recount(work: Work, now: datetime) -> None:
    days.run_recounts(work.database, now=now)


def _overdue(work: Work, now: datetime) -> None:
    """What a superior did not decide in time is HR's by its date; both are told once."""
    corrections.tell_overdue(work.database, now=now)


def _left_requests(work: Work, now: datetime) -> None:
    """Whoever is on leave, sick or gone since, and has open requests: a head is asked who takes them over."""
    notices.tell_left_due(work.database, now=now)


def _reminders(work: Work, now: datetime) -> None:
    reminding.remind_due(work.database, now=now)


def _presence_reminders(work: Work, now: datetime) -> None:
    """Whoever was to begin and has not checked in is told once, unless chosen otherwise."""
    presence_reminding.remind_due(work.database, now=now)


def _due_requests(work: Work, now: datetime) -> None:
    """Until when requests are promised follows the calendar and the promises of the office."""
    reckoning.reckon_due(work.database, now=now)


def _machine_folder(work: Work, now: datetime) -> None:
    folder.look(work.database, work.machine_dir, now=now)


def _machine_readings(work: Work, now: datetime) -> None:
    taking.run_due(work.database, now=now)


# What runs seldom takes long: the clocks of two processes, and jobs that are due once a minute, drift apart.
_SELDOM, _APART = 30, timedelta(milliseconds=200)
# What runs, and how often (seconds, in the mean). Each takes care itself that two processes do not do it twice.
JOBS: tuple[tuple[str, int, Callable[[Work, datetime], object]], ...] = (
    ("zoom_tasks", 2, _zoom_tasks),
    ("zoom_users", 120, _zoom_users),
    ("notices", 30, _notices),
    ("seal", 10, seal),
    ("heartbeat", 15, _beat),
    ("zoom_watch", 20, _zoom_watch),
    ("troubles", 15, _troubles),
    ("outages", 60, _outages),
    ("exports", 5, _exports),
    ("roster_runs", 2, _roster_runs),
    ("machine_readings", 5, _machine_readings),
    ("machine_folder", 30, _machine_folder),
    ("daily", 600, _daily),
    ("waiting", 600, _waiting),
    ("devices", 30, _devices),
    ("invitations", 60, _invitations),
    ("reminders", 30, _reminders),
    ("presence_reminders", 60, _presence_reminders),
    ("series", 60, _series),
    ("drift", 120, _drift),
    ("told_changes", 20, _told_changes),
    ("attendance", 20, _attendance),
    ("close", 60, _close),
    ("thresholds", 120, _thresholds),
    ("recount", 30, _recount),
    ("corrections", 300, _overdue),
    ("due_requests", 30, _due_requests),
    ("left_requests", 120, _left_requests),
)


def run_due(work: Work, *, now: datetime) -> None:
    """Run everything that is due, once: `staffhub run-due`, and the tests."""
    for _name, _every, verb in JOBS:
        verb(work, now)


class Ticker:
    """The clockwork of one process."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._running = threading.Event()
        self._away: datetime | None = None  # since when the database is, as far as the jobs found out
        self._back = clock.now()  # when one of them found it again
        self._saying = threading.Lock()
        claims.watch(work.database, self.kick)

    def start(self) -> None:
        """Start the clock, with each job once, one after the other."""
        now = clock.now()
        for number, (name, every, verb) in enumerate(JOBS):
            jitter = every // 4 if every >= _SELDOM else 0  # seconds that are added, up to this many
            self._scheduler.add_job(
                self._safely(name, verb),
                "interval",
                seconds=every - jitter // 2,
                jitter=jitter or None,
                id=name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                next_run_time=now + number * _APART,
                timezone=UTC,
            )
        self._scheduler.start()
        self._running.set()

    def _safely(self, name: str, verb: Callable[[Work, datetime], object]) -> Callable[[], None]:
        def tick() -> None:
            deadlines.begin(deadlines.WORK)
            began = clock.now()
            try:
                verb(self._work, began)
            except (OperationalError, InterfaceError, PoolTimeout) as error:
                self._note_outage(name, error, began)
            except Exception:  # the next tick tries again; a failed one must not stop the clock
                log.exception("job_failed", job=name)
            else:
                self._note_answer(began)

        return tick

    def _note_outage(self, job: str, error: Exception, began: datetime) -> None:
        """Said once, and once more when it is over: the jobs go on trying every few seconds.

        One that was already waiting when another found the database back tells nothing new.
        """
        with self._saying:
            if not self._away and began >= self._back:
                self._away = clock.now()
                log.error("database_unavailable", job=job, error=type(error).__name__)

    def _note_answer(self, began: datetime) -> None:
        """A job that had its answer before the database went away says nothing of it, and one may need no database."""
        away = self._away
        if away is None or began <= away or not self._answers():
            return
        with self._saying:
            if self._away:
                self._away, self._back = None, clock.now()
                log.info("database_back")

    def _answers(self) -> bool:
        with suppress(OperationalError, InterfaceError, PoolTimeout):
            last_beat(self._work.database)
            return True
        return False

    def kick(self, job: str) -> None:
        """Run a job now, so that a person never waits for the next tick."""
        with suppress(JobLookupError):  # it stops in this moment
            if self._running.is_set():
                self._scheduler.modify_job(job, next_run_time=clock.now())

    def stop(self) -> None:
        if self._running.is_set():
            self._running.clear()
            self._scheduler.shutdown(wait=True)
