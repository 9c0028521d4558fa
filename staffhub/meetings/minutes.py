"""The minutes of a meeting: what was decided, who does what by when, and what of before is still open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Date, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import audit, clock, notify
from staffhub.ahead import Ask
from staffhub.db import insert_unless_there, read, rows, said_otherwise, write_over
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import came, written
from staffhub.meetings.came import Invited, Stranger
from staffhub.meetings.invitations import holds_on
from staffhub.meetings.plan import may_change
from staffhub.meetings.written import Note
from staffhub.models import (
    Account,
    AttendanceLook,
    ItemEnd,
    ItemKind,
    Meeting,
    MeetingInvite,
    MeetingItem,
    MeetingKind,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    Officer,
)
from staffhub.notify import Subject
from staffhub.security import Viewer

# An action may be agreed for so long ahead.
_FARTHEST = timedelta(days=366)


class Item(NamedTuple):
    """`owner` "" for a decision; `topic` and `day` tell of which meeting it comes."""

    id: int
    version: int
    meeting_id: int
    topic: str
    day: date
    kind: ItemKind
    text: str
    owner_id: int | None
    owner: str
    due: date | None
    end: ItemEnd | None
    created_by: int

    @property
    def is_open(self) -> bool:
        return self.kind is ItemKind.ACTION and self.end is None


@dataclass(frozen=True)
class Minutes:
    """One date of a meeting. `items` were written on it, `before` is what stands open from earlier ones.

    `notes`: who said it in writing; `blocked`: what has been in somebody's way since before. `starts` is local;
    `writes`: whether I may add to it; `trouble`: why Zoom gave no list of who was there (AttendanceLook).
    """

    meeting: Meeting
    day: date
    starts: datetime
    minutes: int
    organiser: str
    people: Sequence[Invited]
    items: Sequence[Item]
    before: Sequence[Item]
    strangers: Sequence[Stranger]
    trouble: str
    notes: Sequence[Note]
    blocked: Sequence[Note]
    writes: bool
    leads: bool

    @property
    def came(self) -> list[Invited]:
        """Whoever went there, or said it in writing."""
        return [one for one in self.people if one.came or self.wrote(one.id)]

    @property
    def stayed_away(self) -> list[Invited]:
        return [one for one in self.people if not (one.came or one.is_excused or self.wrote(one.id))]

    @property
    def excused(self) -> list[Invited]:
        return [one for one in self.people if one.is_excused and not self.wrote(one.id)]

    def wrote(self, officer_id: int) -> bool:
        return any(note.officer_id == officer_id for note in self.notes)


def minutes(db: Session, me: Viewer, meeting_id: int, day: date) -> Minutes:
    """Load the minutes of a date, in at most eight statements, for whoever was invited on it or sees the meeting."""
    meeting, starts, length, organiser, trouble = _held(db, me, meeting_id, day)
    people = came.people(db, me, meeting_id, starts.astimezone(me.zone))
    invited = me.officer_id in {one.id for one in people}
    if not (
        invited or meeting.created_by == me.account_id or me.sees(officer_id=None, division_id=meeting.division_id)
    ):
        raise Forbidden(_("You are not invited to this meeting."))
    leads = may_change(me, meeting.division_id)
    items = [Item(*row) for row in rows(db, _items(), office=me.office_id, meeting=meeting_id, day=day)]
    return Minutes(
        meeting,
        day,
        starts.astimezone(me.zone),
        length,
        organiser,
        people,
        items,
        _open_before(db, meeting, day),
        came.strangers(db, me.office_id, meeting_id, day),
        trouble,
        *_in_writing(db, meeting, day),
        writes=invited or leads,
        leads=leads,
    )


def _in_writing(db: Session, meeting: Meeting, day: date) -> tuple[list[Note], list[Note]]:
    """Return what was written for that standup, and what has been in somebody's way since an earlier one."""
    if meeting.kind is not MeetingKind.STANDUP:
        return [], []
    return written.at_hand(db, meeting.office_id, meeting.id, day)


