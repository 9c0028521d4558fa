"""The list of one's own notices, newest first, and what its owner has read."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import ColumnElement, CursorResult, bindparam, func, select, update
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.errors import NotFound
from staffhub.models import Notice
from staffhub.notify.wording import headline
from staffhub.security import Viewer

A_PAGE = 30


class Line(NamedTuple):
    """A notice as it stands on the list; `said` is its sentence in the reader's language."""

    id: int
    said: str
    at: datetime
    is_read: bool


@dataclass(frozen=True)
class Page:
    """`newest` is the last notice that its reader can have seen; `first` counts from 1, 0 when there is none."""

    lines: list[Line]
    number: int
    first: int
    total: int
    newest: int

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1 if self.lines else 0

    @property
    def more(self) -> bool:
        return self.last < self.total


_MINE = Notice.account_id == bindparam("account")
_LINES = (
    select(Notice.id, Notice.kind, Notice.params, Notice.created_at, Notice.read_at)
    .where(_MINE)
    .order_by(Notice.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNTS = select(func.count(), func.coalesce(func.max(Notice.id), 0)).where(_MINE)
_ADDRESS = select(Notice.address).where(_MINE, Notice.id == bindparam("id"))


def listing(db: Session, me: Viewer, *, page: int = 1) -> Page:
    offset = (page - 1) * A_PAGE
    found = rows(db, _LINES, account=me.account_id, limit=A_PAGE, offset=offset).all()
    total, newest = rows(db, _COUNTS, account=me.account_id).one()
    lines = [Line(row.id, headline(row.kind, row.params), row.created_at, row.read_at is not None) for row in found]
    return Page(lines, page, offset + 1 if lines else 0, total, newest)


def address_of(db: Session, me: Viewer, notice_id: int) -> str:
    """Return where one of my notices leads; somebody else's does not exist for me."""
    address = rows(db, _ADDRESS, account=me.account_id, id=notice_id).scalar()
    if address is None:
        raise NotFound
    return address


def read_one(db: Session, me: Viewer, notice_id: int, *, now: datetime) -> int:
    """Note that I have seen it; return how many were new to me: twice is once."""
    return _read(db, me, Notice.id == notice_id, now=now)


def read_all(db: Session, me: Viewer, *, until: int, now: datetime) -> int:
    """Note that I have seen what was on my list up to a notice: what came in since then stays new."""
    return _read(db, me, Notice.id <= until, now=now)


def _read(db: Session, me: Viewer, which: ColumnElement[bool], *, now: datetime) -> int:
    mine = update(Notice).where(Notice.account_id == me.account_id, Notice.read_at.is_(None), which)
    return cast("CursorResult[object]", db.execute(mine.values(read_at=now))).rowcount
