"""The roll call: whom a head ticks, what becomes of the day, and that one proof of presence is enough."""

import re
from datetime import date, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import clock, days, office, presence, roll_calls
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    DayPart,
    JoinClick,
    Meeting,
    MeetingKind,
    MeetingState,
    Officer,
    PlanMode,
    Posting,
    Role,
    RollCall,
    RollCallEntry,
    RollState,
    RuleKind,
    RuleSet,
    StoredDay,
    WorkMode,
)
from staffhub.roll_calls import Free, RollSheet, Tick, Wish
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, World, count_from, plan_range, race, viewer_of
from tests.page_forms import form_of

HALF_PAST = MORNING + timedelta(minutes=18)  # 07.30
EIGHT = HALF_PAST + timedelta(minutes=30)
EVENING = HALF_PAST + timedelta(hours=8, minutes=35)
ALL = ["mark", "code", "roll_call", "standup"]
PRESENT, LATE, EXCUSED, MISSING = RollState


def _one_proof(database: Database, ways: list[str] | None = None, first: date = date(2026, 11, 1)) -> None:
    with database.transaction() as db:
        office_id = db.scalar(sa.select(sa.func.min(Officer.office_id)))
        db.add(RuleSet(office_id=office_id, kind=RuleKind.ONE_PROOF, values={"ways": ways or ALL}, valid_from=first,
                       legal_source="SE Kepala Dinas", owner="kepegawaian"))  # fmt: skip


def _ids(database: Database) -> dict[str, int]:
    with database.reading() as db:
        named = db.execute(sa.select(Officer.name, Officer.id).order_by(Officer.id.desc()))
        return {name.split()[0].lower(): id_ for name, id_ in named}


def _sheet(
    database: Database, who: str = "ana", *, now: datetime = HALF_PAST, day: date = TODAY, **facts: Any
) -> RollSheet:
    me = viewer_of(database, who)
    with database.reading() as db:
        return roll_calls.sheet(db, me, day, facts.get("division"), now=now)


def _save(database: Database, *, who: str = "ana", now: datetime = HALF_PAST, **facts: Any) -> bool:
    """Save a list: `ben=PRESENT`, `tia=(LATE, time(7, 45))`; the rest is about the list itself."""
    me, ids = viewer_of(database, who), _ids(database)
    of_list = {"day", "division", "held_at", "seen", "key", "reason", "everybody"}
    ticks = {ids[name]: Tick(*(one if isinstance(one, tuple) else (one,)))
             for name, one in facts.items() if name not in of_list}  # fmt: skip
    with database.transaction() as db:
        return roll_calls.save(db, me, _wish(ticks, facts), now=now)


def _wish(ticks: dict[int, Tick], facts: dict[str, Any]) -> Wish:
    return Wish(
        facts.get("day", TODAY), facts.get("division"), facts.get("held_at", time(7, 30)), ticks,
        facts.get("seen", 1), facts.get("key", "press-0001"), facts.get("reason", ""), facts.get("everybody", False),
    )  # fmt: skip


def _record(database: Database, who: str, *, now: datetime, day: date = TODAY) -> days.DayRecord:
    me = viewer_of(database, who)
    with database.reading() as db:
        officer = db.get_one(Officer, me.officer_id)
        return days.load(db, me.office_id, [officer], [day], zone=me.zone, now=now).record(officer.id, day)


def _leads(database: Database, name: str) -> None:
    with database.transaction() as db:
        officer = _ids(database)[name]
        db.execute(sa.update(Posting).where(Posting.officer_id == officer).values(role=Role.DIVISION_HEAD))


def test_one_press_ticks_everybody_and_the_day_begins_at_the_roll_call(database: Database) -> None:
    _one_proof(database)
    assert _save(database, ben=MISSING, tia=MISSING, everybody=True)
    found = _sheet(database)
    assert [(one.name, one.state) for one in found.lines] == [("Ben Tumiwa", PRESENT), ("Tia Lumintang", PRESENT)]
    assert (found.version, [act.author for act in found.acts]) == (2, ["Ana Kaunang"])
    record = _record(database, "ben", now=EIGHT)
    assert (record.state, record.first and record.first.time(), record.late) == (days.State.PRESENT, time(7, 30), 0)
    assert [one.kind for one in record.discrepancies] == [days.Finding.CAME_BY_ROLL_CALL]


def test_without_a_row_of_the_rule_book_a_tick_is_no_presence(database: Database) -> None:
    _save(database, ben=PRESENT)
    assert _record(database, "ben", now=EIGHT).state is days.State.PENDING


