"""The days of a line of the month's sheet as markup: how a day looks is made once, since an office has thousands."""

from functools import lru_cache

from markupsafe import Markup

from staffhub.days import State
from staffhub.reports import words
from staffhub.reports.recap import Shown


def cells(line: Shown) -> Markup:
    """Return a cell for each day; one with something to look at leads to the day."""
    who, made = f"/attendance/{line.officer.id}/", []
    for record in line.records:
        planned = record.state is State.PLANNED
        before, after = _look(record.code, planned=planned, asks=record.needs_person, plain=record.is_plain)
        made.append(before + after if record.is_plain else f"{before}{who}{record.day}{after}")
    return Markup("".join(made))  # noqa: S704  letters, numbers and dates of our own


@lru_cache(maxsize=256)
def _look(code: str, *, planned: bool, asks: bool, plain: bool) -> tuple[str, str]:
    """Return what stands before and after the address of a day."""
    kinds = ["dim" if planned else words.shape(code), "q" if asks else ""]
    shown = " ".join(kind for kind in kinds if kind)
    cell = f'<td class="{shown}">' if shown else "<td>"
    return (cell, f"{code}</td>") if plain else (f'{cell}<a href="', f'">{code}</a></td>')
