"""A host who leaves is replaced: what stands there goes to another, with its link where Zoom allows it."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from zoom_server import ZoomSandbox, running_sandbox

from staffhub.db import Database
from staffhub.errors import Conflict, Refused
from staffhub.meetings import drift, following, hosts, plan, rehosting, sync
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Holiday,
    HolidayKind,
    Meeting,
    MeetingKind,
    MeetingState,
    Notice,
    Occurrence,
    Office,
    ZoomUser,
)
from tests.conftest import MORNING, World, race, viewer_of

WEDNESDAY = date(2026, 11, 25)
SECOND, THIRD = "ruang2@contoh.example", "ruang3@contoh.example"


def _sandbox(**account: Any) -> Iterator[ZoomSandbox]:
    with running_sandbox(others=(SECOND, THIRD), **account) as sandbox:
        sandbox.clock.time = MORNING
        yield sandbox


@pytest.fixture(scope="module")
def one_sandbox() -> Iterator[ZoomSandbox]:
    yield from _sandbox()


@pytest.fixture
def sandbox(one_sandbox: ZoomSandbox) -> ZoomSandbox:
    assert one_sandbox.request("POST", "/sandbox/reset").status_code == 204
    return one_sandbox


def users_of(database: Database, sandbox: ZoomSandbox) -> dict[str, ZoomUser]:
    hosts.synchronise(database, sandbox.client(), preferred="", licensed_at_once=1, now=MORNING)
    with database.reading() as db:
        return {user.email: user for user in db.scalars(sa.select(ZoomUser))}


def schedule(database: Database, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi akta", "starts_on": WEDNESDAY}
    facts |= {"starts_at": time(14), "minutes": 60, "now": MORNING, "audience": Audience(everyone=True)}
    facts |= {"idempotency_key": str(uuid4())}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        return plan.schedule(db, dewi, **facts | overrides).id


def standup(database: Database, **overrides: Any) -> int:
    facts = {"kind": MeetingKind.STANDUP, "starts_at": time(8), "minutes": 30, "weekdays": [0, 1, 2, 3, 4]}
    return schedule(database, **facts, topic="Apel", occurrences=10, **overrides)


def work(database: Database, sandbox: ZoomSandbox, **later: float) -> None:
    now = MORNING + timedelta(**later)
    sandbox.clock.time = now
    sync.run_due(database, sandbox.client(), now=now, host="")


def _meeting(database: Database, meeting_id: int) -> Meeting:
    with database.reading() as db:
        return db.get_one(Meeting, meeting_id)


def _hand_over(database: Database, giver: ZoomUser, to: int | None = None) -> rehosting.Handed:
    adi = viewer_of(database, "adi")
    with database.transaction() as db:
        return rehosting.hand_over(db, adi, giver.id, to=to, now=MORNING)


def _told(database: Database) -> set[str]:
    with database.reading() as db:
        later = Notice.key.not_like("meeting:%:1:invited")
        return {notice.params.get("what", "") for notice in db.scalars(sa.select(Notice).where(later))}


def test_what_stands_on_a_host_goes_to_another_with_number_passcode_and_link(
    database: Database, sandbox: ZoomSandbox
) -> None:
    users = users_of(database, sandbox)
    both = [schedule(database), standup(database)]
    work(database, sandbox)
    before = {row["id"]: (row["join_url"], row["password"]) for row in sandbox.meetings()}
    assert _hand_over(database, users[sandbox.host]).went == 2
    assert _hand_over(database, users[sandbox.host]).went == 0
    work(database, sandbox, seconds=1)
    assert {row["id"]: (row["join_url"], row["password"]) for row in sandbox.meetings()} == before
    assert {row["host_email"] for row in sandbox.meetings()} == {SECOND}
    assert [_meeting(database, one).state for one in both] == [MeetingState.READY] * 2
    assert [(_meeting(database, one).zoom_host, _meeting(database, one).left_hosts) for one in both] == [
        (SECOND, None)
    ] * 2
    assert _told(database) == set()


def test_where_zoom_refuses_it_is_made_anew_and_those_invited_are_told(database: Database) -> None:
    for sandbox in _sandbox(rehosts=False):
        users = users_of(database, sandbox)
        both = [schedule(database), standup(database)]
        work(database, sandbox)
        before = {row["id"] for row in sandbox.meetings()}
        assert _hand_over(database, users[sandbox.host]).went == 2
        work(database, sandbox, seconds=1)
        there = {row["id"]: row for row in sandbox.meetings()}
        assert len(there) == 2
        assert not before & there.keys()
        assert {row["host_email"] for row in there.values()} == {SECOND}
        for one in both:
            meeting = _meeting(database, one)
            assert (meeting.state, meeting.trouble, meeting.left_hosts) == (MeetingState.READY, "", None)
            assert meeting.join_url == there[meeting.zoom_id or 0]["join_url"]
        assert _told(database) == {"link"}


@pytest.mark.parametrize("lost", ["POST /v2/users", "DELETE /v2/meetings", "PATCH /v2/meetings"])
@pytest.mark.parametrize("rehosts", [True, False])
def test_an_answer_that_is_lost_leaves_one_meeting(database: Database, lost: str, rehosts: bool) -> None:
    for sandbox in _sandbox(rehosts=rehosts):
        users = users_of(database, sandbox)
        meeting_id = schedule(database)
        work(database, sandbox)
        assert _hand_over(database, users[sandbox.host]).went == 1
        method, path = lost.split()
        sandbox.fault("drop_after", method=method, path_prefix=path)
        for seconds in (1, 30, 60):
            work(database, sandbox, seconds=seconds)
        (there,) = sandbox.meetings()
        meeting = _meeting(database, meeting_id)
        assert (there["host_email"], there["id"]) == (SECOND, meeting.zoom_id)
        assert (meeting.state, meeting.left_hosts) == (MeetingState.READY, None)


def test_a_user_who_was_deleted_at_zoom_takes_the_meetings_along_and_they_are_made_anew(
    world: World, sandbox: ZoomSandbox
) -> None:
    database = world.database
    users = users_of(database, sandbox)
    meeting_id = standup(database)
    work(database, sandbox)
    assert sandbox.request("POST", f"/sandbox/users/{sandbox.host}/delete").status_code == 204
    gone = users_of(database, sandbox)[sandbox.host]
    assert gone.gone_at is not None
    adi = world.client("adi")
    page = adi.get("/admin/zoom").text
    assert "Apel" in page
    assert "tidak mengenal pengguna ini lagi" in page
    assert adi.post(f"/admin/zoom/hosts/{gone.id}/hand", data={"to": users[THIRD].id}).status_code == 303
    assert adi.post(f"/admin/zoom/hosts/{gone.id}/hand", data={"to": ""}).status_code == 303
    work(database, sandbox, seconds=1)
    assert sandbox.meetings() == []
    work(database, sandbox, seconds=90)
    (there,) = sandbox.meetings()
    assert there["host_email"] == THIRD
    assert len(there["occurrences"]) == 10
    assert _meeting(database, meeting_id).state is MeetingState.READY
    assert "Apel" not in adi.get("/admin/zoom").text.partition("ruang3")[0]


def test_what_no_other_host_has_the_hour_for_stays_and_is_named(world: World, sandbox: ZoomSandbox) -> None:
    database = world.database
    users = users_of(database, sandbox)
    standing = schedule(database)
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).where(ZoomUser.email == THIRD).values(hosts=False))
    other = schedule(database, topic="Arsip", starts_at=time(14, 30))
    work(database, sandbox)
    assert _meeting(database, other).zoom_host == SECOND
    answer = world.client("adi").post(f"/admin/zoom/hosts/{users[sandbox.host].id}/hand", data={"to": ""})
    assert answer.status_code == 200
    assert "Evaluasi akta: " in answer.text
    assert "14.30-15.30" in answer.text
    assert _meeting(database, standing).zoom_host == sandbox.host
    assert _meeting(database, standing).left_hosts is None


def test_two_who_hand_over_and_schedule_at_once_never_share_an_hour(database: Database, sandbox: ZoomSandbox) -> None:
    users = users_of(database, sandbox)
    first = schedule(database)
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).where(ZoomUser.email == THIRD).values(hosts=False))
    adi = viewer_of(database, "adi")
    with pytest.raises(Refused, match="14"):
        race(
            database,
            lambda db: rehosting.hand_over(db, adi, users[sandbox.host].id, to=None, now=MORNING),
            lambda: [schedule(database, topic=topic, starts_at=time(14, 15)) for topic in ("Satu", "Dua")],
        )
    with database.reading() as db:
        held = db.execute(
            sa.select(Meeting.zoom_host, Occurrence.starts_at).join(Occurrence, Occurrence.meeting_id == Meeting.id)
        ).all()
    assert sorted(host for host, _start in held) == sorted([sandbox.host, SECOND])
    assert _meeting(database, first).zoom_host == SECOND


def test_a_head_hands_one_meeting_on_and_an_older_picture_is_refused(world: World, sandbox: ZoomSandbox) -> None:
    database = world.database
    users = users_of(database, sandbox)
    meeting_id = schedule(database)
    work(database, sandbox)
    dewi = world.client("dewi")
    assert sandbox.host in dewi.get(f"/meetings/{meeting_id}/host").text
    asked = {"version": "1", "to": str(users[THIRD].id)}
    assert dewi.post(f"/meetings/{meeting_id}/host", data=asked).status_code == 303
    assert dewi.post(f"/meetings/{meeting_id}/host", data=asked).status_code == 409
    assert dewi.post(f"/meetings/{meeting_id}/host", data={"version": "2", "to": "999"}).status_code == 422
    work(database, sandbox, seconds=1)
    assert [row["host_email"] for row in sandbox.meetings()] == [THIRD]
    viewer = viewer_of(database, "dewi")
    with pytest.raises(Conflict), database.transaction() as db:
        db.execute(sa.update(Meeting).values(theirs={"topic": "Lain", "dates": {}}))
        rehosting.hand_one(db, viewer, meeting_id, version=2, to=None, now=MORNING)


def test_handed_on_twice_and_cancelled_while_answers_were_lost_leaves_nothing_behind(database: Database) -> None:
    for sandbox in _sandbox(rehosts=False):
        users = users_of(database, sandbox)
        meeting_id = schedule(database)
        work(database, sandbox)
        _hand_over(database, users[sandbox.host], users[SECOND].id)
        sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
        work(database, sandbox, seconds=1)
        assert len(sandbox.meetings()) == 2
        _hand_over(database, users[SECOND], users[THIRD].id)
        work(database, sandbox, seconds=1)
        assert [row["host_email"] for row in sandbox.meetings()] == [THIRD]
        _hand_over(database, users[THIRD], users[SECOND].id)
        sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
        work(database, sandbox, seconds=2)
        dewi = viewer_of(database, "dewi")
        with database.transaction() as db:
            version = db.get_one(Meeting, meeting_id).version
            plan.cancel(db, dewi, meeting_id, version=version, now=MORNING)
        work(database, sandbox, seconds=3)
        assert sandbox.meetings() == []


@pytest.mark.parametrize("free", [True, False])
def test_a_calendar_that_holds_a_date_again_asks_for_a_free_host_and_says_when_there_is_none(
    database: Database, sandbox: ZoomSandbox, free: bool
) -> None:
    users_of(database, sandbox)
    thursday = date(2026, 11, 26)
    with database.transaction() as db:
        db.execute(sa.delete(Holiday))
        office = db.scalars(sa.select(Office.id).order_by(Office.id)).first()
        db.add(Holiday(office_id=office, date=thursday, name="Hari Uji", kind=HolidayKind.LOCAL, source="SK"))
        db.execute(sa.update(ZoomUser).where(ZoomUser.email != sandbox.host).values(hosts=False))
    series, other = standup(database), schedule(database, starts_on=thursday, starts_at=time(8, 15), minutes=30)
    work(database, sandbox)
    assert _meeting(database, series).zoom_host == _meeting(database, other).zoom_host == sandbox.host
    with database.transaction() as db:
        db.execute(sa.delete(Holiday))
        db.execute(sa.update(ZoomUser).where(ZoomUser.email == SECOND).values(hosts=free))
    assert following.run_due(database, now=MORNING) == 1
    work(database, sandbox, seconds=1)
    assert _meeting(database, series).zoom_host == (SECOND if free else sandbox.host)
    assert ("crowded" in _told(database)) is not free
    hosts_there = {row["topic"]: row["host_email"] for row in sandbox.meetings()}
    assert hosts_there == {"Apel": SECOND if free else sandbox.host, "Evaluasi akta": sandbox.host}


@pytest.mark.parametrize("free", [True, False])
def test_a_change_made_in_zoom_is_taken_over_where_a_host_is_free_and_refused_in_words_where_none_is(
    world: World, sandbox: ZoomSandbox, free: bool
) -> None:
    database = world.database
    users_of(database, sandbox)
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).where(ZoomUser.email != sandbox.host).values(hosts=False))
    first, moved = schedule(database), schedule(database, topic="Arsip", starts_at=time(16))
    work(database, sandbox)
    zoom = sandbox.client()
    zoom.update_meeting(
        _meeting(database, moved).zoom_id or 0, {"start_time": "2026-11-25T14:30:00", "timezone": "Asia/Makassar"}
    )
    assert drift.sweep(database, zoom, now=MORNING) == 1
    with database.transaction() as db:
        db.execute(sa.update(ZoomUser).where(ZoomUser.email == SECOND).values(hosts=free))
    answer = world.client("dewi").post(f"/meetings/{moved}/adopt", data={"version": "1"})
    assert answer.status_code == (303 if free else 409)
    assert ("Evaluasi akta 14.00-15.00" in answer.text) is not free
    work(database, sandbox, seconds=1)
    assert _meeting(database, first).zoom_host == sandbox.host
    assert _meeting(database, moved).zoom_host == (SECOND if free else sandbox.host)
    assert (_meeting(database, moved).starts_at == time(14, 30)) is free
