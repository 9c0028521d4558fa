"""The letter behind a date of somebody's plan, and what a recap says of a month's exemptions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Date, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import (
    DutyAssignment,
    DutyOrder,
    Exemption,
    ExemptionPerson,
    Meaning,
    Officer,
    PlanEntry,
    PlanLayer,
)


class Letter(NamedTuple):
    """`address`: its page."""

    kind: str
    id: int
    number: str

    @property
    def address(self) -> str:
        return f"/{self.kind}/{self.id}"


def _behind() -> CompoundSelect[Any]:
    """The orders and exemptions that hold on some dates of an officer, by the range of the plan that came of them."""
    order: Any = (
        select(PlanEntry.grant_id, literal("orders"), DutyOrder.id, DutyOrder.number)
        .join(DutyAssignment, DutyAssignment.grant_id == PlanEntry.grant_id)
        .join(DutyOrder, DutyOrder.id == DutyAssignment.order_id)
    )
    exempt: Any = (
        select(PlanEntry.grant_id, literal("exemptions"), Exemption.id, Exemption.number)
        .join(ExemptionPerson, ExemptionPerson.grant_id == PlanEntry.grant_id)
        .join(Exemption, Exemption.id == ExemptionPerson.exemption_id)
    )
    # From the dates to the letters: an office has far more letters than an officer has dates here.
    dates = (
        PlanEntry.office_id == bindparam("office"),
        PlanEntry.officer_id == bindparam("officer"),
        PlanEntry.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    )
    return union_all(*(one.where(*dates).distinct() for one in (order, exempt)))


_BEHIND = _behind()


def letters(db: Session, office_id: int, officer_id: int, first: date, last: date) -> dict[int, Letter]:
    """Return the letters behind the ranges that hold on these dates of an officer, by range, in one statement."""
    found: Any = rows(db, _BEHIND, office=office_id, officer=officer_id, first=first, last=last)
    return {grant_id: Letter(kind, id_, number) for grant_id, kind, id_, number in found}


def behind(office_id: int, grant_id: int | None) -> list[tuple[str, Any, Any, tuple[Any, ...]]]:
    """Say where the letter behind a range stands, as (kind, id, number, where), for whoever asks for more with it."""
    kinds: tuple[Any, ...] = (
        ("orders", DutyOrder, DutyAssignment, DutyAssignment.order_id),
        ("exemptions", Exemption, ExemptionPerson, ExemptionPerson.exemption_id),
    )
    return [
        (kind, table.id, table.number, (link.grant_id == grant_id, points == table.id, table.office_id == office_id))
        for kind, table, link, points in kinds
    ]


@dataclass(frozen=True)
class Footnote:
    """An exemption as a recap of some dates tells of it: on which of them it holds, and for whom.

    `people`: id and name of each, by name; `scope`: whom it was written for (see `Scope`).
    """

    exemption_id: int
    number: str
    meaning: Meaning
    reason: str
    first: date
    last: date
    scope: dict[str, Any]
    people: tuple[tuple[int, str], ...]

    def of(self, officers: Iterable[int]) -> tuple[tuple[int, str], ...]:
        """Return those of its people who are among these, as on the sheet of one division."""
        wanted = set(officers)
        return tuple(one for one in self.people if one[0] in wanted)


_FOOTNOTES = (
    select(
        Exemption.id,
        Exemption.number,
        Exemption.meaning,
        Exemption.reason,
        Exemption.scope,
        func.min(PlanEntry.date),
        func.max(PlanEntry.date),
        Officer.id,
        Officer.name,
    )
    .select_from(PlanEntry)
    .join(ExemptionPerson, ExemptionPerson.grant_id == PlanEntry.grant_id)
    .join(Exemption, Exemption.id == ExemptionPerson.exemption_id)
    .join(Officer, Officer.id == PlanEntry.officer_id)
    .where(PlanEntry.office_id == bindparam("office"), PlanEntry.layer == PlanLayer.EXEMPTION)
    .where(PlanEntry.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
    .group_by(Exemption.id, Officer.id)
    .order_by(Exemption.id, Officer.name, Officer.id)
)


def footnotes(db: Session, office_id: int, first: date, last: date) -> list[Footnote]:
    """Return the exemptions that hold on some of these dates, by their first one; what was taken back is not there."""
    of: dict[int, list[Any]] = {}
    for row in rows(db, _FOOTNOTES, office=office_id, first=first, last=last):
        of.setdefault(row[0], []).append(row)
    found = []
    for people in of.values():
        dates = [min(row[5] for row in people), max(row[6] for row in people)]
        found.append(Footnote(*[*people[0][:4], *dates, people[0][4], tuple((row[7], row[8]) for row in people)]))
    return sorted(found, key=lambda one: (one.first, one.exemption_id))
