"""Words that the papers share."""

from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date

from staffhub import i18n
from staffhub.i18n import current_locale
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, WorkMode
from staffhub.reports import words
from staffhub.reports.documents.signed import Change
from staffhub.signing import Day

if TYPE_CHECKING:
    from staffhub.reports.documents.lines import Recap


def month(first: date) -> str:
    return str(format_date(first, "MMMM y", locale=current_locale()))


def weekday(day: date) -> str:
    """One letter, as in a calendar on paper."""
    return str(format_date(day, "EEEEE", locale=current_locale()))


def title(recap: "Recap") -> str:
    return _("Attendance recap, %(month)s", month=month(recap.first))


def clocked(time: str | None) -> str:
    """A time as a snapshot keeps it (07:52, +1 06:03) in the way of the language."""
    text = time or ""
    if text.startswith("+"):
        text = _("%(time)s the next day", time=text.partition(" ")[2])
    return text if current_locale() == "en" else text.replace(":", ".")


def reads(day: Day | None) -> str:
    """A kept day in one line: its letters, its times, its minutes."""
    if day is None:
        return _("not in the month")
    times = [clocked(day.get(name)) or "?" for name in ("first", "last")] if {"first", "last"} & day.keys() else []
    mode = words.place(day["mode"]) if day.get("mode") == WorkMode.HOME else ""
    parts = [day.get("code") or "-", mode.lower(), " – ".join(times), off_hours(day)]
    return ", ".join(part for part in parts if part)


def off_hours(day: Day) -> str:
    """22 minutes late (HT 1), left 5 minutes early."""
    late, early = day.get("late", 0), day.get("early", 0)
    said = [
        _with_tier(_("%(time)s late", time=words.duration(late)), day.get("late_tier")) if late else "",
        _with_tier(_("left %(time)s early", time=words.duration(early)), day.get("early_tier")) if early else "",
    ]
    return ", ".join(part for part in said if part)


def _with_tier(text: str, tier: str | None) -> str:
    return f"{text} ({tier})" if tier else text


def employed(day: Day) -> str:
    return words.employment(EmploymentType(day["employment"])) if day.get("employment") else ""


def changed_header() -> list[str]:
    return [_("Supplement"), _("Date"), _("Name"), _("Before"), _("After")]


def changed_row(one: Change) -> list[str]:
    return [str(one.number), i18n.day(one.day), one.name, reads(one.before), reads(one.after)]
