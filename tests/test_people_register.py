"""Reading the register from a file: what is understood, and what is refused before it can do harm."""

import io
import re
import time
import zipfile
from collections.abc import Iterator

import pytest
import xlsxwriter

from staffhub import i18n
from staffhub.errors import Refused
from staffhub.people import COLUMNS, read_register
from staffhub.people.register import MAX_BYTES, MAX_ROWS, column_letter

NIP = "199004112015032001"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def _csv(*lines: str, header: str = ";".join(COLUMNS)) -> bytes:
    return "\r\n".join((header, *lines)).encode("utf-8-sig")


def _xlsx(*rows: list[object], header: list[str] | None = None, above: int = 0, left: int = 0) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(above, left, header or list(COLUMNS))
        for n, row in enumerate(rows, above + 1):
            sheet.write_row(n, left, row)
    return content.getvalue()


def _change(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Write the archive again with one part changed, as an attacker would."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data.replace(old, new) if name == part else data)
    return changed.getvalue()


def _refusal(data: bytes, filename: str = "pegawai.xlsx") -> str:
    started = time.monotonic()
    with pytest.raises(Refused) as refused:
        read_register(data, filename)
    assert refused.value.field == "file"
    assert time.monotonic() - started < 10  # generous: what is refused is refused before it is unpacked
    return refused.value.message


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_is_read_whatever_separates_its_cells(delimiter: str) -> None:
    line = delimiter.join(("Ben Tumiwa", NIP, "PNS", "", "PIAK", "", "", "", "ben", ""))
    register = read_register(_csv(line, header=delimiter.join(COLUMNS)), "daftar.CSV")
    (row,) = register.rows
    assert (row.number, row.cells["nama"].text, row.cells["bidang"].text) == (2, "Ben Tumiwa", "PIAK")


def test_headers_may_be_in_any_order_and_spelling_and_others_are_named_but_not_read() -> None:
    header = "USERNAME;Nama Pegawai;NIP/NIPPPK;Jenis;Jabatan;Bidang;Atasan Langsung;E-mail;No. HP;Peran;NIK"
    register = read_register(_csv("ben;Ben;1;PNS;;;;;;;7107010101900001", header=header), "a.csv")
    assert register.letters["username"] == "A"
    assert register.letters["nama"] == "B"
    assert register.ignored == ("column K (NIK)",)
    assert "7107010101900001" not in str(register)


def test_a_title_above_the_header_and_empty_rows_keep_the_row_numbers_of_the_sheet() -> None:
    content = b"DAFTAR PEGAWAI\n\n" + _csv("A;1", ";;;", "", "B;2").removeprefix(b"\xef\xbb\xbf")
    assert [row.number for row in read_register(content, "a.csv").rows] == [4, 7]
    assert [row.number for row in read_register(_xlsx(["A"], [""], ["B"], above=4), "a.xlsx").rows] == [6, 8]


def test_a_spreadsheet_beside_the_first_column_names_its_real_letters() -> None:
    register = read_register(_xlsx(["Ben", NIP], left=1), "a.xlsx")
    assert register.letters["nama"] == "B"
    assert register.rows[0].cells["NIP"].text == NIP


def test_a_sheet_with_its_texts_in_the_cells_and_one_with_nothing_in_it_are_read_too() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for place, text in enumerate(COLUMNS):
            sheet.write_string(0, place, text)
        sheet.write_string(1, 0, "Ben Tumiwa")
    assert read_register(content.getvalue(), "a.xlsx").rows[0].cells["nama"].text == "Ben Tumiwa"
    empty = io.BytesIO()
    with xlsxwriter.Workbook(empty, {"constant_memory": True}) as book:
        book.add_worksheet()
    with pytest.raises(Refused):
        read_register(empty.getvalue(), "a.xlsx")


def test_old_windows_letters_are_read_too() -> None:
    content = ";".join(COLUMNS).encode() + "\nRené;1".encode("cp1252")
    assert read_register(content, "a.csv").rows[0].cells["nama"].text == "René"


def test_a_number_that_the_spreadsheet_rounded_is_marked() -> None:
    (row,) = read_register(_xlsx(["Ben", 199004112015032001, "PNS", 12.5, True]), "a.xlsx").rows
    assert (row.cells["NIP"].text, row.cells["NIP"].rounded) == ("1,99004E+17", True)
    assert (row.cells["jabatan"].text, row.cells["bidang"].text) == ("12.5", "True")
    (row,) = read_register(_csv("Ben;1,99004E+17"), "a.csv").rows
    assert row.cells["NIP"].rounded


def test_a_missing_and_a_doubled_column_are_named() -> None:
    assert "peran" in _refusal(_csv("x", header=";".join(list(COLUMNS)[:-1])), "a.csv")
    assert "nama" in _refusal(_csv("x", header=";".join([*COLUMNS, "Nama Lengkap"])), "a.csv")
    assert "No header" in _refusal(b"a;b\n1;2\n", "a.csv")
    assert "no rows" in _refusal(_csv(";;;"), "a.csv")


def test_a_unicode_text_of_the_spreadsheet_is_read() -> None:
    header = "\t".join(COLUMNS)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
        data = f"{mark}{header}\r\nSité Ondang\t{NIP}\tPNS\t\tPIAK\t\t\t\tsite\t\r\n".encode(encoding)
        (row,) = read_register(data, "pegawai.txt").rows
        assert (row.cells["nama"].text, row.cells["username"].text) == ("Sité Ondang", "site")


def test_commas_in_titles_do_not_make_a_semicolon_file_a_comma_file() -> None:
    names = [
        f"Budi {letter}, S.Kom., M.Si., Ph.D., S.H.;{letter};PNS;a, b, c, d;;;;;u{letter};" for letter in "abcdefgh"
    ]
    register = read_register(_csv(*names), "a.csv")
    assert [row.cells["username"].text for row in register.rows] == [f"u{letter}" for letter in "abcdefgh"]
    assert register.rows[0].cells["nama"].text == "Budi a, S.Kom., M.Si., Ph.D., S.H."


def _book(**sheets: tuple[bool, list[list[object]]]) -> bytes:
    """Sheets by name: whether it is hidden, and its rows."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        for name, (hidden, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
            if hidden:
                sheet.hide()
            else:
                sheet.activate()
    return content.getvalue()


PERSON = ["Ben Tumiwa", NIP, "PNS", "", "PIAK", "", "", "", "ben", ""]


def test_a_cover_an_empty_and_a_hidden_sheet_before_the_register_are_passed_over() -> None:
    old = [list(COLUMNS), ["Lama", NIP, "PNS", "", "", "", "", "", "lama", ""]]
    data = _book(lama=(True, old), sampul=(False, [["Daftar pegawai"], ["2026"]]), kosong=(False, []),
                 pegawai=(False, [list(COLUMNS), PERSON]))  # fmt: skip
    assert [row.cells["username"].text for row in read_register(data, "a.xlsx").rows] == ["ben"]


def test_a_second_sheet_with_a_register_is_named_as_not_read() -> None:
    data = _book(a=(False, [list(COLUMNS), PERSON]), b=(False, [list(COLUMNS), PERSON]))
    assert read_register(data, "a.xlsx").ignored == ("the sheet b",)


def test_a_file_whose_only_register_is_hidden_is_refused() -> None:
    assert "No header" in _refusal(_book(a=(True, [list(COLUMNS), PERSON]), b=(False, [["Sampul"]])))


def test_the_headings_that_offices_use_are_known() -> None:
    header = (
        "No.;Nomor;Nama (dengan gelar);NIP / NI PPPK;Status Kepegawaian;Nama Jabatan;Unit Kerja;Pejabat Penilai;"
        "Alamat Email;No. HP/WA;Login;Hak Akses;Pangkat"
    )
    register = read_register(_csv("1;1;Ben;9;PNS;;PIAK;;;;ben;;III/a", header=header), "a.csv")
    (row,) = register.rows
    assert (row.cells["NIP"].text, row.cells["bidang"].text, row.cells["username"].text) == ("9", "PIAK", "ben")
    assert register.ignored == ("column A (No.)", "column B (Nomor)", "column M (Pangkat)")


def test_a_signature_block_below_the_table_is_no_officer_and_is_named() -> None:
    rows = ["Ben;1;PNS;;;;;;ben;", ";;;;;;;;;", ";;;;Ratahan, 23 November 2026;;;;;", ";;;;Kepala Dinas,;;;;;",
            ";;;;Drs. Adi Contoh, M.Si;;;;;", ";;;;NIP. 19670101 199003 1 004;;;;;"]  # fmt: skip
    register = read_register(_csv(*rows), "a.csv")
    assert [row.number for row in register.rows] == [2]
    assert register.ignored == ("what stands below the table, from row 4 on",)


def test_a_last_row_that_lacks_its_cells_is_still_an_officer() -> None:
    register = read_register(_csv("Ben;1;PNS;;;;;;ben;", "", "Tia Lumintang"), "a.csv")
    assert [row.cells["nama"].text for row in register.rows] == ["Ben", "Tia Lumintang"]
    assert register.ignored == ()


@pytest.mark.parametrize(
    ("data", "filename", "said"),
    [
        (b"", "a.csv", "empty"),
        (b"  \n", "a.csv", "empty"),
        (b"x" * (MAX_BYTES + 1), "a.csv", "5 MB"),
        (b"nama;\x00", "a.csv", "not an XLSX or CSV"),
        (b"%PDF-1.7", "a.pdf", "not an XLSX or CSV"),
        (b"\xd0\xcf\x11\xe0", "a.xls", "not an XLSX or CSV"),
        (b"PK\x03\x04 broken", "a.xlsx", "damaged"),
        (_csv('"' + "x" * 200_000 + '"'), "a.csv", "damaged"),
    ],
)
def test_what_is_no_register_is_refused_in_words(data: bytes, filename: str, said: str) -> None:
    assert said in _refusal(data, filename)


def test_an_archive_of_something_else_and_a_torn_one_are_refused() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "not an XLSX" in _refusal(other.getvalue())
    assert "damaged" in _refusal(_change(_xlsx(["Ben"]), "xl/workbook.xml", b"<sheets>", b"<sheets><<"))
    assert "damaged" in _refusal(_change(_xlsx(["Ben"]), "xl/worksheets/sheet1.xml", b"<v>", b"<v>9"))


def test_more_rows_than_an_office_has_are_refused() -> None:
    assert str(MAX_ROWS) in _refusal(_csv(*(["x"] * (MAX_ROWS + 1))), "a.csv")
    assert str(MAX_ROWS) in _refusal(_xlsx(*([["x"]] * (MAX_ROWS + 20))))
    assert len(read_register(_csv(*(["x"] * MAX_ROWS)), "a.csv").rows) == MAX_ROWS


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _n in range(100):
                part.write(b" " * 1_000_000)
    assert "far more than a list" in _refusal(bomb.getvalue())


def test_a_cell_at_the_far_end_of_the_sheet_is_refused_for_it_would_fill_the_memory() -> None:
    content = _xlsx(["Ben"])
    row = b'<c r="A2"'
    assert "far to the right" in _refusal(_change(content, "xl/worksheets/sheet1.xml", row, b'<c r="XFD2"'))
    assert "5000 rows" in _refusal(_change(content, "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="1048576"'))
    tricky = b"<c\tr = 'xfd1048576'"
    assert "far to the right" in _refusal(_change(content, "xl/worksheets/sheet1.xml", row, tricky))


def test_cells_that_only_carry_a_format_far_below_do_no_harm() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(COLUMNS))
        sheet.write_row(1, 0, ["Ben"])
        sheet.write_blank(900_000, 300, None, book.add_format({"bold": True}))
    assert len(read_register(content.getvalue(), "a.xlsx").rows) == 1


def test_one_long_text_repeated_in_many_cells_is_refused() -> None:
    assert "far more than a list" in _refusal(_xlsx(*([["x" * 30_000] * 10] * 1000)))


def test_a_sheet_of_too_many_cells_is_refused() -> None:
    wide = [["x"] * 64] * (MAX_ROWS + 10)
    assert re.search("far more|rows", _refusal(_xlsx(*wide)))


@pytest.mark.parametrize(("place", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_lettered_as_in_a_sheet(place: int, letter: str) -> None:
    assert column_letter(place) == letter
