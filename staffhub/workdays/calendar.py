"""The calendar of the office: its holidays, and the rules that hold on a date for a kind of employment."""

from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import EmploymentType, Holiday, RuleSet
from staffhub.workdays.rules import Coverage, Hours, Rule, WorkHours, in_force, of_row


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
        """Whether any rule is for some kinds of employment only."""
        return any(rule.groups is not None for rule in self.rules)

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

    def is_working_day(self, day: date, employment: EmploymentType | None = None) -> bool:
        return day not in self.holidays and self.hours(day, employment) is not None


def calendar(db: Session, office_id: int, first: date, last: date) -> Calendar:
    """Load both tables in one statement."""
    rules = select(
        sa.cast(RuleSet.kind, sa.String).label("kind"),
        RuleSet.valid_from,
        RuleSet.valid_to,
        RuleSet.groups,
        RuleSet.values,
        RuleSet.legal_source.label("text"),
    ).where(
        RuleSet.office_id == office_id,
        RuleSet.valid_from <= last,
        sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= first),
    )
    nothing = sa.cast(sa.null(), sa.JSON)
    days = select(sa.literal("holiday"), Holiday.date, Holiday.date, nothing, nothing, Holiday.name).where(
        Holiday.office_id == office_id, Holiday.date.between(first, last)
    )
    free: dict[date, str] = {}
    found: list[Rule] = []
    for kind, start, end, groups, values, text in db.execute(sa.union_all(rules, days)):
        if kind == "holiday":
            free[start] = text
        elif rule := of_row(kind, start, end, groups, values, text):
            found.append(rule)
    return Calendar(free, tuple(found))
