"""What a plan breaks and what it costs, in plain loops over what was asked.

Written apart from the solver, which it judges: it takes nothing from it but the definition of the fair share.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from staffhub.roster.solving import fairness
from staffhub.roster.solving.problem import Cell, Demand, Person, Place, Problem, Share
from staffhub.roster.solving.solution import Parts, Solution

_MONDAY, _FRIDAY = 0, 4


def violations(problem: Problem, solution: Solution) -> list[str]:
    """Return a line for each hard rule that the plan breaks."""
    places, found = solution.places, []
    desks = {(turn.person, turn.day): turn.desk for turn in solution.turns}
    found += [
        f"{cell} twice" for cell, n in Counter((turn.person, turn.day) for turn in solution.turns).items() if n > 1
    ]
    found += _of_cells(problem, places, desks)
    for demand in problem.demands:
        if demand.day in problem.days:
            n = sum(_counts(demand, p, places, desks) for p in problem.people)
            if n < demand.minimum or (demand.maximum is not None and n > demand.maximum):
                found.append(f"{n} in the office for {demand}")
    for share in problem.shares:
        if share.day in problem.days:
            found += _of_share(problem, share, places)
    return found


def _of_cells(problem: Problem, places: Mapping[Cell, Place], desks: Mapping[Cell, int]) -> list[str]:
    found = []
    known = {(person.id, day) for person in problem.people for day in problem.days}
    found += [f"{cell} is no cell of the problem" for cell in places.keys() - known]
    fixed = {(fact.person, fact.day): fact.place for fact in problem.fixed}
    lent = {(loan.person, loan.day): loan.desk for loan in problem.loans}
    afield = {(fact.person, fact.day) for fact in problem.published if fact.place == "field"}
    for person in problem.people:
        for day in problem.days:
            cell = person.id, day
            place = places.get(cell)
            if cell in fixed and place != fixed[cell]:
                found.append(f"{cell} is fixed at {fixed[cell]}, and planned {place}")
            if cell not in fixed and place is None:
                found.append(f"{cell} has no place")
            if cell not in fixed and place == "field" and cell not in afield:
                found.append(f"{cell} is sent to the field")
            if cell in lent and place != "office":
                found.append(f"{cell} is lent, and not in the office")
            if place is not None and desks[cell] != lent.get(cell, person.desk):
                found.append(f"{cell} is at the wrong desk")
    return found


def _counts(demand: Demand, person: Person, places: Mapping[Cell, Place], desks: Mapping[Cell, int]) -> bool:
    cell = person.id, demand.day
    if places.get(cell) != "office":
        return False
    if demand.desk is not None and desks[cell] != demand.desk:
        return False
    if demand.group is not None and demand.group not in {person.group, *person.also}:
        return False
    return person.id not in demand.excluded


def _of_share(problem: Problem, share: Share, places: Mapping[Cell, Place]) -> list[str]:
    at_work = office = home = 0
    found = []
    decided = {(fact.person, fact.day) for fact in problem.fixed if fact.why != "locked"}
    for person in problem.people:
        cell = person.id, share.day
        place = places.get(cell)
        if place is None or share.desk not in {None, person.desk}:
            continue
        at_work += 1
        office += place == "office"
        home += place == "home"
        if person.id in share.excluded and place != "office" and cell not in decided:
            found.append(f"{cell} is excluded from working at home")
    if share.least_office is not None and office < share.least_office * at_work - 1e-6:
        found.append(f"{office} of {at_work} in the office for {share}")
    if share.most_home is not None and home > share.most_home * at_work + 1e-6:
        found.append(f"{home} of {at_work} at home for {share}")
    return found


def cost(problem: Problem, places: Mapping[Cell, Place]) -> Parts:
    """Return what a plan costs, by weight."""
    weights = problem.weights
    twice = switches = 0
    for person in problem.people:
        for weekday in (_MONDAY, _FRIDAY):
            those = [places.get((person.id, day)) == "office" for day in problem.days if day.weekday() == weekday]
            before = person.monday if weekday == _MONDAY else person.friday
            twice += sum(one and next_one for one, next_one in pairwise([before, *those]))
        for yesterday, today in pairwise(problem.days):
            was, is_now = places.get((person.id, yesterday)), places.get((person.id, today))
            if was is not None and is_now is not None:
                switches += (was == "home") != (is_now == "home")
    missed = sum(_differs(places, wish.person, wish.day, wish.place) for wish in problem.wishes)
    changed = sum(_differs(places, fact.person, fact.day, fact.place) for fact in problem.published)
    return Parts(
        turns=weights.turns * _unfairness(problem, places),
        mondays_fridays=weights.mondays_fridays * twice,
        wishes=weights.wishes * missed,
        home_blocks=weights.home_blocks * switches,
        changes=weights.changes * changed,
    )


def _differs(places: Mapping[Cell, Place], person: int, day: date, place: Place) -> bool:
    return (person, day) in places and places[person, day] != place


def _unfairness(problem: Problem, places: Mapping[Cell, Place]) -> float:
    fair, total = fairness.shares(problem), 0.0
    for person in problem.people:
        if person.id in fair:
            turns = sum(places.get((person.id, day)) == "office" for day in problem.days)
            total += (person.carried + turns - fair[person.id]) ** 2
    return total
