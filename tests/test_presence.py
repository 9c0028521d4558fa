"""Marks: one per declaration, never two, never changed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import presence
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, Mark, MarkKind, WorkMode
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_queries, viewer_of


def _in(
    database: Database, me: Viewer, mode: WorkMode = WorkMode.OFFICE, *, now: datetime = MORNING, **facts: str
) -> presence.Stamp:
    with database.transaction() as db:
        return presence.check_in(db, me, mode=mode, now=now, **{"idempotency_key": str(uuid4())} | facts)  # type: ignore[arg-type]


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


def test_field_duty_asks_for_a_note(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with pytest.raises(Refused) as refused:
        _in(database, ben, WorkMode.FIELD)
    assert refused.value.field == "note"
    assert _in(database, ben, WorkMode.FIELD, note="Ratahan, ST 12").first


def test_checking_out_needs_a_check_in_and_counts_once(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with pytest.raises(Conflict), database.transaction() as db:
        presence.check_out(db, ben, idempotency_key=str(uuid4()), now=MORNING)
    _in(database, ben)
    for hours, first in ((8, True), (9, False)):
        with database.transaction() as db:
            out = presence.check_out(db, ben, idempotency_key=str(uuid4()), now=MORNING + timedelta(hours=hours))
        assert (out.kind, out.first) == (MarkKind.CHECK_OUT, first)
    assert len(_marks(database)) == 2


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
    with count_queries(database) as seen:
        _in(database, ben)
    assert len(seen) == 3, seen


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
