"""A day in plain words, the same on every page and in every file."""

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime

from babel.numbers import format_decimal

from staffhub.dated import short_day
from staffhub.days import HALF, DayRecord, Discrepancy, Excuse, Finding, State
from staffhub.i18n import clock, current_locale, ngettext
from staffhub.i18n import gettext as _
from staffhub.meetings.parts import Part, Tally
from staffhub.models import CorrectionKind, CorrectionReason, Duty, EmploymentType, Grade, Meaning, PlanMode, WorkMode
from staffhub.reports.lanes import Stay
from staffhub.workdays import Way


def state(value: State) -> str:
    return {
        State.PRESENT: _("Present"),
        State.HOME: _("Present from home"),
        State.FIELD: _("On field duty"),
        State.LEAVE: _("On leave"),
        State.ABSENT: _("Absent without notice"),
        State.DAY_OFF: _("Day off"),
        State.PENDING: _("Not yet checked in"),
        State.PLANNED: _("Still planned"),
    }[value]


def of_record(record: DayRecord) -> str:
    if not record.code:
        return _("Presence not counted")
    if record.state is State.LEAVE:
        return {"S": _("Sick"), "I": _("Away with permission")}.get(record.letter) or state(record.state)
    other = _("On a study assignment") if record.is_study else state(record.state)
    return f"{of_half(record.half)}, {other.lower()}" if record.half and record.state is not State.DAY_OFF else other


def of_half(letter: str) -> str:
    """Return what half a day of leave is called: "C½", "S½", "I½"."""
    return {"S½": _("Half a day sick"), "I½": _("Half a day away with permission")}.get(
        letter, _("Half a day of leave")
    )


def number(days: float) -> str:
    """Return a number of days as people write it: 12, 0,5."""
    return str(days) if isinstance(days, int) else format_decimal(days, locale=current_locale())


def place(where: PlanMode | WorkMode | str | None) -> str:
    """Where somebody works, or the state of whoever does not: pending, out, off."""
    return {
        None: _("Day off"),
        "office": _("Office"),
        "home": _("Home"),
        "field": _("Field duty"),
        "leave": _("Leave"),
        "pending": _("Not checked in"),
        "out": _("Checked out"),
        "off": _("Day off"),
    }[where]


def proof(grade: Grade) -> str:
    """What a grade means, of a mark."""
    return {
        Grade.A: _("Grade A, proven: the code of a screen in the office was given."),
        Grade.B: _("Grade B, likely: something else speaks for it."),
        Grade.C: _("Grade C, your own statement."),
    }[grade]


def raised_by(grade: Grade, mode: WorkMode | None) -> str:
    """What would raise it."""
    if grade is not Grade.A and mode is WorkMode.OFFICE:
        return _("The code on the screen of the office makes it an A.")
    return ""


def method(how: str) -> str:
    """How a mark came to be."""
    return {
        "tap": _("Button"),
        "scan": _("Code of a screen"),
        "late": _("Button, sent late"),
        "proposal": _("Proposed by the close of day, confirmed by the person"),
        "machine": _("Fingerprint machine, where nothing was declared"),
    }.get(how, how)


def device(agent: str) -> str:
    """Name the device as its owner would: "Chrome, Android"."""
    # Most browsers also call themselves Chrome or Safari, so the particular names come first.
    browsers = ("Edg", "OPR", "SamsungBrowser", "Firefox", "FxiOS", "Chrome", "CriOS", "Safari")
    names = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung", "FxiOS": "Firefox", "CriOS": "Chrome"}
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
    browser = next((names.get(mark, mark) for mark in browsers if re.search(rf"{mark}[A-Za-z]*/", agent)), "")
    system = next((mark for mark in systems if mark in agent), "")
    found = ", ".join(filter(None, (browser, system.replace("Macintosh", "Mac"))))
    return found or _("Unknown device")


def duty(kind: Duty) -> str:
    return {Duty.FIELD: _("Field duty"), Duty.STUDY: _("Study or training")}[kind]


def exemption(kind: Meaning) -> str:
    return {Meaning.HOME: _("Work from home"), Meaning.EXCUSED: _("Excused: nobody is late or absent")}[kind]


def tile(state: str) -> str:
    """The same in a word or two, where a number stands before it."""
    return {"pending": _("Not yet"), "leave": _("Leave, sick")}.get(state) or place(state)


def planned(mode: PlanMode | None) -> str:
    """The same as a part of a sentence: "your plan: ..."."""
    return {
        None: _("day off"),
        "office": _("work in the office"),
        "home": _("work from home"),
        "field": _("field duty"),
        "leave": _("leave"),
    }[mode]


