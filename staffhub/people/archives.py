"""An XLSX is an archive that others made. It is unpacked within limits, its sheets are checked for far-off cells,
and only what was checked is handed to a reader, which would otherwise set up memory for every cell of the range.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import reduce
from typing import NamedTuple

from staffhub.errors import Refused
from staffhub.i18n import gettext as _


class Limits(NamedTuple):
    """`above`: rows that may stand above the table. Shared texts are stored once and repeated per cell: `text` bounds
    what the repeated cells may add up to.
    """

    rows: int
    above: int
    unpacked: int = 24 * 1024 * 1024
    columns: int = 64
    text: int = 256 * 1024 * 1024


def damaged() -> str:
    return _("The XLSX file is damaged or locked with a password. Save it again, then choose it again.")


_EMPTY = re.compile(rb"<(?:\w+:)?c\b[^<>]*/>|<(?:\w+:)?row\b[^<>]*/>|<(?:\w+:)?row\b[^<>]*>\s*</(?:\w+:)?row\s*>")
_CELL = re.compile(rb"<(?:\w+:)?c\b")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)(\d+)""")
_TEXT_END = re.compile(rb"</(?:\w+:)?si\s*>")


def repacked(data: bytes, limits: Limits) -> io.BytesIO:
    """Unpack within limits and pack what was checked again: the sizes an archive states are only claims."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = dict(_unpacked(archive, limits))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        raise Refused(damaged(), field="file") from None
    if "xl/workbook.xml" not in parts:
        raise Refused(_("This is not an XLSX or CSV file. Save the list as one of these."), field="file")
    # Some programs write the texts into the cells and no table of shared ones.
    shared = (text for part in parts.values() if b"<sst" in part[:500] for text in _TEXT_END.split(part))
    longest = max(map(len, shared), default=0)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, _checked_sheet(part, longest, limits) if b"sheetData" in part else part)
    packed.seek(0)
    return packed


def _unpacked(archive: zipfile.ZipFile, limits: Limits) -> Iterator[tuple[str, bytes]]:
    left = limits.unpacked
    for info in archive.infolist():
        if info.filename.endswith((".xml", ".rels")):
            with archive.open(info) as member:
                part = member.read(left + 1)
            left -= len(part)
            if left < 0:
                raise Refused(_("The file unpacks to far more than a list. Save only the list."), field="file")
            yield info.filename, part


def _checked_sheet(sheet: bytes, longest: int, limits: Limits) -> bytes:
    """Drop cells that only carry a format, and refuse what a reader would need too much memory for."""
    sheet = _EMPTY.sub(b"", _EMPTY.sub(b"", sheet))
    cells = len(_CELL.findall(sheet))
    if cells > limits.rows * limits.columns or cells * longest > limits.text:
        raise Refused(_("The file unpacks to far more than a list. Save only the list."), field="file")
    for letters, digits in _PLACE.findall(sheet):
        if _column_number(letters) > limits.columns:
            raise Refused(_("The sheet has cells far to the right. Delete the columns beside the table."), field="file")
        if len(digits) > len(str(limits.rows)) or int(digits) > limits.rows + limits.above:
            raise Refused(_("The file has more than %(n)s rows. Split it.", n=limits.rows), field="file")
    return sheet


def _column_number(letters: bytes) -> int:
    return reduce(lambda number, letter: number * 26 + letter - 64, letters.upper(), 0)
