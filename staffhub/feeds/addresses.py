"""The secret address of a calendar: made, renewed and ended by whoever reads it, and closed with the account."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from staffhub import audit, office, security
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import Account, CalendarFeed
from staffhub.security import Viewer


@dataclass(frozen=True)
class Address:
    """A calendar that an account may read. `token` None: no program reads it yet; `division` "": the own one."""

    division_id: int | None
    division: str
    id: int | None
    token: str | None


@dataclass(frozen=True)
class Held:
    """Who reads by a token, in which language (None: that of the server), and what of."""

    viewer: Viewer
    locale: str | None
    division_id: int | None


def addresses(db: Session, me: Viewer) -> list[Address]:
    """Return what I may read: my own calendar first, if I serve, then those of bidang."""
    mine = select(CalendarFeed.division_id, CalendarFeed.id, CalendarFeed.token).where(*_mine(me))
    found = {row.division_id: row for row in db.execute(mine)}
    named: dict[int | None, str] = {None: ""} if me.officer_id is not None else {}
    named |= {one.id: one.short_name for one in office.divisions(db, me.office_id).values() if _may(db, me, one.id)}
    return [
        Address(division_id, name, row.id if row else None, row.token if row else None)
        for division_id, name in named.items()
        for row in [found.get(division_id)]
    ]


def _mine(me: Viewer) -> tuple[ColumnElement[bool], ...]:
    return CalendarFeed.office_id == me.office_id, CalendarFeed.account_id == me.account_id


def _may(db: Session, me: Viewer, division_id: int | None) -> bool:
    """Say whether that calendar is for this account; standups and turns of a bidang are for all who serve in it."""
    if division_id is None:
        return me.officer_id is not None
    own = me.sees_everyone or me.division_id == division_id
    return own and division_id in office.divisions(db, me.office_id)


def renew(db: Session, me: Viewer, *, division_id: int | None, now: datetime) -> str:
    """Make an address, and end the one before: whoever had it reads no more. Return its token."""
    if not _may(db, me, division_id):
        raise Forbidden(_("This calendar is not open to you."))
    # Two presses at once, one after the other: the later one is what holds.
    db.scalar(select(Account.id).where(Account.id == me.account_id).with_for_update())
    db.execute(delete(CalendarFeed).where(*_mine(me), CalendarFeed.division_id.is_not_distinct_from(division_id)))
    token = secrets.token_urlsafe(32)
    facts = {"office_id": me.office_id, "account_id": me.account_id, "division_id": division_id}
    db.add(CalendarFeed(**facts, token=token, created_at=now))
    db.flush()
    audit.record(db, me, "calendar.renewed", "account", me.account_id, now=now, division=division_id)
    return token


def end(db: Session, me: Viewer, feed_id: int, *, now: datetime) -> None:
    """Nobody reads at this address any more; one that has ended is no mistake."""
    ended = db.execute(
        delete(CalendarFeed).where(*_mine(me), CalendarFeed.id == feed_id).returning(CalendarFeed.division_id)
    ).one_or_none()
    if ended:
        audit.record(db, me, "calendar.ended", "account", me.account_id, now=now, division=ended.division_id)


def address_for(base_url: str, one: Address) -> str:
    return f"{base_url.rstrip('/')}/calendar/{one.token}.ics"


def held(db: Session, token: str, *, now: datetime) -> Held:
    """Return who reads by this token; NotFound when it was never given, was ended, or its account may not read it."""
    query = select(CalendarFeed.account_id, CalendarFeed.division_id, Account.locale)
    row = db.execute(
        query.join(Account, Account.id == CalendarFeed.account_id).where(CalendarFeed.token == token)
    ).one_or_none()
    viewer = security.viewer_for(db, row.account_id, now=now) if row else None
    if row is None or viewer is None or not _may(db, viewer, row.division_id):
        raise NotFound
    return Held(viewer, row.locale, row.division_id)
