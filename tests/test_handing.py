"""Who is offered for a request, and who gets it: place today, load, leave, many at once, and who is told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from staffhub import clock, i18n, presence
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    Account,
    Correction,
    CorrectionKind,
    CorrectionReason,
    DayPart,
    Notice,
    NoticeKind,
    Officer,
    PlanLayer,
    PlanMode,
    ServiceRequest,
    ServiceType,
    WorkMode,
)
from staffhub.service_requests import choosing, duty, handing, listed, one, owners, reckoning, steps
from staffhub.service_requests import notices as left
from staffhub.service_requests.duty import Place
from tests.conftest import MORNING, TODAY, plan_range, race, viewer_of
from tests.test_service_requests import assigned, goes_on_leave, leaves, reload, take_in

MIDDAY = MORNING + timedelta(hours=6)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def comes(database: Database, *usernames: str, mode: WorkMode = WorkMode.OFFICE, now: datetime = MORNING) -> None:
    for username in usernames:
        me = viewer_of(database, username)
        with database.transaction() as db:
            presence.check_in(db, me, mode=mode, idempotency_key=f"comes-{username}-{now:%d%H%M}", now=now)


def goes(database: Database, username: str, now: datetime = MORNING) -> None:
    me = viewer_of(database, username)
    with database.transaction() as db:
        presence.check_out(db, me, idempotency_key=f"goes-{username}-{now:%d%H%M}", now=now)


def says(database: Database, username: str, kind: CorrectionKind, at: datetime | None = None) -> None:
    """HR writes of today beside the marks."""
    hana, officer_id = viewer_of(database, "hana"), viewer_of(database, username).officer_id
    with database.transaction() as db:
        facts = {"office_id": hana.office_id, "officer_id": officer_id, "date": TODAY, "kind": kind, "at": at}
        facts |= {"reason": CorrectionReason.LEAVE_LETTER, "note": "Surat", "created_by": hana.account_id}
        db.execute(sa.insert(Correction).values(**facts, created_at=MORNING, idempotency_key=f"{username}-{kind}-{at}"))


def offered(database: Database, username: str = "ana", now: datetime = MORNING) -> list[duty.Candidate]:
    me = viewer_of(database, username)
    with database.reading() as db:
        return duty.candidates(db, me, division_id=viewer_of(database, "ana").division_id, now=now)


def places(database: Database, now: datetime = MORNING) -> dict[str, Place]:
    return {one_of.name.split()[0]: one_of.place for one_of in offered(database, now=now)}


def first(database: Database, now: datetime = MORNING) -> str | None:
    chosen = duty.proposed(offered(database, now=now), viewer_of(database, "ana").division_id)
    return chosen and chosen.name


def notices(database: Database, username: str) -> list[tuple[str, str]]:
    with database.reading() as db:
        mine = sa.select(Notice.kind, Notice.params, Notice.address).join(Account, Account.id == Notice.account_id)
        found = db.execute(mine.where(Account.username == username, Notice.read_at.is_(None)).order_by(Notice.id))
        wanted = {NoticeKind.REQUESTS_GIVEN, NoticeKind.REQUESTS_LEFT}
        return [(str(row.params["who"]), row.address) for row in found if row.kind in wanted]


def test_on_duty_is_who_is_planned_and_has_come_and_not_gone_and_nobody_is_guessed(database: Database) -> None:
    assert set(places(database).values()) == {Place.EXPECTED}
    assert first(database) is None, "planned, but nobody has come"
    comes(database, "ana", "ben", "tia")
    assert places(database) == {"Ben": Place.ON_DUTY, "Tia": Place.ON_DUTY, "Ana": Place.ON_DUTY}
    assert [one_of.name.split()[0] for one_of in offered(database)] == ["Ben", "Tia", "Ana"], "a head comes last"
    goes(database, "ben", MIDDAY)
    assert places(database, MIDDAY)["Ben"] is Place.OUT
    assert first(database, MIDDAY) == "Tia Lumintang"
    goes(database, "tia", MIDDAY)
    assert first(database, MIDDAY) is None, "a head is never proposed"


def test_the_least_loaded_is_proposed_and_many_are_dealt_out_evenly(database: Database) -> None:
    comes(database, "ben", "tia")
    for _n in range(3):
        assigned(database, "ben")
    found, division_id = offered(database), viewer_of(database, "ana").division_id
    assert first(database) == "Tia Lumintang"
    dealt = duty.deal(found, [(division_id, None)] * 5)
    assert [one_of and one_of.name.split()[0] for one_of in dealt] == ["Tia"] * 3 + ["Ben", "Tia"]
    tia = viewer_of(database, "tia").officer_id
    assert duty.deal(found, [(-1, None), (division_id, tia)])[0] is None
    assert [one_of and one_of.name for one_of in duty.deal(found, [(division_id, tia)])] == ["Ben Tumiwa"]


def test_the_place_is_of_today_by_mark_before_plan_and_a_mark_of_yesterday_says_nothing(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, mode=PlanMode.HOME)
    assert {one_of.where for one_of in offered(database) if one_of.id == ben.officer_id} == {
        "not in yet, planned at home"
    }
    comes(database, "ben", mode=WorkMode.FIELD)
    assert {one_of.where for one_of in offered(database) if one_of.id == ben.officer_id} == {"on field duty"}
    midnight = clock.at_local(TODAY + timedelta(days=1), time.min, ben.zone)
    assert places(database, midnight - timedelta(seconds=1))["Ben"] is Place.ON_DUTY
    assert places(database, midnight)["Ben"] is Place.EXPECTED
    saturday = clock.at_local(date(2026, 11, 28), time(9), ben.zone)
    comes(database, "tia", now=saturday)
    assert places(database, saturday)["Tia"] is Place.OFF, "no work is planned then"


def test_half_a_day_of_leave_counts_for_its_half(database: Database) -> None:
    ben, request = viewer_of(database, "ben"), assigned(database, "ben")
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, part=DayPart.AFTERNOON)
    comes(database, "ben")
    for now, place, lacking in [(MORNING, Place.ON_DUTY, ""), (MIDDAY, Place.AWAY, "away")]:
        assert places(database, now)["Ben"] is place
        with database.reading() as db:
            assert one.request_for(db, ben, request.id, now=now).lacking == lacking
    assert {one_of.where for one_of in offered(database, now=MIDDAY) if one_of.place is Place.AWAY} == {
        "on leave this half of the day"
    }


def test_who_is_excused_or_sick_by_what_hr_wrote_is_not_there(database: Database) -> None:
    tia = viewer_of(database, "tia")
    comes(database, "ben", "tia")
    with database.transaction() as db:
        plan_range(db, tia, tia.officer_id, TODAY, layer=PlanLayer.EXEMPTION)
    says(database, "ben", CorrectionKind.LEAVE)
    assert places(database) == {"Ana": Place.EXPECTED, "Ben": Place.AWAY, "Tia": Place.AWAY}
    says(database, "ben", CorrectionKind.ABSENT)
    assert places(database)["Ben"] is Place.ON_DUTY, "the newest that speaks of the whole day counts"


def test_what_hr_wrote_of_coming_and_going_counts_as_a_mark(database: Database) -> None:
    says(database, "ben", CorrectionKind.CHECK_IN, MORNING)
    assert places(database)["Ben"] is Place.ON_DUTY
    says(database, "ben", CorrectionKind.CHECK_OUT, MIDDAY)
    assert places(database, MIDDAY)["Ben"] is Place.OUT


@pytest.mark.parametrize("way", ["one", "all", "many"])
def test_whoever_is_on_leave_gets_nothing_before_it_was_said_until_when(database: Database, way: str) -> None:
    request, ana = assigned(database, "tia"), viewer_of(database, "ana")
    ben = viewer_of(database, "ben")
    until = TODAY + timedelta(days=2)
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, until)
    ids = {"giver_id": request.assignee_id or 0, "taker_id": ben.officer_id or 0}

    def press(told: date | None) -> None:
        with database.transaction() as db:
            if way == "one":
                steps.assign(db, ana, request, assignee_id=ids["taker_id"], told=told, now=MORNING)
            elif way == "all":
                handing.hand_on(db, ana, **ids, told=told, now=MORNING)
            else:
                gift = handing.Gift(request.id, request.version, ids["taker_id"])
                handing.give(db, ana, [gift], told=told, now=MORNING)

    for told in (None, TODAY):  # nothing was said; it was said of another day
        with pytest.raises(duty.OnLeave) as asked:
            press(told)
        assert (asked.value.until, asked.value.field) == (until, "assignee")
        assert reload(database, request).officer == "Tia Lumintang"
    press(until)
    assert reload(database, request).officer == "Ben Tumiwa"
    assert notices(database, "ben") == [("Ana Kaunang", f"/requests/{request.id}")]


def test_many_go_each_on_its_own_version_and_what_changed_meanwhile_is_named(database: Database) -> None:
    ana, ben, tia = (viewer_of(database, name) for name in ("ana", "ben", "tia"))
    three = [take_in(database) for _n in range(3)]
    gifts = [handing.Gift(row.id, row.version, ben.officer_id or 0) for row in three]
    with database.transaction() as db:
        steps.assign(db, ana, three[1], assignee_id=tia.officer_id or 0, now=MORNING)
    for _press in ("first", "again"):
        with database.transaction() as db:
            given = handing.give(db, ana, gifts, note="Antre", now=MORNING)
        assert (given.count, given.left_out) == (2, (three[1].number,))
    assert [reload(database, row).officer for row in three] == ["Ben Tumiwa", "Tia Lumintang", "Ben Tumiwa"]
    with database.reading() as db:
        latest, before = one.history(db, ana, reload(database, three[0]))
    assert (latest.handed_to, latest.note, before.first) == ("Ben Tumiwa", "Antre", True)
    assert notices(database, "ben") == [("Ana Kaunang", "/requests?assignee=me")]


def test_of_two_heads_who_hand_over_at_once_the_second_is_told(database: Database) -> None:
    ana, dewi, request = viewer_of(database, "ana"), viewer_of(database, "dewi"), take_in(database)
    ben, tia = (viewer_of(database, name).officer_id or 0 for name in ("ben", "tia"))

    def second() -> handing.Given:
        with database.transaction() as db:
            return handing.give(db, dewi, [handing.Gift(request.id, request.version, tia)], now=MORNING)

    gift = handing.Gift(request.id, request.version, ben)
    given = race(database, lambda db: handing.give(db, ana, [gift], now=MORNING), second)
    assert (given.count, given.left_out) == (0, (request.number,))
    assert reload(database, request).officer == "Ben Tumiwa"


def test_many_are_only_what_is_mine_to_give_to_whom_i_may_give(database: Database) -> None:
    ana, card = viewer_of(database, "ana"), take_in(database)
    certificate = take_in(database, service_type="birth_certificate")
    ids = {name: viewer_of(database, name).officer_id or 0 for name in ("ben", "cy")}
    for username, request, taker in [("ana", certificate, "ben"), ("ana", card, "cy"), ("ben", card, "ben")]:
        me, gift = viewer_of(database, username), handing.Gift(request.id, request.version, ids[taker])
        with pytest.raises(Forbidden), database.transaction() as db:
            handing.give(db, me, [gift], now=MORNING)
    with pytest.raises(Forbidden), database.transaction() as db:
        handing.give(db, ana, [handing.Gift(999, 1, ids["ben"])], now=MORNING)
    leaves(database, "ben")
    with pytest.raises(Refused), database.transaction() as db:
        handing.give(db, ana, [handing.Gift(card.id, card.version, ids["ben"])], now=MORNING)


def test_whoever_takes_it_is_not_told_and_of_two_who_take_it_one_is_refused(database: Database) -> None:
    request, ben, tia = take_in(database), viewer_of(database, "ben"), viewer_of(database, "tia")
    with database.transaction() as db:
        steps.assign(db, ben, request, assignee_id=ben.officer_id or 0, now=MORNING)
    with pytest.raises(Conflict), database.transaction() as db:
        steps.assign(db, tia, request, assignee_id=tia.officer_id or 0, now=MORNING)
    assert notices(database, "ben") == []


def tell_left(database: Database, now: datetime = MORNING) -> None:
    left.tell_left_due(database, now=now)


def test_the_head_is_told_once_of_whoever_is_gone_with_open_requests_until_they_are_handed_over(
    database: Database,
) -> None:
    assigned(database, "tia")
    tia, ana, ben = (viewer_of(database, name) for name in ("tia", "ana", "ben"))
    tell_left(database)
    assert notices(database, "ana") == []
    goes_on_leave(database, "tia")
    for _run in range(2):
        tell_left(database)
    assert notices(database, "ana") == [("Tia Lumintang", f"/requests/hand-on?officer={tia.officer_id}")]
    assert notices(database, "dewi") == [], "the head of the division is there"
    with database.transaction() as db:
        handing.hand_on(db, ana, giver_id=tia.officer_id or 0, taker_id=ben.officer_id or 0, now=MORNING)
    tell_left(database)
    assert notices(database, "ana") == []
    assert notices(database, "ben") == [("Ana Kaunang", "/requests/1")]


def test_who_has_left_is_told_of_on_the_next_day_and_to_the_office_where_the_head_is_away(database: Database) -> None:
    assigned(database, "ana")
    ana = viewer_of(database, "ana")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ana.officer_id).values(active_to=TODAY))
    last_second = clock.at_local(TODAY + timedelta(days=1), time.min, ana.zone) - timedelta(seconds=1)
    tell_left(database, last_second)
    assert notices(database, "dewi") == []
    tell_left(database, last_second + timedelta(seconds=1))
    assert notices(database, "dewi") == [("Ana Kaunang", f"/requests/hand-on?officer={ana.officer_id}")]
    assert notices(database, "oka") == []


def test_of_half_a_day_and_of_nothing_open_nobody_is_told(database: Database) -> None:
    request, ben = assigned(database, "ben"), viewer_of(database, "ben")
    with database.transaction() as db:
        plan_range(db, ben, ben.officer_id, TODAY, part=DayPart.MORNING)
    goes_on_leave(database, "tia")
    tell_left(database, datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert notices(database, "ana") == []
    with database.reading() as db:
        assert owners.holder_for(db, viewer_of(database, "ana"), ben.officer_id or 0, now=MORNING).why == "away"
        assert db.scalar(sa.select(ServiceRequest.assignee_id).where(ServiceRequest.id == request.id))


def test_what_is_handed_over_comes_in_the_order_of_the_list_what_is_due_first(database: Database) -> None:
    ana, ben = viewer_of(database, "ana"), viewer_of(database, "ben")
    with database.transaction() as db:
        db.execute(sa.update(ServiceType).where(ServiceType.code == "family_card").values(service_days=1))
    friday = MORNING - timedelta(days=3)
    given = {"now": friday, "service_type": "move_certificate"}
    old, urgent = take_in(database, **given), take_in(database, urgent=True, note="Lansia", **given)
    late = take_in(database, now=friday + timedelta(hours=1))
    reckoning.reckon_due(database, now=MORNING)
    now = MORNING + timedelta(days=1)
    ids = [late.id, urgent.id, old.id]
    with database.reading() as db:
        assert [row.id for row in choosing.unassigned(db, ana, now=now).rows] == ids
        assert [row.id for row in choosing.ticked(db, ana, ids[::-1], now=now).rows] == ids
        assert [row.id for row in listed.listing(db, ana, listed.Wanted(), page=1, now=now).rows] == ids
    for row in (old, urgent, late):
        with database.transaction() as db:
            steps.assign(db, ana, one.request_for(db, ana, row.id, now=now), assignee_id=ben.officer_id, now=now)
    with database.reading() as db:
        assert [row.id for row in owners.held_by(db, ana, ben.officer_id or 0, now=now)] == ids
