"""What people ask to have corrected, in plain words."""

from collections.abc import Sequence

from staffhub.corrections import OpenDay, Request, Standing
from staffhub.days import DayRecord, Finding
from staffhub.i18n import day
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionKind, ProposalSource, RequestStep
from staffhub.reports import words


def kind(asked: CorrectionKind) -> str:
    return _("Leave or sick letter") if asked is CorrectionKind.LEAVE else words.correction_kind(asked)


def claim(one: Request) -> str:
    """Check-in 07.31, check-out 16.02, Home."""
    parts = [kind(one.kind) + (f" {words.moment(one.at, one.day)}" if one.at else "")]
    if one.until:
        parts.append(f"{words.correction_kind(CorrectionKind.CHECK_OUT).lower()} {words.moment(one.until, one.day)}")
    if one.mode:
        parts.append(words.place(one.mode))
    return ", ".join(parts)


def standing(value: Standing) -> str:
    """A tag: two or three words."""
    return {
        Standing.SUPERIOR: _("With the superior"),
        Standing.LATE: _("Not decided in time"),
        Standing.HR: _("With HR"),
        Standing.CONFIRMED: _("Accepted"),
        Standing.DECLINED: _("Declined"),
        Standing.WITHDRAWN: _("Withdrawn"),
        Standing.SETTLED: _("Corrected by HR"),
    }[value]


def look(value: Standing) -> str:
    """The kind of tag that goes with it."""
    waits = {Standing.SUPERIOR: "wait", Standing.HR: "wait", Standing.LATE: "warn"}
    return waits.get(value, "ok" if value is Standing.CONFIRMED else "")


def holder(one: Request) -> str:
    """Who has it now, and until when."""
    last = one.last
    if one.standing is Standing.SUPERIOR:
        if last.decide_by is None:
            return _("%(name)s has it now. No rule says by when it is decided.", name=last.to)
        return _("%(name)s has it now, and decides by %(day)s.", name=last.to, day=day(last.decide_by))
    if one.standing is Standing.LATE and last.decide_by:
        said = _("%(name)s did not decide by %(day)s.", name=last.to, day=day(last.decide_by))
        return f"{said} {_('HR has it now.')}"
    if one.standing is Standing.HR:
        return _("HR has it now.")
    return {
        Standing.CONFIRMED: _("The correction is in force since %(name)s confirmed it.", name=last.by),
        Standing.DECLINED: _("%(name)s has declined it. The day stays as it was.", name=last.by),
        Standing.WITHDRAWN: _("It was withdrawn. The day stays as it was."),
        Standing.SETTLED: _("%(name)s has corrected the day, and with that this is settled.", name=last.by),
    }[one.standing]


def step(value: RequestStep) -> str:
    return {
        RequestStep.ASKED: _("Asked for"),
        RequestStep.PASSED_ON: _("Passed on"),
        RequestStep.ACCEPTED: _("Accepted by the superior"),
        RequestStep.CONFIRMED: _("Confirmed, in force"),
        RequestStep.DECLINED: _("Declined"),
        RequestStep.WITHDRAWN: _("Withdrawn"),
        RequestStep.SETTLED: _("Settled by a correction of the day"),
    }[value]


# What a person asks for where a finding waits: nobody asks to be absent.
_CLAIMED = {
    Finding.NO_CHECK_OUT: CorrectionKind.CHECK_OUT,
    Finding.NO_CHECK_IN: CorrectionKind.CHECK_IN,
    Finding.ABSENT: CorrectionKind.CHECK_IN,
    Finding.LEAVE_AND_MARK: CorrectionKind.MODE,
    Finding.HOME_NOT_OFFICE: CorrectionKind.MODE,
    Finding.OFFICE_NOT_HOME: CorrectionKind.MODE,
    Finding.OTHER_PLACE: CorrectionKind.MODE,
    Finding.OTHER_HOURS: CorrectionKind.MODE,
    Finding.FINGER_AND_HOME: CorrectionKind.MODE,
}


_ELSEWHERE = (Finding.HOME_NOT_OFFICE, Finding.OFFICE_NOT_HOME, Finding.OTHER_PLACE)


def claimed(kinds: Sequence[str]) -> str:
    """Return the kind of correction that answers the first finding that asks for one, "" for none."""
    return next((value.value for found, value in _CLAIMED.items() if found.value in kinds), "")


def claimed_of(record: DayRecord) -> str:
    return claimed([found.kind.value for found in record.discrepancies if found.needs_person])


def lacks(one: OpenDay) -> str:
    """What an open day of mine waits for, as a heading."""
    said = {
        Finding.NO_CHECK_OUT: _("no check-out yet"),
        Finding.NO_CHECK_IN: _("no check-in was recorded"),
        Finding.ABSENT: _("nothing was recorded"),
        Finding.LEAVE_AND_MARK: _("planned as leave, but checked in"),
        **dict.fromkeys(_ELSEWHERE, _("at another place than planned")),
        Finding.OTHER_HOURS: _("worked at other hours than planned"),
        Finding.FINGER_AND_HOME: _("a finger in the office, and a check-in at home"),
    }
    return next((text for found, text in said.items() if found.value in one.kinds), _("waits for an answer"))


def proposed(one: OpenDay) -> str:
    """Where a proposed check-out comes from, and what the day would be with it; "" without one."""
    if one.at is None or one.source is None:
        return ""
    at = words.moment(one.at, one.day)
    said = {
        ProposalSource.LOG: _("Proposed: %(time)s, from your last log entry.", time=at),
        ProposalSource.MEETING: _("Proposed: %(time)s, from your last meeting.", time=at),
        ProposalSource.REQUEST: _("Proposed: %(time)s, from your last step on a request.", time=at),
        ProposalSource.MARK: _("Proposed: %(time)s, from your last mark.", time=at),
    }[one.source]
    if not one.early:
        return said
    early = _("Then that day reads: left %(time)s early.", time=words.duration(one.early))
    return f"{said} {early}"
