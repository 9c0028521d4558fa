"""Lines in one tap: what the day proposes, copies, templates; nothing overlaps, nothing comes twice."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import i18n, presence, workdays, worklog
from staffhub.db import Database
from staffhub.models import Channel, LogEntry, RequestEvent, RequestState, ServiceRequest, ServiceType, WorkMode
from staffhub.reports import log_proposals
from staffhub.security import Viewer
from staffhub.service_requests import correcting, handing, steps
from staffhub.service_requests.one import Request
from staffhub.worklog import Proposed, Trace
from tests.conftest import MORNING, TODAY, World, viewer_of
from tests.test_service_requests import assigned, move, reload
from tests.test_service_requests import take_in as taken_in

NOON = MORNING + timedelta(hours=5)  # 12.12 WITA
FRIDAY = date(2026, 11, 20)


@pytest.fixture
def ben(database: Database) -> Viewer:
    return viewer_of(database, "ben")


@pytest.fixture(autouse=True)
def in_indonesian() -> Iterator[None]:
    with i18n.in_locale("id"):
        yield


def handle(database: Database, me: Viewer, *hours: float, state: RequestState = RequestState.CHECKING) -> None:
    """One request of one service a step, each so many hours after the morning."""
    with database.transaction() as db:
        service = db.scalars(sa.select(ServiceType.id).where(ServiceType.office_id == me.office_id)).first()
        for number, hour in enumerate(hours):
            at = MORNING + timedelta(hours=hour)
            request = ServiceRequest(
                office_id=me.office_id, number=f"PM-{number}-{uuid4().hex[:12]}", service_type_id=service,
                applicant="Novi T.", channel=Channel.COUNTER, urgent=False, state=state, created_at=at,
                updated_at=at, version=1, idempotency_key=str(uuid4()),
            )  # fmt: skip
            db.add(request)
            db.flush()
            step = {"office_id": me.office_id, "officer_id": me.officer_id, "note": "", "state": state, "at": at}
            db.execute(sa.insert(RequestEvent).values(request_id=request.id, **step))


def proposals(database: Database, me: Viewer) -> list[Proposed]:
    with database.reading() as db:
        entries = worklog.entries_of(db, me, TODAY)
        book = workdays.plans(db, me.office_id, TODAY, TODAY, officers=[me.officer_id or 0])
        there = worklog.presence_of(db, me, me.officer_id or 0, TODAY, book=book, now=NOON)
        return log_proposals.of_day(db, me, me.officer_id or 0, TODAY, entries, there=there, now=NOON)


def take(database: Database, me: Viewer, found: list[Proposed]) -> int:
    with database.transaction() as db:
        return worklog.take_over(db, me, found, day=TODAY, now=NOON)


def write(database: Database, me: Viewer, **facts: Any) -> int:
    line = {"text": "Menata arsip", "starts": time(8), "ends": time(9), "unit": "berkas", "quantity": 4, "day": TODAY}
    with database.transaction() as db:
        return worklog.write(db, me, **(line | facts), key=str(uuid4()), now=NOON).id


def lines(database: Database, me: Viewer) -> list[tuple[str, time, time, int | None]]:
    with database.reading() as db:
        return [(one.text, one.starts, one.ends, one.quantity) for one in worklog.entries_of(db, me, TODAY)]


def test_requests_of_a_service_are_one_line_with_their_number_and_times(database: Database, ben: Viewer) -> None:
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=MORNING)
    handle(database, ben, 0.1, 1, 2)
    (one,) = proposals(database, ben)
    assert one.trace.text.startswith("Memeriksa 3 permohonan ")
    assert (one.trace.quantity, one.trace.unit) == (3, "berkas")
    assert (one.starts, one.ends) == (time(7, 10), time(9, 15)), "not long before the check-in of 07.12"
    assert take(database, ben, [one]) == 1
    assert proposals(database, ben) == []
    assert take(database, ben, [one]) == 0, "pressed twice, written once"
    later = NOON + timedelta(hours=1)
    handle(database, ben, (later - MORNING).total_seconds() / 3600)
    (more,) = proposals(database, ben)
    assert more.trace.quantity == 1, "what came after the line was written is proposed for itself"


def test_a_request_of_an_own_line_is_not_proposed_and_taking_in_has_words_of_its_own(
    database: Database, ben: Viewer
) -> None:
    handle(database, ben, 1, state=RequestState.NEW)
    (one,) = proposals(database, ben)
    assert one.trace.text.startswith("Menerima permohonan ")
    assert one.trace.request_id is not None
    with database.transaction() as db:
        held = {"assignee_id": ben.officer_id}
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == one.trace.request_id).values(held))
    write(database, ben, request_id=one.trace.request_id)
    assert proposals(database, ben) == []


@pytest.mark.parametrize(
    ("traces", "busy", "becomes"),
    [
        ([((540, 600), False)], [], [("08:45", "10:00")]),
        ([((540, 600), False), ((570, 660), False)], [], [("08:45", "10:00"), ("10:00", "11:00")]),
        ([((500, 700), False), ((510, 540), True)], [], [("08:30", "09:00"), ("09:00", "11:40")]),
        ([((540, 600), True)], [(570, 580)], [("09:00", "09:30")]),
        ([((540, 600), False)], [(0, 1439)], []),
        ([((3, 3), False)], [], [("00:00", "00:05")]),
    ],
)
def test_proposed_times_overlap_with_nothing(traces: Any, busy: Any, becomes: list[tuple[str, str]]) -> None:
    entries = [
        worklog.Entry(n, 1, TODAY, "-", time(a // 60, a % 60), time(b // 60, b % 60), None, "", None, None, 1, False)
        for n, (a, b) in enumerate(busy)
    ]
    found = worklog.proposed([Trace(str(n), "-", span, exact) for n, (span, exact) in enumerate(traces)], entries)
    assert [(f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in found] == becomes


def test_lines_are_copied_without_their_numbers_to_hours_that_are_free(database: Database, ben: Viewer) -> None:
    for starts, ends in ((time(8), time(9)), (time(10), time(11))):
        write(database, ben, day=FRIDAY, starts=starts, ends=ends)
    write(database, ben, text="Rapat", starts=time(8, 30), ends=time(9, 30))
    for again in (2, 0):
        with database.transaction() as db:
            old, entries = worklog.entries_before(db, ben, TODAY), worklog.entries_of(db, ben, TODAY)
            todo = [one for one in old if f"copy-{one.id}" not in {entry.source for entry in entries}]
            assert worklog.copy(db, ben, todo, entries, day=TODAY, now=NOON) == again
    assert lines(database, ben) == [
        ("Rapat", time(8, 30), time(9, 30), 4),
        ("Menata arsip", time(9, 30), time(10, 30), None),
        ("Menata arsip", time(10, 30), time(11, 30), None),
    ]


def test_a_template_is_made_from_a_line_once_and_is_ones_own(database: Database, ben: Viewer) -> None:
    tia = viewer_of(database, "tia")
    entry_id = write(database, ben)
    with database.transaction() as db:
        entry = worklog.entry_for(db, ben, entry_id)
        assert [worklog.keep(db, ben, entry, now=NOON) for _twice in range(2)] == [True, False]
        (kept,) = worklog.templates(db, ben)
        assert (kept.text, kept.unit, kept.minutes, worklog.templates(db, tia)) == ("Menata arsip", "berkas", 60, [])
        worklog.forget(db, tia, kept.id)
        assert worklog.templates(db, ben) == [kept], "nobody drops another's"
        worklog.forget(db, ben, kept.id)
        assert worklog.templates(db, ben) == []


def test_an_entry_in_one_tap_from_the_day_and_in_two_from_a_template(world: World) -> None:
    ben = world.client("ben")
    handle(world.database, world.viewer("ben"), -1, 0)
    page = ben.get("/worklog").text
    assert "Memeriksa 2 permohonan" in page
    assert ben.post("/worklog/proposals", data={"date": TODAY.isoformat(), "take": "all"}).status_code == 303
    page = ben.get("/worklog").text
    assert "1 catatan ditambahkan." in page
    assert "log-proposals" not in page
    with world.database.reading() as db:
        entry_id = db.scalars(sa.select(LogEntry.id)).one()
    assert ben.post(f"/worklog/{entry_id}/template").status_code == 303
    address = ben.get("/worklog").text.split("template=")[1].split("#")[0]
    form = ben.get("/worklog", params={"template": address}).text
    assert 'value="Memeriksa 2 permohonan' in form
    assert ben.post(f"/worklog/templates/{address}/remove").status_code == 303
    assert "template=" not in ben.get("/worklog").text
    told = ben.post("/worklog/proposals", data={"date": TODAY.isoformat(), "take": "all"})
    assert told.status_code == 303
    assert "sudah ada di catatan" in ben.get("/worklog").text


@pytest.mark.parametrize(("link", "status"), [("https://siak.example/berkas/12", 303), ("javascript:alert(1)", 422)])
def test_evidence_is_an_address_that_a_browser_opens(world: World, link: str, status: int) -> None:
    ben = world.client("ben")
    line = {"text": "Memeriksa", "start": "07.00", "end": "07.10", "link": link, "idempotency_key": str(uuid4())}
    answer = ben.post("/worklog", data=line)
    assert answer.status_code == status
    assert ('href="https://siak.example/berkas/12"' in ben.get("/worklog").text) is (status == 303)
    assert "javascript:alert(1)" not in ben.get("/worklog").text


@pytest.mark.parametrize("first", ["one", "all"])
def test_copying_all_after_some_were_copied_adds_only_what_is_left(world: World, first: str) -> None:
    ben = world.client("ben")
    me = world.viewer("ben")
    copied = write(world.database, me, day=FRIDAY, starts=time(8), ends=time(9))
    write(world.database, me, day=FRIDAY, text="Rapat", starts=time(10), ends=time(11))
    for take in (str(copied) if first == "one" else "all", "all", "all"):
        assert ben.post("/worklog/copy", data={"date": TODAY.isoformat(), "take": take}).status_code == 303
    assert [line[0] for line in lines(world.database, me)] == ["Menata arsip", "Rapat"]
    assert "sudah ada di catatan" in ben.get("/worklog").text, "nothing is left, and no line is told to differ"


@pytest.mark.parametrize("deleted", [0, 1])
def test_a_deleted_line_leaves_what_came_later_free_to_be_taken_over(
    database: Database, ben: Viewer, deleted: int
) -> None:
    noon = (NOON - MORNING).total_seconds() / 3600
    for hours in (0, 1):
        at = NOON + timedelta(hours=hours)
        handle(database, ben, noon + hours - 0.4, noon + hours - 0.2)
        found = proposals(database, ben)
        with database.transaction() as db:
            assert worklog.take_over(db, ben, found, day=TODAY, now=at) == 1
    with database.transaction() as db:
        gone = worklog.entries_of(db, ben, TODAY)[deleted]
        worklog.remove(db, ben, gone, now=NOON)
    handle(database, ben, noon + 1.4, noon + 1.8)
    found = proposals(database, ben)
    assert take(database, ben, found) == len(found) == 1
    assert take(database, ben, found) == 0, "pressed twice, written once"


def test_handing_over_and_urgency_are_no_work_on_a_request(database: Database, ben: Viewer) -> None:
    dewi, tia = viewer_of(database, "dewi"), viewer_of(database, "tia")
    request = assigned(database, "ben")
    with database.transaction() as db:
        steps.set_urgent(db, dewi, request, urgent=True, why="Sakit", now=MORNING)
        giver, taker = ben.officer_id or 0, tia.officer_id or 0
        assert handing.hand_on(db, dewi, giver_id=giver, taker_id=taker, now=MORNING) == 1
    move(database, "tia", reload(database, request, tia), RequestState.CHECKING)
    texts = {me.name.split()[0]: [one.trace.text for one in proposals(database, me)] for me in (dewi, ben, tia)}
    assert texts == {
        "Dewi": [],
        "Ben": [f"Menerima permohonan Kartu keluarga (KK), {request.number}"],
        "Tia": [f"Memeriksa permohonan Kartu keluarga (KK), {request.number}"],
    }


def correct_service(database: Database, me: Viewer, request: Request, code: str, *, hours: float) -> None:
    with database.transaction() as db:
        facts = correcting.facts_of(db, me, request)._replace(service_type=code)
        correcting.correct(db, me, request, facts, now=MORNING + timedelta(hours=hours))


def test_a_request_that_a_line_counted_is_not_counted_again_when_its_service_is_put_right(
    database: Database, ben: Viewer
) -> None:
    counted = [move(database, "ben", assigned(database, "ben"), RequestState.CHECKING) for _each in range(2)]
    (one,) = proposals(database, ben)
    assert (one.trace.quantity, take(database, ben, [one])) == (2, 1)
    correct_service(database, ben, counted[0], "ektp_reprint", hours=6)
    assert proposals(database, ben) == []
    move(database, "ben", reload(database, counted[0]), RequestState.SIGNING, now=MORNING + timedelta(hours=7))
    (more,) = proposals(database, ben)
    assert more.trace.text.startswith("Melanjutkan permohonan ")
    assert (more.trace.quantity, more.trace.request_id) == (None, counted[0].id)


def test_a_line_about_one_request_hides_no_other_of_its_service(database: Database, ben: Viewer) -> None:
    both = [move(database, "ben", assigned(database, "ben"), RequestState.CHECKING) for _each in range(2)]
    assert take(database, ben, proposals(database, ben)) == 1
    move(database, "ben", both[0], RequestState.SIGNING, now=NOON + timedelta(minutes=5))
    assert take(database, ben, proposals(database, ben)) == 1
    with database.transaction() as db:
        (of_both,) = (line for line in worklog.entries_of(db, ben, TODAY) if line.quantity)
        worklog.remove(db, ben, of_both, now=NOON)
    assert [one.trace.request_id for one in proposals(database, ben)] == [both[1].id]


def test_only_whoever_received_a_request_that_day_is_proposed_to_have_taken_it_in(
    database: Database, ben: Viewer
) -> None:
    before, dewi = MORNING - timedelta(days=1), viewer_of(database, "dewi")
    wrong, deferred = (taken_in(database, "ben", now=before) for _each in range(2))
    for request in (wrong, deferred):
        with database.transaction() as db:
            steps.assign(db, dewi, request, assignee_id=ben.officer_id or 0, now=before)
        move(database, "ben", reload(database, request), RequestState.CHECKING, now=before)
    correct_service(database, ben, reload(database, wrong), "ektp_recording", hours=1)
    assert reload(database, wrong).state is RequestState.DEFERRED
    assert proposals(database, ben) == [], "putting data right is no work on a service"
    move(database, "ben", reload(database, deferred), RequestState.DEFERRED)
    assert [one.trace.text for one in proposals(database, ben)] == [
        f"Memeriksa permohonan Kartu keluarga (KK), {deferred.number}"
    ]
