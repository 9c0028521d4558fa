"""What a good register would change, before it does: who is new, who would have what instead, and since when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from staffhub.db import digest
from staffhub.models import AuditEvent, Office, Posting
from staffhub.people import postings
from staffhub.people.accounts import version
from staffhub.people.cells import KIND_NAMES, ROLE_NAMES, shown_number
from staffhub.people.entries import Check, Entry
from staffhub.people.known import FACTS

# Fact -> column of the register.
_COLUMNS = {
    "name": "nama",
    "number": "NIP",
    "employment_type": "jenis pegawai",
    "position": "jabatan",
    "division_id": "bidang",
    "superior_id": "atasan",
    "email": "email",
    "phone": "telepon",
    "username": "username",
    "role": "peran",
}


@dataclass(frozen=True)
class Difference:
    """One cell: what is and what would be. `left_on`: the new value stood earlier, until the day before this one."""

    column: str
    before: str
    after: str
    left_on: date | None


@dataclass(frozen=True)
class Changed:
    """Who is there already and would change. `past_days`: days gone by on which something else stood."""

    row: int
    name: str
    differences: list[Difference]
    past_days: int

    @property
    def goes_back(self) -> bool:
        return any(one.left_on for one in self.differences)


@dataclass(frozen=True)
class Outcome:
    """`changed` has those first that go back to what stood earlier; `digest` is a mark of all that would be stored."""

    day: date
    # Days gone by on which whoever is new would have served.
    past_days: int
    digest: str
    new: list[str] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    same: int = 0

    @property
    def needs_a_look(self) -> bool:
        """Only new people from today on may be stored without one."""
        return bool(self.changed) or bool(self.new and self.past_days)

    @property
    def goes_back(self) -> int:
        return sum(one.goes_back for one in self.changed)

    @property
    def past(self) -> tuple[int, int]:
        """Return how many people would have another past, and on how many days at most."""
        days = [one.past_days for one in self.changed if one.past_days] + [self.past_days] * len(self.new)
        return (len(days), max(days)) if self.past_days and days else (0, 0)


def outcome(db: Session, office_id: int, found: Check) -> Outcome:
    entries = found.good()
    differing = [entry for entry in entries if not entry.is_new and not entry.is_same()]
    rows = postings.of_officers(db, office_id, [entry.person for entry in differing])
    stood = _stood(db, office_id, differing)
    changed = [_changed(found, entry, rows[entry.person], stood) for entry in differing]
    new = [entry.facts["name"] for entry in entries if entry.is_new]
    return Outcome(
        day=found.day,
        past_days=max(0, (found.today - found.day).days),
        digest=mark(found),
        new=new,
        changed=sorted(changed, key=lambda one: not one.goes_back),
        same=len(entries) - len(new) - len(changed),
    )


def mark(found: Check) -> str:
    """Return a mark of what would be stored, and over what: it differs when somebody changed any of them meanwhile."""

    def facts(entry: Entry) -> Iterable[object]:
        yield entry.row
        yield version(entry.match) if entry.match else ""
        yield from entry.facts.values()
        yield from (entry.username, entry.role, entry.superior_row)

    parts = [str(found.day), *(str(fact) for entry in found.good() for fact in facts(entry))]
    return digest(*parts)[:32]


def _changed(found: Check, entry: Entry, rows: Sequence[Posting], stood: Mapping[Any, date]) -> Changed:
    since, posted = entry.since(found.day), entry.posted()
    match = entry.match
    assert match is not None  # noqa: S101  the caller's branch
    differences = []
    for name, before, after in _pairs(entry):
        earlier = [row for row in rows if row.valid_to and row.valid_to < since and getattr(row, name, _NONE) == after]
        left_on = postings.day_after(earlier[-1]) if earlier else stood.get((entry.person, name, _plain(after)))
        told = _Told(found, entry)
        differences.append(Difference(_COLUMNS[name], told.text(name, before), told.text(name, after), left_on))
    until = min(found.today, match.active_to) if match.active_to else found.today
    past = postings.days_that_change(rows, posted, day=since, until=until) if posted else 0
    return Changed(entry.row, match.name or entry.facts["name"], differences, past)


# No fact of a posting.
_NONE = object()
# The superior is new as well and has no id yet.
_NEW = object()


def _pairs(entry: Entry) -> Iterable[tuple[str, Any, Any]]:
    """Yield fact, what is, and what would be, of whatever differs."""
    match = entry.match
    assert match is not None  # noqa: S101  the caller's branch
    changes = entry.changes()
    for name in FACTS:
        if name in changes:
            new_superior = name == "superior_id" and entry.superior_row
            yield name, getattr(match, name), _NEW if new_superior else entry.facts[name]
    if entry.username != match.username:
        yield "username", match.username, entry.username
    if entry.role not in {None, match.role}:
        yield "role", match.role, entry.role


@dataclass(frozen=True)
class _Told:
    """How facts are written in the register."""

    found: Check
    entry: Entry

    def text(self, name: str, value: Any) -> str:
        if name == "superior_id":
            return self._superior(value)
        if name == "division_id":
            return self.found.known.divisions[value][0] if value else "semua bidang"
        if name == "number":
            return shown_number(value or "")
        return KIND_NAMES.get(value) or ROLE_NAMES.get(value) or str(value or "")

    def _superior(self, value: Any) -> str:
        if value is _NEW:
            return str(self.found.entries[self.entry.superior_row or 0].facts["name"])
        person = self.found.known.by_id.get(value) if value else None
        return (person.name or "") if person else ""


def _stood(db: Session, office_id: int, entries: Sequence[Entry]) -> dict[tuple[int, str, object], date]:
    """Return (officer, fact, value) -> the day on which it was replaced, by the audit trail; the newest counts.

    Telephone and e-mail are not told there.
    """
    officers = [entry.person for entry in entries]
    owners = {entry.match.account_id: entry.person for entry in entries if entry.match and entry.match.account_id}
    told = or_(
        and_(AuditEvent.subject == "officer", AuditEvent.subject_id.in_(officers)),
        and_(AuditEvent.subject == "account", AuditEvent.subject_id.in_(list(owners))),
    )
    verbs = ("officer.changed", "account.role_changed", "account.username_changed")
    events = (
        select(AuditEvent.subject, AuditEvent.subject_id, AuditEvent.verb, AuditEvent.at, AuditEvent.facts)
        .where(AuditEvent.office_id == office_id, told, AuditEvent.verb.in_(verbs))
        .order_by(AuditEvent.id)
    )
    zone = ZoneInfo(db.scalars(select(Office.timezone).where(Office.id == office_id)).one())
    stood: dict[tuple[int, str, object], date] = {}
    for event in db.execute(events):
        of_account = event.subject == "account"
        name = event.verb.removeprefix("account.").removesuffix("_changed")
        changes = {name: [event.facts.get("before")]} if of_account else event.facts.get("changes", {})
        officer = owners[event.subject_id] if of_account else event.subject_id
        since = event.facts.get("valid_from")
        day = date.fromisoformat(since) if since else event.at.astimezone(zone).date()
        stood |= {(officer, fact, pair[0]): day for fact, pair in changes.items() if isinstance(pair, list)}
    return stood


def _plain(value: Any) -> object:
    """Return a value as the audit trail tells it."""
    return value.value if isinstance(value, Enum) else value
