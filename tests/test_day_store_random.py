"""Whatever happens, in whatever order: the stored day is what its facts say (a property, on a real database)."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from staffhub import clock, corrections, days
from staffhub.clock import at_local
from staffhub.corrections import Wish
from staffhub.db import Database
from staffhub.errors import StaffHubError
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    CorrectionKind,
    CorrectionReason,
    DailyReport,
    DayPart,
    EmploymentType,
    Holiday,
    HolidayKind,
    JoinClick,
    LogEntry,
    MarkKind,
    Meeting,
    MeetingInvite,
    MeetingKind,
    Occurrence,
    OccurrenceState,
    Office,
    Officer,
    PlanLayer,
    PlanMode,
    RuleSet,
    WeekPattern,
    WorkMode,
)
from staffhub.people import postings
from staffhub.reports import recap
from staffhub.roster import grants
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, count_from, plan_range, viewer_of
from tests.test_day_store import SINCE, ZONE, agree, mark

Draw = Callable[[st.SearchStrategy[Any]], Any]
WHO = ("ben", "tia", "cy", "ana")
DAYS = st.integers(0, (TODAY - SINCE).days - 1).map(lambda n: SINCE + timedelta(days=n))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from((0, 5, 29, 31, 59)))
LAYERS = {
    PlanMode.LEAVE: (PlanLayer.LEAVE, PlanLayer.EXEMPTION),
    PlanMode.FIELD: (PlanLayer.DUTY, PlanLayer.HAND),
    PlanMode.HOME: (PlanLayer.EXEMPTION, PlanLayer.HAND),
    PlanMode.OFFICE: (PlanLayer.HAND,),
}


class Life:
    """What can happen to the days of an office, each in a transaction of its own; a refusal changes nothing."""

    def __init__(self, database: Database) -> None:
        self.database, self.numbers = database, count(1)
        self.hana: Viewer = viewer_of(database, "hana")
        self.ids = {name: viewer_of(database, name).officer_id or 0 for name in WHO}
        dewi = viewer_of(database, "dewi")
        facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel", "starts_on": SINCE}
        facts |= {"starts_at": time(8), "minutes": 15, "weekdays": [0, 1, 2, 3, 4], "occurrences": 20}
        facts |= {"audience": Audience(everyone=True), "idempotency_key": "standup-of-life"}
        with database.transaction() as db:
            self.standup = plan.schedule(db, dewi, **facts, now=at_local(SINCE, time(6), ZONE)).id
            db.execute(sa.update(Meeting).values(join_url="https://zoom.us/j/1"))

    def mark(self, db: Session, who: int, day: date, draw: Draw) -> None:
        kind = draw(st.sampled_from(MarkKind))
        mode = draw(st.sampled_from(WorkMode)) if kind is MarkKind.CHECK_IN else None
        number = next(self.numbers)
        db.add(mark(who, day, draw(TIMES), number, kind=kind, mode=mode, receipt=f"{number}"))

    def correct(self, db: Session, who: int, day: date, draw: Draw) -> None:
        kind = draw(st.sampled_from(CorrectionKind))
        wish = Wish(kind, draw(TIMES), draw(st.sampled_from(WorkMode)), next_day=draw(st.booleans()))
        officer = recap.officer_for(db, self.hana, who, day)
        said = {"reason": CorrectionReason.FORGOT, "note": "", "idempotency_key": f"{uuid4()}", "now": MORNING}
        corrections.add(db, self.hana, officer, day=day, wish=wish, newest=None, **said)

    def log(self, db: Session, who: int, day: date, draw: Draw) -> None:
        starts = time(draw(st.integers(6, 16)))
        facts = {"text": "Melayani", "starts": starts, "ends": starts.replace(minute=40), "unit": "", "version": 1}
        key = {"idempotency_key": f"log-{next(self.numbers)}", "created_at": MORNING, "updated_at": MORNING}
        db.add(LogEntry(office_id=1, officer_id=who, date=day, **facts, **key))

    def erase(self, db: Session, who: int, day: date, draw: Draw) -> None:
        db.execute(sa.delete(LogEntry).where(LogEntry.officer_id == who, LogEntry.date == day))

    def report(self, db: Session, who: int, day: date, draw: Draw) -> None:
        db.add(DailyReport(office_id=1, officer_id=who, date=day, minutes=30, submitted_at=MORNING))

    def grant(self, db: Session, who: int, day: date, draw: Draw) -> None:
        mode = draw(st.sampled_from(PlanMode))
        last = day + timedelta(days=draw(st.integers(0, 9)))
        facts = {"layer": draw(st.sampled_from(LAYERS[mode])), "on_free_days": draw(st.booleans())}
        if mode is PlanMode.LEAVE and draw(st.booleans()):
            facts = {"layer": PlanLayer.LEAVE, "kind": draw(st.sampled_from(("annual", "sick")))}
            facts["part"] = draw(st.sampled_from(DayPart))
            last = day
        plan_range(db, self.hana, who, day, last, mode=mode, **facts)

    def take_back(self, db: Session, who: int, day: date, draw: Draw) -> None:
        officer = recap.officer_for(db, self.hana, who, day)
        for line in grants.lines_of(db, self.hana, officer, day, day)[:1]:
            if draw(st.booleans()):
                grants.take_out(db, self.hana, officer, line.id, day=day, now=MORNING)
            else:
                grants.shorten(db, self.hana, officer, line.id, last=day, now=MORNING)

    def week(self, db: Session, who: int, day: date, draw: Draw) -> None:
        places = draw(st.lists(st.sampled_from(("office", "home", "field", None)), min_size=5, max_size=5))
        version = next(self.numbers)
        db.add(
            WeekPattern(office_id=1, officer_id=who, valid_from=day, version=version, days=places, created_at=MORNING)
        )

    def post(self, db: Session, who: int, day: date, draw: Draw) -> None:
        changed = {"employment_type": draw(st.sampled_from(EmploymentType))}
        postings.post(db, 1, who, changed, day=day, by=None, now=MORNING)

    def leave(self, db: Session, who: int, day: date, draw: Draw) -> None:
        last = draw(st.sampled_from((day, None)))
        db.execute(sa.update(Officer).where(Officer.id == who).values(active_to=last))

    def holiday(self, db: Session, who: int, day: date, draw: Draw) -> None:
        there = db.scalars(sa.select(Holiday).where(Holiday.office_id == 1, Holiday.date == day)).all()
        for one in there:
            db.delete(one)
        if not there:
            db.add(Holiday(office_id=1, date=day, name="Hari daerah", kind=HolidayKind.LOCAL, source="SK"))

    def rule(self, db: Session, who: int, day: date, draw: Draw) -> None:
        """A rule ends on another day than it would have, or begins to end at all."""
        found = db.scalars(sa.select(RuleSet).where(RuleSet.office_id == 1).order_by(RuleSet.id)).all()
        one = draw(st.sampled_from(list(found)))
        one.valid_to = day

    def join(self, db: Session, who: int, day: date, draw: Draw) -> None:
        at = at_local(day, draw(TIMES), ZONE)
        db.add(JoinClick(office_id=1, meeting_id=self.standup, officer_id=who, date=day, at=at))

    def hold(self, db: Session, who: int, day: date, draw: Draw) -> None:
        """A standup is called off, held after all, or moved to a day that may be over."""
        held = db.scalars(sa.select(Occurrence).where(Occurrence.meeting_id == self.standup)).all()
        one = draw(st.sampled_from(list(held)))
        if draw(st.booleans()):
            one.state = draw(st.sampled_from(OccurrenceState))
        else:
            db.execute(sa.update(Occurrence).where(Occurrence.id == one.id).values(date=day))

    def invite(self, db: Session, who: int, day: date, draw: Draw) -> None:
        mine = (MeetingInvite.meeting_id == self.standup, MeetingInvite.officer_id == who)
        change = draw(st.sampled_from(("first_on", "last_on", "gone")))
        if change == "gone":
            db.execute(sa.delete(MeetingInvite).where(*mine))
        else:
            db.execute(sa.update(MeetingInvite).where(*mine).values({change: draw(st.sampled_from((day, None)))}))

    def link(self, db: Session, who: int, day: date, draw: Draw) -> None:
        db.get_one(Meeting, self.standup).join_url = draw(st.sampled_from(("", "https://zoom.us/j/2")))

    def zone(self, db: Session, who: int, day: date, draw: Draw) -> None:
        db.get_one(Office, 1).timezone = draw(st.sampled_from(("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")))

    def presence_from(self, db: Session, who: int, day: date, draw: Draw) -> None:
        db.execute(sa.update(Office).where(Office.id == 1).values(recorded_from=day))


HAPPENINGS = [name for name, value in vars(Life).items() if callable(value) and not name.startswith("_")]


@contextmanager
def closed_office(template: Path) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "staffhub.db"
        shutil.copy(template, path)
        database = Database(f"sqlite:///{path}")
        try:
            count_from(database, SINCE)
            yield database
        finally:  # also after a life that was drawn too long, which ends with an exception
            database.engine.dispose()


# The same lives on every machine, so that a landing does not hang on chance; raise the number to look for more.
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_happens_the_stored_days_are_what_their_facts_say(sqlite_template: Path, data: st.DataObject) -> None:
    with closed_office(sqlite_template) as database:
        life = Life(database)
        days.close_due(database, now=MORNING)
        for _step in range(data.draw(st.integers(1, 8), label="how much happens")):
            what = data.draw(st.sampled_from(HAPPENINGS))
            who, day = life.ids[data.draw(st.sampled_from(WHO))], data.draw(DAYS)
            with suppress(StaffHubError, sa.exc.IntegrityError), database.transaction() as db:
                getattr(life, what)(db, who, day, data.draw)
        days.close_due(database, now=MORNING)
        days.run_recounts(database, now=clock.now())
        agree(database)