def newest(db: Session, me: Viewer, meeting_id: int, today: date) -> date:
    """Return the date whose minutes are asked for when none is named: the last one that has come, or the first."""
    found = db.scalars(
        select(Occurrence.date)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(Meeting.id == meeting_id, Meeting.office_id == me.office_id)
        .where(Occurrence.state == OccurrenceState.PLANNED)
        .order_by(Occurrence.date)
    ).all()
    if not found:
        raise NotFound(_("There is no such meeting on that date."))
    return next((day for day in reversed(found) if day <= today), found[0])


def for_writing(db: Session, me: Viewer, meeting_id: int, day: date) -> Minutes:
    known = minutes(db, me, meeting_id, day)
    if not known.writes:
        raise Forbidden(_("Who is invited writes the minutes."))
    return known


def _held(db: Session, me: Viewer, meeting_id: int, day: date) -> tuple[Meeting, datetime, int, str, str]:
    row = db.execute(
        select(
            Meeting, Occurrence.starts_at, Occurrence.minutes, Officer.name, Account.username, AttendanceLook.trouble
        )
        .join(Occurrence, Occurrence.meeting_id == Meeting.id)
        .join(Account, Account.id == Meeting.created_by)
        .outerjoin(Officer, Officer.id == Account.officer_id)
        .outerjoin(AttendanceLook, (AttendanceLook.meeting_id == Meeting.id) & (AttendanceLook.date == Occurrence.date))
        .where(Meeting.id == meeting_id, Meeting.office_id == me.office_id, Occurrence.date == day)
        .where(Occurrence.state == OccurrenceState.PLANNED)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such meeting on that date."))
    meeting, starts, length, name, username, trouble = row
    return meeting, starts, length, name or username, trouble or ""


def _columns() -> Any:
    owner = aliased(Officer)
    columns: Any = select(
        MeetingItem.id,
        MeetingItem.version,
        MeetingItem.meeting_id,
        Meeting.topic,
        MeetingItem.date,
        MeetingItem.kind,
        MeetingItem.text,
        MeetingItem.owner_id,
        func.coalesce(owner.name, ""),
        MeetingItem.due,
        MeetingItem.end_kind,
        MeetingItem.created_by,
    )
    return columns.join(Meeting, Meeting.id == MeetingItem.meeting_id).outerjoin(
        owner, owner.id == MeetingItem.owner_id
    )


@cache
def _items() -> Any:
    of_day = (MeetingItem.meeting_id == bindparam("meeting"), MeetingItem.date == bindparam("day", type_=Date))
    return _columns().where(*of_day, MeetingItem.office_id == bindparam("office")).order_by(MeetingItem.id)


@cache
def _left_open(*, standup: bool) -> Any:
    """A standup goes through whatever its people have open, from whichever meeting; another one through its own."""
    day, meeting = bindparam("day", type_=Date), bindparam("meeting", type_=BigInteger)
    whose = MeetingItem.meeting_id == meeting
    if standup:
        invited = select(MeetingInvite.officer_id).where(MeetingInvite.meeting_id == meeting, holds_on(day))
        whose = or_(whose, MeetingItem.owner_id.in_(invited))
    return (
        _columns()
        .where(MeetingItem.office_id == bindparam("office"), MeetingItem.owner_id.is_not(None))
        .where(MeetingItem.end_kind.is_(None), whose)
        .where(or_(MeetingItem.date < day, MeetingItem.meeting_id != meeting))
        .order_by(MeetingItem.due.nulls_last(), MeetingItem.id)
    )


def _open_before(db: Session, meeting: Meeting, day: date) -> list[Item]:
    asked = {"meeting": meeting.id, "day": day, "office": meeting.office_id}
    return [Item(*row) for row in rows(db, _left_open(standup=meeting.kind is MeetingKind.STANDUP), **asked)]


@cache
def _open_of() -> Any:
    whose = (MeetingItem.office_id == bindparam("office"), MeetingItem.owner_id == bindparam("officer"))
    return (
        _columns().where(*whose, MeetingItem.end_kind.is_(None)).order_by(MeetingItem.due.nulls_last(), MeetingItem.id)
    )


def ask_open(office_id: int, officer_id: int) -> Ask:
    return Ask(_open_of(), {"office": office_id, "officer": officer_id})


def open_of(db: Session, office_id: int, officer_id: int) -> list[Item]:
    """Return what an officer has promised and not done yet, what is due first on top."""
    return [Item(*row) for row in read(db, ask_open(office_id, officer_id))]


def add(
    db: Session,
    me: Viewer,
    meeting_id: int,
    day: date,
    *,
    kind: ItemKind,
    text: str,
    owner_id: int | None = None,
    due: date | None = None,
    idempotency_key: str,
    now: datetime,
) -> None:
    """Write a decision, or an action and whose it is; a form that is sent again changes nothing."""
    known = for_writing(db, me, meeting_id, day)
    owner_id, due = (owner_id, due) if kind is ItemKind.ACTION else (None, None)
    _refuse(me, known, kind, owner_id, due, now)
    facts = {"office_id": me.office_id, "created_by": me.account_id, "idempotency_key": idempotency_key}
    said = {"meeting_id": meeting_id, "date": day, "kind": kind, "text": text, "owner_id": owner_id, "due": due}
    inserted = insert_unless_there(db, MeetingItem, facts | said | {"version": 1, "created_at": now})
    item = db.scalars(select(MeetingItem).filter_by(**facts)).one()
    if not inserted:
        if (item.meeting_id, item.kind, item.text, item.owner_id) != (meeting_id, kind, text, owner_id):
            raise said_otherwise()
        return
    audit.record(db, me, "meeting.noted", "meeting", meeting_id, now=now, day=day, kind=kind, owner=owner_id)
    if owner_id:
        notify.tell(
            db,
            office_id=me.office_id,
            officers=[owner_id],
            by=me.account_id,
            kind=NoticeKind.ACTION_GIVEN,
            params={"topic": known.meeting.topic, "until": due},
            address=address(meeting_id, day),
            key=f"action:{item.id}",
            subject=Subject("meeting_item", item.id),
            now=now,
        )


def address(meeting_id: int, day: date) -> str:
    return f"/meetings/{meeting_id}/minutes?date={day}"


def _refuse(me: Viewer, known: Minutes, kind: ItemKind, owner_id: int | None, due: date | None, now: datetime) -> None:
    today = clock.local_day(now, me.zone)
    if known.day > today:
        raise Refused(_("The minutes are written from the day of the meeting on."))
    if kind is ItemKind.ACTION and owner_id not in {one.id for one in known.people}:
        raise Refused(_("Choose who does it, of those who are invited."), field="owner")
    if due and not known.day <= due <= today + _FARTHEST:
        raise Refused(_("Choose a date from the meeting on, within a year."), field="due")


def closable(db: Session, me: Viewer, item_id: int) -> tuple[MeetingItem, bool]:
    """Load an entry that I may close, and whether I may strike it out as well.

    Its owner says that it is done, as do whoever wrote it and who leads the meeting; the latter two strike it out.
    """
    found = select(MeetingItem, Meeting.division_id).join(Meeting, Meeting.id == MeetingItem.meeting_id)
    mine = (MeetingItem.id == item_id, MeetingItem.office_id == me.office_id)
    row = db.execute(found.where(*mine)).one_or_none()
    if row is None:
        raise NotFound(_("This entry is not there."))
    item, division_id = row
    author = item.created_by == me.account_id or may_change(me, division_id)
    if not author and (me.officer_id is None or item.owner_id != me.officer_id):
        raise Forbidden(_("Its owner, its author or the head closes this."))
    return item, author


def end(db: Session, me: Viewer, item_id: int, *, how: ItemEnd, seen: int, now: datetime) -> MeetingItem:
    """Close an action as done, or strike out what was written; what has ended so already is left as it is."""
    item, author = closable(db, me, item_id)
    if how is ItemEnd.DROPPED and not author:
        raise Forbidden(_("Its owner, its author or the head closes this."))
    if how is ItemEnd.DONE and item.kind is not ItemKind.ACTION:
        raise Refused(_("A decision is not done; it can be struck out."))
    if item.end_kind is how:
        return item
    write_over(db, MeetingItem, item_id, seen=seen, end_kind=how, ended_by=me.account_id, ended_at=now)
    notify.over(db, Subject("meeting_item", item_id), [NoticeKind.ACTION_GIVEN], now=now)
    audit.record(db, me, "meeting.item_ended", "meeting", item.meeting_id, now=now, item=item_id, how=how)
    return item
