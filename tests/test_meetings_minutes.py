"""What a meeting came to: who may write it, what comes back, who is told, and what stands on paper."""

import io
import re
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.meetings import agenda, minutes, plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    Attendance,
    ItemEnd,
    ItemKind,
    JoinClick,
    Meeting,
    MeetingItem,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    PlanMode,
    Sign,
    StandupNote,
)
from tests.conftest import MORNING, TODAY, World, count_queries, plan_range, viewer_of
from tests.page_forms import form_of

MONDAY_AFTER = TODAY + timedelta(days=7)


def officer(database: Database, username: str) -> int:
    with database.reading() as db:
        return int(db.scalars(sa.select(Account.officer_id).where(Account.username == username)).one())


def hold(database: Database, by: str = "ana", *who: str, **overrides: Any) -> int:
    """Schedule a meeting of today, of Ben and Tia unless others are named."""
    audience = Audience(officers=tuple(officer(database, one) for one in who or ("ben", "tia")))
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Rapat bidang", "starts_on": TODAY}
    facts |= {"starts_at": time(9), "minutes": 30, "audience": audience, "now": MORNING}
    me = viewer_of(database, by)
    with database.transaction() as db:
        return plan.schedule(db, me, **facts | {"idempotency_key": str(uuid4())} | overrides).id


def standup(database: Database) -> int:
    series = {"kind": MeetingKind.STANDUP, "weekdays": [0], "occurrences": 3, "topic": "Apel pagi"}
    return hold(database, "dewi", **series, audience=Audience(everyone=True))


def say(database: Database, username: str, meeting_id: int, text: str = "Stok blangko dicek", **facts: Any) -> int:
    given: dict[str, Any] = {"kind": ItemKind.DECISION, "day": TODAY, "key": str(uuid4()), "now": MORNING} | facts
    me = viewer_of(database, username)
    with database.transaction() as db:
        minutes.add(db, me, meeting_id, given.pop("day"), text=text, idempotency_key=given.pop("key"), **given)
        return db.scalars(sa.select(sa.func.max(MeetingItem.id))).one()


def ask(database: Database, username: str, meeting_id: int, of: str, text: str = "Cek stok", **facts: Any) -> int:
    return say(database, username, meeting_id, text, kind=ItemKind.ACTION, owner_id=officer(database, of), **facts)


def look(database: Database, username: str, meeting_id: int, day: date = TODAY) -> minutes.Minutes:
    me = viewer_of(database, username)
    with database.reading() as db:
        return minutes.minutes(db, me, meeting_id, day)


def finish(database: Database, username: str, item_id: int, how: ItemEnd = ItemEnd.DONE, seen: int = 1) -> None:
    me = viewer_of(database, username)
    with database.transaction() as db:
        minutes.end(db, me, item_id, how=how, seen=seen, now=MORNING)


def told(database: Database, username: str) -> list[tuple[str, bool]]:
    with database.reading() as db:
        found = sa.select(Notice.address, Notice.read_at.is_(None)).join(Account, Account.id == Notice.account_id)
        wanted = (Account.username == username, Notice.kind == NoticeKind.ACTION_GIVEN)
        return [(row[0], bool(row[1])) for row in db.execute(found.where(*wanted))]


def test_whoever_is_invited_writes_and_everybody_invited_reads(database: Database) -> None:
    meeting = hold(database)
    say(database, "tia", meeting, "Loket dua dibuka")
    ask(database, "ana", meeting, "ben", due=TODAY + timedelta(days=2))
    found = look(database, "ben", meeting)
    assert [(one.kind, one.text, one.owner) for one in found.items] == [
        (ItemKind.DECISION, "Loket dua dibuka", ""),
        (ItemKind.ACTION, "Cek stok", "Ben Tumiwa"),
    ]
    assert (found.writes, found.leads) == (True, False)
    with pytest.raises(Forbidden):
        look(database, "cy", meeting)
    with pytest.raises(Forbidden):
        say(database, "adi", meeting)
    assert look(database, "adi", meeting).writes is False, "an administrator sees it and was not there"


def test_a_decision_has_no_owner_and_an_action_has_one_of_those_invited(database: Database) -> None:
    meeting = hold(database)
    say(database, "ana", meeting, owner_id=officer(database, "ben"), due=TODAY)
    (decision,) = look(database, "ana", meeting).items
    assert (decision.owner_id, decision.due) == (None, None)
    for of in ("cy", None):
        with pytest.raises(Refused, match="Pilih siapa"):
            say(database, "ana", meeting, kind=ItemKind.ACTION, owner_id=of and officer(database, of))


