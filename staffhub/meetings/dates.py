"""One date of a series: moved, cancelled, held all the same or given an agenda of its own; the others stay."""

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts, occurrences, plan, telling
from staffhub.meetings.terms import MAX_AGENDA, refuse_long_note, refuse_odd_start
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState
from staffhub.security import Viewer


@dataclass(frozen=True)
class Page:
    """One date as its form shows it; `starts` is local, `holiday` names the day off that it falls on."""

    meeting: Meeting
    row: Occurrence
    starts: datetime
    holiday: str

    @property
    def cancelled(self) -> bool:
        return self.row.state is OccurrenceState.CANCELLED


def page(db: Session, me: Viewer, meeting_id: int, occurrence_id: int) -> Page:
    meeting = plan.own_meeting(db, me, meeting_id)
    row = _row(db, meeting, occurrence_id)
    holiday = workdays.calendar(db, me.office_id).holidays.get(row.of_series, "")
    return Page(meeting, row, row.starts_at.astimezone(me.zone), holiday)


def _row(db: Session, meeting: Meeting, occurrence_id: int) -> Occurrence:
    query = select(Occurrence).where(Occurrence.id == occurrence_id, Occurrence.meeting_id == meeting.id)
    row = db.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None or not meeting.weekdays:
        raise NotFound(_("There is no such date of a series."))
    return row


def change(
    db: Session,
    me: Viewer,
    meeting_id: int,
    occurrence_id: int,
    *,
    version: int,
    day: date,
    starts_at: time,
    agenda: str,
    now: datetime,
) -> Meeting:
    """Move one date, or give it an agenda of its own; an empty one is that of the series."""
    meeting, row = _open(db, me, meeting_id, occurrence_id, version=version, now=now)
    if row.state is OccurrenceState.CANCELLED:
        raise Conflict(_("This date is cancelled. Hold it first, then change it."))
    if len(agenda) > MAX_AGENDA:
        raise Refused(_("Use at most %(n)s characters.", n=MAX_AGENDA), field="agenda")
    starts = clock.at_local(day, starts_at, me.zone)
    moved = starts != row.starts_at
    worded = agenda != (row.agenda or "")
    if moved:
        _move(db, me, row, day, starts, now=now)
    if worded:
        row.agenda = agenda
    if moved:
        hosts.claim(db, me, meeting, now=now)
    if moved or worded:
        _done(db, me, meeting, row, "moved" if moved else "agenda", now=now)
    return meeting


def _move(db: Session, me: Viewer, row: Occurrence, day: date, starts: datetime, *, now: datetime) -> None:
    refuse_odd_start(day, clock.local_day(now, me.zone))
    if starts <= now:
        raise Refused(_("This time has passed. Choose a later one."), field="time")
    _refuse_second(db, row, day)
    row.slot = row.of_series if day != row.of_series else None
    row.date, row.starts_at, row.by_hand = day, starts, True


def _refuse_second(db: Session, row: Occurrence, day: date) -> None:
    others = (Occurrence.meeting_id == row.meeting_id, Occurrence.date == day, Occurrence.id != row.id)
    if db.scalar(select(Occurrence.id).where(*others)) is not None:
        raise Refused(_("The series has a date on that day already."), field="date")


def call_off(
    db: Session, me: Viewer, meeting_id: int, occurrence_id: int, *, version: int, note: str = "", now: datetime
) -> Meeting:
    """Cancel one date, and tell those invited with what `note` says; twice is once."""
    refuse_long_note(note)
    meeting, row = _open(db, me, meeting_id, occurrence_id, version=None, now=now)
    if row.state is OccurrenceState.CANCELLED:
        return meeting
    plan.refuse_stale(meeting, version)
    row.state, row.by_hand, row.cancel_note = OccurrenceState.CANCELLED, True, note or None
    _done(db, me, meeting, row, "cancelled", note=note, now=now)
    return meeting


def hold(db: Session, me: Viewer, meeting_id: int, occurrence_id: int, *, version: int, now: datetime) -> Meeting:
    """Hold a date on the day and at the hour of the series, also one that falls on a holiday; twice is once."""
    meeting, row = _open(db, me, meeting_id, occurrence_id, version=None, now=now)
    slot = occurrences.slots_of(workdays.calendar(db, me.office_id), meeting, me.zone)[row.of_series]
    if row.state is OccurrenceState.PLANNED and row.starts_at == slot.starts:
        return meeting
    plan.refuse_stale(meeting, version)
    if slot.starts <= now:
        raise Conflict(_("The day on which the series would hold it is over. Move it instead."))
    _refuse_second(db, row, row.of_series)
    occurrences.follow(row, slot)
    row.cancel_note = None
    if slot.holiday:
        row.state, row.holiday, row.by_hand = OccurrenceState.PLANNED, "", True
    hosts.claim(db, me, meeting, now=now)
    _done(db, me, meeting, row, "held", now=now)
    return meeting


def _open(
    db: Session, me: Viewer, meeting_id: int, occurrence_id: int, *, version: int | None, now: datetime
) -> tuple[Meeting, Occurrence]:
    meeting = plan.own_meeting(db, me, meeting_id, lock=True)
    row = _row(db, meeting, occurrence_id)
    if meeting.state is MeetingState.CANCELLED:
        raise Conflict(_("This meeting was cancelled."))
    if row.starts_at <= now:
        raise Conflict(_("This date has begun or is over, so it stays as it is."))
    if meeting.theirs is not None:
        # Sending one date would overrule what somebody changed about the others in Zoom.
        raise Conflict(_("Somebody changed this series in Zoom. Decide about that first, then change a date."))
    if version is not None:
        plan.refuse_stale(meeting, version)
    return meeting, row


def _done(
    db: Session, me: Viewer, meeting: Meeting, row: Occurrence, what: str, *, note: str = "", now: datetime
) -> None:
    db.flush()
    meeting.version += 1
    occurrences.note_end(db, meeting)
    if meeting.trouble != plan.GONE:
        plan.push_change(db, meeting, now)
    verb = f"meeting.date_{what}"
    audit.record(db, me, verb, "meeting", meeting.id, now=now, occurrence=row.id, date=row.date)
    starts = row.starts_at.astimezone(me.zone)
    telling.tell(db, meeting, what, day=row.date, at=starts.time(), note=note, by=me.account_id, now=now)
    db.flush()
