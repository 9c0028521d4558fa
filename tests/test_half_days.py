"""Half a day of leave, from the phone to the paper: which half is asked, and the other half stays a day of work."""

import re
from datetime import date, time, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days, leave, signing
from staffhub.clock import at_local
from staffhub.db import Database
from staffhub.models import (
    DayPart,
    LeaveAct,
    LeaveRequest,
    LeaveState,
    LeaveStep,
    MarkKind,
    PlanGrant,
    RuleKind,
    RuleSet,
    StoredDay,
)
from staffhub.reports import board, recap, sheet
from staffhub.reports import day as day_report
from staffhub.reports.board_version import board_version
from staffhub.reports.duty_gaps import duty_gaps
from staffhub.roster import grants
from staffhub.security import Viewer
from staffhub.signing.lines import read
from tests.conftest import MORNING, TODAY, World, count_from, count_queries, plan_range, viewer_of
from tests.page_forms import form_of
from tests.test_board import _states
from tests.test_corrections import put_mark
from tests.test_day_store import agree
from tests.test_signing import close

THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
NEXT = date(2026, 11, 25)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def _id(database: Database, name: str) -> int:
    return viewer_of(database, name).officer_id or 0


@pytest.fixture
def closed(database: Database) -> Database:
    """Thursday Ben, the civil servant of Dafduk, has the morning off and is there after it; Friday he is not."""
    count_from(database, THURSDAY)
    hana = viewer_of(database, "hana")
    for name, came in (("ben", "12:15"), ("tia", "07:10")):
        put_mark(database, hana, _id(database, name), THURSDAY, came, MarkKind.CHECK_IN)
        put_mark(database, hana, _id(database, name), THURSDAY, "16:01", MarkKind.CHECK_OUT)
    days.close_due(database, now=MORNING)
    return database


def _row(database: Database, day: date) -> StoredDay:
    ben = _id(database, "ben")
    with database.reading() as db:
        mine = (StoredDay.officer_id == ben, StoredDay.date == day)
        return db.scalars(sa.select(StoredDay).where(*mine)).one()


def _granted(database: Database, hana: Viewer, day: date, part: DayPart = DayPart.MORNING) -> int:
    ben = _id(database, "ben")
    with database.transaction() as db:
        return plan_range(db, hana, ben, day, kind="annual", part=part)


def test_a_stored_day_follows_its_half_and_taking_it_back_restores_what_was_there(closed: Database) -> None:
    hana = viewer_of(closed, "hana")
    before = _row(closed, THURSDAY)
    assert (before.code, before.late, before.half) == ("HT", 285, None)
    grant_id = _granted(closed, hana, THURSDAY)
    row = _row(closed, THURSDAY)
    assert (row.code, row.late, row.worked, row.half, row.needs_person) == ("C½ H", 0, 226, DayPart.MORNING, False)
    assert row.facts_hash != before.facts_hash
    agree(closed)
    ben = _id(closed, "ben")
    with closed.transaction() as db:
        officer = recap.officer_for(db, hana, ben, THURSDAY)
        grants.withdraw(db, hana, officer, grant_id, now=MORNING)
    after = _row(closed, THURSDAY)
    assert (after.code, after.late, after.half, after.facts_hash) == ("HT", 285, None, before.facts_hash)
    agree(closed)


def test_the_sheet_counts_half_of_each_and_both_loaders_say_the_same(closed: Database) -> None:
    hana = viewer_of(closed, "hana")
    _granted(closed, hana, THURSDAY)
    _granted(closed, hana, FRIDAY, DayPart.AFTERNOON)
    with closed.reading() as db:
        shown = sheet.of_month(db, hana, NOVEMBER, sheet.Filters(q="ben"), page=1, now=MORNING)
        live = recap.month(db, hana, NOVEMBER, now=MORNING, q="ben")
    (stored,), (worked_out,) = shown.lines, live.lines
    assert stored.totals == worked_out.totals
    assert (stored.totals.present, stored.totals.leave, stored.totals.absent) == (0.5, 1, 0.5)
    assert [one.code for one in stored.records[18:20]] == ["C½ H", "C½ A"]
    assert [one.code for one in worked_out.records[18:20]] == ["C½ H", "C½ A"]


def test_the_duty_minimum_asks_for_both_halves_of_a_day(closed: Database) -> None:
    hana = viewer_of(closed, "hana")
    dafduk = viewer_of(closed, "ana").division_id
    with closed.reading() as db:
        assert [gap.group for gap in duty_gaps(db, hana, THURSDAY, THURSDAY, dafduk)] == []
    _granted(closed, hana, THURSDAY)
    with closed.reading() as db:
        (gap,) = duty_gaps(db, hana, THURSDAY, THURSDAY, dafduk)
    assert (gap.group, gap.had) == ("ASN", 0), "in the morning nobody was there"
    with closed.reading() as db:
        for day, gaps in ((THURSDAY, [gap]), (TODAY, [])):
            officer = recap.officer_for(db, hana, _id(closed, "ben"), day)
            assert day_report.evidence(db, hana, officer, day, now=MORNING).gaps == gaps, "not of a day to come"


@pytest.mark.parametrize(
    ("part", "morning", "afternoon"),
    [(DayPart.MORNING, "leave", "pending"), (DayPart.AFTERNOON, "pending", "leave")],
)
def test_the_board_expects_nobody_in_the_half_that_is_leave(
    database: Database, part: DayPart, morning: str, afternoon: str
) -> None:
    hana, dewi = viewer_of(database, "hana"), viewer_of(database, "dewi")
    _granted(database, hana, TODAY, part)
    with database.reading() as db:
        version = board_version(db, dewi, now=MORNING)
        for hour, state in ((9, morning), (14, afternoon)):
            now = at_local(TODAY, time(hour), dewi.zone)
            assert _states(board.board(db, dewi, now=now, version=version))["Ben"] == state


