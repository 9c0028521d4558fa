"""The register as a file: an XLSX or CSV becomes rows of cells, or is refused before it can do harm.

An XLSX is an archive that others made. It is unpacked here within limits, its sheets are checked for far-off cells,
and only what was checked is handed to the reader, which would otherwise set up memory for every cell of the range.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice

from python_calamine import CalamineError, CalamineWorkbook

from staffhub.errors import Refused
from staffhub.i18n import gettext as _

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5000
_MAX_UNPACKED = 24 * 1024 * 1024
_MAX_COLUMNS = 64
# Shared texts are stored once and repeated per cell: this bounds what the repeated cells may add up to.
_MAX_TEXT = 256 * 1024 * 1024
_HEADER_WITHIN = 10
_EXACT_DIGITS = 15

# Column name as in the template -> other names offices write above the same column.
COLUMNS: dict[str, tuple[str, ...]] = {
    "nama": ("nama lengkap", "nama pegawai", "name"),
    "NIP": ("nomor", "nip ni pppk", "nip nipppk", "ni pppk", "number", "employee number"),
    "jenis pegawai": ("jenis", "status pegawai", "kind", "employment type"),
    "jabatan": ("position",),
    "bidang": ("unit", "bidang sekretariat", "division"),
    "atasan": ("atasan langsung", "superior", "direct superior"),
    "email": ("e mail", "surel"),
    "telepon": ("no hp", "nomor hp", "hp", "no telepon", "nomor telepon", "telp", "phone"),
    "username": ("nama pengguna", "user name", "akun"),
    "peran": ("role",),
}


@dataclass(frozen=True)
class Cell:
    """What one cell says. `rounded`: the spreadsheet kept a number too long to be exact."""

    text: str
    rounded: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the file with its number in the sheet; `cells` by column name of the template."""

    number: int
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Register:
    """`letters` says where each column stands in the file; `ignored` are the headers that were not read."""

    rows: tuple[Row, ...]
    letters: dict[str, str]
    ignored: tuple[str, ...] = ()


def read_register(data: bytes, filename: str) -> Register:
    """Read a register; Refused when it is no such file, too large, or lacks a column."""
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than 5 MB. Save only the register in it."), field="file")
    if not data.strip():
        raise Refused(_("The file is empty."), field="file")
    lines = _sheet_lines(data) if data.startswith(b"PK") else _csv_lines(data, filename)
    return _arrange(lines)


def _arrange(lines: Iterable[list[Cell]]) -> Register:
    numbered = enumerate(islice(lines, MAX_ROWS + _HEADER_WITHIN + 1), 1)
    at, header = _find_header(numbered)
    places, ignored = _places(header)
    rows = tuple(
        Row(number, {name: _at(cells, place) for name, place in places.items()})
        for number, cells in numbered
        if any(cell.text for cell in cells)
    )
    if len(rows) > MAX_ROWS or (rows and rows[-1].number > at + MAX_ROWS):
        raise Refused(_("The file has more than %(n)s rows. Split it.", n=MAX_ROWS), field="file")
    if not rows:
        raise Refused(_("The file has a header but no rows below it."), field="file")
    return Register(rows, {name: column_letter(place) for name, place in places.items()}, ignored)


def _at(cells: list[Cell], place: int) -> Cell:
    return cells[place] if place < len(cells) else Cell("")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.casefold()).split())


_NAMES = {_plain(name): column for column, others in COLUMNS.items() for name in (column, *others)}


def _find_header(numbered: Iterator[tuple[int, list[Cell]]]) -> tuple[int, list[Cell]]:
    """Offices put a title above their table: the header is the first line that names at least three columns."""
    for number, cells in islice(numbered, _HEADER_WITHIN):
        known = {_NAMES[_plain(cell.text)] for cell in cells if _plain(cell.text) in _NAMES}
        if len(known) >= 3:  # noqa: PLR2004  a title or a row of data never names three
            return number, cells
    text = _("No header found. The first row names the columns: %(columns)s.", columns=", ".join(COLUMNS))
    raise Refused(text, field="file")


def _places(header: list[Cell]) -> tuple[dict[str, int], tuple[str, ...]]:
    places: dict[str, int] = {}
    ignored = []
    for place, cell in enumerate(header):
        name = _NAMES.get(_plain(cell.text))
        if name is None:
            if cell.text:
                ignored.append(f"{column_letter(place)} ({cell.text[:40]})")
        elif name in places:
            raise Refused(_("The column %(name)s is there twice.", name=name), field="file")
        else:
            places[name] = place
    missing = [name for name in COLUMNS if name not in places]
    if missing:
        text = _("Columns are missing: %(names)s. A cell may stay empty, its column may not.", names=", ".join(missing))
        raise Refused(text, field="file")
    return places, tuple(ignored)


