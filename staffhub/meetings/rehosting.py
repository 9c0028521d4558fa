"""Another host holds what one held who leaves: the hours are taken here first, and Zoom follows through the outbox.

At Zoom a meeting keeps its number, its passcode and its link where `schedule_for` is taken; where it is refused the
meeting is made anew, those invited are told, and what the first host still has of it is deleted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import rows
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts, plan, telling, wire
from staffhub.meetings.failures import FOREIGN_USER, IN_PROGRESS, NO_SUCH_USER, NOT_WHILE_RUNNING
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState, TaskState, ZoomTask, ZoomUser
from staffhub.security import Viewer
from staffhub.zoom.errors import ZoomNotFound, ZoomRefused
from staffhub.zoom.shapes import Meeting as ZoomMeeting

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

ENDED, NO_SUCH_MEETING = 3007, 3001


@dataclass(frozen=True)
class Standing:
    """A meeting that is still to be held by a host: its next date, local, and how many there are."""

    id: int
    topic: str
    following: datetime
    dates: int


_STANDING = (
    select(
        Meeting.id,
        Meeting.topic,
        func.lower(Meeting.zoom_host).label("host"),
        func.min(Occurrence.starts_at).label("following"),
        func.count().label("dates"),
    )
    .select_from(Occurrence)
    .join(Meeting, Meeting.id == Occurrence.meeting_id)
    .where(
        Occurrence.office_id == bindparam("office"),
        Occurrence.date >= bindparam("today"),
        Occurrence.starts_at > bindparam("now"),
        Occurrence.state == OccurrenceState.PLANNED,
        Meeting.state != MeetingState.CANCELLED,
        # What Zoom has lost is made again, with a host of its own.
        Meeting.trouble != plan.GONE,
        Meeting.zoom_host != "",
    )
    .group_by(Meeting.id, Meeting.topic, Meeting.zoom_host)
    .order_by(func.min(Occurrence.starts_at), Meeting.id)
)


def standing(db: Session, me: Viewer, *, now: datetime) -> dict[str, list[Standing]]:
    """Return the office's meetings to come, by the e-mail of their host."""
    found: dict[str, list[Standing]] = {}
    today = clock.local_day(now, me.zone)
    for row in rows(db, _STANDING, office=me.office_id, today=today, now=now):
        one = Standing(row.id, row.topic, row.following.astimezone(me.zone), row.dates)
        found.setdefault(row.host, []).append(one)
    return found


@dataclass(frozen=True)
class Handed:
    """What came of it: how many went, and which stay, each with the reason in words."""

    went: int
    stay: Sequence[tuple[str, str]]


def hand_over(db: Session, me: Viewer, user_id: int, *, to: int | None, now: datetime) -> Handed:
    """Hand all that is to come of a host on, to one who is named or to whoever is free at each; twice is once."""
    me.require("admin")
    giver = db.get(ZoomUser, user_id)
    if giver is None:
        raise NotFound(_("There is no such user at Zoom."))
    went, stay = 0, []
    for meeting in _locked(db, me, [one.id for one in standing(db, me, now=now).get(giver.email, [])]):
        if meeting.zoom_host.lower() != giver.email:
            continue  # somebody was quicker
        try:
            _hand(db, me, meeting, to=to, now=now)
            went += 1
        except (Refused, Conflict) as refused:
            stay.append((meeting.topic, str(refused)))
    db.flush()
    return Handed(went, stay)


def _locked(db: Session, me: Viewer, ids: Sequence[int]) -> Sequence[Meeting]:
    """Lock them in one order before the hours of all hosts are: whoever changes one of them does it so, too."""
    query = select(Meeting).where(Meeting.id.in_(ids), Meeting.office_id == me.office_id).order_by(Meeting.id)
    return db.scalars(query.with_for_update().execution_options(populate_existing=True)).all()


def hand_one(db: Session, me: Viewer, meeting_id: int, *, version: int, to: int | None, now: datetime) -> Meeting:
    """Hand one meeting that I may change to another host."""
    meeting = plan.own_meeting(db, me, meeting_id, lock=True)
    if not plan.is_open(db, meeting, now):
        raise Conflict(_("This meeting is over, or was cancelled."))
    plan.refuse_stale(meeting, version)
    _hand(db, me, meeting, to=to, now=now)
    db.flush()
    return meeting


