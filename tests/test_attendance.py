"""From what Zoom told to who was there: kept, in the day of each person, and the same in whatever order it came."""

import random
from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days, presence
from staffhub.db import Database
from staffhub.meetings import agenda, attendance, came, parts, plan, sightings
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    Attendance,
    DayPart,
    Holiday,
    HolidayKind,
    Meeting,
    MeetingKind,
    Occurrence,
    Officer,
    StandupNote,
    StoredDay,
    WorkMode,
    ZoomSighting,
)
from staffhub.reports import recap
from tests.conftest import MORNING, TODAY, World, count_from, plan_range, viewer_of

NUMBER = 81234567890
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=MORNING.tzinfo)


@pytest.fixture
def meeting_id(database: Database) -> int:
    return schedule(database)


def schedule(database: Database) -> int:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        meeting = plan.schedule(
            db, dewi, kind=MeetingKind.STANDUP, topic="Apel", starts_on=TODAY, starts_at=time(9), minutes=30,
            weekdays=[TODAY.weekday()], occurrences=2, audience=Audience(everyone=True),
            idempotency_key=str(uuid4()), now=MORNING,
        )  # fmt: skip
        row = db.get_one(Meeting, meeting.id)
        row.zoom_id, row.join_url = NUMBER, "https://zoom.us/j/1"
        return row.id


def told(kind: str, minutes: float, connection: str, name: str, email: str = "") -> dict[str, Any]:
    at = (NINE + timedelta(minutes=minutes)).isoformat()
    who = {
        "user_id": connection,
        "user_name": name,
        "email": email,
        f"{'join' if kind == 'joined' else 'leave'}_time": at,
    }
    return {
        "event": f"meeting.participant_{kind}",
        "payload": {"object": {"id": str(NUMBER), "uuid": "r1", "participant": who}},
    }


def take(database: Database, *events: dict[str, Any]) -> None:
    with database.transaction() as db:
        for event in events:
            sightings.take(db, event, now=NINE)


def officer(database: Database, username: str) -> Any:
    with database.reading() as db:
        query = sa.select(Officer.id, Officer.name).join(Account, Account.officer_id == Officer.id)
        row = db.execute(query.where(Account.username == username)).one()
    return SimpleNamespace(id=row.id, name=row.name)


def kept(database: Database) -> list[tuple[Any, ...]]:
    columns = (Attendance.officer_id, Attendance.person, Attendance.seconds, Attendance.joined_at)
    with database.reading() as db:
        return [tuple(row) for row in db.execute(sa.select(*columns).order_by(Attendance.person))]


def test_a_date_is_worked_out_again_when_more_is_told_and_only_then(database: Database, meeting_id: int) -> None:
    ben = officer(database, "ben")
    take(database, told("joined", 0, "1", ben.name), told("left", 10, "1", ben.name))
    assert attendance.run_due(database, now=NINE) == 1
    assert attendance.run_due(database, now=NINE) == 0
    take(database, told("left", 10, "1", ben.name), told("joined", 20, "2", ben.name), told("left", 30, "2", ben.name))
    assert attendance.run_due(database, now=NINE) == 1
    assert kept(database) == [(ben.id, f"officer:{ben.id}", 20 * 60, NINE)]


def test_shuffled_and_doubled_is_what_it_is_in_order(database: Database, meeting_id: int) -> None:
    names = [officer(database, one).name for one in ("ben", "tia", "ana")]
    events = [
        event
        for number in range(60)
        for event in (
            told("joined", number % 17, str(number), f"{names[number % 3]}"),
            told("left", 17 + number % 40, str(number), f"{names[number % 3]}"),
        )
    ]
    take(database, *events)
    attendance.run_due(database, now=NINE)
    expected = kept(database)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ZoomSighting)) == 120
    mixed = [*events, *events[:40]]
    random.Random(3).shuffle(mixed)
    take(database, *mixed)
    assert attendance.run_due(database, now=NINE) == 0, "nothing new was told"
    assert kept(database) == expected != []


