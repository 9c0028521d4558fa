"""The outbox to Zoom: claim a task, call Zoom outside any transaction, write the outcome in a second one."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import and_, case, select, update
from sqlalchemy.orm import Session

from staffhub import audit, claims, clock
from staffhub.db import Database
from staffhub.meetings import hosts, occurrences, plan, rehosting, series, tries, wire
from staffhub.meetings.failures import (
    CO_HOSTS,
    NO_HOST,
    NOT_SET_UP,
    RATE_ACCOUNT,
    RATE_HOST,
    Failure,
    Unsendable,
    explain,
    unexpected,
)
from staffhub.meetings.parking import UNEXPECTED
from staffhub.meetings.plan import GONE
from staffhub.models import Meeting, MeetingState, Occurrence, Office, TaskState, ZoomTask, ZoomVerb
from staffhub.zoom.errors import ZoomError, ZoomRateLimited, ZoomRefused, ZoomUnavailable
from staffhub.zoom.shapes import Meeting as ZoomMeeting

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

log = structlog.get_logger(__name__)

# Longer than the calls of one task may take with their time limits; after it the worker counts as dead.
LEASE = timedelta(minutes=3)
_MARGIN = timedelta(minutes=1)
_MAX_TROUBLE = 500


@dataclass(frozen=True)
class Claimed:
    """A claimed task; `lease_until` is this worker's ticket for writing the outcome."""

    id: int
    meeting_id: int
    verb: ZoomVerb
    unclear: bool
    attempts: int
    error: str
    unforeseen: int
    lease_until: datetime

    @property
    def about(self) -> dict[str, Any]:
        return {"verb": self.verb, "task_id": self.id, "attempts": self.attempts}


@dataclass(frozen=True)
class Job(Claimed):
    """A claimed task with what Zoom must know."""

    meeting: wire.Facts


@dataclass(frozen=True)
class Desk:
    """What a worker has at hand: `find_host` asks Zoom at most once, `now` goes on while the work does."""

    database: Database
    zoom: "ZoomClient"
    find_host: Callable[[], str]
    now: Callable[[], datetime]


def run_due(database: Database, zoom: "ZoomClient | None", *, now: datetime, host: str) -> int:
    """Do what is due, one task at a time, until nothing is; return how many were tried."""
    if zoom is None:
        _note_not_set_up(database)
        return 0
    started, ours = clock.now(), zoom
    desk = Desk(database, zoom, cache(lambda: host or _first_licensed(ours)), lambda: now + (clock.now() - started))
    done = 0
    while (task_id := _next_due(database, desk.now())) is not None:
        job = _claim(database, task_id, desk.now())
        if job is not None:
            _work(desk, job)
            done += 1
    return done


def _next_due(database: Database, now: datetime) -> int | None:
    """Find what is next; nothing while Zoom takes no more calls of the whole account."""
    paused = (ZoomTask.state == TaskState.PENDING, ZoomTask.due_at > now, ZoomTask.error == RATE_ACCOUNT)
    with database.reading() as db:
        if db.scalar(select(ZoomTask.id).where(*paused).limit(1)) is not None:
            return None
        return claims.next_due(db, ZoomTask, now=now, in_turn=ZoomTask.meeting_id)


def _claim(database: Database, task_id: int, now: datetime) -> Job | None:
    """Take the task, or nothing when another worker was quicker."""
    died = case((ZoomTask.state == TaskState.CLAIMED, True), else_=ZoomTask.unclear)
    with database.transaction() as db:
        until = claims.take(db, ZoomTask, task_id, now=now, lease=LEASE, unclear=died)
        if until is None:
            return None
        task, meeting, timezone = db.execute(
            select(ZoomTask, Meeting, Office.timezone)
            .join(Meeting, Meeting.id == ZoomTask.meeting_id)
            .join(Office, Office.id == ZoomTask.office_id)
            .where(ZoomTask.id == task_id)
        ).one()
        facts = (task.id, meeting.id, task.verb, task.unclear, task.attempts, task.error, task.unforeseen, until)
        dates = db.scalars(select(Occurrence).where(Occurrence.meeting_id == meeting.id)).all()
        try:
            return Job(*facts, wire.Facts.of(meeting, dates, timezone))
        except Exception:
            # Left as it was it would be the next one for ever, in the way of all others.
            claimed = Claimed(*facts)
            log.exception("zoom_task_unreadable", **claimed.about)
            _write_outcome(db, claimed, None, [], _unexpected(claimed, now), now=now)
            return None


