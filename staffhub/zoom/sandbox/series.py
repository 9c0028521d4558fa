"""The dates of a recurring meeting (type 8), counted in its own time zone."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice, takewhile
from zoneinfo import ZoneInfo

from staffhub.zoom.sandbox.refusals import invalid
from staffhub.zoom.sandbox.rules import DAILY, WEEKLY, wire
from staffhub.zoom.shapes import JSON


def occurrences(rule: JSON, *, first: datetime, zone: str, duration: int, most: int) -> list[JSON]:
    """Expand a checked rule; `duration` in minutes. Raises Refusal for none, or for more than `most`."""
    local = first.astimezone(ZoneInfo(zone))
    # UTC before comparing: wall clocks repeat an hour where summer time ends.
    starts = (
        datetime.combine(day, local.timetz().replace(tzinfo=None), ZoneInfo(zone)).astimezone(UTC)
        for day in _days(rule, local.date())
    )
    if "end_date_time" in rule:
        end = datetime.fromisoformat(rule["end_date_time"])
        found = list(islice(takewhile(lambda start: start <= end, starts), most + 1))
    else:
        # 0 means without end; Zoom then keeps a window filled.
        found = list(islice(starts, min(rule.get("end_times", 1) or most, most + 1)))
    if not found:
        raise invalid([("recurrence.end_date_time", "The recurring meeting has no occurrence.")])
    if len(found) > most:
        raise invalid([("recurrence", f"A recurring meeting can have at most {most} occurrences.")])
    return [_occurrence(start, duration) for start in found]


def _occurrence(start: datetime, duration: int) -> JSON:
    return {
        "occurrence_id": str(int(start.timestamp()) * 1000),
        "start_time": wire(start),
        "duration": duration,
        "status": "available",
    }


def _days(rule: JSON, first: date) -> Iterator[date]:
    step = rule.get("repeat_interval", 1)
    if rule["type"] == DAILY:
        return (first + timedelta(days=n) for n in count(0, step))
    candidates = _weekly(rule, first, step) if rule["type"] == WEEKLY else _monthly(rule, first, step)
    return (day for day in candidates if day >= first)


def _weekly(rule: JSON, first: date, step: int) -> Iterator[date]:
    sunday = first - timedelta(days=first.isoweekday() % 7)
    numbers = sorted({int(number) for number in str(rule["weekly_days"]).split(",")})
    return (sunday + timedelta(weeks=week, days=number - 1) for week in count(0, step) for number in numbers)


def _monthly(rule: JSON, first: date, step: int) -> Iterator[date]:
    for month in count(first.month - 1, step):
        start = date(first.year + month // 12, month % 12 + 1, 1)
        length = monthrange(start.year, start.month)[1]
        day = rule.get("monthly_day") or _nth_weekday(start, length, rule["monthly_week"], rule["monthly_week_day"])
        if day <= length:
            yield start.replace(day=day)


def _nth_weekday(start: date, length: int, week: int, weekday: int) -> int:
    days = range(1 + (weekday - 1 - start.isoweekday()) % 7, length + 1, 7)
    return days[week if week < 0 else week - 1]
