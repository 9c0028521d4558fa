"""Who is invited, each with an own way in; a series follows its audience from day to day."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from staffhub import audit, workdays
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.meetings.audience import Audience, resolve, roll
from staffhub.models import Account, Meeting, MeetingInvite, MeetingState, Occurrence, PlanMode
from staffhub.security import Viewer


def holds_on(day: date | SQLColumnExpression[date]) -> ColumnElement[bool]:
    """Whether an invitation is for that date."""
    return and_(
        or_(MeetingInvite.first_on.is_(None), MeetingInvite.first_on <= day),
        or_(MeetingInvite.last_on.is_(None), MeetingInvite.last_on >= day),
    )


def expected(db: Session, office_id: int, meeting_id: int, day: date) -> list[int]:
    """Return the officers who are invited to a date and not away on it."""
    invited = select(MeetingInvite.officer_id).where(MeetingInvite.meeting_id == meeting_id, holds_on(day))
    return not_away(db, office_id, day, db.scalars(invited).all())


def not_away(db: Session, office_id: int, day: date, officers: Collection[int]) -> list[int]:
    """Leave out who is on leave, or excused by an exemption: nobody is told of work on such a day."""
    book = workdays.plans(db, office_id, day, day, officers=officers)
    plans = {officer: book.of(officer, day) for officer in officers}
    free = {"holiday", "weekend"}  # whoever is invited on such a day is meant
    return [
        one for one, plan in plans.items() if plan.mode is not PlanMode.LEAVE and (plan.mode or plan.source in free)
    ]


def guests(db: Session, me: Viewer, audience: Audience, organiser: int, day: date) -> set[int]:
    """Whoever schedules a meeting holds it, and needs a way in as well, as long as they serve."""
    chosen = resolve(db, me, audience, day=day)
    if not chosen:
        raise Refused(_("Choose who is invited: a division or at least one person."), field="division")
    own = db.scalar(select(Account.officer_id).where(Account.id == organiser))
    return chosen | ({own} & {*roll(db, me.office_id, day).divisions} if own else set())


def invite(
    db: Session, office_id: int, meeting_id: int, officers: Iterable[int], *, first_on: date | None = None
) -> None:
    facts = {"office_id": office_id, "meeting_id": meeting_id, "first_on": first_on}
    rows = [facts | {"officer_id": one, "token": secrets.token_urlsafe(16)} for one in sorted(officers)]
    if rows:
        db.execute(insert(MeetingInvite), rows)


class Anew(NamedTuple):
    """The officers who are invited by an edit and were not before, and who no longer are."""

    came: set[int]
    left: set[int]


def invite_anew(db: Session, meeting: Meeting, wanted: set[int], *, today: date) -> Anew:
    """Who stays keeps the way in; dates that were held keep those who were invited to them."""
    of_this = MeetingInvite.meeting_id == meeting.id
    rows = db.execute(select(MeetingInvite.officer_id, MeetingInvite.last_on).where(of_this))
    there = {row.officer_id: row.last_on for row in rows}
    open_ones = {officer_id for officer_id, last_on in there.items() if last_on is None}
    held = meeting.starts_on < today
    if held:
        _until(db, meeting.id, open_ones - wanted, today - timedelta(days=1))
    else:
        db.execute(delete(MeetingInvite).where(of_this, MeetingInvite.officer_id.in_(open_ones - wanted)))
    _until(db, meeting.id, (wanted & {*there}) - open_ones, None)
    invite(db, meeting.office_id, meeting.id, wanted - {*there}, first_on=today if held else None)
    return Anew(wanted - open_ones, open_ones - wanted)


def welcome(db: Session, meeting: Meeting, officer_id: int, *, today: date) -> None:
    """Give a way in to one more person, from today on where dates were held before; who has one keeps it."""
    of_this = (MeetingInvite.meeting_id == meeting.id, MeetingInvite.officer_id == officer_id)
    there = db.execute(select(MeetingInvite.last_on).where(*of_this)).one_or_none()
    if there is None:
        held = meeting.starts_on < today
        invite(db, meeting.office_id, meeting.id, {officer_id}, first_on=today if held else None)
    elif there.last_on is not None:
        _until(db, meeting.id, {officer_id}, None)


def follow(db: Session, office_id: int, day: date, *, now: datetime) -> int:
    """Bring the invitations of what is still to come to whom each audience stands for on `day`; return the changes.

    Whoever has left or moved to another division is invited until the day before, whoever has come from `day` on.
    """
    ahead = select(Occurrence.meeting_id).where(Occurrence.office_id == office_id, Occurrence.date >= day)
    meetings = db.execute(
        select(Meeting.id, Meeting.audience, Account.officer_id)
        .join(Account, Account.id == Meeting.created_by)
        .where(Meeting.id.in_(ahead), Meeting.office_id == office_id, Meeting.state != MeetingState.CANCELLED)
        .order_by(Meeting.id)
    ).all()
    invites: dict[int, dict[int, date | None]] = defaultdict(dict)
    ours = MeetingInvite.meeting_id.in_([row.id for row in meetings])
    for row in db.execute(
        select(MeetingInvite.meeting_id, MeetingInvite.officer_id, MeetingInvite.last_on).where(ours)
    ):
        invites[row.meeting_id][row.officer_id] = row.last_on
    serving, changed = roll(db, office_id, day), 0
    for meeting in meetings:
        there = invites[meeting.id]
        wanted = serving.of(Audience.read(meeting.audience)) | ({meeting.officer_id} & {*serving.divisions})
        open_ones = {officer_id for officer_id, last_on in there.items() if last_on is None}
        gone, back, new = open_ones - wanted, (wanted & {*there}) - open_ones, wanted - {*there}
        _until(db, meeting.id, gone, day - timedelta(days=1))
        _until(db, meeting.id, back, None)
        invite(db, office_id, meeting.id, new, first_on=day)
        if moved := len(gone) + len(back) + len(new):
            facts = {"left": len(gone), "came": len(back) + len(new)}
            audit.record(db, None, "meeting.followed", "meeting", meeting.id, now=now, office_id=office_id, **facts)
            changed += moved
    return changed


def _until(db: Session, meeting_id: int, officers: set[int], last_on: date | None) -> None:
    if officers:
        these = (MeetingInvite.meeting_id == meeting_id, MeetingInvite.officer_id.in_(officers))
        db.execute(update(MeetingInvite).where(*these).values(last_on=last_on))
