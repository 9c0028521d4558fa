"""Nobody gives, takes or edits rights that go beyond their own: by the form, the import and the command alike."""

import html
import re
from datetime import date
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from staffhub import people, security
from staffhub.models import Account, AuditEvent, Officer, Posting, Role, UserSession, posting_near, role_held
from tests.conftest import MORNING, TODAY, World
from tests.test_people import NIP
from tests.test_people_pages import _edit_payload, _payload, _text, _upload, _upload_and_press

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONLY_ADMIN = "hanya diurus oleh administrator"
HANA = "Hana Tendean;000000000000000006;PNS;Analis SDM;Sekretariat;;;;hana;"
OVER_HR = ["dewi", "hana", "adi"]


def _stored(world: World) -> list[Any]:
    """Whatever the rights of anybody consist of."""
    columns = (Account.username, role_held(), Account.password_hash, Account.disabled_at, Account.officer_id)
    with world.database.reading() as db:
        rows = sa.select(Account.id, *columns, Officer.active_from, Officer.active_to)
        joined = rows.outerjoin(Officer, Officer.id == Account.officer_id).order_by(Account.id)
        joined = joined.outerjoin(Posting, posting_near(TODAY))
        return [tuple(row) for row in db.execute(joined)]


def _reads(answer: httpx2.Response, text: str) -> bool:
    return text in _text(answer)


@pytest.mark.parametrize("role", ["kepala dinas", "admin"])
def test_personnel_does_not_promote_herself_by_a_register_of_one_row(world: World, role: str) -> None:
    before = _stored(world)
    answer = _upload(world, HANA + role)
    assert answer.status_code == 422
    assert _reads(answer, ONLY_ADMIN)
    assert _upload(world, HANA + role, skip_bad="1").status_code == 422
    assert _stored(world) == before
    assert _upload_and_press(world, HANA + "kepegawaian").status_code == 200, "her own row may stand in the register"
    assert _stored(world) == before


@pytest.mark.parametrize("role", ["kepala dinas", "kepegawaian", "admin"])
@SQLITE
def test_a_register_of_personnel_makes_nobody_what_personnel_may_not_make(world: World, role: str) -> None:
    before = _stored(world)
    new = f"Greis Tumiwa;{NIP};PNS;Pengelola data;PIAK;Dewi Ondang;;;greis.tumiwa;{role}"
    known = f"Cy Sondakh;000000000000000005;PPPK;Operator layanan;PIAK;;;;cy;{role}"
    for row in (new, known):
        assert _reads(_upload(world, row), ONLY_ADMIN)
    assert _stored(world) == before
    assert _upload_and_press(world, new, known, who="adi").status_code == 200
    with world.database.reading() as db:
        wanted = sa.select(Posting.role).join(Account, Account.officer_id == Posting.officer_id)
        wanted = wanted.where(Account.username.in_(["cy", "greis.tumiwa"]), Posting.valid_to.is_(None))
        made = {"kepala dinas": Role.OFFICE_HEAD, "kepegawaian": Role.HR, "admin": Role.ADMIN}[role]
        assert set(db.scalars(wanted)) == {made}


@SQLITE
def test_a_register_of_personnel_gives_the_head_no_other_name_to_sign_in_with(world: World) -> None:
    before = _stored(world)
    renamed = "Dewi Ondang;000000000000000001;PNS;Kepala Dinas;;;;;dewi2;"
    demoted = "Dewi Ondang;000000000000000001;PNS;Kepala Dinas;;;;;dewi;pegawai"
    for row in (renamed, demoted):
        assert _reads(_upload(world, row), ONLY_ADMIN)
    assert _stored(world) == before


@SQLITE
def test_a_register_of_personnel_does_not_become_the_officer_of_an_administrators_account(world: World) -> None:
    people.create_admin(world.database, 1, username="second", name="Sari Wowor", now=MORNING)
    before = _stored(world)
    row = f"Sari Wowor;{NIP};PNS;Pranata komputer;Sekretariat;;;;second;"
    assert _reads(_upload(world, row), ONLY_ADMIN), "its dates of service would be hers to end"
    assert _stored(world) == before
    assert _upload(world, row, who="adi").status_code == 200
    assert _stored(world) != before


@pytest.mark.parametrize("role", ["office_head", "hr", "admin"])
def test_the_forms_of_personnel_offer_and_take_no_role_beyond_hers(world: World, role: str) -> None:
    client, cy = world.client("hana"), world.officer_id("cy")
    before = _stored(world)
    for page in ("/people/new", f"/people/{cy}"):
        assert f'value="{role}"' not in client.get(page).text
        assert f'value="{role}"' in world.client("adi").get(page).text
    refused = client.post(f"/people/{cy}/role", data={"role": role})
    assert (refused.status_code, _reads(refused, ONLY_ADMIN)) == (422, True)
    added = client.post("/people", data=_payload(role=role))
    assert (added.status_code, _reads(added, ONLY_ADMIN)) == (422, True)
    assert _stored(world) == before
    assert world.client("adi").post(f"/people/{cy}/role", data={"role": role}).status_code == 303
    assert _stored(world) != before


