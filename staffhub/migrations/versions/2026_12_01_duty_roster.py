"""duty roster: drafts and their steps, runs, wishes, letters, swaps and calls; whose desk a range of the plan keeps."""

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.append_only import guard

revision = "duty_roster"
down_revision = "log_helps"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
TABLES = (
    "duty_call",
    "duty_swap_step",
    "duty_swap",
    "home_only",
    "roster_wish",
    "roster_run",
    "roster_step",
    "roster_excuse",
    "roster_cell",
    "roster_plan",
)


def _kind(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    _plans()
    _excuses()
    _runs()
    _wishes()
    _swaps()
    _calls()
    for table in ("roster_step", "duty_swap_step"):
        guard(table)
    _add_desk()


def _add_desk() -> None:
    """SQLite takes the key only in one statement with its column; elsewhere that would leave it without our name."""
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("plan_grant", sa.Column("desk_id", BIG, sa.ForeignKey("division.id")), inline_references=True)
        return
    op.add_column("plan_grant", sa.Column("desk_id", BIG))
    op.create_foreign_key(op.f("fk_plan_grant_desk_id"), "plan_grant", "division", ["desk_id"], ["id"])


def _plans() -> None:
    op.create_table('roster_plan',
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('division_id', BIG, nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('published', BIG),
    sa.Column('published_at', AT),
    sa.Column('created_at', AT, nullable=False),
    sa.Column('id', BIG, nullable=False),
    sa.Column('version', BIG, nullable=False),
    sa.ForeignKeyConstraint(['division_id'], ['division.id'], name=op.f('fk_roster_plan_division_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_roster_plan_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_plan')),
    sa.UniqueConstraint('office_id', 'division_id', 'month', name=op.f('uq_roster_plan_office_id_division_id_month'))
    )
    op.create_table('roster_cell',
    sa.Column('id', BIG, nullable=False),
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('plan_id', BIG, nullable=False),
    sa.Column('officer_id', BIG, nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('mode', _kind('planmode', 'office', 'home', 'field', 'leave'), nullable=False),
    sa.Column('desk_id', BIG),
    sa.Column('locked', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['desk_id'], ['division.id'], name=op.f('fk_roster_cell_desk_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_roster_cell_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_roster_cell_officer_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['roster_plan.id'], name=op.f('fk_roster_cell_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_cell')),
    sa.UniqueConstraint('office_id', 'officer_id', 'date', name=op.f('uq_roster_cell_office_id_officer_id_date'))
    )
    op.create_index(op.f('ix_roster_cell_office_id_date'), 'roster_cell', ['office_id', 'date'])
    op.create_index(op.f('ix_roster_cell_plan_id'), 'roster_cell', ['plan_id'])
    op.create_table('roster_step',
    sa.Column('id', BIG, nullable=False),
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('plan_id', BIG, nullable=False),
    sa.Column('turn', BIG, nullable=False),
    sa.Column('act', _kind('rosteract', 'proposed', 'changed', 'locked', 'imported', 'relaxed', 'repaired', 'swapped', 'undone', 'published'), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('undoes', BIG),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('created_by', BIG),
    sa.Column('created_at', AT, nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_roster_step_created_by')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_roster_step_office_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['roster_plan.id'], name=op.f('fk_roster_step_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_step')),
    sa.UniqueConstraint('office_id', 'plan_id', 'turn', name=op.f('uq_roster_step_office_id_plan_id_turn'))
    )


def _excuses() -> None:
    op.create_table(
        "roster_excuse",
        sa.Column("id", BIG, nullable=False),
        sa.Column("office_id", BIG, nullable=False),
        sa.Column("division_id", BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("group", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_by", BIG),
        sa.Column("created_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_roster_excuse_created_by")),
        sa.ForeignKeyConstraint(["division_id"], ["division.id"], name=op.f("fk_roster_excuse_division_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_roster_excuse_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_excuse")),
        sa.UniqueConstraint(
            "office_id", "division_id", "date", "group", name=op.f("uq_roster_excuse_office_id_division_id_date_group")
        ),
    )
    op.create_index(op.f("ix_roster_excuse_office_id_date"), "roster_excuse", ["office_id", "date"])


def _runs() -> None:
    op.create_table('roster_run',
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('account_id', BIG, nullable=False),
    sa.Column('division_id', BIG),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('asked', sa.JSON(), nullable=False),
    sa.Column('outcome', sa.JSON()),
    sa.Column('progress', BIG, nullable=False),
    sa.Column('stopped_at', AT),
    sa.Column('id', BIG, nullable=False),
    sa.Column('state', _kind('taskstate', 'pending', 'claimed', 'done', 'failed'), nullable=False),
    sa.Column('due_at', AT, nullable=False),
    sa.Column('lease_until', AT),
    sa.Column('attempts', BIG, nullable=False),
    sa.Column('created_at', AT, nullable=False),
    sa.Column('finished_at', AT),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_roster_run_account_id')),
    sa.ForeignKeyConstraint(['division_id'], ['division.id'], name=op.f('fk_roster_run_division_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_roster_run_office_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_run')),
    sa.UniqueConstraint('account_id', 'key', name=op.f('uq_roster_run_account_id_key'))
    )
    op.create_index(op.f('ix_roster_run_office_id_month'), 'roster_run', ['office_id', 'month'])
    op.create_index(op.f('ix_roster_run_state_due_at'), 'roster_run', ['state', 'due_at'])


def _wishes() -> None:
    op.create_table('roster_wish',
    sa.Column('id', BIG, nullable=False),
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('officer_id', BIG, nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('mode', _kind('planmode', 'office', 'home', 'field', 'leave'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('created_at', AT, nullable=False),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_roster_wish_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_roster_wish_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_wish')),
    sa.UniqueConstraint('office_id', 'officer_id', 'date', name=op.f('uq_roster_wish_office_id_officer_id_date'))
    )
    op.create_index(op.f('ix_roster_wish_office_id_date'), 'roster_wish', ['office_id', 'date'])
    op.create_table('home_only',
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('officer_id', BIG, nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('document', sa.String(length=80), nullable=False),
    sa.Column('created_by', BIG),
    sa.Column('created_at', AT, nullable=False),
    sa.Column('idempotency_key', sa.String(length=64), nullable=False),
    sa.Column('id', BIG, nullable=False),
    sa.Column('version', BIG, nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_home_only_created_by')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_home_only_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_home_only_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_home_only')),
    sa.UniqueConstraint('office_id', 'officer_id', 'idempotency_key', name=op.f('uq_home_only_office_id_officer_id_idempotency_key'))
    )
    op.create_index(op.f('ix_home_only_office_id_last'), 'home_only', ['office_id', 'last'])


def _swaps() -> None:
    op.create_table('duty_swap',
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('officer_id', BIG, nullable=False),
    sa.Column('colleague_id', BIG, nullable=False),
    sa.Column('gives', sa.Date(), nullable=False),
    sa.Column('takes', sa.Date()),
    sa.Column('state', _kind('swapstate', 'asked', 'applied', 'declined', 'withdrawn', 'undone'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('created_at', AT, nullable=False),
    sa.Column('idempotency_key', sa.String(length=64), nullable=False),
    sa.Column('id', BIG, nullable=False),
    sa.Column('version', BIG, nullable=False),
    sa.ForeignKeyConstraint(['colleague_id'], ['officer.id'], name=op.f('fk_duty_swap_colleague_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_duty_swap_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_duty_swap_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_swap')),
    sa.UniqueConstraint('office_id', 'officer_id', 'idempotency_key', name=op.f('uq_duty_swap_office_id_officer_id_idempotency_key'))
    )
    op.create_index(op.f('ix_duty_swap_office_id_colleague_id_state'), 'duty_swap', ['office_id', 'colleague_id', 'state'])
    op.create_index(op.f('ix_duty_swap_office_id_gives'), 'duty_swap', ['office_id', 'gives'])
    op.create_index(op.f('ix_duty_swap_office_id_takes'), 'duty_swap', ['office_id', 'takes'])
    op.create_index('ix_duty_swap_open', 'duty_swap', ['officer_id', 'gives'], unique=True, postgresql_where=sa.text("state = 'asked'"), sqlite_where=sa.text("state = 'asked'"))
    op.create_table('duty_swap_step',
    sa.Column('id', BIG, nullable=False),
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('swap_id', BIG, nullable=False),
    sa.Column('turn', BIG, nullable=False),
    sa.Column('state', _kind('swapstate', 'asked', 'applied', 'declined', 'withdrawn', 'undone'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('grants', sa.JSON(), nullable=False),
    sa.Column('created_by', BIG),
    sa.Column('created_at', AT, nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_duty_swap_step_created_by')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_duty_swap_step_office_id')),
    sa.ForeignKeyConstraint(['swap_id'], ['duty_swap.id'], name=op.f('fk_duty_swap_step_swap_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_swap_step')),
    sa.UniqueConstraint('office_id', 'swap_id', 'turn', name=op.f('uq_duty_swap_step_office_id_swap_id_turn'))
    )


def _calls() -> None:
    op.create_table('duty_call',
    sa.Column('office_id', BIG, nullable=False),
    sa.Column('division_id', BIG, nullable=False),
    sa.Column('officer_id', BIG, nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('group', sa.String(length=40), nullable=False),
    sa.Column('state', _kind('callstate', 'asked', 'accepted', 'declined', 'withdrawn'), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('asked_by', BIG),
    sa.Column('asked_at', AT, nullable=False),
    sa.Column('answered_at', AT),
    sa.Column('grant_id', BIG),
    sa.Column('id', BIG, nullable=False),
    sa.Column('version', BIG, nullable=False),
    sa.ForeignKeyConstraint(['asked_by'], ['account.id'], name=op.f('fk_duty_call_asked_by')),
    sa.ForeignKeyConstraint(['division_id'], ['division.id'], name=op.f('fk_duty_call_division_id')),
    sa.ForeignKeyConstraint(['grant_id'], ['plan_grant.id'], name=op.f('fk_duty_call_grant_id')),
    sa.ForeignKeyConstraint(['office_id'], ['office.id'], name=op.f('fk_duty_call_office_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_duty_call_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_call'))
    )
    op.create_index(op.f('ix_duty_call_office_id_date'), 'duty_call', ['office_id', 'date'])
    op.create_index('ix_duty_call_stands', 'duty_call', ['officer_id', 'date'], unique=True, postgresql_where=sa.text("state IN ('asked', 'accepted')"), sqlite_where=sa.text("state IN ('asked', 'accepted')"))


def downgrade() -> None:
    op.drop_column("plan_grant", "desk_id")
    for table in TABLES:
        op.drop_table(table)
