"""A day on which a bidang need not keep the minimum of a group: said as excused, with its reason, everywhere."""

import pytest
from sqlalchemy.orm import Session

from staffhub import days, leave
from staffhub.db import Database
from staffhub.errors import Forbidden
from staffhub.leave import Wish
from staffhub.models import PlanLayer, PlanMode
from staffhub.reports import board, desks
from staffhub.reports.board_version import board_version
from staffhub.reports.duty_gaps import duty_gaps
from staffhub.roster import excuses, repairing
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, count_from, plan_range, viewer_of
from tests.test_calls import AT_WORK

REASON = "Loket tutup untuk kerja bakti"
HERE = "Pendaftaran Penduduk"


def _excuse(db: Session, me: Viewer, group: str = "THL") -> None:
    excuses.write(db, me, me.division_id or 0, [(TODAY, group)], reason=REASON, now=MORNING)


@pytest.fixture
def ana(database: Database) -> Viewer:
    """Tia, the contract worker of the bidang, is at home today, and its head has excused that."""
    ana, tia = viewer_of(database, "ana"), viewer_of(database, "tia")
    with database.transaction() as db:
        plan_range(db, ana, tia.officer_id, TODAY, mode=PlanMode.HOME, layer=PlanLayer.ROSTER)
        _excuse(db, ana)
    return ana


def test_the_board_and_the_desks_say_it_and_call_nobody(database: Database, ana: Viewer) -> None:
    with database.reading() as db:
        column = next(one for one in board.board(db, ana, now=AT_WORK).columns if one.name == HERE)
        desk = next(one for one in desks.desks(db, ana, now=AT_WORK).desks if one.name == HERE)
    thl = next(one for one in column.covers if one.name == "THL")
    assert (thl.have, thl.need, thl.short, thl.will_be_short, thl.is_excused) == (0, 1, False, False, True)
    assert thl.excuse == REASON
    assert not [lack for lack in desk.lacks if lack.cover.name == "THL"]


def test_a_board_that_was_worked_out_before_the_excuse_says_it_at_once(database: Database) -> None:
    ana, tia = viewer_of(database, "ana"), viewer_of(database, "tia")
    with database.transaction() as db:
        plan_range(db, ana, tia.officer_id, TODAY, mode=PlanMode.HOME, layer=PlanLayer.ROSTER)

    def excused() -> list[bool]:
        with database.reading() as db:
            whole = board.kept(db, ana, AT_WORK, board_version(db, ana, now=AT_WORK))
            return [cover.is_excused for one in whole.columns if one.name == HERE for cover in one.covers]

    assert excused() == [False, False]
    with database.transaction() as db:
        _excuse(db, ana)
    assert excused() == [False, True]


def test_repair_offers_nobody_for_it(database: Database, ana: Viewer) -> None:
    with database.reading() as db:
        found = repairing.around(db, ana.office_id, [TODAY])
        lacking = repairing.needs(db, ana.office_id, found, TODAY, TODAY, only=ana.division_id)
    assert not lacking


def test_the_gaps_of_the_month_tell_it_with_its_reason(database: Database, ana: Viewer) -> None:
    count_from(database, TODAY)
    days.close_due(database, now=MORNING.replace(day=24))
    with database.reading() as db:
        found = {gap.group: gap.excuse for gap in duty_gaps(db, ana, TODAY, TODAY)}
    assert found == {"ASN": "", "THL": REASON}


def test_whoever_decides_on_a_leave_reads_it_and_is_offered_nobody(world: World) -> None:
    ana, tia = world.viewer("ana"), world.viewer("tia")
    with world.database.transaction() as db:
        asked = leave.ask(db, tia, Wish("annual", TODAY, TODAY), key="leave-of-tia", now=MORNING)
    page = world.client("ana").get(f"/leave/{asked.leave_id}").text
    assert "karena cuti ini" in page
    with world.database.transaction() as db:
        _excuse(db, ana)
    page = world.client("ana").get(f"/leave/{asked.leave_id}").text
    assert f"dikecualikan: {REASON}" in page
    assert "karena cuti ini" not in page


def test_the_pages_say_it_in_words(world: World) -> None:
    ana, tia = world.viewer("ana"), world.viewer("tia")
    with world.database.transaction() as db:
        plan_range(db, ana, tia.officer_id, TODAY, mode=PlanMode.HOME, layer=PlanLayer.ROSTER)
        _excuse(db, ana)
    for address in ("/board", "/roster/calls"):
        page = world.client("ana").get(address).text
        assert f"THL dikecualikan: {REASON}" in page


def test_only_who_writes_the_roster_of_a_bidang_excuses_its_days(database: Database) -> None:
    for name in ("ben", "cy"):
        me = viewer_of(database, name)
        with pytest.raises(Forbidden), database.transaction() as db:
            _excuse(db, me)
    ana, other = viewer_of(database, "ana"), viewer_of(database, "cy").division_id
    with pytest.raises(Forbidden), database.transaction() as db:
        excuses.write(db, ana, other or 0, [(TODAY, "ASN")], reason=REASON, now=MORNING)
