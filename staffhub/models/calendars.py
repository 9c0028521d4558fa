"""Secret addresses at which calendar programs read."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class CalendarFeed(Base):
    """Whoever knows `token` reads this calendar, as long as the account may; a new one ends the one before.

    `division_id` null: what concerns the account's owner; else the standups and turns of that division.
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (UniqueConstraint("token"), Index(None, "account_id"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    division_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    token: Mapped[str] = mapped_column(String(43))
    created_at: Mapped[datetime]
