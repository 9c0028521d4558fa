"""The holidays of the office: seeded from the public list, then the office's own to add and remove."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version

import sqlalchemy as sa
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import insert_unless_there
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Holiday, HolidayKind, PlanEntry, PlanGrant, PlanMode
from staffhub.security import Viewer

_BUILT_IN = "holidays "  # what the source of a seeded holiday begins with: the library's name and version


def is_built_in(source: str) -> bool:
    return source.startswith(_BUILT_IN)


def seed_holidays(db: Session, office_id: int, years: Iterable[int], *, now: datetime) -> int:
    """Add the public holidays and collective leave days of Indonesia of years not seeded before; return how many.

    Source: the `holidays` library, whose category "government" holds the collective leave of the yearly ministers'
    decree. From then on a year belongs to the office, since the list changes within it: what is removed stays away.
    """
    rows = db.execute(select(Holiday.date, Holiday.source).where(Holiday.office_id == office_id)).all()
    there = {row.date for row in rows}
    years = set(years) - {row.date.year for row in rows if is_built_in(row.source)}
    if not years:
        return 0
    import holidays as public_holidays  # once a year, and 4 MB of a worker

    source = f"{_BUILT_IN}{version('holidays')}"
    added = 0
    for category, kind in ((public_holidays.PUBLIC, HolidayKind.NATIONAL), ("government", HolidayKind.COLLECTIVE)):
        found = public_holidays.country_holidays("ID", years=sorted(years), categories=(category,), language="id")
        for day, name in sorted(found.items()):
            if day not in there:
                db.add(Holiday(office_id=office_id, date=day, name=name[:160], kind=kind, source=source))
                there.add(day)
                added += 1
    if added:
        db.flush()
        audit.record(db, None, "holidays.seeded", "office", office_id, now=now, office_id=office_id, added=added)
    return added


@dataclass(frozen=True)
class HolidayLine:
    """One holiday in the editable table; `leave` and `duty`: how many people have leave or work planned on it."""

    id: int
    date: date
    name: str
    kind: HolidayKind
    source: str
    leave: int
    duty: int


@dataclass(frozen=True)
class Touched:
    """How many people's leave and planned work a date meets."""

    leave: int = 0
    duty: int = 0


def _planned(office_id: int, dates: sa.Select[date] | list[date]) -> sa.Subquery:
    """People with leave and with planned work, by date."""
    leave = PlanGrant.mode == PlanMode.LEAVE
    return (
        select(
            PlanEntry.date,
            sa.func.count(sa.distinct(sa.case((leave, PlanEntry.officer_id)))).label("leave"),
            sa.func.count(sa.distinct(sa.case((~leave, PlanEntry.officer_id)))).label("duty"),
        )
        .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
        .where(PlanEntry.office_id == office_id, PlanEntry.date.in_(dates))
        .group_by(PlanEntry.date)
        .subquery()
    )


def holidays_of(db: Session, me: Viewer, year: int) -> list[HolidayLine]:
    me.require("holidays.edit")
    first, last = date(year, 1, 1), date(year, 12, 31)
    # Only those dates are read, not the plan of a whole year.
    dates = select(Holiday.date).where(Holiday.office_id == me.office_id, Holiday.date.between(first, last))
    planned = _planned(me.office_id, dates)
    counts = (sa.func.coalesce(planned.c.leave, 0), sa.func.coalesce(planned.c.duty, 0))
    of_year = (
        select(Holiday.id, Holiday.date, Holiday.name, Holiday.kind, Holiday.source, *counts)
        .outerjoin(planned, planned.c.date == Holiday.date)
        .where(Holiday.office_id == me.office_id, Holiday.date.between(first, last))
    )
    return [HolidayLine(*row) for row in db.execute(of_year.order_by(Holiday.date))]


def touched(db: Session, me: Viewer, day: date) -> Touched:
    """Return whose plans meet a date, be it a holiday or one no longer."""
    planned = _planned(me.office_id, [day])
    row = db.execute(select(planned.c.leave, planned.c.duty)).one_or_none()
    return Touched(*row) if row else Touched()


def add_holiday(
    db: Session, me: Viewer, *, day: date, name: str, kind: HolidayKind, source: str, now: datetime
) -> bool:
    """Add a holiday; False when the same one is there already. Days that were computed before follow the new table."""
    me.require("holidays.edit")
    values = {"office_id": me.office_id, "date": day, "name": name, "kind": kind, "source": source}
    if not insert_unless_there(db, Holiday, values):
        there = db.scalars(select(Holiday.name).where(Holiday.office_id == me.office_id, Holiday.date == day)).one()
        if there == name:
            return False
        raise Refused(_("%(name)s is on this date already. Remove it first.", name=there), field="date")
    audit.record(db, me, "holiday.added", "office", me.office_id, now=now, after=values)
    return True


def remove_holiday(db: Session, me: Viewer, holiday_id: int, *, now: datetime) -> tuple[date, str]:
    """Make the date a working day again, as when the yearly decree is changed; return the date and the name."""
    me.require("holidays.edit")
    gone = db.execute(
        delete(Holiday)
        .where(Holiday.office_id == me.office_id, Holiday.id == holiday_id)
        .returning(Holiday.date, Holiday.name, Holiday.kind, Holiday.source)
    ).one_or_none()
    if gone is None:
        raise NotFound(_("This holiday is gone already."))
    audit.record(db, me, "holiday.removed", "office", me.office_id, now=now, before=dict(gone._mapping))  # noqa: SLF001
    return gone.date, gone.name
