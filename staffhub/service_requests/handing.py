"""Many requests at once: all of one officer, or a chosen few, each as it was looked at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.errors import Forbidden, Refused
from staffhub.i18n import gettext as _
from staffhub.models import RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.duty import Taker, taker_for
from staffhub.service_requests.notices import tell_given
from staffhub.service_requests.owners import mine_to_give, of_my_scope
from staffhub.service_requests.steps import note_step


def _taker(db: Session, me: Viewer, officer_id: int, told: date | None, now: datetime) -> Taker:
    taker = taker_for(db, me, officer_id, now=now)
    if not taker.is_within(me):
        raise Forbidden(_("Your account may not give this request to that officer."))
    taker.refuse_absent(told)
    return taker


def hand_on(
    db: Session,
    me: Viewer,
    *,
    giver_id: int,
    taker_id: int,
    now: datetime,
    note: str = "",
    told: date | None = None,
) -> int:
    """Give every open request of one officer, as far as they are mine to give, to another; return how many went.

    For whoever leaves or is away. What somebody took meanwhile is not touched, so a second tap moves nothing.
    """
    me.require("requests.assign")
    taker = _taker(db, me, taker_id, told, now)
    if giver_id == taker_id:
        raise Refused(_("Choose another officer: these requests lie there already."), field="assignee")
    request = ServiceRequest
    moved = db.execute(
        update(request)
        .where(request.office_id == me.office_id, request.assignee_id == giver_id, mine_to_give(me))
        .values(assignee_id=taker_id, version=request.version + 1, updated_at=now)
        .returning(request.id, request.state, request.version)
    ).all()
    for row in sorted(moved):
        note_step(db, me, row.id, row.state, taker_id, note=note, now=now)
    if moved:
        facts: dict[str, Any] = {
            "before": giver_id, "after": taker_id, "requests": sorted(row.id for row in moved),
        }  # fmt: skip
        audit.record(db, me, "requests.handed_on", "officer", giver_id, now=now, **facts)
        tell_given(db, me, taker.id, sorted((row.id, row.version) for row in moved), now=now)
    return len(moved)


class Gift(NamedTuple):
    """A request as it was looked at, and who is to have it."""

    request_id: int
    version: int
    officer_id: int


@dataclass(frozen=True)
class Given:
    """`left_out`: the numbers of those that somebody changed meanwhile; they stay as they are."""

    count: int
    left_out: tuple[str, ...]


class _Row(NamedTuple):
    id: int
    number: str
    state: RequestState
    assignee_id: int | None
    version: int
    is_mine: bool


def give(
    db: Session, me: Viewer, gifts: Sequence[Gift], *, now: datetime, note: str = "", told: date | None = None
) -> Given:
    """Give each request to its officer, unless it was changed since it was looked at.

    A press that comes twice finds them given already, and says the same.
    """
    me.require("requests.assign")
    for officer_id in sorted({gift.officer_id for gift in gifts}):
        _taker(db, me, officer_id, told, now)
    there = _rows(db, me, [gift.request_id for gift in gifts])
    if any(gift.request_id not in there or not there[gift.request_id].is_mine for gift in gifts):
        raise Forbidden(_("Your account may not give this request to that officer."))
    moved: dict[int, list[tuple[int, int]]] = defaultdict(list)
    left_out, again = [], 0
    for gift in sorted(set(gifts)):
        row = there[gift.request_id]
        if _moved(db, row, gift, now):
            note_step(db, me, row.id, row.state, gift.officer_id, note=note, now=now)
            moved[gift.officer_id].append((row.id, gift.version + 1))
        elif (row.assignee_id, row.version) == (gift.officer_id, gift.version + 1):
            again += 1
        else:
            left_out.append(row.number)
    for officer_id, ones in moved.items():
        facts: dict[str, Any] = {"requests": [id_ for id_, _version in ones]}
        audit.record(db, me, "requests.given", "officer", officer_id, now=now, **facts)
        tell_given(db, me, officer_id, ones, now=now)
    return Given(sum(map(len, moved.values())) + again, tuple(left_out))


def _rows(db: Session, me: Viewer, ids: Sequence[int]) -> dict[int, _Row]:
    """Load them as they are now; whoever else hands one of them over waits until this is done."""
    request = ServiceRequest
    columns = (request.id, request.number, request.state, request.assignee_id, request.version)
    found = (
        select(*columns, of_my_scope(me))
        .where(request.office_id == me.office_id, request.id.in_(ids))
        .order_by(request.id)
        .with_for_update()
    )
    return {row.id: _Row(*row) for row in db.execute(found)}


def _moved(db: Session, row: _Row, gift: Gift, now: datetime) -> bool:
    """A gift of what its officer has already moves nothing."""
    request = ServiceRequest
    done = db.execute(
        update(request)
        .where(request.id == row.id, request.version == gift.version, request.closed_at.is_(None))
        .where(request.assignee_id.is_distinct_from(gift.officer_id))
        .values(assignee_id=gift.officer_id, version=gift.version + 1, updated_at=now)
        .returning(request.id)
    )
    return done.first() is not None
