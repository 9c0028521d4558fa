"""The only reader of the clock. Inside, every time is aware UTC; the office's zone is for days and screens."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

# Where the server leaves in a request's scope when its first byte was seen.
ARRIVED = "staffhub.arrived"


def now() -> datetime:
    return datetime.now(UTC)


def arrival(scope: Mapping[str, Any]) -> datetime:
    """Return the moment that counts for a request: when it arrived, whatever it waited for since."""
    return cast("datetime", scope.get(ARRIVED) or now())


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the office's calendar date of an instant: in WITA the day changes at 16:00 UTC."""
    return at.astimezone(zone).date()


def at_local(day: date, clock_time: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a wall-clock time in the office's zone."""
    return datetime.combine(day, clock_time, tzinfo=zone).astimezone(UTC)


def month_days(month: date) -> list[date]:
    """Return every date of the month that holds `month`."""
    first = month.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return [first + timedelta(days=n) for n in range((following - first).days)]


def month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    return month_days(month)[-1] + timedelta(days=1)
