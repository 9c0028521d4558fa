"""A month under other rules: what differs, and that nothing is stored."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import days, i18n, workdays
from staffhub.db import Database
from staffhub.errors import Forbidden
from staffhub.models import MarkKind, RuleKind, StoredDay
from staffhub.reports import counters
from staffhub.reports import replay as replays
from staffhub.security import Viewer
from staffhub.workdays import Draft
from tests.conftest import World, count_from, viewer_of
from tests.test_corrections import put_mark

OCTOBER, DAY = date(2026, 10, 1), date(2026, 10, 6)
NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def hana(database: Database) -> Viewer:
    """Ben came at 07.40 on a Tuesday, ten minutes late; presence counts from that day."""
    count_from(database, DAY)
    me = viewer_of(database, "hana")
    ben = viewer_of(database, "ben").officer_id or 0
    put_mark(database, me, ben, DAY, "07:40", MarkKind.CHECK_IN)
    put_mark(database, me, ben, DAY, "16:10", MarkKind.CHECK_OUT)
    days.close_due(database, now=NOW)
    return me


def _later_start(
    database: Database,
    me: Viewer,
    valid_from: date = date(2027, 1, 4),
    days_of: str = "mon tue wed thu fri",
    pause: int = 60,
) -> int:
    """Write hours that begin at 08.00 from a day to come; return the row's id."""
    with database.transaction() as db:
        usual = next(
            line
            for line in workdays.rules_of(db, me)
            if line.kind is RuleKind.WORK_HOURS and line.confirmed and not line.subject and not line.groups
        )
        values = {name: ["08.00", "16.30", pause] for name in days_of.split()}
        draft = Draft(RuleKind.WORK_HOURS, values, valid_from, "SK 9", "HR")
        return workdays.succeed(db, me, usual.id, draft, seen=usual.version, now=NOW)


def _replay(database: Database, me: Viewer, **asked: Any) -> replays.Replay:
    with database.reading() as db:
        return replays.replay(db, me, OCTOBER, now=NOW, **({"chosen": (), "as_on": None} | asked))


def _stored(database: Database) -> list[Any]:
    with database.reading() as db:
        return list(db.execute(sa.select(StoredDay.facts_hash, StoredDay.code).order_by(StoredDay.id)))


def test_hours_that_are_yet_to_come_are_held_against_the_past(database: Database, hana: Viewer) -> None:
    rule, before = _later_start(database, hana), _stored(database)
    assert rule in {line.id for line in _replay(database, hana).choices}
    found = _replay(database, hana, chosen=[rule])
    (ben,) = found.people
    assert (ben.officer.name, ben.late, ben.early) == ("Ben Tumiwa", (10, 0), (0, 20))
    assert [(was.code, becomes.code, dates) for was, becomes, dates in ben.changes] == [("HT", "HP", [DAY])]
    assert ("HT", 1, 0) in found.codes
    assert (found.days, found.looked_at) == (1, 7)
    assert _stored(database) == before


def test_the_counters_of_the_year_follow_the_days_and_the_thresholds(database: Database, hana: Viewer) -> None:
    ben = hana.office_id and (viewer_of(database, "ben").officer_id or 0)
    with database.reading() as db:
        away = counters.of(db, hana.office_id, [ben], until=date(2026, 10, 31))[ben].absences
    level = {"last": None, "consequence": "Teguran lisan", "level": "light"}
    with database.transaction() as db:
        values = {"thresholds": [{"first": away + 1} | level]}
        draft = Draft(RuleKind.DISCIPLINE, values, date(2027, 1, 4), "PP 94/2021", "HR")
        said = next(line for line in workdays.rules_of(db, hana) if line.kind is RuleKind.DISCIPLINE)
        few = workdays.succeed(db, hana, said.id, draft, seen=said.version, now=NOW)
    four = _later_start(database, hana, days_of="mon tue wed thu", pause=30)
    near = {one.officer.name: one for one in _replay(database, hana, chosen=[few]).people}["Ben Tumiwa"]
    assert ([one.threshold for one in near.near], near.counts, near.changes) == ([away + 1], [], [])
    fridays = {one.officer.name: one for one in _replay(database, hana, chosen=[four]).people}["Ben Tumiwa"]
    assert ("absences", away, away - 4) in fridays.counts
    assert fridays.worked == (450, 480)


def test_a_proposal_may_be_tried_and_rules_of_a_date_hold_for_the_month(database: Database, hana: Viewer) -> None:
    rule = _later_start(database, hana)
    assert [one.officer.name for one in _replay(database, hana, as_on=date(2027, 2, 1)).people] == ["Ben Tumiwa"]
    assert _replay(database, hana, as_on=date(2026, 10, 6)).people == []
    with database.reading() as db:
        (ramadan,) = (line for line in workdays.rules_of(db, hana) if line.subject == "special")
    assert not ramadan.confirmed
    found = _replay(database, hana, chosen=[ramadan.id])
    assert [one.late for one in found.people] == [(10, 0)], "it begins at eight"
    assert rule != ramadan.id


def test_without_a_wish_it_only_offers(database: Database, hana: Viewer) -> None:
    found = _replay(database, hana)
    assert (found.people, found.looked_at) == ([], 0)
    assert {line.kind for line in found.choices} <= set(replays.CHOSEN)


def test_one_bidang_at_a_time(database: Database, hana: Viewer) -> None:
    rule = _later_start(database, hana)
    asked = {one.name: one.id for one in _replay(database, hana).sections.all}
    other = next(id_ for name, id_ in asked.items() if name and id_ == hana.division_id)
    assert _replay(database, hana, chosen=[rule], division=str(other)).people == []


@pytest.mark.parametrize("username", ["dewi", "ana", "ben"])
def test_who_does_not_keep_the_rules_replays_nothing(database: Database, hana: Viewer, username: str) -> None:
    with pytest.raises(Forbidden):
        _replay(database, viewer_of(database, username))


def test_the_page_says_what_differs(world: World) -> None:
    count_from(world.database, DAY)
    hana = world.viewer("hana")
    ben = world.officer_id("ben")
    put_mark(world.database, hana, ben, DAY, "07:40", MarkKind.CHECK_IN)
    put_mark(world.database, hana, ben, DAY, "16:10", MarkKind.CHECK_OUT)
    days.close_due(world.database, now=NOW)
    rule = _later_start(world.database, hana)
    world.at(NOW)
    client = world.client("hana")
    assert f'value="{rule}"' in client.get("/attendance/replay?month=2026-10").text
    page = client.get(f"/attendance/replay?month=2026-10&rule={rule}&rule=999999").text
    assert "Tidak dihitung: cuti dan saldonya" in page
    assert "Ben Tumiwa" in page
    assert "1 hari akan terbaca lain" in page
    assert " · HT 1 → 0" in page
    assert "Terlambat: 10 menit → 0 menit · Pulang cepat: 0 menit → 20 menit" in page
    assert client.get("/attendance/replay?month=2026-10&as_on=x&rule=y").status_code == 422


def test_the_page_says_what_becomes_of_the_counters(world: World) -> None:
    count_from(world.database, DAY)
    days.close_due(world.database, now=NOW)
    rule = _later_start(world.database, world.viewer("hana"), days_of="mon tue wed thu")
    world.at(NOW)
    page = world.client("hana").get(f"/attendance/replay?month=2026-10&rule={rule}").text
    assert "Tanpa keterangan tahun ini, hari: 19 → 15" in page
