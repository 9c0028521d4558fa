"""The hard rules of a problem as rows: at least and at most so many of these people at one place on a day."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from staffhub.roster.solving.problem import Cell, Demand, Person, Place, Problem, Share

_SLACK = 1e-9  # 0.1 * 30 people is 3 of them, whatever floats say


@dataclass(frozen=True)
class Row:
    day: date
    place: Literal["office", "home"]
    people: tuple[int, ...]
    least: int
    most: int | None
    rule: Demand | Share
    stay: bool = False  # these very people, of whom nobody takes another's place


def choices(problem: Problem) -> dict[Cell, tuple[Place | None, ...]]:
    """Return where each person may be on each day; None: not at work."""
    bound = _excluded(problem) | {(loan.person, loan.day) for loan in problem.loans}
    field = {(fact.person, fact.day) for fact in problem.published if fact.place == "field"}
    found: dict[Cell, tuple[Place | None, ...]] = {}
    for person in problem.people:
        for day in problem.days:
            cell = person.id, day
            if cell in problem.at:
                found[cell] = (problem.at[cell].place,)
            elif cell in bound:
                found[cell] = ("office",)
            else:
                found[cell] = ("office", "home", "field") if cell in field else ("office", "home")
    return found


def rows(problem: Problem) -> list[Row]:
    """Return every demand and share as a row of the people that it counts."""
    lent = {(loan.person, loan.day): loan.desk for loan in problem.loans}
    days = set(problem.days)
    every: tuple[Demand | Share, ...] = (*problem.demands, *problem.shares)
    found: list[Row] = []
    for rule in every:
        if rule.day not in days:
            continue
        working = [p for p in problem.people if _works(problem, p, rule.day)]
        if isinstance(rule, Demand):
            there = [p for p in working if rule.desk in {None, lent.get((p.id, rule.day), p.desk)}]
            found.append(_of_demand(rule, there))
        else:
            found += _of_share(problem, rule, [p for p in working if rule.desk in {None, p.desk}])
    return found


def _excluded(problem: Problem) -> set[Cell]:
    return {
        (p.id, share.day)
        for share in problem.shares
        for p in problem.people
        if p.id in share.excluded and share.desk in {None, p.desk}
    }


def _works(problem: Problem, person: Person, day: date) -> bool:
    fixed = problem.at.get((person.id, day))
    return fixed is None or fixed.place is not None


def _of_demand(rule: Demand, working: list[Person]) -> Row:
    people = tuple(p.id for p in working if p.is_of(rule.group) and p.id not in rule.excluded)
    return Row(rule.day, "office", people, rule.minimum, rule.maximum, rule)


def _of_share(problem: Problem, rule: Share, working: list[Person]) -> Iterator[Row]:
    # Whoever is free has no other choice (`choices`); a lock alone excuses nobody.
    locked = {fact.person for fact in problem.fixed if fact.day == rule.day and fact.why == "locked"}
    if bound := tuple(p.id for p in working if p.id in rule.excluded & locked):
        yield Row(rule.day, "office", bound, len(bound), None, rule, stay=True)
    people = tuple(p.id for p in working)
    if rule.least_office is not None:
        least = math.ceil(rule.least_office * len(people) - _SLACK)
        yield Row(rule.day, "office", people, least, None, rule)
    if rule.most_home is not None:
        most = math.floor(rule.most_home * len(people) + _SLACK)
        yield Row(rule.day, "home", people, 0, most, rule)
