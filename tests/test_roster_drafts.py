"""Drafts of the duty roster: who writes them, their steps, and what publishing makes of them."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import clock, office, workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import (
    Account,
    Division,
    HomeOnly,
    Notice,
    Officer,
    PlanEnding,
    PlanGrant,
    PlanLayer,
    PlanMode,
    RosterAct,
    RosterStep,
    RuleSet,
)
from staffhub.roster import covering, drafts, excuses, grants, grid, plan, problem, publishing
from staffhub.roster.drafts import Cell, Draft
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, add_posting, plan_range, race, viewer_of
from tests.page_forms import form_of

HOME, OFFICE, FIELD = Cell(PlanMode.HOME), Cell(PlanMode.OFFICE), Cell(PlanMode.FIELD)
MONTH = date(2026, 12, 1)
A, B, C = (MONTH + timedelta(days=n) for n in range(3))  # Tuesday to Thursday
FRIDAY, MONDAY = date(2026, 12, 4), date(2026, 12, 7)


@pytest.fixture
def ana(database: Database) -> Viewer:
    return viewer_of(database, "ana")


def _officer(database: Database, username: str) -> int:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    return officer_id


def _division(me: Viewer) -> int:
    assert me.division_id
    return me.division_id


def _draft(database: Database, me: Viewer, month: date = MONTH, **more: Any) -> Draft:
    with database.reading() as db:
        division = more.pop("division", None) or _division(me)
        return drafts.draft_for(db, me, division, month, today=TODAY, **more)


def _write(database: Database, me: Viewer, changes: drafts.Changes, **more: Any) -> int:
    """Write on the newest version, unless another one is said."""
    draft = _draft(database, me, more.pop("month", MONTH))
    facts = {"act": RosterAct.CHANGED, "version": draft.version, "now": MORNING} | more
    with database.transaction() as db:
        return drafts.write(db, me, draft, changes, **facts)


def _undo(database: Database, me: Viewer, **more: Any) -> int:
    draft = _draft(database, me)
    with database.transaction() as db:
        return drafts.undo(db, me, draft, **{"version": draft.version, "now": MORNING} | more)


def _publish(database: Database, me: Viewer, month: date = MONTH, **more: Any) -> publishing.Published:
    draft = _draft(database, me, month)
    with database.transaction() as db:
        return publishing.publish(db, me, draft, **{"version": draft.version, "now": MORNING} | more)


def _cells(database: Database, me: Viewer) -> Mapping[drafts.Key, Cell]:
    return _draft(database, me).cells


def _modes(database: Database, officer_id: int, *days: date) -> list[PlanMode | None]:
    with database.reading() as db:
        book = workdays.plans(db, 1, min(days), max(days))
        return [book.of(officer_id, day).mode for day in days]


def _ranges(database: Database) -> list[tuple[int, date, date, PlanMode]]:
    columns = sa.select(PlanGrant.officer_id, PlanGrant.first, PlanGrant.last, PlanGrant.mode)
    with database.reading() as db:
        return [tuple(row) for row in db.execute(columns.order_by(PlanGrant.id))]  # type: ignore[misc]


def test_hr_and_heads_write_the_roster_and_a_head_of_a_bidang_only_the_own_one(database: Database, ana: Viewer) -> None:
    for username in ("ana", "hana", "dewi"):
        draft = _draft(database, viewer_of(database, username), division=_division(ana), edit=True)
        assert (draft.version, draft.cells) == (0, {})
    for username in ("ben", "cy", "adi"):
        with pytest.raises(Forbidden):
            _draft(database, viewer_of(database, username), division=_division(ana), edit=True)
    with pytest.raises(Forbidden):
        _draft(database, viewer_of(database, "ben"), division=_division(ana))
    with pytest.raises(Forbidden):
        _draft(database, ana, division=viewer_of(database, "cy").division_id)
    with pytest.raises(NotFound):
        _draft(database, viewer_of(database, "oka"), division=_division(ana))
    with pytest.raises(Refused):
        _draft(database, ana, month=date(2026, 10, 1), edit=True)


def test_a_step_keeps_what_was_and_what_became_and_nobody_sees_it_in_the_plan(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    assert _write(database, ana, {(ben, A): HOME, (ben, B): OFFICE}) == 1
    assert _write(database, ana, {(ben, A): HOME._replace(locked=True), (ben, B): OFFICE}, act=RosterAct.LOCKED) == 2
    assert _write(database, ana, {(ben, B): OFFICE}) == 2  # nothing differs
    assert _cells(database, ana) == {(ben, A): Cell(PlanMode.HOME, None, True), (ben, B): OFFICE}
    with database.reading() as db:
        step = db.scalars(sa.select(RosterStep).where(RosterStep.turn == 2)).one()
    assert step.changes == [[ben, A.isoformat(), ["home", None, False], ["home", None, True]]]
    assert _modes(database, ben, A) == [PlanMode.OFFICE]


def test_who_changes_an_older_version_is_told_and_nothing_is_lost(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    _write(database, ana, {(ben, A): HOME})
    for verb in (
        lambda: _write(database, ana, {(ben, A): FIELD}, version=0),
        lambda: _undo(database, ana, version=0),
        lambda: _publish(database, ana, version=5),
    ):
        with pytest.raises(Conflict):
            verb()
    assert _cells(database, ana) == {(ben, A): HOME}


def test_two_heads_who_begin_a_month_at_once_make_one_draft_and_the_second_is_told(
    database: Database, ana: Viewer
) -> None:
    ben, hana = _officer(database, "ben"), viewer_of(database, "hana")
    draft = _draft(database, ana)

    def write(db: Any, me: Viewer, cell: Cell) -> int:
        return drafts.write(db, me, draft, {(ben, A): cell}, act=RosterAct.CHANGED, version=0, now=MORNING)

    def second() -> int:
        with database.transaction() as db:
            return write(db, hana, FIELD)

    with pytest.raises(Conflict):
        race(database, lambda db: write(db, ana, HOME), second)
    assert _cells(database, ana) == {(ben, A): HOME}


def test_a_hand_writes_only_working_days_to_come_of_those_who_serve_in_the_bidang(
    database: Database, ana: Viewer
) -> None:
    ben, cy = _officer(database, "ben"), _officer(database, "cy")
    saturday, christmas = date(2026, 12, 5), date(2026, 12, 25)
    for key in ((ben, saturday), (ben, christmas), (cy, A), (ben, date(2027, 1, 4))):
        with pytest.raises(Refused):
            _write(database, ana, {key: HOME})
    for wrong in (Cell(PlanMode.LEAVE), Cell(PlanMode.HOME, desk=9999)):
        with pytest.raises(Refused):
            _write(database, ana, {(ben, A): wrong})
    with pytest.raises(Refused):
        _write(database, ana, {(ben, TODAY - timedelta(days=3)): HOME}, month=TODAY.replace(day=1))
    # What was worked out leaves them aside.
    _write(database, ana, {(ben, saturday): HOME, (cy, A): HOME, (ben, A): HOME}, act=RosterAct.PROPOSED)
    assert _cells(database, ana) == {(ben, A): HOME}


def test_the_cell_of_somebody_who_moved_stands_where_the_person_serves_now(database: Database, ana: Viewer) -> None:
    ben, cy = _officer(database, "ben"), viewer_of(database, "cy")
    hana = viewer_of(database, "hana")
    _write(database, ana, {(ben, A): HOME, (ben, FRIDAY): HOME})
    with database.transaction() as db:
        add_posting(db, ben, FRIDAY, division_id=cy.division_id)
        there = drafts.draft_for(db, hana, cy.division_id or 0, MONTH, today=TODAY, edit=True)
        drafts.write(db, hana, there, {(ben, FRIDAY): FIELD}, act=RosterAct.CHANGED, version=0, now=MORNING)
    assert _cells(database, ana) == {(ben, A): HOME}
    _publish(database, ana)
    assert _modes(database, ben, A, FRIDAY) == [PlanMode.HOME, PlanMode.OFFICE]


@pytest.mark.parametrize("act", [act for act in RosterAct if act not in {RosterAct.UNDONE, RosterAct.PUBLISHED}])
def test_a_step_of_any_kind_is_taken_back_and_brought_again(database: Database, ana: Viewer, act: RosterAct) -> None:
    ben = _officer(database, "ben")
    _write(database, ana, {(ben, A): HOME})
    _write(database, ana, {(ben, A): FIELD, (ben, B): OFFICE}, act=act)
    _undo(database, ana)
    assert _cells(database, ana) == {(ben, A): HOME}
    _undo(database, ana, again=True)
    assert _cells(database, ana) == {(ben, A): FIELD, (ben, B): OFFICE}


def test_undoing_goes_back_step_by_step_and_what_is_written_then_ends_redoing(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    for cell in (HOME, OFFICE, FIELD):
        _write(database, ana, {(ben, A): cell})
    seen = []
    for again in (False, False, True, False, False):
        _undo(database, ana, again=again)
        seen.append(_cells(database, ana).get((ben, A)))
    assert seen == [OFFICE, HOME, OFFICE, HOME, None]
    with pytest.raises(Refused):
        _undo(database, ana)
    _undo(database, ana, again=True)
    _write(database, ana, {(ben, B): FIELD})
    with pytest.raises(Refused):
        _undo(database, ana, again=True)
    assert _cells(database, ana) == {(ben, A): HOME, (ben, B): FIELD}


def test_what_was_published_is_not_taken_back_by_undoing(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    _write(database, ana, {(ben, A): HOME})
    _publish(database, ana)
    with pytest.raises(Refused):
        _undo(database, ana)
    _write(database, ana, {(ben, A): FIELD})
    _undo(database, ana)
    assert _cells(database, ana) == {(ben, A): HOME}


def test_publishing_writes_as_few_ranges_as_can_be_over_weekends_and_a_second_tap_nothing(
    database: Database, ana: Viewer
) -> None:
    ben, tia = _officer(database, "ben"), _officer(database, "tia")
    _write(database, ana, {(ben, day): HOME for day in (C, FRIDAY, MONDAY)} | {(ben, A): HOME, (tia, A): OFFICE})
    first = _publish(database, ana)
    assert first.told == {ben: [A, C, FRIDAY, MONDAY]}
    assert _ranges(database) == [
        (ben, A, A, PlanMode.HOME),
        (ben, C, MONDAY, PlanMode.HOME),
        (tia, A, A, PlanMode.OFFICE),
    ]
    assert _modes(database, ben, A, B, C, FRIDAY, date(2026, 12, 5), MONDAY) == [
        PlanMode.HOME,
        PlanMode.OFFICE,
        PlanMode.HOME,
        PlanMode.HOME,
        None,
        PlanMode.HOME,
    ]
    again = _publish(database, ana, version=first.version - 1)
    assert (again.version, again.first_time) == (first.version, False)
    assert not _publish(database, ana).first_time
    assert len(_ranges(database)) == 3


def test_a_desk_of_another_bidang_goes_with_the_range(database: Database, ana: Viewer) -> None:
    ben, desk = _officer(database, "ben"), viewer_of(database, "cy").division_id
    _write(database, ana, {(ben, A): Cell(PlanMode.OFFICE, desk), (ben, B): OFFICE})
    assert _publish(database, ana).told == {ben: [A]}
    with database.reading() as db:
        rows = db.execute(sa.select(PlanGrant.first, PlanGrant.last, PlanGrant.desk_id).order_by(PlanGrant.first))
        assert [tuple(row) for row in rows] == [(A, A, desk), (B, B, None)]


def test_publishing_again_ends_what_changed_and_writes_what_is_new_and_nothing_else(
    database: Database, ana: Viewer
) -> None:
    ben = _officer(database, "ben")
    _write(database, ana, {(ben, day): HOME for day in (A, B, C, FRIDAY, MONDAY)})
    _publish(database, ana)
    _write(database, ana, {(ben, FRIDAY): OFFICE, (ben, MONDAY): OFFICE})
    assert _publish(database, ana).told == {ben: [FRIDAY, MONDAY]}
    assert _ranges(database) == [(ben, A, MONDAY, PlanMode.HOME), (ben, FRIDAY, MONDAY, PlanMode.OFFICE)]
    with database.reading() as db:
        ended = [(row.first, row.last) for row in db.scalars(sa.select(PlanEnding))]
    assert ended == [(FRIDAY, MONDAY)]
    assert _modes(database, ben, C, FRIDAY) == [PlanMode.HOME, PlanMode.OFFICE]


def test_a_duty_on_a_saturday_between_stays(database: Database, ana: Viewer) -> None:
    ben, saturday = _officer(database, "ben"), date(2026, 12, 5)
    with database.transaction() as db:
        plan_range(db, ana, ben, saturday, mode=PlanMode.OFFICE, layer=PlanLayer.ROSTER, on_free_days=True)
    _write(database, ana, {(ben, FRIDAY): HOME, (ben, MONDAY): HOME})
    _publish(database, ana)
    assert _modes(database, ben, FRIDAY, saturday, MONDAY) == [PlanMode.HOME, PlanMode.OFFICE, PlanMode.HOME]


def test_days_that_are_over_stay_as_they_were_published(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    _write(database, ana, {(ben, A): HOME, (ben, B): HOME})
    _publish(database, ana)
    _write(database, ana, {(ben, A): OFFICE, (ben, B): OFFICE})
    later = MORNING + (B - TODAY)
    assert _publish(database, ana, now=later).told == {ben: [B]}
    assert _modes(database, ben, A, B) == [PlanMode.HOME, PlanMode.OFFICE]


def test_once_the_work_of_today_has_begun_the_roster_says_it_no_longer(database: Database, ana: Viewer) -> None:
    ben, tia, later = _officer(database, "ben"), _officer(database, "tia"), TODAY.replace(day=30)
    _write(database, ana, {(ben, TODAY): HOME, (tia, TODAY): HOME, (ben, later): HOME}, month=TODAY)
    at_work = MORNING + timedelta(minutes=18)  # 07.30, when the office begins
    with pytest.raises(publishing.Broken, match="23 November"):
        _publish(database, ana, TODAY, now=at_work - timedelta(minutes=1))
    with pytest.raises(Refused, match="Jam kerja hari ini sudah mulai"):
        _write(database, ana, {(ben, TODAY): OFFICE}, month=TODAY, now=at_work)
    # Nobody of the group of Tia is there today by the draft; that is past planning, and bars nothing.
    assert _publish(database, ana, TODAY, now=at_work).told == {ben: [later]}
    assert _modes(database, ben, TODAY, later) == [PlanMode.OFFICE, PlanMode.HOME]
    draft = _draft(database, ana, TODAY)
    with database.reading() as db:
        opens = drafts.first_open(db, ana, at_work)
        shown = grid.draft_grid(db, ana, draft, since=opens)
    assert opens == TODAY + timedelta(days=1)
    assert shown.changes == 0, "what is left in the draft of today says nothing any more"


def test_those_whose_days_changed_are_told_which_and_nobody_else(database: Database, ana: Viewer) -> None:
    ben, tia = _officer(database, "ben"), _officer(database, "tia")
    with database.transaction() as db:
        plan_range(db, ana, ben, B)  # leave, under which nothing changes
    # Tia comes to the office as every day.
    _write(database, ana, {(ben, A): HOME, (ben, B): HOME, (ben, FRIDAY): FIELD, (tia, A): OFFICE})
    _publish(database, ana)
    with database.reading() as db:
        told = db.execute(
            sa.select(Officer.id, Notice.params)
            .join(Account, Account.id == Notice.account_id)
            .join(Officer, Officer.id == Account.officer_id)
            .where(Notice.kind == "roster_published")
        ).all()
    assert [tuple(row) for row in told] == [(ben, {"month": "2026-12-01", "days": ["2026-12-01", "2026-12-04"]})]


def test_of_two_heads_who_publish_at_once_one_wins_and_the_other_is_told(database: Database, ana: Viewer) -> None:
    ben, hana = _officer(database, "ben"), viewer_of(database, "hana")
    _write(database, ana, {(ben, A): HOME})
    draft = _draft(database, ana)

    def change_and_publish(db: Any) -> None:
        turn = drafts.write(db, ana, draft, {(ben, B): HOME}, act=RosterAct.CHANGED, version=1, now=MORNING)
        publishing.publish(db, ana, draft, version=turn, now=MORNING)

    def second() -> publishing.Published:
        with database.transaction() as db:
            return publishing.publish(db, hana, draft, version=1, now=MORNING)

    with pytest.raises(Conflict):
        race(database, change_and_publish, second)
    assert _ranges(database) == [(ben, A, B, PlanMode.HOME)]


def test_an_empty_draft_is_not_published(database: Database, ana: Viewer) -> None:
    with pytest.raises(Refused):
        _publish(database, ana)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Division).where(Division.id == _division(ana)))


def test_a_draft_that_leaves_nobody_of_a_group_is_refused_with_the_days_until_they_are_excused(
    database: Database, ana: Viewer
) -> None:
    tia = _officer(database, "tia")
    _write(database, ana, {(tia, A): HOME, (tia, FRIDAY): HOME})
    with pytest.raises(publishing.Broken) as refused:
        _publish(database, ana)
    assert [(one.day, one.group, one.have, one.minimum) for one in refused.value.covers] == [
        (A, "THL", 0, 1),
        (FRIDAY, "THL", 0, 1),
    ]
    assert _ranges(database) == []
    draft = _draft(database, ana)
    with database.transaction() as db:
        days = [f"{day} THL" for day in (A, FRIDAY)]
        assert excuses.excuse(db, ana, draft, days, reason="Loket tutup", now=MORNING) == 2
        with pytest.raises(Refused):
            excuses.excuse(db, ana, draft, ["2026-12-05 THL"], reason="Libur", now=MORNING)
    assert _publish(database, ana).told == {tia: [A, FRIDAY]}


def test_more_than_the_rule_allows_is_refused_with_the_days(database: Database, ana: Viewer) -> None:
    coverage = sa.select(RuleSet).where(RuleSet.office_id == ana.office_id, RuleSet.kind == "coverage")
    with database.transaction() as db:
        rule = db.scalars(coverage).one()
        groups = [group | {"maximum": 1} for group in rule.values["groups"]]
        db.execute(sa.update(RuleSet).where(RuleSet.id == rule.id).values(values={"groups": groups}))
        book = workdays.calendar(db, ana.office_id)
        others = [day for day in clock.month_days(MONTH) if day != A and book.is_working_day(day)]
    ben, own = _officer(database, "ben"), _officer(database, "ana")
    cells = dict.fromkeys([(ben, day) for day in others], HOME) | dict.fromkeys([(own, A), (ben, A)], OFFICE)
    _write(database, ana, cells)
    with pytest.raises(publishing.Broken, match="paling banyak 1") as refused:
        _publish(database, ana)
    assert [(one.day, one.group, one.have) for one in refused.value.covers] == [(A, "ASN", 2)]


def test_whoever_works_from_home_by_a_letter_is_not_put_into_the_office(database: Database, ana: Viewer) -> None:
    ben = _officer(database, "ben")
    facts = {"document": "440/12", "created_at": MORNING, "idempotency_key": "k", "version": 1}
    with database.transaction() as db:
        db.add(HomeOnly(office_id=ana.office_id, officer_id=ben, first=A, last=B, **facts))
    _write(database, ana, {(ben, B): OFFICE, (ben, C): OFFICE})
    letter = "Ben Tumiwa bekerja dari rumah berdasarkan surat, juga pada"
    with pytest.raises(Refused, match=f"{letter} 1 Desember 2026, 2 Desember 2026"):
        _publish(database, ana)
    _write(database, ana, {(ben, B): HOME})
    with pytest.raises(Refused, match=f"{letter} 1 Desember 2026"):
        _publish(database, ana)  # of which the draft says nothing, and the usual week the office
    _write(database, ana, {(ben, A): HOME})
    assert _publish(database, ana).told == {ben: [A, B]}


def test_who_is_lent_counts_at_the_other_desk_and_coming_back_must_not_leave_it_empty(
    database: Database, ana: Viewer
) -> None:
    hana, cy = viewer_of(database, "hana"), viewer_of(database, "cy")
    desk = cy.division_id or 0
    with database.transaction() as db:
        plan_range(db, ana, cy.officer_id, A)  # the only one there is on leave
    ben, tia = _officer(database, "ben"), _officer(database, "tia")
    lent = Cell(PlanMode.OFFICE, desk)
    with database.reading() as db:
        lacking = covering.month_of(db, 1, desk, [A]).broken()
        would = covering.month_of(db, 1, desk, [A], cells={}).covers()
    assert {one.group for one in lacking} == {"ASN", "THL"}
    assert would[A][0].have == 0
    _write(database, ana, {(ben, A): lent})
    with database.reading() as db:
        assert [one.have for one in covering.month_of(db, 1, desk, [A], cells={}).covers()[A]] == [1, 0]
        assert [one.have for one in covering.month_of(db, 1, desk, [A]).covers()[A]] == [0, 0]
    _publish(database, ana)
    with database.reading() as db:
        assert [one.have for one in covering.month_of(db, 1, desk, [A]).covers()[A]] == [1, 0]
    other = _draft(database, hana, division=desk)
    with database.transaction() as db:
        days = [f"{day} {group}" for day, group in _lacking(db, desk)]
        excuses.excuse(
            db, hana, other, [day for day in days if "2026-12-01 ASN" not in day], reason="Sepi", now=MORNING
        )
    _write(database, ana, {(ben, A): OFFICE})
    with pytest.raises(publishing.Broken):
        _publish(database, ana)
    # Tia cannot be lent for her: she alone is of her group at home.
    _write(database, ana, {(ben, A): lent, (tia, A): lent})
    with pytest.raises(publishing.Broken):
        _publish(database, ana)


def _waiting(database: Database, ana: Viewer) -> Callable[[], publishing.Published]:
    """Let the draft of Ana lend Ben to the bidang of Cy, who is on leave; return how the roster there is published."""
    hana, cy, ben = viewer_of(database, "hana"), viewer_of(database, "cy"), _officer(database, "ben")
    desk = cy.division_id or 0
    with database.transaction() as db:
        plan_range(db, ana, cy.officer_id, A)  # the only one there is on leave
    _write(database, ana, {(ben, A): Cell(PlanMode.OFFICE, desk)})

    def publish() -> publishing.Published:
        draft = _draft(database, hana, division=desk)
        with database.transaction() as db:
            return publishing.publish(db, hana, draft, version=draft.version, now=MORNING)

    draft = _draft(database, hana, division=desk)
    with database.transaction() as db:
        asked = [f"{day} {group}" for day, group in _lacking(db, desk) if (day, group) != (A, "ASN")]
        excuses.excuse(db, hana, draft, asked, reason="Sepi", now=MORNING)
        cells: drafts.Changes = {(cy.officer_id or 0, B): OFFICE}
        drafts.write(db, hana, draft, cells, act=RosterAct.CHANGED, version=draft.version, now=MORNING)
    return publish


def test_who_waits_for_a_loan_that_is_not_published_is_told_whose_roster_comes_first(
    database: Database, ana: Viewer
) -> None:
    publish = _waiting(database, ana)
    with pytest.raises(publishing.Broken) as refused:
        publish()
    first = "Terbitkan dahulu jadwal Pendaftaran Penduduk, yang meminjamkan Ben"
    assert first in refused.value.message
    _publish(database, ana)
    assert publish().told == {}


@pytest.mark.parametrize(
    "taken",
    [{"mode": PlanMode.LEAVE}, {"mode": PlanMode.FIELD, "layer": PlanLayer.DUTY}, None],
    ids=["leave", "order", "letter"],
)
@pytest.mark.parametrize("published", [True, False])
def test_nobody_waits_for_a_loan_that_brings_nobody(
    database: Database, ana: Viewer, taken: dict[str, Any] | None, published: bool
) -> None:
    publish, ben = _waiting(database, ana), _officer(database, "ben")
    if published:
        _publish(database, ana)
    with database.transaction() as db:
        if taken:
            plan_range(db, ana, ben, A, **taken)
        else:
            facts = {"document": "1", "created_at": MORNING, "idempotency_key": "letter", "version": 1}
            db.add(HomeOnly(office_id=1, officer_id=ben, first=A, last=A, **facts))
    with pytest.raises(publishing.Broken) as refused:
        publish()
    assert refused.value.lenders == []


def test_two_bidang_that_lend_to_each_other_are_published_in_one_press(world: World) -> None:
    database, ana, hr = world.database, world.viewer("ana"), world.viewer("hana")
    ben, cy = world.viewer("ben"), world.viewer("cy")
    here, there = _division(ana), _division(cy)
    head = _officer(database, "ana")
    away = {(head, A): HOME, (ben.officer_id or 0, A): Cell(PlanMode.OFFICE, there)}
    _write(database, ana, away)  # so that only Cy, who is lent in return, is of the group here
    hana = world.client("hana")
    back = _draft(database, hr, division=there)
    with database.transaction() as db:
        cells = {(cy.officer_id or 0, A): Cell(PlanMode.OFFICE, here)}
        drafts.write(db, hr, back, cells, act=RosterAct.CHANGED, version=0, now=MORNING)
        days = [f"{day} {group}" for day, group in _lacking(db, there) if (day, group) != (A, "ASN")]
        excuses.excuse(db, hr, back, days, reason="Sepi", now=MORNING)
    ours, theirs = (f"/roster/drafts/{one}/2026-12/publish" for one in (here, there))
    together = "keduanya sekaligus"
    for client, address in ((world.client("ana"), ours), (hana, theirs)):
        refused = client.post(address, data={"version": "1"})
        assert refused.status_code == 422
        assert "Terbitkan dahulu jadwal" in refused.text
        assert (together in refused.text) == (client is not hana)
    form = form_of(refused.text, theirs)
    assert form == {"version": ["1"], "together": [f"{here}.1"]}
    assert world.client("ana").post(ours, data={"version": "1", "together": f"{there}.1"}).status_code == 403
    stale = hana.post(theirs, data=form | {"together": f"{here}.0"})
    assert stale.status_code == 409
    for _tap in range(2):
        assert hana.post(theirs, data=form).status_code == 303
    with database.reading() as db:
        assert {drafts.read(db, 1, one, MONTH).published for one in (here, there)} == {2}
        assert not _lacking(db, here)
    book = _book(database)
    assert (book.of(ben.officer_id or 0, A).desk, book.of(cy.officer_id or 0, A).desk) == (there, here)


def _book(database: Database) -> workdays.PlanBook:
    with database.reading() as db:
        return workdays.plans(db, 1, A, A)


def _lacking(db: Any, desk: int) -> list[tuple[date, str]]:
    draft = drafts.read(db, 1, desk, MONTH)
    return [(one.day, one.group) for one in covering.month_of(db, 1, desk, draft.days).broken()]


def test_the_head_of_the_office_is_planned_with_the_secretariat_and_stays_where_the_rule_says_so(
    database: Database,
) -> None:
    hana, dewi = viewer_of(database, "hana"), _officer(database, "dewi")
    with database.reading() as db:
        secretariat = office.secretariat(db, 1)
    assert secretariat == hana.division_id
    _write(database, hana, {(dewi, A): HOME, (dewi, B): OFFICE})
    assert _publish(database, hana).told == {dewi: [A]}, "no rule keeps her"
    with database.transaction() as db:
        rule = db.scalars(sa.select(RuleSet).where(RuleSet.office_id == 1, RuleSet.kind == "coverage")).one()
        rule.values = rule.values | {"levels": 1}
    _write(database, hana, {(dewi, C): HOME})
    with pytest.raises(publishing.Broken, match=r"1 Desember 2026: Dewi Ondang harus berada di kantor \(Pimpinan\)"):
        _publish(database, hana)
    with database.reading() as db:
        month = problem.load(db, 1, MONTH, opens=TODAY)
    stay = {one.day: one.excluded for one in problem.build(month, [secretariat]).problem.shares}
    assert stay[C] == {dewi}
    draft = _draft(database, hana)
    for _tap in range(2):
        with database.transaction() as db:
            days = [f"{day} Pimpinan" for day in (A, C)]
            assert excuses.excuse(db, hana, draft, days, reason="Rakornas", now=MORNING) == len(days)
    assert _publish(database, hana).told == {dewi: [C]}


def test_publishing_waits_for_a_leave_that_is_being_granted_and_then_sees_it(database: Database, ana: Viewer) -> None:
    ben, hana = _officer(database, "ben"), viewer_of(database, "hana")
    draft = _draft(database, ana)
    head = _officer(database, "ana")
    _write(database, ana, {(ben, A): HOME})
    with database.reading() as db:
        planned = plan.officer_for(db, hana, head, today=TODAY, edit=True)

    def publish() -> publishing.Published:
        with database.transaction() as db:
            return publishing.publish(db, ana, draft, version=1, now=MORNING)

    # With Ben at home Ana alone is there of her group, and she goes on leave.
    with pytest.raises(publishing.Broken):
        race(
            database,
            lambda db: grants.grant(db, hana, planned, first=A, last=A, mode=PlanMode.LEAVE, now=MORNING),
            publish,
        )
    assert _modes(database, ben, A) == [PlanMode.OFFICE]


def test_publishing_waits_for_the_leave_of_somebody_whom_another_bidang_lends(database: Database, ana: Viewer) -> None:
    ben, head = _officer(database, "ben"), _officer(database, "ana")
    hana, cy = viewer_of(database, "hana"), viewer_of(database, "cy")
    with database.transaction() as db:
        lent = {"mode": PlanMode.OFFICE, "layer": PlanLayer.ROSTER, "desk_id": ana.division_id}
        plan_range(db, hana, cy.officer_id, A, **lent)
    _write(database, ana, {(ben, A): HOME, (head, A): HOME})  # so Cy alone is there of the group
    draft = _draft(database, ana)
    with database.reading() as db:
        planned = plan.officer_for(db, hana, cy.officer_id or 0, today=TODAY, edit=True)

    def publish() -> publishing.Published:
        with database.transaction() as db:
            return publishing.publish(db, ana, draft, version=1, now=MORNING)

    with pytest.raises(publishing.Broken):
        race(
            database,
            lambda db: grants.grant(db, hana, planned, first=A, last=A, mode=PlanMode.LEAVE, now=MORNING),
            publish,
        )
    assert _modes(database, ben, A) == [PlanMode.OFFICE]
