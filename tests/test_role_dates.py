"""What an account may do begins and ends on a date, by the calendar of the office."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import corrections, i18n, people
from staffhub.errors import Forbidden, NotSignedIn, Refused
from staffhub.models import Account, AuditEvent, Division, Posting, Role
from staffhub.people import postings
from staffhub.security import Viewer, session_for
from tests.conftest import MORNING, TODAY, World, add_posting, open_session
from tests.test_people_pages import _text, _upload

TOMORROW = TODAY + timedelta(days=1)
# The last minute of today and the first of tomorrow in Makassar.
BEFORE_MIDNIGHT = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
ONLY_ADMIN = "hanya diurus oleh administrator"
LAST = "administrator terakhir|last administrator"


def _change(world: World, who: str, username: str, role: Role, day: date | None = None, now: datetime = MORNING) -> Any:
    me, officer_id = world.viewer(who), world.officer_id(username)
    with world.database.transaction() as db:
        person = people.account_to_change(db, me, officer_id, now=now)
        return people.change_role(db, me, person, role=role, day=day, now=now)


def _roles(world: World, username: str) -> list[tuple[date, Role]]:
    officer_id = world.officer_id(username)
    with world.database.reading() as db:
        mine = sa.select(Posting.valid_from, Posting.role).where(Posting.officer_id == officer_id)
        return [tuple(row) for row in db.execute(mine.order_by(Posting.valid_from))]


def test_a_promotion_from_tomorrow_gives_its_rights_at_midnight_of_the_office_and_not_before(world: World) -> None:
    token = open_session(world.database, "cy")
    assert _change(world, "adi", "cy", Role.HR, TOMORROW)
    for now, role in ((MORNING, Role.STAFF), (BEFORE_MIDNIGHT, Role.STAFF), (MIDNIGHT, Role.HR)):
        with world.database.reading() as db:
            assert session_for(db, token, now=now).viewer.role is role
    me = world.viewer("adi")
    with world.database.reading() as db:
        for now, role in ((BEFORE_MIDNIGHT, Role.STAFF), (MIDNIGHT, Role.HR)):
            lines, _total = people.listed(db, me, people.Wanted(q="Cy"), page=1, now=now)
            assert [line.role for line in lines] == [role]


def test_who_decides_on_the_days_of_personnel_follows_the_roles_of_the_day(world: World) -> None:
    """Dewi, the head, decides on Hana's days as long as Hana alone is personnel."""
    dewi, hers, hana = world.viewer("dewi"), world.viewer("hana"), world.officer_id("hana")
    _change(world, "adi", "cy", Role.HR, TOMORROW)
    with world.database.reading() as db:
        assert corrections.right(db, dewi, hana, now=BEFORE_MIDNIGHT).may
        assert not corrections.right(db, dewi, hana, now=MIDNIGHT).may
        assert "Cy Sondakh" in corrections.right(db, hers, hana, now=MIDNIGHT).why_not


def test_another_role_ends_the_sessions_on_the_day_it_begins_to_hold_and_none_when_it_is_planned(world: World) -> None:
    token = open_session(world.database, "cy")
    _change(world, "adi", "cy", Role.DIVISION_HEAD, TOMORROW)
    with world.database.reading() as db:
        assert session_for(db, token, now=MORNING).viewer.role is Role.STAFF
    _change(world, "adi", "cy", Role.HR)
    with world.database.reading() as db, pytest.raises(NotSignedIn):
        session_for(db, token, now=MORNING)
    assert _roles(world, "cy")[1:] == [(TODAY, Role.HR), (TOMORROW, Role.DIVISION_HEAD)]


