"""A line keeps the service that it was done for: of one request, of several at once, and of those of another day."""

from collections.abc import Iterator
from datetime import time, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from staffhub import i18n, worklog
from staffhub.db import Database
from staffhub.models import LogEntry, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.reports import logbook
from staffhub.security import Viewer
from staffhub.service_requests import catalogue
from staffhub.worklog import Proposed
from tests.conftest import MORNING, TODAY, World, viewer_of
from tests.test_service_requests import assigned
from tests.test_worklog_helps import FRIDAY, NOON, handle, proposals, take, write

SERVICE = "Biodata penduduk"


@pytest.fixture
def ben(database: Database) -> Viewer:
    return viewer_of(database, "ben")


@pytest.fixture(autouse=True)
def in_indonesian() -> Iterator[None]:
    with i18n.in_locale("id"):
        yield


def services(database: Database) -> list[int | None]:
    with database.reading() as db:
        return list(db.scalars(sa.select(LogEntry.service_type_id).order_by(LogEntry.id)))


def handled_service(database: Database, me: Viewer) -> int:
    with database.reading() as db:
        found = sa.select(ServiceType.id).where(ServiceType.office_id == me.office_id)
        return db.scalars(found).first() or 0


def test_several_requests_taken_over_in_one_line_count_under_their_service_everywhere(world: World) -> None:
    ben, client = world.viewer("ben"), world.client("ben")
    with world.database.reading() as db:
        name = db.get_one(ServiceType, handled_service(world.database, ben)).name
    handle(world.database, ben, -1, 0, 0)
    handle(world.database, ben, -0.5, -0.3, state=RequestState.NEW)
    assert client.post("/worklog/proposals", data={"date": TODAY.isoformat(), "take": "all"}).status_code == 303
    with world.database.reading() as db:
        month = logbook.summary(db, ben, TODAY.replace(day=1), "me")
    assert [(work.name, work.shape, work.entries) for work in month.works] == [(name, "requests", 2)]
    assert (month.hours.other, month.hours.requests) == (0, month.hours.all)
    page = client.get("/worklog/lkh").text
    assert f"{name}: 5 berkas, " in page
    csv = client.get("/worklog/lkh/file?kind=csv").content.decode("utf-8-sig")
    assert csv.split("\r\n")[1].startswith(f"{name};5;berkas;")
    sheet = CalamineWorkbook.from_filelike(BytesIO(client.get("/worklog/lkh/file?kind=xlsx").content))
    assert [row[6] for row in sheet.get_sheet_by_index(0).to_python()[5:7]] == [name, name]
    assert sheet.get_sheet_by_index(1).to_python()[1][:3] == [name, 5, "berkas"]


def moved(
    database: Database, me: Viewer, hour: float, number: str = "PM-0-", state: RequestState = RequestState.READY
) -> None:
    """Move one on that was handled before, so many hours after the morning."""
    with database.transaction() as db:
        request_id = db.scalars(
            sa.select(ServiceRequest.id).where(ServiceRequest.number.startswith(number)).order_by(ServiceRequest.id)
        ).first()
        step = {"office_id": me.office_id, "officer_id": me.officer_id, "note": "", "state": state}
        at = MORNING + timedelta(hours=hour)
        db.execute(sa.insert(RequestEvent).values(request_id=request_id, at=at, **step))


def told(found: list[Proposed]) -> list[tuple[str, int | None]]:
    return [(one.trace.text.split(" Biodata")[0], one.trace.quantity) for one in found]


def test_a_request_that_a_line_of_the_day_told_of_is_counted_in_no_second_one(database: Database, ben: Viewer) -> None:
    handle(database, ben, 1, 2, 3)
    assert take(database, ben, proposals(database, ben)) == 1
    moved(database, ben, 6)
    (again,) = proposals(database, ben)
    assert (again.trace.text.startswith("Melanjutkan permohonan Biodata penduduk, PM-0-"), again.trace.quantity) == (
        True,
        None,
    )
    assert again.trace.unit == ""
    moved(database, ben, 6.5, "PM-1-")
    assert told(proposals(database, ben)) == [("Melanjutkan 2 permohonan", None)]
    handle(database, ben, 7)
    (more,) = proposals(database, ben)
    assert told([more]) == [("Memeriksa permohonan", 1)], "the two that were counted stand in the other line"
    assert (more.starts, more.trace.request_id) == (time(12, 55), None), "their time is in this one"
    with database.transaction() as db:
        assert worklog.take_over(db, ben, [more], day=TODAY, now=MORNING + timedelta(hours=8)) == 1
    assert proposals(database, ben) == []


def test_what_was_taken_in_and_then_checked_on_one_day_is_one_volume(database: Database, ben: Viewer) -> None:
    handle(database, ben, 1, 2, state=RequestState.NEW)
    assert told(proposals(database, ben)) == [("Menerima 2 permohonan", 2)]
    assert take(database, ben, proposals(database, ben)) == 1
    for number in ("PM-0-", "PM-1-"):
        moved(database, ben, 6, number, RequestState.CHECKING)
    handle(database, ben, 6, 6, 6, state=RequestState.CHECKING)
    assert told(proposals(database, ben)) == [("Memeriksa 3 permohonan", 3)]
    with database.transaction() as db:
        (line,) = worklog.entries_of(db, ben, TODAY)
        worklog.remove(db, ben, line, now=NOON)
    assert told(proposals(database, ben)) == [("Memeriksa 5 permohonan", 5)], "nothing tells of the two any more"


