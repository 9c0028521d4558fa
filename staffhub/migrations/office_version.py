"""Triggers that give an office another `version` with every change of what is kept per process (staffhub/office.py).

Called by migrations: once to begin with, and again after SQLite's batch mode has rebuilt one of the tables, which drops
its triggers. Each call leaves all of them as they should be.

The version is random and no counter: a number that was rolled back would be given out again for something else.
"""

import sqlalchemy as sa
from alembic import op

OF_OFFICE = ("division", "service_type", "rule_set", "holiday", "place", "roster_excuse")
_RANDOM = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "replace(gen_random_uuid()::text, '-', '')"}
# What a trigger itself writes is another version already.
_SAME = "NEW.version = OLD.version"
_ROWS = {"insert": "NEW.office_id", "update": "OLD.office_id, NEW.office_id", "delete": "OLD.office_id"}


def _there() -> list[str]:
    """A migration of before one of them was made leaves it to the one that makes it."""
    tables = set(sa.inspect(op.get_bind()).get_table_names())
    return [table for table in OF_OFFICE if table in tables]


def watch() -> None:
    """Lay every trigger, and give each office a version of its own."""
    unwatch()
    lay = _on_postgresql if op.get_bind().dialect.name == "postgresql" else _on_sqlite
    for statement in lay():
        op.execute(statement)
    op.execute(f"UPDATE office SET version = {_RANDOM[op.get_bind().dialect.name]}")  # noqa: S608


def unwatch() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*_there(), "office"):
        on = f" ON {table}" if postgresql else ""
        for verb in (*_ROWS, "truncate"):
            op.execute(f"DROP TRIGGER IF EXISTS {table}_version_{verb}{on}")
    if postgresql:
        op.execute("DROP FUNCTION IF EXISTS staffhub_of_office_changed()")
        op.execute("DROP FUNCTION IF EXISTS staffhub_office_changed()")


def _on_sqlite() -> list[str]:
    another = f"UPDATE office SET version = {_RANDOM['sqlite']} WHERE id IN"  # noqa: S608
    laid = [
        f"CREATE TRIGGER {table}_version_{verb} AFTER {verb} ON {table} BEGIN {another} ({offices}); END"
        for table in _there()
        for verb, offices in _ROWS.items()
    ]
    begin = f"BEGIN {another} (NEW.id); END"
    return [
        *laid,
        f"CREATE TRIGGER office_version_insert AFTER INSERT ON office {begin}",
        f"CREATE TRIGGER office_version_update AFTER UPDATE ON office WHEN {_SAME} {begin}",
    ]


def _on_postgresql() -> list[str]:
    another = _RANDOM["postgresql"]
    # OLD and NEW are null where there is none.
    whose = "TG_OP = 'TRUNCATE' OR id IN (OLD.office_id, NEW.office_id)"
    before = "FOR EACH ROW {} EXECUTE FUNCTION staffhub_office_changed()"
    laid = [
        _function("of_office_changed", f"UPDATE office SET version = {another} WHERE {whose}; RETURN NULL"),  # noqa: S608
        _function("office_changed", f"NEW.version := {another}; RETURN NEW"),
        f"CREATE TRIGGER office_version_insert BEFORE INSERT ON office {before.format('')}",
        f"CREATE TRIGGER office_version_update BEFORE UPDATE ON office {before.format(f'WHEN ({_SAME})')}",
    ]
    for table in _there():
        for verb in (*_ROWS, "truncate"):
            each = "STATEMENT" if verb == "truncate" else "ROW"
            laid.append(
                f"CREATE TRIGGER {table}_version_{verb} AFTER {verb} ON {table} FOR EACH {each} "
                "EXECUTE FUNCTION staffhub_of_office_changed()"
            )
    return laid


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION staffhub_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$"
