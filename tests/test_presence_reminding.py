"""Whoever has not checked in ten minutes after work began is told once; never on leave, on holidays, or unwanted."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from staffhub import presence
from staffhub.db import Database
from staffhub.models import Account, Holiday, HolidayKind, Notice, NoticeKind, Officer, PlanMode, WorkMode
from staffhub.reports import reminding
from tests.conftest import MORNING, TODAY, World, count_from, plan_range, viewer_of
from tests.page_forms import form_of

START = MORNING + timedelta(minutes=18)  # 07.30
DUE = START + timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _presence_counts(database: Database) -> None:
    count_from(database, TODAY)


def _told(database: Database) -> dict[str, bool]:
    """Who was told, and whether it still waits on the bell."""
    with database.reading() as db:
        found = sa.select(Account.username, Notice.read_at.is_(None)).join(Notice, Notice.account_id == Account.id)
        return {name: bool(waits) for name, waits in db.execute(found.where(Notice.kind == NoticeKind.NOT_CHECKED_IN))}


def _come(database: Database, who: str) -> None:
    me = viewer_of(database, who)
    with database.transaction() as db:
        presence.check_in(db, me, mode=WorkMode.OFFICE, idempotency_key=f"tap-of-{who}", now=START)


def test_who_has_not_come_is_told_once_and_no_more_after_coming(database: Database) -> None:
    for who in ("dewi", "ana", "cy", "hana", "adi"):
        _come(database, who)
    assert reminding.remind_due(database, now=DUE - timedelta(minutes=1)) == 0
    assert reminding.remind_due(database, now=DUE) == 2
    assert reminding.remind_due(database, now=DUE) == 0, "another process in the same minutes"
    assert reminding.remind_due(database, now=DUE + timedelta(minutes=5)) == 0
    assert _told(database) == {"ben": True, "tia": True}
    _come(database, "ben")
    reminding.remind_due(database, now=DUE + timedelta(minutes=10))
    assert _told(database) == {"ben": False, "tia": True}
    tomorrow = DUE + timedelta(days=1)
    for who in ("ana", "ben", "tia"):
        with database.transaction() as db:
            db.execute(sa.update(Account).where(Account.username == who).values(remind_presence=False))
    reminding.remind_due(database, now=tomorrow)
    assert not _told(database)["tia"], "yesterday's waits no longer"


def test_nobody_is_told_on_leave_on_field_duty_or_against_the_own_choice(database: Database) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        ids = {name.split()[0]: id_ for name, id_ in db.execute(sa.select(Officer.name, Officer.id))}
        plan_range(db, hana, ids["Ben"], TODAY)
        plan_range(db, hana, ids["Tia"], TODAY, mode=PlanMode.FIELD, note="Ratahan")
        db.execute(sa.update(Account).where(Account.username == "cy").values(remind_presence=False))
    reminding.remind_due(database, now=DUE)
    assert _told(database).keys() == {"dewi", "ana", "hana", "adi"}


def test_nobody_is_told_on_a_holiday_at_night_hours_later_or_before_presence_counts(database: Database) -> None:
    sunday = DUE - timedelta(days=1)
    for moment in (sunday, DUE - timedelta(hours=3), START + timedelta(hours=2)):
        assert reminding.remind_due(database, now=moment) == 0
    count_from(database, TODAY + timedelta(days=1))
    assert reminding.remind_due(database, now=DUE) == 0
    count_from(database, date(2026, 11, 1))
    with database.transaction() as db:
        office_id = db.scalar(sa.select(sa.func.min(Officer.office_id)))
        db.add(Holiday(office_id=office_id, date=TODAY, name="Hari jadi", kind=HolidayKind.LOCAL, source="SK"))
    assert reminding.remind_due(database, now=DUE + timedelta(minutes=5)) == 0


def test_each_chooses_on_the_own_account_and_the_notice_leads_to_the_tap(world: World) -> None:
    ben = world.client("ben")
    form = form_of(ben.get("/account").text, "/account/reminder")
    assert form["presence"] == ["1"]
    ben.post("/account/reminder", data=form | {"presence": ""})
    assert "presence" not in form_of(ben.get("/account").text, "/account/reminder")
    reminding.remind_due(world.database, now=DUE)
    assert "ben" not in _told(world.database)
    world.at(DUE)
    page = world.client("tia").get("/notices").text
    assert "Anda belum presensi; jam kerja mulai 07.30." in page
