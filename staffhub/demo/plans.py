"""What was and is planned in the demo: leave, sickness, field duty, changed days, weekend duty, a local holiday."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.people import Person
from staffhub.models import Holiday, HolidayKind, PlanLayer, PlanMode, WeekPattern
from staffhub.roster import grants

HISTORY, AHEAD = 28, 14
PLACES = (
    "Perekaman KTP-el lansia, Kec. Contoh Utara, ST 094/118",
    "Jemput bola di Desa Sukamaju, ST 094/121",
    "Pencatatan nikah di Gereja Imanuel, ST 094/124",
    "Konsultasi data ke provinsi, ST 094/127",
    "Sosialisasi KIA di SD Negeri 2, ST 094/130",
)

KINDS = {
    "Cuti tahunan": "annual",
    "Sakit": "sick",
    "Cuti alasan penting": "important_reason",
    "Cuti melahirkan": "maternity",
}


@dataclass(frozen=True)
class Planned:
    """A range of somebody's plan. Field duty rests on the order that its note names."""

    name: str
    first: date
    last: date
    mode: PlanMode
    note: str
    on_free_days: bool = False

    @property
    def kind(self) -> str:
        """What kind of leave the note says; who wrote it by hand need not say one."""
        return KINDS.get(self.note, "") if self.mode is PlanMode.LEAVE else ""

    @property
    def document(self) -> str:
        return f"ST {self.note.rpartition('ST ')[2]}" if "ST " in self.note else ""

    @property
    def layer(self) -> PlanLayer:
        if self.mode is PlanMode.LEAVE:
            return PlanLayer.LEAVE
        return PlanLayer.DUTY if self.document else PlanLayer.HAND


# On free days: who is on duty, where and why. The office is never quite empty.
_SATURDAY = (
    ("Hence Supit", PlanMode.FIELD, "Jemput bola Sabtu, Kec. Contoh Selatan"),
    ("Fandy Mamesah", PlanMode.FIELD, "Jemput bola Sabtu, Kec. Contoh Selatan"),
    ("Stenly Lumintang", PlanMode.FIELD, "Jemput bola Sabtu, Kec. Contoh Selatan"),
    ("Vicky Rantung", PlanMode.OFFICE, "Piket jaringan SIAK"),
)
_FREE_DAY = (
    ("Kristi Wowor", PlanMode.OFFICE, "Piket akta kematian"),
    ("Imelda Ruru", PlanMode.OFFICE, "Piket akta kematian"),
    ("Tesalonika Worang", PlanMode.HOME, "Piket jaringan SIAK dari rumah"),
)
# Working days counted from today: who, first, last, mode, note.
_KNOWN = (
    ("Ratna Mokodompit", -2, 2, PlanMode.LEAVE, "Cuti tahunan"),
    ("Wilhelmina Lasut", -1, 0, PlanMode.LEAVE, "Sakit"),
    ("Johan Assa", -13, -9, PlanMode.LEAVE, "Cuti tahunan"),
    ("Marlon Tilaar", -7, -6, PlanMode.LEAVE, "Sakit"),
    ("Priska Umboh", 3, 7, PlanMode.LEAVE, "Cuti tahunan"),
    ("Ferry Tambajong", 4, 4, PlanMode.LEAVE, "Cuti alasan penting"),
    ("Hence Supit", 0, 0, PlanMode.FIELD, PLACES[0]),
    ("Silvana Undap", 0, 0, PlanMode.FIELD, PLACES[2]),
    ("Alfrets Wuisan", 0, 1, PlanMode.FIELD, PLACES[3]),
    ("Cindy Lengkong", 2, 2, PlanMode.FIELD, PLACES[4]),
)
# These keep their own week, so that the duty minimum and its one gap come out the same every day.
_STEADY = {"Rivo Pantouw", "Jovanka Gerung", "Greis Tumiwa"}


