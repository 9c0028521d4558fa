"""The same telephone number asks for the same service twice: shown before it is taken in, and on both pages."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import i18n
from staffhub.db import Database
from staffhub.errors import Forbidden
from staffhub.models import AuditEvent, Channel, ServiceRequest
from staffhub.service_requests import duplicates, steps
from tests.conftest import MORNING, World, race, viewer_of
from tests.page_forms import form_of


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def take_in(database: Database, username: str = "ben", **overrides: Any) -> steps.Taken:
    given = {"service_type": "family_card", "applicant": "Novi T.", "channel": Channel.WHATSAPP, "now": MORNING,
             "phone": "081234564471", "key": str(uuid4()), "seen": ""}  # fmt: skip
    me = viewer_of(database, username)
    with database.transaction() as db:
        return steps.take_in(db, me, **{**given, **overrides})


def test_only_the_same_number_and_service_of_the_same_office_within_the_days_is_asked_about(database: Database) -> None:
    first = take_in(database)
    take_in(database, "oka")
    take_in(database, service_type="birth_certificate")
    take_in(database, phone="081234564472")
    take_in(database, phone="")
    take_in(database, phone="")
    take_in(database, now=MORNING + timedelta(days=31))
    with pytest.raises(duplicates.AlreadyAsked) as asked:
        take_in(database, now=MORNING + timedelta(days=29))
    assert [one.id for one in asked.value.found][-1:] == [first.id]
    second = take_in(database, seen=asked.value.mark, now=MORNING + timedelta(days=29))
    with pytest.raises(duplicates.AlreadyAsked) as again:
        take_in(database, seen=asked.value.mark, now=MORNING + timedelta(days=29))
    assert second.id in [one.id for one in again.value.found], "what came in meanwhile is asked about anew"
    assert not take_in(database, seen=None, now=MORNING).again, "a program that is not asked takes it in"


def test_a_form_that_is_sent_again_finds_its_own_request_and_asks_nothing(database: Database) -> None:
    first = take_in(database, key="the-same-form")
    assert take_in(database, key="the-same-form") == steps.Taken(first.id, first.number, first.state, again=True)


def test_of_two_who_record_the_same_wish_at_once_the_second_is_asked(database: Database) -> None:
    ana, given = viewer_of(database, "ana"), {"service_type": "family_card", "channel": Channel.COUNTER, "seen": ""}
    given |= {"phone": "081234564471", "applicant": "Novi T.", "now": MORNING}
    with pytest.raises(duplicates.AlreadyAsked):
        race(
            database,
            lambda db: steps.take_in(db, ana, **given, key="first-of-the-two"),
            lambda: take_in(database, key="second-of-the-two"),
        )


def test_the_office_says_within_how_many_days_and_0_is_never(database: Database) -> None:
    hana, ben = viewer_of(database, "hana"), viewer_of(database, "ben")
    take_in(database)
    with pytest.raises(Forbidden), database.transaction() as db:
        duplicates.set_window(db, ben, days=0, now=MORNING)
    for changed in (True, False):
        with database.transaction() as db:
            assert duplicates.set_window(db, hana, days=0, now=MORNING) is changed
    assert not take_in(database).again
    with database.reading() as db:
        verbs = db.scalars(sa.select(AuditEvent.verb)).all()
    assert verbs.count("office.duplicate_days") == 1


def test_an_officer_is_shown_the_same_wish_and_records_it_by_a_second_press(world: World) -> None:
    ben = world.client("ben")
    blank = form_of(ben.get("/requests?new=1").text, "/requests")
    first = blank | {"service_type": "family_card", "applicant": "Novi T.", "phone": "0812 3456 4471"}
    there = str(ben.post("/requests", data=first).headers["location"])
    second = form_of(ben.get("/requests?new=1").text, "/requests") | {
        "service_type": "family_card", "applicant": "Ibu Novi", "phone": "+62 812-3456-4471"
    }  # fmt: skip
    asked = ben.post("/requests", data=second)
    assert asked.status_code == 409
    assert f'href="{there}"' in asked.text
    assert "Ibu Novi" in asked.text, "and what was typed stands there"
    pressed = ben.post("/requests", data=form_of(asked.text, "/requests"))
    assert pressed.status_code == 303
    other = str(pressed.headers["location"])
    assert f'href="{other}"' in ben.get(there).text
    assert f'href="{there}"' in ben.get(other).text
    assert world.client("hana").post("/admin/office/same-wish", data={"days": "0"}).status_code == 303
    assert f'href="{there}"' not in ben.get(other).text
    assert world.client("hana").post("/admin/office/same-wish", data={"days": "366"}).status_code == 422
    with world.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count(ServiceRequest.id))) == 2
