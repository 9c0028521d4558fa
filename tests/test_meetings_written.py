"""A standup in writing: it counts as having been there, its lines begin the log, what blocks stands before the head."""

from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days
from staffhub.clock import at_local
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.meetings import minutes, plan, written
from staffhub.meetings.audience import Audience
from staffhub.models import Account, Meeting, MeetingKind, Occurrence, OccurrenceState, PlanLayer, StandupNote
from tests.conftest import MORNING, TODAY, World, count_from, plan_range, viewer_of
from tests.page_forms import form_of
from tests.test_day_store import ZONE, agree, mark, stored

TOMORROW, FRIDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=3)
SAID = {"done": "Rekap akta", "doing": "Verifikasi 12 KK\n- Telepon RSUD", "blocked": "Printer loket dua rusak"}


@pytest.fixture
def standup(database: Database) -> int:
    """A standup of every working day since Friday, of the whole office; whoever is in time can join it."""
    dewi = viewer_of(database, "dewi")
    facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "starts_on": FRIDAY}
    facts |= {"starts_at": time(8), "minutes": 15, "weekdays": [0, 1, 2, 3, 4], "occurrences": 5}
    then = at_local(FRIDAY, time(6), ZONE)
    with database.transaction() as db:
        everyone = Audience(everyone=True)
        id_ = plan.schedule(db, dewi, **facts, audience=everyone, now=then, idempotency_key=str(uuid4())).id
        db.execute(sa.update(Meeting).values(join_url="https://zoom.us/j/1", state="ready"))
    return id_


def write(database: Database, username: str, standup: int, *, day: date = TODAY, **facts: Any) -> None:
    given = SAID | {"seen": 0, "now": MORNING} | facts
    me = viewer_of(database, username)
    with database.transaction() as db:
        written.write(db, me, standup, day, **given)


def notes(database: Database, standup: int, day: date = TODAY) -> list[written.Note]:
    with database.reading() as db:
        return written.notes_of(db, 1, standup, day)


def test_what_is_written_is_read_by_those_of_the_standup_and_counts_as_having_been_there(
    database: Database, standup: int
) -> None:
    write(database, "ben", standup)
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        found = minutes.minutes(db, dewi, standup, TODAY)
    assert [(note.name, note.blocked, note.still) for note in found.notes] == [("Ben Tumiwa", SAID["blocked"], True)]
    assert [one.name for one in found.came] == ["Ben Tumiwa"]
    assert "Ben Tumiwa" not in [one.name for one in found.stayed_away]


def test_once_more_changes_it_and_another_tab_is_told(database: Database, standup: int) -> None:
    write(database, "ben", standup)
    write(database, "ben", standup)  # the same form, sent twice
    assert [note.version for note in notes(database, standup)] == [1]
    write(database, "ben", standup, doing="Verifikasi 20 KK", seen=1)
    with pytest.raises(Conflict):
        write(database, "ben", standup, doing="Dari tab lama", seen=1)
    assert [note.doing for note in notes(database, standup)] == ["Verifikasi 20 KK"]


def test_only_a_standup_that_is_held_today_and_asks_for_me(database: Database, standup: int) -> None:
    for day in (FRIDAY, TOMORROW):
        with pytest.raises(Refused, match="harinya sendiri"):
            write(database, "ben", standup, day=day)
    with pytest.raises(NotFound):
        write(database, "ben", standup, day=TODAY + timedelta(days=5))
    with pytest.raises(NotFound):
        write(database, "oka", standup)
    with database.transaction() as db:
        db.execute(sa.text("DELETE FROM meeting_invite WHERE officer_id = 5"))
        db.execute(sa.update(Occurrence).where(Occurrence.date == TODAY).values(state=OccurrenceState.CANCELLED))
    with pytest.raises(NotFound):
        write(database, "ben", standup)
    cy = viewer_of(database, "cy")
    with database.reading() as db, pytest.raises(Forbidden):
        written.standup_for(db, cy, standup, TOMORROW)


def test_whoever_wrote_it_has_not_missed_the_standup_also_when_the_day_is_stored_already(
    database: Database, standup: int
) -> None:
    count_from(database, FRIDAY)
    ben, tia = (viewer_of(database, name).officer_id or 0 for name in ("ben", "tia"))
    with database.transaction() as db:
        db.add_all(mark(one, FRIDAY) for one in (ben, tia))
    write(database, "ben", standup, day=FRIDAY, now=at_local(FRIDAY, time(7), ZONE))
    days.close_due(database, now=MORNING)
    missed = [",standup_not_joined," in stored(database, one, FRIDAY).kinds for one in (ben, tia)]
    assert missed == [False, True]
    note = {"meeting_id": standup, "officer_id": tia, "date": FRIDAY, "doing": "Loket", "version": 1}
    with database.transaction() as db:
        db.add(StandupNote(office_id=1, done="", blocked="", written_at=MORNING, **note))
    assert ",standup_not_joined," not in stored(database, tia, FRIDAY).kinds
    agree(database)


