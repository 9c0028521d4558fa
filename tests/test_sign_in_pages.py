"""Signing in and out as a person does it."""

from staffhub.db import Database  # noqa: F401
from tests.conftest import PASSWORD, World


def _payload(**overrides: str) -> dict[str, str]:
    return {"username": "ben", "password": PASSWORD, "next": "/worklog"} | overrides


def test_the_right_password_opens_a_session_and_goes_on_to_the_page_asked_for(world: World) -> None:
    client = world.client()
    answer = client.post("/login", data=_payload())
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklog")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert client.get("/account").status_code in {200, 404}


def test_a_wrong_password_keeps_the_name_and_says_so_without_saying_which(world: World) -> None:
    answer = world.client().post("/login", data=_payload(password="salah-sekali"))
    assert answer.status_code == 422
    assert 'value="ben"' in answer.text
    assert "salah-sekali" not in answer.text
    unknown = world.client().post("/login", data=_payload(username="tidak-ada", password="salah-sekali"))
    assert unknown.status_code == 422
