"""Triggers that make a table append-only, for our own program and for plain SQL from anywhere else.

Called by migrations: when a table becomes append-only, and again after SQLite's batch mode has rebuilt one, which drops
its triggers. Each call leaves all of them as they should be.

SQLite's REPLACE removes the row that is in the way without asking the delete trigger, unless the connection has
`recursive_triggers` on; a foreign connection has not. So an insert is refused whose id or unique key is there already.
PostgreSQL's TRUNCATE asks no row trigger and has one of its own.
"""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

_FUNCTION = (
    "CREATE OR REPLACE FUNCTION staffhub_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)
_VERBS = ("insert", "update", "delete", "truncate")


def guard(table: str, *, filled_once: Sequence[str] = ()) -> None:
    """Refuse every change of the table's rows; an update may fill the columns of `filled_once`, all at once, once."""
    unguard(table)
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        for verb, condition, said in _on_sqlite(bind, table, filled_once):
            raised = f"SELECT RAISE(ABORT, '{table} is append-only{said}')"
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} WHEN {condition} BEGIN {raised}; END"
            )
        return
    op.execute(_FUNCTION)
    for verb, condition in _on_postgresql(bind, table, filled_once):
        each = f"FOR EACH ROW WHEN ({condition})" if condition else "FOR EACH STATEMENT"
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {each} EXECUTE FUNCTION staffhub_append_only()"
        )


def unguard(table: str) -> None:
    on = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    for verb in _VERBS:
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}")


def _on_sqlite(bind: sa.Connection, table: str, filled_once: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (verb, when, what is said besides)."""
    inspector = sa.inspect(bind)
    # Without an id of its own a new row has -1 here, so only real ids are compared.
    taken = ["NEW.id > 0 AND " + _there(table, ["id"])]
    taken += [_there(table, key["column_names"]) for key in inspector.get_unique_constraints(table)]
    born_filled = [f"NEW.{column} IS NOT NULL" for column in filled_once]
    yield "insert", " OR ".join([*taken, *born_filled]), ": this row is there already"
    filling = _filling(inspector, table, filled_once, "NEW.{0} IS OLD.{0}")
    # UPDATE OR REPLACE would take the row away that holds the number already.
    yield "update", f"NOT ({filling}) OR {_there(table, filled_once[:1])}" if filled_once else "1", ""
    yield "delete", "1", ""


def _there(table: str, columns: Sequence[str | None]) -> str:
    same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
    return f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608


def _on_postgresql(bind: sa.Connection, table: str, filled_once: Sequence[str]) -> Iterator[tuple[str, str]]:
    if filled_once:
        yield "insert", " OR ".join(f"NEW.{column} IS NOT NULL" for column in filled_once)
    # As text: JSON has no equality.
    filling = _filling(sa.inspect(bind), table, filled_once, "NEW.{0}::text IS NOT DISTINCT FROM OLD.{0}::text")
    yield "update", f"NOT ({filling})" if filled_once else "true"
    yield "delete", "true"
    yield "truncate", ""


def _filling(inspector: sa.Inspector, table: str, filled_once: Sequence[str], same: str) -> str:
    names = [column["name"] for column in inspector.get_columns(table)]
    kept = [same.format(name) for name in names if name not in filled_once]
    filled = [f"OLD.{name} IS NULL AND NEW.{name} IS NOT NULL" for name in filled_once]
    return " AND ".join([*kept, *filled])
