"""signs of outages: taps that came late together, and Zoom that does not answer."""

import sqlalchemy as sa
from alembic import op

revision = "signs_of_outages"
down_revision = "roll_calls"
branch_labels = None
depends_on = None

OLD = ("gap", "away", "busy", "failed", "slow")
NEW = ("waited", "zoom")
_ARRIVED = "ix_late_delivery_office_id_arrived_at"

sign = sa.table("trouble_sign", sa.column("kind", sa.String))


def upgrade() -> None:
    _kinds((*OLD, *NEW))
    op.create_index(op.f(_ARRIVED), "late_delivery", ["office_id", "arrived_at"])


def downgrade() -> None:
    op.drop_index(op.f(_ARRIVED), "late_delivery")
    op.get_bind().execute(sign.delete().where(sign.c.kind.in_(NEW)))
    _kinds(OLD)


def _kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("trouble_sign") as batch:
        batch.drop_constraint("trouble", type_="check")
        batch.create_check_constraint("trouble", f"kind IN ({', '.join(repr(name) for name in names)})")
