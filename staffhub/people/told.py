"""What others changed about an account, told to its owner at sign-in until it is acknowledged once."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from staffhub.models import Account, AuditEvent, Officer, Role
from staffhub.security import Viewer

_TOLD = ("password_reset", "role_changed", "username_changed", "disabled", "enabled")


@dataclass(frozen=True)
class Change:
    """`what` is one of _TOLD; `by` is nobody's name when it was the command line; `at` is the office's time."""

    event_id: int
    at: datetime
    what: str
    by: str | None
    before: Role | str | None
    after: Role | str | None
    # From when on another role holds, where that was not the day itself.
    since: date | None = None


def _untold(account_id: int) -> ColumnElement[bool]:
    since = select(func.coalesce(Account.told_event_id, 0)).where(Account.id == account_id).scalar_subquery()
    return (
        (AuditEvent.subject == "account")
        & (AuditEvent.subject_id == account_id)
        & AuditEvent.verb.in_([f"account.{what}" for what in _TOLD])
        & (AuditEvent.id > since)
        & or_(AuditEvent.actor_id.is_(None), AuditEvent.actor_id != account_id)
    )


def has_untold(db: Session, account_id: int) -> bool:
    return db.scalar(select(AuditEvent.id).where(_untold(account_id)).limit(1)) is not None


def untold(db: Session, me: Viewer) -> list[Change]:
    """Return what others changed since I last acknowledged, oldest first."""
    actor = aliased(Account)
    rows = db.execute(
        select(
            AuditEvent.id,
            AuditEvent.at,
            AuditEvent.verb,
            AuditEvent.facts,
            func.coalesce(Officer.name, func.nullif(actor.name, ""), actor.username).label("by"),
        )
        .outerjoin(actor, actor.id == AuditEvent.actor_id)
        .outerjoin(Officer, Officer.id == actor.officer_id)
        .where(_untold(me.account_id))
        .order_by(AuditEvent.id)
    )
    found = []
    for row in rows:
        what = row.verb.removeprefix("account.")
        before, after = row.facts.get("before"), row.facts.get("after")
        if what == "role_changed":
            before, after = Role(before), Role(after)
        at, since = row.at.astimezone(me.zone), row.facts.get("valid_from")
        day = date.fromisoformat(since) if since else None
        found.append(Change(row.id, at, what, row.by, before, after, day if day != at.date() else None))
    return found


def acknowledge(db: Session, me: Viewer, *, event_id: int) -> None:
    """Note that I read everything up to an event; what came meanwhile stays untold. It is no change to tell of."""
    mine = update(Account).where(Account.id == me.account_id, func.coalesce(Account.told_event_id, 0) < event_id)
    db.execute(mine.values(told_event_id=event_id))
