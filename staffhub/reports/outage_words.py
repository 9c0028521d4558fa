"""Outages in words: their kinds and states, how they were noticed, and what was done; `words.excuse`: on a day."""

from collections.abc import Mapping
from datetime import datetime

from staffhub.dated import short_day
from staffhub.i18n import clock, ngettext
from staffhub.i18n import gettext as _
from staffhub.models import OutageAct, OutageKind, OutageState, Trouble


def kind(one: OutageKind) -> str:
    return {OutageKind.APP: _("Disturbance of the application"), OutageKind.ZOOM: _("Disturbance of Zoom alone")}[one]


def state(one: OutageState) -> str:
    return {
        OutageState.PROPOSED: _("waits for a decision"),
        OutageState.CONFIRMED: _("confirmed"),
        OutageState.DISMISSED: _("dismissed"),
    }[one]


def look(one: OutageState) -> str:
    return {OutageState.PROPOSED: "warn", OutageState.CONFIRMED: "ok", OutageState.DISMISSED: ""}[one]


def trouble(one: str) -> str:
    return {
        Trouble.GAP: _("The program stood still or the server was off"),
        Trouble.AWAY: _("The database did not answer"),
        Trouble.BUSY: _("Turned away, since too many came at once"),
        Trouble.FAILED: _("The program failed"),
        Trouble.SLOW: _("The answer took more than five seconds"),
        Trouble.WAITED: _("Taps of several people waited for their network and came together"),
        Trouble.ZOOM: _("Zoom did not answer"),
    }[Trouble(one)]


def told(one: str, found: Mapping[str, int]) -> str:
    """6 menit, 33 kali; a gap has no times."""
    minutes = ngettext("%(num)s minute", "%(num)s minutes", found["minutes"])
    if Trouble(one) is Trouble.GAP:
        return minutes
    return f"{minutes}, {ngettext('%(num)s time', '%(num)s times', found['times'])}"


def act(one: OutageAct) -> str:
    return {
        OutageAct.NOTICED: _("Noticed by the program"),
        OutageAct.ENTERED: _("Entered"),
        OutageAct.CONFIRMED: _("Confirmed"),
        OutageAct.CHANGED: _("Widened or narrowed"),
        OutageAct.DISMISSED: _("Dismissed"),
        OutageAct.UNDONE: _("Taken back"),
    }[one]


def done(one: OutageAct) -> str:
    return {
        OutageAct.CONFIRMED: _("Confirmed: what it took is neither late nor early."),
        OutageAct.CHANGED: _("The span is changed, and the days follow it."),
        OutageAct.DISMISSED: _("Dismissed: it excuses nobody."),
        OutageAct.UNDONE: _("Taken back: it waits for a decision again and excuses nobody."),
    }[one]


def span(first: datetime, last: datetime) -> str:
    """Sen, 23 Nov 07.20 – 07.52; over midnight both ends say their day. Times are local."""
    ends = clock(last) if first.date() == last.date() else f"{short_day(last.date())} {clock(last)}"
    return f"{short_day(first.date())} {clock(first)} – {ends}"


def people(count: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", count)
