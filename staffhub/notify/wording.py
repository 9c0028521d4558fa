"""What a notice says, in one place: one sentence a kind, worded when it is read, in the language of its reader.

It also goes out by e-mail, to a mailbox that anybody may look into. So it says what waits, for whom and when, and never
why: no kind of leave, no note, no number of a person.
"""

from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from babel.dates import format_date

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.models import NoticeKind
from staffhub.notify import request_words, roster_words

# Facts that each kind names. Dates, months (the first day) and times are given as they are.
PARAMS: Mapping[NoticeKind, frozenset[str]] = {
    # half, of leave: morning, afternoon, unknown (nobody noted which), or None for whole days
    NoticeKind.LEAVE_ASKED: frozenset({"who", "first", "last", "half"}),
    # what: approved, declined, shortened, entered (by the personnel section), forwarded (to whoever decides last)
    NoticeKind.LEAVE_DECIDED: frozenset({"what", "first", "last", "half"}),
    # what: withdrawn, shortened; told to whoever was asked or had decided
    NoticeKind.LEAVE_CHANGED: frozenset({"who", "what", "first", "last", "half"}),
    # until: the last day to decide, or None
    NoticeKind.CORRECTION_WAITING: frozenset({"who", "day", "until"}),
    # what: accepted, declined, forwarded (to the personnel section), entered (by it, without being asked)
    NoticeKind.CORRECTION_DECIDED: frozenset({"what", "day"}),
    NoticeKind.CORRECTION_OVERDUE: frozenset({"who", "day"}),
    NoticeKind.CHECKOUT_PROPOSED: frozenset({"day", "time"}),
    # who: None when told to the person; what: absences, in_a_row, minutes; count and threshold are days
    NoticeKind.THRESHOLD_NEAR: frozenset({"who", "what", "count", "threshold"}),
    # of: whose sheet, a division's name, or None for the whole office
    NoticeKind.MONTH_TO_SIGN: frozenset({"month", "of"}),
    NoticeKind.MONTH_SENT_BACK: frozenset({"month", "of"}),
    NoticeKind.MONTH_SIGNED: frozenset({"month", "of"}),
    NoticeKind.MONTH_SUPPLEMENT: frozenset({"month", "of"}),
    NoticeKind.ORDER_GIVEN: frozenset({"number", "first", "last"}),
    # what: changed, ended
    NoticeKind.ORDER_CHANGED: frozenset({"number", "what", "first", "last"}),
    # what: given, ended
    NoticeKind.EXEMPTION: frozenset({"number", "what", "first", "last"}),
    NoticeKind.OUTAGE_NOTICED: frozenset({"day", "time"}),
    # who: None when told to the person; first to last: of the leave that is asked for
    NoticeKind.LEAVE_UNDER_ORDER: frozenset({"who", "number", "first", "last"}),
    # name: of the file; what: ready, failed
    NoticeKind.EXPORT_READY: frozenset({"name", "what"}),
    # time: when work began for the reader
    NoticeKind.NOT_CHECKED_IN: frozenset({"time"}),
    NoticeKind.MEETING_SOON: frozenset({"topic", "time"}),
    # what: cancelled, moved, held, agenda (of one date), calendar, dates (so many from that one on), link (a new one),
    # changed (its words or length), ended (a series, from that date on), invited, left_out (by an edit);
    # theirs, gone (in Zoom itself, told to whoever holds it). note: what whoever did it says of it, or None
    NoticeKind.MEETING_CHANGED: frozenset({"topic", "what", "day", "time", "count", "note"}),
    # until: the day by which it is to be done, or None
    NoticeKind.ACTION_GIVEN: frozenset({"topic", "until"}),
    NoticeKind.REQUESTS_GIVEN: frozenset({"who", "count"}),
    # until: the last day of the leave, or None of somebody who has left
    NoticeKind.REQUESTS_LEFT: frozenset({"who", "count", "until"}),
    # until: the last day of the leave for which the reader stands in
    NoticeKind.REQUESTS_STAND_IN: frozenset({"who", "count", "until"}),
    NoticeKind.REQUESTS_TAKEN_BACK: frozenset({"who", "count"}),
    # day: on which they were sent; one notice a day, however many there are
    NoticeKind.LOGS_TO_VERIFY: frozenset({"day"}),
    # what: returned, reopened (after it was verified)
    NoticeKind.LOG_RETURNED: frozenset({"day", "what"}),
    # desk: the bidang whose desk is to be kept
    NoticeKind.CALLED_IN: frozenset({"day", "desk"}),
    # days: of that month, those that are other ones now for the reader
    NoticeKind.ROSTER_PUBLISHED: frozenset({"month", "days"}),
    # day: whose turn who asks somebody to take; back: the day that comes back for it, or None
    NoticeKind.DUTY_SWAP_ASKED: frozenset({"who", "day", "back"}),
    # what: accepted, declined (told to whoever asked), withdrawn, applied (told to those above: by who, with other),
    # undone (by who)
    NoticeKind.DUTY_SWAP_CHANGED: frozenset({"who", "other", "what", "day", "back"}),
    # of: the bidang whose desk is to be kept
    NoticeKind.DUTY_CALL_ASKED: frozenset({"who", "day", "of"}),
    # what: accepted, declined, withdrawn (by who)
    NoticeKind.DUTY_CALL_CHANGED: frozenset({"who", "what", "day", "of"}),
}


