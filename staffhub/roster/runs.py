"""A plan is worked out after the request: asked for in a row, solved in a child process, proposed as a draft.

The row becomes done and the drafts get their cells in one transaction, with the ticket of the lease and only where the
drafts are as the run found them. Whoever stops, dies or comes too late in between leaves them as they were.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from pydantic import TypeAdapter
from sqlalchemy import BigInteger, Date, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from staffhub import claims, clock, office, security
from staffhub.db import Database, insert_unless_there, lock_row, rows
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Office, PlanMode, RosterAct, RosterRun, TaskState
from staffhub.roster import child, drafts, problem
from staffhub.roster.problem import Built, Facts
from staffhub.roster.solving.solution import Broken, Solution
from staffhub.security import Viewer

log = structlog.get_logger(__name__)

_LEASE = timedelta(minutes=3)
_AGAIN = timedelta(seconds=10)
_TRIES = 3
# How long the solver may go on looking for a better plan: for one bidang, and for the office.
SECONDS = {False: 20.0, True: 45.0}
# What the roster may not write over: these cells are somebody else's decision.
_NOT_OURS = frozenset({"leave", "duty", "exemption", "hand", "free", "locked"})


@dataclass(frozen=True)
class Run:
    """A run as its page shows it. `progress` is of a hundred."""

    id: int
    division_id: int | None
    month: date
    state: TaskState
    progress: int
    outcome: dict[str, Any] | None
    stopped: bool
    created_at: datetime

    @property
    def waits(self) -> bool:
        return self.state in claims.UNFINISHED


_COLUMNS = (
    RosterRun.id,
    RosterRun.division_id,
    RosterRun.month,
    RosterRun.state,
    RosterRun.progress,
    RosterRun.outcome,
    RosterRun.stopped_at.is_not(None),
    RosterRun.created_at,
)
_OFFICE = bindparam("office", type_=BigInteger)
_ONE = select(*_COLUMNS).where(RosterRun.office_id == _OFFICE, RosterRun.id == bindparam("id"))
_MONTH = (
    select(*_COLUMNS)
    .where(RosterRun.office_id == _OFFICE, RosterRun.month == bindparam("month", type_=Date))
    .order_by(RosterRun.id.desc())
    .limit(20)
)


def may_write(db: Session, me: Viewer, division_id: int | None, month: date, *, now: datetime) -> list[int]:
    """Return the bidang of a run; refused to whoever may not write each of them, and where no working day is left."""
    desks = [division_id] if division_id is not None else list(office.divisions(db, me.office_id))
    if division_id is None and not me.sees_everyone:
        raise Forbidden(_("The duty roster is written by HR, the head of the office and the head of the division."))
    for desk in desks:
        drafts.draft_for(db, me, desk, month, today=clock.local_day(now, me.zone), edit=True)
    if not drafts.has_days_left(db, me, month, now):
        raise Refused(_("No working day of this month is left to plan."))
    return desks


def ask(db: Session, me: Viewer, division_id: int | None, month: date, *, key: str, now: datetime, **asked: Any) -> int:
    """Leave it to the scheduler and return the run; while one of the same is not over, that is it."""
    month = month.replace(day=1)
    may_write(db, me, division_id, month, now=now)
    lock_row(db, Office, me.office_id)
    same = RosterRun.division_id.is_(None) if division_id is None else RosterRun.division_id == division_id
    mine = (RosterRun.account_id == me.account_id) & (RosterRun.key == key)
    goes_on = (RosterRun.month == month) & same & RosterRun.state.in_(claims.UNFINISHED)
    there = select(func.max(RosterRun.id)).where(RosterRun.office_id == me.office_id, or_(mine, goes_on))
    if (found := db.scalar(there)) is not None:
        return found
    values = {
        "office_id": me.office_id,
        "account_id": me.account_id,
        "division_id": division_id,
        "month": month,
        "key": key,
        "asked": asked,
        "state": TaskState.PENDING,
        "attempts": 0,
        "progress": 0,
        "due_at": now,
        "created_at": now,
    }
    insert_unless_there(db, RosterRun, values)
    return db.execute(select(RosterRun.id).where(mine)).scalar_one()


def run_for(db: Session, me: Viewer, run_id: int) -> Run:
    """Load a run; whoever may not write that roster learns nothing of it."""
    row = rows(db, _ONE, office=me.office_id, id=run_id).one_or_none()
    if row is None or not _reads(me, row.division_id):
        raise NotFound(_("There is no such plan being worked out."))
    return Run(*row)


def _reads(me: Viewer, division_id: int | None) -> bool:
    whole = me.sees_everyone if division_id is None else me.sees(officer_id=None, division_id=division_id)
    return whole and me.may("roster.edit")


def runs_of(db: Session, me: Viewer, month: date) -> list[Run]:
    """Return the newest runs of a month that I may see."""
    me.require("roster.edit")
    found = [Run(*row) for row in rows(db, _MONTH, office=me.office_id, month=month)]
    return [run for run in found if _reads(me, run.division_id)]


def stop(db: Session, me: Viewer, run_id: int, *, now: datetime) -> None:
    """Ask a run to end; one that nobody works at ends at once, and one that is over stays as it is."""
    run_for(db, me, run_id)
    mine = (RosterRun.office_id == me.office_id, RosterRun.id == run_id, RosterRun.stopped_at.is_(None))
    over = {"state": TaskState.DONE, "outcome": {"state": "cancelled"}, "progress": 100, "finished_at": now}
    db.execute(update(RosterRun).where(*mine, RosterRun.state == TaskState.PENDING).values(stopped_at=now, **over))
    db.execute(update(RosterRun).where(*mine, RosterRun.state.in_(claims.UNFINISHED)).values(stopped_at=now))


class _Job(NamedTuple):
    id: int
    office_id: int
    account_id: int
    division_id: int | None
    month: date
    attempts: int
    ticket: datetime


def run_due(database: Database, *, now: datetime) -> int:
    """Work out what was asked for, one after the other, until nothing is due; return how many were tried."""
    started, done = clock.now(), 0

    def at() -> datetime:
        return now + (clock.now() - started)

    while (job := _take(database, at())) is not None:
        _work(database, job, at)
        done += 1
    return done


def _take(database: Database, now: datetime) -> _Job | None:
    with database.reading() as db:
        row_id = claims.next_due(db, RosterRun, now=now, in_turn=RosterRun.office_id)
    if row_id is None:
        return None
    with database.transaction() as db:
        ticket = claims.take(db, RosterRun, row_id, now=now, lease=_LEASE, progress=1)
        if ticket is None:
            return None
        job = db.get_one(RosterRun, row_id)
        return _Job(job.id, job.office_id, job.account_id, job.division_id, job.month, job.attempts, ticket)


@dataclass
class _Watch:
    """Whether a run goes on: nobody stopped it, and it is still ours. Told at most once a second."""

    database: Database
    job: _Job
    told: float | None = None

    def goes_on(self, passed: float) -> bool:
        now = time.monotonic()
        if self.told is not None and now < self.told + 1:
            return True
        self.told = now
        mine = (RosterRun.id == self.job.id, RosterRun.lease_until == self.job.ticket, RosterRun.stopped_at.is_(None))
        with self.database.transaction() as db:
            hit = db.execute(update(RosterRun).where(*mine).values(progress=5 + round(90 * passed)))
            return bool(hit.rowcount)  # type: ignore[attr-defined]


class _Lost(Exception):
    """The lease has ended, and somebody else has the run."""


def _work(database: Database, job: _Job, now: Callable[[], datetime]) -> None:
    """Whatever goes wrong becomes an outcome, or another try."""
    outcome: dict[str, Any] | None = None
    try:
        # Whoever took it before died of it each time: it is not tried for ever.
        if job.attempts <= _TRIES:
            outcome = _outcome(database, job, now)
    except _Lost:
        return
    except (Forbidden, Refused, NotFound) as error:
        outcome = {"state": "refused", "why": error.message}
    except Exception:
        log.exception("roster_run_failed", run=job.id, attempts=job.attempts)
    if outcome is None and job.attempts < _TRIES:
        again = {"state": TaskState.PENDING, "due_at": now() + _AGAIN, "progress": 0}
        _settle(database, job, again)
    elif outcome is None or outcome.pop("settled", None) is None:
        state = TaskState.FAILED if outcome is None else TaskState.DONE
        _settle(database, job, {"state": state, "outcome": outcome, "progress": 100, "finished_at": now()})


def _settle(database: Database, job: _Job, values: dict[str, Any]) -> None:
    with database.transaction() as db:
        claims.settle(db, RosterRun, job.id, job.ticket, **values)


def _outcome(database: Database, job: _Job, now: Callable[[], datetime]) -> dict[str, Any]:
    with database.reading() as db:
        at = now()
        me = _viewer(db, job, at)
        desks = may_write(db, me, job.division_id, job.month, now=at)
        facts = problem.load(db, job.office_id, job.month, opens=drafts.first_open(db, me, at))
    built = problem.build(facts, desks)
    watch = _Watch(database, job)
    solution = child.solve(built.problem, SECONDS[job.division_id is None], watch.goes_on)
    if solution is None:
        return {"state": "cancelled"}
    said: dict[str, Any] = {
        "state": solution.state,
        "gap": solution.gap,
        "objective": solution.objective,
        "seconds": round(solution.seconds, 1),
        "turns": _turns(facts, built, solution),
    }
    if solution.state == "infeasible":
        return said | _why(facts, built, solution, desks, watch)
    if solution.state == "stopped":
        return said
    with suppress(Conflict):
        return _propose(database, job, facts, built, solution, said, now())
    return said | {"state": "changed"}


def _viewer(db: Session, job: _Job, now: datetime) -> Viewer:
    me = security.viewer_for(db, job.account_id, now=now)
    if me is None:
        raise Forbidden(_("Your account may not do this."))
    return me


def _propose(
    database: Database,
    job: _Job,
    facts: Facts,
    built: Built,
    solution: Solution,
    said: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Write the plan into the drafts as the run found them, and say so with it; Conflict leaves all as it was.

    A day whose work began while it was worked out stays as it is: rules hold one day at a time.
    """
    with database.transaction() as db:
        me = _viewer(db, job, now)
        cells = _cells(built, solution, drafts.first_open(db, me, now))
        for desk in sorted(cells):
            version = facts.versions.get(desk, 0)
            draft = drafts.draft_for(db, me, desk, job.month, today=clock.local_day(now, me.zone), edit=True)
            drafts.write(db, me, draft, cells[desk], act=RosterAct.PROPOSED, version=version, now=now)
        said = said | {"cells": sum(len(of) for of in cells.values())}
        done = {"state": TaskState.DONE, "outcome": said, "progress": 100, "finished_at": now}
        if not claims.settle(db, RosterRun, job.id, job.ticket, **done):
            raise _Lost
    return said | {"settled": True}


