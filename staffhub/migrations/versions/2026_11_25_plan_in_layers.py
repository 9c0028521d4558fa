"""a plan in layers: what was granted is kept as a range, and each date has a row per layer.

Old rows of one officer, mode, note, source and author that follow each other become one range, also across the days
off between them. A row on a day off was somebody's duty that day, and becomes a range written for free days.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from staffhub.db import UtcDateTime
from staffhub.migrations import append_only

revision = "plan_in_layers"
down_revision = "scope_follows_the_role"
branch_labels = None
depends_on = None

MODES = ("office", "home", "field", "leave")
LAYERS = ("leave", "duty", "exemption", "hand", "roster")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FACTS = ("plan_grant", "plan_ending")
BATCH = 2000

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WHEN = UtcDateTime()
_meta = sa.MetaData()
old_entry = sa.table(
    "plan_entry", sa.column("id", _BIG), sa.column("office_id", _BIG), sa.column("officer_id", _BIG),
    sa.column("date", sa.Date), sa.column("mode", sa.String), sa.column("note", sa.String),
    sa.column("source", sa.String), sa.column("created_by", _BIG), sa.column("created_at", _WHEN),
)
entry = sa.table(
    "plan_entry", sa.column("office_id", _BIG), sa.column("officer_id", _BIG), sa.column("date", sa.Date),
    sa.column("layer", sa.String), sa.column("grant_id", _BIG),
)
grant = sa.table(
    "plan_grant", sa.column("id", _BIG), sa.column("office_id", _BIG), sa.column("officer_id", _BIG),
    sa.column("layer", sa.String), sa.column("first", sa.Date), sa.column("last", sa.Date), sa.column("mode", sa.String),
    sa.column("note", sa.String), sa.column("document", sa.String), sa.column("on_free_days", sa.Boolean),
    sa.column("created_by", _BIG), sa.column("created_at", _WHEN),
)
holiday = sa.table("holiday", sa.column("office_id", _BIG), sa.column("date", sa.Date))
rule_set = sa.table(
    "rule_set", sa.column("office_id", _BIG), sa.column("kind", sa.String), sa.column("valid_from", sa.Date),
    sa.column("valid_to", sa.Date), sa.column("values", sa.JSON),
)
week = sa.table(
    "week_pattern", sa.column("id", _BIG), sa.column("office_id", _BIG), sa.column("officer_id", _BIG),
    sa.column("valid_from", sa.Date), sa.column("days", sa.JSON), sa.column("version", _BIG),
)


def upgrade() -> None:
    _weeks_have_versions()
    op.add_column("rule_set", sa.Column("groups", sa.JSON(), nullable=True))
    _make_grants()
    free = _FreeDays(op.get_bind())
    made = list(_ranges(free))
    op.drop_table("plan_entry")
    _make_entries()
    _store(made)
    for table in FACTS:
        append_only.guard(table)


def downgrade() -> None:
    bind = op.get_bind()
    free = _FreeDays(bind)
    rows = _days_in_force(bind, free)
    op.drop_table("plan_entry")
    op.drop_table("plan_ending")
    op.drop_table("plan_grant")
    _make_old_entries()
    _insert(old_entry, rows)
    op.drop_column("rule_set", "groups")
    _weeks_have_no_versions()


# The days off of a person: holidays, weekdays without hours, and weekdays that the usual week leaves free.


class _FreeDays:
    def __init__(self, bind: sa.Connection) -> None:
        self.holidays = {(row.office_id, row.date) for row in bind.execute(sa.select(holiday))}
        self.rules: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        self.weeks: dict[int, dict[date, Any]] = defaultdict(dict)
        for row in bind.execute(sa.select(rule_set).where(rule_set.c.kind == "work_hours")):
            self.rules[row.office_id].append((row.valid_from, row.valid_to, row.values))
        saved = sa.select(week.c.officer_id, week.c.valid_from, week.c.days).order_by(week.c.version)
        for row in bind.execute(saved):
            self.weeks[row.officer_id][row.valid_from] = row.days

    def __call__(self, office_id: int, officer_id: int, day: date) -> bool:
        return (office_id, day) in self.holidays or self.weekly(office_id, officer_id, day)

    def weekly(self, office_id: int, officer_id: int, day: date) -> bool:
        saved = sorted(self.weeks[officer_id].items())
        begun = [days for start, days in saved if start <= day and days is not None]
        week_ = begun[-1] if begun else ["office"] * 5
        works = day.weekday() < len(week_) and week_[day.weekday()] is not None
        return not works or not self._has_hours(office_id, day)

    def _has_hours(self, office_id: int, day: date) -> bool:
        rules = [one for one in self.rules[office_id] if one[0] <= day and (one[1] is None or day <= one[1])]
        newest = max(rules, key=lambda one: one[0], default=None)
        values = newest[2] if newest else None
        return isinstance(values, dict) and values.get(WEEKDAYS[day.weekday()]) is not None


def _ranges(free: _FreeDays) -> Iterator[dict[str, Any]]:
    """Yield the ranges that the old rows came from, by officer; the ones for free days last, so that they hold."""
    everything = sa.select(old_entry).order_by(old_entry.c.office_id, old_entry.c.officer_id, old_entry.c.date)
    for (office_id, officer_id), rows in groupby(
        op.get_bind().execute(everything), key=lambda row: (row.office_id, row.officer_id)
    ):
        alike: dict[Any, list[Any]] = defaultdict(list)
        for row in rows:
            alike[row.mode, row.note, row.source, row.created_by].append(row)

        def is_free(day: date, office_id: int = office_id, officer_id: int = officer_id) -> bool:
            return free(office_id, officer_id, day)

        def is_weekend(day: date, office_id: int = office_id, officer_id: int = officer_id) -> bool:
            return free.weekly(office_id, officer_id, day)

        ordinary: list[list[Any]] = []
        duties: list[list[Any]] = []
        for same in alike.values():
            on_duty = [row for row in same if _is_duty(row, same, is_free, is_weekend)]
            rest = [row for row in same if row not in on_duty]
            ordinary += _runs(rest, is_free)
            duties += _runs(on_duty, lambda _day: False)
        for run in ordinary:
            yield _range(run, on_free_days=False)
        for run in duties:
            yield _range(run, on_free_days=True)


def _is_duty(row: Any, same: list[Any], is_free: Callable[[date], bool], is_weekend: Callable[[date], bool]) -> bool:
    """Whether a row on a day off was written for that very day, and not with others before the holiday was known."""
    if row.mode == "leave" or not is_free(row.date):
        return False
    return is_weekend(row.date) or not any(
        other.created_at == row.created_at and not is_free(other.date) and abs((other.date - row.date).days) <= 7
        for other in same
    )


def _runs(rows: list[Any], is_free: Callable[[date], bool]) -> list[list[Any]]:
    runs: list[list[Any]] = []
    for row in rows:
        if runs and _touch(runs[-1][-1].date, row.date, is_free):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _touch(before: date, after: date, is_free: Callable[[date], bool]) -> bool:
    between = (before + timedelta(days=n) for n in range(1, (after - before).days))
    return (after - before).days <= 31 and all(is_free(day) for day in between)


def _range(run: list[Any], *, on_free_days: bool) -> dict[str, Any]:
    first = run[0]
    layer = "leave" if first.mode == "leave" else first.source if first.source in LAYERS[1:] else "hand"
    return {
        "office_id": first.office_id,
        "officer_id": first.officer_id,
        "layer": layer,
        "first": first.date,
        "last": run[-1].date,
        "mode": first.mode,
        "note": first.note,
        "document": "",
        "on_free_days": on_free_days,
        "created_by": first.created_by,
        "created_at": min(row.created_at for row in run),
    }


def _store(made: list[dict[str, Any]]) -> None:
    """Number the ranges here, so that their entries need no second reading; of one date the later range holds."""
    entries = {}
    for number, row in enumerate(made, 1):
        row["id"] = number
        for n in range((row["last"] - row["first"]).days + 1):
            day = row["first"] + timedelta(days=n)
            entries[row["office_id"], row["officer_id"], day, row["layer"]] = number
    _insert(grant, made)
    names = ("office_id", "officer_id", "date", "layer")
    _insert(entry, [dict(zip(names, key, strict=True)) | {"grant_id": number} for key, number in entries.items()])
    if op.get_bind().dialect.name == "postgresql" and made:
        op.execute(f"SELECT setval(pg_get_serial_sequence('plan_grant', 'id'), {len(made)})")


def _days_in_force(bind: sa.Connection, free: _FreeDays) -> list[dict[str, Any]]:
    """The old form had one row a date: the highest layer, on days that were work."""
    wanted = sa.select(entry.c.date, entry.c.layer, *(grant.c[name] for name in (
        "office_id", "officer_id", "mode", "note", "on_free_days", "created_by", "created_at"
    ))).join_from(entry, grant, grant.c.id == entry.c.grant_id)
    highest: dict[tuple[int, date], Any] = {}
    for row in sorted(bind.execute(wanted), key=lambda row: LAYERS.index(row.layer)):
        if row.on_free_days or not free(row.office_id, row.officer_id, row.date):
            highest.setdefault((row.officer_id, row.date), row)
    return [
        {
            "office_id": row.office_id, "officer_id": row.officer_id, "date": row.date, "mode": row.mode,
            "note": row.note, "source": "manual" if row.layer in ("leave", "hand") else row.layer,
            "created_by": row.created_by, "created_at": row.created_at,
        }
        for row in highest.values()
    ]


def _insert(table: sa.TableClause, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    for start in range(0, len(rows), BATCH):
        op.get_bind().execute(sa.insert(table), rows[start : start + BATCH])


# Tables.


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _make_grants() -> None:
    op.create_table(
        "plan_grant",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("officer_id", _BIG, nullable=False),
        sa.Column("layer", _choice("planlayer", *LAYERS), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("mode", _choice("planmode", *MODES), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("document", sa.String(80), nullable=False),
        sa.Column("on_free_days", sa.Boolean(), nullable=False),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_plan_grant_office_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_plan_grant_officer_id"),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_plan_grant_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_grant"),
        sa.UniqueConstraint(
            "office_id", "officer_id", "idempotency_key", name="uq_plan_grant_office_id_officer_id_idempotency_key"
        ),
    )
    op.create_index("ix_plan_grant_office_id_officer_id_first", "plan_grant", ["office_id", "officer_id", "first"])
    op.create_table(
        "plan_ending",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("grant_id", _BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_plan_ending_office_id"),
        sa.ForeignKeyConstraint(["grant_id"], ["plan_grant.id"], name="fk_plan_ending_grant_id"),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_plan_ending_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_ending"),
    )
    op.create_index("ix_plan_ending_office_id_grant_id", "plan_ending", ["office_id", "grant_id"])


def _make_entries() -> None:
    op.create_table(
        "plan_entry",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("officer_id", _BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("layer", _choice("planlayer", *LAYERS), nullable=False),
        sa.Column("grant_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_plan_entry_office_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_plan_entry_officer_id"),
        sa.ForeignKeyConstraint(["grant_id"], ["plan_grant.id"], name="fk_plan_entry_grant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_entry"),
        sa.UniqueConstraint(
            "office_id", "officer_id", "date", "layer", name="uq_plan_entry_office_id_officer_id_date_layer"
        ),
    )
    op.create_index("ix_plan_entry_office_id_date", "plan_entry", ["office_id", "date"])


def _make_old_entries() -> None:
    op.create_table(
        "plan_entry",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("office_id", _BIG, nullable=False),
        sa.Column("officer_id", _BIG, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("mode", _choice("planmode", *MODES), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", _WHEN, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_plan_entry_created_by"),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name="fk_plan_entry_office_id"),
        sa.ForeignKeyConstraint(["officer_id"], ["officer.id"], name="fk_plan_entry_officer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_entry"),
        sa.UniqueConstraint("office_id", "officer_id", "date", name="uq_plan_entry_office_id_officer_id_date"),
    )
    op.create_index("ix_plan_entry_office_id_date", "plan_entry", ["office_id", "date"])


def _weeks_have_versions() -> None:
    with op.batch_alter_table("week_pattern") as batch:
        batch.add_column(sa.Column("version", _BIG, nullable=True))
    bind = op.get_bind()
    rows = bind.execute(sa.select(week.c.id, week.c.officer_id).order_by(week.c.officer_id, week.c.valid_from)).all()
    for _officer, saved in groupby(rows, key=lambda row: row.officer_id):
        for number, row in enumerate(saved, 1):
            bind.execute(sa.update(week).where(week.c.id == row.id).values(version=number))
    with op.batch_alter_table("week_pattern") as batch:
        batch.alter_column("version", existing_type=_BIG, nullable=False)
        batch.alter_column("days", existing_type=sa.JSON(), nullable=True)
        batch.drop_constraint("uq_week_pattern_office_id_officer_id_valid_from", type_="unique")
        batch.create_unique_constraint(
            "uq_week_pattern_office_id_officer_id_version", ["office_id", "officer_id", "version"]
        )


def _weeks_have_no_versions() -> None:
    bind = op.get_bind()
    rows = bind.execute(sa.select(week).order_by(week.c.officer_id, week.c.valid_from, week.c.version.desc())).all()
    for _place, saved in groupby(rows, key=lambda row: (row.officer_id, row.valid_from)):
        newest, *older = saved
        gone = [row.id for row in older] + ([newest.id] if newest.days is None else [])
        if gone:
            bind.execute(sa.delete(week).where(week.c.id.in_(gone)))
    with op.batch_alter_table("week_pattern") as batch:
        batch.drop_constraint("uq_week_pattern_office_id_officer_id_version", type_="unique")
        batch.drop_column("version")
        batch.alter_column("days", existing_type=sa.JSON(), nullable=False)
        batch.create_unique_constraint(
            "uq_week_pattern_office_id_officer_id_valid_from", ["office_id", "officer_id", "valid_from"]
        )
