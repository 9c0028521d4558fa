"""confirmed appointments: between written to and came, the citizen may have said to come."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard, unguard

revision = "confirmed_appointments"
down_revision = "kept_lists"
branch_labels = None
depends_on = None

_OLD = ("invited", "told", "came", "no_show", "moved", "cancelled")
_NEW = ("invited", "told", "confirmed", "came", "no_show", "moved", "cancelled")
_TABLES = ("appointment", "appointment_step")


def upgrade() -> None:
    _become(_NEW, ahead=("invited", "told", "confirmed"))


def downgrade() -> None:
    unguard("appointment_step")
    for table in _TABLES:
        op.execute(f"UPDATE {table} SET state = 'told' WHERE state = 'confirmed'")
    _become(_OLD, ahead=("invited", "told"))


def _become(states: Sequence[str], *, ahead: Sequence[str]) -> None:
    op.drop_index("ix_appointment_ahead", table_name="appointment")
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint("appointmentstate", type_="check")
            batch.create_check_constraint("appointmentstate", f"state IN ({_quoted(states)})")
    still = sa.text(f"state IN ({_quoted(ahead)})")
    op.create_index(
        "ix_appointment_ahead", "appointment", ["request_id"], unique=True, postgresql_where=still, sqlite_where=still
    )
    guard("appointment_step")


def _quoted(states: Sequence[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)
