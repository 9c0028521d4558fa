"""A month that is signed is printed as it was signed, and every page bears the hash."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from staffhub import days, i18n, signing
from staffhub.db import Database
from staffhub.reports import documents, recap
from staffhub.reports.documents import exports, lines, person
from staffhub.security import Viewer
from tests.conftest import count_from, race, viewer_of
from tests.test_signing import FRIDAY, NOW, OCTOBER, answer, close, correct

THURSDAY = FRIDAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def _in_indonesian() -> Iterator[None]:
    with i18n.in_locale("id"):
        yield


@pytest.fixture
def hana(database: Database) -> Viewer:
    count_from(database, OCTOBER)
    days.close_due(database, now=NOW)
    return viewer_of(database, "hana")


@pytest.fixture
def dewi(database: Database) -> Viewer:
    return viewer_of(database, "dewi")


def printed(database: Database, me: Viewer, **filters: str) -> lines.Recap:
    with database.reading() as db:
        return lines.of_month(db, me, OCTOBER, now=NOW, **filters)


def code_of_ben(found: lines.Recap) -> str:
    return next(row for row in found.rows if row.name.startswith("Ben")).codes[FRIDAY.day - 1]


def test_a_signed_month_is_printed_from_its_snapshot_with_the_supplements_that_were_signed(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    before = printed(database, hana)
    close(database, hana)
    assert printed(database, hana).seal.startswith("Ditutup oleh Hana Tendean, 2 November 2026, belum ditandatangani")
    signed = answer(database, dewi, signing.sign)
    found = printed(database, hana)
    assert [(group.name, group.rows) for group in found.groups] == [(one.name, one.rows) for one in before.groups]
    assert signed.hash in found.seal
    content = documents.month_pdf(found)
    assert all(signed.hash in page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    correct(database, hana, "ben")
    assert code_of_ben(printed(database, hana)) == "A"
    close(database, hana, note="Surat cuti menyusul")
    assert code_of_ben(printed(database, hana)) == "A"
    supplement = answer(database, dewi, signing.sign)
    later = printed(database, hana)
    assert [(one.number, one.name, one.day) for one in later.changes] == [(1, "Ben Tumiwa", FRIDAY)]
    told = "".join(page.extract_text() for page in PdfReader(BytesIO(documents.month_pdf(later))).pages)
    assert "Yang diubah suplemen" in told
    assert code_of_ben(later) == "C"
    assert supplement.hash in later.seal
    assert "Surat cuti menyusul" in later.notes[0]


def test_of_a_signed_month_too_each_reads_the_own_scope_and_filters_narrow_it(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    close(database, hana)
    answer(database, dewi, signing.sign)
    ana = viewer_of(database, "ana")
    own = printed(database, ana)
    assert len(own.groups) == 1
    assert "Ben Tumiwa" in {row.name for row in own.rows} < {row.name for row in printed(database, hana).rows}
    assert not any(row.number[:1].isdigit() for row in own.rows if len(row.number) > 18)
    assert [row.name for row in printed(database, hana, q="ben tum").rows] == ["Ben Tumiwa"]
    code = {row.name for row in printed(database, hana, division="population_registration").rows}
    assert code == {row.name for row in printed(database, ana).rows}
    assert printed(database, hana, division="nowhere").rows == []


def test_of_two_presses_at_the_same_moment_one_asks(database: Database, hana: Viewer) -> None:
    wish = exports.Wish(OCTOBER, "csv")
    race(
        database,
        lambda db: exports.ask(db, hana, wish, key="one-form", now=NOW),
        lambda: _ask(database, hana, wish),
    )
    with database.reading() as db:
        assert len(exports.mine(db, hana, now=NOW)) == 1


def _ask(database: Database, me: Viewer, wish: exports.Wish) -> None:
    with database.transaction() as db:
        exports.ask(db, me, wish, key="one-form", now=NOW)


def supplemented(database: Database, hana: Viewer, dewi: Viewer) -> tuple[str, str]:
    """Sign October, change a day of Ben's, sign that as well, and change another one that nobody has signed."""
    close(database, hana)
    signed = answer(database, dewi, signing.sign)
    correct(database, hana, "ben")
    close(database, hana, note="Surat cuti menyusul")
    supplement = answer(database, dewi, signing.sign)
    correct(database, hana, "ben", THURSDAY)
    return signed.hash, supplement.hash


