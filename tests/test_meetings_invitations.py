"""Who is invited follows who serves, and where, from day to day; nobody who has left holds up a meeting."""

from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from staffhub import clock, scheduler
from staffhub.db import Database
from staffhub.meetings import agenda, invitations, joining, plan
from staffhub.meetings.audience import Audience
from staffhub.models import Account, AuditEvent, Division, MeetingInvite, MeetingKind, Office, Officer
from staffhub.people import postings
from staffhub.scheduler import Work
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, add_officer, viewer_of

WEDNESDAY, FRIDAY = TODAY + timedelta(days=2), TODAY + timedelta(days=4)
EVERYONE = Audience(everyone=True)
ZONE = ZoneInfo("Asia/Makassar")


def _standup(database: Database, me: Viewer, audience: Audience = EVERYONE) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel", "starts_on": TODAY, "starts_at": time(8)}
    facts |= {"minutes": 15, "weekdays": [0, 1, 2, 3, 4], "occurrences": 10, "audience": audience}
    with database.transaction() as db:
        return plan.schedule(db, me, **facts, idempotency_key=str(uuid4()), now=MORNING).id


def _follow(database: Database, day: date) -> int:
    with database.transaction() as db:
        return invitations.follow(db, 1, day, now=clock.at_local(day, time(0, 5), ZONE))


def _names(database: Database, day: date) -> set[str]:
    """Who is invited on a date, by the query that Hari ini asks."""
    with database.reading() as db:
        people = db.execute(sa.select(Account.username, Account.officer_id).where(Account.office_id == 1)).all()
        return {row.username for row in people if joining.today_for(db, 1, row.officer_id, day, MORNING)}


def _set(database: Database, name: str, **values: Any) -> None:
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.name == name).values(**values))


def _move(database: Database, name: str, division_id: int, day: date) -> None:
    with database.transaction() as db:
        row = db.execute(sa.select(Officer.office_id, Officer.id).where(Officer.name == name)).one()
        postings.post(db, *row, {"division_id": division_id}, day=day, by=None, now=MORNING)


def _division(database: Database, code: str) -> int:
    with database.reading() as db:
        return db.scalars(sa.select(Division.id).where(Division.code == code).order_by(Division.id)).first() or 0


