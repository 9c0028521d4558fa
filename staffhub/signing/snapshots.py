"""What a month said when it was closed, kept for ever, with a hash that anybody can compute again."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, insert, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.db import rows
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import MonthSnapshot, SnapshotLine
from staffhub.signing.lines import canonical

# Lines of one INSERT: some 3 kB each.
_BATCH = 200


def hash_of(head: str, texts: Iterable[str]) -> str:
    found = hashlib.sha256(f"{head}\n".encode())
    for text in texts:
        found.update(f"{text}\n".encode())
    return found.hexdigest()


def take(
    db: Session,
    office_id: int,
    first: date,
    lines: Mapping[int, str],
    *,
    number: int,
    follows: str,
    now: datetime,
    digests: Mapping[int, str] = MappingProxyType({}),
) -> int:
    """Store the lines; all of them or, with the caller's transaction, none. Return the id of the snapshot."""
    order = sorted(lines)
    head = canonical(
        {
            "office": office.facts(db, office_id).name,
            "office_id": office_id,
            "month": f"{first:%Y-%m}",
            "number": number,
            "follows": follows,
            "divisions": {str(one.id): [one.name, one.short_name] for one in office.divisions(db, office_id).values()},
        }
    )
    digest = hash_of(head, (lines[officer_id] for officer_id in order))
    snapshot = MonthSnapshot(
        office_id=office_id, first=first, number=number, head=head, hash=digest, officers=len(order), at=now
    )
    db.add(snapshot)
    db.flush()
    keys = {"office_id": office_id, "snapshot_id": snapshot.id}
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        told: list[dict[str, Any]] = [
            {"officer_id": one, "text": lines[one], "digest": digests.get(one)} for one in batch
        ]
        db.execute(insert(SnapshotLine), [keys | one for one in told])
    return snapshot.id


def lines_of(db: Session, snapshots: Sequence[int], *, officers: Sequence[int] | None = None) -> dict[int, str]:
    """Return the lines of these snapshots by officer, perhaps of some alone; of several the last counts."""
    layers = layers_of(db, snapshots, officers=officers)
    found: dict[int, str] = {}
    for id_ in snapshots:
        found |= layers.get(id_, {})
    return found


def digests_of(db: Session, snapshots: Sequence[int]) -> dict[int, str | None]:
    """Return what the lines of these snapshots were written from, by officer; of several the newest counts."""
    found: list[tuple[int, str | None]] = [(row[0], row[1]) for row in rows(db, _DIGESTS, snapshots=list(snapshots))]
    return dict(found)


_DIGESTS: Any = (
    select(SnapshotLine.officer_id, SnapshotLine.digest)
    .where(SnapshotLine.snapshot_id.in_(bindparam("snapshots", expanding=True)))
    .order_by(SnapshotLine.snapshot_id)
)


def layers_of(
    db: Session, snapshots: Sequence[int], *, officers: Sequence[int] | None = None
) -> dict[int, dict[int, str]]:
    """Return the lines of each of these snapshots, by officer. One statement."""
    asked = {"snapshots": list(snapshots)} | ({} if officers is None else {"officers": list(officers)})
    found: dict[int, dict[int, str]] = {}
    for id_, officer_id, text in rows(db, _lines(narrow=officers is not None), **asked) if snapshots else ():
        found.setdefault(id_, {})[officer_id] = text
    return found


@cache
def _lines(*, narrow: bool) -> Select[*tuple[Any, ...]]:
    columns: Any = select(SnapshotLine.snapshot_id, SnapshotLine.officer_id, SnapshotLine.text)
    columns = columns.where(SnapshotLine.snapshot_id.in_(bindparam("snapshots", expanding=True)))
    if narrow:
        columns = columns.where(SnapshotLine.officer_id.in_(bindparam("officers", expanding=True)))
    return columns  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Verdict:
    """`broken` are the snapshots whose lines do not give their hash: (id, month)."""

    snapshots: int
    broken: list[tuple[int, date]]


def verified(db: Session) -> str:
    """Return what to say when every closed month is what was closed, else raise Refused."""
    verdict = verify(db)
    if verdict.broken:
        names = ", ".join(f"{first:%Y-%m} ({id_})" for id_, first in verdict.broken)
        raise Refused(_("These closed months are not what was closed: %(months)s.", months=names))
    return _("The snapshots of closed months hold: %(n)s.", n=verdict.snapshots)


def verify(db: Session) -> Verdict:
    """Compute every hash again."""
    kept = db.execute(select(MonthSnapshot.id, MonthSnapshot.first, MonthSnapshot.head, MonthSnapshot.hash)).all()
    broken = [(one.id, one.first) for one in kept if hash_of(one.head, _texts(db, one.id)) != one.hash]
    return Verdict(len(kept), broken)


def _texts(db: Session, snapshot_id: int) -> Iterable[str]:
    texts = select(SnapshotLine.text).where(SnapshotLine.snapshot_id == snapshot_id).order_by(SnapshotLine.officer_id)
    with closing(db.scalars(texts.execution_options(yield_per=_BATCH))) as found:
        yield from found


class Named(NamedTuple):
    """A division as it was called."""

    name: str
    short_name: str


def divisions_of(db: Session, snapshot_id: int) -> dict[int, Named]:
    """Return the divisions by id, as they were called."""
    told: dict[str, Any] = json.loads(rows(db, _HEAD, id=snapshot_id).scalar_one())
    return {int(id_): Named(*names) for id_, names in told["divisions"].items()}


_HEAD = select(MonthSnapshot.head).where(MonthSnapshot.id == bindparam("id"))
