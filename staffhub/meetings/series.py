"""Bring a series at Zoom to what is agreed, date by date: looked at first, so that whatever was lost is done once."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from staffhub.meetings import wire
from staffhub.zoom.errors import ZoomRefused, ZoomUnavailable
from staffhub.zoom.shapes import Meeting as ZoomMeeting

if TYPE_CHECKING:  # zoomus and what it needs take 5 MB of a worker: it is imported where Zoom is set up
    from staffhub.zoom.client import ZoomClient

_BAD_OCCURRENCE = 3000  # "Invalid occurrence_id.": it was cancelled meanwhile


def bring(
    zoom: "ZoomClient", zoom_id: int, facts: wire.Facts, *, now: Callable[[], datetime], until: datetime
) -> ZoomMeeting:
    """Return the series as Zoom has it in the end, its number and link unchanged.

    Each call is made only for what Zoom does not have yet, so a try that broke off is taken up where it ended. After
    `until` no call begins any more: raises ZoomUnavailable, and another worker goes on.
    """
    stored = zoom.get_meeting(zoom_id)
    todo = wire.fixes(stored, facts, now=now())
    laid = wire.window(facts, now=now())
    sent = 0
    if laid and (todo is None or len(todo) > laid.cost(facts, now())):
        zoom.update_meeting(zoom_id, wire.body(facts, now=now()))
        stored, sent = zoom.get_meeting(zoom_id), 1
        todo = wire.fixes(stored, facts, now=now())
    elif wire.words_differ(stored, facts):
        zoom.update_meeting(zoom_id, wire.words(facts) | wire.settings(facts))
        sent = 1
    for fix in todo or []:
        _in_time(now(), until)
        _apply(zoom, zoom_id, fix)
        sent += 1
    for occurrence_id, agenda in wire.own_agendas(stored, facts, now=now()):
        _in_time(now(), until)
        sent += _tell_agenda(zoom, zoom_id, occurrence_id, agenda)
    return zoom.get_meeting(zoom_id) if sent else stored


def _in_time(now: datetime, until: datetime) -> None:
    if now > until:
        raise ZoomUnavailable("the lease is about to end")


def _apply(zoom: "ZoomClient", zoom_id: int, fix: wire.Fix) -> None:
    """Send one change of one date, whose name at Zoom has just been read there."""
    try:
        if fix.body is None:
            zoom.delete_occurrence(zoom_id, fix.occurrence_id)
        else:
            zoom.update_occurrence(zoom_id, fix.occurrence_id, fix.body)
    except ZoomRefused as error:
        if error.code != _BAD_OCCURRENCE or "occurrence" not in error.message:
            raise


def _tell_agenda(zoom: "ZoomClient", zoom_id: int, occurrence_id: str, agenda: str) -> int:
    """A series does not show the agendas of its dates: each is asked for; return how many changes were sent."""
    if zoom.get_occurrence(zoom_id, occurrence_id).get("agenda") == agenda:
        return 0
    zoom.update_occurrence(zoom_id, occurrence_id, {"agenda": agenda})
    return 1
