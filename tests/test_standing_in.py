"""Who stands in for somebody on leave: named with the leave, offered the requests first, asked for them after it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from staffhub import i18n, leave
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import Account, LeaveAct, Notice, NoticeKind, PlanMode, RequestEvent, ServiceRequest
from staffhub.service_requests import choosing, duty, handing, listed, notices, standing_in
from tests.conftest import CAST, MORNING, TODAY, World, plan_range
from tests.page_forms import form_of
from tests.test_handing import comes
from tests.test_leave import Office
from tests.test_service_requests import assigned, goes_on_leave

LAST = TODAY + timedelta(days=1)
FRIDAY = TODAY + timedelta(days=4)
BACK = MORNING + timedelta(days=4)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def away(office: Office, stand_in: str | None = "ben") -> int:
    """Tia is on leave today and tomorrow, and names who stands in."""
    return office.granted("tia", wish(office, stand_in))


def wish(office: Office, stand_in: str | None) -> leave.Wish:
    return leave.Wish("annual", TODAY, LAST, stand_in_id=office.id(stand_in) if stand_in else None)


def told(office: Office, username: str) -> list[tuple[NoticeKind, str]]:
    wanted = (NoticeKind.REQUESTS_LEFT, NoticeKind.REQUESTS_STAND_IN, NoticeKind.REQUESTS_TAKEN_BACK)
    with office.database.reading() as db:
        mine = sa.select(Notice.kind, Notice.address).join(Account, Account.id == Notice.account_id)
        found = db.execute(mine.where(Account.username == username, Notice.read_at.is_(None), Notice.kind.in_(wanted)))
        return [(row.kind, row.address) for row in found]


def held(office: Office) -> dict[str, int]:
    """How many requests each has, by username."""
    with office.database.reading() as db:
        counted = sa.select(Account.username, sa.func.count()).select_from(Account)
        counted = counted.join(ServiceRequest, ServiceRequest.assignee_id == Account.officer_id)
        return {row[0]: row[1] for row in db.execute(counted.group_by(Account.username))}


def hand_on(office: Office) -> None:
    ids = {"giver_id": office.id("tia"), "taker_id": office.id("ben")}
    office.do(handing.hand_on, "ana", **ids)


def lent(office: Office, username: str = "tia", now: datetime = BACK) -> list[tuple[str, int]]:
    with office.database.reading() as db:
        return [(one.name, one.count) for one in standing_in.lent(db, office.me(username), now=now)]


def test_a_stand_in_is_a_colleague_of_the_bidang_who_is_not_on_leave_then(office: Office) -> None:
    for wrong in ("cy", "tia", "dewi"):
        with pytest.raises(Refused) as refused:
            office.ask("tia", wish(office, wrong))
        assert refused.value.field == "stand_in"
    with office.database.transaction() as db:
        plan_range(db, office.me("ben"), office.id("ben"), LAST, mode=PlanMode.LEAVE)
    with pytest.raises(Refused):
        office.ask("tia", wish(office, "ben"))
    assert office.see(office.ask("tia", wish(office, "ana")), "tia").stand_in == "Ana Kaunang"


def test_the_same_press_with_another_stand_in_is_told_and_not_lost(office: Office) -> None:
    first = office.ask("tia", wish(office, "ben"), key="once")
    assert office.ask("tia", wish(office, "ben"), key="once") == first
    with pytest.raises(Conflict):
        office.ask("tia", wish(office, "ana"), key="once")


def test_whoever_decides_changes_the_stand_in_and_of_two_the_second_is_told(office: Office) -> None:
    id_ = office.ask("tia", wish(office, None))
    seen = office.see(id_, "ana").version
    for who in ("ben", "tia", "cy"):
        with pytest.raises(Forbidden):
            office.do(leave.name_stand_in, who, id_, stand_in_id=office.id("ben"))
    office.do(leave.name_stand_in, "ana", id_, stand_in_id=office.id("ben"), seen=seen)
    assert not office.do(leave.name_stand_in, "ana", id_, stand_in_id=office.id("ben"), seen=seen).first_time
    with pytest.raises(Conflict):
        office.do(leave.name_stand_in, "ana", id_, stand_in_id=None, seen=seen)
    office.do(leave.agree, "ana", id_)
    office.do(leave.grant, "dewi", id_)
    office.do(leave.name_stand_in, "dewi", id_, stand_in_id=office.id("ana"))
    office.do(leave.name_stand_in, "dewi", id_, stand_in_id=None)
    office.do(leave.name_stand_in, "dewi", id_, stand_in_id=office.id("ana"))
    seen_by_tia = office.see(id_, "tia")
    assert seen_by_tia.stand_in == "Ana Kaunang"
    course = [(step.note, step.author) for step in seen_by_tia.steps if step.act is LeaveAct.STAND_IN]
    ana, dewi, ben = (CAST[name][0] for name in ("ana", "dewi", "ben"))
    assert course == [(ben, ana), (ana, dewi), ("", dewi), (ana, dewi)], "the whole course stays, with its authors"


def test_the_stand_in_comes_before_who_is_on_duty_but_not_when_away_as_well(office: Office) -> None:
    request = assigned(office.database, "tia")
    away(office)
    comes(office.database, "ana")
    ana = office.me("ana")

    def first() -> str | None:
        with office.database.reading() as db:
            named = standing_in.stand_ins(db, ana, now=MORNING)
            people = duty.candidates(db, ana, division_id=ana.division_id, now=MORNING, instead_of=office.id("tia"))
            rows = choosing.unassigned(db, ana, now=MORNING).rows
            assert [row.id for row in rows] == [request.id]
            chosen = duty.proposed(people, ana.division_id, office.id("tia"), named)
            return chosen and chosen.name

    assert first() == "Ben Tumiwa", "not in yet, and named"
    goes_on_leave(office.database, "ben")
    assert first() is None


def test_the_head_and_the_stand_in_are_told_once_and_the_stand_in_sees_just_these(office: Office) -> None:
    mine = assigned(office.database, "tia")
    assigned(office.database, "ana")
    away(office)
    for _run in range(2):
        notices.tell_left_due(office.database, now=MORNING)
    assert told(office, "ben") == [(NoticeKind.REQUESTS_STAND_IN, "/requests?assignee=stand-in")]
    assert [kind for kind, _address in told(office, "ana")] == [NoticeKind.REQUESTS_LEFT]
    for username, ids in (("ben", [mine.id]), ("ana", [])):
        with office.database.reading() as db:
            wanted = listed.Wanted(assignee="stand-in")
            found = listed.listing(db, office.me(username), wanted, page=1, now=MORNING)
        assert [row.id for row in found.rows] == ids
    hand_on(office)
    notices.tell_left_due(office.database, now=MORNING)
    assert told(office, "ben") == told(office, "ana") == []


def test_who_is_back_takes_back_what_is_open_and_lies_with_the_stand_in_and_a_second_tap_does_nothing(
    office: Office,
) -> None:
    ids = [assigned(office.database, "tia").id for _n in range(3)]
    assigned(office.database, "ben")
    away(office)
    hand_on(office)
    with office.database.transaction() as db:
        closed = sa.update(ServiceRequest).where(ServiceRequest.id == ids[0])
        db.execute(closed.values(state="done", closed_at=MORNING))
    assert lent(office, now=MORNING) == [], "the leave is not over"
    assert lent(office) == [("Ben Tumiwa", 2)]
    assert lent(office, now=MORNING + timedelta(days=40)) == []
    assert office.do(standing_in.take_back, "tia", office.id("ben"), now=BACK) == 2
    assert office.do(standing_in.take_back, "tia", office.id("ben"), now=BACK) == 0
    assert held(office) == {"ben": 2, "tia": 2}, "what is closed, and what was Ben's own, stays"
    with office.database.reading() as db:
        last = sa.select(RequestEvent.assignee_id, RequestEvent.officer_id).where(RequestEvent.request_id == ids[1])
        course = [tuple(row) for row in db.execute(last.order_by(RequestEvent.id))]
    assert course[-2:] == [(office.id("ben"), office.id("ana")), (office.id("tia"), office.id("tia"))]
    assert told(office, "ben") == [(NoticeKind.REQUESTS_TAKEN_BACK, "/requests")]


def test_what_went_on_from_the_stand_in_or_was_given_before_the_leave_is_not_taken_back(office: Office) -> None:
    before, later = assigned(office.database, "tia"), assigned(office.database, "tia")
    gift = {"note": "", "now": MORNING - timedelta(days=1)}
    office.do(handing.give, "ana", [handing.Gift(before.id, before.version, office.id("ben"))], **gift)
    away(office)
    hand_on(office)
    with office.database.reading() as db:
        version = db.get_one(ServiceRequest, later.id).version
    office.do(handing.give, "ana", [handing.Gift(later.id, version, office.id("ana"))])
    assert lent(office) == []
    assert office.do(standing_in.take_back, "tia", office.id("ben"), now=BACK) == 0


def test_nobody_else_takes_them_and_who_is_on_leave_again_is_not_asked(office: Office) -> None:
    assigned(office.database, "tia")
    away(office)
    hand_on(office)
    assert lent(office, "ana") == lent(office, "ben") == []
    assert office.do(standing_in.take_back, "ana", office.id("ben"), now=BACK) == 0
    again = replace(wish(office, None), first=FRIDAY, last=FRIDAY)
    office.granted("tia", again)
    assert lent(office) == []


def test_the_stand_in_is_chosen_with_the_leave_changed_by_who_decides_and_the_press_is_on_the_list(
    world: World,
) -> None:
    request = assigned(world.database, "tia")
    tia, dewi, ids = world.client("tia"), world.client("dewi"), {name: world.officer_id(name) for name in CAST}
    page = tia.get("/leave").text
    assert "Ben Tumiwa" in page
    assert "Cy " not in page
    typed = form_of(page, "/leave") | {"kind": ["annual"], "first": [str(TODAY)], "last": [str(LAST)]}
    typed |= {"stand_in": [str(ids["ben"])]}
    shown = tia.post("/leave", data=typed)
    assert f'value="{ids["ben"]}" selected' in shown.text, "kept while it is shown what the leave becomes"
    sent = tia.post("/leave", data=form_of(shown.text, "/leave"))
    assert sent.status_code == 303, sent.text
    path = sent.headers["location"]
    assert "Ben Tumiwa" in tia.get(path).text
    assert f"{path}/stand-in" not in tia.get(path).text
    change = form_of(dewi.get(path).text, f"{path}/stand-in")
    assert dewi.post(f"{path}/stand-in", data=change | {"stand_in": [str(ids["cy"])]}).status_code == 422
    assert dewi.post(f"{path}/stand-in", data=change | {"stand_in": [str(ids["ana"])]}).status_code == 303
    change = form_of(dewi.get(path).text, f"{path}/stand-in")
    assert dewi.post(f"{path}/stand-in", data=change | {"stand_in": [str(ids["ben"])]}).status_code == 303
    assert dewi.post(f"{path}/grant", data=form_of(dewi.get(path).text, f"{path}/grant")).status_code == 303
    ana = world.client("ana")
    offer = ana.get(f"/requests/hand-on?officer={ids['tia']}").text
    assert "Ditunjuk sebagai pengganti selama cuti ini" in offer
    assert "ditunjuk sebagai pengganti" in ana.get(f"/requests/hand-over?pick={request.id}").text
    assert "Ditunjuk sebagai pengganti" in ana.get(f"/requests/{request.id}").text
    assert "Ditunjuk sebagai pengganti" in ana.get("/requests/unassigned").text
    assert ana.post("/requests/hand-on", data=form_of(offer, "/requests/hand-on")).status_code == 303
    world.at(BACK)
    tia = world.client("tia")
    listed_ = tia.get("/requests").text
    assert "1 permohonan Anda ada pada Ben Tumiwa." in listed_
    press = form_of(listed_, "/requests/take-back")
    for said in ("1 permohonan kembali pada Anda.", "Tidak ada lagi permohonan Anda di sana."):
        answer = tia.post("/requests/take-back", data=press)
        assert (answer.status_code, answer.headers["location"]) == (303, "/requests?assignee=me")
        assert said in tia.get("/requests?assignee=me").text
    assert "ada pada Ben Tumiwa" not in tia.get("/requests").text
    assert tia.post("/requests/take-back", data={}).status_code == 422
