"""The only importer of highspy: a linear program with whole or continuous columns, built up and minimised.

One thread and a fixed seed, so that the same problem has the same plan on every machine. highspy and numpy are loaded
when a program is made, in the process of a job: no web worker pays for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """`values` and `prices` (of the rows, of a program without whole columns) are empty where nothing was found."""

    state: Literal["optimal", "infeasible", "stopped"]
    values: list[float]
    prices: list[float]
    objective: float
    bound: float


class Program:
    def __init__(self) -> None:
        import highspy
        import numpy as np

        self._highspy, self._np = highspy, np
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in {"output_flag": False, "threads": 1, "random_seed": 1, "mip_rel_gap": 0.0}.items():
            self._highs.setOptionValue(option, value)
        self.columns = self.rows = 0

    def row(self, least: float, most: float | None, columns: Mapping[int, float] | None = None) -> int:
        indices, values = self._sparse(columns or {})
        self._highs.addRow(least, self._highspy.kHighsInf if most is None else most, len(indices), indices, values)
        self.rows += 1
        return self.rows - 1

    def column(self, cost: float, rows: Mapping[int, float] | None = None, *, most: float | None = 1.0) -> int:
        """Add a continuous column from 0 on, with its coefficients in rows that are there already."""
        indices, values = self._sparse(rows or {})
        upper = self._highspy.kHighsInf if most is None else most
        self._highs.addCol(cost, 0.0, upper, len(indices), indices, values)
        self.columns += 1
        return self.columns - 1

    def hold(self, column: int, least: float) -> None:
        """Let a column be at least this."""
        self._highs.changeColBounds(column, least, self._highspy.kHighsInf)

    def whole(self, yes: bool = True) -> None:
        """Let every column that is there be a whole number, or any number again."""
        np, kinds = self._np, self._highspy.HighsVarType
        kind = kinds.kInteger if yes else kinds.kContinuous
        every = np.arange(self.columns, dtype=np.int32)
        self._highs.changeColsIntegrality(self.columns, every, np.full(self.columns, int(kind), dtype=np.uint8))

    def minimise(
        self,
        seconds: float = 3600.0,
        *,
        enough: float | None = None,
        nodes: int | None = None,
    ) -> Answer:
        """Solve it. `enough`: stop at a solution that costs no more; `nodes`: search at most so many for whole ones.

        There is no solution to start from: given one, HiGHS 1.16 has called it the best with a cost that it had not.
        """
        highs = self._highs
        highs.setOptionValue("time_limit", max(seconds, 0.01))
        highs.setOptionValue("mip_max_nodes", self._highspy.kHighsIInf if nodes is None else nodes)
        if enough is not None:
            highs.setOptionValue("objective_target", enough)
        highs.run()
        return self._answer()

    def _answer(self) -> Answer:
        status, kinds = self._highs.getModelStatus(), self._highspy.HighsModelStatus
        if status == kinds.kInfeasible:
            return Answer("infeasible", [], [], float("inf"), float("inf"))
        info, solution = self._highs.getInfo(), self._highs.getSolution()
        found = info.primal_solution_status == self._highspy.SolutionStatus.kSolutionStatusFeasible
        done = status in {kinds.kOptimal, kinds.kObjectiveTarget, kinds.kModelEmpty}
        return Answer(
            "optimal" if done else "stopped",
            list(solution.col_value) if found else [],
            list(solution.row_dual) if found else [],
            info.objective_function_value if found else float("inf"),
            info.mip_dual_bound,
        )

    def _sparse(self, entries: Mapping[int, float]) -> tuple[Any, Any]:
        np = self._np
        return np.fromiter(entries.keys(), np.int32, len(entries)), np.fromiter(entries.values(), float, len(entries))
