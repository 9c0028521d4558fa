"""Offices so small that every plan can be looked at: the solver's is a cheapest one, or it says why there is none."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product

import pytest

from staffhub.roster.solving import checker, why
from staffhub.roster.solving.model import solve
from staffhub.roster.solving.problem import (
    Cell,
    Demand,
    Fixed,
    Person,
    Place,
    Problem,
    Published,
    Share,
    Weights,
    Wish,
)
from staffhub.roster.solving.search import Search
from staffhub.roster.solving.solution import Broken, Explanation, Relaxation, Solution, Turn

MONDAY = date(2026, 11, 2)
SIZES = ((2, 4), (3, 3), (4, 2), (2, 3), (3, 2))  # people, days
ENDS: tuple[tuple[Place | None, str], ...] = (
    (None, "leave"),
    ("field", "duty"),
    ("home", "locked"),
    ("office", "hand"),
)


def _office(seed: int) -> Problem:
    """Return a small office of two desks with everything that a problem may hold; Mondays follow each other."""
    some = random.Random(seed)
    n_people, n_days = SIZES[seed % len(SIZES)]
    every = 7 if seed % 3 == 0 else 1
    days = tuple(MONDAY + timedelta(days=every * n) for n in range(n_days))
    people = tuple(
        Person(
            n,
            some.choice(["asn", "non_asn"]),
            some.choice([1, 1, 2]),
            some.choice([-1, 0, 0.25]),
            monday=some.random() < 0.3,
            friday=some.random() < 0.3,
            also=frozenset(some.choice([(), (), ("non_asn",), ("all",)])),
        )
        for n in range(1, n_people + 1)
    )
    cells = [(person.id, day) for person in people for day in days]
    tight = 0.9 if seed % 4 == 0 else 0.5
    draw = lambda share: [cell for cell in cells if some.random() < share]  # noqa: E731
    return Problem(
        people,
        days,
        tuple(_demand(some, day, n_people) for day in days if some.random() < tight),
        tuple(_share(some, day, n_people) for day in days if some.random() < tight / 2),
        tuple(Fixed(*cell, *some.choice(ENDS)) for cell in draw(0.15)),
        tuple(Wish(*cell, some.choice(["office", "home"])) for cell in draw(0.2)),
        tuple(Published(*cell, some.choice(["office", "home", "home", "field"])) for cell in draw(0.2)),
        Weights(*(some.choice([0, 1, 2.5, 4]) for _ in range(5))),
        lenders=frozenset(person.id for person in people if some.random() < 0.5),
    )


def _demand(some: random.Random, day: date, people: int) -> Demand:
    least = some.choice([0, 1, 1, 1, 2])
    most = some.choice([None, None, least, least + 1])
    excluded = frozenset({some.randint(1, people)} if some.random() < 0.2 else ())
    group = some.choice([None, None, "asn", "non_asn", "all"])
    return Demand(some.choice([None, 1, 1, 2]), day, group, least, most, "1", excluded)


def _share(some: random.Random, day: date, people: int) -> Share:
    least, most = some.choice([(0.5, None), (None, 0.5), (0.34, None), (None, 0.75), (None, None)])
    return Share(
        some.choice([None, 1]),
        day,
        least,
        most,
        frozenset({some.randint(1, people)} if least is most or some.random() < 0.3 else ()),
        "2",
    )


def _as_solution(problem: Problem, places: dict[Cell, Place | None]) -> Solution:
    desks = {person.id: person.desk for person in problem.people}
    return Solution("feasible", tuple(Turn(*cell, place, desks[cell[0]]) for cell, place in places.items() if place))


def _cheapest(problem: Problem) -> float | None:
    """Look at every plan there is."""
    fixed = {(fact.person, fact.day): fact.place for fact in problem.fixed}
    stands = {(fact.person, fact.day): fact.place for fact in problem.published}
    cells = [(person.id, day) for person in problem.people for day in problem.days]
    options = [
        (fixed[cell],) if cell in fixed else ("office", "home", "field")[: 3 if stands.get(cell) == "field" else 2]
        for cell in cells
    ]
    by_day = []
    for day in problem.days:
        one_day, here = replace(problem, days=(day,)), [n for n, cell in enumerate(cells) if cell[1] == day]
        plans = (
            dict(zip((cells[n] for n in here), chosen, strict=True)) for chosen in product(*(options[n] for n in here))
        )
        by_day.append([plan for plan in plans if not checker.violations(one_day, _as_solution(problem, plan))])
    wholes = ({cell: place for day in days for cell, place in day.items()} for days in product(*by_day))
    costs = (checker.cost(problem, _as_solution(problem, whole).places).total for whole in wholes)
    return min(costs, default=None)


@pytest.mark.parametrize("tens", range(60))
def test_no_plan_is_cheaper_and_where_there_is_none_a_small_change_makes_one(tens: int):
    for seed in range(tens * 10, tens * 10 + 10):
        problem = _office(seed)
        found, best = solve(problem, 10), _cheapest(problem)
        if best is None:
            assert found.state == "infeasible", seed
            told = why.explain(problem)
            assert told.broken, seed
            _holds_after(problem, told.together, seed)
            _each_way_helps(problem, told, seed)
        else:
            assert found.state == "optimal", seed
            assert checker.violations(problem, found) == [], seed
            assert found.objective == pytest.approx(best, abs=1e-5), seed
            assert found.parts.total == pytest.approx(best, abs=1e-5), seed
            assert why.explain(problem).broken == (), seed


def _each_way_helps(problem: Problem, told: Explanation, seed: int) -> None:
    """Each way lets its rule hold beside the others, once these are excused; where none is told there is none."""
    for one in told.broken:
        same_day = [other for other in told.broken if other.rule.day == one.rule.day and other.rule != one.rule]
        alone = why.apply(why.on(problem, one.rule.day), *(other.ways[-1][0] for other in same_day))
        for way in one.ways:
            _holds_after(alone, way, seed)
        if len(one.ways) == 1 and not one.untried:
            assert not _some_help(alone, one), f"{seed}: {one.rule}"


def _some_help(alone: Problem, one: Broken) -> bool:
    """Say whether any of all changes, so many as are missed, lets a rule hold that nobody excuses."""
    day, desk = one.rule.day, one.rule.desk
    people = {fact.person for fact in alone.fixed if fact.why in {"locked", "hand", "leave"}}
    changes = [Relaxation("unlock", day, 1, person=who) for who in people]
    if isinstance(one.rule, Demand) and desk is not None and one.missing > 0:
        free = alone.lenders - {fact.person for fact in alone.fixed}
        others = [one.id for one in alone.people if one.id in free and one.desk != desk]
        changes += [Relaxation("borrow", day, 2, person=who, desk=desk) for who in others]
    sets = (those for n in range(abs(one.missing) + 1) for those in combinations(changes, n))
    return any(why.possible(why.apply(alone, *those)) for those in sets)


def _holds_after(problem: Problem, changes: tuple, seed: int) -> None:
    changed = why.apply(problem, *changes)
    plan = solve(changed, 10)
    assert plan.state == "optimal", seed
    assert checker.violations(changed, plan) == [], seed


def test_a_bound_that_prices_left_low_is_closed_by_writing_down_what_is_cheaper(monkeypatch: pytest.MonkeyPatch):
    closed = []

    def one_round(self: Search) -> None:
        self._raise(*self._bound_at(self.np.zeros(self.program.rows)))

    def close(self: Search) -> None:
        closed.append(self.objective)
        writing(self)

    writing = Search._close
    monkeypatch.setattr(Search, "_price", one_round)
    monkeypatch.setattr(Search, "_settle", lambda _self: None)
    monkeypatch.setattr(Search, "_close", close)
    for seed in range(600, 700):
        problem = _office(seed)
        found, best = solve(problem, 10), _cheapest(problem)
        if best is not None:
            assert found.state == "optimal", seed
            assert found.objective == pytest.approx(best, abs=1e-5), seed
    assert len(closed) > 20


def test_settling_one_after_the_other_gives_plans_that_keep_the_rules(monkeypatch: pytest.MonkeyPatch):
    """With no other way to a plan, and rules that somebody on leave cannot keep when all others are settled."""
    monkeypatch.setattr(Search, "_choose", lambda _self, **_more: False)
    monkeypatch.setattr(Search, "_close", lambda _self: None)
    for seed in range(700, 800):
        problem = _office(seed)
        found = solve(problem, 10)
        if found.state != "infeasible":
            assert checker.violations(problem, found) == [], seed
            assert found.objective == pytest.approx(found.parts.total, abs=1e-5), seed
