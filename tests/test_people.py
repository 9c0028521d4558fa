"""The register's import, the people's facts and their accounts: every rule, at a given time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import i18n, people, security
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import (
    Account,
    AuditEvent,
    EmploymentType,
    Office,
    Officer,
    Posting,
    Role,
    UserSession,
    posting_near,
)
from staffhub.people import COLUMNS, ImportReport, Register, bare_name, importing
from staffhub.people.register import Cell, Row
from tests.conftest import MORNING, World, add_officer

NIP = "199004112015032001"
_LETTERS = {name: chr(65 + place) for place, name in enumerate(COLUMNS)}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


def _row(**facts: str) -> dict[str, str]:
    """One right row of a new officer; a key is a column's name with _ for a blank."""
    row = {
        "nama": "Greis Tumiwa",
        "NIP": NIP,
        "jenis pegawai": "PNS",
        "jabatan": "Pengelola data",
        "bidang": "PIAK",
        "atasan": "Dewi Ondang",
        "email": "greis@contoh.go.id",
        "telepon": "0812 3456 7890",
        "username": "greis.tumiwa",
        "peran": "pegawai",
    }
    return row | {key.replace("_", " "): value for key, value in facts.items()}


def _register(*rows: dict[str, str]) -> Register:
    return Register(
        tuple(Row(n, {name: Cell(row[name]) for name in COLUMNS}) for n, row in enumerate(rows, 2)), _LETTERS
    )


def _import(database: Database, *rows: dict[str, str], **options: Any) -> ImportReport:
    given = {"actor": None, "skip_bad": False, "now": MORNING} | options
    return people.import_register(database, 1, _register(*rows), **given)


def _officer(database: Database, username: str) -> Any:
    with database.reading() as db:
        posted = (Posting.employment_type, Posting.position, Posting.division_id, Posting.superior_id)
        rows = sa.select(*Officer.__table__.columns, *posted, Posting.role, Account.id.label("account_id"))
        rows = rows.join(Posting, posting_near(date(2026, 11, 23)))
        found = rows.join(Account, Account.officer_id == Officer.id).where(Account.username == username)
        return db.execute(found).one()


def _events(database: Database, verb: str) -> list[AuditEvent]:
    with database.reading() as db:
        return list(db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id)))


def _reason(database: Database, *rows: dict[str, str], **options: Any) -> tuple[int, str, str, str]:
    report = _import(database, *rows, **options)
    assert not report.saved
    (cell,) = report.bad
    return cell.row, cell.column, cell.header, cell.reason


# Import: what is stored


def test_a_good_register_is_stored_with_accounts_and_one_time_passwords(database: Database) -> None:
    report = _import(database, _row(), _row(nama="Roy Kumaat", NIP="", jenis_pegawai="THL", username="Roy", peran=""))
    assert (report.saved, report.new, report.changed, report.same, report.bad) == (True, 2, 0, 0, [])
    assert [(name, username) for name, username, _p in report.passwords] == [
        ("Greis Tumiwa", "greis.tumiwa"),
        ("Roy Kumaat", "roy"),
    ]
    greis, roy = _officer(database, "greis.tumiwa"), _officer(database, "roy")
    assert (greis.number, greis.phone, greis.employment_type) == (NIP, "081234567890", EmploymentType.PNS)
    assert (greis.role, greis.active_from) == (Role.STAFF, date(2026, 11, 23))
    assert roy.number == "THL-roy"
    assert greis.superior_id == _officer(database, "dewi").id
    with database.reading() as db:
        account = db.scalars(sa.select(Account).where(Account.username == "roy")).one()
    assert account.must_change_password
    assert account.one_time_until == MORNING + timedelta(days=security.ONE_TIME_DAYS)
    assert security.password_fits(report.passwords[1][2], account.password_hash)


def test_the_same_register_twice_changes_nothing(database: Database) -> None:
    rows = (_row(), _row(nama="Roy", NIP="", jenis_pegawai="THL", username="roy", peran="", atasan="Greis Tumiwa"))
    assert _import(database, *rows).new == 2
    events = len(_events(database, "register.imported"))
    again = _import(database, *rows)
    assert (again.saved, again.new, again.changed, again.same, again.passwords) == (True, 0, 0, 2, [])
    assert len(_events(database, "register.imported")) == events == 1
    assert _events(database, "officer.changed") == []