def finding(record: DayRecord, found: Discrepancy) -> str:
    """One thing that does not fit, as a phrase that can follow another one."""
    if found.kind is Finding.LATE:
        return _with_tier(_("%(time)s late", time=duration(found.count)), record.late_tier)
    if found.kind is Finding.EARLY:
        return _with_tier(_("left %(time)s early", time=duration(found.count)), record.early_tier)
    if found.kind in _ELSEWHERE:
        was = place(record.mode).lower()
        return _("planned: %(planned)s, checked in: %(was)s", planned=place(record.plan.mode).lower(), was=was)
    return _counted(found) or _plain(found)


_ELSEWHERE = frozenset({Finding.OTHER_PLACE, Finding.HOME_NOT_OFFICE, Finding.OFFICE_NOT_HOME})


def _with_tier(text: str, tier: str) -> str:
    return f"{text} ({tier})" if tier else text


def _counted(found: Discrepancy) -> str:
    """Say what a number belongs to; empty where none does."""
    number = found.count
    if found.kind is Finding.OUTSIDE_WINDOW:
        return ngettext("%(num)s mark outside its hours", "%(num)s marks outside their hours", number)
    if found.kind is Finding.SENT_LATE:
        return ngettext("%(num)s tap sent late", "%(num)s taps sent late", number)
    if found.kind is Finding.LOGGED_WITHOUT_MARK:
        return ngettext("%(num)s log entry without a mark", "%(num)s log entries without a mark", number)
    if found.kind is Finding.JOINED_WITHOUT_MARK:
        return ngettext("joined %(num)s meeting without a mark", "joined %(num)s meetings without a mark", number)
    if found.kind is Finding.STANDUP_NOT_JOINED:
        return ngettext("%(num)s briefing not joined", "%(num)s briefings not joined", number)
    return ""


def _plain(found: Discrepancy) -> str:
    return {
        Finding.ABSENT: _("absent without notice"),
        # "Yet" is for a day that still runs; what a person must look at is over.
        Finding.NO_CHECK_IN: _("no check-in") if found.needs_person else _("no check-in yet"),
        Finding.NO_CHECK_OUT: _("no check-out"),
        Finding.LEAVE_AND_MARK: _("planned as leave, but checked in"),
        Finding.OVERLAPPING_LEAVE: _("two leaves on one day"),
        Finding.OVER_MIDNIGHT: _("worked past midnight"),
        Finding.MISSING_PLACE: _("field duty without its place"),
        Finding.MARK_WITHOUT_WORK: _("no entry in the daily log"),
        Finding.LOG_NOT_SUBMITTED: _("daily log not submitted"),
        Finding.WORKED_ON_DAY_OFF: _("worked on a day off"),
        Finding.OTHER_HOURS: _("worked at other hours than planned"),
        Finding.FINGER_AND_HOME: _("a finger in the office, and a check-in at home at the same time"),
        Finding.BY_FINGER: _("a time of the fingerprint machine, where nothing was declared"),
        Finding.CAME_BY_ROLL_CALL: _("present by the roll call"),
        Finding.STANDUP_BY_OTHER: _("briefing not joined, presence proved otherwise"),
        Finding.CAME_BY_STANDUP: _("present by the briefing that was joined"),
    }[found.kind]


def kind_of_finding(kind: Finding) -> str:
    """A kind of finding as a choice in a list."""
    return {
        Finding.NO_CHECK_IN: _("Only without check-in"),
        Finding.NO_CHECK_OUT: _("Only without check-out"),
        Finding.ABSENT: _("Only absent without notice"),
        Finding.CAME_BY_ROLL_CALL: _("Only present by the roll call"),
        Finding.CAME_BY_STANDUP: _("Only present by a briefing"),
    }[kind]


def sentence(record: DayRecord) -> str:
    """What does not fit, in one line; empty when all does that matters outside of the page of the day."""
    text = ", ".join(finding(record, found) for found in record.told)
    return text[:1].upper() + text[1:]


def proved(record: DayRecord) -> str:
    """Say what stands in for the check-in, and since when; empty where nothing does."""
    if record.proof is None or record.first is None:
        return ""
    text = (
        _("Present since %(time)s by the roll call.")
        if record.proof.way is Way.ROLL_CALL
        else _("Present since %(time)s by the briefing that was joined.")
    )
    return text % {"time": clock(record.first)}


def remarks(record: DayRecord) -> str:
    """The same for a paper of days, which also says where a time comes from, and what the plan notes."""
    told = sentence(record), sources([one.kind for one in record.discrepancies]), record.plan.note
    return "; ".join(part for part in told if part)


# Where a time of the day comes from, if not from a tap.
_SOURCES = (Finding.CAME_BY_ROLL_CALL, Finding.CAME_BY_STANDUP, Finding.BY_FINGER)


def sources(kinds: Collection[str]) -> str:
    return ", ".join(_plain(Discrepancy(kind, needs_person=False)) for kind in _SOURCES if kind in kinds)


