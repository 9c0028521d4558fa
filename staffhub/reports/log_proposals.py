"""What an officer's day leaves behind for the log: requests moved on, meetings joined, actions that are due."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, i18n, worklog
from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, read
from staffhub.i18n import gettext as _
from staffhub.meetings import minutes, parts
from staffhub.models import RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.security import Viewer
from staffhub.service_requests.moved import MOVES_ON, STATE_BEFORE
from staffhub.worklog import Entry, Presence, Proposed, Trace

_TAKEN_IN = frozenset({RequestState.NEW, RequestState.DEFERRED})
# What the sources of lines begin with, before the service and a number.
_TAKING_IN, _CHECKING = "taken-in-", "requests-"
_LAST = 24 * 60 - 1
_OFFICE, _OFFICER = bindparam("office", type_=BigInteger), bindparam("officer", type_=BigInteger)
_other = aliased(RequestEvent)
_PUT_RIGHT = (
    select(func.max(_other.at))
    .where(_other.request_id == RequestEvent.request_id, _other.corrected.contains("service_type"))
    .scalar_subquery()
)
_STEPS = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceType.id,
        ServiceType.name,
        RequestEvent.state,
        RequestEvent.at,
        STATE_BEFORE.is_(None),
        _PUT_RIGHT,
    )
    .select_from(RequestEvent)
    .join(ServiceRequest, ServiceRequest.id == RequestEvent.request_id)
    .join(ServiceType, ServiceType.id == ServiceRequest.service_type_id)
    .where(RequestEvent.office_id == _OFFICE, RequestEvent.officer_id == _OFFICER)
    .where(RequestEvent.at >= bindparam("since", type_=UtcDateTime))
    .where(RequestEvent.at < bindparam("until", type_=UtcDateTime), MOVES_ON, RequestEvent.corrected.is_(None))
    .order_by(RequestEvent.at, RequestEvent.id)
)


class _Step(NamedTuple):
    """What an officer did to a request; `put_right`: when its service was corrected last."""

    request_id: int
    number: str
    service_id: int
    service: str
    state: RequestState
    at: datetime
    first: bool
    put_right: datetime | None


def asks(me: Viewer, officer_id: int, day: date) -> list[Ask]:
    """Return what `of_day` and `due` ask."""
    return [
        _ask_steps(me, officer_id, day),
        parts.ask(me.office_id, officer_id, day, day),
        minutes.ask_open(me.office_id, officer_id),
    ]


def _ask_steps(me: Viewer, officer_id: int, day: date) -> Ask:
    since, until = (clock.at_local(one, time(), me.zone) for one in (day, day + timedelta(days=1)))
    return Ask(_STEPS, {"office": me.office_id, "officer": officer_id, "since": since, "until": until})


def of_day(
    db: Session,
    me: Viewer,
    officer_id: int,
    day: date,
    entries: Sequence[Entry],
    *,
    there: Presence | None,
    now: datetime,
) -> list[Proposed]:
    """Return what of the day is not in the log yet, each with times that overlap with nothing; `there`: when somebody
    was there.
    """
    came, left = (there.came, there.left) if there else (None, None)
    here = (_minute(came, day, me), _minute(left, day, me) if left else _LAST) if came else None
    traces = [*_meetings(db, me, officer_id, day, entries, now), *_requests(db, me, officer_id, day, entries)]
    return worklog.proposed(traces, entries, here=here)


def _minute(at: datetime, day: date, me: Viewer) -> int:
    """Return the minute of the day, and the last one for what is past midnight."""
    local = at.astimezone(me.zone)
    return local.hour * 60 + local.minute if local.date() == day else _LAST


def _meetings(
    db: Session, me: Viewer, officer_id: int, day: date, entries: Sequence[Entry], now: datetime
) -> list[Trace]:
    there = {entry.meeting_id for entry in entries}
    found = []
    for part in parts.of_officer(db, me.office_id, officer_id, day, day, now=now):
        came, length = part.who.came, part.who.minutes
        if part.meeting_id in there or came is None or not length:
            continue
        begins = _minute(came, day, me)
        span = (begins, min(begins + length, _LAST))
        found.append(
            Trace(f"meeting-{part.meeting_id}", part.topic[:200], span, exact=True, meeting_id=part.meeting_id)
        )
    return found


def _requests(db: Session, me: Viewer, officer_id: int, day: date, entries: Sequence[Entry]) -> list[Trace]:
    """Group the requests of the day by service; those of an own line are left out, and what a taken line told of.

    A request that moved on after that is proposed with its time alone: the line before has counted it.
    """
    own = {entry.request_id for entry in entries}
    found: dict[int, list[_Step]] = defaultdict(list)
    for step in map(_Step._make, read(db, _ask_steps(me, officer_id, day))):
        if step.request_id not in own:
            found[step.request_id].append(step)
    groups: dict[str, list[_Left]] = defaultdict(list)
    for steps in found.values():
        since = _told_until(steps, entries)
        left = [step for step in steps if since is None or step.at > since]
        if left:
            groups[_name(steps)].append(_Left(left, fresh=since is None))
    return [_group(me, day, f"{name}{_next(name, entries)}", left) for name, left in groups.items()]


class _Left(NamedTuple):
    """The steps of a request that no line tells of; `fresh`: none tells of an earlier one of the day either."""

    steps: list[_Step]
    fresh: bool


def _kind(steps: Sequence[_Step]) -> str:
    return _TAKING_IN if steps[0].first and {step.state for step in steps} <= _TAKEN_IN else _CHECKING


def _name(steps: Sequence[_Step]) -> str:
    """Return what the sources of lines about such a request begin with."""
    return f"{_kind(steps)}{steps[0].service_id}-"


def _told_until(steps: Sequence[_Step], entries: Iterable[Entry]) -> datetime | None:
    """Return when the last line was taken over that tells of a request among others, None: none does."""
    told = (
        at
        for entry in entries
        if (at := entry.created_at)
        and entry.request_id is None
        and (before := [step for step in steps if step.at <= at])
        and entry.source.startswith(_told_as(before, at))
    )
    return max(told, default=None)


def _told_as(steps: Sequence[_Step], at: datetime) -> str:
    """Return what a line of then begins with: what was put right since stood under another service, by now unknown."""
    put_right = steps[0].put_right
    return _kind(steps) if put_right and put_right > at else _name(steps)


def _next(name: str, entries: Iterable[Entry]) -> int:
    """Not how many there are: one of them may have been deleted since, and the number of the next is taken."""
    taken = (int(entry.source.removeprefix(name)) for entry in entries if entry.source.startswith(name))
    return 1 + max(taken, default=-1)


def _group(me: Viewer, day: date, source: str, requests: Sequence[_Left]) -> Trace:
    times = [_minute(step.at, day, me) for one in requests for step in one.steps]
    first = requests[0].steps[0]
    count = sum(one.fresh for one in requests)
    alone = first if len(requests) == 1 else None
    with i18n.in_locale("id"):  # what is kept goes on the paper, whatever its officer reads
        text = _words(count or len(requests), first.service, kind=source if count else "")
    return Trace(
        source,
        (f"{text}, {alone.number}" if alone else text)[:200],
        (min(times), max(times)),
        quantity=count or None,
        unit=worklog.UNITS[0] if count else "",
        request_id=alone.request_id if alone else None,
        service_id=first.service_id,
    )


def _words(count: int, service: str, *, kind: str) -> str:
    """Tell of requests that were taken in, checked or, where they are counted already, gone on with."""
    if count == 1:
        if kind.startswith(_TAKING_IN):
            return _("Taking in: %(service)s", service=service)
        return _("Checking: %(service)s", service=service) if kind else _("Continuing: %(service)s", service=service)
    if kind.startswith(_TAKING_IN):
        return _("Taking in %(n)s requests: %(service)s", n=count, service=service)
    if kind:
        return _("Checking %(n)s requests: %(service)s", n=count, service=service)
    return _("Continuing %(n)s requests: %(service)s", n=count, service=service)


def due(db: Session, me: Viewer, officer_id: int, day: date) -> list[str]:
    """Return what meetings asked of the officer and is due by that day."""
    return [one.text for one in minutes.open_of(db, me.office_id, officer_id) if one.due and one.due <= day]
