"""Meetings that run now: who is in them, on which connection; once one has ended it is a run of the past."""

import secrets
from base64 import b64encode

from staffhub.zoom.sandbox import meetings, past
from staffhub.zoom.sandbox.account import number_of
from staffhub.zoom.sandbox.rules import wire
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.shapes import JSON


def join(store: Store, id: str, name: str, email: str) -> str:
    """Let somebody in and return the connection. `email` is that of a Zoom account of ours, "" of a guest."""
    meeting = meetings.find(store, id)
    run = store.live.get(id)
    if run is None:
        uuid = b64encode(secrets.token_bytes(16)).decode()
        run = store.live[id] = {"uuid": uuid, "start_time": wire(store.now()), "people": {}, "gone": []}
        meeting["status"] = "started"
        store.tell("meeting.started", _run(meeting, run))
    connection = str(16778240 + 1024 * (len(run["people"]) + len(run["gone"])))
    account = number_of(email) if email else ""
    who = {"user_id": connection, "user_name": name, "id": account, "participant_user_id": account, "email": email}
    who |= {"participant_uuid": secrets.token_hex(8), "registrant_id": "", "join_time": wire(store.now())}
    run["people"][connection] = who
    store.tell("meeting.participant_joined", _run(meeting, run) | {"participant": who})
    return connection


def leave(store: Store, id: str, connection: str) -> None:
    """Let a connection go; whoever has gone already has. The last one ends the meeting."""
    meeting, run = meetings.find(store, id), store.live.get(id)
    who = run["people"].pop(connection, None) if run else None
    if run is None or who is None:
        return
    gone = who | {"leave_time": wire(store.now()), "leave_reason": "left the meeting."}
    run["gone"].append(gone)
    told = {name: value for name, value in gone.items() if name != "join_time"}
    store.tell("meeting.participant_left", _run(meeting, run) | {"participant": told})
    if not run["people"]:
        _end(store, meeting, run)


def end(store: Store, id: str) -> None:
    """End it for all, as the host does: of each Zoom tells that they have left."""
    for connection in list(store.live.get(id, {"people": ()})["people"]):
        leave(store, id, connection)


def _end(store: Store, meeting: JSON, run: JSON) -> None:
    del store.live[str(meeting["id"])]
    meeting["status"] = "waiting"
    rows = [
        {
            "id": one["id"], "user_id": one["user_id"], "name": one["user_name"], "user_email": one["email"],
            "registrant_id": "", "join_time": one["join_time"], "leave_time": one["leave_time"], "status": "in_meeting",
        }
        for one in run["gone"]
    ]  # fmt: skip
    ran = {"meeting_id": meeting["id"], "uuid": run["uuid"], "start_time": run["start_time"], "participants": rows}
    past.add(store, past.Run(**ran))
    store.tell("meeting.ended", _run(meeting, run) | {"end_time": wire(store.now())})


def _run(meeting: JSON, run: JSON) -> JSON:
    """Here a meeting's number is text; in what is told of changes it is a number."""
    told = {name: meeting[name] for name in ("host_id", "host_email", "topic", "type", "timezone", "duration")}
    return told | {"id": str(meeting["id"]), "uuid": run["uuid"], "start_time": run["start_time"]}
