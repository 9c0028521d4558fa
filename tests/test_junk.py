"""Whatever is sent to a form, by a person or a program: an answer in words, never an error of ours."""

import random
import re
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from staffhub.models import Division, ServiceType
from tests.conftest import World
from tests.test_access import WHO, _belongings, _routes

PEOPLE = ("ana", "hana", "ben")
# Fields that open doors behind which the rest is looked at.
NAMES = (
    "username", "password", "next", "current", "new", "repeat", "locale", "mode", "note", "idempotency_key", "version",
    "date", "day", "text", "starts", "ends", "start", "end", "quantity", "unit", "request_id", "meeting_id", "topic",
    "time", "duration", "minutes", "agenda", "audience", "officers", "divisions", "division", "everyone", "weekdays",
    "until", "kind", "name", "number", "employment_type", "position", "division_id", "superior_id", "email", "phone",
    "active_from", "active_to", "role", "scope", "source", "state", "assignee", "assignee_id", "officer_id", "reason",
    "service", "service_type_id", "applicant", "channel", "urgent", "valid_from", "days", "mon", "tue", "wed", "at",
    "check_in", "check_out", "action", "file", "confirm", "key", "due", "month",
)  # fmt: skip
VALUES = (
    "", " ", "0", "1", "-1", "2", "99999999999999999999", "9" * 5000, "1.5", "1e9", "NaN", "true", "null", "[]",
    "2026-11-23", "2026-11-24", "0001-01-01", "9999-12-31", "2026-02-30", "07.30", "08:00", "99.99", "٠٧.٣٠", "²",
    "office", "home", "leave", "other", "in", "single", "standup", "staff", "pns", "checking", "counter", "national",
    "\x00", "a\x00b", "\x1b[31m", "\u202e\u200b\ufeff", "🔑" * 50, "é" * 300,
    "a" * 20_000, "\r\nBcc: x", "\ud7ff\uffff",
    "<script>alert(1)</script>", "{{ 7*7 }}", "%s%n%(x)s", "' OR 1=1 --", "=1+1", "../../etc/passwd", "ben", "tia",
    "01234567-0123-0123-0123-0123456789ab", "fedcba98-0123-0123-0123-0123456789ab",
)  # fmt: skip


def _junk(chance: random.Random, known: list[str]) -> list[tuple[str, str]]:
    names = chance.choices(known or NAMES, k=chance.randrange(12)) if chance.random() < 0.3 else list(known or NAMES)
    pairs = [(name, chance.choice(VALUES)) for name in names if chance.random() < 0.9]
    return pairs + [(chance.choice(NAMES), chance.choice(VALUES)) for _n in range(chance.randrange(4))]


def _sent(chance: random.Random, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    kind = chance.randrange(8)
    if kind == 0:
        return {"content": chance.randbytes(300), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    if kind == 1:
        content = b"--x\r\n" + chance.randbytes(100) + b"\r\n--x--"
        return {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    if kind == 2:  # a character set that makes halves of characters
        part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n\\ud800 \\x00\r\n'
        content = b"".join(part % name.encode() for name, _value in pairs) + b"--x--\r\n"
        return {
            "content": content,
            "headers": {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"},
        }
    if kind == 3:
        return {"json": {name: value.encode("utf-8", "replace").decode() for name, value in pairs}}
    data: dict[str, list[str]] = {}
    for name, value in pairs:
        data.setdefault(name, []).append(value)
    if kind == 4:
        return {"data": data, "files": {"file": ("../\x00x.csv", chance.randbytes(200), "text/csv")}}
    return {"data": data}


def _fields(world: World, path: str) -> list[str]:
    """The names that the route's own form class knows, so that some of the junk gets far."""
    route = next(one for one in _routes(world.app) if one.path == path and "POST" in one.methods)
    module = __import__(route.endpoint.__module__, fromlist=["x"])
    found: set[str] = set()
    for name in route.endpoint.__code__.co_names:
        found |= set(getattr(getattr(module, name, None), "model_fields", {}))
    return sorted(found)


@pytest.mark.parametrize("username", PEOPLE)
def test_junk_in_any_address_is_answered(world: World, username: str) -> None:
    given, chance, wrong = _belongings(world), random.Random(username), []
    client = world.client(username)
    for route in _routes(world.app):
        names = [one.alias for one in route.dependant.query_params]
        if ("GET", route.path) not in WHO or not names:
            continue
        for value in ("0001-01-01", "9999-12-31", *chance.choices([one for one in VALUES if len(one) < 200], k=2)):
            address = httpx2.URL(route.path.format(**given), params=dict.fromkeys(names, value))
            answer = client.get(address)
            if answer.status_code >= 500:
                wrong.append((str(address), answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("username", PEOPLE)
@pytest.mark.parametrize("seed", [1, 2])
def test_junk_in_any_form_is_answered_and_never_breaks_a_page(world: World, username: str, seed: int) -> None:
    given, chance = _belongings(world), random.Random(f"{username}{seed}")
    with world.database.reading() as db:
        ids = [*db.scalars(sa.select(Division.id)).all()[:1], *db.scalars(sa.select(ServiceType.id)).all()[:1]]
    assert ids
    wrong = []
    client = world.client(username)
    for path in sorted(path for method, path in WHO if method == "POST"):
        known = _fields(world, path)
        for _round in range(4):
            sent = _sent(chance, _junk(chance, known))
            headers = sent.pop("headers", {}) | ({"HX-Request": "true"} if chance.random() < 0.3 else {})
            answer = client.post(path.format(**given), headers=headers, **sent)
            if answer.status_code >= 500:
                wrong.append((path, answer.status_code, sent))
            if answer.status_code == 303 and answer.headers["location"].startswith("/login"):
                client = world.client(username)  # it signed itself out
    assert wrong == []
    for path in ("/", "/board", "/worklog", "/requests", "/meetings", "/roster", "/account", "/me/month"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text
        assert not re.search(r"\b49\b.{0,5}junk", page.text)
