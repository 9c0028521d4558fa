"""Meetings as people agree on them: schedule, edit, cancel, try again. What Zoom must do about it waits in ZoomTask."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, claims, clock
from staffhub.db import insert_unless_there, said_otherwise
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts, invitations, telling
from staffhub.meetings import occurrences as occurrences_of
from staffhub.meetings.audience import Audience
from staffhub.meetings.terms import Terms, refuse_long_note, refuse_past_hour
from staffhub.models import (
    IN_TROUBLE,
    Meeting,
    MeetingKind,
    MeetingState,
    Occurrence,
    TaskState,
    ZoomTask,
    ZoomVerb,
)
from staffhub.security import Viewer

# Zoom says that the meeting does not exist: never made again without being asked.
GONE = "gone"
_DRAWS = 3


@dataclass(frozen=True)
class Saved:
    """`first` False: the form was sent again, nothing was changed."""

    id: int
    first: bool


def schedule(
    db: Session,
    me: Viewer,
    *,
    kind: MeetingKind,
    topic: str,
    agenda: str = "",
    starts_on: date,
    starts_at: time,
    minutes: int,
    weekdays: Sequence[int] = (),
    until: date | None = None,
    occurrences: int | None = None,
    special_at: time | None = None,
    audience: Audience,
    co_hosts: Sequence[str] = (),
    idempotency_key: str,
    now: datetime,
) -> Saved:
    """Save a meeting with its invitations and leave its creation to the outbox; a replay changes nothing."""
    me.require("meetings.schedule")
    if earlier := _by_key(db, me, idempotency_key):
        there = db.get_one(Meeting, earlier)
        if (there.topic, there.starts_on, there.starts_at) != (topic, starts_on, starts_at):
            raise said_otherwise()
        return Saved(earlier, first=False)
    agreed = agree(
        me, Terms(kind, topic, agenda, starts_on, starts_at, minutes, weekdays, until, occurrences, special_at), now=now
    )
    guests = invitations.guests(db, me, audience, me.account_id, agreed["starts_on"])
    values = agreed | {
        "office_id": me.office_id,
        "division_id": None if me.sees_everyone else me.division_id,
        "kind": kind,
        "audience": audience.stored(),
        "co_hosts": hosts.beside(db, co_hosts) or None,
        "state": MeetingState.WAITING,
        "version": 1,
        "created_by": me.account_id,
        "created_at": now,
        "idempotency_key": idempotency_key,
    }
    saved = _store(db, me, values)
    meeting_id = saved.id
    if saved.first:
        meeting = db.get_one(Meeting, meeting_id)
        occurrences_of.lay_out(db, meeting, me.zone, now=now)
        hosts.claim(db, me, meeting, now=now)
        invitations.invite(db, me.office_id, meeting_id, guests)
        ask_zoom(db, me.office_id, meeting_id, ZoomVerb.CREATE, now)
        telling.tell_guests(db, me, meeting, invitations.Anew(set(guests), set()), now=now)
        audit.record(db, me, "meeting.scheduled", "meeting", meeting_id, now=now, kind=kind, people=len(guests))
    return saved


def _store(db: Session, me: Viewer, values: dict[str, Any]) -> Saved:
    """The marker is short, as people read it in Zoom: of thousands one is another meeting's, and is drawn again."""
    for _draw in range(_DRAWS):
        first = insert_unless_there(db, Meeting, values | {"marker": _marker()})
        if there := _by_key(db, me, values["idempotency_key"]):
            return Saved(there, first=first)
    raise said_otherwise()


def agree(me: Viewer, terms: Terms, *, now: datetime) -> dict[str, Any]:
    """Return the terms of a new meeting as columns, or refuse them: the rule of saving and of looking before it."""
    agreed = terms.columns(today=clock.local_day(now, me.zone))
    refuse_past_hour(agreed, me.zone, now)
    return agreed


def _marker() -> str:
    return f"[sh:{secrets.token_hex(3)}]"


def _by_key(db: Session, me: Viewer, key: str) -> int | None:
    mine = (Meeting.office_id == me.office_id, Meeting.created_by == me.account_id)
    return db.scalar(select(Meeting.id).where(*mine, Meeting.idempotency_key == key))


