"""A log as CSV or XLSX: its rows, and what its columns seem to be until HR has said so once."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.machines.lines import Order, Role, Unreadable, date_of, moment_of, number_of, orders_of, text_of, time_of
from staffhub.people.archives import Limits, damaged, repacked
from staffhub.people.cells import plain

MAX_ROWS = 120_000
_LIMITS = Limits(rows=MAX_ROWS, above=10, unpacked=128 * 1024 * 1024, columns=40)
_HEADER_WITHIN = 10
_SAMPLE = 40
Rows = list[Sequence[object]]

_NAMES: dict[Role, frozenset[str]] = {
    Role.NUMBER: frozenset(
        {"no", "no id", "id", "pin", "user id", "userid", "no akun", "ac no", "acno", "enroll", "enroll number",
         "no enroll", "nomor", "no pegawai", "nip", "nik", "badge", "badge number", "employee id", "emp no", "id user",
         "no absen", "id pegawai", "person id", "number"}
    ),
    Role.NAME: frozenset({"nama", "name", "nama pegawai", "employee name", "first name", "user name", "nama karyawan"}),
    Role.MOMENT: frozenset(
        {"waktu", "tanggal waktu", "tgl waktu", "tgl jam", "tanggal jam", "date time", "datetime", "timestamp",
         "date and time", "check time", "checktime", "scan date", "tanggal scan"}
    ),
    Role.DATE: frozenset({"tanggal", "tgl", "date", "hari tanggal"}),
    Role.TIME: frozenset({"jam", "time", "pukul", "jam scan"}),
    Role.KIND: frozenset(
        {"status", "state", "in out", "io", "keterangan", "check type", "checktype", "tipe", "masuk pulang", "mode"}
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """What a machine's columns are, as HR said; `header`: the headings above them, empty where there are none."""

    roles: tuple[str, ...]
    order: Order
    header: tuple[str, ...]

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Columns":
        return cls(tuple(kept["roles"]), kept["order"], tuple(kept["header"]))

    def kept(self) -> dict[str, Any]:
        return {"roles": list(self.roles), "order": self.order, "header": list(self.header)}

    def start(self, rows: Rows) -> int | None:
        """Return the place of the first row below the headings; None: this table has others."""
        if not self.header:
            return 0 if rows and len(rows[0]) <= len(self.roles) else None
        for place, row in enumerate(rows[:_HEADER_WITHIN]):
            if headings(row) == self.header:
                return place + 1
        return None


@dataclass(frozen=True)
class Guess:
    """What the columns seem to be; `orders` are the orders of day and month that its dates allow."""

    columns: Columns
    orders: frozenset[Order]
    sample: Rows


def headings(row: Sequence[object]) -> tuple[str, ...]:
    return tuple(plain(text_of(cell)) for cell in row)


def rows_of(data: bytes, text: str | None) -> Rows:
    """Return the rows of a table; Refused when it is none or far too large. `text` None: an XLSX."""
    rows = _of_sheet(data) if text is None else _of_text(text)
    if len(rows) > MAX_ROWS:
        raise Refused(_("The file has more than %(n)s rows. Split it.", n=MAX_ROWS), field="file")
    if not any(len(row) > 1 for row in rows[:_SAMPLE]):
        raise Refused(
            _("This is no log of a machine: an attlog.dat, CSV or XLSX with a number and a time in each row.")
        )
    return rows


def _of_text(text: str) -> Rows:
    first = text[:20_000].splitlines()[:_SAMPLE]
    delimiter = max(
        ";,\t|", key=lambda one: (sum(one in line for line in first), sum(line.count(one) for line in first))
    )
    try:
        return list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), MAX_ROWS + 1))
    except csv.Error:
        raise Refused(_("The CSV file is damaged. Save it again from the spreadsheet."), field="file") from None


