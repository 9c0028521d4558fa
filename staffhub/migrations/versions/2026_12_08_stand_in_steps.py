"""stand-in steps: who stands in during a leave is changed by a step of its course, with an author."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard, unguard

revision = "stand_in_steps"
down_revision = "confirmed_appointments"
branch_labels = None
depends_on = None

_ACTS = ("asked", "paper", "agreed", "granted", "declined", "withdrawn", "shortened", "letter_seen")


def _only(acts: tuple[str, ...]) -> None:
    with op.batch_alter_table("leave_step") as batch:
        batch.drop_constraint("leaveact", type_="check")
        batch.create_check_constraint("leaveact", f"act IN ({', '.join(repr(act) for act in acts)})")
    guard("leave_step")


def upgrade() -> None:
    _only((*_ACTS, "stand_in"))


def downgrade() -> None:
    unguard("leave_step")
    # The leave itself says who stands in; the audit trail says who changed it.
    op.execute(sa.text("DELETE FROM leave_step WHERE act = 'stand_in'"))
    _only(_ACTS)
