"""Notices that nobody needs any more. What they told of has its own history; the list is for what is new."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from staffhub.models import Notice, NoticeKind, TaskState

# These ask something of their reader, or warn: unread they stay, however old.
ASKS = frozenset(
    {
        NoticeKind.LEAVE_ASKED,
        NoticeKind.OUTAGE_NOTICED,
        NoticeKind.LEAVE_UNDER_ORDER,
        NoticeKind.CORRECTION_WAITING,
        NoticeKind.CORRECTION_OVERDUE,
        NoticeKind.CHECKOUT_PROPOSED,
        NoticeKind.THRESHOLD_NEAR,
        NoticeKind.MONTH_TO_SIGN,
        NoticeKind.MONTH_SENT_BACK,
        NoticeKind.ACTION_GIVEN,
        NoticeKind.REQUESTS_LEFT,
        NoticeKind.REQUESTS_STAND_IN,
        NoticeKind.LOGS_TO_VERIFY,
        NoticeKind.LOG_RETURNED,
    }
)


def forget_old(db: Session, *, days: int, now: datetime) -> None:
    """Drop what was told more than so many days ago and whose e-mail has ended, one way or another."""
    ended = Notice.state.in_((TaskState.DONE, TaskState.FAILED))
    old = Notice.due_at < now - timedelta(days=days)
    db.execute(delete(Notice).where(ended, old, Notice.read_at.is_not(None) | Notice.kind.not_in(ASKS)))
