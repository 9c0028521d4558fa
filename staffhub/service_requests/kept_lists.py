"""A list that waits until whoever brought it has seen what it would add: an hour, one for each account."""

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from staffhub.db import lock_row
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, KeptList, Office
from staffhub.people.register import Cell, Row
from staffhub.security import Viewer
from staffhub.service_requests.importing import Look, Sheet, take_in

KEPT_FOR = timedelta(hours=1)


def keep(db: Session, me: Viewer, sheet: Sheet, look: Look, *, now: datetime) -> None:
    """Keep the good rows of a list in the place of the list before; of the file only the columns that are read."""
    me.require("requests")
    # The second of two files at once waits here, and takes the place of the first.
    lock_row(db, Account, me.account_id)
    db.execute(delete(KeptList).where(KeptList.account_id == me.account_id))
    rows = [
        [row.number, {name: cell.text for name, cell in row.cells.items()}, sheet.said.get(row.number, "")]
        for row in sheet.rows
        if row.number in look.good
    ]
    db.execute(insert(KeptList).values(account_id=me.account_id, mark=sheet.mark, rows=rows, at=now))


def take(db: Session, me: Viewer, mark: str, *, now: datetime) -> Look | int:
    """Record the list whose page was pressed; a second press gets the number that the first one recorded.

    Refused when the list waits no more.
    """
    me.require("requests")
    # Before the list is read: of two presses at once the second finds it taken.
    lock_row(db, Office, me.office_id)
    mine = (KeptList.account_id == me.account_id) & (KeptList.mark == mark) & (KeptList.at > now - KEPT_FOR)
    kept = db.execute(select(KeptList.id, KeptList.rows, KeptList.taken).where(mine)).one_or_none()
    if kept is None:
        raise Refused(_("This list waits no more: its hour is over, or another file was read. Choose the file again."))
    if kept.taken is not None:
        return int(kept.taken)
    found = tuple(
        Row(number, {name: Cell(text) for name, text in cells.items()}) for number, cells, *_said in kept.rows
    )
    # A list that waited while the app was updated tells nothing of it.
    said = {number: told[0] for number, _cells, *told in kept.rows if any(told)}
    look = take_in(db, me, Sheet(found, mark, said), now=now)
    db.execute(update(KeptList).where(KeptList.id == kept.id).values(rows=[], taken=len(look.good)))
    return look


def forget(db: Session, *, now: datetime) -> None:
    db.execute(delete(KeptList).where(KeptList.at <= now - KEPT_FOR))
