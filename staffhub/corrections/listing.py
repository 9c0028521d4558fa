"""The corrections of a span of days, as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    Officer,
    Posting,
    WorkMode,
    posting_on,
)
from staffhub.security import Viewer


@dataclass(frozen=True)
class Listed:
    """One correction as people read it; times are local. `replaced`: a newer one of its kind counts."""

    id: int
    officer_id: int
    officer: str
    day: date
    kind: CorrectionKind
    at: datetime | None
    mode: WorkMode | None
    reason: CorrectionReason
    note: str
    author: str
    created_at: datetime
    replaced: bool


def listed(
    db: Session, me: Viewer, first: date, last: date, *, offset: int = 0, limit: int = 50
) -> tuple[list[Listed], int]:
    """Return the corrections of a span of days that I may see, newest first, and how many there are."""
    writer = aliased(Officer)
    newer = aliased(Correction)
    replaced = (
        select(newer.id)
        .where(newer.officer_id == Correction.officer_id, newer.date == Correction.date, newer.kind == Correction.kind)
        .where(
            (newer.created_at > Correction.created_at)
            | ((newer.created_at == Correction.created_at) & (newer.id > Correction.id))
        )
        .exists()
    )
    rows = (
        select(
            Correction.id,
            Correction.officer_id,
            Officer.name,
            Correction.date,
            Correction.kind,
            Correction.at,
            Correction.mode,
            Correction.reason,
            Correction.note,
            func.coalesce(writer.name, Account.username),
            Correction.created_at,
            replaced,
            func.count().over(),
        )
        .join(Officer, Officer.id == Correction.officer_id)
        .outerjoin(Posting, posting_on(Correction.date))
        .join(Account, Account.id == Correction.created_by)
        .outerjoin(writer, writer.id == Account.officer_id)
        .where(Correction.office_id == me.office_id, Correction.date.between(first, last))
        .order_by(Correction.created_at.desc(), Correction.id.desc())
        .offset(offset)
        .limit(limit)
    )
    rows = rows.where(me.within(Officer.id, Posting.division_id))
    found = db.execute(rows).all()
    return [_listed(me, row) for row in found], int(found[0][-1]) if found else 0


def _listed(me: Viewer, row: Sequence[object]) -> Listed:
    values = list(row[:-1])
    for place in (5, 10):
        moment = values[place]
        values[place] = moment.astimezone(me.zone) if isinstance(moment, datetime) else None
    return Listed(*values)  # type: ignore[arg-type]
