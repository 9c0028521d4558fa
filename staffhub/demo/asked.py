"""What people of the demo office ask to have corrected, one in each state a request can be in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, corrections, days, workdays
from staffhub.corrections import Press, Wish
from staffhub.days import Finding
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import CorrectionKind, CorrectionReason, PlanMode, RuleKind, WorkMode
from staffhub.security import Viewer
from staffhub.workdays import Draft

# How long ago it was asked, in working days of the office, and what was done about it by whom: "superior" or "hr".
_STORIES = (
    (8, (("accept", "superior"), ("accept", "hr"))),
    (7, (("decline", "superior"),)),
    (6, (("withdraw", "person"),)),
    (6, ()),  # nobody decided in time
    (2, (("accept", "superior"),)),
    (1, ()),
    (1, ()),
    (1, (("settle", "hr"),)),  # HR corrected the day by itself meanwhile
)
_ELSEWHERE = {Finding.OTHER_PLACE, Finding.HOME_NOT_OFFICE, Finding.OFFICE_NOT_HOME}
_NOTES = (
    "Melayani warga sampai selesai, permohonan terakhir tercatat sore itu.",
    "Rapat bidang selesai lewat jam pulang.",
    "Aplikasi tidak bisa dibuka dari rumah.",
    "Perekaman lansia di desa, tidak ada sinyal.",
)


@dataclass(frozen=True)
class _Officer:
    id: int
    active_from: date = date.min
    active_to: date | None = None


@dataclass
class Desk:
    """Who asks and who decides, at which moment."""

    db: Session
    people: Sequence[Person]
    zone: ZoneInfo
    now: datetime
    number: int = 0

    def key(self) -> str:
        self.number += 1
        return str(UUID(int=9_000_000 + self.number))

    def at(self, back: int, hour: int) -> datetime:
        """Return an hour of the working day so many ago, never one that has not come."""
        calendar, day = workdays.calendar(self.db, self.hr(self.now).office_id), clock.local_day(self.now, self.zone)
        while back:
            day -= timedelta(days=1)
            back -= calendar.is_working_day(day)
        return min(clock.at_local(day, time(hour, 10), self.zone), self.now)

    def hr(self, now: datetime) -> Viewer:
        return viewer(self.db, self.people, "kepegawaian", self.zone, now)


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    desk = Desk(db, people, zone, now)
    _confirm_deadline(desk)
    flagged = _flagged(desk)
    for (back, steps), (person, day, finding) in zip(_STORIES, flagged, strict=False):
        asked_at = desk.at(back, 9)
        if clock.local_day(asked_at, zone) <= day:
            asked_at = min(clock.at_local(day + timedelta(days=1), time(9, 10), zone), now)
        _ask(desk, person, day, finding, asked_at, steps)


def _confirm_deadline(desk: Desk) -> None:
    hr = desk.hr(desk.now)
    line = next(one for one in workdays.rules_of(desk.db, hr) if one.kind is RuleKind.DECISION)
    draft = Draft(
        kind=line.kind,
        values=line.stored,
        valid_from=line.valid_from,
        legal_source="SE Kepala Dinas 800/12/2026",
        owner=line.owner,
        valid_to=line.valid_to,
        groups=None,
        subject=line.subject,
    )
    workdays.change_rule(desk.db, hr, line.id, draft, seen=line.version, now=desk.now)


def _flagged(desk: Desk) -> Iterator[tuple[Person, date, Finding]]:
    """Yield days of staff that wait for somebody, each of another person, the newest last."""
    today = clock.local_day(desk.now, desk.zone)
    dates = [today - timedelta(days=n) for n in range(24, 1, -1)]
    staff = [person for person in desk.people if _may_ask(person)]
    officers = [_Officer(person.id) for person in staff]
    office_id = desk.hr(desk.now).office_id
    found = days.load(desk.db, office_id, officers, dates, zone=desk.zone, now=desk.now)
    seen: set[int] = set()
    for day in dates:
        for person in staff:
            record = found.record(person.id, day)
            waits = next((one.kind for one in record.discrepancies if one.needs_person), None)
            if waits and person.id not in seen and record.plan.mode is not PlanMode.LEAVE:
                seen.add(person.id)
                yield person, day, waits


def _may_ask(person: Person) -> bool:
    """The first of the staff has an open day that a visitor answers."""
    return person.username.startswith("pegawai") and not person.leads and person.username != "pegawai01"


def _wishes(finding: Finding) -> tuple[Wish, ...]:
    came, left = Wish(CorrectionKind.CHECK_IN, time(7, 26)), Wish(CorrectionKind.CHECK_OUT, time(16, 35))
    if finding is Finding.NO_CHECK_OUT:
        return (left,)
    if finding is Finding.ABSENT:
        return came, left
    return (came,) if finding is Finding.NO_CHECK_IN else (Wish(CorrectionKind.MODE, mode=WorkMode.FIELD),)


def _ask(
    desk: Desk,
    person: Person,
    day: date,
    finding: Finding,
    asked_at: datetime,
    steps: tuple[tuple[str, str], ...],
) -> None:
    me = viewer(desk.db, desk.people, person.username, desk.zone, asked_at)
    wishes = _wishes(finding)
    officer = _Officer(person.id)
    facts = days.load(desk.db, me.office_id, [officer], [day], zone=desk.zone, now=asked_at).facts[person.id, day]
    sent = corrections.ask(
        desk.db,
        me,
        officer,
        day=day,
        wishes=wishes,
        reason=CorrectionReason.DUTY_OUTSIDE if finding in _ELSEWHERE else CorrectionReason.FORGOT,
        note=_NOTES[desk.number % len(_NOTES)],
        shown=corrections.shown_version(facts, wishes),
        idempotency_key=desk.key(),
        now=asked_at,
    )
    for number, (verb, who) in enumerate(steps, 1):
        at = min(asked_at + timedelta(hours=3 * number), desk.now)
        by = {"person": me, "hr": desk.hr(at)}.get(who) or _superior(desk, sent.decider, at)
        if verb == "settle":
            _correct(desk, by, officer, day, wishes, at)
        else:
            _press(desk, by, sent.request_id or 0, verb, at)


def _correct(desk: Desk, hr: Viewer, officer: _Officer, day: date, wishes: Sequence[Wish], at: datetime) -> None:
    for wish in wishes:
        corrections.add(
            desk.db,
            hr,
            officer,
            day=day,
            wish=wish,
            reason=CorrectionReason.FORGOT,
            note="Menurut buku tamu dan CCTV.",
            newest=None,
            idempotency_key=desk.key(),
            now=at,
        )


def _superior(desk: Desk, decider: corrections.Decider | None, at: datetime) -> Viewer:
    chosen = decider.superior if decider else None
    if chosen is None:
        return desk.hr(at)
    username = next(person.username for person in desk.people if person.id == chosen.id)
    return viewer(desk.db, desk.people, username, desk.zone, at)


def _press(desk: Desk, me: Viewer, request_id: int, verb: str, at: datetime) -> None:
    one = corrections.request_for(desk.db, me, request_id, now=at)
    if not one.is_open:  # where nobody stands above, HR's one word was enough
        return
    facts = corrections.facts_of(desk.db, me, one, now=at)
    note = "Menurut rekan seruangan pulang pukul 14.30." if verb == "decline" else ""
    press = Press(one.turn, corrections.facts_version(facts), note, desk.key())
    do = {"accept": corrections.accept, "decline": corrections.decline, "withdraw": corrections.withdraw}[verb]
    do(desk.db, me, one.id, press, now=at)
