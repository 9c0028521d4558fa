"""The 42 invented officers of the demo office, their accounts and their usual week."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from staffhub import security
from staffhub.models import Account, Division, EmploymentType, Officer, Posting, Role, WeekPattern

_PNS, _PPPK, _THL = EmploymentType.PNS, EmploymentType.PPPK, EmploymentType.THL
_PART_TIME = EmploymentType.PPPK_PART_TIME
_HEAD = "Kepala Bidang"

# username, name, employment type, position; the first of a division leads it. A dot stands for the next pegawaiNN; the
# last three numbers are heads of bidang, so that pegawai01 to pegawai38 all sign in.
_STAFF: dict[str, tuple[tuple[str, str, EmploymentType, str], ...]] = {
    "": (("kadis", "Ferdinand Ondang", _PNS, "Kepala Dinas"),),
    "population_registration": (
        ("kabid.dafduk", "Deisy Kaunang", _PNS, _HEAD),
        (".", "Greis Tumiwa", _PNS, "Pengelola data"),
        (".", "Jeinry Karundeng", _PART_TIME, "Operator layanan"),
        (".", "Fandy Mamesah", _PNS, "Analis kependudukan"),
        (".", "Marlon Tilaar", _PPPK, "Operator layanan"),
        (".", "Novita Wenas", _PNS, "Pengelola data"),
        (".", "Hence Supit", _PNS, "Petugas perekaman"),
        (".", "Ratna Mokodompit", _PNS, "Pengelola dokumen"),
        (".", "Yuliana Christiani Rondonuwu-Pangemanan", _THL, "Petugas loket"),
        (".", "Stenly Lumintang", _THL, "Petugas loket"),
    ),
    "civil_registration": (
        ("pegawai36", "Berty Sondakh", _PNS, _HEAD),
        (".", "Kristi Wowor", _THL, "Petugas loket"),
        (".", "Anggreani Paat", _PNS, "Pengelola akta"),
        (".", "Ferry Tambajong", _PPPK, "Operator layanan"),
        (".", "Imelda Ruru", _PNS, "Pengelola akta"),
        (".", "Oktavianus Mandagi", _THL, "Petugas arsip"),
        (".", "Silvana Undap", _PNS, "Pencatat nikah"),
        (".", "Wilhelmina Lasut", _PPPK, "Operator layanan"),
    ),
    "information_management": (
        ("pegawai37", "Noldy Pontoh", _PNS, _HEAD),
        ("admin", "Adrie Walangitan", _PNS, "Pranata komputer"),
        (".", "Rivo Pantouw", _THL, "Operator SIAK"),
        (".", "Jovanka Gerung", _THL, "Operator SIAK"),
        (".", "Meyske Rumengan", _PPPK, "Pengelola basis data"),
        (".", "Tesalonika Worang", _PNS, "Analis data"),
        (".", "Vicky Rantung", _PNS, "Teknisi jaringan"),
    ),
    "data_use_innovation": (
        ("pegawai38", "Linda Sumolang", _PNS, _HEAD),
        (".", "Gerald Kojo", _THL, "Petugas layanan data"),
        (".", "Maikel Tangkudung", _THL, "Petugas layanan data"),
        (".", "Cindy Lengkong", _PNS, "Analis kerja sama"),
        (".", "Donny Mawikere", _PPPK, "Pengelola inovasi"),
        (".", "Priska Umboh", _PNS, "Analis data"),
    ),
    "secretariat": (
        (".", "Alfrets Wuisan", _PNS, "Sekretaris"),
        ("kepegawaian", "Herlina Tendean", _PNS, "Analis SDM"),
        (".", "Johan Assa", _PNS, "Bendahara"),
        (".", "Sofia Lontoh", _PNS, "Perencana"),
        (".", "Roy Kumaat", _THL, "Pengemudi"),
        (".", "Debora Manoppo", _PNS, "Pengadministrasi umum"),
        (".", "Melki Rarung", _THL, "Petugas kebersihan"),
        (".", "Grace Kandou", _PPPK, "Arsiparis"),
        (".", "Yanti Repi", _PNS, "Pengelola keuangan"),
        (".", "Stefen Moningka", _PNS, "Pengadministrasi"),
    ),
}
_ROLES = {
    "kadis": Role.OFFICE_HEAD,
    "kabid.dafduk": Role.DIVISION_HEAD,
    "pegawai36": Role.DIVISION_HEAD,
    "pegawai37": Role.DIVISION_HEAD,
    "pegawai38": Role.DIVISION_HEAD,
    "kepegawaian": Role.HR,
    "admin": Role.ADMIN,
}
_SINCE = date(2021, 1, 4)
# What some were before, until a day within the history, counted from its first: a move, a promotion, a new contract.
_BEFORE = {
    "Grace Kandou": (12, "civil_registration", _PPPK, "Arsiparis akta"),
    "Cindy Lengkong": (9, "data_use_innovation", _PNS, "Pengelola data"),
    "Jeinry Karundeng": (14, "population_registration", _THL, "Petugas loket"),
}
# Of every division and group one half has the first week, the other the second: somebody is always in the office.
_WEEKS = (
    ["office", "home", "office", "home", "office", None, None],
    ["home", "office", "home", "office", "home", None, None],
    ["home", "office", "home", "office", "office", None, None],
)
_ALWAYS = ["office"] * 5 + [None, None]


@dataclass(frozen=True)
class Person:
    id: int
    account_id: int
    username: str
    name: str
    division: str
    employment_type: EmploymentType
    leads: bool


@dataclass(frozen=True)
class _Line:
    username: str
    name: str
    division: str
    employment_type: EmploymentType
    position: str
    leads: bool
    week: list[str | None]


def _lines() -> list[_Line]:
    lines, numbered = [], 0
    for division, members in _STAFF.items():
        turn = {False: 0, True: 0}
        for place, (username, name, kind, position) in enumerate(members):
            if username == ".":
                numbered += 1
                username = f"pegawai{numbered:02}"  # noqa: PLW2901
            group = kind is _THL
            week = _ALWAYS if place == 0 else _WEEKS[turn[group] % len(_WEEKS)]
            turn[group] += place > 0
            lines.append(_Line(username, name, division, kind, position, place == 0, week))
    return lines


def _number(line: _Line, serial: int, rng: random.Random) -> str:
    """A number of the right form that belongs to nobody: THL have the office's own."""
    if line.employment_type is _THL:
        return f"THL-{serial:03}"
    born = date(rng.randint(1968, 1996), rng.randint(1, 12), rng.randint(1, 28))
    sex = rng.choice("12")
    if line.employment_type in {_PPPK, _PART_TIME}:
        return f"{born:%Y%m%d}{rng.randint(2021, 2025)}21{sex}{serial:03}"
    return f"{born:%Y%m%d}{born.year + rng.randint(22, 28)}{rng.choice(('01', '03', '12'))}{sex}{serial:03}"