def test_a_snapshot_keeps_both_halves(closed: Database) -> None:
    hana = viewer_of(closed, "hana")
    now = at_local(DECEMBER + timedelta(days=1), time(9), hana.zone)
    _granted(closed, hana, THURSDAY)
    days.close_due(closed, now=now)
    days.run_recounts(closed, now=now)
    close(closed, hana, first=NOVEMBER, now=now)
    ben = _id(closed, "ben")
    with closed.reading() as db:
        standing = signing.look(db, hana, NOVEMBER, now=now)
        found = signing.snapshots.lines_of(db, [standing.history.waiting.snapshot_id])
    kept = read(found[ben])["days"]["2026-11-19"]
    assert kept["code"] == "C½ H"
    assert standing.codes["H"] == 1.5, "Tia's day and half of Ben's"
    assert standing.changed == []


def test_half_a_day_from_the_phone_to_the_papers(world: World) -> None:
    """Hana enters the letter of a morning that is over; the day, the month, and the papers show both halves."""
    count_from(world.database, THURSDAY)
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        values = {"unit": "working_days", "letter": "C", "quota": 12, "half_days": True}
        said = {"legal_source": "SK 1", "owner": "HR", "valid_from": NOVEMBER, "values": values}
        db.add(RuleSet(office_id=1, kind=RuleKind.LEAVE, subject="annual", groups=["pns"], **said))
    put_mark(world.database, hana, ben, THURSDAY, "12:20", MarkKind.CHECK_IN)
    put_mark(world.database, hana, ben, THURSDAY, "16:01", MarkKind.CHECK_OUT)
    days.close_due(world.database, now=MORNING)
    client = world.client("hana")
    asks = world.client("ben").get("/leave").text
    assert "Setengah hari, pagi" in asks
    typed = {"officer": ben, "kind": "annual", "first": f"{THURSDAY}", "part": "morning", "document": "850/12/2026"}
    shown = client.post("/leave/paper", data=typed | {"idempotency_key": str(uuid4())})
    assert "0,5 hari (setengah hari, pagi)" in shown.text
    sent = client.post("/leave/paper", data=form_of(shown.text, "/leave/paper"))
    assert sent.status_code == 303, sent.text
    assert "cuti setengah hari, pagi" in client.get(sent.headers["location"]).text
    assert "19 November 2026, setengah hari, pagi" in world.client("ben").get("/notices").text
    assert re.search(r"19 Nov \(setengah hari, pagi\)", world.client("ben").get("/leave").text)
    with world.database.reading() as db:
        assert db.scalars(sa.select(LeaveRequest.part)).one() is DayPart.MORNING
        assert db.scalars(sa.select(PlanGrant.part)).one() is DayPart.MORNING
    for name in ("hana", "dewi", "ben"):
        reader = world.client(name)
        reader.get(f"/attendance/{ben}/{THURSDAY}")  # what is kept per process is read once
        with count_queries(world.database) as seen:
            day = reader.get(f"/attendance/{ben}/{THURSDAY}").text
        assert "di bawah minimum piket pada hari ini" in day
        assert len(seen) <= 8, name
    assert "C½" in day
    assert "Cuti setengah hari" in day
    assert "12.15 – 16.00" in day
    month = client.get("/attendance?month=2026-11").text
    assert re.search(r'<td class="o t">.*C½ HT', month), "both shapes"
    assert "0,5" in month
    mine = world.client("ben").get("/me/month?month=2026-11").text
    assert "C½" in mine
    assert "<b>0,5</b>" in mine
    table = client.get("/attendance/export?format=csv&month=2026-11")
    assert table.status_code == 200, table.headers
    line = next(one for one in table.text.splitlines() if "C½ HT" in one)
    assert "0,5" in line
    assert "C½ K" in client.get("/roster?month=2026-11").text


def test_half_a_day_of_before_says_that_nobody_noted_its_half(world: World) -> None:
    """It takes half of the balance and stands in the plan as a whole day: the page and the notice say so."""
    hana, ben = world.viewer("hana"), world.viewer("ben")
    with world.database.transaction() as db:
        row = LeaveRequest(
            office_id=ben.office_id, officer_id=ben.officer_id, kind="annual", first=NEXT, last=NEXT, until=NEXT,
            half_day=True, state=LeaveState.AGREED, document="850/1", idempotency_key="k", created_by=hana.account_id,
            created_at=MORNING,
        )  # fmt: skip
        db.add(row)
        db.flush()
        leave_id = row.id
        db.add(LeaveStep(office_id=ben.office_id, request_id=leave_id, act=LeaveAct.AGREED, created_at=MORNING))
        db.flush()
        leave.telling.tell(db, hana, leave.leave_for(db, hana, leave_id, now=MORNING), now=MORNING)
    page = world.client("ben").get(f"/leave/{leave_id}").text
    assert "Bagian hari untuk cuti ini tidak dicatat." in page
    assert "(setengah hari, bagiannya tidak dicatat)" in page
    assert "(setengah hari, bagiannya tidak dicatat)" in world.client("ben").get("/leave").text
    assert "25 November 2026, setengah hari." in world.client("ben").get("/notices").text
