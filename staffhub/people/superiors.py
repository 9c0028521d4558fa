"""The people of whoever leaves get another direct superior, from a day on."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n
from staffhub.db import lock_row
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Officer, Posting, is_in_service, posting_on, serves
from staffhub.people import postings
from staffhub.people.known import Person
from staffhub.security import Viewer

_FARTHEST = timedelta(days=366)


def hand_on_people(db: Session, me: Viewer, person: Person, *, superior_id: int, day: date, now: datetime) -> int:
    """Post everybody who has this person as direct superior under another one; return how many they were.

    The caller holds the lock of the person. Who is chosen from among them gets the superior of the one who leaves. Who
    has another superior by then is not touched, so a second tap moves nobody.
    """
    me.require("people.edit")
    assert person.officer_id is not None  # noqa: S101  loaded by its officer
    _refuse_day(person, day, clock.local_day(now, me.zone))
    _refuse_superior(db, me, person, superior_id, day)
    moved = _below(db, me, person.officer_id, day)
    above = _above(db, me, day)
    _refuse_circle(above, superior_id, moved)
    for officer_id, since in sorted(moved.items()):
        chosen = above.get(person.officer_id) if officer_id == superior_id else superior_id
        lock_row(db, Officer, officer_id)
        changed = {"superior_id": chosen}
        postings.post(db, me.office_id, officer_id, changed, day=since, by=me.account_id, now=now)
        told = audit.changes({"superior_id": person.officer_id}, changed)
        audit.record(db, me, "officer.changed", "officer", officer_id, now=now, changes=told, valid_from=since)
    return len(moved)


def _refuse_day(person: Person, day: date, today: date) -> None:
    """From today on, or from the day after the last one of somebody who has left; no later than a slip of the year."""
    earliest = min(today, person.active_to + timedelta(days=1)) if person.active_to else today
    if day < earliest:
        raise Refused(_("Choose %(day)s or a later day.", day=i18n.day(earliest)), field="valid_from")
    if day > today + _FARTHEST:
        raise Refused(_("Check the year."), field="valid_from")


def _refuse_superior(db: Session, me: Viewer, person: Person, superior_id: int, day: date) -> None:
    row = db.execute(
        select(Officer.name, Officer.active_from, Officer.active_to).where(
            Officer.id == superior_id, Officer.office_id == me.office_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such officer in your office."))
    if superior_id == person.officer_id:
        raise Refused(_("Choose another officer: they have this superior already."), field="superior")
    if not is_in_service(row.active_from, row.active_to, day):
        text = _("%(name)s does not serve on %(day)s.", name=row.name, day=i18n.day(day))
        raise Refused(text, field="superior")


def _below(db: Session, me: Viewer, superior_id: int, day: date) -> dict[int, date]:
    """Whoever has this superior on that day or later, each with the first date from then on."""
    rows = db.execute(
        select(Posting.officer_id, Posting.valid_from)
        .join(Officer, Officer.id == Posting.officer_id)
        .where(
            Posting.office_id == me.office_id,
            Posting.superior_id == superior_id,
            or_(Posting.valid_to.is_(None), Posting.valid_to >= day),
            serves(day, date.max),
        )
        .order_by(Posting.valid_from.desc())
    )
    return {row.officer_id: max(row.valid_from, day) for row in rows}


def _above(db: Session, me: Viewer, day: date) -> dict[int, int | None]:
    rows = db.execute(
        select(Officer.id, Posting.superior_id).join(Posting, posting_on(day)).where(Officer.office_id == me.office_id)
    )
    return {row.id: row.superior_id for row in rows}


def _refuse_circle(above: Mapping[int, int | None], superior_id: int, moved: Mapping[int, date]) -> None:
    """Whoever is chosen may be one of them, but not stand below one of them."""
    seen, at = {superior_id}, above.get(superior_id)
    while at is not None and at not in seen:
        if at in moved and superior_id not in moved:
            raise Refused(_("This goes in a circle: this officer stands above the named superior."), field="superior")
        seen.add(at)
        at = above.get(at)
