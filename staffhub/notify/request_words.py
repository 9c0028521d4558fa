"""What notices of requests say: those that somebody is given, that are left, and that go back."""

from collections.abc import Callable, Mapping
from typing import Any

from staffhub.i18n import ngettext
from staffhub.models import NoticeKind


def _requests_given(p: dict[str, Any]) -> str:
    return ngettext("%(who)s gave you %(num)s request.", "%(who)s gave you %(num)s requests.", p["count"], who=p["who"])


def _requests_left(p: dict[str, Any]) -> str:
    if p["until"]:
        return ngettext(
            "%(who)s is on leave until %(until)s and has %(num)s open request to hand over.",
            "%(who)s is on leave until %(until)s and has %(num)s open requests to hand over.",
            p["count"],
            who=p["who"],
            until=p["until"],
        )
    return ngettext(
        "%(who)s has left and has %(num)s open request to hand over.",
        "%(who)s has left and has %(num)s open requests to hand over.",
        p["count"],
        who=p["who"],
    )


def _requests_stand_in(p: dict[str, Any]) -> str:
    return ngettext(
        "You stand in for %(who)s until %(until)s: %(num)s open request is offered to you.",
        "You stand in for %(who)s until %(until)s: %(num)s open requests are offered to you.",
        p["count"],
        who=p["who"],
        until=p["until"],
    )


def _requests_taken_back(p: dict[str, Any]) -> str:
    return ngettext(
        "%(who)s is back and took %(num)s request back from you.",
        "%(who)s is back and took %(num)s requests back from you.",
        p["count"],
        who=p["who"],
    )


SAYS: Mapping[NoticeKind, Callable[[dict[str, Any]], str]] = {
    NoticeKind.REQUESTS_GIVEN: _requests_given,
    NoticeKind.REQUESTS_LEFT: _requests_left,
    NoticeKind.REQUESTS_STAND_IN: _requests_stand_in,
    NoticeKind.REQUESTS_TAKEN_BACK: _requests_taken_back,
}
