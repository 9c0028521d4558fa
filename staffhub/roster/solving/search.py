"""The cheapest plan of people who depend on each other: the bound by columns and prices, then the plan itself."""

import time
from collections.abc import Callable, Mapping

from staffhub.roster.solving.first import by_days
from staffhub.roster.solving.highs import Program
from staffhub.roster.solving.months import HOME, OFFICE, Array, Months
from staffhub.roster.solving.problem import Problem
from staffhub.roster.solving.rows import Row, choices

_EXACT = 1e-6
# Of the time: until when prices are looked for, and people settled; the rest is for choosing the plan.
_PRICING, _SETTLING = 0.6, 0.8
_STEADY = 0.5  # prices are looked for between the last ones and the best so far: half the rounds
_QUICK = 50  # nodes, before the harder ways to a plan are tried
_SURE, _AT_ONCE, _ROUNDS = (
    0.9,
    20,
    12,
)  # whom to settle: all who are that sure, else one of so many, after so many prices
_GAPS = (0.1, 0.3, 1.0)  # how much of the gap the months that are written down may cost
_MANY = 40_000


class Search:
    def __init__(self, problem: Problem, fair: Mapping[int, float], rows: list[Row], tell: Callable[[], None]) -> None:
        """`rows`: those that ask for anything."""
        self.problem, self.rows, self._tell = problem, rows, tell
        self.began, self.seconds = 0.0, 0.0
        self.months = Months(problem, fair)
        self.np = self.months.np
        self.number = {person.id: n for n, person in enumerate(problem.people)}
        day = {day: n for n, day in enumerate(problem.days)}
        self.binding = [
            (
                r,
                day[r.day],
                OFFICE if r.place == "office" else HOME,
                self.np.array([self.number[p] for p in r.people], int),
            )
            for r in rows
        ]
        self.program = Program()
        self.columns: dict[tuple[int, bytes], int] = {}  # months that are written down, and where in the program
        self.bound = -float("inf")  # by `prices`; nothing costs less than 0 anyway
        self.prices: Array = None
        self.plan: Array = None
        self.objective = float("inf")

    def begin(self) -> bool:
        """Find a first plan; False: there is none at all."""
        plan = by_days(self.problem, self.months, self.rows, choices(self.problem))
        if plan is None:
            return False
        self._keep(plan)
        return True

    def finish(self, seconds: float) -> None:
        """Find a better one, and how good any could be."""
        self.began, self.seconds = time.monotonic(), seconds
        self._lay_out()
        self._add(self.months.everybody, self.plan)
        self._price()
        self._choose(nodes=_QUICK)
        if not self.proven():
            self._settle()
            self._choose()
            self._close()
        self._tell()

    def _spent(self) -> float:
        return time.monotonic() - self.began

    def _left(self) -> float:
        return self.seconds - self._spent()

    def _keep(self, plan: Array) -> None:
        objective = float(self.months.price_of(self.months.everybody, plan).sum())
        if self.plan is None or objective < self.objective:
            self.plan, self.objective = plan, objective
            self._tell()

    def proven(self) -> bool:
        return self.objective - max(self.bound, 0.0) <= _EXACT * max(1.0, abs(self.objective))

    def _lay_out(self) -> None:
        """Everybody has one month; then the rules. `touched`: the rules' rows by person."""
        for _person in self.problem.people:
            self.program.row(1, 1)
        self.touched: list[list[tuple[int, int, int]]] = [[] for _person in self.problem.people]
        for row, d, place, people in self.binding:
            n = self.program.row(row.least, row.most)
            for p in people:
                self.touched[p].append((n, d, place))

    def _add(self, who: Array, paths: Array) -> bool:
        """Write down months that are not there yet; False: all of them are."""
        before = len(self.columns)
        for person, path, cost in zip(who.tolist(), paths, self.months.price_of(who, paths).tolist(), strict=True):
            if (person, path.tobytes()) not in self.columns:
                rules = {n: 1.0 for n, d, place in self.touched[person] if path[d] == place}
                column = self.program.column(cost, {person: 1.0, **rules}, most=None)
                self.columns[person, path.tobytes()] = column
        return len(self.columns) > before

    def _price(self) -> None:
        """Add months until none would make the program cheaper, or the time for it is over."""
        steady = None
        while self._spent() < _PRICING * self.seconds:
            answer = self.program.minimise(self._left())
            if answer.state != "optimal":
                return
            now = self.np.array(answer.prices)
            best = self._bound_at(now if steady is None else _STEADY * steady + (1 - _STEADY) * now)
            if not self._cheaper(best[1], now).any():
                best = self._bound_at(now)
                if not self._cheaper(best[1], now).any():
                    self._raise(*best)
                    return
            if self._raise(*best):
                steady = self.prices
            if not self._add(self.months.everybody, best[1]) or answer.objective - self.bound <= _EXACT:
                return

    def _bound_at(self, prices: Array) -> tuple[float, Array, Array]:
        """Return what no plan can be cheaper than by these prices, and the cheapest months at them."""
        prices, rest = prices.copy(), len(self.number)
        bound = 0.0
        for n, (row, _d, _place, _people) in enumerate(self.binding, start=rest):
            if row.most is None:
                prices[n] = max(prices[n], 0.0)
            bound += prices[n] * (row.least if prices[n] > 0 else row.most or 0)
        values, paths = self.months.cheapest(self._placed(prices))
        return bound + float(values.sum()), paths, prices

    def _placed(self, prices: Array) -> Array:
        placed = self.np.zeros((self.months.people, self.months.days, 3))
        for n, (_row, d, place, people) in enumerate(self.binding, start=len(self.number)):
            placed[people, d, place] += prices[n]
        return placed

    def _cheaper(self, paths: Array, prices: Array) -> Array:
        """Return for whom these days would make the program cheaper."""
        placed, people = self._placed(prices), self.months.everybody
        worth = placed[people[:, None], self.np.arange(self.months.days)[None, :], paths].sum(axis=1)
        return self.months.price_of(people, paths) - worth - prices[: len(people)] < -_EXACT / 10

    def _raise(self, bound: float, _paths: Array, prices: Array) -> bool:
        if bound <= self.bound:
            return False
        self.bound, self.prices = bound, prices
        self._tell()
        return True

    def _settle(self) -> None:
        """Settle people on the months that the program likes most, some at a time, and price anew for the others.

        The months that come of it fit each other, which those that prove the bound need not. A rule that nobody is left
        for is missed meanwhile, and kept on its day by whoever costs least.
        """
        for n, _binding in enumerate(self.binding, start=len(self.number)):
            for sign in (1.0, -1.0):
                self.program.column(self.objective + 1, {n: sign}, most=None)
        free, held = set(range(self.months.people)), dict[int, bytes]()
        while free and (liked := self._liked(free)):
            sure = sum(value > _SURE for value, _person, _path in liked)
            for _value, person, path in liked[: max(sure, 1 + len(free) // _AT_ONCE)]:
                held[person] = path
                free.remove(person)
                self.program.hold(self.columns[person, path], 1.0)
        for person, path in held.items():
            self.program.hold(self.columns[person, path], 0.0)
        if not free:
            near = self.np.stack([self.np.frombuffer(held[n], dtype=self.plan.dtype) for n in range(len(held))])
            plan = by_days(self.problem, self.months, self.rows, choices(self.problem), near=near)
            self._add(self.months.everybody, plan)
            self._keep(plan)

    def _liked(self, free: set[int]) -> list[tuple[float, int, bytes]]:
        """Return a month for each person who is free, the surest first; none where the time is over."""
        for _round in range(_ROUNDS):
            answer = self.program.minimise(self._left())
            if answer.state != "optimal" or self._spent() > _SETTLING * self.seconds:
                return []
            prices = self.np.array(answer.prices)
            _values, paths = self.months.cheapest(self._placed(prices))
            who = self.np.array([p for p in self.np.flatnonzero(self._cheaper(paths, prices)) if p in free], dtype=int)
            if not len(who) or not self._add(who, paths[who]):
                break
        best: dict[int, tuple[float, int, bytes]] = {}
        for (person, path), column in self.columns.items():
            value = answer.values[column] if column < len(answer.values) else 0.0
            if person in free and (person not in best or value > best[person][0]):
                best[person] = value, person, path
        return sorted(best.values(), key=lambda one: (-one[0], one[1]))

    def _choose(self, nodes: int | None = None) -> bool:
        """Choose a plan from the months that are written down; True: there is no better one among them."""
        if self.proven() or self._left() <= 0:
            return self.proven()
        self.program.whole()
        answer = self.program.minimise(self._left(), enough=self.bound + _EXACT / 2, nodes=nodes)
        self.program.whole(False)
        if answer.values and answer.objective < self.objective:  # so it misses no rule either, which would cost more
            plan = self.np.zeros_like(self.plan)
            for (person, path), column in self.columns.items():
                if answer.values[column] > 0.5:  # noqa: PLR2004
                    plan[person] = self.np.frombuffer(path, dtype=plan.dtype)
            self._keep(plan)
        # A proof of something cheaper than what it gave is none.
        return answer.state == "optimal" and answer.objective >= self.objective - _EXACT

    def _close(self) -> None:
        for part in _GAPS:
            if self.proven() or self._left() <= 0 or self.prices is None:
                return
            slack = part * (self.objective - self.bound) + _EXACT
            found = self.months.within(self._placed(self.prices), slack, _MANY)
            if found is None:
                return
            who, paths = found
            self._add(who, paths)
            best = self._choose()
            # A plan that costs less than `slack` above the bound has no month outside of these.
            if best and self.objective - self.bound <= slack:
                self.bound = self.objective