def test_late_counts_from_its_own_time_and_excused_is_no_presence(database: Database) -> None:
    _one_proof(database)
    _save(database, ben=(LATE, time(7, 45)), tia=EXCUSED, now=EIGHT)
    record = _record(database, "ben", now=EIGHT)
    assert (record.first and record.first.time(), record.late, record.codes) == (time(7, 45), 15, ["HT"])
    assert _record(database, "tia", now=EIGHT).state is days.State.PENDING


def test_late_without_a_time_is_the_moment_of_saving(database: Database) -> None:
    _save(database, ben=LATE, now=EIGHT + timedelta(seconds=40))
    (ben, _tia) = _sheet(database, now=EIGHT).lines
    assert (ben.state, ben.at and ben.at.time()) == (LATE, time(8, 0))


@pytest.mark.parametrize("at", [time(7, 30), time(7, 10), time(8, 30)])
def test_late_lies_after_the_roll_call_and_not_ahead(database: Database, at: time) -> None:
    with pytest.raises(Refused) as told:
        _save(database, ben=(LATE, at), now=EIGHT)
    assert told.value.field == f"at_{_ids(database)['ben']}"


def test_a_list_is_not_saved_before_it_was_held_nor_after_a_week(database: Database) -> None:
    with pytest.raises(Refused, match="belum tiba"):
        _save(database, ben=PRESENT, now=MORNING)
    with pytest.raises(Refused, match="7 hari"):
        _save(database, ben=PRESENT, day=TODAY - timedelta(days=8))
    assert not _sheet(database, day=TODAY - timedelta(days=8)).is_open


def test_who_is_away_at_home_or_on_duty_is_not_asked_and_nobody_ticks_oneself(database: Database) -> None:
    _one_proof(database)
    ids, hana = _ids(database), viewer_of(database, "hana")
    with database.transaction() as db:
        plan_range(db, hana, ids["ben"], TODAY)
        plan_range(db, hana, ids["tia"], TODAY, mode=PlanMode.FIELD, note="Ratahan")
    found = _sheet(database)
    assert {one.name.split()[0]: one.why for one in found.rest} == {
        "Ana": Free.ONESELF, "Ben": Free.AWAY, "Tia": Free.FIELD,
    }  # fmt: skip
    # Whoever got leave after the page was opened is left out, whatever the page sends.
    assert not _save(database, ben=PRESENT, tia=PRESENT, ana=PRESENT)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(RollCall)) == 0


def test_a_morning_of_leave_is_not_asked_and_an_afternoon_is(database: Database) -> None:
    ids, hana = _ids(database), viewer_of(database, "hana")
    with database.transaction() as db:
        plan_range(db, hana, ids["ben"], TODAY, part=DayPart.MORNING)
        plan_range(db, hana, ids["tia"], TODAY, part=DayPart.AFTERNOON)
    assert [one.name for one in _sheet(database).lines] == ["Tia Lumintang"]


def test_who_has_checked_in_is_not_asked_where_a_mark_is_enough(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="tap-0001", now=MORNING)
    assert [one.name for one in _sheet(database).lines] == ["Ben Tumiwa", "Tia Lumintang"]
    _one_proof(database)
    found = _sheet(database)
    assert [one.name for one in found.lines] == ["Tia Lumintang"]
    (proved,) = [one for one in found.rest if one.why is Free.PROVED]
    assert (proved.name, proved.at and proved.at.time()) == ("Ben Tumiwa", time(7, 12))


def test_a_code_is_asked_for_where_a_tap_alone_is_not_enough(database: Database) -> None:
    _one_proof(database, ["code", "roll_call"])
    ben, tia = viewer_of(database, "ben"), viewer_of(database, "tia")
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="tap-0001", now=MORNING)
        scanned = presence.SCANNED
        presence.check_in(db, tia, mode=WorkMode.OFFICE, idempotency_key="tap-0002", now=MORNING, proof=scanned)
    assert [one.name for one in _sheet(database).lines] == ["Ben Tumiwa"]


def test_a_change_gives_a_reason_and_the_newest_tick_counts(database: Database) -> None:
    _one_proof(database)
    _save(database, ben=PRESENT, tia=PRESENT)
    with pytest.raises(Refused) as told:
        _save(database, ben=EXCUSED, tia=PRESENT, seen=2, key="press-0002", now=EIGHT)
    assert told.value.field == "reason"
    assert _save(database, ben=EXCUSED, tia=PRESENT, seen=2, key="press-0003", reason="Ternyata di RSUD", now=EIGHT)
    assert _record(database, "ben", now=EIGHT).state is days.State.PENDING
    assert _record(database, "tia", now=EIGHT).state is days.State.PRESENT
    found = _sheet(database, now=EIGHT)
    assert [(act.turn, act.reason) for act in found.acts] == [(1, ""), (2, "Ternyata di RSUD")]
    with database.reading() as db:  # only what is otherwise is said again
        assert db.scalar(sa.select(sa.func.count()).select_from(RollCallEntry)) == 3


