"""A NIK or a KK number in a box that finds something: not sought, kept in no address, and the reason is said."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from staffhub.routes.deps import SOUGHT
from staffhub.typed import holds_citizen_number
from tests.conftest import World
from tests.test_access import WHO, _belongings

NIK, NIP = "7107014505900001", "199004112015032001"
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TEMPLATES = Path(__file__).parent.parent / "staffhub" / "templates"


def _boxes(app: Any) -> Iterator[tuple[str, str]]:
    """Every page that takes what somebody seeks, and the name under which it does."""
    for route in app.routes:
        for one in getattr(getattr(route, "dependant", None), "query_params", ()):
            if one.alias in SOUGHT and "GET" in route.methods:
                yield route.path, one.alias


def _who(world: World, path: str) -> TestClient:
    return world.client(min(WHO["GET", path]))


@SQLITE
def test_every_page_that_finds_something_leaves_a_nik_out_and_says_why(world: World) -> None:
    given, boxes = _belongings(world), sorted(set(_boxes(world.app)))
    assert len(boxes) > 10
    for path, name in boxes:
        client, address = _who(world, path), path.format(**given)
        for typed in (NIK, "Ibu Novi 7107 0145 0590 0001", "KK 1234567890123456"):
            answer = client.get(address, params={name: typed, "page": "1"})
            assert (answer.status_code, answer.headers["location"]) == (303, f"{address}?page=1"), path
        part = client.get(address, params={name: NIK}, headers={"HX-Request": "true", "HX-Target": "x"})
        assert part.status_code == 422, path
        assert "tampak seperti NIK" in part.text
        assert NIK not in part.text


@SQLITE
def test_the_reason_stands_on_the_page_that_comes_instead(world: World) -> None:
    ana = world.client("ana")
    answer = ana.get("/requests", params={"q": NIK, "state": "new"})
    assert answer.headers["location"] == "/requests?state=new"
    page = ana.get(answer.headers["location"])
    assert (page.status_code, NIK in page.text) == (200, False)
    assert "tampak seperti NIK" in page.text


@SQLITE
def test_people_are_found_by_their_nip_and_requests_by_a_number_as_before(world: World) -> None:
    assert world.client("hana").get("/people", params={"q": NIP}).status_code == 200
    for typed in ("0812 3456 4471", "PM-2611-0001", "Novi"):
        assert world.client("ana").get("/requests", params={"q": typed}).status_code == 200


@SQLITE
def test_without_scripts_the_finder_of_a_form_says_it_beside_the_persons(world: World) -> None:
    answer = world.client("ana").post("/meetings", data={"find": NIK, "search": "1"})
    assert "tampak seperti NIK" in answer.text
    assert NIK not in answer.text


def test_every_box_for_seeking_has_a_name_that_is_looked_at() -> None:
    found = {
        name
        for page in TEMPLATES.rglob("*.html")
        for tag in re.findall(r"<input\b[^>]*type=\"search\"[^>]*>", page.read_text("utf-8"))
        for name in re.findall(r"\bname=\"(\w+)\"", tag)
    }
    assert found == set(SOUGHT)


@pytest.mark.parametrize("text", [NIK, "nik 7107014505900001", "7107 0145 0590 0001", "KK: 1234567890123456"])
def test_a_nik_and_a_kk_number_are_known_apart_from_an_nip(text: str) -> None:
    assert holds_citizen_number(text)
    assert not holds_citizen_number(f"NIP {NIP}")
    assert not holds_citizen_number("19900411 201503 2 001")
