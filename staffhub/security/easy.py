"""Which passwords are too easy: the commonest ones, words of our country and of this office, the person's own.

ASVS 5.0 (6.2.4, 6.2.11) asks for the 3,000 commonest at least, and for words of the context.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

# What people of an Indonesian office build passwords of; the list of the world's commonest knows few of these.
_LISTED = """
    admin administrator akun aplikasi bapak bhinneka bidang bismillah bulan bunga capil catatan cinta dinas disdukcapil
    dukcapil garuda hallo indonesia islam jaya juara kabupaten kadis kantor kartu katasandi kecamatan keluarga
    kepala kepegawaian kependudukan kerja kesayangan komputer kota kristus ktp lapor layanan login manado
    masuk melayu merah merdeka minahasa minggu negara negeri nusantara operator pancasila papua passw0rd password
    pegawai pelayanan pemda pemkab pemkot pencatatan penduduk pengguna pns pppk provinsi putih rahasia rindu sandi
    sayang sayangku sekretariat selamat selalu semangat semua senin selasa rabu kamis jumat sabtu staff staffhub
    sukses sulawesi sulut surga terserah tetap tuhan utara selatan timur barat tengah user username yesus allah
    januari februari maret april mei juni juli agustus september oktober november desember
    ambon aceh bali bandung bekasi bengkulu bitung bogor borneo cirebon denpasar gorontalo jakarta jambi java jawa
    jayapura kalimantan kendari kotamobagu kupang lampung lombok madura makassar maluku mamuju mataram medan padang
    palembang palu pontianak riau samarinda semarang solo sorong sumatera sumatra surabaya ternate tomohon tondano
    toraja welcome changeme letmein iloveyou qwerty
"""
_WORDS = frozenset(_LISTED.split())
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_SEQUENCES = tuple(sequence for row in _ROWS for sequence in (row, row[::-1]))
_LEET = {"0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
# Fewer letters than this beside listed words make no password of them.
_ENOUGH = 4


@cache
def _commonest() -> frozenset[str]:
    """Return the 30,000 commonest passwords. Read at the first use: it takes 0.2 s and 15 MB."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def is_easy(password: str, about: Iterable[str] = ()) -> bool:
    """Whether it is listed, or only digits, signs and look-alikes set a listed word apart from it.

    `about` are texts of the person and the office (names, numbers, addresses): none of them is a secret.
    """
    plain = unicodedata.normalize("NFKC", password).casefold()
    words, numbers = _context(about)
    return (
        _repeats(plain)
        or any(plain in sequence for sequence in _SEQUENCES)
        or _is_number(plain, numbers)
        or any(word in _commonest() for word in _readings(plain))
        or any(_is_made_of(word, words) for word in _letters_of(plain))
    )


def _context(about: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words and the digits of some texts: a date of birth stands in an NIP, and so does its reverse."""
    words, numbers = set(_WORDS), set()
    for text in about:
        plain = unicodedata.normalize("NFKC", text).casefold()
        words |= {word for word in re.findall(r"[^\W\d_]+", plain) if len(word) > 2}  # noqa: PLR2004  no initials
        digits = re.sub(r"\D", "", plain)
        if len(digits) >= 8:  # noqa: PLR2004  YYYYMMDD
            year, month, day = digits[:4], digits[4:6], digits[6:8]
            numbers |= {digits, year + month + day, day + month + year, day + month + year[2:]}
    return frozenset(words), frozenset(numbers)


def _repeats(plain: str) -> bool:
    """Two signs only, or one short piece again and again: "abababab", "manamana"."""
    piece = re.fullmatch(r"(.{1,4}?)\1+", plain, re.DOTALL)
    return len(set(plain)) <= 2 or piece is not None  # noqa: PLR2004


def _is_number(plain: str, numbers: frozenset[str]) -> bool:
    """The own number, or a day written as eight digits: there are some 40,000 that a person remembers."""
    digits = re.sub(r"[\s./-]", "", plain)
    is_day = re.fullmatch(r"(19|20)\d\d[01]\d[0-3]\d|[0-3]\d[01]\d(19|20)\d\d", digits) is not None
    return digits.isdecimal() and (digits in numbers or is_day)


def _bodies(plain: str) -> set[str]:
    """Return it as written, and without the digits and signs that people put at either end of a word."""
    return {plain, plain.rstrip("0123456789 .,_-!?*#@$&+=/"), re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)}


def _readings(plain: str) -> Iterator[str]:
    """Yield every way to read it: look-alikes as letters, then without what is no letter."""
    for body in _bodies(plain):
        # "1" is an i or an l: twice, whatever the length.
        for reading in (body, *("".join(_LEET.get(one, one)[-turn:][:1] for one in body) for turn in (1, 2))):
            yield reading
            yield "".join(one for one in reading if one.isalpha())


def _letters_of(plain: str) -> set[str]:
    return {word for word in _readings(plain) if word.isalpha()}


def _is_made_of(letters: str, words: frozenset[str]) -> bool:
    """Whether listed words, put one after the other, leave next to nothing of it."""
    used = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))
    rest = used.sub("", letters)
    return rest != letters and len(rest) < _ENOUGH
