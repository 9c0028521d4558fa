"""What whoever signs a month must know of it: where it stands, what still waits, what changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Date, Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.ahead import Ask, read_together
from staffhub.db import read
from staffhub.models import Account, Officer, Posting, Role, WaitingRequest, posting_on, role_held, serves
from staffhub.security import Viewer
from staffhub.signing import lines, snapshots
from staffhub.signing.history import History, Papers, Snapshot, history, snapshot_of
from staffhub.signing.lines import Difference
from staffhub.signing.steps import ask_recounts, differences_seen, why_not_now


@dataclass(frozen=True)
class Standing:
    """`changed`: days that read otherwise than in what stands, closed or signed. `why_not`: it cannot be closed yet.

    `open_days` wait for a person, `asked` requests of people for their decision; `codes` are the days of the month by
    the letters of the recap. `heads` may sign.
    """

    history: History
    why_not: str
    officers: int
    open_days: int
    asked: int
    codes: dict[str, float]
    changed: list[Difference]
    heads: list[str]


def look(db: Session, me: Viewer, first: date, *, now: datetime) -> Standing:
    """Read it in four statements while the month is open, five once it is closed, seven where days changed since."""
    me.require("month")
    heads = Ask(_heads(), {"office": me.office_id, "today": clock.local_day(now, me.zone)})
    read_together(db, _ask_waiting(me, first), ask_recounts(me, first), heads)
    known = history(db, me.office_id, first)
    counts = lines.counts(db, me.office_id, first)
    return Standing(
        history=known,
        why_not=why_not_now(db, me, first, now=now),
        officers=counts.officers,
        open_days=counts.open_days,
        asked=requests_waiting(db, me, first),
        codes=counts.codes,
        changed=differences_seen(db, me, known),
        heads=[row.name for row in read(db, heads)],
    )


def requests_waiting(db: Session, me: Viewer, first: date) -> int:
    """Return how many requests for days of the month nobody has decided yet."""
    me.require("month")
    return int(read(db, _ask_waiting(me, first)).scalar_one())


def _ask_waiting(me: Viewer, first: date) -> Ask:
    return Ask(_WAITING, {"office": me.office_id, "first": first, "last": clock.month_days(first)[-1]})


_WAITING: Any = select(func.count(WaitingRequest.request_id)).where(
    WaitingRequest.office_id == bindparam("office"),
    WaitingRequest.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
)


@cache
def _heads() -> Select[*tuple[Any, ...]]:
    """Who may sign today; an account of the role that is closed, or whose officer has left, may not."""
    today = bindparam("today", type_=Date)
    name = func.coalesce(Officer.name, func.nullif(Account.name, ""), Account.username).label("name")
    return (
        select(name)
        .select_from(Account)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, posting_on(today))
        .where(Account.office_id == bindparam("office"), Account.disabled_at.is_(None))
        .where(role_held() == Role.OFFICE_HEAD)
        .where(Account.officer_id.is_(None) | serves(today, today))
        .order_by(name)
    )


@dataclass(frozen=True)
class Supplement:
    """A supplement that was closed, and the days it changes."""

    snapshot: Snapshot
    changed: list[Difference]


def supplement(db: Session, me: Viewer, first: date, number: int) -> Supplement | None:
    """Return the supplement of that number as it stands, signed or waiting; None: there is none."""
    papers = snapshot_of(db, me.office_id, first)
    if papers is None or not 1 <= number <= len(papers.supplements):
        return None
    one = papers.supplements[number - 1]
    earlier = [papers.month.id, *(before.id for before in papers.supplements[: number - 1])]
    after = snapshots.lines_of(db, [one.id])
    before = snapshots.lines_of(db, earlier, officers=list(after))
    return Supplement(one, lines.differences(before, after))


@dataclass(frozen=True)
class Laid:
    """A signed month with its signed supplements laid over it: the line of each officer, and what each changed."""

    lines: dict[int, str]
    supplements: list[Supplement]


def laid(db: Session, papers: Papers, *, officers: Sequence[int] | None = None) -> Laid:
    """Read it in one statement, however many supplements; nothing of one that still waits for the head."""
    signed = [one for one in (papers.month, *papers.supplements) if one.signed_at]
    layers = snapshots.layers_of(db, [one.id for one in signed], officers=officers)
    over: dict[int, str] = {}
    found = []
    for one in signed:
        layer = layers.get(one.id, {})
        if one.number:
            before = {officer_id: over[officer_id] for officer_id in layer if officer_id in over}
            found.append(Supplement(one, lines.differences(before, layer)))
        over |= layer
    return Laid(over, found)
