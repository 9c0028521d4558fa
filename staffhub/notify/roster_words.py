"""What notices of the duty roster say: swaps of turns, and calls to the office."""

from collections.abc import Callable, Mapping
from typing import Any

from staffhub.i18n import gettext as _
from staffhub.models import NoticeKind


def _duty_swap_asked(p: dict[str, Any]) -> str:
    if p["back"]:
        return _("%(who)s would like to swap turns: you come on %(day)s, in return for your turn of %(back)s.", **p)
    return _("%(who)s asks you to take the turn of %(day)s.", **p)


def _duty_swap_changed(p: dict[str, Any]) -> str:
    said = {
        "accepted": _("%(who)s takes your turn of %(day)s.", **p),
        "declined": _("%(who)s cannot take your turn of %(day)s.", **p),
        "withdrawn": _("%(who)s asks no longer for a swap of the turn of %(day)s.", **p),
        "applied": _("%(who)s gave the turn of %(day)s to %(other)s.", **p),
        "undone": _("%(who)s took the swap of the turn of %(day)s back: the plan is as it was.", **p),
    }
    if p["what"] == "accepted" and p["back"]:
        return _("%(who)s takes your turn of %(day)s; you take the turn of %(back)s.", **p)
    if p["what"] == "applied" and p["back"]:
        return _("%(who)s gave the turn of %(day)s to %(other)s, for the turn of %(back)s.", **p)
    return said[p["what"]]


def _duty_call_asked(p: dict[str, Any]) -> str:
    return _("%(who)s asks you to come to the office on %(day)s: %(of)s lacks somebody at its desk.", **p)


def _duty_call_changed(p: dict[str, Any]) -> str:
    said = {
        "accepted": _("%(who)s comes to the office on %(day)s, to the desk of %(of)s.", **p),
        "declined": _("%(who)s cannot come on %(day)s, to the desk of %(of)s.", **p),
        "withdrawn": _("%(who)s needs you no longer on %(day)s, at the desk of %(of)s.", **p),
    }
    return said[p["what"]]


SAYS: Mapping[NoticeKind, Callable[[dict[str, Any]], str]] = {
    NoticeKind.DUTY_SWAP_ASKED: _duty_swap_asked,
    NoticeKind.DUTY_SWAP_CHANGED: _duty_swap_changed,
    NoticeKind.DUTY_CALL_ASKED: _duty_call_asked,
    NoticeKind.DUTY_CALL_CHANGED: _duty_call_changed,
}
