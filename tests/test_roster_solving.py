"""The duty roster as a problem of numbers: what is asked and what is answered, on the wire and in the solver."""

import json
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest

from staffhub.models import PlanMode
from staffhub.roster.solving import checker, why
from staffhub.roster.solving.model import solve
from staffhub.roster.solving.problem import Demand, Fixed, Loan, Person, Place, Problem, Published, Share, Wish
from staffhub.roster.solving.solution import Absent, Broken, Explanation, Parts, Relaxation, Solution, Turn

MONDAY = date(2026, 11, 2)
DAYS = tuple(MONDAY + timedelta(days=n) for n in range(4))
FOUR = (
    Person(1, "asn", 1, also=frozenset({"all"})),
    Person(2, "asn", 1, carried=0.5),
    Person(3, "non_asn", 1),
    Person(4, "asn", 2),
)
PROBLEM = Problem(
    FOUR,
    DAYS,
    (Demand(1, MONDAY, "asn", 1, None, "12"), Demand(None, MONDAY, None, 1, 3, "13", frozenset({2}))),
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


CHILD = (sys.executable, "-m", "staffhub.roster.solving")


def _bidang(people: int = 6, days: int = 10) -> Problem:
    """Return one bidang whose two groups each have somebody in the office on every working day."""
    every = tuple(day for day in (MONDAY + timedelta(days=n) for n in range(3 * days)) if day.weekday() < 5)[:days]
    staff = tuple(Person(n, "asn" if n % 2 else "non_asn", 1, carried=n % 3 / 2) for n in range(people))
    demands = tuple(Demand(1, day, group, 1, None, "1") for day in every for group in ("asn", "non_asn"))
    return Problem(staff, every, demands, wishes=tuple(Wish(n, every[n % days], "home") for n in range(people)))


def _turns(plan: Solution) -> list[int]:
    people = sorted({turn.person for turn in plan.turns})
    return [sum(turn.person == one and turn.place == "office" for turn in plan.turns) for one in people]


def test_turns_are_shared_and_what_was_carried_over_is_evened_out():
    problem = _bidang()
    even = replace(problem, people=tuple(replace(person, carried=0.0) for person in problem.people), wishes=())
    assert sorted(_turns(solve(even, 10))) == [3, 3, 3, 3, 4, 4]
    behind = replace(even, people=(replace(even.people[0], carried=-2.0), *even.people[1:]))
    assert _turns(solve(behind, 10))[0] == 5


def test_who_is_in_the_office_by_order_every_day_makes_nobody_else_come_to_be_even():
    problem = _bidang()
    always = tuple(Fixed(1, day, "office", "duty") for day in problem.days)
    plan = solve(replace(problem, fixed=always), 10)
    assert plan.state == "optimal"
    assert [_turns(plan)[n] for n in (1, 3, 5)] == [10, 0, 0]


def test_nobody_has_two_mondays_running_where_the_others_can_come():
    days = tuple(MONDAY + timedelta(days=7 * n) for n in range(4))
    staff = tuple(Person(n, "asn", 1) for n in range(2))
    problem = Problem(staff, days, tuple(Demand(1, day, "asn", 1, None, "1") for day in days))
    plan = solve(problem, 10)
    assert plan.parts.mondays_fridays == 0
    assert [plan.places[0, day] for day in days] in (["office", "home"] * 2, ["home", "office"] * 2)


def test_nothing_changes_against_what_stands_when_that_is_weighed_alone():
    problem = _bidang()
    first = solve(problem, 10)
    stands = tuple(Published(turn.person, turn.day, turn.place) for turn in first.turns)
    sick = min((turn.person, turn.day) for turn in first.turns if turn.place == "office")
    again = solve(
        replace(
            problem,
            published=stands,
            fixed=(Fixed(*sick, None, "leave"),),
            weights=replace(problem.weights, changes=1000.0),
        ),
        10,
    )
    changed = [cell for cell, place in again.places.items() if first.places[cell] != place]
    assert len(changed) == 1, "one colleague comes instead"


def test_field_is_kept_where_it_stands_and_never_chosen_elsewhere():
    problem = _bidang()
    afield = Published(1, problem.days[0], "field")
    plan = solve(replace(problem, published=(afield,)), 10)
    assert [cell for cell, place in plan.places.items() if place == "field"] == [(1, problem.days[0])]


def test_the_same_problem_has_the_same_plan():
    one, two = (solve(_bidang(), 10) for _ in range(2))
    assert (one.turns, one.objective) == (two.turns, two.objective)


def test_while_it_works_it_tells_a_plan_that_gets_better_and_a_bound_that_rises():
    told = []
    plan = solve(_bidang(8, 15), 30, told.append)
    costs, bounds = [one.incumbent for one in told], [one.bound for one in told]
    assert plan.state == "optimal"
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    assert costs[-1] == pytest.approx(bounds[-1], abs=1e-4)
    assert told[0].incumbent is not None, "there is a plan before there is a proof"


def test_without_time_for_a_proof_there_is_a_plan_and_its_gap():
    plan = solve(_bidang(), 0)
    assert plan.state == "feasible"
    assert checker.violations(_bidang(), plan) == []
    assert plan.gap is not None
    assert plan.gap > 0


def test_desks_that_share_no_rule_are_planned_apart_and_one_rule_for_all_joins_them():
    one = _bidang(4, 5)
    far = tuple(replace(person, id=person.id + 10, desk=2) for person in one.people)
    two = replace(one, people=(*one.people, *far), demands=(*one.demands, *(replace(d, desk=2) for d in one.demands)))
    apart, alone = solve(two, 20), solve(one, 20)
    others = solve(Problem(far, two.days, tuple(replace(d, desk=2) for d in one.demands)), 20)
    assert apart.objective == pytest.approx((alone.objective or 0) + (others.objective or 0), abs=1e-5)
    joined = replace(two, demands=(*two.demands, *(Demand(None, day, None, 5, None, "9") for day in two.days)))
    together = solve(joined, 20)
    assert (together.state, checker.violations(joined, together)) == ("optimal", [])


def test_an_office_without_people_or_days_is_planned():
    assert solve(Problem((), DAYS), 5).state == "optimal"
    assert solve(Problem(FOUR, ()), 5).state == "optimal"
    assert solve(Problem((), DAYS, (Demand(None, MONDAY, None, 1, None, "1"),)), 5).state == "infeasible"


@pytest.mark.parametrize(
    ("turn", "broken"),
    [
        (Turn(1, MONDAY, "home", 1), "fixed"),
        (Turn(2, DAYS[1], "office", 1), "fixed"),
        (Turn(3, MONDAY, "home", 1), "excluded"),
        (Turn(2, MONDAY, "home", 1), "0 in the office for"),
        (Turn(2, MONDAY, "field", 1), "field"),
        (Turn(4, DAYS[3], "home", 1), "lent"),
        (Turn(4, DAYS[3], "office", 2), "desk"),
        (Turn(9, MONDAY, "office", 1), "no cell"),
    ],
)
def test_the_checker_sees_each_rule_that_is_broken(turn: Turn, broken: str):
    sound = replace(PROBLEM, demands=PROBLEM.demands[:1])
    plan = solve(sound, 10)
    assert checker.violations(sound, plan) == []
    others = tuple(one for one in plan.turns if (one.person, one.day) != (turn.person, turn.day))
    assert broken in " ".join(checker.violations(sound, replace(plan, turns=(*others, turn))))


def test_the_checker_sees_too_many_a_missing_cell_and_one_that_is_twice():
    at_most = Problem(FOUR[:2], DAYS[:1], (Demand(1, MONDAY, None, 0, 1, "1"),))
    plan = Solution("feasible", (Turn(1, MONDAY, "office", 1), Turn(2, MONDAY, "office", 1)))
    assert "2 in the office" in checker.violations(at_most, plan)[0]
    assert "no place" in checker.violations(at_most, replace(plan, turns=plan.turns[:1]))[0]
    assert "twice" in checker.violations(at_most, replace(plan, turns=(*plan.turns[:1], *plan.turns[:1])))[0]


def _both_away(*why_not: str, **more: object) -> Problem:
    """Return a desk whose two people are not free on Monday, and a colleague of the group at another desk."""
    staff = (Person(1, "non_asn", 1), Person(2, "non_asn", 1), Person(3, "non_asn", 2), Person(4, "asn", 2))
    places = {"leave": None, "locked": "home", "duty": "field", "health": "home"}
    fixed = tuple(Fixed(n, MONDAY, places[one], one) for n, one in enumerate(why_not, start=1))
    problem = Problem(staff, (MONDAY,), (Demand(1, MONDAY, "non_asn", 1, None, "7"),), fixed=fixed)
    return replace(problem, lenders=frozenset({3, 4}), **more)


def test_both_on_leave_one_is_asked_or_a_colleague_of_the_group_is_borrowed():
    told = why.explain(_both_away("leave", "leave"))
    (broken,) = told.broken
    assert (broken.rule.source, broken.missing) == ("7", 1)
    assert broken.absent == (Absent(1, "leave"), Absent(2, "leave"))
    ways = [(change.kind, change.person) for (change,) in broken.ways]
    assert ways == [("borrow", 3), ("ask_leave", 1), ("ask_leave", 2), ("excuse", None)]
    assert told.together == broken.ways[0]


def test_however_many_colleagues_are_free_elsewhere_it_is_still_offered_to_ask_about_the_leave():
    many = _both_away("leave", "leave")
    others = tuple(Person(n, "non_asn", 2) for n in range(10, 90))
    many = replace(many, people=(*many.people, *others), lenders=frozenset({3, *(one.id for one in others)}))
    (broken,) = why.explain(many).broken
    assert Counter(change.kind for (change,) in broken.ways) == {"borrow": 8, "ask_leave": 2, "excuse": 1}


def test_a_locked_cell_is_given_back_first_and_duty_and_health_are_not_asked():
    (broken,) = why.explain(_both_away("locked", "duty")).broken
    assert [(change.kind, change.person) for (change,) in broken.ways] == [
        ("unlock", 1),
        ("borrow", 3),
        ("excuse", None),
    ]
    (broken,) = why.explain(_both_away("health", "duty")).broken
    assert [change.kind for (change,) in broken.ways] == ["borrow", "excuse"]


def test_nobody_is_borrowed_from_a_desk_that_would_then_lack_somebody():
    own = Demand(2, MONDAY, "non_asn", 1, None, "8")
    problem = _both_away("leave", "leave")
    (broken,) = why.explain(replace(problem, demands=(*problem.demands, own))).broken
    assert [change.kind for (change,) in broken.ways] == ["ask_leave", "ask_leave", "excuse"]


def test_two_that_lack_are_found_by_two_changes():
    problem = _both_away("leave", "locked")
    two = replace(problem, demands=(replace(problem.demands[0], minimum=2),), lenders=frozenset())
    (broken,) = why.explain(two).broken
    assert broken.missing == 2
    assert [{change.kind for change in way} for way in broken.ways] == [{"unlock", "ask_leave"}, {"excuse"}]
    plan = solve(why.apply(two, *broken.ways[0]), 5)
    assert plan.places == {(1, MONDAY): "office", (2, MONDAY): "office"} | {
        cell: place for cell, place in plan.places.items() if cell[0] > 2
    }


def _two_too_few(*desks: int, **more: object) -> Problem:
    """Return a desk that lacks both of its people on Monday, and colleagues of the group at these other desks."""
    both = _both_away("leave", "leave")
    others = tuple(Person(n, "non_asn", desk) for n, desk in enumerate(desks, start=10))
    demands = (replace(both.demands[0], minimum=2), *more.pop("demands", ()))
    fixed = tuple(Fixed(n, MONDAY, None, "duty") for n in (1, 2))
    lenders = frozenset(one.id for one in others)
    return replace(both, people=(*both.people, *others), lenders=lenders, demands=demands, fixed=fixed, **more)


def test_two_are_borrowed_together_however_many_could_be():
    own = Demand(2, MONDAY, "non_asn", 3, None, "8")  # whoever serves there is needed there
    (broken,) = why.explain(_two_too_few(2, 2, *([3] * 70), demands=(own,))).broken
    assert [change.kind for change in broken.ways[0]] == ["borrow", "borrow"]
    assert not {change.person for change in broken.ways[0]} & {10, 11}


def test_that_not_every_combination_was_tried_is_told():
    own = Demand(2, MONDAY, "non_asn", 70, None, "8")  # one of 71 can be spared, and two are needed
    (broken,) = why.explain(_two_too_few(*([2] * 70), demands=(own,))).broken
    assert ([{change.kind for change in way} for way in broken.ways], broken.untried) == ([{"excuse"}], True)
    (broken,) = why.explain(_two_too_few(2, 2, demands=(replace(own, minimum=2),))).broken
    assert ([{change.kind for change in way} for way in broken.ways], broken.untried) == ([{"excuse"}], False)


def test_of_many_who_are_alike_one_is_tried_for_all(monkeypatch: pytest.MonkeyPatch):
    settled, settle = [], why.settle
    monkeypatch.setattr(why, "settle", lambda *asked, **more: settled.append(asked) or settle(*asked, **more))
    own = tuple(Demand(desk, MONDAY, "non_asn", 1, None, "8") for desk in (2, 3, 4))
    desks = [2] * 70 + [3] * 70 + [4]
    (broken,) = why.explain(_two_too_few(*desks, demands=own)).broken
    assert [change.kind for change in broken.ways[0]] == ["borrow", "borrow"]
    assert len(settled) < 20
    needed = _two_too_few(*([2] * 70), demands=(replace(own[0], minimum=71),))
    asked = replace(needed, fixed=tuple(replace(fact, why="leave") for fact in needed.fixed))
    one = replace(asked, demands=(replace(asked.demands[0], minimum=1), *asked.demands[1:]))
    (broken,) = why.explain(one).broken
    kinds = [change.kind for (change,) in broken.ways]
    assert kinds == ["ask_leave", "ask_leave", "excuse"], "of seventy colleagues nobody can be lent"


def test_too_many_locked_in_the_office_are_told_as_well():
    locked = tuple(Fixed(n, MONDAY, "office", "locked") for n in (1, 2))
    problem = Problem(FOUR[:2], DAYS[:1], (Demand(1, MONDAY, None, 0, 1, "1"),), fixed=locked)
    (broken,) = why.explain(problem).broken
    assert broken.missing == -1
    assert [change.kind for (change,) in broken.ways] == ["unlock", "unlock", "excuse"]


def _lines(out: str) -> list[dict[str, dict]]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_process_of_its_own_reads_the_problem_and_writes_the_answer():
    problem = _bidang()
    ran = subprocess.run(
        (*CHILD, "30"), input=problem.to_json(), capture_output=True, text=True, check=True, timeout=120
    )
    *progress, last = _lines(ran.stdout)
    assert progress
    assert all(line.keys() == {"progress"} for line in progress)
    plan = Solution.from_json(json.dumps(last["solution"]))
    assert plan.state == "optimal"
    assert plan.turns == solve(problem, 30).turns


def test_what_cannot_be_is_explained_on_the_wire():
    ran = subprocess.run(
        CHILD, input=_both_away("leave", "leave").to_json(), capture_output=True, text=True, check=True
    )
    answer = Solution.from_json(json.dumps(_lines(ran.stdout)[-1]["solution"]))
    assert answer.state == "infeasible"
    assert answer.explanation == why.explain(_both_away("leave", "leave"))


def test_whoever_stops_it_gets_no_answer():
    # It waits for the end of its input, so that the signal comes before any answer however busy the machine is.
    with subprocess.Popen(CHILD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        child.stdin.write(_bidang().to_json())
        child.stdin.flush()
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=60) == -signal.SIGTERM
        assert child.stdout.read() == ""


def test_only_who_solves_loads_the_solver():
    loads = "import sys, staffhub.roster.solving.model; print({'highspy', 'numpy', 'sqlalchemy'} & set(sys.modules))"
    ran = subprocess.run((sys.executable, "-c", loads), capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_whoever_had_the_last_monday_before_the_month_is_spared_the_first_one_in_it():
    staff = (Person(1, "asn", 1, monday=True), Person(2, "asn", 1))
    one = Problem(staff, (MONDAY,), (Demand(1, MONDAY, "asn", 1, 1, "1"),))
    for people in (staff, (replace(staff[0], id=2), replace(staff[1], id=1))):
        asked = replace(one, people=people)
        plan = solve(asked, 10)
        there = [turn.person for turn in plan.turns if turn.place == "office"]
        assert there == [person.id for person in people if not person.monday]
        assert plan.objective == checker.cost(asked, plan.places).total
    bound = replace(one, fixed=(Fixed(2, MONDAY, None, "leave"),))
    assert solve(bound, 10).parts.mondays_fridays == one.weights.mondays_fridays
