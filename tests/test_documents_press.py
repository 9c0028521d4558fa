"""The press: what goes in as data stays text, and what comes out is the same on every machine, tagged and numbered."""

import re
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from staffhub import office
from staffhub.i18n import in_locale
from staffhub.models import Paper
from staffhub.reports.documents import letterhead, press
from tests.conftest import MORNING, World

MARKUP = '#panic("x") *Ben* $x$ _y_ <label> @ref \\ "q" Å'


def _facts(world: World) -> office.OfficeFacts:
    with world.database.reading() as db:
        return office.facts(db, world.viewer("hana").office_id)


def test_markup_in_what_somebody_typed_stays_text(world: World) -> None:
    rows = [[MARKUP, "8"]]
    with in_locale("id"):
        data = letterhead.dressed(_facts(world), "Percobaan", lines=rows)
    data["letterhead"]["address"] = MARKUP
    printed = press.pdf("letterhead_proof", data)
    assert MARKUP.replace(" ", "") in PdfReader(BytesIO(printed)).pages[0].extract_text().replace(" ", "")


@pytest.mark.parametrize("letter", ["🙏", "🏴", "漢"])
def test_a_letter_that_no_font_has_keeps_no_paper_from_being_printed(world: World, letter: str) -> None:
    with in_locale("id"):
        data = letterhead.dressed(_facts(world), "Percobaan", lines=[[f"Siap {letter} berkas", "8"]])
    data["letterhead"]["address"] = f"Jalan {letter} Contoh 1"
    told = PdfReader(BytesIO(press.pdf("letterhead_proof", data)))
    assert "Contoh 1" in told.pages[0].extract_text()
    assert told.root_object["/MarkInfo"]["/Marked"] == True  # noqa: E712  pypdf's own boolean


@pytest.mark.parametrize(("paper", "size"), [(Paper.F4, (215, 330)), (Paper.A4, (210, 297))])
def test_a_paper_has_the_size_that_is_set_and_is_tagged_and_says_its_language(
    world: World, paper: Paper, size: tuple[int, int]
) -> None:
    with in_locale("id"):
        data = letterhead.dressed(_facts(world), "Percobaan", lines=[])
    data["letterhead"]["paper"] = paper.value
    printed = press.pdf("letterhead_proof", data)
    assert press.pdf("letterhead_proof", data) == printed
    told = PdfReader(BytesIO(printed))
    root = told.root_object
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712  pypdf's own boolean
    assert (root["/Lang"], told.metadata.title) == ("id", "Percobaan")
    page = told.pages[0]
    assert (round(float(page.mediabox.width) / 72 * 25.4), round(float(page.mediabox.height) / 72 * 25.4)) == size
    assert "Halaman 1 dari 1" in page.extract_text()


def test_personnel_set_the_letterhead_and_every_process_knows(world: World) -> None:
    hana = world.viewer("hana")
    before = _facts(world)
    with world.database.transaction() as db:
        letterhead.change(
            db,
            hana,
            government="Pemerintah Kabupaten Contoh",
            address="Jalan Contoh 1",
            phone="0431 123",
            email="dinas@contoh.go.id",
            paper=Paper.A4,
            signing_place="Contoh",
            head_title="Kepala Dinas",
            seen=before.letterhead_version,
            now=MORNING,
        )
    now = _facts(world)
    assert (now.paper, now.signing_place, now.letterhead_version) == (Paper.A4, "Contoh", before.letterhead_version + 1)
    with in_locale("id"):
        data = letterhead.dressed(now, "x")
    assert data["letterhead"]["contact"] == "Telepon 0431 123, dinas@contoh.go.id"
    with world.database.reading() as db:
        assert "0431" not in str(db.scalars(sa.text("SELECT facts FROM audit_event")).all())


def test_the_letterhead_is_typed_on_the_page_of_the_office(world: World) -> None:
    client = world.client("hana")
    assert "Kop surat dan kertas" in client.get("/admin/office").text
    wrong = client.post("/admin/office/letterhead", data={"paper": "f4", "email": "bukan surel", "address": "Jalan 2"})
    assert wrong.status_code == 422
    assert "Jalan 2" in wrong.text
    saved = client.post("/admin/office/letterhead", data={"paper": "a4", "address": "Jalan 2", "phone": "0431-123456"})
    assert saved.status_code == 303
    assert _facts(world).address == "Jalan 2"
    assert world.client("dewi").post("/admin/office/letterhead", data={"paper": "a4"}).status_code == 403


def test_the_name_of_the_office_is_changed_there_and_never_left_blank(world: World) -> None:
    client, before = world.client("hana"), _facts(world)
    assert f'value="{before.name}"' in client.get("/admin/office").text
    blank = client.post("/admin/office/letterhead", data={"paper": "f4", "name": " "})
    assert blank.status_code == 422
    assert "Tulis nama kantor." in blank.text
    typed = {"paper": "f4", "name": "Disdukcapil Kabupaten Baru", "version": before.letterhead_version}
    assert client.post("/admin/office/letterhead", data=typed).status_code == 303
    assert _facts(world).name == "Disdukcapil Kabupaten Baru"
    assert "Disdukcapil Kabupaten Baru" in client.get("/").text
    late = client.post("/admin/office/letterhead", data=typed | {"name": "Nama Lain"})
    assert (late.status_code, "Nama Lain" in late.text) == (409, True)
    assert _facts(world).name == "Disdukcapil Kabupaten Baru"
    with world.database.reading() as db:
        told = db.scalars(sa.text("SELECT facts FROM audit_event WHERE verb = 'office.letterhead'")).all()
    assert "Disdukcapil Kabupaten Baru" in str(told)


def test_no_screen_promises_what_is_not_there() -> None:
    """Whatever a page cannot do it says plainly, or leaves out."""
    promises = re.compile(
        r"coming soon|comes? later|later version|segera hadir|di sini menyusul|versi berikutnya", re.IGNORECASE
    )
    said = [
        path
        for path in Path(office.__file__).parent.rglob("*")
        if path.suffix in {".html", ".po"} and promises.search(path.read_text())
    ]
    assert said == []