def _cells(built: Built, solution: Solution, opens: date) -> dict[int, dict[drafts.Key, drafts.Cell | None]]:
    """Return what the plan says of the cells that are the roster's to say, by bidang."""
    fixed, lent = built.problem.at, {(one.person, one.day) for one in built.problem.loans}
    found: dict[int, dict[drafts.Key, drafts.Cell | None]] = {}
    for turn in solution.turns:
        seat, key = built.seats[turn.person], (turn.person, turn.day)
        if turn.day < opens or key in lent or (key in fixed and fixed[key].why in _NOT_OURS):
            continue
        found.setdefault(seat.division_id, {})[seat.officer_id, turn.day] = drafts.Cell(PlanMode(turn.place))
    return found


def _turns(facts: Facts, built: Built, solution: Solution) -> list[tuple[int, str, int, int]]:
    """Return the fewest and the most turns of those who share them, by bidang and group: of who is free to take any."""
    days = built.problem.days
    taken = Counter(turn.person for turn in solution.turns if turn.place == "office")
    teams: dict[tuple[int, str], list[int]] = defaultdict(list)
    for seat in built.seats.values():
        if any((seat.id, day) not in built.problem.at for day in days):
            teams[seat.division_id, facts.names.get(seat.group, "")].append(taken[seat.id])
    return [(desk, group, min(turns), max(turns)) for (desk, group), turns in sorted(teams.items())]


def _why(facts: Facts, built: Built, solution: Solution, desks: Collection[int], watch: _Watch) -> dict[str, Any]:
    """Say what cannot hold. Of one bidang the whole office is asked about those days: others may lend somebody."""
    explained = solution.explanation
    if explained is None:
        return {}
    if len(desks) < len(facts.desks):
        days = {one.rule.day for one in explained.broken}
        wider = problem.build(facts, list(facts.desks), days)
        answer = None
        try:
            answer = child.solve(wider.problem, SECONDS[False], watch.goes_on)
        except child.Died:  # what the bidang itself can do is known
            log.warning("roster_wider_why_died", run=watch.job.id)
        if answer is not None and answer.explanation is not None:
            built, explained = wider, answer.explanation
    broken = [one for one in explained.broken if one.rule.desk in desks]
    people = {str(id_): [seat.officer_id, seat.division_id] for id_, seat in built.seats.items()}
    return {"broken": TypeAdapter(list[Broken]).dump_python(broken, mode="json"), "people": people}
