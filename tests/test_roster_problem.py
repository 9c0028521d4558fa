"""What the solver is asked about a month: each kind of cell that it may not change, what must be, and what is owed."""

from datetime import date, time
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import office
from staffhub.db import Database
from staffhub.models import (
    Account,
    Appointment,
    Channel,
    DayPart,
    EmploymentType,
    HomeOnly,
    PlanLayer,
    PlanMode,
    Posting,
    RosterAct,
    RosterExcuse,
    RosterPlan,
    RosterWish,
    RuleKind,
    RuleSet,
    ServiceRequest,
    ServiceType,
)
from staffhub.roster import coverage, drafts, problem
from staffhub.roster.drafts import Cell
from staffhub.roster.problem import Built, Facts
from staffhub.workdays import plans
from tests.conftest import MORNING, TODAY, add_posting, count_queries, plan_range, viewer_of

DECEMBER = date(2026, 12, 1)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (date(2026, 12, day) for day in range(1, 6))
HOLIDAY = date(2026, 12, 25)


def _seat(database: Database, name: str) -> tuple[int, int]:
    """Return officer and bidang, read without a session: a test may be writing."""
    seat = sa.select(Posting.officer_id, Posting.division_id).join(Account, Account.officer_id == Posting.officer_id)
    with database.reading() as db:
        row = db.execute(seat.where(Account.username == name).order_by(Posting.valid_from)).first()
    assert row
    return row[0], row[1] or 0


def who(database: Database, name: str) -> int:
    return _seat(database, name)[0]


def desk(database: Database, name: str = "ben") -> int:
    return _seat(database, name)[1]


def load(database: Database, month: date = DECEMBER) -> Facts:
    with database.reading() as db:
        return problem.load(db, 1, month, opens=TODAY)


def build(database: Database, *names: str, month: date = DECEMBER) -> Built:
    facts = load(database, month)
    return problem.build(facts, [desk(database, name) for name in names or ("ben",)])


def draft(database: Database, cells: dict[tuple[str, date], Cell], name: str = "ben") -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        there = drafts.draft_for(db, hana, desk(database, name), DECEMBER, today=TODAY, edit=True)
        changes = {(who(database, officer), day): cell for (officer, day), cell in cells.items()}
        drafts.write(db, hana, there, changes, act=RosterAct.CHANGED, version=there.version, now=MORNING)


def fixed(built: Built) -> dict[tuple[int, date], tuple[str | None, str]]:
    return {(one.person, one.day): (one.place, one.why) for one in built.problem.fixed}


@pytest.fixture
def busy(database: Database) -> Database:
    """Each reason for which a cell is not the roster's, on a day of its own."""
    hana, ben, tia = viewer_of(database, "hana"), who(database, "ben"), who(database, "tia")
    with database.transaction() as db:
        plan_range(db, hana, ben, TUESDAY)
        plan_range(db, hana, ben, WEDNESDAY, mode=PlanMode.FIELD, layer=PlanLayer.DUTY)
        plan_range(db, hana, ben, THURSDAY, mode=PlanMode.LEAVE, layer=PlanLayer.EXEMPTION)
        plan_range(db, hana, ben, FRIDAY, mode=PlanMode.HOME)
        plan_range(db, hana, tia, TUESDAY, part=DayPart.MORNING)
        plan_range(db, hana, tia, THURSDAY, mode=PlanMode.HOME, layer=PlanLayer.ROSTER)
        letter = {"document": "800/1", "created_at": MORNING, "idempotency_key": "letter-1", "version": 1}
        db.add(HomeOnly(office_id=1, officer_id=tia, first=WEDNESDAY, last=WEDNESDAY, **letter))
        db.add(RosterWish(office_id=1, officer_id=tia, date=THURSDAY, mode=PlanMode.HOME, created_at=MORNING))
    draft(database, {("tia", FRIDAY): Cell(PlanMode.OFFICE, None, locked=True)})
    return database


