"""Kinds of leave, and halves of a day, in words."""

from staffhub.i18n import gettext as _
from staffhub.models import DayPart
from staffhub.workdays import LeaveKind

KINDS: tuple[str, ...] = tuple(kind.value for kind in LeaveKind)


def name(kind: str) -> str:
    """Return how a kind is called; "" is a range of the plan that says none."""
    return {
        LeaveKind.ANNUAL: _("Annual leave"),
        LeaveKind.LONG: _("Long leave"),
        LeaveKind.SICK: _("Sick leave"),
        LeaveKind.MATERNITY: _("Maternity leave"),
        LeaveKind.IMPORTANT_REASON: _("Leave for an important reason"),
        LeaveKind.UNPAID: _("Unpaid leave"),
        LeaveKind.PERMISSION: _("Permission"),
        "": _("Leave without a kind"),
    }[kind]


def halves() -> list[tuple[str, str]]:
    return [
        (DayPart.MORNING.value, _("Half, the morning")),
        (DayPart.AFTERNOON.value, _("Half, the afternoon")),
    ]


def half_text(part: DayPart | None) -> str:
    return {
        DayPart.MORNING: _("Leave for half a day, in the morning"),
        DayPart.AFTERNOON: _("Leave for half a day, in the afternoon"),
        None: _("Half a day, nobody noted which half"),
    }[part]


def half_short(part: DayPart | None) -> str:
    """Return the half beside a date."""
    return {
        DayPart.MORNING: _("half a day, morning"),
        DayPart.AFTERNOON: _("half a day, afternoon"),
        None: _("half a day, not noted which"),
    }[part]
