"""Check a register against itself and the people there already: good rows become entries, bad cells are named."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import Any, TypeVar

from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, Role
from staffhub.people import cells
from staffhub.people.cells import Bad, plain
from staffhub.people.known import Known, Person
from staffhub.people.register import COLUMNS, Cell, Register, Row
from staffhub.security import beyond_own

T = TypeVar("T")
_WHOLE_OFFICE = {"semua bidang", "all divisions"}
_SUGGESTIONS = 50
# Below this likeness of names the same username means two people, not one who got a new number.
_SAME_PERSON = 0.6


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
    # Whether whoever brings the register may deal in the rights of a role.
    manages: Callable[[Role | None], bool]
    entries: dict[int, Entry] = field(default_factory=dict)
    bad: list[BadCell] = field(default_factory=list)

    def refuse(self, row: Row, header: str, reason: str) -> None:
        written = row.cells.get(header, Cell("")).text
        self.bad.append(BadCell(row.number, self.register.letters.get(header, ""), header, written[:80], reason))
        self.entries.pop(row.number, None)

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


def check(
    register: Register,
    known: Known,
    *,
    today: date,
    manages: Callable[[Role | None], bool],
    match: Person | None = None,
    only_new: bool = False,
) -> Check:
    """Check every row.

    `match` says whom a single row is about, whatever its number and username; `only_new` changes nobody who is there.
    """
    found = Check(register, known, today, manages)
    for row in register.rows:
        entry = _understand(found, row, match)
        if entry:
            found.entries[row.number] = entry
    _refuse_doubles(found)
    _find_superiors(found)
    _refuse_circles(found)
    _keep_an_admin(found)
    if only_new:
        _refuse_known(found)
    found.bad.sort(key=_place)
    return found


def _place(cell: BadCell) -> tuple[int, int]:
    return cell.row, list(COLUMNS).index(cell.header)


def leave_out_bad(found: Check) -> None:
    """Without the bad rows, those go too whose superior would be missing."""
    _leave_out_below(found, [row.number for row in found.register.rows if row.number not in found.entries])
    before = set(found.entries)
    _keep_an_admin(found)
    _leave_out_below(found, sorted(before - set(found.entries)))
    found.bad.sort(key=_place)


def _leave_out_below(found: Check, left_out: list[int]) -> None:
    rows = {row.number: row for row in found.register.rows}
    below: dict[int, list[int]] = {}
    for entry in found.entries.values():
        if entry.superior_row:
            below.setdefault(entry.superior_row, []).append(entry.row)
    while left_out:
        superior = left_out.pop()
        for number in below.get(superior, ()):
            if number in found.entries:
                found.refuse(rows[number], "atasan", _("The superior in row %(row)s is not right yet.", row=superior))
                left_out.append(number)


def _understand(found: Check, row: Row, match: Person | None) -> Entry | None:
    """Read one row's cells; every bad cell of it is reported, not only the first."""
    fine = True

    def read(header: str, reader: Callable[[Cell], T]) -> T | None:
        nonlocal fine
        try:
            return reader(row.cells[header])
        except Bad as problem:
            fine = False
            found.refuse(row, header, str(problem))
            return None

    name = read("nama", lambda cell: cells.line(cell, "nama", required=True))
    kind = read("jenis pegawai", cells.kind)
    username = read("username", cells.username) or ""
    by_name = match or found.known.by_username.get(username)
    number = read("NIP", lambda cell: _number(cell, kind, username, by_name, found))
    facts: dict[str, Any] = {
        "number": number,
        "name": name,
        "employment_type": kind,
        "position": read("jabatan", lambda cell: cells.line(cell, "jabatan")),
        "division_id": read("bidang", lambda cell: _division(cell, found.known)),
        "superior_id": None,
        "email": read("email", cells.email),
        "phone": read("telepon", cells.phone),
    }
    superior = read("atasan", lambda cell: cells.line(cell, "atasan")) or ""
    role = read("peran", cells.role)
    if not fine:
        return None
    person = match or found.known.by_number.get(number or "") or by_name
    entry = Entry(row.number, facts, username, role, person, superior)
    return entry if _fits(found, row, entry, sure=match is not None) else None


