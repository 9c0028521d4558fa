"""Requests as a list: a second press takes in what is good, the rest is named, and a file twice adds nothing."""

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
import xlsxwriter
from sqlalchemy.orm import Session

from staffhub.errors import Refused
from staffhub.models import Channel, KeptList, RequestEvent, RequestState, ServiceRequest
from staffhub.service_requests import importing, kept_lists
from tests.conftest import World, count_queries, race
from tests.page_forms import Values, form_of

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEADER = "layanan;nama;telepon;kanal;mendesak;alasan mendesak;rujukan;catatan"
NIK = "7107015501900001"


def _csv(*lines: str, header: str = HEADER) -> importing.Sheet:
    return importing.read("\n".join((header, *lines)).encode(), "daftar.csv")


def _look(world: World, sheet: importing.Sheet) -> importing.Look:
    ben = world.viewer("ben")
    with world.database.reading() as db:
        return importing.look_at(db, ben, sheet, now=world.now)


def _take(world: World, sheet: importing.Sheet, *, days: int = 0) -> importing.Look:
    ben = world.viewer("ben")
    with world.database.transaction() as db:
        return importing.take_in(db, ben, sheet, now=world.now + timedelta(days=days))


def _stored(world: World) -> list[ServiceRequest]:
    with world.database.reading() as db:
        return list(db.scalars(sa.select(ServiceRequest).order_by(ServiceRequest.number)))


def test_the_good_rows_are_taken_in_with_their_numbers_and_the_same_file_adds_nothing(world: World) -> None:
    sheet = _csv(
        "family_card;Novi T.;0812 3456 4471;loket;;;SIAK-1;bawa KK lama",
        "FAMILY CARD;Rudi S.;;;ya;sakit;;",
        "family_card;Ana P.;nomor;;;;;",
    )
    assert (len(_take(world, sheet).good), _stored(world)[0].phone) == (2, "081234564471")
    first, second = _stored(world)
    assert (first.number, second.number) == ("PM-2611-0001", "PM-2611-0002")
    assert (first.channel, first.siak_reference, first.urgent) == (Channel.COUNTER, "SIAK-1", False)
    assert (second.channel, second.urgent, second.state) == (Channel.WHATSAPP, True, RequestState.NEW)
    with world.database.reading() as db:
        notes = db.scalars(sa.select(RequestEvent.note).order_by(RequestEvent.id)).all()
    assert {"bawa KK lama", "sakit"} <= set(notes)
    again = _take(world, sheet, days=1)
    assert (again.again, len(again.good), len(again.bad), len(_stored(world))) == (2, 0, 1, 2)


def test_each_bad_row_is_named_with_its_line_and_column_and_a_number_of_a_person_is_not_repeated(world: World) -> None:
    _take(world, _csv("family_card;Novi T.;081234564471;;;;;"))
    sheet = _csv(
        "paspor;Rudi;;;;;;",
        f"family_card;Rudi {NIK};;;;;;",
        f"family_card;Rudi;{NIK};;;;;",
        "family_card;Rudi;12;;;;;",
        "family_card;Rudi;;pos;mungkin;;;",
        "family_card;Rudi;;;ya;;;",
        "family_card;Novi Tumiwa;+62 812-3456-4471;;;;;",
        "family_card;Budi;081299990000;;;;;",
        "family_card;Budi lagi;81299990000;;;;;",
        "family_card;=1+1;;;;;;",
        "family_card;;081277770000;;;;;",
        "family_card;Terakhir;;;;;;",
    )
    look = _look(world, sheet)
    places = [(one.row, one.column) for one in look.bad]
    assert places == [
        (2, "layanan"), (3, "nama"), (4, "telepon"), (5, "telepon"), (6, "kanal"), (6, "mendesak"),
        (7, "alasan mendesak"), (8, "telepon"), (10, "telepon"), (11, "nama"), (12, "nama"),
    ]  # fmt: skip
    assert "PM-2611-0001" in look.bad[7].reason
    assert "9" in look.bad[8].reason
    assert NIK not in str(look.bad)
    assert sorted(look.good) == [9, 13]
    assert len(_stored(world)) == 1, "nothing is stored by looking"


@SQLITE
def test_headings_in_english_in_any_order_and_a_column_nobody_asked_for_is_told(world: World) -> None:
    sheet = _csv(
        "Novi T.;7107;Kartu Keluarga;yes;ill",
        "Rudi;;Family card (KK);;",
        header="Applicant;NIK;Service;Urgent;Urgent reason",
    )
    assert [name for name in sheet.ignored if "NIK" in name]
    with world.database.reading() as db:
        names = importing._kinds(db, world.viewer("ben").office_id)
    assert {"family card", "kartu keluarga"} <= set(names)
    assert [wish.why_urgent for wish in _look(world, sheet).good.values()] == ["ill", ""]
    with pytest.raises(Refused, match="layanan"):
        _csv("Novi;0812", header="nama;telepon")


