"""Run by Alembic: one transaction per migration, batch mode for SQLite."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.migration import MigrationContext

from staffhub.db import Base

engine = context.config.attributes["engine"]


def _switch_foreign_keys(connection: sa.Connection, state: str) -> None:
    """Batch mode drops a table and puts its copy in its place, which enforced keys would refuse.

    The raw connection is asked, since within a transaction SQLite ignores this.
    """
    if connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101  for the type checker
        raw.execute(f"PRAGMA foreign_keys={state}")


def _check_foreign_keys(ctx: MigrationContext, *_rest: Any, **_step: Any) -> None:
    """After each step, in its transaction: what the keys would have refused meanwhile stops it here."""
    connection = ctx.connection
    if connection is None or connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"rows that refer to nothing after the migration: {broken[:10]}")


with engine.execution_options(write=True).connect() as connection:
    _switch_foreign_keys(connection, "OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
            on_version_apply=_check_foreign_keys,
        )
        with context.begin_transaction():
            context.run_migrations()
    finally:
        _switch_foreign_keys(connection, "ON")
