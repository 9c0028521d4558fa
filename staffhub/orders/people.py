"""Whom an order or an exemption is for: the people as they were posted on its first day, and whether they are there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Date, Select, bindparam, select
from sqlalchemy.orm import Session

from staffhub import i18n
from staffhub.among import among, is_among
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, EmploymentType, Officer, Posting, is_in_service, posting_near, serves
from staffhub.security import Viewer

# Everybody else who works here is a civil servant by UU 20/2023, with or without a contract.
NON_ASN = frozenset({EmploymentType.THL})


class Named(NamedTuple):
    """Somebody as posted on a day."""

    id: int
    name: str
    number: str
    active_from: date
    active_to: date | None
    position: str
    employment_type: EmploymentType | None
    division_id: int | None
    division: str

    @property
    def is_asn(self) -> bool:
        return self.employment_type not in NON_ASN

    def serves(self, first: date, last: date) -> bool:
        return all(is_in_service(self.active_from, self.active_to, day) for day in (first, last))


@cache
def _people(narrow: bool) -> Select[*tuple[Any, ...]]:
    """In the order of a letter: the head of the office, then by division."""
    found = (
        select(
            Officer.id,
            Officer.name,
            Officer.number,
            Officer.active_from,
            Officer.active_to,
            Posting.position,
            Posting.employment_type,
            Posting.division_id,
            Division.short_name,
        )
        .outerjoin(Posting, posting_near(bindparam("day", type_=Date)))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == bindparam("office"))
        .order_by(Division.sort.nulls_first(), Officer.name, Officer.id)
    )
    return found.where(is_among(Officer.id)) if narrow else found


def named(db: Session, office_id: int, day: date, officers: Sequence[int]) -> list[Named]:
    asked = among(officers)
    chosen = set(officers)
    found = rows(db, _people("ids" in asked), office=office_id, day=day, **asked)
    return [_named(row) for row in found if row[0] in chosen]


def _named(row: Any) -> Named:
    *facts, position, kind, division_id, division = row
    return Named._make((*facts, position or "", kind, division_id, division or ""))


def everybody(db: Session, office_id: int, first: date, last: date) -> list[Named]:
    """Return who serves on a day of these dates, as posted on the first of them."""
    found = (_named(row) for row in rows(db, _people(narrow=False), office=office_id, day=first))
    return [one for one in found if one.active_from <= last and (one.active_to is None or one.active_to >= first)]


def chosen(db: Session, me: Viewer, officers: Iterable[int], first: date, last: date) -> list[Named]:
    """Return those who were chosen; Refused names who is not there on all of these dates."""
    ids = list(dict.fromkeys(officers))
    if not ids:
        raise Refused(_("Choose at least one officer."), field="officer")
    found = named(db, me.office_id, first, ids)
    if len(found) < len(ids):
        raise NotFound(_("One of those you chose is not in this office."))
    if not all(me.sees(officer_id=None, division_id=one.division_id) for one in found):
        raise Forbidden(_("You send people of your own division only."))
    refuse_absent(found, first, last)
    return found


def refuse_absent(found: Iterable[Named], first: date, last: date) -> None:
    """Name who has left, leaves meanwhile or is yet to come."""
    said = []
    for one in found:
        if one.active_from > first:
            said.append(_("%(name)s begins on %(day)s.", name=one.name, day=i18n.day(one.active_from)))
        elif one.active_to is not None and one.active_to < last:
            said.append(_("The last day of %(name)s is %(day)s.", name=one.name, day=i18n.day(one.active_to)))
    if said:
        raise Refused(" ".join([*said, _("Choose other dates or other people.")]), field="officer")


@dataclass(frozen=True)
class Signer:
    id: int
    name: str
    position: str


def signers(db: Session, office_id: int, day: date) -> list[Signer]:
    """Return who leads somebody on a day, the head of the office first: one of them mostly signs."""
    above = select(Posting.superior_id).where(
        Posting.office_id == office_id, Posting.superior_id.is_not(None), Posting.valid_to.is_(None)
    )
    found = db.execute(
        select(Officer.id, Officer.name, Posting.position)
        .join(Posting, posting_near(day))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == office_id, serves(day, day), Officer.id.in_(above))
        .order_by(Division.sort.nulls_first(), Officer.name)
    )
    return [Signer(*row) for row in found]