def test_what_is_in_the_way_stands_before_the_head_until_it_is_solved(database: Database, standup: int) -> None:
    write(database, "ben", standup, day=FRIDAY, now=at_local(FRIDAY, time(7), ZONE))
    dewi, ana, ben, tia = (viewer_of(database, name) for name in ("dewi", "ana", "ben", "tia"))
    with database.reading() as db:
        assert [note.blocked for note, _meeting in written.blocked_of(db, dewi)] == [SAID["blocked"]]
        assert [written.blocked_of(db, one) for one in (ana, ben)] == [[], []], "it is the head's of the office"
        assert [note.day for note in minutes.minutes(db, tia, standup, TODAY).blocked] == [FRIDAY]
    (note,) = notes(database, standup, FRIDAY)
    with database.transaction() as db:
        with pytest.raises(Forbidden):
            written.unblock(db, tia, note.id, seen=1, now=MORNING)
        written.unblock(db, dewi, note.id, seen=1, now=MORNING)
        written.unblock(db, ben, note.id, seen=1, now=MORNING)  # twice is once
        assert written.blocked_of(db, dewi) == []
    (note,) = notes(database, standup, FRIDAY)
    write(
        database, "ben", standup, day=FRIDAY, blocked="Jaringan putus", seen=note.version,
        now=at_local(FRIDAY, time(9), ZONE),
    )  # fmt: skip
    with database.reading() as db:
        assert [one.blocked for one, _meeting in written.blocked_of(db, dewi)] == ["Jaringan putus"]


def _of_today(world: World) -> int:
    dewi = viewer_of(world.database, "dewi")
    facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "starts_on": TODAY}
    facts |= {"starts_at": time(8), "minutes": 15, "weekdays": [0], "occurrences": 1}
    with world.database.transaction() as db:
        key = {"audience": Audience(everyone=True), "now": MORNING, "idempotency_key": str(uuid4())}
        return plan.schedule(db, dewi, **facts, **key).id


def test_a_persons_way_from_hari_ini_to_the_log(world: World) -> None:
    standup = _of_today(world)
    ben, address = world.client("ben"), f"/meetings/{standup}/written?date={TODAY}"
    assert f'href="{address}"' in ben.get("/").text
    form = form_of(ben.get(address).text, address)
    empty = ben.post(address, data=form | {"done": "Rekap akta"})
    assert (empty.status_code, "Rekap akta" in empty.text) == (422, True)
    assert ben.post(address, data=form | {"doing": "NIK 7107010101010001"}).status_code == 422
    assert ben.post(address, data=form | SAID).headers["location"] == "/"
    old = ben.post(address, data=form | SAID | {"doing": "Dari tab lama"})
    assert (old.status_code, "Dari tab lama" in old.text) == (409, True)
    log = ben.get("/worklog").text
    assert "Telepon RSUD" in log
    chosen = ben.get("/worklog", params={"text": "Verifikasi 12 KK"}).text
    assert 'value="Verifikasi 12 KK"' in chosen
    assert SAID["blocked"] in world.client("dewi").get("/").text
    page = world.client("dewi").get(f"/meetings/{standup}/minutes", params={"date": TODAY}).text
    assert "Apel pagi" in page
    with world.database.reading() as db:
        note = db.scalars(sa.select(StandupNote)).one()
        account = db.scalars(sa.select(Account.id).where(Account.username == "ben")).one()
    assert account
    close = f"/meetings/notes/{note.id}/unblock"
    assert world.client("tia").post(close, data=form_of(page, close)).status_code == 403
    assert world.client("dewi").post(close, data=form_of(page, close)).status_code == 303
    assert SAID["blocked"] not in world.client("dewi").get("/").text


@pytest.mark.parametrize(("facts", "words"), [({}, "Anda cuti"), ({"layer": PlanLayer.EXEMPTION}, "dibebaskan")])
def test_who_is_away_cannot_write_by_opening_the_form_by_its_address_and_is_told_why(
    world: World, facts: dict[str, Any], words: str
) -> None:
    standup = _of_today(world)
    dewi, ben = viewer_of(world.database, "dewi"), world.officer_id("ben")
    with world.database.transaction() as db:
        plan_range(db, dewi, ben, TODAY, **facts)
    address = f"/meetings/{standup}/written?date={TODAY}"
    form = form_of(world.client("tia").get(address).text, address)
    for answer in (world.client("ben").get(address), world.client("ben").post(address, data=form | SAID)):
        assert (answer.status_code, words in answer.text) == (403, True)
    assert notes(world.database, standup) == []
