"""Signing in and out as a person does it, and as somebody does who should not."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from staffhub import clock, people, security
from staffhub.app import create_app
from staffhub.models import Account, AuditEvent, Mark, Officer, UserSession
from staffhub.security import LIMIT_PAIR
from staffhub.settings import Settings
from tests.conftest import MORNING, PASSWORD, TODAY, World, open_session

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _payload(**overrides: str) -> dict[str, str]:
    return {"username": "ben", "password": PASSWORD, "next": "/worklog"} | overrides


def _account(world: World, username: str, **values: object) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == username).values(**values))


def test_the_right_password_opens_a_session_and_goes_on_to_the_page_asked_for(world: World) -> None:
    client = world.client()
    answer = client.post("/login", data=_payload())
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklog")
    assert client.get("/account").status_code == 200
    assert "Ben Tumiwa" in client.get("/").text


@pytest.mark.parametrize("username", ["Ben", " ben ", "BEN\t", "ｂｅｎ"])
@SQLITE
def test_a_name_may_be_typed_as_a_phone_likes_to_write_it(world: World, username: str) -> None:
    assert world.client().post("/login", data=_payload(username=username)).status_code == 303


def test_a_wrong_password_keeps_the_name_and_says_so_without_saying_which(world: World) -> None:
    answer = world.client().post("/login", data=_payload(password="salah-sekali"))
    assert answer.status_code == 422
    assert 'value="ben"' in answer.text
    assert "salah-sekali" not in answer.text
    unknown = world.client().post("/login", data=_payload(username="tidak-ada", password="salah-sekali"))
    assert unknown.status_code == 422
    assert unknown.text == answer.text.replace('value="ben"', 'value="tidak-ada"')


@SQLITE
def test_whoever_is_shut_out_hears_the_same_as_with_a_wrong_password(world: World) -> None:
    wrong = world.client().post("/login", data=_payload(password="salah-sekali")).text
    _account(world, "ben", disabled_at=MORNING)
    assert world.client().post("/login", data=_payload()).text == wrong


def _serves(world: World, username: str, first: date, last: date | None) -> None:
    officer = sa.select(Account.officer_id).where(Account.username == username).scalar_subquery()
    with world.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == officer).values(active_from=first, active_to=last))


def test_the_last_day_of_service_is_the_last_day_of_the_account_sessions_included(world: World) -> None:
    client = world.client("ben")
    _serves(world, "ben", date(2020, 1, 1), TODAY)
    assert client.get("/requests").status_code == 200
    assert world.client().post("/login", data=_payload()).status_code == 303, "the whole last day"
    world.at(datetime(2026, 11, 23, 16, tzinfo=UTC))  # midnight in the office, not in UTC
    for path in ("/", "/requests", "/worklog", "/account"):
        assert client.get(path).headers["location"].startswith("/login")
    for path in ("/presence/check-in", "/worklog", "/requests", "/account/password"):
        assert client.post(path, data={}).headers["location"].startswith("/login")
    assert "23 November 2026" in (answer := world.client().post("/login", data=_payload())).text
    assert (answer.status_code, "set-cookie" in answer.headers) == (422, False)
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 0


@SQLITE
def test_whoever_returns_has_the_account_back_with_the_new_dates(world: World) -> None:
    client = world.client("ben")
    _serves(world, "ben", date(2020, 1, 1), date(2026, 11, 2))
    assert client.get("/").status_code == 303
    _serves(world, "ben", date(2026, 11, 24), None)
    assert "24 November 2026" in world.client().post("/login", data=_payload()).text, "not before the first day"
    _serves(world, "ben", date(2020, 1, 1), None)
    assert client.get("/").status_code == 200
    assert world.client().post("/login", data=_payload()).status_code == 303


@SQLITE
def test_only_the_right_password_learns_that_service_is_over(world: World) -> None:
    wrong = world.client().post("/login", data=_payload(password="salah-sekali")).text
    _serves(world, "ben", date(2020, 1, 1), date(2026, 11, 2))
    _account(world, "tia", must_change_password=True, one_time_until=MORNING - timedelta(days=1))
    for username in ("ben", "tia"):
        answer = world.client().post("/login", data=_payload(username=username, password="salah-sekali"))
        assert answer.text.replace(f'value="{username}"', 'value="ben"') == wrong
    assert "kedaluwarsa" in world.client().post("/login", data=_payload(username="tia")).text


@SQLITE
def test_an_administrator_without_an_officer_has_no_dates_of_service(world: World) -> None:
    password = people.create_admin(world.database, 1, username="second", name="Sari", now=MORNING)
    assert world.client().post("/login", data=_payload(username="second", password=password)).status_code == 303


@SQLITE
def test_a_one_time_password_opens_only_the_change_of_password_and_expires(world: World) -> None:
    _account(world, "ben", must_change_password=True, one_time_until=MORNING + timedelta(days=security.ONE_TIME_DAYS))
    client = world.client()
    assert client.post("/login", data=_payload()).status_code == 303
    for path in ("/", "/board", "/worklog", "/account", "/attendance/1/2026-11-23"):
        location = client.get(path).headers["location"]
        assert location.partition("?")[0] == "/account/password"
    assert client.post("/presence/check-in", data={}).headers["location"] == "/account/password"
    assert client.get("/account/password").status_code == 200
    page = client.get(client.get("/worklog?date=2026-11-23").headers["location"])
    assert 'name="next" value="/worklog?date=2026-11-23"' in page.text
    changed = {"current": PASSWORD, "new": "sepeda hijau tua", "repeat": "sepeda hijau tua", "next": "/worklog"}
    assert client.post("/account/password", data=changed).headers["location"] == "/worklog"
    assert client.get("/board").status_code == 200
    _account(world, "ben", must_change_password=True, one_time_until=MORNING - timedelta(seconds=1))
    assert world.client().post("/login", data=_payload(password="sepeda hijau tua")).status_code == 422


@SQLITE
def test_the_fifth_wrong_password_is_the_last_one_that_is_looked_at(world: World) -> None:
    client = world.client()
    statuses = [client.post("/login", data=_payload(password=f"salah-{n}")).status_code for n in range(LIMIT_PAIR + 1)]
    assert statuses == [422] * LIMIT_PAIR + [429]
    locked = client.post("/login", data=_payload())
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "600")
    world.at(MORNING + timedelta(minutes=10))
    assert client.post("/login", data=_payload()).status_code == 303


@SQLITE
def test_an_address_that_a_visitor_claims_to_have_has_no_effect(world: World) -> None:
    for number in range(LIMIT_PAIR):
        forged = {"X-Forwarded-For": f"10.9.8.{number}", "Forwarded": f"for=10.9.8.{number}", "X-Real-IP": "10.1.1.1"}
        world.client(**forged).post("/login", data=_payload(password="salah"))
    assert world.client(**{"X-Forwarded-For": "10.9.9.9"}).post("/login", data=_payload()).status_code == 429


@SQLITE
def test_a_stranger_who_guesses_does_not_lock_out_the_phone_that_its_owner_always_uses(world: World) -> None:
    phone, stranger = world.client(), world.client()
    phone.post("/login", data=_payload())
    phone.post("/logout")
    for _n in range(LIMIT_PAIR + 1):
        stranger.post("/login", data=_payload(password="salah"))
    assert stranger.post("/login", data=_payload()).status_code == 429
    assert phone.post("/login", data=_payload()).status_code == 303


ELSEWHERE = (
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "///evil.example", "javascript:alert(1)", "http:evil.example", "evil.example", " //evil.example",
    "/a\r\nSet-Cookie: x=1", "/\\\\evil", "/%0d%0aX:1", "/日本", "/?", "/a//evil.example", "/" + "a" * 5000,
    "@evil",
)  # fmt: skip


@pytest.mark.parametrize("htmx", [False, True])
@SQLITE
def test_nobody_is_led_off_the_site_after_signing_in(world: World, *, htmx: bool) -> None:
    headers = {"HX-Request": "true"} if htmx else {}
    for address in ELSEWHERE:
        client = world.client()
        answer = client.post("/login", data=_payload(next=address), headers=headers)
        assert answer.status_code == (204 if htmx else 303)
        target = answer.headers["hx-redirect" if htmx else "location"]
        assert re.match(r"/(?![/\\])", target), target
        assert target == "/" or address.startswith("/")
        assert "set-cookie: x" not in str(answer.headers).lower()
        page = client.get("/login", params={"next": address}).text
        assert "evil.example" not in re.findall(r'name="next" value="([^"]*)"', page)


@SQLITE
def test_whoever_asks_for_a_page_comes_back_to_it(world: World) -> None:
    answer = world.client().get("/worklog")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fworklog")
    asked = world.client().get("/board?q=tumiwa")
    assert asked.headers["location"] == "/login?next=%2Fboard%3Fq%3Dtumiwa"
    page = world.client().get(answer.headers["location"])
    assert 'name="next" value="/worklog"' in page.text
    assert world.client().post("/worklog", data={}).headers["location"] == "/login", "what was posted is not a page"


@pytest.mark.parametrize("https", [True, False])
@SQLITE
def test_cookies_cannot_be_read_by_scripts_or_sent_by_other_sites(settings: Settings, *, https: bool) -> None:
    base = "https://kantor.example" if https else "http://kantor.example"
    app = create_app(settings.model_copy(update={"base_url": base}), ticking=False)
    with TestClient(app, base_url=base, follow_redirects=False) as client:
        answer = client.post("/login", data=_payload())
        answers = [answer, client.post("/logout", headers={"Origin": base})]
        language = client.get("/login?lang=en").headers["set-cookie"]
    for cookie in [one for answer in answers for one in answer.headers.get_list("set-cookie")]:
        if "Max-Age=0" not in cookie:
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            assert ("Secure" in cookie) == https, cookie
    assert "SameSite=lax" in language
    assert ("Secure" in language) == https
    prefix = "__Host-" if https else ""
    given = {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")}
    assert given == {f"{prefix}staffhub_session", f"{prefix}staffhub_device"}


@SQLITE
def test_under_https_every_cookie_of_ours_is_bound_to_the_host_and_a_planted_one_is_nobody(settings: Settings) -> None:
    base = "https://kantor.example"
    app = create_app(settings.model_copy(update={"base_url": base}), ticking=False)
    with TestClient(app, base_url=base, follow_redirects=False) as client:
        given = client.post("/login", data=_payload()).headers.get_list("set-cookie")
        given += client.post("/account/sessions/end-others", headers={"Origin": base}).headers.get_list("set-cookie")
        said = client.get("/account")
        given += said.headers.get_list("set-cookie")
        assert "sudah dikeluarkan" in said.text or "keluar" in said.text
        given += client.post("/logout", headers={"Origin": base}).headers.get_list("set-cookie")
        assert client.get("/account").status_code == 303
        assert len(given) == 5  # session, device, flash, flash taken away, session taken away
        for cookie in given:
            assert cookie.startswith("__Host-staffhub_"), cookie
            assert ("Path=/" in cookie, "Secure" in cookie, "Domain" in cookie) == (True, True, False), cookie
        planted = open_session(app.state.database, "tia", now=clock.now())
        assert client.get("/account", headers={"Cookie": f"staffhub_session={planted}"}).status_code == 303


@SQLITE
def test_whoever_was_signed_in_before_the_address_became_https_signs_in_once_more(settings: Settings) -> None:
    token = ""
    for base in ("http://kantor.example", "https://kantor.example", "http://kantor.example"):
        app = create_app(settings.model_copy(update={"base_url": base}), ticking=False)
        with TestClient(app, base_url=base, follow_redirects=False) as client:
            client.cookies.set("staffhub_session", token)
            assert client.get("/account").status_code == 303
            assert client.post("/login", data=_payload(), headers={"Origin": base}).status_code == 303
            assert client.get("/account").status_code == 200
            token = next(
                cookie.value or "" for cookie in client.cookies.jar if cookie.name.endswith("staffhub_session")
            )


@SQLITE
def test_a_hash_of_older_parameters_is_renewed_at_sign_in_and_the_password_stays(world: World) -> None:
    older = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1),)).hash(PASSWORD)
    _account(world, "ben", password_hash=older)
    wanted = sa.select(Account.password_hash, Account.password_changed_at).where(Account.username == "ben")

    def stored() -> Any:
        with world.database.reading() as db:
            return db.execute(wanted).one()

    world.client().post("/login", data=_payload(password="salah"))
    assert stored()[0] == older
    assert world.client().post("/login", data=_payload()).status_code == 303
    renewed = stored()
    assert renewed[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert renewed[1] == MORNING, "the password itself is no newer"
    assert world.client().post("/login", data=_payload()).status_code == 303
    assert stored() == renewed, "once is enough"


def test_a_session_is_dead_after_signing_out_also_for_whoever_copied_its_cookie(world: World) -> None:
    client = world.client("ben")
    token = client.cookies["staffhub_session"]
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert 'staffhub_session=""; HttpOnly; Max-Age=0;' in answer.headers["set-cookie"]
    thief = world.client()
    thief.cookies.set("staffhub_session", token)
    assert thief.get("/account").headers["location"].startswith("/login")
    with world.database.reading() as db:
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb.startswith("session"))).all()
    assert verbs == ["session.ended"]


@SQLITE
def test_an_address_that_is_only_opened_signs_nobody_out(world: World) -> None:
    client = world.client("ben")
    assert client.get("/logout").status_code == 405
    assert client.get("/account").status_code == 200


@SQLITE
def test_a_session_planted_beforehand_is_not_the_one_that_is_signed_in(world: World) -> None:
    client = world.client()
    client.cookies.set("staffhub_session", "planted")
    client.post("/login", data=_payload())
    given = client.cookies.get("staffhub_session", domain="testserver.local")
    assert given
    assert given != "planted"


@SQLITE
def test_signing_in_again_ends_the_session_before(world: World) -> None:
    client = world.client("tia")
    client.post("/login", data=_payload())
    with world.database.reading() as db:
        ended = db.scalars(sa.select(UserSession.ended_at).order_by(UserSession.id)).all()
    assert [moment is not None for moment in ended] == [True, False]


@pytest.mark.parametrize("cookie", ["", "x", "a" * 4000, "\xff\xfe", "' OR 1=1 --", "\x7f"])
@SQLITE
def test_a_cookie_of_junk_is_nobody(world: World, cookie: str) -> None:
    client = world.client()
    names = ("session", "device", "locale", "flash")
    headers = {"Cookie": "; ".join(f"staffhub_{name}={cookie}" for name in names) + f".{cookie}"}
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    assert client.get("/account", headers=raw).status_code == 303  # type: ignore[arg-type]
    assert client.get("/login", headers=raw).status_code == 200  # type: ignore[arg-type]
    signed_in = client.post("/login", data=_payload(), headers=raw)  # type: ignore[arg-type]
    assert signed_in.status_code == 303
    assert re.fullmatch(r"[\w-]{32}", signed_in.cookies["staffhub_device"])


@SQLITE
def test_the_language_can_be_changed_before_signing_in_and_stays(world: World) -> None:
    client = world.client()
    page = client.get("/login?next=/worklog")
    assert 'lang="id"' in page.text
    link = re.search(r'href="(/login\?lang=en[^"]*)"', page.text)
    assert link
    english = client.get(link[1].replace("&amp;", "&"))
    assert '<html lang="en">' in english.text
    assert 'name="next" value="/worklog"' in english.text
    assert '<html lang="en">' in client.get("/login").text
    assert '<html lang="en">' in client.post("/login", data=_payload(password="salah")).text
    client.post("/login", data=_payload())
    assert '<html lang="en">' in client.get("/account").text


@pytest.mark.parametrize(
    "password", ["🔑" * 8, "pass\x00word", "\x00", "é" * 300, "a" * 900_000, "' OR 1=1 --", "%s%n"]
)
def test_any_text_may_be_tried_as_a_password_or_a_name(world: World, password: str) -> None:
    client = world.client()
    assert client.post("/login", data=_payload(password=password)).status_code == 422
    assert client.post("/login", data=_payload(username=password)).status_code == 422


@SQLITE
def test_a_password_of_any_letters_signs_in_exactly_as_it_was_chosen(world: World) -> None:
    chosen = "  kunci 🔑 panjang  "
    _account(world, "ben", password_hash=security.hash_password(chosen))
    assert world.client().post("/login", data=_payload(password=chosen)).status_code == 303
    assert world.client().post("/login", data=_payload(password=chosen.strip())).status_code == 422


@SQLITE
def test_an_empty_form_asks_for_both_and_counts_no_try(world: World) -> None:
    client = world.client()
    for _n in range(LIMIT_PAIR + 1):
        assert client.post("/login", data={}).status_code == 422
    assert client.post("/login", data=_payload()).status_code == 303
