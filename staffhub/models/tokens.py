"""Keys of the programs that speak with this one: what each may, and what it was answered."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id


class TokenScope(StrEnum):
    """What a token may; numbers of officers (NIP) go out only where they are asked for by name."""

    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"
    ATTENDANCE_READ = "attendance:read"
    OFFICERS_READ = "officers:read"
    OFFICERS_NUMBERS = "officers:numbers"


TOKEN_NAME = 60  # characters


class ApiToken(Base):
    """Whoever sends the secret acts as this program. The secret itself is shown once and kept nowhere."""

    __tablename__ = "api_token"
    # A name is never given twice: years later a history still says which program it was.
    __table_args__ = (UniqueConstraint("digest"), UniqueConstraint("office_id", "name"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    name: Mapped[str] = mapped_column(String(TOKEN_NAME))
    scopes: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))
    # The end of the secret, so that the list tells which is which.
    tail: Mapped[str] = mapped_column(String(4))
    # The last day on which it is taken, by the office's calendar; None: until it is revoked.
    last_day: Mapped[date | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    # Written once an hour at most.
    used_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revoked_at: Mapped[datetime | None]


class ApiAnswer(Base):
    """What a program was answered, kept for some days: sent again with the same key, the same is said again.

    `key` and `asked` are digests: of the key it was sent with, and of all that it asked for.
    """

    __tablename__ = "api_answer"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index(None, "at"))

    id: Mapped[Id]
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(64))
    asked: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
