"""The chain holds until somebody touches a row, and then names the first one that does not fit."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from staffhub import audit
from staffhub.db import Base, Database
from staffhub.models import AuditEvent
from tests.conftest import MORNING, World, viewer_of
from tests.test_access import _belongings


def _events(database: Database, count: int = 5) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        for n in range(count):
            audit.record(db, ben, "test.done", "thing", n, now=MORNING + timedelta(seconds=n), before=n, after=n + 1)


def _seal(database: Database) -> int:
    with database.transaction() as db:
        return audit.seal(db)


def _verdict(database: Database) -> audit.Verdict:
    with database.reading() as db:
        return audit.verify(db)


def _tamper(database: Database, statement: str) -> None:
    """Do what somebody with the database's password could do: drop the guard, then change a row."""
    with database.transaction() as db:
        for verb in ("insert", "update", "delete"):
            on = "" if database.sqlite else " ON audit_event"
            db.execute(sa.text(f"DROP TRIGGER IF EXISTS audit_event_no_{verb}{on}"))
        db.execute(sa.text(statement))


def test_what_was_sealed_verifies_and_what_was_not_is_counted(database: Database) -> None:
    _events(database)
    before = _verdict(database)
    assert (before.sealed, before.broken_at) == (0, None)
    assert _seal(database) == before.unsealed > 5
    after = _verdict(database)
    assert (after.sealed, after.unsealed, after.broken_at) == (before.unsealed, 0, None)
    assert len(after.head) == 64
    assert _seal(database) == 0
    _events(database, 1)
    assert _verdict(database).unsealed == 2, "the event and the sign-in of its author"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET verb = 'test.forged' WHERE sequence = 3",
        "UPDATE audit_event SET actor_id = 99 WHERE sequence = 3",
        "UPDATE audit_event SET facts = '{}' WHERE sequence = 3",
        "DELETE FROM audit_event WHERE sequence = 3",
        "UPDATE audit_event SET sequence = 1003 WHERE sequence = 3",
        "UPDATE audit_event SET previous_hash = hash WHERE sequence = 3",
    ],
)
def test_an_edited_a_deleted_and_a_moved_row_are_found(database: Database, statement: str) -> None:
    _events(database)
    _seal(database)
    _tamper(database, statement)
    assert _verdict(database).broken_at == 3


def test_a_chain_cut_short_no_longer_ends_with_the_hash_that_the_log_kept(database: Database) -> None:
    _events(database)
    _seal(database)
    head = _verdict(database)
    _tamper(database, "DELETE FROM audit_event WHERE sequence = (SELECT max(sequence) FROM audit_event)")
    assert _verdict(database).broken_at is None
    assert _verdict(database).head != head.head


def test_a_chain_written_anew_verifies_but_does_not_hold_the_head_that_was_noted(database: Database) -> None:
    """What somebody with the database's password can do unnoticed, unless a head was noted outside of it."""
    _events(database)
    _seal(database)
    noted = _verdict(database)
    _events(database, 2)
    _seal(database)
    with database.reading() as db:
        later = audit.verify(db, noted=noted.head)
        assert (later.broken_at, later.noted_at) == (None, noted.sealed)
        assert audit.verify(db, noted="0" * 64).noted_at is None
        assert audit.head(db) == audit.Head(later.sealed, later.head)
    _tamper(database, "UPDATE audit_event SET verb = 'test.forged' WHERE sequence = 3")
    _tamper(database, "UPDATE audit_event SET sequence = NULL, previous_hash = NULL, hash = NULL")
    _seal(database)
    with database.reading() as db:
        forged = audit.verify(db, noted=noted.head)
        assert (forged.sealed, forged.broken_at, forged.noted_at) == (later.sealed, None, None)


def test_changes_tell_only_what_differs() -> None:
    assert audit.changes({"a": 1, "b": MORNING}, {"a": 2, "b": MORNING}) == {"a": [1, 2]}


def test_the_same_event_has_the_same_hash_in_every_time_zone_of_the_server(database: Database) -> None:
    _events(database, 1)
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "test.done")).one()
        assert event.at.isoformat() == "2026-11-22T23:12:00+00:00"


def test_a_forged_row_at_the_end_and_two_rows_that_changed_places_are_found(database: Database) -> None:
    _events(database)
    sealed = _seal(database)
    columns = "office_id, at, verb, subject, facts, request_id"
    _tamper(
        database,
        f"INSERT INTO audit_event ({columns}, sequence, previous_hash, hash) "  # noqa: S608
        f"SELECT {columns}, sequence + 1, hash, hash FROM audit_event WHERE sequence = {sealed}",
    )
    assert _verdict(database).broken_at == sealed + 1
    _tamper(database, "UPDATE audit_event SET sequence = 1003 WHERE sequence = 3")
    _tamper(database, "UPDATE audit_event SET sequence = 3 WHERE sequence = 4")
    _tamper(database, "UPDATE audit_event SET sequence = 4 WHERE sequence = 1003")
    assert _verdict(database).broken_at == 3


def test_both_databases_give_an_event_the_same_hash(database: Database) -> None:
    facts = {"before": None, "after": {"name": "Ibu Lié 🔑", "minutes": 450, "share": 0.1}}
    with database.transaction() as db:
        audit.record(db, None, "test.same", "office", 1, now=MORNING, office_id=1, **facts)
    with database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "test.same")).one()
        assert audit._hash("", 1, event) == "15990c31cea0bb84548b3aa1372fb54fec4b4c29ed0a222c30a8be83b3b5eb10"


_TABLES = {"session": "user_session"}


def test_what_an_event_tells_of_is_the_row_that_it_names(world: World) -> None:
    """The subject of every event is a table, and its id a row of it: "mark" never goes with an officer's id."""
    given, ben = _belongings(world), world.officer_id("ben")
    with world.database.reading() as db:
        events = db.execute(sa.select(AuditEvent.verb, AuditEvent.subject, AuditEvent.subject_id)).all()
        told = {event.verb: (event.subject, event.subject_id) for event in events}
        for verb, subject, row_id in events:
            table = Base.metadata.tables[_TABLES.get(subject, subject)]
            found = db.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.id == row_id))
            assert found == 1, (verb, subject, row_id)
    assert told["presence.check_in"] == ("officer", ben)
    assert told["log.written"] == ("log_entry", given["entry_id"])


def test_every_subject_that_the_program_names_is_a_table() -> None:
    subjects = set()
    for path in (Path(audit.__file__).parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                subjects.add(ast.literal_eval(node.args[3]))
    assert len(subjects) > 8
    assert {_TABLES.get(subject, subject) for subject in subjects} <= set(Base.metadata.tables)
