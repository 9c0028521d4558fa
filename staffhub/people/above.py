"""Who stands above whom: names and numbers of the column "atasan" become people, and nobody stands above themselves."""

from staffhub.i18n import gettext as _
from staffhub.people import cells
from staffhub.people.cells import plain
from staffhub.people.entries import Check, Entry


def find_superiors(found: Check) -> None:
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


def refuse_circles(found: Check) -> None:
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
