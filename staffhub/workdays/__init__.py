"""What is expected of a person on a date: the rules and holidays of the office, the usual week and what was granted."""

from staffhub.workdays.calendar import Calendar, calendar
from staffhub.workdays.holidays import (
    HolidayLine,
    Touched,
    add_holiday,
    holidays_of,
    is_built_in,
    remove_holiday,
    seed_holidays,
    touched,
)
from staffhub.workdays.plans import DEFAULT_WEEK, PRECEDENCE, Granted, Plan, PlanBook, plans, standing
from staffhub.workdays.rules import (
    WEEKDAYS,
    Coverage,
    CoverGroup,
    Hours,
    Rule,
    RuleLine,
    WorkHours,
    end_rule,
    rules_of,
    write_rule,
)

__all__ = [
    "DEFAULT_WEEK",
    "PRECEDENCE",
    "WEEKDAYS",
    "Calendar",
    "CoverGroup",
    "Coverage",
    "Granted",
    "HolidayLine",
    "Hours",
    "Plan",
    "PlanBook",
    "Rule",
    "RuleLine",
    "Touched",
    "WorkHours",
    "add_holiday",
    "calendar",
    "end_rule",
    "holidays_of",
    "is_built_in",
    "plans",
    "remove_holiday",
    "rules_of",
    "seed_holidays",
    "standing",
    "touched",
    "write_rule",
]