def _work(desk: Desk, job: Job) -> None:
    """Whatever goes wrong becomes an outcome: a poisoned task is pushed forward, never in the way of others."""
    stored: ZoomMeeting | None = None
    differs: list[str] = []
    dropped: set[str] = set()
    failure: Failure | None = None
    before = desk.zoom.writes
    try:
        stored, dropped = _perform(desk, job)
        differs = wire.differences(stored, _without(job, dropped).meeting, now=desk.now()) if stored else []
    except (ZoomError, Unsendable) as error:
        log.warning("zoom_task_refused", error=type(error).__name__, **job.about)
        failure = explain(error, verb=job.verb, task_id=job.id, attempts=job.attempts, before=job.error, now=desk.now())
    except Exception:
        log.exception("zoom_task_failed", **job.about)
        failure = _unexpected(job, desk.now())
    written = desk.zoom.writes - before
    try:
        _note(desk, job, _Outcome(failure, stored, differs, dropped), written)
    except Exception:
        log.exception("zoom_outcome_failed", **job.about)
        _note(desk, job, _Outcome(_unexpected(job, desk.now())), written)


def _unexpected(job: Claimed, now: datetime) -> Failure:
    return unexpected(job.verb, task_id=job.id, attempts=job.attempts, times=job.unforeseen + 1, now=now)


@dataclass(frozen=True)
class _Outcome:
    """What came of a try; `dropped`: the co-hosts whom Zoom does not take."""

    failure: Failure | None
    stored: ZoomMeeting | None = None
    differs: Sequence[str] = ()
    dropped: Collection[str] = ()


def _note(desk: Desk, job: Job, outcome: _Outcome, written: int) -> None:
    failure = outcome.failure
    with desk.database.transaction() as db:
        _write_outcome(db, job, outcome.stored, outcome.differs, failure, now=desk.now())
        if outcome.dropped and failure is None:
            _note_dropped(db, job, outcome.dropped)
        host = db.scalars(select(Meeting.zoom_host).where(Meeting.id == job.meeting_id)).one()
        hosts.note_writes(db, host, written, now=desk.now())
        if failure and failure.code == RATE_HOST and not job.meeting.left_hosts:
            hosts.note_spent(db, host, now=desk.now())


def _perform(desk: Desk, job: Job) -> tuple[ZoomMeeting | None, set[str]]:
    """Do the task; whom Zoom does not take as a co-host never stops the rest: it goes without them."""
    dropped: set[str] = set()
    while True:
        try:
            return _VERBS[job.verb](desk, _without(job, dropped)), dropped
        except ZoomRefused as error:
            refused = wire.refused_co_hosts(error, _without(job, dropped).meeting)
            if not refused:
                raise
            dropped |= refused


def _without(job: Job, dropped: set[str]) -> Job:
    if not dropped:
        return job
    kept = [email for email in job.meeting.co_hosts or () if email.lower() not in dropped]
    return replace(job, meeting=replace(job.meeting, co_hosts=kept))


def _note_dropped(db: Session, job: Job, dropped: Collection[str]) -> None:
    """Say on the meeting who does not host beside the host any more; who was chosen meanwhile stays."""
    meeting = db.get_one(Meeting, job.meeting.id)
    meeting.co_hosts = [email for email in meeting.co_hosts or [] if email.lower() not in dropped]
    if not meeting.trouble and meeting.state is not MeetingState.CANCELLED:
        meeting.trouble = f"{CO_HOSTS}:{','.join(sorted(dropped))}"[:_MAX_TROUBLE]


def _first_licensed(zoom: "ZoomClient") -> str:
    users = (user for user in zoom.list_users() if user.get("type") == hosts.LICENSED)
    return next((user.get("email") or user.get("id", "") for user in users), "")


def _create(desk: Desk, job: Job) -> ZoomMeeting | None:
    facts = job.meeting
    if facts.cancelled:
        return None
    if (job.unclear or facts.left_hosts) and (found := _find(desk.zoom, facts)):
        return _handed_on(desk, job, found["id"]) if facts.left_hosts else _pulled_straight(desk, job, found)
    return _make(desk, job)


