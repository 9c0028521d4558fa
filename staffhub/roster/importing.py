"""The sheet of a draft comes in again: what it would change is looked at, then taken as one step.

Each row says whose it is and which draft went out at which version (`mark`). A letter is wanted where it differs from
the one that went out, so what others changed in the draft meanwhile stays.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import PLAN_LETTERS, RosterAct
from staffhub.people.cells import plain
from staffhub.people.register import Register, Row, Shape, read_register
from staffhub.roster import by_hand, drafts, grid
from staffhub.roster.coverage import Cover
from staffhub.roster.drafts import Cell, Draft, Key
from staffhub.security import Viewer

MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000
# As the sheet that goes out names its columns; others of it are known, and not read.
NUMBER, NAME, MARK = "no. pegawai", "nama", "versi draf"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    NUMBER: ("nomor pegawai", "officer no.", "officer number"),
    NAME: ("pegawai", "nama pegawai", "officer", "name"),
    MARK: ("versi", "draft version", "version"),
    "jenis": ("kind",),
    "K": (),
}
# Letters of a grid that no roster gives.
_ABOVE = {*PLAN_LETTERS.values(), grid.LENT} - set(by_hand.PLACES)


class Change(NamedTuple):
    """A day of an officer as it stands in the draft, and as the sheet has it."""

    day: date
    was: str
    now: str


class Left(NamedTuple):
    """A cell that is not taken, as the sheet names it, with what stands there and why."""

    cell: str
    written: str
    reason: str


@dataclass
class Look:
    """What a sheet would change in the draft of this version: by officer, and what is left.

    `short`: who would be missing from the first open day on; `ignored`: headings that were not read.
    """

    version: int
    people: dict[int, tuple[str, list[Change]]] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    short: list[Cover] = field(default_factory=list)
    ignored: tuple[str, ...] = ()

    @property
    def letters(self) -> dict[Key, str]:
        return {(who, one.day): one.now for who, (_name, changes) in self.people.items() for one in changes}


def mark(draft: Draft) -> str:
    """Name a draft and its version, as each row of its sheet does."""
    return f"{draft.month:%Y-%m}/{draft.division_id}/{draft.version}"


def read(data: bytes, filename: str, draft: Draft) -> Register:
    """Read a sheet of this month; Refused when it is no such file, too large, or lacks a column."""
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than 1 MB. Save only the list in it, or split it."), field="file")
    days = {day.isoformat(): (str(day.day), f"{day} 00:00:00") for day in draft.days}
    shape = Shape({**COLUMNS, **days}, {NUMBER, MARK}, MAX_ROWS, 3, lambda texts: bool(texts[NUMBER] or texts[NAME]))
    return read_register(data, filename, shape)


def look_at(db: Session, me: Viewer, draft: Draft, table: Register, *, opens: date) -> Look:
    """Compare a sheet with what went out and with the draft as it stands; nothing is stored."""
    rows = [row for row in table.rows if row.cells[NUMBER].text or row.cells[NAME].text]
    version = _version(draft, rows)
    there = grid.draft_grid(db, me, draft, since=opens)
    went_out = there
    if version != draft.version:
        went_out = grid.draft_grid(db, me, drafts.as_of(db, me, draft, version), since=opens)
    look, seen = Look(draft.version, ignored=table.ignored), dict[int, int]()
    now_of, then_of = (_squares(one) for one in (there, went_out))
    names = {row.officer_id: row.name for row in there.rows if not row.lent}
    for row in rows:
        who = _officer(row, names, seen)
        if isinstance(who, str):
            look.left.append(Left(_place(table, NUMBER, row), _told(row), who))
            continue
        seen[who] = row.number
        days = [(day, now_of[who, day], then_of.get((who, day), grid.NOWHERE)) for day in there.days]
        changes = list(_changes(table, row, days, look.left, opens))
        if changes:
            look.people[who] = names[who], changes
    if look.people:
        would = replace(draft, cells={**draft.cells, **_cells(look.letters)})
        short = grid.draft_grid(db, me, would, since=opens).short
        look.short = [cover for cover in short if cover.day >= opens]
    return look


def take(db: Session, me: Viewer, draft: Draft, letters: Mapping[Key, str], *, version: int, now: datetime) -> int:
    """Write what was looked at as one step, and return the version of the draft; twice is once.

    Conflict when the draft is not as it was looked at.
    """
    drafts.lock(db, draft.division_id)
    there, cells = drafts.read(db, me.office_id, draft.division_id, draft.month), _cells(letters)
    if there.version == version + 1 and all(there.cells.get(key) == cell for key, cell in cells.items()):
        return there.version
    return by_hand.change(db, me, there, cells, act=RosterAct.IMPORTED, version=version, now=now)


def _version(draft: Draft, rows: list[Row]) -> int:
    found = {row.cells[MARK].text for row in rows} - {""}
    same, text = re.fullmatch(r"(.+)/(\d{1,9})", mark(draft)), next(iter(found), "")
    given = re.fullmatch(r"(.+)/(\d{1,9})", text, re.ASCII)
    if len(found) != 1 or given is None or same is None:
        text = _(
            "The sheet does not say of which draft it is. Download the sheet of the draft and write into that one."
        )
        raise Refused(text, field="file")
    if given[1] != same[1] or int(given[2]) > draft.version:
        raise Refused(_("This sheet is of another month or of another division."), field="file")
    return int(given[2])


def _squares(found: grid.Grid) -> dict[Key, grid.Square]:
    return {
        (row.officer_id, day): square for row in found.rows for day, square in zip(found.days, row.squares, strict=True)
    }


def _officer(row: Row, names: Mapping[int, str], seen: Mapping[int, int]) -> int | str:
    """Return whose row it is, or why nobody's."""
    text, name = row.cells[NUMBER].text, row.cells[NAME].text
    who = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0  # noqa: PLR2004  of 64 bits
    if who not in names:
        return _("Nobody of this number serves in the division in this month.")
    if name and plain(name) != plain(names[who]):
        return _("This is the number of %(name)s: number and name do not belong together.", name=names[who])
    if who in seen:
        return _("This officer stands in row %(row)s already.", row=seen[who])
    return who


