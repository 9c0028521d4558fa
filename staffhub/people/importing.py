"""Import of the register: every row is checked before one is stored, and the slow hashing is done between two locks."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n
from staffhub.db import Database
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, Office, Officer, Posting, Role
from staffhub.people import postings, waiting
from staffhub.people.admins import require_another_admin
from staffhub.people.checking import check, leave_out_bad
from staffhub.people.entries import BadCell, Check, Entry
from staffhub.people.known import POSTED, known
from staffhub.people.outcome import Outcome, mark, outcome
from staffhub.people.register import Register
from staffhub.security import (
    ONE_TIME_DAYS,
    Viewer,
    end_other_sessions,
    hash_password,
    manages,
    normal_username,
    one_time_password,
)
from staffhub.typed import calendar_day

# Beyond these a date is mistyped.
_EARLIEST = date(2000, 1, 1)
_LATEST = timedelta(days=366)
# Told in the audit trail only as "changed": the trail is kept longer than a telephone number is needed.
PRIVATE = {"email", "phone"}


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

    @property
    def good(self) -> int:
        return self.new + self.changed + self.same

    @property
    def bad_rows(self) -> int:
        return len({cell.row for cell in self.bad})


@dataclass(frozen=True)
class _Secret:
    """A new account's one-time password and its hash."""

    plain: str
    hashed: str


def import_register(
    database: Database,
    office_id: int,
    register: Register,
    *,
    actor: Viewer | None,
    skip_bad: bool,
    now: datetime,
    only_new: bool = False,
    day: date | None = None,
    seen: str | None = None,
    left_out: int = 0,
) -> ImportReport:
    """Store the register, or report why not. Nothing is stored unless every row is good or `skip_bad` is given.

    What differs of a posting holds from `day` on, None: today; whoever is new begins to serve then. The same file again
    changes nothing. `seen` is the digest of the outcome that was shown: Conflict when it would be another one by now.

    `only_new` refuses a row that would change somebody who is there already. Without an `actor` it is the command line,
    which may do what an administrator may. `left_out` rows were dropped before, and are told in the audit trail.
    """
    look = partial(
        _checked, office_id=office_id, register=register, actor=actor, skip_bad=skip_bad, only_new=only_new, day=day
    )
    with database.reading() as db:
        found = look(db, now=now)
    report = _report(found)
    if found.bad and not (skip_bad and found.entries):
        return report
    secrets = _secrets(entry.username for entry in found.good() if _needs_account(entry))
    try:
        with database.transaction() as db:
            _lock_officers(db, office_id)
            again = look(db, now=now)
            if _report(again) != report or seen not in {None, mark(again)}:
                raise Conflict(_meanwhile())
            _store(db, office_id, again, secrets, actor=actor, left_out=left_out, now=now)
            if actor:
                waiting.drop(db, actor)
    except IntegrityError:
        raise Conflict(_meanwhile()) from None
    names = {entry.username: entry.facts["name"] for entry in found.good()}
    report.passwords = [(names[username], username, secret.plain) for username, secret in secrets.items()]
    report.saved = True
    return report


def _meanwhile() -> str:
    return _("Somebody changed the register meanwhile. Nothing was saved; import the file again.")


def look_at(
    db: Session,
    office_id: int,
    register: Register,
    *,
    actor: Viewer | None,
    skip_bad: bool,
    day: date | None,
    now: datetime,
) -> tuple[ImportReport, Outcome, Register]:
    """Return what an import would report and change, and the register of its good rows; nothing is stored."""
    found = _checked(db, office_id, register, actor, skip_bad=skip_bad, only_new=False, day=day, now=now)
    good = replace(register, rows=tuple(row for row, _entry in found.rows()))
    return _report(found), outcome(db, office_id, found), good


def _lock_officers(db: Session, office_id: int) -> None:
    """Whoever edits one of them at this moment is done first, or waits for us and then learns of it."""
    mine = select(Officer.id).where(Officer.office_id == office_id).order_by(Officer.id)
    db.execute(mine.with_for_update(key_share=True))


def _checked(
    db: Session,
    office_id: int,
    register: Register,
    actor: Viewer | None,
    *,
    skip_bad: bool,
    only_new: bool,
    day: date | None,
    now: datetime,
) -> Check:
    today = clock.local_day(now, actor.zone) if actor else office_day(db, office_id, now)
    day = day or today
    usernames = (normal_username(row.cells["username"].text) for row in register.rows)
    there = known(db, office_id, usernames, day=day, today=today)
    found = check(register, there, today=today, day=day, manages=partial(manages, actor), only_new=only_new)
    if day < today:
        _refuse_days(db, office_id, found)
    if skip_bad:
        leave_out_bad(found)
    return found


