"""Who is told of a swap: the colleague who is asked, whoever waits for an answer, the superiors once it is applied."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.i18n import gettext as _
from staffhub.models import NoticeKind, SwapState
from staffhub.roster.swap_lists import Swap
from staffhub.security import Viewer


def state(value: SwapState) -> str:
    return {
        SwapState.ASKED: _("Asked"),
        SwapState.APPLIED: _("Swapped"),
        SwapState.DECLINED: _("Declined"),
        SwapState.WITHDRAWN: _("Withdrawn"),
        SwapState.UNDONE: _("Undone by a superior"),
    }[value]


def asked(db: Session, me: Viewer, one: Swap, *, now: datetime) -> None:
    params = {"who": one.officer, "day": one.gives, "back": one.takes}
    _tell(db, me, one, NoticeKind.DUTY_SWAP_ASKED, params, "asked", {one.colleague_id}, now=now)


def applied(db: Session, me: Viewer, one: Swap, *, now: datetime) -> None:
    changed(db, me, one, "accepted", {one.officer_id}, now=now)
    changed(db, me, one, "applied", one.above, now=now)


def changed(db: Session, me: Viewer, one: Swap, what: str, officers: Collection[int], *, now: datetime) -> None:
    """Tell of an answer; what was asked of the colleague is over."""
    notify.over(db, notify.Subject("duty_swap", one.id), [NoticeKind.DUTY_SWAP_ASKED], now=now)
    who, other = (one.officer, one.colleague) if what in {"withdrawn", "applied"} else (one.colleague, one.officer)
    params = {"who": me.name if what == "undone" else who, "other": other, "what": what}
    days = {"day": one.gives, "back": one.takes}
    _tell(db, me, one, NoticeKind.DUTY_SWAP_CHANGED, params | days, what, officers, now=now)


def _tell(
    db: Session,
    me: Viewer,
    one: Swap,
    kind: NoticeKind,
    params: dict[str, Any],
    key: str,
    officers: Collection[int],
    *,
    now: datetime,
) -> None:
    notify.tell(
        db,
        office_id=me.office_id,
        kind=kind,
        params=params,
        officers=officers,
        address=f"/roster/swaps/{one.id}",
        key=f"duty_swap:{one.id}:{key}",
        by=me.account_id,
        subject=notify.Subject("duty_swap", one.id),
        now=now,
    )
