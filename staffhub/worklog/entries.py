"""The entries of a day as they stand: their times, their sums, and whether the day was sent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BigInteger, Date, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub.ahead import Ask
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    LOCKED,
    Account,
    DailyReport,
    LogEntry,
    LogState,
    Officer,
    Posting,
    ReportStep,
    ServiceRequest,
    posting_on,
)
from staffhub.people.known import above
from staffhub.security import Viewer

DAY = 24 * 60  # minutes


@dataclass(frozen=True)
class Entry:
    """One line of a day; the times are the office's wall clock."""

    id: int
    officer_id: int
    date: date
    text: str
    starts: time
    ends: time
    quantity: int | None
    unit: str
    request_id: int | None
    request_number: str | None
    version: int
    is_sent: bool
    meeting_id: int | None = None
    # Evidence elsewhere: an address.
    link: str = ""
    # What proposed it, "" when the officer wrote it.
    source: str = ""
    created_at: datetime | None = None
    # The key of the form that wrote it: the browser keeps what was typed until it sees this.
    key: str = ""
    # The service that it was done for: of its request, or of several at once.
    service_id: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """Minutes of its day, counted on past midnight for work that ends on the next one."""
        begins, ends = minute_of(self.starts), minute_of(self.ends)
        return begins, ends if ends > begins else ends + DAY

    @property
    def proposed(self) -> bool:
        """Whether what was done on the day proposed it."""
        return bool(self.source) and not self.source.startswith("copy-")

    @property
    def ends_next_day(self) -> bool:
        return self.ends <= self.starts

    @property
    def minutes(self) -> int:
        return self.span[1] - self.span[0]


def minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


