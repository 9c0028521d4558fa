"""How long the solver of the duty roster takes: to its first plan, and to the proof that none is better.

python -m bench.roster                # a month, for 10, 40 and 200 officers
python -m bench.roster --quarter      # a quarter as well, in one piece and month by month, as an office plans it

Each problem is solved as the job does it, in a process of its own. Every bidang of 10 or 20 has one ASN and one THL in
the office on each working day; "half" has besides at least half of the whole office there, which joins all desks.
Leave, wishes, locked cells and turns carried over are drawn from a seed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from staffhub.roster.solving import checker, fairness
from staffhub.roster.solving.problem import Cell, Demand, Fixed, Person, Place, Problem, Share, Wish
from staffhub.roster.solving.solution import Solution

FIRST = date(2026, 10, 1)
MONTH, QUARTER = 21, 63
GROUPS = "asn", "non_asn"


def workdays(many: int) -> tuple[date, ...]:
    every = (FIRST + timedelta(days=n) for n in range(2 * many))
    return tuple(day for day in every if day.weekday() < 5)[:many]


def office(people: int, days: tuple[date, ...], *, half: bool = False) -> Problem:
    some = random.Random(people)
    desks = max(1, people // 20)
    carried = (-1, -0.5, 0, 0, 0.25, 0.5, 1)
    staff = [
        Person(n, some.choice(["asn", "asn", "non_asn"]), n % desks, carried=some.choice(carried))
        for n in range(people)
    ]
    # Somebody of each group everywhere, whatever was drawn.
    staff = [Person(p.id, "asn" if p.id < 2 * desks else "non_asn", p.desk) if p.id < 4 * desks else p for p in staff]
    return Problem(
        tuple(staff),
        days,
        tuple(Demand(desk, day, group, 1, None, "1") for desk in range(desks) for day in days for group in GROUPS),
        tuple(Share(None, day, 0.5, None, frozenset(), "2") for day in days if half),
        tuple(_fixed(some, people, days, spared=4 * desks)),
        tuple(_wishes(some, people, days)),
    )


def _fixed(some: random.Random, people: int, days: tuple[date, ...], *, spared: int) -> Iterator[Fixed]:
    """Leave of up to six days for two in five (not for those whom the rules cannot spare), and some locked cells."""
    for person in range(people):
        start = some.randrange(len(days)) if some.random() < 0.4 and person >= spared else len(days)
        away = set(days[start : start + some.randint(1, 6)])
        yield from (Fixed(person, day, None, "leave") for day in days if day in away)
        kept = [day for day in days if day not in away and some.random() < 0.02]
        yield from (Fixed(person, day, "office", "locked") for day in kept)


def _wishes(some: random.Random, people: int, days: tuple[date, ...]) -> Iterator[Wish]:
    for person in range(people):
        yield from (Wish(person, day, some.choice(["office", "home"])) for day in days if some.random() < 0.05)


class Solved(NamedTuple):
    """An answer of the solver: seconds to its first plan and to its end, of the clock and of the processor."""

    plan: Solution
    first: float
    end: float
    cpu: float
    megabytes: int
    sound: bool

    def __str__(self) -> str:
        return (
            f"{self.plan.state:9} first plan {self.first:5.1f} s, end {self.end:5.1f} s (CPU {self.cpu:5.1f} s),"
            f" cost {self.plan.objective:8.1f}, gap {100 * (self.plan.gap or 0):5.2f} %, {self.megabytes} MB"
            f"{'' if self.sound else ', BREAKS RULES'}"
        )


def solved(problem: Problem, seconds: float) -> Solved:
    began, first, answer = time.perf_counter(), 0.0, ""
    command = (sys.executable, "-m", "staffhub.roster.solving", str(seconds))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(problem.to_json())
        child.stdin.close()
        for line in child.stdout:
            first, answer = first or time.perf_counter() - began, line
        _pid, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    whole = time.perf_counter() - began
    plan = Solution.from_json(json.dumps(json.loads(answer)["solution"]))
    sound = plan.state in {"optimal", "feasible"} and not checker.violations(problem, plan)
    return Solved(plan, first, whole, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, sound)


def by_months(name: str, problem: Problem, seconds: float) -> bool:
    """Solve each month with what the ones before have left, and tell what the quarter costs then."""
    people, places, sound = problem.people, dict[Cell, Place](), True
    for number, first in enumerate(range(0, len(problem.days), MONTH), start=1):
        days = problem.days[first : first + MONTH]
        month = replace(
            problem,
            people=people,
            days=days,
            demands=tuple(one for one in problem.demands if one.day in days),
            shares=tuple(one for one in problem.shares if one.day in days),
            fixed=tuple(one for one in problem.fixed if one.day in days),
            wishes=tuple(one for one in problem.wishes if one.day in days),
        )
        done = solved(month, seconds)
        print(f"{f'{name}, month {number}':36} {done}", flush=True)
        sound &= done.sound
        places |= done.plan.places
        people = tuple(_after(one, month, done.plan) for one in people)
    print(f"{name + ', by months':36} cost {checker.cost(problem, places).total:8.1f} in all", flush=True)
    return sound


def _after(one: Person, month: Problem, plan: Solution) -> Person:
    """Return the person with what the month has left."""
    there = [day for day in month.days if plan.places.get((one.id, day)) == "office"]
    carried = one.carried + len(there) - fairness.shares(month).get(one.id, one.carried + len(there))
    monday, friday = (max(day for day in month.days if day.weekday() == n) in there for n in (0, 4))
    return replace(one, carried=carried, monday=monday, friday=friday)


def measure(name: str, problem: Problem, seconds: float) -> bool:
    done = solved(problem, seconds)
    print(f"{name:36} {done}", flush=True)
    return done.sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quarter", action="store_true")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--people", type=int, nargs="+", default=[10, 40, 200])
    given = parser.parse_args()
    sound = True
    for words, many in (("a month", MONTH), ("a quarter", QUARTER))[: 1 + given.quarter]:
        for people in given.people:
            for half in (False, True):
                name = f"{people} officers, {words}{', half' if half else ''}"
                problem = office(people, workdays(many), half=half)
                sound &= measure(name, problem, given.seconds)
                if many == QUARTER:
                    sound &= by_months(name, problem, given.seconds)
    sys.exit(not sound)


if __name__ == "__main__":
    main()
