"""What services and states are called, and how old something is: as the reader says it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, i18n, office
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import RequestState


@cache
def _state_labels(_locale: str) -> dict[RequestState, str]:
    """Written once for each language: a list asks for one of them per row."""
    return {
        RequestState.NEW: _("Received"),
        RequestState.CHECKING: _("Being checked"),
        RequestState.WAITING: _("Not complete yet"),
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


def days_between(begin: datetime, end: datetime, zone: ZoneInfo) -> int:
    return (clock.local_day(end, zone) - clock.local_day(begin, zone)).days


class InWords:
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
class Service:
    """A kind of service as the reader calls it."""

    id: int
    code: str
    name: str
    division_id: int
    division: str
    needs_presence: bool
    by_appointment: bool
    service_days: int | None
    service_hours: int | None
    papers: tuple[str, ...]
    ended: bool


def services(db: Session, office_id: int) -> dict[int, Service]:
    """Return the kinds of service by id, in the order of the office."""
    english, divisions = i18n.current_locale() == "en", office.divisions(db, office_id)
    return {
        one.id: Service(
            one.id,
            one.code,
            one.name_en if english else one.name,
            one.division_id,
            divisions[one.division_id].short_name,
            one.needs_presence,
            one.slot_minutes is not None,
            one.service_days,
            one.service_hours,
            tuple(one.papers.splitlines()),
            one.ended,
        )
        for one in office.services(db, office_id).values()
    }