def _changes(
    table: Register, row: Row, days: list[tuple[date, grid.Square, grid.Square]], left: list[Left], opens: date
) -> Iterator[Change]:
    """Say what a row changes; cells that cannot be taken are added to `left`."""
    for day, there, then in days:
        column = day.isoformat()
        letter = row.cells[column].text.upper()
        if letter in {"", then.letter.upper(), there.letter.upper()}:
            continue
        if why := _why_not(letter, day, there, then, opens):
            left.append(Left(_place(table, column, row), row.cells[column].text[:20], why))
        else:
            yield Change(day, there.letter, letter)


def _why_not(letter: str, day: date, there: grid.Square, then: grid.Square, opens: date) -> str:
    """Return the first thing that speaks against a letter; empty: nothing."""
    against = (
        (letter in _ABOVE, _("Leave, duty orders and days off are not written into the roster.")),
        (letter not in by_hand.PLACES, _("Write K, R or DL.")),
        (day < opens, _("This day has begun or is over.")),
        (there == grid.NOWHERE, _("The officer does not serve in the division on this day.")),
        (not there.open, _("%(letter)s lies over the roster on this day.", letter=there.letter)),
        (there.locked, _("The day is locked in the draft. Unlock it there first.")),
        (
            there.letter != then.letter,
            _("The draft was changed here since the sheet went out: it says %(letter)s now.", letter=there.letter),
        ),
    )
    return next((reason for holds, reason in against if holds), "")


def _place(table: Register, column: str, row: Row) -> str:
    return f"{table.letters.get(column, '')}{row.number}"


def _told(row: Row) -> str:
    return " ".join(row.cells[name].text for name in (NUMBER, NAME) if row.cells[name].text)[:60]


def _cells(letters: Mapping[Key, str]) -> dict[Key, Cell]:
    return {key: Cell(by_hand.PLACES[letter]) for key, letter in letters.items()}


# Between the two presses the page itself holds what would change: "12:1K,2R;13:5DL" are days of the month by officer.


def packed(letters: Mapping[Key, str]) -> str:
    by_officer: dict[int, list[str]] = {}
    for (who, day), letter in sorted(letters.items()):
        by_officer.setdefault(who, []).append(f"{day.day}{letter}")
    return ";".join(f"{who}:{','.join(days)}" for who, days in by_officer.items())


_OFFICER = re.compile(r"(\d{1,18}):((?:\d{1,2}(?:K|R|DL),)*\d{1,2}(?:K|R|DL))", re.ASCII)


def unpacked(text: str, month: date) -> dict[Key, str]:
    """Read what `packed` wrote; it comes back from a browser. Refused if it is none."""
    wrong = Refused(_("Choose the file again."), field="file")
    found: dict[Key, str] = {}
    for part in text.split(";"):
        whose = _OFFICER.fullmatch(part)
        if whose is None:
            raise wrong
        for number, letter in re.findall(r"(\d+)([A-Z]+)", whose[2]):
            if not 1 <= int(number) <= clock.month_days(month)[-1].day:
                raise wrong
            found[int(whose[1]), month.replace(day=int(number))] = letter
    return found
