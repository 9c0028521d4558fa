"""Receipts of marks: found by the code that is read aloud."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import (
    GRADED,
    NOTED,
    Grade,
    Mark,
    MarkDevice,
    MarkKind,
    MarkProof,
    Officer,
    Place,
    Posting,
    UserSession,
    WorkMode,
    posting_on,
    receipt_code,
)
from staffhub.security import Viewer


def plain(code: str) -> str:
    return code.upper().replace("-", "")


@dataclass(frozen=True)
class Receipt:
    """`at` and `received_at` are local to the office."""

    code: str
    officer_id: int
    name: str
    day: date
    kind: MarkKind
    mode: WorkMode | None
    note: str
    method: str
    grade: Grade
    at: datetime
    received_at: datetime
    # Where the code was shown that proves it, and when it was given.
    place: str | None
    proven_at: datetime | None
    # What the browser said of itself in that session, as long as it is kept.
    agent: str | None


def receipt_for(db: Session, me: Viewer, code: str) -> Receipt:
    """Load a receipt that I may see: mine, or of somebody in my scope."""
    wanted = plain(code)
    row = db.execute(
        select(
            Mark,
            NOTED,
            GRADED,
            Officer.name,
            Posting.division_id,
            Place.name,
            MarkProof.created_at,
            UserSession.user_agent,
        )
        .join(Officer, Officer.id == Mark.officer_id)
        .outerjoin(Posting, posting_on(Mark.date))
        .outerjoin(MarkProof, MarkProof.mark_id == Mark.id)
        .outerjoin(Place, Place.id == MarkProof.place_id)
        .outerjoin(MarkDevice, MarkDevice.mark_id == Mark.id)
        .outerjoin(UserSession, UserSession.id == MarkDevice.session_id)
        .where(Mark.office_id == me.office_id, Mark.receipt == wanted)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no receipt with this code."))
    mark, note, grade, name, division_id, place, proven_at, agent = row
    if not me.sees(officer_id=mark.officer_id, division_id=division_id):
        raise Forbidden(_("This receipt belongs to somebody outside your scope."))
    return Receipt(
        receipt_code(wanted),
        mark.officer_id,
        name,
        mark.date,
        mark.kind,
        mark.mode,
        note,
        mark.method,
        grade,
        mark.attempted_at.astimezone(me.zone),
        mark.received_at.astimezone(me.zone),
        place,
        proven_at and proven_at.astimezone(me.zone),
        agent,
    )
