"""Downloads: small ones at once, large ones after the request, for whoever asked and for a day."""

from datetime import date, time, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from staffhub import worklog
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import in_locale
from staffhub.models import Account, AuditEvent, ExportJob, Notice, NoticeKind, Office, Posting, Role, TaskState
from staffhub.orders.exemptions import Scope
from staffhub.reports.documents import exports, lines
from staffhub.reports.documents.exports import Wish
from tests.conftest import MORNING, TODAY, World, add_officer
from tests.test_orders import Cast, exempt

MONTH = MORNING.date().replace(day=1)
WISH = Wish(MONTH, "csv")


def many(world: World, count: int) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office).order_by(Office.id)).first()
        assert office
        for n in range(count):
            add_officer(db, office, number=f"THL-9{n:03d}", name=f"Pegawai {n:03d}")


def asked(world: World, who: str = "hana", key: str = "key-of-a-form", wish: Wish = WISH) -> int:
    me = world.viewer(who)
    with world.database.transaction() as db:
        exports.ask(db, me, wish, key=key, now=MORNING)
    with world.database.reading() as db:
        return db.scalars(sa.select(ExportJob.id).where(ExportJob.key == key)).one()


def job(world: World, job_id: int) -> Any:
    with world.database.reading() as db:
        columns = (ExportJob.state, ExportJob.progress, ExportJob.content, ExportJob.attempts)
        return db.execute(sa.select(*columns).where(ExportJob.id == job_id)).one()


def notices(world: World, *, waiting: bool = False) -> int:
    counted = sa.select(sa.func.count()).select_from(Notice)
    with world.database.reading() as db:
        return db.scalar(counted.where(Notice.read_at.is_(None)) if waiting else counted) or 0


@pytest.mark.parametrize(("form", "starts"), [("xlsx", b"PK"), ("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf")])
def test_a_small_month_comes_at_once(world: World, form: str, starts: bytes) -> None:
    answer = world.client("hana").get(f"/attendance/export?month=2026-11&format={form}")
    assert answer.status_code == 200
    assert answer.content.startswith(starts)
    assert f'filename="presensi-2026-11.{form}"' in answer.headers["content-disposition"]


def test_the_month_has_a_button_for_each_form(world: World) -> None:
    page = world.client("hana").get("/attendance?month=2026-11").text
    for form in ("xlsx", "csv", "pdf"):
        assert f"/attendance/export?month=2026-11&amp;format={form}" in page


def test_a_large_month_is_asked_for_made_told_of_and_fetched(world: World) -> None:
    many(world, exports.AT_ONCE)
    client = world.client("hana")
    page = client.get("/attendance/export?month=2026-11&format=pdf")
    assert (page.status_code, "Buat berkas" in page.text) == (200, True)
    values = {"month": "2026-11", "format": "pdf", "idempotency_key": "key-of-a-form"}
    for _press in range(2):
        assert client.post("/attendance/exports", data=values).status_code == 303
    waits = client.get("/attendance/exports").text
    assert 'hx-trigger="every 2s"' in waits
    assert "Muat ulang" in waits
    assert exports.run_due(world.database, now=MORNING) == 1
    assert exports.run_due(world.database, now=MORNING) == 0
    assert notices(world, waiting=True) == 1
    ready = client.get("/attendance/exports").text
    assert "every 2s" not in ready
    with world.database.reading() as db:
        job_id = db.scalars(sa.select(ExportJob.id)).one()
        verbs = sa.select(sa.func.count()).where(AuditEvent.verb == "attendance.exported")
        assert db.scalar(verbs) == 1
    file = client.get(f"/attendance/exports/{job_id}/file")
    assert "Pegawai 059" in "".join(page.extract_text() for page in PdfReader(BytesIO(file.content)).pages)
    assert notices(world) == 1
    assert notices(world, waiting=True) == 0


def test_nobody_else_reads_the_file_and_after_a_day_nobody_does(world: World) -> None:
    job_id = asked(world)
    assert world.client("hana").get(f"/attendance/exports/{job_id}/file").status_code == 404
    exports.run_due(world.database, now=MORNING)
    assert world.client("hana").get(f"/attendance/exports/{job_id}/file").status_code == 200
    for other in ("dewi", "adi", "oka", "ben"):
        assert world.client(other).get(f"/attendance/exports/{job_id}/file").status_code == 404
    later = MORNING + timedelta(days=1, minutes=1)
    hana = world.viewer("hana")
    with world.database.reading() as db, pytest.raises(NotFound):
        exports.file_of(db, hana, job_id, now=later)
    with world.database.transaction() as db:
        exports.forget_old(db, now=later)
        assert db.scalar(sa.select(sa.func.count()).select_from(ExportJob)) == 0


