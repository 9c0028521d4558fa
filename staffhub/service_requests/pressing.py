"""How many requests press, in the scope of whoever leads."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, read
from staffhub.models import RequestState, ServiceRequest, ServiceType
from staffhub.security import Scope, Viewer
from staffhub.service_requests.owners import IS_OPEN, OFFICE

_NOW = bindparam("now", type_=UtcDateTime())


class Pressing(NamedTuple):
    """`late`: past what was promised; `urgent`: deferred though it is urgent; `nobodys`: without an officer."""

    late: int
    urgent: int
    nobodys: int


@cache
def _pressing(scope: Scope) -> Any:
    request = ServiceRequest
    found = (
        select(
            func.count().filter(request.due_at < _NOW).label("late"),
            func.count().filter(request.state == RequestState.DEFERRED, request.urgent).label("urgent"),
            func.count().filter(request.assignee_id.is_(None)).label("nobodys"),
        )
        .select_from(request)
        .where(request.office_id == OFFICE, IS_OPEN)
    )
    if scope is Scope.OFFICE:
        return found
    theirs = ServiceType.division_id == bindparam("division", type_=BigInteger)
    return found.where(request.service_type_id.in_(select(ServiceType.id).where(theirs)))


def ask_pressing(me: Viewer, now: datetime) -> Ask:
    asked: dict[str, object] = {"office": me.office_id, "now": now}
    return Ask(_pressing(me.scope), asked if me.scope is Scope.OFFICE else asked | {"division": me.division_id})


def pressing(db: Session, me: Viewer, *, now: datetime) -> Pressing:
    return Pressing(*read(db, ask_pressing(me, now)).one())
