"""Who is told of a leave: whoever has it now, and the officer when somebody else decided."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.i18n import gettext as _
from staffhub.leave.one import Leave
from staffhub.models import LeaveAct, LeaveState, NoticeKind, Role
from staffhub.security import Viewer

_DECIDED = {
    LeaveAct.AGREED: "forwarded",
    LeaveAct.GRANTED: "approved",
    LeaveAct.DECLINED: "declined",
    LeaveAct.SHORTENED: "shortened",
}
_CHANGED = {LeaveAct.WITHDRAWN: "withdrawn", LeaveAct.SHORTENED: "shortened"}


def state(value: LeaveState) -> str:
    return {
        LeaveState.ASKED: _("Applied for"),
        LeaveState.AGREED: _("The superior agrees"),
        LeaveState.GRANTED: _("Granted"),
        LeaveState.DECLINED: _("Declined"),
        LeaveState.WITHDRAWN: _("Taken back"),
    }[value]


def act(value: LeaveAct) -> str:
    return {
        LeaveAct.ASKED: _("Applied for"),
        LeaveAct.PAPER: _("Entered from a letter"),
        LeaveAct.AGREED: _("The superior agrees"),
        LeaveAct.GRANTED: _("Granted"),
        LeaveAct.DECLINED: _("Declined"),
        LeaveAct.WITHDRAWN: _("Taken back"),
        LeaveAct.SHORTENED: _("Shortened"),
        LeaveAct.LETTER_SEEN: _("Letter seen"),
        LeaveAct.STAND_IN: _("Stand-in"),
    }[value]


def tell(db: Session, me: Viewer, one: Leave, *, now: datetime) -> None:
    """Tell of the last step. What was asked of others before is over for them."""
    about = notify.Subject("leave_request", one.id)
    settled = [NoticeKind.LEAVE_ASKED] if one.is_open else [NoticeKind.LEAVE_ASKED, NoticeKind.LEAVE_UNDER_ORDER]
    notify.over(db, about, settled, now=now)
    half = (one.part.value if one.part else "unknown") if one.half_day else None
    act, span = one.steps[-1].act, {"first": one.first, "last": one.until, "half": half}
    where: dict[str, Any] = {
        "office_id": me.office_id,
        "address": f"/leave/{one.id}",
        "subject": about,
        "by": me.account_id,
        "now": now,
    }
    key = f"leave:{one.id}:{len(one.steps)}"
    if one.is_open:
        deciders = {decider.officer_id for decider in one.turn.deciders}
        roles = {Role.HR} if one.turn.what == "paper" else set()
        notify.tell(
            db, kind=NoticeKind.LEAVE_ASKED, params={"who": one.officer, **span}, key=f"{key}:asked",
            officers=deciders - {one.officer_id}, roles=roles, **where,
        )  # fmt: skip
    if act in _DECIDED and one.officer_id != me.officer_id:
        on_paper = any(done.act is LeaveAct.PAPER for done in one.steps) and act is LeaveAct.GRANTED
        what = "entered" if on_paper else _DECIDED[act]
        notify.tell(
            db, kind=NoticeKind.LEAVE_DECIDED, params={"what": what, **span}, key=f"{key}:decided",
            officers={one.officer_id}, **where,
        )  # fmt: skip
    if act in _CHANGED:
        told = {
            done.author_id for done in one.steps if done.act in {LeaveAct.AGREED, LeaveAct.GRANTED} and done.author_id
        }
        asked = {one.above.superior.officer_id} if one.above.superior else set()
        notify.tell(
            db, kind=NoticeKind.LEAVE_CHANGED, params={"who": one.officer, "what": _CHANGED[act], **span},
            key=f"{key}:changed", accounts=told, officers=asked, **where,
        )  # fmt: skip