@pytest.mark.parametrize("day", [TODAY - timedelta(days=30), TODAY, TOMORROW, TODAY + timedelta(days=400)])
def test_personnel_writes_nobody_and_not_herself_a_role_beyond_hers_whatever_the_day(world: World, day: date) -> None:
    client, hana, cy = world.client("hana"), world.officer_id("hana"), world.officer_id("cy")
    before = {name: _roles(world, name) for name in ("hana", "cy", "dewi")}
    typed = {"role": "office_head", "valid_from": day.isoformat()}
    assert client.post(f"/people/{hana}/role", data=typed).status_code == 403
    refused = client.post(f"/people/{cy}/role", data=typed)
    assert refused.status_code == 422
    assert ONLY_ADMIN in _text(refused)
    for row in (
        "Hana Tendean;000000000000000006;PNS;Analis SDM;Sekretariat;;;;hana;kepala dinas",
        "Cy Sondakh;000000000000000005;PPPK;Operator layanan;PIAK;;;;cy;kepala dinas",
    ):
        assert _upload(world, row, valid_from=day.isoformat()).status_code == 422
        cells = row.split(";")
        columns = ("nama", "NIP", "jenis pegawai", "jabatan", "bidang", "atasan", "email", "telepon", "username")
        register = people.one_row(dict(zip((*columns, "peran"), cells, strict=True)))
        me = world.viewer("hana")
        report = people.import_register(world.database, 1, register, actor=me, skip_bad=False, day=day, now=MORNING)
        assert not report.saved
        assert [cell.header for cell in report.bad] == ["peran"]
    assert {name: _roles(world, name) for name in before} == before


def test_whoever_is_to_be_head_is_an_administrators_matter_already(world: World) -> None:
    """Else personnel would reset the password the evening before, and sign in as the head in the morning."""
    _change(world, "adi", "cy", Role.OFFICE_HEAD, TOMORROW)
    client, cy, hana = world.client("hana"), world.officer_id("cy"), world.viewer("hana")
    for verb in ("reset-password", "disable", "enable", "role"):
        assert client.post(f"/people/{cy}/{verb}", data={"role": "staff"}).status_code == 403
        assert f"/people/{cy}/{verb}" not in client.get(f"/people/{cy}").text
    renamed = "Cy Sondakh;000000000000000005;PPPK;Operator layanan;PIAK;;;;cy2;"
    assert ONLY_ADMIN in _text(_upload(world, renamed))
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, cy, now=MORNING)
        (coming, _now) = postings.history(db, hana, person, now=MORNING)
        with pytest.raises(Refused, match=f"{ONLY_ADMIN}|Only an administrator"):
            postings.withdraw(db, hana, person, coming.id, now=MORNING)


def test_personnel_does_not_take_back_what_ends_her_own_rights(world: World) -> None:
    _change(world, "adi", "hana", Role.STAFF, TOMORROW)
    assert not _try_to_withdraw(world, world.viewer("hana"), "hana", Refused)
    adi = world.officer_id("adi")
    with world.database.transaction() as db:
        add_posting(db, adi, TOMORROW, role=Role.STAFF)
    assert not _try_to_withdraw(world, world.viewer("adi"), "adi", Forbidden)


def _try_to_withdraw(world: World, me: Viewer, username: str, error: type[Exception]) -> bool:
    officer_id = world.officer_id(username)
    with world.database.transaction() as db:
        person = people.editable_officer(db, me, officer_id, now=MORNING)
        coming = postings.history(db, me, person, now=MORNING)[0]
        with pytest.raises(error):
            postings.withdraw(db, me, person, coming.id, now=MORNING)
    return _roles(world, username)[-1][0] != TOMORROW


def test_a_role_to_come_that_is_withdrawn_gives_no_rights_and_is_told(world: World) -> None:
    token, adi, cy = open_session(world.database, "cy"), world.viewer("adi"), world.officer_id("cy")
    _change(world, "adi", "cy", Role.HR, TOMORROW)
    with world.database.transaction() as db:
        person = people.editable_officer(db, adi, cy, now=MORNING)
        postings.withdraw(db, adi, person, postings.history(db, adi, person, now=MORNING)[0].id, now=MORNING)
    with world.database.reading() as db:
        assert session_for(db, token, now=MIDNIGHT).viewer.role is Role.STAFF
    me = world.viewer("cy")
    with world.database.reading() as db:
        told = people.untold(db, me)
    assert [(one.before, one.after, one.since) for one in told] == [
        (Role.STAFF, Role.HR, TOMORROW),
        (Role.HR, Role.STAFF, TOMORROW),
    ]
    said = i18n.day(TOMORROW)
    page = world.client("cy").get("/account/changes")
    assert f"Mulai {said}, peran Anda diganti dari “Pegawai” menjadi “Kepegawaian”." in _text(page)


