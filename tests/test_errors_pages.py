"""What a person sees when an address, a value or the database is wrong."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import deadlines
from staffhub.app import NotAtHead, _check_database, create_app
from staffhub.models import Mark
from tests.conftest import Postgres, World, wait_until
from tests.test_access import WHO

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def impatient(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The app waits for another process only a moment."""
    monkeypatch.setattr(deadlines, "PAGE", deadlines.Limits(in_all=1, statement=0.05, lock=0.05))
    return world


def _check_in() -> dict[str, str]:
    return {"mode": "office", "idempotency_key": str(uuid4())}


@SQLITE
def test_while_another_process_keeps_the_database_writing_is_refused_and_reading_goes_on(impatient: World) -> None:
    client = impatient.client("ben")
    other = sqlite3.connect(Path(impatient.settings.database_url.removeprefix("sqlite:///")), isolation_level=None)
    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/presence/check-in", data=_check_in())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "Langkah ini belum tersimpan" in answer.text
        assert "locked" not in answer.text
        assert client.get("/board").status_code == 200
        other.execute("ROLLBACK")
    with impatient.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 0
    assert client.post("/presence/check-in", data=_check_in()).status_code in {200, 303}
    with impatient.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 1


@SQLITE
def test_a_commit_that_fails_is_never_answered_as_saved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client("ben")

    def full(_session: object) -> None:
        raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))

    sa.event.listen(world.database.writing, "before_commit", full)
    answer = client.post("/presence/check-in", data=_check_in())
    sa.event.remove(world.database.writing, "before_commit", full)
    assert answer.status_code == 503
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 0


def _cut_all(postgres: Postgres, name: str) -> None:
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608


@POSTGRES
def test_after_postgresql_cut_every_connection_the_next_request_works(world: World, postgres: Postgres) -> None:
    client = world.client("ben")
    assert client.get("/board").status_code == 200
    name = world.settings.database_url.rpartition("/")[2]
    _cut_all(postgres, name)
    assert client.get("/board").status_code == 200
    assert client.post("/presence/check-in", data=_check_in()).status_code in {200, 303}


@POSTGRES
def test_while_postgresql_is_away_pages_say_so_and_afterwards_they_work(world: World, postgres: Postgres) -> None:
    client = world.client("ben")
    name = world.settings.database_url.rpartition("/")[2]
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _cut_all(postgres, name)
    for answer in (client.get("/board"), client.post("/presence/check-in", data=_check_in())):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert name not in answer.text
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    postgres.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    wait_until(lambda: client.get("/board").status_code == 200)


@POSTGRES
def test_a_transaction_that_loses_its_connection_half_way_is_not_stored_and_says_so(
    world: World, postgres: Postgres
) -> None:
    client = world.client("ben")

    def cut(session: sa.orm.Session) -> None:
        pid = session.scalar(sa.text("SELECT pg_backend_pid()"))
        postgres.run(f"SELECT pg_terminate_backend({pid})")

    sa.event.listen(world.database.writing, "before_commit", cut)
    answer = client.post("/presence/check-in", data=_check_in())
    sa.event.remove(world.database.writing, "before_commit", cut)
    assert answer.status_code == 503
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 0
    assert client.post("/presence/check-in", data=_check_in()).status_code in {200, 303}


def test_a_database_of_another_version_is_not_served(world: World) -> None:
    with world.database.transaction() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    app = create_app(world.settings, ticking=False)
    with pytest.raises(NotAtHead, match="staffhub migrate"):
        _check_database(app)
    app.state.database.engine.dispose()
    assert world.client().get("/readyz").status_code == 503


NUMBERS = ("0", "-1", "99999999999999999999", "9" * 5000, "abc", "1.5", "%00", "1%00", "١")
NOWHERE = (
    "/none", "/none/", "/board/", "/%00", "/static/%00", "/static/none", "/static/../app.py", "/static/" + "a" * 300,
    "/join/%00", "/join/none", "/presence/receipts/%00", "/presence/receipts/none", "/login/%2e%2e",
)  # fmt: skip


def test_a_number_in_an_address_that_is_none_of_ours_is_not_found(world: World) -> None:
    client, wrong = world.client("hana"), []
    for method, path in WHO:
        for number in NUMBERS if "_id}" in path else ():
            address = re.sub(r"{\w+_id}", number, path).replace("{day}", "2026-11-23")
            status = client.request(method, address, data={} if method == "POST" else None).status_code
            if status not in {404, 403}:  # a role that may not even ask is told so first
                wrong.append((method, address[:80], status))
    assert wrong == []


def test_an_address_that_is_not_there_is_not_found(world: World) -> None:
    client = world.client("ben")
    for path in NOWHERE:
        answer = client.get(path)
        assert answer.status_code == 404 or ("%00" in path and answer.status_code == 422), path
        assert "Traceback" not in answer.text


