"""A plan that is worked out after the request, with a real solver in a process of its own."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.models import (
    Appointment,
    Division,
    PlanLayer,
    PlanMode,
    RosterAct,
    RosterCell,
    RosterExcuse,
    RosterRun,
    RosterStep,
    RuleKind,
    RuleSet,
    ServiceType,
    TaskState,
)
from staffhub.reports import roster_runs
from staffhub.roster import child, drafts, publishing, relaxing, runs
from staffhub.roster.drafts import Cell
from tests.conftest import MORNING, TODAY, plan_range, viewer_of, wait_until
from tests.test_roster_problem import DECEMBER, TUESDAY, WEDNESDAY, _request, desk, draft, who


def ask(database: Database, name: str = "hana", key: str = "run-0001", division: str | None = "ben") -> int:
    me, of = viewer_of(database, name), desk(database, division) if division else None
    with database.transaction() as db:
        return runs.ask(db, me, of, DECEMBER, key=key, now=MORNING)


def run_of(database: Database, run_id: int, name: str = "hana") -> runs.Run:
    me = viewer_of(database, name)
    with database.reading() as db:
        return runs.run_for(db, me, run_id)


def cells_of(database: Database) -> dict[tuple[int, Any], tuple[PlanMode, int | None, bool]]:
    with database.reading() as db:
        columns = (RosterCell.officer_id, RosterCell.date, RosterCell.mode, RosterCell.desk_id, RosterCell.locked)
        return {(officer, day): tuple(cell) for officer, day, *cell in db.execute(sa.select(*columns))}  # type: ignore[misc]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that never comes to an end."""
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(child, "command", lambda _seconds: forever)


def test_a_month_is_worked_out_and_proposed_as_a_draft(database: Database) -> None:
    run_id = ask(database)
    assert runs.run_due(database, now=MORNING) == 1
    run = run_of(database, run_id)
    assert (run.state, run.progress) == (TaskState.DONE, 100)
    assert run.outcome
    assert run.outcome["state"] == "optimal"
    cells = cells_of(database)
    assert {officer for officer, _day in cells} == {who(database, name) for name in ("ana", "ben", "tia")}
    tias = [cell[0] for (officer, _day), cell in cells.items() if officer == who(database, "tia")]
    assert set(tias) == {PlanMode.OFFICE}, "she alone is a THL there, and one has to be"
    with database.reading() as db:
        assert [step.act for step in db.scalars(sa.select(RosterStep))] == [RosterAct.PROPOSED]


