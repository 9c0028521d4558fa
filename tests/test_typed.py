"""How people write times and telephone numbers, and which numbers in a text are a person's NIK, KK number or NIP."""

from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffhub import i18n
from staffhub.typed import clock_time, holds_personal_number, telephone, whatsapp_number

PERSONAL = (
    # together, alone and in a text
    "7107015501900001",
    "KK 7107015501900001",
    "Novi T. (7107015501900001)",
    "NIK:7107015501900001, berkas lengkap",
    "Cetak ulang KTP-el 7107010101190001 rusak",
    "kk_7107015501900001.pdf",
    "Scan7107015501900001",
    "7107015501900001/7107015501900002",
    "Warga Jakarta 3171014503990012 pindah datang",
    "9401234107850003 dari Papua",
    "SIAK-6271055212010007",
    # in blocks, as on a card, on a form and in a list
    "7107 0155 0190 0001",
    "7107-0155-0190-0001",
    "7107.0155.0190.0001",
    "710701 550190 0001",
    "710701.550190.0001",
    "71.07.01.550190.0001",
    "71.07.01.55.01.90.0001",
    "71 07 01 550190 0001",
    "710701 55 01 90 0001",
    "7 1 0 7 0 1 5 5 0 1 9 0 0 0 0 1",
    "7107 - 0155 - 0190 - 0001",
    "7107  0155  0190  0001",
    "1. 7107 0155 0190 0001",
    "3 berkas: 7107 0155 0190 0001 dan 7107 0155 0190 0002",
    "KK 7107 0103 1126 0004 terbit 03.11.2026",
    "Novi, 0812 3456 7890, 7107 0155 0190 0001",
    "0812 3456 7890 7107 0155 0190 0001",
    "0812 345 678 7107 0155 0190 0001",
    # a number that is called by its name need not be a possible one: one digit is quickly wrong
    "NIK 7101 0123 4567 8901",
    "No. KK: 0000 1111 2222 3333",
    "nik 9999999999999999",
    # other alphabets, invisible letters, other blanks and dashes
    "\uff17\uff11\uff10\uff17\uff10\uff11\uff15\uff15\uff10\uff11\uff19\uff10\uff10\uff10\uff10\uff11",
    "٧١٠٧٠١٥٥٠١٩٠٠٠٠١",
    "7107\u00a00155\u00a00190\u00a00001",
    "7107\u20090155\u202f0190\u30000001",
    "7107\u20130155\u20130190\u20130001",
    "7107\u20110155\u20110190\u20110001",
    "71070155\u200b01900001",
    "7107\u00ad0155\u00ad0190\u00ad0001",
    "7107\uff0e0155\uff0e0190\uff0e0001",
    "a\n7107015501900001\nb",
    "7107·0155·0190·0001",
    # an NIP, of a PNS and of a PPPK
    "198503122010011003",
    "19850312 201001 1 003",
    "19850312 201001 1003",
    "NIP. 19850312 201001 2 003",
    "Surat tugas a.n. Greis, NIP 19850312 201001 2 003",
    "199001012022211005",
    "19850312.201001.1.003",
    "1985-03-12 NIP 198503122010011003",
)

