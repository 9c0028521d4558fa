"""append-only facts: the database itself refuses to change a mark, a correction or a sealed audit event."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FACTS = ("mark", "correction", "request_event", "join_click")


def _sqlite(table: str, verb: str, condition: str = "1") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )


def _postgresql(table: str, verb: str, condition: str = "true") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW WHEN ({condition}) "
        "EXECUTE FUNCTION staffhub_append_only()"
    )


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    trigger = _postgresql if postgresql else _sqlite
    if postgresql:
        op.execute(
            "CREATE FUNCTION staffhub_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in FACTS:
        op.execute(trigger(table, "UPDATE"))
        op.execute(trigger(table, "DELETE"))
    op.execute(trigger("audit_event", "UPDATE", "OLD.hash IS NOT NULL"))
    op.execute(trigger("audit_event", "DELETE"))


def downgrade() -> None:
    on = " ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    for table in (*FACTS, "audit_event"):
        for verb in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{verb}" + on.format(table=table))
    if on:
        op.execute("DROP FUNCTION staffhub_append_only()")
