"""Run by Alembic: one transaction per migration, batch mode for SQLite."""

from alembic import context

from staffhub.db import Base

engine = context.config.attributes["engine"]

with engine.execution_options(write=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
