"""The plan that costs least, and the proof of it.

A person's month is one column of a linear program: its rows say that everybody has one month, and that the hard rules
of each day hold. Nobody writes all months down. Solving the program gives each place on each day a price, the cheapest
month of each person at these prices is found backwards (`months`), and whatever is cheaper than what is there becomes
a column; when nothing is, no plan at all can cost less than the program says. The whole plan is then chosen from the
columns. A gap that is left is closed by writing down every month that could be part of a better plan.

The plain model, a binary for each person and day, was measured first: of a bidang of 20 with five in the office it had
proven nothing after 20 s, where this takes a fifth of a second; 200 people under one rule for all take one.
"""

import time
from collections.abc import Callable
from typing import Any

from staffhub.roster.solving import checker
from staffhub.roster.solving.first import first_plan
from staffhub.roster.solving.highs import Program
from staffhub.roster.solving.months import HOME, OFFICE, Array, Months
from staffhub.roster.solving.problem import Place, Problem
from staffhub.roster.solving.rows import choices, rows
from staffhub.roster.solving.solution import Parts, Progress, Solution, State, Turn

OnProgress = Callable[[Progress], None]
_EXACT = 1e-6
_PRICING = 0.7  # of the time; the rest is for choosing the plan
_STEADY = 0.5  # prices are looked for between the last ones and the best so far: half the rounds
_GAPS = (0.1, 0.3, 1.0)  # how much of the gap the months that are written down may cost
_MANY = 40_000


def solve(problem: Problem, seconds: float, on_progress: OnProgress = lambda _progress: None) -> Solution:
    """Return the best plan, or the best that was found in time."""
    return _Search(problem, seconds, on_progress).run()


class _Search:
    def __init__(self, problem: Problem, seconds: float, on_progress: OnProgress) -> None:
        self.problem, self.seconds, self.on_progress = problem, seconds, on_progress
        self.began = time.monotonic()
        self.months = Months(problem)
        self.np = self.months.np
        self.number = {person.id: n for n, person in enumerate(problem.people)}
        day = {day: n for n, day in enumerate(problem.days)}
        self.all_rows = rows(problem)
        # A row that cannot be missed asks for nothing.
        binding = [r for r in self.all_rows if r.least > 0 or (r.most is not None and r.most < len(r.people))]
        self.binding = [
            (
                r,
                day[r.day],
                OFFICE if r.place == "office" else HOME,
                self.np.array([self.number[p] for p in r.people], int),
            )
            for r in binding
        ]
        self.program = Program()
        self.columns: dict[tuple[int, bytes], int] = {}  # months that are written down, in the order of the program
        self.bound = 0.0 if not problem.people else -float("inf")
        self.prices: Array = None
        self.plan: Array = None
        self.objective = float("inf")

    def run(self) -> Solution:
        plan = first_plan(self.problem, self.months, self.all_rows, choices(self.problem))
        if plan is None:
            return Solution("infeasible", seconds=self._spent())
        self._keep(plan)
        self._rows()
        self._add(self.months.everybody, plan)
        self._price()
        self._choose()
        self._close()
        return self._answer()

    def _spent(self) -> float:
        return time.monotonic() - self.began

    def _left(self) -> float:
        return self.seconds - self._spent()

    def _tell(self) -> None:
        self.on_progress(Progress(self._spent(), self.objective, max(self.bound, 0.0)))

    def _keep(self, plan: Array) -> None:
        objective = float(self.months.price_of(self.months.everybody, plan).sum())
        if self.plan is None or objective < self.objective:
            self.plan, self.objective = plan, objective
            self._tell()

    def _proven(self) -> bool:
        return self.objective - self.bound <= _EXACT * max(1.0, abs(self.objective))

    def _rows(self) -> None:
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
                self.columns[person, path.tobytes()] = len(self.columns)
                rules = {n: 1.0 for n, d, place in self.touched[person] if path[d] == place}
                self.program.column(cost, {person: 1.0, **rules}, most=None)
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
            if not self._cheaper(best[1], now):
                best = self._bound_at(now)
                if not self._cheaper(best[1], now):
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

    def _cheaper(self, paths: Array, prices: Array) -> bool:
        placed, people = self._placed(prices), self.months.everybody
        worth = placed[people[:, None], self.np.arange(self.months.days)[None, :], paths].sum(axis=1)
        return bool((self.months.price_of(people, paths) - worth - prices[: len(people)] < -_EXACT / 10).any())

    def _raise(self, bound: float, _paths: Array, prices: Array) -> bool:
        if bound <= self.bound:
            return False
        self.bound, self.prices = bound, prices
        self._tell()
        return True

    def _choose(self) -> bool:
        """Choose a plan from the months that are written down; True: there is no better one among them."""
        if self._proven() or self._left() <= 0:
            return self._proven()
        self.program.whole()
        start = [self.columns[person, path.tobytes()] for person, path in enumerate(self.plan)]
        answer = self.program.minimise(self._left(), enough=self.bound + _EXACT / 2, start=start)
        if answer.values:
            plan = self.np.zeros_like(self.plan)
            for (person, path), value in zip(self.columns, answer.values, strict=True):
                if value > 0.5:  # noqa: PLR2004
                    plan[person] = self.np.frombuffer(path, dtype=plan.dtype)
            self._keep(plan)
        return answer.state == "optimal"

    def _close(self) -> None:
        for part in _GAPS:
            if self._proven() or self._left() <= 0 or self.prices is None:
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
        self._tell()

    def _answer(self) -> Solution:
        turns = tuple(self._turns())
        state: State = "optimal" if self._proven() else "feasible"
        bound = self.objective if state == "optimal" else max(self.bound, 0.0)
        gap = (self.objective - bound) / max(abs(self.objective), _EXACT)
        parts: Parts = checker.cost(self.problem, {(turn.person, turn.day): turn.place for turn in turns})
        return Solution(state, turns, self.objective, bound, gap, parts, self._spent())

    def _turns(self) -> Any:
        lent = {(loan.person, loan.day): loan.desk for loan in self.problem.loans}
        for person, path in zip(self.problem.people, self.plan, strict=True):
            for day, place in zip(self.problem.days, path, strict=True):
                where = self._place(person.id, day, int(place))
                if where is not None:
                    yield Turn(person.id, day, where, lent.get((person.id, day), person.desk))

    def _place(self, person: int, day: Any, place: int) -> Place | None:
        if place == OFFICE:
            return "office"
        if place == HOME:
            return "home"
        fixed = self.problem.at.get((person, day))
        return "field" if fixed is None else fixed.place
