"""What each person's days cost, and which of them are cheapest, when every hour in the office or at home has a price.

Everything wished concerns one person at a time, so the best days of a person follow from the last day backwards: a
state is how many turns there are so far, whether yesterday was at home, and whether the last Monday and the last Friday
were in the office. Arrays hold all people at once; places are numbers: office, home, neither (field, or not at work).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staffhub.roster.solving.problem import Place, Problem
from staffhub.roster.solving.rows import choices

OFFICE, HOME, NEITHER = range(3)
_PLACES: tuple[Place | None, ...] = ("office", "home", "field", None)
_MONDAY, _FRIDAY = 0, 4
_NEVER = 1e15

Array = Any  # numpy.ndarray; numpy comes with highspy and is loaded with the first problem


@dataclass(frozen=True)
class _State:
    """Where people stand in the evening of a day, as indices of the tables of what is still to come."""

    turns: Array
    at_home: Array
    monday: Array
    friday: Array


class Months:
    def __init__(self, problem: Problem, fair: Mapping[int, float]) -> None:
        import numpy as np

        self.np = np
        self.everybody = np.arange(len(problem.people))
        self.people, self.days = len(problem.people), len(problem.days)
        self.weekdays = [day.weekday() for day in problem.days]
        self.twice = problem.weights.mondays_fridays
        self.before = np.array([[p.monday, p.friday] for p in problem.people], dtype=int).reshape(self.people, 2)
        self.cost = self._costs(problem)
        works = np.array(
            [[self._works(problem, p.id, day) for day in problem.days] for p in problem.people], dtype=bool
        )
        works = works.reshape(self.people, self.days)
        self.switch = np.zeros((self.people, self.days))
        self.switch[:, 1:] = problem.weights.home_blocks * (works[:, 1:] & works[:, :-1])
        turns = np.arange(self.days + 1)
        self.unfair = np.array(
            [
                problem.weights.turns * (p.carried + turns - fair[p.id]) ** 2
                if p.id in fair
                else np.zeros(self.days + 1)
                for p in problem.people
            ]
        ).reshape(self.people, self.days + 1)

    @staticmethod
    def _works(problem: Problem, person: int, day: Any) -> bool:
        fixed = problem.at.get((person, day))
        return fixed is None or fixed.place is not None

    def _costs(self, problem: Problem) -> Array:
        """Return what each place costs on each day by itself: wishes, and changes to what stands."""
        weights = problem.weights
        wishes = {(wish.person, wish.day): wish.place for wish in problem.wishes}
        stands = {(fact.person, fact.day): fact.place for fact in problem.published}
        cost = self.np.full((self.people, self.days, 3), _NEVER)
        allowed = choices(problem)
        for p, person in enumerate(problem.people):
            for d, day in enumerate(problem.days):
                cell = person.id, day
                for place in allowed[cell]:
                    missed = place is not None and wishes.get(cell, place) != place
                    changed = place is not None and stands.get(cell, place) != place
                    n = min(_PLACES.index(place), NEITHER)
                    cost[p, d, n] = weights.wishes * missed + weights.changes * changed
        return cost

    def cheapest(self, prices: Array) -> tuple[Array, Array]:
        """Return what the cheapest days of each person cost, less the prices of their places, and which they are."""
        best, first = self._to_go(prices)
        return self._at_first(first), self._along(best)

    def _at_first(self, tables: Array) -> Array:
        """Return what is still to come for each person on the first morning."""
        return tables[self.everybody, 0, 0, self.before[:, 0], self.before[:, 1]]

    def price_of(self, who: Array, paths: Array) -> Array:
        """Return what these days of these people really cost."""
        np, office, at_home = self.np, paths == OFFICE, paths == HOME
        cost = self.cost[who[:, None], np.arange(self.days)[None, :], paths].sum(axis=1)
        cost += self.unfair[who, office.sum(axis=1)]
        cost += (self.switch[who, 1:] * (at_home[:, 1:] != at_home[:, :-1])).sum(axis=1)
        for n, weekday in enumerate((_MONDAY, _FRIDAY)):
            those = office[:, [d for d, one in enumerate(self.weekdays) if one == weekday]]
            those = np.concatenate([self.before[who, n, None] == 1, those], axis=1)
            cost += self.twice * (those[:, 1:] & those[:, :-1]).sum(axis=1)
        return cost

    def within(self, prices: Array, slack: float, most: int) -> tuple[Array, Array] | None:
        """Return all days, with their person, that cost at most `slack` more than the person's cheapest.

        None: they are more than `most`.
        """
        np = self.np
        tables: list[Array] = []
        _, first = self._to_go(prices, tables)
        tables.reverse()
        who = self.everybody
        none = np.zeros(self.people, dtype=int)
        state, spent, paths = (
            _State(none, none, self.before[:, 0], self.before[:, 1]),
            np.zeros(self.people),
            np.zeros((self.people, 0), dtype=np.int8),
        )
        allowed = self._at_first(first) + slack
        for d in range(self.days):
            found = []
            for place in range(3):
                after, cost = self._step(who, state, d, place)
                total = spent + cost - prices[who, d, place]
                rest = tables[d][who, after.turns, after.at_home, after.monday, after.friday]
                keep = np.flatnonzero(total + rest <= allowed[who])
                longer = np.concatenate([paths[keep], np.full((len(keep), 1), place, dtype=np.int8)], axis=1)
                turned = _State(*(each[keep] for each in (after.turns, after.at_home, after.monday, after.friday)))
                found.append((who[keep], turned, total[keep], longer))
            if sum(len(part[0]) for part in found) > most:
                return None
            who, spent, paths = (np.concatenate([part[n] for part in found]) for n in (0, 2, 3))
            state = _State(
                *(
                    np.concatenate([getattr(part[1], name) for part in found])
                    for name in ("turns", "at_home", "monday", "friday")
                )
            )
        return who, paths

    def _step(self, who: Array, state: _State, d: int, place: int) -> tuple[_State, Array]:
        """Return where `place` on day `d` leads and what it costs, the unfairness of the end apart."""
        np, office, home = self.np, place == OFFICE, place == HOME
        same = np.full(len(who), int(office))
        cost = self.cost[who, d, place] + self.switch[who, d] * (state.at_home != home)
        monday, friday = state.monday, state.friday
        if self.weekdays[d] == _MONDAY:
            cost, monday = cost + self.twice * office * monday, same
        elif self.weekdays[d] == _FRIDAY:
            cost, friday = cost + self.twice * office * friday, same
        return _State(state.turns + office, np.full(len(who), int(home)), monday, friday), cost

    def _to_go(self, prices: Array, keep: list[Array] | None = None) -> tuple[list[Array], Array]:
        """Work backwards: the best place for each state on each day, and what is still to pay before the first."""
        np = self.np
        turns = self.days + 1
        ahead = np.broadcast_to(self.unfair[:, :, None, None, None], (self.people, turns, 2, 2, 2)).copy()
        best: list[Array] = []
        for d in reversed(range(self.days)):
            if keep is not None:
                keep.append(ahead)
            options = np.empty((3, self.people, turns, 2, 2, 2))
            switch = self.switch[:, d, None, None, None]
            for place in range(3):
                then = self._then(ahead, d, place)
                then = then + (self.cost[:, d, place] - prices[:, d, place])[:, None, None, None]
                for at_home in range(2):
                    options[place, :, :, at_home] = then + switch * (at_home != (place == HOME))
            best.append(options.argmin(axis=0).astype(np.int8))
            ahead = options.min(axis=0)
        best.reverse()
        return best, ahead

    def _then(self, ahead: Array, d: int, place: int) -> Array:
        """Return what follows after `place` on day `d`, by turns, last Monday and last Friday before it."""
        np, office = self.np, int(place == OFFICE)
        then = ahead[:, :, int(place == HOME)]
        if office:
            then = np.concatenate([then[:, 1:], np.full_like(then[:, :1], _NEVER)], axis=1)
        again = np.array([0.0, self.twice * office])
        if self.weekdays[d] == _MONDAY:
            return then[:, :, office, None, :] + again[:, None]
        if self.weekdays[d] == _FRIDAY:
            return then[:, :, :, office, None] + again
        return then

    def _along(self, best: list[Array]) -> Array:
        np = self.np
        who, none = self.everybody, np.zeros(self.people, dtype=int)
        state = _State(none, none, self.before[:, 0], self.before[:, 1])
        paths = np.zeros((self.people, self.days), dtype=np.int8)
        for d, table in enumerate(best):
            paths[:, d] = table[who, state.turns, state.at_home, state.monday, state.friday]
            office, home = (paths[:, d] == OFFICE).astype(int), (paths[:, d] == HOME).astype(int)
            weekday = self.weekdays[d]
            state = _State(
                state.turns + office,
                home,
                office if weekday == _MONDAY else state.monday,
                office if weekday == _FRIDAY else state.friday,
            )
        return paths
