"""The standup in writing, for whoever cannot join: what was done, what is next, what is in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, or_, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.ahead import Ask
from staffhub.db import insert_unless_there, read, rows, write_over
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings.invitations import holds_on
from staffhub.meetings.plan import may_change
from staffhub.models import (
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    Officer,
    PlanLayer,
    PlanMode,
    StandupNote,
)
from staffhub.security import Viewer


class Note(NamedTuple):
    """What somebody wrote for a date. `still`: what is in the way has not been closed."""

    id: int
    version: int
    officer_id: int
    name: str
    day: date
    done: str
    doing: str
    blocked: str
    still: bool


@dataclass(frozen=True)
class Standup:
    """A date of a standup, for one of those invited; `mine` is what they wrote, `starts` is local."""

    meeting: Meeting
    day: date
    starts: datetime
    mine: Note | None


def standup_for(db: Session, me: Viewer, meeting_id: int, day: date) -> Standup:
    """Load a date of a standup that I am invited to; NotFound when it is not held, Forbidden when I am not,
    or am away.
    """
    found = db.execute(
        select(Meeting, Occurrence.starts_at, MeetingInvite.id)
        .join(Occurrence, Occurrence.meeting_id == Meeting.id)
        .outerjoin(
            MeetingInvite,
            (MeetingInvite.meeting_id == Meeting.id) & (MeetingInvite.officer_id == me.officer_id) & holds_on(day),
        )
        .where(Meeting.id == meeting_id, Meeting.office_id == me.office_id, Meeting.kind == MeetingKind.STANDUP)
        .where(Occurrence.date == day, Occurrence.state == OccurrenceState.PLANNED)
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no standup on that date."))
    meeting, starts, invite_id = found
    if invite_id is None:
        raise Forbidden(_("You are not invited to this meeting."))
    _refuse_away(db, me, day)
    mine = next((one for one in notes_of(db, me.office_id, meeting_id, day) if one.officer_id == me.officer_id), None)
    return Standup(meeting, day, starts.astimezone(me.zone), mine)


def _refuse_away(db: Session, me: Viewer, day: date) -> None:
    """Who is on leave or excused that day is asked for nothing. On a day off whoever is invited is meant."""
    officer_id = me.officer_id or 0
    plan = workdays.plans(db, me.office_id, day, day, officers=[officer_id]).of(officer_id, day)
    if plan.mode is PlanMode.LEAVE and plan.source != PlanLayer.EXEMPTION:
        raise Forbidden(_("You are on leave on that day: no standup is asked of you, and none is counted as missed."))
    if plan.mode is PlanMode.LEAVE or (plan.mode is None and plan.source not in ("holiday", "weekend")):
        raise Forbidden(
            _("You are free or excused on that day: no standup is asked of you, and none is counted as missed.")
        )


def _columns() -> Any:
    columns: Any = select(
        StandupNote.id,
        StandupNote.version,
        StandupNote.officer_id,
        Officer.name,
        StandupNote.date,
        StandupNote.done,
        StandupNote.doing,
        StandupNote.blocked,
        (StandupNote.blocked != "") & StandupNote.unblocked_at.is_(None),
    )
    return columns.join(Officer, Officer.id == StandupNote.officer_id)


@cache
def _of_day() -> Any:
    of_day = (StandupNote.meeting_id == bindparam("meeting"), StandupNote.date == bindparam("day", type_=Date))
    mine = StandupNote.office_id == bindparam("office")
    return _columns().where(*of_day, mine).order_by(Officer.name, StandupNote.id)


def notes_of(db: Session, office_id: int, meeting_id: int, day: date) -> list[Note]:
    """Return what was written for a date, by name."""
    return [Note(*row) for row in rows(db, _of_day(), office=office_id, meeting=meeting_id, day=day)]


@cache
def _at_hand() -> Any:
    note, day = StandupNote, bindparam("day", type_=Date)
    still = (note.date < day) & (note.blocked != "") & note.unblocked_at.is_(None)
    mine = (note.office_id == bindparam("office"), note.meeting_id == bindparam("meeting"))
    return _columns().where(*mine, or_(note.date == day, still)).order_by(note.date, Officer.name, note.id)


def at_hand(db: Session, office_id: int, meeting_id: int, day: date) -> tuple[list[Note], list[Note]]:
    """Return what was written for a date, and what has been in somebody's way since an earlier one, oldest first."""
    found = [Note(*row) for row in rows(db, _at_hand(), office=office_id, meeting=meeting_id, day=day)]
    return [one for one in found if one.day == day], [one for one in found if one.day != day]


