"""Places with a screen: HR makes one, hands its address to the screen, and ends it, which ends its codes at once."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import insert_unless_there, rows
from staffhub.doors.codes import code_at, seconds_left, window_at
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import Account, Office, Officer, Place
from staffhub.security import Viewer


def make(db: Session, me: Viewer, *, name: str, idempotency_key: str, now: datetime) -> int:
    """Make a place; the same press again returns the same one."""
    me.require("places")
    facts = {"office_id": me.office_id, "name": name, "made_by": me.account_id, "made_at": now}
    # 256 bits each: neither is found by trying, and nobody who knows one knows the other.
    facts |= {"token": secrets.token_urlsafe(32), "key": secrets.token_hex(32), "idempotency_key": idempotency_key}
    is_new = insert_unless_there(db, Place, facts)
    pressed = select(Place.id).where(Place.office_id == me.office_id, Place.idempotency_key == idempotency_key)
    place_id = db.scalars(pressed).one()
    if is_new:
        audit.record(db, me, "place.made", "place", place_id, now=now, name=name)
    return place_id


def end(db: Session, me: Viewer, place_id: int, *, now: datetime) -> str:
    """Let its codes be worth nothing from now on; one that was ended stays as it was. Return its name."""
    me.require("places")
    place = one(db, me, place_id)
    going = update(Place).where(Place.id == place.id, Place.office_id == me.office_id, Place.ended_at.is_(None))
    if db.scalar(going.values(ended_at=now, ended_by=me.account_id).returning(Place.id)):
        audit.record(db, me, "place.ended", "place", place.id, now=now, name=place.name)
    return place.name


class Shown(NamedTuple):
    """A place as HR sees it; `by` made it, times are local."""

    id: int
    name: str
    token: str
    by: str
    made_at: datetime
    ended_at: datetime | None


_LISTED = (
    select(
        Place.id, Place.name, Place.token, Account.name, Account.username, Officer.name, Place.made_at, Place.ended_at
    )
    .join(Account, Account.id == Place.made_by)
    .outerjoin(Officer, Officer.id == Account.officer_id)
    .where(Place.office_id == bindparam("office"))
    .order_by(Place.ended_at.is_not(None), Place.name, Place.id)
)


def listing(db: Session, me: Viewer) -> list[Shown]:
    """Return the places of the office, those that show codes first."""
    me.require("places")
    return [
        Shown(
            id_,
            name,
            token,
            officer or account or username,
            made.astimezone(me.zone),
            ended and ended.astimezone(me.zone),
        )
        for id_, name, token, account, username, officer, made, ended in rows(db, _LISTED, office=me.office_id)
    ]


def one(db: Session, me: Viewer, place_id: int) -> Shown:
    found = next((place for place in listing(db, me) if place.id == place_id), None)
    if found is None:
        raise NotFound(_("There is no such place in your office."))
    return found


@dataclass(frozen=True)
class Kiosk:
    """What a screen shows at a moment, and nobody's data. `code` None: its place was ended.

    `left`: seconds until the code turns; `now` is local to the office.
    """

    office: str
    place: str
    now: datetime
    left: float
    code: str | None


_KIOSK = (
    select(Place.id, Place.office_id, Place.name, Place.key, Place.ended_at, Office.name, Office.timezone)
    .join(Office, Office.id == Place.office_id)
    .where(Place.token == bindparam("token"))
)


def kiosk(db: Session, token: str, *, now: datetime) -> Kiosk:
    """Say what the screen at this address shows; nobody signs in for it, the address is the key."""
    row = rows(db, _KIOSK, token=token).one_or_none()
    if row is None:
        raise NotFound(_("No screen of an office has this address. Copy it once more from the list of places."))
    place_id, office_id, name, key, ended, office, zone = row
    code = None if ended else code_at(key, office_id, place_id, window_at(now))
    return Kiosk(office, name, now.astimezone(ZoneInfo(zone)), seconds_left(now), code)
