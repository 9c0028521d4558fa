"""Every day of tests/data/golden_days.md, which an HR officer can read and check, comes out as it stands there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from staffhub.days import (
    CorrectionFact,
    DayRecord,
    Done,
    Excuse,
    Facts,
    Finding,
    MarkFact,
    ProofFact,
    Stage,
    reconcile,
)
from staffhub.founding import RAMADAN, WORK_HOURS
from staffhub.founding.rules import PART_TIME, tiers
from staffhub.models import (
    CorrectionKind,
    DayPart,
    EmploymentType,
    Grade,
    MarkKind,
    PlanLayer,
    PlanMode,
    RuleKind,
    WorkMode,
)
from staffhub.presence import LATE, TAP
from staffhub.workdays import Calendar, Granted, PlanBook, Rule, Way
from staffhub.workdays.fingers import FingerFact, of_day
from staffhub.workdays.kinds import read

TABLE = Path(__file__).parent / "data" / "golden_days.md"
WITA = ZoneInfo("Asia/Makassar")
BEGAN = date(2025, 1, 1)
WEEKDAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
PEOPLE = {
    "PNS": EmploymentType.PNS,
    "PPPK": EmploymentType.PPPK,
    "PPPK paruh waktu": EmploymentType.PPPK_PART_TIME,
    "THL": EmploymentType.THL,
}
PLACES = {"kantor": WorkMode.OFFICE, "rumah": WorkMode.HOME, "dinas": WorkMode.FIELD}
LEAVES = {
    "cuti": "",
    "cuti tahunan": "annual",
    "sakit": "sick",
    "izin": "permission",
    "cuti melahirkan": "maternity",
    "cuti besar": "long",
    "cuti alasan penting": "important_reason",
    "cuti di luar tanggungan": "unpaid",
}
PARTS = {"pagi": DayPart.MORNING, "siang": DayPart.AFTERNOON}
FINDINGS = {
    "alpa": Finding.ABSENT,
    "tanpa masuk": Finding.NO_CHECK_IN,
    "tanpa pulang": Finding.NO_CHECK_OUT,
    "rumah bukan kantor": Finding.HOME_NOT_OFFICE,
    "kantor bukan rumah": Finding.OFFICE_NOT_HOME,
    "tempat lain": Finding.OTHER_PLACE,
    "jam lain": Finding.OTHER_HOURS,
    "di luar jendela": Finding.OUTSIDE_WINDOW,
    "cuti dan presensi": Finding.LEAVE_AND_MARK,
    "cuti ganda": Finding.OVERLAPPING_LEAVE,
    "kerja pada hari libur": Finding.WORKED_ON_DAY_OFF,
    "lewat tengah malam": Finding.OVER_MIDNIGHT,
    "tanpa tempat": Finding.MISSING_PLACE,
    "pengarahan tidak diikuti": Finding.STANDUP_NOT_JOINED,
    "rapat tanpa presensi": Finding.JOINED_WITHOUT_MARK,
    "catatan tanpa presensi": Finding.LOGGED_WITHOUT_MARK,
    "tanpa catatan": Finding.MARK_WITHOUT_WORK,
    "catatan belum dikirim": Finding.LOG_NOT_SUBMITTED,
    "terkirim terlambat": Finding.SENT_LATE,
    "jari di kantor": Finding.FINGER_AND_HOME,
    "dari mesin": Finding.BY_FINGER,
    "hadir menurut apel": Finding.CAME_BY_ROLL_CALL,
    "hadir menurut pengarahan": Finding.CAME_BY_STANDUP,
    "pengarahan terbukti lain": Finding.STANDUP_BY_OTHER,
}
ONE_PROOF = {
    "satu bukti": ["mark", "code", "roll_call", "standup"],
    "satu bukti berkode": ["code", "roll_call", "standup"],
}
_ids = count(1)


@dataclass(frozen=True)
class Row:
    story: str
    date: str
    who: str
    rules: str
    plan: str
    marks: str
    corrections: str
    more: str
    code: str
    worked: str
    late: str
    early: str
    findings: str

    @property
    def day(self) -> date:
        return datetime.strptime(self.date[4:], "%d-%m-%Y").date()  # noqa: DTZ007


def _rows() -> Iterator[Row]:
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0] != "Kejadian":
            yield Row(*cells)


ROWS = list(_rows())


def _listed(cell: str) -> list[str]:
    return [] if cell == "-" else [part.strip() for part in cell.split(",")]


def _rule(kind: RuleKind, values: Any, first: date = BEGAN, last: date | None = None, **more: Any) -> Rule:
    groups = frozenset(more.pop("groups")) if "groups" in more else None
    return Rule(kind, first, last, groups, read(kind, values), id=next(_ids), **more)


def _leave(subject: str, letter: str, *groups: EmploymentType) -> Rule:
    values = {"unit": "working_days", "letter": letter}
    return _rule(RuleKind.LEAVE, values, subject=subject, **({"groups": groups} if groups else {}))


def _rules(named: list[str]) -> tuple[Rule, ...]:
    hours: dict[str, Any] = dict(WORK_HOURS)
    found = [_leave(kind, "C", EmploymentType.PNS) for kind in ("annual", "maternity", "long", "important_reason")]
    found += [_leave("sick", "S", EmploymentType.PNS), _leave("sick", "S", EmploymentType.PPPK)]
    for name in named:
        if name.startswith("toleransi"):
            hours["tolerance"] = int(name.split()[1])
        elif name == "jendela":
            hours["windows"] = [
                {"mark": "check_in", "starts": "07.15", "ends": "08.00"},
                {"mark": "check_out", "starts": "16.00", "ends": "18.00"},
            ]
        elif name == "Ramadan":
            ends = date(2026, 2, 18), date(2026, 3, 19)
            found.append(_rule(RuleKind.WORK_HOURS, RAMADAN, *ends, subject="special"))
        elif name == "paruh waktu":
            found.append(_rule(RuleKind.WORK_HOURS, PART_TIME, groups=[EmploymentType.PPPK_PART_TIME]))
        elif name == "tingkat":
            found.append(_rule(RuleKind.TIERS, tiers("TL"), subject="late"))
            found.append(_rule(RuleKind.TIERS, tiers("PSW"), subject="early"))
        elif name in ONE_PROOF:
            found.append(_rule(RuleKind.ONE_PROOF, {"ways": ONE_PROOF[name]}))
        elif name == "izin":
            found.append(_leave("permission", "I"))
        else:
            assert name in {"biasa", "libur"}, name
    return (_rule(RuleKind.WORK_HOURS, hours), *found)


def _employment(cell: str) -> list[tuple[date, EmploymentType]]:
    first, *later = (part.strip() for part in cell.split(","))
    found = [(BEGAN, PEOPLE[first])]
    for part in later:
        name, _since, begins = part.partition(" sejak ")
        found.append((datetime.strptime(begins, "%d-%m-%Y").date(), PEOPLE[name]))  # noqa: DTZ007
    return found


def _granted(plan: str) -> list[Granted]:
    name, _space, part = plan.rpartition(" ")
    kind = LEAVES.get(name if part in PARTS else plan)
    if kind is not None:
        return [Granted(PlanLayer.LEAVE, PlanMode.LEAVE, grant_id=70, kind=kind, part=PARTS.get(part))]
    if plan == "tugas belajar":
        return [Granted(PlanLayer.DUTY, PlanMode.FIELD, "SK TB", grant_id=71, kind="study")]
    if plan.startswith("dinas luar"):
        return [Granted(PlanLayer.DUTY, PlanMode.FIELD, plan.removeprefix("dinas luar").strip(), grant_id=72)]
    if plan == "dibebaskan":
        return [Granted(PlanLayer.EXEMPTION, PlanMode.LEAVE, "SE", grant_id=73)]
    if plan == "piket kantor":
        return [Granted(PlanLayer.HAND, PlanMode.OFFICE, "Piket", on_free_days=True, grant_id=74)]
    assert plan in {"kantor", "rumah", "-"}, plan
    return []


def _at(text: str, day: date) -> datetime:
    """07.30, 07.30.59, 00.05+1, 15.59.59Z."""
    clock, _plus, later = text.partition("+")
    moment = time.fromisoformat(clock.rstrip("Z").replace(".", ":"))
    zone = UTC if clock.endswith("Z") else WITA
    return datetime.combine(day + timedelta(days=int(later or 0)), moment, tzinfo=zone).astimezone(UTC)


def _marks(row: Row) -> Iterator[MarkFact]:
    for turn, written in enumerate(_listed(row.marks), 1):
        told, coded, _end = written.partition(" berkode")
        text, waited, _end = told.partition(" terkirim terlambat")
        kind, clock, *place = text.split(" ", 2)
        mode, note = None, ""
        if kind == "masuk":
            name, _space, without = place[0].partition(" ")
            mode = PLACES[name]
            note = "ST 2" if mode is WorkMode.FIELD and not without else ""
        known = {"masuk": MarkKind.CHECK_IN, "pulang": MarkKind.CHECK_OUT}[kind]
        method = LATE if waited else TAP
        grade = Grade.A if coded else Grade.C
        yield MarkFact(turn, known, mode, _at(clock, row.day), note, method=method, grade=grade, id=100 + turn)


def _fingers(row: Row) -> Iterator[FingerFact]:
    """jari 07.21, jari pulang 16.02, jari 02.10+1."""
    told = (text for text in _listed(row.more) if text.startswith("jari "))
    for number, text in enumerate(told, 1):
        clock = text.split()[-1]
        kind = MarkKind.CHECK_OUT if " pulang " in text else None
        yield FingerFact(800 + number, _at(clock, row.day), kind, "Lobi")


def _corrections(row: Row) -> Iterator[CorrectionFact]:
    written = datetime.combine(row.day + timedelta(days=2), time(8), tzinfo=UTC)
    for number, text in enumerate(_listed(row.corrections), 1):
        kind, _space, value = text.partition(" ")
        known = {"masuk": "check_in", "pulang": "check_out", "tempat": "mode", "cuti": "leave", "alpa": "absent"}[kind]
        at = _at(value, row.day) if kind in {"masuk", "pulang"} else None
        mode = PLACES[value] if kind == "tempat" else None
        yield CorrectionFact(200 + number, CorrectionKind(known), at, mode, written + timedelta(minutes=number))


def _done(row: Row) -> Done:
    more = _listed(row.more)
    wrote = bool(_listed(row.marks) or _listed(row.corrections) or any(one.startswith("jari ") for one in more))
    logged, reported = (301,) if wrote else (), 310 if wrote else 0
    joined, standups = [], []
    for number, text in enumerate(more):
        if found := re.fullmatch(r"catatan (\d)( dikirim)?", text):
            logged, reported = tuple(range(301, 301 + int(found[1]))), 310 if found[2] else 0
        if text == "ikut rapat" or text.startswith("ikut pengarahan "):
            joined.append((400 + number, 420 + number))
        if text in {"pengarahan", "ikut pengarahan"}:
            standups.append((400 + number, 440 + number))
        if text == "ikut pengarahan":
            joined.append((400 + number, 420 + number))
    return Done(logged, reported, tuple(joined), tuple(standups), (69,) if "cuti ganda" in more else ())


def _excuses(row: Row) -> Iterator[Excuse]:
    """gangguan 07.20-07.52: confirmed, with ten minutes after it; gangguan zoom: the first briefing of the day."""
    for number, text in enumerate(_listed(row.more)):
        if found := re.fullmatch(r"gangguan (\d\d\.\d\d)-(\d\d\.\d\d)", text):
            yield Excuse(500 + number, _at(found[1], row.day), _at(found[2], row.day), 10)
        if text == "gangguan zoom":
            place = _listed(row.more).index("pengarahan")
            yield Excuse(500 + number, _at("07.00", row.day), _at("09.00", row.day), 10, occurrence_id=440 + place)


def _proofs(row: Row, ways: Sequence[Way]) -> Iterator[ProofFact]:
    """apel 07.30; ikut pengarahan 07.30: as far as a rule lets them count."""
    for number, text in enumerate(_listed(row.more)):
        if (found := re.fullmatch(r"apel (\d\d\.\d\d)", text)) and Way.ROLL_CALL in ways:
            yield ProofFact(_at(found[1], row.day), Way.ROLL_CALL, "roll_call_entry", 600 + number)
        if (found := re.fullmatch(r"ikut pengarahan (\d\d\.\d\d)", text)) and Way.STANDUP in ways:
            yield ProofFact(_at(found[1], row.day), Way.STANDUP, "join_click", 420 + number)


def facts_of(row: Row) -> Facts:
    day, named, more = row.day, _listed(row.rules), _listed(row.more)
    holidays = {day: "Hari jadi"} if "libur" in named else {}
    week: list[str | None] = ["home" if row.plan == "rumah" else "office"] * 5 + [None, None]
    book = PlanBook(
        Calendar(holidays, _rules(named)),
        {1: [(BEGAN, week)]},
        {(1, day): granted} if (granted := _granted(row.plan)) else {},
        {1: _employment(row.who)},
    )
    stage = Stage.RUNNING if "berjalan" in more else Stage.TO_COME if "akan datang" in more else Stage.OVER
    return Facts(
        day,
        stage,
        WITA,
        book.of(1, day),
        tuple(_marks(row)),
        tuple(_corrections(row)),
        _done(row) if stage is Stage.OVER else Done(),
        "tidak bertugas" not in more,
        "belum dihitung" not in more,
        book.rules(1, day),
        tuple(_excuses(row)),
        of_day(_by_date(row), book, 1, day, WITA),
        tuple(_proofs(row, book.rules(1, day).ways)),
    )


def _by_date(row: Row) -> dict[date, list[FingerFact]]:
    found: dict[date, list[FingerFact]] = {}
    for one in _fingers(row):
        found.setdefault(one.at.astimezone(WITA).date(), []).append(one)
    return found


def _minutes(minutes: int, tier: str = "") -> str:
    return f"{minutes} {tier}".strip() if minutes else "-"


def _found(record: DayRecord) -> set[str]:
    names = {kind: name for name, kind in FINDINGS.items()}
    return {
        names[one.kind] + "!" * one.needs_person
        for one in record.discrepancies
        if one.kind not in {Finding.LATE, Finding.EARLY}
    }


@pytest.mark.parametrize("row", ROWS, ids=[f"{n}: {row.story}" for n, row in enumerate(ROWS, 1)])
def test_a_day_of_the_table_comes_out_as_it_stands_there(row: Row) -> None:
    assert row.date[:3] == WEEKDAYS[row.day.weekday()]
    record = reconcile(facts_of(row))
    shown = (
        record.code or "kosong",
        str(record.worked),
        _minutes(record.late, record.late_tier),
        _minutes(record.early, record.early_tier),
        _found(record),
    )
    assert shown == (row.code, row.worked, row.late, row.early, set(_listed(row.findings)))
    kinds = [one.kind for one in record.discrepancies]
    assert (Finding.LATE in kinds, Finding.EARLY in kinds) == (record.late > 0, record.early > 0)


def test_the_table_has_every_code_every_finding_and_every_rule() -> None:
    assert len(ROWS) >= 120
    assert len({(row.story, row.date) for row in ROWS}) == len(ROWS)
    codes = {row.code for row in ROWS if "½" not in row.code}
    halves = {row.code for row in ROWS} - codes
    assert halves >= {"C½ H", "C½ HT", "C½ HP", "C½ WFH", "C½ A", "C½ K", "C½ -", "C½", "S½ H"}
    assert codes == {"H", "HT", "HP", "HT HP", "WFH", "DL", "TB", "C", "S", "I", "A", "L", "K", "R", "-", "kosong"}
    assert {name.rstrip("!") for row in ROWS for name in _listed(row.findings)} == set(FINDINGS)
    assert set(FINDINGS.values()) | {Finding.LATE, Finding.EARLY} == set(Finding)
    named = {name for row in ROWS for name in _listed(row.rules)}
    assert named == {
        "biasa", "Ramadan", "paruh waktu", "toleransi 10", "toleransi 15", "tingkat", "jendela", "izin", "libur",
        "satu bukti", "satu bukti berkode",
    }  # fmt: skip


def test_each_finding_names_the_rows_behind_it() -> None:
    without = {Finding.ABSENT, Finding.NO_CHECK_IN, Finding.NO_CHECK_OUT}  # there what is missing is the reason
    for row in ROWS:
        for one in reconcile(facts_of(row)).discrepancies:
            assert one.evidence or one.kind in without, (row.story, one)
            assert all(id_ > 0 for _table, id_ in one.evidence)


def test_a_day_names_the_rules_it_rests_on() -> None:
    by_story = {row.story: row for row in ROWS}
    late = facts_of(by_story["Keduanya dengan tingkatnya"])
    used = reconcile(late).rules
    assert used == (late.rules.hours_rule, late.rules.late_rule, late.rules.early_rule)
    sick = facts_of(by_story["Sakit PNS, huruf dari aturan"])
    assert reconcile(sick).rules == (sick.rules.hours_rule, sick.rules.leaves["sick"][1])
    free = facts_of(by_story["Sabtu"])
    assert reconcile(free).rules == ()
    called = facts_of(by_story["Apel pagi menggantikan ketukan masuk"])
    assert reconcile(called).rules == (called.rules.hours_rule, called.rules.ways_rule)
