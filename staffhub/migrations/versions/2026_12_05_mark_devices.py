"""mark devices: from which session and device a mark was pressed, for thirty days."""

import sqlalchemy as sa
from alembic import op

revision = "mark_devices"
down_revision = "doors"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
TABLE = "mark_device"


def _key(column: str, of: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{of}.id"], name=op.f(f"fk_{TABLE}_{column}"), ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("mark_id", BIG, nullable=False),
        sa.Column("session_id", BIG, nullable=False),
        sa.Column("device_hash", sa.String(64), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("second", BIG, nullable=False),
        _key("office_id", "office"),
        _key("officer_id", "officer"),
        _key("mark_id", "mark"),
        _key("session_id", "user_session", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("mark_id", name=op.f(f"uq_{TABLE}_mark_id")),
    )
    for columns in (
        ["office_id", "device_hash", "second"],
        ["office_id", "date"],
        ["officer_id", "date"],
        ["session_id"],
        ["at"],
    ):
        op.create_index(op.f(f"ix_{TABLE}_{'_'.join(columns)}"), TABLE, columns)


def downgrade() -> None:
    op.drop_table(TABLE)