def test_changed_facts_are_told_before_and_after_and_passwords_stay(database: Database) -> None:
    _import(database, _row())
    with database.reading() as db:
        before = db.scalars(sa.select(Account.password_hash).where(Account.username == "greis.tumiwa")).one()
    changed = _row(jabatan="Analis", telepon="+62 811 222 333", username="greis", peran="kepegawaian")
    report = _import(database, changed)
    assert (report.changed, report.passwords) == (1, [])
    greis = _officer(database, "greis")
    assert (greis.position, greis.phone, greis.role) == ("Analis", "0811222333", Role.HR)
    with database.reading() as db:
        assert db.scalars(sa.select(Account.password_hash).where(Account.username == "greis")).one() == before
    (event,) = _events(database, "officer.changed")
    told = event.facts["changes"]
    assert told["position"] == ["Pengelola data", "Analis"]
    assert (told["username"], told["role"]) == (["greis.tumiwa", "greis"], ["staff", "hr"])
    assert "811" not in str(event.facts)


def test_a_changed_role_ends_the_sessions_of_the_old_one(world: World) -> None:
    session = world.session("cy")
    row = _row(nama="Cy Sondakh", NIP="0" * 17 + "5", jenis_pegawai="PPPK", username="cy", peran="kepala bidang")
    assert _import(world.database, row).changed == 1
    with world.database.reading() as db:
        ended = db.scalars(sa.select(UserSession.ended_at).where(UserSession.id == session.id)).one()
    assert ended == MORNING


def test_a_new_contract_gives_a_new_number_to_the_same_person(database: Database) -> None:
    old = _officer(database, "cy")
    row = _row(nama="Cy Sondakh", NIP="199106172022212008", jenis_pegawai="P3K", username="cy", peran="")
    assert _import(database, row).changed == 1
    new = _officer(database, "cy")
    assert (new.id, new.number) == (old.id, "199106172022212008")


def test_a_role_left_empty_is_kept(database: Database) -> None:
    row = _row(nama="Adi Walangitan", NIP="0" * 17 + "7", username="adi", peran="")
    assert _import(database, row).changed == 1
    assert _officer(database, "adi").role is Role.ADMIN


def test_an_account_without_an_officer_gets_one_and_keeps_its_password(database: Database) -> None:
    people.create_admin(database, 1, username="Greis.Tumiwa", name="Greis Tumiwa", now=MORNING)
    report = _import(database, _row(peran=""))
    assert (report.new, report.passwords) == (1, [])
    assert _officer(database, "greis.tumiwa").role is Role.ADMIN


def test_an_officer_without_an_account_gets_one(database: Database) -> None:
    with database.transaction() as db:
        add_officer(db, db.get_one(Office, 1), number=NIP, name="Greis Tumiwa")
    report = _import(database, _row())
    assert (report.changed, len(report.passwords)) == (1, 1)


def test_superiors_are_found_by_name_or_number_in_the_file_or_in_the_office(database: Database) -> None:
    rows = (
        _row(atasan="  dewi ONDANG "),
        _row(nama="B", NIP="198801012010011002", username="bb", atasan="19900411 201503 2 001"),
        _row(nama="C", NIP="198801012010011003", username="cc", atasan="Greis Tumiwa", email="", telepon="-"),
        _row(nama="D", NIP="198801012010011004", username="dd", atasan=""),
    )
    assert _import(database, *rows).new == 4
    greis = _officer(database, "greis.tumiwa")
    assert greis.superior_id == _officer(database, "dewi").id
    assert {_officer(database, name).superior_id for name in ("bb", "cc")} == {greis.id}
    assert _officer(database, "dd").superior_id is None


def test_a_superior_is_found_without_the_titles_when_only_one_person_fits(database: Database) -> None:
    rows = (
        _row(nama="Drs. H. Rudi Wowor, M.Si", atasan="Dra. Dewi Ondang, M.AP"),
        _row(nama="B", NIP="198801012010011002", username="bb", atasan="rudi wowor"),
    )
    assert _import(database, *rows).new == 2
    rudi = _officer(database, "greis.tumiwa")
    assert rudi.superior_id == _officer(database, "dewi").id
    assert _officer(database, "bb").superior_id == rudi.id


