"""Disturbances as people meet them: counted at the door, entered, decided, and read on the own day."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from staffhub.db import Database
from staffhub.models import Outage, OutageState, TroubleSign
from staffhub.outages import noticing
from tests.conftest import MORNING, TODAY, World
from tests.page_forms import form_of

NOON = MORNING + timedelta(hours=5)
SPAN = {"first_on": TODAY.isoformat(), "first_at": "07.20", "last_on": TODAY.isoformat(), "last_at": "07.52"}


def _text(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def _enter(world: World, **typed: str) -> str:
    """Enter an outage through its form; return its address."""
    hana = world.client("hana")
    form = form_of(hana.get("/admin/outages/new").text, "/admin/outages")
    answer = hana.post("/admin/outages", data=form | SPAN | {"source": "Pemberitahuan PLN"} | typed)
    assert answer.status_code == 303, _text(answer.text)
    return str(answer.headers["location"])


def _decide(world: World, address: str, act: str, **typed: str) -> Any:
    hana = world.client("hana")
    return hana.post(address, data=form_of(hana.get(address).text, address) | {"act": act} | typed)


def test_hr_enters_a_power_cut_sees_whom_it_touches_and_confirms_it_with_one_press(world: World) -> None:
    world.at(MORNING + timedelta(minutes=48))
    ben = world.client("ben")
    ben.post("/presence/check-in", data={"mode": "office", "idempotency_key": "in-the-dark"})
    assert "30 menit" in _text(ben.get("/").text)
    world.at(NOON)
    address = _enter(world)
    page = _text(world.client("hana").get(address).text)
    for words in ("Sen, 23 Nov 07.20 – 07.52", "Pemberitahuan PLN", "Pendaftaran Penduduk (3)", "Ben Tumiwa"):
        assert words in page
    assert _decide(world, address, "confirmed").status_code == 303
    own = _text(ben.get("/").text)
    assert "Gangguan aplikasi 07.20 – 07.52, dikukuhkan kepegawaian" in own
    assert "setelah jam kerja" not in own
    day = _text(ben.get(f"/attendance/{world.officer_id('ben')}/{TODAY}").text)
    assert "Gangguan aplikasi 07.20 – 07.52, dikukuhkan kepegawaian" in day
    assert "30 menit tidak dihitung karenanya" in day


def test_a_wrong_span_or_a_missing_reason_comes_back_with_what_was_typed(world: World) -> None:
    world.at(NOON)
    hana = world.client("hana")
    form = form_of(hana.get("/admin/outages/new").text, "/admin/outages")
    answer = hana.post("/admin/outages", data=form | SPAN | {"source": "PLN", "last_at": "07.10"})
    assert answer.status_code == 422
    assert form_of(answer.text, "/admin/outages")["last_at"] == ["07.10"]
    assert "tidak sesudah mulainya" in answer.text
    address = _enter(world)
    refused = _decide(world, address, "dismissed")
    assert refused.status_code == 422
    assert "Tulis alasannya" in refused.text


def test_of_two_of_hr_the_second_is_told_and_sees_how_it_stands(world: World) -> None:
    world.at(NOON)
    address = _enter(world)
    hana = world.client("hana")
    old = form_of(hana.get(address).text, address)
    assert _decide(world, address, "confirmed").status_code == 303
    late = hana.post(address, data=old | {"act": "dismissed", "reason": "Tidak ada"})
    assert late.status_code == 409
    assert 'value="undone"' in late.text, "what can be done with a confirmed one"


def test_a_dismissed_one_is_taken_back(world: World) -> None:
    world.at(NOON)
    address = _enter(world)
    assert _decide(world, address, "dismissed", reason="Keliru").status_code == 303
    assert _decide(world, address, "undone", reason="Ternyata benar").status_code == 303
    with world.database.reading() as db:
        assert db.scalars(sa.select(Outage.state)).one() is OutageState.PROPOSED
    assert "menunggu keputusan" in _text(world.client("dewi").get("/admin/outages").text)


def test_a_press_that_the_database_could_not_take_is_counted_for_whose_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, tia = world.client("ben"), world.client("tia")
    tia.post("/presence/check-in", data={"mode": "office", "idempotency_key": "before-it-broke"})
    with monkeypatch.context() as broken:

        def away(*_any: object, **_more: object) -> None:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

        broken.setattr(Database, "serve", away)
        for _time in range(2):
            answer = ben.post("/presence/check-in", data={"mode": "office", "idempotency_key": "a-key-of-mine"})
            assert answer.status_code == 503
        assert ben.get("/roster").status_code == 503
    troubles = world.app.state.work.troubles
    waiting = troubles.waiting(MORNING)
    with world.database.transaction() as db:
        noticing.write_down(db, waiting)
    with world.database.reading() as db:
        (found,) = db.scalars(sa.select(TroubleSign)).all()
    assert (found.kind, found.count, found.officers) == ("away", 2, [world.officer_id("ben")])


def test_the_recap_tells_of_it_in_its_footnotes(world: World) -> None:
    world.at(NOON)
    assert _decide(world, _enter(world), "confirmed").status_code == 303
    from staffhub.reports.documents import lines

    hana = world.viewer("hana")
    with world.database.reading() as db:
        told = lines._notes(db, hana, TODAY.replace(day=1), set(range(1, 9)))
    assert [one for one in told if one.startswith("Gangguan aplikasi Sen, 23 Nov 07.20 – 07.52")]
