"""Four weeks of days and today up to now: marks, corrections, log entries, submitted days."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo import waited
from staffhub.demo.logs import Diary
from staffhub.demo.people import Person
from staffhub.demo.plans import HISTORY, PLACES
from staffhub.demo.requests import Handled
from staffhub.models import (
    Correction,
    CorrectionKind,
    CorrectionReason,
    EmploymentType,
    Grade,
    Mark,
    MarkKind,
    WorkMode,
)
from staffhub.presence import RECEIPT_LETTERS, SCAN, TAP

# Not seen yet today, at whatever hour: pegawai01, so that a visitor has a check-in to make, and three others.
_NOT_YET = {"Greis Tumiwa", "Donny Mawikere", "Stefen Moningka"}
_SHORT = {"Rivo Pantouw", "Jovanka Gerung"}
# Kept watch at the office one night of last week: his day began in the evening and ended the next morning.
_GUARD = "Roy Kumaat"
# On duty outside today, and the place is not written yet: the board says so.
_PLACELESS = {"Alfrets Wuisan"}


@dataclass
class Story:
    """Rows to write, and what they need while they are made."""

    office_id: int
    people: list[Person]
    handled: Handled
    zone: ZoneInfo
    now: datetime
    rng: random.Random
    marks: list[dict[str, Any]] = field(default_factory=list)
    corrections: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.today = clock.local_day(self.now, self.zone)
        self.diary = Diary(self.office_id, self.zone, self.now, self.rng, self.handled)
        self.hr = next(person.account_id for person in self.people if person.username == "kepegawaian")
        self.receipts: set[str] = set()
        # A working day a week ago or a little earlier, never the evening before a visitor's today.
        self.night = self.today - timedelta(days=7 + max(0, self.today.weekday() - 4))

    def key(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"

    def receipt(self) -> str:
        while True:
            code = "".join(self.rng.choices(RECEIPT_LETTERS, k=7))
            if code not in self.receipts:
                self.receipts.add(code)
                return code


@dataclass(frozen=True)
class Step:
    """One mark of a day, before it is known whether the day has come that far. `mode` None: checked out."""

    at: datetime
    mode: WorkMode | None
    note: str = ""


def write(
    db: Session,
    office_id: int,
    people: list[Person],
    handled: Handled,
    *,
    zone: ZoneInfo,
    now: datetime,
    rng: random.Random,
) -> None:
    story = Story(office_id, people, handled, zone, now, rng)
    first = story.today - timedelta(days=HISTORY)
    book = workdays.plans(db, office_id, first, story.today)
    for day in (first + timedelta(days=n) for n in range(HISTORY + 1)):
        covers = _covers(book, people, day)
        for person in people:
            plan = book.of(person.id, day)
            if not plan.is_work or plan.mode is None:
                continue
            mode, hours = WorkMode(plan.mode), plan.hours or workdays.Hours(time(8), time(12), 240)
            if day == story.today:
                _live(story, person, mode, plan.note, hours, stays=person.name in covers)
            else:
                _past(story, person, day, mode, plan.note, hours)
    _guard(story, next(person for person in people if person.name == _GUARD))
    _forget(story, next(person for person in people if person.username == "pegawai01"))
    waits = waited.delay(story.marks, story.today)
    db.execute(insert(Mark), story.marks)
    if waits:
        waited.tell(db, waits)
    db.execute(insert(Correction), story.corrections)
    story.diary.write(db)


def _covers(book: workdays.PlanBook, people: list[Person], day: date) -> set[str]:
    """The first of each division and group who is planned in the office, its head aside: the duty minimum."""
    found: dict[tuple[str, bool], str] = {}
    for person in people:
        mode = book.of(person.id, day).mode
        if person.division and not person.leads and mode is not None and mode.value == "office":
            found.setdefault((person.division, person.employment_type is EmploymentType.THL), person.name)
    return set(found.values()) - _SHORT


def _at(story: Story, day: date, clock_time: time, minutes: int) -> datetime:
    """`minutes` after (or before) a wall-clock time, at an odd second."""
    start = clock.at_local(day, clock_time, story.zone)
    return start + timedelta(minutes=minutes, seconds=story.rng.randrange(60))


def _past(story: Story, person: Person, day: date, mode: WorkMode, note: str, hours: workdays.Hours) -> None:
    """One of the things a day can be; the shares are those of an office with ordinary troubles."""
    rng, chance = story.rng, story.rng.random()
    arrives, leaves = (
        _at(story, day, hours.starts, rng.randint(-28, -1)),
        _at(story, day, hours.ends, rng.randint(1, 38)),
    )
    if chance < 0.012:
        return
    if chance < 0.03:
        _repaired(story, person, day, mode, arrives, leaves)
        return
    if chance < 0.09:
        arrives = _at(story, day, hours.starts, rng.choice((1, 3, 6, 11, 17, 24, 38, 52, 75)))
    elif chance < 0.12:
        leaves = _at(story, day, hours.ends, -rng.randint(25, 130))
    steps = [Step(arrives, mode, note if mode is WorkMode.FIELD else "")]
    if 0.12 <= chance < 0.145 and mode is not WorkMode.FIELD:
        steps.append(Step(_at(story, day, time(10), rng.randint(0, 150)), WorkMode.FIELD, rng.choice(PLACES)))
    forgot = 0.145 <= chance < 0.19
    if not forgot:
        steps.append(Step(leaves, None))
    elif chance < 0.17:
        text = "Lupa presensi pulang; permohonan terakhir selesai sore itu."
        _correct(story, person, day, CorrectionKind.CHECK_OUT, leaves, None, CorrectionReason.FORGOT, text)
    _mark(story, person, day, steps)
    story.diary.day(person, day, arrives, leaves, submitted=rng.random() < 0.88)


def _guard(story: Story, person: Person) -> None:
    """Put a night in the place of one of the person's days, last, so that chance deals everybody else the same."""
    day = story.night

    def others(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if (row["officer_id"], row["date"]) != (person.id, day)]

    story.marks, story.corrections = others(story.marks), others(story.corrections)
    story.diary.entries, story.diary.reports = others(story.diary.entries), others(story.diary.reports)
    came, left = _at(story, day, time(22), -4), _at(story, day + timedelta(days=1), time(6), 3)
    _mark(story, person, day, [Step(came, WorkMode.OFFICE), Step(left, None)])


