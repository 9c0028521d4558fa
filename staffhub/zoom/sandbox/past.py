"""Runs of meetings that are over, as Zoom tells of them afterwards (https://developers.zoom.us/docs/api/meetings/)."""

from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, Field

from staffhub.zoom.sandbox.account import LICENSED
from staffhub.zoom.sandbox.refusals import no_meeting, refusal
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.shapes import JSON


class Run(BaseModel):
    """One run of a meeting, with every connection in it; `started` and the times of its people are in UTC with a Z."""

    meeting_id: int
    uuid: str
    start_time: str
    participants: list[dict[str, Any]] = Field(default_factory=list)


def add(store: Store, run: Run) -> None:
    store.runs[run.uuid] = run.model_dump()


def instances(store: Store, id: str) -> JSON:
    _refuse_basic(store, id)
    mine = [run for run in store.runs.values() if str(run["meeting_id"]) == id]
    if not mine:
        raise no_meeting(id)
    return {"meetings": [{"uuid": run["uuid"], "start_time": run["start_time"]} for run in mine]}


def participants(store: Store, id: str) -> list[JSON]:
    """Return the rows of a run by its UUID, which has to come encoded twice; of a number, those of its latest run."""
    run = store.runs.get(unquote(id))
    if run is None and id.isdecimal():
        mine = [one for one in store.runs.values() if str(one["meeting_id"]) == id]
        run = max(mine, key=lambda one: str(one["start_time"]), default=None)
    if run is None:
        raise no_meeting(id)
    _refuse_basic(store, str(run["meeting_id"]))
    rows: list[JSON] = run["participants"]
    # Of a meeting with one person in it Zoom tells nothing.
    alone = len({row.get("id") or row.get("name") for row in rows}) == 1
    return [] if alone else rows


def report(store: Store, id: str, *, registrants: bool) -> list[JSON]:
    """Return the rows as the report has them: by which registration somebody came only where that is asked for."""
    hidden = set() if registrants else {"registrant_id"}
    beside = {"customer_key": "", "bo_mtg_id": ""}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        | {"participant_user_id": row.get("id", "")}
        | beside
        for row in participants(store, id)
    ]


def _refuse_basic(store: Store, id: str) -> None:
    if store.user(store.meeting(id)["host_id"])["type"] != LICENSED:
        raise refusal(400, 200, "Only available for Paid account.")
