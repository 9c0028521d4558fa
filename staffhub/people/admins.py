"""An office is never without an administrator, on no day to come."""

from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from staffhub.db import lock_row
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Account, Office, Officer, Posting, Role


def require_another_admin(db: Session, office_id: int, account_id: int | None, *, day: date, field: str) -> None:
    """Refuse to leave a day from `day` on without an open administrator besides this account, if one is named.

    Two administrators who take the role from each other at once queue at the office's row.
    """
    lock_row(db, Office, office_id)
    rows = db.execute(
        select(Posting.valid_from, Posting.valid_to, Officer.active_from, Officer.active_to)
        .select_from(Account)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(Posting, (Posting.office_id == Account.office_id) & (Posting.officer_id == Account.officer_id))
        .where(Account.office_id == office_id, Account.disabled_at.is_(None), Account.id != (account_id or 0))
        .where(or_(Account.role == Role.ADMIN, Posting.role == Role.ADMIN))
    )
    spans = [
        (
            max(row.valid_from or date.min, row.active_from or date.min),
            min(row.valid_to or date.max, row.active_to or date.max),
        )
        for row in rows
    ]
    if not _cover(spans, day):
        raise Refused(_("This is the last administrator. Make somebody else one first."), field=field)


def _cover(spans: Iterable[tuple[date, date]], day: date) -> bool:
    """Whether every day from `day` on is in one of the spans; their ends are their last days."""
    for first, last in sorted(spans):
        if first <= day <= last:
            if last == date.max:
                return True
            day = last + timedelta(days=1)
    return False
