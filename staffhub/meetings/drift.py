"""What happens to our meetings in Zoom itself: looked for twice an hour, decided by a person.

One list for each host; the whole meeting only where its row looks otherwise, and once a day, since a list shows neither
the dates of a series nor how people get in. Zoom is asked outside of any transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import structlog
from sqlalchemy import ColumnElement, CursorResult, Update, select, update
from sqlalchemy.orm import Session

from staffhub import audit, claims, clock
from staffhub.db import Database
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import elsewhere, hosts, occurrences, plan, telling, wire
from staffhub.meetings.terms import MAX_AGENDA, MAX_TOPIC
from staffhub.meetings.theirs import Theirs
from staffhub.models import Meeting, MeetingState, Occurrence, OccurrenceState, Office
from staffhub.security import Viewer
from staffhub.typed import holds_personal_number
from staffhub.zoom.errors import ZoomError, ZoomNotFound, ZoomRefused
from staffhub.zoom.shapes import Meeting as ZoomMeeting

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=30)
# Odd answers have made living meetings look deleted: gone is what Zoom does not know twice, so long apart.
APART = timedelta(minutes=20)
_WHOLE = timedelta(hours=20)
_LOOK_AGAIN = timedelta(minutes=10)
_AT_ONCE = 50
NO_SUCH_MEETING = 3001
_THEIRS = "theirs"


@dataclass(frozen=True)
class _Ours:
    """A meeting as it was read before Zoom was asked; `in_doubt`: the look before found it missing or otherwise."""

    facts: wire.Facts
    version: int
    in_doubt: bool
    looked_at: datetime | None


@dataclass(frozen=True)
class _Seen:
    """What a sweep found: the meeting as Zoom has it, None where Zoom does not know it."""

    ours: _Ours
    stored: ZoomMeeting | None


def sweep_due(database: Database, zoom: "ZoomClient | None", *, now: datetime) -> int:
    """Sweep once in each half hour, in whatever process comes first; return how many meetings are not as agreed."""
    if zoom is None:
        return 0
    slot = f"{now - (now - datetime.min.replace(tzinfo=now.tzinfo)) % EVERY:%Y-%m-%dT%H:%M}"
    with database.transaction() as db:
        if not claims.claim(db, "drift", slot, now=now):
            return 0
    found = sweep(database, zoom, now=now)
    with database.transaction() as db:
        claims.finish(db, "drift", slot, now=now)
    return found


def sweep(database: Database, zoom: "ZoomClient", *, now: datetime) -> int:
    """Compare what is ready here with what Zoom has; what cannot be read proves nothing and is left as it is.

    When the hosts are busy with what is not ours is noted from the same lists.
    """
    with database.reading() as db:
        hosted = _ready(db, now)
    with database.transaction() as db:
        elsewhere.forget(db, hosted)
    found = 0
    for host, ours in hosted.items():
        try:
            listed = zoom.list_meetings(host)
            with database.transaction() as db:
                elsewhere.note(db, host, listed, now=now)
            seen = list(_look(zoom, listed, ours, now))
        except ZoomError as error:
            log.warning("drift_unread", error=type(error).__name__)
            continue
        for one in seen:
            with database.transaction() as db:
                found += _note(db, one, now)
    return found


def look(database: Database, zoom: "ZoomClient | None", me: Viewer, meeting_id: int, *, now: datetime) -> str:
    """Compare one meeting with Zoom because somebody asks; return in words what came of it."""
    with database.reading() as db:
        plan.own_meeting(db, me, meeting_id)
        ours = [one for hosted in _ready(db, now, only=meeting_id).values() for one in hosted]
    if zoom is None or not ours:
        raise Conflict(_("It is not on Zoom right now, or a change is on its way there. Look again in a minute."))
    try:
        seen = _ask(zoom, ours[0])
    except ZoomError:
        seen = None
    if seen is None:
        raise Conflict(_("Zoom does not answer right now. Look again in a minute."))
    with database.transaction() as db:
        found = _note(db, seen, now)
    if seen.stored is None and not found:
        return _("Zoom says that it does not know this meeting. It is asked again before that is believed.")
    return _("It is not the same in Zoom. Decide which of both holds.") if found else _("It is the same in Zoom.")


def look_due(database: Database, zoom: "ZoomClient | None", *, now: datetime) -> int:
    """Compare each meeting of whose change Zoom has told, with one call; return how many are not as agreed.

    One whose look fails, or whose process dies, is looked at again after a while, and in any case by the sweep.
    """
    if zoom is None:
        return 0
    with database.reading() as db:
        due = db.scalars(select(Meeting.id).where(Meeting.look_at <= now).order_by(Meeting.look_at).limit(_AT_ONCE))
        waiting = due.all()
    found = 0
    for meeting_id in waiting:
        with database.transaction() as db:
            taken = db.execute(_look_at(meeting_id, now + _LOOK_AGAIN).where(Meeting.look_at <= now))
            if not cast("CursorResult[Any]", taken).rowcount:
                continue  # another process has it
            ours = [one for hosted in _ready(db, now, only=meeting_id).values() for one in hosted]
        try:
            seen = _ask(zoom, ours[0]) if ours else None
        except ZoomRefused:  # as of what was made a webinar: another look tells no more
            seen = None
        except ZoomError as error:
            log.warning("change_unread", meeting=meeting_id, error=type(error).__name__)
            continue
        with database.transaction() as db:
            # Before what was seen is written down, which may ask for another look. What is told meanwhile stays.
            db.execute(_look_at(meeting_id, None).where(Meeting.look_at == now + _LOOK_AGAIN))
            found += seen is not None and _note(db, seen, now)
    return found


def _look_at(meeting_id: int, at: datetime | None) -> Update:
    return update(Meeting).where(Meeting.id == meeting_id).values(look_at=at)


def _ready(db: Session, now: datetime, only: int | None = None) -> Mapping[str, Sequence[_Ours]]:
    """Return what has reached Zoom and is still to come, by its host; `only`: that meeting."""
    to_come = (Occurrence.date >= (now - timedelta(days=1)).date(), Occurrence.starts_at > now)
    ahead = select(Occurrence.id).where(Occurrence.meeting_id == Meeting.id, *to_come).exists()
    there: tuple[ColumnElement[bool], ...]
    there = (Meeting.state == MeetingState.READY, Meeting.zoom_id.is_not(None), Meeting.zoom_host != "", ahead)
    if only is not None:
        there = (*there, Meeting.id == only)
    found: dict[str, list[_Ours]] = {}
    for meeting, zone in db.execute(
        select(Meeting, Office.timezone).join(Office, Office.id == Meeting.office_id).where(*there).order_by(Meeting.id)
    ).all():
        dates = db.scalars(select(Occurrence).where(Occurrence.meeting_id == meeting.id)).all()
        facts = wire.Facts.of(meeting, dates, zone)
        in_doubt = meeting.missed_at is not None or meeting.theirs is not None
        ours = _Ours(facts, meeting.version, in_doubt, meeting.looked_at)
        found.setdefault(meeting.zoom_host, []).append(ours)
    return found


def _look(zoom: "ZoomClient", listed: Sequence[ZoomMeeting], ours: Sequence[_Ours], now: datetime) -> Iterable[_Seen]:
    rows = {row["id"]: row for row in listed}
    for one in ours:
        row = rows.get(one.facts.zoom_id or 0)
        old = one.looked_at is None or now - one.looked_at > _WHOLE
        if row and not old and not one.in_doubt and not wire.looks_changed(row, one.facts, now=now):
            continue
        if seen := _ask(zoom, one):
            yield seen


def _ask(zoom: "ZoomClient", ours: _Ours) -> _Seen | None:
    """Ask for the whole meeting; None for an answer that proves nothing."""
    try:
        return _Seen(ours, zoom.get_meeting(ours.facts.zoom_id or 0))
    except ZoomNotFound as error:
        return _Seen(ours, None) if error.code == NO_SUCH_MEETING else None


def _note(db: Session, seen: _Seen, now: datetime) -> bool:
    """Write down what was seen, unless somebody changed the meeting meanwhile; say whether a person has to decide."""
    query = select(Meeting).where(Meeting.id == seen.ours.facts.id).with_for_update()
    meeting = db.scalars(query).one()
    if meeting.state is not MeetingState.READY or meeting.version != seen.ours.version:
        return False
    if seen.stored is None:
        return _note_missing(db, meeting, now)
    meeting.missed_at, meeting.looked_at = None, now
    _keep_link(db, meeting, seen.stored, now)
    theirs = Theirs.of(seen.stored, seen.ours.facts, now=now)
    if meeting.trouble.startswith("differs") and {*theirs.names} == {*theirs.settings}:
        return False  # Zoom itself bent them when they were sent, which is said already
    if not theirs.names:
        if meeting.theirs is not None:
            meeting.theirs, meeting.trouble = None, ""
        return False
    code = f"{_THEIRS}_other" if theirs.other else f"{_THEIRS}:{','.join(theirs.names)}"
    if meeting.theirs != theirs.stored():
        meeting.theirs, meeting.trouble = theirs.stored(), code
        audit.record(db, None, "meeting.drifted", "meeting", meeting.id, now=now, office_id=meeting.office_id)
        telling.tell_organiser(db, meeting, "theirs", now=now)
    return True


def _note_missing(db: Session, meeting: Meeting, now: datetime) -> bool:
    meeting.missed_at = meeting.missed_at or now
    if now - meeting.missed_at < APART:
        meeting.look_at = meeting.missed_at + APART
        return False
    meeting.state, meeting.trouble, meeting.join_url, meeting.theirs = MeetingState.FAILED, plan.GONE, "", None
    audit.record(db, None, "meeting.gone", "meeting", meeting.id, now=now, office_id=meeting.office_id)
    telling.tell_organiser(db, meeting, "gone", now=now)
    return True


def _keep_link(db: Session, meeting: Meeting, stored: ZoomMeeting, now: datetime) -> None:
    """A new passcode makes a new link, and ours is dead then: nobody needs to be asked."""
    link = stored.get("join_url", "")
    if link and link != meeting.join_url:
        meeting.join_url = link
        audit.record(db, None, "meeting.link_changed", "meeting", meeting.id, now=now, office_id=meeting.office_id)


def adopt(db: Session, me: Viewer, meeting_id: int, *, version: int, now: datetime) -> Meeting:
    """What somebody changed in Zoom holds here as well; those invited are told of the dates. Twice is once."""
    meeting = plan.own_meeting(db, me, meeting_id, lock=True)
    if meeting.theirs is None:
        return meeting
    plan.refuse_stale(meeting, version)
    theirs = Theirs.read(meeting.theirs)
    if theirs.other:
        raise Conflict(_("These dates cannot be taken over. Send ours to Zoom again."))
    if holds_personal_number(f"{theirs.topic}\n{theirs.agenda}"):
        raise Refused(_("What was written in Zoom looks like a NIK, a KK number or an NIP, which are not stored here."))
    meeting.topic = (theirs.topic or meeting.topic)[:MAX_TOPIC]
    meeting.agenda = (meeting.agenda if theirs.agenda is None else theirs.agenda)[:MAX_AGENDA]
    meeting.minutes = theirs.minutes or meeting.minutes
    if theirs.settings:
        meeting.zoom_settings = {**(meeting.zoom_settings or {}), **theirs.settings}
    _adopt_dates(db, me, meeting, theirs)
    try:
        hosts.claim(db, me, meeting, now=now)
    except Refused as refused:
        raise Conflict(_("%(why)s Change it in Zoom, or send ours again.", why=refused)) from None
    meeting.version += 1
    meeting.theirs, meeting.trouble = None, ""
    if meeting.weekdays or meeting.left_hosts:
        # What became of the calendar while nobody had decided is still to be sent.
        plan.push_change(db, meeting, now)
    audit.record(db, me, "meeting.adopted", "meeting", meeting.id, now=now, changed=theirs.names)
    _tell(db, me, meeting, theirs, now)
    db.flush()
    return meeting


def _adopt_dates(db: Session, me: Viewer, meeting: Meeting, theirs: Theirs) -> None:
    rows = db.scalars(select(Occurrence).where(Occurrence.meeting_id == meeting.id)).all()
    taken = {row.date for row in rows if row.id not in theirs.dates}
    for row in rows:
        row.minutes = theirs.minutes or row.minutes
        if row.id not in theirs.dates:
            continue
        row.by_hand, start = True, theirs.dates[row.id]
        row.state = OccurrenceState.PLANNED if start else OccurrenceState.CANCELLED
        if start is not None:
            day = clock.local_day(start, me.zone)
            if day in taken:
                raise Conflict(_("These dates cannot be taken over. Send ours to Zoom again."))
            row.slot = row.of_series if meeting.weekdays and day != row.of_series else None
            row.date, row.starts_at = day, start
            if not meeting.weekdays:
                meeting.starts_on, meeting.starts_at = day, start.astimezone(me.zone).time()
    occurrences.note_end(db, meeting)


def _tell(db: Session, me: Viewer, meeting: Meeting, theirs: Theirs, now: datetime) -> None:
    if not theirs.dates:
        return
    changed = select(Occurrence).where(Occurrence.id.in_(theirs.dates)).order_by(Occurrence.starts_at)
    rows = db.scalars(changed).all()
    first, what = rows[0], "dates"
    if len(rows) == 1:
        what = "cancelled" if first.state is OccurrenceState.CANCELLED else "moved"
    at = first.starts_at.astimezone(me.zone).time()
    telling.tell(db, meeting, what, day=first.date, at=at, count=len(rows), by=me.account_id, now=now)