def _hand(db: Session, me: Viewer, meeting: Meeting, *, to: int | None, now: datetime) -> None:
    if meeting.theirs is not None:
        # Sending it now would overrule what nobody has decided yet.
        raise Conflict(_("Somebody changed it in Zoom. Decide about that first, then hand it on."))
    if meeting.trouble == plan.GONE:
        raise Conflict(_("It no longer exists on Zoom. Create it again: then a free host is chosen."))
    before = hosts.hand(db, me, meeting, to=to, now=now)
    meeting.version += 1
    meeting.trouble = ""
    plan.push_change(db, meeting, now)
    waiting = (ZoomTask.meeting_id == meeting.id, ZoomTask.state == TaskState.PENDING)
    for task in db.scalars(select(ZoomTask).where(*waiting).with_for_update()):
        task.due_at = min(task.due_at, now)
    audit.record(db, me, "meeting.rehosted", "meeting", meeting.id, now=now, before=before, after=meeting.zoom_host)


def move(zoom: "ZoomClient", zoom_id: int, facts: wire.Facts, *, missed_before: bool) -> ZoomMeeting | None:
    """Let the new host have the meeting and return it, number and link unchanged; None: it has to be made anew.

    Zoom refuses without the privilege to schedule, for Basic users, and for hosts who are not active; what it answers
    in those cases is not documented, so that any refusal counts, and success is believed when it is seen. With a user
    who was deleted the meetings go, too: that is believed when Zoom has said so twice, or when the new one is there.
    """
    try:
        stored = zoom.get_meeting(zoom_id)
        if not _is_with(stored, facts.zoom_host):
            zoom.update_meeting(zoom_id, {"schedule_for": facts.zoom_host})
            stored = zoom.get_meeting(zoom_id)
    except ZoomNotFound as error:
        if error.code == NO_SUCH_MEETING and not (missed_before or marked(zoom, facts.zoom_host, facts)):
            raise
        return None
    except ZoomRefused as error:
        if error.code == IN_PROGRESS or (error.code == NOT_WHILE_RUNNING and "started" in error.message):
            raise
        return None
    return stored if _is_with(stored, facts.zoom_host) else None


def _is_with(stored: ZoomMeeting, host: str) -> bool:
    return stored.get("host_email", "").lower() == host.lower()


def marked(zoom: "ZoomClient", host: str, facts: wire.Facts) -> list[int]:
    """Return the numbers of what a host has with our marker; a host whom Zoom does not know has no list.

    "scheduled" holds the upcoming ones and those whose start has passed.
    """
    try:
        listed = zoom.list_meetings(host, "scheduled")
    except (ZoomNotFound, ZoomRefused) as error:
        if error.code not in {NO_SUCH_USER, FOREIGN_USER}:
            raise
        return []
    return [row["id"] for row in listed if row.get("agenda", "").startswith(facts.marker)]


def clear(zoom: "ZoomClient", facts: wire.Facts, known: Collection[int], *, keep: int | None = None) -> None:
    """Delete all that Zoom may have of the meeting, at any host it ever had, but the one to keep."""
    found = {*known}
    for host in dict.fromkeys([*facts.left_hosts, facts.zoom_host]):
        if host:
            found.update(marked(zoom, host, facts))
    remove(zoom, found - {keep})


def remove(zoom: "ZoomClient", numbers: Collection[int | None]) -> None:
    for number in numbers:
        if number is None:
            continue
        try:
            zoom.delete_meeting(number)
        except ZoomRefused as error:
            if error.code != ENDED:  # what has ended needs no deleting
                raise


def note_done(db: Session, meeting: Meeting, sent: wire.Facts, stored: ZoomMeeting, *, now: datetime) -> None:
    """Zoom has followed; whoever is invited hears of a new link."""
    if meeting.left_hosts == [*sent.left_hosts] and meeting.zoom_host == sent.zoom_host:
        meeting.left_hosts = None
    if sent.left_hosts and sent.zoom_id not in {None, stored["id"]}:
        ahead = min(sent.ahead(now), default=sent.dates[-1].starts).astimezone(sent.zone)
        telling.tell(db, meeting, "link", day=ahead.date(), at=ahead.time(), now=now)
