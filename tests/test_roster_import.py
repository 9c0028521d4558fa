"""The sheet of a draft comes in again: it is looked at first, bad cells are named, and what is taken is one step."""

import io
from datetime import date

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from staffhub.errors import Refused
from staffhub.models import PlanMode, RosterAct
from staffhub.roster import drafts, importing
from staffhub.roster.drafts import Cell, Draft
from tests.conftest import TODAY, World
from tests.page_forms import form_of
from tests.test_roster_draft_pages import _here

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MONTH = date(2026, 12, 1)
Rows = list[list[object]]


def _sheet(world: World) -> Rows:
    """Download the sheet of the draft: its rows from the header on."""
    content = world.client("ana").get(f"{_here(world)}/sheet").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_name(book.sheet_names[0]).to_python(skip_empty_area=False)[4:]


def _xlsx(rows: Rows) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        days = book.add_format({"num_format": "d"})
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(at, place, value, days)
                else:
                    sheet.write(at, place, value)
    return content.getvalue()


def _row(world: World, rows: Rows, username: str) -> list[object]:
    return next(row for row in rows if row[0] == world.officer_id(username))


def _draft(world: World) -> Draft:
    ana = world.viewer("ana")
    with world.database.reading() as db:
        return drafts.read(db, ana.office_id, ana.division_id or 0, MONTH)


def _look(world: World, rows: Rows) -> importing.Look:
    ana, draft = world.viewer("ana"), _draft(world)
    with world.database.reading() as db:
        return importing.look_at(db, ana, draft, importing.read(_xlsx(rows), "jadwal.xlsx", draft), opens=TODAY)


def _press(world: World, *cells: str) -> None:
    form = {"cell": list(cells), "version": str(_draft(world).version)}
    assert world.client("ana").post(f"{_here(world)}/cells", data=form).status_code == 303


@SQLITE
def test_a_sheet_that_went_out_comes_in_again_and_changes_what_was_written(world: World) -> None:
    rows, ben = _sheet(world), world.officer_id("ben")
    assert rows[0][:3] == ["No. pegawai", "Pegawai", "Jenis"]
    assert _look(world, rows).people == {}
    mine = _row(world, rows, "ben")
    mine[3:6] = ["r", "DL", ""]
    look = _look(world, rows)
    assert importing.packed(look.letters) == f"{ben}:1R,2DL"
    assert (look.left, look.ignored) == ([], ())
    ana, draft = world.viewer("ana"), _draft(world)
    with world.database.transaction() as db:
        version = importing.take(db, ana, draft, look.letters, version=look.version, now=world.now)
    with world.database.transaction() as db:
        assert importing.take(db, ana, draft, look.letters, version=look.version, now=world.now) == version == 1
    there = _draft(world)
    assert there.cells == {(ben, MONTH): Cell(PlanMode.HOME), (ben, date(2026, 12, 2)): Cell(PlanMode.FIELD)}
    with world.database.reading() as db:
        done, _undone = drafts.last_steps(db, ana, there)
    assert done
    assert done.act is RosterAct.IMPORTED


@SQLITE
def test_each_cell_that_cannot_be_taken_is_named_and_left(world: World) -> None:
    _press(world, f"{world.officer_id('ben')}.2026-12-01.L")
    leave = {"first": "2026-12-02", "last": "2026-12-02", "mode": "leave"}
    world.client("ana").post(f"/roster/{world.officer_id('ben')}/exceptions", data=leave)
    rows = _sheet(world)
    ben, tia = _row(world, rows, "ben"), _row(world, rows, "tia")
    ben[3:7] = ["R", "R", "X", "C"]
    rows += [tia.copy(), [4711, "Siapa", "PNS", *ben[3:]]]
    tia[1] = "Ben Tumiwa"
    look = _look(world, rows)
    assert look.people == {}
    said = {one.cell: one.reason for one in look.left}
    line = rows.index(ben) + 1
    assert "dikunci" in said[f"D{line}"]
    assert said[f"E{line}"].startswith("C ")
    assert said[f"F{line}"] == "Tulis K, R, atau DL."
    assert "Cuti" in said[f"G{line}"]
    assert "Tia" in said[f"A{rows.index(tia) + 1}"]
    assert said[f"A{len(rows)}"].startswith("Tidak ada")
    rows[rows.index(tia)][1] = rows[-2][1]
    assert "baris" in {one.cell: one.reason for one in _look(world, rows).left}[f"A{len(rows) - 1}"]


@SQLITE
def test_what_others_changed_since_the_sheet_went_out_stays(world: World) -> None:
    ben = world.officer_id("ben")
    _press(world, f"{ben}.2026-12-03.R")
    rows = _sheet(world)
    _press(world, f"{ben}.2026-12-01.DL", f"{ben}.2026-12-02.DL")
    _press(world, f"{ben}.2026-12-03.K")
    _row(world, rows, "ben")[3:6] = ["R", "K", "DL"]
    look = _look(world, rows)
    assert look.people == {}
    assert len(look.left) == 2  # the 2nd went out as K and says so still: nothing is wanted there
    assert all("DL" in one.reason or "K" in one.reason for one in look.left)


@SQLITE
def test_a_sheet_of_another_month_or_without_its_version_is_refused(world: World) -> None:
    rows = _sheet(world)
    for wrong in ("2026-11/1/0", "2026-12/999/0", rows[1][-1][:-1] + "7"):  # type: ignore[index]
        with pytest.raises(Refused, match="bulan lain"):
            _look(world, [rows[0], *([*row[:-1], wrong] for row in rows[1:])])
    with pytest.raises(Refused, match="Unduh"):
        _look(world, [rows[0], *([*row[:-1], ""] for row in rows[1:])])
    with pytest.raises(Refused, match="versi draf"):
        _look(world, [row[:-1] for row in rows])


@pytest.mark.parametrize("text", ["", "x", "1:", "1:1Q", "1:32K", "1:0K", "99999999999999999999:1K", "1:1K;"])
def test_what_comes_back_from_the_page_is_checked_again(text: str) -> None:
    with pytest.raises(Refused):
        importing.unpacked(text, MONTH)
    assert importing.unpacked("1:1K,2DL;3:4R", MONTH)[3, date(2026, 12, 4)] == "R"


@SQLITE
def test_the_page_tells_what_would_change_and_lack_and_takes_it_in_one_step(world: World) -> None:
    ana, here, rows = world.client("ana"), _here(world), _sheet(world)
    _row(world, rows, "tia")[3] = "R"
    assert f"{here}/import" in ana.get(here).text
    shown = ana.post(f"{here}/import", files={"file": ("jadwal.xlsx", _xlsx(rows))})
    assert shown.status_code == 200
    assert "1 hari akan berubah" in shown.text
    assert "1 Des: K menjadi R" in " ".join(shown.text.split())
    assert "THL 0/1" in shown.text
    assert _draft(world).version == 0
    form = form_of(shown.text, f"{here}/import/take")
    for _tap in range(2):
        assert ana.post(f"{here}/import/take", data=form).headers["location"] == here
    page = ana.get(here).text
    assert "Urungkan: lembar (1 hari)" in page
    ana.post(f"{here}/undo", data={"version": "1"})
    assert _draft(world).cells == {}
    assert ana.post(f"{here}/import/take", data=form).status_code == 409
    assert ana.post(f"{here}/import").status_code == 422
    assert ana.post(f"{here}/import", files={"file": ("a.xlsx", b"PK")}).status_code == 422
