"""The import of the register looks before it stores: what would change, from when, and what an old file takes back."""

from datetime import date, timedelta

import httpx2
import pytest
import sqlalchemy as sa

from staffhub import people
from staffhub.models import KeptRegister, Officer, Posting
from tests.conftest import TODAY, World
from tests.page_forms import form_of
from tests.test_people_pages import GOOD, _text, _upload

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _ben(world: World, position: str = "Analis") -> str:
    """Ben's row as he stands in the office, but for the position."""
    with world.database.reading() as db:
        line = people.register_csv(db, world.viewer("hana"), today=TODAY).decode("utf-8-sig")
    row = next(one for one in line.splitlines() if one.startswith("Ben Tumiwa")).split(";")
    row[3] = position
    return ";".join(row)


def _positions(world: World) -> list[tuple[str, date]]:
    with world.database.reading() as db:
        mine = sa.select(Posting.position, Posting.valid_from).where(Posting.officer_id == world.officer_id("ben"))
        return [tuple(row) for row in db.execute(mine.order_by(Posting.valid_from))]


def _kept(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(KeptRegister)) or 0


def _shown(world: World, answer: httpx2.Response) -> httpx2.Response:
    assert (answer.status_code, answer.headers["location"]) == (303, "/people/import")
    return world.client("hana").get("/people/import")


def _press(world: World, page: httpx2.Response) -> httpx2.Response:
    return world.client("hana").post("/people/import", data=form_of(page.text, "/people/import"))


def test_a_change_of_somebody_who_is_there_is_shown_first_and_stored_by_one_press(world: World) -> None:
    page = _shown(world, _upload(world, _ben(world), GOOD))
    assert "Ben Tumiwa baris 2 jabatan Pengelola data → Analis" in _text(page)
    assert "1 baru, 1 berubah, 0 tetap" in _text(page)
    assert "Greis Tumiwa" in _text(page)
    assert [position for position, _day in _positions(world)] == ["Pengelola data"]
    saved = _press(world, page)
    assert saved.status_code == 200
    assert "greis.tumiwa" in saved.text, "the one-time password of who is new"
    assert _positions(world)[-1] == ("Analis", TODAY)
    assert _kept(world) == 0
    again = world.client("hana").post("/people/import", data={"version": "x"})
    assert (again.status_code, again.headers["location"]) == (303, "/people")


def test_a_change_meanwhile_is_a_conflict_that_shows_anew_and_stores_nothing(world: World) -> None:
    page, ben = _shown(world, _upload(world, _ben(world))), world.officer_id("ben")
    with world.database.transaction() as db:
        mine = sa.update(Posting).where(Posting.officer_id == ben)
        db.execute(mine.values(position="Penyelia"))
    refused = _press(world, page)
    assert refused.status_code == 409
    assert "jabatan Penyelia → Analis" in _text(refused)
    assert _positions(world)[-1][0] == "Penyelia"
    assert _press(world, refused).status_code == 200
    assert _positions(world)[-1] == ("Analis", TODAY)


@SQLITE
def test_a_value_that_stood_earlier_is_marked_as_an_older_file(world: World) -> None:
    _press(world, _shown(world, _upload(world, _ben(world, "Analis"))))
    page = _shown(world, _upload(world, _ben(world, "Pengelola data")))
    assert "kembali ke nilai sebelum Sen, 23 Nov 2026: file lama?" in _text(page)
    assert "1 orang akan kembali ke nilai lama." in _text(page)
    assert "file lama?" not in _text(_shown(world, _upload(world, _ben(world, "Penyelia"))))


@SQLITE
def test_an_import_from_an_earlier_day_says_how_many_past_days_change(world: World) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).values(valid_from=date(2026, 1, 1)))
        db.execute(sa.update(Officer).values(active_from=date(2026, 1, 1)))
    page = _shown(world, _upload(world, _ben(world), valid_from="13-11-2026"))
    assert "paling banyak 10 hari yang sudah lewat ikut berubah, untuk 1 orang" in _text(page)
    assert _press(world, page).status_code == 200
    assert _positions(world)[-1] == ("Analis", date(2026, 11, 13))


