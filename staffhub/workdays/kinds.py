"""The typed model of each kind of rule, and how what is stored or typed is read with it."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, RuleKind
from staffhub.workdays.hours import WEEKDAYS, Fault, WorkHours

# A schedule with this subject is for a range of its own, such as Ramadan, and lies over the usual one.
SPECIAL = "special"
LATE, EARLY = "late", "early"
_Days = Annotated[int, Field(ge=1, le=366)]
_Percent = Annotated[int, Field(ge=0, le=100)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_Text = Annotated[str, Field(max_length=200)]


class _Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CoverGroup(_Values):
    """People of these employment types who must be in the office, and at most may, in each division that keeps cover.

    `weekdays`: on these; none: on each working day.
    """

    name: Annotated[str, Field(min_length=1, max_length=40)]
    types: Annotated[tuple[EmploymentType, ...], Field(min_length=1)]
    minimum: Annotated[int, Field(ge=0, le=1000)]
    maximum: Annotated[int, Field(ge=1, le=1000)] | None = None
    weekdays: tuple[Weekday, ...] = ()


class Coverage(_Values):
    """{"groups": [{"name": "ASN", "types": ["pns", ...], "minimum": 1}, ...]}.

    `levels`: so many of the highest structural levels stay in the office, the head being the first.
    """

    groups: tuple[CoverGroup, ...] = ()
    levels: Annotated[int, Field(ge=1, le=2)] | None = None

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        for number, group in enumerate(self.groups):
            if group.maximum is not None and group.maximum < group.minimum:
                raise Fault(_("The most is less than the least."), "groups", number, "maximum")
        return self

    def on(self, day: date) -> "Coverage":
        """Return what of it holds on a weekday."""
        name = WEEKDAYS[day.weekday()]
        if not any(group.weekdays for group in self.groups):
            return self
        here = tuple(group for group in self.groups if not group.weekdays or name in group.weekdays)
        return self.model_copy(update={"groups": here})


_Weight = Annotated[int, Field(ge=0, le=100)]


class RosterWeights(_Values):
    """How much each wish for the duty roster counts against the others; 0: not at all."""

    turns: _Weight
    mondays_fridays: _Weight
    wishes: _Weight
    home_blocks: _Weight
    changes: _Weight


class Tier(_Values):
    """From `min` minutes on (it counts) to less than `max` (it does not); None: without end."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    min: Annotated[int, Field(ge=1, le=1440)]
    max: Annotated[int, Field(ge=1, le=1440)] | None = None


class Tiers(_Values):
    """Tiers of lateness or of early leave, without gap or overlap from the first minute that counts."""

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _join(self) -> Self:
        _refuse_gaps("tiers", [(tier.min, tier.max) for tier in self.tiers], "min", "max", step=0)
        return self

    def of(self, minutes: int) -> Tier | None:
        """Return the tier of so many minutes; None when they are fewer than the first one asks."""
        reached = [tier for tier in self.tiers if tier.min <= minutes and (tier.max is None or minutes < tier.max)]
        return reached[0] if reached else None


