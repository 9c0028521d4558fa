"""What the office offers its citizens: kinds of service by bidang, each with what it asks for, kept by its head."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from staffhub import audit, office
from staffhub.db import lock_row, write_over
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Appointment, LogEntry, LogTemplate, Office, ServiceRequest, ServiceType
from staffhub.office import Service
from staffhub.security import Viewer

_CODE = 40  # characters


@dataclass(frozen=True)
class Wish:
    """What a head writes of a service. `days` or `hours`: working time promised; `papers`: a line for each.

    `quota`: the most appointments a day; `minutes`: the length of one, in steps of SLOT_STEP; None: not set.
    """

    name: str
    name_en: str
    needs_presence: bool
    days: int | None
    papers: str
    quota: int | None = None
    minutes: int | None = None
    hours: int | None = None

    def refuse_both(self) -> None:
        if self.days is not None and self.hours is not None:
            raise Refused(_("Promise working days or working hours, not both."), field="hours")

    def values(self) -> dict[str, Any]:
        papers = "\n".join(line.strip() for line in self.papers.splitlines() if line.strip())
        return {
            "name": self.name,
            "name_en": self.name_en or self.name,
            "needs_presence": self.needs_presence,
            "service_days": self.days,
            "service_hours": self.hours,
            "papers": papers,
            "daily_quota": self.quota,
            "slot_minutes": self.minutes,
        }


@dataclass(frozen=True)
class Kept:
    """A service as the catalogue shows it to a viewer; `mine`: it is the viewer's to change."""

    service: Service
    division: str
    mine: bool


def may_keep(me: Viewer, division_id: int) -> bool:
    return me.may("services.edit") and me.sees(officer_id=None, division_id=division_id)


def divisions_to_keep(db: Session, me: Viewer) -> list[tuple[int, str]]:
    """Return the bidang whose services the viewer keeps."""
    return [(one.id, one.name) for one in office.divisions(db, me.office_id).values() if may_keep(me, one.id)]


def everything(db: Session, me: Viewer) -> list[tuple[str, list[Kept]]]:
    """Return the services by bidang, in the order of the office, those that ended last."""
    me.require("requests")
    found = [_kept(db, me, one) for one in office.services(db, me.office_id).values()]
    return [
        (bidang.name, sorted((one for one in found if one.service.division_id == bidang.id), key=_ended))
        for bidang in office.divisions(db, me.office_id).values()
    ]


def _ended(one: Kept) -> bool:
    return one.service.ended


def _kept(db: Session, me: Viewer, service: Service) -> Kept:
    division = office.divisions(db, me.office_id)[service.division_id]
    return Kept(service, division.short_name, may_keep(me, service.division_id))


def service_to_keep(db: Session, me: Viewer, service_id: int) -> Kept:
    """Load a service of the own bidang, or of any for who leads the office."""
    service = office.services(db, me.office_id).get(service_id)
    if service is None:
        raise NotFound(_("There is no such service in your office."))
    if not may_keep(me, service.division_id):
        raise Forbidden(_("Only the head of its division changes this service."))
    return _kept(db, me, service)


def is_used(db: Session, me: Viewer, service_id: int) -> bool:
    """Say whether somebody has asked for it, also by mistake, or wrote of it in a log: then it ends, and is kept."""
    tables = (ServiceRequest, Appointment, LogEntry, LogTemplate)
    named = ((table.office_id == me.office_id) & (table.service_type_id == service_id) for table in tables)
    return bool(db.scalar(select(or_(*(exists().where(one) for one in named)))))