def _refuse_days(db: Session, office_id: int, found: Check) -> None:
    """Refuse a row that a later posting would contradict: what is said of a past day would not reach today."""
    posted = {row.number: entry.posted() for row, entry in found.rows() if not entry.is_new and entry.posted()}
    rows = postings.of_officers(db, office_id, [found.entries[number].person for number in posted])
    for row, entry in found.rows():
        if row.number not in posted:
            continue
        changed = posted[row.number]
        if text := _why_not_since(rows[entry.person], changed, entry.since(found.day), found.today):
            found.refuse(row, _FIRST_COLUMN[next(iter(changed))], text)
    found.sort_bad()


# Where a refusal of the date stands: the first column that would change.
_FIRST_COLUMN = {
    "employment_type": "jenis pegawai",
    "position": "jabatan",
    "division_id": "bidang",
    "superior_id": "atasan",
}


def _why_not_since(rows: Sequence[Posting], changed: Mapping[str, Any], day: date, today: date) -> str:
    try:
        newer = postings.otherwise_from(rows, changed, day=day, today=today)
    except Refused as error:
        return error.message
    if newer is None:
        return ""
    return _(
        "From %(day)s on another posting says otherwise and would stand. Import this row from that day on.",
        day=i18n.day(newer),
    )


def day_from(db: Session, office_id: int, typed: str, *, now: datetime) -> date:
    """Return from when an import holds, as somebody typed it; empty: today. Refused in words."""
    today = office_day(db, office_id, now)
    try:
        day = calendar_day(typed) if typed.strip() else today
    except ValueError as error:
        raise Refused(str(error), field="valid_from") from None
    if not _EARLIEST <= day <= today + _LATEST:
        text = _("Choose a day from %(first)s to %(last)s.", first=i18n.day(_EARLIEST), last=i18n.day(today + _LATEST))
        raise Refused(text, field="valid_from")
    return day


def office_day(db: Session, office_id: int, now: datetime) -> date:
    zone = db.scalars(select(Office.timezone).where(Office.id == office_id)).one()
    return clock.local_day(now, ZoneInfo(zone))


def _report(found: Check) -> ImportReport:
    good = found.good()
    new = sum(entry.is_new for entry in good)
    same = sum(entry.is_same() for entry in good)
    ignored = list(found.register.ignored)
    return ImportReport(found.bad, new, len(good) - new - same, same, ignored_columns=ignored)


def _needs_account(entry: Entry) -> bool:
    return entry.match is None or entry.match.account_id is None


def _secrets(usernames: Iterable[str]) -> dict[str, _Secret]:
    """Hash on all cores; hashing lets go of the interpreter meanwhile."""
    plain = {username: one_time_password() for username in usernames}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        hashes = pool.map(hash_password, plain.values())
        return {name: _Secret(plain[name], hashed) for name, hashed in zip(plain, hashes, strict=True)}


def _store(
    db: Session,
    office_id: int,
    found: Check,
    secrets: dict[str, _Secret],
    *,
    actor: Viewer | None,
    left_out: int,
    now: datetime,
) -> None:
    ids = _add_officers(db, office_id, found)
    for entry in found.good():
        if entry.superior_row:
            entry.facts["superior_id"] = ids[entry.superior_row]
        if _needs_account(entry):
            _add_account(db, office_id, ids[entry.row], entry, secrets[entry.username].hashed, now=now)
        if entry.is_new:
            _complete_new(db, office_id, ids[entry.row], entry, day=found.day, actor=actor, now=now)
        elif not entry.is_same():
            apply_changes(db, office_id, entry, day=entry.since(found.day), actor=actor, now=now)
    if any(
        entry.match and entry.match.role is Role.ADMIN and entry.role not in {None, Role.ADMIN}
        for entry in found.good()
    ):
        require_another_admin(db, office_id, None, day=found.day, field="role")
    report = _report(found)
    if not report.new + report.changed:
        return
    counts = {"new": report.new, "changed": report.changed, "same": report.same, "left_out": report.bad_rows + left_out}
    audit.record(db, actor, "register.imported", "office", office_id, now=now, office_id=office_id, **counts)


