"""The duty roster on paper and as a sheet: what is published, or the draft, which says that it is one."""

import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook

from staffhub import i18n
from staffhub.reports.documents import duty_roster
from staffhub.roster import drafts, grid
from tests.conftest import TODAY, World
from tests.test_roster_draft_pages import _here

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _change(world: World) -> str:
    here = _here(world)
    cell = f"{world.officer_id('ben')}.2026-12-01.R"
    assert world.client("ana").post(f"{here}/cells", data={"cell": cell, "version": "0"}).status_code == 303
    return here


def test_the_paper_is_one_page_of_the_bidang_that_its_head_signs_and_a_draft_says_so(world: World) -> None:
    here, ana = _change(world), world.viewer("ana")
    answer = world.client("ana").get(f"{here}/print")
    assert answer.content.startswith(b"%PDF")
    assert "-draf.pdf" in answer.headers["content-disposition"]
    with world.database.reading() as db, i18n.in_locale("id"):
        draft = drafts.draft_for(db, ana, ana.division_id or 0, date(2026, 12, 1), today=TODAY)
        shown = grid.draft_grid(db, ana, draft, since=TODAY)
        data = duty_roster.of(db, ana.office_id, [shown], draft.month, drafted=True, today=TODAY)
    assert (len(data["pages"]), data["draft"]) == (1, "DRAF")
    assert data["pages"][0]["signature"]["name"] == "Ana Kaunang"
    assert [row["letters"][0] for row in data["pages"][0]["rows"]] == ["K", "R", "K"]
    assert "-draf" not in world.client("ana").get(f"{here}/print?which=published").headers["content-disposition"]


def test_the_sheet_has_a_row_for_each_officer_and_a_column_for_each_day(world: World) -> None:
    here, ben = _change(world), world.officer_id("ben")
    answer = world.client("ana").get(f"{here}/sheet")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    (name,) = book.sheet_names
    rows = book.get_sheet_by_name(name).to_python()
    (mine,) = [row for row in rows if row[0] == ben]
    assert mine[1:5] == ["Ben Tumiwa", "PNS", "R", "K"]
    assert mine[-2] == 20


def test_a_draft_is_printed_by_those_who_write_it_alone(world: World) -> None:
    here = _change(world)
    for username in ("ben", "cy", "adi"):
        for kind in ("print", "sheet"):
            assert world.client(username).get(f"{here}/{kind}").status_code == 403
