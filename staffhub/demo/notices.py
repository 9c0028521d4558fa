"""What the demo's people were told: whoever's day was corrected; the last of it they have not read yet."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from staffhub import notify
from staffhub.models import Correction, Notice, NoticeKind

_UNREAD = timedelta(days=16)


def write(db: Session, office_id: int, *, now: datetime) -> None:
    columns = (Correction.officer_id, Correction.date, Correction.created_by, Correction.created_at)
    facts = select(*columns, Correction.idempotency_key).where(Correction.request_id.is_(None))
    for officer_id, day, by, at, key in db.execute(
        facts.where(Correction.office_id == office_id).order_by(Correction.id)
    ):
        notify.tell(
            db,
            office_id=office_id,
            officers=[officer_id],
            by=by,
            kind=NoticeKind.CORRECTION_DECIDED,
            params={"what": "entered", "day": day},
            address=f"/attendance/{officer_id}/{day}",
            key=f"corrected:{key}",
            now=at,
        )
    old = (Notice.office_id == office_id, Notice.created_at < now - _UNREAD)
    db.execute(update(Notice).where(*old).values(read_at=now))
