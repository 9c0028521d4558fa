"""The calendar as if other rules had held: rows that are not in force, or all that held on another date."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from staffhub.workdays.book import RuleLine
from staffhub.workdays.calendar import Calendar
from staffhub.workdays.rules import Rule, groups_of


def as_on(known: Calendar, day: date) -> Calendar:
    """Let the rules that held on a day hold always; holidays stay as they are."""
    held = (rule for rule in known.rules if rule.valid_from <= day and (rule.valid_to is None or day <= rule.valid_to))
    return Calendar(known.holidays, tuple(_always(rule) for rule in held))


def with_rows(known: Calendar, lines: Sequence[RuleLine], chosen: Collection[int]) -> Calendar:
    """Let the chosen rows hold always, in the place of those of the same kind, subject and group."""
    added = [rule for line in lines if line.id in chosen and (rule := _rule(line))]
    instead = {_about(rule) for rule in added}
    kept = tuple(rule for rule in known.rules if _about(rule) not in instead)
    return Calendar(known.holidays, (*kept, *(_always(rule) for rule in added)))


def _about(rule: Rule) -> tuple[object, ...]:
    return rule.kind, rule.subject, rule.groups


def _always(rule: Rule) -> Rule:
    return replace(rule, valid_from=date.min, valid_to=None)


def _rule(line: RuleLine) -> Rule | None:
    """A row that cannot be read holds in no replay either."""
    if line.values is None:
        return None
    groups = groups_of(line.groups or None)
    return Rule(
        line.kind, line.valid_from, line.valid_to, groups, line.values, line.legal_source, line.subject, line.id
    )
