"""Check a register against itself and the people there already: good rows become entries, bad cells are named."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from difflib import SequenceMatcher
from typing import Any, TypeVar

from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, Role
from staffhub.people import cells
from staffhub.people.above import find_superiors, refuse_circles
from staffhub.people.cells import Bad, plain
from staffhub.people.entries import Check, Entry
from staffhub.people.known import Known, Person
from staffhub.people.register import Cell, Register, Row
from staffhub.security import beyond_own

T = TypeVar("T")
_WHOLE_OFFICE = {"semua bidang", "all divisions"}
# Below this likeness of names the same username means two people, not one who got a new number.
_SAME_PERSON = 0.6


def check(
    register: Register,
    known: Known,
    *,
    today: date,
    manages: Callable[..., bool],
    day: date | None = None,
    match: Person | None = None,
    only_new: bool = False,
) -> Check:
    """Check every row, for a change from `day` on, None: today. `known` was loaded for that day.

    `match` says whom a single row is about, whatever its number and username; `only_new` changes nobody who is there.
    """
    found = Check(register, known, today, day or today, manages)
    for row in register.rows:
        entry = _understand(found, row, match)
        if entry:
            found.entries[row.number] = entry
    _refuse_doubles(found)
    find_superiors(found)
    refuse_circles(found)
    _keep_an_admin(found)
    if only_new:
        _refuse_known(found)
    found.sort_bad()
    return found


def leave_out_bad(found: Check) -> None:
    """Without the bad rows, those go too whose superior would be missing."""
    _leave_out_below(found, [row.number for row in found.register.rows if row.number not in found.entries])
    before = set(found.entries)
    _keep_an_admin(found)
    _leave_out_below(found, sorted(before - set(found.entries)))
    found.sort_bad()


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
    if found.manages(was, wanted, match.coming if match else None):
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


def _refuse_known(found: Check) -> None:
    """The same facts twice are one person; other facts under a known number or username are a mistake."""
    for row, entry in found.rows():
        if entry.match and not entry.is_same():
            by_number = entry.match.number == entry.facts["number"]
            text = _("%(name)s has this already.", name=entry.match.name or entry.match.username)
            found.refuse(row, "NIP" if by_number else "username", text)


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
