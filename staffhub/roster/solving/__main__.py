"""A problem as JSON on stdin; on stdout a line of JSON for each progress, and the answer as the last one.

A process of its own: whoever stops or kills it loses nothing but the answer, and its memory is given back.
"""

import json
import os
import sys
from dataclasses import asdict, replace

from staffhub.roster.solving.model import solve
from staffhub.roster.solving.problem import Problem
from staffhub.roster.solving.solution import Progress
from staffhub.roster.solving.why import explain


def main(seconds: float) -> None:
    # What a library prints goes nowhere: HiGHS says its name whatever it is told, and stderr is the log of the server.
    wire = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def tell(progress: Progress) -> None:
        wire.write(json.dumps({"progress": asdict(progress)}) + "\n")

    problem = Problem.from_json(sys.stdin.buffer.read())
    solution = solve(problem, seconds, tell)
    if solution.state == "infeasible":
        solution = replace(solution, explanation=explain(problem))
    wire.write(f'{{"solution": {solution.to_json()}}}\n')


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
