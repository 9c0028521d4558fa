"""what hangs on a granted range is found by it: on SQLite each new range else looked through every entry.

An insert into a table with triggers makes SQLite check the tables that point at it, row by row where no index leads.
"""

from alembic import op

revision = "plan_by_grant"
down_revision = "kept_forms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_plan_ending_office_id_grant_id", "plan_ending")
    op.create_index("ix_plan_ending_grant_id", "plan_ending", ["grant_id"])
    op.create_index("ix_plan_entry_grant_id", "plan_entry", ["grant_id"])


def downgrade() -> None:
    op.drop_index("ix_plan_entry_grant_id", "plan_entry")
    op.drop_index("ix_plan_ending_grant_id", "plan_ending")
    op.create_index("ix_plan_ending_office_id_grant_id", "plan_ending", ["office_id", "grant_id"])
