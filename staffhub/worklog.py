"""The day's log: an officer's entries, open until the day is submitted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, i18n
from staffhub.db import lock_row, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import DailyReport, LogEntry, Officer, RequestEvent, ServiceRequest, ServiceType
from staffhub.security import Viewer

UNITS = ("berkas", "pemohon", "pesan", "dokumen", "data", "kegiatan")
_STEP = 5  # minutes: what a proposed start is rounded down to
_LAST_START = time(23, 58)


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

    @property
    def minutes(self) -> int:
        return _minute_of(self.ends) - _minute_of(self.starts)


def _minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


_ENTRIES = (
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
    )
    .outerjoin(ServiceRequest, ServiceRequest.id == LogEntry.service_request_id)
    .order_by(LogEntry.starts, LogEntry.ends, LogEntry.id)
)


def entries_of(db: Session, officer_id: int, day: date) -> list[Entry]:
    rows = db.execute(_ENTRIES.where(LogEntry.officer_id == officer_id, LogEntry.date == day))
    return [Entry(*row) for row in rows]


def minutes_of(entries: Iterable[Entry]) -> int:
    """Add up the minutes of each line; where lines overlap, both count."""
    return sum(entry.minutes for entry in entries)


def overlaps(entries: Iterable[Entry]) -> list[tuple[Entry, Entry]]:
    """Return each line that begins before an earlier one has ended, with that one."""
    found: list[tuple[Entry, Entry]] = []
    longest: Entry | None = None
    for entry in sorted(entries, key=lambda one: one.starts):
        if longest and entry.starts < longest.ends:
            found.append((longest, entry))
        if longest is None or entry.ends > longest.ends:
            longest = entry
    return found


@dataclass(frozen=True)
class Sheet:
    """Whether the day was submitted, and to whom it goes."""

    superior: str | None
    submitted_at: datetime | None
    minutes: int | None


def sheet_of(db: Session, me: Viewer, day: date) -> Sheet:
    superior = aliased(Officer)
    row = db.execute(
        select(superior.name, DailyReport.submitted_at, DailyReport.minutes)
        .select_from(Officer)
        .outerjoin(superior, superior.id == Officer.superior_id)
        .outerjoin(DailyReport, and_(DailyReport.officer_id == Officer.id, DailyReport.date == day))
        .where(Officer.id == me.officer_id)
    ).one()
    name, submitted_at, minutes = row
    return Sheet(name, submitted_at and submitted_at.astimezone(me.zone), minutes)


def entry_for(db: Session, me: Viewer, entry_id: int) -> Entry:
    """Return one of my own entries."""
    row = db.execute(
        _ENTRIES.where(LogEntry.id == entry_id, LogEntry.office_id == me.office_id).order_by(None)
    ).one_or_none()
    if row is None:
        raise NotFound(_("This entry is gone, or there never was one."))
    entry = Entry(*row)
    if entry.officer_id != me.officer_id:
        raise Forbidden(_("Only the officer who wrote this entry may open it."))
    return entry


def _officer_of(me: Viewer) -> int:
    if me.officer_id is None:
        raise Forbidden(_("Your account belongs to no officer, so it has no log."))
    return me.officer_id


def _open_day(db: Session, me: Viewer, day: date, *, now: datetime) -> int:
    """Return my officer id when the day can still be written; one writer of a log at a time, so that none slips in."""
    officer_id = _officer_of(me)
    lock_row(db, Officer, officer_id)
    if day > clock.local_day(now, me.zone):
        raise Refused(_("This day is still to come. Write the log on the day itself or later."), field="date")
    submitted_at = db.scalar(
        select(DailyReport.submitted_at).where(DailyReport.officer_id == officer_id, DailyReport.date == day)
    )
    if submitted_at:
        raise Conflict(_("The log of this day was submitted and is locked. Nothing was changed."))
    return officer_id


def _request_of_mine(db: Session, me: Viewer, request_id: int) -> str:
    """Return the text that a request proposes; it must be mine, or have been."""
    request, event = ServiceRequest, RequestEvent
    held = select(event.id).where(event.request_id == request.id, event.assignee_id == me.officer_id).exists()
    title = ServiceType.name_en if i18n.current_locale() == "en" else ServiceType.name
    row = db.execute(
        select(title, request.applicant, request.number, or_(request.assignee_id == me.officer_id, held))
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .where(request.id == request_id, request.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such request in your office."))
    name, applicant, number, mine = row
    if not mine:
        raise Forbidden(_("%(number)s is not yours. Take it first, or choose another one.", number=number))
    return f"{name}, {applicant}, {number}"


@dataclass(frozen=True)
class Written:
    """`again`: the form was sent twice and nothing was added."""

    id: int
    again: bool


def _written_before(db: Session, officer_id: int, key: str) -> Written | None:
    found = db.scalar(select(LogEntry.id).where(LogEntry.officer_id == officer_id, LogEntry.idempotency_key == key))
    return None if found is None else Written(found, again=True)


def _check_times(starts: time, ends: time) -> None:
    if ends <= starts:
        raise Refused(_("The end must be later than the start."), field="end")


def write(
    db: Session,
    me: Viewer,
    *,
    day: date,
    text: str,
    starts: time,
    ends: time,
    key: str,
    now: datetime,
    quantity: int | None = None,
    unit: str = "",
    request_id: int | None = None,
) -> Written:
    """Add a line to one of my days."""
    officer_id = _officer_of(me)
    before = _written_before(db, officer_id, key)
    if before:
        return before
    _open_day(db, me, day, now=now)
    before = _written_before(db, officer_id, key)  # again behind the lock: the other tap may just have been first
    if before:
        return before
    _check_times(starts, ends)
    if request_id is not None:
        _request_of_mine(db, me, request_id)
    return _add(
        db, me, day=day, text=text, starts=starts, ends=ends, key=key, now=now,
        quantity=quantity, unit=unit, service_request_id=request_id,
    )  # fmt: skip


def _add(db: Session, me: Viewer, *, day: date, key: str, now: datetime, **line: Any) -> Written:
    added = db.scalar(
        insert(LogEntry)
        .values(
            office_id=me.office_id,
            officer_id=me.officer_id,
            date=day,
            version=1,
            created_at=now,
            updated_at=now,
            idempotency_key=key,
            **line,
        )
        .returning(LogEntry.id)
    )
    facts = {name: line[name] for name in ("starts", "ends", "service_request_id")}
    audit.record(db, me, "log.written", "log_entry", added, now=now, date=day, **facts)
    return Written(added or 0, again=False)


def start_from_request(db: Session, me: Viewer, *, request_id: int, key: str, now: datetime) -> Written:
    """Begin today's line for a request: from the end of the last line, or now, until now."""
    officer_id = _officer_of(me)
    day = clock.local_day(now, me.zone)
    _open_day(db, me, day, now=now)
    before = _written_before(db, officer_id, key)
    if before:
        return before
    text = _request_of_mine(db, me, request_id)
    last = max((entry.ends for entry in entries_of(db, officer_id, day)), default=None)
    starts, ends = _proposed(last, now.astimezone(me.zone).time())
    return _add(
        db, me, day=day, text=text[:200], starts=starts, ends=ends, key=key, now=now,
        quantity=1, unit=UNITS[0], service_request_id=request_id,
    )  # fmt: skip