def ask_zoom(
    db: Session, office_id: int, meeting_id: int, verb: ZoomVerb, now: datetime, *, unclear: bool = False
) -> None:
    db.execute(
        insert(ZoomTask).values(
            office_id=office_id,
            meeting_id=meeting_id,
            verb=verb,
            state=TaskState.PENDING,
            due_at=now,
            unclear=unclear,
            created_at=now,
        )
    )


def edit(
    db: Session,
    me: Viewer,
    meeting_id: int,
    *,
    version: int,
    topic: str,
    agenda: str = "",
    starts_on: date,
    starts_at: time,
    minutes: int,
    weekdays: Sequence[int] = (),
    until: date | None = None,
    occurrences: int | None = None,
    special_at: time | None = None,
    audience: Audience,
    co_hosts: Sequence[str] = (),
    now: datetime,
) -> Meeting:
    """Change a meeting; who stays invited keeps the link. Zoom hears only of a change in what it shows."""
    meeting = own_meeting(db, me, meeting_id, lock=True)
    _refuse_closed(db, meeting, now)
    refuse_stale(meeting, version)
    today = clock.local_day(now, me.zone)
    terms = Terms(meeting.kind, topic, agenda, starts_on, starts_at, minutes, weekdays, until, occurrences, special_at)
    agreed = agree_anew(me, meeting, terms, now=now)
    chosen = hosts.beside(db, co_hosts)
    # Whom Zoom was given once it must be told to forget; "nobody, ever" it need not hear of.
    agreed["co_hosts"] = chosen if chosen or meeting.co_hosts is not None else None
    before = {name: getattr(meeting, name) for name in agreed}
    guests = invitations.guests(db, me, audience, meeting.created_by, max(agreed["starts_on"], today))
    for name, value in (agreed | {"audience": audience.stored(), "version": version + 1}).items():
        setattr(meeting, name, value)
    moved = occurrences_of.lay_out(db, meeting, me.zone, now=now)
    if changed_hours(before, agreed):
        hosts.claim(db, me, meeting, now=now)
    invited = invitations.invite_anew(db, meeting, guests, today=today)
    changed = audit.changes(before, agreed)
    if (changed or meeting.state is MeetingState.FAILED) and meeting.trouble != GONE:
        push_change(db, meeting, now)
    audit.record(db, me, "meeting.edited", "meeting", meeting.id, now=now, people=len(guests), changed=sorted(changed))
    # The hour for Ramadan is told where it moves a date.
    told = {*changed} - {"special_at"} | ({"starts_at"} if moved else set())
    telling.tell_edited(db, me, meeting, told, invited, now=now)
    db.flush()
    return meeting


def agree_anew(me: Viewer, meeting: Meeting, terms: Terms, *, now: datetime) -> dict[str, Any]:
    """Return the terms of an edit as columns, or refuse them: the rule of saving and of looking before it."""
    begun, today = has_begun(meeting, me.zone, now), clock.local_day(now, me.zone)
    earliest = meeting.starts_on if begun else None
    agreed = terms.columns(today=today, earliest=earliest, laid_until=meeting.laid_until)
    if begun:
        _refuse_moving(meeting, agreed)
        _refuse_past_end(meeting, agreed, me.zone, now)
    elif (meeting.starts_on, meeting.starts_at) != (agreed["starts_on"], agreed["starts_at"]):
        refuse_past_hour(agreed, me.zone, now)
    return agreed


def _refuse_moving(meeting: Meeting, agreed: dict[str, Any]) -> None:
    """Zoom keeps no past dates of a series that is laid out anew, and ignores a past start."""
    if any(getattr(meeting, name) != agreed[name] for name in ("starts_on", "starts_at", "weekdays")):
        text = _("It has begun, so its dates and time stay. For other times cancel it and schedule a new one.")
        raise Refused(text, field="time")


def _refuse_past_end(meeting: Meeting, agreed: dict[str, Any], zone: ZoneInfo, now: datetime) -> None:
    """A series that has begun may end on another date, or not at all; but not before now."""
    last = clock.at_local(agreed["ends_on"], agreed["starts_at"], zone) + timedelta(minutes=agreed["minutes"])
    if agreed["occurrences"] != meeting.occurrences and last <= now:
        raise Refused(_("No date would be left. To end it now, cancel it."), field="until")


