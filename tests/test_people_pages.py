"""The people's pages as personnel, heads and administrators use them."""

import html
import io
import re
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from staffhub import people
from staffhub.models import Account, EmploymentType, Office, Officer, Posting, Role
from tests.conftest import MORNING, World, add_officer, count_queries
from tests.page_forms import form_of
from tests.test_people import NIP

HEADER = ";".join(people.COLUMNS)
GOOD = f"Greis Tumiwa;{NIP};PNS;Pengelola data;PIAK;Dewi Ondang;;0812 3456 7890;greis.tumiwa;"


def _text(answer: httpx2.Response) -> str:
    """What a person reads, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def _upload(world: World, *lines: str, who: str = "hana", **data: str) -> httpx2.Response:
    content = "\n".join((HEADER, *lines)).encode()
    files = {"file": ("pegawai.csv", io.BytesIO(content), "text/csv")}
    return world.client(who).post("/people", files=files, data=data)


def _upload_and_press(world: World, *lines: str, who: str = "hana") -> httpx2.Response:
    """Upload a file, look at what it would change, and press."""
    shown = _upload(world, *lines, who=who)
    if shown.status_code != 303:
        return shown
    client = world.client(who)
    page = client.get(shown.headers["location"])
    return client.post("/people/import", data=form_of(page.text, "/people/import"))


def _payload(**overrides: str) -> dict[str, str]:
    form = {
        "name": "Greis Tumiwa",
        "number": NIP,
        "employment_type": "pns",
        "position": "Pengelola data",
        "division": "",
        "superior": "",
        "email": "",
        "phone": "",
        "username": "greis.tumiwa",
        "role": "staff",
    }
    return form | overrides


def _edit_payload(page: httpx2.Response, **overrides: str) -> dict[str, str]:
    """What the edit form holds, as a browser would send it."""
    form = page.text.split("/edit", 1)[1].split("</form>", 1)[0]
    inputs = re.findall(r"<input[^>]*?>", form, re.DOTALL)
    found = {}
    for tag in inputs:
        name, value = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name:
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"\s+selected', options)
        found[name] = chosen[1] if chosen else ""
    return found | overrides


def test_the_list_shows_everybody_of_the_office_in_few_queries_and_bytes(world: World) -> None:
    client = world.client("hana")
    with count_queries(world.database) as seen:
        answer = client.get("/people")
    assert answer.status_code == 200
    assert len(seen) <= 6
    assert len(answer.content) < 60_000
    text = _text(answer)
    assert "Ben Tumiwa" in text
    assert "Oka Lain" not in text
    assert "7 aktif" in text


@pytest.mark.parametrize("path", ["/people", "/people/template.xlsx", "/people/template.csv", "/people/3"])
def test_staff_and_division_heads_have_no_list_of_people(world: World, path: str) -> None:
    assert world.client().get(path).status_code == 303
    assert world.client("ben").get(path).status_code == 403
    assert world.client("ana").get(path).status_code == 403


def test_the_head_of_the_office_reads_but_does_not_change(world: World) -> None:
    client = world.client("dewi")
    listing, page = client.get("/people"), client.get(f"/people/{world.officer_id('ben')}")
    assert "•••• 003" in _text(listing)
    assert "000000 0 003" not in _text(listing) + _text(page)
    assert 'type="file"' not in listing.text
    assert "/edit" not in page.text
    assert client.get("/people?export=csv").status_code == 403
    assert client.get("/people/new").status_code == 403
    assert client.post("/people", data=_payload()).status_code == 403
    for verb in ("edit", "role", "reset-password", "disable", "enable"):
        assert client.post(f"/people/{world.officer_id('ben')}/{verb}", data={"role": "hr"}).status_code == 403


def test_people_of_another_office_do_not_exist(world: World) -> None:
    client, ben = world.client("oka"), world.officer_id("ben")
    assert client.get(f"/people/{ben}").status_code == 404
    for verb in ("edit", "role", "reset-password", "disable", "enable"):
        assert client.post(f"/people/{ben}/{verb}", data={"role": "hr"}).status_code == 404
    assert world.client("hana").get("/people/999999").status_code == 404


def test_searching_works_as_a_page_and_as_a_block(world: World) -> None:
    client = world.client("hana")
    page = client.get("/people?q=tumiwa&division=&kind=")
    assert "<html" in page.text
    assert "1 – 1 dari 1" in _text(page)
    block = client.get("/people?q=tumiwa", headers={"HX-Request": "true"})
    assert "<html" not in block.text
    assert 'id="people-rows"' in block.text
    assert "Pegawai belum ditemukan." in _text(client.get("/people?q=zzz&division=x&kind=y&state=left"))


@pytest.mark.parametrize("typed", ["198708152014122005", "19870815 201412 2 005", "19870815.201412.2.005", "412 2 00"])
def test_an_nip_is_found_as_it_is_printed_by_whoever_sees_it(world: World, typed: str) -> None:
    assert _upload(world, "Wulan Sari;198708152014122005;PNS;;PIAK;;;;wulan;").status_code == 200
    listed = _text(world.client("hana").get("/people", params={"q": typed}))
    assert "1 – 1 dari 1" in listed
    assert "Wulan Sari" in listed
    assert "Wulan Sari" not in _text(world.client("dewi").get("/people", params={"q": typed}))


def test_a_long_list_has_pages_that_keep_what_was_asked(world: World) -> None:
    lines = [f"Orang {n:02};;THL;;PIAK;;;;orang{n:02};" for n in range(30)]
    assert _upload(world, *lines).status_code == 200
    client = world.client("hana")
    first = client.get("/people?kind=thl")
    assert len(first.content) < 60_000
    assert "1 – 25 dari 31" in _text(first)
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = client.get(following[1].replace("&amp;", "&"))
    assert "26 – 31 dari 31" in _text(second)
    assert 'rel="prev"' in second.text
    assert "30 belum mengganti" in _text(second)
    assert "1 – 25 dari 30" in _text(client.get("/people?account=temporary"))
    assert client.get("/people?page=99").status_code == 200


def test_a_file_with_a_bad_row_is_reported_and_nothing_is_saved(world: World) -> None:
    answer = _upload(world, GOOD, "Jeinry;;Honorer;;PIAK;;;;jeinry;")
    assert answer.status_code == 422
    text = _text(answer)
    assert "Belum ada yang disimpan." in text
    assert "Baris 3, kolom C (jenis pegawai)" in text
    assert "Honorer" in text
    assert "Greis Tumiwa" not in text
    left_out = _upload(world, GOOD, "Jeinry;;Honorer;;PIAK;;;;jeinry;", skip_bad="1")
    assert left_out.status_code == 200
    assert "Tidak ikut disimpan" in _text(left_out)
    assert "Greis Tumiwa" in _text(world.client("hana").get("/people"))


def test_an_import_shows_the_one_time_passwords_once_and_they_open_the_account(world: World) -> None:
    answer = _upload(world, GOOD)
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(answer))
    assert found
    again = _upload(world, GOOD)
    assert "tidak ada yang diubah" in _text(again)
    assert not re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(again))
    client = world.client()
    assert client.post("/login", data={"username": "greis.tumiwa", "password": found[0]}).status_code == 303
    assert client.get("/board").headers["location"] == "/account/password?next=%2Fboard"


def test_a_file_that_is_none_is_refused_beside_the_field(world: World) -> None:
    client = world.client("hana")
    for files, said in (
        ({"file": ("foto.jpg", b"\xff\xd8\x00", "image/jpeg")}, "bukan berkas XLSX"),
        ({"file": ("", b"", "application/octet-stream")}, "Pilih berkasnya"),
        ({"file": ("besar.csv", b"x" * (5 * 1024 * 1024 + 1), "text/csv")}, "5 MB"),
    ):
        answer = client.post("/people", files=files)
        assert answer.status_code == 422
        assert said in _text(answer)
        assert 'id="file-error"' in answer.text
    assert client.post("/people", data={"file": "text"}).status_code == 422


def test_ignored_columns_are_named(world: World) -> None:
    content = f"{HEADER};NIK\n{GOOD};7107010101900001".encode()
    answer = world.client("hana").post("/people", files={"file": ("a.csv", content, "text/csv")})
    assert "kolom K (NIK)" in _text(answer)
    assert "7107010101900001" not in answer.text


def test_only_those_who_edit_import(world: World) -> None:
    assert _upload(world, GOOD, who="dewi").status_code == 403
    assert _upload(world, GOOD, who="ben").status_code == 403
    assert world.client().post("/people", data=_payload()).status_code == 303


def test_templates_and_export_are_downloads(world: World) -> None:
    client = world.client("hana")
    assert client.get("/people?template=xlsx").headers["location"] == "/people/template.xlsx"
    assert client.get("/people?template=csv").headers["location"] == "/people/template.csv"
    for path in ("/people/template.xlsx", "/people/template.csv", "/people?export=csv"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get("/people/template.xlsx").content.startswith(b"PK")
    assert "Ben Tumiwa" in client.get("/people?export=csv").text


def test_one_new_officer_gets_an_account_and_a_second_tap_makes_no_second_one(world: World) -> None:
    client = world.client("hana")
    assert client.get("/people/new").status_code == 200
    payload = _payload(superior=str(world.officer_id("dewi")), employment_type="thl", number="")
    answer = client.post("/people", data=payload)
    assert answer.status_code == 200
    assert re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(answer))
    again = client.post("/people", data=payload)
    assert (again.status_code, again.headers["location"]) == (303, "/people?q=Greis+Tumiwa")


def test_a_wrong_new_officer_is_told_beside_every_field_with_what_was_typed(world: World) -> None:
    client = world.client("hana")
    answer = client.post("/people", data=_payload(number="123", username="ben", division="999"))
    assert answer.status_code == 422
    assert 'value="123"' in answer.text
    for field in ("number", "username", "division"):
        assert (f'id="officer-{field}-error"' in answer.text) == (field != "username")
    assert client.post("/people", data=_payload(name="", employment_type="x")).status_code == 422
    taken = client.post("/people", data=_payload(username="ben"))
    assert 'id="officer-username-error"' in taken.text


def test_an_edit_is_saved_and_one_from_an_old_page_is_not(world: World) -> None:
    client, ben = world.client("hana"), world.officer_id("ben")
    with count_queries(world.database) as seen:
        page = client.get(f"/people/{ben}")
    assert len(seen) <= 6
    payload = _edit_payload(page, position="Analis", phone="0811 222 333", employment_type="pns")
    saved = client.post(f"/people/{ben}/edit", data=payload)
    assert (saved.status_code, saved.headers["location"]) == (303, f"/people/{ben}")
    stale = client.post(f"/people/{ben}/edit", data=payload | {"position": "Penyelia"})
    assert stale.status_code == 409
    assert "Penyelia" in stale.text
    fresh = _edit_payload(client.get(f"/people/{ben}"), employment_type="pns")
    assert "tidak ada yang diubah" in _text_after(client, f"/people/{ben}/edit", fresh)
    for wrong in ({"name": ""}, {"username": "ana"}, {"active_to": "2001-01-01"}):
        assert client.post(f"/people/{ben}/edit", data=fresh | wrong).status_code == 422
    with world.database.reading() as db:
        assert (
            db.scalars(sa.select(Posting.position).where(Posting.officer_id == ben, Posting.valid_to.is_(None))).one()
            == "Analis"
        )


def _text_after(client: httpx2.Client, path: str, data: dict[str, str]) -> str:
    answer = client.post(path, data=data)
    assert answer.status_code == 303
    return _text(client.get(answer.headers["location"]))


def test_roles_accounts_and_passwords_are_changed_from_the_officers_page(world: World) -> None:
    client, cy = world.client("hana"), world.officer_id("cy")
    mine = world.client("cy")
    assert "Peran sudah diganti" in _text_after(client, f"/people/{cy}/role", {"role": "division_head"})
    assert mine.get("/board").headers["location"].startswith("/login")
    assert "memang sudah itu" in _text_after(client, f"/people/{cy}/role", {"role": "division_head"})
    assert "Akun ditutup" in _text_after(client, f"/people/{cy}/disable", {})
    assert "sudah ditutup" in _text_after(client, f"/people/{cy}/disable", {})
    assert "Cy Sondakh" in _text(client.get("/people?state=left"))
    assert "Akun dibuka lagi" in _text_after(client, f"/people/{cy}/enable", {})
    assert "sudah terbuka" in _text_after(client, f"/people/{cy}/enable", {})
    answer = client.post(f"/people/{cy}/reset-password")
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(answer))
    assert found
    assert world.client().post("/login", data={"username": "cy", "password": found[0]}).status_code == 303
    assert client.post(f"/people/{cy}/role", data={"role": "bos"}).status_code == 422
    refused = client.post(f"/people/{cy}/role", data={"role": "admin"})
    assert refused.status_code == 422
    assert 'id="role-role-error"' in refused.text


def test_the_last_administrator_stays(world: World) -> None:
    people.create_admin(world.database, 1, username="second", name="Sari", now=MORNING)
    with world.database.transaction() as db:
        second = sa.update(Account).where(Account.username == "second")
        db.execute(second.values(must_change_password=False))
    client, adi = world.client("second"), world.officer_id("adi")
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "second").values(role=Role.ADMIN))
    own = client.get(f"/people/{adi}")
    assert "Sari" in own.text
    assert client.post(f"/people/{adi}/disable").status_code == 303
    assert world.client("hana").post(f"/people/{adi}/enable").status_code == 403


def test_nobody_changes_the_own_account_here(world: World) -> None:
    client, hana = world.client("hana"), world.officer_id("hana")
    page = client.get(f"/people/{hana}")
    assert "Ini akun Anda sendiri." in _text(page)
    assert client.post(f"/people/{hana}/reset-password").status_code == 403
    page = client.get(f"/people/{world.officer_id('adi')}")
    assert "hanya diurus oleh administrator" in _text(page)


def _crowd(world: World, count: int) -> list[int]:
    """As many more people, all in the division of Cy."""
    cy = world.viewer("cy")
    with world.database.transaction() as db:
        office = db.get_one(Office, cy.office_id)
        facts: dict[str, Any] = {"division_id": cy.division_id, "employment_type": EmploymentType.THL}
        made = [add_officer(db, office, number=f"N{n:05}", name=f"Wilma {n:04}", **facts) for n in range(count)]
        db.flush()
        return [one.id for one in made]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_with_1000_people_the_page_of_one_offers_who_is_near_as_superior_and_stays_small(world: World) -> None:
    crowd = _crowd(world, 1000)
    client, ben = world.client("hana"), world.officer_id("ben")
    with count_queries(world.database) as seen:
        page = client.get(f"/people/{ben}")
    assert len(seen) <= 6
    assert len(page.content) <= 25_000
    offered = re.search(r'<select[^>]*name="superior".*?</select>', page.text, re.DOTALL)
    assert offered
    for near in ("dewi", "ana", "tia", "hana"):
        assert f'value="{world.officer_id(near)}"' in offered[0], "heads, personnel and the own bidang"
    assert f'value="{crowd[-1]}"' not in offered[0]
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben).values(superior_id=crowd[-1]))
    assert re.search(rf'value="{crowd[-1]}"\s+selected', client.get(f"/people/{ben}").text), "a form shows what stands"
    assert len(client.get("/people/new").content) <= 25_000


def test_in_a_large_office_a_superior_who_is_not_in_the_list_is_named(world: World) -> None:
    client, ben = world.client("hana"), world.officer_id("ben")
    assert "superior_named" not in client.get(f"/people/{ben}").text, "a small office is in the list"
    crowd = _crowd(world, 120)

    def save(**typed: str) -> httpx2.Response:
        payload = _edit_payload(client.get(f"/people/{ben}"), employment_type="pns", **typed)
        return client.post(f"/people/{ben}/edit", data=payload)

    def superior() -> int | None:
        with world.database.reading() as db:
            newest = sa.select(Posting.superior_id).where(Posting.officer_id == ben, Posting.valid_to.is_(None))
            return db.scalars(newest).one()

    for nobody in ("Wilma 9999", "Ben Tumiwa"):
        refused = save(superior_named=nobody)
        assert refused.status_code == 422
        assert f'value="{nobody}"' in refused.text
        assert 'id="officer-superior_named-error"' in refused.text
        assert 'id="officer-superior-error"' not in refused.text
    for named, found in (("Wilma 0119", crowd[119]), ("N00118", crowd[118])):
        assert save(superior_named=named).status_code == 303
        assert superior() == found
    assert save(superior=str(crowd[117])).status_code == 303, "whoever was chosen on an older page"
    assert superior() == crowd[117]
    new = client.post("/people", data=_payload(superior_named="Wilma 9999"))
    assert 'id="officer-superior_named-error"' in new.text
    with world.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == crowd[116]).values(name="Wilma 0119"))
    assert "Tulis NIP-nya" in save(superior_named="Wilma 0119").text
