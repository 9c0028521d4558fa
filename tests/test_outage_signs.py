"""Signs of outages from without: taps of several people that came late together, and Zoom that does not answer."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import late, scheduler
from staffhub.db import Database
from staffhub.late import Measured, Tap
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import MarkKind as Kind
from staffhub.models import (
    Meeting,
    MeetingKind,
    MeetingState,
    Outage,
    OutageAct,
    OutageExcuse,
    OutageKind,
    TroubleSign,
    WorkMode,
)
from staffhub.outages import proposing
from staffhub.scheduler import Work
from staffhub.zoom.errors import ZoomMisconfigured, ZoomUnavailable
from tests.conftest import MORNING, TODAY, viewer_of
from tests.test_outages import _decide

HALF_PAST = MORNING + timedelta(minutes=18)  # 07.30
LATER = MORNING + timedelta(hours=4)


def _waited(database: Database, who: str, *, tapped: int, arrived: int, mode: WorkMode = WorkMode.OFFICE) -> None:
    """A tap so many minutes after 07.12 that reached us so many minutes after it."""
    me, at = viewer_of(database, who), MORNING + timedelta(minutes=arrived)
    spent = (arrived - tapped) * 60_000
    before = tapped * 60_000
    tap = Tap(
        Kind.CHECK_IN, mode, "", str(uuid4()), MORNING, before=Measured(before, before), after=Measured(spent, spent)
    )
    with database.transaction() as db:
        late.deliver(db, me, tap, now=at)


def _outages(database: Database) -> list[tuple[OutageKind, datetime, datetime, Any]]:
    with database.reading() as db:
        found = db.scalars(sa.select(Outage).where(Outage.office_id == 1).order_by(Outage.id))
        return [(one.kind, one.first, one.last, one.evidence) for one in found]


def test_taps_of_three_people_that_come_together_are_proposed_as_one_outage(database: Database) -> None:
    for who, tapped, arrived in (("ben", 15, 40), ("tia", 17, 41), ("cy", 20, 44)):
        _waited(database, who, tapped=tapped, arrived=arrived)
    proposing.propose_due(database, now=LATER)
    proposing.propose_due(database, now=LATER + timedelta(minutes=1))
    first, last = MORNING + timedelta(minutes=15), MORNING + timedelta(minutes=41)
    assert _outages(database) == [(OutageKind.APP, first, last, {"waited": {"minutes": 26, "times": 3}})]


@pytest.mark.parametrize(
    "third",
    [
        {"tapped": 15, "arrived": 60},  # apart
        {"tapped": 40, "arrived": 41},  # hardly waited
        {"tapped": 15, "arrived": 41, "mode": WorkMode.FIELD},  # the place of a duty has no signal
        {"tapped": 15, "arrived": 41, "who": "tia"},  # the same person
    ],
)
def test_what_did_not_come_together_or_hardly_waited_is_no_sign(database: Database, third: dict[str, Any]) -> None:
    _waited(database, "ben", tapped=15, arrived=40)
    _waited(database, "tia", tapped=17, arrived=41)
    _waited(database, **({"who": "cy"} | third))
    proposing.propose_due(database, now=LATER)
    assert _outages(database) == []


class _Zoom:
    def __init__(self, failure: Exception | None) -> None:
        self.failure, self.asked = failure, 0

    def get_user(self, _id: str) -> dict[str, Any]:
        self.asked += 1
        if self.failure:
            raise self.failure
        return {}


def _standup(database: Database) -> None:
    """At 07.30, for a quarter of an hour."""
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        saved = plan.schedule(
            db, dewi, kind=MeetingKind.STANDUP, topic="Pengarahan", starts_on=TODAY, starts_at=time(7, 30), minutes=15,
            weekdays=[0], occurrences=1, audience=Audience(everyone=True), idempotency_key=str(uuid4()),
            now=MORNING - timedelta(days=1),
        )  # fmt: skip
        db.execute(
            sa.update(Meeting)
            .where(Meeting.id == saved.id)
            .values(state=MeetingState.READY, join_url="https://zoom.us/j")
        )


def _watch(database: Database, zoom: _Zoom, minutes: range) -> Work:
    work = Work(database, zoom, "")  # type: ignore[arg-type]
    for minute in minutes:
        for _process in range(2):
            scheduler._zoom_watch(work, HALF_PAST + timedelta(minutes=minute))
    scheduler._troubles(work, LATER)
    return work


def test_zoom_that_does_not_answer_during_a_standup_is_proposed_and_excuses_the_standup_alone(
    database: Database,
) -> None:
    _standup(database)
    zoom = _Zoom(ZoomUnavailable("ConnectTimeout"))
    _watch(database, zoom, range(-20, 30))
    assert zoom.asked == 20, "once a minute, from five minutes before it until its end"
    proposing.propose_due(database, now=LATER)
    ((kind, first, last, evidence),) = _outages(database)
    assert (kind, first, last) == (
        OutageKind.ZOOM, HALF_PAST - timedelta(minutes=5), HALF_PAST + timedelta(minutes=15),
    )  # fmt: skip
    assert evidence == {"zoom": {"minutes": 20, "times": 20}}
    with database.reading() as db:
        outage_id = db.scalars(sa.select(Outage.id)).one()

    _decide(database, outage_id, OutageAct.CONFIRMED, now=LATER)
    with database.reading() as db:
        assert all(db.scalars(sa.select(OutageExcuse.occurrence_id))), "no mark is excused by it"


@pytest.mark.parametrize(
    ("failure", "minutes"),
    [(None, range(20)), (ZoomMisconfigured("no scope"), range(20)), (ZoomUnavailable("x"), range(1))],
)
def test_any_answer_of_zoom_is_one_and_a_minute_without_is_a_blip(
    database: Database, failure: Exception | None, minutes: range
) -> None:
    _standup(database)
    _watch(database, _Zoom(failure), minutes)
    proposing.propose_due(database, now=LATER)
    assert _outages(database) == []


def test_where_no_standup_is_on_zoom_is_not_asked(database: Database) -> None:
    zoom = _Zoom(ZoomUnavailable("x"))
    _watch(database, zoom, range(20))
    assert zoom.asked == 0
    with database.reading() as db:
        assert db.scalars(sa.select(TroubleSign.id)).all() == []
