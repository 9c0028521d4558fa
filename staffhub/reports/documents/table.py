"""Files that leave the office: the month as CSV, one row per officer and day.

A signed month is told from its snapshot, which keeps no plan and no single correction: these columns are empty then.
What a supplement changed says in the same row which one, and how the day read before.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from staffhub import people
from staffhub.days import HALF, CorrectionFact, DayRecord
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.documents import lines
from staffhub.reports.documents.signed import Change, Part, SignedDays
from staffhub.reports.documents.words import employed, off_hours, reads
from staffhub.reports.recap import Month, Staff
from staffhub.signing import Day


def month_csv(sheet: Month, *, seal: str, full_numbers: bool) -> bytes:
    """Tell the days as they read now; `seal` says in every row that nobody has signed them."""
    number_of = people.shown_number if full_numbers else people.masked_number
    told = (
        [*_row(line.officer, number_of(line.officer.number), record), *_counted(record.code), "", "", seal]
        for line in sheet.lines
        for record in line.records
        if line.officer.holds(record.day)
    )
    return people.csv_file(_header(), told)


def signed_csv(found: SignedDays, *, seal: str, full_numbers: bool) -> bytes:
    """Tell the days as they were signed; `seal` stands in every row, as on every page of the print."""
    number_of = people.shown_number if full_numbers else people.masked_number
    changed = found.changed
    told = (
        [*row, seal]
        for name, _short, parts in found.groups
        for part in parts
        for row in _signed_rows(part, number_of(part.number), name, found.dates, changed)
    )
    return people.csv_file(_header(), told)


def _signed_rows(
    part: Part, number: str, division: str, dates: list[date], changed: dict[tuple[int, date], Change]
) -> Iterator[list[str]]:
    for day, kept in zip(dates, part.days, strict=True):
        if kept is None:
            continue
        change = changed.get((part.officer_id, day))
        before = [str(change.number), reads(change.before)] if change else ["", ""]
        yield [
            day.isoformat(),
            number,
            part.name,
            division,
            *_kept(kept, day),
            *_counted(kept.get("code", "")),
            *before,
        ]


def _kept(kept: Day, day: date) -> list[str]:
    code = kept.get("code", "")
    return [
        employed(kept),
        "",
        code,
        ", ".join(_meaning(letter) for letter in code.split()),
        _time(kept.get("first"), day),
        _time(kept.get("last"), day),
        str(kept.get("worked") or ""),
        words.place(kept["mode"]) if kept.get("mode") else "",
        str(kept.get("late") or ""),
        str(kept.get("early") or ""),
        off_hours(kept),
        "",
    ]


def _time(text: str | None, day: date) -> str:
    """The same as of a day that is not signed: alone, or with its date when it is of the next day."""
    if not text or not text.startswith("+"):
        return text or ""
    ahead, _space, time = text.partition(" ")
    return f"{day + timedelta(days=int(ahead))} {time}"


def _meaning(letter: str) -> str:
    whole = lines.meaning(letter.removesuffix(HALF)) or letter
    return _("%(what)s for half a day", what=whole) if HALF in letter else whole


def _counted(code: str) -> list[str]:
    """1 below each letter that the day has, so that a spreadsheet can sum them; WFH and late are present as well.

    Half a day is 0,5 with the comma of the reader's language, as the spreadsheets of that language read it.
    """
    found = (lines.share(letter, code) for letter in lines.LETTERS)
    return [words.number(share) if share else "" for share in found]


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
        *lines.LETTERS,
        _("Supplement"),
        _("Before the supplement"),
        _("Signature"),
    ]


def _row(officer: Staff, number: str, record: DayRecord) -> list[str]:
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
        words.remarks(record),
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
