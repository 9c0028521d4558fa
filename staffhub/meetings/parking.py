"""Tasks for Zoom that are not tried any more by themselves: a person lets them go on.

What Zoom does for paid accounts only is switched off at once, and goes on by itself when the account gets a licence.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from staffhub.models import Meeting, MeetingState, TaskState, ZoomTask

PARKED, PAID, UNEXPECTED = "parked", "paid", "unexpected"
# What nobody foresaw is not put right by trying: after so often it is parked, an hour and a half where nothing else
# came between. A network that is away for a day or two is no fault of the task; one surprise after it parks nothing.
MOST_UNEXPECTED, MOST = 8, 100
_OWN = {UNEXPECTED: MOST_UNEXPECTED, "unreachable": MOST, "unclear": MOST, "running": MOST}


def is_spent(code: str, times: int) -> bool:
    """Whether a task is not tried any more by itself: `times` it failed, or, in a way nobody foresaw, failed like this.

    What holds for all work alike, as a limit or refused credentials, goes on when that ends, and parks nothing.
    """
    return times >= _OWN.get(code, times + 1)


def let_paid_go_on(db: Session, *, now: datetime) -> int:
    """Have what was refused for want of a plan tried once more; return how many tasks that are."""
    last = (
        select(func.max(ZoomTask.id))
        .join(Meeting, Meeting.id == ZoomTask.meeting_id)
        .where(Meeting.trouble == PAID, Meeting.state.in_((MeetingState.FAILED, MeetingState.CANCELLED)))
        .group_by(ZoomTask.meeting_id)
    )
    switched_off = (ZoomTask.id.in_(last), ZoomTask.state == TaskState.FAILED, ZoomTask.error == PAID)
    again = update(ZoomTask).where(*switched_off).values(state=TaskState.PENDING, due_at=now, finished_at=None)
    return cast("CursorResult[Any]", db.execute(again)).rowcount
