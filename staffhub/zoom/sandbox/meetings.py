"""What Zoom does with meetings, the silent parts included (https://developers.zoom.us/docs/api/meetings/)."""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta

from staffhub.zoom.sandbox.account import LICENSED
from staffhub.zoom.sandbox.refusals import invalid, no_meeting, no_occurrence, refusal
from staffhub.zoom.sandbox.rules import INSTANT, NO_FIXED_TIME, SCHEDULED, SERIES, SETTINGS, check, utc, wire
from staffhub.zoom.sandbox.series import occurrences
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.shapes import JSON

DEFAULTS: JSON = {
    "host_video": False,
    "participant_video": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "waiting_room": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "auto_recording": "none",
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "email_notification": True,
    "meeting_authentication": False,
}
PLAIN = ("topic", "agenda", "timezone", "duration", "type", "tracking_fields")
OF_AN_OCCURRENCE = [
    "host_video",
    "participant_video",
    "join_before_host",
    "mute_upon_entry",
    "waiting_room",
    "watermark",
    "auto_recording",
]


def create(store: Store, host: JSON, body: JSON) -> JSON:
    if host["status"] != "active":
        raise refusal(400, 3161, "Your user account is not allowed meeting hosting and scheduling capabilities.")
    store.count_write(host["id"])
    _refuse(store, body)
    if body.get("schedule_for", host["email"]) not in (host["id"], host["email"]):
        raise refusal(400, 300, "You do not have the scheduling privilege of this user.")
    if body.get("type") == SERIES and "recurrence" not in body:
        raise invalid([("recurrence", "recurrence is required for a recurring meeting with fixed time.")])
    meeting = _new(store, host, body)
    if meeting["type"] == SERIES:
        _expand(store, meeting, body["recurrence"])
    _apply_settings(store, meeting, body.get("settings", {}))
    store.meetings[str(meeting["id"])] = meeting
    store.save()
    return meeting


def _new(store: Store, host: JSON, body: JSON) -> JSON:
    zone = str(body.get("timezone", host["timezone"]))
    now = wire(store.now())
    start = wire(utc(body["start_time"], zone)) if "start_time" in body else now
    return {
        "id": _fresh_number(store),
        "uuid": b64encode(secrets.token_bytes(16)).decode(),
        "host_id": host["id"],
        "host_email": host["email"],
        "topic": body.get("topic", "Zoom Meeting"),
        "type": body.get("type", SCHEDULED),
        "status": "waiting",
        # A past start silently becomes now, an instant meeting starts now whatever was asked.
        "start_time": now if body.get("type") == INSTANT else max(start, now),
        "duration": body.get("duration", 60),
        "timezone": zone,
        "agenda": body.get("agenda", ""),
        "created_at": now,
        "password": body.get("password") or passcode(),
        "link_key": secrets.token_urlsafe(24),
        "settings": dict(DEFAULTS),
        "tracking_fields": body.get("tracking_fields", []),
        "creation_source": "open_api",
    }


def update(store: Store, id: str, body: JSON, occurrence_id: str) -> None:
    meeting = find(store, id)
    store.count_write(meeting["host_id"])
    _refuse(store, body)
    if "schedule_for" in body and not occurrence_id:
        _rehost(store, meeting, str(body["schedule_for"]))
    before = {name: meeting[name] for name in PLAIN if name in meeting}
    if occurrence_id:
        _update_occurrence(store, meeting, _available(meeting, occurrence_id), body)
    else:
        _update_whole(store, meeting, body)
    store.save()
    _tell_changed(store, store.meetings[id], {name: body[name] for name in PLAIN if name in body}, before)


def _tell_changed(store: Store, meeting: JSON, changed: JSON, before: JSON) -> None:
    """Zoom tells only what is otherwise now, and what it was; a meeting's number is a number here."""
    told = {"id": meeting["id"], "host_id": meeting["host_id"]}
    store.tell("meeting.updated", told | changed, old_object=told | {name: before.get(name) for name in changed})


def _rehost(store: Store, meeting: JSON, email: str) -> None:
    """Let another user host it: both licensed, and only with the privilege; number, link and passcode stay."""
    before, after = store.user(meeting["host_id"]), store.user_or_none(email)
    able = after and all(user["type"] == LICENSED and user["status"] == "active" for user in (before, after))
    if not (after and able and store.account.rehosts):
        raise refusal(400, 300, "You do not have the scheduling privilege of this user.")
    meeting |= {"host_id": after["id"], "host_email": after["email"]}


