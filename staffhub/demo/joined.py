"""The demo's logs of standups: whoever went to one and was writing by then has it as a line of its own."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from staffhub.models import JoinClick, LogEntry, Meeting

_FROM, _TO = time(7, 45), time(8)


def write(db: Session, office_id: int, *, now: datetime) -> None:
    """Split the first line of such a day: the sum of the day, which may be sent already, stays as it is."""
    joined = (
        select(LogEntry, Meeting.id.label("meeting_id"), Meeting.topic)
        .join(JoinClick, (JoinClick.officer_id == LogEntry.officer_id) & (JoinClick.date == LogEntry.date))
        .join(Meeting, Meeting.id == JoinClick.meeting_id)
        .where(LogEntry.office_id == office_id, LogEntry.starts == _FROM, LogEntry.created_at <= now)
        .order_by(LogEntry.id)
    )
    found = db.execute(joined).all()
    if not found:
        return
    lines = [_line(row.LogEntry, row.meeting_id, row.topic) for row in found]
    later = [{"entry": row.LogEntry.id, "at": _TO} for row in found]
    db.flush()
    db.connection().execute(
        update(LogEntry).where(LogEntry.id == bindparam("entry")).values(starts=bindparam("at")), later
    )
    db.execute(insert(LogEntry), lines)


def _line(entry: LogEntry, meeting_id: int, topic: str) -> dict[str, Any]:
    return {
        "office_id": entry.office_id,
        "officer_id": entry.officer_id,
        "date": entry.date,
        "text": topic,
        "starts": _FROM,
        "ends": _TO,
        "quantity": None,
        "unit": "",
        "meeting_id": meeting_id,
        "version": 1,
        "created_at": entry.created_at,
        "updated_at": entry.created_at,
        "idempotency_key": f"demo-standup-{entry.id}",
    }
