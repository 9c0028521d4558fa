"""What was and is planned in the demo: leave, sickness, field duty, changed days, weekend duty, a local holiday."""

import random
from datetime import date, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session

from staffhub import workdays
from staffhub.demo.people import Person
from staffhub.models import Holiday, HolidayKind, PlanEntry, PlanMode

HISTORY, AHEAD = 28, 14
PLACES = (
    "Perekaman KTP-el lansia, Kec. Contoh Utara, ST 094/118",
    "Jemput bola di Desa Sukamaju, ST 094/121",
    "Pencatatan nikah di Gereja Imanuel, ST 094/124",
    "Konsultasi data ke provinsi, ST 094/127",
    "Sosialisasi KIA di SD Negeri 2, ST 094/130",
)
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
    free = workdays.calendar(db, office_id, today - timedelta(days=HISTORY), today)
    day = next(day for day in (today - timedelta(days=n) for n in range(11, HISTORY)) if free.is_working_day(day))
    name = "Hari jadi Kabupaten Contoh"
    db.add(Holiday(office_id=office_id, date=day, name=name, kind=HolidayKind.LOCAL, source="demo"))
    db.flush()


def write(db: Session, office_id: int, people: list[Person], *, today: date, now: datetime, rng: random.Random) -> None:
    first, last = today - timedelta(days=HISTORY), today + timedelta(days=AHEAD)
    calendar = workdays.calendar(db, office_id, first, last)
    days = [first + timedelta(days=n) for n in range(HISTORY + AHEAD + 1)]
    working = [day for day in days if calendar.is_working_day(day)]
    # On a free day "today" is the last working day before it.
    here = sum(day <= today for day in working) - 1
    planned: dict[tuple[str, date], tuple[PlanMode, str]] = {}
    for name, start, end, mode, note in _KNOWN:
        for day in working[max(here + start, 0) : here + end + 1]:
            planned[name, day] = (mode, note)
    for day in working:
        planned["Yanti Repi", day] = (PlanMode.LEAVE, "Cuti melahirkan")
    for day in days:
        if day not in working:
            for name, mode, note in _SATURDAY if day.weekday() == 5 else _FREE_DAY:
                planned[name, day] = (mode, note)
    _add_changes(planned, people, [day for day in working if day != today], rng)
    owner = next(person.account_id for person in people if person.username == "kepegawaian")
    ids = {person.name: person.id for person in people}
    rows = [
        {
            "office_id": office_id,
            "officer_id": ids[name],
            "date": day,
            "mode": mode,
            "note": note,
            "source": "manual",
            "created_by": owner,
            "created_at": min(now, now - timedelta(days=(today - day).days + 2)),
        }
        for (name, day), (mode, note) in planned.items()
    ]
    db.execute(insert(PlanEntry), rows)


def _add_changes(
    planned: dict[tuple[str, date], tuple[PlanMode, str]], people: list[Person], days: list[date], rng: random.Random
) -> None:
    """Small changes as they happen: field duty here and there, a day swapped with a colleague."""
    for day in days:
        for person in people:
            chance = rng.random()
            if person.leads or person.name in _STEADY or (person.name, day) in planned:
                continue
            if chance < 0.02:
                planned[person.name, day] = (PlanMode.FIELD, rng.choice(PLACES))
            elif chance < 0.03:
                planned[person.name, day] = (PlanMode.OFFICE, "Tukar hari")
