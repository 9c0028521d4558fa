"""A register that waits until its owner has seen what it would change: an hour, one for each account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from staffhub.models import Account, KeptRegister
from staffhub.people.register import Cell, Register, Row
from staffhub.security import Viewer

KEPT_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Waiting:
    """`left_out` rows of the file were not right, and are not in the register."""

    register: Register
    file_name: str
    day: date
    left_out: int


def keep(db: Session, me: Viewer, waiting: Waiting, *, now: datetime) -> None:
    """Keep a register in the place of the one before; of the file only the columns that are read."""
    me.require("people.edit")
    # The second of two files at once waits here, and takes the place of the first.
    db.execute(select(Account.id).where(Account.id == me.account_id).with_for_update())
    drop(db, me)
    rows = [[row.number, {name: cell.text for name, cell in row.cells.items()}] for row in waiting.register.rows]
    facts = {"file_name": waiting.file_name[:80], "day": waiting.day, "left_out": waiting.left_out}
    db.execute(insert(KeptRegister).values(account_id=me.account_id, rows=rows, at=now, **facts))


def waiting_of(db: Session, me: Viewer, *, now: datetime) -> Waiting | None:
    me.require("people.edit")
    mine = KeptRegister.account_id == me.account_id
    kept = db.scalars(select(KeptRegister).where(mine, KeptRegister.at > now - KEPT_FOR)).one_or_none()
    if kept is None:
        return None
    return Waiting(Register(_rows(kept.rows), {}), kept.file_name, kept.day, kept.left_out)


def _rows(kept: Sequence[tuple[int, dict[str, str]]]) -> tuple[Row, ...]:
    return tuple(Row(number, {name: Cell(text) for name, text in cells.items()}) for number, cells in kept)


def drop(db: Session, me: Viewer) -> None:
    db.execute(delete(KeptRegister).where(KeptRegister.account_id == me.account_id))


def forget_waiting(db: Session, *, now: datetime) -> None:
    db.execute(delete(KeptRegister).where(KeptRegister.at <= now - KEPT_FOR))
