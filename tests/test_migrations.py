"""The database is built by migrations alone."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.db import make_engine
from staffhub.migrations import differences, is_at_head, migrate


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
