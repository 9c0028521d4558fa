"""The recap as XLSX and PDF: the same letters and totals as the month, whoever reads them back."""

import random
import re
import zipfile
from datetime import date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from staffhub.i18n import in_locale
from staffhub.models import MarkKind, Paper, Role
from staffhub.office import OfficeFacts
from staffhub.reports import documents, recap
from staffhub.reports.documents import lines, printed
from tests.conftest import World, count_from
from tests.test_corrections import put_mark

AUGUST = date(2026, 8, 1)
NOVEMBER = date(2026, 11, 1)
FRIDAY = date(2026, 11, 20)
FORMULA = '=HYPERLINK("http://x","y")'
CODES = ["H", "H", "WFH", "WFH HT", "HT", "HP", "HT HP", "I", "C", "S", "DL", "TB", "A", ""]


def facts(paper: Paper = Paper.F4) -> OfficeFacts:
    return OfficeFacts(
        "Dinas Contoh", "Pemerintah Kabupaten Contoh", "Jalan Contoh 1", ZoneInfo("Asia/Makassar"), None,
        paper=paper, phone="0431123456", signing_place="Ratahan", head_title="Kepala Dinas",
    )  # fmt: skip


def made(people: int = 4, *, divisions: int = 2, paper: Paper = Paper.F4, name: str = "") -> lines.Recap:
    chance = random.Random(people)
    dates = lines.month_days(AUGUST)
    groups = []
    for place in range(divisions):
        rows = [
            lines.Row(
                name or f"Pegawai {place}{n}",
                "19850101 201001 1 001",
                "",
                tuple("L" if day.weekday() > 4 else chance.choice(CODES) for day in dates),
                worked=9000,
                late=12,
                early=3,
            )
            for n in range(people // divisions)
        ]
        groups.append(lines.Group(f"Bidang {place}", f"Bid/{place}", rows))
    signers = {Role.OFFICE_HEAD: lines.Signer("Dewi Ondang", "1", "Kepala"), Role.HR: lines.Signer("Hana T", "2", "HR")}
    with in_locale("id"):
        return lines.made(
            facts(paper), AUGUST, groups, signers=signers, papers=None, today=date(2026, 9, 2), notes=["Banjir"]
        )


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def test_totals_of_the_sheet_are_formulas_whose_kept_values_are_what_they_count() -> None:
    found = made(40, divisions=2)
    with in_locale("id"):
        content = documents.month_xlsx(found)
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["Bid 0", "Bid 1", "Keterangan"]
    table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    header = table[5]
    assert [header[3].replace("\n", " "), header[34]] == ["S 1", "H"]
    for place, row in enumerate(found.groups[0].rows):
        told = table[6 + place]
        assert (told[1], told[2]) == (row.name, row.number)
        codes = told[3:34]
        by_hand = {
            "H": sum(bool(code) and (code.startswith(("H", "WFH"))) for code in codes),
            "WFH": sum(code.startswith("WFH") for code in codes),
            "HT": sum("HT" in code for code in codes),
            "HP": sum("HP" in code for code in codes),
        } | {letter: codes.count(letter) for letter in ("I", "C", "S", "DL", "TB", "A", "L")}
        assert dict(zip(found.letters, told[34:45], strict=True)) == by_hand
    assert table[6 + 20][34] == sum(row.count("H") for row in found.groups[0].rows)
    with zipfile.ZipFile(BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert '<f>COUNTIF(D7:AH7,"H*")+COUNTIF(D7:AH7,"WFH*")</f>' in sheet
    assert "<f>SUM(AI7:AI26)</f>" in sheet
    assert 'topLeftCell="C7"' in sheet
    assert 'orientation="landscape"' in sheet
    assert 'paperSize="14"' in sheet


def test_half_a_day_of_leave_counts_half_on_each_side_in_every_paper() -> None:
    """The formulas are reckoned as a spreadsheet reckons them: COUNTIF looks at the whole cell, * is anything."""
    codes = ("C½ H", "C½ HT", "C½ WFH HP", "S½ A", "C½ DL", "C½ TB", "H", "WFH HT", "C", "A", "L", *[""] * 20)
    row = lines.Row("Ben", "1", "", codes, worked=0, late=0, early=0)
    with in_locale("id"):
        found = lines.made(
            facts(), AUGUST, [lines.Group("Bidang", "Bid", [row])], signers={}, papers=None, today=date(2026, 9, 2)
        )
        content = documents.month_xlsx(found)
        printed_row = printed.month_data(found)["groups"][0]["rows"][0]
        text = "".join(pages(documents.month_pdf(found)))
    by_hand = {
        "H": 3.5,
        "WFH": 1.5,
        "HT": 2,
        "HP": 1,
        "I": 0,
        "C": 3.5,
        "S": 0.5,
        "DL": 0.5,
        "TB": 0.5,
        "A": 1.5,
        "L": 1,
    }
    assert {letter: row.count(letter) for letter in found.letters} == by_hand
    with zipfile.ZipFile(BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    formulas = re.findall(r"<f>(COUNTIF[^<]*)</f><v>([^<]*)</v>", sheet)
    assert [float(kept) for _formula, kept in formulas] == list(by_hand.values())
    for formula, kept in formulas:
        parts = re.findall(r'COUNTIF\([^,]*,"([^"]*)"\)(/2)?', formula)
        reckoned = sum(
            sum(bool(re.fullmatch(wanted.replace("*", ".*"), code)) for code in codes) / (2 if half else 1)
            for wanted, half in parts
        )
        assert reckoned == float(kept), formula
    assert printed_row["totals"][:2] == ["3,5", "1,5"]
    assert "½ berarti cuti setengah hari itu" in " ".join(text.split())


def test_no_cell_starts_a_formula_of_somebody_elses() -> None:
    with in_locale("id"):
        content = documents.month_xlsx(made(2, divisions=1, name=FORMULA))
    with zipfile.ZipFile(BytesIO(content)) as parts:
        formulas = re.findall(r"<f>([^<]*)</f>", parts.read("xl/worksheets/sheet1.xml").decode())
    assert formulas
    assert not any("HYPERLINK" in one for one in formulas)
    table = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert table[6][1] == FORMULA


def test_names_of_sheets_are_ones_that_a_book_may_have() -> None:
    groups = [lines.Group("x", short, []) for short in ("A/B [1]", "a:b (1)", "A/B [1]", "", "y" * 60)]
    found = lines.made(facts(), AUGUST, groups, signers={}, papers=None, today=AUGUST)
    names = CalamineWorkbook.from_filelike(BytesIO(documents.month_xlsx(found))).sheet_names
    assert len({name.casefold() for name in names}) == len(groups) + 1
    assert all(len(name) <= 31 for name in names)


@pytest.mark.parametrize("paper", list(Paper))
def test_the_printed_recap_says_who_signs_what_and_counts_its_pages(paper: Paper) -> None:
    with in_locale("id"):
        content = documents.month_pdf(made(60, divisions=3, paper=paper, name="Ben *Tumiwa* #x"))
    told = pages(content)
    assert len(told) > 1
    for number, text in enumerate(told, 1):
        assert f"Halaman {number} dari {len(told)}" in text
        assert "Belum ditandatangani" in text
    every = "\n".join(told)
    for text in ("REKAPITULASI", "Mengetahui,", "Kepala Dinas", "Dewi Ondang", "Ratahan, 31 Agustus 2026", "Banjir"):
        assert text in every
    assert every.count("Ben *Tumiwa* #x") == 60
    root = PdfReader(BytesIO(content)).root_object
    assert (root["/Lang"], bool(root["/MarkInfo"]["/Marked"])) == ("id", True)


@pytest.mark.parametrize("people", [14, 18, 20, 22])
def test_signatures_never_stand_on_a_page_without_rows(people: int) -> None:
    """Whatever fits or does not: the last page has the head of the table, three people and both who sign."""
    with in_locale("id"):
        told = pages(documents.month_pdf(made(people, divisions=2)))
    signed = [text for text in told if "Mengetahui," in text]
    assert len(signed) == 1
    assert signed[0].count("Pegawai") >= 3
    assert "Nama dan NIP" in signed[0]
    assert "".join(told).count("Pegawai") == people


def test_a_letter_of_the_offices_own_has_a_column_before_absence() -> None:
    row = lines.Row("Ben", "1", "", ("CB", *[""] * 30), 0, 0, 0)
    found = lines.made(facts(), AUGUST, [lines.Group("x", "x", [row])], signers={}, papers=None, today=AUGUST)
    assert found.letters[-3:] == ["CB", "A", "L"]
    assert row.count("CB") == 1


def test_the_recap_has_the_days_and_totals_of_the_month_and_no_plan_is_counted(world: World) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    count_from(world.database, FRIDAY)
    put_mark(world.database, hana, ben, FRIDAY, "07:52", MarkKind.CHECK_IN, receipt="M28TR51")
    now = datetime(2026, 11, 23, 1, 0, tzinfo=ZoneInfo("UTC"))
    with world.database.reading() as db, in_locale("id"):
        found = lines.of_month(db, hana, NOVEMBER, now=now, q="ben")
        sheet = recap.month(db, hana, NOVEMBER, now=now, q="ben", page=None)
    (row,), (line,) = found.rows, sheet.lines
    assert (row.codes[19], row.codes[24], row.number) == ("HT", "", "00000000 000000 0 003")
    assert (row.count("H"), row.count("HT"), row.late) == (line.totals.present, 1, line.totals.late)
    assert (found.head.name, found.personnel.name) == ("Dewi Ondang", "Hana Tendean")
    assert "Belum ditandatangani" in found.seal


def test_the_head_of_a_bidang_prints_that_bidang_without_numbers(world: World) -> None:
    now = datetime(2026, 11, 23, 1, 0, tzinfo=ZoneInfo("UTC"))
    with world.database.reading() as db:
        found = lines.of_month(db, world.viewer("ana"), NOVEMBER, now=now)
        whole = lines.of_month(db, world.viewer("hana"), NOVEMBER, now=now)
    assert len(found.groups) == 1
    assert {row.name for row in found.rows} < {row.name for row in whole.rows}
    assert any(row.number.startswith("••••") for row in found.rows)
    assert found.head.number == ""


def test_what_the_template_is_given_names_every_word(world: World) -> None:
    with in_locale("en"):
        given = printed.month_data(made(2))
    assert (given["lang"], given["title"]) == ("en", "Attendance recap, August 2026")
