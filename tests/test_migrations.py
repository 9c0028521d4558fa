"""The database is built by migrations alone, and refuses what must never change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import audit
from staffhub.db import Database, make_engine
from staffhub.migrations import differences, is_at_head, migrate
from tests.conftest import MORNING, TODAY

APPEND_ONLY = ("mark", "correction", "request_event", "join_click")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database without a single table."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()
        return
    server = request.getfixturevalue("postgres")
    name = f"empty_{uuid4().hex[:12]}"
    server.run(f"CREATE DATABASE {name}")
    engine = make_engine(server.url(name))
    yield engine
    engine.dispose()
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


def _tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_migrations_go_up_down_and_up_again(empty: sa.Engine) -> None:
    migrate(empty)
    built = _tables(empty)
    assert "mark" in built
    migrate(empty, "base")
    assert _tables(empty) == set()
    migrate(empty)
    assert _tables(empty) == built
    with empty.connect() as connection:
        assert is_at_head(connection)


def test_models_and_migrations_agree(empty: sa.Engine) -> None:
    migrate(empty)
    assert differences(empty) == []


def test_an_empty_database_is_not_at_head(empty: sa.Engine) -> None:
    with empty.connect() as connection:
        assert not is_at_head(connection)


def _one_row_each(database: Database) -> None:
    """One fact of every kind, as plain SQL would write it."""
    with database.transaction() as db:
        officer, account, office = (
            db.execute(sa.text("SELECT officer_id, id, office_id FROM account")).first() or (0,) * 3
        )
        service = db.scalar(sa.text("SELECT id FROM service_type"))
        base = {"office_id": office, "date": TODAY, "at": MORNING, "officer_id": officer}
        names = (*APPEND_ONLY, "service_request", "meeting")
        tables = {name: sa.Table(name, sa.MetaData(), autoload_with=db.connection()) for name in names}

        def add(name: str, **values: Any) -> int:
            columns = tables[name].c
            row = {key: value for key, value in (base | values).items() if key in columns}
            return int(db.scalar(tables[name].insert().values(row).returning(columns.id)) or 0)

        add("mark", place=1, kind="check_in", mode="office", note="", attempted_at=MORNING, received_at=MORNING,
            method="tap", grade="c", receipt="ABCDEFG", idempotency_key="m")  # fmt: skip
        add("correction", kind="absent", reason="forgot", note="x", created_by=account, created_at=MORNING,
            idempotency_key="c")  # fmt: skip
        request = add("service_request", number="PM-2611-0001", service_type_id=service, applicant="Ibu N.", phone="",
                      channel="counter", urgent=False, siak_reference="", state="new", created_at=MORNING,
                      updated_at=MORNING, version=1, idempotency_key="r")  # fmt: skip
        add("request_event", request_id=request, state="new", note="")
        meeting = add("meeting", kind="single", topic="t", agenda="", starts_on=TODAY, ends_on=TODAY,
                      starts_at=MORNING.time(), minutes=15, weekdays=[], occurrences=1, audience={}, state="waiting",
                      marker="[sh:1]", zoom_host="", join_url="", trouble="", version=1, created_by=account,
                      created_at=MORNING, idempotency_key="z")  # fmt: skip
        add("join_click", meeting_id=meeting)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_a_fact_is_neither_changed_nor_removed(database: Database, table: str) -> None:
    _one_row_each(database)
    for statement in (f"UPDATE {table} SET office_id = office_id", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
            db.execute(sa.text(statement))
    with database.reading() as db:
        assert db.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 1  # noqa: S608


def test_an_audit_event_is_sealed_once_and_never_removed(database: Database) -> None:
    with database.transaction() as db:
        assert audit.seal(db) > 0
    for statement in ("UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
            db.execute(sa.text(statement))
    with database.reading() as db:
        assert audit.verify(db).broken_at is None


def test_an_event_not_yet_sealed_can_be_sealed_but_not_removed(database: Database) -> None:
    with database.transaction() as db:
        audit.record(db, None, "x.done", "x", 1, now=datetime(2026, 11, 23, tzinfo=UTC))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
        db.execute(sa.text("DELETE FROM audit_event WHERE verb = 'x.done'"))
    with database.transaction() as db:
        audit.seal(db)
    with database.reading() as db:
        assert audit.verify(db).unsealed == 0