def _number(cell: Cell, kind: EmploymentType | None, username: str, person: Person | None, found: Check) -> str:
    """A number that is stored already is taken as it stands, and a THL keeps it when the cell is empty."""
    for written in (cell.text, re.sub(r"[\s.'-]", "", cell.text)):
        if written in found.known.by_number:
            return written
    if person and person.number and not cell.text and kind is EmploymentType.THL:
        return person.number
    return cells.number(cell, kind, username, today=found.today)


def _division(cell: Cell, known: Known) -> int | None:
    text = cells.line(cell, "bidang")
    if not text or plain(text) in _WHOLE_OFFICE:
        return None
    return cells.one_of(text, known.division_names(), [names[0] for names in known.divisions.values()])


def _fits(found: Check, row: Row, entry: Entry, *, sure: bool) -> bool:
    """What needs more than one cell: whose number and username it is, and which roles may be given."""
    holder = found.known.by_username.get(entry.username)
    match = entry.match
    if found.known.by_number.get(entry.facts["number"], match) is not match:
        found.refuse(row, "NIP", _("Another officer has this number."))
        return False
    if entry.username in found.known.elsewhere or (holder and match and holder.account_id != match.account_id):
        _refuse_username(found, row, entry, _("Another account has this username."))
    elif holder and holder.name and not (sure or _named_by_number(row, entry, holder) or _alike(holder, entry)):
        _refuse_username(found, row, entry, _("%(name)s has this username.", name=holder.name))
    elif _wanted_role(entry) is Role.DIVISION_HEAD and entry.facts["division_id"] is None:
        found.refuse(row, "bidang", _("A head of division needs a division."))
    elif column := _beyond(found, entry):
        found.refuse(row, column, beyond_own())
    else:
        return True
    return False


def _named_by_number(row: Row, entry: Entry, holder: Person) -> bool:
    return bool(row.cells["NIP"].text) and holder.number == entry.facts["number"]


def _wanted_role(entry: Entry) -> Role:
    return entry.role or (entry.match and entry.match.role) or Role.STAFF


def _beyond(found: Check, entry: Entry) -> str:
    """Return the column that deals in rights beyond those of whoever brings the register, or nothing."""
    match, wanted = entry.match, _wanted_role(entry)
    was = match.role if match else None
    if found.manages(was) and found.manages(wanted):
        return ""
    if wanted is not was:
        return "peran"
    # A row that would be the officer of an account without one decides on its dates of service.
    return "username" if match and (entry.username != match.username or match.officer_id is None) else ""


def _alike(holder: Person, entry: Entry) -> bool:
    likeness = SequenceMatcher(None, plain(holder.name or ""), plain(entry.facts["name"])).ratio()
    return likeness >= _SAME_PERSON


def _refuse_username(found: Check, row: Row, entry: Entry, reason: str) -> None:
    if found.may_suggest:
        reason += " " + _("Take another one, for example %(name)s.", name=_free_username(entry, found))
    found.refuse(row, "username", reason)


def _free_username(entry: Entry, found: Check) -> str:
    """Put the initial of a middle name between, as offices do, or else a number at the end."""
    words = plain(entry.facts["name"]).split()
    taken = found.known.elsewhere | set(found.known.by_username) | {other.username for other in found.entries.values()}
    long = [f"{words[0]}.{words[1][0]}.{words[-1]}"[:64]] if len(words) > 2 else []  # noqa: PLR2004  a middle name
    numbered = (f"{entry.username[:60]}{n}" for n in range(2, len(taken) + 3))
    return next(name for name in (*long, *numbered) if name not in taken)


def _refuse_doubles(found: Check) -> None:
    """The first row with a number or a username keeps it."""
    numbers: dict[str, int] = {}
    usernames: dict[str, int] = {}
    for row, entry in found.rows():
        first = usernames.setdefault(entry.username, row.number)
        if first != row.number:
            _refuse_username(found, row, entry, _("Row %(row)s has this username already.", row=first))
            continue
        first = numbers.setdefault(entry.facts["number"], row.number)
        if first != row.number:
            found.refuse(row, "NIP", _("Row %(row)s has this number already.", row=first))
    people = Counter(entry.person for entry in found.entries.values())
    for row, entry in found.rows():
        if people[entry.person] > 1:
            found.refuse(row, "NIP", _("Two rows are about the same person: one by the number, one by the username."))


