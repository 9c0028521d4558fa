"""What the app tells people: a row on somebody's list, which is also the outbox of its e-mail."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base
from staffhub.models.system import Work


class NoticeKind(StrEnum):
    LEAVE_ASKED = "leave_asked"
    LEAVE_DECIDED = "leave_decided"
    LEAVE_CHANGED = "leave_changed"
    CORRECTION_WAITING = "correction_waiting"
    CORRECTION_DECIDED = "correction_decided"
    CORRECTION_OVERDUE = "correction_overdue"
    CHECKOUT_PROPOSED = "checkout_proposed"
    THRESHOLD_NEAR = "threshold_near"
    MONTH_TO_SIGN = "month_to_sign"
    MONTH_SENT_BACK = "month_sent_back"
    MONTH_SIGNED = "month_signed"
    MONTH_SUPPLEMENT = "month_supplement"
    ORDER_GIVEN = "order_given"
    ORDER_CHANGED = "order_changed"
    EXEMPTION = "exemption"
    LEAVE_UNDER_ORDER = "leave_under_order"
    EXPORT_READY = "export_ready"
    MEETING_SOON = "meeting_soon"
    MEETING_CHANGED = "meeting_changed"
    ACTION_GIVEN = "action_given"
    REQUESTS_GIVEN = "requests_given"
    REQUESTS_LEFT = "requests_left"
    REQUESTS_STAND_IN = "requests_stand_in"
    REQUESTS_TAKEN_BACK = "requests_taken_back"
    LOGS_TO_VERIFY = "logs_to_verify"
    LOG_RETURNED = "log_returned"
    CALLED_IN = "called_in"
    ROSTER_PUBLISHED = "roster_published"
    DUTY_SWAP_ASKED = "duty_swap_asked"
    DUTY_SWAP_CHANGED = "duty_swap_changed"
    DUTY_CALL_ASKED = "duty_call_asked"
    DUTY_CALL_CHANGED = "duty_call_changed"
    OUTAGE_NOTICED = "outage_noticed"
    NOT_CHECKED_IN = "not_checked_in"


class MailEnd(StrEnum):
    """How the e-mail of a notice ended."""

    SENT = "sent"
    # The server may have it: who sent it died, or the connection, before the answer was known. It is not sent again.
    UNCLEAR = "unclear"
    REFUSED = "refused"
    # Its reader had seen it, or it was over, before it went out.
    READ = "read"
    UNWANTED = "unwanted"
    NO_ADDRESS = "no_address"
    NOT_SET_UP = "not_set_up"
    # It could not be sent for days.
    TOO_OLD = "too_old"


_UNREAD = text("read_at IS NULL")
# Without a check: a new kind needs no migration.
_KIND = sa.Enum(
    NoticeKind,
    native_enum=False,
    create_constraint=False,
    length=32,
    values_callable=lambda kinds: [kind.value for kind in kinds],
)


class Notice(Work, Base):
    """`state` and what goes with it are the e-mail's; on the list of its reader a notice stands at once.

    `params` are the facts that its sentence names, as JSON has them; it is worded when it is read, in the reader's
    language. `key` says what it is about, so that nobody is told the same twice.
    """

    job = "notices"
    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        # The bell of every page counts these.
        Index("ix_notice_unread", "account_id", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
        Index(None, "account_id", "id"),
        Index(None, "subject", "subject_id"),
        Index(None, "state", "due_at"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[NoticeKind] = mapped_column(_KIND)
    # The table and row it is about, if there is one: what was decided is over for whoever was asked.
    subject: Mapped[str] = mapped_column(String(40), default="")
    subject_id: Mapped[int | None]
    # A path of this site.
    address: Mapped[str] = mapped_column(String(200))
    params: Mapped[dict[str, Any]]
    key: Mapped[str] = mapped_column(String(120))
    read_at: Mapped[datetime | None]
    mail_end: Mapped[MailEnd | None]