def test_what_others_have_decided_is_not_the_solvers_to_change(busy: Database) -> None:
    cells, ben, tia = fixed(build(busy)), who(busy, "ben"), who(busy, "tia")
    assert [cells[ben, day] for day in (TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)] == [
        (None, "leave"),
        ("field", "duty"),
        (None, "exemption"),
        ("home", "hand"),
    ]
    assert [cells[tia, day] for day in (TUESDAY, WEDNESDAY, FRIDAY)] == [
        (None, "leave"),  # for half of the day: nobody keeps a desk by halves
        ("home", "health"),
        ("office", "locked"),
    ]
    assert (tia, THURSDAY) not in cells, "what is published is wished for and not bound"


def test_free_days_and_days_that_are_over_are_not_asked_about(busy: Database) -> None:
    december, november = build(busy).problem, build(busy, month=TODAY.replace(day=1)).problem
    assert not {SATURDAY, HOLIDAY} & set(december.days)
    assert november.days[0] == TODAY


def test_wishes_and_what_is_published_are_told_of_cells_that_are_free(busy: Database) -> None:
    asked, tia = build(busy).problem, who(busy, "tia")
    assert [(one.person, one.day, one.place) for one in asked.wishes] == [(tia, THURSDAY, "home")]
    assert [(one.person, one.day, one.place) for one in asked.published] == [(tia, THURSDAY, "home")]


def test_each_group_is_asked_for_as_the_rule_says_and_an_excused_one_is_not(busy: Database) -> None:
    with busy.transaction() as db:
        facts = {"group": "THL", "reason": "Rapat kerja", "created_at": MORNING}
        db.add(RosterExcuse(office_id=1, division_id=desk(busy), date=TUESDAY, **facts))
    asked = build(busy).problem
    found = {(one.day, one.source): one.minimum for one in asked.demands}
    assert (found[TUESDAY, "ASN"], found[TUESDAY, "THL"], found[WEDNESDAY, "THL"]) == (1, 0, 1)
    groups = {one.id: one.group for one in asked.people}
    assert groups[who(busy, "ben")] == groups[who(busy, "ana")] != groups[who(busy, "tia")]


def test_citizens_who_are_invited_are_met_by_as_many_people(database: Database) -> None:
    with database.transaction() as db:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == desk(database))).first()
        assert kind
        for seat in (1, 2):
            request = _request(db, kind.id, seat)
            db.add(Appointment(office_id=1, request_id=request, service_type_id=kind.id, division_id=desk(database),
                               date=TUESDAY, starts=time(8), minutes=30, seat=seat, state="invited",
                               created_at=MORNING, version=1))  # fmt: skip
    (one,) = [one for one in build(database).problem.demands if one.source == coverage.APPOINTMENTS]
    assert (one.day, one.group, one.minimum) == (TUESDAY, None, 2)
    assert one.excluded == {who(database, "ana")}, "who leads the bidang keeps no place for citizens"


def _request(db: Any, kind: int, number: int) -> int:
    request = ServiceRequest(office_id=1, number=f"PM-{number}", service_type_id=kind, applicant="Novi T.",
                             channel=Channel.COUNTER, urgent=False, state="checking", created_at=MORNING,
                             updated_at=MORNING, version=1, idempotency_key=f"request-{number}")  # fmt: skip
    db.add(request)
    db.flush()
    return request.id


def test_a_guest_at_the_desk_counts_there_and_is_asked_for_no_more(database: Database) -> None:
    cy = Cell(PlanMode.OFFICE, desk(database), locked=True)
    draft(database, {("cy", TUESDAY): cy}, "cy")
    minimum = {(one.day, one.source): one.minimum for one in build(database).problem.demands}
    assert (minimum[TUESDAY, "ASN"], minimum[WEDNESDAY, "ASN"]) == (0, 1)
    whole = build(database, "ben", "cy").problem
    assert [(one.person, one.day, one.desk) for one in whole.loans] == [(who(database, "cy"), TUESDAY, desk(database))]


