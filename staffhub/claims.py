"""Who does a piece of work when several processes could: a slot by its name, or a row of an outbox with a lease.

A slot is (job, text): the housekeeping of a day, the close of a day. A row of `models.Work` is done once it is due,
and again when it asks for that. Either is claimed before anything is done, and free again when the lease ends:
whoever held it has died. Of two who want the same one gets it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Result, and_, delete, event, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, Session, aliased

from staffhub.db import Database, after_commit, insert_unless_there
from staffhub.models import Claim, TaskState, Work

LEASE = timedelta(minutes=2)
UNFINISHED = (TaskState.PENDING, TaskState.CLAIMED)


def _hit(result: Result[Any]) -> bool:
    return bool(cast("CursorResult[Any]", result).rowcount)


def claim(db: Session, job: str, slot: str, *, now: datetime, lease: timedelta = LEASE) -> bool:
    """Take (job, slot) for this process; False when somebody has it, or has done it."""
    if insert_unless_there(db, Claim, {"job": job, "slot": slot, "lease_until": now + lease}):
        return True
    free = (Claim.job == job, Claim.slot == slot, Claim.done_at.is_(None), Claim.lease_until < now)
    return _hit(db.execute(update(Claim).where(*free).values(lease_until=now + lease)))


def finish(db: Session, job: str, slot: str, *, now: datetime) -> None:
    """Note that the slot is done; in the transaction of the work itself, both are stored or neither."""
    db.execute(update(Claim).where(Claim.job == job, Claim.slot == slot).values(done_at=now))


def hold(db: Session, job: str, *, now: datetime) -> None:
    """Let nobody else do this job until the commit: the row of the job stays locked until then."""
    insert_unless_there(db, Claim, {"job": job, "slot": "", "lease_until": now})
    db.execute(update(Claim).where(Claim.job == job, Claim.slot == "").values(lease_until=now))


def forget(db: Session, *, before: datetime) -> None:
    """Remove old slots; the rows that `hold` locks stay."""
    db.execute(delete(Claim).where(Claim.lease_until < before, Claim.slot != ""))


def _is_due(table: type[Work], now: datetime) -> ColumnElement[bool]:
    waiting = and_(table.state == TaskState.PENDING, table.due_at <= now)
    return or_(waiting, and_(table.state == TaskState.CLAIMED, table.lease_until < now))


def next_due(db: Session, table: type[Work], *, now: datetime, in_turn: InstrumentedAttribute[int]) -> int | None:
    """Look without a lock for a row to do; of those that share `in_turn` only the oldest unfinished one may run."""
    before = aliased(table)
    earlier = select(before.id).where(
        getattr(before, in_turn.key) == in_turn, before.id < table.id, before.state.in_(UNFINISHED)
    )
    due = select(table.id).where(_is_due(table, now), ~earlier.exists())
    return db.scalar(due.order_by(table.due_at, table.id).limit(1))


def take(
    db: Session, table: type[Work], row_id: int, *, now: datetime, lease: timedelta, **values: Any
) -> datetime | None:
    """Claim a row that is due; return the end of the lease, which is the ticket for `settle`, or None.

    `values` are columns to set with it; they see the row as it was before.
    """
    until = now + lease
    mine = update(table).where(table.id == row_id, _is_due(table, now))
    facts = {"state": TaskState.CLAIMED, "lease_until": until, "attempts": table.attempts + 1}
    return until if _hit(db.execute(mine.values(**facts | values))) else None


def settle(db: Session, table: type[Work], row_id: int, ticket: datetime, **values: Any) -> bool:
    """Write the outcome of a row; False when the lease has ended and somebody else has it."""
    mine = (table.id == row_id, table.state == TaskState.CLAIMED, table.lease_until == ticket)
    return _hit(db.execute(update(table).where(*mine).values(**values, lease_until=None)))


def watch(database: Database, kick: Callable[[str], object]) -> None:
    """Call `kick(job)` after every commit that left work, in whatever way its row was written.

    Nobody who leaves work has to think of it, and nobody can forget.
    """
    kick_for = cache(lambda job: partial(kick, job))

    def inserted(state: ORMExecuteState) -> None:
        table = state.bind_mapper.class_ if state.is_insert and state.bind_mapper else None
        if table and issubclass(table, Work):
            after_commit(state.session, kick_for(table.job))

    def flushed(db: Session, *_context: object) -> None:
        rows: Sequence[object] = [*db.new, *db.dirty]
        for row in rows:
            if isinstance(row, Work) and row.state is TaskState.PENDING:
                after_commit(db, kick_for(row.job))

    event.listen(database.writing, "do_orm_execute", inserted)
    event.listen(database.writing, "before_flush", flushed)
