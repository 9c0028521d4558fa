"""The roll call of a bidang on a working day before, by which one proof of presence was enough, and a change of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, roll_calls, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import Mark, MarkKind, RollState, RuleKind
from staffhub.roll_calls import Line, Tick, Wish
from staffhub.security import Viewer
from staffhub.workdays import Draft, Way

_HELD = time(7, 30)
# A tap alone is not enough here: the head sees the people, or the code at the door does.
_WAYS = [Way.CODE, Way.ROLL_CALL, Way.STANDUP]


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr, head = (viewer(db, people, name, zone, now) for name in ("kepegawaian", "kabid.dafduk"))
    for day in _days_before(db, hr, clock.local_day(now, zone)):
        _let_one_proof_do(db, hr, day)
        saved = clock.at_local(day, time(8, 30), zone)
        # On a day on which everybody's code was seen at the door, nobody is left to be ticked.
        if lines := roll_calls.sheet(db, head, day, None, now=saved).lines:
            _tick_all(db, head, lines, day, saved)
            return


def _days_before(db: Session, hr: Viewer, today: date) -> Iterator[date]:
    calendar = workdays.calendar(db, hr.office_id)
    before = (today - timedelta(days=n) for n in range(1, roll_calls.OPEN_DAYS + 1))
    return (day for day in before if calendar.is_working_day(day))


def _let_one_proof_do(db: Session, hr: Viewer, day: date) -> None:
    rule = Draft(
        kind=RuleKind.ONE_PROOF,
        values={"ways": [way.value for way in _WAYS]},
        valid_from=day,
        valid_to=day,  # on the day of the demo presence is a tap, as in most offices
        legal_source=f"SE Kepala Dinas 800/{day.year}: satu bukti kehadiran",
        owner="kepegawaian",
    )
    workdays.write_rule(db, hr, rule, now=clock.at_local(day, time(6), hr.zone))


def _tick_all(db: Session, head: Viewer, lines: Sequence[Line], day: date, saved: datetime) -> None:
    came = select(Mark.officer_id, func.min(Mark.attempted_at)).where(Mark.office_id == head.office_id)
    mine = came.where(Mark.date == day, Mark.kind == MarkKind.CHECK_IN).group_by(Mark.officer_id)
    first = {who: at.astimezone(head.zone) for who, at in db.execute(mine)}
    ticks = {line.officer_id: _tick(line, first, saved) for line in lines}
    # One tapped only after the roll call: what the head saw is earlier.
    tapped = [who for who, tick in ticks.items() if tick.state is RollState.LATE]
    ticks |= {who: Tick(RollState.PRESENT) for who in tapped[:1]}
    wish = Wish(day, None, _HELD, ticks, 1, str(UUID(int=401)))
    roll_calls.save(db, head, wish, now=saved)
    excused = [who for who, tick in ticks.items() if tick.state is RollState.EXCUSED]
    if excused:
        ticks |= {excused[0]: Tick(RollState.LATE, time(7, 55))}
        later = Wish(day, None, _HELD, ticks, 2, str(UUID(int=402)), "Datang setelah daftar disimpan")
        roll_calls.save(db, head, later, now=saved + timedelta(minutes=20))


def _tick(line: Line, first: Mapping[int, datetime], saved: datetime) -> Tick:
    """As the marks have it: whoever came after it began was late, whoever has none was excused."""
    at = first.get(line.officer_id)
    if at is None or at > saved:
        return Tick(RollState.EXCUSED)
    late = at.time().replace(second=0, microsecond=0)
    return Tick(RollState.LATE, late) if late > _HELD else Tick(RollState.PRESENT)
