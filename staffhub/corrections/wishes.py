"""What a correction is to say, and what a day becomes with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from staffhub import clock, i18n
from staffhub.days import CorrectionFact, DayRecord, Facts, Stage, reconcile
from staffhub.db import digest
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionKind, WorkMode

TIMED = {CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT}
_PLACED = {CorrectionKind.CHECK_IN, CorrectionKind.MODE}


@dataclass(frozen=True)
class Wish:
    """What a correction is to say. `next_day`: the time is of the day after, as when a night on guard ends."""

    kind: CorrectionKind
    clock_time: time | None = None
    mode: WorkMode | None = None
    next_day: bool = False

    @property
    def place(self) -> WorkMode | None:
        return self.mode if self.kind in _PLACED else None

    def instant(self, day: date, zone: ZoneInfo) -> datetime | None:
        if self.kind not in TIMED or self.clock_time is None:
            return None
        return clock.at_local(day + timedelta(days=self.next_day), self.clock_time, zone)


class Asked(Protocol):
    """What was asked for a day: a check-in may bring a check-out with it."""

    @property
    def day(self) -> date: ...
    @property
    def kind(self) -> CorrectionKind: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def until(self) -> datetime | None: ...
    @property
    def mode(self) -> WorkMode | None: ...


def wishes_of(asked: Asked, zone: ZoneInfo) -> tuple[Wish, ...]:
    """Return what was asked as it would be typed."""
    first = _typed(asked.kind, asked.at, asked.day, zone, asked.mode)
    if asked.until is None:
        return (first,)
    return first, _typed(CorrectionKind.CHECK_OUT, asked.until, asked.day, zone, None)


def _typed(kind: CorrectionKind, at: datetime | None, day: date, zone: ZoneInfo, mode: WorkMode | None) -> Wish:
    local = at.astimezone(zone) if at else None
    return Wish(kind, local.time() if local else None, mode, next_day=local is not None and local.date() > day)


def outcome(facts: Facts, *wishes: Wish, now: datetime) -> DayRecord:
    """Return the day as it would be; nothing is written. Refused when it cannot have been so."""
    return reconcile(list(_with(facts, wishes, now=now))[-1][1])


def moments(facts: Facts, wishes: Sequence[Wish], *, now: datetime) -> list[datetime | None]:
    """Return the instants that the wishes speak of, one after the other; Refused when one cannot have been."""
    return [at for at, _facts in _with(facts, wishes, now=now)]


def _with(facts: Facts, wishes: Sequence[Wish], *, now: datetime) -> Iterator[tuple[datetime | None, Facts]]:
    newest = max((fact.id for fact in facts.corrections), default=0)
    for number, wish in enumerate(wishes, newest + 1):
        try:
            at = moment(facts, wish, now=now)
        except Refused as error:  # the second time of a form stands in a field of its own
            second = number > newest + 1 and error.field == "time"
            raise Refused(error.message, field="until" if second else error.field) from None
        fact = CorrectionFact(number, wish.kind, at, wish.place, now)
        facts = replace(facts, corrections=(*facts.corrections, fact))
        yield at, facts


def facts_version(facts: Facts) -> str:
    """Tell the facts of a day from what they were: whoever decides on an older picture of the day is told."""
    marks = (f"m{mark.turn}" for mark in sorted(facts.marks, key=lambda mark: mark.turn))
    corrections = (f"c{fact.id}" for fact in sorted(facts.corrections, key=lambda fact: fact.id))
    fingers = (f"f{finger.id}" for finger in facts.fingers)
    return digest(*marks, *corrections, *fingers, facts.stage.value, f"{facts.serves}")[:16]


def moment(facts: Facts, wish: Wish, *, now: datetime) -> datetime | None:
    """Refuse what cannot have happened; return the instant a correction of a time speaks of."""
    if facts.stage is Stage.TO_COME:
        raise Refused(_("This day has not come yet. Change the plan instead."), field="date")
    if wish.kind is CorrectionKind.ABSENT and facts.stage is not Stage.OVER:
        raise Refused(_("Nobody is absent before the day is over. Record it tomorrow."), field="kind")
    if wish.kind is CorrectionKind.MODE and wish.mode is None:
        raise Refused(_("Choose the place of work."), field="mode")
    if wish.kind not in TIMED:
        return None
    at = wish.instant(facts.day, facts.zone)
    if at is None:
        raise Refused(_("Write the time as hours and minutes, for example 15:58."), field="time")
    if wish.next_day and wish.kind is CorrectionKind.CHECK_IN:
        raise Refused(_("Work that began on the next day belongs to that day: open it there."), field="next_day")
    if at > now:
        raise Refused(_("This time has not come yet."), field="time")
    _refuse_order(reconcile(facts), wish, at)
    return at


def _refuse_order(record: DayRecord, wish: Wish, at: datetime) -> None:
    if wish.kind is CorrectionKind.CHECK_OUT and record.first and at < record.first:
        shown = i18n.clock(record.first)
        raise Refused(
            _("The check-out cannot be before the check-in at %(time)s. Was it on the next day? Say so.", time=shown),
            field="time",
        )
    if wish.kind is CorrectionKind.CHECK_IN and record.last and at > record.last:
        shown = i18n.clock(record.last)
        raise Refused(_("The check-in cannot be after the check-out at %(time)s.", time=shown), field="time")
