"""What the office promised for a service: working days or hours, counted only while the request lies with the office.

With the applicant (papers asked for, deferred, ready to collect) and once it is closed the clock stands still, so the
moment when a request is due moves on by as much working time as it waited. The day on which it came in, or came back,
does not count as one of the days; hours count from the minute.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.db import rows
from staffhub.models import RequestEvent, RequestState
from staffhub.security import Viewer
from staffhub.service_requests.working_time import WorkingTime, working_time

CLOSED = (RequestState.DONE, RequestState.CANCELLED)
IN_OUR_HANDS = (RequestState.NEW, RequestState.CHECKING, RequestState.SIGNING)
SOON = 8 * 60  # minutes of working time: what is due within a working day is soon due

Step = tuple[datetime, RequestState]


class Term(NamedTuple):
    """What is promised: whole working days, or working hours."""

    days: int | None
    hours: int | None = None


def term_of(service: office.Service) -> Term | None:
    """Return what is promised for a service; None while the office has set nothing."""
    term = Term(service.service_days, service.service_hours)
    return None if term == (None, None) else term


@dataclass(frozen=True)
class Promise:
    """`used`: working days that began while the request lay with the office, `minutes`: working time in its hands.

    `due`: until when it is promised, while the clock runs; `left`: working minutes until then, less than 0 since then.
    """

    days: int | None
    hours: int | None
    used: int
    minutes: int
    runs: bool
    due: datetime | None
    left: int
    late: bool


def spells(steps: Iterable[Step], now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when to when a request lay with the office, from its steps in order.

    What goes from ready back to the office was called ready by mistake: it had never left, whatever stood there.
    """
    since: datetime | None = None
    ready: datetime | None = None
    for at, state in steps:
        if state in IN_OUR_HANDS:
            since, ready = since or at, None
        elif since and (state is RequestState.READY or (ready and state in CLOSED)):
            ready = ready or at
        elif since:
            yield since, ready or at
            since = ready = None
    if since:
        yield since, ready or now


def ready_at(steps: Iterable[Step]) -> datetime | None:
    """Return since when a request could be collected, from its steps in order; None while it never could.

    What was taken up again was not ready before; what was only closed and opened again was.
    """
    found: datetime | None = None
    for at, state in steps:
        if state is RequestState.READY:
            found = found or at
        elif state not in CLOSED:
            found = None
    return found


def due_at(working: WorkingTime, term: Term, steps: Sequence[Step]) -> datetime | None:
    """Return until when a request is promised, from its steps in order; None while its clock stands still."""
    if not steps or steps[-1][1] not in IN_OUR_HANDS:
        return None
    *before, (since, _until) = spells(steps, steps[-1][0])
    if term.hours is not None:
        spent = sum(working.minutes(begin, end) for begin, end in before)
        return working.after(since, term.hours * 60 - spent)
    return working.close(since, (term.days or 0) - sum(working.begun(begin, end) for begin, end in before))


def weigh(working: WorkingTime, term: Term, steps: Sequence[Step], *, now: datetime) -> Promise:
    """Weigh one request by its steps in order."""
    held, due = list(spells(steps, now)), due_at(working, term, steps)
    return Promise(
        term.days,
        term.hours,
        used=sum(working.begun(*spell) for spell in held),
        minutes=sum(working.minutes(*spell) for spell in held),
        runs=steps[-1][1] in IN_OUR_HANDS,
        due=due,
        left=working.minutes(now, due) if due else 0,
        late=due is not None and due < now,
    )


def promise_of(
    db: Session, me: Viewer, days: int | None, steps: Sequence[Step], *, now: datetime, hours: int | None = None
) -> Promise | None:
    """Weigh one request, its steps in order; None when the office has set nothing for the service."""
    if days is None and hours is None:
        return None
    return weigh(working_time(db, me.office_id), Term(days, hours), steps, now=now)


def soon_until(db: Session, office_id: int, *, now: datetime) -> datetime:
    """Return up to when what is due is soon due."""
    return working_time(db, office_id).after(now, SOON) or now


_STEPS = (
    select(RequestEvent.at, RequestEvent.state)
    .where(RequestEvent.request_id == bindparam("request", type_=BigInteger))
    .order_by(RequestEvent.at, RequestEvent.id)
)


def due_after(
    db: Session, office_id: int, *, request_id: int | None, service_id: int, state: RequestState, now: datetime
) -> datetime | None:
    """Return until when a request is promised once it has taken this step, for the row that is written with it.

    `request_id` None: it comes in with this step.
    """
    term = term_of(office.services(db, office_id)[service_id])
    if term is None or state not in IN_OUR_HANDS:
        return None
    steps: list[Any] = [] if request_id is None else [tuple(row) for row in rows(db, _STEPS, request=request_id)]
    return due_at(working_time(db, office_id), term, [*steps, (now, state)])