def test_two_people_whose_titles_alone_differ_are_told_apart_by_number(database: Database) -> None:
    rows = (
        _row(nama="Rudi Wowor, S.H."),
        _row(nama="Rudi Wowor, S.Kom.", NIP="198801012010011002", username="bb"),
        _row(nama="C", NIP="198801012010011003", username="cc", atasan="Rudi Wowor"),
    )
    assert _reason(database, *rows)[0] == 4


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Drs. H. Adi Contoh, M.Si", "Adi Contoh"),
        ("Dr. dr. Site Ondang", "Site Ondang"),
        ("Hj. Dra. Hana Tendean S.H. M.Si.", "Hana Tendean"),
        ("Irma Kaunang", "Irma Kaunang"),
        ("Drajat Prof", "Drajat Prof"),
        ("Ben", "Ben"),
        ("Drs.", "Drs."),
    ],
)
def test_titles_are_no_part_of_a_name(name: str, bare: str) -> None:
    assert bare_name(name) == bare


def test_a_known_officer_may_get_a_superior_who_is_new(database: Database) -> None:
    ben = _row(nama="Ben Tumiwa", NIP="0" * 17 + "3", username="ben", atasan="Greis Tumiwa")
    report = _import(database, ben, _row())
    assert (report.new, report.changed) == (1, 1)
    assert _officer(database, "ben").superior_id == _officer(database, "greis.tumiwa").id


# Import: what is wrong with a cell


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"nama": ""}, "A", "Fill this in"),
        ({"nama": "=HYPERLINK(1)"}, "A", "may not start with"),
        ({"nama": "x" * 121}, "A", "at most 120"),
        ({"NIP": "1990041120150320"}, "B", "there are 16 here"),
        ({"NIP": ""}, "B", "there are 0 here"),
        ({"NIP": "199013112015032001"}, "B", "no such date"),
        ({"NIP": "190004112015032001"}, "B", "year 1900"),
        ({"NIP": "202004112015032001"}, "B", "year 2020"),
        ({"NIP": "199004111990032001"}, "B", "1990 cannot"),
        ({"NIP": "199004112035032001"}, "B", "2035 cannot"),
        ({"NIP": "199004112015132001"}, "B", "month of appointment"),
        ({"NIP": "199004112015033001"}, "B", "Digit 15"),
        ({"NIP": "199004112015032000"}, "B", "rounded"),
        ({"NIP": "a b", "jenis pegawai": "THL"}, "B", "THL number"),
        ({"jenis pegawai": "Honorer"}, "C", "Choose PNS"),
        ({"bidang": "Pendaftaran Pendudk"}, "E", "Did you mean Pendaftaran Penduduk?"),
        ({"bidang": "zzz"}, "E", "Nothing has this name."),
        ({"atasan": "Dewi Ondan"}, "F", "Did you mean Dewi Ondang?"),
        ({"atasan": "Greis Tumiwa"}, "F", "their own superior"),
        ({"email": "greis@contoh"}, "G", "name@example"),
        ({"telepon": "0812 / 0813 4567 8901"}, "H", "one telephone number"),
        ({"telepon": "rumah"}, "H", "one telephone number"),
        ({"username": "greis tumiwa"}, "I", "no blanks"),
        ({"username": ""}, "I", "Fill this in"),
        ({"username": "oka"}, "I", "Another account has this username. Take another one, for example oka2."),
        ({"username": "ben", "nama": "Jeinry Karundeng"}, "I", "Ben Tumiwa has this username"),
        (
            {"username": "ben", "nama": "Jeinry Karundeng", "NIP": "", "jenis pegawai": "THL"},
            "I",
            "Ben Tumiwa has this",
        ),
        ({"peran": "bos"}, "J", "Choose pegawai"),
        ({"peran": "kepala bidang", "bidang": ""}, "E", "needs a division"),
    ],
)
def test_a_wrong_cell_is_named_with_how_to_mend_it(
    database: Database, change: dict[str, str], column: str, said: str
) -> None:
    row, letter, _header, reason = _reason(database, _row() | change)
    assert (row, letter) == (2, column)
    assert said in reason