def column_letter(place: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# CSV


def _csv_lines(data: bytes, filename: str) -> Iterator[list[Cell]]:
    if not filename.lower().endswith((".csv", ".txt")) or b"\0" in data:
        raise Refused(_("This is not an XLSX or CSV file. Save the register as one of these."), field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what older spreadsheets on Windows write
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            yield [_text_cell(value) for value in line]
    except csv.Error:
        raise Refused(_("The CSV file is damaged. Save it again from the spreadsheet."), field="file") from None


def _delimiter(text: str) -> str:
    """Indonesian spreadsheets write semicolons, since the comma stands in numbers: count in the first lines."""
    head = text[:2000]
    return max((";", ",", "\t"), key=head.count)


def _text_cell(value: str) -> Cell:
    text = value.strip()
    return Cell(text, rounded=bool(re.fullmatch(r"\d[.,]\d+E\+?1\d", text, re.IGNORECASE)))


# XLSX


def _sheet_lines(data: bytes) -> Iterator[list[Cell]]:
    checked = _repacked(data)
    try:
        with CalamineWorkbook.from_filelike(checked) as book:
            # to_python would leave out the empty rows above the table, and every row number would be wrong
            rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError):
        raise Refused(_damaged(), field="file") from None
    yield from ([_typed_cell(value) for value in row] for row in rows)


def _damaged() -> str:
    return _("The XLSX file is damaged or locked with a password. Save it again, then choose it again.")


def _typed_cell(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(str(value).strip())
    if abs(value) >= 10**_EXACT_DIGITS:
        return Cell(f"{value:.5E}".replace(".", ","), rounded=True)
    return Cell(str(int(value)) if value == int(value) else str(value))


_EMPTY = re.compile(rb"<(?:\w+:)?c\b[^<>]*/>|<(?:\w+:)?row\b[^<>]*/>|<(?:\w+:)?row\b[^<>]*>\s*</(?:\w+:)?row\s*>")
_CELL = re.compile(rb"<(?:\w+:)?c\b")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)(\d+)""")
_TEXT_END = re.compile(rb"</(?:\w+:)?si\s*>")


def _repacked(data: bytes) -> io.BytesIO:
    """Unpack within limits and pack what was checked again: the sizes an archive states are only claims."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = dict(_unpacked(archive))
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        raise Refused(_damaged(), field="file") from None
    if "xl/workbook.xml" not in parts:
        raise Refused(_("This is not an XLSX or CSV file. Save the register as one of these."), field="file")
    # Some programs write the texts into the cells and no table of shared ones.
    shared = (text for part in parts.values() if b"<sst" in part[:500] for text in _TEXT_END.split(part))
    longest = max(map(len, shared), default=0)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, _checked_sheet(part, longest) if b"sheetData" in part else part)
    packed.seek(0)
    return packed


def _unpacked(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    left = _MAX_UNPACKED
    for info in archive.infolist():
        if info.filename.endswith((".xml", ".rels")):
            with archive.open(info) as member:
                part = member.read(left + 1)
            left -= len(part)
            if left < 0:
                raise Refused(_("The file unpacks to far more than a register. Save only the register."), field="file")
            yield info.filename, part


def _checked_sheet(sheet: bytes, longest: int) -> bytes:
    """Drop cells that only carry a format, and refuse what a reader would need too much memory for."""
    sheet = _EMPTY.sub(b"", _EMPTY.sub(b"", sheet))
    cells = len(_CELL.findall(sheet))
    if cells > MAX_ROWS * _MAX_COLUMNS or cells * longest > _MAX_TEXT:
        raise Refused(_("The file unpacks to far more than a register. Save only the register."), field="file")
    for letters, digits in _PLACE.findall(sheet):
        if _column_number(letters) > _MAX_COLUMNS:
            raise Refused(_("The sheet has cells far to the right. Delete the columns beside the table."), field="file")
        if len(digits) > len(str(MAX_ROWS)) or int(digits) > MAX_ROWS + _HEADER_WITHIN:
            raise Refused(_("The file has more than %(n)s rows. Split it.", n=MAX_ROWS), field="file")
    return sheet


def _column_number(letters: bytes) -> int:
    return reduce(lambda number, letter: number * 26 + letter - 64, letters.upper(), 0)
