"""Codes at the door: which one counts, for whom, for how long, and what it proves."""

import math
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import doors, presence, security
from staffhub.db import Database
from staffhub.doors import codes
from staffhub.errors import Forbidden, NotFound, Refused, TooMany
from staffhub.models import AuditEvent, Grade, Mark, MarkKind, MarkProof, Place, WorkMode
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, race, viewer_of

WINDOW = timedelta(seconds=doors.WINDOW)
# MORNING is the beginning of a window.
assert MORNING.timestamp() % doors.WINDOW == 0


def made(database: Database, name: str = "Pintu depan", username: str = "hana") -> int:
    hr = viewer_of(database, username)
    with database.transaction() as db:
        return doors.make(db, hr, name=name, idempotency_key=str(uuid4()), now=MORNING)


def shown(database: Database, place_id: int, *, now: datetime = MORNING) -> str:
    with database.reading() as db:
        token = db.scalars(sa.select(Place.token).where(Place.id == place_id)).one()
        code = doors.kiosk(db, token, now=now).code
    assert code
    return code


def _way(database: Database, me: Viewer, code: str, *, now: datetime = MORNING) -> doors.Way | None:
    with database.reading() as db:
        return doors.judge(db, me, code, now=now)


def _prove(
    database: Database, me: Viewer, code: str, *, now: datetime = MORNING, out: bool = False, key: str = ""
) -> doors.Proven:
    way = _way(database, me, code, now=now)
    assert way
    with database.transaction() as db:
        return doors.prove(db, me, way, out=out, idempotency_key=key or str(uuid4()), now=now)


def _count(database: Database, table: Any) -> int:
    with database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_code_counts_in_its_window_and_the_one_after_and_then_no_more(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    code = shown(database, place)
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{6}", code)
    last = MORNING + 2 * WINDOW
    for moment in (MORNING, last - timedelta(microseconds=1)):
        assert _way(database, ben, code, now=moment) == doors.Way(place, "Pintu depan", codes.window_at(MORNING))
    for moment in (MORNING - timedelta(seconds=1), last):
        assert _way(database, ben, code, now=moment) is None


def test_what_is_typed_may_have_blanks_and_small_letters(database: Database) -> None:
    ben, code = viewer_of(database, "ben"), shown(database, made(database))
    assert _way(database, ben, f" {code[:3].lower()}-{code[3:]} ")
    for wrong in ("", code[:5], code + "2", "ä" * 6, "😀😀😀😀😀😀"):
        assert _way(database, ben, wrong) is None


def test_each_place_has_codes_of_its_own_and_each_office(database: Database) -> None:
    front, back = made(database), made(database, "Gudang arsip")
    there = made(database, "Pintu lain", "oka")
    ben, oka = viewer_of(database, "ben"), viewer_of(database, "oka")
    assert len({shown(database, one) for one in (front, back, there)}) == 3
    found = _way(database, ben, shown(database, back))
    assert found
    assert found.place == "Gudang arsip"
    assert _way(database, ben, shown(database, there)) is None
    assert _way(database, oka, shown(database, front)) is None


def test_a_place_that_is_ended_shows_nothing_and_its_codes_are_worth_nothing_at_once(database: Database) -> None:
    ben, hana, place = viewer_of(database, "ben"), viewer_of(database, "hana"), made(database)
    code = shown(database, place)
    for _press in range(2):
        with database.transaction() as db:
            assert doors.end(db, hana, place, now=MORNING) == "Pintu depan"
    assert _way(database, ben, code) is None
    with database.reading() as db:
        token = db.scalars(sa.select(Place.token)).one()
        assert doors.kiosk(db, token, now=MORNING).code is None
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.subject == "place").order_by(AuditEvent.id))
        assert list(verbs) == ["place.made", "place.ended"]


def test_a_place_is_made_once_however_often_it_is_pressed_by_hr_alone(database: Database) -> None:
    hana, key = viewer_of(database, "hana"), str(uuid4())
    for _press in range(2):
        with database.transaction() as db:
            doors.make(db, hana, name="Pintu depan", idempotency_key=key, now=MORNING)
    assert _count(database, Place) == 1
    oka = viewer_of(database, "oka")
    with database.transaction() as db:
        place_id = db.scalars(sa.select(Place.id)).one()
        with pytest.raises(NotFound):
            doors.end(db, oka, place_id, now=MORNING)
    for username in ("adi", "dewi", "ben"):
        me = viewer_of(database, username)
        with database.transaction() as db, pytest.raises(Forbidden):
            doors.make(db, me, name="Pintu", idempotency_key=str(uuid4()), now=MORNING)


