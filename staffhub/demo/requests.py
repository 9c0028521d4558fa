"""The demo's citizens: requests of every type, by every channel, in every state, each with its history."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.people import Person
from staffhub.demo.plans import HISTORY
from staffhub.models import Channel, Division, RequestEvent, RequestState, ServiceRequest, ServiceType, new_code
from staffhub.service_requests import reckoning

# (officer, day): what was done for which request, for the diary.


class Done(NamedTuple):
    """A request that somebody worked on."""

    request_id: int
    service_id: int
    service: str
    applicant: str


Handled = dict[tuple[int, date], list[Done]]

_S = RequestState
_PER_DAY = 7
# What the demo's office asks for, by service; another office writes its own.
_PAPERS = {
    "family_card": ("KK lama", "Formulir permohonan", "Buku nikah atau akta perkawinan"),
    "birth_certificate": ("Surat keterangan lahir", "KK", "KTP-el orang tua", "Buku nikah atau akta perkawinan"),
    "ektp_recording": ("KK",),
    "move_certificate": ("KK", "Formulir permohonan"),
}
# (minutes, a day) of those that are given by appointment.
_APPOINTMENTS = {"ektp_recording": (15, 24)}
_URGENT = ("Lansia, sakit", "Berobat ke luar daerah besok", "Daftar sekolah hari ini", "Disabilitas")
# What the demo's office has promised: working days or hours; for the rest nothing is set.
_PROMISED: dict[str, dict[str, int]] = {
    "family_card": {"service_days": 2},
    "birth_certificate": {"service_hours": 12},
    "move_certificate": {"service_days": 1},
    "death_certificate": {"service_days": 3},
}
_COMMON = 9  # the first services of the list: registration and certificates
_TITLED = (
    "Ibu Novi",
    "Bpk. Hendrik",
    "Ibu Sintia",
    "Sdr. Alfian",
    "Ibu Lela",
    "Bpk. Yohanis",
    "Sdr. Brayen",
    "Sdri. Stela",
    "Bpk. Mansur",
    "Ibu Rahel",
    "Sdr. Jefri",
    "Ibu Olga",
)
_LAST = "WTKPRMSLGN"
_NOTES = {
    _S.CHECKING: ("Berkas lengkap, mulai diperiksa", "Diperiksa di SIAK", ""),
    _S.WAITING: ("Foto KK lama yang terbaca jelas", "Surat keterangan lahir", "Foto KTP-el kedua orang tua"),
    _S.DEFERRED: ("Perlu datang sendiri; ditunda karena tidak mendesak",),
    _S.SIGNING: ("Menunggu tanda tangan elektronik",),
    _S.READY: ("Pemohon sudah diberi tahu", "Siap diambil di loket 2"),
    _S.DONE: ("Dikirim sebagai PDF", "Diambil pemohon", ""),
    _S.CANCELLED: ("Dibatalkan pemohon", "Permohonan ganda"),
}
# What happens to requests in turn; a way that does not end in done or cancelled has stopped there.
_WAYS = (
    (_S.CHECKING, _S.SIGNING, _S.READY, _S.DONE),
    (_S.CHECKING, _S.WAITING, _S.CHECKING, _S.SIGNING, _S.READY, _S.DONE),
    (_S.CHECKING, _S.SIGNING, _S.READY, _S.DONE),
    (_S.CHECKING, _S.WAITING),
    (_S.CHECKING, _S.SIGNING, _S.DONE),
    (_S.CHECKING, _S.CANCELLED),
    (_S.CHECKING, _S.SIGNING, _S.READY),
    (_S.CHECKING, _S.SIGNING, _S.READY, _S.DONE),
    (_S.CHECKING, _S.SIGNING),
)
_IN_PERSON = ((_S.DEFERRED,), (_S.DEFERRED, _S.CHECKING, _S.READY, _S.DONE), (_S.CHECKING, _S.READY, _S.DONE))
_SETTLED = timedelta(days=10)  # after which few requests are still open
_CLOSED = (_S.DONE, _S.CANCELLED)


# What a visitor asks with on the page for citizens.
SHOWN_CODE, SHOWN_PHONE = "CNTH-3467", "081200034467"


@dataclass
class _Desk:
    """Where requests come in: what is needed to make one up."""

    office_id: int
    people: list[Person]
    calendar: workdays.Calendar
    zone: ZoneInfo
    now: datetime
    rng: random.Random
    codes: random.Random
    taken_in: int = 0

    def office_hour(self, at: datetime) -> datetime:
        """The same moment, or the next morning when nobody works at it."""
        local = at.astimezone(self.zone)
        if local.time() > time(16):
            local = local.replace(hour=8) + timedelta(days=1)
        elif local.time() < time(7, 40):
            local = local.replace(hour=8)
        while not self.calendar.is_working_day(local.date()):
            local += timedelta(days=1)
        return local

    def history(self, service: Any, at: datetime) -> list[dict[str, Any]]:
        """What happened up to now; about one request in twelve was never taken up."""
        steps = [_step(at, None, _S.NEW, None)]
        fresh = self.now - at < timedelta(days=2)
        if self.rng.random() < (0.4 if fresh else 0.08):
            return steps
        mine = [person for person in self.people if person.division == service.code and not person.leads]
        # The first of a division gets more: pegawai01 is the account that a visitor tries.
        officer = mine[0].id if self.rng.random() < 0.2 else self.rng.choice(mine).id
        at = self.office_hour(at + timedelta(minutes=self.rng.randint(5, 90)))
        steps.append(_step(at, officer, _S.NEW, officer))
        ways = _IN_PERSON if service.needs_presence else _WAYS
        way: tuple[RequestState, ...] = ways[self.taken_in % len(ways)]
        if self.now - at > _SETTLED and way[-1] not in _CLOSED and self.rng.random() < 0.8:
            way = (*way[:-1], _S.DONE)
        for state in way:
            wait = timedelta(hours=self.rng.choice((1, 2, 4, 20, 24, 28, 48)), minutes=self.rng.randrange(60))
            at = self.office_hour(at + wait)
            steps.append(_step(at, officer, state, officer, self.rng.choice(_NOTES[state])))
        if way[-1] is _S.DONE and self.taken_in % 17 == 0:  # closed by mistake and opened again
            steps.append(_step(at + timedelta(minutes=10), officer, way[-2], officer, "Terlanjur ditutup"))
            steps.append(_step(at + timedelta(hours=1), officer, _S.DONE, officer))
        return [step for step in steps if step["at"] <= self.now]

    def take_in(self, service: Any, number: str, at: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        self.taken_in += 1
        rng, steps = self.rng, self.history(service, at)
        last = steps[-1]
        row = {
            "office_id": self.office_id,
            "number": number,
            "public_code": new_code(self.codes.choice),
            "service_type_id": service.id,
            "applicant": f"{rng.choice(_TITLED)} {rng.choice(_LAST)}.",
            "phone": f"0812000{rng.randrange(10**5):05}",
            "channel": rng.choice((Channel.WHATSAPP, Channel.WHATSAPP, Channel.APP, Channel.COUNTER)),
            "urgent": rng.random() < 0.06,
            "siak_reference": f"SIAK-{rng.randrange(10**6):06}" if last["state"] not in {_S.NEW, _S.DEFERRED} else "",
            "state": last["state"],
            "assignee_id": last["assignee_id"],
            "created_at": at,
            "updated_at": last["at"],
            "closed_at": last["at"] if last["state"] in _CLOSED else None,
            "version": len(steps),
            "idempotency_key": f"{rng.getrandbits(128):032x}",
        }
        if row["urgent"]:
            why = _URGENT[self.taken_in % len(_URGENT)]
            steps.insert(1, _step(at, None, _S.NEW, None, why) | {"urgent": True})
        return row, steps


def _step(
    at: datetime, officer: int | None, state: RequestState, assignee: int | None, note: str = ""
) -> dict[str, Any]:
    return {"at": at, "officer_id": officer, "state": state, "assignee_id": assignee, "note": note, "urgent": None}


def _lay_papers(db: Session, office_id: int) -> None:
    """The heads of the bidang have begun to say what citizens bring, and what they promise."""
    for code in {**_PAPERS, **_PROMISED}:
        of_code = update(ServiceType).where(ServiceType.office_id == office_id, ServiceType.code == code)
        minutes, quota = _APPOINTMENTS.get(code, (None, None))
        told: dict[str, Any] = {"papers": "\n".join(_PAPERS.get(code, ())), **_PROMISED.get(code, {})}
        db.execute(of_code.values(**told, slot_minutes=minutes, daily_quota=quota))


def write(
    db: Session, office_id: int, people: list[Person], *, zone: ZoneInfo, now: datetime, rng: random.Random
) -> Handled:
    today = clock.local_day(now, zone)
    first = today - timedelta(days=HISTORY)
    desk = _Desk(office_id, people, workdays.calendar(db, office_id), zone, now, rng, random.Random(office_id))
    _lay_papers(db, office_id)
    services = db.execute(
        select(ServiceType.id, ServiceType.name, ServiceType.needs_presence, Division.code)
        .join(Division, Division.id == ServiceType.division_id)
        .where(ServiceType.office_id == office_id)
        .order_by(ServiceType.sort)
    ).all()
    titles: list[str] = []
    made: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    numbers: Counter[str] = Counter()
    for service, at in _arrivals(desk, services, first):
        month = f"{at.astimezone(zone):%y%m}"
        numbers[month] += 1
        made.append(desk.take_in(service, f"PM-{month}-{numbers[month]:04}", at))
        titles.append(service.name)
    _ask_twice([row for row, _steps in made])
    adding = insert(ServiceRequest).returning(ServiceRequest.id, sort_by_parameter_order=True)
    ids = db.scalars(adding, [row for row, _steps in made]).all()
    handled: Handled = defaultdict(list)
    events = []
    for request_id, title, (row, steps) in zip(ids, titles, made, strict=True):
        events += [{**step, "office_id": office_id, "request_id": request_id} for step in steps]
        for step in steps:
            if step["state"] in {_S.CHECKING, _S.SIGNING}:
                done_on = clock.local_day(step["at"], zone)
                done = Done(request_id, row["service_type_id"], title, row["applicant"])
                handled[step["officer_id"], done_on].append(done)
    db.execute(insert(RequestEvent), sorted(events, key=lambda event: event["at"]))
    reckoning.reckon(db, office_id)
    return handled


def _ask_twice(rows: list[dict[str, Any]]) -> None:
    """The newest request is the one that a visitor asks for, and its applicant has asked for the same before."""
    newest = rows[-1]
    newest |= {"public_code": SHOWN_CODE, "phone": SHOWN_PHONE}
    before = [row for row in rows[:-1] if row["service_type_id"] == newest["service_type_id"]]
    for row in before[-1:]:
        row |= {"applicant": newest["applicant"], "phone": SHOWN_PHONE}


def _arrivals(desk: _Desk, services: Sequence[Any], first: date) -> Iterator[tuple[Any, datetime]]:
    """Every type in its turn, the common ones more often, in the order they come in."""
    days = [first + timedelta(days=n) for n in range(HISTORY + 1)]
    for place, day in enumerate(day for day in days if desk.calendar.is_working_day(day)):
        chosen = [services[(place * 3 + n) % len(services)] for n in range(3)]
        chosen += desk.rng.choices(services[:_COMMON], k=_PER_DAY - len(chosen))
        opens = clock.at_local(day, time(7, 40), desk.zone)
        moments = sorted(opens + timedelta(minutes=desk.rng.randint(0, 480)) for _service in chosen)
        yield from ((service, at) for service, at in zip(chosen, moments, strict=True) if at <= desk.now)
