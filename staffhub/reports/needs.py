"""What needs whoever leads this morning: only what is out of order, each with the one thing to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.reports.board import Column
from staffhub.security import Viewer


@dataclass(frozen=True)
class Standup:
    """The standup of today that I am invited to and that is not over."""

    topic: str
    starts_at: time
    address: str
    ready: bool


@dataclass(frozen=True)
class Leading:
    """What stands open in the viewer's scope, as numbers.

    `missing` and `short` are empty outside of working hours: then nobody is missing there. `later`: bidang that are
    covered now, and not until the end of the day.
    """

    missing: int
    short: list[Column]
    later: list[Column]
    late: int
    urgent: int
    unassigned: int
    decisions: int
    corrections: int
    logs: int
    leave: int


@dataclass(frozen=True)
class Need:
    """One line: what it is, what more is said of it, and the one action."""

    text: str
    action: str
    address: str
    icon: str
    more: str = ""


def needs_of(me: Viewer, found: Leading) -> list[Need]:
    """Return what is to be done, what cannot wait first; nothing where all is in order."""
    return [*_people(me, found), *_requests(me, found), *_decisions(found)]


def _people(me: Viewer, found: Leading) -> Iterator[Need]:
    # Only one's own bidang is in the scope of who heads one.
    own = "" if me.sees_everyone or me.division_id is None else f"&division={me.division_id}"
    if found.short:
        number = len(found.short)
        text = ngettext("%(num)s division is not covered", "%(num)s divisions are not covered", number)
        address = "/roster/calls" if me.may("roster.edit") else f"/board?mode=short{own}"
        yield Need(text, _("See who can come"), address, "alert", more=_lacking(found.short))
    if found.later and me.may("roster.edit"):
        number = len(found.later)
        text = ngettext(
            "%(num)s division will not be covered all day", "%(num)s divisions will not be covered all day", number
        )
        more = ", ".join(one.name for one in found.later)
        yield Need(text, _("See who can come"), "/roster/calls", "alert", more=more)
    if found.missing:
        text = ngettext("%(num)s person has not checked in", "%(num)s people have not checked in", found.missing)
        yield Need(text, _("See who"), f"/board?mode=pending{own}", "pending", more=_("planned to work today"))


def _lacking(columns: list[Column]) -> str:
    told = [f"{one.name} {cover.have}/{cover.need}" for one in columns for cover in one.covers if cover.short]
    return ", ".join(told[:3]) + (" …" if len(told) > 3 else "")  # noqa: PLR2004  as many as fit beside it


def _requests(me: Viewer, found: Leading) -> Iterator[Need]:
    own = None if me.sees_everyone else me.division_id
    if found.late:
        text = ngettext("%(num)s request is overdue", "%(num)s requests are overdue", found.late)
        yield Need(text, _("Open them"), f"/requests?due=late{f'&division={own}' if own else ''}", "alert")
    if found.urgent:
        text = ngettext("%(num)s urgent request is deferred", "%(num)s urgent requests are deferred", found.urgent)
        yield Need(text, _("Look at them"), "/requests?state=deferred", "alert")
    if found.unassigned:
        text = ngettext("%(num)s request has no officer", "%(num)s requests have no officer", found.unassigned)
        more = _("or the officer is not there")
        if me.may("requests.assign"):
            yield Need(text, _("Hand them out"), "/requests/unassigned", "inbox", more=more)
        else:
            yield Need(text, _("Open them"), "/requests?assignee=none", "inbox", more=more)


def _decisions(found: Leading) -> Iterator[Need]:
    if found.corrections:
        text = ngettext("%(num)s correction to decide", "%(num)s corrections to decide", found.corrections)
        yield Need(text, _("Decide"), "/corrections?show=waiting", "check")
    if found.leave:
        text = ngettext("%(num)s leave request to decide", "%(num)s leave requests to decide", found.leave)
        yield Need(text, _("Decide"), "/leave", "leave")
    if found.logs:
        text = ngettext("%(num)s log to verify", "%(num)s logs to verify", found.logs)
        yield Need(text, _("Verify"), "/worklog/verify", "log")
    if found.decisions:
        text = ngettext("%(num)s day of the month to decide", "%(num)s days of the month to decide", found.decisions)
        yield Need(text, _("Decide"), "/attendance?show=open", "month")


def standup_need(standup: Standup, zone_name: str) -> Need:
    """The standup is no exception: it stands there whether anything else waits or not."""
    text = _("%(topic)s at %(time)s", topic=standup.topic, time=f"{i18n.clock(standup.starts_at)} {zone_name}")
    return Need(text, _("Join") if standup.ready else _("Details"), standup.address, "video")
