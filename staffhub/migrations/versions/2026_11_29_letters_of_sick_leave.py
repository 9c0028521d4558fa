"""Whose letter a sick leave asks for, by how long it is: said by the row of the rule book that an office began with."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "letters_of_sick_leave"
down_revision = "line_digests"
branch_labels = None
depends_on = None

_SOURCE = "PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021"
PROOFS: list[dict[str, Any]] = [
    {"first": 1, "last": 1, "by": "doctor"},
    {"first": 2, "last": 14, "by": "doctor"},
    {"first": 15, "last": None, "by": "government_doctor"},
]
rule = sa.table(
    "rule_set",
    sa.column("id", sa.BigInteger),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("groups", sa.JSON(none_as_null=True)),
    sa.column("legal_source", sa.String),
    sa.column("values", sa.JSON),
)


def upgrade() -> None:
    """Rows that an office wrote from a source of its own stay as they are."""
    seeded = sa.select(rule.c.id, rule.c.groups, rule.c["values"]).where(
        rule.c.kind == "leave", rule.c.subject == "sick", rule.c.legal_source == _SOURCE
    )
    for row in op.get_bind().execute(seeded).all():
        if row.groups == ["pns"] and isinstance(row.values, dict) and "proofs" not in row.values:
            _say(row.id, row.values | {"proofs": PROOFS})


def downgrade() -> None:
    """The version before refuses to read a row that says what it does not know."""
    leaves = sa.select(rule.c.id, rule.c["values"]).where(rule.c.kind == "leave")
    for row in op.get_bind().execute(leaves).all():
        if isinstance(row.values, dict) and "proofs" in row.values:
            _say(row.id, {name: value for name, value in row.values.items() if name != "proofs"})


def _say(rule_id: int, values: dict[str, Any]) -> None:
    op.get_bind().execute(rule.update().where(rule.c.id == rule_id).values({"values": values}))
