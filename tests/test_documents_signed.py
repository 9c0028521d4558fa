"""A month that is signed is printed as it was signed, and every page bears the hash."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from pypdf import PdfReader

from staffhub import days, i18n, signing
from staffhub.db import Database
from staffhub.reports import documents
from staffhub.reports.documents import exports, lines
from staffhub.security import Viewer
from tests.conftest import count_from, race, viewer_of
from tests.test_signing import FRIDAY, NOW, OCTOBER, answer, close, correct


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
    assert "Belum ditandatangani" in printed(database, hana).seal
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