def test_volumes_count_each_line_and_what_was_done_counts_once_and_the_page_says_so(world: World) -> None:
    request = assigned(world.database, "ben")
    for username, day in (("ben", FRIDAY), ("ben", TODAY), ("ana", TODAY)):
        me = world.viewer(username)
        with world.database.transaction() as db:
            db.execute(
                sa.update(ServiceRequest).where(ServiceRequest.id == request.id).values(assignee_id=me.officer_id)
            )
        write(world.database, me, day=day, request_id=request.id, quantity=1)
    with world.database.transaction() as db:
        done = {"state": RequestState.DONE, "closed_at": MORNING}
        db.execute(sa.update(ServiceRequest).where(ServiceRequest.id == request.id).values(done))
    head = world.viewer("dewi")
    with world.database.reading() as db:
        month = logbook.summary(db, head, TODAY.replace(day=1), "people")
    assert month.outputs == [("berkas", 3)]
    assert sum(work.closed or 0 for work in month.works) == 1
    said = "permohonan yang dikerjakan dua pegawai, atau pada dua hari, terhitung dua kali"
    dewi = world.client("dewi")
    assert said in dewi.get("/worklog/summary").text
    book = CalamineWorkbook.from_filelike(BytesIO(dewi.get("/worklog/summary/file").content))
    assert said in book.get_sheet_by_index(2).to_python()[-1][0]


def test_an_officer_says_that_a_line_was_for_several_requests_and_says_so_no_more(world: World) -> None:
    ben, client = world.viewer("ben"), world.client("ben")
    service = handled_service(world.database, ben)
    page = client.get("/worklog").text
    assert f'<option value="s{service}">{SERVICE}</option>' in page
    line = {"text": "Memeriksa berkas dari WhatsApp", "start": "07.00", "end": "07.10", "quantity": "12"}
    line |= {"unit": "berkas", "request_id": f"s{service}", "date": TODAY.isoformat()}
    assert client.post("/worklog", data=line | {"idempotency_key": str(uuid4())}).status_code == 303
    assert services(world.database) == [service]
    assert f"12 berkas · {SERVICE}" in " ".join(client.get("/worklog").text.split())
    with world.database.reading() as db:
        entry = db.scalars(sa.select(LogEntry.id)).one()
    form = client.get(f"/worklog/{entry}/edit").text
    assert f'<option value="s{service}" selected>' in form
    assert client.post(f"/worklog/{entry}/template").status_code == 303
    for asked, status, then in (
        ("s999", 422, [service]),
        ("s", 422, [service]),
        ("x1", 422, [service]),
        ("", 303, [None]),
    ):
        answer = client.post(f"/worklog/{entry}/edit", data=line | {"request_id": asked})
        assert (answer.status_code, services(world.database)) == (status, then)
    template = client.get("/worklog").text.split("template=")[1].split("#")[0]
    assert f'<option value="s{service}" selected>' in client.get("/worklog", params={"template": template}).text


def test_a_line_of_one_request_has_its_service_until_the_request_is_taken_out(database: Database, ben: Viewer) -> None:
    request = assigned(database, "ben")
    entry_id = write(database, ben, request_id=request.id)
    service = services(database)[0]
    assert service
    facts = {"text": "KK", "starts": time(8), "ends": time(9), "quantity": 1, "unit": "berkas"}
    for request_id, kept in ((request.id, service), (None, None)):
        with database.transaction() as db:
            worklog.edit(db, ben, worklog.entry_for(db, ben, entry_id), **facts, request_id=request_id, now=NOON)
        assert services(database) == [kept]


def test_a_copied_line_keeps_its_service_and_what_a_day_proposed_is_not_copied_to_another(world: World) -> None:
    ben, client = world.viewer("ben"), world.client("ben")
    request = assigned(world.database, "ben")
    write(world.database, ben, day=FRIDAY, request_id=request.id, text="Kartu keluarga (KK), Novi T.")
    write(
        world.database,
        ben,
        day=FRIDAY,
        source="requests-1-0",
        text="Memeriksa 3 permohonan",
        starts=time(9),
        ends=time(10),
    )
    page = client.get("/worklog").text
    assert ("Novi T.</div>" in page or "Novi T.<small>" in page, "Memeriksa 3 permohonan" in page) == (True, False)
    assert client.post("/worklog/copy", data={"date": TODAY.isoformat(), "take": "all"}).status_code == 303
    first, _proposed, copied = services(world.database)
    assert copied == first is not None
    assert "Novi" not in client.get("/worklog/lkh?span=day").text, (
        "what is copied into another system names no applicant"
    )


def test_a_service_of_which_a_log_tells_ends_and_is_not_removed(database: Database, ben: Viewer) -> None:
    ana = viewer_of(database, "ana")
    wish = catalogue.Wish("Layanan keliling", "Layanan keliling", needs_presence=False, days=None, papers="")
    with database.transaction() as db:
        service = catalogue.add(db, ana, wish, division_id=ana.division_id or 0, now=NOON)
    write(database, ben, service_id=service)
    with database.transaction() as db:
        assert catalogue.end(db, ana, catalogue.service_to_keep(db, ana, service), now=NOON) is False
    assert services(database) == [service]


def test_whatever_language_somebody_reads_the_words_of_a_line_are_those_of_the_paper(
    database: Database, ben: Viewer
) -> None:
    request = assigned(database, "ben")
    handle(database, ben, 1, 2)
    with i18n.in_locale("en"):
        assert ("Memeriksa 2 permohonan", 2) in told(proposals(database, ben))
        with database.reading() as db:
            begun = worklog.proposal(db, ben, request.id, (), now=None)
    assert begun.text.startswith("Kartu keluarga (KK), ")
