"""Places of the office with a screen at the door, what a code there proved, and from which browser a mark came."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, case, literal, select
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id
from staffhub.models.presence import Grade, Mark

PLACE_NAME = 60  # characters


class Place(Base):
    """A screen at a door of the office. `token` is its address, `key` makes its codes; both are worth nothing once it
    is ended.
    """

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("token"), UniqueConstraint("office_id", "idempotency_key"))

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    name: Mapped[str] = mapped_column(String(PLACE_NAME))
    token: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    idempotency_key: Mapped[str] = mapped_column(String(64))


class MarkProof(Base):
    """A fact beside a mark: its person gave the code that the screen of a place showed in a window of time.

    One code of one place counts once for each person, which the first constraint says.
    """

    __tablename__ = "mark_proof"
    __table_args__ = (
        UniqueConstraint("office_id", "officer_id", "place_id", "slot"),
        UniqueConstraint("mark_id"),
        Index(None, "officer_id", "date"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    # That of the mark.
    date: Mapped[date]
    mark_id: Mapped[int] = mapped_column(ForeignKey("mark.id"))
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    slot: Mapped[int]
    created_at: Mapped[datetime]


_PROVEN = select(MarkProof.id).where(MarkProof.mark_id == Mark.id).correlate(Mark).exists()
_GRADE = Mark.__table__.c.grade.type
# How well a mark is proven now, as a column called `grade`: a code that came later raises it.
GRADED = case((_PROVEN, literal(Grade.A, _GRADE)), else_=Mark.grade).label("grade")


class MarkDevice(Base):
    """From which of its person's sessions a mark was pressed, and on which device that was; gone after thirty days.

    `device_hash` is the session's: a digest of a random cookie of our own, of nothing that the browser is or has.
    """

    __tablename__ = "mark_device"
    __table_args__ = (
        UniqueConstraint("mark_id"),
        Index(None, "office_id", "device_hash", "second"),
        Index(None, "office_id", "date"),
        Index(None, "officer_id", "date"),
        Index(None, "session_id"),
        Index(None, "at"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"))
    date: Mapped[date]
    mark_id: Mapped[int] = mapped_column(ForeignKey("mark.id"))
    # Its name, as its owner reads it on the page of the account, goes with the session.
    session_id: Mapped[int] = mapped_column(ForeignKey("user_session.id", ondelete="CASCADE"))
    device_hash: Mapped[str] = mapped_column(String(64))
    # When it was pressed, and the same as seconds, which two databases add up alike.
    at: Mapped[datetime]
    second: Mapped[int]
