"""What people type: a time, a date, a telephone number; and the numbers of people that no text here may keep.

Each reader takes a text and returns its one form, or raises ValueError with how to write it.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time

from staffhub.i18n import gettext as _


def plain(text: str) -> str:
    """Return the text with digits, blanks and dashes of every alphabet as ASCII writes them, and nothing invisible."""
    return "".join(_plain(letter) for letter in text)


def _plain(letter: str) -> str:
    digit = unicodedata.decimal(letter, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(letter)
    if kind == "Pd":
        return "-"
    if kind[0] == "P":
        return unicodedata.normalize("NFKC", letter)
    return {"Zs": " ", "Cf": ""}.get(kind, letter)


# "7.05", "07:05", "0705", "705", "8", also with the zone that stands beside every time of the office.
_TIME = re.compile(
    r"(?:pukul |jam )?(?:(?P<hours>\d{1,2})(?: ?[.:,] ?(?P<minutes>\d{2})(?:[.:]00)?)?|(?P<digits>\d{3,4}))"
    r"(?: ?wi[bt]a?)?",
    re.IGNORECASE,
)


def clock_time(typed: str) -> time:
    text = " ".join(plain(typed).split())
    found = _TIME.fullmatch(text)
    if not found:
        if re.match(r"\d{1,2} ?[.:,] ?\d?(?!\d)", text):  # 8.5: five past eight, or half past
            raise ValueError(_("Write the minutes with two digits, for example 8:05 or 8:30."))
        raise ValueError(_("Write the time as hours and minutes, for example 15:58."))
    digits = found["digits"] or f"{found['hours']}{found['minutes'] or '00'}"
    hours, minutes = int(digits[:-2]), int(digits[-2:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004  the clock's own limits
        raise ValueError(_("A time is between 00:00 and 23:59."))
    return time(hours, minutes)


_DATE = re.compile(r"(?P<day>\d{1,2})[ ./-](?P<month>\d{1,2})[ ./-](?P<year>\d{4})")
_ISO_DATE = re.compile(r"(?P<year>\d{4})[ ./-](?P<month>\d{1,2})[ ./-](?P<day>\d{1,2})")


def calendar_day(typed: str) -> date:
    """Return a date as the browser's field writes it, 2026-11-23, or as people do: 23-11-2026, 23/11/2026."""
    text = " ".join(plain(typed).split())
    found = _ISO_DATE.fullmatch(text) or _DATE.fullmatch(text)
    with suppress(ValueError):
        if found:
            return date(*(int(found[part]) for part in ("year", "month", "day")))
    raise ValueError(_("Write the date as year-month-day, for example 2026-11-23."))


# The 0 in front, area or network, number: 08xx of a telephone that is carried, 0431 and others of one that stands.
_HOME_NUMBER = re.compile("0[1-9][0-9]{7,11}")
_MOBILE = re.compile("08[0-9]{8,11}")
_FOREIGN_NUMBER = re.compile("[+][1-9][0-9]{7,14}")  # E.164
_LOST_ZERO = range(9, 13)  # digits of a number without its 0; with fewer the area code may be missing as well


def telephone(typed: str) -> str:
    """Return a number of this country as 0 and digits, another as + and digits, whoever wrote it and however.

    +62 812..., 62812... and 812... are 0812...; 431851234 is 0431851234: a spreadsheet takes a number for a sum and
    drops its 0.
    """
    number = re.sub(r"[\s().\-/'_]", "", plain(typed))
    number = re.sub(r"^00(?=[1-9])", "+", number)
    number = re.sub(r"^(?:[+]62|62(?=8|[0-9]{9}))0?", "0", number)
    if number[:1] in "123456789" and len(number) in _LOST_ZERO:
        number = f"0{number}"
    if not (_HOME_NUMBER.fullmatch(number) or _FOREIGN_NUMBER.fullmatch(number)):
        raise ValueError(_("Write one telephone number with its area code, for example 0812 3456 7890 or 0431 851234."))
    return number


def whatsapp_number(phone: str) -> str | None:
    """Return a number of `telephone` as WhatsApp's links take it, or None when no WhatsApp can be behind it."""
    if _MOBILE.fullmatch(phone):
        return f"62{phone[1:]}"
    return phone[1:] if phone.startswith("+") else None


# The blocks in which a number is printed on a card or a letter, or one digit to a box. A NIK and a KK number: district,
# date, serial; an NIP: date of birth, month of appointment, sex, serial.
_CITIZEN = ((16,), (4, 4, 4, 4), (6, 6, 4), (2, 2, 2, 6, 4), (6, 2, 2, 2, 4), (2, 2, 2, 2, 2, 2, 4), (1,) * 16)
_SERVANT = ((18,), (8, 6, 1, 3), (8, 6, 4), (8, 10), (1,) * 18)
_GROUP = re.compile(r"(?P<joint>[^\S\n]*[-./_·][^\S\n]*|[^\S\n]+)?(?P<digits>[0-9]+)")
_NAMED = re.compile(r"\b(?:NIK|KK|NIP)\b[^0-9\n]{0,12}$", re.IGNORECASE)
# Codes of the provinces by the interior ministry's list of regions, as a NIK begins with them.
_PROVINCES = {
    *range(11, 20),
    21,
    *range(31, 37),
    *range(51, 54),
    *range(61, 66),
    *range(71, 77),
    81,
    82,
    *range(91, 98),
}
_REGENCIES = {*range(1, 40), *range(71, 80)}  # districts, then cities
_SUBDISTRICTS = range(1, 70)
_WOMAN = 40  # is added to the day of birth
_BORN = range(1930, 2021)  # who is in service, or will soon be
_AGES = range(14, 71)  # at the appointment
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CITIZEN_DIGITS = 16
_SHORTEST_PHONE, _LONGEST_PHONE = 9, 13  # digits, the 0 in front counted
_AREA = 3  # digits of the shortest code that a number begins with, 021
_WITH_AREA = re.compile("0[1-9][0-9]")


