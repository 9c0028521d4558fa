"""The month of the logs as XLSX: people, kinds of work, output; the same numbers as the page, in Indonesian."""

import io
from typing import Any

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.reports.documents.words import month
from staffhub.reports.logbook import Summary, counted

_PEOPLE = (34, 28, 12, 12, 12, 12, 10, 10, 12, 12)


def summary_xlsx(found: Summary) -> bytes:
    """Hours are numbers of hours; names and units are text, whatever they begin with."""
    import xlsxwriter  # a few times a month, and 2 MB of a worker

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with i18n.in_locale("id"), xlsxwriter.Workbook(content, options) as book:
        cell = {"border": 1, "border_color": "#7C8785", "font_size": 9, "valign": "top"}
        looks = {
            "head": book.add_format(cell | {"bold": True, "bg_color": "#DCE6E4", "text_wrap": True}),
            "text": book.add_format(cell | {"num_format": "@", "text_wrap": True}),
            "count": book.add_format(cell | {"num_format": "General"}),
            "hours": book.add_format(cell | {"num_format": "0.00"}),
        }
        book.set_properties({"title": _("Summary of the logs, %(month)s", month=month(found.first))})
        _table(book.add_worksheet(_("People")), looks, _people_header(), _PEOPLE, _people(found))
        works = [[work.name, work.minutes / 60, work.entries, work.closed] for work in found.works]
        header = [_("Kind of work"), _("Hours"), _("Entries"), _("Requests done")]
        _table(book.add_worksheet(_("Kind of work")), looks, header, (48, 10, 10, 12), works)
        outputs: list[list[Any]] = [[unit, count] for unit, count in found.outputs]
        sheet = book.add_worksheet(_("Output"))
        _table(sheet, looks, [_("Unit of volume"), _("Volume")], (28, 12), outputs)
        sheet.write_string(len(outputs) + 2, 0, counted())
    return content.getvalue()


def file_name(found: Summary) -> str:
    return f"ringkasan-lkh-{found.first:%Y-%m}.xlsx"


def _people_header() -> list[str]:
    return [
        _("Name"),
        _("Division"),
        _("Hours, requests"),
        _("Hours, meetings"),
        _("Hours, other work"),
        _("Hours, total"),
        _("Days with a log"),
        _("Days sent"),
        _("Days verified"),
        _("Requests done"),
    ]


def _people(found: Summary) -> list[list[Any]]:
    names = {part.id: part.name for part in found.parts}
    return [
        [
            one.name,
            names.get(one.division_id, ""),
            *(minutes / 60 for minutes in (*one.hours, one.hours.all)),
            one.days,
            one.sent,
            one.verified,
            one.closed,
        ]
        for one in found.people
    ]


def _table(
    sheet: Any, looks: dict[str, Any], header: list[str], widths: tuple[int, ...], found: list[list[Any]]
) -> None:
    for place, (text, width) in enumerate(zip(header, widths, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, text, looks["head"])
    sheet.freeze_panes(1, 1)
    for at, row in enumerate(found, 1):
        for place, told in enumerate(row):
            if isinstance(told, str):
                sheet.write_string(at, place, told, looks["text"])
            elif told is None:
                sheet.write_blank(at, place, None, looks["count"])
            else:
                sheet.write_number(at, place, told, looks["hours" if isinstance(told, float) else "count"])
