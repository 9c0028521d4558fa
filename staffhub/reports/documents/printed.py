"""The recap as a PDF: what the template asks for."""

from typing import Any

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.reports import words
from staffhub.reports.documents import letterhead, press
from staffhub.reports.documents.lines import Recap, Row, Signer, meaning
from staffhub.reports.documents.words import changed_header, changed_row, title, weekday


def month_pdf(recap: Recap) -> bytes:
    return press.pdf("recap", month_data(recap))


def month_data(recap: Recap) -> dict[str, Any]:
    place = 0
    groups = []
    for group in recap.groups:
        rows = [_row(recap, row, place + n) for n, row in enumerate(group.rows, 1)]
        place += len(rows)
        groups.append({"name": group.name, "rows": rows})
    days = [{"number": str(day.day), "letter": weekday(day), "free": day in recap.free} for day in recap.days]
    content = letterhead.dressed(
        recap.office,
        title(recap),
        division=recap.division,
        seal=recap.seal,
        days=days,
        letters=[[letter, meaning(letter)] for letter in recap.letters],
        minutes=[_("minutes worked"), _("minutes late"), _("minutes early")],
        groups=groups,
        notes=recap.notes,
        changed=[changed_header(), *(changed_row(one) for one in recap.changes)] if recap.changes else [],
        signers=[
            _signer(recap.head, _("Seen and approved,")),
            _signer(recap.personnel, _place_and_day(recap)),
        ],
    )
    content["words"] |= {
        "number": _("No."),
        "name": _("Name and staff number"),
        "key": _("Key:"),
        "notes": _("Notes:"),
        "changed": _("What the supplements changed"),
    }
    return content


def _row(recap: Recap, row: Row, place: int) -> dict[str, Any]:
    counts = [row.count(letter) for letter in recap.letters]
    return {
        "place": str(place),
        "name": row.name,
        "number": row.number,
        "note": row.note,
        "codes": row.codes,
        # What is nothing stays blank, so that what is something is seen.
        "totals": [words.number(count) if count else "" for count in (*counts, row.worked, row.late, row.early)],
    }


def _signer(signer: Signer, above: str) -> dict[str, str]:
    number = _("NIP %(number)s", number=signer.number) if signer.number else ""
    return {"above": above, "title": signer.position, "name": signer.name, "number": number}


def _place_and_day(recap: Recap) -> str:
    place = recap.office.signing_place
    return f"{place}, {i18n.day(recap.day)}" if place else i18n.day(recap.day)
