"""The calendar of the office: its holidays, and the rules that hold on a date for a kind of employment."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import EmploymentType, Holiday, RuleKind, RuleSet
from staffhub.workdays.hours import Hours, Schedule, WorkHours
from staffhub.workdays.kinds import (
    EARLY,
    LATE,
    Coverage,
    Decision,
    Discipline,
    Flexible,
    LeaveRule,
    MinutesAsDays,
    Tiers,
)
from staffhub.workdays.rules import Rule, in_force, of_row


@dataclass(frozen=True)
class Calendar:
    """The office's holidays and rules of a range of dates."""

    holidays: dict[date, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    # What was worked out already: a month asks for the hours of each date once per officer.
    _known: dict[tuple[date, EmploymentType | None], Hours | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def knows_groups(self) -> bool:
        """Whether the hours are told apart by kinds of employment."""
        return any(rule.groups is not None and isinstance(rule.values, WorkHours) for rule in self.rules)

    def hours(self, day: date, employment: EmploymentType | None = None) -> Hours | None:
        """Return the working hours of a weekday, or None when the rules give it none; holidays are not looked at."""
        key = (day, employment)
        if key not in self._known:
            rule = in_force(self.rules, WorkHours, day, employment)
            self._known[key] = rule.on(day) if rule else None
        return self._known[key]

    def coverage(self, day: date) -> Coverage:
        """Return who must be in the office on a date; on a free day nobody."""
        rule = in_force(self.rules, Coverage, day, None) if self.is_working_day(day) else None
        return rule or Coverage()

    def schedule(self, day: date, employment: EmploymentType | None = None) -> Schedule | None:
        """Return the hours of a weekday with what belongs to them: tolerance, windows of marks, roll-calls."""
        rule = in_force(self.rules, WorkHours, day, employment)
        return rule.schedule(day) if rule else None

    def tiers(self, day: date, employment: EmploymentType | None = None) -> tuple[Tiers | None, Tiers | None]:
        """Return the tiers of lateness and those of early leave."""
        late, early = (in_force(self.rules, Tiers, day, employment, {kind}) for kind in (LATE, EARLY))
        return late, early

    def thresholds(self, day: date) -> Discipline | None:
        """Return what so many days of absence lead to: to count and to warn, never to propose."""
        return in_force(self.rules, Discipline, day, None)

    def minutes_a_day(self, day: date) -> int | None:
        """Return how many minutes late or early add up to a day of absence; None where the office adds up none."""
        rule = in_force(self.rules, MinutesAsDays, day, None)
        return rule.minutes if rule else None

    def leave_kind(self, day: date, subject: str, employment: EmploymentType | None) -> LeaveRule | None:
        """Return the rule of a kind of leave; None when it is not for this kind of employment."""
        return in_force(self.rules, LeaveRule, day, employment, {subject})

    def flexible(self, day: date, division: str = "") -> Flexible | None:
        """Return the flexible work of a division, by its code, or of the whole office."""
        return in_force(self.rules, Flexible, day, None, {"", division})

    def decision_days(self, day: date) -> int | None:
        """Return within how many working days a correction is decided; None where no rule says."""
        rule = in_force(self.rules, Decision, day, None)
        return rule.working_days if rule else None

    def is_working_day(self, day: date, employment: EmploymentType | None = None) -> bool:
        return day not in self.holidays and self.hours(day, employment) is not None


# What a day needs; the other kinds are read by who counts a month or plans a leave.
DAILY = (RuleKind.WORK_HOURS, RuleKind.COVERAGE)


def calendar(db: Session, office_id: int, first: date, last: date, *, kinds: Collection[RuleKind] = DAILY) -> Calendar:
    """Load both tables in one statement; of the rules those of the kinds."""
    rules = select(
        sa.cast(RuleSet.kind, sa.String).label("kind"),
        RuleSet.valid_from,
        RuleSet.valid_to,
        RuleSet.groups,
        RuleSet.values,
        RuleSet.legal_source.label("text"),
        RuleSet.subject,
        RuleSet.id,
    ).where(
        RuleSet.office_id == office_id,
        RuleSet.confirmed,
        RuleSet.kind.in_(kinds),
        RuleSet.valid_from <= last,
        sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= first),
    )
    nothing = sa.cast(sa.null(), sa.JSON)
    own = (Holiday.name, sa.literal(""), Holiday.id)
    days = select(sa.literal("holiday"), Holiday.date, Holiday.date, nothing, nothing, *own).where(
        Holiday.office_id == office_id, Holiday.date.between(first, last)
    )
    free: dict[date, str] = {}
    found: list[Rule] = []
    for kind, start, end, groups, values, text, subject, row_id in db.execute(sa.union_all(rules, days)):
        if kind == "holiday":
            free[start] = text
        elif rule := of_row(kind, start, end, groups, values, text, subject, row_id):
            found.append(rule)
    return Calendar(free, tuple(found))
