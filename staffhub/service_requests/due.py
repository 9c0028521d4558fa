"""How a request stands against what was promised, as people read it: overdue by so much, so much left."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.service_requests.working_time import WorkingTime

# From two long days on nobody counts in hours.
_IN_DAYS = 16 * 60


@dataclass(frozen=True)
class Due:
    """`at`: in the office's zone. `minutes`: of working time until or since then; `days`: those that begin in it."""

    at: datetime
    minutes: int
    days: int
    late: bool
    soon: bool

    @property
    def label(self) -> str:
        if not self.minutes:  # after work, before it begins again
            return _("overdue") if self.late else _("due now")
        time = _amount(self.minutes, self.days)
        return _("%(time)s overdue", time=time) if self.late else _("%(time)s left", time=time)


def _amount(minutes: int, days: int) -> str:
    if minutes < 60:  # noqa: PLR2004  an hour
        return ngettext("%(num)s working minute", "%(num)s working minutes", minutes)
    if minutes < _IN_DAYS or not days:
        return ngettext("%(num)s working hour", "%(num)s working hours", minutes // 60)
    return ngettext("%(num)s working day", "%(num)s working days", days)


def due_of(working: WorkingTime, due: datetime | None, *, soon: datetime, now: datetime, zone: ZoneInfo) -> Due | None:
    """Weigh the moment until when a request is promised; None where nothing is due."""
    if due is None:
        return None
    ends = sorted((now, due))
    late = due < now
    return Due(due.astimezone(zone), working.minutes(*ends), working.begun(*ends), late, not late and due <= soon)
