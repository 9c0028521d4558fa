"""Transactions, column types. Nobody else commits: the edge (a request, the scheduler, the CLI) owns them.

On SQLite a writer opens BEGIN IMMEDIATE when it is its turn in this process and among processes (`turns.py`): plain
BEGIN loses read-then-write transactions with SQLITE_BUSY_SNAPSHOT, and busy_timeout alone polls and starves.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, TypeVarTuple, cast

import anyio
import anyio.to_thread
import sqlalchemy as sa
import structlog
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, ORMExecuteState, Session, mapped_column, sessionmaker
from sqlalchemy.sql.dml import ReturningInsert

from staffhub.ahead import Ask, taken
from staffhub.connections import make_engine
from staffhub.deadlines import patience
from staffhub.errors import Conflict
from staffhub.i18n import gettext as _
from staffhub.turns import Processes, Turns

log = structlog.get_logger(__name__)

# So many read, and so many write, at once. More threads only wait for the interpreter, more connections to PostgreSQL
# plan the same statements once more each, and marks need not stand behind pages.
_HALF = 3
REQUEST_THREADS = 2 * _HALF
# So often the lock of SQLite goes on within a process before another one has it: waking another process costs about as
# much as a write.
_IN_A_ROW = 8
# On SQLite the trigger of an append-only table speaks before the unique constraint: the row is there already.
_APPEND_ONLY = "SQLITE_CONSTRAINT_TRIGGER"
Ts = TypeVarTuple("Ts")
Result = TypeVar("Result")


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC in Python, whatever the database gives back; a naive value is a mistake and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: every stored time is aware")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """SQLite gives text, which is read in one step: a month of an office has thousands of times."""
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


_BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_enum = sa.Enum(
    Enum,
    native_enum=False,
    create_constraint=True,
    length=32,
    values_callable=lambda kind: [member.value for member in kind],
)

Id = Annotated[int, mapped_column(_BigInt, primary_key=True)]


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        int: _BigInt,
        Enum: _enum,
        dict[str, Any]: sa.JSON(),
        list[Any]: sa.JSON(),
    }


class Versioned:
    """A row that people edit: its form sends the version it showed, and `write_over` changes that version only."""

    id: Mapped[Id]
    version: Mapped[int]


def _refuse_changes(session: Session, *_flush: object) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("a reading session was asked to write: GET never changes anything")


def _refuse_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        raise RuntimeError("a reading session was asked to write: GET never changes anything")


class Database:
    """One engine, its sessions and, on SQLite, the process's one write lock."""

    def __init__(self, address: str) -> None:
        self.engine = make_engine(address)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._lock = Turns()
        file = self.engine.url.database
        self._processes = Processes(Path(file).parent) if self.sqlite and file else None
        self.writing = sessionmaker(self.engine.execution_options(write=True), expire_on_commit=False)
        self._reading = sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        event.listen(self._reading, "before_flush", _refuse_changes)
        event.listen(self._reading, "do_orm_execute", _refuse_statement)
        self._in_a_row = 0
        # Requests wait here, on the event loop, and hold no thread while they wait for the lock or a connection; but on
        # SQLite one stands by the one who writes, so that the lock goes from hand to hand.
        self._writer = anyio.Semaphore(2 if self.sqlite else _HALF, fast_acquire=True)
        self._reader = anyio.Semaphore(_HALF, fast_acquire=True)
        # For handlers that call `transaction` themselves, and wait for the lock or a hash in their thread: these are
        # theirs alone, so that whoever holds the lock has one, and marks have theirs.
        self.apart = anyio.CapacityLimiter(_HALF)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._reading() as session:
            yield session
            _refuse_changes(session)

    @contextmanager
    def _in_turn(self) -> Iterator[Session]:
        """Return commits, raise rolls back. The lock is taken and freed on the thread that writes: each step to another
        thread may wait for the interpreter, and all other writers with it.
        """
        self._take_lock()
        try:
            with self.writing() as session:
                yield session
                session.commit()
        finally:
            self._free_lock()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Return commits, raise rolls back; what was left with `after_commit` runs when the commit is done."""
        with self._in_turn() as session:
            yield session
        run_after_commit(session)

    async def serve(self, work: Callable[[Session], Result], *, write: bool) -> Result:
        """Do the work of a request, transaction and all, in one go on one thread, once its turn has come."""
        async with AsyncExitStack() as stack:
            await _stand_in_line(stack, self._writer if write else self._reader)
            if not write:
                return await anyio.to_thread.run_sync(self._read, work)
            result, session = await anyio.to_thread.run_sync(self._write, work)
        if session.info.get("after_commit"):
            await anyio.to_thread.run_sync(run_after_commit, session)
        return result

    def _read(self, work: Callable[[Session], Result]) -> Result:
        with self.reading() as session:
            return work(session)

    def _write(self, work: Callable[[Session], Result]) -> tuple[Result, Session]:
        with self._in_turn() as session:
            return work(session), session

    def _take_lock(self) -> None:
        if not self.sqlite:
            return
        with (waits := patience()).waiting() as left:
            if not self._takes(min(left, waits.limits.lock)):
                raise sa.exc.TimeoutError("it was not this writer's turn in time")

    def _takes(self, seconds: float) -> bool:
        """The turn of this thread, then that of this process."""
        end = time.monotonic() + seconds
        if not self._lock.acquire(seconds):
            return False
        try:
            if self._processes is None or self._processes.acquire(end - time.monotonic()):
                return True
        except BaseException:
            self._lock.release()
            raise
        self._lock.release()
        return False

    def _free_lock(self) -> None:
        if not self.sqlite:
            return
        self._in_a_row += 1
        if self._in_a_row < _IN_A_ROW and self._lock.hand_on():
            return
        self._in_a_row = 0
        if self._processes:
            self._processes.release()
        self._lock.release()


async def _stand_in_line(stack: AsyncExitStack, line: anyio.Semaphore) -> None:
    with suppress(anyio.WouldBlock):  # mostly nobody stands there
        line.acquire_nowait()
        stack.callback(line.release)
        return
    # Behind another process that keeps its lock, or a page that takes long, the waits of those in front would add up.
    with patience().waiting() as left, anyio.move_on_after(left):
        await stack.enter_async_context(line)
        return
    raise sa.exc.TimeoutError("too many stand in line")


def rows(db: Session, statement: sa.Select[*Ts] | sa.CompoundSelect[*Ts], **asked: object) -> sa.Result[*Ts]:
    """Read columns: what `db.execute` gives without the unit of work, which doubles what a statement costs.

    For statements that are built once, of columns alone; rows of a model come from `db.execute` and `db.scalars`.
    What the page has read ahead is there already.
    """
    if db.autoflush:  # what a verb has added is there for whoever reads after it
        db.flush()
    return taken(db, statement, asked) or db.connection().execute(statement, asked)


def read(db: Session, ask: Ask) -> sa.Result[*tuple[Any, ...]]:
    return rows(db, ask.statement, **ask.values)


@cache
def _insert_or_nothing(table: type["Base"], dialect: str) -> ReturningInsert[int]:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # Drivers disagree on rowcount here, so the row answers for itself.
    return make(cast("sa.Table", table.__table__)).on_conflict_do_nothing().returning(sa.literal(1))


def said_otherwise() -> Conflict:
    """The refusal of a form whose key is spent: it was sent before, and changed since."""
    return Conflict(
        _("This form was sent before with other words. What you typed is still here: save it once more to add it.")
    )


def insert_unless_there(db: Session, table: type["Base"], values: Mapping[str, Any]) -> bool:
    """Insert, or do nothing when a unique constraint speaks; return whether the row went in.

    Of two writers at once the second waits for the first and then does nothing: no error, no savepoint.
    """
    statement = _insert_or_nothing(table, db.get_bind().dialect.name)
    try:
        return db.execute(statement, dict(values)).first() is not None
    except sa.exc.IntegrityError as error:
        if _constraint(error) == _APPEND_ONLY:  # only this statement is undone
            return False
        raise


def write_over(db: Session, table: type[Versioned], row_id: int, *, seen: int, said: str = "", **values: Any) -> None:
    """Change a row as the person saw it, and no other; whoever comes second is told (Conflict) and nothing is lost."""
    changed = db.scalar(
        sa.update(table)
        .where(table.id == row_id, table.version == seen)
        .values(version=seen + 1, **values)
        .returning(table.id)
    )
    if changed is None:
        raise Conflict(said or changed_meanwhile())


def changed_meanwhile() -> str:
    return _("Somebody changed this meanwhile, perhaps in another tab. What you typed is not saved yet.")


def lock_row(db: Session, table: Any, row_id: int) -> None:
    """Let whoever changes the same thing wait until our commit, and read what we wrote; pointing at the row stays free.

    For what is edited as one and stored in several rows: lock, read, compare with what the form showed, write.
    """
    if db.autoflush:
        db.flush()
    db.connection().execute(_locking(table), {"row": row_id})


@cache
def _locking(table: Any) -> sa.Select[int]:
    return sa.select(table.id).where(table.id == sa.bindparam("row")).with_for_update(key_share=True)


def is_taken(error: sa.exc.IntegrityError) -> bool:
    """Say whether a unique constraint refused: what is being stored is there already."""
    return _constraint(error) in {"23505", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", _APPEND_ONLY}


def is_gone(error: sa.exc.IntegrityError) -> bool:
    """Say whether a foreign key refused: what the row points at is not there, or something still points at it."""
    return _constraint(error) in {"23503", "SQLITE_CONSTRAINT_FOREIGNKEY"}


def _constraint(error: sa.exc.IntegrityError) -> str:
    name = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    return str(name)


def after_commit(db: Session, action: Callable[[], object]) -> None:
    """Leave something for the outside world: it hears of a change only once the change is stored.

    The same action left twice runs once.
    """
    actions = db.info.setdefault("after_commit", [])
    if action not in actions:
        actions.append(action)


def run_after_commit(db: Session) -> None:
    for action in db.info.pop("after_commit", ()):
        try:
            action()
        except Exception:  # a committed change is never turned into an error page
            log.exception("after_commit_failed")


def undo(db: Session) -> None:
    """Take back what a refused verb may have flushed, so that the page can be shown again from clean rows."""
    db.info.pop("after_commit", None)
    db.rollback()


def digest(*parts: str, key: bytes = b"") -> str:
    """Return a keyed hash as 64 hex digits: what must be found again but never read back (tokens, addresses)."""
    return hashlib.blake2b("\0".join(parts).encode(), key=key[:64], digest_size=32).hexdigest()