@SQLITE
def test_a_day_before_a_posting_that_says_something_else_is_refused_for_that_row(world: World) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).values(valid_from=date(2026, 1, 1)))
        db.execute(sa.update(Officer).values(active_from=date(2026, 1, 1)))
    _press(world, _shown(world, _upload(world, _ben(world, "Penyelia"), valid_from="2026-11-16")))
    refused = _upload(world, _ben(world, "Analis"), valid_from="2026-11-02")
    assert refused.status_code == 422
    assert "Mulai 16 November 2026 ada penempatan lain" in _text(refused)
    assert _positions(world)[-1] == ("Penyelia", date(2026, 11, 16))


@SQLITE
@pytest.mark.parametrize(("typed", "said"), [("besok", "Tulis tanggal"), ("2206-11-23", "Pilih tanggal antara")])
def test_a_day_that_is_none_is_refused_in_words_beside_the_field(world: World, typed: str, said: str) -> None:
    answer = _upload(world, _ben(world), valid_from=typed)
    assert answer.status_code == 422
    assert said in _text(answer)
    assert f'value="{typed}"' in answer.text
    assert _kept(world) == 0


@SQLITE
def test_what_waits_is_its_owners_alone_and_goes_when_dropped_or_after_an_hour(world: World) -> None:
    page = _shown(world, _upload(world, _ben(world)))
    assert world.client("adi").get("/people/import").status_code == 303
    assert world.client("adi").post("/people/import", data=form_of(page.text, "/people/import")).status_code == 303
    assert _positions(world)[-1][0] == "Pengelola data"
    assert world.client("hana").post("/people/import/drop").status_code == 303
    assert _kept(world) == 0
    _upload(world, _ben(world))
    with world.database.transaction() as db:
        people.forget_waiting(db, now=world.now + timedelta(minutes=59))
    assert _kept(world) == 1
    with world.database.transaction() as db:
        people.forget_waiting(db, now=world.now + timedelta(hours=1))
    assert _kept(world) == 0


@SQLITE
def test_what_is_kept_holds_only_the_good_rows_and_the_columns_that_are_read(world: World) -> None:
    bad = "Jeinry;;Honorer;;PIAK;;;;jeinry;"
    page = _shown(world, _upload(world, _ben(world), bad, skip_bad="1"))
    assert "1 baris belum benar dan dilewati." in _text(page)
    with world.database.reading() as db:
        kept = db.scalars(sa.select(KeptRegister)).one()
    assert [number for number, _cells in kept.rows] == [2]


@SQLITE
@pytest.mark.parametrize("column", [0, 3])
def test_a_number_of_a_person_in_a_name_or_a_position_is_refused_and_not_repeated(world: World, column: int) -> None:
    row = GOOD.split(";")
    row[column] += " 7171010101900001"
    answer = _upload(world, ";".join(row))
    assert answer.status_code == 422
    assert "tampak seperti NIK" in _text(answer)
    assert "7171010101900001" not in answer.text


@SQLITE
@pytest.mark.parametrize("column", range(10))
def test_a_number_of_a_citizen_is_refused_in_every_column_with_its_line_and_not_repeated(
    world: World, column: int
) -> None:
    row = GOOD.split(";")
    row[column] = "7171010101900001"
    answer = _upload(world, ";".join(row))
    assert answer.status_code == 422
    assert "tampak seperti NIK" in _text(answer)
    assert "7171010101900001" not in answer.text


@SQLITE
def test_a_page_of_many_changes_stays_small_and_leads_on(world: World) -> None:
    lines = [f"Orang {n};;THL;Lama;PIAK;;;;orang.{n};" for n in range(120)]
    assert _upload(world, *lines).status_code == 200
    page = _shown(world, _upload(world, *(line.replace("Lama", "Baru") for line in lines)))
    assert len(page.content) < 60_000
    assert "1 – 50 dari 120" in _text(page)
    assert "Orang 119" in _text(world.client("hana").get("/people/import?page=3"))
    assert _press(world, page).status_code == 200


@SQLITE
def test_a_change_of_somebody_yet_to_come_holds_from_the_first_day(world: World) -> None:
    row, ben, first = _ben(world), world.officer_id("ben"), TODAY + timedelta(days=9)
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben).values(valid_from=first))
        db.execute(sa.update(Officer).where(Officer.id == ben).values(active_from=first))
    assert _press(world, _shown(world, _upload(world, row))).status_code == 200
    with world.database.reading() as db:
        assert db.scalars(sa.select(Posting.position).where(Posting.officer_id == ben)).all() == ["Analis"]
