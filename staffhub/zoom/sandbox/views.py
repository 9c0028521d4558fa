"""Meetings as Zoom shows them: details, list rows, and the small pages behind the links."""

from datetime import datetime

from staffhub.zoom.sandbox.meetings import ends, find, occurrence
from staffhub.zoom.sandbox.refusals import Refusal
from staffhub.zoom.sandbox.rules import INSTANT, NO_FIXED_TIME, SERIES
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.shapes import JSON

ROW = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at")
LISTED_AGENDA = 250
PAGE = """<!doctype html>
<html lang="id">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Zoom sandbox</title>
<h1>Zoom sandbox</h1>
<p>Ini bukan Zoom. Ini server latihan: pada pemasangan sebenarnya, rapat {id} terbuka di sini.</p>
<p><a href="/sandbox/play">Masuk, keluar, ubah atau hapus rapat di sini, seperti orang di Zoom</a></p>
<p lang="en">This is not Zoom. This is a practice server: in a real installation, meeting {id} would open here.</p>
</html>
"""
GONE_PAGE = PAGE.replace("rapat {id} terbuka di sini", "rapat {id} tidak ada atau sudah dihapus").replace(
    "meeting {id} would open here", "meeting {id} does not exist or was deleted"
)


def created(meeting: JSON, origin: str) -> JSON:
    """Show all of a meeting; a series has its times only in `occurrences`, one without fixed time has none."""
    hidden = {"link_key"}
    if meeting["type"] == NO_FIXED_TIME or "occurrences" in meeting:
        hidden |= {"start_time", "duration"}
    return {name: value for name, value in meeting.items() if name not in hidden} | {
        "start_url": f"{origin}/s/{meeting['id']}?zak=sandbox",
        "join_url": f"{origin}/j/{meeting['id']}?pwd={meeting['link_key']}",
        "h323_password": meeting["password"],
        "pstn_password": meeting["password"],
        "encrypted_password": meeting["link_key"],
    }


def detail(store: Store, id: str, origin: str, *, occurrence_id: str, previous: bool) -> JSON:
    meeting = find(store, id)
    if occurrence_id:
        return created(occurrence(meeting, occurrence_id), origin)
    shown = created(meeting, origin)
    if "occurrences" in shown and not previous:
        shown["occurrences"] = [row for row in shown["occurrences"] if _end(row) >= store.now()]
    return shown


def listed(store: Store, host: JSON, kind: str, origin: str) -> list[JSON]:
    """Return the host's rows of one kind; an unknown kind means `scheduled`, as at Zoom. Nothing ever runs here."""
    mine = [
        meeting for meeting in store.meetings.values() if meeting["host_id"] == host["id"] and _lives(store, meeting)
    ]
    rows = [meeting for meeting in mine if meeting["type"] != INSTANT and _is_of(kind, meeting, store.now())]
    return sorted(
        (_row(meeting, origin, store.now()) for meeting in rows), key=lambda row: str(row.get("start_time", ""))
    )


def _lives(store: Store, meeting: JSON) -> bool:
    try:
        find(store, str(meeting["id"]))
    except Refusal:
        return False
    return True


def _is_of(kind: str, meeting: JSON, now: datetime) -> bool:
    if kind == "live":
        return False
    ahead = meeting["type"] == NO_FIXED_TIME or max(ends(meeting)) >= now
    if kind in ("upcoming", "upcoming_meetings"):
        return ahead
    return not ahead if kind == "previous_meetings" else True


def _row(meeting: JSON, origin: str, now: datetime) -> JSON:
    """Show a meeting in a list: no passcode, not even inside the link, and the start of the next date of a series."""
    row = {name: meeting[name] for name in ROW}
    row |= {"agenda": meeting["agenda"][:LISTED_AGENDA], "join_url": f"{origin}/j/{meeting['id']}"}
    if meeting["type"] == NO_FIXED_TIME:
        del row["start_time"], row["duration"]
    if meeting["type"] == SERIES:
        dates = [date for date in meeting["occurrences"] if date["status"] == "available"]
        following = [date for date in dates if _end(date) >= now] or dates[-1:]
        row |= {name: date[name] for date in following[:1] for name in ("start_time", "duration")}
    return row


def _end(row: JSON) -> datetime:
    return ends(row)[0]


def page(store: Store, id: str) -> tuple[int, str]:
    """Return status and HTML of the page behind a join or start link; `id` is digits only."""
    try:
        find(store, id)
    except Refusal:
        return 404, GONE_PAGE.format(id=id)
    return 200, PAGE.format(id=id)
