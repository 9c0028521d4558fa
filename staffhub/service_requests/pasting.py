"""A message that an officer pastes: name, telephone and service are found in it, for the officer to confirm.

It is kept nowhere, and the numbers of people in it are dropped before anything else is looked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from staffhub.typed import holds_personal_number, plain, telephone

_LONGEST_NAME = 60
# 16 digits of a NIK or KK number and 18 of an NIP, however they are parted.
_PERSONAL = re.compile(
    r"(?<![0-9+])(?<![0-9][ ./_·-])[0-9](?:[ ./_·-]{0,3}[0-9]){15}(?:(?:[ ./_·-]{0,3}[0-9]){2})?(?![ ./_·-]{0,3}[0-9])"
)
# With one digit too few or too many: longer than any telephone number.
_NAMED = re.compile(r"(?i)\b(?:nik|kk|nip)\b[^0-9\n]{0,12}[0-9](?:[ ./_·-]{0,3}[0-9]){13,}")
_PHONE = re.compile(r"(?<![0-9])(?:[+]?62|0)[ .-]?8[0-9](?:[ .()-]{0,2}[0-9]){6,11}(?![0-9])")
_PARTS = re.compile(r"[\n;]|,\s*(?=[A-Za-z][A-Za-z .]{1,20}[:=])")
_LABELLED = re.compile(r"^\W*(?P<label>[A-Za-z][A-Za-z ./]{0,30}?)\s*[:=]\s*(?P<value>.*\S)\s*$")
_LABELS = {
    "applicant": {"nama", "nama lengkap", "nama pemohon", "pemohon", "atas nama", "an"},
    "phone": {"hp", "no hp", "nomor hp", "wa", "no wa", "nomor wa", "whatsapp", "no whatsapp", "telp", "no telp",
              "telepon", "no telepon", "nomor telepon", "kontak"},
    "service": {"layanan", "jenis layanan", "dokumen", "keperluan", "perihal", "permohonan", "jenis permohonan"},
}  # fmt: skip
_CALLED = re.compile(
    r"(?i:nama saya|atas nama|\ba\.?n\.|perkenalkan,? saya|\bsaya)\s+(?i:adalah\s+)?"
    r"(?P<name>[A-Z][\w'.]*(?: [A-Z][\w'.]*){0,3})"
)
_TITLES = {"ibu", "bapak", "bpk", "bpk.", "sdr", "sdr.", "sdri", "sdri.", "ny.", "tn.", "ny", "tn"}
# What people write instead of the words of a catalogue.
_INSTEAD = (
    (r"e[ -]?ktp|ktp[ -]?el(?:ektronik)?", "ktp"),
    (r"kartu keluarga", "kk"),
    (r"kartu identitas anak", "kia"),
    (r"akte", "akta"),
    (r"lahir", "kelahiran"),
    (r"meninggal|wafat", "kematian"),
    (r"nikah|menikah|pernikahan|kawin", "perkawinan"),
    (r"cerai", "perceraian"),
    (r"rekam|direkam", "perekaman"),
    (r"hilang|rusak", "cetak"),
)
_SAYS_LITTLE = {"surat", "kartu", "data", "atau", "dan", "tidak", "ulang", "penduduk", "anak"}
_ENOUGH = 0.5  # of the words of a service's name


@dataclass(frozen=True)
class Found:
    """`applicant` is shortened, `service` a code of the catalogue; "" for what was not found. `dropped`: a number of a
    person stood in the message.
    """

    applicant: str
    phone: str
    service: str
    dropped: bool


def read(message: str, catalogue: Mapping[str, Iterable[str]]) -> Found:
    """Look for what a request needs; `catalogue` has the names of each service by its code."""
    told = plain(message)
    text = "\n".join(line for line in _without_numbers(told).split("\n") if not holds_personal_number(line))
    labelled = _labelled(text)
    applicant = labelled.get("applicant", "") or _called(text)
    service = _service(labelled.get("service", ""), catalogue) or _service(text, catalogue)
    return Found(_short(applicant), _phone(labelled.get("phone", "")) or _phone(text), service, text != told)


def _without_numbers(text: str) -> str:
    return _PERSONAL.sub(" ", _NAMED.sub("", text))


def _labelled(text: str) -> dict[str, str]:
    """Return what stands behind a label; the first of a kind counts."""
    found: dict[str, str] = {}
    for part in _PARTS.split(text):
        if match := _LABELLED.match(part):
            label = " ".join(re.sub(r"[./]", " ", match["label"]).casefold().split())
            for kind, labels in _LABELS.items():
                if label in labels:
                    found.setdefault(kind, match["value"])
    return found


def _called(text: str) -> str:
    match = _CALLED.search(text)
    return match["name"] if match else ""


def _short(name: str) -> str:
    """Return Novi T. for Novi Tumewu: a name says no more here than is needed to ask for somebody."""
    words = re.sub(r"[^\w'. -]", " ", name).split()
    titles = words[:1] if words and words[0].casefold() in _TITLES else []
    words = words[len(titles) :]
    last = [f"{words[-1][0].upper()}."] if len(words) > 1 else []
    return " ".join([*titles, *words[:1], *last])[:_LONGEST_NAME]


def _phone(text: str) -> str:
    for match in _PHONE.finditer(text):
        with suppress(ValueError):
            return telephone(match[0])
    return ""


def _words(text: str) -> Iterator[str]:
    folded = text.casefold()
    for written, meant in _INSTEAD:
        folded = re.sub(rf"\b(?:{written})\b", meant, folded)
    yield from (word for word in re.findall(r"[a-z]+", folded) if word not in _SAYS_LITTLE)


def _service(text: str, catalogue: Mapping[str, Iterable[str]]) -> str:
    """Return the service of which most words stand in the text; "" when several fit alike, or none."""
    told = set(_words(text))
    fits: list[tuple[int, float, str]] = []
    for code, names in catalogue.items():
        wanted = [set(_words(name)) for name in names]
        hits, share = max(
            ((len(told & words), len(told & words) / len(words)) for words in wanted if words), default=(0, 0.0)
        )
        if share >= _ENOUGH:
            fits.append((hits, share, code))
    fits.sort(reverse=True)
    alike = len(fits) > 1 and fits[0][:2] == fits[1][:2]
    return fits[0][2] if fits and not alike else ""
