"""The outcome of a check: entries of the rows that were understood, and the cells that cannot be taken over."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from staffhub.models import Role
from staffhub.people.cells import GUARDED
from staffhub.people.known import POSTED, Known, Person
from staffhub.people.register import COLUMNS, Cell, Register, Row
from staffhub.typed import holds_citizen_number, holds_personal_number

_SUGGESTIONS = 50


@dataclass(frozen=True)
class BadCell:
    """One cell that cannot be taken over: where it stands, what is written there, and how to mend it."""

    row: int
    column: str
    header: str
    written: str
    reason: str


@dataclass
class Entry:
    """A row that was understood. `match` is the person it is about; the superior is an officer's id or another row."""

    row: int
    facts: dict[str, Any]
    username: str
    role: Role | None
    match: Person | None
    superior_text: str
    superior_row: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether the officer is new; the account may have been there before."""
        return self.match is None or self.match.officer_id is None

    @property
    def person(self) -> int:
        """Return a key among all people: the officer's id, or the row's number, negative."""
        return self.match.officer_id if self.match and self.match.officer_id else -self.row

    def changes(self) -> dict[str, Any]:
        """Return the facts that differ from what is stored; a superior who is new has no id yet and counts too."""
        before = self.match.facts() if self.match else {}
        changed = {name: value for name, value in self.facts.items() if before.get(name) != value}
        return changed | ({"superior_id": None} if self.superior_row else {})

    def posted(self) -> dict[str, Any]:
        """Return what differs of the posting: it holds from a date on."""
        return {name: value for name, value in self.changes().items() if name in POSTED}

    def since(self, day: date) -> date:
        """Return from when a change holds that is wanted from `day` on: nobody is posted before the first day."""
        began = self.match.active_from if self.match else None
        return max(day, began) if began else day

    def is_same(self) -> bool:
        if self.match is None or self.is_new:
            return False
        return not self.changes() and self.match.username == self.username and self.role in {None, self.match.role}


@dataclass
class Check:
    """The outcome: entries of good rows, and what is wrong with the others."""

    register: Register
    known: Known
    today: date
    # From when on what differs of a posting holds, and who is new serves.
    day: date
    # Whether whoever brings the register may deal in the rights of a role.
    manages: Callable[..., bool]
    entries: dict[int, Entry] = field(default_factory=dict)
    bad: list[BadCell] = field(default_factory=list)

    def refuse(self, row: Row, header: str, reason: str) -> None:
        written = row.cells.get(header, Cell("")).text[:80]
        if holds_citizen_number(written) or (header in GUARDED and holds_personal_number(written)):
            written = re.sub(r"\d", "•", written)
        self.bad.append(BadCell(row.number, self.register.letters.get(header, ""), header, written, reason))
        self.entries.pop(row.number, None)

    def sort_bad(self) -> None:
        """Bring what is wrong into the order of the sheet."""
        self.bad.sort(key=lambda cell: (cell.row, list(COLUMNS).index(cell.header)))

    @property
    def may_suggest(self) -> bool:
        """Looking for near names costs: nobody reads more than the first of many."""
        return len(self.bad) < _SUGGESTIONS

    def rows(self) -> Iterator[tuple[Row, Entry]]:
        """Walk the rows that are good so far; one refused on the way is passed over."""
        for row in self.register.rows:
            entry = self.entries.get(row.number)
            if entry:
                yield row, entry

    def good(self) -> list[Entry]:
        return [entry for _row, entry in self.rows()]