def kind_name(kind: NoticeKind) -> str:
    """Name a kind, for whoever chooses what comes by e-mail."""
    return {
        NoticeKind.LEAVE_ASKED: _("Leave that others ask of me"),
        NoticeKind.LEAVE_DECIDED: _("What was decided on my leave"),
        NoticeKind.LEAVE_CHANGED: _("Leave that was withdrawn or shortened"),
        NoticeKind.CORRECTION_WAITING: _("Corrections that others ask of me"),
        NoticeKind.CORRECTION_DECIDED: _("What was decided on my days"),
        NoticeKind.CORRECTION_OVERDUE: _("Corrections on which nobody decided in time"),
        NoticeKind.CHECKOUT_PROPOSED: _("A proposed check-out of mine"),
        NoticeKind.THRESHOLD_NEAR: _("Days without explanation that come near a threshold"),
        NoticeKind.MONTH_TO_SIGN: _("A month that waits for my signature"),
        NoticeKind.MONTH_SIGNED: _("A month that was signed"),
        NoticeKind.MONTH_SENT_BACK: _("A month that was sent back"),
        NoticeKind.MONTH_SUPPLEMENT: _("A supplement to a signed month"),
        NoticeKind.ORDER_GIVEN: _("A duty order for me"),
        NoticeKind.ORDER_CHANGED: _("A duty order of mine that was changed"),
        NoticeKind.EXEMPTION: _("An exemption that holds for me"),
        NoticeKind.OUTAGE_NOTICED: _("A disturbance of the application to be decided"),
        NoticeKind.LEAVE_UNDER_ORDER: _("A duty order over leave that is asked for"),
        NoticeKind.EXPORT_READY: _("A file that I asked for"),
        NoticeKind.ACTION_GIVEN: _("Something that a meeting asks of me"),
        NoticeKind.REQUESTS_GIVEN: _("Requests that I am given"),
        NoticeKind.REQUESTS_LEFT: _("Requests of somebody who is not there"),
        NoticeKind.REQUESTS_STAND_IN: _("Requests of somebody for whom I stand in"),
        NoticeKind.REQUESTS_TAKEN_BACK: _("Requests that somebody who is back takes again"),
        NoticeKind.LOGS_TO_VERIFY: _("Daily logs that wait for me"),
        NoticeKind.LOG_RETURNED: _("A daily log of mine that came back"),
        NoticeKind.CALLED_IN: _("A day on which I am needed in the office"),
        NoticeKind.ROSTER_PUBLISHED: _("A duty roster with other days for me"),
        NoticeKind.DUTY_SWAP_ASKED: _("A colleague who would like to swap turns with me"),
        NoticeKind.DUTY_SWAP_CHANGED: _("What became of a swap of turns"),
        NoticeKind.DUTY_CALL_ASKED: _("A call to the office to keep a desk"),
        NoticeKind.DUTY_CALL_CHANGED: _("The answer to a call to the office"),
        NoticeKind.NOT_CHECKED_IN: _("A check-in of mine that is missing"),
        NoticeKind.MEETING_SOON: _("A meeting that begins soon"),
        NoticeKind.MEETING_CHANGED: _("A meeting of mine that was moved or cancelled"),
    }[kind]


