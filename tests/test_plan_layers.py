"""What was granted stays as it was granted; what a date becomes is worked out from the layers over it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staffhub import workdays
from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, Division, HolidayKind, PlanEnding, PlanEntry, PlanGrant, PlanLayer, PlanMode
from staffhub.roster import grants, plan, sheet
from staffhub.workdays import Calendar, Granted, Plan, PlanBook
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_roster import _officer, _plan, _write
from tests.test_workdays import RULE

LEAVE, DUTY, HAND, ROSTER = PlanLayer.LEAVE, PlanLayer.DUTY, PlanLayer.HAND, PlanLayer.ROSTER
FIRST, LAST = date(2026, 12, 7), date(2026, 12, 11)  # Monday to Friday
WEDNESDAY, SATURDAY, SUNDAY = date(2026, 12, 9), date(2026, 12, 12), date(2026, 12, 13)
AWAY: dict[str, Any] = {"first": FIRST, "last": LAST, "mode": PlanMode.LEAVE, "note": "Cuti tahunan"}


@pytest.fixture
def ana(database: Database) -> Any:
    return viewer_of(database, "ana")


@pytest.fixture
def ben(database: Database, ana: Any) -> plan.Planned:
    return _officer(database, ana, "ben")


def _run(database: Database, verb: Callable[..., int], *args: Any, **facts: Any) -> int:
    with database.transaction() as db:
        return verb(db, *args, **facts, now=MORNING)


def _modes(database: Database, officer: plan.Planned, first: date = FIRST, days: int = 7) -> str:
    letters = {None: "L", "office": "K", "home": "R", "field": "D", "leave": "C"}
    return "".join(letters[_plan(database, officer, first + timedelta(days=n)).mode] for n in range(days))


def _holiday(database: Database, day: date) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        workdays.add_holiday(db, hana, day=day, name="Libur", kind=HolidayKind.LOCAL, source="SK", now=MORNING)


def test_a_holiday_that_comes_later_costs_no_leave_day(database: Database, ana: Any, ben: plan.Planned) -> None:
    assert _write(database, ana, ben, **AWAY).days == 5
    _holiday(database, WEDNESDAY)
    assert _modes(database, ben) == "CCLCCLL"
    assert _plan(database, ben, WEDNESDAY).source == "holiday"


def test_a_holiday_taken_away_inside_a_leave_is_leave(database: Database, ana: Any, ben: plan.Planned) -> None:
    _holiday(database, WEDNESDAY)
    assert _write(database, ana, ben, **AWAY).days == 4
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        line = next(one for one in workdays.holidays_of(db, hana, 2026) if one.date == WEDNESDAY)
        assert (line.leave, line.duty) == (1, 0), "whoever removes it sees whose leave it lies in"
        workdays.remove_holiday(db, hana, line.id, now=MORNING)
    assert _modes(database, ben) == "CCCCCLL"


def test_a_weekend_in_a_duty_order_is_no_work_and_a_day_of_duty_on_one_is(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    duty = {"mode": PlanMode.FIELD, "layer": DUTY, "document": "ST 094/130"}
    assert _write(database, ana, ben, first=FIRST, last=FIRST + timedelta(days=8), **duty).days == 7
    assert _modes(database, ben, days=9) == "DDDDDLLDD"
    _write(database, ana, ben, first=SATURDAY, last=SATURDAY, mode=PlanMode.OFFICE)
    found = _plan(database, ben, SATURDAY)
    assert (found.mode, found.source, found.over) == (PlanMode.OFFICE, "hand", ()), "the order is for working days"
    _write(database, ana, ben, first=FIRST, last=SUNDAY, mode=PlanMode.LEAVE)
    assert _modes(database, ben, days=9) == "CCCCCCLDD", "who is on leave is on no duty, on no day"


def test_a_range_written_for_free_days_too_is_work_on_them(database: Database, ana: Any, ben: plan.Planned) -> None:
    with pytest.raises(Refused):
        _write(database, ana, ben, first=SATURDAY, last=SUNDAY)
    assert _write(database, ana, ben, first=SATURDAY, last=SUNDAY, on_free_days=True).days == 2
    assert _modes(database, ben, SATURDAY, 2) == "RR"
    with pytest.raises(Refused):
        _write(database, ana, ben, first=SUNDAY, last=SUNDAY, mode=PlanMode.LEAVE, on_free_days=True)


def test_leave_over_a_planned_day_brings_it_back_when_it_is_withdrawn(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    _write(database, ana, ben, first=WEDNESDAY, last=WEDNESDAY, mode=PlanMode.HOME, note="Piket rumah")
    leave = _write(database, ana, ben, **AWAY)
    found = _plan(database, ben, WEDNESDAY)
    assert found.mode is PlanMode.LEAVE
    assert [(one.mode, one.note) for one in found.over] == [(PlanMode.HOME, "Piket rumah")]
    with database.reading() as db:
        month = sheet.month_sheet(db, ana, month=WEDNESDAY)
    (row,) = [row for group in month.groups for row in group.rows if row.id == ben.id]
    assert row.cells[6:11] == ["C", "C", "C*", "C", "C"], "the month says so too"
    assert _run(database, grants.withdraw, ana, ben, leave.grant_id) == 5
    assert _modes(database, ben) == "KKRKKLL"
    assert _plan(database, ben, WEDNESDAY).over == ()


def test_what_is_written_under_a_leave_is_told_so(database: Database, ana: Any, ben: plan.Planned) -> None:
    _write(database, ana, ben, **AWAY)
    written = _write(database, ana, ben, first=LAST, last=LAST + timedelta(days=4), mode=PlanMode.HOME)
    assert (written.days, written.hidden) == (3, 1)


def test_in_one_layer_the_newest_holds_says_what_it_covers_and_gives_it_back(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    older = _write(database, ana, ben, **AWAY)
    newer = _write(database, ana, ben, first=WEDNESDAY, last=LAST, mode=PlanMode.LEAVE, note="Cuti sakit")
    assert [line.id for line in newer.replaced] == [older.grant_id]
    assert _plan(database, ben, WEDNESDAY).note == "Cuti sakit"
    with database.reading() as db:
        lines = {line.id: line for line in grants.lines_of(db, ana, ben, FIRST, LAST)}
    assert lines[older.grant_id].covered == [WEDNESDAY, date(2026, 12, 10), LAST]
    _run(database, grants.withdraw, ana, ben, newer.grant_id)
    assert {_plan(database, ben, FIRST + timedelta(days=n)).note for n in range(5)} == {"Cuti tahunan"}


def test_a_date_is_taken_out_and_a_range_is_shortened_and_what_was_granted_stays_written(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    leave = _write(database, ana, ben, **AWAY).grant_id
    for _twice in range(2):
        _run(database, grants.take_out, ana, ben, leave, day=WEDNESDAY)
    assert _modes(database, ben) == "CCKCCLL"
    assert _run(database, grants.shorten, ana, ben, leave, last=date(2026, 12, 10)) == 1
    assert _run(database, grants.shorten, ana, ben, leave, last=date(2026, 12, 10)) == 0, (
        "a second press changes nothing"
    )
    assert _modes(database, ben) == "CCKCKLL"
    with database.reading() as db:
        granted = db.scalars(sa.select(PlanGrant)).one()
        assert (granted.first, granted.last) == (FIRST, LAST)
        assert db.scalar(sa.select(sa.func.count(PlanEnding.id))) == 2
        told = sa.select(sa.func.count(AuditEvent.id)).where(AuditEvent.verb == "plan.taken_out")
        assert db.scalar(told) == 2


@pytest.mark.parametrize(
    ("verb", "facts", "field"),
    [
        (grants.take_out, {"day": SATURDAY}, "date"),
        (grants.shorten, {"last": LAST}, "last"),
        (grants.shorten, {"last": FIRST - timedelta(days=1)}, "last"),
    ],
)
def test_what_is_taken_out_lies_in_the_range(
    database: Database, ana: Any, ben: plan.Planned, verb: Any, facts: dict[str, Any], field: str
) -> None:
    leave = _write(database, ana, ben, **AWAY).grant_id
    with pytest.raises(Refused) as refused:
        _run(database, verb, ana, ben, leave, **facts)
    assert refused.value.field == field


def test_a_range_of_another_officer_or_office_is_not_there(database: Database, ana: Any, ben: plan.Planned) -> None:
    leave = _write(database, ana, ben, **AWAY).grant_id
    tia, oka = _officer(database, ana, "tia"), viewer_of(database, "oka")
    with pytest.raises(NotFound):
        _run(database, grants.withdraw, ana, tia, leave)
    with pytest.raises(NotFound):
        _run(database, grants.withdraw, oka, ben, leave)
    with pytest.raises(Forbidden):
        _officer(database, viewer_of(database, "cy"), "ben")


def test_a_head_leaves_the_days_that_are_over_and_hr_takes_the_whole_range_back(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    start = TODAY - timedelta(days=4)  # Thursday
    with database.transaction() as db:
        leave = plan_range(db, ana, ben.id, start, TODAY + timedelta(days=1))
    with pytest.raises(Refused):
        _run(database, grants.take_out, ana, ben, leave, day=start)
    assert _run(database, grants.withdraw, ana, ben, leave) == 2
    assert _modes(database, ben, start, 6) == "CCLLKK"
    hana = viewer_of(database, "hana")
    assert _run(database, grants.withdraw, hana, ben, leave) == 4
    assert _modes(database, ben, start, 6) == "KKLLKK"


def test_the_same_press_and_the_same_words_in_another_tab_are_written_once(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    first = _write(database, ana, ben, **AWAY, key="press-0001")
    assert _write(database, ana, ben, **AWAY, key="press-0002").grant_id == first.grant_id, "another tab"
    other = _write(database, ana, ben, **(AWAY | {"note": "Cuti besar"}), key="press-0001")
    assert other.first_time, "the form was changed and sent again: a new wish"
    late = _write(database, ana, ben, **AWAY, key="press-0001")
    assert (late.grant_id, late.first_time) == (first.grant_id, False), "a replay does not cover what came after it"
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(PlanGrant.id))) == 2


@pytest.mark.parametrize(
    ("facts", "layer"),
    [
        ({"mode": PlanMode.LEAVE}, LEAVE),
        ({"mode": PlanMode.LEAVE, "layer": HAND}, LEAVE),
        ({"mode": PlanMode.HOME}, HAND),
        ({"mode": PlanMode.FIELD, "layer": DUTY}, DUTY),
        ({"mode": PlanMode.HOME, "layer": LEAVE}, None),
        ({"mode": PlanMode.LEAVE, "layer": DUTY}, None),
    ],
)
def test_what_a_day_rests_on_follows_from_what_is_said(
    database: Database, ana: Any, ben: plan.Planned, facts: dict[str, Any], layer: PlanLayer | None
) -> None:
    if layer is None:
        with pytest.raises(Refused) as refused:
            _write(database, ana, ben, **facts)
        assert refused.value.field == "layer"
        return
    _write(database, ana, ben, **facts)
    with database.reading() as db:
        assert db.scalars(sa.select(PlanEntry.layer)).all() == [layer]


def test_of_two_heads_at_once_neither_fails_and_the_later_covers_the_earlier(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    hana = viewer_of(database, "hana")

    def write(who: Any) -> grants.Granting:
        mode = PlanMode.HOME if who is ana else PlanMode.FIELD
        return _write(database, who, ben, first=FIRST, last=LAST, mode=mode)

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, [ana, hana] * 4))
    newest = max(one.grant_id for one in written)
    assert len({one.grant_id for one in written}) == sum(one.first_time for one in written)
    with database.reading() as db:
        holding = db.execute(sa.select(PlanEntry.date, PlanEntry.grant_id).order_by(PlanEntry.date)).all()
    assert [(day, grant) for day, grant in holding] == [(FIRST + timedelta(days=n), newest) for n in range(5)]


LAYERS = st.sampled_from(list(PlanLayer))
GRANTED = st.dictionaries(LAYERS, st.sampled_from([PlanMode.OFFICE, PlanMode.HOME, PlanMode.FIELD]))


@given(modes=GRANTED, leave=st.booleans())
def test_the_highest_layer_decides_and_without_it_the_next_one_does(
    *, modes: dict[PlanLayer, PlanMode], leave: bool
) -> None:
    modes = modes | {LEAVE: PlanMode.LEAVE} if leave else {k: v for k, v in modes.items() if k is not LEAVE}

    def of(layers: dict[PlanLayer, PlanMode]) -> Plan:
        stacked = [Granted(one, layers[one]) for one in reversed(workdays.PRECEDENCE) if one in layers]
        return PlanBook(Calendar({}, (RULE,)), {}, {(1, TODAY): stacked} if stacked else {}).of(1, TODAY)

    highest = next((one for one in workdays.PRECEDENCE if one in modes), None)
    found = of(modes)
    assert found.source == (highest.value if highest else "pattern")
    assert [one.layer for one in found.over] == [one for one in workdays.PRECEDENCE if one in modes][1:]
    if highest:
        below = of({layer: mode for layer, mode in modes.items() if layer is not highest})
        assert below.source == (found.over[0].layer.value if found.over else "pattern")


STEPS = st.lists(
    st.tuples(st.sampled_from(["grant", "withdraw", "take_out", "shorten"]), st.integers(0, 11), st.integers(0, 6),
              st.sampled_from([PlanMode.HOME, PlanMode.FIELD, PlanMode.LEAVE])),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_entries_are_always_what_follows_from_what_was_granted_and_taken_out(
    database: Database, steps: list[tuple[str, int, int, PlanMode]]
) -> None:
    hana = viewer_of(database, "hana")
    ben = _officer(database, hana, "ben")
    for verb, place, length, mode in steps:
        day = FIRST + timedelta(days=place)
        with database.transaction() as db:
            ids = list(db.scalars(sa.select(PlanGrant.id).where(PlanGrant.officer_id == ben.id)))
            try:
                if verb == "grant":
                    grants.grant(db, hana, ben, first=day, last=day + timedelta(days=length), mode=mode, now=MORNING)
                elif ids and verb == "withdraw":
                    grants.withdraw(db, hana, ben, ids[place % len(ids)], now=MORNING)
                elif ids and verb == "take_out":
                    grants.take_out(db, hana, ben, ids[place % len(ids)], day=day, now=MORNING)
                elif ids:
                    grants.shorten(db, hana, ben, ids[place % len(ids)], last=day, now=MORNING)
            except Refused:
                pass
    with database.reading() as db:
        endings = db.execute(sa.select(PlanEnding.grant_id, PlanEnding.first, PlanEnding.last)).all()
        expected = {}
        for one in db.scalars(sa.select(PlanGrant).order_by(PlanGrant.id)):
            for n in range((one.last - one.first).days + 1):
                day = one.first + timedelta(days=n)
                if not any(id_ == one.id and start <= day <= end for id_, start, end in endings):
                    expected[day, one.layer] = one.id
        entries = db.execute(sa.select(PlanEntry.date, PlanEntry.layer, PlanEntry.grant_id))
        assert {(day, layer): grant for day, layer, grant in entries} == expected


def test_a_range_says_of_which_kind_it_is_and_the_same_words_of_another_kind_are_another_wish(
    database: Database, ana: Any, ben: plan.Planned
) -> None:
    first = _write(database, ana, ben, **AWAY, kind="sick")
    assert _plan(database, ben, FIRST).kind == "sick"
    assert not _write(database, ana, ben, **AWAY, kind="sick").first_time, "a second tap"
    other = _write(database, ana, ben, **AWAY, kind="annual")
    assert other.first_time
    assert other.grant_id != first.grant_id
    with database.reading() as db:
        assert [line.kind for line in grants.lines_of(db, ana, ben, FIRST, LAST)] == ["sick", "annual"]
    assert _plan(database, ben, LAST) == Plan(
        PlanMode.LEAVE, "leave", "Cuti tahunan", _plan(database, ben, LAST).hours, (), "annual", other.grant_id
    )


@pytest.mark.parametrize(
    ("mode", "kind"), [(PlanMode.LEAVE, "study"), (PlanMode.OFFICE, "study"), (PlanMode.FIELD, "sick")]
)
def test_a_kind_that_does_not_belong_to_the_place_is_refused(
    database: Database, ana: Any, ben: plan.Planned, mode: PlanMode, kind: str
) -> None:
    with pytest.raises(Refused) as refused:
        _write(database, ana, ben, first=FIRST, last=LAST, mode=mode, kind=kind)
    assert refused.value.field == "kind"


def test_a_study_assignment_is_field_duty_of_its_own_kind(database: Database, ana: Any, ben: plan.Planned) -> None:
    duty: dict[str, Any] = {"mode": PlanMode.FIELD, "layer": DUTY, "document": "ST 094/140", "kind": "study"}
    _write(database, ana, ben, first=FIRST, last=LAST, **duty)
    found = _plan(database, ben, FIRST)
    assert (found.mode, found.kind, found.is_work) == (PlanMode.FIELD, "study", True)


def test_a_plan_says_whose_desk_is_kept_by_who_is_lent(database: Database, ana: Any, ben: plan.Planned) -> None:
    with database.transaction() as db:
        desk = db.scalar(sa.select(Division.id).where(Division.code == "civil_registration"))
        plan_range(db, ana, ben.id, FIRST, LAST, mode=PlanMode.OFFICE, layer=PlanLayer.ROSTER, desk_id=desk)
        plan_range(db, ana, ben.id, LAST, mode=PlanMode.OFFICE, layer=PlanLayer.HAND)
    assert (_plan(database, ben, FIRST).desk, _plan(database, ben, LAST).desk) == (desk, None)
