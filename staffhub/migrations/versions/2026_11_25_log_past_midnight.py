"""a log entry may end on the next day: an end before the start is one."""

from datetime import time

import sqlalchemy as sa
from alembic import op

revision = "log_past_midnight"
down_revision = "told_of_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("log_entry") as batch_op:
        batch_op.drop_constraint("ends_after_start", type_="check")
        batch_op.create_check_constraint("takes_time", "ends <> starts")


def downgrade() -> None:
    """What went past midnight ends with its day then; the minutes after it cannot be kept."""
    entry = sa.table("log_entry", sa.column("starts", sa.Time), sa.column("ends", sa.Time))
    op.execute(entry.update().where(entry.c.ends < entry.c.starts).values(ends=time(23, 59, 59)))
    with op.batch_alter_table("log_entry") as batch_op:
        batch_op.drop_constraint("takes_time", type_="check")
        batch_op.create_check_constraint("ends_after_start", "ends > starts")