def changed_hours(before: dict[str, Any], agreed: dict[str, Any]) -> bool:
    hours = ("starts_on", "starts_at", "minutes", "weekdays", "occurrences", "special_at")
    return any(before[name] != agreed[name] for name in hours)


def push_change(db: Session, meeting: Meeting, now: datetime) -> None:
    """Leave a change to the outbox, unless a task that has not started will carry it anyway."""
    tasks = _open_tasks(db, meeting)
    meeting.state, meeting.theirs = MeetingState.WAITING, None
    # A create that may have been performed was performed with the old values.
    if any(task.state is TaskState.PENDING and not task.unclear for task in tasks):
        return
    meeting.trouble = ""
    if tasks or meeting.zoom_id is not None:
        ask_zoom(db, meeting.office_id, meeting.id, ZoomVerb.UPDATE, now)
    else:
        _create_again(db, meeting, now)


def _create_again(db: Session, meeting: Meeting, now: datetime) -> None:
    lost = exists().where(
        ZoomTask.meeting_id == meeting.id, ZoomTask.verb == ZoomVerb.CREATE, ZoomTask.unclear.is_(True)
    )
    unclear = bool(db.scalar(select(lost)))
    ask_zoom(db, meeting.office_id, meeting.id, ZoomVerb.CREATE, now, unclear=unclear)


def _open_tasks(db: Session, meeting: Meeting) -> list[ZoomTask]:
    """Lock what is not finished: a worker that claims one of them at this moment goes first or waits."""
    tasks = (
        select(ZoomTask)
        .where(ZoomTask.meeting_id == meeting.id, ZoomTask.state.in_(claims.UNFINISHED))
        .order_by(ZoomTask.id)
    )
    return list(db.scalars(tasks.with_for_update()))


def cancel(db: Session, me: Viewer, meeting_id: int, *, version: int, note: str = "", now: datetime) -> Meeting:
    """Cancel the meeting, or the dates of a series that are left; what Zoom may have of it is deleted there.

    Those invited are told, with what `note` says.
    """
    refuse_long_note(note)
    meeting = own_meeting(db, me, meeting_id, lock=True)
    if meeting.state is MeetingState.CANCELLED:
        return meeting
    _refuse_closed(db, meeting, now)
    refuse_stale(meeting, version)
    tasks = _open_tasks(db, meeting)
    maybe_there = meeting.zoom_id is not None and meeting.trouble != GONE
    for task in tasks:
        maybe_there = maybe_there or task.unclear or task.state is TaskState.CLAIMED
        if task.state is TaskState.PENDING:
            task.state, task.finished_at = TaskState.DONE, now
    meeting.state, meeting.cancelled_at, meeting.trouble = MeetingState.CANCELLED, now, ""
    meeting.theirs, meeting.cancel_note = None, note or None
    meeting.version += 1
    ahead = telling.dates_ahead(db, meeting.id, now)
    occurrences_of.call_off(db, meeting.id, now=now)
    if maybe_there:
        ask_zoom(db, meeting.office_id, meeting.id, ZoomVerb.DELETE, now)
    audit.record(db, me, "meeting.cancelled", "meeting", meeting.id, now=now)
    telling.tell_cancelled(db, me, meeting, ahead, note=note, now=now)
    db.flush()
    return meeting


def retry(db: Session, me: Viewer, meeting_id: int, *, version: int, now: datetime) -> Meeting:
    """Try again now; a meeting that is gone from Zoom is made anew, with a new number and a new link."""
    meeting = own_meeting(db, me, meeting_id, lock=True)
    if not meeting.trouble:
        return meeting
    refuse_stale(meeting, version)
    return _try_again(db, me, meeting, now=now)


def retry_parked(db: Session, me: Viewer, meeting_id: int, *, now: datetime) -> Meeting:
    """Let an administrator, who may not change what is agreed, have it tried now; twice is once."""
    me.require("admin")
    query = select(Meeting).where(Meeting.id == meeting_id, Meeting.office_id == me.office_id).with_for_update()
    meeting = db.scalars(query).one_or_none()
    if meeting is None:
        raise NotFound(_("There is no such meeting."))
    if not meeting.trouble or meeting.state is MeetingState.READY or meeting.trouble == GONE:
        return meeting
    return _try_again(db, me, meeting, now=now)


