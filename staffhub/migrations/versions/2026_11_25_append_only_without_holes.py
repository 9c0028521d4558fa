"""append-only without holes: REPLACE and TRUNCATE are refused, and an audit event may only be sealed, once."""

from alembic import op

from staffhub.migrations import append_only

revision = "append_only_without_holes"
down_revision = "0002"
branch_labels = None
depends_on = None

FACTS = ("mark", "correction", "request_event", "join_click")
SEAL = ("sequence", "previous_hash", "hash")


def upgrade() -> None:
    for table in FACTS:
        append_only.guard(table)
    append_only.guard("audit_event", filled_once=SEAL)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*FACTS, "audit_event"):
        append_only.unguard(table)
        for verb in ("UPDATE", "DELETE"):
            sealed = "OLD.hash IS NOT NULL" if (table, verb) == ("audit_event", "UPDATE") else ""
            name = f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            if postgresql:
                op.execute(f"{name} FOR EACH ROW WHEN ({sealed or 'true'}) EXECUTE FUNCTION staffhub_append_only()")
            else:
                op.execute(
                    f"{name} WHEN {sealed or '1'} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
