"""What publishing lets through holds every hard rule, as the checker of the solver judges it, and nothing else does."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub.db import Database
from staffhub.errors import Refused
from staffhub.models import (
    Appointment,
    DayPart,
    EmploymentType,
    HomeOnly,
    Officer,
    PlanMode,
    Posting,
    RosterAct,
    RuleKind,
    RuleSet,
    ServiceType,
)
from staffhub.roster import coverage, drafts, problem, publishing
from staffhub.roster.drafts import Cell
from staffhub.roster.problem import Built, Facts
from staffhub.roster.solving import checker, why
from staffhub.roster.solving.model import solve
from staffhub.roster.solving.solution import Solution, Turn
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_roster_problem import _request

MONTH = date(2026, 12, 1)
DAYS = [date(2026, 12, day) for day in (1, 2, 3)]
MORE = ("pns", "pppk", "thl", "pns")
HOME, OFFICE = Cell(PlanMode.HOME), Cell(PlanMode.OFFICE)


class _Back(Exception):
    """Nothing of it stays."""


@contextmanager
def trying(database: Database) -> Iterator[Session]:
    with pytest.raises(_Back), database.transaction() as db:
        yield db
        raise _Back


@pytest.fixture
def hana(database: Database) -> Viewer:
    """The bidang of Ana has four more people, and the office an order of flexible work and levels that stay."""
    hana, ana, ben = (viewer_of(database, name) for name in ("hana", "ana", "ben"))
    with database.transaction() as db:
        for number, kind in enumerate(MORE):
            facts: dict[str, Any] = {
                "office_id": 1,
                "name": f"Orang {number}",
                "number": f"90{number}",
                "active_from": date(2020, 1, 1),
            }
            one = Officer(**facts)
            db.add(one)
            db.flush()
            was = db.scalars(sa.select(Posting).where(Posting.officer_id == ben.officer_id)).first()
            assert was
            same = {name: getattr(was, name) for name in ("position", "superior_id", "role", "valid_from")}
            db.add(Posting(office_id=1, officer_id=one.id, division_id=ana.division_id,
                           employment_type=EmploymentType(kind), created_at=MORNING, **same))  # fmt: skip
    return hana


def _rules(db: Session, some: random.Random) -> None:
    cover = db.scalars(sa.select(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE, RuleSet.office_id == 1)).one()
    groups = [group | {"minimum": some.choice([0, 1, 1, 2])} for group in cover.values["groups"]]
    groups = [group | ({"maximum": 4} if some.random() < 0.2 else {}) for group in groups]
    cover.values = {"groups": groups} | ({"levels": some.choice([1, 2])} if some.random() < 0.5 else {})
    if some.random() < 0.7:
        values: dict[str, Any] = {"document": "SE 2/2026", "excluded_types": some.choice([[], ["pppk"]])}
        values |= some.choice([{"most_home": 50}, {"least_office": 60}, {"least_office": 30}])
        own = {"legal_source": "SE 2/2026", "owner": "Hana", "valid_to": DAYS[1], "values": values}
        db.add(RuleSet(office_id=1, kind=RuleKind.FLEXIBLE, valid_from=DAYS[0], **own))
    db.flush()


def _draw(db: Session, hana: Viewer, people: list[int], desks: tuple[int, int], some: random.Random) -> None:
    """Leave, letters, what a hand wrote, places of citizens, and a draft over them."""
    for who in people:
        if some.random() < 0.2:
            more = some.choice([{}, {"part": DayPart.MORNING}, {"mode": PlanMode.HOME}, {"mode": PlanMode.OFFICE}])
            plan_range(db, hana, who, some.choice(DAYS), **more)
        if some.random() < 0.05:
            facts = {"document": "1", "created_at": MORNING, "idempotency_key": f"k{who}", "version": 1}
            db.add(HomeOnly(office_id=1, officer_id=who, first=DAYS[0], last=DAYS[0], **facts))
    if some.random() < 0.3:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == desks[0])).first()
        assert kind
        db.add(Appointment(office_id=1, request_id=_request(db, kind.id, 1), service_type_id=kind.id,
                           division_id=desks[0], date=DAYS[2], starts=time(8), minutes=30, seat=some.randint(1, 5),
                           state="invited", created_at=MORNING, version=1))  # fmt: skip
    db.flush()
    places = some.choice([[HOME, HOME, OFFICE], [HOME, OFFICE, OFFICE, OFFICE]])
    cells: dict[drafts.Key, Cell | None] = {
        (who, day): some.choice(places)._replace(locked=some.random() < 0.3)  # a lock excuses nobody
        for who in people
        for day in DAYS
        if some.random() < 0.8
    }
    if some.random() < 0.3:
        cells[some.choice(people), some.choice(DAYS)] = Cell(PlanMode.OFFICE, desks[1], locked=True)
    draft = drafts.draft_for(db, hana, desks[0], MONTH, today=TODAY, edit=True)
    drafts.write(db, hana, draft, cells, act=RosterAct.CHANGED, version=0, now=MORNING)


def _judged(facts: Facts, built: Built) -> list[str]:
    """Say what the checker finds in the plan that the draft makes."""
    turns = []
    for seat in built.seats.values():
        for day in built.problem.days:
            fixed, plan = built.problem.at.get((seat.id, day)), facts.stands.of(seat.officer_id, day)
            place = problem._PLACES.get(plan.mode)
            if place and (fixed is None or fixed.place is not None):
                turns.append(Turn(seat.id, day, place, plan.desk or seat.division_id))
    return checker.violations(built.problem, Solution("feasible", tuple(turns)))


@pytest.mark.parametrize("seeds", [range(n, n + 20) for n in range(0, 80, 20)], ids=str)
def test_a_draft_is_published_just_when_the_checker_finds_no_rule_broken(
    database: Database, hana: Viewer, seeds: range
) -> None:
    here, there = (viewer_of(database, name).division_id or 0 for name in ("ben", "cy"))
    outcomes = set()
    for seed in seeds:
        some = random.Random(seed)
        with trying(database) as db:
            _rules(db, some)
            people = [one.officer_id for one in coverage.at_desk(db, 1, here, *DAYS[::2]) if one.division_id == here]
            _draw(db, hana, people, (here, there), some)
            facts = problem.load(db, 1, MONTH, opens=TODAY)
            built = problem.build(facts, [here])
            wrong = _judged(facts, built)
            draft = drafts.read(db, 1, here, MONTH)
            refused = ""
            try:
                publishing.publish(db, hana, draft, version=draft.version, now=MORNING)
            except Refused as error:
                refused = error.message
            assert bool(refused) is bool(wrong), f"seed {seed}: {refused} {wrong}"
            outcomes.add(bool(wrong))
    assert outcomes == {True, False}, "the drafts were all of one kind"


def test_what_cannot_be_has_ways_out_that_make_a_plan_also_for_citizens_and_flexible_work(
    database: Database, hana: Viewer
) -> None:
    here, there = (viewer_of(database, name).division_id or 0 for name in ("ben", "cy"))
    seen: set[str] = set()
    for seed in range(100, 140):
        some = random.Random(seed)
        with trying(database) as db:
            _rules(db, some)
            people = [one.officer_id for one in coverage.at_desk(db, 1, here, *DAYS[::2]) if one.division_id == here]
            _draw(db, hana, people, (here, there), some)
            asked = problem.build(problem.load(db, 1, MONTH, opens=TODAY), [here, there]).problem
        told = why.explain(asked)
        changed = why.apply(asked, *told.together)
        plan = solve(changed, 10)
        assert plan.state == "optimal", f"seed {seed}"
        assert checker.violations(changed, plan) == [], f"seed {seed}"
        assert bool(told.broken) is (solve(asked, 10).state == "infeasible"), f"seed {seed}"
        seen |= {one.rule.source for one in told.broken}
    assert seen & {coverage.APPOINTMENTS, coverage.LEVELS, "SE 2/2026"}
