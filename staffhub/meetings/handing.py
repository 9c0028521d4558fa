"""Who organises a meeting changes: for whoever leaves or is away somebody else takes it over, with its dates."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import invitations
from staffhub.meetings.plan import may_change
from staffhub.models import (
    Account,
    Meeting,
    MeetingState,
    Occurrence,
    OccurrenceState,
    Officer,
    Posting,
    Role,
    posting_near,
    role_held,
    serves,
)
from staffhub.security import PERMISSIONS, SCOPES, Scope, Viewer


@dataclass(frozen=True)
class _Taker:
    officer_id: int
    account_id: int
    name: str
    role: Role
    division_id: int | None

    def may_change(self, division_id: int | None) -> bool:
        own = division_id is not None and division_id == self.division_id
        return SCOPES[self.role] is Scope.OFFICE or own


def hand_on(db: Session, me: Viewer, *, giver_id: int, taker_id: int, since: date, now: datetime) -> int:
    """Let another officer organise what one organises from a day on, as far as it is mine to change.

    The meetings, their dates and everybody's way in stay; the new organiser gets one, too. Return how many went: what
    went before or was cancelled is not touched, so a second tap moves nothing.
    """
    me.require("meetings.schedule")
    taker = _taker(db, me, taker_id, since)
    if giver_id == taker_id:
        raise Refused(_("Choose another officer: these meetings are theirs already."), field="officer")
    mine = [meeting for meeting in _organised(db, me, giver_id, since) if may_change(me, meeting.division_id)]
    for meeting in mine:
        if not taker.may_change(meeting.division_id):
            raise Refused(_("%(name)s may not change meetings of that division.", name=taker.name), field="officer")
        before, meeting.created_by = meeting.created_by, taker.account_id
        meeting.version += 1
        invitations.welcome(db, meeting, taker.officer_id, today=clock.local_day(now, me.zone))
        facts = {"before": before, "after": taker.account_id}
        audit.record(db, me, "meeting.handed_on", "meeting", meeting.id, now=now, **facts)
    db.flush()
    return len(mine)


def _organised(db: Session, me: Viewer, giver_id: int, since: date) -> list[Meeting]:
    """Lock what is still to come; two who hand it on at once take turns, and the second finds nothing."""
    of_giver = select(Account.id).where(Account.office_id == me.office_id, Account.officer_id == giver_id)
    theirs = (Meeting.created_by == of_giver.scalar_subquery(), Meeting.state != MeetingState.CANCELLED)
    # By their dates first: an office has many meetings that are over, and few to come.
    ahead = (
        select(Occurrence.meeting_id)
        .join(Meeting, Meeting.id == Occurrence.meeting_id)
        .where(
            Occurrence.office_id == me.office_id,
            Occurrence.date >= since,
            Occurrence.state == OccurrenceState.PLANNED,
            *theirs,
        )
        .distinct()
    )
    found: list[Meeting] = []
    for meeting_id in sorted(db.scalars(ahead)):
        wanted = select(Meeting).where(Meeting.id == meeting_id, Meeting.office_id == me.office_id, *theirs)
        locked = wanted.with_for_update().execution_options(populate_existing=True)
        found += db.scalars(locked)
    return found


def _taker(db: Session, me: Viewer, officer_id: int, since: date) -> _Taker:
    row = db.execute(
        select(
            Officer.id,
            Account.id.label("account_id"),
            Officer.name,
            role_held().label("role"),
            Posting.division_id,
            Account.disabled_at,
            serves(since, since).label("serves"),
        )
        .select_from(Officer)
        .outerjoin(Account, Account.officer_id == Officer.id)
        .outerjoin(Posting, posting_near(since))
        .where(Officer.id == officer_id, Officer.office_id == me.office_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    if row.account_id is None or row.disabled_at or not row.serves or row.role not in PERMISSIONS["meetings.schedule"]:
        raise Refused(_("%(name)s may not schedule meetings then.", name=row.name), field="officer")
    return _Taker(row.id, row.account_id, row.name, row.role, row.division_id)
