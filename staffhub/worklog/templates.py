"""Work that an officer does often, in the own words: made from a line, and the beginning of the next one."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, select
from sqlalchemy.orm import Session

from staffhub.ahead import Ask
from staffhub.db import insert_unless_there, read
from staffhub.models import LogTemplate
from staffhub.security import Viewer
from staffhub.worklog.entries import Entry
from staffhub.worklog.writing import officer_of

_MOST = 20


class Template(NamedTuple):
    id: int
    text: str
    unit: str
    minutes: int
    service_id: int | None


_MINE = (
    select(LogTemplate.id, LogTemplate.text, LogTemplate.unit, LogTemplate.minutes, LogTemplate.service_type_id)
    .where(LogTemplate.office_id == bindparam("office", type_=BigInteger))
    .where(LogTemplate.officer_id == bindparam("officer", type_=BigInteger))
    .order_by(LogTemplate.text, LogTemplate.id)
    .limit(_MOST)
)


def ask_templates(me: Viewer) -> Ask:
    return Ask(_MINE, {"office": me.office_id, "officer": me.officer_id})


def templates(db: Session, me: Viewer) -> list[Template]:
    return [Template(*row) for row in read(db, ask_templates(me))]


def keep(db: Session, me: Viewer, entry: Entry, *, now: datetime) -> bool:
    """Keep the words, unit, length and service of a line; return False when these words are kept already."""
    facts = {"office_id": me.office_id, "officer_id": officer_of(me), "text": entry.text, "unit": entry.unit}
    facts |= {"minutes": entry.minutes, "service_type_id": entry.service_id, "created_at": now}
    return insert_unless_there(db, LogTemplate, facts)


def forget(db: Session, me: Viewer, template_id: int) -> None:
    """Drop one of my own; twice is once."""
    mine = (LogTemplate.office_id == me.office_id, LogTemplate.officer_id == officer_of(me))
    db.execute(delete(LogTemplate).where(*mine, LogTemplate.id == template_id))
