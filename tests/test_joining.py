"""The personal way into a meeting, for whoever holds the link: it says nothing, it ends, and nobody else is counted."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
import sqlalchemy as sa

from staffhub.meetings import joining, plan, reminding
from staffhub.meetings.audience import Audience
from staffhub.models import (
    JoinClick,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Notice,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    Officer,
    SignInAttempt,
)
from staffhub.notify.letters import About, write
from staffhub.security import LIMIT_ADDRESS
from tests.conftest import MORNING, PASSWORD, TODAY, World, count_queries

START = MORNING + timedelta(hours=1, minutes=18)  # 08.30 WITA
WEDNESDAY = TODAY + timedelta(days=2)
ZOOM = "https://zoom.us/j/1?pwd=geheim"


@pytest.fixture
def standup(world: World) -> int:
    facts = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "starts_on": TODAY, "starts_at": time(8, 30)}
    facts |= {"minutes": 15, "weekdays": [0, 2], "occurrences": 4, "audience": Audience(everyone=True)}
    dewi = world.viewer("dewi")
    with world.database.transaction() as db:
        made = plan.schedule(db, dewi, **facts, now=MORNING, idempotency_key=str(uuid4())).id
        row = db.get_one(Meeting, made)
        row.state, row.join_url = MeetingState.READY, ZOOM
    world.at(START)
    return made


def way(world: World, username: str = "ben", day: date = TODAY) -> str:
    with world.database.reading() as db:
        row = db.scalars(sa.select(MeetingInvite).filter_by(officer_id=world.officer_id(username))).one()
        return f"/join/{joining.token_for(row.id, row.token, day)}"


def clicks(world: World) -> list[tuple[int, date, datetime]]:
    with world.database.reading() as db:
        found = sa.select(JoinClick.officer_id, JoinClick.date, JoinClick.at).order_by(JoinClick.id)
        return [tuple(row) for row in db.execute(found)]


def tries(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(SignInAttempt)) or 0


def change(world: World, table: Any, **values: Any) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(table).values(**values))


def said(answer: httpx.Response) -> tuple[int, str, str | None]:
    """What a stranger learns; the clock of the page is everybody's."""
    return answer.status_code, answer.text, answer.headers.get("refresh")


def test_whoever_holds_the_link_presses_one_button_and_is_in_zoom_as_its_officer(world: World, standup: int) -> None:
    phone = world.client()
    page = phone.get(way(world))
    assert (page.status_code, "Masuk ke rapat" in page.text) == (200, True)
    assert clicks(world) == [], "a preview or a glance is no click"
    gone = phone.post(way(world))
    assert (gone.status_code, gone.headers["refresh"], ZOOM in gone.text) == (200, f"0; url={ZOOM}", True)
    assert "set-cookie" not in gone.headers, "a link signs nobody in"
    phone.post(way(world))  # the second tap
    assert clicks(world) == [(world.officer_id("ben"), TODAY, START)]
    world.at(START + timedelta(minutes=10))
    phone.post(way(world))  # who came out and goes in again
    assert len(clicks(world)) == 2


def test_the_page_before_the_button_is_one_for_every_link_and_asks_nothing_of_the_database(
    world: World, standup: int
) -> None:
    stranger, right, wednesday = world.client(), way(world), way(world, day=WEDNESDAY)
    expected = said(stranger.get(right))
    with count_queries(world.database) as seen:
        for link in (right, wednesday, "/join/none", "/join/" + "A" * 32, "/join/%00"):
            assert said(stranger.get(link)) == expected
    assert seen == []


def test_a_link_that_leads_nowhere_says_the_same_whatever_the_reason(world: World, standup: int) -> None:
    stranger, right = world.client(), way(world)
    unknown = said(stranger.post("/join/none"))
    assert (unknown[0], "Apel" in unknown[1]) == (404, False)
    forged = right[:-1] + ("A" if right[-1] != "A" else "B")
    unheld = way(world, day=TODAY + timedelta(days=1))
    for link in (forged, "/join/" + "A" * 32, "/join/" + "_" * 32, right[:-4], unheld):
        assert said(stranger.post(link)) == unknown, link
    ben, tia, of_tia, until = world.officer_id("ben"), world.officer_id("tia"), way(world, "tia"), TODAY - timedelta(1)
    with world.database.transaction() as db:  # ben is not invited any more, tia has left
        db.execute(sa.update(MeetingInvite).where(MeetingInvite.officer_id == ben).values(last_on=until))
        db.get_one(Officer, tia).active_to = until
    assert said(stranger.post(right)) == said(stranger.post(of_tia)) == unknown
    for wrong in (right, forged):
        with count_queries(world.database) as seen:
            stranger.post(wrong)
        assert len([one for one in seen if "meeting_invite" in one]) == 1
    assert clicks(world) == []