def table(database: Database, me: Viewer, **asked: str) -> list[list[str]]:
    with database.reading() as db:
        content = exports.make(db, me, exports.Wish(OCTOBER, "csv", **asked), now=NOW)()
    return list(csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_table_of_a_signed_month_is_what_was_signed_and_says_what_a_supplement_changed(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    header, *draft = table(database, hana, q="ben")
    assert header[16:] == [*lines.LETTERS, "Suplemen", "Sebelum suplemen", "Tanda tangan"]
    assert {row[-1] for row in draft} == {"Belum ditandatangani: cetakan sementara menurut keadaan saat ini."}
    _signed, last = supplemented(database, hana, dewi)
    rows = {row[0]: dict(zip(header, row, strict=True)) for row in table(database, hana, q="ben")[1:]}
    assert len(rows) == 31
    friday, thursday = rows[str(FRIDAY)], rows[str(THURSDAY)]
    assert (friday["Kode"], friday["C"], friday["A"], friday["Suplemen"]) == ("C", "1", "", "1")
    assert friday["Sebelum suplemen"] == "A"
    assert (thursday["Kode"], thursday["A"], thursday["Suplemen"]) == ("A", "1", "")
    assert last in friday["Tanda tangan"]
    numbers = {row[1] for row in table(database, viewer_of(database, "ana"))[1:]}
    assert numbers
    assert all(number.startswith("••••") for number in numbers)


def test_the_book_of_a_signed_month_has_a_sheet_of_what_supplements_changed(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    supplemented(database, hana, dewi)
    content = documents.month_xlsx(printed(database, hana))
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.get_sheet_by_name("Suplemen").to_python()[1:] == [[1.0, "23 Oktober 2026", "Ben Tumiwa", "A", "C"]]
    other = printed(database, hana, q="cy")
    assert "Suplemen" not in CalamineWorkbook.from_filelike(BytesIO(documents.month_xlsx(other))).sheet_names


def test_one_persons_sheet_of_a_signed_month_is_what_was_signed(database: Database, hana: Viewer, dewi: Viewer) -> None:
    _signed, last = supplemented(database, hana, dewi)
    given = sheet_of_ben(database, hana)
    assert [given["rows"][day.day - 1]["cells"][5] for day in (THURSDAY, FRIDAY)] == ["A", "C"]
    assert "suplemen 1, sebelumnya: A" in given["rows"][FRIDAY.day - 1]["cells"][6]
    assert given["changed"][1] == ["1", "23 Oktober 2026", "Ben Tumiwa", "A", "C"]
    assert last in given["seal"]
    with database.reading() as db:
        own = recap.own_month(db, hana, ben_of(database, hana), OCTOBER, now=NOW)
        told = "".join(page.extract_text() for page in PdfReader(BytesIO(documents.person_pdf(db, hana, own))).pages)
    assert last in told


def test_one_persons_sheet_of_a_closed_month_says_that_it_waits(database: Database, hana: Viewer) -> None:
    assert "Bulan ini belum ditandatangani" in sheet_of_ben(database, hana)["seal"]
    close(database, hana)
    assert "menunggu tanda tangan kepala" in sheet_of_ben(database, hana)["seal"]


def ben_of(database: Database, me: Viewer) -> recap.Staff:
    with database.reading() as db:
        return recap.officer_for(db, me, viewer_of(database, "ben").officer_id, OCTOBER, date(2026, 10, 31))


def sheet_of_ben(database: Database, me: Viewer) -> dict[str, Any]:
    with database.reading() as db:
        own = recap.own_month(db, me, ben_of(database, me), OCTOBER, now=NOW)
        return person.person_data(db, me, own)
