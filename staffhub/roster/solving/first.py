"""A plan day by day: quickly there, always allowed, and seldom the best."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from staffhub.roster.solving.day import settle
from staffhub.roster.solving.months import HOME, NEITHER, OFFICE, Array, Months
from staffhub.roster.solving.problem import Cell, Place, Problem
from staffhub.roster.solving.rows import Row

_NUMBER: dict[Place | None, int] = {"office": OFFICE, "home": HOME, "field": NEITHER, None: NEITHER}
_FAR = 1000.0


def by_days(
    problem: Problem,
    months: Months,
    rows: list[Row],
    allowed: Mapping[Cell, tuple[Place | None, ...]],
    near: Array | None = None,
) -> Array | None:
    """Return a row of places for each person, as `near` to one as can be; None: some day cannot keep the rules."""
    np = months.np
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row)
    plan = np.zeros((months.people, months.days), dtype=np.int8)
    turns = np.zeros(months.people, dtype=int)
    for d, day in enumerate(problem.days):
        # Who has had the fewest turns so far comes first; that anybody comes at all, the rules ask for.
        turn = months.unfair[np.arange(months.people), turns + 1] - months.unfair[np.arange(months.people), turns]
        turn = turn - turn.min(initial=0.0)
        costs = {}
        for p, person in enumerate(problem.people):
            for place in allowed[person.id, day]:
                n = _NUMBER[place]
                moved = months.switch[p, d] if d and (plan[p, d - 1] == HOME) != (n == HOME) else 0.0
                costs[person.id, place] = float(months.cost[p, d, n] + moved + turn[p] * (n == OFFICE))
                if near is not None and near[p, d] != n:
                    costs[person.id, place] += _FAR
        found = settle(by_day[day], {p.id: allowed[p.id, day] for p in problem.people}, costs)
        if found is None:
            return None
        plan[:, d] = [_NUMBER[found.places[person.id]] for person in problem.people]
        turns += plan[:, d] == OFFICE
    return plan
