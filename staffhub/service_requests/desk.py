"""What is on the desks: the list with its counts, and one officer's open requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, bindparam, false, func, or_, select
from sqlalchemy.orm import Session

from staffhub import clock, i18n
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import Division, Office, Officer, RequestState, ServiceRequest, ServiceType
from staffhub.security import Viewer
from staffhub.service_requests.owners import CLOSED, LACKING, OPEN, Waiting, waiting
from staffhub.service_requests.promises import late_ones

PAGE = 25


@cache
def _state_labels(_locale: str) -> dict[RequestState, str]:
    """Written once for each language: a list asks for one of them per row."""
    return {
        RequestState.NEW: _("New"),
        RequestState.CHECKING: _("Being checked"),
        RequestState.WAITING: _("Waiting for the applicant"),
        RequestState.DEFERRED: _("Deferred"),
        RequestState.SIGNING: _("Waiting for signature"),
        RequestState.READY: _("Ready to collect"),
        RequestState.DONE: _("Done"),
        RequestState.CANCELLED: _("Cancelled"),
    }


def state_label(state: RequestState) -> str:
    return _state_labels(i18n.current_locale())[state]


def age(days: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", days) if days else _("Today")


def aged(days: int) -> str:
    """The age where no heading says that it is one."""
    return ngettext("%(num)s day old", "%(num)s days old", days) if days else _("came in today")


def service_name(locale: str) -> ColumnElement[str]:
    return (ServiceType.name_en if locale == "en" else ServiceType.name).expression


@dataclass(frozen=True)
class Service:
    id: int
    code: str
    name: str
    needs_presence: bool
    service_days: int | None


def services(db: Session, office_id: int) -> list[Service]:
    rows = db.execute(
        select(
            ServiceType.id,
            ServiceType.code,
            service_name(i18n.current_locale()),
            ServiceType.needs_presence,
            ServiceType.service_days,
        )
        .where(ServiceType.office_id == office_id)
        .order_by(ServiceType.sort)
    )
    return [Service(*row) for row in rows]


class _InWords:
    """State and age as people read them, for whatever row has both."""

    state: RequestState
    age_days: int

    @property
    def state_label(self) -> str:
        return state_label(self.state)

    @property
    def age(self) -> str:
        return age(self.age_days)

    @property
    def aged(self) -> str:
        return aged(self.age_days)


@dataclass(frozen=True)
class OpenRequest(_InWords):
    """A request that still needs work; `created_at` and the age follow the office's calendar."""

    id: int
    number: str
    title: str
    applicant: str
    state: RequestState
    created_at: datetime
    urgent: bool
    age_days: int


@cache
def _open_for(locale: str) -> Select[*tuple[Any, ...]]:
    request = ServiceRequest
    return (
        select(
            request.id,
            request.number,
            service_name(locale),
            request.applicant,
            request.state,
            request.created_at,
            request.urgent,
            Office.timezone,
        )
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .join(Office, Office.id == request.office_id)
        .where(
            request.office_id == bindparam("office"),
            request.assignee_id == bindparam("officer"),
            request.state.in_(OPEN),
        )
        .order_by(request.urgent.desc(), request.created_at, request.id)
    )


def open_for(db: Session, office_id: int, officer_id: int, *, now: datetime | None = None) -> list[OpenRequest]:
    """Return what is on an officer's desk: urgent first, then the oldest."""
    at = now or clock.now()
    found = db.execute(_open_for(i18n.current_locale()), {"office": office_id, "officer": officer_id})
    return [_on_desk(row, at) for row in found]


def days_between(begin: datetime, end: datetime, zone: ZoneInfo) -> int:
    return (clock.local_day(end, zone) - clock.local_day(begin, zone)).days


def _on_desk(row: Row[*tuple[Any, ...]], at: datetime) -> OpenRequest:
    *facts, created_at, urgent, timezone = row
    zone = ZoneInfo(timezone)
    return OpenRequest(*(*facts, created_at.astimezone(zone), urgent, days_between(created_at, at, zone)))


@dataclass(frozen=True)
class Wanted:
    """What the list shows: `state` done means all that is closed; without any filter, what is open.

    `assignee` "none": what needs an officer, also because who has it has left or is away.
    """

    q: str = ""
    service: str = ""
    state: RequestState | None = None
    assignee: Literal["me", "none"] | None = None

    @property
    def tab(self) -> str:
        if self.state in {RequestState.DEFERRED, RequestState.READY, RequestState.DONE}:
            return str(self.state)
        if self.state is None and self.assignee == "me":
            return "me"
        return "open" if self.state is None and self.assignee is None and not self.q else ""


@dataclass(frozen=True)
class ListedRequest(_InWords):
    id: int
    number: str
    title: str
    applicant: str
    division: str
    officer: str | None
    lacking: str
    state: RequestState
    urgent: bool
    closed: bool
    day: date
    age_days: int
    late: bool