def test_whoever_lost_the_role_reads_nothing_of_the_file(world: World) -> None:
    job_id = asked(world)
    exports.run_due(world.database, now=MORNING)
    hana = sa.select(Account.officer_id).where(Account.username == "hana").scalar_subquery()
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == hana).values(role=Role.STAFF))
    now_staff = world.viewer("hana")
    with world.database.reading() as db, pytest.raises(Forbidden):
        exports.file_of(db, now_staff, job_id, now=MORNING)
    assert world.client("hana").get(f"/attendance/exports/{job_id}/file").status_code == 403


def test_who_lost_the_role_before_it_was_made_is_told_that_it_was_not(world: World) -> None:
    job_id = asked(world)
    hana = sa.select(Account.officer_id).where(Account.username == "hana").scalar_subquery()
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == hana).values(role=Role.STAFF))
    exports.run_due(world.database, now=MORNING)
    state, _progress, content, _attempts = job(world, job_id)
    assert (state, content, notices(world)) == (TaskState.FAILED, None, 1)


class Killed(BaseException):
    """The process is gone: nothing after this line ran."""


@pytest.mark.parametrize("where", ["_made", "_settle"])
def test_a_process_killed_in_the_middle_leaves_nothing_half_and_another_makes_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    job_id = asked(world)
    with monkeypatch.context() as dying:

        def die(*_given: object, **_more: object) -> None:
            raise Killed

        dying.setattr(exports, where, die)
        with pytest.raises(Killed):
            exports.run_due(world.database, now=MORNING)
    state, progress, content, attempts = job(world, job_id)
    assert (state, content, attempts, notices(world)) == (TaskState.CLAIMED, None, 1, 0)
    assert progress < 100
    assert exports.run_due(world.database, now=MORNING + timedelta(minutes=1)) == 0  # the lease holds
    assert exports.run_due(world.database, now=MORNING + timedelta(minutes=6)) == 1
    assert job(world, job_id)[0] is TaskState.DONE
    assert notices(world) == 1


def test_whoever_wakes_up_after_the_lease_writes_nothing_over_the_other(world: World) -> None:
    job_id = asked(world)
    late = exports._take(world.database, MORNING)
    assert late
    later = MORNING + timedelta(minutes=6)
    assert exports.run_due(world.database, now=later) == 1
    made = job(world, job_id)
    with world.database.transaction() as db:
        exports._settle(db, late, b"another", later, over=False)
    assert job(world, job_id) == made
    assert notices(world) == 1


def test_a_file_that_cannot_be_made_is_tried_three_times_and_stands_in_nobodys_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = asked(world, key="key-of-the-first")
    other = asked(world, who="dewi", key="key-of-the-other")
    make = exports.make

    def fail_for_hana(db: Any, me: Any, wish: Wish, **facts: Any) -> Any:
        if me.role is Role.HR:
            raise RuntimeError("broken")
        return make(db, me, wish, **facts)

    monkeypatch.setattr(exports, "make", fail_for_hana)
    for minute in range(4):
        exports.run_due(world.database, now=MORNING + timedelta(minutes=minute))
    assert job(world, job_id)[0] is TaskState.FAILED
    assert job(world, job_id)[3] == 3
    assert job(world, other)[0] is TaskState.DONE
    assert "tidak bisa dibuat" in world.client("hana").get("/attendance/exports").text


def test_a_wish_that_is_none_is_refused_in_words(world: World) -> None:
    client = world.client("hana")
    for wrong in ({"format": "exe"}, {"month": "2026-13"}, {"idempotency_key": ""}):
        values = {"month": "2026-11", "format": "pdf", "idempotency_key": "key-of-a-form"} | wrong
        assert client.post("/attendance/exports", data=values).status_code == 422
    assert world.client("ben").get("/attendance/exports").status_code == 403


def test_a_file_is_named_after_its_month_and_bidang() -> None:
    assert Wish(MONTH, "xlsx", "DafDuk").file == "presensi-2026-11-dafduk.xlsx"
    assert Wish(MONTH, "pdf", '"../é').file == "presensi-2026-11.pdf"


def wrote(world: World, who: str, text: str, *, day: date = TODAY, send: bool = True) -> None:
    me = world.viewer(who)
    with world.database.transaction() as db:
        entry = {"text": text, "starts": time(8), "ends": time(9), "quantity": None, "unit": ""}
        worklog.write(db, me, day=day, **entry, key=str(uuid4()), now=MORNING)
        if send:
            worklog.submit(db, me, day=day, now=MORNING)


def pages_of(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]