def add(db: Session, me: Viewer, wish: Wish, *, division_id: int, now: datetime) -> int:
    """Offer something new; the same once more is what is there already."""
    wish.refuse_both()
    if division_id not in dict(divisions_to_keep(db, me)):
        raise Refused(_("Choose one of the list."), field="division_id")
    lock_row(db, Office, me.office_id)
    values = wish.values()
    there = _named(db, me, wish.name)
    if there and there.division_id == division_id and not there.ended_at and _same(there, values):
        return there.id
    _refuse_name(there)
    kept = {"office_id": me.office_id, "division_id": division_id, **values}
    last = db.scalar(select(func.max(ServiceType.sort)).where(ServiceType.office_id == me.office_id))
    row = kept | {"code": _code(db, me, wish.name_en or wish.name), "sort": (last or 0) + 1, "version": 1}
    id_: int = db.scalars(insert(ServiceType).values(row).returning(ServiceType.id)).one()
    audit.record(db, me, "service.added", "service_type", id_, now=now, after=kept)
    return id_


def _named(db: Session, me: Viewer, name: str) -> ServiceType | None:
    found = select(ServiceType).where(
        ServiceType.office_id == me.office_id, func.lower(ServiceType.name) == name.lower()
    )
    return db.scalars(found.limit(1)).one_or_none()


def _same(there: ServiceType, values: dict[str, Any]) -> bool:
    return all(getattr(there, name) == value for name, value in values.items())


def _refuse_name(there: ServiceType | None) -> None:
    if there is None:
        return
    if there.ended_at:
        raise Refused(_("A service of this name has ended. Offer that one again instead."), field="name")
    raise Refused(_("There is a service of this name already."), field="name")


def _code(db: Session, me: Viewer, name: str) -> str:
    """Return a word of its own for addresses and files."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[: _CODE - 4] or "service"
    codes = select(ServiceType.code).where(ServiceType.office_id == me.office_id)
    taken = set(db.scalars(codes.where(ServiceType.code.startswith(plain, autoescape=True))))
    return next(code for n in range(len(taken) + 1) if (code := f"{plain}_{n + 1}" if n else plain) not in taken)


def change(db: Session, me: Viewer, kept: Kept, wish: Wish, *, seen: int | None, now: datetime) -> None:
    """Write a service anew. What was asked for before follows: its name, its papers and its days are those of now."""
    wish.refuse_both()
    before, values = kept.service, wish.values()
    there = _named(db, me, wish.name)
    if there and there.id != before.id:
        _refuse_name(there)
    told = {"name": before.name, "name_en": before.name_en, "needs_presence": before.needs_presence}
    told |= {"service_days": before.service_days, "service_hours": before.service_hours, "papers": before.papers}
    told |= {"daily_quota": before.daily_quota, "slot_minutes": before.slot_minutes}
    if told == values:
        return
    write_over(db, ServiceType, before.id, seen=seen or before.version, **values)
    audit.record(db, me, "service.changed", "service_type", before.id, now=now, before=told, after=values)


def end(db: Session, me: Viewer, kept: Kept, *, now: datetime) -> bool:
    """Offer it no more, or remove it where nobody ever asked for it; True when it is gone altogether."""
    service = kept.service
    # Whoever takes in a request meanwhile waits, or is first.
    lock_row(db, Office, me.office_id)
    if not is_used(db, me, service.id):
        db.execute(delete(ServiceType).where(ServiceType.id == service.id, ServiceType.office_id == me.office_id))
        audit.record(db, me, "service.removed", "service_type", service.id, now=now, before={"name": service.name})
        return True
    if not service.ended:
        _set_end(db, service, now)
        audit.record(db, me, "service.ended", "service_type", service.id, now=now, name=service.name)
    return False


def offer_again(db: Session, me: Viewer, kept: Kept, *, now: datetime) -> None:
    if kept.service.ended:
        _set_end(db, kept.service, None)
        audit.record(db, me, "service.offered", "service_type", kept.service.id, now=now, name=kept.service.name)


def _set_end(db: Session, service: Service, at: datetime | None) -> None:
    said = _("Somebody changed this service meanwhile. Look at it as it is now.")
    write_over(db, ServiceType, service.id, seen=service.version, said=said, ended_at=at)
