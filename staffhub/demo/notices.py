"""What the demo's people were told: whoever's day was corrected; the last of it they have not read yet."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.models import Correction, Notice, NoticeKind

_UNREAD = timedelta(days=16)


def write(db: Session, office_id: int, *, now: datetime) -> None:
    facts = select(Correction.officer_id, Correction.date, Correction.created_by, Correction.created_at)
    for officer_id, day, by, at in db.execute(facts.where(Correction.office_id == office_id).order_by(Correction.id)):
        notify.tell(
            db,
            office_id=office_id,
            officers=[officer_id],
            by=by,
            kind=NoticeKind.CORRECTION_DECIDED,
            params={"what": "entered", "day": day},
            address=f"/attendance/{officer_id}/{day}",
            key=f"correction:{officer_id}:{day}",
            now=at,
        )
    old = (Notice.office_id == office_id, Notice.created_at < now - _UNREAD)
    db.execute(update(Notice).where(*old).values(read_at=now))
