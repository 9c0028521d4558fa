"""The entries of dates, as they follow from granted ranges and what was taken out of them; one or many people at once.

Whatever is written for four hundred people takes as few statements as for one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, insert, select
from sqlalchemy.orm import Session

from staffhub.models import Officer, PlanEnding, PlanEntry, PlanGrant, PlanLayer, PlanMode
from staffhub.security import Viewer


def dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def left(first: date, last: date, endings: Iterable[tuple[date, date]]) -> list[date]:
    """Return the dates of a range that were not taken out of it."""
    gone = {day for start, end in endings for day in dates(start, end)}
    return [day for day in dates(first, last) if day not in gone]


def settle(db: Session, office_id: int, officers: Sequence[int], layer: PlanLayer, first: date, last: date) -> None:
    """Write the entries of these dates again from the ranges and what was taken out of them."""
    entry = PlanEntry
    db.execute(
        delete(entry)
        .where(entry.office_id == office_id, entry.officer_id.in_(officers))
        .where(entry.layer == layer, entry.date.between(first, last))
    )
    ranges: dict[tuple[int, int], tuple[date, date, list[tuple[date, date]]]] = {}
    for officer_id, grant_id, start, end, *ending in db.execute(_laid(office_id, officers, layer, first, last)):
        taken = ranges.setdefault((officer_id, grant_id), (start, end, []))[2]
        if ending[0] is not None:
            taken.append((ending[0], ending[1]))
    holder: dict[tuple[int, date], int] = {}
    for (officer_id, grant_id), (start, end, taken) in ranges.items():
        days = left(max(start, first), min(end, last), taken)
        holder |= dict.fromkeys(((officer_id, day) for day in days), grant_id)
    keys = {"office_id": office_id, "layer": layer}
    rows = [keys | {"officer_id": who, "date": day, "grant_id": grant} for (who, day), grant in holder.items()]
    if rows:
        db.execute(insert(entry), rows)


def _laid(
    office_id: int, officers: Sequence[int], layer: PlanLayer, first: date, last: date
) -> Select[*tuple[Any, ...]]:
    """Every range of the layer that touches these dates, oldest first, with what was taken out of it."""
    grant, ending = PlanGrant, PlanEnding
    return (
        select(grant.officer_id, grant.id, grant.first, grant.last, ending.first, ending.last)
        .outerjoin(ending, and_(ending.grant_id == grant.id, ending.office_id == grant.office_id))
        .where(grant.office_id == office_id, grant.officer_id.in_(officers), grant.layer == layer)
        .where(grant.first <= last, grant.last >= first)
        .order_by(grant.id, ending.id)
    )


@dataclass(frozen=True)
class Range:
    """What is granted to many people alike; its rules are the caller's to ask."""

    layer: PlanLayer
    mode: PlanMode
    first: date
    last: date
    note: str = ""
    document: str = ""
    on_free_days: bool = False
    kind: str = ""
    # The bidang whose desk is kept, where that is not the own one.
    desk_id: int | None = None


def lock_officers(db: Session, office_id: int, officers: Sequence[int]) -> None:
    """Let whoever writes the plan of one of them wait; in one order, so that two of us never wait for each other."""
    db.execute(
        select(Officer.id)
        .where(Officer.office_id == office_id, Officer.id.in_(officers))
        .order_by(Officer.id)
        .with_for_update(key_share=True)
    ).all()


def grant_all(db: Session, me: Viewer, officers: Sequence[int], granted: Range, *, now: datetime) -> dict[int, int]:
    """Write a range for each of many officers; return their ids by officer. The caller asks the rules and audits."""
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    written = [who | vars(granted) | {"officer_id": officer_id} for officer_id in officers]
    lock_officers(db, me.office_id, officers)
    db.execute(insert(PlanGrant), written)
    settle(db, me.office_id, officers, granted.layer, granted.first, granted.last)
    # The newest range of a layer holds on all of its dates, so ours is found there; SQLite would return ids one by one.
    ours = select(PlanEntry.officer_id, PlanEntry.grant_id).where(
        PlanEntry.office_id == me.office_id,
        PlanEntry.date == granted.first,
        PlanEntry.layer == granted.layer,
        PlanEntry.officer_id.in_(officers),
    )
    return {row.officer_id: row.grant_id for row in db.execute(ours)}


def end_all(
    db: Session, me: Viewer, grants: Sequence[int], layer: PlanLayer, first: date, last: date, *, now: datetime
) -> dict[int, int]:
    """Take dates out of many ranges of one layer; return by officer how many went out, nobody of whom none did."""
    whose = select(PlanGrant.id, PlanGrant.officer_id).where(PlanGrant.office_id == me.office_id)
    officers = {row.id: row.officer_id for row in db.execute(whose.where(PlanGrant.id.in_(grants)))}
    lock_officers(db, me.office_id, sorted(set(officers.values())))
    going: dict[int, int] = {}
    rows = []
    for grant_id, (start, end, taken) in _of_grants(db, me.office_id, grants).items():
        since, until = max(start, first), min(end, last)
        if gone := len(left(since, until, taken)) if since <= until else 0:
            going[officers[grant_id]] = going.get(officers[grant_id], 0) + gone
            rows.append({"grant_id": grant_id, "first": since, "last": until})
    if rows:
        who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
        db.execute(insert(PlanEnding), [row | who for row in rows])
        settle(db, me.office_id, list(going), layer, first, last)
    return going


def _of_grants(
    db: Session, office_id: int, grants: Sequence[int]
) -> dict[int, tuple[date, date, list[tuple[date, date]]]]:
    """Return each range with what was taken out of it."""
    grant, ending = PlanGrant, PlanEnding
    taken: dict[int, list[tuple[date, date]]] = defaultdict(list)
    endings = select(ending.grant_id, ending.first, ending.last)
    for grant_id, start, end in db.execute(endings.where(ending.office_id == office_id, ending.grant_id.in_(grants))):
        taken[grant_id].append((start, end))
    ranges = select(grant.id, grant.first, grant.last).where(grant.office_id == office_id, grant.id.in_(grants))
    return {id_: (start, end, taken[id_]) for id_, start, end in db.execute(ranges)}