def test_a_meeting_of_tomorrow_or_of_last_week_is_not_looked_at(database: Database, meeting_id: int) -> None:
    take(database, told("joined", 0, "1", "Somebody"))
    assert attendance.run_due(database, now=NINE + timedelta(days=5)) == 0
    assert attendance.run_due(database, now=NINE - timedelta(hours=1)) == 0
    assert attendance.run_due(database, now=NINE) == 1


def test_who_is_not_known_is_named_once_by_the_head_and_known_from_then_on(world: World) -> None:
    meeting_id = schedule(world.database)
    tia = officer(world.database, "tia")
    take(world.database, told("joined", 3, "1", "Galaxy A12"), told("left", 30, "1", "Galaxy A12"))
    attendance.run_due(world.database, now=NINE)
    address = f"/meetings/{meeting_id}/minutes?date={TODAY}"
    said = {"date": str(TODAY), "person": "name:galaxy a12", "officer": str(tia.id)}
    assert "Galaxy A12" not in world.client("tia").get(address).text, "only who leads it is asked"
    assert world.client("tia").post(f"/meetings/{meeting_id}/who", data=said).status_code == 403
    assert world.client("dewi").post(f"/meetings/{meeting_id}/who", data=said | {"officer": ""}).status_code == 422
    assert "Galaxy A12" in world.client("dewi").get(address).text
    for _twice in range(2):
        assert world.client("dewi").post(f"/meetings/{meeting_id}/who", data=said).status_code == 303
    page = world.client("dewi").get(address).text
    assert "Galaxy A12" not in page
    assert "27 menit · terlambat 3 menit" in page
    assert [(row[0], row[2]) for row in kept(world.database)] == [(tia.id, 27 * 60)]
    take(world.database, told("joined", 3, "2", "galaxy a12"), told("left", 40, "2", "galaxy a12"))
    attendance.run_due(world.database, now=NINE)
    assert [(row[0], row[2]) for row in kept(world.database)] == [(tia.id, 37 * 60)]


def test_a_guest_is_nobody_s_minutes_and_is_not_asked_about_again(world: World) -> None:
    meeting_id = schedule(world.database)
    take(world.database, told("joined", 0, "1", "Narasumber"), told("left", 30, "1", "Narasumber"))
    attendance.run_due(world.database, now=NINE)
    said = {"date": str(TODAY), "person": "name:narasumber", "officer": "0"}
    world.client("dewi").post(f"/meetings/{meeting_id}/who", data=said)
    assert "Narasumber" not in world.client("dewi").get(f"/meetings/{meeting_id}/minutes?date={TODAY}").text
    assert [row[0] for row in kept(world.database)] == [None]


def test_who_is_on_leave_is_excused_and_who_never_came_was_not_seen(world: World) -> None:
    meeting_id = schedule(world.database)
    ben = officer(world.database, "ben")
    ana = world.viewer("ana")
    with world.database.transaction() as db:
        plan_range(db, ana, ben.id, TODAY)
    with world.database.reading() as db:
        found = {one.id: one for one in came.people(db, ana, meeting_id, NINE.astimezone(ana.zone))}
    assert found[ben.id].is_excused
    assert not found[officer(world.database, "tia").id].is_excused
    take(world.database, told("joined", 0, "1", ben.name))
    attendance.run_due(world.database, now=NINE)
    with world.database.reading() as db:
        there = {one.id: one for one in came.people(db, ana, meeting_id, NINE.astimezone(ana.zone))}[ben.id]
    assert (there.is_excused, there.minutes, there.is_likely) == (False, 30, True)


@pytest.mark.parametrize(("part", "excused"), [(DayPart.MORNING, True), (DayPart.AFTERNOON, False)])
def test_half_a_day_of_leave_excuses_from_what_is_held_in_that_half_alone(
    database: Database, part: DayPart, excused: bool
) -> None:
    meeting_id = schedule(database)
    ben, ana = officer(database, "ben"), viewer_of(database, "ana")
    with database.transaction() as db:
        plan_range(db, ana, ben.id, TODAY, kind="annual", part=part)
    over = MORNING + timedelta(hours=8)
    with database.reading() as db:
        starts = db.scalars(sa.select(Occurrence.starts_at).where(Occurrence.meeting_id == meeting_id)).first()
        assert starts
        invited = {one.id: one for one in came.people(db, ana, meeting_id, starts.astimezone(ana.zone))}
        (mine,) = parts.of_officer(db, ana.office_id, ben.id, TODAY, TODAY, now=over)
        (entry,) = agenda.week(db, ana, first=TODAY, now=over).days[0].entries
    assert (invited[ben.id].is_excused, mine.is_excused, entry.excused) == (excused, excused, int(excused))


