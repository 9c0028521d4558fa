"""What comes by e-mail, and how long before a meeting one is reminded: each chooses for oneself."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import rows
from staffhub.models import Account, NoticeKind
from staffhub.security import Viewer

# Minutes before a meeting at which people are reminded; USUAL holds for whoever has chosen none.
LEADS = (5, 15, 30, 60)
USUAL = 15
_LEAD = select(Account.remind_before).where(Account.id == bindparam("account"))
_UNWANTED = select(Account.no_mail_of).where(Account.id == bindparam("account"))


def wanted(unwanted: Collection[str] | None) -> list[NoticeKind]:
    """Return the kinds that come by e-mail to an account which excepts these."""
    return [kind for kind in NoticeKind if kind not in (unwanted or ())]


def reach_me(db: Session, me: Viewer, to: str, *, now: datetime) -> None:
    """Letters go to this name or number on the office's channel; "": by e-mail again. The trail keeps neither."""
    before = bool(db.scalar(select(Account.channel_to).where(Account.id == me.account_id)))
    db.execute(update(Account).where(Account.id == me.account_id).values(channel_to=to or None))
    audit.record(db, me, "account.channel_chosen", "account", me.account_id, now=now, before=before, after=bool(to))


def choose(db: Session, me: Viewer, kinds: Collection[NoticeKind], *, now: datetime) -> None:
    """Want these by e-mail and no others; a kind that comes with a later version is wanted until it is chosen away."""
    before = wanted(rows(db, _UNWANTED, account=me.account_id).scalar_one())
    unwanted = [kind.value for kind in NoticeKind if kind not in kinds]
    db.execute(update(Account).where(Account.id == me.account_id).values(no_mail_of=unwanted or None))
    after = [kind for kind in NoticeKind if kind in kinds]
    audit.record(db, me, "account.mail_chosen", "account", me.account_id, now=now, before=before, after=after)


def choose_lead(db: Session, me: Viewer, minutes: int, *, presence: bool, now: datetime) -> None:
    """Be reminded so many minutes before, one of LEADS; whoever was reminded of a meeting is not once more.

    `presence`: also when a check-in is missing.
    """
    before = rows(db, _LEAD, account=me.account_id).scalar_one() or USUAL
    db.execute(
        update(Account).where(Account.id == me.account_id).values(remind_before=minutes, remind_presence=presence)
    )
    audit.record(
        db,
        me,
        "account.reminder_chosen",
        "account",
        me.account_id,
        now=now,
        before=before,
        after=minutes,
        presence=presence,
    )
