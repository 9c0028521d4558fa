"""Files that leave the office: the month as CSV."""

import csv
import io
import re

from staffhub.days import DayRecord
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.recap import Month, Staff

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_NIP = re.compile(r"(\d{8})(\d{6})(\d)(\d{3})")


def month_csv(sheet: Month, *, full_numbers: bool) -> bytes:
    """One row per officer and day.

    Semicolons and a byte order mark: Excel with Indonesian settings takes the comma for the decimal sign, so only this
    opens in columns and with its letters right by a double click.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_header())
    for line in sheet.lines:
        who = line.officer
        number = shown_number(who.number) if full_numbers else masked_number(who.number)
        for record in line.records:
            writer.writerow([safe_cell(cell) for cell in _row(who, number, record)])
    return text.getvalue().encode("utf-8-sig")


def _header() -> list[str]:
    return [
        _("Date"),
        _("Staff number"),
        _("Name"),
        _("Division"),
        _("Employment"),
        _("Planned place"),
        _("State"),
        _("First mark"),
        _("Last mark"),
        _("Places of work"),
        _("Late (minutes)"),
        _("Early (minutes)"),
        _("Remarks"),
    ]


def _row(officer: Staff, number: str, record: DayRecord) -> list[str]:
    note = "; ".join(part for part in (words.sentence(record), record.plan.note) if part)
    return [
        record.day.isoformat(),
        number,
        officer.name,
        officer.division or "",
        words.employment(officer.employment_type),
        words.place(record.plan.mode),
        words.of_record(record),
        record.first.strftime("%H:%M") if record.first else "",
        record.last.strftime("%H:%M") if record.last else "",
        ", ".join(words.place(mode) for mode in record.modes),
        str(record.late or ""),
        str(record.early or ""),
        note,
    ]


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet would run as a formula is told to be text."""
    return f"'{text}" if text.startswith(_RISKY) or text.lstrip().startswith(_RISKY) else text


def shown_number(number: str) -> str:
    """A NIP as it is printed, in groups; 18 digits in one piece lose the last three in a spreadsheet."""
    match = _NIP.fullmatch(number)
    return " ".join(match.groups()) if match else number


def masked_number(number: str) -> str:
    """The end only: the rest of a NIP tells birth date and year of appointment."""
    return "***" + (number[-3:] if _NIP.fullmatch(number) else "")
