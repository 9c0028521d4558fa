"""Where a month stands: the steps of HR and of the head, and the snapshots they speak of."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import Account, MonthSnapshot, MonthStep, Officer, SignStep


class Step(NamedTuple):
    """One thing done; `number` is 0 for the month, else the supplement's. Times are UTC."""

    turn: int
    kind: SignStep
    snapshot_id: int
    number: int
    hash: str
    officers: int
    note: str
    by: str
    at: datetime


@dataclass(frozen=True)
class History:
    """The steps of one month, oldest first."""

    first: date
    steps: tuple[Step, ...]

    @property
    def turn(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> Step | None:
        return self.steps[-1] if self.steps else None

    @property
    def signed(self) -> list[Step]:
        """The month's signature and then those of its supplements."""
        return [step for step in self.steps if step.kind is SignStep.SIGNED]

    @property
    def is_signed(self) -> bool:
        return bool(self.signed)

    @property
    def waiting(self) -> Step | None:
        """What HR has closed and the head has not answered."""
        return self.last if self.last and self.last.kind is SignStep.CLOSED else None

    @property
    def sent_back(self) -> Step | None:
        return self.last if self.last and self.last.kind is SignStep.SENT_BACK else None

    @property
    def number(self) -> int:
        """What is closed and signed next, or waits: 0 for the month, else the supplement."""
        return len(self.signed)

    @property
    def hash(self) -> str:
        """Of what was signed last."""
        return self.signed[-1].hash if self.signed else ""


@dataclass(frozen=True)
class Snapshot:
    """A snapshot and who stands for it, for whoever prints it; `signed_by` empty: the head has not signed yet."""

    id: int
    number: int
    hash: str
    officers: int
    note: str
    closed_by: str
    closed_at: datetime
    signed_by: str
    signed_at: datetime | None


@dataclass(frozen=True)
class Papers:
    """The month's snapshot, and the supplements to it in order, the last of which may still wait for the head."""

    month: Snapshot
    supplements: tuple[Snapshot, ...]


def history(db: Session, office_id: int, first: date) -> History:
    found = rows(db, _steps(), office=office_id, first=first).all()
    return History(first, tuple(Step(*row) for row in found))


@cache
def _steps() -> Select[*tuple[Any, ...]]:
    columns: Any = select(
        MonthStep.turn,
        MonthStep.kind,
        MonthSnapshot.id,
        MonthSnapshot.number,
        MonthSnapshot.hash,
        MonthSnapshot.officers,
        MonthStep.note,
        func.coalesce(Officer.name, func.nullif(Account.name, ""), Account.username),
        MonthStep.at,
    )
    return (  # type: ignore[no-any-return]
        columns.join(MonthSnapshot, MonthSnapshot.id == MonthStep.snapshot_id)
        .join(Account, Account.id == MonthStep.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .where(MonthStep.office_id == bindparam("office"), MonthStep.first == bindparam("first"))
        .order_by(MonthStep.turn)
    )


def snapshot_of(db: Session, office_id: int, first: date) -> Papers | None:
    """Return what stands for a month: signed, or closed and waiting for the head; None: it is open."""
    known = history(db, office_id, first)
    closed = {step.snapshot_id: step for step in known.steps if step.kind is SignStep.CLOSED}
    standing = [_snapshot(closed[step.snapshot_id], step) for step in known.signed]
    if known.waiting:
        standing.append(_snapshot(known.waiting, None))
    return Papers(standing[0], tuple(standing[1:])) if standing else None


def _snapshot(closed: Step, signed: Step | None) -> Snapshot:
    return Snapshot(
        closed.snapshot_id,
        closed.number,
        closed.hash,
        closed.officers,
        closed.note,
        closed.by,
        closed.at,
        signed.by if signed else "",
        signed.at if signed else None,
    )