@pytest.mark.parametrize("username", OVER_HR)
def test_personnel_does_not_touch_the_accounts_of_who_sees_the_whole_office(world: World, username: str) -> None:
    client, officer = world.client("hana"), world.officer_id(username)
    session = world.session(username)
    before = _stored(world)
    for verb in ("reset-password", "disable", "enable", "role"):
        assert client.post(f"/people/{officer}/{verb}", data={"role": "staff"}).status_code == 403
        assert f"/people/{officer}/{verb}" not in client.get(f"/people/{officer}").text
    assert _stored(world) == before
    with world.database.reading() as db:
        assert db.get_one(UserSession, session.id).ended_at is None
        told = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.subject == "account")).all()
        assert set(told) == {"account.signed_in"}


@pytest.mark.parametrize("username", OVER_HR)
@SQLITE
def test_personnel_edits_facts_of_the_head_but_neither_username_nor_dates_of_service(
    world: World, username: str
) -> None:
    client, officer = world.client("hana"), world.officer_id(username)
    page = client.get(f"/people/{officer}")
    form = page.text.split("/edit", 1)[1].split("</form>", 1)[0]
    for name in ("username", "active_from", "active_to"):
        assert re.search(rf'<input[^>]*name="{name}"[^>]*readonly', form, re.DOTALL)
    before = _stored(world)
    for change in ({"username": "lain"}, {"active_to": "2026-11-20"}, {"active_from": "2026-12-01"}):
        answer = client.post(f"/people/{officer}/edit", data=_edit_payload(page, **change))
        assert (answer.status_code, _reads(answer, ONLY_ADMIN)) == (422, True)
    assert _stored(world) == before
    phone = _edit_payload(page, phone="0812 3456 7890")
    assert client.post(f"/people/{officer}/edit", data=phone).status_code == 303
    assert _stored(world) == before


def test_an_administrator_does_all_of_it(world: World) -> None:
    client, dewi = world.client("adi"), world.officer_id("dewi")
    reset = client.post(f"/people/{dewi}/reset-password")
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", _text(reset))
    assert found
    assert world.client().post("/login", data={"username": "dewi", "password": found[0]}).status_code == 303
    page = client.get(f"/people/{dewi}")
    ended = _edit_payload(page, active_to="2026-11-20", username="dewi.o")
    assert client.post(f"/people/{dewi}/edit", data=ended).status_code == 303
    assert client.post(f"/people/{dewi}/disable").status_code == 303
    assert client.post(f"/people/{dewi}/role", data={"role": "staff"}).status_code == 303
    with world.database.reading() as db:
        row = db.execute(
            sa.select(Account.username, role_held())
            .join(Officer, Officer.id == Account.officer_id)
            .join(Posting, posting_near(TODAY))
            .where(Officer.id == dewi)
        ).one()
    assert tuple(row) == ("dewi.o", Role.STAFF)


def test_the_command_line_acts_as_an_administrator(world: World) -> None:
    register = people.one_row({"nama": "Hana Tendean", "NIP": "0" * 17 + "6", "jenis pegawai": "PNS",
                               "username": "hana", "peran": "kepala dinas"})  # fmt: skip
    assert people.import_register(world.database, 1, register, actor=None, skip_bad=False, now=MORNING).saved
    assert world.viewer("hana").role is Role.OFFICE_HEAD


def test_the_rule_holds_for_every_pair_of_roles(world: World) -> None:
    by_role = {me.role: me for me in map(world.viewer, ("ben", "ana", "dewi", "hana", "adi"))}
    managed = {actor: {role for role in Role if security.manages(me, role)} for actor, me in by_role.items()}
    nobody: set[Role] = set()
    assert managed == {
        Role.STAFF: nobody, Role.DIVISION_HEAD: nobody, Role.OFFICE_HEAD: nobody,
        Role.HR: {Role.STAFF, Role.DIVISION_HEAD}, Role.ADMIN: set(Role),
    }  # fmt: skip
    assert all(security.manages(None, role) for role in Role)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 11, 23), date(2030, 1, 1)])
@SQLITE
def test_the_last_administrator_does_not_leave_either(world: World, day: date) -> None:
    client, adi = world.client("adi"), world.officer_id("adi")
    page = client.get(f"/people/{adi}")
    answer = client.post(f"/people/{adi}/edit", data=_edit_payload(page, active_to=day.isoformat()))
    assert (answer.status_code, _reads(answer, "administrator terakhir")) == (422, True)
    later = client.post(f"/people/{adi}/edit", data=_edit_payload(page, active_from="2026-12-01"))
    assert later.status_code == 422
    people.create_admin(world.database, 1, username="second", name="Sari", now=MORNING)
    assert client.post(f"/people/{adi}/edit", data=_edit_payload(page, active_to=day.isoformat())).status_code == 303


@SQLITE
def test_an_administrator_who_has_left_is_no_other_administrator(world: World) -> None:
    adi, ben = world.officer_id("adi"), world.officer_id("ben")
    client = world.client("adi")
    assert client.post(f"/people/{ben}/role", data={"role": "admin"}).status_code == 303
    with world.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ben).values(active_to=date(2026, 11, 2)))
    page = client.get(f"/people/{adi}")
    answer = client.post(f"/people/{adi}/edit", data=_edit_payload(page, active_to="2026-12-31"))
    assert (answer.status_code, "terakhir" in html.unescape(answer.text)) == (422, True)
    row = "Adi Walangitan;000000000000000007;PNS;Pranata komputer;Sekretariat;;;;adi;pegawai"
    assert _reads(_upload(world, row, who="adi"), "terakhir")
