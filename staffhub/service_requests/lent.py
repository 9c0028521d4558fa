"""Whose desk somebody keeps TODAY who is lent to another bidang: whoever is, works on its requests like its own people.

What somebody took there stays with that person afterwards, as every request stays with who has it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ScalarSelect, bindparam, case, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock
from staffhub.db import rows
from staffhub.models import PlanEntry, PlanGrant
from staffhub.security import Viewer
from staffhub.service_requests.owners import OFFICE, TODAY
from staffhub.workdays import PRECEDENCE


def desk_of(officer: Any) -> ScalarSelect[int | None]:
    """Return the bidang to which an officer is lent, None: the own one; as `Plan.desk`, the highest layer says it."""
    entry, grant = aliased(PlanEntry), aliased(PlanGrant)
    return (
        select(grant.desk_id)
        .join(entry, entry.grant_id == grant.id)
        .where(entry.office_id == OFFICE, entry.officer_id == officer, entry.date == TODAY, grant.part.is_(None))
        .order_by(case({layer: place for place, layer in enumerate(PRECEDENCE)}, value=entry.layer))
        .limit(1)
        .scalar_subquery()
    )


ME = bindparam("me", type_=BigInteger)
_MINE = select(desk_of(ME))


def serves(db: Session, me: Viewer, division_id: int, *, now: datetime) -> bool:
    """Whether I serve that bidang today, as one of its own people or lent to it."""
    if me.officer_id is None or me.division_id == division_id:
        return me.officer_id is not None
    today = clock.local_day(now, me.zone)
    return rows(db, _MINE, office=me.office_id, me=me.officer_id, today=today).scalar_one() == division_id
