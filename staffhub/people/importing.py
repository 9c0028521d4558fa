"""Import of the register: every row is checked before one is stored, and the slow hashing stays outside the write lock."""

from dataclasses import dataclass, field
from datetime import datetime

from staffhub.db import Database
from staffhub.people.register import Register
from staffhub.security import Viewer


@dataclass(frozen=True)
class BadCell:
    """One cell that cannot be taken over: where it stands, what is written there, and how to mend it."""

    row: int
    column: str
    header: str
    written: str
    reason: str


@dataclass
class ImportReport:
    """`passwords` holds (name, username, one-time password) of new accounts; they are known here and nowhere else."""

    bad: list[BadCell] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    same: int = 0
    saved: bool = False
    passwords: list[tuple[str, str, str]] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)


def import_register(
    database: Database, office_id: int, register: Register, *, actor: Viewer | None, skip_bad: bool, now: datetime
) -> ImportReport:
    raise NotImplementedError
