"""What comes by e-mail: each chooses for oneself. On the list stands everything."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import rows
from staffhub.models import Account, NoticeKind, Officer
from staffhub.security import Viewer

_CHOICES = (
    select(Account.no_mail_of, Officer.email)
    .outerjoin(Officer, Officer.id == Account.officer_id)
    .where(Account.id == bindparam("account"))
)


def choices(db: Session, me: Viewer) -> tuple[list[NoticeKind], str]:
    """Return the kinds that I want by e-mail, and my address, "" when the register has none."""
    unwanted, email = rows(db, _CHOICES, account=me.account_id).one()
    return [kind for kind in NoticeKind if kind not in (unwanted or ())], email or ""


def choose(db: Session, me: Viewer, wanted: Collection[NoticeKind], *, now: datetime) -> None:
    """Want these by e-mail and no others; a kind that comes with a later version is wanted until it is chosen away."""
    before, _email = choices(db, me)
    unwanted = [kind.value for kind in NoticeKind if kind not in wanted]
    db.execute(update(Account).where(Account.id == me.account_id).values(no_mail_of=unwanted or None))
    after = [kind for kind in NoticeKind if kind in wanted]
    audit.record(db, me, "account.mail_chosen", "account", me.account_id, now=now, before=before, after=after)
