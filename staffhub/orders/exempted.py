"""Exemptions as their pages show them: the list, and one with its people and what was taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub import office
from staffhub.db import rows
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import (
    Account,
    Division,
    Exemption,
    ExemptionPerson,
    ExemptionStep,
    Meaning,
    Officer,
    PlanEnding,
    PlanGrant,
    Posting,
    posting_near,
)
from staffhub.roster.entries import left
from staffhub.security import Viewer

PAGE = 25
PEOPLE = 60


class Line(NamedTuple):
    id: int
    number: str
    meaning: Meaning
    first: date
    last: date
    reason: str
    scope: dict[str, Any]
    people: int
    steps: int


@dataclass(frozen=True)
class Listed:
    lines: list[Line]
    first: int
    last: int
    total: int


def exemptions(db: Session, me: Viewer, *, page: int = 1) -> Listed:
    """Return the exemptions of the office, the newest dates first, in two statements."""
    me.require("exemptions")
    here = Exemption.office_id == me.office_id
    steps = (
        select(func.count(ExemptionStep.id))
        .where(ExemptionStep.exemption_id == Exemption.id)
        .correlate(Exemption)
        .scalar_subquery()
    )
    start = (page - 1) * PAGE
    found = db.execute(
        select(
            Exemption.id,
            Exemption.number,
            Exemption.meaning,
            Exemption.first,
            Exemption.last,
            Exemption.reason,
            Exemption.scope,
            Exemption.people,
            steps,
        )
        .where(here)
        .order_by(Exemption.first.desc(), Exemption.id.desc())
        .offset(start)
        .limit(PAGE)
    )
    lines = [Line(*row) for row in found]
    total = db.scalar(select(func.count()).select_from(Exemption).where(here)) or 0
    return Listed(lines, start + 1, start + len(lines), total)


class Exempted(NamedTuple):
    """One of the people, with the dates on which the exemption holds for this one."""

    id: int
    name: str
    position: str
    division: str
    days: list[date]


class Step(NamedTuple):
    """What was taken back; `names` None: for everybody."""

    names: list[str] | None
    first: date
    last: date
    reason: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Shown:
    """An exemption with the part of its people that a page holds: `since` to `until` of `total` who were found."""

    id: int
    number: str
    meaning: Meaning
    first: date
    last: date
    reason: str
    scope: dict[str, Any]
    created_at: datetime
    author: str
    people: list[Exempted]
    since: int
    until: int
    found: int
    total: int
    holding: int
    steps: list[Step]

    @property
    def version(self) -> int:
        return 1 + len(self.steps)


_author, _own = aliased(Officer), aliased(Account)
_WRITER = func.coalesce(_author.name, func.nullif(_own.name, ""), _own.username)
_ONE: Select[*tuple[Any, ...]] = (
    select(
        Exemption.id,
        Exemption.number,
        Exemption.meaning,
        Exemption.first,
        Exemption.last,
        Exemption.reason,
        Exemption.scope,
        Exemption.created_at,
        _WRITER,
    )
    .join(_own, _own.id == Exemption.created_by)
    .outerjoin(_author, _author.id == _own.officer_id)
    .where(Exemption.office_id == bindparam("office"), Exemption.id == bindparam("exemption"))
)
_PEOPLE: Select[*tuple[Any, ...]] = (
    select(
        Officer.id,
        Officer.name,
        Posting.position,
        Division.short_name,
        PlanGrant.id,
        PlanGrant.first,
        PlanGrant.last,
        PlanEnding.first,
        PlanEnding.last,
    )
    .select_from(ExemptionPerson)
    .join(Exemption, Exemption.id == ExemptionPerson.exemption_id)
    .join(Officer, Officer.id == ExemptionPerson.officer_id)
    .join(PlanGrant, PlanGrant.id == ExemptionPerson.grant_id)
    .outerjoin(PlanEnding, and_(PlanEnding.grant_id == PlanGrant.id, PlanEnding.office_id == PlanGrant.office_id))
    .outerjoin(Posting, posting_near(Exemption.first))
    .outerjoin(Division, Division.id == Posting.division_id)
    .where(ExemptionPerson.office_id == bindparam("office"), ExemptionPerson.exemption_id == bindparam("exemption"))
    .order_by(Officer.name, Officer.id)
)
_STEPS: Select[*tuple[Any, ...]] = (
    select(
        ExemptionStep.officers,
        ExemptionStep.first,
        ExemptionStep.last,
        ExemptionStep.reason,
        _WRITER,
        ExemptionStep.created_at,
    )
    .join(_own, _own.id == ExemptionStep.created_by)
    .outerjoin(_author, _author.id == _own.officer_id)
    .where(ExemptionStep.office_id == bindparam("office"), ExemptionStep.exemption_id == bindparam("exemption"))
    .order_by(ExemptionStep.turn)
)


def exemption_for(db: Session, me: Viewer, exemption_id: int, *, q: str = "", page: int = 1) -> Shown:
    """Load an exemption with a page of its people, in three statements."""
    me.require("exemptions")
    asked = {"office": me.office_id, "exemption": exemption_id}
    row = rows(db, _ONE, **asked).one_or_none()
    if row is None:
        raise NotFound(_("There is no such exemption."))
    every = _people(rows(db, _PEOPLE, **asked))
    found = [one for one in every if all(word in one.name.casefold() for word in q.casefold().split())]
    start = (page - 1) * PEOPLE
    part = found[start : start + PEOPLE]
    names = {one.id: one.name for one in every}
    steps = [
        Step(None if officers is None else [names[id_] for id_ in officers if id_ in names], *facts)
        for officers, *facts in rows(db, _STEPS, **asked)
    ]
    holding = sum(bool(one.days) for one in every)
    return Shown(*[*row, part, start + 1, start + len(part), len(found), len(every), holding, steps])


def _people(found: Any) -> list[Exempted]:
    people: dict[int, tuple[Any, date, date, list[tuple[date, date]]]] = {}
    for id_, name, position, division, _grant, first, last, *ending in found:
        taken = people.setdefault(id_, ((id_, name, position or "", division or ""), first, last, []))[3]
        if ending[0] is not None:
            taken.append((ending[0], ending[1]))
    return [Exempted._make((*who, left(first, last, taken))) for who, first, last, taken in people.values()]


def for_whom(db: Session, office_id: int, scope: dict[str, Any], people: int) -> str:
    """Say in words whom an exemption was written for: "everyone (42 people)"."""
    names = {one.id: one.short_name for one in office.divisions(db, office_id).values()}
    groups = {"asn": _("civil servants"), "non_asn": _("daily contract staff")}
    parts: Sequence[str] = [names.get(one, "") for one in scope.get("divisions", [])]
    if scope.get("everyone") or (scope.get("groups") and not parts):
        parts = [_("everyone")]
    if chosen := scope.get("groups"):
        parts = [f"{', '.join(parts)}: {', '.join(groups[one] for one in chosen)}"]
    said = ngettext("%(num)s person", "%(num)s people", people)
    return f"{', '.join(parts)} ({said})" if parts else said
