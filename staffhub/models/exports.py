"""Files that are made after the request: an outbox of exports, kept for a day for whoever asked."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base
from staffhub.models.system import Work


class ExportJob(Work, Base):
    """`asked`: month, format and filters. `whole_office` and `division_id`: as whom; the file holds no more than that.

    `content` comes with the state that says so, in one update: there is no half file. `key` is the form's.
    """

    job = "exports"
    __tablename__ = "export_job"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index(None, "state", "due_at"),
        Index(None, "expires_at"),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(120))
    locale: Mapped[str] = mapped_column(String(8))
    asked: Mapped[dict[str, Any]]
    whole_office: Mapped[bool]
    division_id: Mapped[int | None]
    full_numbers: Mapped[bool]
    # Of a hundred; a file that is made anew begins anew.
    progress: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    expires_at: Mapped[datetime]
