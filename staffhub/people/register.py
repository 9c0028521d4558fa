"""The register as a file: an XLSX or CSV becomes rows of cells, or is refused before it can do harm.

An XLSX is an archive that others made: `archives` unpacks it within limits before a reader sees it.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import dropwhile, islice, takewhile

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.people.archives import Limits, damaged, repacked

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 5000
_HEADER_WITHIN = 10
_LIMITS = Limits(rows=MAX_ROWS, above=_HEADER_WITHIN)
_EXACT_DIGITS = 15
# Headings that are an NIP's only where nothing else is: beside one they are the running number.
_COUNTS = {"nomor", "number"}

# Column name as in the template -> other names offices write above it. What stands in brackets is left out.
COLUMNS: dict[str, tuple[str, ...]] = {
    "nama": ("nama lengkap", "nama pegawai", "nama lengkap dan gelar", "nama dan gelar", "nama asn", "name"),
    "NIP": (
        "nomor",
        "nip baru",
        "nip ni pppk",
        "nip nipppk",
        "nip nippk",
        "ni pppk",
        "nipppk",
        "nomor induk pegawai",
        "number",
        "employee number",
    ),
    "jenis pegawai": (
        "jenis",
        "jenis asn",
        "jenis kepegawaian",
        "status",
        "status pegawai",
        "status kepegawaian",
        "kind",
        "employment type",
    ),
    "jabatan": ("nama jabatan", "jabatan saat ini", "jabatan terakhir", "position"),
    "bidang": (
        "unit",
        "unit kerja",
        "unit organisasi",
        "nama unit kerja",
        "bidang bagian",
        "bidang unit kerja",
        "bagian",
        "bidang sekretariat",
        "division",
    ),
    "atasan": (
        "atasan langsung",
        "nama atasan",
        "nama atasan langsung",
        "pejabat penilai",
        "superior",
        "direct superior",
    ),
    "email": ("e mail", "surel", "alamat email", "alamat surel", "email dinas"),
    "telepon": (
        "no hp",
        "nomor hp",
        "hp",
        "no telepon",
        "nomor telepon",
        "no telp",
        "telp",
        "no hp wa",
        "no wa",
        "nomor wa",
        "no whatsapp",
        "nomor whatsapp",
        "whatsapp",
        "wa",
        "handphone",
        "phone",
    ),
    "username": ("nama pengguna", "user name", "user", "akun", "login"),
    "peran": ("role", "hak akses", "peran akun"),
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


@dataclass(frozen=True)
class Shape:
    """What a table holds: its columns with their other names, which of them may not lack, how many rows at most.

    `names`: a line that names so many columns is the header. `is_row`: whether a line may be one of the table's.
    """

    columns: Mapping[str, tuple[str, ...]]
    required: Collection[str]
    most: int
    names: int
    is_row: Callable[[Mapping[str, str]], bool]

    @cached_property
    def _known(self) -> dict[str, str]:
        return {_plain(name): column for column, others in self.columns.items() for name in (column, *others)}

    def meant(self, cell: Cell) -> str | None:
        """Return the column that a heading names: as it is written, else without what stands in brackets."""
        without = re.sub(r"\([^)]*\)", " ", cell.text)
        return self._known.get(_plain(cell.text)) or self._known.get(_plain(without))

    def is_header(self, cells: list[Cell]) -> bool:
        return len({self.meant(cell) for cell in cells} - {None}) >= self.names


def _is_officer(cells: Mapping[str, str]) -> bool:
    """A person has a username or a kind, or name and number side by side."""
    return bool(cells["username"] or cells["jenis pegawai"] or (cells["nama"] and cells["NIP"]))


# A title or a row of data never names three columns.
_OFFICERS = Shape(COLUMNS, COLUMNS, MAX_ROWS, 3, _is_officer)


def read_register(data: bytes, filename: str, shape: Shape = _OFFICERS) -> Register:
    """Read a table; Refused when it is no such file, too large, or lacks a column."""
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than 5 MB. Save only the list in it."), field="file")
    if not data.strip():
        raise Refused(_("The file is empty."), field="file")
    return (
        _sheet_register(data, shape) if data.startswith(b"PK") else _arrange(_csv_lines(data, filename, shape), shape)
    )


def _arrange(lines: Iterable[list[Cell]], shape: Shape) -> Register:
    numbered = enumerate(islice(lines, shape.most + _HEADER_WITHIN + 1), 1)
    at, header = _find_header(numbered, shape)
    places, ignored = _places(header, shape)
    rows = [
        Row(number, {name: _at(cells, places.get(name)) for name in shape.columns})
        for number, cells in numbered
        if any(cell.text for cell in cells)
    ]
    below = _below_the_table(rows, shape)
    if below:
        del rows[-len(below) :]
        ignored += (_("what stands below the table, from row %(row)s on", row=below[0].number),)
    if len(rows) > shape.most or (rows and rows[-1].number > at + shape.most):
        raise Refused(_("The file has more than %(n)s rows. Split it.", n=shape.most), field="file")
    if not rows:
        raise Refused(_("The file has a header but no rows below it."), field="file")
    return Register(tuple(rows), {name: column_letter(place) for name, place in places.items()}, ignored)


# What stands below a table in an office: place and date, who signs, how many there are.
_BELOW = re.compile(
    r"\b(mengetahui|menyetujui|kepala|sekretaris|plt|plh|nip|catatan|keterangan|sumber|jumlah|total)\b"
    r"|\b\d{1,2} +[a-z]+ +(19|20)\d\d\b",
    re.IGNORECASE,
)


def _below_the_table(rows: list[Row], shape: Shape) -> list[Row]:
    """Return the last rows that cannot be rows of the table."""

    def is_nobody(row: Row) -> bool:
        return not shape.is_row({name: cell.text for name, cell in row.cells.items()})

    last = list(takewhile(is_nobody, reversed(rows)))[::-1]
    return list(dropwhile(lambda row: not any(_BELOW.search(cell.text) for cell in row.cells.values()), last))


def _at(cells: list[Cell], place: int | None) -> Cell:
    return cells[place] if place is not None and place < len(cells) else Cell("")


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.casefold()).split())


def _find_header(numbered: Iterator[tuple[int, list[Cell]]], shape: Shape) -> tuple[int, list[Cell]]:
    """Offices put a title above their table: the header is the first line that names enough columns."""
    for number, cells in islice(numbered, _HEADER_WITHIN):
        if shape.is_header(cells):
            return number, cells
    text = _("No header found. The first row names the columns: %(columns)s.", columns=", ".join(shape.columns))
    raise Refused(text, field="file")


def _places(header: list[Cell], shape: Shape) -> tuple[dict[str, int], tuple[str, ...]]:
    meanings = [shape.meant(cell) for cell in header]
    if meanings.count("NIP") > 1:  # the other one only counts the rows
        meanings = [None if _plain(cell.text) in _COUNTS else name for name, cell in zip(meanings, header, strict=True)]
    doubled = [name for name in shape.columns if meanings.count(name) > 1]
    if doubled:
        raise Refused(_("The column %(name)s is there twice.", name=doubled[0]), field="file")
    missing = [name for name in shape.columns if name in shape.required and name not in meanings]
    if missing:
        text = _("Columns are missing: %(names)s. A cell may stay empty, its column may not.", names=", ".join(missing))
        raise Refused(text, field="file")
    unknown = [place for place, name in enumerate(meanings) if name is None and header[place].text]
    ignored = tuple(
        _("column %(letter)s (%(heading)s)", letter=column_letter(place), heading=header[place].text[:40])
        for place in unknown
    )
    return {name: place for place, name in enumerate(meanings) if name}, ignored


def column_letter(place: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# CSV


def _csv_lines(data: bytes, filename: str, shape: Shape) -> Iterator[list[Cell]]:
    text = decoded(data)
    if not filename.lower().endswith((".csv", ".txt")) or "\0" in text:
        raise Refused(_("This is not an XLSX or CSV file. Save the list as one of these."), field="file")
    try:
        for line in _csv_reader(text, _delimiter(text, shape)):
            yield [_text_cell(value) for value in line]
    except csv.Error:
        raise Refused(_("The CSV file is damaged. Save it again from the spreadsheet."), field="file") from None


def decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 as a spreadsheet's "Unicode text" is, or what older spreadsheets on Windows write."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _csv_reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _delimiter(text: str, shape: Shape) -> str:
    """Return what separates the header's cells: commas stand in titles (S.Kom., M.Si) too, so counting misleads."""
    for delimiter in (";", ",", "\t"):
        first = islice(_csv_reader(text[:20_000], delimiter), _HEADER_WITHIN)
        with suppress(csv.Error):
            if any(shape.is_header([Cell(value) for value in line]) for line in first):
                return delimiter
    return ";"


