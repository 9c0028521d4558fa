"""Telling somebody: rows in the transaction of what they tell of. Nothing leaves the house in here."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.models import (
    Account,
    Notice,
    NoticeKind,
    Officer,
    Posting,
    Role,
    TaskState,
    posting_on,
    role_held,
    serves,
)
from staffhub.notify.wording import PARAMS, headline

# So long a letter waits for what else comes up: who enters ten leaves at a time tells of them in one.
GATHER = timedelta(minutes=2)
# Rows of one statement: a database takes so many values and no more.
_AT_ONCE = 1000


class Subject(NamedTuple):
    """The row that a notice is about: ("leave_request", 12)."""

    table: str
    id: int


def tell(
    db: Session,
    *,
    office_id: int,
    kind: NoticeKind,
    params: Mapping[str, object],
    address: str,
    key: str,
    now: datetime,
    accounts: Collection[int] = (),
    officers: Collection[int] = (),
    roles: Collection[Role] = (),
    by: int | None = None,
    subject: Subject | None = None,
    ways: Mapping[int, str] | None = None,
    own: Mapping[int, Mapping[str, object]] | None = None,
) -> int:
    """Put a notice on the lists of some accounts, the accounts of some officers and of whoever holds a role today.

    `params` are what the kind's sentence names (`wording.PARAMS`), dates and times as they are; `address` is the page
    to go to, and `key` says what this is, so that the same is told once: "leave:12:asked". `by` is the account of
    whoever did it, and is told nothing. `ways` are links of officers' own, which go out by
    e-mail alone and need no sign-in; `own` are params that are other ones for an officer.
    Return how many were told for the first time. Nobody is told whose account is closed or whose service has ended.
    """
    if missing := PARAMS[kind] ^ params.keys():
        raise ValueError(f"a notice of {kind} names {sorted(PARAMS[kind])}, not more and not less: {sorted(missing)}")
    stored = as_json(params)
    headline(kind, stored)  # what cannot be said would break the list of whoever opens it
    readers = _readers(db, office_id, set(accounts), set(officers), set(roles), now)
    meant = sorted(readers.keys() - {by})
    facts = {
        "office_id": office_id,
        "kind": kind,
        "subject": subject.table if subject else "",
        "subject_id": subject.id if subject else None,
        "address": address,
        "key": key,
        "state": TaskState.PENDING,
        "due_at": now + GATHER,
        "created_at": now,
    }
    more = {officer: {"way": way} for officer, way in (ways or {}).items()}
    more |= {officer: as_json(theirs) for officer, theirs in (own or {}).items()}
    rows = [{"account_id": one, "params": stored | more.get(readers[one] or 0, {})} for one in meant]
    return _insert(db, [facts | row for row in rows])


def as_json(params: Mapping[str, object]) -> dict[str, Any]:
    """Return facts as they are stored: dates and times as ISO texts, which sort and are read in every language."""
    return cast("dict[str, Any]", json.loads(json.dumps(dict(params), default=_plain)))


def _plain(value: object) -> str:
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"a notice keeps texts, numbers, dates and times, not {value!r}")


def _readers(
    db: Session, office_id: int, accounts: set[int], officers: set[int], roles: set[Role], now: datetime
) -> dict[int, int | None]:
    """Return the accounts, each with its officer."""
    today = clock.local_day(now, office.facts(db, office_id).zone)
    meant = or_(Account.id.in_(accounts), Account.officer_id.in_(officers), role_held().in_(roles))
    found = (
        select(Account.id, Account.officer_id)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, posting_on(today))
        .where(Account.office_id == office_id, Account.disabled_at.is_(None), meant)
        .where(or_(Account.officer_id.is_(None), serves(today, date.max)))
    )
    return {row.id: row.officer_id for row in db.execute(found)}


def _insert(db: Session, notices: list[dict[str, object]]) -> int:
    if not notices:
        return 0
    make = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    count = 0
    for start in range(0, len(notices), _AT_ONCE):
        some = notices[start : start + _AT_ONCE]
        count += len(db.execute(make(Notice).values(some).on_conflict_do_nothing().returning(Notice.id)).all())
    return count


def over(
    db: Session,
    subject: Subject,
    kinds: Iterable[NoticeKind],
    *,
    now: datetime,
    officers: Collection[int] | None = None,
) -> int:
    """What these notices asked for is done, by whomever: they count no longer, and no e-mail goes out any more.

    `officers`: only for them.
    """
    waiting = [Notice.subject == subject.table, Notice.subject_id == subject.id, Notice.read_at.is_(None)]
    if officers is not None:
        waiting.append(Notice.account_id.in_(select(Account.id).where(Account.officer_id.in_(officers))))
    done = db.execute(update(Notice).where(*waiting, Notice.kind.in_(list(kinds))).values(read_at=now))
    return cast("CursorResult[object]", done).rowcount


def told(db: Session, subject: Subject, kind: NoticeKind) -> set[int]:
    """Return the accounts that were told this about a row, whether they have read it or not."""
    about = (Notice.subject == subject.table, Notice.subject_id == subject.id, Notice.kind == kind)
    return set(db.scalars(select(Notice.account_id).where(*about)))