def _make(desk: Desk, job: Job) -> ZoomMeeting:
    facts = job.meeting
    host = _host_of(desk, facts)
    if not host:
        raise Unsendable(NO_HOST)
    body = wire.body(replace(facts, zoom_host=host), now=desk.now())
    _refuse_spent(desk, host)
    if desk.now() > job.lease_until - _MARGIN:
        # Another worker may take the task over while this one still waits for the answer, and look too early.
        raise ZoomUnavailable("the lease is about to end")
    # Known before the call: whoever has to look for this meeting later must look in the same list.
    with desk.database.transaction() as db:
        as_read = (Meeting.id == facts.id, Meeting.zoom_host == facts.zoom_host)
        if not db.scalar(update(Meeting).where(*as_read).values(zoom_host=host).returning(Meeting.id)):
            raise ZoomUnavailable("the meeting was handed to another host meanwhile")
    return desk.zoom.create_meeting(host, body)


def _host_of(desk: Desk, facts: wire.Facts) -> str:
    """Return the one whose hour was taken; without a pool that of today's settings: the one before may be wrong."""
    with desk.database.reading() as db:
        claimed = bool(facts.zoom_host) and hosts.may_hold(db, facts.zoom_host)
    return facts.zoom_host if claimed else desk.find_host()


def _refuse_spent(desk: Desk, host: str) -> None:
    """Raise ZoomRateLimited, without a call, while nothing is left of the host's day."""
    with desk.database.reading() as db:
        if hosts.is_spent(db, host, now=desk.now()):
            at = hosts.new_day(desk.now())
            raise ZoomRateLimited("nothing is left of this host's day", retry_at=at, limit="host_daily")


def _find(zoom: "ZoomClient", facts: wire.Facts) -> ZoomMeeting | None:
    """Look for our marker in the list of the host who was asked last, if any was.

    "scheduled" holds the upcoming ones and those whose start has passed. A host whom Zoom does not know has no list.
    """
    for host in (*facts.left_hosts, *([facts.zoom_host] if facts.zoom_host else [])):
        for zoom_id in rehosting.marked(zoom, host, facts):
            return zoom.get_meeting(zoom_id)
    return None


def _pulled_straight(desk: Desk, job: Job, found: ZoomMeeting) -> ZoomMeeting:
    """An adopted meeting was created as things were agreed then; bring it to what is agreed now."""
    facts = job.meeting
    if wire.differences(found, facts, now=desk.now()):
        return _bring_to_ours(desk, job, found["id"])
    return found


def _bring_to_ours(desk: Desk, job: Job, zoom_id: int) -> ZoomMeeting:
    """Send a change. Once it has begun the dates at Zoom are touched only when those ahead are not the agreed ones."""
    facts = job.meeting
    _refuse_spent(desk, facts.zoom_host)
    if facts.weekdays:
        until = job.lease_until - _MARGIN
        return series.bring(desk.zoom, zoom_id, facts, now=desk.now, until=until)
    begun = facts.begun(desk.now())
    desk.zoom.update_meeting(
        zoom_id, wire.words(facts) | wire.settings(facts) if begun else wire.body(facts, now=desk.now())
    )
    stored = desk.zoom.get_meeting(zoom_id)
    if begun and "start" in wire.differences(stored, facts, now=desk.now()):
        desk.zoom.update_meeting(zoom_id, wire.body(facts, now=desk.now()))
        stored = desk.zoom.get_meeting(zoom_id)
    return stored


def _update(desk: Desk, job: Job) -> ZoomMeeting | None:
    facts = job.meeting
    if facts.cancelled:
        return None
    if facts.zoom_id is None:
        # The create before it failed: this is the create, and whether that one came through is not known any more.
        return _create(desk, replace(job, unclear=True))
    if facts.left_hosts:
        return _handed_on(desk, job, facts.zoom_id)
    return _bring_to_ours(desk, job, facts.zoom_id)


def _handed_on(desk: Desk, job: Job, zoom_id: int) -> ZoomMeeting:
    """Let the new host have it; where Zoom refuses that it is made anew there, and whatever is left is deleted."""
    facts = job.meeting
    stored = rehosting.move(desk.zoom, zoom_id, facts, missed_before=job.error == GONE)
    if stored is None:
        there = next(iter(rehosting.marked(desk.zoom, facts.zoom_host, facts)), None)
        stored = desk.zoom.get_meeting(there) if there else _make(desk, job)
    if stored["id"] != zoom_id or len(facts.left_hosts) > 1:
        rehosting.clear(desk.zoom, facts, {zoom_id}, keep=stored["id"])
    return _pulled_straight(desk, job, stored)


