"""The calendar that a phone reads: what stands in it, in which order of changes, and for whom."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from icalendar import Calendar

from staffhub import feeds
from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound
from staffhub.feeds import ical
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    CalendarFeed,
    Division,
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    PlanLayer,
    PlanMode,
)
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, count_queries, plan_range, viewer_of
from tests.page_forms import form_of

BASE = "https://staffhub.contoh.go.id"
EVERYONE = Audience(everyone=True)


def division(database: Database, code: str) -> int:
    with database.reading() as db:
        office = sa.select(Account.office_id).where(Account.username == "ben").scalar_subquery()
        return db.scalars(sa.select(Division.id).where(Division.code == code, Division.office_id == office)).one()


def give(database: Database, username: str, division_id: int | None = None) -> str:
    reader = viewer_of(database, username)
    with database.transaction() as db:
        return feeds.renew(db, reader, division_id=division_id, now=MORNING)


def read(database: Database, token: str, now: datetime = MORNING) -> tuple[Any, str]:
    """Return the calendar as a program parses it, and what names its content."""
    with database.reading() as db:
        found = feeds.feed_of(db, feeds.held(db, token, now=now), now=now)
    content, tag = ical.written(found, base_url=BASE, now=now)
    return Calendar.from_ical(content), tag


def events(calendar: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for event in calendar.events:
        found.setdefault(str(event["summary"]), []).append(event)
    return found


def standup(database: Database, me: Viewer, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "starts_on": TODAY, "starts_at": time(8, 30)}
    facts |= {"minutes": 15, "weekdays": [0, 2], "occurrences": 4, "audience": EVERYONE, "now": MORNING}
    with database.transaction() as db:
        return plan.schedule(db, me, **facts | {"idempotency_key": str(uuid4())} | overrides).id


def test_a_standup_stands_in_the_calendar_at_the_hour_of_the_office_and_leads_to_its_page(database: Database) -> None:
    id_ = standup(database, viewer_of(database, "dewi"))
    calendar, _tag = read(database, give(database, "ben"))
    found = events(calendar)["Apel pagi"]
    assert found[0].start.isoformat() == "2026-11-23T08:30:00+08:00"
    assert [one.start.date() for one in found] == [TODAY + timedelta(days=n) for n in (0, 2, 7, 9)]
    assert {one.end - one.start for one in found} == {timedelta(minutes=15)}
    assert {str(one["url"]) for one in found} == {f"{BASE}/meetings/{id_}"}
    assert {str(one["status"]) for one in found} == {"CONFIRMED"}
    (zone,) = calendar.timezones
    assert str(zone["tzid"]) == "Asia/Makassar" == found[0]["dtstart"].params["TZID"]


def test_a_date_that_changes_keeps_its_name_and_gets_a_higher_sequence(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    id_, token = standup(database, dewi), give(database, "ben")
    before = events(read(database, token)[0])["Apel pagi"]
    with database.transaction() as db:
        moved = sa.update(Occurrence).where(Occurrence.meeting_id == id_, Occurrence.date == TODAY + timedelta(days=2))
        db.execute(moved.values(starts_at=datetime.fromisoformat("2026-11-25T09:00:00+08:00")))
    after = events(read(database, token)[0])["Apel pagi"]
    assert [str(one["uid"]) for one in before] == [str(one["uid"]) for one in after]
    assert [b["sequence"] - a["sequence"] for a, b in zip(before, after, strict=True)] == [0, 1, 0, 0]
    assert after[1].start.isoformat() == "2026-11-25T09:00:00+08:00"
    with database.transaction() as db:
        meeting = db.get_one(Meeting, id_)
        plan.cancel(db, dewi, id_, version=meeting.version, now=MORNING)
    gone = events(read(database, token)[0])["Apel pagi"]
    assert {str(one["status"]) for one in gone} == {"CANCELLED"}
    assert all(b["sequence"] > a["sequence"] for a, b in zip(after, gone, strict=True))
    assert [str(one["uid"]) for one in gone] == [str(one["uid"]) for one in before]


def test_days_that_are_alike_stand_as_one_and_leave_has_no_kind(database: Database) -> None:
    hana, ben = viewer_of(database, "hana"), viewer_of(database, "ben")
    monday = TODAY + timedelta(days=7)
    with database.transaction() as db:
        plan_range(db, hana, ben.officer_id, monday, monday + timedelta(days=1), note="Rawat inap", kind="sick")
        outside = {"mode": PlanMode.FIELD, "layer": PlanLayer.DUTY}
        plan_range(db, hana, ben.officer_id, monday + timedelta(days=2), **outside, note="Manado")
    calendar, _tag = read(database, give(database, "ben"))
    found = events(calendar)
    (leave,) = [one for one in found["Cuti"] if one.start >= TODAY]
    assert (leave.start, leave.end) == (monday, monday + timedelta(days=2))
    assert [one.start for one in found["Dinas luar"]] == [monday + timedelta(days=2)]
    week = next(one for one in found["Bertugas di kantor"] if one.start == TODAY)
    assert week.end == TODAY + timedelta(days=5), "Monday to Friday"
    assert "Rawat" not in calendar.to_ical().decode()
    assert "Manado" not in calendar.to_ical().decode()


def test_the_calendar_of_a_division_counts_who_is_there_and_names_nobody(database: Database) -> None:
    hana, tia = viewer_of(database, "hana"), viewer_of(database, "tia")
    own = division(database, "population_registration")
    standup(database, viewer_of(database, "ana"), topic="Apel bidang", audience=Audience(divisions=(own,)))
    with database.transaction() as db:
        plan_range(db, hana, tia.officer_id, TODAY, mode=PlanMode.HOME, layer=PlanLayer.HAND)
    calendar, _tag = read(database, give(database, "tia", own))
    today = [one for one in calendar.events if one["uid"] and one.start == TODAY]
    assert [str(one["summary"]) for one in today] == ["Di kantor: 2 ASN, 0 THL"]
    assert len(events(calendar)["Apel bidang"]) == 4
    text = calendar.to_ical().decode()
    assert not [name for name in ("Ana", "Ben", "Tia", "/join/", "zoom.us") if name in text]


def test_no_way_into_a_meeting_stands_in_any_calendar(database: Database) -> None:
    standup(database, viewer_of(database, "dewi"))
    with database.transaction() as db:
        db.execute(sa.update(Meeting).values(join_url="https://zoom.us/j/123?pwd=geheim"))
        tokens = db.scalars(sa.select(MeetingInvite.token)).all()
    for own in (None, division(database, "population_registration")):
        text = read(database, give(database, "ben", own))[0].to_ical().decode()
        assert "geheim" not in text
        assert "zoom.us" not in text
        assert not [token for token in tokens if token in text]


def test_the_same_calendar_has_the_same_name_at_any_moment_until_something_in_it_changes(database: Database) -> None:
    token = give(database, "ben")
    _calendar, first = read(database, token)
    assert read(database, token, MORNING + timedelta(hours=3))[1] == first
    standup(database, viewer_of(database, "dewi"))
    assert read(database, token)[1] != first


def test_a_new_address_ends_the_one_before_and_each_closes_with_the_account(database: Database) -> None:
    old = give(database, "ben")
    new = give(database, "ben")
    with database.reading() as db, pytest.raises(NotFound):
        feeds.held(db, old, now=MORNING)
    with database.transaction() as db:
        assert feeds.held(db, new, now=MORNING).viewer.name == "Ben Tumiwa"
        db.execute(sa.update(Account).where(Account.username == "ben").values(disabled_at=MORNING))
        with pytest.raises(NotFound):
            feeds.held(db, new, now=MORNING)


def test_a_division_is_read_by_who_serves_in_it_or_sees_the_office(database: Database) -> None:
    own, other = (division(database, code) for code in ("population_registration", "civil_registration"))
    ben, hana, oka = (viewer_of(database, username) for username in ("ben", "hana", "oka"))
    with database.transaction() as db:
        assert [one.division_id for one in feeds.addresses(db, ben)] == [None, own]
        everything = [one.division_id for one in feeds.addresses(db, hana)]
        for who, which in ((ben, other), (oka, own)):
            with pytest.raises(Forbidden):
                feeds.renew(db, who, division_id=which, now=MORNING)
    assert {None, own, other} < set(everything)


@pytest.fixture
def given(world: World) -> str:
    """The path of a calendar of Ben's, made on his page."""
    ben = world.client("ben")
    form = form_of(ben.get("/account").text, "/account/calendars")
    assert ben.post("/account/calendars", data=form).headers["location"] == "/account#calendars"
    with world.database.reading() as db:
        token = db.scalars(sa.select(CalendarFeed.token)).one()
    return f"/calendar/{token}.ics"


