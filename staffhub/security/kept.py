"""Typed words survive the end of a session: kept for an hour for the account whose session it was, for nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from staffhub.db import digest
from staffhub.models import KeptForm, UserSession
from staffhub.security.access import Viewer

KEPT_FOR = timedelta(hours=1)
# Characters of all fields together: the longest form has some thousands.
_MOST = 32_768
_NEVER = {"password", "current", "new", "repeat"}


@dataclass(frozen=True)
class Kept:
    """`action` is the address the form was sent to; `fields` are pairs of name and value, as sent."""

    id: int
    action: str
    fields: list[tuple[str, str]]


def keep_form(db: Session, token: str, *, action: str, fields: Sequence[tuple[str, str]], now: datetime) -> int | None:
    """Keep what was sent with the cookie of a session that is over; return its id, or None when nothing is kept.

    One form for each session, the newest: whoever holds an old cookie cannot fill the table.
    """
    forget_kept(db, now=now)
    row = db.execute(
        select(UserSession.id, UserSession.account_id).where(UserSession.token_hash == digest(token))
    ).one_or_none()
    kept = [(name, value) for name, value in fields if name not in _NEVER]
    if row is None or not any(value for _name, value in kept) or sum(len(n) + len(v) for n, v in kept) > _MOST:
        return None
    db.execute(delete(KeptForm).where(KeptForm.session_id == row.id))
    values = {"account_id": row.account_id, "session_id": row.id, "action": action, "fields": kept, "at": now}
    return db.scalar(insert(KeptForm).values(**values).returning(KeptForm.id))


def kept_form(db: Session, me: Viewer, kept_id: int, *, now: datetime) -> Kept | None:
    """Return what I typed; somebody else's does not exist for me, and after an hour mine does not either."""
    row = db.execute(
        select(KeptForm.id, KeptForm.action, KeptForm.fields).where(
            KeptForm.id == kept_id, KeptForm.account_id == me.account_id, KeptForm.at > now - KEPT_FOR
        )
    ).one_or_none()
    return Kept(row.id, row.action, [(name, value) for name, value in row.fields]) if row else None


def drop_kept(db: Session, me: Viewer, kept_id: int) -> None:
    """It is sent again by its owner: what is stored now takes its place."""
    db.execute(delete(KeptForm).where(KeptForm.id == kept_id, KeptForm.account_id == me.account_id))


def forget_kept(db: Session, *, now: datetime) -> None:
    db.execute(delete(KeptForm).where(KeptForm.at <= now - KEPT_FOR))
