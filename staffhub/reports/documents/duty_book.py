"""The duty roster as XLSX: a sheet for each bidang, as the grid shows it, which may be changed and read in again."""

import io
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from staffhub import dated
from staffhub.i18n import gettext as _
from staffhub.models import PLAN_LETTERS, PlanMode
from staffhub.office import OfficeFacts
from staffhub.people.register import column_letter
from staffhub.reports import words
from staffhub.reports.documents.book import PAPERS
from staffhub.roster.grid import Grid

PLACE_OFFICE = PLAN_LETTERS[PlanMode.OFFICE]

# Rows above the header: the title, the bidang, what may be written.
_HEAD = 4
_FIRST_DAY = 3


def roster_xlsx(facts: OfficeFacts, grids: list[Grid], month: date, *, mark: str = "") -> bytes:
    """Write letters alone; the first column holds the officer, by which a row is known again.

    `mark`: of which draft it is, hidden in each row; without one the sheet is only read.
    """
    import xlsxwriter  # a few times a month, and 2 MB of a worker

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties(
            {"title": _("Duty roster of %(month)s", month=dated.month_name(month)), "author": facts.name}
        )
        cell = {"border": 1, "border_color": "#7C8785", "font_size": 9, "align": "center"}
        looks = {
            "title": book.add_format({"bold": True, "font_size": 13}),
            "plain": book.add_format({"font_size": 9}),
            "head": book.add_format(cell | {"bold": True, "bg_color": "#DCE6E4", "num_format": "d"}),
            "name": book.add_format(cell | {"align": "left", "num_format": "@"}),
            "open": book.add_format(cell),
            "K": book.add_format(cell | {"bg_color": "#0C5560", "font_color": "#FFFFFF", "bold": True}),
            "shut": book.add_format(cell | {"bg_color": "#E6EAE9"}),
            "sum": book.add_format(cell | {"bold": True}),
        }
        for grid in grids:
            sheet = book.add_worksheet(sheet_name(grid.short_name))
            sheet.set_landscape()
            sheet.set_paper(PAPERS[facts.paper])
            sheet.fit_to_pages(1, 0)
            _write(sheet, looks, grid, month, mark)
    return content.getvalue()


def sheet_name(short_name: str) -> str:
    """Return the name of a bidang without what a sheet may not bear."""
    return "".join(letter for letter in short_name if letter not in "[]:*?/\\'")[:31] or "Bidang"


def _write(sheet: Any, looks: Mapping[str, Any], grid: Grid, month: date, mark: str) -> None:
    sheet.write_string(0, 0, _("Duty roster of %(month)s", month=dated.month_name(month)), looks["title"])
    sheet.write_string(1, 0, grid.name, looks["plain"])
    if mark:
        text = _(
            "Write K, R or DL into the white cells; the others stay as they are. Then choose this file at the draft."
        )
        sheet.write_string(2, 0, text, looks["plain"])
    for place, (text, width) in enumerate(((_("Officer no."), 11), (_("Officer"), 32), (_("Kind"), 8))):
        sheet.set_column(place, place, width)
        sheet.write_string(_HEAD, place, text, looks["head"])
    last = _FIRST_DAY + len(grid.days)
    sheet.set_column(_FIRST_DAY, last, 4)
    for place, day in enumerate(grid.days, _FIRST_DAY):
        sheet.write_datetime(_HEAD, place, datetime(day.year, day.month, day.day), looks["head"])
    sheet.write_string(_HEAD, last, PLACE_OFFICE, looks["head"])
    if mark:
        sheet.write_string(_HEAD, last + 1, _("Draft version"), looks["head"])
        sheet.set_column(last + 1, last + 1, 12, None, {"hidden": True})
    sheet.freeze_panes(_HEAD + 1, _FIRST_DAY)
    for at, row in enumerate(grid.rows, _HEAD + 1):
        sheet.write_number(at, 0, row.officer_id, looks["shut"])
        sheet.write_string(at, 1, row.name, looks["name"])
        sheet.write_string(at, 2, words.employment(row.employment), looks["name"])
        for place, square in enumerate(row.squares, _FIRST_DAY):
            look = "K" if square.letter == PLACE_OFFICE and square.open else "open" if square.open else "shut"
            sheet.write_string(at, place, square.letter, looks[look])
        sheet.write_formula(at, last, _count(at, last), looks["sum"], row.turns)
        if mark and not row.lent:
            sheet.write_string(at, last + 1, mark)


def _count(at: int, last: int) -> str:
    return f'=COUNTIF({column_letter(_FIRST_DAY)}{at + 1}:{column_letter(last - 1)}{at + 1},"{PLACE_OFFICE}")'