@SQLITE
def test_a_sheet_with_numbers_for_telephones_gets_its_zero_back_and_formulas_are_only_text(world: World) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["nama", "layanan", "telepon", "rujukan"])
        page.write_row(1, 0, ["Novi T.", "family_card", 81234564471, ""])
        page.write_row(2, 0, ["Rudi", "family_card", "", int(NIK)])
        page.write_formula(3, 0, '=WEBSERVICE("http://x")', value="Budi")
        page.write_row(3, 1, ["family_card", ""])
    look = _look(world, importing.read(content.getvalue(), "daftar.xlsx"))
    assert {row: wish.phone for row, wish in look.good.items()} == {2: "081234564471", 4: ""}
    assert [(one.row, one.column, one.written) for one in look.bad] == [(3, "rujukan", "7,10702E+15")]


@SQLITE
def test_2000_rows_cost_a_few_statements_each_and_more_are_refused(world: World) -> None:
    sheet = _csv(*(f"family_card;Pemohon {n};08123{n:07};;;;;" for n in range(200)))
    with count_queries(world.database) as counted:
        assert len(_take(world, sheet).good) == 200
    assert len(counted) < 200 * 3 + 30
    with pytest.raises(Refused, match="2000"):
        _csv(*["family_card;Novi"] * 2001, header="layanan;nama")
    with pytest.raises(Refused, match="1 MB"):
        importing.read(b"x" * (importing.MAX_BYTES + 1), "a.csv")


def _show(world: World, who: str, content: bytes) -> Values:
    files = {"file": ("daftar.csv", io.BytesIO(content), "text/csv")}
    return form_of(world.client(who).post("/requests/import", files=files).text, "/requests/import/take")


def test_a_page_of_thousands_of_rows_holds_their_key_alone_and_only_who_brought_them_has_it(world: World) -> None:
    lines = "\n".join(f"family_card;Pemohon {n};08123{n:07};;;;;" for n in range(importing.MAX_ROWS))
    form = _show(world, "ben", f"{HEADER}\n{lines}".encode())
    assert [len(values[0]) for values in form.values()] == [32]
    gone = "Pilih berkasnya sekali lagi."
    for who, sent in (("ana", form), ("ben", {"list": ["x" * 32]}), ("ben", Values())):
        answer = world.client(who).post("/requests/import/take", data=sent)
        assert (answer.status_code, gone in answer.text) == (422, True)
    assert _stored(world) == []


def test_a_list_waits_for_an_hour_or_until_another_file_is_read(world: World) -> None:
    ben = world.viewer("ben")
    sheet, other = _csv("family_card;Novi T.;;;;;;"), _csv("family_card;Rudi S.;;;;;;")
    look, look_other = _look(world, sheet), _look(world, other)

    def press(mark: str, minutes: int) -> int:
        with world.database.transaction() as db:
            found = kept_lists.take(db, ben, mark, now=world.now + timedelta(minutes=minutes))
            return found if isinstance(found, int) else len(found.good)

    def kept() -> int:
        with world.database.reading() as db:
            return db.scalar(sa.select(sa.func.count()).select_from(KeptList)) or 0

    with world.database.transaction() as db:
        kept_lists.keep(db, ben, sheet, look, now=world.now)
    with pytest.raises(Refused, match="menunggu lagi"):
        press(sheet.mark, 60)
    with world.database.transaction() as db:
        kept_lists.keep(db, ben, other, look_other, now=world.now)
    with pytest.raises(Refused, match="menunggu lagi"):
        press(sheet.mark, 1)
    assert (press(other.mark, 59), press(other.mark, 59), len(_stored(world))) == (1, 1, 1)
    with world.database.reading() as db:
        assert db.scalars(sa.select(KeptList.rows)).one() == [], "no number stays beside the requests"
    for minutes, left in ((59, 1), (60, 0)):
        with world.database.transaction() as db:
            kept_lists.forget(db, now=world.now + timedelta(minutes=minutes))
        assert kept() == left


