"""Before a meeting: who is told, how often, and when it counts no longer."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import notify
from staffhub.db import Database
from staffhub.meetings import plan, reminding
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    Claim,
    Meeting,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    PlanLayer,
    PlanMode,
)
from tests.conftest import MORNING, TODAY, World, plan_range, viewer_of
from tests.page_forms import form_of

# 08.30 WITA is the start of the standup.
START = MORNING + timedelta(hours=1, minutes=18)
SOON = START - timedelta(minutes=14)


@pytest.fixture
def standup(database: Database) -> int:
    dewi = viewer_of(database, "dewi")
    facts = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "starts_on": TODAY, "starts_at": time(8, 30)}
    facts |= {"minutes": 15, "weekdays": [0, 2], "occurrences": 4, "audience": Audience(everyone=True)}
    with database.transaction() as db:
        return plan.schedule(db, dewi, **facts, now=MORNING, idempotency_key=str(uuid4())).id


def told(database: Database, *, unread: bool = False) -> dict[str, int]:
    """Return how often each was reminded, by user name."""
    with database.reading() as db:
        found = sa.select(Account.username, sa.func.count().label("times")).join(
            Notice, Notice.account_id == Account.id
        )
        found = found.where(Notice.kind == NoticeKind.MEETING_SOON).group_by(Account.username)
        counted = db.execute(found.where(Notice.read_at.is_(None)) if unread else found)
        return {row.username: row.times for row in counted}


def change(database: Database, meeting_id: int, **values: Any) -> None:
    with database.transaction() as db:
        db.execute(
            sa.update(Occurrence).where(Occurrence.meeting_id == meeting_id, Occurrence.date == TODAY).values(**values)
        )


def test_everybody_invited_is_told_once_a_quarter_of_an_hour_before(database: Database, standup: int) -> None:
    assert reminding.remind_due(database, now=START - timedelta(minutes=16)) == 0
    assert reminding.remind_due(database, now=SOON) == 7
    for later in (SOON, SOON + timedelta(minutes=5), START):
        assert reminding.remind_due(database, now=later) == 0
    assert told(database) == dict.fromkeys(("adi", "ana", "ben", "cy", "dewi", "hana", "tia"), 1)
    with database.reading() as db:
        notice = db.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.MEETING_SOON).limit(1)).one()
    assert notice.params.pop("way").startswith("/join/")
    assert (notice.address, notice.params) == (f"/meetings/{standup}", {"topic": "Apel pagi", "time": "08:30:00"})


def test_a_process_that_died_in_between_tells_nobody_twice(database: Database, standup: int) -> None:
    reminding.remind_due(database, now=SOON)
    with database.transaction() as db:  # as if it had been killed before it noted that it was done
        db.execute(sa.update(Claim).values(done_at=None, lease_until=SOON))
    assert reminding.remind_due(database, now=SOON + timedelta(minutes=3)) == 0
    assert set(told(database).values()) == {1}


def test_whoever_is_on_leave_or_excused_is_left_in_peace(database: Database, standup: int) -> None:
    hana = viewer_of(database, "hana")
    ben, tia, cy = (viewer_of(database, name).officer_id for name in ("ben", "tia", "cy"))
    with database.transaction() as db:
        plan_range(db, hana, ben, TODAY)
        plan_range(db, hana, tia, TODAY, mode=PlanMode.LEAVE, layer=PlanLayer.EXEMPTION)
        plan_range(db, hana, cy, TODAY, mode=PlanMode.HOME, layer=PlanLayer.HAND)
    reminding.remind_due(database, now=SOON)
    assert sorted(told(database)) == ["adi", "ana", "cy", "dewi", "hana"]


def test_on_a_free_day_whoever_was_invited_is_meant(database: Database) -> None:
    ana = viewer_of(database, "ana")
    saturday = datetime.fromisoformat("2026-11-28T09:00:00+08:00")
    facts = {"kind": MeetingKind.SINGLE, "topic": "Banjir", "starts_on": saturday.date(), "starts_at": time(9)}
    with database.transaction() as db:
        audience = Audience(officers=(viewer_of_officer(db, "ben"),))
        key = str(uuid4())
        plan.schedule(db, ana, **facts, minutes=30, audience=audience, now=MORNING, idempotency_key=key)
    reminding.remind_due(database, now=saturday - timedelta(minutes=10))
    assert sorted(told(database)) == ["ana", "ben"]


def viewer_of_officer(db: Any, username: str) -> int:
    return int(db.scalars(sa.select(Account.officer_id).where(Account.username == username)).one())


def test_what_is_cancelled_is_not_told_and_what_is_moved_is_told_anew(database: Database, standup: int) -> None:
    change(database, standup, state=OccurrenceState.CANCELLED)
    assert reminding.remind_due(database, now=SOON) == 0
    change(database, standup, state=OccurrenceState.PLANNED)
    assert reminding.remind_due(database, now=SOON) == 7
    change(database, standup, starts_at=START + timedelta(hours=3))
    assert reminding.remind_due(database, now=SOON + timedelta(hours=3)) == 7
    assert set(told(database).values()) == {2}


def test_a_meeting_that_was_called_off_reminds_nobody(database: Database, standup: int) -> None:
    with database.transaction() as db:
        db.execute(sa.update(Meeting).values(state="cancelled"))
    assert reminding.remind_due(database, now=SOON) == 0


def test_once_it_is_over_it_counts_on_nobodys_bell(database: Database, standup: int) -> None:
    reminding.remind_due(database, now=SOON)
    reminding.remind_due(database, now=START + timedelta(minutes=14))
    assert len(told(database, unread=True)) == 7
    reminding.remind_due(database, now=START + timedelta(minutes=15))
    assert told(database, unread=True) == {}


def choose(database: Database, username: str, minutes: int) -> None:
    me = viewer_of(database, username)
    with database.transaction() as db:
        notify.choose_lead(db, me, minutes, presence=True, now=MORNING)


def test_each_is_reminded_as_long_before_as_they_chose_and_once(database: Database, standup: int) -> None:
    for username, minutes in (("ana", 60), ("ben", 30), ("cy", 5), ("adi", 15)):
        choose(database, username, minutes)
    seen = []
    for before in (61, 60, 45, 30, 16, 15, 6, 5, 1):
        reminding.remind_due(database, now=START - timedelta(minutes=before))
        seen.append(sorted(told(database)))
    early, usual = ["ana"], ["adi", "ana", "ben", "dewi", "hana", "tia"]
    both, all_ = ["ana", "ben"], ["adi", "ana", "ben", "cy", "dewi", "hana", "tia"]
    assert seen == [[], early, early, both, both, usual, usual, all_, all_]
    assert set(told(database).values()) == {1}


def test_who_chooses_otherwise_in_between_is_reminded_once_all_the_same(database: Database, standup: int) -> None:
    choose(database, "ana", 60)
    reminding.remind_due(database, now=START - timedelta(minutes=59))
    choose(database, "ana", 5)  # told already
    choose(database, "ben", 60)  # too late for it: at the next time that comes
    reminding.remind_due(database, now=START - timedelta(minutes=40))
    assert sorted(told(database)) == ["ana"]
    reminding.remind_due(database, now=START - timedelta(minutes=30))
    assert sorted(told(database)) == ["ana", "ben"]
    for before in (15, 5, 1):
        reminding.remind_due(database, now=START - timedelta(minutes=before))
    assert set(told(database).values()) == {1}
    assert len(told(database)) == 7


def test_a_process_that_was_down_tells_everybody_when_it_is_back(database: Database, standup: int) -> None:
    choose(database, "ana", 60)
    choose(database, "cy", 5)
    assert reminding.remind_due(database, now=START - timedelta(minutes=2)) == 7
    assert set(told(database).values()) == {1}


def test_the_account_page_shows_what_was_chosen_and_refuses_another_time(world: World) -> None:
    ben = world.client("ben")
    assert form_of(ben.get("/account").text, "/account/reminder") == {"before": ["15"], "presence": ["1"]}
    answer = ben.post("/account/reminder", data={"before": "30"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account#reminder")
    assert form_of(ben.get("/account").text, "/account/reminder") == {"before": ["30"]}
    for wrong in ("7", "x", ""):
        assert ben.post("/account/reminder", data={"before": wrong}).status_code == 422
    assert form_of(ben.get("/account").text, "/account/reminder") == {"before": ["30"]}
