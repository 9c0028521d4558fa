"""Which months are signed: the one place that says so for whoever is about to change one."""

from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import MonthStep, SignStep

_SIGNED = (
    select(MonthStep.first)
    .where(MonthStep.office_id == bindparam("office"), MonthStep.kind == SignStep.SIGNED)
    .where(MonthStep.first.between(bindparam("first"), bindparam("last")))
    .distinct()
    .order_by(MonthStep.first)
)


def signed(db: Session, office_id: int, first: date, last: date) -> list[date]:
    """Return the first days of the signed months that the dates from `first` to `last` touch.

    What changes in one of them is told in a supplement, never refused for that alone.
    """
    return list(rows(db, _SIGNED, office=office_id, first=first.replace(day=1), last=last).scalars())
