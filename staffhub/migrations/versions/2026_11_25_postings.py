"""postings: where an officer serves, as what and under whom, from a date on.

Until now the officer's row held what is so today, whatever was so before: it becomes the one posting since the first
day of service. On the way back the officer takes the posting in force; earlier and later ones have no room there.
"""

import sqlalchemy as sa
from alembic import op

from staffhub import clock
from staffhub.db import UtcDateTime

revision = "postings"
down_revision = "closed_requests"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("pns", "cpns", "pppk", "pppk_part_time", "thl")
MOVED = ("division_id", "employment_type", "position", "superior_id")


def _kind() -> sa.Enum:
    return sa.Enum(*KINDS, name="employmenttype", native_enum=False, create_constraint=True, length=32)


posting = sa.table(
    "posting",
    sa.column("office_id"),
    sa.column("division_id"),
    sa.column("employment_type"),
    sa.column("position"),
    sa.column("superior_id"),
    sa.column("officer_id"),
    sa.column("valid_from", sa.Date),
    sa.column("created_at", sa.DateTime(timezone=True)),
)
officer = sa.table(
    "officer",
    sa.column("id"),
    sa.column("office_id"),
    sa.column("active_from", sa.Date),
    sa.column("division_id", BIG),
    sa.column("employment_type", sa.String),
    sa.column("position", sa.String),
    sa.column("superior_id", BIG),
)


def upgrade() -> None:
    op.create_table(
        "posting",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("officer_id", BIG, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("division_id", BIG, nullable=True),
        sa.Column("employment_type", _kind(), nullable=False),
        sa.Column("position", sa.String(length=120), nullable=False),
        sa.Column("superior_id", BIG, nullable=True),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_posting_office_id")),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name=op.f("fk_posting_officer_id")),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_posting_division_id")),
        sa.ForeignKeyConstraint(["superior_id"], ["officer.id"], name=op.f("fk_posting_superior_id")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_posting_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint(
            "office_id", "officer_id", "valid_from", name=op.f("uq_posting_office_id_officer_id_valid_from")
        ),
    )
    op.create_index(op.f("ix_posting_officer_id"), "posting", ["officer_id"])
    now = sa.literal(clock.now(), UtcDateTime())
    there = sa.select(
        officer.c.office_id, officer.c.id, officer.c.active_from, *(officer.c[name] for name in MOVED), now
    )
    op.execute(posting.insert().from_select(["office_id", "officer_id", "valid_from", *MOVED, "created_at"], there))
    with op.batch_alter_table("officer") as batch_op:
        batch_op.drop_index("ix_officer_office_id_division_id")
        batch_op.drop_constraint("fk_officer_division_id", type_="foreignkey")
        batch_op.drop_constraint("fk_officer_superior_id", type_="foreignkey")
        batch_op.drop_constraint("employmenttype", type_="check")
        for name in MOVED:
            batch_op.drop_column(name)


def downgrade() -> None:
    op.add_column("officer", sa.Column("employment_type", sa.String(32), nullable=True))
    op.add_column("officer", sa.Column("position", sa.String(120), nullable=True))
    op.add_column("officer", sa.Column("division_id", BIG, nullable=True))
    op.add_column("officer", sa.Column("superior_id", BIG, nullable=True))
    today = clock.now().date()
    # Whoever is yet to come has the first one.
    from_then = sa.case((officer.c.active_from > today, officer.c.active_from), else_=sa.literal(today, sa.Date))
    in_force = (
        (posting.c.office_id == officer.c.office_id)
        & (posting.c.officer_id == officer.c.id)
        & (posting.c.valid_from <= from_then)
    )
    for name in MOVED:
        newest = sa.select(posting.c[name]).where(in_force).order_by(posting.c.valid_from.desc()).limit(1)
        op.execute(officer.update().values({name: newest.scalar_subquery()}))
    op.execute(officer.update().where(officer.c.position.is_(None)).values(position=""))
    with op.batch_alter_table("officer") as batch_op:
        batch_op.alter_column("employment_type", existing_type=sa.String(32), nullable=False)
        batch_op.alter_column("position", existing_type=sa.String(120), nullable=False)
        batch_op.create_check_constraint("employmenttype", "employment_type IN ('{}')".format("', '".join(KINDS)))
        batch_op.create_foreign_key("fk_officer_division_id", "division", ["division_id"], ["id"])
        batch_op.create_foreign_key("fk_officer_superior_id", "officer", ["superior_id"], ["id"])
        batch_op.create_index("ix_officer_office_id_division_id", ["office_id", "division_id"])
    op.drop_table("posting")
