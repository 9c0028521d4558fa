"""the rule book: more kinds of rules, each about something, confirmed by somebody, and succeeded instead of changed.

An office that is there already gets the rows a new one begins with, where it has none of that kind, subject and group;
what is only proposed holds for nobody. The hours by Perpres 21/2023 say what their week shall add up to. On the way
back the rows that the earlier version cannot read go away, and hours are hours again.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "rule_book"
down_revision = "role_of_a_posting"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OLD, NEW = ("work_hours", "coverage"), ("tiers", "discipline", "minutes_as_days", "leave", "flexible", "decision")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PRESIDENT = "Perpres 21/2023"

office = sa.table("office", sa.column("id", _BIG))
rule = sa.table(
    "rule_set",
    sa.column("id", _BIG),
    sa.column("office_id", _BIG),
    sa.column("kind", sa.String),
    sa.column("subject", sa.String),
    sa.column("groups", sa.JSON(none_as_null=True)),
    sa.column("valid_from", sa.Date),
    sa.column("valid_to", sa.Date),
    sa.column("legal_source", sa.String),
    sa.column("owner", sa.String),
    sa.column("values", sa.JSON),
    sa.column("confirmed", sa.Boolean),
)
_NAMES = ("kind", "subject", "groups", "valid_from", "valid_to", "legal_source", "confirmed", "values")
SEEDS: list[tuple[Any, ...]] = [('work_hours', '', None, date(2023, 4, 12), None, 'Perpres 21/2023, pola minggu lima hari', True,
  {'mon': ['07.30', '16.00', 60],
   'tue': ['07.30', '16.00', 60],
   'wed': ['07.30', '16.00', 60],
   'thu': ['07.30', '16.00', 60],
   'fri': ['07.30', '16.30', 90],
   'asked': 2250,
   'asked_source': 'Perpres 21/2023'}),
 ('work_hours', 'special', None, date(2027, 2, 8), date(2027, 3, 9),
  'Belum dikonfirmasi: rentang menunggu surat edaran (jam menurut Perpres 21/2023)', False,
  {'mon': ['08.00', '15.00', 30],
   'tue': ['08.00', '15.00', 30],
   'wed': ['08.00', '15.00', 30],
   'thu': ['08.00', '15.00', 30],
   'fri': ['08.00', '15.30', 60],
   'asked': 1950,
   'asked_source': 'Perpres 21/2023'}),
 ('work_hours', '', ['pppk_part_time'], date(2025, 1, 1), None,
  'Belum dikonfirmasi: jam ditetapkan pejabat pembina kepegawaian (KepmenPANRB 16/2025)', False,
  {'mon': ['07.30', '11.30', 15],
   'tue': ['07.30', '11.30', 15],
   'wed': ['07.30', '11.30', 15],
   'thu': ['07.30', '11.30', 15],
   'fri': ['07.30', '11.30', 15],
   'asked': 1125,
   'asked_source': 'KepmenPANRB 16/2025, perjanjian kerja'}),
 ('coverage', '', None, date(2023, 4, 12), None,
  'Kebijakan kantor: tiap bidang satu ASN dan satu THL di kantor', True,
  {'groups': [{'name': 'ASN', 'types': ['pns', 'cpns', 'pppk', 'pppk_part_time'], 'minimum': 1},
              {'name': 'THL', 'types': ['thl'], 'minimum': 1}]}),
 ('tiers', 'late', None, date(2023, 1, 1), None,
  'Belum dikonfirmasi untuk kantor ini (contoh: Permentan 68/2012)', False,
  {'tiers': [{'name': 'TL1', 'min': 1, 'max': 31}, {'name': 'TL2', 'min': 31, 'max': 61},
             {'name': 'TL3', 'min': 61, 'max': 91}, {'name': 'TL4', 'min': 91, 'max': None}]}),
 ('tiers', 'early', None, date(2023, 1, 1), None,
  'Belum dikonfirmasi untuk kantor ini (contoh: Permentan 68/2012)', False,
  {'tiers': [{'name': 'PSW1', 'min': 1, 'max': 31}, {'name': 'PSW2', 'min': 31, 'max': 61},
             {'name': 'PSW3', 'min': 61, 'max': 91}, {'name': 'PSW4', 'min': 91, 'max': None}]}),
 ('discipline', '', None, date(2023, 1, 1), None, 'PP 94/2021; Peraturan BKN 6/2022', True,
  {'thresholds': [{'first': 3, 'last': 3, 'consequence': 'Teguran lisan', 'level': 'light'},
                  {'first': 4, 'last': 6, 'consequence': 'Teguran tertulis', 'level': 'light'},
                  {'first': 7,
                   'last': 10,
                   'consequence': 'Pernyataan tidak puas secara tertulis',
                   'level': 'light'},
                  {'first': 11,
                   'last': 13,
                   'consequence': 'Pemotongan tunjangan 25 % selama 6 bulan',
                   'level': 'medium'},
                  {'first': 14,
                   'last': 16,
                   'consequence': 'Pemotongan tunjangan 25 % selama 9 bulan',
                   'level': 'medium'},
                  {'first': 17,
                   'last': 20,
                   'consequence': 'Pemotongan tunjangan 25 % selama 12 bulan',
                   'level': 'medium'},
                  {'first': 21,
                   'last': 24,
                   'consequence': 'Penurunan jabatan setingkat lebih rendah selama 12 bulan',
                   'level': 'heavy'},
                  {'first': 25,
                   'last': 27,
                   'consequence': 'Pembebasan dari jabatan menjadi pelaksana selama 12 bulan',
                   'level': 'heavy'},
                  {'first': 28,
                   'last': None,
                   'consequence': 'Pemberhentian dengan hormat tidak atas permintaan sendiri',
                   'level': 'heavy'}],
   'in_a_row': {'days': 10,
                'consequence': 'Pemberhentian dengan hormat tidak atas permintaan sendiri',
                'level': 'heavy'}}),
 ('minutes_as_days', '', None, date(2023, 1, 1), None,
  'Belum dikonfirmasi: berlaku menurut PP 53/2010, belum pasti menurut PP 94/2021', False, {'minutes': 450}),
 ('leave', 'annual', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'working_days',
   'letter': 'C',
   'needs_letter': False,
   'counts_holidays': False,
   'quota': 12,
   'carry_one': 18,
   'carry_two': 24,
   'service_months': 12,
   'note': 'Paling sedikit 1 hari; daerah terpencil ditambah 12 hari kalender'}),
 ('leave', 'annual', ['pppk', 'pppk_part_time'], date(2023, 1, 1), None,
  'PP 49/2018 pasal 78; Peraturan BKN 7/2022', True,
  {'unit': 'working_days',
   'letter': 'C',
   'needs_letter': False,
   'counts_holidays': False,
   'quota': 12,
   'carry_one': 18,
   'carry_two': 24,
   'service_months': 12,
   'note': 'Sisa cuti untuk perjanjian kerja yang lebih lama; daerah terpencil ditambah 6 hari kalender; sebelum '
           'setahun paling banyak 6 hari untuk keluarga yang sakit atau meninggal, atau menikah'}),
 ('leave', 'annual', ['cpns'], date(2023, 1, 1), None,
  'Belum dikonfirmasi untuk CPNS (PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021)', False,
  {'unit': 'working_days',
   'letter': 'C',
   'needs_letter': False,
   'counts_holidays': False,
   'quota': 12,
   'carry_one': 18,
   'carry_two': 24,
   'service_months': 12}),
 ('leave', 'annual', ['thl'], date(2023, 1, 1), None, 'Belum dikonfirmasi: menurut kontrak setempat',
  False, {'unit': 'working_days', 'letter': 'C', 'needs_letter': False, 'counts_holidays': False}),
 ('leave', 'long', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'months',
   'letter': 'C',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 3,
   'service_months': 60,
   'note': 'Tanpa cuti tahunan pada tahun itu; pengecualian untuk haji pertama dan kelahiran anak keempat'}),
 ('leave', 'sick', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'months',
   'letter': 'S',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 12,
   'extension': 6,
   'note': '1 hari: pemberitahuan dan surat dokter; 2 sampai 14 hari: permintaan dan surat dokter; lebih dari 14 '
           'hari: dokter pemerintah; gugur kandungan paling lama 1,5 bulan; kecelakaan kerja sampai sembuh'}),
 ('leave', 'sick', ['pppk', 'pppk_part_time'], date(2023, 1, 1), None,
  'PP 49/2018 pasal 78; Peraturan BKN 7/2022', True,
  {'unit': 'months',
   'letter': 'S',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 1,
   'note': 'Kecelakaan kerja sampai perjanjian kerja berakhir'}),
 ('leave', 'maternity', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'months',
   'letter': 'C',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 3,
   'note': 'Anak pertama sampai ketiga'}),
 ('leave', 'maternity', ['pppk', 'pppk_part_time'], date(2023, 1, 1), None,
  'PP 49/2018 pasal 78; Peraturan BKN 7/2022', True,
  {'unit': 'months',
   'letter': 'C',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 3,
   'note': 'Anak pertama sampai ketiga'}),
 ('leave', 'important_reason', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'months',
   'letter': 'C',
   'needs_letter': True,
   'counts_holidays': True,
   'quota': 1,
   'note': 'Keluarga inti sakit keras atau meninggal, menikah, istri melahirkan dengan operasi, kebakaran atau '
           'bencana'}),
 ('leave', 'unpaid', ['pns'], date(2023, 1, 1), None,
  'PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021', True,
  {'unit': 'months', 'letter': 'C', 'needs_letter': True, 'counts_holidays': True, 'quota': 36, 'extension': 12}),
 ('decision', '', None, date(2026, 1, 1), None, 'Belum dikonfirmasi: usulan, belum ada dasarnya', False,
  {'working_days': 3})]


def upgrade() -> None:
    with op.batch_alter_table("rule_set") as batch:
        batch.add_column(sa.Column("subject", sa.String(40), nullable=False, server_default=""))
        batch.add_column(sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("replaces_id", _BIG, nullable=True))
        batch.add_column(sa.Column("replaced_to", sa.Date(), nullable=True))
        batch.add_column(sa.Column("idempotency_key", sa.String(64), nullable=True))
        batch.add_column(sa.Column("version", _BIG, nullable=False, server_default="1"))
        batch.create_foreign_key(op.f("fk_rule_set_replaces_id"), "rule_set", ["replaces_id"], ["id"])
        batch.create_unique_constraint(op.f("uq_rule_set_office_id_idempotency_key"), ["office_id", "idempotency_key"])
        _kinds(batch, (*OLD, *NEW))
    with op.batch_alter_table("rule_set") as batch:
        batch.alter_column("subject", existing_type=sa.String(40), server_default=None)
    _say_what_the_week_adds_up_to()
    _seed()


def _kinds(batch: Any, names: tuple[str, ...]) -> None:
    batch.drop_constraint("rulekind", type_="check")
    batch.create_check_constraint("rulekind", f"kind IN ({', '.join(repr(name) for name in names)})")


def _say_what_the_week_adds_up_to() -> None:
    bind = op.get_bind()
    hours = sa.select(rule.c.id, rule.c["values"]).where(
        rule.c.kind == "work_hours", rule.c.legal_source.startswith(_PRESIDENT)
    )
    for row in bind.execute(hours).all():
        if isinstance(row.values, dict) and "asked" not in row.values:
            said = row.values | {"asked": 2250, "asked_source": _PRESIDENT}
            bind.execute(rule.update().where(rule.c.id == row.id).values({"values": said}))


def _seed() -> None:
    bind = op.get_bind()
    columns = (rule.c.office_id, rule.c.kind, rule.c.subject, rule.c.groups)
    there = {(*row[:3], _group(row.groups)) for row in bind.execute(sa.select(*columns))}
    for office_id in bind.scalars(sa.select(office.c.id)).all():
        for seed in SEEDS:
            values = dict(zip(_NAMES, seed, strict=True))
            if (office_id, values["kind"], values["subject"], _group(values["groups"])) not in there:
                bind.execute(rule.insert().values(office_id=office_id, owner="kepegawaian", **values))


def _group(stored: Any) -> tuple[str, ...]:
    return tuple(stored) if isinstance(stored, list) else ()


def downgrade() -> None:
    bind = op.get_bind()
    bind.execute(rule.delete().where(sa.or_(~rule.c.confirmed, rule.c.kind.not_in(OLD))))
    hours = sa.select(rule.c.id, rule.c["values"]).where(rule.c.kind == "work_hours")
    for row in bind.execute(hours).all():
        if isinstance(row.values, dict):
            days = {name: hours for name, hours in row.values.items() if name in WEEKDAYS}
            bind.execute(rule.update().where(rule.c.id == row.id).values({"values": days}))
    with op.batch_alter_table("rule_set") as batch:
        _kinds(batch, OLD)
        batch.drop_constraint(op.f("uq_rule_set_office_id_idempotency_key"), type_="unique")
        batch.drop_constraint(op.f("fk_rule_set_replaces_id"), type_="foreignkey")
        for name in ("subject", "confirmed", "replaces_id", "replaced_to", "idempotency_key", "version"):
            batch.drop_column(name)