@dataclass(frozen=True)
class _Group:
    """Digits that stand together; `joint` is what ties them to the group before, None when nothing does."""

    digits: str
    joint: str | None
    start: int


def holds_personal_number(text: str) -> bool:
    """Tell whether a NIK, a KK number or an NIP stands in the text: together, or in the blocks in which it is printed.

    A date with times, telephone numbers, sums of money and the numbers of letters and requests are none.
    """
    return any(_personal(plain(text)))


def holds_citizen_number(text: str) -> bool:
    """Tell whether a NIK or a KK number stands in the text. An NIP may: the office's own people are sought by it."""
    return any(len(number) == _CITIZEN_DIGITS for number in _personal(plain(text)))


def _personal(text: str) -> Iterator[str]:
    for number, start in _numbers(text):
        if _plausible(number) or _NAMED.search(text, max(0, start - 20), start):
            yield number


def _groups(text: str) -> list[_Group]:
    found: list[_Group] = []
    end = -1
    for match in _GROUP.finditer(text):
        tied = match.start() == end and match["joint"] is not None
        found.append(_Group(match["digits"], (match["joint"].strip() or " ") if tied else None, match.start("digits")))
        end = match.end()
    return found


def _numbers(text: str) -> Iterator[tuple[str, int]]:
    """Yield what has the length and the blocks of such a number, and where it starts."""
    groups = _groups(text)
    phones = set(_telephones(groups, text))
    lengths = [len(group.digits) for group in groups]
    for blocks in (*_CITIZEN, *_SERVANT):
        for first in range(len(groups) - len(blocks) + 1):
            members = range(first, first + len(blocks))
            joints = {groups[n].joint for n in members[1:]}
            if (
                tuple(lengths[first : first + len(blocks)]) == blocks
                and not phones.intersection(members)
                and (not joints or (len(joints) == 1 and None not in joints))
            ):
                yield "".join(groups[n].digits for n in members), groups[first].start


def _telephones(groups: list[_Group], text: str) -> Iterator[int]:
    """Yield the groups that belong to a telephone number: its own blocks must not be taken for parts of a NIK."""
    taken = -1
    for first, group in enumerate(groups):
        # What goes on from other digits is no beginning, but for the number after a number and a count before it.
        alone = group.joint is None or first == taken + 1 or _is_count(groups[first - 1])
        abroad = text[group.start - 1 : group.start] == "+" or group.digits.startswith("628")
        if first <= taken or not (abroad or (alone and _WITH_AREA.match(group.digits))):
            continue
        last = _end_of_telephone(groups, first)
        if sum(len(one.digits) for one in groups[first : last + 1]) >= _SHORTEST_PHONE:
            taken = last
            yield from range(first, last + 1)


def _is_count(group: _Group) -> bool:
    return group.joint is None and len(group.digits) < _AREA


def _end_of_telephone(groups: list[_Group], first: int) -> int:
    total, last = len(groups[first].digits), first
    longest = _LONGEST_PHONE + (groups[first].digits[0] == "6")  # 62 stands for the 0
    for n in range(first + 1, len(groups)):
        joint, total = groups[n].joint, total + len(groups[n].digits)
        if joint is None or joint != groups[first + 1].joint or total > longest:
            break
        last = n
    return last


def _plausible(number: str) -> bool:
    return _is_citizen(number) if len(number) == _CITIZEN_DIGITS else _is_servant(number)


def _is_citizen(number: str) -> bool:
    """Province, regency and subdistrict; day, month and year; serial number."""
    province, regency, subdistrict, day, month = (int(number[n : n + 2]) for n in range(0, 10, 2))
    region = province in _PROVINCES and regency in _REGENCIES and subdistrict in _SUBDISTRICTS
    return region and _is_day(day - _WOMAN if day > _WOMAN else day, month) and number[12:] != "0000"


def _is_servant(number: str) -> bool:
    """Date of birth, year and month of the appointment (or number of the contract), sex, serial number."""
    born, begun = int(number[:4]), int(number[8:12])
    real = born in _BORN and begun - born in _AGES and number[14] in "12"
    return real and _is_day(int(number[6:8]), int(number[4:6]))


def _is_day(day: int, month: int) -> bool:
    return 1 <= month <= len(_DAYS) and 1 <= day <= _DAYS[month - 1]
