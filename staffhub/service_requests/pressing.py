"""How many requests press, in the scope of whoever leads."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, read
from staffhub.models import RequestState, ServiceRequest
from staffhub.security import Scope, Viewer
from staffhub.service_requests.owners import IS_OPEN, OFFICE, division_asked, of_scope

_NOW = bindparam("now", type_=UtcDateTime())


class Pressing(NamedTuple):
    """`late`: past what was promised; `urgent`: deferred though it is urgent."""

    late: int
    urgent: int


@cache
def _pressing(scope: Scope) -> Any:
    request = ServiceRequest
    return (
        select(
            func.count().filter(request.due_at < _NOW).label("late"),
            func.count().filter(request.state == RequestState.DEFERRED, request.urgent).label("urgent"),
        )
        .select_from(request)
        .where(request.office_id == OFFICE, IS_OPEN, of_scope(scope))
    )


def ask_pressing(me: Viewer, now: datetime) -> Ask:
    return Ask(_pressing(me.scope), {"office": me.office_id, "now": now} | division_asked(me))


def pressing(db: Session, me: Viewer, *, now: datetime) -> Pressing:
    return Pressing(*read(db, ask_pressing(me, now)).one())