def add_local_holiday(db: Session, office_id: int, today: date) -> None:
    """A day of the regency itself in the second week of the history, so that the month shows one."""
    free = workdays.calendar(db, office_id)
    day = next(day for day in (today - timedelta(days=n) for n in range(11, HISTORY)) if free.is_working_day(day))
    name = "Hari jadi Kabupaten Contoh"
    db.add(Holiday(office_id=office_id, date=day, name=name, kind=HolidayKind.LOCAL, source="demo"))
    db.flush()


def write(db: Session, office_id: int, people: list[Person], *, today: date, now: datetime, rng: random.Random) -> None:
    first = today - timedelta(days=HISTORY)
    calendar = workdays.calendar(db, office_id)
    days = [first + timedelta(days=n) for n in range(HISTORY + AHEAD + 1)]
    working = [day for day in days if calendar.is_working_day(day)]
    # On a free day "today" is the last working day before it.
    here = sum(day <= today for day in working) - 1
    ranges = [
        Planned(name, span[0], span[-1], mode, note)
        for name, start, end, mode, note in _KNOWN
        if (span := working[max(here + start, 0) : here + end + 1])
    ]
    ranges.append(Planned("Yanti Repi", working[0], working[-1], PlanMode.LEAVE, "Cuti melahirkan"))
    duties = [
        Planned(name, day, day, mode, note, on_free_days=True)
        for day in days
        if day not in working
        for name, mode, note in (_SATURDAY if day.weekday() == 5 else _FREE_DAY)
    ]
    taken = {(one.name, day) for one in ranges for day in working if one.first <= day <= one.last}
    changes = _changes(taken, people, [day for day in working if day != today], rng)
    owner = next(person.account_id for person in people if person.username == "kepegawaian")
    ids = {person.name: person.id for person in people}
    rows = [
        {
            "office_id": office_id,
            "officer_id": ids[one.name],
            "layer": one.layer,
            "first": one.first,
            "last": one.last,
            "mode": one.mode,
            "note": one.note,
            "document": one.document,
            "kind": one.kind,
            "on_free_days": one.on_free_days,
            "created_by": owner,
            "created_at": min(now, now - timedelta(days=(today - one.first).days + 2)),
        }
        for one in (*ranges, *_beneath(working, here), *duties, *changes, *_shortened(working, here))
    ]
    gone = [(len(rows) - 1, one.last, one.last) for one in _shortened(working, here)]
    grants.lay(db, rows, gone)
    _add_later_week(db, office_id, ids["Donny Mawikere"], owner, today=today, now=now)


def _shortened(working: list[date], here: int) -> list[Planned]:
    """A leave whose last day is taken out again."""
    days = working[here + 6 : here + 9]
    return [Planned("Marlon Tilaar", days[0], days[-1], PlanMode.LEAVE, "Cuti tahunan")] if days else []


def _add_later_week(db: Session, office_id: int, officer_id: int, owner: int, *, today: date, now: datetime) -> None:
    """A usual week that was saved for the first of the next month."""
    who = {"office_id": office_id, "officer_id": officer_id, "created_by": owner, "created_at": now}
    week = ["home", "home", "office", "office", "office", None, None]
    db.add(WeekPattern(**who, valid_from=clock.month_after(today), days=week, version=2))
    db.flush()


def _beneath(working: list[date], here: int) -> list[Planned]:
    """What lies under somebody's leave, and comes back when the leave is withdrawn."""
    days = working[here + 3 : here + 6]
    return [Planned("Priska Umboh", days[0], days[-1], PlanMode.HOME, "Menyusun laporan tahunan")] if days else []


def _changes(taken: set[tuple[str, date]], people: list[Person], days: list[date], rng: random.Random) -> list[Planned]:
    """Small changes as they happen: field duty here and there, a day swapped with a colleague."""
    changes = []
    for day in days:
        for person in people:
            chance = rng.random()
            if person.leads or person.name in _STEADY or (person.name, day) in taken:
                continue
            if chance < 0.02:
                changes.append(Planned(person.name, day, day, PlanMode.FIELD, rng.choice(PLACES)))
            elif chance < 0.03:
                changes.append(Planned(person.name, day, day, PlanMode.OFFICE, "Tukar hari"))
    return changes
