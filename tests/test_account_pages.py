"""My account: devices, language, password."""

import re

import pytest
import sqlalchemy as sa

from staffhub.models import Account, UserSession
from staffhub.reports.words import device
from tests.conftest import MORNING, PASSWORD, World, count_queries

NEW = "kalimat yang mudah diingat"


def _payload(**overrides: str) -> dict[str, str]:
    return {"current": PASSWORD, "new": NEW, "repeat": NEW} | overrides


def test_the_account_page_shows_where_i_am_signed_in(world: World) -> None:
    client = world.client("ben")
    world.client("ben")
    with count_queries(world.database) as seen:
        page = client.get("/account")
    assert page.status_code == 200
    assert len(seen) <= 4
    assert page.text.count("/account/sessions/") == 2  # the other device, and all others
    assert world.client().get("/account").status_code == 303


def test_another_device_is_signed_out_by_its_button(world: World) -> None:
    client, other = world.client("ben"), world.client("ben")
    found = re.search(r"/account/sessions/\d+/end", client.get("/account").text)
    assert found
    assert client.post(found[0]).headers["location"] == "/account"
    assert other.get("/account").headers["location"].startswith("/login")
    assert client.get("/account").status_code == 200


def test_ending_the_own_session_leads_to_the_sign_in(world: World) -> None:
    session, client = world.session("ben"), world.client("ben")
    with world.database.reading() as db:
        session_id = db.scalar(sa.select(sa.func.max(UserSession.id))) or 0
    assert session_id > session.id
    assert client.post(f"/account/sessions/{session_id}/end").headers["location"] == "/login"


def test_all_other_devices_are_signed_out_at_once(world: World) -> None:
    client, other, third = (world.client("ben") for _n in range(3))
    assert client.post("/account/sessions/end-others").status_code == 303
    assert [one.get("/account").status_code for one in (client, other, third)] == [200, 303, 303]


def test_nobody_ends_the_session_of_another_person(world: World) -> None:
    session = world.session("cy")
    assert world.client("ben").post(f"/account/sessions/{session.id}/end").status_code == 404
    assert world.client("ben").post("/account/sessions/999999/end").status_code == 404


def test_the_language_is_kept_by_the_account_and_the_browser(world: World) -> None:
    client = world.client("ben")
    answer = client.post("/account/locale", data={"locale": "en"})
    assert answer.status_code == 303
    assert "staffhub_locale=en" in answer.headers["set-cookie"]
    assert "My account" in client.get("/account").text
    assert "My account" in world.client("ben").get("/account").text
    assert client.post("/account/locale", data={"locale": "fr"}).status_code == 422


def test_a_new_password_opens_and_signs_out_the_other_devices(world: World) -> None:
    client, other = world.client("ben"), world.client("ben")
    assert client.get("/account/password").status_code == 200
    answer = client.post("/account/password", data=_payload())
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    signed_in = world.client().post("/login", data={"username": "ben", "password": NEW})
    assert signed_in.status_code == 303
    assert world.client().post("/login", data={"username": "ben", "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"current": "salah-sekali"}, "current"),
        ({"new": "pendek", "repeat": "pendek"}, "new"),
        ({"new": "bismillah", "repeat": "bismillah"}, "new"),
        ({"new": PASSWORD, "repeat": PASSWORD}, "new"),
        ({"repeat": "yang lain sekali"}, "repeat"),
        ({"new": ""}, "new"),
    ],
)
def test_a_refused_password_is_told_beside_its_field_and_shown_nowhere(
    world: World, change: dict[str, str], field: str
) -> None:
    client = world.client("ben")
    answer = client.post("/account/password", data=_payload(**change))
    assert answer.status_code == 422
    assert f'id="password-{field}-error"' in answer.text
    assert not any(value in answer.text for value in (NEW, PASSWORD, "salah-sekali"))


def test_guessing_the_password_of_a_phone_left_open_is_held_up(world: World) -> None:
    client = world.client("ben")
    answers = [client.post("/account/password", data=_payload(current=f"tebakan-{n}")).status_code for n in range(7)]
    assert answers[-1] == 429


def test_who_knows_the_password_may_look_for_a_good_new_one_as_often_as_it_takes(world: World) -> None:
    client = world.client("ben")
    answers = [
        client.post("/account/password", data=_payload(new="password123", repeat="password123")) for _n in range(8)
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert client.post("/account/password", data=_payload()).status_code == 303


@pytest.mark.parametrize(
    "easy", ["ben-tumiwa-99", "Dukcapil Contoh", "kabupatencontoh1", "000000000000000003", "Pengelola1"]
)
def test_no_password_is_made_of_what_anybody_knows_of_the_person_and_the_office(world: World, easy: str) -> None:
    answer = world.client("ben").post("/account/password", data=_payload(new=easy, repeat=easy))
    assert answer.status_code == 422
    assert "terlalu mudah ditebak" in answer.text


def test_after_a_one_time_password_nothing_else_opens(world: World) -> None:
    with world.database.transaction() as db:
        ben = sa.update(Account).where(Account.username == "ben")
        db.execute(ben.values(must_change_password=True, one_time_until=MORNING))
    client = world.client("ben")
    assert client.get("/account").headers["location"] == "/account/password?next=%2Faccount"
    page = client.get("/account/password")
    assert "sekali pakai" in page.text
    assert client.post("/account/password", data=_payload()).status_code == 303
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox, Mac"),
        ("curl/8", "Perangkat tidak dikenal"),
    ],
)
def test_a_device_is_named_as_its_owner_would(agent: str, name: str) -> None:
    assert device(agent) == name
