"""The office, its people and how they sign in."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    SQLColumnExpression,
    String,
    UniqueConstraint,
    case,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from staffhub.db import Base, Id, Versioned


class EmploymentType(StrEnum):
    PNS = "pns"
    CPNS = "cpns"
    PPPK = "pppk"
    PPPK_PART_TIME = "pppk_part_time"
    THL = "thl"


class Role(StrEnum):
    STAFF = "staff"
    DIVISION_HEAD = "division_head"
    OFFICE_HEAD = "office_head"
    HR = "hr"
    ADMIN = "admin"


# Whoever leads keeps no place for citizens.
LEADS = frozenset({Role.OFFICE_HEAD, Role.DIVISION_HEAD})


class Paper(StrEnum):
    """F4 is 215 x 330 mm, as Indonesian offices print."""

    F4 = "f4"
    A4 = "a4"


class Office(Base):
    __tablename__ = "office"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120))
    government: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    timezone: Mapped[str] = mapped_column(String(40))
    # Presence counts from this date on, as HR has set it: nobody is absent before. None: nothing counts yet.
    recorded_from: Mapped[date | None]
    # Days from here to there are over and stored (`day_record`); None: none yet. The close of day writes both.
    stored_from: Mapped[date | None]
    stored_to: Mapped[date | None]
    # What its papers bear besides: the sheet, how to reach the office, where one signs, as what its head does.
    paper: Mapped[str] = mapped_column(String(2), default=Paper.F4.value, server_default=text("'f4'"))
    phone: Mapped[str] = mapped_column(String(40), default="", server_default=text("''"))
    email: Mapped[str] = mapped_column(String(254), default="", server_default=text("''"))
    signing_place: Mapped[str] = mapped_column(String(60), default="", server_default=text("''"))
    head_title: Mapped[str] = mapped_column(String(120), default="", server_default=text("''"))
    letterhead_version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    # Requests of one telephone number and service within so many days may be the same wish; 0: that is not looked for.
    duplicate_days: Mapped[int] = mapped_column(default=30, server_default=text("30"))
    # Another one after every change of this row, of a division, service, rule or holiday; the database's own to write.
    version: Mapped[str] = mapped_column(String(32), server_default=text("''"))
    created_at: Mapped[datetime]


class Division(Base, Versioned):
    __tablename__ = "division"
    __table_args__ = (UniqueConstraint("office_id", "code"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(40))
    sort: Mapped[int]
    # The four bidang keep the duty minimum; the secretariat does not serve citizens.
    keeps_cover: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Officer(Base):
    """Who a person is; what the person does here, and from when, is a posting."""

    __tablename__ = "officer"
    __table_args__ = (UniqueConstraint("office_id", "number"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    # NIP for civil servants, the office's own number for THL; never a key, since a new contract gives a new number.
    number: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(24), default="")
    active_from: Mapped[date]
    active_to: Mapped[date | None]


def serves(first: date | SQLColumnExpression[date], last: date | SQLColumnExpression[date]) -> ColumnElement[bool]:
    """Whether an officer serves on a day of `first` to `last`: the condition of every list that asks."""
    return (Officer.active_from <= last) & (Officer.active_to.is_(None) | (Officer.active_to >= first))


def is_in_service(active_from: date, active_to: date | None, day: date) -> bool:
    """Whether somebody with these dates of service serves on a day; `active_to` is the last one."""
    return active_from <= day and (active_to is None or day <= active_to)


class Posting(Base):
    """Where an officer serves, as what and under whom, from a date on; a change is a new row that ends the one before.

    `valid_to` is the day before the next one begins, None for the last: written by the verb, so that one condition
    finds the row of a day. Who has no row on a day did not serve yet.
    """

    __tablename__ = "posting"
    __table_args__ = (UniqueConstraint("office_id", "officer_id", "valid_from"),)

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    officer_id: Mapped[int] = mapped_column(ForeignKey("officer.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    # None: the whole office, as for its head.
    division_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"))
    employment_type: Mapped[EmploymentType]
    position: Mapped[str] = mapped_column(String(120), default="")
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    # What the officer's account may do, if there is one.
    role: Mapped[Role] = mapped_column(default=Role.STAFF)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]


def posting_on(day: date | SQLColumnExpression[date]) -> ColumnElement[bool]:
    """Join an officer's posting in force on a day, which may be a column: at most one row."""
    return (
        (Posting.office_id == Officer.office_id)
        & (Posting.officer_id == Officer.id)
        & (Posting.valid_from <= day)
        & (Posting.valid_to.is_(None) | (Posting.valid_to >= day))
    )


