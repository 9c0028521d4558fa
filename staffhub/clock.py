"""The only reader of the clock. Inside, every time is aware UTC; the office's zone is for days and screens."""

import time as time_module
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

# Where the server leaves in a request's scope when its first byte was seen.
ARRIVED = "staffhub.arrived"


def now() -> datetime:
    return datetime.now(UTC)


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:  # no Linux
        return ""


def since_boot() -> tuple[str, float]:
    """Return which start of the machine this is, and the seconds since: they run on while it sleeps, and nobody sets
    them. Empty where the system tells no such thing.
    """
    known = _boot()
    return (known, time_module.clock_gettime(time_module.CLOCK_BOOTTIME)) if known else ("", 0.0)


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
