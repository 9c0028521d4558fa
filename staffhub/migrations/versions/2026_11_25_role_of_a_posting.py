"""the role of a posting: what an officer's account may do holds from a date on, as everything else of a posting.

Until now the account held what is so today; it goes into every posting of its officer, since what held before was not
kept. On the way back the account takes the role of the posting in force. An account without an officer keeps its own.
"""

import sqlalchemy as sa
from alembic import op

from staffhub import clock

revision = "role_of_a_posting"
down_revision = "kept_registers"
branch_labels = None
depends_on = None

ROLES = "role IN ('staff', 'division_head', 'office_head', 'hr', 'admin')"
ONE_PLACE = "(officer_id IS NULL) = (role IS NOT NULL)"

account = sa.table("account", sa.column("officer_id"), sa.column("role", sa.String))
officer = sa.table("officer", sa.column("id"), sa.column("active_from", sa.Date))
posting = sa.table(
    "posting", sa.column("officer_id"), sa.column("role", sa.String), sa.column("valid_from", sa.Date)
)


def upgrade() -> None:
    op.add_column("posting", sa.Column("role", sa.String(32), nullable=True))
    of_account = sa.select(account.c.role).where(account.c.officer_id == posting.c.officer_id).scalar_subquery()
    op.execute(posting.update().values(role=sa.func.coalesce(of_account, "staff")))
    with op.batch_alter_table("posting") as batch_op:
        batch_op.alter_column("role", existing_type=sa.String(32), nullable=False)
        batch_op.create_check_constraint("role", ROLES)
    with op.batch_alter_table("account") as batch_op:
        batch_op.alter_column("role", existing_type=sa.String(32), nullable=True)
    op.execute(account.update().where(account.c.officer_id.is_not(None)).values(role=None))
    with op.batch_alter_table("account") as batch_op:
        batch_op.create_check_constraint(op.f("ck_account_role_of_nobody"), ONE_PLACE)


def downgrade() -> None:
    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_constraint(op.f("ck_account_role_of_nobody"), type_="check")
    today = clock.now().date()
    # Whoever is yet to come has the first one.
    from_then = sa.case((officer.c.active_from > today, officer.c.active_from), else_=sa.literal(today, sa.Date))
    newest = (
        sa.select(posting.c.role)
        .join(officer, officer.c.id == posting.c.officer_id)
        .where(posting.c.officer_id == account.c.officer_id, posting.c.valid_from <= from_then)
        .order_by(posting.c.valid_from.desc())
        .limit(1)
        .correlate(account)
    )
    of_officer = account.update().where(account.c.officer_id.is_not(None))
    op.execute(of_officer.values(role=sa.func.coalesce(newest.scalar_subquery(), "staff")))
    with op.batch_alter_table("account") as batch_op:
        batch_op.alter_column("role", existing_type=sa.String(32), nullable=False)
    with op.batch_alter_table("posting") as batch_op:
        batch_op.drop_constraint("role", type_="check")
        batch_op.drop_column("role")
