"""The citizen asks without an account, with the short code and the end of the telephone number: how far is it?"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Row, bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, security
from staffhub.db import rows
from staffhub.models import Appointment, Office, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.models.appointments import IS_AHEAD
from staffhub.service_requests.moved import MOVES_ON, STATE_BEFORE
from staffhub.service_requests.promises import CLOSED
from staffhub.service_requests.telling import coming, told_of
from staffhub.service_requests.words import state_label

DIGITS = 4
_BRINGS = (RequestState.NEW, RequestState.CHECKING, RequestState.WAITING, RequestState.DEFERRED)


@dataclass(frozen=True)
class Standing:
    """Neither who asked nor for what; `since` is the office's time, `papers` what is brought while that still helps."""

    code: str
    state: RequestState
    since: datetime
    told: str
    papers: tuple[str, ...]
    office: str

    @property
    def state_label(self) -> str:
        return state_label(self.state)


_BY_CODE = select(ServiceRequest.id, ServiceRequest.phone).where(ServiceRequest.public_code == bindparam("code"))


def _last(column: Any, *which: ColumnElement[bool]) -> Any:
    event = RequestEvent
    found = select(column).where(event.request_id == ServiceRequest.id, MOVES_ON, *which)
    return found.order_by(event.at.desc(), event.id.desc()).limit(1).scalar_subquery()


_STANDING = (
    select(
        ServiceRequest.public_code,
        ServiceRequest.state,
        _last(RequestEvent.at).label("since"),
        # What was opened again says why, and that is not for the citizen.
        _last(RequestEvent.note, RequestEvent.state == RequestState.WAITING, STATE_BEFORE.not_in(CLOSED)).label(
            "missing"
        ),
        ServiceType.needs_presence,
        ServiceType.papers,
        Office.name,
        Office.timezone,
        ServiceType.slot_minutes,
        Appointment.date,
        Appointment.starts,
    )
    .join(ServiceType, ServiceType.id == ServiceRequest.service_type_id)
    .join(Office, Office.id == ServiceRequest.office_id)
    .outerjoin(Appointment, (Appointment.request_id == ServiceRequest.id) & IS_AHEAD)
    .where(ServiceRequest.id == bindparam("request", type_=BigInteger))
)


def as_given(typed: str) -> str:
    """Return a code as it was given out, however it was typed: k7m4 trxw is K7M4-TRXW."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def ask(db: Session, *, code: str, digits: str, address: str, key: bytes, now: datetime) -> Standing | None:
    """Look a request up; None when the code or the digits are wrong, which of them nobody learns.

    TooMany after too many wrong ones. A wrong code takes the same statements as wrong digits, and as a right answer.
    """
    given = as_given(code)
    asker = security.begin_question(db, code=given, address=address, key=key, now=now)
    found = rows(db, _BY_CODE, code=given).one_or_none()
    id_, phone = found or (0, "")
    # A request without a number answers to nobody.
    right = hmac.compare_digest(phone[-DIGITS:].rjust(DIGITS, "-").encode(), digits.encode())
    security.note_question(db, asker, right=right, now=now)
    row = rows(db, _STANDING, request=id_ if right else 0).one_or_none()
    return _as_told(row, now) if row else None


def _as_told(row: Row[Any], now: datetime) -> Standing:
    zone = ZoneInfo(row.timezone)
    # Of a day that is over nobody noted yet who came.
    if row.date and row.date >= clock.local_day(now, zone):
        told = coming(row.public_code, row.name, row.date, row.starts, zone)
    else:
        in_person = row.needs_presence and row.slot_minutes is None
        told = told_of(row.state, row.public_code, in_person=in_person, missing=row.missing or "")
    papers = tuple(row.papers.splitlines()) if row.state in _BRINGS else ()
    since = row.since.astimezone(zone)
    return Standing(row.public_code, row.state, since, told, papers, row.name)
