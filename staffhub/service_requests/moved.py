"""Which steps of a request moved it on: handing it over, its urgency and a correction of its facts leave its state."""

from sqlalchemy import select, tuple_
from sqlalchemy.orm import aliased

from staffhub.models import RequestEvent

_before = aliased(RequestEvent)
# Of each RequestEvent in a statement: the state in which it found its request; null for the first.
STATE_BEFORE = (
    select(_before.state)
    .where(_before.request_id == RequestEvent.request_id)
    .where(tuple_(_before.at, _before.id) < tuple_(RequestEvent.at, RequestEvent.id))
    .order_by(_before.at.desc(), _before.id.desc())
    .limit(1)
    .scalar_subquery()
)
MOVES_ON = RequestEvent.state.is_distinct_from(STATE_BEFORE)
