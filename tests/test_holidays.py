"""The editable table of holidays."""

import re
from datetime import date

import pytest
import sqlalchemy as sa

from staffhub import workdays
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, Holiday, HolidayKind, PlanMode
from tests.conftest import MORNING, World, count_queries, plan_range

FREE = date(2026, 12, 21)


def _payload(**overrides: str) -> dict[str, str]:
    form = {"date": "2026-12-21", "name": "Hari jadi kabupaten", "kind": "local", "source": "Perda 1/2009"}
    return form | overrides


def _facts(**overrides: object) -> dict[str, object]:
    facts = {"day": FREE, "name": "Hari jadi", "kind": HolidayKind.LOCAL, "source": "Perda 1/2009", "now": MORNING}
    return facts | overrides


def test_a_holiday_is_added_once_and_told(world: World) -> None:
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        assert workdays.add_holiday(db, hana, **_facts())  # type: ignore[arg-type]
        assert not workdays.add_holiday(db, hana, **_facts())  # type: ignore[arg-type]
        with pytest.raises(Refused) as refused:
            workdays.add_holiday(db, hana, **_facts(name="Lain"))  # type: ignore[arg-type]
        assert refused.value.field == "date"
    with world.database.reading() as db:
        assert not workdays.calendar(db, 1).is_working_day(FREE)
        assert db.scalar(sa.select(sa.func.count()).where(AuditEvent.verb == "holiday.added")) == 1


def test_a_removed_holiday_is_a_working_day_again(world: World) -> None:
    hana, oka = world.viewer("hana"), world.viewer("oka")
    christmas = date(2026, 12, 25)
    with world.database.transaction() as db:
        found = [line for line in workdays.holidays_of(db, hana, 2026) if line.date == christmas]
        with pytest.raises(NotFound):
            workdays.remove_holiday(db, oka, found[0].id, now=MORNING)
        assert workdays.remove_holiday(db, hana, found[0].id, now=MORNING)[0] == christmas
        with pytest.raises(NotFound):
            workdays.remove_holiday(db, hana, found[0].id, now=MORNING)
    with world.database.reading() as db:
        assert workdays.calendar(db, 1).is_working_day(christmas)
        assert not workdays.calendar(db, 2).is_working_day(christmas)


def test_staff_edits_no_holidays(world: World) -> None:
    ben = world.viewer("ben")
    with world.database.transaction() as db:
        for act in (
            lambda: workdays.holidays_of(db, ben, 2026),
            lambda: workdays.add_holiday(db, ben, **_facts()),  # type: ignore[arg-type]
            lambda: workdays.remove_holiday(db, ben, 1, now=MORNING),
        ):
            with pytest.raises(Forbidden):
                act()


def test_the_page_lists_a_year_and_adds_and_removes(world: World) -> None:
    client = world.client("hana")
    with count_queries(world.database) as seen:
        page = client.get("/admin/holidays")
    assert len(seen) <= 2
    assert "Hari libur 2026" in page.text
    assert re.search(r"kalender bawaan \(holidays [\d.]+\)", page.text)
    assert "Hari libur 2025" in client.get("/admin/holidays?year=2025").text
    for year in ("1", "x", "99999"):
        assert "Hari libur 2026" in client.get(f"/admin/holidays?year={year}").text
    ben, tia = world.viewer("ben"), world.viewer("tia")
    with world.database.transaction() as db:
        plan_range(db, ben, ben.officer_id, FREE, date(2026, 12, 23))
        plan_range(db, ben, tia.officer_id, FREE, mode=PlanMode.FIELD)
    added = client.post("/admin/holidays", data=_payload())
    assert (added.status_code, added.headers["location"]) == (303, "/admin/holidays?year=2026")
    told = client.get("/admin/holidays?year=2026").text
    for text in ("sekarang hari libur", "dalam cuti 1 pegawai", "1 pegawai punya rencana tugas"):
        assert text in told
    assert "memang sudah" in client.get(client.post("/admin/holidays", data=_payload()).headers["location"]).text
    with world.database.reading() as db:
        holiday_id = db.scalars(sa.select(Holiday.id).where(Holiday.date == FREE)).one()
    assert re.search(rf"/admin/holidays/{holiday_id}/remove", client.get("/admin/holidays?year=2026").text)
    assert client.post(f"/admin/holidays/{holiday_id}/remove").status_code == 303
    told = client.get("/admin/holidays?year=2026").text
    for text in ("hari kerja lagi", "dalam cuti 1 pegawai", "1 pegawai punya rencana tugas"):
        assert text in told, "whose plans change is said as well when a holiday goes"
    again = client.post(f"/admin/holidays/{holiday_id}/remove")
    assert (again.status_code, "Hari libur ini sudah dihapus." in again.text) == (404, True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"date": ""}, "date"),
        ({"date": "besok"}, "date"),
        ({"date": "0206-12-21"}, "date"),
        ({"date": "2026-12-25"}, "date"),
        ({"name": " "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"kind": "x"}, "kind"),
        ({"source": ""}, "source"),
    ],
)
def test_a_wrong_holiday_is_told_beside_its_field(world: World, change: dict[str, str], field: str) -> None:
    answer = world.client("adi").post("/admin/holidays", data=_payload(**change))
    assert answer.status_code == 422
    assert f'id="holiday-{field}-error"' in answer.text


def test_only_personnel_and_administrators_have_the_page(world: World) -> None:
    assert world.client().get("/admin/holidays").status_code == 303
    for username in ("ben", "ana", "dewi"):
        assert world.client(username).get("/admin/holidays").status_code == 403
        assert world.client(username).post("/admin/holidays", data=_payload()).status_code == 403
    with world.database.reading() as db:
        other = db.scalars(sa.select(Holiday.id).where(Holiday.office_id == 2)).first()
    assert world.client("hana").post(f"/admin/holidays/{other}/remove").status_code == 404
