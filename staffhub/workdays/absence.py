"""Who is away, said once for every room that asks for somebody: by the plan, or by what HR wrote of the day."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.orm import aliased

from staffhub.models import Correction, CorrectionKind, DayPart, PlanEntry, PlanGrant, PlanMode

OFFICE, TODAY = bindparam("office", type_=BigInteger), bindparam("today", type_=Date)
# Names of their own, so that a statement around may read the same tables.
_entry, _grant, _said, _later = aliased(PlanEntry), aliased(PlanGrant), aliased(Correction), aliased(Correction)
# HR says of the day that it is leave, as of who called in sick; the newest that speaks of the whole day counts.
_TAKEN_BACK = (
    select(_later.id)
    .where(_later.officer_id == _said.officer_id, _later.date == _said.date)
    .where(_later.kind == CorrectionKind.ABSENT, _later.id > _said.id)
    .correlate(_said)
    .exists()
)


def _granted(*columns: Any, half: BindParameter[DayPart | None] | None = None) -> Select[*tuple[Any, ...]]:
    whole: ColumnElement[bool] = _grant.part.is_(None)
    return (
        select(*columns)
        .join(_grant, _grant.id == _entry.grant_id)
        .where(_entry.office_id == OFFICE, _grant.mode == PlanMode.LEAVE)
        .where(whole if half is None else or_(whole, _grant.part == half))
    )


def _written(*columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(_said.office_id == OFFICE, _said.kind == CorrectionKind.LEAVE, ~_TAKEN_BACK)


def is_away(
    officer: SQLColumnExpression[int] | SQLColumnExpression[int | None],
    half: BindParameter[DayPart | None] | None = None,
) -> ColumnElement[bool]:
    """Whether an officer is away TODAY; never null. `half`: which half of the day it is now, for who is on leave for
    half of it; without it half a day is none: it is over before a paper has moved.
    """
    granted = _granted(_entry.officer_id, half=half).where(_entry.date == TODAY)
    written = _written(_said.officer_id).where(_said.date == TODAY)
    return and_(officer.is_not(None), or_(officer.in_(granted), officer.in_(written)))


def days_away(officer: Any, days: BindParameter[Any]) -> ScalarSelect[int]:
    """On how many of these days an officer is away."""
    granted = _granted(_entry.officer_id.label("officer_id"), _entry.date.label("date")).where(_entry.date.in_(days))
    written = _written(_said.officer_id, _said.date).where(_said.date.in_(days))
    found = union(granted, written).subquery()
    return select(func.count()).select_from(found).where(found.c.officer_id == officer).scalar_subquery()
