"""The service of a line of the log: that of its request, and where it tells of several, that of all of them.

Lines of before learn it from their request, or from what proposed them (`requests-<service>-<n>`), which nobody types.
"""

import sqlalchemy as sa
from alembic import op

revision = "log_services"
down_revision = "remind_presence"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INDEX, _KEY = "ix_{}_service_type_id", "fk_{}_service_type_id"
_TABLES = ("log_entry", "log_template")

line = sa.table(
    "log_entry",
    sa.column("office_id", BIG),
    sa.column("service_request_id", BIG),
    sa.column("source", sa.String),
    sa.column("service_type_id", BIG),
)
request = sa.table("service_request", sa.column("id", BIG), sa.column("service_type_id", BIG))
service = sa.table("service_type", sa.column("id", BIG), sa.column("office_id", BIG))


def upgrade() -> None:
    for table in _TABLES:
        _add(table)
        op.create_index(op.f(_INDEX.format(table)), table, ["service_type_id"])
    _fill()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(op.f(_INDEX.format(table)), table)
        op.drop_column(table, "service_type_id")


def _add(table: str) -> None:
    """SQLite takes the key only in one statement with its column; elsewhere that would leave it without our name."""
    if op.get_bind().dialect.name == "sqlite":
        column = sa.Column("service_type_id", BIG, sa.ForeignKey("service_type.id"))
        op.add_column(table, column, inline_references=True)
        return
    op.add_column(table, sa.Column("service_type_id", BIG))
    op.create_foreign_key(op.f(_KEY.format(table)), table, "service_type", ["service_type_id"], ["id"])


def _fill() -> None:
    of_request = sa.select(request.c.service_type_id).where(request.c.id == line.c.service_request_id)
    linked = line.c.service_request_id.is_not(None)
    op.execute(line.update().where(linked).values(service_type_id=of_request.scalar_subquery()))
    names = ("requests-", "taken-in-")
    id_ = sa.cast(service.c.id, sa.String)
    of_source = sa.select(service.c.id).where(
        service.c.office_id == line.c.office_id, sa.or_(*(line.c.source.like(name + id_ + "-%") for name in names))
    )
    proposed = sa.or_(*(line.c.source.like(f"{name}%") for name in names))
    op.execute(line.update().where(~linked, proposed).values(service_type_id=of_source.scalar_subquery()))