def time_at(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


_OFFICE, _OFFICER = bindparam("office", type_=BigInteger), bindparam("officer", type_=BigInteger)
_DAY = bindparam("day", type_=Date)


def of_day(me: Viewer, day: date) -> dict[str, object]:
    """Return whose day the statements of this room ask for."""
    return {"office": me.office_id, "officer": me.officer_id, "day": day}


_ENTRIES: Select[*tuple[Any, ...]] = (
    select(
        LogEntry.id,
        LogEntry.officer_id,
        LogEntry.date,
        LogEntry.text,
        LogEntry.starts,
        LogEntry.ends,
        LogEntry.quantity,
        LogEntry.unit,
        LogEntry.service_request_id,
        ServiceRequest.number,
        LogEntry.version,
        DailyReport.id.is_not(None),
        LogEntry.meeting_id,
        LogEntry.link,
        LogEntry.source,
        LogEntry.created_at,
        LogEntry.idempotency_key,
        LogEntry.service_type_id,
    )
    .outerjoin(ServiceRequest, ServiceRequest.id == LogEntry.service_request_id)
    .outerjoin(
        DailyReport,
        and_(
            DailyReport.office_id == LogEntry.office_id,
            DailyReport.officer_id == LogEntry.officer_id,
            DailyReport.date == LogEntry.date,
            DailyReport.state.in_(LOCKED),
        ),
    )
    .where(LogEntry.office_id == _OFFICE)
)
_ENTRIES_OF_DAY = _ENTRIES.where(LogEntry.officer_id == _OFFICER, LogEntry.date == _DAY).order_by(
    LogEntry.starts, LogEntry.ends, LogEntry.id
)
# Those of logs that were sent, many at once.
_ENTRIES_OF_REPORTS = _ENTRIES.where(DailyReport.id.in_(bindparam("reports", expanding=True))).order_by(
    LogEntry.starts, LogEntry.ends, LogEntry.id
)
_NEWEST = (
    select(func.max(LogEntry.date))
    .where(LogEntry.office_id == _OFFICE, LogEntry.officer_id == _OFFICER, LogEntry.date < _DAY)
    .scalar_subquery()
)
_ENTRIES_BEFORE = _ENTRIES.where(LogEntry.officer_id == _OFFICER, LogEntry.date == _NEWEST).order_by(
    LogEntry.starts, LogEntry.ends, LogEntry.id
)
_ENTRY = _ENTRIES.where(LogEntry.id == bindparam("entry"))


def entries_of(db: Session, me: Viewer, day: date) -> list[Entry]:
    return [Entry(*row) for row in rows(db, _ENTRIES_OF_DAY, **of_day(me, day))]


def entries_before(db: Session, me: Viewer, day: date) -> list[Entry]:
    """Return the lines of the last of my days before that one which has any."""
    return [Entry(*row) for row in rows(db, _ENTRIES_BEFORE, **of_day(me, day))]


def lines_of(db: Session, office_id: int, officer_id: int, day: date) -> list[Entry]:
    """Return the lines of somebody's day; the caller knows that the viewer may read them."""
    return [Entry(*row) for row in rows(db, _ENTRIES_OF_DAY, office=office_id, officer=officer_id, day=day)]


def entries_sent(db: Session, office_id: int, reports: Sequence[int]) -> dict[tuple[int, date], list[Entry]]:
    """Return the lines of logs that are sent, by officer and day."""
    found: dict[tuple[int, date], list[Entry]] = defaultdict(list)
    for row in rows(db, _ENTRIES_OF_REPORTS, office=office_id, reports=list(reports)):
        entry = Entry(*row)
        found[entry.officer_id, entry.date].append(entry)
    return found


def minutes_of(entries: Iterable[Entry]) -> int:
    """Add up the minutes of each line; where lines overlap, both count."""
    return sum(entry.minutes for entry in entries)


def last_end(entries: Iterable[Entry]) -> time | None:
    """Return when the last of the lines ends, the ones that end on the next day last."""
    ends = max((entry.span[1] for entry in entries), default=None)
    return None if ends is None else time_at(ends)


def overlaps(entries: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """Return each line that begins before an earlier one has ended, with that one."""
    found: list[tuple[Entry, Entry]] = []
    longest: Entry | None = None
    for entry in sorted(entries, key=lambda one: one.span):
        if longest and entry.span[0] < longest.span[1]:
            found.append((longest, entry))
        if longest is None or entry.span[1] > longest.span[1]:
            longest = entry
    return found


def covered(entries: Iterable[Entry]) -> int:
    """Add up the minutes of the day that lines cover; where they overlap, they count once."""
    total, until = 0, 0
    for begins, ends in sorted(entry.span for entry in entries):
        total += max(0, ends - max(begins, until))
        until = max(until, ends)
    return total


@dataclass(frozen=True)
class Sheet:
    """How the log of the day stands, and to whom it goes. `state` None: never sent.

    `version` is that of the report, 0 before there is one; `note` is what was said with the last step, by `by`.
    """

    superior: str | None
    submitted_at: datetime | None
    minutes: int | None
    state: LogState | None = None
    version: int = 0
    late: bool = False
    verified_at: datetime | None = None
    note: str = ""
    by: str = ""

    @property
    def locked(self) -> bool:
        return self.state in LOCKED

    @property
    def may_take_back(self) -> bool:
        return self.state is LogState.SUBMITTED


# The columns of the table's unique key, in its order: found by it, however many days there are.
REPORT_OF_DAY = and_(DailyReport.office_id == _OFFICE, DailyReport.officer_id == _OFFICER, DailyReport.date == _DAY)
_SUPERIOR, _WRITER = aliased(Officer), aliased(Officer)
_SHEET = (
    select(
        _SUPERIOR.name,
        _SUPERIOR.active_to,
        DailyReport.submitted_at,
        DailyReport.minutes,
        DailyReport.state,
        DailyReport.version,
        DailyReport.late,
        DailyReport.verified_at,
        ReportStep.note,
        func.coalesce(_WRITER.name, Account.name, ""),
    )
    .select_from(Officer)
    .outerjoin(Posting, posting_on(_DAY))
    .outerjoin(_SUPERIOR, _SUPERIOR.id == Posting.superior_id)
    .outerjoin(DailyReport, REPORT_OF_DAY)
    .outerjoin(ReportStep, and_(ReportStep.report_id == DailyReport.id, ReportStep.turn == DailyReport.version))
    .outerjoin(Account, Account.id == ReportStep.created_by)
    .outerjoin(_WRITER, _WRITER.id == Account.officer_id)
    .where(Officer.id == _OFFICER, Officer.office_id == _OFFICE)
)


def sheet_of(db: Session, me: Viewer, day: date) -> Sheet:
    name, left, submitted_at, minutes, state, version, late, verified_at, note, by = rows(
        db, _SHEET, **of_day(me, day)
    ).one()
    superior = above(name, left, day) or None
    if state is None:
        return Sheet(superior, None, None)
    at = submitted_at.astimezone(me.zone)
    checked = verified_at and verified_at.astimezone(me.zone)
    return Sheet(superior, at, minutes, LogState(state), version, late, checked, note or "", by)


def asks(me: Viewer, day: date) -> tuple[Ask, Ask]:
    """Return what `entries_of` and `sheet_of` ask."""
    return Ask(_ENTRIES_OF_DAY, of_day(me, day)), Ask(_SHEET, of_day(me, day))


def ask_before(me: Viewer, day: date) -> Ask:
    """Return what `entries_before` asks."""
    return Ask(_ENTRIES_BEFORE, of_day(me, day))


def entry_for(db: Session, me: Viewer, entry_id: int) -> Entry:
    """Return one of my own entries."""
    row = rows(db, _ENTRY, office=me.office_id, entry=entry_id).one_or_none()
    if row is None:
        raise NotFound(_("This entry is gone, or there never was one."))
    entry = Entry(*row)
    if entry.officer_id != me.officer_id:
        raise Forbidden(_("Only the officer who wrote this entry may open it."))
    return entry
