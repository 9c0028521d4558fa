"""A person's daily log as XLSX (all that form B asks for, and by activity) and, by activity, as CSV; in Indonesian."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from staffhub import i18n, office, people
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.documents.book import PAPERS
from staffhub.reports.documents.lkh import described, number_of, state_of, title_of
from staffhub.reports.logbook import Activity, Line, Period, Subject, activities, minutes_of
from staffhub.security import Viewer

if TYPE_CHECKING:
    import xlsxwriter

_HEAD = 4  # rows above the table
_WIDTHS = (5, 12, 48, 8, 8, 10, 36, 8, 14, 16, 36)


def lkh_xlsx(db: Session, me: Viewer, who: Subject, period: Period, found: Sequence[Line]) -> bytes:
    """Dates and times are real ones; what people typed is text, whatever it begins with."""
    import xlsxwriter  # a few times a month, and 2 MB of a worker

    content = io.BytesIO()
    facts = office.facts(db, me.office_id)
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with i18n.in_locale("id"), xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"title": title_of(period), "author": facts.name})
        looks = _looks(book)
        sheet = book.add_worksheet("LKH")
        sheet.set_landscape()
        sheet.set_paper(PAPERS[facts.paper])
        _about(sheet, looks, who, period)
        _entries(sheet, looks, found)
        _activities(book.add_worksheet(_("By activity")), looks, activities(found))
    return content.getvalue()


def _looks(book: "xlsxwriter.Workbook") -> dict[str, Any]:
    cell = {"border": 1, "border_color": "#7C8785", "font_size": 9, "valign": "top"}
    return {
        "title": book.add_format({"bold": True, "font_size": 13}),
        "plain": book.add_format({"font_size": 9}),
        "head": book.add_format(cell | {"bold": True, "bg_color": "#DCE6E4", "text_wrap": True}),
        "text": book.add_format(cell | {"num_format": "@", "text_wrap": True}),
        "date": book.add_format(cell | {"num_format": "dd-mm-yyyy", "align": "left"}),
        "time": book.add_format(cell | {"num_format": "hh:mm", "align": "left"}),
        "count": book.add_format(cell | {"num_format": "General"}),
        "hours": book.add_format(cell | {"num_format": "0.00"}),
        "sum": book.add_format(cell | {"num_format": "General", "bold": True, "top": 2}),
    }


def _about(sheet: Any, looks: dict[str, Any], who: Subject, period: Period) -> None:
    sheet.write_string(0, 0, title_of(period), looks["title"])
    posted = who.parts[-1] if who.parts else None
    sheet.write_string(1, 0, f"{who.name}, {number_of(who, who.number)}", looks["plain"])
    sheet.write_string(
        2,
        0,
        ", ".join(part for part in (posted and posted.position, posted and posted.division) if part),
        looks["plain"],
    )


def _entries(sheet: Any, looks: dict[str, Any], found: Sequence[Line]) -> None:
    header = [
        _("No."),
        _("Date"),
        _("Activity"),
        _("Start"),
        _("End"),
        _("Duration (minutes)"),
        _("Description"),
        _("Volume"),
        _("Unit of volume"),
        _("Status"),
        _("File or evidence"),
    ]
    for place, (text, width) in enumerate(zip(header, _WIDTHS, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(_HEAD, place, text, looks["head"])
    sheet.freeze_panes(_HEAD + 1, 3)
    sheet.repeat_rows(_HEAD)
    sheet.fit_to_pages(1, 0)
    for at, line in enumerate(found, _HEAD + 1):
        _entry(sheet, looks, at, line)
    last = _HEAD + 1 + len(found)
    sheet.write_string(last, 4, _("Total"), looks["sum"])
    sheet.write_formula(last, 5, f"=SUM(F{_HEAD + 2}:F{last})", looks["sum"], minutes_of(found))


def _entry(sheet: Any, looks: dict[str, Any], at: int, line: Line) -> None:
    sheet.write_number(at, 0, at - _HEAD, looks["count"])
    sheet.write_datetime(at, 1, line.date, looks["date"])
    sheet.write_string(at, 2, line.text, looks["text"])
    sheet.write_datetime(at, 3, line.starts, looks["time"])
    sheet.write_datetime(at, 4, line.ends, looks["time"])
    sheet.write_number(at, 5, line.minutes, looks["count"])
    sheet.write_string(at, 6, described(line), looks["text"])
    _volume(sheet, looks, at, 7, line.quantity, line.unit)
    sheet.write_string(at, 9, state_of(line), looks["text"])
    sheet.write_string(at, 10, line.link, looks["text"])


def _volume(sheet: Any, looks: dict[str, Any], at: int, place: int, quantity: int | None, unit: str) -> None:
    if quantity is None:
        sheet.write_blank(at, place, None, looks["count"])
        sheet.write_blank(at, place + 1, None, looks["text"])
        return
    sheet.write_number(at, place, quantity, looks["count"])
    sheet.write_string(at, place + 1, unit, looks["text"])


def _header_of_activities() -> list[str]:
    return [
        _("Activity"),
        _("Volume"),
        _("Unit of volume"),
        _("Hours"),
        _("Minutes"),
        _("Times"),
        _("First day"),
        _("Last day"),
    ]


def _activities(sheet: Any, looks: dict[str, Any], found: Sequence[Activity]) -> None:
    for place, (text, width) in enumerate(zip(_header_of_activities(), (48, 8, 14, 8, 9, 8, 12, 12), strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, text, looks["head"])
    sheet.freeze_panes(1, 1)
    for at, one in enumerate(found, 1):
        sheet.write_string(at, 0, one.name, looks["text"])
        _volume(sheet, looks, at, 1, one.quantity, one.unit)
        sheet.write_number(at, 3, one.minutes / 60, looks["hours"])
        sheet.write_number(at, 4, one.minutes, looks["count"])
        sheet.write_number(at, 5, one.times, looks["count"])
        sheet.write_datetime(at, 6, min(one.days), looks["date"])
        sheet.write_datetime(at, 7, max(one.days), looks["date"])


def activities_csv(found: Sequence[Activity]) -> bytes:
    with i18n.in_locale("id"):
        return people.csv_file(
            _header_of_activities(),
            (
                [
                    one.name,
                    "" if one.quantity is None else str(one.quantity),
                    one.unit,
                    words.number(round(one.minutes / 60, 2)),
                    str(one.minutes),
                    str(one.times),
                    min(one.days).isoformat(),
                    max(one.days).isoformat(),
                ]
                for one in found
            ),
        )