def test_every_wrong_cell_of_a_row_is_named_in_the_order_of_the_columns(database: Database) -> None:
    report = _import(database, _row(username="a b", NIP="1", nama=""))
    assert [cell.header for cell in report.bad] == ["nama", "NIP", "username"]
    assert report.bad_rows == 1


def test_a_rounded_number_has_its_own_message(database: Database) -> None:
    register = _register(_row())
    cells = register.rows[0].cells | {"NIP": Cell("1,99004E+17", rounded=True)}
    register = replace(register, rows=(replace(register.rows[0], cells=cells),))
    report = people.import_register(database, 1, register, actor=None, skip_bad=False, now=MORNING)
    assert "rounded" in report.bad[0].reason


def test_control_characters_are_blanks_and_a_dash_is_nothing(database: Database) -> None:
    _import(database, _row(nama="Greis\u202e\x07Tumiwa", jabatan="-"))
    greis = _officer(database, "greis.tumiwa")
    assert (greis.name, greis.position) == ("Greis Tumiwa", "")


def test_a_number_or_username_twice_in_the_file_belongs_to_the_first_row(database: Database) -> None:
    assert "Row 2 has this number" in _reason(database, _row(), _row(username="other"))[3]
    second = _row(nama="Greis Maria Tumiwa", NIP="199004112015032002")
    row, letter, _header, reason = _reason(database, _row(), second)
    assert (row, letter) == (3, "I")
    assert "greis.m.tumiwa" in reason


def test_two_rows_about_one_person_are_both_refused(database: Database) -> None:
    by_number = _row(nama="Ben Tumiwa", NIP="0" * 17 + "3", username="other")
    by_name = _row(nama="Ben Tumiwa", NIP="199004112015031009", username="ben")
    report = _import(database, by_number, by_name)
    assert [cell.row for cell in report.bad] == [2, 3]


def test_two_officers_of_one_name_need_the_number(database: Database) -> None:
    namesake = _row(nama="Dewi Ondang", NIP="199004112015032007", username="dewi.dua", atasan="")
    assert "Several officers" in _reason(database, namesake, _row())[3]


def test_a_circle_of_superiors_is_refused(database: Database) -> None:
    dewi = _row(nama="Dewi Ondang", NIP="0" * 17 + "1", username="dewi", atasan="Ben Tumiwa", peran="kepala dinas")
    row, letter, _header, reason = _reason(database, dewi)
    assert (row, letter) == (2, "F")
    assert "circle" in reason
    _import(database, _row(atasan="Ben Tumiwa"))
    ana = _row(nama="Ana Kaunang", NIP="0" * 17 + "2", username="ana", atasan="Hana Tendean", peran="")
    hana = _row(nama="Hana Tendean", NIP="0" * 17 + "6", username="hana", atasan="Ana Kaunang", peran="")
    assert "circle" in _reason(database, ana, hana)[3]


def test_somebody_under_an_old_circle_may_still_be_imported(database: Database) -> None:
    with database.transaction() as db:
        ids = {name: _officer(database, name).id for name in ("ana", "ben")}
        db.execute(sa.update(Posting).where(Posting.officer_id == ids["ana"]).values(superior_id=ids["ben"]))
        db.execute(sa.update(Posting).where(Posting.officer_id == ids["ben"]).values(superior_id=ids["ana"]))
    assert _import(database, _row(atasan="Ben Tumiwa")).new == 1


def test_nothing_is_stored_unless_every_row_is_good(database: Database) -> None:
    report = _import(database, _row(), _row(username="x y", NIP="199004112015032002"))
    assert (report.saved, report.new, report.passwords) == (False, 1, [])
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).where(Officer.number == NIP)) == 0


