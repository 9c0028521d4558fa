"""Who moved from one bidang to another within a month, in the words of its sheet."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Protocol

from staffhub import i18n
from staffhub.i18n import gettext as _

_A_DAY = timedelta(days=1)


class Part(Protocol):
    """A person's days in one bidang, from `since` to `until`; None: not limited."""

    @property
    def id(self) -> int: ...
    @property
    def division_short(self) -> str | None: ...
    @property
    def since(self) -> date | None: ...
    @property
    def until(self) -> date | None: ...


def bidang(part: Part) -> str:
    return part.division_short or _("Leadership")


def told(everybody: Iterable[Part], first: date, last: date) -> dict[tuple[int, date | None], str]:
    """Return by person and `since` where somebody came from or went between these dates.

    The other bidang is named where its part is among `everybody`: a head reads nothing of the days elsewhere.
    """
    parts = list(everybody)
    begins = {(one.id, one.since): one for one in parts}
    ends = {(one.id, one.until): one for one in parts}
    found = {}
    for one in parts:
        said = []
        if one.since and first < one.since <= last:
            said.append(_came(one.since, ends.get((one.id, one.since - _A_DAY))))
        if one.until and one.until < last:
            said.append(_went(one.until + _A_DAY, begins.get((one.id, one.until + _A_DAY))))
        if said:
            found[one.id, one.since] = ", ".join(said)
    return found


def _came(day: date, before: Part | None) -> str:
    if before is None:
        return _("here since %(day)s", day=i18n.day(day))
    return _("from %(division)s since %(day)s", division=bidang(before), day=i18n.day(day))


def _went(day: date, after: Part | None) -> str:
    if after is None:
        return _("here until %(day)s", day=i18n.day(day - _A_DAY))
    return _("moved to %(division)s since %(day)s", division=bidang(after), day=i18n.day(day))
