"""All that the rule book says of one date for one kind of employment, with the ids of the rows that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from staffhub.models import EmploymentType
from staffhub.workdays.hours import Window, WorkHours
from staffhub.workdays.kinds import EARLY, LATE, LeaveKind, LeaveRule, Letter, OneProof, Tiers, Way
from staffhub.workdays.rules import Rule, rule_in_force

# What a kind of leave is called on paper where no rule of the office says: sick is sick for a THL as well.
_OF_KIND = {LeaveKind.SICK.value: Letter.SICK.value, LeaveKind.PERMISSION.value: Letter.PERMISSION.value}


@dataclass(frozen=True)
class DayRules:
    """What holds of the schedule, the tiers and the letters of leave; an id is 0 where no row says anything.

    `leaves`: letter and rule by kind of leave. `ways`: proofs of presence that stand in for each other.
    """

    tolerance: int = 0
    check_in: Window | None = None
    check_out: Window | None = None
    hours_rule: int = 0
    late: Tiers | None = None
    late_rule: int = 0
    early: Tiers | None = None
    early_rule: int = 0
    leaves: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    ways: tuple[Way, ...] = ()
    ways_rule: int = 0

    def letter_of(self, kind: str) -> tuple[str, int]:
        """Return the letter of a kind of leave in the recap, and the rule that says so."""
        return self.leaves.get(kind) or (_OF_KIND.get(kind, Letter.LEAVE.value), 0)


NO_RULES = DayRules()


def day_rules(rules: Sequence[Rule], day: date, employment: EmploymentType | None) -> DayRules:
    hours = rule_in_force(rules, WorkHours, day, employment)
    schedule = hours.values.schedule(day) if hours and isinstance(hours.values, WorkHours) else None
    late = rule_in_force(rules, Tiers, day, employment, {LATE})
    early = rule_in_force(rules, Tiers, day, employment, {EARLY})
    proof = rule_in_force(rules, OneProof, day, employment)
    return DayRules(
        tolerance=schedule.tolerance if schedule else 0,
        check_in=schedule.check_in if schedule else None,
        check_out=schedule.check_out if schedule else None,
        hours_rule=hours.id if hours and schedule else 0,
        late=late.values if late and isinstance(late.values, Tiers) else None,
        late_rule=late.id if late else 0,
        early=early.values if early and isinstance(early.values, Tiers) else None,
        early_rule=early.id if early else 0,
        leaves=_letters(rules, day, employment),
        ways=proof.values.ways if proof and isinstance(proof.values, OneProof) else (),
        ways_rule=proof.id if proof else 0,
    )


def _letters(rules: Sequence[Rule], day: date, employment: EmploymentType | None) -> Mapping[str, tuple[str, int]]:
    found = {kind.value: rule_in_force(rules, LeaveRule, day, employment, {kind.value}) for kind in LeaveKind}
    return MappingProxyType(
        {
            kind: (rule.values.letter.value, rule.id)
            for kind, rule in found.items()
            if rule and isinstance(rule.values, LeaveRule)
        }
    )