def seat(db: Session, office_id: int, *, password: str, since: date, now: datetime, rng: random.Random) -> list[Person]:
    """Write officers, accounts and weeks; `since` is the day from which the plan holds."""
    lines = _lines()
    divisions = {row.code: row.id for row in db.execute(select(Division.code, Division.id))}
    rows = [
        {
            "office_id": office_id,
            "number": _number(line, serial, rng),
            "name": line.name,
            "email": f"{line.username}@disdukcapil-contoh.example",
            "phone": f"08120000{serial:04}",
            "active_from": _SINCE,
        }
        for serial, line in enumerate(lines, 1)
    ]
    ids = db.scalars(insert(Officer).returning(Officer.id, sort_by_parameter_order=True), rows).all()
    _post(db, office_id, dict(zip(ids, lines, strict=True)), divisions, since=since, now=now)
    accounts = _open_accounts(db, office_id, dict(zip(ids, lines, strict=True)), password, now)
    weeks = [
        {"office_id": office_id, "officer_id": officer, "valid_from": since, "days": line.week, "created_at": now}
        for officer, line in zip(ids, lines, strict=True)
    ]
    db.execute(insert(WeekPattern), weeks)
    return [
        Person(officer, account, line.username, line.name, line.division, line.employment_type, line.leads)
        for officer, account, line in zip(ids, accounts, lines, strict=True)
    ]


def _post(
    db: Session, office_id: int, seated: dict[int, _Line], divisions: dict[str, int], *, since: date, now: datetime
) -> None:
    """Almost everybody has served where he serves since the first day; some were something else before."""
    leaders = {line.division: officer for officer, line in seated.items() if line.leads}
    rows = []
    for officer, line in seated.items():
        above = leaders["" if line.leads else line.division]
        first = {
            "office_id": office_id,
            "officer_id": officer,
            "valid_from": _SINCE,
            "valid_to": None,
            "employment_type": line.employment_type,
            "position": line.position,
            "division_id": divisions.get(line.division),
            "role": _ROLES.get(line.username, Role.STAFF),
            "superior_id": above if above != officer else None,
            "created_at": now,
        }
        if line.name in _BEFORE:
            days, division, kind, position = _BEFORE[line.name]
            last = since + timedelta(days=days)
            was = {"employment_type": kind, "position": position, "superior_id": leaders[division]}
            rows.append(first | was | {"division_id": divisions[division], "valid_to": last})
            first |= {"valid_from": last + timedelta(days=1)}
        rows.append(first)
    db.execute(insert(Posting), rows)


def _open_accounts(db: Session, office_id: int, seated: dict[int, _Line], password: str, now: datetime) -> list[int]:
    """One hash for all: the password is the same and public, and 42 hashes would take a second."""
    password_hash = security.hash_password(password)
    rows = []
    for officer, line in seated.items():
        rows.append(
            {
                "office_id": office_id,
                "officer_id": officer,
                "username": line.username,
                "password_hash": password_hash,
                "password_changed_at": now,
                "must_change_password": False,
                "created_at": now,
            }
        )
    return list(db.scalars(insert(Account).returning(Account.id, sort_by_parameter_order=True), rows))
