"""The page of a draft: the grid, one day after the other, undoing, excusing, publishing; without its script too."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from staffhub.models import AuditEvent, PlanMode, RosterExcuse, RuleKind, RuleSet
from staffhub.roster import wishes
from tests.conftest import MORNING, TODAY, World
from tests.page_forms import form_of
from tests.test_calls import AT_WORK

HX = {"HX-Request": "true"}


def _here(world: World, month: str = "2026-12") -> str:
    return f"/roster/drafts/{world.viewer('ana').division_id}/{month}"


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_a_head_changes_a_day_takes_it_back_and_publishes_and_staff_see_it_then(world: World) -> None:
    ana, here, ben = world.client("ana"), _here(world), world.officer_id("ben")
    assert here in ana.get("/roster?month=2026-12").text
    page = ana.get(here).text
    assert "Ben Tumiwa" in page
    form = {"officer": str(ben), "date": "2026-12-02", "mode": "home", "locked": "1", "version": _version(page)}
    assert ana.post(f"{here}/cells", data=form).headers["location"] == here
    page = ana.get(here).text
    assert re.search(r'<td class="[a-z ]*v z" title="dikunci">R<s>K</s></td>', page)
    assert "Urungkan: Ben Tumiwa, 2: – menjadi R" in page
    ana.post(f"{here}/undo", data={"version": _version(page)})
    page = ana.get(here).text
    assert "<s>K</s></td>" not in page
    ana.post(f"{here}/undo", data={"version": _version(page), "again": "1"})
    assert "mode home" not in world.client("ben").get(f"/roster/{ben}?month=2026-12").text
    answer = ana.post(f"{here}/publish", data={"version": _version(ana.get(here).text)})
    assert answer.status_code == 303
    assert "Jadwal piket sudah terbit. 1 pegawai diberi tahu." in ana.get(here).text
    assert "mode home" in world.client("ben").get(f"/roster/{ben}?month=2026-12").text
    assert "Tanggal Anda yang berubah: 2." in world.client("ben").get("/notices").text


def test_the_script_sends_several_cells_at_once_and_gets_the_grid_back(world: World) -> None:
    ana, here, ben = world.client("ana"), _here(world), world.officer_id("ben")
    cells = [f"{ben}.2026-12-{day}.{letter}" for day, letter in (("01", "R"), ("01", "L"), ("02", "DL"), ("03", "L"))]
    answer = ana.post(f"{here}/cells", data={"cell": cells, "version": "0"}, headers=HX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="roster-draft"')
    squares = re.findall(r"<td[^>]*>.*?</td>", answer.text.split("Ben Tumiwa")[1])
    assert [re.sub("<[^>]+>", "", square) for square in squares[:4]] == ["RK", "DLK", "K", "K"]
    assert ["dikunci" in square for square in squares[:4]] == [True, False, True, False]
    late = ana.post(f"{here}/cells", data={"cell": cells, "version": "0"}, headers=HX)
    assert late.status_code == 409
    assert "Belum tersimpan" in late.text


@pytest.mark.parametrize("wrong", ["x", "1.2026-12-01.Q", "1.2026-13-01.K", "9999999999999999999.2026-12-01.K", "1..K"])
def test_what_is_no_cell_is_refused(world: World, wrong: str) -> None:
    answer = world.client("ana").post(f"{_here(world)}/cells", data={"cell": wrong, "version": "0"})
    assert answer.status_code == 422


def test_a_day_on_leave_is_no_cell_and_a_form_without_an_officer_is_shown_again(world: World) -> None:
    ana, here, ben = world.client("ana"), _here(world), world.officer_id("ben")
    ana.post(f"/roster/{ben}/exceptions", data={"first": "2026-12-02", "last": "2026-12-02", "mode": "leave"})
    form = {"officer": str(ben), "date": "2026-12-02", "mode": "home", "version": "0"}
    answer = ana.post(f"{here}/cells", data=form)
    assert answer.status_code == 422
    assert "Pada" in answer.text
    empty = ana.post(f"{here}/cells", data={"version": "0", "date": "2026-12-03", "mode": "home"})
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text


def test_days_below_the_minimum_stand_on_the_page_are_refused_and_may_be_excused(world: World) -> None:
    ana, here, tia = world.client("ana"), _here(world), world.officer_id("tia")
    ana.post(f"{here}/cells", data={"cell": f"{tia}.2026-12-01.R", "version": "0"})
    page = ana.get(here).text
    assert '<td class="short">0/1</td>' in page
    refused = ana.post(f"{here}/publish", data={"version": "1"})
    assert refused.status_code == 422
    assert "THL 0 dari 1" in refused.text
    again = ana.post(f"{here}/excuse", data={"day": "2026-12-01 THL"})
    assert again.status_code == 422
    assert ana.post(f"{here}/excuse", data={"day": "2026-12-01 THL", "reason": "Loket tutup"}).status_code == 303
    assert '<td class="short">' not in ana.get(here).text
    assert ana.post(f"{here}/publish", data={"version": "1"}).status_code == 303


def test_an_excuse_is_taken_back_on_the_page_and_the_minimum_holds_again(world: World) -> None:
    ana, here, tia = world.client("ana"), _here(world), world.officer_id("tia")
    ana.post(f"{here}/cells", data={"cell": f"{tia}.2026-12-01.R", "version": "0"})
    ana.post(f"{here}/excuse", data={"day": "2026-12-01 THL", "reason": "Loket tutup"})
    excused = ana.get(here).text
    assert "THL dikecualikan: Loket tutup" in excused
    typed = form_of(excused, f"{here}/excuse/take-back")
    assert typed == {"day": ["2026-12-01 THL"], "reason": ["Loket tutup"]}
    assert ana.post(f"{here}/excuse/take-back", data=typed | {"reason": "Sepi"}).status_code == 409
    for _tap in range(2):
        assert ana.post(f"{here}/excuse/take-back", data=typed).status_code == 303
    page = ana.get(here).text
    assert '<td class="short">0/1</td>' in page
    assert "Loket tutup" not in page
    assert ana.post(f"{here}/publish", data={"version": "1"}).status_code == 422
    with world.database.reading() as db:
        noted = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "roster.excuse_taken_back")).all()
    assert [one.facts["reason"] for one in noted] == ["Loket tutup"]
    for wrong in ("2026-11-02 THL", "2027-01-04 THL", "2026-12-01 Loket", "besok"):
        assert ana.post(f"{here}/excuse/take-back", data=typed | {"day": wrong}).status_code == 422
    assert ana.post(f"{here}/excuse/take-back").status_code == 422


def test_an_order_of_a_long_number_is_excused_and_holds_again(world: World) -> None:
    ana, here, ben = world.client("ana"), _here(world), world.officer_id("ben")
    number = "Surat Edaran Kepala Dinas Nomor 80/2026 tentang hari kerja"
    assert number[39] == " "
    values = {"document": number, "least_office": 100}
    day = date(2026, 12, 1)
    with world.database.transaction() as db:
        own = {"legal_source": "SE", "owner": "Hana", "valid_from": day, "valid_to": day, "values": values}
        db.add(RuleSet(office_id=1, kind=RuleKind.FLEXIBLE, **own))
    ana.post(f"{here}/cells", data={"cell": f"{ben}.2026-12-01.R", "version": "0"})
    (offered,) = re.findall(r'name="day"\s+value="([^"]+)"', ana.get(here).text)
    assert ana.post(f"{here}/excuse", data={"day": offered, "reason": "Rapat"}).status_code == 303
    back = form_of(ana.get(here).text, f"{here}/excuse/take-back")
    assert ana.post(f"{here}/excuse/take-back", data=back).status_code == 303
    with world.database.reading() as db:
        assert not db.scalars(sa.select(RosterExcuse.reason)).all()


def test_who_gives_another_reason_for_an_excused_day_is_told_and_keeps_what_was_typed(world: World) -> None:
    ana, dewi, here = world.client("ana"), world.client("dewi"), _here(world)
    ana.post(f"{here}/cells", data={"cell": f"{world.officer_id('tia')}.2026-12-01.R", "version": "0"})
    first = {"day": "2026-12-01 THL", "reason": "Loket tutup"}
    for _tap in range(2):
        assert ana.post(f"{here}/excuse", data=first).status_code == 303
    told = dewi.post(f"{here}/excuse", data=first | {"reason": "Kerja bakti"})
    assert told.status_code == 409
    assert "THL sudah dikecualikan: Loket tutup" in told.text
    with world.database.reading() as db:
        assert db.scalars(sa.select(RosterExcuse.reason)).all() == ["Loket tutup"]


def test_an_excuse_says_that_it_holds_all_day_and_leads_from_the_desks_of_today_to_its_end(world: World) -> None:
    ana, here = world.client("ana"), _here(world, f"{TODAY:%Y-%m}")
    ana.post(f"{here}/cells", data={"cell": f"{world.officer_id('tia')}.{TODAY}.R", "version": "0"})
    assert "Pengecualian berlaku sepanjang hari itu" in ana.get(here).text
    ana.post(f"{here}/excuse", data={"day": f"{TODAY} THL", "reason": "Loket tutup"})
    assert f'href="{here}"' in ana.get("/roster/calls").text


def test_staff_and_heads_of_others_never_see_a_draft(world: World) -> None:
    for username in ("ben", "cy", "adi"):
        assert world.client(username).get(_here(world)).status_code == 403
    assert "/roster/drafts" not in world.client("ben").get("/roster").text
    assert world.client("dewi").get(_here(world)).status_code == 200
    assert world.client("oka").get(_here(world)).status_code == 404
    assert world.client("ana").get(_here(world, "2026-13")).status_code == 404


def test_the_draft_says_that_the_work_of_today_has_begun_and_leads_to_the_calls(world: World) -> None:
    ana, here, said = world.client("ana"), _here(world, f"{TODAY:%Y-%m}"), "hari ini tetap seperti yang terbit"
    assert said not in ana.get(here).text
    assert "susunan dihitung mulai besok" not in ana.get(f"/roster/runs?month={TODAY:%Y-%m}").text
    world.at(AT_WORK)
    page = ana.get(here).text
    assert said in page
    assert 'href="/roster/calls"' in page
    assert f'min="{TODAY + timedelta(days=1)}"' in page
    refused = ana.post(f"{here}/cells", data={"cell": f"{world.officer_id('ben')}.{TODAY}.R", "version": "0"})
    assert refused.status_code == 422
    assert "Jam kerja hari ini sudah mulai, jadi jadwalnya tidak diubah lagi." in refused.text
    assert "susunan dihitung mulai besok" in ana.get(f"/roster/runs?month={TODAY:%Y-%m}").text
    world.at(AT_WORK + timedelta(days=4))  # a Friday
    assert re.search(rf'name="date"[^>]*value="{TODAY + timedelta(days=7)}"', ana.get(here).text, re.DOTALL)
    world.at(AT_WORK + timedelta(days=7))  # the last day of the month
    page = ana.get(here).text
    assert said in page
    assert "Ubah satu hari" not in page
    assert "Bulan ini sudah lewat" not in page
    planning = ana.get(f"/roster/runs?month={TODAY:%Y-%m}").text
    for left in (page, planning):
        assert "Tidak ada lagi hari kerja" in left
    assert 'action="/roster/runs"' not in planning


def test_a_wish_that_the_draft_does_not_meet_stands_on_its_page_also_when_it_came_later(world: World) -> None:
    ana, ben, here, said = world.client("ana"), world.viewer("ben"), _here(world), "1 keinginan belum dipenuhi"
    ana.post(f"{here}/cells", data={"cell": f"{ben.officer_id}.2026-12-02.K", "version": "0"})
    assert said not in ana.get(here).text
    with world.database.transaction() as db:
        wishes.wish(db, ben, date(2026, 12, 2), PlanMode.HOME, now=MORNING)
    page = ana.get(here).text
    assert said in page
    assert re.search(r"Ben Tumiwa<small>Rab, 2 Des: Rumah</small>", page)
    ana.post(f"{here}/cells", data={"cell": f"{ben.officer_id}.2026-12-02.R", "version": "1"})
    assert said not in ana.get(here).text


def test_a_month_that_is_over_is_only_read(world: World) -> None:
    ana, here = world.client("ana"), _here(world, "2026-10")
    assert "Terbitkan" not in ana.get(here).text
    assert ana.post(f"{here}/publish", data={"version": "0"}).status_code == 422
