"""The fingerprint machine in the lobby: its log of the month, two numbers that are nobody's yet, one contradiction."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.machines import files, one, taking
from staffhub.machines.one import Facts, Wish
from staffhub.models import Mark, MarkKind, WorkMode

# So many lay a finger on it, out of habit, beside the button on the phone.
_KNOWN = 12
_UNKNOWN = ("0077", "0091")


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr, today = viewer(db, people, "kepegawaian", zone, now), clock.local_day(now, zone)
    offset = int((now.astimezone(zone).utcoffset() or timedelta()).total_seconds()) // 60
    machine_id = one.add(db, hr, Facts("Mesin lobi", "X100-C", "Pintu depan", offset, ""), now=now)
    staff = [person for person in people if not person.leads and person.username != "pegawai01"][:_KNOWN]
    lines = sorted(_lines(db, hr.office_id, staff, today, zone))
    if not lines:
        return
    # The office adds whoever it knows by the employee number or the name; the rest is asked for.
    wishes = [Wish(str(number), person.name) for number, person in enumerate(staff, 1)]
    one.give(db, hr, machine_id, wishes, since=lines[0][0].date(), seen=1, now=now)
    text = "".join(f"{number:>9}\t{at:%Y-%m-%d %H:%M:%S}\t1\t0\t1\t0\r\n" for at, number in lines)
    data = (text + "      cdef\tmesin dinyalakan\r\n").encode()
    shown = now.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=2)
    kept = files.upload(db, hr, machine_id, name="attlog.dat", data=data, shown=shown, now=now)
    taking.read_here(db, kept.id, now=now)


def _lines(
    db: Session, office_id: int, staff: Sequence[Person], today: date, zone: ZoneInfo
) -> list[tuple[datetime, str]]:
    """Fingers near the taps in the office, by the machine's clock, which is two minutes fast."""
    number = {person.id: str(at) for at, person in enumerate(staff, 1)}
    wanted = select(Mark.officer_id, Mark.date, Mark.kind, Mark.mode, Mark.attempted_at)
    here = (Mark.office_id == office_id, Mark.officer_id.in_(number), Mark.date >= today.replace(day=1))
    found: list[tuple[datetime, str]] = []
    marks = db.execute(wanted.where(*here).order_by(Mark.date, Mark.turn)).all()
    # So that on that day nothing else is to be decided.
    left = {(who, day) for who, day, kind, _mode, _at in marks if kind is MarkKind.CHECK_OUT}
    at_home = False
    for who, day, kind, mode, at in marks:
        local = at.astimezone(zone).replace(tzinfo=None) + timedelta(minutes=2)
        if kind is MarkKind.CHECK_IN and mode is WorkMode.OFFICE:
            found.append((local - timedelta(seconds=50), number[who]))
            if number[who] in {"1", "2"}:
                found.append((local + timedelta(seconds=20), _UNKNOWN[int(number[who]) - 1]))
        elif not at_home and kind is MarkKind.CHECK_IN and mode is WorkMode.HOME and day < today and (who, day) in left:
            at_home = True
            found.append((local + timedelta(minutes=3), number[who]))
    return found