def retry_all(db: Session, me: Viewer, *, now: datetime) -> int:
    """Let an administrator have all that is stuck tried now; return how many that are."""
    me.require("admin")
    # Already tried as soon as it can be, made again only where a person asks for it, or over.
    stuck = (
        Meeting.office_id == me.office_id,
        IN_TROUBLE,
        Meeting.state != MeetingState.READY,
        Meeting.trouble != GONE,
    )
    found = db.scalars(select(Meeting).where(*stuck).order_by(Meeting.id).with_for_update()).all()
    able = [one for one in found if one.state is MeetingState.CANCELLED or not is_over(db, one, now)]
    for meeting in able:
        _try_again(db, me, meeting, now=now)
    return len(able)


def _try_again(db: Session, me: Viewer, meeting: Meeting, *, now: datetime) -> Meeting:
    cancelled, failed = meeting.state is MeetingState.CANCELLED, meeting.state is MeetingState.FAILED
    if not cancelled:
        _refuse_closed(db, meeting, now)
        meeting.state = MeetingState.WAITING
    if meeting.trouble == GONE and failed:
        # Believed to be gone, not merely missed once: from here on it is a new meeting.
        meeting.zoom_id, meeting.join_url, meeting.zoom_host, meeting.missed_at = None, "", "", None
        day = max(meeting.starts_on, clock.local_day(now, me.zone))
        hosts.claim(db, me, meeting, now=now)
        telling.tell(db, meeting, "link", day=day, at=meeting.starts_at, by=me.account_id, now=now)
    waiting = [task for task in _open_tasks(db, meeting) if task.state is TaskState.PENDING]
    for task in waiting:
        task.due_at = now
    if not waiting and cancelled:
        ask_zoom(db, meeting.office_id, meeting.id, ZoomVerb.DELETE, now)
    elif not waiting:
        push_change(db, meeting, now)
    audit.record(db, me, "meeting.retried", "meeting", meeting.id, now=now, trouble=meeting.trouble.partition(":")[0])
    meeting.trouble = ""
    db.flush()
    return meeting


def own_meeting(db: Session, me: Viewer, meeting_id: int, *, lock: bool = False) -> Meeting:
    """Load a meeting that I may change: of the office for its head, of the own division for the division's."""
    me.require("meetings.schedule")
    query = select(Meeting).where(Meeting.id == meeting_id, Meeting.office_id == me.office_id)
    if lock:
        # Read anew: whoever held the lock until now may have changed what this session has seen before.
        query = query.with_for_update().execution_options(populate_existing=True)
    meeting = db.scalars(query).one_or_none()
    if meeting is None:
        raise NotFound(_("There is no such meeting."))
    if not may_change(me, meeting.division_id):
        raise Forbidden(_("This meeting belongs to somebody else's division."))
    return meeting


def may_change(me: Viewer, division_id: int | None) -> bool:
    return me.may("meetings.schedule") and me.sees(officer_id=None, division_id=division_id)


def has_begun(meeting: Meeting, zone: ZoneInfo, now: datetime) -> bool:
    return clock.at_local(meeting.starts_on, meeting.starts_at, zone) <= now


def is_over(db: Session, meeting: Meeting, now: datetime) -> bool:
    last = db.scalars(select(func.max(Occurrence.starts_at)).where(Occurrence.meeting_id == meeting.id)).one()
    return last + timedelta(minutes=meeting.minutes) <= now


def is_open(db: Session, meeting: Meeting, now: datetime) -> bool:
    """Whether there is still something to change or to cancel."""
    return meeting.state is not MeetingState.CANCELLED and not is_over(db, meeting, now)


def refuse_stale(meeting: Meeting, version: int) -> None:
    if meeting.version != version:
        raise Conflict(_("Somebody changed this meeting meanwhile. Look at it as it is now, then try again."))


def _refuse_closed(db: Session, meeting: Meeting, now: datetime) -> None:
    if meeting.state is MeetingState.CANCELLED:
        raise Conflict(_("This meeting was cancelled."))
    if is_over(db, meeting, now):
        raise Conflict(_("This meeting is over."))