def test_the_same_press_is_done_once(database: Database) -> None:
    assert _save(database, ben=PRESENT)
    assert not _save(database, ben=PRESENT)
    assert not _save(database, ben=PRESENT, seen=2, key="press-0002"), "nothing is otherwise"
    assert _sheet(database).version == 2


def test_of_two_heads_at_once_the_second_is_told(database: Database) -> None:
    ana, dewi, ids = viewer_of(database, "ana"), viewer_of(database, "dewi"), _ids(database)
    division = ana.division_id

    def other() -> bool:
        with database.transaction() as db:
            wish = _wish({ids["tia"]: Tick(EXCUSED)}, {"key": "press-0002", "division": division})
            return roll_calls.save(db, dewi, wish, now=HALF_PAST)

    with pytest.raises(Conflict):
        race(
            database, lambda db: roll_calls.save(db, ana, _wish({ids["ben"]: Tick(PRESENT)}, {}), now=HALF_PAST), other
        )
    assert [act.author for act in _sheet(database).acts] == ["Ana Kaunang"]


def test_a_head_ticks_the_own_people_and_who_leads_the_secretariat_or_the_office_everybody(database: Database) -> None:
    for name in ("ben", "hana", "adi"):
        with pytest.raises(Forbidden):
            _sheet(database, name)
    elsewhere = viewer_of(database, "cy").division_id
    with pytest.raises(Forbidden):
        _sheet(database, "ana", division=elsewhere)
    with pytest.raises(Forbidden):
        _save(database, division=elsewhere, cy=PRESENT)
    assert [one.name for one in _sheet(database, "dewi", division=elsewhere).lines] == ["Cy Sondakh"]
    _leads(database, "adi")
    assert [one.name for one in _sheet(database, "adi", division=elsewhere).lines] == ["Cy Sondakh"]
    # The head of the office serves in no bidang, and is asked with the secretariat.
    assert [one.name for one in _sheet(database, "adi").lines] == ["Dewi Ondang", "Hana Tendean"]
    assert not _save(database, cy=PRESENT), "of another bidang nothing is written with one's own list"


def test_a_day_that_is_stored_follows_and_without_the_rule_its_hash_stays(database: Database) -> None:
    monday, tuesday = TODAY, TODAY + timedelta(days=1)
    count_from(database, monday)
    later = EVENING + timedelta(days=1)
    me = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_out(db, me, idempotency_key="out-0001", now=EVENING)

    def hashes() -> dict[int, tuple[str, str]]:
        days.close_due(database, now=later)
        with database.reading() as db:
            one = StoredDay
            told = sa.select(one.officer_id, one.facts_hash, one.code).where(one.date == monday)
            return {who: (digest, code) for who, digest, code in db.execute(told)}

    before = hashes()
    _save(database, ben=PRESENT, day=monday, now=later)
    assert hashes() == before, "without the rule a roll call is no fact of the day"
    _one_proof(database, first=tuesday)
    days.run_recounts(database, now=clock.now())
    assert hashes() == before, "a rule of later days is none of this one"
    _one_proof(database, first=monday)
    days.run_recounts(database, now=clock.now())
    after = hashes()
    assert {who for who, told in after.items() if told != before[who]} == {me.officer_id}
    assert _record(database, "ben", now=later).worked == 455
    _save(database, ben=MISSING, day=monday, now=later, seen=2, key="press-0002", reason="Salah orang")
    with database.reading() as db:
        mine = (StoredDay.date == monday, StoredDay.officer_id == me.officer_id)
        assert ",no_check_in," in db.scalars(sa.select(StoredDay.kinds).where(*mine)).one()


def _standup(database: Database, me: Viewer, at: datetime) -> None:
    with database.transaction() as db:
        meeting = Meeting(
            office_id=me.office_id, kind=MeetingKind.STANDUP, topic="Pengarahan", starts_on=TODAY, ends_on=TODAY,
            starts_at=time(7, 30), minutes=15, weekdays=[], occurrences=1, audience={}, state=MeetingState.READY,
            join_url="https://zoom.us/j/1", marker="x", created_by=me.account_id, created_at=MORNING,
            version=1, idempotency_key="standup-1",
        )  # fmt: skip
        db.add(meeting)
        db.flush()
        db.add(JoinClick(office_id=me.office_id, meeting_id=meeting.id, officer_id=me.officer_id, date=TODAY, at=at))


