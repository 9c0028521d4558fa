"""the weights of the duty roster as a kind of rule.

An office that is there already gets the row that a new one begins with. On the way back that kind goes away, and so
does what the earlier version cannot read of the duty minimum: rows of one division, levels, the most, and weekdays.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from staffhub.migrations.office_version import watch

revision = "roster_rules"
down_revision = "newest_requests"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OLD = ("work_hours", "coverage", "tiers", "discipline", "minutes_as_days", "leave", "flexible", "decision")
NEW = "roster_weights"
WEIGHTS = {"turns": 4, "mondays_fridays": 3, "wishes": 5, "home_blocks": 1, "changes": 2}

office = sa.table("office", sa.column("id", _BIG))
rule = sa.table(
    "rule_set",
    sa.column("id", _BIG),
    sa.column("office_id", _BIG),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("groups", sa.JSON(none_as_null=True)),
    sa.column("valid_from", sa.Date),
    sa.column("legal_source", sa.String),
    sa.column("owner", sa.String),
    sa.column("values", sa.JSON),
)


def upgrade() -> None:
    _kinds((*OLD, NEW))
    bind = op.get_bind()
    for office_id in bind.scalars(sa.select(office.c.id)).all():
        bind.execute(
            rule.insert().values(
                office_id=office_id,
                kind=NEW,
                subject="",
                groups=None,
                valid_from=date(2023, 4, 12),
                legal_source="Keputusan kepala dinas",
                owner="kepegawaian",
                values=WEIGHTS,
            )
        )


def _kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("rule_set") as batch:
        batch.drop_constraint("rulekind", type_="check")
        batch.create_check_constraint("rulekind", f"kind IN ({', '.join(repr(name) for name in names)})")
    watch()


def downgrade() -> None:
    bind = op.get_bind()
    cover = rule.c.kind == "coverage"
    bind.execute(rule.delete().where(sa.or_(rule.c.kind == NEW, sa.and_(cover, rule.c.subject != ""))))
    for row in bind.execute(sa.select(rule.c.id, rule.c["values"]).where(cover)).all():
        bind.execute(rule.update().where(rule.c.id == row.id).values({"values": _as_before(row.values)}))
    _kinds(OLD)


def _as_before(values: Any) -> Any:
    if not isinstance(values, dict) or not isinstance(values.get("groups"), list):
        return values
    known = ("name", "types", "minimum")
    return {"groups": [{key: group[key] for key in known if key in group} for group in values["groups"]]}