def test_whoever_leaves_is_invited_until_the_last_day_and_no_longer(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    _standup(database, dewi)
    _set(database, "Cy Sondakh", active_to=TODAY + timedelta(days=1))
    assert _follow(database, TODAY) == 0
    assert _follow(database, WEDNESDAY) == 1
    assert _follow(database, WEDNESDAY) == 0
    assert ("cy" in _names(database, TODAY), "cy" in _names(database, WEDNESDAY)) == (True, False)
    with database.reading() as db:
        week = agenda.week(db, dewi, first=TODAY, now=MORNING)
    assert [entry.people for day in week.days for entry in day.entries] == [7, 7, 6, 6, 6]


def test_whoever_returns_gets_the_same_way_in_back(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    _standup(database, dewi)
    with database.reading() as db:
        before = {row.officer_id: row.token for row in db.scalars(sa.select(MeetingInvite))}
    _set(database, "Cy Sondakh", active_to=TODAY)
    _follow(database, WEDNESDAY)
    _set(database, "Cy Sondakh", active_to=None)
    _follow(database, FRIDAY)
    assert "cy" in _names(database, FRIDAY)
    with database.reading() as db:
        assert {row.officer_id: row.token for row in db.scalars(sa.select(MeetingInvite))} == before


def test_an_audience_of_a_bidang_follows_who_belongs_to_it_by_date(database: Database) -> None:
    ana = viewer_of(database, "ana")
    own = _division(database, "population_registration")
    _standup(database, ana, Audience(divisions=(own,)))
    _move(database, "Cy Sondakh", own, WEDNESDAY)
    _move(database, "Tia Lumintang", _division(database, "civil_registration"), WEDNESDAY)
    _follow(database, WEDNESDAY)
    assert _names(database, TODAY) == {"ana", "ben", "tia"}
    assert _names(database, WEDNESDAY) == {"ana", "ben", "cy"}
    with database.reading() as db:
        facts = db.scalar(sa.select(AuditEvent.facts).where(AuditEvent.verb == "meeting.followed"))
    assert facts == {"left": 1, "came": 1}


def test_whoever_is_new_in_the_office_is_invited_from_the_first_day(database: Database) -> None:
    meeting_id = _standup(database, viewer_of(database, "dewi"))
    with database.transaction() as db:
        new = add_officer(db, db.get_one(Office, 1), number="77", name="Baru Sekali", active_from=WEDNESDAY).id
    _follow(database, WEDNESDAY)
    with database.reading() as db:
        invite = db.scalars(sa.select(MeetingInvite).where(MeetingInvite.officer_id == new)).one()
        assert (invite.meeting_id, invite.first_on, invite.last_on) == (meeting_id, WEDNESDAY, None)
        assert joining.today_for(db, 1, new, TODAY, MORNING) == []


def test_a_guest_taken_off_a_series_that_runs_stays_with_the_dates_that_were_held(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _standup(database, dewi)
    ben = viewer_of(database, "ben").officer_id or 0
    facts: dict[str, Any] = {"topic": "Apel", "starts_on": TODAY, "starts_at": time(8), "minutes": 15, "version": 1}
    facts |= {"weekdays": [0, 1, 2, 3, 4], "occurrences": 10, "audience": Audience(officers=(ben,))}
    with database.transaction() as db:
        plan.edit(db, dewi, meeting_id, **facts, now=clock.at_local(WEDNESDAY, time(12), ZONE))
    assert (len(_names(database, TODAY)), _names(database, FRIDAY)) == (7, {"ben", "dewi"})


def test_the_scheduler_follows_once_on_each_day_of_an_office(database: Database) -> None:
    _standup(database, viewer_of(database, "dewi"))
    _set(database, "Cy Sondakh", active_to=TODAY)
    work = Work(database=database, zoom=None, zoom_host="")
    midnight = clock.at_local(TODAY + timedelta(days=1), time(0), ZONE)
    scheduler._invitations(work, midnight - timedelta(minutes=1))
    assert "cy" in _names(database, WEDNESDAY)
    for _twice in range(2):
        scheduler._invitations(work, midnight)
    assert "cy" not in _names(database, WEDNESDAY)


def test_an_organiser_who_has_left_is_no_guest_and_the_meeting_has_an_owner(world: World) -> None:
    ana = world.viewer("ana")
    own = _division(world.database, "population_registration")
    meeting_id = _standup(world.database, ana, Audience(divisions=(own,)))
    _set(world.database, "Ana Kaunang", active_to=TODAY)
    world.at(clock.at_local(WEDNESDAY, time(9), ZONE))
    _follow(world.database, WEDNESDAY)
    assert _names(world.database, WEDNESDAY) == {"ben", "tia"}
    dewi = world.client("dewi")
    html = dewi.get(f"/meetings/{meeting_id}").text
    assert "Ana Kaunang tidak lagi bertugas. Rapat ini kini urusan kepala Pendaftaran Penduduk." in html
    assert "1 orang tidak diundang sampai tanggal terakhir" in html
    assert "tidak diundang sampai tanggal terakhir" not in world.client("ben").get(f"/meetings/{meeting_id}").text
    form = {"topic": "Apel", "date": "2026-11-23", "time": "08.00", "duration": "20", "count": "10", "version": "1"}
    form |= {"weekday": ["mon", "tue", "wed", "thu", "fri"], "division": str(own)}
    assert dewi.post(f"/meetings/{meeting_id}/edit", data=form).status_code == 303
    assert _names(world.database, WEDNESDAY) == {"ben", "tia"}


def test_the_way_in_of_whoever_is_no_longer_invited_is_closed(world: World) -> None:
    meeting_id = _standup(world.database, world.viewer("dewi"))
    ben_id = world.officer_id("ben")
    with world.database.transaction() as db:
        row = db.scalars(sa.select(MeetingInvite).where(MeetingInvite.officer_id == ben_id)).one()
        row.last_on = TODAY
        today, token = (joining.token_for(row.id, row.token, day) for day in (TODAY, WEDNESDAY))
    assert world.client("ben").get(f"/join/{today}").status_code == 409  # Zoom has not answered yet
    world.at(clock.at_local(WEDNESDAY, time(8), ZONE))
    ben = world.client("ben")
    assert ben.get(f"/join/{token}").status_code == 404
    assert ben.get(f"/meetings/{meeting_id}").status_code == 403
    assert "Apel" in ben.get("/meetings").text  # the dates until then