def test_each_date_has_a_link_of_its_own_which_ends_with_it(world: World, standup: int) -> None:
    today, wednesday, stranger = way(world), way(world, day=WEDNESDAY), world.client()
    assert today != wednesday
    assert today in world.client("ben").get("/").text
    assert today in world.client("ben").get(f"/meetings/{standup}").text
    early = stranger.post(wednesday)  # two days before: the room, but no sign of having been there
    assert (early.status_code, clicks(world)) == (200, [])
    for minutes, status in ((15 + 29, 200), (15 + 119, 200), (15 + 120, 404)):
        world.at(START + timedelta(minutes=minutes))
        assert stranger.post(today).status_code == status, minutes
    assert len(clicks(world)) == 1
    over = world.client("ben").get(today)
    assert (over.status_code, over.headers["location"]) == (303, f"/meetings/{standup}")
    assert wednesday in world.client("ben").get(f"/meetings/{standup}").text


def test_a_meeting_or_a_date_that_is_cancelled_and_a_room_that_is_not_there_yet_are_told_to_whoever_was_invited(
    world: World, standup: int
) -> None:
    link, phone = way(world), world.client()
    change(world, Meeting, join_url="", state=MeetingState.WAITING)
    waiting = phone.post(link)
    change(world, Meeting, join_url=ZOOM, state=MeetingState.READY)
    change(world, Occurrence, state=OccurrenceState.CANCELLED)
    one_date = phone.post(link)
    change(world, Meeting, state=MeetingState.CANCELLED)
    for answer, words in ((waiting, "belum siap"), (one_date, "dibatalkan"), (phone.post(link), "dibatalkan")):
        assert (answer.status_code, words in answer.text, ZOOM in answer.text) == (409, True, False)
        assert "Apel" not in answer.text
    assert clicks(world) == []


def test_links_that_lead_nowhere_are_counted_and_keep_nobody_from_the_right_one_or_from_signing_in(
    world: World, standup: int
) -> None:
    stranger, before = world.client(), tries(world)
    for number in range(LIMIT_ADDRESS):
        assert stranger.post(f"/join/wrong{number}").status_code == 404
    held = stranger.post("/join/wrong")
    assert (held.status_code, held.headers["retry-after"]) == (429, "600")
    assert tries(world) == before + LIMIT_ADDRESS
    assert stranger.post(way(world)).status_code == 200
    assert stranger.post("/login", data={"username": "ben", "password": PASSWORD}).status_code == 303
    world.at(START + timedelta(minutes=11))
    assert world.client().post("/join/wrong").status_code == 404


def test_the_reminder_by_e_mail_leads_in_without_signing_in_and_the_bell_to_the_page_of_the_meeting(
    world: World, standup: int
) -> None:
    reminding.remind_due(world.database, now=START - timedelta(minutes=14))
    mine = (Notice.account_id == world.viewer("ben").account_id, Notice.kind == NoticeKind.MEETING_SOON)
    with world.database.reading() as db:
        notice = db.scalars(sa.select(Notice).where(*mine)).one()
    about = About(notice.id, notice.kind, notice.params)
    letter = write([about], locale="id", office="D", base_url="https://kantor.id/")
    assert f"https://kantor.id{way(world)}\n" in letter.body
    assert notice.address == f"/meetings/{standup}"


def test_a_renewed_link_is_the_only_one_that_opens_and_the_others_keep_theirs(world: World, standup: int) -> None:
    """On every date at once, by whoever it belongs to, and once however often it is pressed."""
    old, later, of_tia = way(world), way(world, day=WEDNESDAY), way(world, "tia")
    ben = world.client("ben")
    assert old.removeprefix("/join/") in ben.get(f"/meetings/{standup}").text
    form = {"way": old.removeprefix("/join/")}
    pressed = ben.post(f"/meetings/{standup}/link", data=form)
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/meetings/{standup}")
    new, page = way(world), ben.get(f"/meetings/{standup}").text
    assert "Tautan Anda sudah baru." in page
    assert new.removeprefix("/join/") in page
    assert old.removeprefix("/join/") not in page
    assert [world.client().post(one).status_code for one in (old, later)] == [404, 404]
    assert clicks(world) == []
    assert world.client().post(new).headers["refresh"] == f"0; url={ZOOM}"
    ben.post(f"/meetings/{standup}/link", data=form)  # the second tap
    assert way(world) == new
    assert "sudah diperbarui sebelumnya" in ben.get(f"/meetings/{standup}").text
    for stolen in (of_tia.removeprefix("/join/"), "", "x" * 33):
        ben.post(f"/meetings/{standup}/link", data={"way": stolen})
    assert (way(world), way(world, "tia")) == (new, of_tia)
