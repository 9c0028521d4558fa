"""Who came to a date of a meeting, as its page shows it; who is in it without a name, and who says whose that is."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, case, select, union
from sqlalchemy.orm import Session

from staffhub import audit, workdays
from staffhub.db import insert_unless_there, rows
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import attendance, plan
from staffhub.meetings.invitations import holds_on
from staffhub.models import (
    Attendance,
    DayPart,
    JoinClick,
    MeetingInvite,
    Occurrence,
    Officer,
    PlanEntry,
    PlanGrant,
    PlanMode,
    Sign,
    StandupNote,
    ZoomPerson,
)
from staffhub.security import Viewer
from staffhub.workdays import PRECEDENCE

AWAY = (PlanMode.LEAVE, PlanMode.FIELD)


class Invited(NamedTuple):
    """`clicked`: when the person went there through the own way in; the rest is what Zoom saw, `sign` by what the
    person was recognised; `plan`: what was granted for that date, `part`: for half of it. All times UTC.
    """

    id: int
    name: str
    clicked: datetime | None
    joined: datetime | None = None
    seconds: int | None = None
    sign: Sign | None = None
    plan: PlanMode | None = None
    part: DayPart | None = None

    @property
    def came(self) -> datetime | None:
        return min((at for at in (self.clicked, self.joined) if at), default=None)

    @property
    def minutes(self) -> int | None:
        return None if self.seconds is None else round(self.seconds / 60)

    @property
    def is_likely(self) -> bool:
        """Recognised by what could be somebody else's."""
        return self.sign in (Sign.CLICK, Sign.NAME) and not self.clicked

    @property
    def is_excused(self) -> bool:
        return self.came is None and self.plan in AWAY

    def late(self, starts: datetime) -> int:
        """Return by how many whole minutes, 0: not."""
        return max(0, int((self.came - starts).total_seconds()) // 60) if self.came else 0


class Stranger(NamedTuple):
    """Somebody in the meeting of whom nobody knows who it is."""

    person: str
    name: str
    joined: datetime
    seconds: int


def known(day: Any, *, dates: bool = False) -> Any:
    """Select what is known of those who are invited on a date, in the order of `Invited`; `dates`: with their dates."""
    mine = (JoinClick.meeting_id == MeetingInvite.meeting_id, JoinClick.officer_id == Officer.id)
    clicked = select(JoinClick.at).where(*mine, JoinClick.date == day).order_by(JoinClick.at).limit(1)
    height = case({layer: place for place, layer in enumerate(PRECEDENCE)}, value=PlanEntry.layer)
    granted = [
        select(column)
        .join(PlanEntry, PlanEntry.grant_id == PlanGrant.id)
        .where(PlanEntry.office_id == Officer.office_id, PlanEntry.officer_id == Officer.id, PlanEntry.date == day)
        .order_by(height)
        .limit(1)
        .scalar_subquery()
        for column in (PlanGrant.mode, PlanGrant.part)
    ]
    seen = (Attendance.officer_id == Officer.id) & (Attendance.date == day)
    columns: Any = select(
        Officer.id, Officer.name, clicked.scalar_subquery(), Attendance.joined_at, Attendance.seconds, Attendance.sign,
        *granted,
    )  # fmt: skip
    invited = columns.join(MeetingInvite, MeetingInvite.officer_id == Officer.id)
    if dates:
        invited = invited.join(Occurrence, Occurrence.meeting_id == MeetingInvite.meeting_id)
    there = seen & (Attendance.meeting_id == MeetingInvite.meeting_id)
    return invited.outerjoin(Attendance, there).where(holds_on(day))


@cache
def _people() -> Any:
    asked = known(bindparam("day", type_=Date))
    return asked.where(MeetingInvite.meeting_id == bindparam("meeting")).order_by(Officer.name, Officer.id)


def people(db: Session, me: Viewer, meeting_id: int, starts: datetime) -> list[Invited]:
    """Return who is invited to a date that begins then, in local time."""
    found = rows(db, _people(), meeting=meeting_id, day=starts.date())
    return [at_that_hour(db, me.office_id, Invited(*row), starts) for row in found]


def at_that_hour(db: Session, office_id: int, who: Invited, starts: datetime) -> Invited:
    """Half a day of leave excuses from what is held in that half alone; `starts` is local."""
    if who.part is None:
        return who
    day = starts.date()
    expected = workdays.plans(db, office_id, day, day, officers=[who.id]).of(who.id, day)
    return who if is_away(expected, starts) else who._replace(plan=None)


def is_away(expected: workdays.Plan, starts: datetime) -> bool:
    return expected.is_leave(starts.time()) or expected.mode in AWAY


@cache
def _seen() -> Any:
    meetings: Any = bindparam("meetings", expanding=True)
    office: Any = bindparam("office")
    days = bindparam("first", type_=Date), bindparam("last", type_=Date)
    return union(
        *(
            select(table.meeting_id, table.date, table.officer_id).where(
                table.meeting_id.in_(meetings), table.office_id == office, table.date.between(*days)
            )
            for table in (JoinClick, StandupNote)
        ),
        select(Attendance.meeting_id, Attendance.date, Attendance.officer_id).where(
            Attendance.meeting_id.in_(meetings),
            Attendance.office_id == office,
            Attendance.date.between(*days),
            Attendance.officer_id.is_not(None),
        ),
    )


def seen(
    db: Session, office_id: int, meetings: Collection[int], first: date, last: date
) -> dict[tuple[int, date], set[int]]:
    """Return the officers who went to each date of some meetings, or said it in writing."""
    found: dict[tuple[int, date], set[int]] = defaultdict(set)
    if meetings:
        asked = {"office": office_id, "meetings": sorted(meetings), "first": first, "last": last}
        for meeting_id, day, officer_id in rows(db, _seen(), **asked):
            found[meeting_id, day].add(officer_id)
    return found


_STRANGERS: Any = (
    select(Attendance.person, Attendance.name, Attendance.joined_at, Attendance.seconds)
    .where(Attendance.meeting_id == bindparam("meeting"), Attendance.date == bindparam("day", type_=Date))
    .where(Attendance.office_id == bindparam("office"), Attendance.officer_id.is_(None), Attendance.sign == Sign.NONE)
    .order_by(Attendance.joined_at, Attendance.id)
)


def strangers(db: Session, office_id: int, meeting_id: int, day: date) -> list[Stranger]:
    return [Stranger(*row) for row in rows(db, _STRANGERS, office=office_id, meeting=meeting_id, day=day)]


def say_who(
    db: Session, me: Viewer, meeting_id: int, day: date, *, person: str, officer_id: int | None, now: datetime
) -> None:
    """Note whose account, address or name in Zoom this is, None: nobody's of the office; it is remembered.

    What was said last holds.
    """
    plan.own_meeting(db, me, meeting_id)
    there = (Attendance.meeting_id == meeting_id, Attendance.date == day, Attendance.person == person)
    invited = select(MeetingInvite.id).where(MeetingInvite.meeting_id == meeting_id, holds_on(day))
    if officer_id and db.scalar(invited.where(MeetingInvite.officer_id == officer_id)) is None:
        raise Refused(_("Choose somebody who is invited."), field="officer")
    if db.scalar(select(Attendance.id).where(*there, Attendance.officer_id.is_(None))) is None:
        return  # told already, perhaps in another tab
    said = {"officer_id": officer_id, "said_by": me.account_id, "said_at": now}
    mine = {"office_id": me.office_id, "identity": person}
    if not insert_unless_there(db, ZoomPerson, mine | said):
        row = db.scalars(select(ZoomPerson).filter_by(**mine)).one()
        row.officer_id, row.said_by, row.said_at = officer_id, me.account_id, now
    audit.record(db, me, "meeting.recognised", "meeting", meeting_id, now=now, day=day, officer=officer_id)
    held = db.scalars(select(Occurrence).filter_by(meeting_id=meeting_id, date=day)).one()
    db.flush()
    attendance.work_out(db, attendance.Held(me.office_id, meeting_id, day, held.starts_at, held.minutes, 0))
