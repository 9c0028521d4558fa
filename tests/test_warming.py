"""What a process does before anybody asks, and what a connection keeps of it."""

from contextvars import copy_context
from typing import Any

import pytest
import sqlalchemy as sa

from bench.postgres import Postgres
from staffhub import ahead
from staffhub.among import is_among
from staffhub.connections import POOL
from staffhub.db import Database, rows
from staffhub.errors import Refused
from staffhub.models import Office, Officer
from staffhub.reports.today import today
from staffhub.warming import read_first_pages
from tests.conftest import MORNING, viewer_of


def test_whoever_asks_first_waits_for_no_statement_to_be_built(database: Database) -> None:
    ahead._joined.cache_clear()
    copy_context().run(read_first_pages, database)
    built = ahead._joined.cache_info().misses
    assert built > 0
    for username in ("ana", "ben", "hana", "adi"):
        me = viewer_of(database, username)
        assert me.officer_id is not None
        with database.reading() as db:
            today(db, me, me.officer_id, now=MORNING)
    assert ahead._joined.cache_info().misses == built
    assert database.engine.pool.checkedin() == (1 if database.sqlite else POOL)  # type: ignore[attr-defined]


def test_a_page_that_fails_keeps_no_process_from_starting(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.engine.execution_options(write=True).begin() as connection:
        connection.execute(sa.update(Office).values(timezone="Nowhere/There"))
    copy_context().run(read_first_pages, database)
    assert "first_page_unread" in "".join(capsys.readouterr())


def test_what_is_prepared_stays_so_after_a_transaction_that_was_refused(postgres: Postgres) -> None:
    database = Database(postgres.url("template_staffhub"))
    names = sa.select(Officer.name).where(Officer.id == sa.bindparam("officer"))
    kept = sa.text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT officer.name%'")
    try:
        with database.transaction() as db:
            for _time in range(3):
                rows(db, names, officer=1).all()
            assert db.scalar(kept) == 1
        with pytest.raises(Refused), database.transaction() as db:
            rows(db, names, officer=1).all()
            raise Refused("no")
        with database.transaction() as db:
            assert db.scalar(kept) == 1
            assert len(rows(db, names, officer=1).all()) == 1
    finally:
        database.engine.dispose()


@pytest.mark.parametrize("many", [0, 1, 300])
def test_rows_of_some_are_asked_for_in_the_same_words_however_many(database: Database, many: int) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: object) -> None:
        asked.append(statement)

    with database.reading() as db:
        everybody = [row.id for row in rows(db, sa.select(Officer.id).order_by(Officer.id))]
        ids = [*everybody[: min(many, 3)], *range(10_000, 10_000 + max(0, many - 3))]
        sa.event.listen(database.engine, "before_cursor_execute", note)
        found = {row.id for row in rows(db, sa.select(Officer.id).where(is_among(Officer.id)), ids=ids)}
    assert found == set(everybody) & set(ids)
    assert len(asked[-1]) < 120
    assert "= 1" not in asked[-1]
