"""Whether the board is another one than before: asked each minute of everybody who looks at it."""

from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, Select, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.db import rows
from staffhub.models import BOARD_CHANGES, Attendance, AuditEvent, JoinClick, Mark
from staffhub.security import Viewer
from staffhub.workdays import Way


@cache
def _version_query(*, joined: bool) -> Select[*tuple[Any, ...]]:
    office, since = bindparam("office", type_=BigInteger), bindparam("since", type_=Date)

    def counted(table: Any, *which: ColumnElement[bool]) -> Any:
        return select(func.count()).where(table.office_id == office, table.date >= since, *which).scalar_subquery()

    changes = (
        select(func.count())
        .select_from(AuditEvent)
        .where(AuditEvent.office_id == office, AuditEvent.at >= bindparam("since_at"), BOARD_CHANGES)
        .scalar_subquery()
    )
    met = [counted(JoinClick), counted(Attendance, Attendance.officer_id.is_not(None))] if joined else []
    return select(counted(Mark), changes, *met)


def board_version(db: Session, me: Viewer, *, now: datetime) -> str:
    """Return what differs after every commit that changes the board, in one cheap statement.

    It counts facts that are only ever added: the newest id would not do, since of two overlapping changes the one with
    the lower id may be committed last. Those of yesterday count as well, for a change that is committed after midnight.
    Who was in a meeting counts where a briefing that was joined is presence.
    """
    today = clock.local_day(now, me.zone)
    since = today - timedelta(days=1)
    since_at = clock.at_local(since, time(), me.zone)
    joined = Way.STANDUP in workdays.calendar(db, me.office_id).ways_between(today, today)
    counted = rows(db, _version_query(joined=joined), office=me.office_id, since=since, since_at=since_at).one()
    return ".".join(map(str, counted))
