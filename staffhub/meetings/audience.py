"""Who can be invited, and whom a choice of everyone, divisions and persons stands for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, Officer, serves
from staffhub.security import Viewer


@dataclass(frozen=True)
class Audience:
    everyone: bool = False
    divisions: tuple[int, ...] = ()
    officers: tuple[int, ...] = ()

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Audience":
        return cls(stored["everyone"], tuple(stored["divisions"]), tuple(stored["officers"]))

    def stored(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Choices:
    """What a head may choose from; `everyone` is False for the head of a division."""

    everyone: bool
    divisions: list[tuple[int, str]]
    officers: list[tuple[int, str]]


def choices(db: Session, me: Viewer, *, day: date) -> Choices:
    """Return the divisions and the officers active on `day` within my scope."""
    divisions = select(Division.id, Division.short_name).where(
        Division.office_id == me.office_id, me.within(None, Division.id)
    )
    officers = select(Officer.id, Officer.name).where(
        Officer.office_id == me.office_id, serves(day, day), me.within(Officer.id, Officer.division_id)
    )
    return Choices(
        me.sees_everyone,
        [(row.id, row.short_name) for row in db.execute(divisions.order_by(Division.sort))],
        [(row.id, row.name) for row in db.execute(officers.order_by(Officer.name))],
    )


def resolve(db: Session, me: Viewer, audience: Audience, *, day: date) -> set[int]:
    """Return the officers that a choice stands for on `day`; whoever has left or not yet come is not among them."""
    if audience.everyone and not me.sees_everyone:
        raise Refused(_("You invite your own division: choose it, or people of it."), field="everyone")
    officers = {
        row.id: row
        for row in db.execute(
            select(Officer.id, Officer.division_id, serves(day, day).label("serves")).where(
                Officer.office_id == me.office_id
            )
        )
    }
    divisions = set(db.scalars(select(Division.id).where(Division.office_id == me.office_id)))
    if not set(audience.divisions) <= divisions or not set(audience.officers) <= officers.keys():
        raise NotFound(_("One of those you chose is not in this office."))
    theirs = {*audience.divisions, *(officers[officer_id].division_id for officer_id in audience.officers)}
    if not all(me.sees(officer_id=None, division_id=division_id) for division_id in theirs):
        raise Forbidden(_("You invite people of your own division only."))
    return {
        row.id
        for row in officers.values()
        if row.serves and (audience.everyone or row.division_id in audience.divisions or row.id in audience.officers)
    }
