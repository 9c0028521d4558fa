"""Letters of the demo office: orders of one day and of several, one withdrawn; a flood, and a circular taken back."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import Duty, Meaning
from staffhub.orders import changes, duty, exemptions
from staffhub.orders.people import everybody, signers
from staffhub.security import Viewer

# Number, working days from today, kind, place, purpose, who goes.
_ORDERS = (
    ("ST 094/140", 5, 5, Duty.FIELD, "Kantor Gubernur, Manado", "Rapat koordinasi adminduk", ("Sofia Lontoh",)),
    (
        "ST 094/141",
        6,
        8,
        Duty.STUDY,
        "Balai Diklat Provinsi, Manado",
        "Pelatihan kearsipan dinamis",
        ("Grace Kandou", "Debora Manoppo", "Stefen Moningka"),
    ),
    ("ST 094/142", 9, 9, Duty.FIELD, "Kec. Contoh Selatan", "Perbaikan jaringan SIAK", ("Vicky Rantung",)),
)


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr = viewer(db, people, "kepegawaian", zone, now)
    today = clock.local_day(now, zone)
    calendar = workdays.calendar(db, hr.office_id)
    days = [day for day in (today + timedelta(days=n) for n in range(1, 40)) if calendar.is_working_day(day)]
    ids = {one.name: one.id for one in people}
    head = signers(db, hr.office_id, today)[0]
    orders = []
    for turn, (number, first, last, kind, place, purpose, names) in enumerate(_ORDERS):
        goes = tuple(ids[name] for name in names)
        basis = "DPA Dinas Kependudukan dan Pencatatan Sipil tahun berjalan"
        draft = duty.Draft(number, kind, today, days[first], days[last], place, purpose, goes, basis, signed_by=head.id)
        key = str(UUID(int=100 + turn))
        orders.append(duty.write(db, hr, duty.look_at(db, hr, draft, key=key, now=now), key=key, now=now).order_id)
    changes.withdraw(db, hr, orders[-1], reason="Jaringan sudah pulih", key=str(UUID(int=110)), now=now)
    _circulars(db, hr, people, days, now)


def _circulars(db: Session, hr: Viewer, people: Sequence[Person], days: Sequence[date], now: datetime) -> None:
    of_bidang = next(one.id for one in people if one.name == "Linda Sumolang")
    serving = everybody(db, hr.office_id, days[2], days[2])
    division = next(one.division_id for one in serving if one.id == of_bidang)
    flood = exemptions.Draft(
        "SE 360/18",
        Meaning.EXCUSED,
        days[2],
        days[2],
        "Banjir di gedung layanan",
        exemptions.Scope(divisions=(division or 0,)),
    )
    home = exemptions.Draft(
        "SE 800/19",
        Meaning.HOME,
        days[3],
        days[3],
        "Pekerjaan listrik",
        exemptions.Scope(divisions=(hr.division_id or 0,)),
    )
    written = []
    for turn, draft in enumerate((flood, home)):
        key = str(UUID(int=120 + turn))
        look = exemptions.look_at(db, hr, draft, key=key, now=now)
        written.append(exemptions.write(db, hr, look, key=key, now=now).exemption_id)
    exemptions.take_back(
        db,
        hr,
        written[-1],
        first=None,
        last=None,
        officers=None,
        reason="Pekerjaan listrik ditunda",
        seen=None,
        key=str(UUID(int=130)),
        now=now,
    )
