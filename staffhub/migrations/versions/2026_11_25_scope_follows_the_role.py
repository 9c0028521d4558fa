"""scope follows the role: what an account sees is no column of its own any more."""

import sqlalchemy as sa
from alembic import op

revision = "scope_follows_the_role"
down_revision = "occurrences"
branch_labels = None
depends_on = None

account = sa.table("account", sa.column("role", sa.String), sa.column("scope", sa.String))


def upgrade() -> None:
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_constraint("scope", type_="check")
        batch_op.drop_column("scope")


def downgrade() -> None:
    op.add_column("account", sa.Column("scope", sa.String(length=32), nullable=True))
    of_role = {"staff": "self", "division_head": "division"}
    op.execute(account.update().values(scope=sa.case(of_role, value=account.c.role, else_="office")))
    with op.batch_alter_table("account") as batch_op:
        batch_op.alter_column("scope", existing_type=sa.String(length=32), nullable=False)
        batch_op.create_check_constraint("scope", "scope IN ('self', 'division', 'office')")
