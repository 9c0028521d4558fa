"""The duty minimum of a month: on which days a bidang had fewer people in the office than the rule asks for."""

from datetime import date

import pytest

from staffhub import days
from staffhub.db import Database
from staffhub.models import HolidayKind, MarkKind, WorkMode
from staffhub.reports.duty_gaps import Gap, duty_gaps
from staffhub.workdays import add_holiday
from tests.conftest import MORNING, World, count_from, viewer_of
from tests.test_corrections import put_mark

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
DAFDUK, CAPIL = "Pendaftaran Penduduk", "Pencatatan Sipil"
WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (date(2026, 11, day) for day in (18, 19, 20, 21))


@pytest.fixture
def closed(database: Database) -> Database:
    """On Thursday the civil servant and the contract worker of Dafduk are there, on Friday one of them at home."""
    count_from(database, THURSDAY)
    hana = viewer_of(database, "hana")
    for day, place in ((THURSDAY, WorkMode.OFFICE), (FRIDAY, WorkMode.HOME)):
        put_mark(database, hana, viewer_of(database, "ben").officer_id or 0, day, "07:10", MarkKind.CHECK_IN)
        put_mark(
            database, hana, viewer_of(database, "tia").officer_id or 0, day, "07:10", MarkKind.CHECK_IN, mode=place
        )
    days.close_due(database, now=MORNING)
    return database


def _gaps(database: Database, who: str, division: int | None = None) -> list[Gap]:
    with database.reading() as db:
        return duty_gaps(db, viewer_of(database, who), FIRST, LAST, division)


def test_a_bidang_lacks_whom_the_rule_asks_for_and_nobody_is_missed_on_free_or_uncounted_days(closed: Database) -> None:
    told = {(gap.day, gap.division, gap.group, gap.had, gap.minimum) for gap in _gaps(closed, "hana")}
    assert (FRIDAY, DAFDUK, "THL", 0, 1) in told
    assert (FRIDAY, CAPIL, "ASN", 0, 1) in told
    assert not {one for one in told if one[1] == DAFDUK and one[0] == THURSDAY}
    assert not {one for one in told if one[1:3] == (DAFDUK, "ASN") and one[0] == FRIDAY}
    assert {one[0] for one in told} & {WEDNESDAY, SATURDAY} == set()


def test_a_division_head_is_told_of_the_own_bidang_and_a_filter_narrows_it(closed: Database) -> None:
    assert {gap.division for gap in _gaps(closed, "ana")} == {DAFDUK}
    assert {gap.division for gap in _gaps(closed, "hana", viewer_of(closed, "cy").division_id)} == {CAPIL}


def test_a_holiday_that_comes_afterwards_asks_for_nobody(closed: Database) -> None:
    hana = viewer_of(closed, "hana")
    with closed.transaction() as db:
        add_holiday(
            db,
            hana,
            day=FRIDAY,
            name="Libur daerah",
            kind=HolidayKind.LOCAL,
            source="SK",
            now=MORNING,
        )
    assert FRIDAY not in {gap.day for gap in _gaps(closed, "hana")}


def test_the_queue_of_the_month_names_them(world: World) -> None:
    count_from(world.database, THURSDAY)
    days.close_due(world.database, now=MORNING)
    page = world.client("hana").get("/attendance/queue?month=2026-11").text
    assert "Piket di bawah minimum" in page
    assert "THL 0/1" in page


def test_the_sheet_is_narrowed_to_the_bidang_that_fell_short_and_says_on_which_days(world: World) -> None:
    count_from(world.database, FRIDAY)
    ben, tia = (viewer_of(world.database, who).officer_id or 0 for who in ("ben", "tia"))
    hana = world.viewer("hana")
    for officer in (ben, tia):
        put_mark(world.database, hana, officer, FRIDAY, "07:10", MarkKind.CHECK_IN)
    days.close_due(world.database, now=MORNING)
    client, address = world.client("hana"), "/attendance?month=2026-11"
    assert "Piket di bawah minimum" not in client.get(address).text
    page = client.get(f"{address}&show=duty_minimum").text
    assert "Piket di bawah minimum" in page
    sheet = page.split('id="month-sheet"')[1]
    assert ("Cy Sondakh" in sheet, "Ben Tumiwa" in sheet) == (True, False)
    assert f"{CAPIL}: ASN 0/1" in sheet
    division = world.viewer("ben").division_id
    assert "Piket di bawah minimum" not in client.get(f"{address}&show=duty_minimum&division={division}").text