def headline(kind: NoticeKind, params: Mapping[str, Any]) -> str:
    """Return the sentence of a notice in the language of the running request or of the mail that is written."""
    return _SAYS[kind](_readable(params))


def _readable(params: Mapping[str, Any]) -> dict[str, Any]:
    """JSON's texts as they are said: dates and times by their names, a range as one thing."""
    said = dict(params)
    for name in ("first", "last", "day", "until", "back"):
        if said.get(name):
            said[name] = i18n.day(date.fromisoformat(said[name]))
    if "first" in said:
        same = said["first"] == said["last"]
        said["span"] = said["first"] if same else _("%(first)s to %(last)s", first=said["first"], last=said["last"])
        said["span"] = _of_half(said["span"], said.get("half"))
    if "days" in said:
        said["days"] = ", ".join(str(date.fromisoformat(day).day) for day in said["days"])
    if said.get("month"):
        month = date.fromisoformat(said["month"])
        said["month"] = format_date(month, "LLLL y", locale=i18n.current_locale())
    if said.get("time"):
        said["time"] = i18n.clock(time.fromisoformat(said["time"]))
    return said


def _of_half(span: str, half: str | None) -> str:
    """Say which half of a day it is; older notices do not know."""
    said = {
        "morning": _("%(day)s, half the day, in the morning", day=span),
        "afternoon": _("%(day)s, half the day, in the afternoon", day=span),
        "unknown": _("%(day)s, half the day", day=span),
    }
    return said[half] if half else span


def _leave_asked(p: dict[str, Any]) -> str:
    return _("%(who)s asks for leave: %(span)s.", **p)


def _leave_decided(p: dict[str, Any]) -> str:
    said = {
        "approved": _("Your leave is approved: %(span)s.", **p),
        "declined": _("Your leave is declined: %(span)s.", **p),
        "shortened": _("Your leave was shortened, it is now: %(span)s.", **p),
        "entered": _("A leave was entered for you: %(span)s.", **p),
        "forwarded": _("Your superior agrees with your leave; it waits for the last decision: %(span)s.", **p),
    }
    return said[p["what"]]


def _leave_changed(p: dict[str, Any]) -> str:
    said = {
        "withdrawn": _("%(who)s withdrew the leave: %(span)s.", **p),
        "shortened": _("%(who)s shortened the leave, it is now: %(span)s.", **p),
    }
    return said[p["what"]]


def _correction_waiting(p: dict[str, Any]) -> str:
    if p["until"]:
        return _("%(who)s asks to correct %(day)s; decide until %(until)s.", **p)
    return _("%(who)s asks to correct %(day)s.", **p)


def _correction_decided(p: dict[str, Any]) -> str:
    said = {
        "accepted": _("Your correction of %(day)s is accepted.", **p),
        "declined": _("Your correction of %(day)s is declined.", **p),
        "entered": _("The personnel section corrected your day %(day)s.", **p),
        "forwarded": _("Your correction of %(day)s is with the personnel section now.", **p),
    }
    return said[p["what"]]


def _correction_overdue(p: dict[str, Any]) -> str:
    return _("Nobody decided in time on the correction of %(who)s for %(day)s; the personnel section has it now.", **p)


def _checkout_proposed(p: dict[str, Any]) -> str:
    return _("You did not check out on %(day)s. StaffHub proposes %(time)s: confirm it, or give another time.", **p)


def _threshold_near(p: dict[str, Any]) -> str:
    days = _days_without(p["what"], p["count"])
    if p["who"]:
        return _("%(who)s: %(days)s. A rule of the office begins at %(threshold)s.", days=days, **_only(p))
    return _("You: %(days)s. A rule of the office begins at %(threshold)s.", days=days, **_only(p))


