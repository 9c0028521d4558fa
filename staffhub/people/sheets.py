"""Sheets that go out: the template of the register, and the register itself as it can be imported again."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.i18n import gettext as _
from staffhub.models import Division
from staffhub.people.cells import KIND_NAMES, ROLE_NAMES, shown_number
from staffhub.people.known import Person, people
from staffhub.people.register import COLUMNS, MAX_ROWS
from staffhub.security import Viewer

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTHS = (32, 24, 18, 28, 26, 32, 30, 18, 22, 16)


def template_csv() -> bytes:
    return csv_file(COLUMNS, [])


def template_xlsx(db: Session, office_id: int) -> bytes:
    """Header only, with numbers as text and lists to choose from; a second sheet explains the columns."""
    import xlsxwriter  # a few times a year, and 2 MB of a worker

    divisions = list(
        db.scalars(select(Division.short_name).where(Division.office_id == office_id).order_by(Division.sort))
    )
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet("pegawai")
        sheet.write_row(0, 0, list(COLUMNS), bold)
        sheet.freeze_panes(1, 1)
        for place, width in enumerate(_WIDTHS):
            sheet.set_column(place, place, width, as_text)
        lists = {"jenis pegawai": list(KIND_NAMES.values()), "bidang": divisions, "peran": list(ROLE_NAMES.values())}
        for place, name in enumerate(COLUMNS):
            if lists.get(name):
                sheet.data_validation(
                    1, place, MAX_ROWS, place, {"validate": "list", "source": lists[name], "ignore_blank": True}
                )
        notes = book.add_worksheet(_("how to fill in"))
        notes.set_column(0, 0, 18)
        notes.set_column(1, 1, 110)
        for row, (name, text) in enumerate(explanations().items()):
            notes.write_string(row, 0, name, bold)
            notes.write_string(row, 1, text)
    return content.getvalue()


def explanations() -> dict[str, str]:
    """What every column holds, in the reader's words."""
    return {
        "nama": _("Full name as in the decree. Never empty."),
        "NIP": _("18 digits, with or without blanks. Empty for THL: a number is made from the username."),
        "jenis pegawai": _("PNS, CPNS, PPPK, PPPK paruh waktu or THL."),
        "jabatan": _("Position. May stay empty."),
        "bidang": _("Short or full name of the division. Empty: the whole office, as for its head."),
        "atasan": _("Name or NIP of the direct superior in this file or in the office. May stay empty."),
        "email": _("For messages. May stay empty."),
        "telepon": _("8 to 15 digits. May stay empty."),
        "username": _("To sign in with; small letters, digits, dots. Never empty, and nobody else's."),
        "peran": _("pegawai, kepala bidang, kepala dinas, kepegawaian or admin. Empty: pegawai."),
    }


def register_csv(db: Session, me: Viewer, *, today: date) -> bytes:
    """Return the register of who is here now, in the columns of the template."""
    me.require("people.edit")
    everybody = [person for person in people(db, me.office_id, day=today) if person.officer_id]
    found = [person for person in everybody if person.active_to is None or person.active_to >= today]
    by_id = {person.officer_id: person for person in everybody}
    names = Counter(person.name for person in everybody)
    divisions = {
        row.id: row.short_name
        for row in db.execute(select(Division.id, Division.short_name).where(Division.office_id == me.office_id))
    }
    people_by_name = sorted(found, key=lambda one: one.name or "")
    lines = (_line(person, by_id.get(person.superior_id), names, divisions) for person in people_by_name)
    return csv_file(COLUMNS, lines)


def _line(person: Person, superior: Person | None, names: Counter[str | None], divisions: dict[int, str]) -> list[str]:
    above = ""
    if superior:
        above = shown_number(superior.number or "") if names[superior.name] > 1 else superior.name or ""
    return [
        person.name or "",
        shown_number(person.number or ""),
        KIND_NAMES[person.employment_type] if person.employment_type else "",
        person.position or "",
        divisions.get(person.division_id or 0, ""),
        above,
        person.email or "",
        person.phone or "",
        person.username or "",
        ROLE_NAMES[person.role] if person.role else "",
    ]


def csv_file(header: Iterable[str], lines: Iterable[Iterable[str]]) -> bytes:
    """Semicolons and a byte order mark: Excel with Indonesian settings takes the comma for the decimal sign, so only
    this opens in columns and with its letters right by a double click.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(list(header))
    writer.writerows([safe_cell(cell) for cell in line] for line in lines)
    return text.getvalue().encode("utf-8-sig")


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet would run as a formula is told to be text."""
    return f"'{text}" if text.startswith(_RISKY) or text.lstrip().startswith(_RISKY) else text
