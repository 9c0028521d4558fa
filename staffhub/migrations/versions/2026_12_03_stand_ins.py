"""stand-ins: a leave names who is offered the open requests first."""

import sqlalchemy as sa
from alembic import op

revision = "stand_ins"
down_revision = "log_delegates"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = "fk_leave_request_stand_in_id"
_INDEX = "ix_leave_request_stand_in_id"


def upgrade() -> None:
    with op.batch_alter_table("leave_request") as table:
        table.add_column(sa.Column("stand_in_id", _BIG, nullable=True))
        table.create_foreign_key(op.f(_NAME), "officer", ["stand_in_id"], ["id"])
    op.create_index(_INDEX, "leave_request", ["stand_in_id"])


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="leave_request")
    with op.batch_alter_table("leave_request") as table:
        table.drop_constraint(op.f(_NAME), type_="foreignkey")
        table.drop_column("stand_in_id")