def test_bad_rows_are_left_out_on_demand_with_those_below_them(database: Database) -> None:
    rows = (
        _row(nama="Kepala", username="kepala", email="oops"),
        _row(nama="Tengah", username="tengah", NIP="199004112015032002", atasan="Kepala"),
        _row(nama="Bawah", username="bawah", NIP="199004112015032003", atasan="Tengah"),
        _row(nama="Lain", username="lain", NIP="199004112015032004"),
    )
    plain = _import(database, *rows)
    assert [cell.row for cell in plain.bad] == [2]
    report = _import(database, *rows, skip_bad=True)
    assert (report.saved, report.new) == (True, 1)
    assert [(cell.row, cell.header) for cell in report.bad] == [(2, "email"), (3, "atasan"), (4, "atasan")]
    assert [username for _n, username, _p in report.passwords] == ["lain"]


def test_a_file_of_bad_rows_only_stores_nothing_even_on_demand(database: Database) -> None:
    assert not _import(database, _row(NIP="1"), skip_bad=True).saved


def test_the_last_administrator_keeps_the_role(database: Database) -> None:
    adi = _row(nama="Adi Walangitan", NIP="0" * 17 + "7", username="adi", peran="pegawai")
    assert "last administrator" in _reason(database, adi)[3]
    heir = _row(peran="admin")
    broken_heir = _row(peran="admin", email="oops")
    assert "last administrator" in _import(database, adi, broken_heir, skip_bad=True).bad[0].reason
    assert _import(database, adi, heir).saved
    assert _officer(database, "adi").role is Role.STAFF


def test_an_office_without_administrators_may_import(database: Database) -> None:
    with database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "adi").values(disabled_at=MORNING))
    assert _import(database, _row()).saved


def test_personnel_makes_no_administrators_and_unmakes_none(world: World) -> None:
    hana, adi = world.viewer("hana"), world.viewer("adi")
    assert "Only an administrator" in _reason(world.database, _row(peran="admin"), actor=hana)[3]
    demoted = _row(nama="Adi Walangitan", NIP="0" * 17 + "7", username="adi", peran="pegawai")
    assert "Only an administrator" in _reason(world.database, demoted, actor=hana)[3]
    renamed = _row(nama="Adi Walangitan", NIP="0" * 17 + "7", username="adi2", peran="")
    assert "Only an administrator" in _reason(world.database, renamed, actor=hana)[3]
    assert _import(world.database, _row(peran="admin"), actor=adi).saved


def test_many_bad_rows_are_told_without_searching_for_near_names(database: Database) -> None:
    rows = [_row(username="x y", NIP="1", nama=f"P{n}") for n in range(60)]
    rows.append(_row(atasan="Dewi Ondan"))
    rows.append(_row(username="oka", NIP="199004112015032002"))
    report = _import(database, *rows)
    assert not any("Did you mean" in cell.reason or "for example oka" in cell.reason for cell in report.bad)