@SQLITE
def test_no_answer_leads_to_the_host_that_a_request_names(world: World) -> None:
    client = world.client("ben", Host="evil.example")
    for path in ("/board/", "/account/", "/login", "/", "/static", "/none"):
        answer = client.get(path)
        assert "evil.example" not in answer.text + str(answer.headers), path


NONSENSE: tuple[tuple[str, set[int]], ...] = (
    ("/board?mode=elsewhere", {422}),
    ("/board?q=%00", {200, 422}),
    ("/board?q=" + "a" * 2000, {422}),
    ("/board?division=99999999999999999999", {200, 404, 422}),
    ("/board?division=%C2%B2", {200, 404, 422}),
    ("/me/month?month=2026-13", {422}),
    ("/me/month?month=9999-12", {422}),
    ("/me/month?month=0001-01", {422}),
    ("/me/month?month=%00", {422}),
    ("/worklog?date=2026-02-30", {422}),
    ("/worklog?date=0001-01-01", {200, 422}),
    ("/worklog?date=9999-12-31", {200, 422}),
    ("/roster?month=0001-01", {200, 422}),
    ("/roster?month=9999-12", {200, 422}),
    ("/roster?week=9999-12-31", {200, 422}),
    ("/meetings?date=9999-12-31", {200, 422}),
    ("/meetings?week=9999-12-31", {200, 422}),
    ("/requests?q=%00", {200, 422}),
    ("/requests?page=99999999999999999999", {200, 422}),
    ("/requests?q=" + "%25_" * 3000, {200, 422}),
    ("/attendance?month=junk", {422}),
    ("/attendance?q=%00", {200, 422}),
    ("/attendance?division=99999999999999999999", {200, 404, 422}),
    ("/attendance/export?month=2026-11&format=exe", {422}),
    ("/people?q=%00", {200, 422}),
    ("/people?q=%ED%A0%80", {200, 422}),
    ("/people?page=-1", {200, 404, 422}),
    ("/people?page=99999999999999999999", {200, 404, 422}),
    ("/admin/holidays?year=99999", {200, 404, 422}),
    ("/admin/holidays?year=0", {200, 404, 422}),
    ("/login?lang=xx", {422}),
    ("/login?next=" + "/" * 501, {422}),
)


def test_a_question_that_makes_no_sense_is_said_to_be_so(world: World) -> None:
    client = world.client("hana")
    for path, statuses in NONSENSE:
        answer = client.get(path)
        assert answer.status_code in statuses, path
        assert 'lang="id"' in answer.text


@SQLITE
@pytest.mark.parametrize(("address", "status"), [("/board?mode=nowhere", 422), ("/requests/0", 404)])
def test_a_wrong_address_is_told_on_a_page_of_ones_own_and_a_stranger_signs_in_first(
    world: World, address: str, status: int
) -> None:
    page = world.client("ben").get(address)
    assert page.status_code == status
    assert 'href="/worklog"' in page.text, "the menu of whoever asks"
    stranger = world.client().get(address)
    assert stranger.status_code == 303
    assert stranger.headers["location"].startswith("/login")


@SQLITE
def test_a_page_of_a_mistake_keeps_the_language_that_was_chosen(world: World) -> None:
    client = world.client()
    assert "Halaman tidak" in client.get("/none").text
    client.get("/login?lang=en")
    assert "Page not found" in client.get("/none").text
    assert "The user name or the password is not right" in client.post(
        "/login", data={"username": "ben", "password": "salah"}
    ).text  # fmt: skip


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/worklog?date=2026-12-24", "Hari itu belum tiba."),
        ("/worklog?date=1990-01-01", "Tidak ada catatan untuk tanggal ini."),
        ("/me/month?month=2026-13", "Tulis bulan sebagai tahun-bulan"),
        ("/board?mode=nowhere", "Tidak ada yang berubah."),
    ],
)
def test_who_only_reads_is_not_told_that_something_was_not_saved(world: World, address: str, said: str) -> None:
    page = world.client("ben").get(address)
    assert page.status_code == 422
    assert said in page.text
    assert "Belum tersimpan" not in page.text


@POSTGRES
def test_only_work_that_takes_long_is_given_long(world: World) -> None:
    """A page leaves it at the limits of the session, three seconds a statement."""
    hana, seen = world.client("hana"), []
    sa.event.listen(world.database.engine, "before_cursor_execute", lambda _c, _u, said, *_rest: seen.append(said))

    def told(path: str) -> bool:
        seen.clear()
        assert hana.get(path).status_code == 200
        return any("statement_timeout = 30000" in said for said in seen)

    assert told("/attendance/export?month=2026-11")
    assert not told("/attendance?month=2026-11")
    assert not told("/board")
