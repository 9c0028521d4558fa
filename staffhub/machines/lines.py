"""Lines of a machine's log, as text or as cells: what each says, or why it cannot be taken."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple

from staffhub.models import MarkKind
from staffhub.people.cells import plain
from staffhub.typed import holds_citizen_number, holds_personal_number

Order = Literal["dmy", "mdy", "ymd"]
_LONGEST = 24


class Wrong(StrEnum):
    """Why a line cannot be taken."""

    NUMBER = "number"
    CITIZEN = "citizen"
    TIME = "time"
    DATE = "date"
    CUT = "cut"


class Role(StrEnum):
    """What a column of a table holds; a moment is a date and a time in one cell."""

    NUMBER = "number"
    NAME = "name"
    MOMENT = "moment"
    DATE = "date"
    TIME = "time"
    KIND = "kind"


class Unreadable(ValueError):
    def __init__(self, why: Wrong) -> None:
        super().__init__(why.value)
        self.why = why


class Line(NamedTuple):
    """`number` is what is matched, `written` how it stood; `time` is the machine's own."""

    line: int
    number: str
    written: str
    time: datetime
    kind: MarkKind | None = None


@dataclass
class Read:
    """What a file says: `lines` in its order, `bad` as (line, why, what stands there), `names` by number. `last`: the
    number of its last line.
    """

    lines: list[Line] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    last: int = 0
    # As the machine wrote them, one after the other.
    in_order: bool = False

    def add_bad(self, line: int, why: Wrong, text: str) -> None:
        self.bad.append((line, why.value, "" if holds_personal_number(text) else " ".join(text.split())[:60]))


# 12, blanks or a tab, 2026-11-02 07:25:13, then device or way of proof, status, and whatever else the model writes.
_LOG = re.compile(
    r"\s*(?P<number>[^\s;,]{1,40})\s+(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2})[ T\t]+"
    r"(?P<time>\d{1,2}:\d{2}(?::\d{2})?)(?P<rest>(?:\s.*)?)$"
)
_DEPARTS = frozenset({"1", "5"})
_TRIED = 20
# The status stands behind the device or the way of proof.
_STATUS = 1


def is_log(text: str) -> bool:
    """Whether it is the machine's own text, by its first lines."""
    first = [line for line in text[:20_000].splitlines()[:_TRIED] if line.strip()]
    return bool(first) and sum(bool(_LOG.match(line)) for line in first) * 2 > len(first)


def read_log(text: str, first: int) -> Read:
    """Read attlog.dat. Status 0, the default of every machine, tells nothing; 1 and 5 were pressed by who leaves."""
    found, width = Read(last=first - 1, in_order=True), 0
    whole = text.endswith("\n")
    lines = text.split("\n")
    if whole:
        lines.pop()
    for line, raw in enumerate(lines, first):
        found.last = line
        match = _LOG.match(raw)
        if match is None:
            if raw.strip("\x00 \t\r\x1a"):
                found.add_bad(line, Wrong.TIME, raw)
            continue
        more = match["rest"].split()
        width = width or len(more)
        if len(more) < width and not whole and line == first + len(lines) - 1:
            found.add_bad(line, Wrong.CUT, raw)
            continue
        try:
            number, written = _number(match["number"])
            at = _iso(f"{match['date']} {match['time']}")
        except Unreadable as error:
            found.add_bad(line, error.why, raw)
            continue
        kind = MarkKind.CHECK_OUT if len(more) > _STATUS and more[_STATUS] in _DEPARTS else None
        found.lines.append(Line(line, number, written, at, kind))
    return found