def _only(p: dict[str, Any]) -> dict[str, Any]:
    return {"who": p["who"], "threshold": p["threshold"]}


def _days_without(what: str, count: int) -> str:
    said: dict[str, Callable[..., str]] = {
        "absences": lambda: i18n.ngettext(
            "%(num)s day without explanation this year", "%(num)s days without explanation this year", count
        ),
        "in_a_row": lambda: i18n.ngettext(
            "%(num)s day without explanation in a row", "%(num)s days without explanation in a row", count
        ),
        "minutes": lambda: i18n.ngettext(
            "minutes of lateness that add up to %(num)s day", "minutes of lateness that add up to %(num)s days", count
        ),
    }
    return said[what]()


def _month(p: dict[str, Any], text: str) -> str:
    return f"{text} ({p['of']})" if p["of"] else text


def _month_to_sign(p: dict[str, Any]) -> str:
    return _month(p, _("The recap of %(month)s waits for your signature", **p)) + "."


def _month_sent_back(p: dict[str, Any]) -> str:
    return _month(p, _("The recap of %(month)s was sent back to you", **p)) + "."


def _month_signed(p: dict[str, Any]) -> str:
    return _month(p, _("The recap of %(month)s is signed", **p)) + "."


def _month_supplement(p: dict[str, Any]) -> str:
    return _month(p, _("The recap of %(month)s, which is signed, has a supplement", **p)) + "."


def _order_given(p: dict[str, Any]) -> str:
    return _("You have a duty order, %(number)s: %(span)s.", **p)


def _order_changed(p: dict[str, Any]) -> str:
    if p["what"] == "ended":
        return _("Your duty order %(number)s was taken back: %(span)s.", **p)
    return _("Your duty order %(number)s was changed, it is now: %(span)s.", **p)


def _exemption(p: dict[str, Any]) -> str:
    if p["what"] == "ended":
        return _("The exemption %(number)s was taken back for you: %(span)s.", **p)
    return _("An exemption holds for you, %(number)s: %(span)s.", **p)


def _leave_under_order(p: dict[str, Any]) -> str:
    if p["who"]:
        return _(
            "%(who)s asks for leave, %(span)s, and a duty order, %(number)s, lies over it by now. Look at both.", **p
        )
    return _("You ask for leave, %(span)s, and a duty order, %(number)s, lies over it by now. Look at both.", **p)


def _export_ready(p: dict[str, Any]) -> str:
    if p["what"] == "failed":
        return _("The file %(name)s could not be made. Ask for it once more.", **p)
    return _("The file %(name)s is ready; it is kept for a day.", **p)


def _not_checked_in(p: dict[str, Any]) -> str:
    return _("You have not checked in yet; work began at %(time)s.", **p)


def _meeting_soon(p: dict[str, Any]) -> str:
    return _("%(topic)s begins at %(time)s.", **p)


def _meeting_changed(p: dict[str, Any]) -> str:
    said: dict[str, Callable[[], str]] = {
        "cancelled": lambda: _("%(topic)s is not held on %(day)s.", **p),
        "moved": lambda: _("%(topic)s is now on %(day)s at %(time)s.", **p),
        "held": lambda: _("%(topic)s is held on %(day)s at %(time)s after all.", **p),
        "changed": lambda: _("%(topic)s was changed: on %(day)s at %(time)s.", **p),
        "ended": lambda: _("%(topic)s is not held any more, from %(day)s on.", **p),
        "invited": lambda: (
            _("You are invited to %(topic)s on %(day)s at %(time)s.", **p)
            if p["count"] == 1
            else _("You are invited to %(topic)s, from %(day)s at %(time)s on: %(count)s dates.", **p)
        ),
        "left_out": lambda: (
            _("You are no longer invited to %(topic)s on %(day)s.", **p)
            if p["count"] == 1
            else _("You are no longer invited to %(topic)s, from %(day)s on.", **p)
        ),
        "agenda": lambda: _("%(topic)s on %(day)s has an agenda of its own.", **p),
        "link": lambda: _("%(topic)s has a new link; the old one is dead.", **p),
        "crowded": lambda: _("%(topic)s: its host holds another meeting at its new hour, and no other is free.", **p),
        "gone": lambda: _("%(topic)s was deleted in Zoom. Open it and decide.", **p),
        "theirs": lambda: _("%(topic)s was changed in Zoom. Open it and decide.", **p),
        "dates": lambda: i18n.ngettext(
            "%(topic)s: %(num)s date changed, on %(day)s.",
            "%(topic)s: %(num)s dates changed, from %(day)s on.",
            p["count"],
            topic=p["topic"],
            day=p["day"],
        ),
        "calendar": lambda: i18n.ngettext(
            "%(topic)s: %(num)s date changed with the office's calendar, on %(day)s.",
            "%(topic)s: %(num)s dates changed with the office's calendar, from %(day)s on.",
            p["count"],
            topic=p["topic"],
            day=p["day"],
        ),
    }
    sentence = said[p["what"]]()
    # Older notices have no note.
    return _("%(sentence)s “%(note)s”", sentence=sentence, note=p["note"]) if p.get("note") else sentence


