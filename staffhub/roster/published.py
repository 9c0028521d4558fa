"""What is published of the duty roster: the ranges of its layer that hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub.among import is_among
from staffhub.db import rows
from staffhub.models import PlanEntry, PlanGrant, PlanLayer, PlanMode
from staffhub.roster.drafts import Key


@dataclass(frozen=True)
class Held:
    """The range of the roster's layer that holds on a date."""

    grant_id: int
    mode: PlanMode
    desk: int | None
    on_free_days: bool


_HELD = (
    select(
        PlanEntry.officer_id,
        PlanEntry.date,
        PlanGrant.id,
        PlanGrant.mode,
        PlanGrant.desk_id,
        PlanGrant.on_free_days,
    )
    .join(PlanGrant, PlanGrant.id == PlanEntry.grant_id)
    .where(PlanEntry.office_id == bindparam("office", type_=BigInteger), PlanEntry.layer == PlanLayer.ROSTER)
    .where(PlanEntry.date.between(bindparam("first", type_=Date), bindparam("last", type_=Date)))
    .where(is_among(PlanEntry.officer_id))
)


def held(db: Session, office_id: int, officers: Sequence[int], first: date, last: date) -> dict[Key, Held]:
    """Return what is published of these people: the ranges of the roster's layer, by officer and date."""
    found = rows(db, _HELD, office=office_id, first=first, last=last, ids=list(officers))
    return {(who, day): Held(grant, mode, desk, free) for who, day, grant, mode, desk, free in found}