def _iso(text: str) -> datetime:
    """The one form of nearly every line, a hundred thousand times; else whatever else a date may look like."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return moment_of(text, "ymd")


def read_table(rows: Iterable[tuple[int, Sequence[object]]], roles: Sequence[str], order: Order) -> Read:
    """Read rows below the header of a table whose columns are known."""
    found, place = Read(), {role: at for at, role in enumerate(roles) if role}
    for line, cells in rows:
        found.last = line
        if not any(text_of(cell) for cell in cells):
            continue

        def cell(role: Role, cells: Sequence[object] = cells) -> object:
            at = place.get(role)
            return cells[at] if at is not None and at < len(cells) else ""

        try:
            number, written = number_of(cell(Role.NUMBER))
            at = _moment(cell, order, together=Role.MOMENT in place)
        except Unreadable as error:
            found.add_bad(line, error.why, " | ".join(text_of(one) for one in cells))
            continue
        found.lines.append(Line(line, number, written, at, kind_of(text_of(cell(Role.KIND)))))
        if name := text_of(cell(Role.NAME))[:60]:
            found.names.setdefault(number, name)
    return found


def _moment(cell: Callable[[Role], object], order: Order, *, together: bool) -> datetime:
    if together:
        return moment_of(cell(Role.MOMENT), order)
    return datetime.combine(date_of(cell(Role.DATE), order), time_of(cell(Role.TIME)))


def text_of(cell: object) -> str:
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return " ".join(str(cell).split())


def number_of(cell: object) -> tuple[str, str]:
    """Return a number as it is matched, without leading zeros, and as it stood."""
    return _number(text_of(cell).removeprefix("'"))


@lru_cache(maxsize=4096)
def _number(written: str) -> tuple[str, str]:
    if holds_citizen_number(written):
        raise Unreadable(Wrong.CITIZEN)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", written) or len(written) > _LONGEST:
        raise Unreadable(Wrong.NUMBER)
    return (written.lstrip("0") or "0") if written.isdigit() else written.upper(), written


_OUT = frozenset({"c out", "out", "pulang", "keluar", "check out", "checkout", "o", "scan pulang", "1", "5"})
_IN = frozenset({"c in", "in", "masuk", "check in", "checkin", "i", "scan masuk"})


def kind_of(text: str) -> MarkKind | None:
    told = plain(text)
    return MarkKind.CHECK_OUT if told in _OUT else MarkKind.CHECK_IN if told in _IN else None


# Excel counts days from here, and its clock is a part of a day.
_EXCEL = datetime(1899, 12, 30)
_EXCEL_DAYS = range(36_526, 73_051)  # 2000 to 2099
_DATE = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})")
_TIME = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?(?: ?([ap])\.?m\.?)?(?: ?wi[bt]a?)?", re.IGNORECASE
)
_YEARS = range(1970, 2100)
_NOON = 12


def moment_of(cell: object, order: Order) -> datetime:
    if isinstance(cell, datetime):
        return cell.replace(microsecond=0, tzinfo=None)
    if (serial := _serial(cell)) is not None:
        return _of_serial(serial)
    day, _space, clock = text_of(cell).replace("T", " ").partition(" ")
    return datetime.combine(date_of(day.rstrip(","), order), time_of(clock))


def _serial(cell: object) -> float | None:
    text = text_of(cell).replace(",", ".")
    if isinstance(cell, bool) or not re.fullmatch(r"\d{5}(\.\d+)?", text):
        return None
    return float(text) if int(float(text)) in _EXCEL_DAYS else None


def _of_serial(serial: float) -> datetime:
    return _EXCEL + timedelta(seconds=round(serial * 86_400))


def date_of(cell: object, order: Order) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if (serial := _serial(cell)) is not None:
        return _of_serial(serial).date()
    found = _DATE.fullmatch(text_of(cell))
    if not found:
        raise Unreadable(Wrong.DATE)
    first, middle, last = (int(part) for part in found.groups())
    if len(found[1]) > 2:  # noqa: PLR2004  a year
        year, month, day = first, middle, last
    else:
        day, month = (middle, first) if order == "mdy" else (first, middle)
        year = last + 2000 if len(found[3]) <= 2 else last  # noqa: PLR2004  two digits of this century
    try:
        told = date(year, month, day)
    except ValueError:
        raise Unreadable(Wrong.DATE) from None
    if told.year not in _YEARS:
        raise Unreadable(Wrong.DATE)
    return told


def time_of(cell: object) -> time:
    if isinstance(cell, datetime):
        return cell.time().replace(microsecond=0)
    if isinstance(cell, time):
        return cell.replace(microsecond=0)
    if isinstance(cell, timedelta):
        return _within_a_day(cell.total_seconds())
    if isinstance(cell, float) and 0 <= cell < 1:
        return _within_a_day(cell * 86_400)
    found = _TIME.fullmatch(text_of(cell))
    if not found:
        raise Unreadable(Wrong.TIME)
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
    if half := (found[4] or "").lower():
        if not 1 <= hours <= _NOON:
            raise Unreadable(Wrong.TIME)
        hours = hours % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(hours, minutes, seconds)
    except ValueError:
        raise Unreadable(Wrong.TIME) from None


def _within_a_day(seconds: float) -> time:
    return (_EXCEL + timedelta(seconds=round(seconds) % 86_400)).time()


def orders_of(cells: Iterable[object]) -> set[Order]:
    """Return which orders of day and month all these dates allow."""
    left: set[Order] = {"dmy", "mdy"}
    told = False
    for cell in cells:
        found = _DATE.match(text_of(cell)) if isinstance(cell, str) else None
        if not found or len(found[1]) > 2:  # noqa: PLR2004  a year comes first
            continue
        told = True
        if int(found[1]) > _NOON:
            left.discard("mdy")
        if int(found[2]) > _NOON:
            left.discard("dmy")
    return left if told else {"ymd"}
