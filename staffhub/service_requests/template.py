"""The empty list that goes out, to be filled in and imported; and what its columns hold."""

import io

from sqlalchemy.orm import Session

from staffhub.i18n import gettext as _
from staffhub.people.sheets import csv_file
from staffhub.service_requests.importing import COLUMNS, MAX_ROWS
from staffhub.service_requests.words import services


def template_csv() -> bytes:
    return csv_file(COLUMNS, [])


def template_xlsx(db: Session, office_id: int) -> bytes:
    """Header only, with everything as text, so that telephones keep their 0; a second sheet explains the columns."""
    import xlsxwriter  # a few times a year, and 2 MB of a worker

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet, notes = book.add_worksheet("permohonan"), book.add_worksheet(_("how to fill in"))
        sheet.write_row(0, 0, list(COLUMNS), bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(COLUMNS) - 1, 24, as_text)
        lists = {"kanal": ["WhatsApp", "aplikasi", "loket"], "mendesak": ["ya", "tidak"]}
        for name, choices in lists.items():
            place = list(COLUMNS).index(name)
            rule = {"validate": "list", "source": choices, "ignore_blank": True}
            sheet.data_validation(1, place, MAX_ROWS, place, rule)
        notes.set_column(0, 0, 18)
        notes.set_column(1, 1, 110)
        codes = [(one.code, one.name) for one in services(db, office_id).values() if not one.ended]
        for row, (name, text) in enumerate([*explanations().items(), *codes]):
            notes.write_string(row, 0, name, bold)
            notes.write_string(row, 1, text)
    return content.getvalue()


def explanations() -> dict[str, str]:
    """What every column holds, in the reader's words."""
    return {
        "layanan": _("Code or name of the service. Never empty."),
        "nama": _("Short name of the applicant, for example “Novi T.”. Never empty; no NIK."),
        "telepon": _("With or without its 0. May stay empty."),
        "kanal": _("WhatsApp, aplikasi or loket. Empty: WhatsApp."),
        "mendesak": _("ya or tidak. Empty: tidak."),
        "alasan mendesak": _("Why it is urgent; only beside ya."),
        "rujukan": _("The number of the SIAK submission. May stay empty."),
        "catatan": _("A note without NIK and KK number. May stay empty."),
    }