HARMLESS = (
    # dates and times
    "Layanan 2026-11-20 08.30-11.30",
    "Layanan 2026-11-20 08:30 - 11:30",
    "Rapat 20-11-2026 13.15-14.45",
    "13.15-14.45 05-11-2026 rapat",
    "16.30 17.30 20-11-2026",
    "20.11.2026 08.30 s.d. 11.30",
    "20/11/2026, 0830-1130",
    "20261120 0830 1130",
    "Piket 1330-1430 dan 0830-0900",
    "2026-11-20 sampai 2026-11-24",
    "2026-11-20 2026-11-24",
    "20112026 24112026",
    "202611200830",
    "20261120083059",
    "Arsip 2019-2020, 2021-2022 dan 2023-2024",
    "2021 2022 2023 2024 2025",
    "berkas KK 2026-11-20 08.30-11.30",
    "Periksa NIK ganda 2026-11-20 08.30-11.30",
    # telephone numbers
    "0812 3456 7890 dan 0813 9876 5432",
    "0812 3456 7890 0813 9876 5432",
    "0812-3456-7890/0813-9876-5432",
    "081234567890 081398765432",
    "0811 7101 0112 0813 9876 5432",
    "62812 3456 7890, 62813 9876 5432",
    "6281 2345 6789 6281 3456 7890",
    "+62 812 3456 7890 +62 813 9876 5432",
    "+62 812-3456-7890",
    "0431 851234 0431 852345",
    "(0431) 851234, (0431) 852345",
    "0431851234 0812345678",
    "WA 0812 7101 0155 dan 0190 0001 22",
    "KK, WA 0812 3456 7890",
    # money, quantities, numbers of letters, requests and files
    "Rp 1.250.000.000.000,00",
    "Rp 7.107.015.501.900.001",
    "Rp71070155 dan Rp01900001",
    "DPA 1.02.03.04.05.06",
    "Rekening 5.2.02.05.01.0005",
    "PM-2611-0147",
    "PM-2611-0147, PM-2611-0148, PM-2611-0149",
    "SIAK-000123 dan SIAK-000124",
    "Akta 7107-LT-20112026-0001",
    "SKPWNI/7107/20112026/0012",
    "470/1234/DISDUKCAPIL/XI/2026",
    "SKB 1497, 2 dan 5 Tahun 2025",
    "Nomor 123456789012345",
    "Nomor 1234567890123456",
    "12345678901234567",
    "71070155019000012",
    "0007107015501900001",
    "7107 0155 0190",
    "7107 0155, 0190 0001",
    "7107 0155\n0190 0001",
    "7107 0155 0190.0001",
    "7199015501900001",
    "7107013213900001",
    "7107015501900000",
    "1107 9901 0101 0001 x",
    "4111 1111 1111 1111",
    "198513122010011003",
    "198503122010013003",
    "185003121870011003",
    "Melayani 12 warga, 3 KK, 4 KTP-el, 5 akta",
    "12 34 56 78 90 12 34 56",
    "ISBN 978-602-06-1234-5",
    "Versi 1.2.3.4, 192.168.100.200",
    "",
    "tidak ada angka",
)


