"""How dates are written on pages: a date of another year says it, and over the end of a year both ends do."""

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date as babel_date

from staffhub import i18n


@lru_cache(maxsize=2000)  # a page names the days of a month several times
def _written(value: date, pattern: str, locale: str) -> str:
    return babel_date(value, pattern, locale=locale)


def _day(value: date, pattern: str) -> str:
    # One moment is two days in two zones, and yet the same key: what is kept is kept by the day alone.
    of_day = value.date() if isinstance(value, datetime) else value
    return _written(of_day, pattern, i18n.current_locale())


def long_day(value: date) -> str:
    """Senin, 23 November 2026."""
    return _day(value, "EEEE, d MMMM y")


def short_day(value: date, *, this_year: int | None = None) -> str:
    """Sen, 23 Nov. Of another year than `this_year`: Jum, 1 Jan 2027."""
    if this_year not in {None, value.year}:
        return dated_short(value)
    return _day(value, "EEE, d MMM")


def dated_short(value: date) -> str:
    """Sen, 23 Nov 2026."""
    return _day(value, "EEE, d MMM y")


def day_month(value: date) -> str:
    """23 Nov, where a picture has no room for more."""
    return _day(value, "d MMM")


def weekday(value: date) -> str:
    return _day(value, "EEE")


def month_name(value: date) -> str:
    """November 2026."""
    return _day(value, "LLLL y")
