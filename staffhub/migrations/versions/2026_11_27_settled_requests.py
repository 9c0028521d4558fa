"""settled requests: HR's own word on a day ends what was asked; a notice of a proposal knows which one it is about."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard, unguard

revision = "settled_requests"
down_revision = "minutes"
branch_labels = None
depends_on = None

STEPS = ("asked", "passed_on", "accepted", "confirmed", "declined", "withdrawn")
NAME = "requeststep"


def _only(steps: tuple[str, ...]) -> None:
    said = ", ".join(f"'{step}'" for step in steps)
    with op.batch_alter_table("correction_step") as batch_op:
        batch_op.drop_constraint(NAME, type_="check")
        batch_op.create_check_constraint(NAME, f"kind IN ({said})")
    guard("correction_step")


def upgrade() -> None:
    _only((*STEPS, "settled"))
    # Until now these notices were told apart by their key alone.
    op.execute(
        sa.text(
            "UPDATE notice SET subject = 'checkout_proposal', subject_id = (SELECT p.id FROM checkout_proposal p "
            "WHERE p.office_id = notice.office_id "
            "AND notice.key = 'checkout:' || p.officer_id || ':' || CAST(p.date AS VARCHAR(10))) "
            "WHERE kind = 'checkout_proposed'"
        )
    )


def downgrade() -> None:
    unguard("correction_step")
    # The nearest word of before: it is decided, and not as it was asked.
    op.execute(sa.text("UPDATE correction_step SET kind = 'declined' WHERE kind = 'settled'"))
    _only(STEPS)
    op.execute(sa.text("UPDATE notice SET subject = '', subject_id = NULL WHERE kind = 'checkout_proposed'"))
