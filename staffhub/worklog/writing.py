"""Writing the log: an officer's entries can be added, changed and removed until the day is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, office
from staffhub.db import lock_row, said_otherwise, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    LOCKED,
    DailyReport,
    LogEntry,
    Officer,
    RequestEvent,
    ServiceRequest,
    ServiceType,
)
from staffhub.security import Viewer
from staffhub.worklog.entries import (
    DAY,
    REPORT_OF_DAY,
    Entry,
    entry_for,
    last_end,
    minute_of,
    of_day,
    time_at,
)

_STEP = 5  # minutes: what a proposed start is rounded down to
_LONGEST_NIGHT = 12 * 60  # minutes: an end before the start by more than that is a slip, not work past midnight

_LOCKED = select(DailyReport.id).where(REPORT_OF_DAY, DailyReport.state.in_(LOCKED))


def officer_of(me: Viewer) -> int:
    if me.officer_id is None:
        raise Forbidden(_("Your account belongs to no officer, so it has no log."))
    return me.officer_id


def open_day(db: Session, me: Viewer, day: date, *, now: datetime) -> int:
    """Return my officer id when the day can still be written; one writer of a log at a time, so that none slips in."""
    officer_id = officer_of(me)
    lock_row(db, Officer, officer_id)
    if day > clock.local_day(now, me.zone):
        raise Refused(_("This day is still to come. Write the log on the day itself or later."), field="date")
    if db.scalar(_LOCKED, of_day(me, day)):
        raise Conflict(_("The log of this day was submitted and is locked. Nothing was changed."))
    return officer_id


class _Asked(NamedTuple):
    """The words that a request proposes, those of the paper, and its service."""

    text: str
    service_id: int


def _request_of_mine(db: Session, me: Viewer, request_id: int) -> _Asked:
    """Load what a line for a request begins with; it must be mine, or have been, or I had a part in it."""
    request, event = ServiceRequest, RequestEvent
    my_part = or_(event.assignee_id == me.officer_id, event.officer_id == me.officer_id)
    held = select(event.id).where(event.request_id == request.id, my_part).exists()
    row = db.execute(
        select(
            ServiceType.name,
            request.applicant,
            request.number,
            request.service_type_id,
            or_(request.assignee_id == me.officer_id, held),
        )
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .where(request.id == request_id, request.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such request in your office."))
    name, applicant, number, service_id, mine = row
    if not mine:
        raise Forbidden(_("%(number)s is not yours. Take it first, or choose another one.", number=number))
    return _Asked(f"{name}, {applicant}, {number}", service_id)


def _service(db: Session, me: Viewer, request_id: int | None, service_id: int | None) -> int | None:
    """Return the service of a line: that of its request, or the one that was chosen for several."""
    if request_id is not None:
        return _request_of_mine(db, me, request_id).service_id
    if service_id is not None and service_id not in office.services(db, me.office_id):
        raise Refused(_("Choose one of the list."), field="request_id")
    return service_id


@dataclass(frozen=True)
class Written:
    """`again`: the form was sent twice and nothing was added."""

    id: int
    again: bool


def _written_before(db: Session, me: Viewer, key: str, said: tuple[date, str, time, time]) -> Written | None:
    """Return the line that the same form wrote before; Conflict when that one said something else."""
    mine = (LogEntry.office_id == me.office_id, LogEntry.officer_id == me.officer_id)
    found = db.scalar(select(LogEntry).where(*mine, LogEntry.idempotency_key == key))
    if found and (found.date, found.text, found.starts, found.ends) != said:
        raise said_otherwise()
    return Written(found.id, again=True) if found else None


def _check_times(starts: time, ends: time) -> None:
    """An end before the start is on the next day, as long as the night is a likely one."""
    if ends == starts or (ends < starts and minute_of(ends) + DAY - minute_of(starts) > _LONGEST_NIGHT):
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
    meeting_id: int | None = None,
    service_id: int | None = None,
    link: str = "",
    source: str = "",
) -> Written:
    """Add a line to one of my days; `service_id`: that of several requests."""
    officer_of(me)
    said = (day, text, starts, ends)
    before = _written_before(db, me, key, said)
    if before:
        return before
    open_day(db, me, day, now=now)
    before = _written_before(db, me, key, said)  # again behind the lock: the other tap may just have been first
    if before:
        return before
    _check_times(starts, ends)
    service_id = _service(db, me, request_id, service_id)
    return _add(
        db, me, day=day, text=text, starts=starts, ends=ends, key=key, now=now,
        quantity=quantity, unit=unit, service_request_id=request_id, service_type_id=service_id, meeting_id=meeting_id,
        link=link, source=source,
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


@dataclass(frozen=True)
class Proposal:
    """What a line for a request begins with; the end is the person's to say."""

    text: str
    starts: time | None


def proposal(db: Session, me: Viewer, request_id: int, entries: Sequence[Entry], *, now: datetime | None) -> Proposal:
    """Propose the request's words and, from the end of the last line or (today) from now, a start."""
    officer_of(me)
    starts = last_end(entries) or (this_step(me, now) if now else None)
    return Proposal(_request_of_mine(db, me, request_id).text[:200], starts)


def this_step(me: Viewer, now: datetime) -> time:
    """Return the time on the office's clock, as a start is proposed: rounded down."""
    at = now.astimezone(me.zone)
    return time(at.hour, at.minute - at.minute % _STEP)


def after(starts: time, length: int) -> time:
    """Return when a line of so many minutes ends, perhaps past midnight."""
    return time_at(minute_of(starts) + length)


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
    link: str | None = None,
    service_id: int | None = None,
) -> None:
    """Change one of my lines; `link` None: as it is."""
    open_day(db, me, entry.date, now=now)
    _check_times(starts, ends)
    same = request_id is not None and request_id == entry.request_id
    service_id = entry.service_id if same else _service(db, me, request_id, service_id)
    seen = entry.version if version is None else version
    values = {"text": text, "starts": starts, "ends": ends, "quantity": quantity, "unit": unit}
    values["link"] = entry.link if link is None else link
    write_over(
        db, LogEntry, entry.id, seen=seen, said=_changed(), **values, service_request_id=request_id,
        service_type_id=service_id, updated_at=now,
    )  # fmt: skip
    facts = audit.changes(entry.__dict__, values | {"request_id": request_id, "service_id": service_id})
    facts.pop("link", None)
    reworded = facts.pop("text", None) is not None  # what people write stays out of the trail
    audit.record(
        db, me, "log.edited", "log_entry", entry.id, now=now, date=entry.date, changed=facts, reworded=reworded
    )


def _changed() -> str:
    return _("This entry was changed meanwhile, perhaps in another tab. What you typed is not saved yet.")


def remove(db: Session, me: Viewer, entry: Entry, *, now: datetime, version: int | None = None) -> None:
    open_day(db, me, entry.date, now=now)
    seen = entry.version if version is None else version
    gone = db.scalar(delete(LogEntry).where(LogEntry.id == entry.id, LogEntry.version == seen).returning(LogEntry.id))
    if gone is None:
        entry_for(db, me, entry.id)  # not there at all: NotFound
        raise Conflict(_("This entry was changed meanwhile. Look at it as it is now, then delete it."))
    facts: dict[str, Any] = {"starts": entry.starts, "ends": entry.ends, "request_id": entry.request_id}
    audit.record(db, me, "log.removed", "log_entry", entry.id, now=now, date=entry.date, **facts)