def _proposed(last: time | None, at: time) -> tuple[time, time]:
    """At least one minute, and never past the day's end."""
    this_minute = at.replace(second=0, microsecond=0)
    starts = min(last or this_minute.replace(minute=at.minute - at.minute % _STEP), _LAST_START)
    soonest = (datetime.combine(date.min, starts) + timedelta(minutes=1)).time()
    return starts, max(this_minute, soonest)


def edit(
    db: Session,
    me: Viewer,
    entry: Entry,
    *,
    text: str,
    starts: time,
    ends: time,
    quantity: int | None,
    unit: str,
    request_id: int | None,
    now: datetime,
    version: int | None = None,
) -> None:
    _open_day(db, me, entry.date, now=now)
    _check_times(starts, ends)
    if request_id is not None and request_id != entry.request_id:
        _request_of_mine(db, me, request_id)
    seen = entry.version if version is None else version
    values = {"text": text, "starts": starts, "ends": ends, "quantity": quantity, "unit": unit}
    write_over(
        db, LogEntry, entry.id, seen=seen, said=_changed(), **values, service_request_id=request_id, updated_at=now
    )
    facts = audit.changes(entry.__dict__, values | {"request_id": request_id})
    reworded = facts.pop("text", None) is not None  # what people write stays out of the trail
    audit.record(
        db, me, "log.edited", "log_entry", entry.id, now=now, date=entry.date, changed=facts, reworded=reworded
    )


def _changed() -> str:
    return _("This entry was changed meanwhile, perhaps in another tab. What you typed is not saved yet.")


def remove(db: Session, me: Viewer, entry: Entry, *, now: datetime, version: int | None = None) -> None:
    _open_day(db, me, entry.date, now=now)
    seen = entry.version if version is None else version
    gone = db.scalar(delete(LogEntry).where(LogEntry.id == entry.id, LogEntry.version == seen).returning(LogEntry.id))
    if gone is None:
        entry_for(db, me, entry.id)  # not there at all: NotFound
        raise Conflict(_("This entry was changed meanwhile. Look at it as it is now, then delete it."))
    facts: dict[str, Any] = {"starts": entry.starts, "ends": entry.ends, "request_id": entry.request_id}
    audit.record(db, me, "log.removed", "log_entry", entry.id, now=now, date=entry.date, **facts)


def submit(db: Session, me: Viewer, *, day: date, now: datetime) -> int:
    """Lock the day and send it to the superior; return its minutes. The second of two taps is told."""
    officer_id = _open_day(db, me, day, now=now)
    entries = entries_of(db, officer_id, day)
    if not entries:
        raise Refused(_("There is nothing to submit yet. Write at least one entry."), field="date")
    minutes = minutes_of(entries)
    added = db.scalar(
        insert(DailyReport)
        .values(office_id=me.office_id, officer_id=officer_id, date=day, minutes=minutes, submitted_at=now)
        .returning(DailyReport.id)
    )
    audit.record(db, me, "log.submitted", "daily_report", added, now=now, date=day, minutes=minutes)
    return minutes
