"""How long anything may wait for the database, said once. Every wait ends on our side, whatever the other side does."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Seconds: `in_all` is all the waiting of one piece of work (its turn, a lock, a connection, answers) together.

    `statement` is the longest for one answer; PostgreSQL is told, and ends the statement by itself. `lock` is the
    longest for somebody else's lock. Whoever waits for one on SQLite keeps the turn of this process meanwhile, so no
    work of a process waits longer than a page.
    """

    in_all: float
    statement: float
    lock: float = 3


# A person waits: 503 within five seconds, also when the worst comes last.
PAGE = Limits(in_all=4, statement=3)
# /readyz answers within two.
PROBE = Limits(in_all=1.5, statement=1, lock=1)
# A page that legitimately takes long, a sheet going out or a register coming in; less than the proxy waits (40).
LONG = Limits(in_all=35, statement=30)
# A tick of the scheduler.
WORK = Limits(in_all=60, statement=30)
# A command, with somebody in front of it who can end it: a migration may take its time.
COMMAND = Limits(in_all=86_400, statement=3_600, lock=10)


class Patience:
    """What is left of one piece of work's waiting."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.left = limits.in_all

    def widen(self, limits: Limits) -> None:
        self.limits, self.left = limits, limits.in_all

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Yield the seconds left for a wait, and take away those that it took."""
        begun = time.monotonic()
        try:
            yield max(self.left, 0)
        finally:
            self.left -= time.monotonic() - begun


_current: ContextVar[Patience | None] = ContextVar("patience", default=None)


def begin(limits: Limits) -> Patience:
    """From here on (in this request, tick or command, whatever threads it runs on) these limits hold."""
    patience = Patience(limits)
    _current.set(patience)
    return patience


def patience() -> Patience:
    return _current.get() or Patience(WORK)


def again() -> None:
    """Begin the next of many pieces of work, each of which may wait as long as the first."""
    (mine := patience()).widen(mine.limits)
