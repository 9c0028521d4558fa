"""Static files: small, compressed once, kept for a year under a name that is their content's."""

import gzip
import re
from pathlib import Path

import pytest

from staffhub.web import static
from tests.conftest import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAMES = ("app.css", "app.js", "roster.js", "icon.svg", "icons.svg")
SOURCES = Path(__file__).parent.parent / "staffhub" / "static"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_comes_compressed_or_plain_and_is_not_sent_twice(world: World, name: str) -> None:
    client, answers = world.client(), {}
    for coding in ("gzip", "identity"):
        asked = {"Accept-Encoding": coding}
        answer = answers[coding] = client.get(static(name), headers=asked)
        assert answer.headers.get("content-encoding", "identity") == coding
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert set(answer.headers["vary"].split(", ")) == {"Accept-Encoding"}
        known = asked | {"If-None-Match": answer.headers["etag"]}
        again = client.get(static(name), headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        assert client.get(static(name), headers=asked | {"If-None-Match": '"other"'}).status_code == 200
    assert answers["gzip"].content == answers["identity"].content, "the client unpacks it"
    assert answers["gzip"].headers["etag"] != answers["identity"].headers["etag"]
    assert int(answers["gzip"].headers["content-length"]) < int(answers["identity"].headers["content-length"])
    assert answers["gzip"].headers["content-type"].partition(";")[0] in {
        "text/css", "text/javascript", "application/javascript", "image/svg+xml",
    }  # fmt: skip


def test_only_the_name_of_this_very_content_is_kept_for_a_year(world: World) -> None:
    client = world.client()
    for address in ("/static/app.css", "/static/app.css?v=0123456789", f"{static('app.css')}&x=1"):
        assert client.get(address).headers["cache-control"] == "public, max-age=3600", address
    assert client.get("/static/../app.py").status_code == 404
    assert client.head(static("app.css")).content == b""
    assert client.post("/static/app.css").status_code == 405


def test_what_is_left_out_of_a_file_is_comments_and_indentation(world: World) -> None:
    client = world.client()
    sheet = client.get("/static/app.css").text
    assert "/*" not in sheet
    words = re.findall(r"[^\s]+", re.sub(r"/\*.*?\*/", "", (SOURCES / "app.css").read_text(), flags=re.DOTALL))
    assert sheet.split() == words
    script = client.get("/static/app.js").text
    kept = [line.strip() for line in (SOURCES / "app.js").read_text().splitlines()]
    assert script.splitlines() == [line for line in kept if line and not line.startswith("//")]


def test_a_first_visit_is_light(world: World) -> None:
    """With htmx from the CDN, 14 kB compressed; a page has at most 60 kB even as it stands."""
    client, total = world.client("ben"), 14_000
    for address in ("/", *(static(name) for name in NAMES)):
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers.get("content-encoding") == "gzip"
        total += int(answer.headers.get("content-length") or len(gzip.compress(answer.content)))
    assert total < 60_000
