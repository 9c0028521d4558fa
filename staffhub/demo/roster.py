"""The duty roster of the demo office to come: next month is being worked out, a wish, a letter, and what cannot be."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.models import EmploymentType, PlanMode, RosterAct
from staffhub.roster import drafts, home_letters, runs, wishes
from staffhub.security import Viewer


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    hr, head = (viewer(db, people, name, zone, now) for name in ("kepegawaian", "kabid.dafduk"))
    today = clock.local_day(now, zone)
    month = clock.month_after(today.replace(day=1))
    later = clock.month_after(month)
    _wishes(db, viewer(db, people, "pegawai01", zone, now), _working(db, hr, month), now)
    own = next(one for one in people if one.division == "population_registration" and not one.leads)
    document, key = "800/214/KEP", str(UUID(int=900))
    home_letters.write(db, hr, own.id, month, clock.month_days(month)[9], document=document, key=key, now=now)
    desk = head.division_id or 0
    _nobody_left(db, hr, desk, people, _working(db, hr, later), now)
    for turn, (me, of) in enumerate(((head, month), (hr, later))):
        runs.ask(db, me, desk, of, key=str(UUID(int=901 + turn)), now=now)


def _working(db: Session, hr: Viewer, month: date) -> list[date]:
    calendar = workdays.calendar(db, hr.office_id)
    return [day for day in clock.month_days(month) if calendar.is_working_day(day)]


def _wishes(db: Session, me: Viewer, days: Sequence[date], now: datetime) -> None:
    wishes.wish(db, me, days[3], PlanMode.HOME, note="Mengantar anak imunisasi", now=now)


def _nobody_left(
    db: Session, hr: Viewer, desk: int, people: Sequence[Person], days: Sequence[date], now: datetime
) -> None:
    """Every THL of a bidang is locked at home on two days: no plan keeps its minimum."""
    theirs = [
        one.id
        for one in people
        if one.division == "population_registration" and one.employment_type is EmploymentType.THL
    ]
    home = drafts.Cell(PlanMode.HOME, None, locked=True)
    draft = drafts.draft_for(db, hr, desk, days[0].replace(day=1), today=clock.local_day(now, hr.zone), edit=True)
    cells = {(officer, day): home for officer in theirs for day in days[5:7]}
    drafts.write(db, hr, draft, cells, act=RosterAct.LOCKED, version=draft.version, now=now)