@cache
def _blocked_of(*, everyone: bool) -> Any:
    still = (StandupNote.blocked != "", StandupNote.unblocked_at.is_(None))
    found = _columns().add_columns(StandupNote.meeting_id).join(Meeting, Meeting.id == StandupNote.meeting_id)
    found = found.where(StandupNote.office_id == bindparam("office"), *still)
    led = found if everyone else found.where(Meeting.division_id == bindparam("division"))
    return led.order_by(StandupNote.date, StandupNote.id)


def ask_blocked(me: Viewer) -> Ask:
    asked = {"office": me.office_id} | ({} if me.sees_everyone else {"division": me.division_id})
    return Ask(_blocked_of(everyone=me.sees_everyone), asked)


def blocked_of(db: Session, me: Viewer) -> list[tuple[Note, int]]:
    """Return what is in somebody's way in the standups that I lead, oldest first, each with its meeting."""
    if not me.may("meetings.schedule"):
        return []
    return [(Note(*row[:-1]), row[-1]) for row in read(db, ask_blocked(me))]


@cache
def _doing() -> Any:
    mine = (StandupNote.office_id == bindparam("office"), StandupNote.officer_id == bindparam("officer"))
    return select(StandupNote.doing).where(*mine, StandupNote.date == bindparam("day", type_=Date))


def ask_doing(office_id: int, officer_id: int, day: date) -> Ask:
    return Ask(_doing(), {"office": office_id, "officer": officer_id, "day": day})


def doing(db: Session, office_id: int, officer_id: int, day: date) -> list[str]:
    """Return what an officer wrote to be doing on a day, a line for each thing: the first of the day's log."""
    return [line for text in read(db, ask_doing(office_id, officer_id, day)).scalars() for line in _lines(text)]


def _lines(text: str) -> Sequence[str]:
    return [line.strip(" -•\t") for line in text.splitlines() if line.strip(" -•\t")]


def write(
    db: Session,
    me: Viewer,
    meeting_id: int,
    day: date,
    *,
    done: str,
    doing: str,
    blocked: str,
    seen: int,
    now: datetime,
) -> None:
    """Say it in writing, on the day itself; once more changes what was written, as `seen` (0: nothing yet) shows it.

    Whoever sends the same twice changes nothing by it.
    """
    known = standup_for(db, me, meeting_id, day)
    if day != clock.local_day(now, me.zone):
        raise Refused(_("A standup is written on its own day."))
    said = {"done": done, "doing": doing, "blocked": blocked}
    if known.mine and all(getattr(known.mine, name) == text for name, text in said.items()):
        return
    if known.mine is None:
        facts = {"office_id": me.office_id, "meeting_id": meeting_id, "officer_id": me.officer_id, "date": day}
        if not insert_unless_there(db, StandupNote, facts | said | {"written_at": now, "version": 1}):
            raise Conflict(_("You wrote this standup in another tab meanwhile. What you typed is not saved yet."))
    else:
        # What is in the way now is another matter than what was closed.
        opened: dict[str, Any] = {"unblocked_at": None, "unblocked_by": None} if blocked != known.mine.blocked else {}
        write_over(db, StandupNote, known.mine.id, seen=seen, **said, **opened, written_at=now)
    audit.record(db, me, "standup.written", "meeting", meeting_id, now=now, day=day, blocked=bool(blocked))


def unblock(db: Session, me: Viewer, note_id: int, *, seen: int, now: datetime) -> StandupNote:
    """Close what was in somebody's way: by whoever wrote it, or leads the standup. Closed twice is closed."""
    note, _author = closable(db, me, note_id)
    if note.unblocked_at is None:
        write_over(db, StandupNote, note_id, seen=seen, unblocked_at=now, unblocked_by=me.account_id)
        audit.record(db, me, "standup.unblocked", "meeting", note.meeting_id, now=now, officer=note.officer_id)
    return note


def closable(db: Session, me: Viewer, note_id: int) -> tuple[StandupNote, int | None]:
    found = select(StandupNote, Meeting.division_id).join(Meeting, Meeting.id == StandupNote.meeting_id)
    mine = (StandupNote.id == note_id, StandupNote.office_id == me.office_id)
    row = db.execute(found.where(*mine)).one_or_none()
    if row is None:
        raise NotFound(_("This entry is not there."))
    note, division_id = row
    if note.officer_id != me.officer_id and not may_change(me, division_id):
        raise Forbidden(_("Whoever wrote this, or leads the standup, closes it."))
    return note, division_id