class Level(StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


class Threshold(_Values):
    """What so many days of absence without reason lead to by law, both bounds included; None: without end."""

    first: _Days
    last: _Days | None = None
    consequence: Annotated[str, Field(min_length=1, max_length=200)]
    level: Level


class InARow(_Values):
    """What so many working days of absence one after the other lead to."""

    days: _Days
    consequence: Annotated[str, Field(min_length=1, max_length=200)]
    level: Level


class Discipline(_Values):
    """Thresholds over a year: they count and warn. What follows is for people to examine and decide."""

    thresholds: Annotated[tuple[Threshold, ...], Field(min_length=1)]
    in_a_row: InARow | None = None

    @model_validator(mode="after")
    def _join(self) -> Self:
        _refuse_gaps("thresholds", [(one.first, one.last) for one in self.thresholds], "first", "last", step=1)
        return self

    def of(self, days: int) -> Threshold | None:
        reached = [one for one in self.thresholds if one.first <= days and (one.last is None or days <= one.last)]
        return reached[0] if reached else None


def _refuse_gaps(where: str, bounds: list[tuple[int, int | None]], low: str, high: str, *, step: int) -> None:
    """Refuse rows that do not go on from each other: the next begins `step` after where the one before ends."""
    for number, (first, last) in enumerate(bounds):
        is_last = number == len(bounds) - 1
        if last is not None and last < first + 1 - step:
            raise Fault(_("This is too small: nothing would lie between the two."), where, number, high)
        if last is None and not is_last:
            raise Fault(_("Only the last row may be without end."), where, number, high)
        before = bounds[number - 1][1] if number else None
        if before is not None and first != before + step:
            text = _("Begin with %(number)s, where the row before ends.", number=before + step)
            raise Fault(text, where, number, low)


class MinutesAsDays(_Values):
    """So many minutes of lateness and early leave count as one day of absence."""

    minutes: Annotated[int, Field(ge=1, le=1440)]


class LeaveKind(StrEnum):
    ANNUAL = "annual"
    LONG = "long"
    SICK = "sick"
    MATERNITY = "maternity"
    IMPORTANT_REASON = "important_reason"
    UNPAID = "unpaid"
    PERMISSION = "permission"


class Unit(StrEnum):
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"


class Letter(StrEnum):
    """Under what the recap counts a kind of leave."""

    LEAVE = "C"
    SICK = "S"
    PERMISSION = "I"


class Proof(StrEnum):
    """Who has to have signed what proves the reason of a leave."""

    NONE = "none"
    DOCTOR = "doctor"
    GOVERNMENT_DOCTOR = "government_doctor"


class ProofTier(_Values):
    """Which proof a leave of so many calendar days asks for, both bounds included; None: without end."""

    first: _Days
    last: _Days | None = None
    by: Proof


class LeaveRule(_Values):
    """One kind of leave for some kinds of employment.

    `quota`: at most so many units, a year where it is annual; None: not set. `extension`: so many more, when it is
    prolonged. `carry_one`, `carry_two`: at most so many in all when a year's, or two years', were not used.
    `proofs`: by how long the leave is; without them `needs_letter` says whether there must be a letter at all.
    """

    quota: Annotated[int, Field(ge=1, le=1000)] | None = None
    unit: Unit
    extension: Annotated[int, Field(ge=1, le=1000)] | None = None
    carry_one: Annotated[int, Field(ge=1, le=1000)] | None = None
    carry_two: Annotated[int, Field(ge=1, le=1000)] | None = None
    service_months: Annotated[int, Field(ge=0, le=600)] = 0
    needs_letter: bool = False
    counts_holidays: bool = False
    half_days: bool = False
    letter: Letter
    proofs: tuple[ProofTier, ...] = ()
    note: Annotated[str, Field(max_length=400)] = ""

    def proof(self, days: int) -> Proof | None:
        """Return the proof that a leave of so many calendar days asks for; None where no tier says."""
        reached = [one for one in self.proofs if one.first <= days and (one.last is None or days <= one.last)]
        return reached[0].by if reached else None

    @model_validator(mode="after")
    def _proofs_join(self) -> Self:
        _refuse_gaps("proofs", [(one.first, one.last) for one in self.proofs], "first", "last", step=1)
        return self

    @model_validator(mode="after")
    def _carries_more_than_a_year(self) -> Self:
        if self.carry_one is not None and self.quota is not None and self.carry_one < self.quota:
            raise Fault(_("This is less than the quota of one year."), "carry_one")
        if self.carry_two is not None and self.carry_two < (self.carry_one or self.quota or 0):
            raise Fault(_("This is less than after one year."), "carry_two")
        return self


class Flexible(_Values):
    """How many may work from home: at most so many percent there, or at least so many in the office.

    `document`: number of the order. Who is excluded works in the office: kinds of employment, divisions by their code,
    positions in words.
    """

    document: Annotated[str, Field(min_length=1, max_length=80)]
    most_home: _Percent | None = None
    least_office: _Percent | None = None
    excluded_types: tuple[EmploymentType, ...] = ()
    excluded_divisions: tuple[str, ...] = ()
    excluded_positions: _Text = ""

    @model_validator(mode="after")
    def _says_one_share(self) -> Self:
        if (self.most_home is None) == (self.least_office is None):
            raise Fault(_("Fill in one of the two: the most at home, or the least in the office."), "most_home")
        return self


class Decision(_Values):
    """Within so many working days the superior decides on a correction."""

    working_days: Annotated[int, Field(ge=1, le=60)]


class Counts(StrEnum):
    CLAIMED = "claimed"
    ARRIVAL = "arrival"


class LateTaps(_Values):
    """Which time of a tap counts that waited on the phone for its network, and for how long: None, on the same day."""

    counts: Counts
    hours: Annotated[int, Field(ge=1, le=168)] | None = None


class Way(StrEnum):
    """How somebody proves to be there: a mark, one that a code at the door proves, the roll call, a briefing joined."""

    MARK = "mark"
    CODE = "code"
    ROLL_CALL = "roll_call"
    STANDUP = "standup"


def besides_marks(ways: Collection[Way]) -> frozenset[Way]:
    """Return what stands in for a check-in, of the ways of proof that stand in for each other."""
    asked = Way.MARK in ways or Way.CODE in ways
    return frozenset({Way.ROLL_CALL, Way.STANDUP} & {*ways}) if asked else frozenset()


class OneProof(_Values):
    """Ways that stand in for each other: whoever has proved presence by one of them is asked for no other."""

    ways: tuple[Way, ...]

    @model_validator(mode="after")
    def _are_several(self) -> Self:
        others = {*self.ways} - {Way.CODE} if Way.MARK in self.ways else {*self.ways}
        if len(others) < 2:  # noqa: PLR2004
            raise Fault(_("Choose at least two of them: one stands in for the other."), "ways")
        return self


Values = WorkHours | _Values
MODELS: dict[RuleKind, type[WorkHours] | type[_Values]] = {
    RuleKind.WORK_HOURS: WorkHours,
    RuleKind.COVERAGE: Coverage,
    RuleKind.TIERS: Tiers,
    RuleKind.DISCIPLINE: Discipline,
    RuleKind.MINUTES_AS_DAYS: MinutesAsDays,
    RuleKind.LEAVE: LeaveRule,
    RuleKind.FLEXIBLE: Flexible,
    RuleKind.DECISION: Decision,
    RuleKind.ROSTER_WEIGHTS: RosterWeights,
    RuleKind.LATE_DELIVERY: LateTaps,
    RuleKind.ONE_PROOF: OneProof,
}
# What of its kind a rule may be about; of the others the subject is empty, or of `OF_DIVISION` a division's code.
SUBJECTS: dict[RuleKind, tuple[str, ...]] = {
    RuleKind.WORK_HOURS: ("", SPECIAL),
    RuleKind.TIERS: (LATE, EARLY),
    RuleKind.LEAVE: tuple(kind.value for kind in LeaveKind),
}
# Kinds of which a row may be about one division, which comes before that of the whole office.
OF_DIVISION = frozenset({RuleKind.COVERAGE, RuleKind.FLEXIBLE})
# Kinds that tell employment types apart; the others hold for everybody.
BY_GROUP = frozenset({RuleKind.WORK_HOURS, RuleKind.TIERS, RuleKind.LEAVE})


def read(kind: RuleKind, values: object) -> Values:
    """Check the values of a rule; Refused names the first that is wrong."""
    try:
        return MODELS[kind].model_validate(values)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        path = _path(first)
        raise Refused(_said(first), field=str(path[0]) if path else "values") from problem


def faults(kind: RuleKind, values: object) -> dict[tuple[str | int, ...], str]:
    """Return everything that is wrong, by the path to it: ("tiers", 2, "min")."""
    try:
        MODELS[kind].model_validate(values)
    except ValidationError as problem:
        found = {_path(error): _said(error) for error in reversed(problem.errors(include_url=False))}
        # A list whose one row is wrong is called too short as well.
        return {path: said for path, said in found.items() if not any(path == other[:-2] for other in found)}
    return {}


def _path(error: ErrorDetails) -> tuple[str | int, ...]:
    fault: Any = error.get("ctx", {}).get("error")
    return (*error["loc"], *(fault.at if isinstance(fault, Fault) else ()))


def _said(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if error.get("input") in (None, "", [], ()) or kind == "missing":
        return _("Fill this in.")
    if kind in {"greater_than_equal", "less_than_equal"}:
        least = _("Write a number of at least %(n)s.", n=context.get("ge"))
        return least if "ge" in context else _("Write a number of at most %(n)s.", n=context.get("le"))
    where = ".".join(str(part) for part in error["loc"])
    return _("%(where)s is not understood. Check how it is written.", where=where or "values")
