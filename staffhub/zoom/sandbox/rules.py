"""What Zoom checks in the body of a create or update (https://developers.zoom.us/docs/api/meetings/)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from staffhub.zoom.shapes import JSON

INSTANT, SCHEDULED, NO_FIXED_TIME, SERIES, SCREEN_SHARE = 1, 2, 3, 8, 10
DAILY, WEEKLY, MONTHLY = 1, 2, 3
MAX_INTERVAL = {DAILY: 90, WEEKLY: 12, MONTHLY: 3}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")
WEEKDAYS = re.compile(r"[1-7](,[1-7])*")
PASSCODE = re.compile(r"[A-Za-z0-9@\-_*!]{0,10}")
ZONES = available_timezones()

Check = Callable[[object], bool]


def _text(most: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= most


def _number(least: int, most: int) -> Check:
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*allowed: int | str) -> Check:
    return lambda value: type(value) in (int, str) and value in allowed


def _is(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


def is_time(value: object) -> bool:
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


FIELDS: dict[str, tuple[Check, str]] = {
    "topic": (_text(200), "Topic exceeds the maximum of 200 characters."),
    "agenda": (_text(2000), "Agenda exceeds the maximum of 2000 characters."),
    "type": (_one_of(INSTANT, SCHEDULED, NO_FIXED_TIME, SERIES, SCREEN_SHARE), "Invalid meeting type."),
    "start_time": (is_time, "Invalid start_time: yyyy-MM-ddTHH:mm:ss or yyyy-MM-ddTHH:mm:ssZ is expected."),
    "timezone": (lambda value: isinstance(value, str) and value in ZONES, "Invalid timezone."),
    "duration": (_number(1, 1440), "Duration must be from 1 to 1440 minutes."),
    "password": (
        lambda value: isinstance(value, str) and PASSCODE.fullmatch(value) is not None,
        "Passcode may only contain the characters a-z A-Z 0-9 @ - _ * and at most 10 of them.",
    ),
    "settings": (_is(dict), "Invalid settings."),
    "recurrence": (_is(dict), "Invalid recurrence."),
    "tracking_fields": (_is(list), "Invalid tracking_fields."),
}
SWITCHES = [
    "host_video",
    "participant_video",
    "join_before_host",
    "mute_upon_entry",
    "waiting_room",
    "watermark",
    "use_pmi",
    "email_notification",
    "alternative_hosts_email_notification",
    "meeting_authentication",
]
SETTINGS: dict[str, Check] = {
    **dict.fromkeys(SWITCHES, _is(bool)),
    "jbh_time": _one_of(0, 5, 10, 15),
    "auto_recording": _one_of("local", "cloud", "none"),
    "approval_type": _one_of(0, 1, 2),
    "registration_type": _one_of(1, 2, 3),
    "alternative_hosts": _is(str),
}


def check(body: JSON) -> list[tuple[str, str]]:
    """Return a pair of field and sentence for all that Zoom would refuse; unknown fields are ignored, as Zoom does."""
    errors = [(name, sentence) for name, (fine, sentence) in FIELDS.items() if name in body and not fine(body[name])]
    if errors:
        return errors
    settings = body.get("settings", {})
    errors += [
        (f"settings.{name}", f"Invalid parameter: {name}.")
        for name, fine in SETTINGS.items()
        if name in settings and not fine(settings[name])
    ]
    return errors + list(_check_recurrence(body["recurrence"]) if "recurrence" in body else ())


def _check_recurrence(rule: JSON) -> Iterator[tuple[str, str]]:
    kind = rule.get("type")
    if type(kind) is not int or kind not in MAX_INTERVAL:
        yield "recurrence.type", "Invalid recurrence type."
        return
    if not _number(1, MAX_INTERVAL[kind])(rule.get("repeat_interval", 1)):
        yield "recurrence.repeat_interval", f"repeat_interval must be from 1 to {MAX_INTERVAL[kind]}."
    if kind == WEEKLY and not WEEKDAYS.fullmatch(str(rule.get("weekly_days", ""))):
        yield "recurrence.weekly_days", "weekly_days is required: 1 (Sunday) to 7 (Saturday), separated by commas."
    if kind == MONTHLY and not _names_a_day(rule):
        yield "recurrence.monthly_day", "Either monthly_day, or monthly_week and monthly_week_day, is required."
    if "end_times" in rule and "end_date_time" in rule:
        yield "recurrence.end_times", "end_times and end_date_time cannot be used together."
    if not _number(0, 10_000)(rule.get("end_times", 1)):
        yield "recurrence.end_times", "Invalid end_times."
    end = rule.get("end_date_time", "2000-01-01T00:00:00Z")
    if not is_time(end) or not str(end).endswith("Z"):
        yield "recurrence.end_date_time", "Invalid end_date_time: yyyy-MM-ddTHH:mm:ssZ is expected."


def _names_a_day(rule: JSON) -> bool:
    if "monthly_day" in rule:
        return "monthly_week" not in rule and _number(1, 31)(rule["monthly_day"])
    return _one_of(-1, 1, 2, 3, 4)(rule.get("monthly_week")) and _number(1, 7)(rule.get("monthly_week_day"))


def utc(value: str, zone: str) -> datetime:
    """Read a checked start_time: with Z it is UTC and the zone is for display, without Z it is local to `zone`."""
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wire(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
