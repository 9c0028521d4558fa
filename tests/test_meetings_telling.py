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
    """Return the sentences, each with whoever reads it; that the meeting is held was told when it was made."""
    with database.reading() as db:
        found = sa.select(Account.username, Notice.params).join(Notice, Notice.account_id == Account.id)
        later = Notice.key.not_like("meeting:%:1:invited")
        found = found.where(Notice.kind == NoticeKind.MEETING_CHANGED, later).order_by(Account.username)
        told: dict[str, list[str]] = {}
        for row in db.execute(found.where(Notice.read_at.is_(None)) if unread else found):
            told.setdefault(notify.headline(NoticeKind.MEETING_CHANGED, row.params), []).append(row.username)
    return told


def _unread(database: Database) -> int:
    with database.reading() as db:
        return len(db.scalars(sa.select(Notice.id).where(Notice.read_at.is_(None))).all())


@pytest.mark.parametrize(("series", "more"), [({}, ""), (SERIES, ": 4 tanggal")])
def test_of_a_new_meeting_everybody_invited_hears_once_and_nobody_who_is_away(
    database: Database, series: dict[str, Any], more: str
) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        plan_range(db, hana, hana.officer_id, WEDNESDAY)
    for _tap in range(2):
        meeting_id = _schedule(database, **series)
    with database.reading() as db:
        found = sa.select(Account.username, Notice.params, Notice.address)
        rows = db.execute(found.join(Notice, Notice.account_id == Account.id).order_by(Account.username)).all()
    assert [row.username for row in rows] == [name for name in OTHERS if more or name != "hana"]
    said = {notify.headline(NoticeKind.MEETING_CHANGED, row.params) for row in rows}
    assert len(said) == 1
    assert "Evaluasi akta" in (sentence := said.pop())
    assert sentence.startswith("Anda diundang")
    assert more in sentence
    assert {row.address for row in rows} == {f"/meetings/{meeting_id}"}


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
    assert _unread(database) == len(present), "that it is held counts on nobody's bell any more"
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


def _id(database: Database, username: str) -> int:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    return officer_id


def test_whoever_is_invited_by_an_edit_or_left_out_is_told_that_once_and_nothing_else(database: Database) -> None:
    ana, ben, tia, cy = (_id(database, name) for name in ("ana", "ben", "tia", "cy"))
    meeting_id = _schedule(database, audience=Audience(officers=(ana, ben)))
    _edit(database, meeting_id, audience=Audience(officers=(ana, tia, cy)), starts_at=time(15))
    assert _told(database) == {
        "Evaluasi akta sekarang pada 25 November 2026 pukul 15.00.": ["ana"],
        "Anda diundang ke Evaluasi akta pada 25 November 2026 pukul 15.00.": ["cy", "tia"],
        "Anda tidak lagi diundang ke Evaluasi akta pada 25 November 2026.": ["ben"],
    }
    with database.reading() as db:
        asked = sa.select(Notice.address).join(Account, Account.id == Notice.account_id)
        *_, last = db.scalars(asked.where(Account.officer_id == ben).order_by(Notice.id))
        assert last == "/meetings", "he may not look at it any more"
        assert db.scalars(asked.where(Account.officer_id == tia)).one() == f"/meetings/{meeting_id}"
    _edit(database, meeting_id, 2, audience=Audience(officers=(ana, tia, cy)), starts_at=time(15), agenda="1. Buka")
    assert sum(map(len, _told(database).values())) == 4, "the same people: nobody hears of it"
    _edit(database, meeting_id, 3, audience=Audience(officers=(ana, tia, ben)), starts_at=time(15))
    unread = _told(database, unread=True)
    assert unread.pop("Anda tidak lagi diundang ke Evaluasi akta pada 25 November 2026.") == ["cy"]
    assert unread["Anda diundang ke Evaluasi akta pada 25 November 2026 pukul 15.00."] == ["ben", "tia"]


def test_of_a_series_all_hear_from_which_date_on_and_of_a_single_date_nobody_who_is_away(database: Database) -> None:
    ana, ben, tia, cy = (_id(database, name) for name in ("ana", "ben", "tia", "cy"))
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        plan_range(db, hana, ben, WEDNESDAY, WEDNESDAY)
        plan_range(db, hana, cy, WEDNESDAY, WEDNESDAY)
    series = _schedule(database, **SERIES, audience=Audience(officers=(ana, cy)))
    single = {"kind": MeetingKind.SINGLE, **WORDS, "topic": "Sekali", "audience": Audience(officers=(ana, cy))}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        once = plan.schedule(db, dewi, **single, idempotency_key="lain", now=MORNING).id
    _edit(database, series, **SERIES, audience=Audience(officers=(ana, ben)))
    _edit(database, once, topic="Sekali", audience=Audience(officers=(ana, ben, tia)))
    assert _told(database) == {
        "Anda diundang ke Evaluasi akta, mulai 25 November 2026 pukul 14.00: 4 tanggal.": ["ben"],
        "Anda tidak lagi diundang ke Evaluasi akta, mulai 25 November 2026.": ["cy"],
        "Anda diundang ke Sekali pada 25 November 2026 pukul 14.00.": ["tia"],
    }


def test_a_reminder_of_whoever_is_left_out_counts_no_longer(database: Database) -> None:
    ana, ben = _id(database, "ana"), _id(database, "ben")
    meeting_id = _schedule(database, audience=Audience(officers=(ana, ben)))
    reminding.remind_due(database, now=datetime.combine(WEDNESDAY, time(5, 50), MORNING.tzinfo))
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        facts = WORDS | {"audience": Audience(officers=(ana,))}
        now = datetime.combine(WEDNESDAY, time(5, 52), MORNING.tzinfo)
        plan.edit(db, dewi, meeting_id, version=1, **facts, now=now)
    with database.reading() as db:
        waits = sa.select(Account.username).join(Notice, Notice.account_id == Account.id)
        waits = waits.where(Notice.kind == NoticeKind.MEETING_SOON, Notice.read_at.is_(None))
        assert sorted(db.scalars(waits.order_by(Account.username))) == ["ana", "dewi"]
