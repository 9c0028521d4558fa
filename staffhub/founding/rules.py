"""The rules that a new office begins with, each with where it was found.

What is in force everywhere by a national rule holds from the start. What is only proposed here, since nobody has
confirmed it for this office, is marked so, holds for nobody, and waits for who vouches for it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import RuleKind, RuleSet

_WEEK = ("mon", "tue", "wed", "thu")
_PRESIDENT = "Perpres 21/2023"
# Mon-Thu 07.30-16.00 with 60 minutes of break and Fri 07.30-16.30 with 90 are 37 h 30 a week.
WORK_HOURS: dict[str, Any] = {day: ["07.30", "16.00", 60] for day in _WEEK} | {
    "fri": ["07.30", "16.30", 90],
    "asked": 2250,
    "asked_source": _PRESIDENT,
}
# Mon-Thu 08.00-15.00 with 30 minutes of break and Fri 08.00-15.30 with 60 are 32 h 30.
RAMADAN: dict[str, Any] = {day: ["08.00", "15.00", 30] for day in _WEEK} | {
    "fri": ["08.00", "15.30", 60],
    "asked": 1950,
    "asked_source": _PRESIDENT,
}
# Four hours a day, a quarter of an hour of them break: 18 h 45 a week.
PART_TIME: dict[str, Any] = {day: ["07.30", "11.30", 15] for day in (*_WEEK, "fri")} | {
    "asked": 1125,
    "asked_source": "KepmenPANRB 16/2025, perjanjian kerja",
}
# Over groups of employment types, which the office may remap when THL become something else.
COVERAGE: dict[str, Any] = {
    "groups": [
        {"name": "ASN", "types": ["pns", "cpns", "pppk", "pppk_part_time"], "minimum": 1},
        {"name": "THL", "types": ["thl"], "minimum": 1},
    ]
}

# What a proposed duty roster tries to do well, each against the others.
ROSTER_WEIGHTS = {"turns": 4, "mondays_fridays": 3, "wishes": 5, "home_blocks": 1, "changes": 2}

# A tap that waited for its network counts with the time of the tap, as long as it arrives on the same day.
LATE_DELIVERY: dict[str, Any] = {"counts": "claimed", "hours": None}


def tiers(prefix: str) -> dict[str, Any]:
    bounds = ((1, 31), (31, 61), (61, 91), (91, None))
    return {"tiers": [{"name": f"{prefix}{n}", "min": low, "max": high} for n, (low, high) in enumerate(bounds, 1)]}


def _threshold(first: int, last: int | None, consequence: str, level: str) -> dict[str, Any]:
    return {"first": first, "last": last, "consequence": consequence, "level": level}


_DISMISSED = "Pemberhentian dengan hormat tidak atas permintaan sendiri"
DISCIPLINE: dict[str, Any] = {
    "thresholds": [
        _threshold(3, 3, "Teguran lisan", "light"),
        _threshold(4, 6, "Teguran tertulis", "light"),
        _threshold(7, 10, "Pernyataan tidak puas secara tertulis", "light"),
        _threshold(11, 13, "Pemotongan tunjangan 25 % selama 6 bulan", "medium"),
        _threshold(14, 16, "Pemotongan tunjangan 25 % selama 9 bulan", "medium"),
        _threshold(17, 20, "Pemotongan tunjangan 25 % selama 12 bulan", "medium"),
        _threshold(21, 24, "Penurunan jabatan setingkat lebih rendah selama 12 bulan", "heavy"),
        _threshold(25, 27, "Pembebasan dari jabatan menjadi pelaksana selama 12 bulan", "heavy"),
        _threshold(28, None, _DISMISSED, "heavy"),
    ],
    "in_a_row": {"days": 10, "consequence": _DISMISSED, "level": "heavy"},
}


# From here on the book speaks; the regulations themselves are older.
_BOOK = date(2023, 1, 1)


@dataclass(frozen=True)
class Seed:
    """A row to begin with. `confirmed` False: a proposal."""

    kind: RuleKind
    values: dict[str, Any]
    valid_from: date
    legal_source: str
    groups: tuple[str, ...] | None = None
    subject: str = ""
    confirmed: bool = True
    valid_to: date | None = None


def _leave(subject: str, groups: tuple[str, ...] | None, source: str, *, confirmed: bool = True, **values: Any) -> Seed:
    given = {"unit": "months", "letter": "C", "needs_letter": True, "counts_holidays": True} | values
    return Seed(RuleKind.LEAVE, given, _BOOK, source, groups, subject, confirmed)


_PNS, _PPPK = ("pns",), ("pppk", "pppk_part_time")
_OF_PNS = "PP 11/2017 jo. PP 17/2020; Peraturan BKN 24/2017 jo. 7/2021"
_OF_PPPK = "PP 49/2018 pasal 78; Peraturan BKN 7/2022"
_ANNUAL: dict[str, Any] = {
    "quota": 12,
    "unit": "working_days",
    "carry_one": 18,
    "carry_two": 24,
    "service_months": 12,
    "counts_holidays": False,
    "needs_letter": False,
}
# How long a sick leave is, and whose letter it asks for; said of PNS alone.
_PROOFS: list[dict[str, Any]] = [
    {"first": 1, "last": 1, "by": "doctor"},
    {"first": 2, "last": 14, "by": "doctor"},
    {"first": 15, "last": None, "by": "government_doctor"},
]
_LEAVES = (
    _leave(
        "annual", _PNS, _OF_PNS, **_ANNUAL, note="Paling sedikit 1 hari; daerah terpencil ditambah 12 hari kalender"
    ),
    _leave(
        "annual",
        _PPPK,
        _OF_PPPK,
        **_ANNUAL,
        note="Sisa cuti untuk perjanjian kerja yang lebih lama; daerah terpencil ditambah 6 hari kalender; sebelum "
        "setahun paling banyak 6 hari untuk keluarga yang sakit atau meninggal, atau menikah",
    ),
    _leave("annual", ("cpns",), f"Belum dikonfirmasi untuk CPNS ({_OF_PNS})", **_ANNUAL, confirmed=False),
    _leave(
        "annual",
        ("thl",),
        "Belum dikonfirmasi: menurut kontrak setempat",
        confirmed=False,
        unit="working_days",
        counts_holidays=False,
        needs_letter=False,
    ),
    _leave(
        "long",
        _PNS,
        _OF_PNS,
        quota=3,
        service_months=60,
        note="Tanpa cuti tahunan pada tahun itu; pengecualian untuk haji pertama dan kelahiran anak keempat",
    ),
    _leave(
        "sick",
        _PNS,
        _OF_PNS,
        quota=12,
        extension=6,
        letter="S",
        proofs=_PROOFS,
        note="1 hari: pemberitahuan dan surat dokter; 2 sampai 14 hari: permintaan dan surat dokter; lebih dari 14 "
        "hari: dokter pemerintah; gugur kandungan paling lama 1,5 bulan; kecelakaan kerja sampai sembuh",
    ),
    _leave("sick", _PPPK, _OF_PPPK, quota=1, letter="S", note="Kecelakaan kerja sampai perjanjian kerja berakhir"),
    _leave("maternity", _PNS, _OF_PNS, quota=3, note="Anak pertama sampai ketiga"),
    _leave("maternity", _PPPK, _OF_PPPK, quota=3, note="Anak pertama sampai ketiga"),
    _leave(
        "important_reason",
        _PNS,
        _OF_PNS,
        quota=1,
        note="Keluarga inti sakit keras atau meninggal, menikah, istri melahirkan dengan operasi, kebakaran atau "
        "bencana",
    ),
    _leave("unpaid", _PNS, _OF_PNS, quota=36, extension=12),
    _leave(
        "permission",
        None,
        "Belum dikonfirmasi: menurut aturan kantor",
        confirmed=False,
        unit="working_days",
        counts_holidays=False,
        needs_letter=False,
        letter="I",
        note="Izin untuk satu hari atau sebagiannya; tidak mengurangi cuti tahunan",
    ),
)
_NOT_SURE = "Belum dikonfirmasi"


def _seeds(today: date) -> tuple[Seed, ...]:
    start = date(2023, 4, 12)
    example = f"{_NOT_SURE} untuk kantor ini (contoh: Permentan 68/2012)"
    return (
        Seed(RuleKind.WORK_HOURS, WORK_HOURS, start, f"{_PRESIDENT}, pola minggu lima hari"),
        _ramadan(today),
        Seed(
            RuleKind.WORK_HOURS,
            PART_TIME,
            date(2025, 1, 1),
            f"{_NOT_SURE}: jam ditetapkan pejabat pembina kepegawaian (KepmenPANRB 16/2025)",
            ("pppk_part_time",),
            confirmed=False,
        ),
        Seed(RuleKind.COVERAGE, COVERAGE, start, "Kebijakan kantor: tiap bidang satu ASN dan satu THL di kantor"),
        Seed(RuleKind.ROSTER_WEIGHTS, ROSTER_WEIGHTS, start, "Keputusan kepala dinas"),
        Seed(RuleKind.LATE_DELIVERY, LATE_DELIVERY, start, "Keputusan kepala dinas"),
        Seed(RuleKind.TIERS, tiers("TL"), _BOOK, example, subject="late", confirmed=False),
        Seed(RuleKind.TIERS, tiers("PSW"), _BOOK, example, subject="early", confirmed=False),
        Seed(RuleKind.DISCIPLINE, DISCIPLINE, _BOOK, "PP 94/2021; Peraturan BKN 6/2022"),
        Seed(
            RuleKind.MINUTES_AS_DAYS,
            {"minutes": 450},
            _BOOK,
            f"{_NOT_SURE}: berlaku menurut PP 53/2010, belum pasti menurut PP 94/2021",
            confirmed=False,
        ),
        *_LEAVES,
        Seed(
            RuleKind.DECISION,
            {"working_days": 3},
            date(2026, 1, 1),
            f"{_NOT_SURE}: usulan, belum ada dasarnya",
            confirmed=False,
        ),
    )


def _ramadan(today: date) -> Seed:
    """The next Ramadan: it ends the day before the feast, and its first day is known when the circular is there."""
    import holidays as public_holidays  # only a new office wants it, and it takes 4 MB of a worker

    feasts = public_holidays.country_holidays("ID", years=(today.year, today.year + 1), language="id")
    last = min(
        day for day, name in feasts.items() if name.startswith("Hari Raya Idul Fitri") and day > today
    ) - timedelta(days=1)
    source = f"{_NOT_SURE}: rentang menunggu surat edaran (jam menurut {_PRESIDENT})"
    first = last - timedelta(days=29)
    return Seed(RuleKind.WORK_HOURS, RAMADAN, first, source, subject="special", confirmed=False, valid_to=last)


def seed_rules(db: Session, office_id: int, *, today: date) -> int:
    """Add what the office has no row for yet, of the same kind, subject and group; return how many."""
    columns = select(RuleSet.kind, RuleSet.subject, RuleSet.groups).where(RuleSet.office_id == office_id)
    there = {(row.kind, row.subject, tuple(row.groups or ())) for row in db.execute(columns)}
    added = [seed for seed in _seeds(today) if (seed.kind, seed.subject, seed.groups or ()) not in there]
    for seed in added:
        db.add(
            RuleSet(
                office_id=office_id,
                kind=seed.kind,
                subject=seed.subject,
                groups=list(seed.groups) if seed.groups else None,
                valid_from=seed.valid_from,
                valid_to=seed.valid_to,
                legal_source=seed.legal_source,
                owner="kepegawaian",
                values=seed.values,
                confirmed=seed.confirmed,
            )
        )
    db.flush()
    return len(added)
