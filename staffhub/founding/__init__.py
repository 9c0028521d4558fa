"""A new office: its divisions, services, rules and holidays, as rows that the office then owns and edits."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit, workdays
from staffhub.founding.rules import COVERAGE, RAMADAN, WORK_HOURS, seed_rules
from staffhub.models import Division, Office, ServiceType

__all__ = ["COVERAGE", "DIVISIONS", "RAMADAN", "SERVICES", "WORK_HOURS", "found_office", "only_office", "seed_rules"]

# code, name, short name, keeps the duty minimum
DIVISIONS = (
    ("population_registration", "Pelayanan Pendaftaran Penduduk", "Pendaftaran Penduduk", True),
    ("civil_registration", "Pelayanan Pencatatan Sipil", "Pencatatan Sipil", True),
    ("information_management", "Pengelolaan Informasi Administrasi Kependudukan", "PIAK", True),
    ("data_use_innovation", "Pemanfaatan Data dan Inovasi Pelayanan", "PDIP", True),
    ("secretariat", "Sekretariat", "Sekretariat", False),
)

# code, name, English name, division, needs the citizen in person
SERVICES = (
    ("ektp_recording", "Perekaman KTP-el", "e-KTP recording", "population_registration", True),
    ("ektp_reprint", "Cetak ulang KTP-el", "e-KTP reprint", "population_registration", False),
    ("family_card", "Kartu keluarga (KK)", "Family card (KK)", "population_registration", False),
    ("child_card", "Kartu identitas anak (KIA)", "Child card (KIA)", "population_registration", False),
    ("biodata", "Biodata penduduk", "Resident's record", "population_registration", False),
    ("move_certificate", "Surat pindah (SKPWNI)", "Transfer letter (SKPWNI)", "population_registration", False),
    ("birth_certificate", "Akta kelahiran", "Birth certificate", "civil_registration", False),
    ("death_certificate", "Akta kematian", "Death certificate", "civil_registration", False),
    ("marriage_certificate", "Akta perkawinan", "Marriage certificate", "civil_registration", True),
    ("divorce_certificate", "Akta perceraian", "Divorce certificate", "civil_registration", False),
    ("child_recognition", "Pengakuan atau pengesahan anak", "Recognition of a child", "civil_registration", False),
    ("data_problem", "Data tidak ditemukan atau tidak daring", "Data problem", "information_management", False),
    ("data_cooperation", "Kerja sama pemanfaatan data", "Data cooperation", "data_use_innovation", False),
)


def found_office(
    db: Session, *, name: str, timezone: str, now: datetime, government: str = "", address: str = ""
) -> Office:
    office = Office(name=name, government=government, address=address, timezone=timezone, created_at=now)
    db.add(office)
    db.flush()
    divisions = {}
    for sort, (code, full, short, keeps_cover) in enumerate(DIVISIONS):
        division = Division(
            office_id=office.id, code=code, name=full, short_name=short, sort=sort, keeps_cover=keeps_cover
        )
        db.add(division)
        divisions[code] = division
    db.flush()
    for sort, (code, full, english, division_code, presence) in enumerate(SERVICES):
        service = ServiceType(office_id=office.id, code=code, name=full, name_en=english, sort=sort, version=1)
        service.division_id = divisions[division_code].id
        service.needs_presence = presence
        db.add(service)
    seed_rules(db, office.id, today=now.date())
    year = now.year
    workdays.seed_holidays(db, office.id, (year - 1, year, year + 1), now=now)
    audit.record(db, None, "office.founded", "office", office.id, now=now, office_id=office.id, name=name)
    return office


def only_office(db: Session) -> Office | None:
    """Return the office of a database that holds one; None when there is none yet."""
    return db.scalars(select(Office).order_by(Office.id)).first()