def _action_given(p: dict[str, Any]) -> str:
    if p["until"]:
        return _("%(topic)s asks something of you, until %(until)s.", **p)
    return _("%(topic)s asks something of you.", **p)


def _logs_to_verify(p: dict[str, Any]) -> str:
    return _("Daily logs wait for you to verify them (%(day)s).", **p)


def _log_returned(p: dict[str, Any]) -> str:
    said = {
        "returned": _("Your daily log of %(day)s came back with a remark.", **p),
        "reopened": _("Your daily log of %(day)s is open again, with a remark.", **p),
    }
    return said[p["what"]]


def _outage_noticed(p: dict[str, Any]) -> str:
    return _("The application was disturbed on %(day)s at %(time)s. Confirm it or dismiss it.", **p)


def _called_in(p: dict[str, Any]) -> str:
    return _("You are needed in the office on %(day)s, at the desk of %(desk)s.", **p)


def _roster_published(p: dict[str, Any]) -> str:
    return _("The duty roster of %(month)s is published. Your days that changed: %(days)s.", **p)


_SAYS: Mapping[NoticeKind, Callable[[dict[str, Any]], str]] = {
    NoticeKind.LEAVE_ASKED: _leave_asked,
    NoticeKind.LEAVE_DECIDED: _leave_decided,
    NoticeKind.LEAVE_CHANGED: _leave_changed,
    NoticeKind.CORRECTION_WAITING: _correction_waiting,
    NoticeKind.CORRECTION_DECIDED: _correction_decided,
    NoticeKind.CORRECTION_OVERDUE: _correction_overdue,
    NoticeKind.CHECKOUT_PROPOSED: _checkout_proposed,
    NoticeKind.THRESHOLD_NEAR: _threshold_near,
    NoticeKind.MONTH_TO_SIGN: _month_to_sign,
    NoticeKind.MONTH_SENT_BACK: _month_sent_back,
    NoticeKind.MONTH_SIGNED: _month_signed,
    NoticeKind.MONTH_SUPPLEMENT: _month_supplement,
    NoticeKind.ORDER_GIVEN: _order_given,
    NoticeKind.ORDER_CHANGED: _order_changed,
    NoticeKind.EXEMPTION: _exemption,
    NoticeKind.OUTAGE_NOTICED: _outage_noticed,
    NoticeKind.LEAVE_UNDER_ORDER: _leave_under_order,
    NoticeKind.EXPORT_READY: _export_ready,
    NoticeKind.NOT_CHECKED_IN: _not_checked_in,
    NoticeKind.MEETING_SOON: _meeting_soon,
    NoticeKind.MEETING_CHANGED: _meeting_changed,
    NoticeKind.ACTION_GIVEN: _action_given,
    NoticeKind.LOGS_TO_VERIFY: _logs_to_verify,
    NoticeKind.LOG_RETURNED: _log_returned,
    NoticeKind.CALLED_IN: _called_in,
    NoticeKind.ROSTER_PUBLISHED: _roster_published,
    **request_words.SAYS,
    **roster_words.SAYS,
}