def _find_superiors(found: Check) -> None:
    by_text, by_bare_name = _offers(found)
    names = [p.name for p in found.known.people if p.name] + [e.facts["name"] for e in found.entries.values()]
    for row, entry in found.rows():
        if not entry.superior_text:
            continue
        candidates = by_text.get(_key(entry.superior_text)) or by_bare_name.get(_bare(entry.superior_text), set())
        reason = _why_not(entry, candidates, names if found.may_suggest else [])
        if reason:
            found.refuse(row, "atasan", reason)
            continue
        (chosen,) = candidates
        if chosen < 0:
            entry.superior_row = -chosen
        else:
            entry.facts["superior_id"] = chosen


def _offers(found: Check) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Return who may be meant by a name or number: the rows of the file, and who of the office is not in it.

    The second answer goes by names without titles: for a name that nobody has as it is written.
    """
    by_text: dict[str, set[int]] = {}
    names: list[tuple[int, str]] = []
    in_file = {entry.person for entry in found.entries.values()}
    for person in found.known.people:
        if person.officer_id and person.officer_id not in in_file and person.name and person.number:
            _offer(by_text, person.officer_id, person.name, person.number)
            names.append((person.officer_id, person.name))
    for entry in found.entries.values():
        _offer(by_text, entry.person, entry.facts["name"], entry.facts["number"])
        names.append((entry.person, entry.facts["name"]))
    for row in found.register.rows:
        if row.number not in found.entries:  # not right yet, but there: its people need no second message
            for header in ("nama", "NIP"):
                by_text.setdefault(_key(row.cells[header].text), {-row.number})
    by_bare_name: dict[str, set[int]] = {}
    for who, name in names:
        by_bare_name.setdefault(_bare(name), set()).add(who)
    return by_text, by_bare_name


def _refuse_known(found: Check) -> None:
    """The same facts twice are one person; other facts under a known number or username are a mistake."""
    for row, entry in found.rows():
        if entry.match and not entry.is_same():
            by_number = entry.match.number == entry.facts["number"]
            text = _("%(name)s has this already.", name=entry.match.name or entry.match.username)
            found.refuse(row, "NIP" if by_number else "username", text)


def _key(text: str) -> str:
    return plain(text).replace(" ", "")


def _bare(name: str) -> str:
    return _key(cells.bare_name(name))


def _offer(by_text: dict[str, set[int]], person: int, name: str, number: str) -> None:
    for text in (name, number):
        by_text.setdefault(_key(text), set()).add(person)


def _why_not(entry: Entry, candidates: set[int], names: list[str]) -> str:
    if not candidates:
        text = _("No officer has this name. Write the name or the NIP, or leave it empty.")
        return f"{text} {cells.nearest(entry.superior_text, names)}".strip()
    if len(candidates) > 1:
        return _("Several officers have this name. Write the NIP instead.")
    if candidates == {entry.person}:
        return _("Nobody is their own superior.")
    return ""


def _refuse_circles(found: Check) -> None:
    above: dict[int, int | None] = {p.officer_id: p.superior_id for p in found.known.people if p.officer_id is not None}
    for entry in found.entries.values():
        above[entry.person] = -entry.superior_row if entry.superior_row else entry.facts["superior_id"]
    for row, entry in found.rows():
        if _leads_back(entry.person, above):
            found.refuse(row, "atasan", _("This goes in a circle: this officer stands above the named superior."))
            above[entry.person] = None


def _leads_back(start: int, above: dict[int, int | None]) -> bool:
    seen: set[int] = set()
    at = above.get(start)
    while at is not None and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = above.get(at)
    return False


def _keep_an_admin(found: Check) -> None:
    admins = {p.account_id for p in found.known.people if p.role is Role.ADMIN and p.is_open and p.serves(found.today)}
    demoting = {
        e.row: e.match.account_id for e in found.entries.values() if e.match and e.role not in {None, Role.ADMIN}
    }
    made = any(e.role is Role.ADMIN and (e.match is None or e.match.is_open) for e in found.entries.values())
    if not admins or made or admins - set(demoting.values()):
        return
    for row, _entry in found.rows():
        if demoting.get(row.number) in admins:
            found.refuse(row, "peran", _("This is the last administrator. Make somebody else one first."))
            return