def _forget(story: Story, person: Person) -> None:
    """Let a visitor who signs in as this person find the last day at work open, with traces to propose its end from."""
    worked = [
        mark["date"]
        for mark in story.marks
        if mark["officer_id"] == person.id and mark["date"] < story.today and mark["mode"] is WorkMode.OFFICE
    ]
    logged = {entry["date"] for entry in story.diary.entries if entry["officer_id"] == person.id}
    day = max((one for one in worked if one in logged), default=None)
    mine = (person.id, day)
    story.marks = [
        mark
        for mark in story.marks
        if (mark["officer_id"], mark["date"]) != mine or mark["kind"] is not MarkKind.CHECK_OUT
    ]
    story.corrections = [row for row in story.corrections if (row["officer_id"], row["date"]) != mine]


def _repaired(story: Story, person: Person, day: date, mode: WorkMode, arrives: datetime, leaves: datetime) -> None:
    """Days without a mark that HR set right the next morning."""
    if story.rng.random() < 0.4:
        text = "Surat keterangan sakit baru diserahkan."
        _correct(story, person, day, CorrectionKind.LEAVE, None, None, CorrectionReason.LEAVE_LETTER, text)
        return
    text = "Jaringan kantor terputus pagi itu; disaksikan atasan."
    _correct(story, person, day, CorrectionKind.CHECK_IN, arrives, mode, CorrectionReason.NETWORK, text)
    _correct(story, person, day, CorrectionKind.CHECK_OUT, leaves, None, CorrectionReason.NETWORK, text)
    story.diary.day(person, day, arrives, leaves, submitted=True)


def _live(story: Story, person: Person, mode: WorkMode, note: str, hours: workdays.Hours, *, stays: bool) -> None:
    """Today as far as it has come. Those who keep the duty minimum come in time and stay into the evening."""
    rng, day = story.rng, story.today
    arrives = _at(story, day, hours.starts, rng.randint(-28, -4))
    leaves = _at(story, day, hours.ends, rng.randint(1, 30))
    late = rng.random() < 0.12
    changes = rng.random() < 0.05 and mode is WorkMode.HOME
    if late and not stays:
        arrives = _at(story, day, hours.starts, rng.randint(1, 40))
    if stays:
        leaves = _at(story, day, time(20, 30), rng.randint(0, 50))
    if person.name in _NOT_YET | _SHORT:
        return
    # Before the doors open, and on a free day, a few are there already.
    early = person.leads or note.startswith(("Piket", "Jemput"))
    if early and story.now < arrives:
        midnight = clock.at_local(day, time(0), story.zone)
        arrives = max(midnight, story.now - timedelta(minutes=rng.randint(2, 25)))
    steps = [Step(arrives, mode, note if mode is WorkMode.FIELD and person.name not in _PLACELESS else "")]
    if changes:
        steps.append(Step(_at(story, day, time(10), rng.randint(0, 60)), WorkMode.OFFICE))
    steps.append(Step(leaves, None))
    _mark(story, person, day, [step for step in steps if step.at <= story.now])
    if arrives <= story.now:
        done = leaves <= story.now
        until = leaves if done else story.now
        story.diary.day(person, day, arrives, until, submitted=done and rng.random() < 0.6)


def _mark(story: Story, person: Person, day: date, steps: list[Step]) -> None:
    for turn, step in enumerate(sorted(steps, key=lambda step: step.at), 1):
        # Some have taken to the screen at the door; the rest press the button.
        scans = step.mode is WorkMode.OFFICE and person.id % 3 == 0
        story.marks.append(
            {
                "office_id": story.office_id,
                "officer_id": person.id,
                "date": day,
                "turn": turn,
                "kind": MarkKind.CHECK_IN if step.mode else MarkKind.CHECK_OUT,
                "mode": step.mode,
                "note": step.note,
                "attempted_at": step.at,
                "received_at": step.at,
                "method": SCAN if scans else TAP,
                "grade": Grade.A if scans else Grade.C,
                "receipt": story.receipt(),
                "idempotency_key": story.key(),
            }
        )


def _correct(
    story: Story,
    person: Person,
    day: date,
    kind: CorrectionKind,
    at: datetime | None,
    mode: WorkMode | None,
    reason: CorrectionReason,
    note: str,
) -> None:
    following = day + timedelta(days=3 if day.weekday() == 4 else 1)
    created = _at(story, following, time(9), story.rng.randint(0, 90))
    if created > story.now:
        return
    story.corrections.append(
        {
            "office_id": story.office_id,
            "officer_id": person.id,
            "date": day,
            "kind": kind,
            "at": at,
            "mode": mode,
            "reason": reason,
            "note": note,
            "created_by": story.hr,
            "created_at": created,
            "idempotency_key": story.key(),
        }
    )