@pytest.mark.parametrize("due", [TODAY - timedelta(days=1), TODAY + timedelta(days=400)])
def test_a_due_date_lies_between_the_meeting_and_a_year_from_now(database: Database, due: date) -> None:
    with pytest.raises(Refused, match="sejak hari rapat"):
        ask(database, "ana", hold(database), "ben", due=due)


def test_nothing_is_written_of_a_date_to_come_or_that_is_none_of_its_dates(database: Database) -> None:
    meeting = standup(database)
    with pytest.raises(Refused, match="sejak hari rapat"):
        say(database, "dewi", meeting, day=MONDAY_AFTER)
    with pytest.raises(NotFound):
        say(database, "dewi", meeting, day=TODAY + timedelta(days=1))
    with database.transaction() as db:
        db.execute(sa.update(Occurrence).values(state=OccurrenceState.CANCELLED))
    with pytest.raises(NotFound):
        look(database, "dewi", meeting)


def test_a_form_sent_twice_writes_once_and_with_other_words_says_so(database: Database) -> None:
    meeting, key = hold(database), str(uuid4())
    assert say(database, "ana", meeting, key=key) == say(database, "ana", meeting, key=key)
    assert len(look(database, "ana", meeting).items) == 1
    with pytest.raises(Conflict):
        say(database, "ana", meeting, "Lain", key=key)


def test_the_owner_is_told_once_and_no_longer_when_it_is_done(database: Database) -> None:
    meeting = hold(database)
    item = ask(database, "ana", meeting, "ben")
    ask(database, "ben", meeting, "ben", "Tugas sendiri")
    assert told(database, "ben") == [(f"/meetings/{meeting}/minutes?date={TODAY}", True)]
    finish(database, "ben", item)
    assert [unread for _address, unread in told(database, "ben")] == [False]


def test_what_is_open_comes_back_in_the_next_standup_until_it_is_done(database: Database) -> None:
    meeting, series = hold(database), standup(database)
    item = ask(database, "ana", meeting, "ben")
    ask(database, "dewi", series, "cy", "Laporan akta")
    assert [one.text for one in look(database, "dewi", series, MONDAY_AFTER).before] == ["Cek stok", "Laporan akta"]
    assert [one.text for one in look(database, "dewi", series).before] == ["Cek stok"]
    assert look(database, "ana", meeting).before == [], "another meeting goes through its own alone"
    finish(database, "ben", item)
    assert [one.text for one in look(database, "dewi", series, MONDAY_AFTER).before] == ["Laporan akta"]


def test_done_says_its_owner_and_struck_out_its_author_or_the_head(database: Database) -> None:
    meeting = hold(database, "ana", "ben", "tia")
    item = ask(database, "ben", meeting, "tia")
    with pytest.raises(Forbidden):
        finish(database, "tia", item, ItemEnd.DROPPED)
    finish(database, "tia", item)
    finish(database, "tia", item)  # a second tap
    with pytest.raises(Conflict):
        finish(database, "ana", item, ItemEnd.DROPPED)
    finish(database, "ana", item, ItemEnd.DROPPED, seen=2)
    decision = say(database, "ana", meeting)
    with pytest.raises(Refused):
        finish(database, "ana", decision)
    with pytest.raises(Forbidden):
        finish(database, "cy", decision, ItemEnd.DROPPED)
    with pytest.raises(NotFound):
        finish(database, "oka", decision, ItemEnd.DROPPED)


def test_hari_ini_shows_what_i_promised_and_a_tap_closes_it(world: World) -> None:
    meeting = hold(world.database)
    ask(world.database, "ana", meeting, "ben", "Cek stok blangko", due=TODAY)
    ben = world.client("ben")
    page = ben.get("/").text
    assert "Dari rapat, untuk Anda" in page
    assert "Cek stok blangko" in page
    assert "Dari rapat, untuk Anda" not in world.client("tia").get("/").text
    address = re.search(r'action="(/meetings/items/\d+/end)"', page)
    assert address
    form = form_of(page, address[1])
    assert ben.post(address[1], data=form).headers["location"] == "/"
    assert ben.post(address[1], data=form).headers["location"] == "/", "twice is once"
    assert "Cek stok blangko" not in ben.get("/").text


