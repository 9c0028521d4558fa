"""What the program notices of itself: that nothing beat for a while, and what its processes have counted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from staffhub.db import insert_unless_there, rows
from staffhub.models import Account, Heartbeat, Office, Trouble, TroubleSign, UserSession
from staffhub.troubles import Batch, Count

log = structlog.get_logger(__name__)

BEAT = "scheduler"
# The heart beats four times a minute: so long without means that nobody could check in, and less is a blip.
QUIET = timedelta(minutes=2)
# Whoever was away for longer was not in use.
LONGEST = timedelta(days=7)
# A clock that runs this far beside the machine's own seconds was set.
_SET = timedelta(seconds=10)
_KEPT = timedelta(days=60)
_MINUTE, _LEAST = timedelta(minutes=1), timedelta(microseconds=1)
_AT_ONCE = 500

_SESSIONS = (
    select(UserSession.token_hash, Account.office_id, Account.officer_id)
    .join(Account, Account.id == UserSession.account_id)
    .where(UserSession.token_hash.in_(bindparam("hashes", expanding=True)), Account.officer_id.is_not(None))
)


def beat(db: Session, *, now: datetime, boot: str, seconds: float) -> None:
    """Note that the work goes on, and if it had stood still for a while, from when to when, in the same transaction.

    How long that was is told by the seconds of the machine, which nobody sets; by the clock alone after it was started
    again. So a clock that is put forward is no time that passed.
    """
    facts = {"at": now, "boot": boot, "seconds": seconds}
    if insert_unless_there(db, Heartbeat, {"name": BEAT} | facts):
        return
    mine = Heartbeat.name == BEAT
    last = db.execute(select(Heartbeat.at, Heartbeat.boot, Heartbeat.seconds).where(mine).with_for_update()).one()
    passed = now - last.at
    if boot and last.boot == boot:
        passed = timedelta(seconds=seconds - last.seconds)
        if passed < timedelta():  # another process was quicker, and is further
            return
        if abs(now - last.at - passed) > _SET:
            log.warning("clock_was_set", seconds=round((now - last.at - passed).total_seconds()))
    db.execute(update(Heartbeat).where(mine).values(**facts))
    if QUIET <= passed <= LONGEST:
        _note_gap(db, now - passed, now)


def _note_gap(db: Session, first: datetime, last: datetime) -> None:
    log.warning("stood_still", seconds=round((last - first).total_seconds()))
    span = {
        "kind": Trouble.GAP,
        "first": _minute(first),
        "last": _minute(last - _LEAST) + _MINUTE,
        "count": 1,
        "officers": [],
    }
    for office_id in db.scalars(select(Office.id)).all():
        named = {"office_id": office_id, "batch": f"gap-{_minute(last):%Y%m%dT%H%M}"}
        insert_unless_there(db, TroubleSign, named | span)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def write_down(db: Session, batches: Sequence[Batch]) -> None:
    """Store what processes counted, for the offices of whose sessions they were; written twice it is there once."""
    met = _met(db, {session for batch in batches for count in batch.counts for session in count.sessions})
    offices = db.scalars(select(Office.id)).all()
    for batch in batches:
        for count in batch.counts:
            for office_id, times, officers in _by_office(count, met, offices):
                first = datetime.fromisoformat(count.minute)
                span = {"first": first, "last": first + _MINUTE, "kind": Trouble(count.kind)}
                facts = {"office_id": office_id, "batch": batch.name, "count": times, "officers": officers}
                insert_unless_there(db, TroubleSign, facts | span)


def _met(db: Session, sessions: set[str]) -> dict[str, tuple[int, int]]:
    """Return office and officer of each session that there is."""
    found: dict[str, tuple[int, int]] = {}
    asked = sorted(sessions)
    for place in range(0, len(asked), _AT_ONCE):
        for hash_, office_id, officer_id in rows(db, _SESSIONS, hashes=asked[place : place + _AT_ONCE]):
            found[hash_] = office_id, officer_id or 0
    return found


def _by_office(
    count: Count, met: Mapping[str, tuple[int, int]], offices: Sequence[int]
) -> Iterable[tuple[int, int, list[int]]]:
    """Where nobody is known it may have been anybody's; where one office is, all of it was its own."""
    known: defaultdict[int, set[int]] = defaultdict(set)
    for session in count.sessions:
        if session in met:
            known[met[session][0]].add(met[session][1])
    if len(known) <= 1:
        return [(one, count.times, sorted(known.get(one, ()))) for one in known or offices]
    return [(one, len(officers), sorted(officers)) for one, officers in known.items()]


def forget_old(db: Session, *, now: datetime) -> None:
    """What was counted goes after two months; what an outage rests on stands with it."""
    for office_id in db.scalars(select(Office.id)).all():
        db.execute(delete(TroubleSign).where(TroubleSign.office_id == office_id, TroubleSign.last < now - _KEPT))