def _add_officers(db: Session, office_id: int, found: Check) -> dict[int, int]:
    """Insert who is new and return the officer's id of every row; superiors follow when everybody has an id."""
    fresh = [entry for entry in found.good() if entry.is_new]
    rows = [Officer(office_id=office_id, active_from=found.day, **_split(entry.facts)[0]) for entry in fresh]
    db.add_all(rows)
    db.flush()
    ids = {entry.row: row.id for entry, row in zip(fresh, rows, strict=True)}
    return ids | {e.row: e.match.officer_id for e in found.good() if e.match and e.match.officer_id}


def _add_account(db: Session, office_id: int, officer_id: int, entry: Entry, hashed: str, *, now: datetime) -> None:
    db.execute(
        insert(Account).values(
            office_id=office_id,
            officer_id=officer_id,
            username=entry.username,
            password_hash=hashed,
            password_changed_at=now,
            must_change_password=True,
            one_time_until=now + timedelta(days=ONE_TIME_DAYS),
            created_at=now,
        )
    )


def _complete_new(
    db: Session, office_id: int, officer_id: int, entry: Entry, *, day: date, actor: Viewer | None, now: datetime
) -> None:
    """Give a new officer the first posting, and an account that was there before its officer."""
    by = actor.account_id if actor else None
    role = entry.role or (entry.match and entry.match.role) or Role.STAFF
    postings.begin(db, office_id, officer_id, entry.facts | {"role": role}, day=day, by=by, now=now)
    if entry.match and entry.match.account_id:
        account = update(Account).where(Account.id == entry.match.account_id)
        db.execute(account.values(officer_id=officer_id, role=None))
        _change_account(db, office_id, entry, day=day, actor=actor, now=now)
    facts = {name: value for name, value in entry.facts.items() if name not in PRIVATE}
    after = facts | {"username": entry.username, "role": entry.role}
    audit.record(db, actor, "officer.added", "officer", officer_id, now=now, office_id=office_id, after=after)


def _split(facts: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what a person is from what holds from a date on."""
    posted = {name: value for name, value in facts.items() if name in POSTED}
    return {name: value for name, value in facts.items() if name not in POSTED}, posted


def apply_changes(db: Session, office_id: int, entry: Entry, *, day: date, actor: Viewer | None, now: datetime) -> None:
    """Store what differs of one known officer, with what stood there before in the audit trail."""
    assert entry.match is not None and entry.match.officer_id is not None  # noqa: S101, PT018  the caller's branch
    before = entry.match.facts() | {"username": entry.match.username, "role": entry.match.role}
    after = entry.facts | {"username": entry.username, "role": entry.role or entry.match.role or Role.STAFF}
    changed = audit.changes(before, after)
    facts, posted = _split({name: after[name] for name in changed if name != "username"})
    if facts:
        db.execute(update(Officer).where(Officer.id == entry.match.officer_id).values(**facts))
    if posted:
        by = actor.account_id if actor else None
        postings.post(db, office_id, entry.match.officer_id, posted, day=day, by=by, now=now)
    _change_account(db, office_id, entry, day=day, actor=actor, now=now)
    told: dict[str, object] = {name: "changed" if name in PRIVATE else pair for name, pair in changed.items()}
    if told:
        officer_id = entry.match.officer_id
        since: dict[str, Any] = {"valid_from": day} if posted else {}
        audit.record(
            db, actor, "officer.changed", "officer", officer_id, now=now, office_id=office_id, changes=told, **since
        )


def _change_account(
    db: Session, office_id: int, entry: Entry, *, day: date, actor: Viewer | None, now: datetime
) -> None:
    """Take over the username and tell of a new role, never the password; what is new today ends the sessions."""
    match = entry.match
    if match is None or match.account_id is None:
        return
    role = entry.role or match.role or Role.STAFF
    changed = {"username": (match.username, entry.username), "role": (match.role, role)}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    if not changed:
        return
    if "username" in changed:
        db.execute(update(Account).where(Account.id == match.account_id).values(username=entry.username))
    if "role" in changed and day <= office_day(db, office_id, now):
        end_other_sessions(db, match.account_id, keep=None, now=now)
    for name, (before, after) in changed.items():
        told: dict[str, Any] = {"before": before, "after": after} | ({"valid_from": day} if name == "role" else {})
        audit.record(
            db, actor, f"account.{name}_changed", "account", match.account_id, now=now, office_id=office_id, **told
        )
