"""kind of a range: of which kind a leave is, and whether field duty is study; a proposed rule of permission."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "kind_of_a_range"
down_revision = "stored_days"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
office = sa.table("office", sa.column("id", _BIG))
rule = sa.table(
    "rule_set",
    sa.column("office_id", _BIG),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("groups", sa.JSON(none_as_null=True)),
    sa.column("valid_from", sa.Date),
    sa.column("legal_source", sa.String),
    sa.column("owner", sa.String),
    sa.column("values", sa.JSON),
    sa.column("confirmed", sa.Boolean),
)
PERMISSION = {
    "kind": "leave",
    "subject": "permission",
    "groups": None,
    "valid_from": date(2023, 1, 1),
    "legal_source": "Belum dikonfirmasi: menurut aturan kantor",
    "owner": "kepegawaian",
    "confirmed": False,
    "values": {
        "unit": "working_days",
        "letter": "I",
        "needs_letter": False,
        "counts_holidays": False,
        "note": "Izin untuk satu hari atau sebagiannya; tidak mengurangi cuti tahunan",
    },
}


def upgrade() -> None:
    # What is there stays without a kind: nobody said one.
    op.add_column("plan_grant", sa.Column("kind", sa.String(40), nullable=False, server_default=""))
    bind = op.get_bind()
    for office_id in bind.scalars(sa.select(office.c.id)).all():
        bind.execute(rule.insert().values(office_id=office_id, **PERMISSION))


def downgrade() -> None:
    op.execute(rule.delete().where(rule.c.kind == "leave", rule.c.subject == "permission"))
    op.drop_column("plan_grant", "kind")