def test_a_register_changed_meanwhile_is_not_stored(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importing._secrets

    def meanwhile(usernames: Any) -> Any:
        monkeypatch.setattr(importing, "_secrets", real)
        _import(database, _row(nama="Orang Lain", NIP="198801012010011002", jabatan="x"))
        return real(usernames)

    monkeypatch.setattr(importing, "_secrets", meanwhile)
    with pytest.raises(Conflict):
        _import(database, _row())


def test_only_new_changes_nobody_who_is_there(database: Database) -> None:
    _import(database, _row())
    same = _import(database, _row(), only_new=True)
    assert (same.saved, same.same) == (True, 1)
    assert _reason(database, _row(jabatan="Lain"), only_new=True)[2] == "NIP"
    assert _reason(database, _row(NIP="199004112015032009"), only_new=True)[2] == "username"


# Accounts


def test_the_first_administrator_signs_in_once_with_the_password_given(database: Database) -> None:
    password = people.create_admin(database, 1, username=" Kepala.TU ", name=" Sari  Wowor ", now=MORNING)
    with database.reading() as db:
        account = db.scalars(sa.select(Account).where(Account.username == "kepala.tu")).one()
    assert (account.role, account.name) == (Role.ADMIN, "Sari Wowor")
    assert account.officer_id is None
    assert account.must_change_password
    assert security.password_fits(password, account.password_hash)
    for taken in ("KEPALA.TU", "a b"):
        with pytest.raises(Refused) as refused:
            people.create_admin(database, 1, username=taken, name="x", now=MORNING)
        assert refused.value.field == "username"


def test_a_reset_password_works_once_and_ends_every_session(world: World) -> None:
    session, hana = world.session("ben"), world.viewer("hana")
    ben = session.viewer
    with world.database.transaction() as db:
        person = people.account_to_change(db, hana, ben.officer_id or 0, now=MORNING)
        people.reset_password(db, hana, person, new_hash=security.hash_password("baru"), now=MORNING)
    with world.database.reading() as db:
        account = db.get_one(Account, ben.account_id)
        assert account.must_change_password
        assert account.one_time_until == MORNING + timedelta(days=7)
        assert db.get_one(UserSession, session.id).ended_at == MORNING
    assert len(_events(world.database, "account.password_reset")) == 1


def test_a_closed_account_is_out_at_once_and_may_be_opened_again(world: World) -> None:
    session, hana = world.session("ben"), world.viewer("hana")
    ben = session.viewer

    def act(verb: Any) -> bool:
        with world.database.transaction() as db:
            person = people.account_to_change(db, hana, ben.officer_id or 0, now=MORNING)
            return bool(verb(db, hana, person, now=MORNING))

    assert [act(people.disable_account), act(people.disable_account)] == [True, False]
    with world.database.reading() as db:
        assert db.get_one(UserSession, session.id).ended_at == MORNING
    assert [act(people.enable_account), act(people.enable_account)] == [True, False]
    assert len(_events(world.database, "account.disabled")) == len(_events(world.database, "account.enabled")) == 1


def test_a_role_is_changed_and_told(world: World) -> None:
    cy, adi = world.viewer("cy"), world.viewer("adi")
    with world.database.transaction() as db:
        person = people.account_to_change(db, adi, cy.officer_id or 0, now=MORNING)
        assert people.change_role(db, adi, person, role=Role.DIVISION_HEAD, now=MORNING)
        stale = people.version(person)
        person = people.account_to_change(db, adi, cy.officer_id or 0, now=MORNING)
        assert not people.change_role(db, adi, person, role=Role.DIVISION_HEAD, now=MORNING)
        with pytest.raises(Conflict):
            people.change_role(db, adi, person, role=Role.HR, seen=stale, now=MORNING)
    assert _officer(world.database, "cy").role is Role.DIVISION_HEAD
    (event,) = _events(world.database, "account.role_changed")
    assert event.facts == {"before": "staff", "after": "division_head", "valid_from": "2026-11-23"}


def test_the_last_administrator_can_be_neither_closed_nor_demoted(world: World) -> None:
    adi = world.viewer("adi")
    boss = replace(adi, account_id=world.viewer("ben").account_id)  # another who may, and is no administrator
    with world.database.transaction() as db:
        person = people.account_to_change(db, boss, adi.officer_id or 0, now=MORNING)
        for act in (
            lambda: people.disable_account(db, boss, person, now=MORNING),
            lambda: people.change_role(db, boss, person, role=Role.STAFF, now=MORNING),
        ):
            with pytest.raises(Refused, match="last administrator"):
                act()
    people.create_admin(world.database, 1, username="second", name="", now=MORNING)
    with world.database.transaction() as db:
        assert people.change_role(db, boss, person, role=Role.STAFF, now=MORNING)


def test_who_may_change_whose_account(world: World) -> None:
    hana, adi, dewi, oka = (world.viewer(name) for name in ("hana", "adi", "dewi", "oka"))
    with world.database.transaction() as db:
        with pytest.raises(Forbidden):
            people.account_to_change(db, hana, hana.officer_id or 0, now=MORNING)
        with pytest.raises(Forbidden):
            people.account_to_change(db, hana, adi.officer_id or 0, now=MORNING)
        with pytest.raises(Forbidden):
            people.account_to_change(db, dewi, hana.officer_id or 0, now=MORNING)
        with pytest.raises(NotFound):
            people.account_to_change(db, oka, hana.officer_id or 0, now=MORNING)
        with pytest.raises(Forbidden, match="Only an administrator"):
            people.account_to_change(db, hana, dewi.officer_id or 0, now=MORNING)
        person = people.account_to_change(db, adi, dewi.officer_id or 0, now=MORNING)
        with pytest.raises(Refused, match="needs a division"):
            people.change_role(db, adi, person, role=Role.DIVISION_HEAD, now=MORNING)


def test_an_officer_without_an_account_has_none_to_change(world: World) -> None:
    with world.database.transaction() as db:
        facts = {"number": "X1", "name": "Tanpa Akun", "employment_type": EmploymentType.THL}
        officer_id = add_officer(db, db.get_one(Office, 1), **facts).id
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        with pytest.raises(NotFound):
            people.account_to_change(db, hana, officer_id, now=MORNING)
        person = people.editable_officer(db, hana, officer_id, now=MORNING)
        with pytest.raises(NotFound):
            people.enable_account(db, hana, person, now=MORNING)
        with pytest.raises(Refused, match="no account yet"):
            people.edit_officer(db, hana, person, _edit(person), now=MORNING)


def test_own_sessions_start_with_this_device_and_leave_out_what_ended(world: World) -> None:
    first, second, third = (world.session("ben") for _n in range(3))
    with world.database.transaction() as db:
        security.end_session(db, second.viewer, second.id, now=MORNING)
    with world.database.reading() as db:
        found = people.own_sessions(db, first, now=MORNING)
        assert [(one.id, one.is_this) for one in found] == [(first.id, True), (third.id, False)]
        assert found[0].since.hour == 7  # 07.12 WITA
        assert people.own_sessions(db, first, now=MORNING + timedelta(days=15)) == []
        with pytest.raises(NotFound):
            people.own_session(db, world.viewer("cy"), third.id)


# Facts of one officer


def _edit(person: people.Person, **changes: Any) -> people.Edit:
    cells = {
        "nama": person.name or "",
        "NIP": people.shown_number(person.number or ""),
        "jenis pegawai": people.KIND_NAMES[person.employment_type] if person.employment_type else "",
        "jabatan": person.position or "",
        "bidang": "Pendaftaran Penduduk",
        "atasan": "0" * 17 + "1",
        "email": "",
        "telepon": "",
        "username": person.username or "",
        "peran": "",
    }
    dates = {name: changes.pop(name) for name in ("active_from", "active_to", "version") if name in changes}
    facts = {"active_from": person.active_from, "active_to": None, "version": people.version(person)} | dates
    return people.Edit(cells=cells | changes, **facts)


def test_an_edit_is_stored_and_told_and_the_same_again_changes_nothing(world: World) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        wish = _edit(person, jabatan="Analis", telepon="0811 222 333", active_to=date(2027, 1, 1))
        assert people.edit_officer(db, hana, person, wish, now=MORNING)
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        assert (person.position, person.phone, person.active_to) == ("Analis", "0811222333", date(2027, 1, 1))
        same = _edit(person, jabatan="Analis", telepon="0811222333", active_to=date(2027, 1, 1))
        assert not people.edit_officer(db, hana, person, same, now=MORNING)
    (event,) = _events(world.database, "officer.changed")
    assert event.facts["changes"] == {"position": ["Pengelola data", "Analis"], "phone": "changed"}
    assert len(_events(world.database, "officer.period_changed")) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nama": ""}, "name"),
        ({"NIP": "0" * 17 + "2"}, "number"),
        ({"NIP": "123"}, "number"),
        ({"atasan": "?"}, "superior"),
        ({"bidang": "?"}, "division"),
        ({"username": "ana"}, "username"),
        ({"active_to": date(2019, 1, 1)}, "active_to"),
    ],
)
def test_a_wrong_edit_names_its_field(world: World, change: dict[str, Any], field: str) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        with pytest.raises(Refused) as refused:
            people.edit_officer(db, hana, person, _edit(person, **change), now=MORNING)
    assert refused.value.field == field


