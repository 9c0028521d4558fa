"""The citizen's page without an account: what it says, to whom, and what nobody learns from it."""

import re
import sqlite3
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import security
from staffhub.models import RequestState, ServiceRequest, ServiceType, SignInAttempt
from tests.conftest import World, count_queries

S = RequestState


def _take_in(world: World, **overrides: str) -> str:
    """Record a request by the form; return its code."""
    given = {"service_type": "family_card", "applicant": "Novi T.", "phone": "+62 812-3456-4471", "channel": "whatsapp"}
    answer = world.client("ben").post("/requests", data={**given, "idempotency_key": str(uuid4()), **overrides})
    assert answer.status_code == 303, answer.text
    with world.database.reading() as db:
        newest = sa.select(ServiceRequest.public_code).order_by(ServiceRequest.id.desc()).limit(1)
        return str(db.scalars(newest).one())


def test_a_citizen_is_told_the_state_and_what_to_bring_and_never_a_name(world: World) -> None:
    code, citizen = _take_in(world), world.client()
    with world.database.transaction() as db:
        of_code = sa.update(ServiceType).where(ServiceType.code == "family_card")
        db.execute(of_code.values(papers="Surat pindah\nBuku nikah"))
    blank = citizen.get("/status")
    assert blank.status_code == 200
    assert len(blank.content) < 15_000
    assert "<script" not in blank.text
    for typed in (code, code.lower().replace("-", " "), f" {code.replace('-', '')} "):
        page = citizen.post("/status", data={"code": typed, "digits": "4471"})
        assert page.status_code == 200
        assert re.search(r"<h1[^>]*>Diterima</h1>", page.text)
        assert "Surat pindah" in page.text
        assert len(page.content) < 15_000
        assert not any(word in page.text for word in ("Novi", "Kartu keluarga", "PM-2611", "081234564471"))
    assert citizen.post("/status", data={"code": code, "digits": "0812 3456 4471"}).status_code == 200
    with world.database.transaction() as db:
        db.execute(sa.update(ServiceRequest).values(state=S.READY))
    ready = citizen.post("/status", data={"code": code, "digits": "4471"}).text
    assert "Siap diambil" in ready
    assert "Surat pindah" not in ready, "what was brought already is not asked for again"


def test_what_is_missing_is_said_to_the_citizen_as_the_officer_wrote_it(world: World) -> None:
    code, ana = _take_in(world), world.client("ana")
    with world.database.reading() as db:
        path = f"/requests/{db.scalars(sa.select(ServiceRequest.id)).one()}"
    assert ana.post(f"{path}/state", data={"state": "checking", "note": "rahasia kantor"}).status_code == 303
    assert ana.post(f"{path}/state", data={"state": "waiting"}).status_code == 422
    assert ana.post(f"{path}/state", data={"state": "waiting", "note": "Surat keterangan lahir"}).status_code == 303
    page = world.client().post("/status", data={"code": code, "digits": "4471"}).text
    assert "Belum lengkap" in page
    assert "Yang masih kurang: Surat keterangan lahir." in page
    assert "rahasia" not in page
    assert "Yang%20masih%20kurang%3A%20Surat%20keterangan%20lahir" in ana.post(f"{path}/reveal").text


def test_a_wrong_code_and_wrong_digits_are_answered_alike_in_words_and_in_work(world: World) -> None:
    code, silent = _take_in(world), _take_in(world, phone="")
    said, done = set(), set()
    for asked in ((code, "0000"), ("CCCC-CCCC", "4471"), (silent, "4471"), (silent, "----0000"), ("x", "4471")):
        with count_queries(world.database) as seen:
            page = world.client().post("/status", data={"code": asked[0], "digits": asked[1]})
        assert page.status_code == 422
        said.add(re.sub(r'value="[^"]*"|<time.*?</time>', "", page.text))
        done.add(tuple(seen))
    assert len(said) == 1
    assert len(done) == 1
    with count_queries(world.database) as seen:
        assert world.client().post("/status", data={"code": code, "digits": "4471"}).status_code == 200
    assert {tuple(seen)} == done