def test_a_program_fetches_it_without_signing_in_and_is_spared_what_it_has(world: World, given: str) -> None:
    world.at(MORNING)
    client = world.client()
    with count_queries(world.database) as asked:
        answer = client.get(given)
    assert len(asked) <= 8
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert b"BEGIN:VCALENDAR" in answer.content
    assert "set-cookie" not in answer.headers
    known = {"If-None-Match": answer.headers["etag"]}
    again = client.get(given, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    standup(world.database, world.viewer("dewi"))
    assert client.get(given, headers=known).status_code == 200


def test_the_page_shows_the_address_renews_and_ends_it(world: World, given: str) -> None:
    ben, client = world.client("ben"), world.client()
    page = ben.get("/account").text
    base = world.settings.base_url
    assert f'value="{base}{given}"' in page
    assert f'href="webcal{base.removeprefix("https").removeprefix("http")}{given}"' in page
    with world.database.reading() as db:
        id_ = db.scalars(sa.select(CalendarFeed.id)).one()
    assert world.client("tia").post(f"/account/calendars/{id_}/end").status_code == 303
    assert client.get(given).status_code == 200, "it is Ben's to end"
    assert ben.post(f"/account/calendars/{id_}/end").status_code == 303
    assert client.get(given).status_code == 404
    assert client.get("/calendar/nothing.ics").status_code == 404
    assert ben.post(f"/account/calendars/{id_}/end").status_code == 303, "twice is once"


def test_two_presses_at_once_leave_one_address(world: World, given: str) -> None:
    assert given
    for _press in range(2):
        world.client("ben").post("/account/calendars", data={"division": ""})
    with world.database.reading() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM calendar_feed")) == 1


def test_a_month_long_gone_and_far_ahead_are_left_out(database: Database) -> None:
    token = give(database, "ben")
    starts = [one.start for one in read(database, token)[0].events]
    earliest = min(one.date() if isinstance(one, datetime) else one for one in starts)
    assert earliest >= TODAY - feeds.events.BEHIND
    assert max(one if isinstance(one, date) else one.date() for one in starts) <= TODAY + feeds.events.AHEAD