def test_the_page_writes_keeps_what_was_typed_and_prints(world: World) -> None:
    meeting = hold(world.database)
    with world.database.transaction() as db:
        db.execute(sa.update(Meeting).values(agenda="Antrean\nBlangko #tebal *x*"))
        who = {"office_id": 1, "meeting_id": meeting, "officer_id": officer(world.database, "tia")}
        db.add(JoinClick(**who, date=TODAY, at=MORNING))
    ana, address = world.client("ana"), f"/meetings/{meeting}/minutes"
    assert f'href="{address}?date={TODAY}"' in ana.get(f"/meetings/{meeting}").text
    with count_queries(world.database) as asked:
        page = ana.get(address, params={"date": TODAY}).text
    assert len(asked) <= 8
    form = form_of(page, address)
    refused = ana.post(address, data=form | {"kind": "action", "text": "Cek stok"})
    assert (refused.status_code, 'value="Cek stok"' in refused.text) == (422, True)
    owner = officer(world.database, "ben")
    given = form | {"kind": "action", "text": "Cek stok", "owner": owner, "due": TODAY + timedelta(days=1)}
    assert ana.post(address, data=given).headers["location"] == f"{address}?date={TODAY}"
    ana.post(address, data=form | {"text": "Loket *dua* dibuka #let", "idempotency_key": str(uuid4())})
    answer = ana.get(f"{address}/print", params={"date": TODAY})
    assert answer.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    text = " ".join(pages[0].extract_text().split())
    assert len(pages) == 1
    for said in ("NOTULEN", "Loket *dua* dibuka #let", "Cek stok", "Ben Tumiwa", "#tebal *x*", "Hadir (1 dari 3)"):
        assert said in text, said


def test_wrong_dates_and_forms_are_told_in_words(world: World) -> None:
    meeting = hold(world.database)
    ana, address = world.client("ana"), f"/meetings/{meeting}/minutes"
    assert ana.get(address, params={"date": "kemarin"}).status_code == 422
    assert ana.get(address, params={"date": "2026-01-01"}).status_code == 404
    assert ana.post(address, data={}).status_code == 422
    ask(world.database, "ana", meeting, "ben")
    assert ana.post("/meetings/items/1/end", data={"how": "gone"}).status_code == 422
    assert ana.post("/meetings/items/999/end", data={"how": "done", "version": 1}).status_code == 404
    long = {"date": TODAY, "kind": "decision", "text": "x" * 501, "idempotency_key": str(uuid4())}
    assert ana.post(address, data=long).status_code == 422
    nik = long | {"text": "NIK 7107010101010001 dicatat"}
    assert ana.post(address, data=nik).status_code == 422


def test_the_week_counts_who_came_to_what_is_over_as_the_page_of_that_date_does(world: World) -> None:
    database, over = world.database, MORNING + timedelta(hours=3)
    meeting, dewi = standup(database), viewer_of(database, "dewi")
    with database.transaction() as db:
        click = {"office_id": 1, "meeting_id": meeting, "date": TODAY, "at": MORNING + timedelta(hours=2)}
        db.add_all(JoinClick(**click, officer_id=officer(database, one)) for one in ("ana", "ana", "ben"))
        plan_range(db, dewi, officer(database, "ben"), TODAY)  # came all the same
        plan_range(db, dewi, officer(database, "tia"), TODAY)
        plan_range(db, dewi, officer(database, "cy"), TODAY, mode=PlanMode.FIELD)
        seen = {"office_id": 1, "meeting_id": meeting, "date": TODAY, "joined_at": MORNING, "left_at": MORNING}
        seen |= {"name": "Hana", "seconds": 600, "sign": Sign.EMAIL, "officer_id": officer(database, "hana")}
        db.add(Attendance(**seen, person="officer:hana"))
        db.add(Attendance(**seen | {"officer_id": None, "sign": Sign.NONE}, person="name:tamu"))
        note = {"office_id": 1, "meeting_id": meeting, "officer_id": officer(database, "adi"), "written_at": MORNING}
        db.add(StandupNote(**note, date=TODAY, doing="Loket", version=1))
    with database.reading() as db:
        week = agenda.week(db, dewi, first=TODAY, now=over)
        (entry,) = [entry for day in week.days for entry in day.entries]
        before = agenda.week(db, dewi, first=TODAY, now=MORNING).days[0].entries[0]
    page = look(database, "dewi", meeting)
    assert (entry.came, entry.people, entry.excused) == (4, 7, 2)
    assert (entry.came, entry.excused) == (len(page.came), len(page.excused))
    assert (before.came, before.excused) == (0, 0), "nobody is missed before it is over"
    world.at(over)
    for who in ("dewi", "ben"):
        assert "4 dari 7 hadir, 2 berhalangan" in " ".join(world.client(who).get("/meetings").text.split())
