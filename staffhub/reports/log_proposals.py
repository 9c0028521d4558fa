"""What an officer's day leaves behind for the log: requests moved on, meetings joined, actions that are due."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, i18n, worklog
from staffhub.ahead import Ask
from staffhub.db import UtcDateTime, read
from staffhub.i18n import gettext as _
from staffhub.meetings import minutes, parts
from staffhub.models import RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.security import Viewer
from staffhub.service_requests.moved import MOVES_ON
from staffhub.worklog import Entry, Presence, Proposed, Trace

_TAKEN_IN = frozenset({RequestState.NEW, RequestState.DEFERRED})
# What the sources of lines begin with, before the service and a number.
_TAKING_IN, _CHECKING = "taken-in-", "requests-"
_LAST = 24 * 60 - 1
_OFFICE, _OFFICER = bindparam("office", type_=BigInteger), bindparam("officer", type_=BigInteger)
_STEPS = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceType.id,
        ServiceType.name,
        RequestEvent.state,
        RequestEvent.at,
    )
    .select_from(RequestEvent)
    .join(ServiceRequest, ServiceRequest.id == RequestEvent.request_id)
    .join(ServiceType, ServiceType.id == ServiceRequest.service_type_id)
    .where(RequestEvent.office_id == _OFFICE, RequestEvent.officer_id == _OFFICER)
    .where(RequestEvent.at >= bindparam("since", type_=UtcDateTime))
    .where(RequestEvent.at < bindparam("until", type_=UtcDateTime), MOVES_ON)
    .order_by(RequestEvent.at, RequestEvent.id)
)


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
    steps: dict[int, list[Any]] = defaultdict(list)
    for row in read(db, _ask_steps(me, officer_id, day)):
        if row[0] not in own:
            steps[row[0]].append(row)
    groups: dict[str, list[_Left]] = defaultdict(list)
    for rows in steps.values():
        since = _told_until(rows, entries)
        left = [row for row in rows if since is None or row[5] > since]
        if left:
            groups[_name(rows)].append(_Left(left, fresh=since is None))
    return [_group(me, day, f"{name}{_next(name, entries)}", left) for name, left in groups.items()]


class _Left(NamedTuple):
    """The steps of a request that no line tells of; `fresh`: none tells of an earlier one of the day either."""

    steps: list[Any]
    fresh: bool


def _name(rows: Sequence[Any]) -> str:
    """Return what the sources of lines about such a request begin with."""
    kind = _TAKING_IN if {row[4] for row in rows} <= _TAKEN_IN else _CHECKING
    return f"{kind}{rows[0][2]}-"


def _told_until(rows: Sequence[Any], entries: Iterable[Entry]) -> datetime | None:
    """Return when the last line was taken over that tells of a request, None: none does."""
    told = (
        at
        for entry in entries
        if (at := entry.created_at)
        and (before := [row for row in rows if row[5] <= at])
        and entry.source.startswith(_name(before))
    )
    return max(told, default=None)


def _next(name: str, entries: Iterable[Entry]) -> int:
    """Not how many there are: one of them may have been deleted since, and the number of the next is taken."""
    taken = (int(entry.source.removeprefix(name)) for entry in entries if entry.source.startswith(name))
    return 1 + max(taken, default=-1)


def _group(me: Viewer, day: date, source: str, requests: Sequence[_Left]) -> Trace:
    times = [_minute(row[5], day, me) for one in requests for row in one.steps]
    first = requests[0].steps[0]
    count = sum(one.fresh for one in requests)
    alone = first if len(requests) == 1 else None
    with i18n.in_locale("id"):  # what is kept goes on the paper, whatever its officer reads
        text = _words(count or len(requests), first[3], kind=source if count else "")
    return Trace(
        source,
        (f"{text}, {alone[1]}" if alone else text)[:200],
        (min(times), max(times)),
        quantity=count or None,
        unit=worklog.UNITS[0] if count else "",
        request_id=alone[0] if alone else None,
        service_id=first[2],
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
