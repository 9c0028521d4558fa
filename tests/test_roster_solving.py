"""The duty roster as a problem of numbers: what is asked and what is answered, on the wire and in the solver."""

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest

from staffhub.models import PlanMode
from staffhub.roster.solving.problem import Demand, Fixed, Loan, Person, Place, Problem, Published, Share, Wish
from staffhub.roster.solving.solution import Absent, Broken, Explanation, Parts, Relaxation, Solution, Turn

MONDAY = date(2026, 11, 2)
DAYS = tuple(MONDAY + timedelta(days=n) for n in range(4))
FOUR = (Person(1, "asn", 1, level=1), Person(2, "asn", 1, carried=0.5), Person(3, "non_asn", 1), Person(4, "asn", 2))
PROBLEM = Problem(
    FOUR,
    DAYS,
    (Demand(1, MONDAY, "asn", 1, None, "12"), Demand(None, MONDAY, None, 1, 3, "13", levels=(1, 2))),
    (Share(None, MONDAY, 0.25, None, frozenset({3, 4}), "14"),),
    (Fixed(1, MONDAY, None, "leave"), Fixed(2, DAYS[1], "home", "locked")),
    (Wish(3, DAYS[2], "home"),),
    (Published(3, DAYS[2], "office"),),
    lenders=frozenset({4}),
    loans=(Loan(4, DAYS[3], 1),),
)


def test_the_places_are_those_of_the_plan():
    assert set(get_args(Place)) == {PlanMode.OFFICE, PlanMode.HOME, PlanMode.FIELD}


def test_a_problem_is_the_same_after_the_wire():
    assert Problem.from_json(PROBLEM.to_json()) == PROBLEM


def test_an_answer_is_the_same_after_the_wire():
    way = Relaxation("borrow", MONDAY, 2.0, person=4, desk=1)
    excuse = Relaxation("excuse", MONDAY, 9.0, rule=PROBLEM.shares[0], missing=1)
    broken = Broken(PROBLEM.demands[0], 1, (Absent(1, "leave"), Absent(2, None)), ((way,), (excuse,)))
    told = Solution("infeasible", seconds=0.1, explanation=Explanation((broken,), (way,)))
    assert Solution.from_json(told.to_json()) == told
    plan = Solution("optimal", (Turn(1, MONDAY, "office", 1),), 3.0, 3.0, 0.0, Parts(turns=3.0))
    assert Solution.from_json(plan.to_json()) == plan
    assert plan.places == {(1, MONDAY): "office"}


@pytest.mark.parametrize(
    "fault",
    [
        {"people": (*FOUR, FOUR[0])},
        {"days": DAYS[::-1]},
        {"fixed": (Fixed(1, MONDAY, None, "leave"), Fixed(1, MONDAY, "office", "locked"))},
        {"fixed": (Fixed(4, DAYS[3], None, "leave"),)},
    ],
)
def test_what_contradicts_itself_is_no_problem(fault: dict[str, object]):
    with pytest.raises(ValueError, match=r"twice|order|fixed"):
        replace(PROBLEM, **fault)
