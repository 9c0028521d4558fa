"""What HR of the demo office wrote into the rule book: Ramadan, a part-time contract, new hours from January on."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import EmploymentType, RuleKind
from staffhub.security import Viewer
from staffhub.workdays import Draft, RuleLine

_WINDOWS = [
    {"mark": "check_in", "starts": "06.45", "ends": "09.00"},
    {"mark": "check_out", "starts": "15.45", "ends": "18.00"},
    {"mark": "roll_call", "name": "Apel pagi", "days": ["mon"], "starts": "07.30", "ends": "07.45"},
    {"mark": "roll_call", "name": "Apel sore", "days": ["fri"], "starts": "16.15", "ends": "16.30"},
]


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr, today = viewer(db, people, "kepegawaian", zone, now), clock.local_day(now, zone)
    hours = [line for line in workdays.rules_of(db, hr) if line.kind is RuleKind.WORK_HOURS]
    usual = next(line for line in hours if line.confirmed)
    ramadan = next(line for line in hours if line.subject)
    part_time = next(line for line in hours if line.groups)
    _confirm(db, hr, ramadan, ramadan.valid_from, f"SE Bupati Contoh 800/{ramadan.valid_from.year}", now)
    _confirm(db, hr, part_time, clock.month_after(today), "SK Bupati Contoh 813/2026, perjanjian kerja", now)
    permission = next(line for line in workdays.rules_of(db, hr) if line.subject == "permission")
    source = f"SE Kepala Dinas 800/{today.year}: izin setengah hari"
    workdays.change_rule(
        db, hr, permission.id, _draft(permission, today, source, half_days=True), seen=permission.version, now=now
    )
    changed = {"tolerance": 5, "windows": _WINDOWS}
    new_year = _draft(usual, date(today.year + 1, 1, 1), f"Perbup Contoh 7/{today.year}", **changed)
    workdays.succeed(db, hr, usual.id, new_year, seen=usual.version, now=now)


def _confirm(db: Session, hr: Viewer, line: RuleLine, first: date, source: str, now: datetime) -> None:
    workdays.change_rule(db, hr, line.id, _draft(line, first, source), seen=line.version, now=now)


def _draft(line: RuleLine, first: date, source: str, **changed: Any) -> Draft:
    return Draft(
        kind=line.kind,
        values=line.stored | changed,
        valid_from=first,
        legal_source=source,
        owner=line.owner,
        valid_to=line.valid_to,
        groups=[EmploymentType(one) for one in line.groups] or None,
        subject=line.subject,
    )