def test_an_edit_of_an_older_picture_is_a_conflict(world: World) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        with pytest.raises(Conflict):
            people.edit_officer(db, hana, person, _edit(person, version="old"), now=MORNING)


def test_name_and_number_may_change_together_in_an_edit(world: World) -> None:
    hana, ben = world.viewer("hana"), world.officer_id("ben")
    with world.database.transaction() as db:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        wish = _edit(person, nama="Zakharia Wowor", NIP=NIP)
        assert people.edit_officer(db, hana, person, wish, now=MORNING)


# List


def test_numbers_are_masked_for_those_who_do_not_edit_and_cannot_be_searched(world: World) -> None:
    hana, dewi = world.viewer("hana"), world.viewer("dewi")
    _import(world.database, _row())
    wanted = people.Wanted(q=NIP[:10])
    with world.database.reading() as db:
        assert people.listed(db, dewi, wanted, page=1, now=MORNING)[1] == 0
        lines, total = people.listed(db, hana, wanted, page=1, now=MORNING)
        assert (total, lines[0].number, lines[0].account) == (1, "19900411 201503 2 001", "temporary")
        (line,), _n = people.listed(db, dewi, people.Wanted(q="greis"), page=1, now=MORNING)
        assert line.number == "•••• 001"
        later = MORNING + timedelta(days=8)
        (line,), _n = people.listed(db, hana, people.Wanted(q="greis"), page=1, now=later)
        assert line.account == "expired"
        with pytest.raises(Forbidden):
            people.listed(db, replace(dewi, role=Role.STAFF), wanted, page=1, now=MORNING)