def _delete(desk: Desk, job: Job) -> ZoomMeeting | None:
    facts = job.meeting
    known = {facts.zoom_id} if facts.zoom_id is not None else set()
    if facts.left_hosts or not known:
        rehosting.clear(desk.zoom, facts, known)
    else:
        rehosting.remove(desk.zoom, known)
    return None


_VERBS = {ZoomVerb.CREATE: _create, ZoomVerb.UPDATE: _update, ZoomVerb.DELETE: _delete}


def _write_outcome(
    db: Session,
    job: Claimed,
    stored: ZoomMeeting | None,
    differs: Sequence[str],
    failure: Failure | None,
    *,
    now: datetime,
) -> None:
    # The meeting first, as the verbs of plan.py do: two orders of locking would wait for each other.
    meeting = db.scalars(select(Meeting).where(Meeting.id == job.meeting_id).with_for_update()).one()
    if not claims.settle(db, ZoomTask, job.id, job.lease_until, **_task_values(job, failure, now)):
        log.warning("zoom_task_lease_lost", task=job.id)
        return
    facts: dict[str, Any] = {"task": job.verb, "attempt": job.attempts, "error": ""}
    if failure is not None:
        _note_failure(meeting, failure)
        facts |= {"error": failure.code, "status": failure.status, "number": failure.number}
    elif isinstance(job, Job):
        _note_success(db, job, meeting, stored, differs, now=now)
    audit.record(db, None, tries.TRIED, "meeting", meeting.id, now=now, office_id=meeting.office_id, **facts)


def _task_values(job: Claimed, failure: Failure | None, now: datetime) -> dict[str, Any]:
    if failure is None:
        return {"state": TaskState.DONE, "finished_at": now, "unclear": False, "error": ""}
    values: dict[str, Any] = {"error": failure.code}
    if failure.code.endswith(UNEXPECTED):
        values["unforeseen"] = job.unforeseen + 1
    if failure.unclear:
        values["unclear"] = True
    if failure.retry_at is None:
        return values | {"state": TaskState.FAILED, "finished_at": now}
    return values | {"state": TaskState.PENDING, "due_at": failure.retry_at}


def _note_success(
    db: Session, job: Job, meeting: Meeting, stored: ZoomMeeting | None, differs: Sequence[str], *, now: datetime
) -> None:
    if job.verb is ZoomVerb.CREATE and job.meeting.weekdays and "start" in differs:
        # A series is laid out whole; its days off and the dates at another hour follow one by one.
        differs = []
        plan.ask_zoom(db, meeting.office_id, meeting.id, ZoomVerb.UPDATE, now)
    meeting.trouble = f"differs:{','.join(differs)}" if differs else ""
    if stored is not None:
        rehosting.note_done(db, meeting, job.meeting, stored, now=now)
        meeting.zoom_id, meeting.join_url = stored["id"], stored.get("join_url", "")
        occurrences.note_zoom_ids(db, meeting.id, wire.occurrence_ids(stored, job.meeting, now=now), now=now)
    if meeting.state is MeetingState.CANCELLED:
        meeting.join_url = ""
        return
    more = select(ZoomTask.id).where(ZoomTask.meeting_id == meeting.id, ZoomTask.state.in_(claims.UNFINISHED))
    meeting.state = MeetingState.WAITING if db.scalar(more.limit(1)) else MeetingState.READY


def _note_failure(meeting: Meeting, failure: Failure) -> None:
    meeting.trouble = failure.code
    if meeting.state is MeetingState.CANCELLED:
        return
    meeting.state = MeetingState.FAILED if failure.needs_person else MeetingState.WAITING
    if failure.code == GONE and failure.needs_person:
        meeting.join_url = ""


def _note_not_set_up(database: Database) -> None:
    silent = and_(Meeting.state == MeetingState.WAITING, Meeting.trouble == "")
    with database.reading() as db:
        if db.scalar(select(Meeting.id).where(silent).limit(1)) is None:
            return
    with database.transaction() as db:
        db.execute(update(Meeting).where(silent).values(trouble=NOT_SET_UP))
