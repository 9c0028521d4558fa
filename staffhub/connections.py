"""Connections to the database, and what keeps anybody from waiting for it for ever.

A database that refuses says so at once. One whose packets are lost, or that was stopped, says nothing: TCP may go on
acknowledging, and psycopg waits without end. So every wait has a deadline here (see `deadlines`). A connection that
missed it is closed, since its late answer would be taken for that to another question.
"""

import math
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import _preparing, _queries
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry

from staffhub import deadlines
from staffhub.deadlines import PAGE, Limits

Result = TypeVar("Result")

# Connections of one process: what is kept is enough for its request threads and two of the scheduler's jobs; the rest
# are for more jobs, sign-ins and the health check, and go again. All of these together are fewer, so nobody waits.
POOL, MORE = 8, 12
_CONNECT = 3.0  # seconds for a new connection, name resolution included; psycopg's own are at least 2 a host
_GRACE = 0.5  # what PostgreSQL gets beyond the limit it was told, to say that it ended a statement
_KEPT = 2.0  # seconds after which a lock of another process is not merely busy
_RESTS = 5.0  # seconds after which a connection may have been lost without a word
_PAUSE = 1.0  # seconds until somebody asks again a database that did not answer
# After so many times a statement stays prepared, and so many do. PostgreSQL plans each five times more before it keeps
# the plan, and planning is half of what it does for a page.
_PREPARED_AFTER, _PREPARED_MOST = 1, 200
_IDLE = 60.0  # seconds that a transaction may rest between two statements before PostgreSQL ends it
_TCP = {
    "connect_timeout": 2,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

# A page that asks everything at once does so in some 12 kB, for 100 values. psycopg looks anew each time for the places
# of the values in a text that is longer, or asks for more, than this, and has no setting for it.
_queries.MAX_CACHED_STATEMENT_LENGTH = 2**15
_queries.MAX_CACHED_STATEMENT_PARAMS = 2**8


class Silent(psycopg.OperationalError):
    """The database did not answer in time, or did not a moment ago."""


class Unconfirmed(psycopg.OperationalError):
    """It is not known whether the commit was done: its answer was lost, or a copy that must have it has not said so."""


class Outage:
    """What a process remembers of a database that does not answer: one asks again, all others are told at once.

    On SQLite the same of a lock that another process keeps.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._asker = 0

    def may_ask(self) -> bool:
        """Say no while the database is silent, unless this thread is the one that finds out."""
        if not self._until:
            return True
        with self._lock:
            now, me = time.monotonic(), threading.get_ident()
            if now >= self._until:
                self._asker, self._until = me, now + _CONNECT
            return self._asker == me

    def silent(self) -> None:
        with self._lock:
            self._asker, self._until = 0, time.monotonic() + _PAUSE

    def answered(self) -> None:
        if self._until:
            with self._lock:
                self._asker, self._until = 0, 0.0


class _Connection(psycopg.Connection[Any]):
    """A connection to PostgreSQL that waits as long as the work that it serves, and no longer."""

    outage: Outage
    told: Limits | None = None  # what the session was told; nothing when a pooler hands it to others in between
    _copies_missing = False

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        patience = deadlines.patience()
        longest = patience.limits.statement
        with patience.waiting() as left:
            seconds = min(longest + _GRACE, left)
            return self._wait_at_most(seconds, gen, interval, timeout, is_silence=seconds > longest)

    def _wait_at_most(
        self, seconds: float, gen: Any, interval: float, timeout: float | None, *, is_silence: bool
    ) -> Any:
        begun = time.monotonic()
        try:
            _ask_only_if_it_may_answer(self.outage)
            result = super().wait(gen, interval, seconds if timeout is None else min(seconds, timeout))
        except psycopg.OperationalError as error:
            late = time.monotonic() - begun >= seconds
            if late or isinstance(error, Silent):
                self.close()
            if not late:
                raise
            if is_silence:
                self.outage.silent()
            raise Silent("no answer in time") from None
        self.outage.answered()
        return result

    def commit(self) -> None:
        try:
            super().commit()
        except psycopg.OperationalError as error:
            if self.closed:
                raise Unconfirmed("the answer to COMMIT was lost") from error
            raise
        if self._copies_missing:
            self.close()
            raise Unconfirmed("the wait for a synchronous copy was cancelled")

    def rollback(self) -> None:
        """Keep what is prepared, of which psycopg forgets all, since what it names may be gone with the transaction.

        None of ours makes or drops a table, and every refused tap, and every job that found nothing to do, would have
        PostgreSQL plan the statements of its connection anew. What it refused itself may be a plan that no longer fits.
        """
        if self.pgconn.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
            super().rollback()
            return
        prepared, self._prepared = self._prepared, _preparing.PrepareManager()
        try:
            super().rollback()
        finally:
            self._prepared = prepared

    def hear(self, notice: psycopg.errors.Diagnostic) -> None:
        """PostgreSQL calls it a success with a warning when it stops waiting for a copy. We do not."""
        # By the place in its source: the words are in the server's language.
        self._copies_missing |= notice.source_function == "SyncRepWaitForLSN"


def make_engine(address: str) -> sa.Engine:
    url = make_url(address)
    shared: dict[str, Any] = {
        "pool_size": POOL,
        "max_overflow": MORE,
        "pool_timeout": 1,
        "pool_use_lifo": True,  # few connections that know the statements already
        "hide_parameters": True,  # an error in the log never repeats what was being stored
    }
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, shared)
    # AUTOCOMMIT: we say BEGIN ourselves, below.
    engine = sa.create_engine(url, connect_args=_TCP, isolation_level="AUTOCOMMIT", **shared)
    event.listen(engine, "do_connect", partial(_connect, Outage()))
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", _ask_whether_alive)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _connect(outage: Outage, _dialect: object, _record: object, args: Any, named: Any) -> _Connection:
    _ask_only_if_it_may_answer(outage)
    try:
        with deadlines.patience().waiting() as left:
            connection = _in_time(partial(_Connection.connect, *args, **named), min(left, _CONNECT))
    except (NotInTime, psycopg.errors.ConnectionTimeout):
        outage.silent()
        raise Silent("no connection in time") from None
    except psycopg.OperationalError:
        outage.answered()  # it said no, so it says something
        raise
    connection.outage = outage
    return connection


def _ask_only_if_it_may_answer(outage: Outage) -> None:
    if not outage.may_ask():
        raise Silent("the database did not answer a moment ago")


def _in_time(connect: Callable[[], _Connection], seconds: float) -> _Connection:
    """Connect in a thread of its own: looking up a name cannot be told to hurry."""
    made: Future[_Connection] = Future()

    def run() -> None:
        try:
            made.set_result(connect())
        except BaseException as error:  # noqa: BLE001  whoever waits for it raises it
            made.set_exception(error)

    threading.Thread(target=run, daemon=True, name="connect").start()
    try:
        return made.result(seconds)
    except NotInTime:
        made.add_done_callback(_close_late)
        raise


def _close_late(made: Future[_Connection]) -> None:
    if not made.exception():
        made.result().close()


def _prepare_postgres(connection: _Connection, _record: object) -> None:
    """A pooler in between (PgBouncer) gives every transaction another session: nothing may be left in it.

    It answers for the server, but with a process number of its own.
    """
    connection.add_notice_handler(connection.hear)
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    if row and row[0] == connection.info.backend_pid:
        connection.execute(f"SET timezone = 'UTC'; {_said(PAGE, 'SESSION')}".encode())
        connection.told = PAGE
        connection.prepare_threshold, connection.prepared_max = _PREPARED_AFTER, _PREPARED_MOST
    else:
        connection.prepare_threshold = None


@cache
def _said(limits: Limits, scope: str) -> str:
    facts = {
        "statement_timeout": limits.statement,
        "lock_timeout": limits.lock,
        "idle_in_transaction_session_timeout": max(limits.statement, _IDLE),
    }
    return "; ".join(f"SET {scope} {name} = {round(seconds * 1000)}" for name, seconds in facts.items())


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["rests"] = time.monotonic()


def _ask_whether_alive(connection: _Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that rested, or on which the server has said something (goodbye), is asked; one just used is not."""
    rested = time.monotonic() - record.info.get("rests", math.inf)
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    if rested < _RESTS and not heard.poll(0):
        return
    try:
        connection.execute("")
    except psycopg.OperationalError as error:
        raise sa.exc.DisconnectionError from error  # the pool makes another one


def _begin_postgres(connection: sa.Connection) -> None:
    options, limits = connection.get_execution_options(), deadlines.patience().limits
    same = _driver(connection).told == limits
    # Who only reads needs no transaction: in READ COMMITTED each statement sees what is committed when it begins.
    if options.get("isolation_level") == "AUTOCOMMIT" or (same and not options.get("write")):
        return
    connection.exec_driver_sql("BEGIN" if same else f"BEGIN; {_said(limits, 'LOCAL')}")


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _sqlite(url: sa.URL, shared: dict[str, Any]) -> sa.Engine:
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": PAGE.lock}, **shared)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", partial(_begin_sqlite, Outage()))
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    # recursive_triggers: REPLACE asks the triggers that keep facts append-only.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(outage: Outage, connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("write"):
        connection.exec_driver_sql("BEGIN")
        return
    if not outage.may_ask():
        raise sa.exc.TimeoutError("another process kept the lock a moment ago")
    patience = deadlines.patience()
    with patience.waiting() as left:  # for another process's write lock
        seconds = min(left, patience.limits.lock)
        _driver(connection).execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.OperationalError as error:
            if seconds >= _KEPT and getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
                outage.silent()
            raise
    outage.answered()