def test_the_list_is_narrowed_by_state_division_kind_and_text(world: World) -> None:
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        ben = sa.update(Officer).where(Officer.number == "0" * 17 + "3")
        db.execute(ben.values(active_to=datetime(2026, 11, 20, tzinfo=UTC).date()))
        db.execute(sa.update(Account).where(Account.username == "cy").values(disabled_at=MORNING))

    def names(**wanted: Any) -> list[str]:
        with world.database.reading() as db:
            found = people.listed(db, hana, people.Wanted(**wanted), page=1, now=MORNING)[0]
        return [line.name.split()[0] for line in found]

    assert names(state=people.State.LEFT) == ["Ben", "Cy"]
    assert names() == ["Adi", "Ana", "Dewi", "Hana", "Tia"]
    assert names(state=people.State.TEMPORARY) == []
    assert names(kind=EmploymentType.THL) == ["Tia"]
    assert names(q="kepala") == ["Ana", "Dewi"]
    assert names(q="100%") == []
    with world.database.reading() as db:
        division = next(id_ for id_, name in people.divisions(db, 1) if name == "Sekretariat")
        counted = people.counts(db, hana, today=date(2026, 11, 23))
    assert names(division_id=division) == ["Adi", "Hana"]
    assert [counted[state] for state in people.State] == [5, 0, 2]


# Sheets


def test_the_exported_register_can_be_imported_again_and_starts_no_formula(world: World) -> None:
    _import(world.database, _row(telepon="+65 9122 2333"))
    hana = world.viewer("hana")
    with world.database.transaction() as db:
        greis = sa.select(Officer.id).where(Officer.number == NIP)
        db.execute(sa.update(Posting).where(Posting.officer_id.in_(greis)).values(position="=1+1"))
    with world.database.reading() as db:
        content = people.register_csv(db, hana, today=date(2026, 11, 23)).decode("utf-8-sig")
    assert "'=1+1" in content
    assert "'+6591222333" in content
    assert "19900411 201503 2 001" in content
    assert "Oka" not in content
    fixed = content.replace("'=1+1", "Analis")
    register = people.read_register(fixed.encode(), "daftar.csv")
    report = people.import_register(world.database, 1, register, actor=None, skip_bad=False, now=MORNING)
    assert (report.bad, report.new, report.changed, report.same) == ([], 0, 1, 7)


def test_superiors_of_one_name_are_exported_by_number(world: World) -> None:
    namesake = _row(nama="Dewi Ondang", NIP="199004112015032007", username="dewi.dua", atasan="")
    _import(world.database, namesake)
    hana = world.viewer("hana")
    with world.database.reading() as db:
        content = people.register_csv(db, hana, today=date(2026, 11, 23)).decode("utf-8-sig")
    assert "00000000 000000 0 001;" in content.split("Ben Tumiwa")[1].split("\n")[0]


def test_the_templates_hold_the_columns_and_nothing_else(database: Database) -> None:
    with database.reading() as db:
        sheet = people.template_xlsx(db, 1)
    for content, name in ((sheet, "a.xlsx"), (people.template_csv(), "a.csv")):
        with pytest.raises(Refused, match="no rows"):
            people.read_register(content, name)
