"""What a proposed duty roster looks to, in words."""

from staffhub.i18n import gettext as _
from staffhub.workdays import RosterWeights


def weights() -> list[tuple[str, str]]:
    """Return what the duty roster may look to, by the names of the rule."""
    return [
        ("turns", _("Equal turns in the office")),
        ("mondays_fridays", _("Nobody two Mondays or Fridays running")),
        ("wishes", _("Wishes of the staff")),
        ("home_blocks", _("Days at home one after the other")),
        ("changes", _("Few changes of what is published")),
    ]


def of_weights(values: RosterWeights) -> list[tuple[str, str]]:
    counted = ((label, getattr(values, name)) for name, label in weights())
    return [
        (label, _("counts %(number)s of 100", number=number) if number else _("does not count"))
        for label, number in counted
    ]
