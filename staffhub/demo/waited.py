"""A tap without network: the last field duty before today began where no signal was."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub.models import Counted, LateDelivery, Mark, MarkKind, WorkMode
from staffhub.presence import LATE

_UNTIL_TAP, _UNTIL_NETWORK = timedelta(minutes=6), timedelta(minutes=41)
_MILLISECOND = timedelta(milliseconds=1)


def delay(marks: list[dict[str, Any]], today: date) -> dict[str, Any] | None:
    """Let the mark reach the server when its phone was back in reach; return it, if there is such a duty."""
    outside = [one for one in marks if one["mode"] is WorkMode.FIELD and one["turn"] == 1 and one["date"] < today]
    mark = max(outside, key=lambda one: one["attempted_at"], default=None)
    if mark:
        mark |= {"method": LATE, "received_at": mark["attempted_at"] + _UNTIL_NETWORK}
    return mark


def tell(db: Session, mark: dict[str, Any]) -> None:
    """Add what the phone had measured."""
    found = select(Mark.id).where(Mark.office_id == mark["office_id"], Mark.receipt == mark["receipt"])
    before, after = _UNTIL_TAP // _MILLISECOND, _UNTIL_NETWORK // _MILLISECOND
    db.execute(
        insert(LateDelivery).values(
            office_id=mark["office_id"],
            officer_id=mark["officer_id"],
            mark_id=db.scalars(found).one(),
            date=mark["date"],
            kind=MarkKind.CHECK_IN,
            mode=mark["mode"],
            ticket_at=mark["attempted_at"] - _UNTIL_TAP,
            claimed_at=mark["attempted_at"],
            arrived_at=mark["received_at"],
            steady_before=before,
            wall_before=before,
            steady_after=after,
            wall_after=after,
            counted=Counted.CLAIMED,
            idempotency_key=mark["idempotency_key"],
        )
    )
