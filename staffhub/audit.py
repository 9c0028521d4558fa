"""Who changed what: one event beside every change, in its transaction, later sealed into a hash chain."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Protocol, cast

import structlog
from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.orm import Session

from staffhub.models import AuditEvent

log = structlog.get_logger(__name__)
request_id: ContextVar[str] = ContextVar("request_id", default="-")
_SEAL_BATCH = 2000
# Core, not the ORM, and built once: this insert stands in every change.
_INSERT = insert(cast("Table", AuditEvent.__table__))


class Program(Protocol):
    @property
    def token_id(self) -> int: ...
    @property
    def name(self) -> str: ...


class Actor(Protocol):
    """Who does it; the scheduler and the CLI pass None instead. A program has no `author`."""

    @property
    def author(self) -> int | None: ...
    @property
    def office_id(self) -> int: ...
    @property
    def program(self) -> Program | None: ...


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def record(
    db: Session,
    actor: Actor | None,
    verb: str,
    subject: str,
    subject_id: int | None,
    *,
    now: datetime,
    office_id: int | None = None,
    **facts: object,
) -> None:
    """Write the event of a change. `facts` hold what changed (`before=`, `after=`), never a secret or a phone.

    `subject` says whose row `subject_id` is: what is recorded of an officer's day says "officer", never "mark".
    """
    if actor and actor.program:
        facts["program"] = {"token": actor.program.token_id, "name": actor.program.name}
    db.execute(
        _INSERT,
        {
            "office_id": actor.office_id if actor else office_id,
            "at": now,
            "actor_id": actor.author if actor else None,
            "verb": verb,
            "subject": subject,
            "subject_id": subject_id,
            "facts": json.loads(json.dumps(facts, default=_plain)),
            "request_id": request_id.get(),
        },
    )


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[object]]:
    """Return {field: [before, after]} of what differs, for the facts of an edit."""
    return {key: [_plain(before.get(key)), _plain(value)] for key, value in after.items() if before.get(key) != value}


def _hash(previous: str, sequence: int, event: Any) -> str:
    body = [sequence, event.office_id, event.at.isoformat(), event.actor_id, event.verb, event.subject]
    body += [event.subject_id, event.facts, event.request_id]
    text = previous + json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Head:
    """The last link of the chain: whoever notes it elsewhere can tell later whether this chain still leads there."""

    sequence: int
    hash: str


def head(db: Session) -> Head:
    last = db.execute(
        select(AuditEvent.sequence, AuditEvent.hash)
        .where(AuditEvent.sequence.is_not(None))
        .order_by(AuditEvent.sequence.desc())
        .limit(1)
    ).one_or_none()
    return Head(last.sequence or 0, last.hash or "") if last else Head(0, "")


def seal(db: Session) -> int:
    """Chain the events that are committed and not yet sealed; return how many. One caller at a time (see scheduler)."""
    last = head(db)
    sequence, previous = last.sequence, last.hash
    events = db.scalars(
        select(AuditEvent).where(AuditEvent.sequence.is_(None)).order_by(AuditEvent.id).limit(_SEAL_BATCH)
    ).all()
    sealed = []
    for event in events:
        sequence += 1
        digest = _hash(previous, sequence, event)
        sealed.append({"id": event.id, "sequence": sequence, "previous_hash": previous, "hash": digest})
        previous = digest
    if sealed:
        db.expunge_all()
        db.execute(update(AuditEvent), sealed)
        # The log is the anchor outside the database: a chain cut short there no longer ends with this hash.
        log.info("audit_sealed", sequence=sequence, hash=previous)
    return len(sealed)


@dataclass(frozen=True)
class Verdict:
    """`broken_at` is the sequence of the first event that does not fit the chain; None: the chain holds.

    `noted_at` is the sequence of the event whose hash was asked for; None: the chain, as far as it holds, has no such.
    """

    sealed: int
    unsealed: int
    head: str
    broken_at: int | None
    noted_at: int | None


def verify(db: Session, *, noted: str = "") -> Verdict:
    """Walk the chain from its first event; edited, deleted, inserted and reordered rows break it.

    The chain has no key: who can write to the database can also write a whole chain anew. Only a head that was noted
    outside of it tells the two apart.
    """
    previous, expected, broken, noted_at = "", 1, None, None
    rows = select(AuditEvent).where(AuditEvent.sequence.is_not(None)).order_by(AuditEvent.sequence)
    with closing(db.scalars(rows.execution_options(yield_per=1000))) as events:
        for event in events:
            fits = (event.sequence, event.previous_hash) == (expected, previous)
            if not fits or event.hash != _hash(previous, expected, event):
                broken = expected
                break
            noted_at = expected if event.hash == noted else noted_at
            previous, expected = event.hash, expected + 1
    unsealed = db.scalar(select(func.count()).where(AuditEvent.sequence.is_(None))) or 0
    return Verdict(sealed=expected - 1, unsealed=unsealed, head=previous, broken_at=broken, noted_at=noted_at)
