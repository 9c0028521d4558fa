"""The office in one picture: requests in and out by day, and where people were, counted in the scope of who asks."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from staffhub import days
from staffhub.db import Database
from staffhub.errors import Forbidden
from staffhub.models import MarkKind, RequestState, ServiceRequest, StoredDay, WorkMode
from staffhub.reports import office_picture as pictures
from staffhub.reports.office_picture import OfficePicture, Presence
from staffhub.service_requests.flow import DAYS, Flow
from tests.conftest import MORNING, TODAY, World, add_posting, count_from, count_queries, plan_range, viewer_of
from tests.test_corrections import put_mark
from tests.test_service_requests import take_in

WITA = ZoneInfo("Asia/Makassar")
NOVEMBER = date(2026, 11, 1)
THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
FIRST = TODAY - timedelta(days=DAYS - 1)


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=WITA)


def _request(database: Database, taken: datetime, closed: datetime | None = None, **facts: Any) -> None:
    state = facts.pop("state", RequestState.DONE)
    row = take_in(database, now=taken, **facts)
    with database.transaction() as db:
        done = {"closed_at": closed, "state": state} if closed else {}
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == row.id).values(updated_at=taken, **done))


def _picture(database: Database, who: str, first: date = NOVEMBER) -> OfficePicture:
    with database.reading() as db:
        return pictures.office_picture(db, viewer_of(database, who), first, now=MORNING)


def _moved(database: Database, who: str) -> dict[date, tuple[int, int]]:
    found = _picture(database, who).flow
    assert [one.day for one in found] == [FIRST + timedelta(days=n) for n in range(DAYS)]
    return {one.day: (one.taken, one.closed) for one in found if one.taken or one.closed}


def test_requests_are_counted_on_the_days_of_the_office_for_four_weeks_in_the_own_scope(database: Database) -> None:
    _request(database, _at(FIRST - timedelta(days=1), 23, 59), _at(FIRST, 0))
    _request(database, _at(FIRST, 0), _at(THURSDAY, 23, 59), state=RequestState.CANCELLED)
    _request(database, _at(NOVEMBER, 0, 30))  # still October in UTC
    _request(database, _at(TODAY, 6), service_type="birth_certificate")
    expected = {FIRST: (1, 1), NOVEMBER: (1, 0), THURSDAY: (0, 1)}
    assert _moved(database, "ana") == expected
    for who in ("dewi", "hana", "adi"):
        assert _moved(database, who) == expected | {TODAY: (1, 0)}
    assert _moved(database, "oka") == {}


def test_a_request_goes_out_where_it_came_in_whoever_moved_meanwhile(database: Database) -> None:
    """In and out are counted in the bidang of the service, so that they belong together whatever the postings say."""
    ben, cy = viewer_of(database, "ben"), viewer_of(database, "cy")
    _request(database, _at(THURSDAY, 9), _at(TODAY, 6))
    with database.transaction() as db:
        db.execute(sa.update(ServiceRequest).values(assignee_id=ben.officer_id))
        add_posting(db, ben.officer_id or 0, FRIDAY, division_id=cy.division_id)
    assert _moved(database, "ana") == _moved(database, "dewi") == {THURSDAY: (1, 0), TODAY: (0, 1)}


@pytest.fixture
def counted(database: Database) -> Database:
    """Thursday: Ben and Tia in the office, Cy outside. Friday: Ben there, Tia at home, Ana on leave. Others: absent."""
    count_from(database, THURSDAY)
    hana = viewer_of(database, "hana")
    for who, day, place in (
        ("ben", THURSDAY, WorkMode.OFFICE),
        ("tia", THURSDAY, WorkMode.OFFICE),
        ("cy", THURSDAY, WorkMode.FIELD),
        ("ben", FRIDAY, WorkMode.OFFICE),
        ("tia", FRIDAY, WorkMode.HOME),
    ):
        officer = viewer_of(database, who).officer_id or 0
        put_mark(database, hana, officer, day, "07:10", MarkKind.CHECK_IN, mode=place)
    ana = viewer_of(database, "ana").officer_id
    with database.transaction() as db:
        plan_range(db, hana, ana, FRIDAY)
    days.close_due(database, now=MORNING)
    return database


def test_people_are_counted_by_place_on_days_that_are_over_and_count(counted: Database) -> None:
    everybody = [Presence(THURSDAY, (2, 0, 1, 0, 4)), Presence(FRIDAY, (1, 1, 0, 1, 4))]
    for who in ("dewi", "hana"):
        assert _picture(counted, who).presence == everybody
    ana = _picture(counted, "ana")
    assert ana.presence == [Presence(THURSDAY, (2, 0, 0, 0, 1)), Presence(FRIDAY, (1, 1, 0, 1, 0))]
    assert ana.totals == [3, 1, 0, 1, 1]
    assert _picture(counted, "dewi", date(2026, 10, 1)).presence == []
    assert _picture(counted, "oka").presence == []
    with counted.transaction() as db:
        db.execute(sa.update(StoredDay).where(StoredDay.date == THURSDAY).values(counted=False))
    assert _picture(counted, "dewi").presence == everybody[1:], "a day that does not count has nobody"


def test_only_who_leads_gets_it(database: Database) -> None:
    with pytest.raises(Forbidden):
        _picture(database, "ben")


def test_what_came_in_stands_above_the_line_and_what_went_out_below_it() -> None:
    found = pictures.flow_columns([Flow(FRIDAY, 4, 1), Flow(TODAY - timedelta(days=7), 0, 0), Flow(TODAY, 0, 2)])
    up, down = found.columns[0].pieces
    assert up.y + up.height == found.base
    assert down.y > found.base
    assert (up.height, down.height) == (64, 16)
    assert found.columns[1].pieces == []
    assert (found.most, found.height) == (4, down.y + 64)
    nothing = pictures.flow_columns([Flow(TODAY, 0, 0)])
    assert (nothing.most, nothing.columns[0].pieces) == (0, [])


def test_the_places_of_a_day_stand_upon_each_other_from_the_office_upwards() -> None:
    found = OfficePicture(NOVEMBER, [], [Presence(THURSDAY, (2, 1, 0, 0, 1)), Presence(FRIDAY, (1, 0, 0, 0, 0))])
    drawn = pictures.presence_columns(found)
    assert len(drawn.columns) == 30
    thursday, friday = (drawn.columns[day.day - 1].pieces for day in (THURSDAY, FRIDAY))
    assert [(piece.kind, piece.height) for piece in thursday] == [("here", 64), ("meet", 32), ("late", 32)]
    assert [piece.y + piece.height for piece in thursday] == [drawn.base, drawn.base - 64, drawn.base - 96]
    assert [(piece.y, piece.height) for piece in friday] == [(drawn.base - 32, 32)]
    assert max(column.x + column.width for column in drawn.columns) <= 100
    assert [column.label for column in drawn.columns if column.label] == ["2 Nov", "9 Nov", "16 Nov", "23 Nov"], "30"
    empty = pictures.presence_columns(OfficePicture(NOVEMBER, [], []))
    assert all(not column.pieces for column in empty.columns)


def test_who_leads_comes_there_from_hari_ini_and_reads_the_numbers_in_the_picture_and_the_table(world: World) -> None:
    ana, dewi = world.client("ana"), world.client("dewi")
    assert 'href="/office">Kantor dalam satu gambar</a>' in dewi.get("/").text
    assert 'href="/office">Bidang dalam satu gambar</a>' in ana.get("/").text
    assert dewi.get("/office", headers={"HX-Request": "true"}).text.lstrip().startswith("<section"), "as Hari ini asks"
    assert 'href="/office"' not in world.client("ben").get("/").text
    assert world.client("ben").get("/office").status_code == 403
    empty = dewi.get("/office").text
    assert "Tidak ada permohonan yang masuk atau ditutup dalam 4 minggu terakhir." in empty
    assert "Presensi belum dihitung." in empty
    assert "<desc" not in empty
    for _n in range(2):
        take_in(world.database)
    count_from(world.database, FRIDAY)
    days.close_due(world.database, now=world.now)
    with count_queries(world.database) as seen:
        page = dewi.get("/office").text
    assert len(seen) <= 4, seen
    assert "2 diterima, 0 selesai atau dibatalkan; terbanyak dalam sehari 2." in page
    assert "Kantor: 0; Rumah: 0; Dinas luar: 0; Cuti: 0; Tanpa keterangan: 7." in page
    assert page.count("<rect class") == 5 + 2 + 1 + 1 + 2, "the legends, two lines, a bar of requests and one of people"
    before = dewi.get("/office?month=2026-10").text
    assert "Belum ada hari di bulan ini yang sudah lewat dan dihitung." in before
    assert 'href="/office?month=2026-11"' in before
    assert 'href="/office?month=2026-12"' not in page, "nothing is there yet"
    assert dewi.get("/office?month=soon").status_code == 422
