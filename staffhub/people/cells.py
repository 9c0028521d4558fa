"""What one cell of the register may say, and what it means. A wrong one raises Bad with how to mend it."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import TypeVar

from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, Role
from staffhub.people.register import Cell
from staffhub.security import normal_username
from staffhub.typed import holds_citizen_number, holds_personal_number, telephone

T = TypeVar("T")

LENGTHS = {
    "nama": 120,
    "NIP": 32,
    "jenis pegawai": 40,
    "jabatan": 120,
    "bidang": 120,
    "atasan": 120,
    "email": 254,
    "telepon": 24,
    "username": 64,
    "peran": 40,
}
# Free text that is kept as it is typed, where no NIP belongs either; a NIK or a KK number belongs in no column.
GUARDED = {"nama", "jabatan"}
_FORMULA = ("=", "+", "-", "@")
_OLDEST = 1930
_YOUNGEST = 14

KINDS = {
    "pns": EmploymentType.PNS,
    "cpns": EmploymentType.CPNS,
    "pppk": EmploymentType.PPPK,
    "p3k": EmploymentType.PPPK,
    "pppk paruh waktu": EmploymentType.PPPK_PART_TIME,
    "pppk part time": EmploymentType.PPPK_PART_TIME,
    "p3k paruh waktu": EmploymentType.PPPK_PART_TIME,
    "thl": EmploymentType.THL,
    "tenaga harian lepas": EmploymentType.THL,
}
ROLES = {
    "pegawai": Role.STAFF,
    "staf": Role.STAFF,
    "staff": Role.STAFF,
    "kepala bidang": Role.DIVISION_HEAD,
    "kabid": Role.DIVISION_HEAD,
    "division head": Role.DIVISION_HEAD,
    "kepala dinas": Role.OFFICE_HEAD,
    "kadis": Role.OFFICE_HEAD,
    "office head": Role.OFFICE_HEAD,
    "kepegawaian": Role.HR,
    "hr": Role.HR,
    "admin": Role.ADMIN,
    "administrator": Role.ADMIN,
}
# As the template and the export write them; the first spelling of each.
KIND_NAMES = {kind: name for name, kind in reversed(KINDS.items())} | {
    EmploymentType.PNS: "PNS",
    EmploymentType.CPNS: "CPNS",
    EmploymentType.PPPK: "PPPK",
    EmploymentType.PPPK_PART_TIME: "PPPK paruh waktu",
    EmploymentType.THL: "THL",
}
ROLE_NAMES = {role: name for name, role in reversed(ROLES.items())}


class Bad(ValueError):
    """This cell cannot be taken over; the text says how to mend it."""


def plain(text: str) -> str:
    """Fold what people write differently: capitals, accents, dots and blanks."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^a-z0-9]+", " ", folded.encode("ascii", "ignore").decode()).split())


_TITLES_BEFORE = re.compile(
    r"(?:(?:prof|drs|dra|dr|drg|ir|apt|ns|pdt|h|hj|k\.?h|r|raden|tn|ny|bpk|bapak|ibu)(?:\.|\s)\s*)+(?=\w)",
    re.IGNORECASE,
)
_TITLE_AFTER = re.compile(r"\s+(?:[A-Z][A-Za-z]{0,4}\.){1,4}[A-Za-z]{0,4}\.?$")


def bare_name(name: str) -> str:
    """Return a name without its titles: "Drs. H. Adi Contoh, M.Si" is Adi Contoh. What is only titles stays."""
    text = " ".join(name.partition(",")[0].split())
    text = _TITLES_BEFORE.sub("", text, count=1) if _TITLES_BEFORE.match(text) else text
    while _TITLE_AFTER.search(text):
        text = _TITLE_AFTER.sub("", text)
    return text.strip() or name


def line(cell: Cell, column: str, *, required: bool = False) -> str:
    """Return the cell as one safe line, not longer than its field."""
    text = safe_line(cell, most=LENGTHS[column], required=required, may_be_sum=column == "telepon")
    if column in GUARDED and holds_personal_number(text):
        raise Bad(_("This looks like a NIK, a KK number or an NIP. Leave it out; an NIP stands in its own column."))
    if holds_citizen_number(text):
        raise Bad(_("This looks like a NIK or a KK number, which are not stored here. Leave it out."))
    return text


def safe_line(cell: Cell, *, most: int, required: bool = False, may_be_sum: bool = False) -> str:
    """Return the cell as one line: no formula (a telephone number may look like one), no control characters."""
    text = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in cell.text).split())
    if text == "-":
        text = ""
    if required and not text:
        raise Bad(_("Fill this in."))
    if text.startswith(_FORMULA) and not may_be_sum:
        raise Bad(_("A text may not start with = + - or @. Write it without this sign."))
    if len(text) > most:
        raise Bad(_("Use at most %(n)s characters.", n=most))
    return text


