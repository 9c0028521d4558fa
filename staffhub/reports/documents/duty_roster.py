"""The duty roster of a bidang on paper: one page, its head signs below; a draft says that it is one."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import dated, i18n, office
from staffhub.i18n import gettext as _
from staffhub.models import Officer, Posting, Role, posting_on, serves
from staffhub.people import shown_number
from staffhub.reports import words
from staffhub.reports.documents.letterhead import dressed
from staffhub.roster.grid import LENT, Grid, Line, Row


def file_name(grids: list[Grid], month: date, *, drafted: bool, kind: str) -> str:
    of_one = f"-{'-'.join(grids[0].short_name.lower().split())}" if len(grids) == 1 else ""
    name = f"jadwal-piket-{month:%Y-%m}{of_one}"
    return f"{name}{'-draf' if drafted else ''}.{kind}"


def of(db: Session, office_id: int, grids: list[Grid], month: date, *, drafted: bool, today: date) -> dict[str, Any]:
    """Return what the pages say, one for each bidang."""
    facts = office.facts(db, office_id)
    title = _("Duty roster of %(month)s", month=dated.month_name(month))
    heads = _heads(db, office_id, today)
    above = ", ".join(part for part in (facts.signing_place, i18n.day(today)) if part)
    return dressed(
        facts,
        title,
        foot=_("%(title)s. DRAFT, not published.", title=title) if drafted else title + ".",
        draft=_("DRAFT") if drafted else "",
        columns=[_("No."), _("Name")],
        office_days="K",
        pages=[_page(grid, above, heads.get(grid.division_id)) for grid in grids],
        legend=_legend(any(grid.lends for grid in grids)),
    )


def _page(grid: Grid, above: str, head: tuple[str, str, str] | None) -> dict[str, Any]:
    position, name, number = head or ("", "", "")
    return {
        "division": grid.name,
        "days": [{"number": str(day.day), "name": dated.weekday(day)} for day in grid.days],
        "rows": [_row(number, row) for number, row in enumerate(grid.rows, 1)],
        "covers": [_cover(line) for line in grid.lines],
        "signature": {
            "above": above,
            "title": position,
            "name": name,
            "number": _("NIP %(number)s", number=shown_number(number)) if number else "",
        },
    }


def _row(number: int, row: Row) -> dict[str, Any]:
    return {
        "place": str(number),
        "name": row.name,
        "kind": words.employment(row.employment),
        "letters": [square.letter for square in row.squares],
        "turns": str(row.turns),
    }


def _cover(line: Line) -> dict[str, Any]:
    return {
        "name": _("Covered: %(group)s", group=line.label),
        "days": [
            {"text": f"{cover.have}/{cover.minimum}" if cover else "", "short": bool(cover and cover.is_short)}
            for cover in line.covers
        ],
    }


def _legend(lends: bool) -> str:
    said = [
        ("K", _("office (duty)")),
        ("R", _("home")),
        ("DL", _("field duty")),
        ("C", _("leave")),
        ("L", _("day off")),
    ]
    said += [(LENT, _("keeps the desk of another division"))] if lends else []
    return ", ".join(f"{letter}: {text}" for letter, text in said)


def _heads(db: Session, office_id: int, today: date) -> dict[int, tuple[str, str, str]]:
    """Return who heads each bidang today, with position and number."""
    found = (
        select(Posting.division_id, Posting.position, Officer.name, Officer.number)
        .join(Officer, Officer.id == Posting.officer_id)
        .where(Officer.office_id == office_id, Posting.role == Role.DIVISION_HEAD, posting_on(today))
        .where(Posting.division_id.is_not(None), serves(today, today))
        .order_by(Officer.name.desc())
    )
    return {row.division_id or 0: (row.position or "", row.name, row.number) for row in db.execute(found)}