def test_two_presses_give_one_run_and_one_that_is_over_makes_room(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = set(pool.map(lambda key: ask(database, key=key), ["run-0001", "run-0002"]))
    assert len(both) == 1
    runs.run_due(database, now=MORNING)
    assert ask(database, key="run-0003") not in both


def test_who_may_not_write_a_roster_asks_for_none_and_sees_none(database: Database) -> None:
    run_id = ask(database)
    for name, division in (("ben", "ben"), ("ana", "cy"), ("ana", None)):
        with pytest.raises((Forbidden, NotFound)):
            ask(database, name, "run-0009", division)
    assert run_of(database, run_id, "ana").id == run_id, "the head of the bidang sees what HR asked for"
    with pytest.raises(NotFound):
        run_of(database, run_id, "ben")


@pytest.mark.usefixtures("slow")
def test_a_run_that_is_stopped_leaves_the_draft_as_it_was(database: Database) -> None:
    run_id, hana = ask(database), viewer_of(database, "hana")
    with _working(database):
        wait_until(lambda: run_of(database, run_id).progress >= 5)
        with database.transaction() as db:
            runs.stop(db, hana, run_id, now=MORNING)
    run = run_of(database, run_id)
    assert (run.state, run.outcome) == (TaskState.DONE, {"state": "cancelled"})
    assert not cells_of(database)


@contextmanager
def _working(database: Database) -> Iterator[None]:
    """Let the scheduler's job run on a thread of its own, until it has ended."""
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(runs.run_due, database, now=MORNING)
        yield
        job.result(60)


def test_a_solver_that_is_killed_is_tried_again_and_not_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    monkeypatch.setattr(child, "command", lambda _seconds: killed)
    run_id = ask(database)
    for again in range(4):
        runs.run_due(database, now=MORNING + timedelta(minutes=again))
    run = run_of(database, run_id)
    assert (run.state, run.outcome) == (TaskState.FAILED, None)
    assert not cells_of(database)


def test_a_run_whose_process_died_is_taken_by_another_when_the_lease_ends(database: Database) -> None:
    run_id = ask(database)
    with database.transaction() as db:
        values = {"state": TaskState.CLAIMED, "lease_until": MORNING + timedelta(minutes=3), "attempts": 1}
        db.execute(sa.update(RosterRun).values(**values))
    assert runs.run_due(database, now=MORNING + timedelta(minutes=1)) == 0
    assert runs.run_due(database, now=MORNING + timedelta(minutes=4)) == 1
    assert run_of(database, run_id).state is TaskState.DONE


def test_a_draft_that_somebody_changed_meanwhile_stays_theirs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve: Callable[..., Any] = child.solve

    def meanwhile(*asked: Any) -> Any:
        draft(database, {("ben", TUESDAY): Cell(PlanMode.FIELD)})
        return solve(*asked)

    monkeypatch.setattr(child, "solve", meanwhile)
    run_id = ask(database)
    runs.run_due(database, now=MORNING)
    run = run_of(database, run_id)
    assert run.outcome
    assert run.outcome["state"] == "changed"
    assert [cell[0] for cell in cells_of(database).values()] == [PlanMode.FIELD]


@pytest.fixture
def short(database: Database) -> Database:
    """Tia, the only THL of her bidang, is on leave on two days."""
    hana, tia = viewer_of(database, "hana"), who(database, "tia")
    with database.transaction() as db:
        plan_range(db, hana, tia, TUESDAY, WEDNESDAY)
    return database


def test_what_cannot_be_done_is_told_by_days_and_people_with_ways_out(short: Database) -> None:
    run_id = ask(short)
    runs.run_due(short, now=MORNING)
    run = run_of(short, run_id)
    assert run.outcome
    assert run.outcome["state"] == "infeasible"
    (one,) = relaxing.troubles(run.outcome)
    assert (one.division_id, one.group, one.missing, one.days) == (desk(short), "THL", 1, (TUESDAY, WEDNESDAY))
    assert one.absent == ((who(short, "tia"), "leave"),)
    assert {relaxing.key_of(way) for way in one.ways} == {f"ask_leave-{who(short, 'tia')}", "excuse"}
    assert not cells_of(short)


def test_what_the_bidang_itself_can_do_is_told_also_when_the_wider_question_is_not_answered_in_time(
    short: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve: Callable[..., Any] = child.solve
    answers = [solve]

    def once(*asked: Any) -> Any:
        if not answers:
            raise child.Died("it did not end in its time")
        return answers.pop()(*asked)

    monkeypatch.setattr(child, "solve", once)
    run_id = ask(short)
    runs.run_due(short, now=MORNING)
    (one,) = relaxing.troubles(run_of(short, run_id).outcome)
    assert one.days == (TUESDAY, WEDNESDAY)


def test_the_way_out_that_is_taken_really_makes_a_plan(short: Database) -> None:
    run_id, hana = ask(short), viewer_of(short, "hana")
    runs.run_due(short, now=MORNING)
    with short.transaction() as db, pytest.raises(Refused) as refused:
        relaxing.take(db, hana, run_id, {0: "excuse"}, reason=" ", key="run-0002", now=MORNING)
    assert refused.value.field == "reason"
    with short.transaction() as db:
        again = relaxing.take(db, hana, run_id, {0: "excuse"}, reason="Rapat kerja", key="run-0002", now=MORNING)
    runs.run_due(short, now=MORNING)
    run = run_of(short, again)
    assert run.outcome
    assert run.outcome["state"] == "optimal"
    with short.reading() as db:
        assert {row.date for row in db.scalars(sa.select(RosterExcuse))} == {TUESDAY, WEDNESDAY}


def test_days_that_are_over_are_not_excused_from_a_page_left_open(short: Database) -> None:
    run_id, hana = ask(short), viewer_of(short, "hana")
    runs.run_due(short, now=MORNING)
    wednesday = MORNING + (WEDNESDAY - TODAY)
    taken = {"reason": "Rapat kerja", "key": "run-0002"}
    with short.transaction() as db, pytest.raises(Refused, match="Susun lagi"):
        relaxing.take(db, hana, run_id, {0: "excuse"}, **taken, now=wednesday + timedelta(days=1))
    with short.transaction() as db:
        relaxing.take(db, hana, run_id, {0: "excuse"}, **taken, now=wednesday + timedelta(hours=1))
    with short.reading() as db:
        assert db.scalars(sa.select(RosterExcuse.date)).all() == [WEDNESDAY], "until the end of the day"


def test_somebody_of_another_bidang_is_lent_when_that_helps(database: Database) -> None:
    hana, ana, ben, cy = viewer_of(database, "hana"), *(who(database, name) for name in ("ana", "ben", "cy"))
    with database.transaction() as db:
        cover = {"groups": [{"name": "ASN", "types": ["pns", "pppk"], "minimum": 1}]}
        _only_in(db, desk(database), cover)
        for officer in (ana, ben):
            plan_range(db, hana, officer, TUESDAY)
    run_id = ask(database)
    runs.run_due(database, now=MORNING)
    _borrow(database, run_id, cy)
    assert cells_of(database)[cy, TUESDAY] == (PlanMode.OFFICE, desk(database), True)


def _borrow(database: Database, run_id: int, officer: int) -> None:
    """Take the way out that lends somebody, and see that a plan comes of it."""
    (one,) = relaxing.troubles(run_of(database, run_id).outcome)
    assert f"borrow-{officer}" in {relaxing.key_of(way) for way in one.ways}
    hana, ways = viewer_of(database, "hana"), {0: f"borrow-{officer}"}
    with database.transaction() as db:
        again = relaxing.take(db, hana, run_id, ways, reason="", key="run-0002", now=MORNING)
    runs.run_due(database, now=MORNING)
    outcome = run_of(database, again).outcome
    assert outcome
    assert outcome["state"] == "optimal"


def test_who_is_lent_counts_as_the_rule_of_that_bidang_names_its_groups_in_a_run_of_the_whole_office(
    database: Database,
) -> None:
    hana, ana, ben, cy = viewer_of(database, "hana"), *(who(database, name) for name in ("ana", "ben", "cy"))
    with database.transaction() as db:
        rule = _only_in(db, desk(database), {"groups": [{"name": "Tetap", "types": ["pns", "pppk"], "minimum": 1}]})
        other = {"name": "PPPK", "types": ["pppk", "pppk_part_time"], "minimum": 0}
        facts = {"legal_source": "SK 1", "owner": "Hana", "valid_from": rule.valid_from, "kind": RuleKind.COVERAGE}
        code = db.get_one(Division, desk(database, "cy")).code
        db.add(RuleSet(office_id=1, subject=code, values={"groups": [other]}, **facts))
        for officer in (ana, ben):
            plan_range(db, hana, officer, TUESDAY)
    run_id = ask(database, division=None)
    runs.run_due(database, now=MORNING)
    _borrow(database, run_id, cy)


def _only_in(db: Any, division_id: int, values: dict[str, Any]) -> RuleSet:
    """Let the duty minimum be that of one bidang alone."""
    code = db.get_one(Division, division_id).code
    for rule in db.scalars(sa.select(RuleSet).where(RuleSet.office_id == 1, RuleSet.kind == RuleKind.COVERAGE)):
        rule.values, rule.subject = values, code
    return rule


def test_a_locked_cell_is_given_back_when_that_helps(database: Database) -> None:
    draft(database, {("tia", TUESDAY): Cell(PlanMode.HOME, None, locked=True)})
    run_id, hana, tia = ask(database), viewer_of(database, "hana"), who(database, "tia")
    runs.run_due(database, now=MORNING)
    (one,) = relaxing.troubles(run_of(database, run_id).outcome)
    assert (one.absent, relaxing.key_of(one.ways[0])) == (((tia, "locked"),), f"unlock-{tia}")
    with database.transaction() as db:
        relaxing.take(db, hana, run_id, {0: f"unlock-{tia}"}, reason="", key="run-0002", now=MORNING)
    runs.run_due(database, now=MORNING)
    assert cells_of(database)[tia, TUESDAY] == (PlanMode.OFFICE, None, False)


def _told(database: Database, run_id: int) -> roster_runs.Told:
    me, run = viewer_of(database, "hana"), run_of(database, run_id)
    with database.reading() as db:
        return roster_runs.told(db, me, run)


def test_a_share_of_flexible_work_that_cannot_be_met_is_excused_with_a_reason(database: Database) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        own = {"legal_source": "SE 2/2026", "owner": "Hana", "valid_from": TUESDAY, "valid_to": TUESDAY}
        values = {"document": "SE 2/2026", "least_office": 100}
        db.add(RuleSet(office_id=1, kind=RuleKind.FLEXIBLE, values=values, **own))
        plan_range(db, hana, who(database, "ben"), TUESDAY, mode=PlanMode.FIELD, layer=PlanLayer.DUTY)
    run_id = ask(database)
    runs.run_due(database, now=MORNING)
    (said,) = _told(database, run_id).troubles
    assert "SE 2/2026" in said.text
    assert [choice.value for choice in said.choices] == ["excuse"]
    with database.transaction() as db:
        again = relaxing.take(db, hana, run_id, {0: "excuse"}, reason="Bimtek", key="run-0002", now=MORNING)
    runs.run_due(database, now=MORNING)
    assert _told(database, again).stands
    with database.transaction() as db:
        draft = drafts.read(db, 1, desk(database), DECEMBER)
        publishing.publish(db, hana, draft, version=draft.version, now=MORNING)


def test_who_leads_and_is_locked_at_home_is_named_and_given_back_as_publishing_would_refuse_it(
    database: Database,
) -> None:
    hana, ana = viewer_of(database, "hana"), who(database, "ana")
    with database.transaction() as db:
        cover = db.scalars(sa.select(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE, RuleSet.office_id == 1)).one()
        cover.values = cover.values | {"levels": 2}
    draft(database, {("ana", TUESDAY): Cell(PlanMode.HOME, None, locked=True)})
    run_id = ask(database)
    runs.run_due(database, now=MORNING)
    (said,) = _told(database, run_id).troubles
    assert "Ana Kaunang" in said.text
    assert [choice.value for choice in said.choices] == [f"unlock-{ana}", "excuse"]
    with database.transaction() as db:
        relaxing.take(db, hana, run_id, {0: f"unlock-{ana}"}, reason="", key="run-0002", now=MORNING)
    runs.run_due(database, now=MORNING)
    assert cells_of(database)[ana, TUESDAY] == (PlanMode.OFFICE, None, False)
    assert {cell[0] for (officer, _day), cell in cells_of(database).items() if officer == ana} == {PlanMode.OFFICE}


def test_turns_are_told_by_bidang_and_group_and_never_mixed(database: Database) -> None:
    types = {"ASN": ["pns", "pppk"], "THL": ["thl"]}
    with database.transaction() as db:
        _only_in(db, desk(database), {"groups": [{"name": n, "types": of, "minimum": 1} for n, of in types.items()]})
    one = ask(database)
    runs.run_due(database, now=MORNING)
    asn, thl = _told(database, one).turns
    assert (asn.partition(":")[0], thl.partition(":")[0]) == ("ASN", "THL")
    whole = ask(database, key="run-0002", division=None)
    runs.run_due(database, now=MORNING)
    assert len(_told(database, whole).turns) > 2


def test_a_run_leaves_what_is_locked_and_days_that_are_over(database: Database) -> None:
    draft(database, {("ben", TUESDAY): Cell(PlanMode.FIELD, None, locked=True)})
    ask(database)
    runs.run_due(database, now=MORNING)
    cells = cells_of(database)
    assert cells[who(database, "ben"), TUESDAY] == (PlanMode.FIELD, None, True)
    assert min(day for _officer, day in cells) > TODAY


@pytest.mark.parametrize(
    ("pressed", "done", "first"),
    [(-10, -1, 0), (-1, 0, 1), (0, 1, 1)],
    ids=["before work", "work begins meanwhile", "after work began"],
)
def test_a_run_never_says_a_day_whose_work_has_begun(
    database: Database, monkeypatch: pytest.MonkeyPatch, pressed: int, done: int, first: int
) -> None:
    """Minutes from half past seven, when the office begins."""
    begins, solve = MORNING + timedelta(minutes=18), child.solve
    moments = [begins + timedelta(minutes=pressed)]

    def meanwhile(*asked: Any) -> Any:
        moments.append(begins + timedelta(minutes=done))
        return solve(*asked)

    monkeypatch.setattr(child, "solve", meanwhile)
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        run_id = runs.ask(db, hana, desk(database), TODAY, key="run-0001", now=moments[0])
    job = runs._take(database, moments[0])
    assert job
    runs._work(database, job, lambda: moments[-1])
    days = {day for _officer, day in cells_of(database)}
    assert min(days) == TODAY + timedelta(days=first)
    outcome = run_of(database, run_id).outcome
    assert outcome
    assert outcome["cells"] == len(cells_of(database))


def test_a_month_of_which_no_working_day_is_left_is_not_worked_out(database: Database) -> None:
    hana, early = viewer_of(database, "hana"), MORNING + timedelta(days=7)
    with database.transaction() as db:
        run_id = runs.ask(db, hana, desk(database), TODAY, key="run-0001", now=early)
    at_work = early + timedelta(minutes=18)
    runs.run_due(database, now=at_work)
    outcome = run_of(database, run_id).outcome
    assert outcome
    assert (outcome["state"], "hari kerja" in outcome["why"]) == ("refused", True)
    with pytest.raises(Refused, match="hari kerja"), database.transaction() as db:
        runs.ask(db, hana, desk(database), TODAY, key="run-0002", now=at_work)


def test_the_whole_office_is_proposed_in_one_go(database: Database) -> None:
    with database.transaction() as db:
        _only_in(db, desk(database), {"groups": [{"name": "THL", "types": ["thl"], "minimum": 1}]})
    run_id = ask(database, division=None)
    runs.run_due(database, now=MORNING)
    outcome = run_of(database, run_id).outcome
    assert outcome
    assert outcome["state"] in {"optimal", "feasible"}
    with database.reading() as db:
        here = drafts.read(db, 1, desk(database), DECEMBER)
        there = drafts.read(db, 1, desk(database, "cy"), DECEMBER)
    assert (here.version, there.version) == (1, 1)


def test_what_citizens_were_promised_is_not_excused_and_the_page_says_where_it_is_moved(database: Database) -> None:
    hana, here = viewer_of(database, "hana"), desk(database)
    with database.transaction() as db:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == here)).first()
        assert kind
        db.add(Appointment(office_id=1, request_id=_request(db, kind.id, 1), service_type_id=kind.id,
                           division_id=here, date=TUESDAY, starts=time(8), minutes=30, seat=2,
                           state="invited", created_at=MORNING, version=1))  # fmt: skip
        for name in ("ben", "hana", "cy", "adi"):
            plan_range(db, hana, who(database, name), TUESDAY, mode=PlanMode.FIELD, layer=PlanLayer.DUTY)
    run_id = ask(database)
    runs.run_due(database, now=MORNING)
    (said,) = _told(database, run_id).troubles
    assert [(one.value, one.link) for one in said.choices] == [
        ("", f"/requests/appointments?date={TUESDAY}&division={here}")
    ]


