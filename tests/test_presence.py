"""Marks: one per declaration, never two, never changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import office, presence
from staffhub.db import Database
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, Mark, MarkKind, MarkNote, Office, WorkMode
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_queries, viewer_of


def _in(
    database: Database, me: Viewer, mode: WorkMode = WorkMode.OFFICE, *, now: datetime = MORNING, **facts: str
) -> presence.Stamp:
    with database.transaction() as db:
        return presence.check_in(db, me, mode=mode, now=now, **{"idempotency_key": str(uuid4())} | facts)  # type: ignore[arg-type]


def _known(db: Session, me: Viewer) -> None:
    """What the look-up of the session has read before any tap."""
    office.note(db, me.office_id, db.scalars(sa.select(Office.version).where(Office.id == me.office_id)).one())


def _out(database: Database, me: Viewer, *, now: datetime = MORNING, idempotency_key: str = "") -> presence.Stamp:
    with database.transaction() as db:
        return presence.check_out(db, me, idempotency_key=idempotency_key or str(uuid4()), now=now)


def _marks(database: Database) -> list[Mark]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Mark).order_by(Mark.id)))


def test_a_check_in_is_stored_with_the_servers_time_a_receipt_and_an_audit_event(database: Database) -> None:
    ben = viewer_of(database, "ben")
    stamp = _in(database, ben)
    (mark,) = _marks(database)
    assert (mark.kind, mark.mode, mark.attempted_at, mark.date) == ("check_in", "office", MORNING, TODAY)
    assert stamp.first
    assert stamp.receipt == mark.receipt
    assert len(stamp.code) == 9
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "presence.check_in")).one()
    assert event.actor_id == ben.account_id


def test_a_second_tap_changes_nothing_and_returns_the_first_mark(database: Database) -> None:
    ben = viewer_of(database, "ben")
    first = _in(database, ben)
    second = _in(database, ben, now=MORNING + timedelta(minutes=3))
    assert (second.first, second.receipt) == (False, first.receipt)
    assert len(_marks(database)) == 1


def test_a_replay_with_the_same_key_changes_nothing_even_in_another_mode_or_after_midnight(database: Database) -> None:
    ben = viewer_of(database, "ben")
    first = _in(database, ben, idempotency_key="key-12345678")
    for mode, later in ((WorkMode.HOME, timedelta(hours=1)), (WorkMode.OFFICE, timedelta(days=1))):
        again = _in(database, ben, mode, now=MORNING + later, idempotency_key="key-12345678")
        assert (again.first, again.receipt) == (False, first.receipt)
    assert len(_marks(database)) == 1


def test_a_changed_mode_during_the_day_is_a_new_mark_beside_the_old_one(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, WorkMode.HOME)
    _in(database, ben, WorkMode.OFFICE, now=MORNING + timedelta(hours=3))
    assert [(mark.turn, mark.mode) for mark in _marks(database)] == [(1, "home"), (2, "office")]


def test_field_duty_is_stored_at_once_and_its_place_is_a_later_fact(database: Database) -> None:
    ben = viewer_of(database, "ben")
    stamp = _in(database, ben, WorkMode.FIELD)
    assert stamp.first
    later = MORNING + timedelta(minutes=5)
    for note in ("Ratahan, ST 12", "Ratahan, ST 13"):
        with database.transaction() as db:
            presence.add_note(
                db, ben, presence.own_mark(db, ben, stamp.code), note=note, idempotency_key=str(uuid4()), now=later
            )
    with database.reading() as db:
        (seen,) = presence.stamps(db, ben, day=TODAY)
        assert (seen.note, seen.at) == ("Ratahan, ST 13", stamp.at)
        assert presence.receipt_for(db, ben, stamp.code).note == "Ratahan, ST 13"
        assert len(db.scalars(sa.select(MarkNote)).all()) == 2
    assert [mark.note for mark in _marks(database)] == [""], "the mark itself stays as it was"


def test_a_place_sent_twice_is_one_fact_and_only_ones_own_mark_takes_one(database: Database) -> None:
    ben, cy = viewer_of(database, "ben"), viewer_of(database, "cy")
    code, key = _in(database, ben, WorkMode.FIELD).receipt, str(uuid4())
    for note in ("Ratahan", "Ratahan", "Tombatu"):
        with database.transaction() as db:
            presence.add_note(db, ben, presence.own_mark(db, ben, code), note=note, idempotency_key=key, now=MORNING)
    with pytest.raises(NotFound), database.transaction() as db:
        presence.own_mark(db, cy, code)
    with database.reading() as db:
        assert db.scalars(sa.select(MarkNote.note)).all() == ["Ratahan"]


def test_checking_out_counts_once(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben)
    for hours, first in ((8, True), (9, False)):
        out = _out(database, ben, now=MORNING + timedelta(hours=hours))
        assert (out.kind, out.first, out.alone) == (MarkKind.CHECK_OUT, first, False)
    assert len(_marks(database)) == 2


def test_a_check_out_without_a_check_in_is_kept_and_a_second_tap_adds_nothing(database: Database) -> None:
    ben = viewer_of(database, "ben")
    assert (_out(database, ben).alone, _out(database, ben, now=MORNING + timedelta(minutes=1)).first) == (True, False)
    _in(database, ben, now=MORNING + timedelta(hours=1))
    assert [(mark.turn, mark.kind) for mark in _marks(database)] == [(1, "check_out"), (2, "check_in")]


# Monday 22.00 WITA; the same night at 00.05, at 06.00, and the next evening.
NIGHT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
DAWN = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)


@pytest.mark.parametrize(("came", "left"), [(NIGHT, DAWN), (NIGHT, AFTER_MIDNIGHT), (MORNING, AFTER_MIDNIGHT)])
def test_a_check_out_after_midnight_belongs_to_the_day_on_which_the_work_began(
    database: Database, came: datetime, left: datetime
) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=came)
    out = _out(database, ben, now=left)
    assert (out.first, out.day, out.at.date()) == (True, TODAY, TODAY + timedelta(days=1))
    assert [(mark.date, mark.turn) for mark in _marks(database)] == [(TODAY, 1), (TODAY, 2)]
    again = _out(database, ben, now=left + timedelta(minutes=1))
    assert (again.first, again.receipt) == (False, out.receipt)


def test_a_check_out_tapped_just_before_and_just_after_midnight_is_one(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben)
    midnight = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    first, again = (_out(database, ben, now=midnight + timedelta(seconds=n)) for n in (-1, 1))
    assert (first.first, again.first, again.receipt) == (True, False, first.receipt)


def test_a_check_out_of_the_night_sent_again_with_its_key_changes_nothing(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    out = _out(database, ben, now=DAWN, idempotency_key="key-12345678")
    _in(database, ben, now=DAWN + timedelta(hours=2))
    again = _out(database, ben, now=DAWN + timedelta(hours=3), idempotency_key="key-12345678")
    assert (again.first, again.receipt) == (False, out.receipt)
    assert len(_marks(database)) == 3


def test_who_forgot_to_check_out_does_not_do_it_for_yesterday_the_next_evening(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben)
    out = _out(database, ben, now=EVENING)
    assert (out.day, out.alone) == (TODAY + timedelta(days=1), True)


def test_a_check_in_begins_the_new_day_and_yesterday_stays_open(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    with database.reading() as db:
        found = presence.spell(db, ben, now=DAWN)
    assert (found.today, found.left_open.at) == ([], NIGHT)  # type: ignore[union-attr]
    assert _in(database, ben, now=DAWN).day == TODAY + timedelta(days=1)
    assert _out(database, ben, now=DAWN + timedelta(hours=8)).day == TODAY + timedelta(days=1)
    assert [mark.date.day for mark in _marks(database)] == [23, 24, 24]


def test_the_night_is_open_until_its_hours_are_over(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    for late, open_at in ((timedelta(seconds=-1), NIGHT), (timedelta(), None)):
        with database.reading() as db:
            left = presence.spell(db, ben, now=NIGHT + presence.OPEN_FOR + late).left_open
        assert (left.at if left else None) == open_at


def test_many_check_outs_at_once_after_midnight_are_one(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    with ThreadPoolExecutor(8) as pool:
        stamps = list(pool.map(lambda _n: _out(database, ben, now=DAWN), range(8)))
    assert sum(stamp.first for stamp in stamps) == 1
    assert [(mark.date, mark.turn) for mark in _marks(database)] == [(TODAY, 1), (TODAY, 2)]


def test_a_check_in_and_the_nights_check_out_at_once_are_both_kept(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    with ThreadPoolExecutor(2) as pool:
        came, left = pool.submit(_in, database, ben, now=DAWN), pool.submit(_out, database, ben, now=DAWN)
        stamps = (came.result(), left.result())
    assert all(stamp.first for stamp in stamps)
    assert len(_marks(database)) == 3


def test_a_check_out_costs_three_statements_beside_the_session(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=NIGHT)
    with count_queries(database) as seen, database.transaction() as db:
        _known(db, ben)
        presence.check_out(db, ben, idempotency_key="x", now=DAWN)
    assert len(seen) == 1 + 3, seen


def test_the_day_changes_at_midnight_of_the_office_and_not_of_the_server(database: Database) -> None:
    ben = viewer_of(database, "ben")
    _in(database, ben, now=datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC))
    _in(database, ben, now=datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC))
    assert [mark.date.day for mark in _marks(database)] == [23, 24]


def test_sixteen_taps_at_once_make_one_mark(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with ThreadPoolExecutor(16) as pool:
        stamps = list(pool.map(lambda _n: _in(database, ben), range(16)))
    assert sum(stamp.first for stamp in stamps) == 1
    assert len({stamp.receipt for stamp in stamps}) == len(_marks(database)) == 1


def test_two_modes_tapped_at_once_are_two_marks_in_two_places_or_one_of_them_is_told_so(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with ThreadPoolExecutor(2) as pool:
        stamps = list(pool.map(lambda mode: _in(database, ben, mode), (WorkMode.OFFICE, WorkMode.HOME)))
    assert sorted(mark.turn for mark in _marks(database)) == [1, 2]
    assert {stamp.mode for stamp in stamps} == {WorkMode.OFFICE, WorkMode.HOME}


def test_an_account_without_an_officer_cannot_check_in(database: Database) -> None:
    from dataclasses import replace

    with pytest.raises(Refused):
        _in(database, replace(viewer_of(database, "adi"), officer_id=None))


def test_a_check_in_costs_three_statements_beside_the_session(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with count_queries(database) as seen, database.transaction() as db:
        _known(db, ben)
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="x", now=MORNING)
    assert len(seen) == 1 + 3, seen


def test_a_receipt_opens_for_its_owner_and_those_above_and_for_nobody_else(database: Database) -> None:
    code = _in(database, viewer_of(database, "ben")).code
    for username in ("ben", "ana", "dewi", "hana"):
        viewer = viewer_of(database, username)
        with database.reading() as db:
            assert presence.receipt_for(db, viewer, code).name == "Ben Tumiwa"
    cy, oka = viewer_of(database, "cy"), viewer_of(database, "oka")
    with database.reading() as db, pytest.raises(Forbidden):
        presence.receipt_for(db, cy, code)
    with database.reading() as db, pytest.raises(NotFound):
        presence.receipt_for(db, oka, code)
