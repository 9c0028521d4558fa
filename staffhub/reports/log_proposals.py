"""What an officer's day leaves behind for the log: requests moved on, meetings joined, actions that are due."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

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
_LAST = 24 * 60 - 1
_OFFICE, _OFFICER = bindparam("office", type_=BigInteger), bindparam("officer", type_=BigInteger)
_STEPS = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceType.id,
        ServiceType.name,
        ServiceType.name_en,
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
    """Group the requests of the day by service; those of an own line, and what a taken line told of, are left out."""
    own = {entry.request_id for entry in entries}
    steps: dict[int, list[Any]] = defaultdict(list)
    for row in read(db, _ask_steps(me, officer_id, day)):
        if row[0] not in own:
            steps[row[0]].append(row)
    groups: dict[tuple[int, bool], list[list[Any]]] = defaultdict(list)
    for rows in steps.values():
        groups[rows[0][2], {row[5] for row in rows} <= _TAKEN_IN].append(rows)
    found = []
    for (service_id, only_taken_in), requests in groups.items():
        name = f"{'taken-in' if only_taken_in else 'requests'}-{service_id}-"
        told = {
            int(entry.source.removeprefix(name)): entry.created_at
            for entry in entries
            if entry.created_at and entry.source.startswith(name)
        }
        since = max(told.values(), default=None)
        left = [rows for rows in requests if since is None or rows[-1][6] > since]
        if left:
            # Not how many there are: one of them may have been deleted since, and the number of the next is taken.
            number = 1 + max(told, default=-1)
            found.append(_group(me, day, f"{name}{number}", left, only_taken_in=only_taken_in))
    return found


def _group(me: Viewer, day: date, source: str, requests: list[list[Any]], *, only_taken_in: bool) -> Trace:
    times = [_minute(row[6], day, me) for rows in requests for row in rows]
    first = requests[0][0]
    service = first[4] if i18n.current_locale() == "en" else first[3]
    text = _words(len(requests), service, only_taken_in=only_taken_in)
    alone = requests[0][0] if len(requests) == 1 else None
    if alone:
        text = f"{text}, {alone[1]}"
    return Trace(
        source,
        text[:200],
        (min(times), max(times)),
        quantity=len(requests),
        unit=worklog.UNITS[0],
        request_id=alone[0] if alone else None,
    )


def _words(count: int, service: str, *, only_taken_in: bool) -> str:
    if count == 1:
        named = _("Taking in: %(service)s", service=service), _("Checking: %(service)s", service=service)
        return named[0] if only_taken_in else named[1]
    if only_taken_in:
        return _("Taking in %(n)s requests: %(service)s", n=count, service=service)
    return _("Checking %(n)s requests: %(service)s", n=count, service=service)


def due(db: Session, me: Viewer, officer_id: int, day: date) -> list[str]:
    """Return what meetings asked of the officer and is due by that day."""
    return [one.text for one in minutes.open_of(db, me.office_id, officer_id) if one.due and one.due <= day]