def _trouble(day: date, *people: int, division: int = 1) -> dict[str, Any]:
    """A THL too few, for whom one of these could be borrowed."""
    rule = {"desk": division, "day": str(day), "group": "thl", "minimum": 1, "maximum": None, "source": "THL"}
    excuse = {"kind": "excuse", "day": str(day), "cost": 8, "rule": rule, "missing": 1}
    ways = [[{"kind": "borrow", "day": str(day), "cost": 2, "person": who, "desk": division}] for who in people]
    return {"rule": rule, "missing": 1, "absent": [], "ways": [*ways, [excuse]]}


def test_days_are_told_together_only_where_the_same_helps_on_each() -> None:
    people = {str(n): [n, 2] for n in (3, 4)}
    monday, friday = TUESDAY - timedelta(days=1), TUESDAY + timedelta(days=3)
    broken = [_trouble(monday, 3), _trouble(TUESDAY, 4), _trouble(WEDNESDAY, 3, 4), _trouble(friday)]
    found = relaxing.troubles({"broken": broken, "people": people})
    ways = [(one.days, [relaxing.key_of(way) for way in one.ways]) for one in found]
    assert ways == [
        ((monday,), ["borrow-3", "excuse"]),
        ((TUESDAY, WEDNESDAY), ["borrow-4", "excuse"]),
        ((friday,), ["excuse"]),
    ]


def test_one_person_is_not_borrowed_for_two_desks(database: Database) -> None:
    run_id, hana, cy = ask(database), viewer_of(database, "hana"), who(database, "cy")
    one, other = _trouble(TUESDAY, cy, division=desk(database)), _trouble(TUESDAY, cy, division=hana.division_id or 0)
    outcome = {"state": "infeasible", "broken": [one, other], "people": {str(cy): [cy, desk(database, "cy")]}}
    with database.transaction() as db:
        db.execute(sa.update(RosterRun).values(state=TaskState.DONE, outcome=outcome))
    both = dict.fromkeys((0, 1), f"borrow-{cy}")
    with database.transaction() as db, pytest.raises(Refused, match="orang yang sama"):
        relaxing.take(db, hana, run_id, both, reason="", key="run-0002", now=MORNING)