def test_a_code_checks_in_at_the_office_with_grade_a_and_its_place_beside_the_mark(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    proven = _prove(database, ben, shown(database, place))
    assert proven.stamp.first
    with database.reading() as db:
        mark = db.scalars(sa.select(Mark)).one()
        assert (mark.kind, mark.mode, mark.method, mark.grade) == ("check_in", "office", "scan", "a")
        proof = db.scalars(sa.select(MarkProof)).one()
        assert (proof.mark_id, proof.place_id, proof.date) == (mark.id, place, TODAY)
        receipt = presence.receipt_for(db, ben, proven.stamp.code)
    assert (receipt.grade, receipt.place, receipt.method) == (Grade.A, "Pintu depan", "scan")


def test_a_code_is_used_once_by_each_person_and_a_second_use_has_the_same_receipt(database: Database) -> None:
    place = made(database)
    code, later = shown(database, place), MORNING + timedelta(seconds=40)
    ben, tia = viewer_of(database, "ben"), viewer_of(database, "tia")
    first = _prove(database, ben, code)
    again = _prove(database, ben, code, now=later)
    leaving = _prove(database, ben, code, now=later, out=True)
    assert (again.again, leaving.again) == (True, True)
    assert {again.stamp.receipt, leaving.stamp.receipt} == {first.stamp.receipt}
    assert _prove(database, tia, code).stamp.first
    assert (_count(database, Mark), _count(database, MarkProof)) == (2, 2)


def test_a_code_in_two_tabs_at_once_is_one_mark_and_one_proof(database: Database) -> None:
    ben, code = viewer_of(database, "ben"), shown(database, made(database))
    way = _way(database, ben, code)
    assert way

    def first(db: Any) -> None:
        doors.prove(db, ben, way, out=False, idempotency_key="tab-number-one", now=MORNING)

    other = race(database, first, lambda: _prove(database, ben, code, key="tab-number-two"))
    assert (_count(database, Mark), _count(database, MarkProof)) == (1, 1)
    with database.reading() as db:
        assert other.stamp.receipt == db.scalars(sa.select(Mark.receipt)).one()


def test_who_is_there_by_a_tap_is_proven_by_a_fact_beside_it_and_nothing_is_doubled(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    with database.transaction() as db:
        tapped = presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=MORNING)
    later = MORNING + timedelta(minutes=30)
    proven = _prove(database, ben, shown(database, place, now=later), now=later)
    assert (proven.raised, proven.stamp.receipt) == (True, tapped.receipt)
    with database.reading() as db:
        assert db.scalars(sa.select(Mark.grade)).one() == Grade.C, "what was declared stays as it was"
        (stamp,) = presence.stamps(db, ben, day=TODAY)
        receipt = presence.receipt_for(db, ben, tapped.code)
    assert (stamp.grade, receipt.grade) == (Grade.A, Grade.A)
    assert receipt.proven_at
    assert receipt.proven_at.minute == 42, "and it is told when it was proven"
    once_more = later + timedelta(minutes=5)
    assert not _prove(database, ben, shown(database, place, now=once_more), now=once_more).raised
    assert (_count(database, Mark), _count(database, MarkProof)) == (1, 1)


def test_who_is_checked_in_elsewhere_moves_to_the_office(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.HOME, idempotency_key=str(uuid4()), now=MORNING)
    later = MORNING + timedelta(hours=2)
    stamp = _prove(database, ben, shown(database, place, now=later), now=later).stamp
    assert (stamp.first, stamp.moved, stamp.mode, stamp.grade) == (True, True, WorkMode.OFFICE, Grade.A)


def test_who_had_left_already_is_not_proven_to_have_left_then(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    _prove(database, ben, shown(database, place))
    noon, evening = MORNING + timedelta(hours=5), MORNING + timedelta(hours=9)
    with database.transaction() as db:
        presence.check_out(db, ben, idempotency_key=str(uuid4()), now=noon)
    late = _prove(database, ben, shown(database, place, now=evening), now=evening, out=True)
    assert (late.stamp.first, late.raised, late.stamp.grade) == (False, False, Grade.C)


def test_a_check_out_with_the_code_is_proven_as_well_also_after_midnight(database: Database) -> None:
    ben, place = viewer_of(database, "ben"), made(database)
    evening = MORNING + timedelta(hours=14)  # 21.12
    _prove(database, ben, shown(database, place, now=evening), now=evening)
    night = MORNING + timedelta(hours=16, minutes=47, seconds=45)  # 23.59.45: the code of before midnight
    after = night + timedelta(seconds=25)
    stamp = _prove(database, ben, shown(database, place, now=night), now=after, out=True).stamp
    assert (stamp.kind, stamp.day, stamp.grade) == (MarkKind.CHECK_OUT, TODAY, Grade.A)
    with database.reading() as db:
        assert set(db.scalars(sa.select(MarkProof.date))) == {TODAY}


def test_an_account_of_nobody_proves_nothing(database: Database) -> None:
    nobody, code = replace(viewer_of(database, "adi"), officer_id=None), shown(database, made(database))
    with pytest.raises(Refused, match="tidak terhubung"):
        _prove(database, nobody, code)


SECRET = b"a secret of the tests"


def _granted(database: Database, me: Viewer, note: str, session: int, *, now: datetime) -> doors.Way | None:
    with database.reading() as db:
        return doors.granted(db, me, SECRET, session, note, now=now)


def test_a_page_that_was_opened_in_time_is_good_for_five_minutes_and_for_its_session_alone(database: Database) -> None:
    ben, hana, place = viewer_of(database, "ben"), viewer_of(database, "hana"), made(database)
    way = _way(database, ben, shown(database, place))
    assert way
    note = doors.grant(SECRET, 7, way, now=MORNING)
    in_time = MORNING + timedelta(minutes=4)
    assert _granted(database, ben, note, 7, now=in_time) == way
    assert _granted(database, ben, note, 8, now=in_time) is None
    assert _granted(database, ben, note, 7, now=MORNING + timedelta(minutes=6)) is None
    for forged in ("", "1", "1.2.3.4", note[:-1], note.replace(str(way.slot), str(way.slot + 1)), "ä.ö.ü.1"):
        assert _granted(database, ben, forged, 7, now=in_time) is None
    with database.transaction() as db:
        doors.end(db, hana, place, now=MORNING)
    assert _granted(database, ben, note, 7, now=in_time) is None


def test_signing_in_may_take_its_time_after_the_scan_but_not_for_ever_and_not_for_another_code() -> None:
    note = doors.note_opening(SECRET, "ABCDEF", now=MORNING)
    soon, late = MORNING + timedelta(minutes=9), MORNING + timedelta(minutes=11)
    assert doors.opened_at(SECRET, note, "ABCDEF", now=soon) == MORNING
    for given, code, now in ((note, "ABCDEF", late), (note, "ABCDEG", soon), (None, "ABCDEF", soon)):
        assert doors.opened_at(SECRET, given, code, now=now) == now
    assert doors.opened_at(b"another", note, "ABCDEF", now=soon) == soon
    assert doors.opened_at(SECRET, note, "ABCDEF", now=MORNING - timedelta(minutes=1)) < MORNING, "a clock set back"


def test_ten_thousand_guesses_take_a_person_a_week_and_hit_with_two_chances_in_a_hundred_thousand(
    database: Database,
) -> None:
    tia = viewer_of(database, "tia")
    taken, now, end = 0, MORNING, MORNING + timedelta(hours=1)
    while now < end:
        with database.transaction() as db:
            try:
                security.refuse_guesses(db, tia, now=now)
                security.note_guess(db, tia, now=now)
                taken += 1
            except TooMany as error:
                wait, said = error.retry_after, error.message
                now += timedelta(seconds=wait)
    assert 0 < wait <= 601
    assert "08.13" in said, "it says when the next one is taken"
    assert taken <= 6 * security.LIMIT_OF_PERSON
    assert 10_000 / (taken * 24) > 6  # days
    assert math.isclose(10_000 * 2 / len(presence.RECEIPT_LETTERS) ** doors.LENGTH, 2.3e-5, rel_tol=0.05)


def test_wrong_codes_of_one_person_hold_up_nobody_else_until_it_is_the_whole_office(database: Database) -> None:
    tia, ben, oka = (viewer_of(database, name) for name in ("tia", "ben", "oka"))
    with database.transaction() as db:
        for _wrong in range(security.LIMIT_OF_PERSON):
            security.note_guess(db, tia, now=MORNING)
        with pytest.raises(TooMany):
            security.refuse_guesses(db, tia, now=MORNING)
        security.refuse_guesses(db, ben, now=MORNING)
        for _wrong in range(security.LIMIT_OF_OFFICE - security.LIMIT_OF_PERSON):
            security.note_guess(db, tia, now=MORNING)
        with pytest.raises(TooMany):
            security.refuse_guesses(db, ben, now=MORNING)
        security.refuse_guesses(db, oka, now=MORNING)
        security.refuse_guesses(db, ben, now=MORNING + security.WINDOW)


def test_wrong_codes_are_no_wrong_passwords(database: Database) -> None:
    tia = viewer_of(database, "tia")
    with database.transaction() as db:
        for _wrong in range(2 * security.LIMIT_NAME):
            security.note_guess(db, tia, now=MORNING)
    with database.transaction() as db:
        _try, account = security.begin_sign_in(
            db, username="tia", address="10.0.0.1", device=None, key=b"", now=MORNING
        )
    assert account is not None, "whoever typed wrong codes signs in as before"
