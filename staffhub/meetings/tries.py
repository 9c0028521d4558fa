"""What became of each try to bring something to Zoom, as the audit trail has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.meetings.failures import in_short
from staffhub.meetings.parking import PARKED
from staffhub.models import AuditEvent

TRIED = "zoom.tried"


@dataclass(frozen=True)
class Try:
    """One try at a task. `said`: what came of it, in words; `status` and `number`: Zoom's answer, 0 without one."""

    at: datetime
    said: str
    status: int
    number: int


_TRIES = (
    select(
        AuditEvent.subject_id,
        AuditEvent.at,
        AuditEvent.facts,
        func.row_number().over(partition_by=AuditEvent.subject_id, order_by=AuditEvent.id.desc()).label("n"),
    )
    .where(
        AuditEvent.subject == "meeting",
        AuditEvent.subject_id.in_(bindparam("meetings", expanding=True)),
        AuditEvent.verb == TRIED,
    )
    .subquery()
)
_NEWEST = select(_TRIES).where(_TRIES.c.n <= bindparam("most")).order_by(_TRIES.c.subject_id, _TRIES.c.n)


def newest(db: Session, meetings: Sequence[int], zone: ZoneInfo, *, most: int) -> dict[int, list[Try]]:
    """Return the newest tries of each of these meetings, the last one first, at local times."""
    found: dict[int, list[Try]] = {}
    for row in rows(db, _NEWEST, meetings=meetings, most=most) if meetings else ():
        found.setdefault(row.subject_id, []).append(_read(row.at.astimezone(zone), row.facts))
    return found


def _read(at: datetime, facts: dict[str, Any]) -> Try:
    code = str(facts.get("error", "")).removeprefix(f"{PARKED}:")
    return Try(at, in_short(code), facts.get("status") or 0, facts.get("number") or 0)