@pytest.mark.parametrize("text", PERSONAL)
def test_a_number_of_a_person_is_found(text: str) -> None:
    assert holds_personal_number(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_another_number_is_left_alone(text: str) -> None:
    assert not holds_personal_number(text)


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(set(PERSONAL)) + len(set(HARMLESS)) >= 60 * 2 - 10
    assert min(len(PERSONAL), len(HARMLESS)) >= 45


CITIZENS = st.builds(
    lambda region, day, woman, month, year, serial: f"{region}{day + 40 * woman:02}{month:02}{year:02}{serial:04}",
    st.sampled_from(["710701", "717103", "317104", "110101", "940120", "627105", "520802", "330425"]),
    st.integers(1, 28),
    st.booleans(),
    st.integers(1, 12),
    st.integers(0, 99),
    st.integers(1, 9999),
)
SERVANTS = st.builds(
    lambda born, begun, month, sex, serial: f"{born:%Y%m%d}{born.year + begun}{month:02}{sex}{serial:03}",
    st.dates(date(1960, 1, 1), date(2005, 12, 31)),
    st.integers(18, 45),
    st.integers(1, 12),
    st.integers(1, 2),
    st.integers(1, 999),
)
BLOCKS = {
    16: ((16,), (4, 4, 4, 4), (6, 6, 4), (2, 2, 2, 6, 4), (6, 2, 2, 2, 4), (2, 2, 2, 2, 2, 2, 4), (1,) * 16),
    18: ((18,), (8, 6, 1, 3), (8, 6, 4), (8, 10)),
}
JOINTS = st.sampled_from([" ", "  ", "\u00a0", ".", "-", " - ", "\u2013", "/", "\u200b"])
WORDS = st.text(st.characters(blacklist_categories=["Nd", "Cs"], blacklist_characters="+"), max_size=12)


@given(st.one_of(CITIZENS, SERVANTS), st.integers(0, 6), JOINTS, WORDS, WORDS, st.booleans())
def test_however_it_is_printed_and_whatever_stands_around_it_a_persons_number_is_found(
    number: str, shape: int, joint: str, before: str, after: str, wide: bool
) -> None:
    shapes, rest, parts = BLOCKS[len(number)], number, []
    for length in shapes[shape % len(shapes)]:
        parts.append(rest[:length])
        rest = rest[length:]
    written = joint.join(parts)
    if wide:
        written = written.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    assert holds_personal_number(f"{before}{written}{after}")


DATES = st.builds(
    lambda day, form: day.strftime(form),
    st.dates(date(1990, 1, 1), date(2060, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%y", "%Y%m%d", "%d%m%Y", "%d Nov %Y"]),
)
TIMES = st.builds(lambda at, form: at.strftime(form), st.times(), st.sampled_from(["%H.%M", "%H:%M", "%H.%M WITA"]))
SPANS = st.builds(
    lambda a, b, joint: f"{a}{joint}{b}", TIMES, TIMES, st.sampled_from(["-", " - ", " \u2013 ", " s.d. "])
)


@given(DATES, SPANS, st.sampled_from([" ", ", ", " pukul ", ": "]), st.booleans(), WORDS)
def test_a_date_with_two_times_is_never_taken_for_one(day: str, span: str, joint: str, turn: bool, words: str) -> None:
    pair = (span, day) if turn else (day, span)
    assert not holds_personal_number(f"{words} {joint.join(pair)}")


def _in_blocks(digits: str, blocks: tuple[int, ...], joint: str) -> str:
    parts = []
    for length in blocks:
        parts.append(digits[:length])
        digits = digits[length:]
    return joint.join(part for part in [*parts, digits] if part)


PHONES = st.builds(
    lambda front, digits, blocks, joint: front + _in_blocks(digits, blocks, joint),
    st.sampled_from(["08", "+628", "628", "+62 8"]),
    st.text("0123456789", min_size=8, max_size=10),
    st.sampled_from([(), (2, 4, 4), (2, 4, 3), (2, 3, 4), (10,)]),
    st.sampled_from([" ", "-", "."]),
)
FIXED = st.builds(
    lambda area, digits, joint: f"0{area}{joint}{digits}",
    st.sampled_from(["431", "21", "411", "736"]),
    st.text("0123456789", min_size=6, max_size=8),
    st.sampled_from([" ", "-", ""]),
)


@given(st.one_of(PHONES, FIXED), st.one_of(PHONES, FIXED), st.sampled_from([" ", ", ", " / ", "/", " dan "]))
def test_two_telephone_numbers_are_never_taken_for_one(first: str, second: str, joint: str) -> None:
    assert not holds_personal_number(f"WA {first}{joint}{second}")


@given(st.integers(0, 10**15 - 1), st.booleans(), st.integers(0, 10**13), st.integers(1, 99_999))
def test_sums_and_the_numbers_of_requests_are_never_taken_for_one(
    money: int, cents: bool, other: int, serial: int
) -> None:
    dotted = f"{money:,}".replace(",", ".") + (",00" if cents else "")
    assert not holds_personal_number(f"Rp {dotted} dan Rp{other}, PM-2611-{serial:04}, SIAK-{serial:06}")


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert holds_personal_number(text) in {True, False}


@pytest.mark.parametrize(
    ("typed", "meaning"),
    [
        ("8", time(8)),
        ("08", time(8)),
        ("16", time(16)),
        ("0", time(0)),
        ("800", time(8)),
        ("730", time(7, 30)),
        ("0800", time(8)),
        ("1558", time(15, 58)),
        ("0005", time(0, 5)),
        ("8.00", time(8)),
        ("8:00", time(8)),
        ("08.00", time(8)),
        ("8,30", time(8, 30)),  # the comma of an Indonesian number pad
        (" 08 . 05 ", time(8, 5)),
        ("07:30:00", time(7, 30)),
        ("8.00 WITA", time(8)),
        ("0800wita", time(8)),
        ("8 wib", time(8)),
        ("08.00\u00a0WIT", time(8)),
        ("jam 8", time(8)),
        ("Pukul 15.58", time(15, 58)),
        ("\uff10\uff18\uff1a\uff13\uff10", time(8, 30)),
        ("23.59", time(23, 59)),
    ],
)
def test_a_time_is_read_as_people_type_it(typed: str, meaning: time) -> None:
    assert clock_time(typed) == meaning


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("8.5", "Write the minutes with two digits, for example 8:05 or 8:30."),
        ("8.", "Write the minutes with two digits, for example 8:05 or 8:30."),
        ("24.00", "A time is between 00:00 and 23:59."),
        ("07.60", "A time is between 00:00 and 23:59."),
        ("160", "A time is between 00:00 and 23:59."),
        ("2400", "A time is between 00:00 and 23:59."),
        ("45", "A time is between 00:00 and 23:59."),
        ("pagi", "Write the time as hours and minutes, for example 15:58."),
        ("", "Write the time as hours and minutes, for example 15:58."),
        ("-1", "Write the time as hours and minutes, for example 15:58."),
        ("08.00-09.00", "Write the time as hours and minutes, for example 15:58."),
        ("8 sore", "Write the time as hours and minutes, for example 15:58."),
        ("²", "Write the time as hours and minutes, for example 15:58."),
        ("8.000", "Write the time as hours and minutes, for example 15:58."),
        ("12345", "Write the time as hours and minutes, for example 15:58."),
    ],
)
def test_what_is_no_time_is_said_in_words(typed: str, message: str) -> None:
    with i18n.in_locale("en"), pytest.raises(ValueError, match=r".") as refused:
        clock_time(typed)
    assert str(refused.value) == message


@given(st.text())
def test_any_text_is_a_time_or_is_refused_in_words(text: str) -> None:
    with suppress(ValueError):  # anything else, as an index out of range, would be ours
        assert clock_time(text).second == 0


@given(st.times(), st.sampled_from(["%H.%M", "%H:%M", "%H%M", "%H,%M", "%H.%M WITA"]))
def test_every_minute_of_the_day_can_be_written_in_every_way(at: time, form: str) -> None:
    assert clock_time(at.strftime(form)) == at.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0812 3456 7890", "081234567890"),
        ("0812-3456-7890", "081234567890"),
        ("+62 812 3456 7890", "081234567890"),
        ("+62 (0)812 3456 7890", "081234567890"),
        ("0062 812 3456 7890", "081234567890"),
        ("62812 3456 7890", "081234567890"),
        ("8123456789", "08123456789"),
        ("812-3456-7890", "081234567890"),
        ("0431 851234", "0431851234"),
        ("(0431) 851-234", "0431851234"),
        ("431851234", "0431851234"),
        ("218512345", "0218512345"),
        ("+62 431 851234", "0431851234"),
        ("62431851234", "0431851234"),
        ("622123456", "0622123456"),  # Pematangsiantar's 0622 without its 0: too short for 62 and a number
        ("+65 9123 4567", "+6591234567"),
        ("0065 9123 4567", "+6591234567"),
        ("０８１２ 3456‑7890", "081234567890"),
    ],
)
def test_a_telephone_number_has_one_form_however_it_was_written(typed: str, number: str) -> None:
    assert telephone(typed) == number
    assert telephone(number) == number, "what is kept is read again as itself"


@pytest.mark.parametrize(
    "typed",
    ["", "123", "851234", "43185123", "rumah", "0812", "0812 / 0813 4567 8901", "7107015501900001", "+",
     "++62812345678", "0812345678901234", "12345678901234", "000812345678", "0812 3456 7890 a", "+0812345678", "(+62)"],
)  # fmt: skip
def test_what_is_no_telephone_number_is_refused_with_an_example(typed: str) -> None:
    with i18n.in_locale("en"), pytest.raises(ValueError, match="for example 0812 3456 7890"):
        telephone(typed)


@given(st.text("0123456789+ -().", max_size=20))
def test_a_number_that_is_taken_is_its_own_form(typed: str) -> None:
    with suppress(ValueError):
        number = telephone(typed)
        assert telephone(number) == number


def test_whatsapp_is_behind_mobile_and_foreign_numbers_only() -> None:
    numbers = ("081234567890", "+6591234567", "0431851234", "", "0812345")
    assert [whatsapp_number(one) for one in numbers] == ["6281234567890", "6591234567", None, None, None]