def _text_cell(value: str) -> Cell:
    text = value.strip()
    return Cell(text, rounded=bool(re.fullmatch(r"\d[.,]\d+E\+?1\d", text, re.IGNORECASE)))


# XLSX


def _sheet_register(data: bytes, shape: Shape) -> Register:
    """Read the first visible sheet that holds a register; cover sheets, empty and hidden ones are passed over."""
    checked = repacked(data, _LIMITS)
    try:
        with CalamineWorkbook.from_filelike(checked) as book:
            if not book.sheet_names:
                raise Refused(damaged(), field="file")
            visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible is SheetVisibleEnum.Visible]
            # to_python would leave out the empty rows above the table, and every row number would be wrong
            sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in visible}
    except (CalamineError, ValueError):
        raise Refused(damaged(), field="file") from None
    lines = {name: [[_typed_cell(value) for value in row] for row in rows] for name, rows in sheets.items()}
    tables = [name for name, rows in lines.items() if any(map(shape.is_header, rows[:_HEADER_WITHIN]))]
    register = _arrange(lines[tables[0]] if tables else next(iter(lines.values()), []), shape)
    others = tuple(_("the sheet %(name)s", name=name) for name in tables[1:])
    return replace(register, ignored=register.ignored + others)


def _typed_cell(value: object) -> Cell:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(str(value).strip())
    if abs(value) >= 10**_EXACT_DIGITS:
        return Cell(f"{value:.5E}".replace(".", ","), rounded=True)
    return Cell(str(int(value)) if value == int(value) else str(value))
