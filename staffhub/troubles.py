"""What this process could not do for people, counted where it happens: in memory, the database may be what is away.

The scheduler writes the counts down when it can (`outages.noticing`). While it cannot, they lie in a small file, which
whichever process comes next takes up when this one was killed. A batch keeps its name, so that written twice it counts
once.
"""

import json
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

# Seconds after which an answer came, and was nevertheless none for somebody who stands at the door at 07.30.
SLOW = 5.0
# Whoever is counted by name in a minute; the count goes on.
_NAMED = 1000
# Minutes kept while the database is away: a day and a half of one process, three kinds of trouble a minute.
_MOST = 6000
# A file that nobody has written for so long belongs to a process that is no more.
_LEFT_BEHIND = timedelta(minutes=2)


@dataclass
class Count:
    """One kind of trouble in one minute; `sessions`: digests of whose, as far as a cookie came with it."""

    kind: str
    minute: str
    times: int = 0
    sessions: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """What is written at once; `left`: the file of another process that it was found in."""

    name: str
    counts: list[Count]
    left: Path | None = None


class Troubles:
    """The counts of one process. `folder` None: nothing outlives it, as in a test."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], Count] = {}
        self._batches: list[Batch] = []
        self._name = secrets.token_hex(8)
        self._turn = 0

    def note(self, kind: str, session: str, at: datetime) -> None:
        """Count one refusal or slow answer; it waits for nothing but this lock."""
        minute = at.replace(second=0, microsecond=0).isoformat()
        with self._lock:
            count = self._counts.get((kind, minute))
            if count is None:
                if len(self._counts) >= _MOST:
                    return
                count = self._counts[kind, minute] = Count(kind, minute)
            count.times += 1
            if session and session not in count.sessions and len(count.sessions) < _NAMED:
                count.sessions.append(session)

    def waiting(self, now: datetime) -> list[Batch]:
        """Return what is to be written, with what processes that were killed have left behind."""
        with self._lock:
            if self._counts:
                self._turn += 1
                self._batches.append(Batch(f"{self._name}-{self._turn}", list(self._counts.values())))
                self._counts = {}
            mine = list(self._batches)
        return [*mine, *self._left_behind(now)]

    def written(self, batches: Sequence[Batch]) -> None:
        for file in {batch.left for batch in batches if batch.left}:
            file.unlink(missing_ok=True)
        names = {batch.name for batch in batches}
        with self._lock:
            self._batches = [batch for batch in self._batches if batch.name not in names]
        self.keep()

    def keep(self) -> None:
        """Put what is not written yet into this process's file, all of it or as before; away with it if nothing is."""
        if self._folder is None:
            return
        with self._lock:
            batches = [*self._batches]
            if self._counts:
                batches.append(Batch(f"{self._name}-{self._turn + 1}", list(self._counts.values())))
        file = self._folder / f"{self._name}.json"
        if not batches:
            file.unlink(missing_ok=True)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps([[one.name, [asdict(count) for count in one.counts]] for one in batches]), "utf-8")
        new.replace(file)

    def _left_behind(self, now: datetime) -> Iterator[Batch]:
        if self._folder is None or not self._folder.is_dir():
            return
        for file in sorted(self._folder.glob("*.json")):
            with suppress(OSError):  # another process has taken it up in this moment
                age = now.timestamp() - file.stat().st_mtime
                if file.stem != self._name and age > _LEFT_BEHIND.total_seconds():
                    yield from _read(file)


def _read(file: Path) -> Iterator[Batch]:
    """A file that nobody understands is put aside: it must not be in the way of all that follow."""
    try:
        found = json.loads(file.read_text("utf-8"))
        batches = [Batch(name, [Count(**one) for one in counts], file) for name, counts in found]
    except (ValueError, TypeError):
        file.replace(file.with_suffix(".unread"))
        return
    yield from batches