def test_the_stored_day_of_who_was_seen_follows(database: Database) -> None:
    """Without a click: what Zoom saw is as good a sign of having joined the standup."""
    count_from(database, TODAY)
    schedule(database)
    ben = officer(database, "ben")
    viewer = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_in(db, viewer, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=MORNING)
    days.close_due(database, now=NINE + timedelta(days=1))

    def findings() -> str:
        with database.reading() as db:
            mine = sa.select(StoredDay).where(StoredDay.officer_id == ben.id, StoredDay.date == TODAY)
            return str(vars(db.scalars(mine).one()))

    assert "standup_not_joined" in findings()
    take(database, told("joined", 0, "1", ben.name))
    attendance.run_due(database, now=NINE + timedelta(days=1))
    assert "standup_not_joined" not in findings()


def test_each_person_reads_what_the_meetings_were_to_them(world: World) -> None:
    """Minutes, late, in writing, excused, missed: in the month and on the day, as soon as it is over and not before."""
    meeting_id = schedule(world.database)
    ben, tia, ana, dewi = (officer(world.database, name) for name in ("ben", "tia", "ana", "dewi"))
    me = world.viewer("dewi")
    with world.database.transaction() as db:
        plan_range(db, me, ana.id, TODAY)
        said = {"done": "Akta", "doing": "KK", "blocked": "", "written_at": NINE, "version": 1}
        db.add(StandupNote(office_id=1, meeting_id=meeting_id, officer_id=tia.id, date=TODAY, **said))
    take(world.database, told("joined", 3, "1", ben.name), told("left", 27, "1", ben.name))
    attendance.run_due(world.database, now=NINE)
    over = NINE + timedelta(minutes=30)

    def parts_of(who: int, now: datetime) -> list[parts.Part]:
        with world.database.reading() as db:
            return parts.of_officer(db, 1, who, TODAY, TODAY + timedelta(days=6), now=now)

    assert parts_of(ben.id, over - timedelta(seconds=1)) == []
    assert [(one.who.minutes, one.late, one.is_there) for one in parts_of(ben.id, over)] == [(24, 3, True)]
    assert [parts.tally(parts_of(one.id, over)) for one in (ben, tia, ana, dewi)] == [
        parts.Tally(joined=1, minutes=24, late=1),
        parts.Tally(joined=1),
        parts.Tally(excused=1),
        parts.Tally(missed=1),
    ]
    world.at(over)
    month = world.client("ben").get("/me/month?month=2026-11").text
    assert "Rapat: hadir 1 dari 1 · 24 menit · terlambat 1 kali" in month
    assert "Apel: 24 menit, terlambat 3 menit" in month
    for who, what in ((ben, "24 menit, terlambat 3 menit"), (ana, "berhalangan: cuti"), (dewi, "tidak terlihat")):
        assert what in world.client("dewi").get(f"/attendance/{who.id}/{TODAY}").text
    assert "tertulis" in world.client("tia").get(f"/attendance/{tia.id}/{TODAY}").text


def test_a_meeting_of_a_free_day_was_asked_of_those_who_came(database: Database) -> None:
    schedule(database)
    ben, dewi = officer(database, "ben"), officer(database, "dewi")
    with database.transaction() as db:
        db.add(Holiday(office_id=1, date=TODAY, name="Hari libur", kind=HolidayKind.NATIONAL, source="SKB"))
    take(database, told("joined", 0, "1", ben.name), told("left", 30, "1", ben.name))
    attendance.run_due(database, now=NINE)
    viewer, over = viewer_of(database, "dewi"), NINE + timedelta(minutes=30)
    with database.reading() as db:
        found = [
            recap.own_month(db, viewer, recap.officer_for(db, viewer, who.id, TODAY), TODAY, now=over).attended
            for who in (ben, dewi)
        ]
    assert found == [parts.Tally(joined=1, minutes=30), parts.Tally()]
