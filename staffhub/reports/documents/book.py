"""The recap as XLSX: a sheet for each bidang, whose totals are formulas that anybody can follow."""

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from staffhub.i18n import gettext as _
from staffhub.models import Paper
from staffhub.reports.documents.lines import Group, Recap, meaning, patterns
from staffhub.reports.documents.words import changed_header, changed_row, title, weekday

if TYPE_CHECKING:
    import xlsxwriter

_HEAD = 5  # rows above the table
_LEFT = 3  # number, name, NIP
# What Excel calls Folio is 8.5 x 13 inches: F4 within a millimetre.
PAPERS = {Paper.F4: 14, Paper.A4: 9}
_MINUTES = 3


def month_xlsx(recap: Recap) -> bytes:
    import xlsxwriter  # a few times a month, and 2 MB of a worker

    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": title(recap), "author": recap.office.name, "comments": recap.seal})
        looks = _looks(book)
        taken: set[str] = set()
        for group in recap.groups or [Group(recap.office.name, "", [])]:
            _sheet(book.add_worksheet(_tab(group.short, taken)), looks, recap, group)
        if recap.changes:
            _changes(book.add_worksheet(_tab(_("Supplements"), taken)), looks, recap)
        _key(book.add_worksheet(_tab(_("Key"), taken)), looks, recap)
    return content.getvalue()


def _looks(book: "xlsxwriter.Workbook") -> Mapping[str, Any]:
    cell = {"border": 1, "border_color": "#7C8785", "font_size": 9, "valign": "vcenter"}
    centred = cell | {"align": "center"}
    return {
        "title": book.add_format({"bold": True, "font_size": 13}),
        "plain": book.add_format({"font_size": 9}),
        "bold": book.add_format({"bold": True, "font_size": 9}),
        "head": book.add_format(centred | {"bold": True, "bg_color": "#DCE6E4", "text_wrap": True}),
        "text": book.add_format(cell | {"num_format": "@"}),
        "code": book.add_format(centred | {"num_format": "@", "font_size": 8}),
        "free": book.add_format(centred | {"num_format": "@", "font_size": 8, "bg_color": "#ECEFEE"}),
        "count": book.add_format(centred | {"num_format": "General"}),
        "sum": book.add_format(centred | {"num_format": "General", "bold": True, "top": 2}),
    }


def _tab(name: str, taken: set[str]) -> str:
    """Return a name that a sheet may have, and none of the others has."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", name).strip(" '")[:28] or "1"
    free = next(one for one in (plain, *(f"{plain} {n}" for n in range(2, 99))) if one.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _sheet(sheet: Any, looks: Mapping[str, Any], recap: Recap, group: Group) -> None:
    _print_setup(sheet, recap)
    for at, (text, look) in enumerate(
        (
            (f"{recap.office.government} {recap.office.name}".strip(), "bold"),
            (title(recap), "title"),
            (group.name, "bold"),
            (recap.seal, "plain"),
        )
    ):
        sheet.write_string(at, 0, text, looks[look])
    minutes = (_("Worked (minutes)"), _("Late (minutes)"), _("Early (minutes)"))
    days = [f"{weekday(day)}\n{day.day}" for day in recap.days]
    for place, text in enumerate((_("No."), _("Name"), _("Staff number"), *days, *recap.letters, *minutes)):
        sheet.write_string(_HEAD, place, text, looks["head"])
    for number, row in enumerate(group.rows):
        _line(sheet, looks, recap, _HEAD + 1 + number, number + 1, row)
    _sums(sheet, looks, recap, group)


def _print_setup(sheet: Any, recap: Recap) -> None:
    last = _LEFT + len(recap.days)
    sheet.set_landscape()
    sheet.set_paper(PAPERS[recap.office.paper])
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    foot = recap.seal.replace("&", "&&")[:180]
    sheet.set_footer(f"&L&7{foot}&R&7&P / &N")
    sheet.freeze_panes(_HEAD + 1, 2)
    sheet.set_row(_HEAD, 28)
    sheet.set_column(0, 0, 4)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2, 23)
    sheet.set_column(_LEFT, last - 1, 4.3)
    sheet.set_column(last, last + len(recap.letters) - 1, 5)
    sheet.set_column(last + len(recap.letters), last + len(recap.letters) + _MINUTES - 1, 9)


def _line(sheet: Any, looks: Mapping[str, Any], recap: Recap, at: int, number: int, row: Any) -> None:
    sheet.write_number(at, 0, number, looks["count"])
    sheet.write_string(at, 1, f"{row.name} ({row.note})" if row.note else row.name, looks["text"])
    sheet.write_string(at, 2, row.number, looks["text"])
    for place, (day, code) in enumerate(zip(recap.days, row.codes, strict=True)):
        sheet.write_string(at, _LEFT + place, code, looks["free" if day in recap.free else "code"])
    last = _LEFT + len(recap.days)
    where = f"{_cell(at, _LEFT)}:{_cell(at, last - 1)}"
    for place, letter in enumerate(recap.letters):
        counted = "+".join(f'COUNTIF({where},"{wanted}"){part}' for wanted, part in patterns(letter, row.codes))
        sheet.write_formula(at, last + place, f"={counted}", looks["count"], row.count(letter))
    for place, minutes in enumerate((row.worked, row.late, row.early)):
        sheet.write_number(at, last + len(recap.letters) + place, minutes, looks["count"])


def _sums(sheet: Any, looks: Mapping[str, Any], recap: Recap, group: Group) -> None:
    if not group.rows:
        return
    first, at = _HEAD + 1, _HEAD + 1 + len(group.rows)
    last = _LEFT + len(recap.days)
    sheet.write_string(at, 1, _("Total"), looks["sum"])
    sums = [sum(row.count(letter) for row in group.rows) for letter in recap.letters]
    sums += [sum(getattr(row, name) for row in group.rows) for name in ("worked", "late", "early")]
    for place, total in enumerate(sums):
        summed = f"=SUM({_cell(first, last + place)}:{_cell(at - 1, last + place)})"
        sheet.write_formula(at, last + place, summed, looks["sum"], total)


def _changes(sheet: Any, looks: Mapping[str, Any], recap: Recap) -> None:
    """What each signed supplement changed, with before and after."""
    for place, (text, width) in enumerate(zip(changed_header(), (10, 16, 32, 44, 44), strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, text, looks["head"])
    sheet.freeze_panes(1, 0)
    for at, one in enumerate(recap.changes, 1):
        sheet.write_number(at, 0, one.number, looks["count"])
        for place, text in enumerate(changed_row(one)[1:], 1):
            sheet.write_string(at, place, text, looks["text"])


def _key(sheet: Any, looks: Mapping[str, Any], recap: Recap) -> None:
    """What the letters mean, and what is noted of the month."""
    sheet.set_column(0, 0, 8)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, _("Key"), looks["title"])
    for row, letter in enumerate(recap.letters, 2):
        sheet.write_string(row, 0, letter, looks["bold"])
        sheet.write_string(row, 1, meaning(letter), looks["plain"])
    for row, note in enumerate((*recap.notes, recap.seal), 3 + len(recap.letters)):
        sheet.write_string(row, 1, note, looks["plain"])


def _cell(row: int, column: int) -> str:
    name = ""
    place = column + 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return f"{name}{row + 1}"
