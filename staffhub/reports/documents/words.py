"""Words that the papers share."""

from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date

from staffhub.i18n import current_locale
from staffhub.i18n import gettext as _

if TYPE_CHECKING:
    from staffhub.reports.documents.lines import Recap


def month(first: date) -> str:
    return str(format_date(first, "MMMM y", locale=current_locale()))


def weekday(day: date) -> str:
    """One letter, as in a calendar on paper."""
    return str(format_date(day, "EEEEE", locale=current_locale()))


def title(recap: "Recap") -> str:
    return _("Attendance recap, %(month)s", month=month(recap.first))
