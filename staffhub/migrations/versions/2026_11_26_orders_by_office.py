"""orders by office: the people of an order and the newest order are found by an index of the office."""

from alembic import op

revision = "orders_by_office"
down_revision = "plain_days"
branch_labels = None
depends_on = None

NEW = {
    "ix_duty_assignment_office_id_order_id": ("duty_assignment", ["office_id", "order_id"]),
    "ix_exemption_person_office_id_exemption_id": ("exemption_person", ["office_id", "exemption_id"]),
    "ix_duty_order_office_id_created_at": ("duty_order", ["office_id", "created_at"]),
}
OLD = {
    "ix_duty_assignment_order_id": ("duty_assignment", ["order_id"]),
    "ix_exemption_person_exemption_id": ("exemption_person", ["exemption_id"]),
}


def upgrade() -> None:
    _replace(OLD, NEW)


def downgrade() -> None:
    _replace(NEW, OLD)


def _replace(before: dict[str, tuple[str, list[str]]], after: dict[str, tuple[str, list[str]]]) -> None:
    for name, (table, _columns) in before.items():
        op.drop_index(op.f(name), table_name=table)
    for name, (table, columns) in after.items():
        op.create_index(op.f(name), table, columns)
