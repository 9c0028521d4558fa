"""What those invited hear of a meeting that changes or is cancelled: once, with what was said, until it is over."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import notify
from staffhub.db import Database
from staffhub.meetings import dates, plan, reminding
from staffhub.meetings.audience import Audience
from staffhub.models import Account, Meeting, MeetingKind, Notice, NoticeKind, Occurrence
from tests.conftest import MORNING, World, plan_range, viewer_of

WEDNESDAY = date(2026, 11, 25)
WORDS: dict[str, Any] = {"topic": "Evaluasi akta", "starts_on": WEDNESDAY, "starts_at": time(14), "minutes": 45}
SERIES: dict[str, Any] = {"weekdays": [0, 2], "occurrences": 4, "until": None}
OTHERS = ["adi", "ana", "ben", "cy", "hana", "tia"]  # without dewi, who does it


def _schedule(database: Database, **facts: Any) -> int:
    dewi = viewer_of(database, "dewi")
    kind = MeetingKind.STANDUP if "weekdays" in facts else MeetingKind.SINGLE
    facts = WORDS | {"audience": Audience(everyone=True)} | facts
    with database.transaction() as db:
        return plan.schedule(db, dewi, kind=kind, **facts, idempotency_key="uji", now=MORNING).id


def _edit(database: Database, meeting_id: int, version: int = 1, **facts: Any) -> None:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        words = WORDS | {"audience": Audience(everyone=True)} | facts
        plan.edit(db, dewi, meeting_id, version=version, **words, now=MORNING)


def _cancel(database: Database, meeting_id: int, note: str = "", now: datetime = MORNING) -> None:
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=1, note=note, now=now)


def _told(database: Database, *, unread: bool = False) -> dict[str, list[str]]:
    """Return the sentences, each with whoever reads it."""
    with database.reading() as db:
        found = sa.select(Account.username, Notice.params).join(Notice, Notice.account_id == Account.id)
        found = found.where(Notice.kind == NoticeKind.MEETING_CHANGED).order_by(Account.username)
        told: dict[str, list[str]] = {}
        for row in db.execute(found.where(Notice.read_at.is_(None)) if unread else found):
            told.setdefault(notify.headline(NoticeKind.MEETING_CHANGED, row.params), []).append(row.username)
    return told


def test_a_meeting_that_is_moved_renamed_or_cancelled_is_told_once_for_each_change(database: Database) -> None:
    meeting_id = _schedule(database)
    _edit(database, meeting_id)
    _edit(database, meeting_id, 2, agenda="1. Buka")
    assert _told(database) == {}, "nothing changed that those invited must know before they come"
    _edit(database, meeting_id, 3, starts_at=time(15))
    _edit(database, meeting_id, 4, starts_at=time(15), minutes=60)
    assert _told(database) == {
        "Evaluasi akta sekarang pada 25 November 2026 pukul 15.00.": OTHERS,
        "Evaluasi akta diubah: 25 November 2026 pukul 15.00.": OTHERS,
    }


def test_a_cancellation_is_told_with_its_message_and_not_to_whoever_is_away_that_day(database: Database) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        plan_range(db, hana, hana.officer_id, WEDNESDAY)
    meeting_id = _schedule(database)
    _cancel(database, meeting_id, "Aula dipakai Bupati.")
    _cancel(database, meeting_id, "Sekali lagi")  # twice is once
    present = [name for name in OTHERS if name != "hana"]
    assert _told(database) == {"Evaluasi akta pada 25 November 2026 tidak diadakan. “Aula dipakai Bupati.”": present}
    reminding.remind_due(database, now=datetime.combine(WEDNESDAY, time(6, 44), MORNING.tzinfo))
    assert len(_told(database, unread=True)) == 1
    reminding.remind_due(database, now=datetime.combine(WEDNESDAY, time(6, 46), MORNING.tzinfo))
    assert _told(database, unread=True) == {}, "it counts on nobody's bell once its time is over"


def test_a_series_and_one_date_of_it_are_cancelled_with_a_message(database: Database) -> None:
    meeting_id = _schedule(database, **SERIES)
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        row = db.scalars(sa.select(Occurrence).where(Occurrence.date == WEDNESDAY)).one()
        dates.call_off(db, dewi, meeting_id, row.id, version=1, note="Ada apel gabungan.", now=MORNING)
        version = db.get_one(Meeting, meeting_id).version
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=version, note="Diganti grup.", now=MORNING + timedelta(minutes=1))
    assert _told(database) == {
        "Evaluasi akta pada 25 November 2026 tidak diadakan. “Ada apel gabungan.”": OTHERS,
        "Evaluasi akta tidak diadakan lagi, mulai 30 November 2026. “Diganti grup.”": OTHERS,
    }


@pytest.mark.parametrize("kind", ["meeting", "date"])
def test_whoever_cancels_may_say_why_and_it_stands_on_the_meeting(world: World, kind: str) -> None:
    meeting_id = _schedule(world.database, **(SERIES if kind == "date" else {}))
    with world.database.reading() as db:
        row = db.scalars(sa.select(Occurrence.id).where(Occurrence.date == WEDNESDAY)).one()
    address = f"/meetings/{meeting_id}" + (f"/dates/{row}" if kind == "date" else "")
    dewi = world.client("dewi")
    assert 'name="note"' in dewi.get(f"{address}/cancel" if kind == "meeting" else address).text
    long = dewi.post(f"{address}/cancel", data={"version": "1", "note": "x" * 201})
    number = dewi.post(f"{address}/cancel", data={"version": "1", "note": "NIK 7102034506890001"})
    assert (long.status_code, number.status_code) == (422, 422)
    assert "x" * 201 in long.text
    stale = dewi.post(f"{address}/cancel", data={"version": "7", "note": "Aula dipakai."})
    assert (stale.status_code, "Aula dipakai." in stale.text) == (409, True)
    assert dewi.post(f"{address}/cancel", data={"version": "1", "note": "Aula dipakai."}).status_code == 303
    assert "Aula dipakai." in world.client("ben").get(f"/meetings/{meeting_id}").text
    assert "Aula dipakai." in world.client("ben").get("/notices").text