def excuse(record: DayRecord, one: Excuse) -> str:
    """Say on a day which confirmed outage excuses what there."""
    first, last = (on(at.astimezone(record.zone), record.day) for at in (one.first, one.last))
    if one.occurrence_id:
        text = _("Disturbance %(first)s – %(last)s, confirmed by HR: the briefing missed then does not count.")
    else:
        text = _("Disturbance of the application %(first)s – %(last)s, confirmed by HR: what it took is not late.")
    return text % {"first": first, "last": last}


def on(at: datetime, day: date) -> str:
    """When something came that belongs to a day: a log of a machine comes weeks later."""
    return clock(at) if at.date() == day else f"{short_day(at.date())} {clock(at)}"


def moment(at: datetime | None, day: date) -> str:
    """A time of a day; one of the day after says so."""
    if at is None:
        return "?"
    return clock(at) if at.date() <= day else _("%(time)s the next day", time=clock(at))


def span(record: DayRecord) -> str:
    """22.00 – 06.00 the next day."""
    return f"{moment(record.first, record.day)} – {moment(record.last, record.day)}"


def course(record: DayRecord, stays: Iterable[Stay]) -> str:
    """The day's places in order: 07.14 home, 10.12 office, out 16.12."""
    parts = [f"{moment(stay.starts, record.day)} {place(stay.mode).lower()}" for stay in stays]
    out = [_("out %(time)s", time=moment(record.last, record.day))] if record.last else []
    return ", ".join([*parts, *out])


def duration(minutes: int) -> str:
    """7 jam 16 menit: nobody reads 436 minutes."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return ngettext("%(num)s minute", "%(num)s minutes", rest)
    if not rest:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)


# How the letters of a day look in a sheet (app.css); the plain ones, H among them, have no shape.
_SHAPES = {
    "K": "k",
    "WFH": "w",
    "R": "w",
    "DL": "d",
    "TB": "d",
    "HT": "t",
    "HP": "p",
    "C": "o",
    "S": "o",
    "I": "o",
    "A": "a",
    "L": "l",
}


def shape(letters: str) -> str:
    """Return the classes of a cell; who came late and left early has two letters ("HT HP") and two corners."""
    worn = [letter.removesuffix(HALF) for letter in letters.split()]
    return " ".join(dict.fromkeys(_SHAPES[letter] for letter in worn if letter in _SHAPES))


def correction_kind(kind: CorrectionKind) -> str:
    return {
        CorrectionKind.CHECK_IN: _("Check-in"),
        CorrectionKind.CHECK_OUT: _("Check-out"),
        CorrectionKind.MODE: _("Place of work"),
        CorrectionKind.LEAVE: _("Leave"),
        CorrectionKind.ABSENT: _("Absent without notice"),
    }[kind]


def correction_reason(reason: CorrectionReason | None) -> str:
    return (
        {
            CorrectionReason.FORGOT: _("Forgot"),
            CorrectionReason.NETWORK: _("Network trouble"),
            CorrectionReason.APPLICATION: _("Application trouble"),
            CorrectionReason.DUTY_OUTSIDE: _("Duty outside the office"),
            CorrectionReason.LATE: _("Late"),
            CorrectionReason.LEFT_EARLY: _("Left early"),
            CorrectionReason.LEAVE_LETTER: _("Leave or doctor's letter"),
        }[reason]
        if reason
        else ""
    )


def employment(kind: EmploymentType) -> str:
    return _("Part-time PPPK") if kind is EmploymentType.PPPK_PART_TIME else kind.value.upper()


def of_part(part: Part) -> str:
    """Say what a meeting was to an officer: how long, how late, in writing, excused, or not seen."""
    if part.is_excused:
        return _("excused: on leave") if part.who.plan is PlanMode.LEAVE else _("excused: on duty elsewhere")
    if part.is_missed:
        return _("not seen")
    said = [_("in writing")] if part.wrote else []
    if part.who.came:
        said.append(duration(part.who.minutes) if part.who.minutes is not None else _("opened by the own link"))
    return ", ".join([*said, _("%(time)s late", time=duration(part.late))] if part.late else said)


def of_attended(told: Tally) -> str:
    """Say of several meetings how many were joined, for how long, and what came of the others."""
    said = [_("Meetings: joined %(some)s of %(all)s", some=told.joined, all=told.asked)]
    said += [duration(told.minutes)] * (told.minutes > 0)
    said += [ngettext("late %(num)s time", "late %(num)s times", told.late)] * (told.late > 0)
    said += [ngettext("excused from %(num)s", "excused from %(num)s", told.excused)] * (told.excused > 0)
    said += [ngettext("%(num)s not joined", "%(num)s not joined", told.missed)] * (told.missed > 0)
    return " · ".join(said)
