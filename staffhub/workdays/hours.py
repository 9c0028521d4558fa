"""The typed model of a work schedule: the hours of a week, what they shall add up to, and when marks are expected."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.models import DayPart

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_SPAN = 3  # start, end, break


class Fault(ValueError):
    """What is wrong with a value, and with which part of it: `at` goes on from where pydantic stands."""

    def __init__(self, text: str, *at: str | int) -> None:
        super().__init__(text)
        self.at = at


@dataclass(frozen=True)
class Hours:
    """Wall-clock times of one day; `minutes` of work, the break left out."""

    starts: time
    ends: time
    minutes: int

    @property
    def pause(self) -> int:
        return _minutes(self.starts, self.ends) - self.minutes

    def besides(self, part: DayPart) -> "Hours":
        """Return the hours that are left when half of the day is leave.

        A rule says how long the break is, never when: it is taken to lie in the middle, and parts the halves. Of 07.30
        to 16.00 with an hour, the morning is 07.30 to 11.15 and the afternoon 12.15 to 16.00, with no break in either.
        """
        half, whole = self.minutes // 2, _minutes(self.starts, self.ends)
        if part is DayPart.AFTERNOON:
            return Hours(self.starts, _later(self.starts, half), half)
        return Hours(_later(self.starts, whole - half), self.ends, half)


def _later(at: time, minutes: int) -> time:
    return (datetime.combine(date.min, at) + timedelta(minutes=minutes)).time()


def _minutes(starts: time, ends: time) -> int:
    return (ends.hour - starts.hour) * 60 + ends.minute - starts.minute


def _hours(value: object) -> Hours | None:
    """Read ["07.30", "16.00", 60]: start, end, break in minutes."""
    if value is None or isinstance(value, Hours):
        return value
    if not isinstance(value, list | tuple) or len(value) != _SPAN:
        raise Fault(_("Write start, end and break, for example 07:30, 16:00, 60."), "starts")
    starts, ends, pause = _time(value[0], "starts"), _time(value[1], "ends"), value[2]
    if not isinstance(pause, int) or isinstance(pause, bool) or pause < 0:
        raise Fault(_("Write the break in whole minutes."), "break")
    span = _minutes(starts, ends)
    if span <= 0:
        raise Fault(_("The end must be later than the start."), "ends")
    if pause >= span:
        raise Fault(_("The break is as long as the day. Write it in minutes."), "break")
    return Hours(starts, ends, span - pause)


def _time(text: object, *at: str) -> time:
    if isinstance(text, time):
        return text
    if text is None:
        raise Fault(_("Fill this in."), *at)
    try:
        return time.fromisoformat(str(text).replace(".", ":"))
    except ValueError:
        raise Fault(_("Write the time as hours and minutes, for example 15:58."), *at) from None


Day = Annotated[Hours | None, BeforeValidator(_hours)]
Clock = Annotated[time, BeforeValidator(_time)]


class ExpectedMark(StrEnum):
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    ROLL_CALL = "roll_call"


class Window(BaseModel):
    """From when to when a mark is expected, on some weekdays or, with none named, on each working day.

    A roll-call has a name: {"mark": "roll_call", "name": "Apel pagi", "days": ["mon"], "starts": "07.30", ...}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mark: ExpectedMark
    name: Annotated[str, Field(max_length=40)] = ""
    days: tuple[Weekday, ...] = ()
    starts: Clock
    ends: Clock

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.ends <= self.starts:
            raise Fault(_("The end must be later than the start."), "ends")
        if self.mark is ExpectedMark.ROLL_CALL and not self.name:
            raise Fault(_("Give the roll-call a name, for example Apel pagi."), "name")
        return self

    def lies_outside(self, hours: Hours) -> bool:
        """Whether the mark could never be made at its time: the hour it is about is not within the window.

        A roll-call may be held before work begins or after it ends, but not apart from it.
        """
        first, last = {
            ExpectedMark.CHECK_IN: (hours.starts, hours.starts),
            ExpectedMark.CHECK_OUT: (hours.ends, hours.ends),
            ExpectedMark.ROLL_CALL: (hours.starts, hours.ends),
        }[self.mark]
        return self.ends < first or last < self.starts


@dataclass(frozen=True)
class Schedule:
    """What a schedule says of one date: the hours, the minutes that are forgiven, and when marks are expected."""

    hours: Hours
    tolerance: int
    check_in: Window | None
    check_out: Window | None
    roll_calls: tuple[Window, ...]


class WorkHours(BaseModel):
    """{"mon": ["07.30", "16.00", 60], ...}; a weekday left out is a day off.

    `tolerance`: minutes after the start that count as on time. `asked`: minutes of work a week by `asked_source`, for
    comparison only. `windows`: when marks are expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mon: Day = None
    tue: Day = None
    wed: Day = None
    thu: Day = None
    fri: Day = None
    sat: Day = None
    sun: Day = None
    tolerance: Annotated[int, Field(ge=0, le=240)] = 0
    asked: Annotated[int, Field(ge=1, le=10_080)] | None = None
    asked_source: Annotated[str, Field(max_length=200)] = ""
    windows: tuple[Window, ...] = ()

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        taken: set[tuple[str, str, str]] = set()
        for number, window in enumerate(self.windows):
            for name in window.days or self.working_days:
                self._refuse_window(number, window, name)
                if (one := (name, window.mark.value, window.name)) in taken:
                    raise Fault(_("This mark is expected twice on one weekday."), "windows", number, "days")
                taken.add(one)
        return self

    def _refuse_window(self, number: int, window: Window, name: str) -> None:
        hours = self.of(name)
        if hours is None:
            raise Fault(_("One of these weekdays is a day off in this schedule."), "windows", number, "days")
        if window.lies_outside(hours):
            text = _(
                "This window lies outside the day, which goes from %(starts)s to %(ends)s.",
                starts=i18n.clock(hours.starts),
                ends=i18n.clock(hours.ends),
            )
            raise Fault(text, "windows", number, "starts")

    def of(self, weekday: str) -> Hours | None:
        found: Hours | None = getattr(self, weekday)
        return found

    def on(self, day: date) -> Hours | None:
        return self.of(WEEKDAYS[day.weekday()])

    @property
    def working_days(self) -> list[str]:
        return [name for name in WEEKDAYS if self.of(name)]

    @property
    def week_minutes(self) -> int:
        """Minutes of work of a whole week: 2,250 (37 h 30) by Perpres 21/2023, and 1,950 in Ramadan."""
        return sum(hours.minutes for name in WEEKDAYS if (hours := self.of(name)))

    def schedule(self, day: date) -> Schedule | None:
        """Return everything about a date; None on a day off."""
        hours, name = self.on(day), WEEKDAYS[day.weekday()]
        if hours is None:
            return None
        here = [window for window in self.windows if not window.days or name in window.days]
        return Schedule(
            hours,
            self.tolerance,
            _first(here, ExpectedMark.CHECK_IN),
            _first(here, ExpectedMark.CHECK_OUT),
            tuple(window for window in here if window.mark is ExpectedMark.ROLL_CALL),
        )


def _first(windows: Iterable[Window], mark: ExpectedMark) -> Window | None:
    return next((window for window in windows if window.mark is mark), None)