def _of_sheet(data: bytes) -> Rows:
    """Return the rows of the first visible sheet that has some."""
    checked = repacked(data, _LIMITS)
    try:
        with CalamineWorkbook.from_filelike(checked) as book:
            for sheet in book.sheets_metadata:
                if sheet.visible is not SheetVisibleEnum.Visible:
                    continue
                rows: Rows = list(book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False))
                if any(len(row) > 1 for row in rows):
                    return rows
    except (CalamineError, ValueError):
        raise Refused(damaged(), field="file") from None
    return []


def guess(rows: Rows) -> Guess:
    place = _header(rows)
    header = headings(rows[place]) if place is not None else ()
    below = rows[(place if place is not None else -1) + 1 :]
    width = max((len(row) for row in below[:_SAMPLE]), default=0)
    sample = [row for row in below[:_SAMPLE] if any(text_of(cell) for cell in row)]
    roles = _roles(header, width, sample)
    dated = [at for at, role in enumerate(roles) if role in {Role.MOMENT, Role.DATE}]
    orders = orders_of(row[at] for row in below for at in dated if at < len(row))
    order: Order = "ymd" if "ymd" in orders else "mdy" if orders == {"mdy"} else "dmy"
    return Guess(Columns(tuple(roles), order, header), frozenset(orders), sample)


def _header(rows: Rows) -> int | None:
    """The last row before the first one that holds a time or a date, if it has texts."""
    for place, row in enumerate(rows[:_HEADER_WITHIN]):
        if any(_is_dated(cell) for cell in row):
            above = [one for one in range(place) if sum(bool(text_of(cell)) for cell in rows[one]) > 1]
            return above[-1] if above else None
    return None


def _is_dated(cell: object) -> bool:
    return _fits(cell, Role.MOMENT) or _fits(cell, Role.DATE) or _fits(cell, Role.TIME)


def _fits(cell: object, role: Role) -> bool:
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return role is Role.DATE if midnight else role is Role.MOMENT
    if isinstance(cell, date):
        return role is Role.DATE
    try:
        if role is Role.MOMENT:
            return bool(moment_of(cell, _order_of(cell)))
        if role is Role.DATE:
            return bool(date_of(cell, _order_of(cell)))
        time_of(cell)
    except Unreadable:
        return False
    return True


def _order_of(cell: object) -> Order:
    return "mdy" if orders_of([cell]) == {"mdy"} else "dmy"


def _roles(header: Sequence[str], width: int, sample: Rows) -> list[str]:
    """By the headings, and where these say nothing, by what stands below them."""
    roles = ["" for _n in range(width)]
    for role, names in _NAMES.items():
        for at, heading in enumerate(header[:width]):
            if heading in names and not roles[at] and role not in roles:
                roles[at] = role
    for at in range(width):
        cells = [row[at] for row in sample if at < len(row) and text_of(row[at])]
        if cells and roles[at] in {"", Role.MOMENT, Role.DATE, Role.TIME}:
            seen = next((one for one in (Role.MOMENT, Role.DATE, Role.TIME) if _mostly(cells, one)), None)
            roles[at] = seen.value if seen and seen not in roles[:at] else ""
    if Role.MOMENT in roles:
        roles = ["" if one in {Role.DATE, Role.TIME} else one for one in roles]
    if Role.NUMBER not in roles:
        free = [at for at in range(width) if not roles[at] and _numbered(sample, at)]
        if free:
            roles[free[0]] = Role.NUMBER.value
    return [str(one) for one in roles]


def _mostly(cells: Sequence[object], role: Role) -> bool:
    return sum(_fits(cell, role) for cell in cells) * 2 > len(cells)


def _numbered(sample: Rows, at: int) -> bool:
    cells = [row[at] for row in sample if at < len(row)]
    return bool(cells) and all(re.fullmatch(r"\d{1,18}", text_of(cell)) and _is_number(cell) for cell in cells)


def _is_number(cell: object) -> bool:
    try:
        return bool(number_of(cell))
    except Unreadable:
        return False


def numbered(rows: Rows, start: int) -> Iterator[tuple[int, Sequence[object]]]:
    """Rows below the headings with their numbers in the file."""
    for place in range(start, len(rows)):
        yield place + 1, rows[place]
