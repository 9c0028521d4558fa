"""The plan that costs least, and the proof of it.

A person's month is one column of a linear program: its rows say that everybody has one month, and that the hard rules
of each day hold. Nobody writes all months down. Solving the program gives each place on each day a price, the cheapest
month of each person at these prices is found backwards (`months`), and whatever is cheaper than what is there becomes
a column; when nothing is, no plan at all can cost less than the program says. The whole plan is then chosen from the
columns. A gap that is left is closed by writing down every month that could be part of a better plan.
People whom no rule joins are planned apart.

The plain model, a binary for each person and day, was measured first: of a bidang of 20 with five in the office it had
proven nothing after 20 s, where this takes a fifth of a second; 200 people under one rule for all take one.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from staffhub.roster.solving import checker
from staffhub.roster.solving.fairness import shares
from staffhub.roster.solving.months import HOME, OFFICE
from staffhub.roster.solving.problem import Place, Problem
from staffhub.roster.solving.rows import Row, rows
from staffhub.roster.solving.search import Search
from staffhub.roster.solving.solution import Progress, Solution, State, Turn

OnProgress = Callable[[Progress], None]
_SMALL = 1e-6


def solve(problem: Problem, seconds: float, on_progress: OnProgress = lambda _progress: None) -> Solution:
    """Return the best plan, or the best that was found in time."""
    began, fair = time.monotonic(), shares(problem)
    searches: list[Search] = []

    def tell() -> None:
        objective, bound = sum(one.objective for one in searches), sum(max(one.bound, 0.0) for one in searches)
        if objective < float("inf"):
            on_progress(Progress(time.monotonic() - began, objective, min(bound, objective)))

    # A row that cannot be missed asks for nothing.
    asked = [row for row in rows(problem) if row.least > 0 or (row.most is not None and row.most < len(row.people))]
    searches += [Search(part, fair, own, tell) for part, own in _parts(problem, asked)]
    if any(not row.people for row in asked) or not all(one.begin() for one in searches):
        return Solution("infeasible", seconds=time.monotonic() - began)
    for n, one in enumerate(searches):
        one.finish((seconds - (time.monotonic() - began)) / (len(searches) - n))
    return _answer(problem, searches, time.monotonic() - began)


def _parts(problem: Problem, asked: list[Row]) -> list[tuple[Problem, list[Row]]]:
    """Return people who share no rule apart from each other, each part with its rows."""
    part = {person.id: {person.id} for person in problem.people}
    for row in asked:
        whole = set().union(*(part[id_] for id_ in row.people))
        part |= dict.fromkeys(whole, whole)
    found: dict[int, tuple[Problem, list[Row]]] = {}
    for person in problem.people:
        ids = part[person.id]
        if min(ids) not in found:
            people = tuple(one for one in problem.people if one.id in ids)
            found[min(ids)] = replace(problem, people=people), []
    for row in asked:
        if row.people:
            found[min(part[row.people[0]])][1].append(row)
    return list(found.values())


def _answer(problem: Problem, searches: list[Search], seconds: float) -> Solution:
    turns = tuple(turn for one in searches for turn in _turns(one))
    state: State = "optimal" if all(one.proven() for one in searches) else "feasible"
    objective = sum(one.objective for one in searches)
    bound = objective if state == "optimal" else min(sum(max(one.bound, 0.0) for one in searches), objective)
    gap = (objective - bound) / max(objective, _SMALL)
    parts = checker.cost(problem, {(turn.person, turn.day): turn.place for turn in turns})
    return Solution(state, turns, objective, bound, gap, parts, seconds)


def _turns(search: Search) -> Iterator[Turn]:
    problem = search.problem
    lent = {(loan.person, loan.day): loan.desk for loan in problem.loans}
    for person, path in zip(problem.people, search.plan, strict=True):
        for day, number in zip(problem.days, path.tolist(), strict=True):
            place = _place(problem, person.id, day, number)
            if place is not None:
                yield Turn(person.id, day, place, lent.get((person.id, day), person.desk))


def _place(problem: Problem, person: int, day: date, number: int) -> Place | None:
    if number == OFFICE:
        return "office"
    if number == HOME:
        return "home"
    fixed = problem.at.get((person, day))
    return "field" if fixed is None else fixed.place