def test_the_last_administrator_does_not_lose_the_role_on_a_later_day_either(world: World) -> None:
    later = TODAY + timedelta(days=30)
    people.create_admin(world.database, 1, username="second", name="", now=MORNING)
    _change(world, "adi", "ben", Role.ADMIN)
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "second").values(disabled_at=MORNING))
    _change(world, "adi", "ben", Role.STAFF, later)  # Adi is there on that day
    ben, adi, cy = world.viewer("ben"), world.officer_id("adi"), world.officer_id("cy")
    for day in (TODAY, later, later + timedelta(days=30)):
        with world.database.transaction() as db:
            person = people.account_to_change(db, ben, adi, now=MORNING)
            with pytest.raises(Refused, match=LAST):
                people.change_role(db, ben, person, role=Role.STAFF, day=day, now=MORNING)
    _change(world, "adi", "cy", Role.ADMIN, later)
    assert _change_ok(world, ben, later), "Cy is one from then on"
    with world.database.transaction() as db:
        person = people.editable_officer(db, ben, cy, now=MORNING)
        with pytest.raises(Refused, match=LAST):
            postings.withdraw(db, ben, person, postings.history(db, ben, person, now=MORNING)[0].id, now=MORNING)


def _change_ok(world: World, me: Viewer, day: date) -> bool:
    adi = world.officer_id("adi")
    with world.database.transaction() as db:
        person = people.account_to_change(db, me, adi, now=MORNING)
        return people.change_role(db, me, person, role=Role.STAFF, day=day, now=MORNING)


def test_a_register_does_not_demote_the_last_administrator_of_a_later_day(world: World) -> None:
    later = TODAY + timedelta(days=30)
    _change(world, "adi", "ben", Role.ADMIN)
    _change(world, "adi", "ben", Role.STAFF, later)
    columns = {"nama": "Adi Walangitan", "NIP": "0" * 17 + "7", "jenis pegawai": "PNS", "username": "adi"}
    register = people.one_row(columns | {"peran": "pegawai", "bidang": "Sekretariat"})
    with pytest.raises(Refused, match=LAST):
        people.import_register(world.database, 1, register, actor=None, skip_bad=False, now=MORNING)
    assert world.viewer("adi").role is Role.ADMIN


def test_a_head_of_division_keeps_a_division_on_every_day_to_come(world: World) -> None:
    cy = world.officer_id("cy")
    _change(world, "adi", "cy", Role.DIVISION_HEAD, TOMORROW)
    with world.database.transaction() as db, pytest.raises(Refused, match=r"harus mempunyai bidang|needs a division"):
        postings.post(db, 1, cy, {"division_id": None}, day=TODAY, by=None, now=MORNING)
    with world.database.reading() as db:
        divisions = set(db.scalars(sa.select(Posting.division_id).where(Posting.officer_id == cy)))
        assert divisions == set(db.scalars(sa.select(Division.id).where(Division.id.in_(divisions))))


def test_the_form_asks_from_which_day_and_the_trail_says_it(world: World) -> None:
    client, cy = world.client("adi"), world.officer_id("cy")
    page = client.get(f"/people/{cy}").text
    assert 'name="valid_from"' in page.split(f"/people/{cy}/role")[1].split("</form>")[0]
    typed = {"role": "division_head", "valid_from": TOMORROW.isoformat()}
    assert client.post(f"/people/{cy}/role", data=typed).status_code == 303
    assert "Kepala bidang" in _text(client.get(f"/people/{cy}"))
    with world.database.reading() as db:
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "account.role_changed")).one()
    assert event.facts == {"before": "staff", "after": "division_head", "valid_from": TOMORROW.isoformat()}