def test_a_briefing_that_was_joined_is_presence_where_the_rule_says_so(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _standup(database, ben, HALF_PAST - timedelta(minutes=2))
    assert _record(database, "ben", now=EIGHT).state is days.State.PENDING
    _one_proof(database)
    record = _record(database, "ben", now=EIGHT)
    assert (record.state, record.first and record.first.time()) == (days.State.PRESENT, time(7, 28))
    assert [one.why for one in _sheet(database).rest if one.name == "Ben Tumiwa"] == [Free.PROVED]


def test_the_person_sees_it_checks_out_without_having_checked_in_and_the_day_says_why(world: World) -> None:
    _one_proof(world.database)
    world.at(EIGHT)
    ana, ben = world.client("ana"), world.client("ben")
    seen = ana.get("/board")
    form = _form(ana)
    answer = ana.post("/presence/roll-call", data=form | {"everybody": "1"})
    assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/presence/roll-call")
    assert ana.get("/board").headers["etag"] != seen.headers["etag"]
    page = _text(ben.get("/").text)
    assert "Hadir sejak 07.30 menurut apel" in page
    assert "Anda tidak perlu presensi lagi" in page
    world.at(EVENING)
    out = form_of(ben.get("/").text, "/presence/check-out")
    answer = ben.post("/presence/check-out", data=out, follow_redirects=True)
    assert "Tidak ada presensi masuk" not in _text(answer.text)
    mine = ben.get(f"/attendance/{world.officer_id('ben')}/{TODAY}")
    assert "Dicentang oleh Ana Kaunang" in _text(mine.text)
    assert "hadir menurut apel" in _text(mine.text).lower()
    month = world.client("hana").get("/attendance", params={"month": "2026-11", "show": "came_by_roll_call"})
    assert "Ben Tumiwa" in month.text
    assert "Cy Sondakh" not in month.text


def _text(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def _form_in(html: str) -> dict[str, list[str]]:
    """The list itself; what chooses its day stands before it."""
    return form_of(html[html.rindex("<form", 0, html.index('name="held_at"')) :], "/presence/roll-call")


def _form(client: Any, **params: str) -> dict[str, Any]:
    return _form_in(client.get("/presence/roll-call", params=params).text)


def test_leaving_early_after_a_roll_call_is_asked_about_as_after_a_check_in(world: World) -> None:
    _one_proof(world.database)
    world.at(EIGHT)
    _save(world.database, ben=PRESENT, now=EIGHT)
    ben = world.client("ben")
    answer = ben.post("/presence/check-out", data=form_of(ben.get("/").text, "/presence/check-out"))
    assert "Pulang" in _text(answer.text)
    assert answer.status_code == 200, "asked, and nothing is recorded"


def test_a_wrong_time_comes_back_beside_its_field_with_all_that_was_ticked(world: World) -> None:
    world.at(EIGHT)
    ana, ids = world.client("ana"), _ids(world.database)
    typed = {f"state_{ids['ben']}": "late", f"at_{ids['ben']}": "7.5", f"state_{ids['tia']}": "excused"}
    answer = ana.post("/presence/roll-call", data=_form(ana) | typed)
    assert answer.status_code == 422
    again = _form_in(answer.text)
    assert {name: again[name] for name in typed} == {name: [value] for name, value in typed.items()}
    assert f'id="roll-at_{ids["ben"]}"' in answer.text
    answer = ana.post("/presence/roll-call", data=again | {f"at_{ids['ben']}": "7.50"})
    assert answer.status_code == 303
    assert "Terlambat 1" in _text(ana.get("/presence/roll-call").text)


def test_the_second_of_two_who_save_is_told_and_may_save_once_more(world: World) -> None:
    world.at(EIGHT)
    ana, dewi, ids = world.client("ana"), world.client("dewi"), _ids(world.database)
    with world.database.reading() as db:
        division = next(one.id for one in office.divisions(db, 1).values() if one.code == "population_registration")
    theirs = _form(dewi, division=str(division))
    assert ana.post("/presence/roll-call", data=_form(ana) | {"everybody": "1"}).status_code == 303
    answer = dewi.post("/presence/roll-call", data=theirs | {f"state_{ids['tia']}": "excused"})
    assert answer.status_code == 409
    again = _form_in(answer.text)
    assert again[f"state_{ids['tia']}"] == ["excused"]
    answer = dewi.post("/presence/roll-call", data=again | {f"state_{ids['ben']}": "present", "reason": "Sakit"})
    assert answer.status_code == 303


def test_a_blank_day_and_division_show_the_own_list_of_today_and_a_day_that_is_none_is_refused(world: World) -> None:
    world.at(EIGHT)
    page = world.client("ana").get("/presence/roll-call", params={"date": "", "division": ""})
    assert page.status_code == 200
    assert "Ben Tumiwa" in page.text
    for day in ("besok", "0001-01-01", "9999-12-31"):
        assert world.client("ana").get("/presence/roll-call", params={"date": day}).status_code == 422