@pytest.mark.parametrize(("who", "form", "ending"), [("ana", "a", ""), ("dewi", "b", "-format-b")])
def test_the_logs_of_a_bidang_are_one_file_each_person_from_a_new_page(
    world: World, who: str, form: str, ending: str
) -> None:
    wrote(world, "ben", "Memeriksa berkas")
    wrote(world, "ben", "Belum selesai", day=TODAY - timedelta(days=3), send=False)
    wrote(world, "ana", "Memimpin apel")
    wrote(world, "cy", "Menata arsip")
    wrote(world, "tia", "Masih ditulis", send=False)
    client = world.client(who)
    page = client.get("/worklog/lkh?date=2026-11-23").text
    assert ('<option value="population_registration"' in page, '<option value="civil_registration"' in page) == (
        True,
        who == "dewi",
    )
    asked = {
        "month": "2026-11",
        "division": "population_registration",
        "log": form,
        "format": "pdf",
        "idempotency_key": "of-the-form",
    }
    for _press in range(2):
        assert client.post("/attendance/exports", data=asked).headers["location"] == "/attendance/exports"
    assert exports.run_due(world.database, now=MORNING) == 1
    me = world.viewer(who)
    with world.database.reading() as db:
        told = sa.select(Notice.account_id).where(Notice.kind == NoticeKind.EXPORT_READY)
        assert db.scalars(told).all() == [me.account_id]
    assert f"lkh-2026-11-populationregistration{ending}.pdf" in client.get("/attendance/exports").text
    with world.database.reading() as db:
        job_id = db.scalars(sa.select(ExportJob.id)).one()
    ana, ben, rest = pages_of(client.get(f"/attendance/exports/{job_id}/file").content)
    assert ("Ana Kaunang" in ana, "Memimpin apel" in ana, "Memeriksa" in ana) == (True, True, False)
    assert ("Ben Tumiwa" in ben, "Memeriksa berkas" in ben, "Belum selesai" in ben) == (True, True, False)
    assert ("Belum ada hari bulan ini yang dikirim oleh: • Tia Lumintang" in rest, "Ben" in rest) == (True, False)
    assert all(
        "LKH), NOVEMBER 2026" in one and "Cy" not in one and one.endswith("Halaman 1 dari 1")
        for one in (ana, ben, rest)
    )


@pytest.mark.parametrize(
    ("who", "asked", "status"),
    [
        ("ana", {"division": "civil_registration"}, 403),
        ("dewi", {"division": ""}, 403),
        ("dewi", {"division": "none"}, 403),
        ("ben", {}, 403),
        ("dewi", {"log": "c"}, 422),
    ],
)
def test_nobody_asks_for_the_logs_of_a_bidang_outside_the_own_scope(
    world: World, who: str, asked: dict[str, str], status: int
) -> None:
    values = {
        "month": "2026-11",
        "division": "population_registration",
        "log": "a",
        "format": "pdf",
        "idempotency_key": "of-the-form",
    }
    assert world.client(who).post("/attendance/exports", data=values | asked).status_code == status
    assert exports.run_due(world.database, now=MORNING) == 0


def test_only_who_may_has_the_form_for_the_logs_of_a_bidang(world: World) -> None:
    assert "LKH satu bidang" not in world.client("ben").get("/worklog/lkh").text
    assert "LKH satu bidang" in world.client("ana").get("/worklog/lkh").text
    other = world.client("ana").get("/worklog/lkh", params={"officer": world.officer_id("ben")}).text
    assert "LKH satu bidang" not in other, "the page of one person is of that one"


def test_one_persons_sheet_is_for_that_person_and_those_above(world: World) -> None:
    ben = world.officer_id("ben")
    mine = world.client("ben").get("/me/month/sheet?month=2026-11")
    assert mine.headers["content-disposition"] == 'attachment; filename="presensi-2026-11-ben-tumiwa.pdf"'
    text = PdfReader(BytesIO(mine.content)).pages[0].extract_text()
    for told in ("LEMBAR KEHADIRAN", "Ben Tumiwa", "00000000 000000 0 003", "Atasan langsung", "Halaman 1 dari 1"):
        assert told in text
    above = world.client("ana").get(f"/attendance/{ben}/sheet?month=2026-11")
    assert "•••• 003" in PdfReader(BytesIO(above.content)).pages[0].extract_text()
    assert world.client("cy").get(f"/attendance/{ben}/sheet").status_code == 403
    assert "/me/month/sheet?month=2026-11" in world.client("ben").get("/me/month?month=2026-11").text


def test_a_footnote_names_whom_of_the_sheet_an_exemption_excuses(world: World) -> None:
    cast = Cast(world.database)
    exempt(cast, scope=Scope(officers=(cast.id("ben"), cast.id("cy"))))
    ana, hana = world.viewer("ana"), world.viewer("hana")
    with world.database.reading() as db, in_locale("id"):
        whole = lines.of_month(db, hana, MONTH, now=MORNING)
        own = lines.of_month(db, ana, MONTH, now=MORNING)
    assert whole.notes[0].startswith("Dikecualikan ")
    assert "SE 12/2026, Banjir: Ben Tumiwa, Cy Sondakh" in whole.notes[0]
    assert own.notes[0].endswith("Banjir: Ben Tumiwa")
