"""Whose turn it is to write to SQLite: among the threads of a process, and among the processes of a machine."""

import fcntl
import os
import threading
from collections import deque
from pathlib import Path


class Turns:
    """A lock that goes to whoever has asked for it first: Python's own goes to whoever is awake, time and again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def acquire(self, seconds: float) -> bool:
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            if seconds <= 0:
                return False
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds):
            return True
        with self._guard:
            if mine not in self._waiting:  # it came at the last moment
                return True
            self._waiting.remove(mine)
            return False

    def hand_on(self) -> bool:
        """Give it to whoever waits, if anybody does."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
                return True
            return False

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Processes:
    """A turn among processes, for the one thread of this process whose turn it is.

    SQLite waits for another process's lock by looking again, after 1 to 100 ms: the lock lies free meanwhile, and goes
    to whoever looks at the right moment. The kernel wakes whoever waits for a lock of a file in turn, and takes it from
    a process that was killed. The file is the folder: it is there, also when the disk is full. (Never the database
    itself: closing a file drops all the locks that SQLite has on it in this process.) Whoever does not take part, a
    command of SQLite's own, is still kept out by SQLite's lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = threading.Condition()
        self._held: int | None = None
        self._asking = self._wanted = False

    def acquire(self, seconds: float) -> bool:
        with self._changed:
            if self._held is not None:  # by the thread before, which hands it on
                return True
            if not self._asking and self._take(fcntl.LOCK_NB):
                return True
            if seconds <= 0:
                return False
            self._wanted = True
            if not self._asking:
                self._asking = True
                threading.Thread(target=self._stand_in_line, daemon=True, name="turn").start()
            came = self._changed.wait_for(lambda: self._held is not None, seconds)
            self._wanted = False
            return came

    def release(self) -> None:
        with self._changed:
            held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def _stand_in_line(self) -> None:
        """The kernel's wait has no end, so a thread of its own waits; if nobody wants the turn by then, it goes on."""
        place = self._lock(0)
        with self._changed:
            self._asking = False
            if not self._wanted:
                os.close(place)
                return
            self._held = place
            self._changed.notify_all()

    def _take(self, how: int) -> bool:
        try:
            self._held = self._lock(how)
        except BlockingIOError:
            return False
        return True

    def _lock(self, how: int) -> int:
        place = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | how)
        except OSError:
            os.close(place)
            raise
        return place