def _update_whole(store: Store, meeting: JSON, body: JSON) -> None:
    zone = str(body.get("timezone", meeting["timezone"]))
    start = wire(utc(body["start_time"], zone)) if "start_time" in body else ""
    moves = start > wire(store.now())
    kind = body.get("type", meeting["type"])
    if "recurrence" in body and "type" not in body:
        raise invalid([("type", "type is required with recurrence.")])
    if kind == SERIES and "recurrence" not in body and (moves or meeting["type"] != SERIES):
        raise invalid([("recurrence", "recurrence is required.")])
    changed = meeting | {name: body[name] for name in PLAIN if name in body}
    if moves:
        changed["start_time"] = start
    if body.get("password", meeting["password"]) != meeting["password"]:
        changed |= {"password": body["password"], "link_key": secrets.token_urlsafe(24)}
    if kind != SERIES:
        changed = {name: value for name, value in changed.items() if name not in ("recurrence", "occurrences")}
    elif "recurrence" in body:
        _expand(store, changed, body["recurrence"])
    elif "duration" in body:
        changed["occurrences"] = [row | {"duration": body["duration"]} for row in meeting["occurrences"]]
    _apply_settings(store, changed, body.get("settings", {}))
    store.meetings[str(meeting["id"])] = changed


def _update_occurrence(store: Store, meeting: JSON, occurrence: JSON, body: JSON) -> None:
    """Change one date; its id stays even when its start moves, and everything else in `body` is ignored."""
    occurrence |= {name: body[name] for name in ("agenda", "duration") if name in body}
    settings = {name: value for name, value in body.get("settings", {}).items() if name in OF_AN_OCCURRENCE}
    if settings:
        occurrence["settings"] = occurrence.get("settings", {}) | settings
    if "start_time" in body:
        start = wire(utc(body["start_time"], str(body.get("timezone", meeting["timezone"]))))
        if start > wire(store.now()):
            occurrence["start_time"] = start


def delete(store: Store, id: str, occurrence_id: str) -> None:
    meeting = find(store, id)
    if occurrence_id:
        row = _available(meeting, occurrence_id)
        row["status"] = "deleted"
    else:
        row = None
        del store.meetings[id]
    store.save()
    told = {name: meeting[name] for name in ("id", "uuid", "host_id", "topic", "type", "timezone")}
    dates = [{"occurrence_id": row["occurrence_id"], "start_time": row["start_time"]}] if row else []
    more = {"occurrences": dates} if row else {}
    store.tell("meeting.deleted", told | more, operation="single" if row else "all")


def find(store: Store, id: str) -> JSON:
    """Return a meeting that still lives: numbers end 30 days after the last use, 365 for recurring ones."""
    meeting = store.meeting(id)
    days = 365 if meeting["type"] in (SERIES, NO_FIXED_TIME) else 30
    if max(ends(meeting)) + timedelta(days=days) < store.now():
        raise no_meeting(id)
    return meeting


def ends(meeting: JSON) -> list[datetime]:
    rows = [row for row in meeting.get("occurrences", []) if row["status"] == "available"] or [meeting]
    return [datetime.fromisoformat(row["start_time"]) + timedelta(minutes=row["duration"]) for row in rows]


def _available(meeting: JSON, occurrence_id: str) -> JSON:
    for row in meeting.get("occurrences", []):
        if row["occurrence_id"] == occurrence_id and row["status"] == "available":
            found: JSON = row
            return found
    raise no_occurrence()


def occurrence(meeting: JSON, occurrence_id: str) -> JSON:
    """Return the series as one of its dates shows it."""
    row = _available(meeting, occurrence_id)
    shown = {name: value for name, value in meeting.items() if name not in ("recurrence", "occurrences")}
    changed = {name: row[name] for name in ("start_time", "duration", "agenda") if name in row}
    return shown | changed | {"settings": meeting["settings"] | row.get("settings", {})}


def _expand(store: Store, meeting: JSON, rule: JSON) -> None:
    meeting["recurrence"] = rule
    meeting["occurrences"] = occurrences(
        rule,
        first=datetime.fromisoformat(meeting["start_time"]),
        zone=meeting["timezone"],
        duration=meeting["duration"],
        most=store.account.max_occurrences,
    )


def _apply_settings(store: Store, meeting: JSON, asked: JSON) -> None:
    settings = meeting["settings"] | {name: value for name, value in asked.items() if name in SETTINGS}
    if settings["waiting_room"]:
        settings["join_before_host"] = False
    if settings["auto_recording"] == "cloud" and store.user(meeting["host_id"])["type"] != LICENSED:
        settings["auto_recording"] = "none"
    meeting["settings"] = settings


def _refuse(store: Store, body: JSON) -> None:
    errors = check(body)
    able = [user for user in store.users if user["type"] == LICENSED and user["status"] == "active"]
    licensed = {user[name] for user in able for name in ("id", "email")}
    hosts = str(body.get("settings", {}).get("alternative_hosts", "")) if not errors else ""
    if strangers := [host for host in hosts.replace(",", ";").split(";") if host.strip() not in licensed | {""}]:
        errors.append(("settings.alternative_hosts", f"Not a licensed user of this account: {strangers[0]}."))
    if errors:
        raise invalid(errors)


def _fresh_number(store: Store) -> int:
    while True:
        number = 80_000_000_000 + secrets.randbelow(10_000_000_000)
        if str(number) not in store.meetings:
            return number


def passcode() -> str:
    return secrets.token_hex(3)
