"""The pages of the fingerprint machines, as HR goes through them."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from staffhub.machines import folder, taking
from staffhub.models import DailyReport, Machine, MachineMark, MachineReading, Mark, WorkMode
from tests.conftest import MORNING, TODAY, World, count_from
from tests.test_devices import press_on_one_device
from tests.test_machines import DATA, MONDAY, added, day_of, given, log, read, sent, shown, tap

MACHINE = {"name": "Lobi", "place": "Pintu depan", "serial": "", "hours": "8", "watched": ""}
BY_FINGER = "Mesin sidik jari, karena tidak ada presensi lewat tombol"


def _sent(world: World, path: str, name: str, data: bytes, **typed: str) -> Any:
    return world.client("hana").post(path, data=typed, files={"file": (name, data)})


def test_hr_adds_a_machine_sends_its_log_and_says_whose_the_numbers_are(world: World) -> None:
    hana = world.client("hana")
    answer = hana.post("/admin/machines", data=MACHINE)
    assert answer.status_code == 303
    here = answer.headers["location"]
    assert hana.post("/admin/machines", data=MACHINE).headers["location"] == here  # the second of two taps
    lines = log("003\t2026-11-16 07:21:13", "3\t2026-11-16 16:04:31", "ngawur")
    told = _sent(world, f"{here}/files", "attlog.dat", lines, shown_date="2026-11-23", shown_time="07.12")
    page = hana.get(told.headers["location"]).text
    assert "ngawur" in page
    assert "Baris 3" in page
    page = hana.get(here).text
    assert 'value="Ben Tumiwa"' in page  # proposed: 3 is his own number
    answer = hana.post(f"{here}/numbers", data={"who3": "Ben Tumiwa", "since": "", "version": "1"})
    assert answer.status_code == 303
    assert shown(day_of(world.database, "ben", MONDAY).first) == "07.21"
    assert "Ben Tumiwa" in hana.get(here).text
    day = hana.get(f"/attendance/{world.officer_id('ben')}/{MONDAY}").text
    assert "Mesin sidik jari" in day


def test_a_watched_file_that_is_not_there_is_told_on_both_pages(world: World, tmp_path: Path) -> None:
    hana = world.client("hana")
    hana.post("/admin/machines", data=MACHINE | {"watched": "attlog.dat"})
    folder.look(world.database, tmp_path, now=MORNING)
    told = "Berkas attlog.dat tidak ada di folder server."
    assert told in hana.get("/admin/machines").text
    assert told in hana.get("/admin/machines/1").text


def test_the_columns_of_a_table_are_shown_and_said_once(world: World) -> None:
    id_, hana = added(world.database), world.client("hana")
    told = _sent(world, f"/admin/machines/{id_}/files", "a.csv", (DATA / "machine.csv").read_bytes())
    here = told.headers["location"]
    page = hana.get(here).text
    assert "BEN TUMIWA" in page
    assert page.count("<select") >= 5
    wrong = hana.post(f"{here}/columns", data={"roles": ["number", "name", "-", "-", "-"], "order": "dmy"})
    assert wrong.status_code == 422
    assert "kolom tanggal dan jam" in wrong.text
    right = {"roles": ["number", "name", "date", "time", "kind"], "order": "dmy"}
    assert hana.post(f"{here}/columns", data=right).status_code == 303
    assert hana.post(f"{here}/columns", data=right).status_code == 409
    taking.run_due(world.database, now=MORNING)
    page = hana.get(here).text
    assert "7171010101900001" not in page
    assert "NIK" in page


def test_an_order_of_day_and_month_that_the_dates_leave_open_is_asked(world: World) -> None:
    id_, hana = added(world.database), world.client("hana")
    data = b"PIN;Waktu\r\n3;03/11/2026 07:20\r\n3;04/11/2026 07:21\r\n"
    here = _sent(world, f"/admin/machines/{id_}/files", "a.csv", data).headers["location"]
    assert hana.post(f"{here}/columns", data={"roles": ["number", "moment"]}).status_code == 422
    assert hana.post(f"{here}/columns", data={"roles": ["number", "moment"], "order": "dmy"}).status_code == 303
    taking.run_due(world.database, now=MORNING)
    with world.database.reading() as db:
        assert db.scalars(sa.select(MachineMark.date).order_by(MachineMark.id)).all() == [
            date(2026, 11, 3),
            date(2026, 11, 4),
        ]


def test_lines_that_were_held_back_are_shown_and_moved(world: World) -> None:
    id_, hana = added(world.database), world.client("hana")
    here = _sent(world, f"/admin/machines/{id_}/files", "a", log("3\t2027-11-16 07:21:00")).headers["location"]
    assert "2027" in hana.get(here).text
    late = hana.post(f"{here}/clock", data={"date": "2027-11-16", "time": "07.21"})
    assert late.status_code == 422
    assert hana.post(f"{here}/clock", data={"date": "2026-11-16", "time": "07.21"}).status_code == 303
    taking.run_due(world.database, now=MORNING)
    with world.database.reading() as db:
        assert db.scalars(sa.select(MachineMark.date)).all() == [MONDAY]


def test_a_large_file_is_read_after_the_request(world: World) -> None:
    id_, hana = added(world.database), world.client("hana")
    lines = [f"{n}\t2026-11-{day} 07:{n % 60:02}:00" for day in range(10, 21) for n in range(1, 900)]
    here = _sent(world, f"/admin/machines/{id_}/files", "attlog.dat", log(*lines)).headers["location"]
    assert "Sedang dibaca" in hana.get(here).text
    taking.run_due(world.database, now=MORNING)
    assert "Sedang dibaca" not in hana.get(here).text


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x02\x00\x00" * 500], ids=["empty", "rubbish"])
def test_what_is_no_log_is_said_beside_the_field(world: World, data: bytes) -> None:
    answer = _sent(
        world,
        f"/admin/machines/{added(world.database)}/files",
        "a.dat",
        data,
        shown_date="2026-11-23",
        shown_time="07.12",
    )
    assert answer.status_code == 422
    assert "sent-file-error" in answer.text
    assert 'value="07.12"' in answer.text
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(MachineReading)) == 0


def test_a_form_without_a_file_or_with_a_wrong_time_keeps_what_was_typed(world: World) -> None:
    here, hana = f"/admin/machines/{added(world.database)}", world.client("hana")
    answer = hana.post(f"{here}/files", data={"shown_date": "2026-11-23", "shown_time": "siang"})
    assert answer.status_code == 422
    assert 'value="siang"' in answer.text
    answer = hana.post(f"{here}/numbers", data={"number": "3", "who": "Siapa Saja", "version": "1"})
    assert answer.status_code == 422
    assert "Siapa Saja" in answer.text
    assert hana.post(f"{here}/numbers", data={"who3": "", "version": "1"}).status_code == 422


def test_of_two_who_edit_a_machine_the_second_is_told(world: World) -> None:
    here, hana = f"/admin/machines/{added(world.database)}", world.client("hana")
    assert hana.post(here, data=MACHINE | {"place": "Lantai 2", "version": "1"}).status_code == 303
    second = hana.post(here, data=MACHINE | {"place": "Lantai 3", "version": "1"})
    assert second.status_code == 409
    assert "Lantai 3" in second.text
    with world.database.reading() as db:
        assert db.scalars(sa.select(Machine.place)).one() == "Lantai 2"


def test_a_contradiction_stands_on_the_day_with_both_facts(world: World) -> None:
    id_ = added(world.database)
    given(world.database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    tap(world.database, world.viewer("ben"), datetime(2026, 11, 15, 23, 25, tzinfo=UTC), WorkMode.HOME)
    read(world.database, id_, log("3\t2026-11-16 07:27:00"))
    page = world.client("hana").get(f"/attendance/{world.officer_id('ben')}/{MONDAY}").text
    assert "pada saat yang sama" in page
    assert "Jari di kantor" in page
    assert "07.27" in page
    assert "diterima Sen, 23 Nov 07.12" in page, "a week later, which is not the next day"
    own = world.client("ben").get(f"/attendance/{world.officer_id('ben')}/{MONDAY}").text
    assert "Jari di kantor" in own
    assert sent(world.database, id_, log("3\t2026-11-16 07:27:00")) > 0


def test_a_finger_with_the_number_of_a_mark_shares_no_device(world: World) -> None:
    """Marks and lines of the machine are counted apart, so the first of each has the same number."""
    id_, ben = added(world.database), world.officer_id("ben")
    given(world.database, id_, {"3": "Ben Tumiwa"}, since=TODAY)
    press_on_one_device(world)
    read(world.database, id_, log("3\t2026-11-23 16:20:00"))
    with world.database.reading() as db:
        (finger,) = db.scalars(sa.select(MachineMark.id)).all()
        assert finger in db.scalars(sa.select(Mark.id).where(Mark.officer_id == ben)).all()
    world.at(MORNING + timedelta(hours=10))
    page = world.client("hana").get(f"/attendance/{ben}/{TODAY}").text
    assert BY_FINGER in page, "the finger stands in for the check-out"
    assert page.count("Dua orang, satu perangkat.") == 1


def test_whoever_verifies_a_log_reads_that_a_mark_is_a_finger(world: World) -> None:
    id_, ben = added(world.database), world.client("ben")
    given(world.database, id_, {"3": "Ben Tumiwa"}, since=TODAY)
    read(world.database, id_, log("3\t2026-11-23 07:05:00"))
    line = {"text": "Memeriksa", "start": "07.05", "end": "07.10", "idempotency_key": str(uuid4())}
    assert ben.post("/worklog", data=line).status_code == 303
    assert ben.post("/worklog/submit", data={"date": TODAY.isoformat()}).status_code == 303
    with world.database.reading() as db:
        report = db.scalars(sa.select(DailyReport.id)).one()
    assert BY_FINGER in world.client("hana").get(f"/worklog/verify/{report}").text


def test_papers_say_that_a_time_is_of_the_machine(world: World) -> None:
    id_ = added(world.database)
    count_from(world.database, MONDAY)
    given(world.database, id_, {"3": "Ben Tumiwa"}, since=MONDAY)
    read(world.database, id_, log("3\t2026-11-16 07:21:13", "3\t2026-11-16 16:04:31"))
    said = "jam dari mesin sidik jari"
    table = world.client("hana").get("/attendance/export?month=2026-11&format=csv").content.decode("utf-8-sig")
    (told,) = [line for line in table.splitlines() if said in line]
    assert "2026-11-16" in told
    assert "Ben Tumiwa" in told
    sheet = PdfReader(BytesIO(world.client("ben").get("/me/month/sheet?month=2026-11").content))
    assert said in " ".join(sheet.pages[0].extract_text().split())
    assert said not in world.client("hana").get("/attendance?month=2026-11").text, "on the sheet it would be noise"