@dataclass(frozen=True)
class Counts:
    """Of everything open in the office, whatever the filter."""

    open: int
    mine: int
    deferred: int
    ready: int
    late: int
    unassigned: int


@dataclass(frozen=True)
class Listing:
    rows: Sequence[ListedRequest]
    counts: Counts
    waiting: Sequence[Waiting]
    services: Sequence[Service]
    page: int
    total: int

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * PAGE, self.total)

    @property
    def more(self) -> bool:
        return self.last < self.total


def _held_by(me: Viewer) -> ColumnElement[bool]:
    # An account without an officer holds nothing, not what nobody holds.
    return false() if me.officer_id is None else ServiceRequest.assignee_id == me.officer_id


def _counts(db: Session, me: Viewer, *, late: int, unassigned: int) -> Counts:
    request = ServiceRequest
    row = db.execute(
        select(
            func.count().label("open"),
            func.count().filter(_held_by(me)).label("mine"),
            func.count().filter(request.state == RequestState.DEFERRED).label("deferred"),
            func.count().filter(request.state == RequestState.READY).label("ready"),
        )
        .select_from(request)
        .where(request.office_id == me.office_id, request.state.in_(OPEN))
    ).one()
    return Counts(**row._asdict(), late=late, unassigned=unassigned)


def _conditions(me: Viewer, wanted: Wanted) -> list[ColumnElement[bool]]:
    request = ServiceRequest
    found = [request.office_id == me.office_id]
    if wanted.state in CLOSED:
        found.append(request.state.in_(CLOSED))
    elif wanted.state:
        found.append(request.state == wanted.state)
    elif wanted.assignee or not wanted.q:  # who looks a number up means it, open or closed
        found.append(request.state.in_(OPEN))
    if wanted.assignee:
        found.append(_held_by(me) if wanted.assignee == "me" else LACKING != "")
    if wanted.service:
        found.append(ServiceType.code == wanted.service)
    if wanted.q:
        text = (
            request.number.icontains(wanted.q, autoescape=True),
            request.applicant.icontains(wanted.q, autoescape=True),
        )
        found.append(or_(*text))
    return found


def _rows(*, newest_first: bool) -> Select[*tuple[Any, ...]]:
    request = ServiceRequest
    order = (
        (request.closed_at.desc(), request.id.desc())  # closed ones only: each has it
        if newest_first
        else (request.urgent.desc(), request.created_at, request.id)
    )
    found: Select[*tuple[Any, ...]] = (
        select(
            request.id,
            request.number,
            service_name(i18n.current_locale()).label("title"),
            request.applicant,
            Division.short_name.label("division"),
            Officer.name.label("officer"),
            LACKING.label("lacking"),
            request.state,
            request.urgent,
            request.created_at,
            request.closed_at,
        )
        .join(ServiceType, ServiceType.id == request.service_type_id)
        .join(Division, Division.id == ServiceType.division_id)
        .outerjoin(Officer, Officer.id == request.assignee_id)
        .order_by(*order)
    )
    return found


def listing(db: Session, me: Viewer, wanted: Wanted, *, page: int, now: datetime) -> Listing:
    """Return one page of the office's requests; a page past the end is the last one."""
    offered = services(db, me.office_id)
    promised = {one.id: one.service_days for one in offered if one.service_days is not None}
    late, alone = late_ones(db, me, promised, now=now), waiting(db, me, now=now)
    where = _conditions(me, wanted)
    counted = (
        select(func.count()).select_from(ServiceRequest).outerjoin(Officer, Officer.id == ServiceRequest.assignee_id)
    )
    of_services = counted.join(ServiceType, ServiceType.id == ServiceRequest.service_type_id)
    asked = {"today": clock.local_day(now, me.zone)}
    total = db.scalar(of_services.where(*where), asked) or 0
    page = max(1, min(page, -(-total // PAGE)))
    found = _rows(newest_first=wanted.state in CLOSED).where(*where).limit(PAGE).offset((page - 1) * PAGE)
    rows = [_listed(row, now, me.zone, late=row.id in late) for row in db.execute(found, asked)]
    counts = _counts(db, me, late=len(late), unassigned=sum(one.count for one in alone))
    return Listing(rows, counts, alone, offered, page, total)


def _listed(row: Row[*tuple[Any, ...]], now: datetime, zone: ZoneInfo, *, late: bool) -> ListedRequest:
    facts = row._asdict()
    created_at, closed_at = facts.pop("created_at"), facts.pop("closed_at")
    return ListedRequest(
        **facts,
        closed=row.state in CLOSED,
        late=late,
        day=clock.local_day(closed_at or created_at, zone),
        age_days=days_between(created_at, closed_at or now, zone),
    )