def test_a_person_looks_at_a_file_presses_and_the_same_file_says_that_nothing_is_added(world: World) -> None:
    ben = world.client("ben")
    assert "/requests/import" in ben.get("/requests").text
    page = ben.get("/requests/import")
    assert "alasan mendesak" in page.text
    assert ben.get("/requests/import/template.xlsx").content.startswith(b"PK")
    assert HEADER in ben.get("/requests/import/template.csv").text
    content = f"{HEADER}\nfamily_card;Novi “T”;0812 3456 4471;;;;;\npaspor;Rudi;;;;;;".encode()
    files = {"file": ("daftar.csv", io.BytesIO(content), "text/csv")}
    shown = ben.post("/requests/import", files=files)
    assert shown.status_code == 200
    assert "1 baris sudah benar. Belum ada yang dicatat." in shown.text
    assert "Baris 3, layanan" in shown.text
    assert _stored(world) == []
    form = form_of(shown.text, "/requests/import/take")
    saved = ben.post("/requests/import/take", data=form)
    assert (saved.status_code, saved.headers["location"]) == (303, "/requests")
    assert "1 permohonan dicatat." in ben.get("/requests").text
    assert [one.applicant for one in _stored(world)] == ["Novi “T”"]
    ben.post("/requests/import/take", data=form)
    assert "1 permohonan dicatat." in ben.get("/requests").text, "a second tap is answered as the first"
    shown = ben.post("/requests/import", files={"file": ("daftar.csv", io.BytesIO(content), "text/csv")})
    assert "1 baris sudah tercatat sebelumnya" in shown.text
    assert len(_stored(world)) == 1
    empty = ben.post("/requests/import", files={"file": ("a.csv", io.BytesIO(b""), "text/csv")})
    assert (empty.status_code, "Berkas ini kosong" in empty.text) == (422, True)


def test_of_a_corrected_list_what_was_recorded_that_day_is_not_recorded_again_with_a_telephone_or_without(
    world: World,
) -> None:
    ben, good = world.client("ben"), ("family_card;Novi T.;;;;;;", "family_card;Novi T.;;;;;;")

    def bring(*lines: str) -> str:
        content = "\n".join((HEADER, *lines)).encode()
        page = ben.post("/requests/import", files={"file": ("daftar.csv", io.BytesIO(content), "text/csv")}).text
        form = form_of(page, "/requests/import/take")
        assert ben.post("/requests/import/take", data=form).status_code == 303
        return page

    bring(*good, "paspor;Rudi S.;;;;;;")
    assert len(_stored(world)) == 2, "two of one name may be two people"
    page = bring("family_card;Rudi S.;;;;;;", *good, good[0])
    assert "2 baris sudah tercatat sebelumnya" in page
    assert "2 baris sudah benar" in page
    assert [one.applicant for one in _stored(world)] == ["Novi T."] * 2 + ["Rudi S.", "Novi T."]
    look = _take(world, _csv(*good, "family_card;Lela W.;;;;;;"), days=1)
    assert (look.again, len(look.good)) == (0, 3), "on another day they ask for something else"
    look = _take(world, _csv(*good, "family_card;Lela W.;;;;;;"), days=2)
    assert (look.again, len(look.good)) == (3, 0), "the same file adds nothing on any day"


def test_of_two_presses_at_once_on_the_same_file_each_request_is_made_once(world: World) -> None:
    sheet = _csv("family_card;Novi T.;081234564471;;;;;", "family_card;Rudi S.;;;;;;")
    ben, ana = world.viewer("ben"), world.client("ana")
    content = f"{HEADER}\nfamily_card;Novi T.;081234564471;;;;;\nfamily_card;Rudi S.;;;;;;".encode()
    form = _show(world, "ana", content)

    def first(db: Session) -> None:
        assert len(importing.take_in(db, ben, sheet, now=world.now).good) == 2

    second = race(world.database, first, lambda: ana.post("/requests/import/take", data=form))
    assert (second.status_code, second.headers["location"]) == (303, "/requests")
    assert "tidak ada yang ditambahkan" in ana.get("/requests").text
    assert [one.number for one in _stored(world)] == ["PM-2611-0001", "PM-2611-0002"]


def test_of_two_taps_at_once_on_the_same_page_both_say_what_was_recorded(world: World) -> None:
    ana, one = world.viewer("ana"), world.client("ana")
    form = _show(world, "ana", f"{HEADER}\nfamily_card;Novi T.;081234564471;;;;;".encode())

    def first(db: Session) -> None:
        assert isinstance(kept_lists.take(db, ana, form["list"][0], now=world.now), importing.Look)

    second = race(world.database, first, lambda: one.post("/requests/import/take", data=form))
    assert (second.status_code, second.headers["location"]) == (303, "/requests")
    assert "1 permohonan dicatat." in one.get("/requests").text
    assert len(_stored(world)) == 1
