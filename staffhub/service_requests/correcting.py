"""What was taken in wrongly of an open request is put right: the name, the telephone, the service, the reference.

Its history and the trail tell which of them and who; what a citizen is called, and called by, is kept in neither.
Lines of a log that name its applicant stay as they were written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from staffhub import audit, dated, office
from staffhub.db import lock_row
from staffhub.errors import Conflict, Refused
from staffhub.i18n import clock as clock_words
from staffhub.i18n import gettext as _
from staffhub.models import Office, RequestState, ServiceRequest
from staffhub.office import Service
from staffhub.security import Viewer
from staffhub.service_requests import steps
from staffhub.service_requests.appointments.ending import ahead
from staffhub.service_requests.duplicates import ask_about_same, same_ones
from staffhub.service_requests.one import Request
from staffhub.service_requests.promises import due_after

_S = RequestState
_UNCHECKED = (_S.NEW, _S.CHECKING, _S.WAITING)


class Facts(NamedTuple):
    """What an intake says of a request; `service_type` is the code of its service."""

    service_type: str
    applicant: str
    phone: str
    siak_reference: str


@dataclass(frozen=True)
class Corrected:
    """`fields`: what was put right, none when it stood so already; `division`: the one to which the request went."""

    fields: tuple[str, ...]
    division: str | None = None


def facts_of(db: Session, me: Viewer, request: Request) -> Facts:
    code = office.services(db, me.office_id)[request.service_id].code
    return Facts(code, request.applicant, request.phone, request.siak_reference)


def labels(fields: Sequence[str]) -> list[str]:
    said = {
        "service_type": _("service"),
        "applicant": _("name"),
        "phone": _("telephone"),
        "siak_reference": _("SIAK reference"),
    }
    return [said[name] for name in fields]


def correct(
    db: Session,
    me: Viewer,
    request: Request,
    facts: Facts,
    *,
    now: datetime,
    version: int | None = None,
    seen: str = "",
) -> Corrected:
    """Write what is otherwise in `facts`, by the rules of the intake.

    AlreadyAsked where the new number asked for the same service already, unless those were shown (`seen` their mark).
    Another service has its own promise; of another division it goes there, and nobody has it.
    """
    if not request.is_open:
        raise Conflict(steps.already(request))
    stood = facts_of(db, me, request)
    fields = tuple(name for name, was in stood._asdict().items() if was != getattr(facts, name))
    if not fields:
        return Corrected(())
    asks_anew = not {"phone", "service_type"}.isdisjoint(fields)
    if asks_anew:
        lock_row(db, Office, me.office_id)  # as an intake does: of two of the same wish one sees the other
    old = office.services(db, me.office_id)[request.service_id]
    new = steps.service_asked(db, me.office_id, facts.service_type) if "service_type" in fields else old
    if asks_anew:
        same = same_ones(db, me, phone=facts.phone, service_id=new.id, around=request.created_at, but=request.id)
        ask_about_same(same, seen)
    follows: dict[str, Any] = {} if new is old else _as_service(db, me, request, old, new, now)
    told = {"applicant": facts.applicant, "phone": facts.phone, "siak_reference": facts.siak_reference}
    steps.change(db, request, version, now=now, **told, **follows)
    _note(db, me, request, fields, old, new, follows, now)
    if new.division_id == old.division_id:
        return Corrected(fields)
    return Corrected(fields, office.divisions(db, me.office_id)[new.division_id].short_name)


def _as_service(db: Session, me: Viewer, request: Request, old: Service, new: Service, now: datetime) -> dict[str, Any]:
    """Return what becomes of a request with another service. Refused while its applicant has a slot of the old one."""
    lock_row(db, ServiceRequest, request.id)  # as whoever gives a slot does: one of us sees what the other wrote
    if at := ahead(db, me, request.id):
        when = {"day": dated.long_day(at.date), "at": clock_words(at.starts)}
        said = _(
            "The applicant has an appointment on %(day)s, %(at)s. Note what became of it or free the slot first.",
            **when,
        )
        raise Refused(said, field="service_type")
    state = _state(request, old, new)
    due = due_after(db, me.office_id, request_id=request.id, service_id=new.id, state=state, now=now)
    stays = new.division_id == old.division_id
    return {
        "service_type_id": new.id,
        "state": state,
        "due_at": due,
        "assignee_id": request.assignee_id if stays else None,
    }


def _state(request: Request, old: Service, new: Service) -> RequestState:
    """Who must come in person is waited for, as after an intake; what was checked already was seen to."""
    if new.needs_presence and not old.needs_presence and not request.urgent and request.state in _UNCHECKED:
        return _S.DEFERRED
    if old.needs_presence and not new.needs_presence and request.state is _S.DEFERRED:
        return _S.NEW
    return request.state


def _note(
    db: Session,
    me: Viewer,
    request: Request,
    fields: Sequence[str],
    old: Service,
    new: Service,
    follows: Mapping[str, Any],
    now: datetime,
) -> None:
    assignee, state = follows.get("assignee_id", request.assignee_id), follows.get("state", request.state)
    note = "" if new is old else f"{old.name} → {new.name}"[: steps.LONGEST_NOTE]
    steps.note_step(db, me, request.id, request.state, assignee, note=note, now=now, corrected=fields)
    if state is not request.state:
        waits = state is _S.DEFERRED
        why = _("The applicant must come in person; this waits unless it is urgent.") if waits else ""
        steps.note_step(db, me, request.id, state, assignee, note=why, now=now, corrected=fields)
    told: dict[str, Any] = {"fields": list(fields)}
    if new is not old:
        told |= {"before": old.code, "after": new.code, "assignee": [request.assignee_id, assignee]}
    audit.record(db, me, "request.corrected", "service_request", request.id, now=now, **told)
