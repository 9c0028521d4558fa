"""The calendar of the office: its holidays, and the rules that hold on a date for a kind of employment."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.models import EmploymentType, Holiday, RosterExcuse, RuleSet
from staffhub.workdays.hours import Hours, Schedule, WorkHours
from staffhub.workdays.kinds import (
    EARLY,
    LATE,
    SPECIAL,
    Coverage,
    Decision,
    Discipline,
    Flexible,
    LateTaps,
    LeaveRule,
    MinutesAsDays,
    OneProof,
    RosterWeights,
    Tiers,
    Way,
)
from staffhub.workdays.rules import Rule, in_force, of_row, rule_in_force
from staffhub.workdays.ruling import DayRules, day_rules

_REMEMBERED = 5000


@dataclass(frozen=True)
class Calendar:
    """The office's holidays and rules, of all dates.

    `excuses`: why a bidang need not keep the minimum of a group on a day.
    """

    holidays: dict[date, str] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    excuses: dict[tuple[int, date, str], str] = field(default_factory=dict)
    # What was worked out already: a month asks for the hours of each date once per officer. Cut short, since dates that
    # people ask for have no end.
    _known: dict[tuple[date, EmploymentType | None], Hours | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    _ruled: dict[tuple[date, EmploymentType | None], DayRules] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def knows_groups(self) -> bool:
        """Whether what a day is held against is told apart by kinds of employment."""
        kinds = (WorkHours, Tiers, LeaveRule)
        return any(rule.groups is not None and isinstance(rule.values, kinds) for rule in self.rules)

    def ruled(self, day: date, employment: EmploymentType | None = None) -> DayRules:
        """Return all that a day is held against, of which the same is there for everybody of one employment."""
        key = (day, employment)
        found = self._ruled.get(key)
        if found is None:
            if len(self._ruled) >= _REMEMBERED:
                self._ruled.clear()
            found = self._ruled[key] = day_rules(self.rules, day, employment)
        return found

    def hours(self, day: date, employment: EmploymentType | None = None) -> Hours | None:
        """Return the working hours of a weekday, or None when the rules give it none; holidays are not looked at."""
        key = (day, employment)
        try:
            return self._known[key]
        except KeyError:
            hours = self.hours_by_rules(day, employment)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = hours
        return hours

    def hours_by_rules(self, day: date, employment: EmploymentType | None = None) -> Hours | None:
        """The same, for whoever asks once for each of many dates: nothing is remembered."""
        rule = in_force(self.rules, WorkHours, day, employment)
        return rule.on(day) if rule else None

    def first_open(self, local: datetime) -> date:
        """Return the first day whose work has not begun, by the usual hours: today until then, and then tomorrow."""
        today = local.date()
        hours = self.hours(today) if self.is_working_day(today) else None
        return today + timedelta(days=hours is not None and local.time() >= hours.starts)

    def shift(self, day: date) -> timedelta:
        """Return how much later than usual work begins on a date with special hours, such as in Ramadan."""
        usual, special = (in_force(self.rules, WorkHours, day, None, {subject}) for subject in ("", SPECIAL))
        was, now = (rule.on(day) if rule else None for rule in (usual, special))
        if not was or not now:
            return timedelta()
        return datetime.combine(day, now.starts) - datetime.combine(day, was.starts)

    def is_special(self, day: date) -> bool:
        """Whether a date has special hours, such as in Ramadan."""
        rule = in_force(self.rules, WorkHours, day, None, {SPECIAL})
        return rule is not None and rule.on(day) is not None

    def coverage(self, day: date, division: office.Bidang | None = None) -> Coverage:
        """Return who must be in the office on a date; on a free day nobody."""
        rule = self.coverage_rule(day, division)
        return rule.values.on(day) if rule and isinstance(rule.values, Coverage) else Coverage()

    def coverage_rule(self, day: date, division: office.Bidang | None = None) -> Rule | None:
        """Return the division's own rule, or the office's where the division keeps cover; None: of any division."""
        if not self.is_working_day(day):
            return None
        usual = {""} if division is None or division.keeps_cover else set()
        own = {division.code} if division else set()
        return rule_in_force(self.rules, Coverage, day, None, usual | own)

    def levels(self, day: date, division: office.Bidang | None = None) -> int:
        """Return how many of the highest levels stay in the office: as the division's own rule says, or the office's,
        whether the division keeps cover or not.
        """
        if not self.is_working_day(day):
            return 0
        rule = in_force(self.rules, Coverage, day, None, {"", division.code if division else ""})
        return (rule.levels or 0) if rule else 0

    def excuse(self, day: date, division_id: int, group: str) -> str:
        """Return why a division need not keep the minimum of a group on a date; "" where it must."""
        return self.excuses.get((division_id, day, group), "")

    def roster_weights(self, day: date) -> RosterWeights | None:
        """Return what the office's duty roster is to look to; None where no row says."""
        return in_force(self.rules, RosterWeights, day, None)

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

    def late_delivery(self, day: date) -> LateTaps | None:
        """Return which time of a tap of that day counts when it came late; None where no row says."""
        return in_force(self.rules, LateTaps, day, None)

    def ways_between(self, first: date, last: date) -> frozenset[Way]:
        """Return the ways of proof that stand in for each other on a day of these dates."""
        held = (one for start, end, one in self._proofs if start <= last and first <= end)
        return frozenset(way for one in held for way in one.ways)

    @cached_property
    def _proofs(self) -> tuple[tuple[date, date, OneProof], ...]:
        return tuple(
            (rule.valid_from, rule.valid_to or date.max, rule.values)
            for rule in self.rules
            if isinstance(rule.values, OneProof)
        )

    def is_working_day(self, day: date, employment: EmploymentType | None = None) -> bool:
        return day not in self.holidays and self.hours(day, employment) is not None


def calendar(db: Session, office_id: int) -> Calendar:
    """Return the office's holidays, rules and excuses; read again only when one of them has changed."""
    return office.kept(db, office_id, _calendar)


def _calendar(db: Session, office_id: int) -> Calendar:
    days = select(Holiday.date, Holiday.name).where(Holiday.office_id == office_id)
    rules = select(
        sa.cast(RuleSet.kind, sa.String),
        RuleSet.valid_from,
        RuleSet.valid_to,
        RuleSet.groups,
        RuleSet.values,
        RuleSet.legal_source,
        RuleSet.subject,
        RuleSet.id,
    ).where(RuleSet.office_id == office_id, RuleSet.confirmed)
    excuses = select(RosterExcuse.division_id, RosterExcuse.date, RosterExcuse.group, RosterExcuse.reason).where(
        RosterExcuse.office_id == office_id
    )
    found = [of_row(*row) for row in db.execute(rules)]
    return Calendar(
        {row.date: row.name for row in db.execute(days)},
        tuple(rule for rule in found if rule),
        {(division, day, group): reason for division, day, group, reason in db.execute(excuses)},
    )