def test_a_policy_of_flexible_work_is_a_share_and_the_highest_levels_stay(database: Database) -> None:
    values = {"document": "SE 2/2026", "most_home": 50, "excluded_types": ["thl"]}
    with database.transaction() as db:
        own = {"legal_source": "SE 2/2026", "owner": "Hana", "valid_to": WEDNESDAY, "values": values}
        db.add(RuleSet(office_id=1, kind=RuleKind.FLEXIBLE, valid_from=TUESDAY, **own))
        cover = db.scalars(sa.select(RuleSet).where(RuleSet.kind == RuleKind.COVERAGE, RuleSet.office_id == 1)).one()
        cover.values = cover.values | {"levels": 2}
    shares = [one for one in build(database).problem.shares if one.day == TUESDAY]
    found = {one.source: (one.most_home, one.least_office, one.excluded) for one in shares}
    ana, tia = who(database, "ana"), who(database, "tia")
    assert found == {"SE 2/2026": (0.5, None, frozenset({tia})), coverage.LEVELS: (None, None, frozenset({ana}))}


def test_turns_of_published_months_are_carried_over_and_leave_owes_nothing(database: Database) -> None:
    hana, ana, ben = viewer_of(database, "hana"), who(database, "ana"), who(database, "ben")
    with database.transaction() as db:
        facts = {"version": 1, "published": 1, "created_at": MORNING}
        db.add(RosterPlan(office_id=1, division_id=desk(database), month=date(2026, 10, 1), **facts))
        plan_range(db, hana, ben, date(2026, 10, 1), date(2026, 10, 16), mode=PlanMode.HOME, layer=PlanLayer.ROSTER)
        plan_range(db, hana, ana, date(2026, 10, 19), date(2026, 10, 30))
    carried = {one.id: one.carried for one in build(database).problem.people}
    assert carried[ana] == -carried[ben] > 0
    assert carried[who(database, "tia")] == 0


def test_whoever_becomes_another_kind_of_employee_is_two_people_of_the_problem(database: Database) -> None:
    with database.transaction() as db:
        add_posting(db, who(database, "tia"), THURSDAY, employment_type=EmploymentType.PPPK)
    built = build(database)
    both = [seat for seat in built.seats.values() if seat.officer_id == who(database, "tia")]
    cells = fixed(built)
    assert [[cells.get((seat.id, day)) for day in (WEDNESDAY, THURSDAY)] for seat in both] == [
        [None, (None, "free")],
        [(None, "free"), None],
    ]


def test_a_month_is_read_in_a_few_statements(database: Database) -> None:
    with count_queries(database) as seen:
        load(database)
    assert len(seen) <= 12


def test_who_is_lent_counts_at_the_other_desk_and_half_a_day_of_leave_at_none(database: Database) -> None:
    hana, ben, tia, here, there = (
        viewer_of(database, "hana"), who(database, "ben"), who(database, "tia"), desk(database), desk(database, "cy")
    )  # fmt: skip
    with database.transaction() as db:
        plan_range(db, hana, tia, TUESDAY, part=DayPart.AFTERNOON)
    with database.reading() as db:
        people = coverage.serving(db, 1, TUESDAY, TUESDAY)
        book = coverage.with_cells(plans(db, 1, TUESDAY, TUESDAY), {(ben, TUESDAY): Cell(PlanMode.OFFICE, there)})
        wanted = coverage.asked(book.calendar, office.divisions(db, 1).values(), TUESDAY, TUESDAY)
        names = {one.id: one.code for one in office.divisions(db, 1).values()}
    covers = {(one.demand.division_id, one.demand.group): one.there for one in coverage.counted(wanted, people, book)}
    assert covers[here, "ASN"] == (who(database, "ana"),)
    assert ben in covers[there, "ASN"]
    assert covers[here, "THL"] == ()
    assert "secretariat" not in {names[division] for division, _group in covers}


def test_who_was_in_the_office_on_the_last_monday_of_a_published_month_is_told(database: Database) -> None:
    hana, ben = viewer_of(database, "hana"), who(database, "ben")
    with database.transaction() as db:
        plan_range(db, hana, ben, date(2026, 11, 30), mode=PlanMode.HOME, layer=PlanLayer.ROSTER)

    def told() -> dict[int, tuple[bool, bool]]:
        return {one.id: (one.monday, one.friday) for one in build(database).problem.people}

    assert set(told().values()) == {(False, False)}, "nobody has published November"
    with database.transaction() as db:
        facts = {"version": 1, "published": 1, "created_at": MORNING}
        db.add(RosterPlan(office_id=1, division_id=desk(database), month=date(2026, 11, 1), **facts))
    assert told()[ben] == (False, True)
    assert told()[who(database, "ana")] == (True, True)
