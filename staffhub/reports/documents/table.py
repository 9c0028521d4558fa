"""Files that leave the office: the month as CSV."""

from staffhub import people
from staffhub.days import CorrectionFact, DayRecord
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.recap import Month, Staff


def month_csv(sheet: Month, *, full_numbers: bool) -> bytes:
    """One row per officer and day."""
    number_of = people.shown_number if full_numbers else people.masked_number
    lines = (
        _row(line.officer, number_of(line.officer.number), record)
        for line in sheet.lines
        for record in line.records
        if line.officer.holds(record.day)
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
        _("Code"),
        _("State"),
        _("First mark"),
        _("Last mark"),
        _("Worked (minutes)"),
        _("Places of work"),
        _("Late (minutes)"),
        _("Early (minutes)"),
        _("Remarks"),
        _("Corrections"),
    ]


def _row(officer: Staff, number: str, record: DayRecord) -> list[str]:
    note = "; ".join(part for part in (words.sentence(record), record.plan.note) if part)
    return [
        record.day.isoformat(),
        number,
        officer.name,
        officer.division or "",
        words.employment(officer.employment_on(record.day)),
        words.place(record.plan.mode),
        record.code,
        words.of_record(record),
        record.first.strftime("%H:%M") if record.first else "",
        _ends(record),
        str(record.worked or ""),
        ", ".join(words.place(mode) for mode in record.modes),
        str(record.late or ""),
        str(record.early or ""),
        note,
        "; ".join(_corrected(fact, record) for fact in record.corrections),
    ]


def _ends(record: DayRecord) -> str:
    """The time alone, or with its date when work ended on the next day."""
    if record.last is None:
        return ""
    return record.last.strftime("%Y-%m-%d %H:%M" if record.ends_later else "%H:%M")


def _corrected(fact: CorrectionFact, record: DayRecord) -> str:
    """What was corrected, by whom and why: "Check-out 15:58 (Hana Tendean: forgot, see the request)"."""
    at = words.moment(fact.at.astimezone(record.zone), record.day) if fact.at else ""
    place = words.place(fact.mode) if fact.mode else ""
    why = ", ".join(part for part in (words.correction_reason(fact.reason), fact.note) if part)
    what = " ".join(part for part in (words.correction_kind(fact.kind), at, place) if part)
    return f"{what} ({fact.author}: {why})"
