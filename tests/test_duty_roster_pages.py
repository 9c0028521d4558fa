"""The published duty roster: of the own bidang for everybody there, of the whole office for who sees it."""

import re
from datetime import date, time

import pytest
import sqlalchemy as sa

from staffhub.models import Appointment, ServiceType
from tests.conftest import MORNING, World
from tests.test_roster_draft_pages import _here
from tests.test_roster_problem import _request

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DECEMBER = "/roster/duty?month=2026-12"


def test_staff_read_and_print_the_roster_of_their_bidang_and_no_other(world: World) -> None:
    ben, other = world.client("ben"), world.viewer("cy").division_id
    page = ben.get(DECEMBER).text
    assert {"Ben Tumiwa", "Tia"} <= {name for name in ("Ben Tumiwa", "Tia", "Cy") if name in page}
    assert "Belum terbit" in page
    assert "/roster/drafts" not in page
    assert ben.get(f"{DECEMBER}&division={other}").status_code == 404
    printed = ben.get("/roster/duty/print?month=2026-12")
    assert printed.content.startswith(b"%PDF")
    assert "jadwal-piket-2026-12-" in printed.headers["content-disposition"]
    for page_of in ("/", "/me/month", "/roster"):
        assert "/roster/duty" in ben.get(page_of).text


def test_what_is_drafted_is_seen_once_it_is_published(world: World) -> None:
    ana, here, ben = world.client("ana"), _here(world), world.officer_id("ben")
    ana.post(f"{here}/cells", data={"cell": f"{ben}.2026-12-01.DL", "version": "0"})
    assert ">DL</td>" not in world.client("ben").get(DECEMBER).text
    assert ana.post(f"{here}/publish", data={"version": "1"}).status_code == 303
    page = world.client("ben").get(DECEMBER).text
    assert ">DL</td>" in page
    assert "Belum terbit" not in page
    notice = world.client("ben").get("/notices").text
    address = re.search(r'href="(/notices/\d+)"', notice)
    assert address
    assert world.client("ben").get(address[1]).headers["location"].startswith("/roster/duty?month=2026-12&division=")


def test_the_head_sees_every_bidang_at_once_and_goes_on_to_its_draft(world: World) -> None:
    page = world.client("dewi").get(DECEMBER).text
    assert {"Ben Tumiwa", "Cy"} <= {name for name in ("Ben Tumiwa", "Cy") if name in page}
    for username in ("ana", "cy"):
        assert f"/roster/drafts/{world.viewer(username).division_id}/2026-12" in page
    assert world.client("dewi").get("/roster/duty/print?month=2026-12").content.startswith(b"%PDF")


def test_a_day_with_too_few_for_its_appointments_is_named_and_cannot_be_excused(world: World) -> None:
    division, day = world.viewer("ana").division_id or 0, date(2026, 12, 1)
    with world.database.transaction() as db:
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.division_id == division)).first()
        assert kind
        db.add(Appointment(office_id=1, request_id=_request(db, kind.id, 1), service_type_id=kind.id,
                           division_id=division, date=day, starts=time(8), minutes=30, seat=9, state="invited",
                           created_at=MORNING, version=1))  # fmt: skip
    ana = world.client("ana")
    note = ana.get(f"{DECEMBER}&division={division}").text.split('id="duty-rosters"')[0]
    assert "Semua piket terjaga" not in note
    assert re.search(r"Sel, 1 Des: Janji temu \d/9", note)
    drafted = ana.get(_here(world)).text
    assert "kali belum terjaga di kantor" in drafted
    assert 'value="2026-12-01 Janji temu"' not in drafted