def test_after_too_many_wrong_tries_nobody_is_told_anything_for_a_while_but_everybody_else_is(world: World) -> None:
    code, other = _take_in(world), _take_in(world)
    wrong, right = {"code": code, "digits": "0000"}, {"code": code, "digits": "4471"}
    for _try in range(security.LIMIT_ASKER):
        assert world.client().post("/status", data=wrong).status_code == 422
    refused = world.client().post("/status", data=right)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "600")
    assert "Tunggu sepuluh menit" in refused.text
    assert "Diterima" not in refused.text
    assert world.client().post("/status", data={**right, "code": other}).status_code == 200
    assert world.client("ben").get("/").status_code == 200
    with world.database.transaction() as db:
        db.execute(sa.update(SignInAttempt).values(at=world.now - timedelta(minutes=11)))
    assert world.client().post("/status", data=right).status_code == 200


@pytest.mark.parametrize(
    ("limit", "code", "address", "minutes"),
    [(security.LIMIT_QUESTIONS, None, "testclient", 1), (security.LIMIT_CODE, "same", None, 600)],
)
def test_one_address_and_one_code_have_limits_of_their_own(
    world: World, limit: int, code: str | None, address: str | None, minutes: int
) -> None:
    asked, key = _take_in(world), world.app.state.secret
    with world.database.transaction() as db:
        for n in range(limit):
            told = {"code": asked if code else f"{n}", "address": address or f"192.0.2.{n}"}
            asker = security.begin_question(db, **told, key=key, now=world.now)
            security.note_question(db, asker, right=False, now=world.now - timedelta(minutes=minutes))
    assert world.client().post("/status", data={"code": asked, "digits": "4471"}).status_code == 429


def test_wrong_questions_keep_nobody_from_signing_in(world: World) -> None:
    with world.database.transaction() as db:
        asker = security.begin_question(db, code="x", address="testclient", key=world.app.state.secret, now=world.now)
        for _try in range(security.LIMIT_ALL + 1):
            security.note_question(db, asker, right=False, now=world.now)
    answer = world.client().post("/login", data={"username": "ben", "password": "salah-salah"})
    assert answer.status_code == 422


def test_the_page_is_in_both_languages_without_an_account(world: World) -> None:
    citizen = world.client()
    assert "How far is my request?" in citizen.get("/status?lang=en").text
    assert "How far is my request?" in citizen.get("/status").text, "and stays in it"
    assert "Sampai di mana permohonan saya?" in citizen.get("/status?lang=id").text
    assert 'href="/status"' in citizen.get("/login").text
    assert citizen.get("/status?lang=xx").status_code == 422
    for typed in (
        {},
        {"code": "K7M4-TRXW"},
        {"code": "K7M4-TRXW", "digits": "12"},
        {"code": "x" * 50, "digits": "1234"},
    ):
        assert citizen.post("/status", data=typed).status_code == 422


@pytest.mark.parametrize(("language", "said"), [("id", "Basis data sedang tidak"), ("en", "The database cannot")])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_the_database_is_away_the_citizen_is_told_so_in_the_own_language_and_may_send_again(
    world: World, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    code, citizen = _take_in(world), world.client()
    assert citizen.get(f"/status?lang={language}").status_code == 200

    def away(*_asked: object, **_more: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))

    with monkeypatch.context() as patch:
        patch.setattr(sa.engine.Connection, "execute", away)
        asked = citizen.post("/status", data={"code": code, "digits": "4471"})
        blank = citizen.get("/status")
    assert (asked.status_code, asked.headers["retry-after"]) == (503, "5")
    assert said in asked.text
    assert re.search("hanya belum dapat dilihat|only cannot be looked up", asked.text), "the citizen stores nothing"
    assert not re.search("Langkah ini|Nothing of this step", asked.text)
    assert f'value="{code}"' in asked.text, "what was typed stands on the page, and one press sends it again"
    assert '<html lang="' + language in asked.text
    assert blank.status_code == 200
    assert citizen.post("/status", data={"code": code, "digits": "4471"}).status_code == 200


def test_no_search_engine_lists_the_page(world: World) -> None:
    citizen = world.client()
    for answer in (citizen.get("/status"), citizen.post("/status", data={"code": "x", "digits": "1"})):
        assert answer.headers["x-robots-tag"] == "noindex"
