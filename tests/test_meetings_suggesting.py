"""What a new meeting proposes: the next half hour that is free, the own division, a name."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from staffhub.meetings import plan, suggesting
from staffhub.meetings.audience import Audience
from staffhub.models import Holiday, HolidayKind, MeetingKind, Office, ZoomUser
from tests.conftest import MORNING, World

WITA = ZoneInfo("Asia/Makassar")


def _at(hour: str, day: int = 23) -> datetime:
    return datetime.combine(date(2026, 11, day), time.fromisoformat(hour), WITA)


def _schedule(world: World, name: str, hour: str, minutes: int = 30, on: date = date(2026, 11, 23)) -> None:
    audience = Audience(officers=(world.officer_id(name),))
    me = world.viewer(name)
    facts = {"topic": "Rapat", "starts_on": on, "starts_at": time.fromisoformat(hour)}
    with world.database.transaction() as db:
        plan.schedule(
            db, me, kind=MeetingKind.SINGLE, **facts, minutes=minutes, audience=audience,
            idempotency_key=f"{name}-{hour}", now=MORNING,
        )  # fmt: skip


def _proposed(world: World, name: str = "ana", now: datetime = MORNING) -> datetime:
    me = world.viewer(name)
    with world.database.reading() as db:
        return suggesting.next_free(db, me, now=now)


@pytest.mark.parametrize(
    ("now", "proposed"),
    [
        ("07:12", _at("07:30")),
        ("07:24", _at("07:30")),
        ("07:26", _at("08:00")),  # by the time it is saved 07.30 has passed
        ("05:00", _at("07:30")),
        ("20:00", _at("07:30", 24)),
    ],
)
def test_the_next_half_hour_of_the_working_day_is_proposed(world: World, now: str, proposed: datetime) -> None:
    assert _proposed(world, now=_at(now).astimezone(UTC)) == proposed


def test_no_day_off_and_no_weekend_is_proposed(world: World) -> None:
    with world.database.transaction() as db:
        office = db.scalars(sa.select(Office.id).order_by(Office.id)).first()
        row = {"office_id": office, "date": date(2026, 11, 27), "name": "Hari Uji", "source": "test"}
        db.execute(sa.insert(Holiday).values(kind=HolidayKind.LOCAL, **row))
    assert _proposed(world, now=_at("20:00", 26).astimezone(UTC)) == _at("07:30", 30)


def test_an_hour_at_which_the_head_or_every_host_is_busy_is_not_proposed(world: World) -> None:
    _schedule(world, "ana", "07:30", 45)  # ana is in it until 08.15
    assert _proposed(world) == _at("08:30")
    assert _proposed(world, "dewi") == _at("07:30"), "somebody else's meeting is in nobody else's way"
    with world.database.transaction() as db:
        user = {"email": "zoom@contoh.go.id", "name": "Zoom", "licence": 2, "at_once": 1, "hosts": True}
        db.execute(sa.insert(ZoomUser).values(**user, written=0, seen_at=MORNING))
    _schedule(world, "dewi", "08:30", 60)
    assert _proposed(world) == _at("09:30"), "the only host holds that of the office"


def test_a_standup_is_proposed_for_half_an_hour_after_the_next_days_work_begins(world: World) -> None:
    me = world.viewer("ana")
    with world.database.reading() as db:
        assert suggesting.standup_start(db, me, now=MORNING) == (date(2026, 11, 24), time(8))
    with world.database.transaction() as db:
        user = {"email": "zoom@contoh.go.id", "name": "Zoom", "licence": 2, "at_once": 1, "hosts": True}
        db.execute(sa.insert(ZoomUser).values(**user, written=0, seen_at=MORNING))
    _schedule(world, "dewi", "08:00", 45, on=date(2026, 11, 24))
    with world.database.reading() as db:
        assert suggesting.standup_start(db, me, now=MORNING) == (date(2026, 11, 24), time(9)), "no host is free before"