def kind(cell: Cell) -> EmploymentType:
    found = KINDS.get(plain(line(cell, "jenis pegawai", required=True)))
    if found is None:
        raise Bad(_("Choose PNS, CPNS, PPPK, PPPK paruh waktu or THL."))
    return found


def number(cell: Cell, employment: EmploymentType | None, username: str, *, today: date) -> str:
    """Return the officer's number; a THL without one gets a stable number made of the username."""
    if cell.rounded:
        raise Bad(_("The spreadsheet rounded this number. Format the cell as text, then write the 18 digits."))
    text = line(cell, "NIP")
    if employment is EmploymentType.THL:
        if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9./-]*", text):
            raise Bad(_("A THL number has letters, digits, dots, slashes and hyphens."))
        return text or f"THL-{username}"[: LENGTHS["NIP"]]
    if employment is None:
        return text
    digits = re.sub(r"[\s.'-]", "", text)
    if not re.fullmatch(r"[0-9]{18}", digits):
        raise Bad(_("An NIP has 18 digits; there are %(n)s here.", n=sum(c.isdigit() for c in text)))
    _check_nip(digits, employment, today)
    return digits


def _check_nip(digits: str, employment: EmploymentType, today: date) -> None:
    """Birth date, then the month of appointment (PNS, CPNS) or the year and count of contracts (PPPK), sex, serial."""
    if digits.endswith("000"):
        raise Bad(_("The spreadsheet rounded this number. Format the cell as text, then write the 18 digits."))
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise Bad(
            _("The first 8 digits of an NIP are the birth date, year month day. There is no such date.")
        ) from None
    start = int(digits[8:12])
    if not _OLDEST <= born.year <= today.year - _YOUNGEST:
        raise Bad(
            _("The first 8 digits of an NIP are the birth date. The year %(year)s cannot be right.", year=born.year)
        )
    if not born.year + _YOUNGEST <= start <= today.year + 1:
        raise Bad(_("Digits 9 to 12 of an NIP are the year of appointment. %(year)s cannot be right.", year=start))
    in_month = employment in {EmploymentType.PNS, EmploymentType.CPNS}
    if in_month and not 1 <= int(digits[12:14]) <= 12:  # noqa: PLR2004  months
        raise Bad(_("Digits 13 and 14 of an NIP are the month of appointment, 01 to 12."))
    if digits[14] not in "12":
        raise Bad(_("Digit 15 of an NIP is 1 or 2."))


def one_of(text: str, known: Mapping[str, T], names: list[str]) -> T:
    """Return what a name stands for, or say which known name is nearest."""
    found = known.get(plain(text))
    if found is None:
        raise Bad(" ".join(filter(None, (_("Nothing has this name."), nearest(text, names)))))
    return found


def nearest(text: str, names: list[str]) -> str:
    folded = {plain(name): name for name in names}
    close = get_close_matches(plain(text), folded, n=1, cutoff=0.6)
    return _("Did you mean %(name)s?", name=folded[close[0]]) if close else ""


def role(cell: Cell) -> Role | None:
    text = line(cell, "peran")
    if not text:
        return None
    if plain(text) not in ROLES:
        raise Bad(_("Choose pegawai, kepala bidang, kepala dinas, kepegawaian or admin."))
    return ROLES[plain(text)]


def email(cell: Cell) -> str:
    text = line(cell, "email")
    if text and not re.fullmatch(r"[^@\s<>,;\"()]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise Bad(_("Write the address as name@example.go.id, or leave it empty."))
    return text


def phone(cell: Cell) -> str:
    """Return the number in the one form of the house, however the office writes it; empty when there is none."""
    text = line(cell, "telepon")
    try:
        return telephone(text) if text.strip("()./' -") else ""
    except ValueError as error:
        raise Bad(str(error)) from None


def username(cell: Cell) -> str:
    text = normal_username(line(cell, "username", required=True))
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,63}", text):
        raise Bad(_("A username has 2 to 64 letters, digits, dots, hyphens or underscores, and no blanks."))
    return text


def shown_number(number: str) -> str:
    """Write an NIP in its printed groups: 18 digits in one piece lose the last three in a spreadsheet."""
    if not is_nip(number):
        return number
    return f"{number[:8]} {number[8:14]} {number[14]} {number[15:]}"


def masked_number(number: str) -> str:
    """An NIP tells birth date and sex: only its serial is for everybody."""
    return f"•••• {number[-3:]}" if is_nip(number) else number


def is_nip(number: str) -> bool:
    return len(number) == 18 and number.isdigit()  # noqa: PLR2004  digits of an NIP
