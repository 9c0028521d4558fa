"""Files that leave the office: the month as CSV."""

from staffhub import people
from staffhub.days import DayRecord
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.recap import Month, Staff


def month_csv(sheet: Month, *, full_numbers: bool) -> bytes:
    """One row per officer and day."""
    number_of = people.shown_number if full_numbers else people.masked_number
    lines = (
        _row(line.officer, number_of(line.officer.number), record) for line in sheet.lines for record in line.records
    )
    return people.csv_file(_header(), lines)


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