def posting_near(day: date | SQLColumnExpression[date]) -> ColumnElement[bool]:
    """Join the posting in force, or the one to begin with of somebody who is yet to come."""
    return posting_on(case((Officer.active_from > day, Officer.active_from), else_=day))


class Account(Base):
    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("username"),
        UniqueConstraint("officer_id"),
        CheckConstraint("(officer_id IS NULL) = (role IS NOT NULL)", name="role_of_nobody"),
    )

    id: Mapped[Id]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    # An administrator may be nobody's day: an account without an officer never checks in.
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officer.id"))
    # Unique over all offices of a database: people sign in with it alone. Kept in lower case.
    username: Mapped[str] = mapped_column(String(64))
    # Only of an account without an officer; an officer's name is the officer's.
    name: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    password_changed_at: Mapped[datetime]
    must_change_password: Mapped[bool]
    one_time_until: Mapped[datetime | None]
    # Only of an account without an officer; an officer's role is the posting's.
    role: Mapped[Role | None]
    locale: Mapped[str | None] = mapped_column(String(5))
    disabled_at: Mapped[datetime | None]
    # The newest event of the trail that the owner acknowledged: what others changed since is told at sign-in.
    told_event_id: Mapped[int | None]
    # Kinds of notices of which the owner wants no e-mail; None: none are excepted. On the list they all stand.
    no_mail_of: Mapped[list[Any] | None]
    # The owner's name or number on the office's channel (Telegram and the like); letters go there instead of by e-mail.
    channel_to: Mapped[str | None] = mapped_column(String(64))
    # So many minutes before a meeting the owner wants to be reminded (notify.LEADS); None: as most do.
    remind_before: Mapped[int | None]
    # Whether the owner is told on a working day that a check-in is missing.
    remind_presence: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]


def role_held() -> ColumnElement[Any]:
    """What an account may do on the day whose posting is joined; None where there is no account."""
    return case((Account.officer_id.is_(None), Account.role), else_=Posting.role)


class UserSession(Base):
    __tablename__ = "user_session"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64))
    device_hash: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(160))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class KeptForm(Base):
    """What was typed into a page of a session that had ended, for an hour, for the account whose session it was.

    `fields` are pairs of name and value as they were sent, passwords and files left out; nothing sends them again.
    """

    __tablename__ = "kept_form"
    __table_args__ = (UniqueConstraint("session_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("user_session.id"))
    action: Mapped[str] = mapped_column(String(500))
    fields: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(index=True)


class KeptRegister(Base):
    """The good rows of a register that waits for its owner to look at what it would change, for an hour.

    `rows` are pairs of row number and {column: text}, of the columns that are read and no others.
    """

    __tablename__ = "kept_register"
    __table_args__ = (UniqueConstraint("account_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    file_name: Mapped[str] = mapped_column(String(80))
    rows: Mapped[list[Any]]
    # From when on it shall hold, as was asked for; rows of the file that were not right.
    day: Mapped[date]
    left_out: Mapped[int]
    at: Mapped[datetime] = mapped_column(index=True)


class SignInAttempt(Base):
    """One try, stored before the password is checked so that parallel guesses are all counted."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "username_hash", "at"), Index(None, "address_hash", "at"), Index(None, "at"))

    id: Mapped[Id]
    at: Mapped[datetime]
    username_hash: Mapped[str] = mapped_column(String(64))
    address_hash: Mapped[str] = mapped_column(String(64))
    # Set when the browser has signed in to this account before: it is then counted apart from strangers.
    device_hash: Mapped[str | None] = mapped_column(String(64))
    succeeded: Mapped[bool]
