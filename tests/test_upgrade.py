"""A database of an earlier version, filled by that version's demo, comes over whole, and can go back.

`data/demo_0002.json.gz` holds the tables of revision 0002 on Monday, 23 November 2026 at noon, and the state of every
officer's day of October and November as that version told it. Times are UTC.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import audit
from staffhub.connections import make_engine
from staffhub.db import Database
from staffhub.migrations import differences, go_back, migrate
from staffhub.reports import recap
from tests.conftest import viewer_of

BEFORE = "0002"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEPT = (
    "mark",
    "correction",
    "request_event",
    "service_request",
    "log_entry",
    "daily_report",
    "holiday",
    "meeting_invite",
)


@pytest.fixture(scope="module")
def demo() -> Any:
    return json.loads(gzip.decompress((Path(__file__).parent / "data" / "demo_0002.json.gz").read_bytes()))


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path, demo: Any) -> Iterator[sa.Engine]:
    """The earlier version's database with its data in it."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        server = request.getfixturevalue("postgres")
        server.run("CREATE DATABASE before_upgrade")
        engine = make_engine(server.url("before_upgrade"))
    migrate(engine, BEFORE)
    _fill(engine, demo["tables"])
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        server.run("DROP DATABASE before_upgrade WITH (FORCE)")


def _fill(engine: sa.Engine, tables: dict[str, Any]) -> None:
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for name, told in tables.items():
            if name == "alembic_version":
                continue
            table = metadata.tables[name]
            readers = [_reader(table.c[column].type) for column in told["columns"]]
            rows = [
                {
                    column: None if value is None else read(value)
                    for column, read, value in zip(told["columns"], readers, row, strict=True)
                }
                for row in told["rows"]
            ]
            later = {"superior_id": None} if name == "officer" else {}  # a row may name one that comes after it
            connection.execute(table.insert(), [row | later for row in rows])
            for row in rows if later else ():
                connection.execute(table.update().where(table.c.id == row["id"]).values(superior_id=row["superior_id"]))
        if engine.dialect.name == "postgresql":
            for table in metadata.sorted_tables:
                if "id" in table.c:
                    connection.execute(
                        sa.text(
                            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608
                            f"(SELECT coalesce(max(id), 0) + 1 FROM {table.name}), false)"
                        )
                    )


def _reader(kind: Any) -> Callable[[Any], Any]:
    """How a value as SQLite stored it is given to a column of this type."""
    readers: list[tuple[type[Any], Callable[[Any], Any]]] = [
        (sa.DateTime, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)),
        (sa.Date, date.fromisoformat),
        (sa.Time, time.fromisoformat),
        (sa.Boolean, bool),
        (sa.JSON, json.loads),
    ]
    return next((read for type_, read in readers if isinstance(kind, type_)), lambda value: value)


def _count(engine: sa.Engine, *names: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0 for name in names}  # noqa: S608


def test_every_fact_of_the_earlier_version_is_there_after_the_migration(before: sa.Engine, demo: Any) -> None:
    migrate(before)
    assert differences(before) == []
    assert _count(before, *KEPT) == {name: len(demo["tables"][name]["rows"]) for name in KEPT}


def test_every_day_of_every_officer_reads_as_it_did_before(before: sa.Engine, demo: Any) -> None:
    migrate(before)
    database = Database(before.url.render_as_string(hide_password=False))
    hr = viewer_of(database, "kepegawaian", now=NOON)
    told: dict[str, list[str]] = {}
    with database.reading() as db:
        for first in (date(2026, 10, 1), date(2026, 11, 1)):
            for line in recap.month(db, hr, first, now=NOON).lines:
                told.setdefault(line.officer.number, []).extend(record.state.value for record in line.records)
    database.engine.dispose()
    assert len(told) == 42
    differing = Counter(
        (was, now)
        for number, states in demo["states"].items()
        for was, now in zip(states, told[number], strict=True)
        if was != now
    )
    assert differing == {}


def test_the_audit_trail_goes_on_where_it_stood(before: sa.Engine) -> None:
    migrate(before)
    database = Database(before.url.render_as_string(hide_password=False))
    with database.transaction() as db:
        audit.seal(db)
    with database.reading() as db:
        verdict = audit.verify(db)
    database.engine.dispose()
    assert (verdict.broken_at, verdict.unsealed) == (None, 0)


def test_the_way_back_keeps_the_facts_too(before: sa.Engine, demo: Any) -> None:
    migrate(before)
    go_back(before, BEFORE)
    assert _count(before, *KEPT) == {name: len(demo["tables"][name]["rows"]) for name in KEPT}
    columns = demo["tables"]["officer"]["columns"]
    officers = sa.Table("officer", sa.MetaData(), autoload_with=before)
    with before.connect() as connection:
        rows = connection.execute(sa.select(*(officers.c[name] for name in columns)).order_by(officers.c.id)).all()
    as_told = [[value.isoformat() if isinstance(value, date) else value for value in row] for row in rows]
    assert as_told == demo["tables"]["officer"]["rows"]
