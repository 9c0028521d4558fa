"""A tap that was sent late, and the rule of its time, in words."""

from staffhub.i18n import clock, ngettext
from staffhub.i18n import gettext as _
from staffhub.late import Delivered, Line
from staffhub.models import Counted, MarkKind
from staffhub.workdays import Counts, LateTaps


def counts(value: Counts) -> str:
    return {
        Counts.CLAIMED: _("the time of the tap, as the phone measured it"),
        Counts.ARRIVAL: _("the time of the arrival"),
    }[value]


def of_rule(values: LateTaps) -> list[tuple[str, str]]:
    found = [(_("What counts"), counts(values.counts))]
    if values.counts is Counts.ARRIVAL:
        return found
    hours = ngettext("%(num)s hour after the tap", "%(num)s hours after the tap", values.hours or 0)
    return [*found, (_("At the latest"), hours if values.hours else _("on the same day"))]


def counted(line: Line) -> str:
    """Say what counted, and why it is not the time of the tap where it is not."""
    if line.counted is Counted.CLAIMED:
        return _("the time of the tap counts, by the rule of the office")
    if line.counted is Counted.ARRIVAL:
        return _("the arrival counts, by the rule of the office") if line.claimed else _unknown(line)
    return _("it came too late to count; the day waits for an explanation")


def _unknown(line: Line) -> str:
    if line.ticket is None:
        return _("the arrival counts: the page was not one that we gave to this account")
    return _("the arrival counts: how long it waited is not known, the page was opened anew or the phone was restarted")


def said(made: Delivered, zone_name: str) -> str:
    """What the person reads once it arrived."""
    at, stamp = f"{clock(made.at)} {zone_name}", made.stamp
    out = made.kind is MarkKind.CHECK_OUT
    if stamp is None:
        return _(
            "Your tap of %(at)s came too late to count by itself. It is kept: ask for a correction of that day.", at=at
        )
    if not stamp.first:
        return _("Already recorded at %(at)s, nothing was changed. Receipt %(code)s.", at=at, code=stamp.code)
    if made.counted is Counted.CLAIMED and out:
        return _("Check-out of %(at)s was sent late and is recorded. Receipt %(code)s.", at=at, code=stamp.code)
    if made.counted is Counted.CLAIMED:
        return _("Check-in of %(at)s was sent late and is recorded. Receipt %(code)s.", at=at, code=stamp.code)
    if out:
        return _(
            "Check-out was sent late and is recorded at its arrival, %(at)s. Receipt %(code)s.", at=at, code=stamp.code
        )
    return _("Check-in was sent late and is recorded at its arrival, %(at)s. Receipt %(code)s.", at=at, code=stamp.code)
