"""Whether somebody asks twice: the same telephone number and service within the days that the office has set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, String, bindparam, select, update
from sqlalchemy.orm import Session

from staffhub import audit, office
from staffhub.db import digest, rows
from staffhub.errors import Conflict
from staffhub.i18n import gettext as _
from staffhub.models import Office, RequestState, ServiceRequest
from staffhub.security import Viewer
from staffhub.service_requests.owners import OFFICE
from staffhub.service_requests.words import state_label

MOST_DAYS = 365
_SHOWN = 5


@dataclass(frozen=True)
class Same:
    """A request that may be the same wish; `created_at` is the office's time."""

    id: int
    number: str
    applicant: str
    state: RequestState
    created_at: datetime

    @property
    def state_label(self) -> str:
        return state_label(self.state)


class AlreadyAsked(Conflict):
    """A question, answered by sending the form again with `mark`: take it in although `found` are there?"""

    def __init__(self, found: Sequence[Same]) -> None:
        super().__init__(
            _("This number has asked for the same service already. Look at it first, or take this one in as well.")
        )
        self.found = found
        self.mark = mark(found)


def mark(found: Sequence[Same]) -> str:
    """Return a mark of what was shown: another one is asked about when something came in meanwhile."""
    return digest(*(str(one.id) for one in found))[:16]


def ask_about_same(found: Sequence[Same], seen: str) -> None:
    """Raise AlreadyAsked unless there are none, or just these were shown (`seen`)."""
    if found and mark(found) != seen:
        raise AlreadyAsked(found)


_SAME = (
    select(
        ServiceRequest.id,
        ServiceRequest.number,
        ServiceRequest.applicant,
        ServiceRequest.state,
        ServiceRequest.created_at,
    )
    .where(
        ServiceRequest.office_id == OFFICE,
        ServiceRequest.phone == bindparam("phone", type_=String),
        ServiceRequest.service_type_id == bindparam("service", type_=BigInteger),
        ServiceRequest.created_at >= bindparam("since"),
        ServiceRequest.created_at <= bindparam("until"),
        ServiceRequest.id != bindparam("but", type_=BigInteger),
    )
    .order_by(ServiceRequest.created_at.desc(), ServiceRequest.id.desc())
    .limit(_SHOWN)
)


def same_ones(db: Session, me: Viewer, *, phone: str, service_id: int, around: datetime, but: int = 0) -> list[Same]:
    """Return the newest requests of the same number (as `typed.telephone` writes it) and service, before and after."""
    window = timedelta(days=office.facts(db, me.office_id).duplicate_days)
    if not phone or not window:
        return []
    asked = {"phone": phone, "service": service_id, "since": around - window, "until": around + window, "but": but}
    found = rows(db, _SAME, office=me.office_id, **asked)
    return [Same(*row[:-1], row.created_at.astimezone(me.zone)) for row in found]


_OF_MANY = (
    select(ServiceRequest.phone, ServiceRequest.service_type_id, ServiceRequest.number)
    .where(
        ServiceRequest.office_id == OFFICE,
        ServiceRequest.phone.in_(bindparam("phones", expanding=True)),
        ServiceRequest.created_at >= bindparam("since"),
        ServiceRequest.created_at <= bindparam("until"),
    )
    .order_by(ServiceRequest.created_at, ServiceRequest.id)
)


def numbers_of(db: Session, me: Viewer, phones: Sequence[str], *, around: datetime) -> dict[tuple[str, int], str]:
    """Return the number of the newest request by telephone and service: `same_ones` for many at once."""
    window = timedelta(days=office.facts(db, me.office_id).duplicate_days)
    if not phones or not window:
        return {}
    asked = {"phones": list(phones), "since": around - window, "until": around + window}
    return {(phone, service): number for phone, service, number in rows(db, _OF_MANY, office=me.office_id, **asked)}


def set_window(db: Session, me: Viewer, *, days: int, now: datetime) -> bool:
    """Say within how many days the same wish is shown as one, 0: never; False when it is so already."""
    me.require("office.edit")
    before = office.facts(db, me.office_id).duplicate_days
    if before == days:
        return False
    db.execute(update(Office).where(Office.id == me.office_id).values(duplicate_days=days))
    told = {"before": before, "after": days}
    audit.record(db, me, "office.duplicate_days", "office", me.office_id, now=now, **told)
    return True
