"""Kinds of leave in words."""

from staffhub.i18n import gettext as _
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
