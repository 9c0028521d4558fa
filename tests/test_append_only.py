"""What must never change is refused by the database itself, whoever asks and in whatever SQL."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from staffhub import audit, models
from staffhub.db import Base, Database, insert_unless_there
from staffhub.models import AuditEvent, Mark
from tests.conftest import MORNING, TODAY

FACTS = [fact.__tablename__ for fact in models.APPEND_ONLY if fact is not AuditEvent]
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SEAL = ("sequence", "previous_hash", "hash")


@contextmanager
def _stranger(database: Database) -> Iterator[Any]:
    """Connect as another program does: none of our settings, every statement at once in force."""
    if database.sqlite:
        with closing(sqlite3.connect(str(database.engine.url.database), isolation_level=None)) as connection:
            yield connection
        return
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _refused(database: Database, *statements: str) -> None:
    with _stranger(database) as connection:
        for statement in statements:
            with pytest.raises((sqlite3.Error, psycopg.Error), match="append-only"):
                connection.execute(statement)


def _content(database: Database, table: str) -> list[Any]:
    with _stranger(database) as connection:
        return list(connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall())  # noqa: S608


def _one_row_each(database: Database) -> None:  # noqa: PLR0915  one for each kind
    """One fact of every kind, as plain SQL would write it."""
    with database.transaction() as db:
        officer, account, office = (
            db.execute(sa.text("SELECT officer_id, id, office_id FROM account")).first() or (0,) * 3
        )
        service = db.scalar(sa.text("SELECT id FROM service_type"))
        base = {"office_id": office, "date": TODAY, "at": MORNING, "officer_id": officer}
        names = (
            *FACTS,
            "service_request",
            "meeting",
            "leave_request",
            "appointment",
            "daily_report",
            "roster_plan",
            "duty_swap",
            "place",
            "outage",
            "machine",
            "machine_reading",
        )
        tables = {name: sa.Table(name, sa.MetaData(), autoload_with=db.connection()) for name in names}

        def add(name: str, /, **values: Any) -> int:
            columns = tables[name].c
            row = {key: value for key, value in (base | values).items() if key in columns}
            return int(db.scalar(tables[name].insert().values(row).returning(columns.id)) or 0)

        add("week_pattern", valid_from=TODAY, version=1, days=[], created_by=account, created_at=MORNING)
        mark = add("mark", turn=1, kind="check_in", mode="office", note="", attempted_at=MORNING, received_at=MORNING,
            method="tap", grade="c", receipt="ABCDEFG", idempotency_key="m")  # fmt: skip
        at_door = {"name": "Pintu", "token": "t", "key": "ab", "made_by": account, "made_at": MORNING}
        add(
            "mark_proof",
            mark_id=mark,
            place_id=add("place", idempotency_key="t", **at_door),
            slot=1,
            created_at=MORNING,
        )
        add("mark_note", mark_id=mark, note="Ratahan", created_at=MORNING, idempotency_key="n")
        add("late_delivery", mark_id=mark, kind="check_in", mode="office", arrived_at=MORNING, counted="arrival",
            idempotency_key="m")  # fmt: skip
        add("correction", kind="absent", reason="forgot", note="x", created_by=account, created_at=MORNING,
            idempotency_key="c")  # fmt: skip
        asked = add("correction_request", kind="absent", reason="forgot", note="x", created_by=account,
                    created_at=MORNING, idempotency_key="q")  # fmt: skip
        add("correction_step", request_id=asked, turn=1, kind="asked", note="", created_by=account,
            created_at=MORNING, idempotency_key="q")  # fmt: skip
        request = add("service_request", number="PM-2611-0001", service_type_id=service, applicant="Ibu N.", phone="",
                      channel="counter", urgent=False, siak_reference="", state="new", created_at=MORNING,
                      updated_at=MORNING, version=1, idempotency_key="r")  # fmt: skip
        add("request_event", request_id=request, state="new", note="")
        division = db.scalar(sa.text("SELECT min(id) FROM division"))
        given = add("appointment", request_id=request, service_type_id=service, division_id=division, seat=1,
                    starts=MORNING.time(), minutes=15, state="invited", version=1, created_at=MORNING)  # fmt: skip
        add("appointment_step", appointment_id=given, state="invited", note="")
        report = add("daily_report", minutes=60, submitted_at=MORNING)
        add("report_step", report_id=report, turn=1, act="submitted", note="", minutes=60, created_by=account,
            created_at=MORNING, idempotency_key="d")  # fmt: skip
        meeting = add("meeting", kind="single", topic="t", agenda="", starts_on=TODAY, ends_on=TODAY,
                      starts_at=MORNING.time(), minutes=15, weekdays=[], occurrences=1, audience={}, state="waiting",
                      marker="[sh:1]", zoom_host="", join_url="", trouble="", version=1, created_by=account,
                      created_at=MORNING, idempotency_key="z")  # fmt: skip
        add("join_click", meeting_id=meeting)
        add("zoom_sighting", meeting_id=meeting, run="r", connection="1", seen="joined", zoom_user="", email="",
            name="Ben", fingerprint="x", received_at=MORNING)  # fmt: skip
        granted = {"first": TODAY, "last": TODAY, "created_by": account, "created_at": MORNING}
        grant = add("plan_grant", **granted, layer="leave", mode="leave", note="", document="", on_free_days=False,
                    idempotency_key="g")  # fmt: skip
        add("plan_ending", **granted, grant_id=grant)
        leave = add("leave_request", **granted, kind="annual", until=TODAY, half_day=False, note="", document="",
                    state="asked", version=1, idempotency_key="l")  # fmt: skip
        said = {"note": "", "created_by": account, "created_at": MORNING}
        add("leave_step", **said, request_id=leave, act="asked")
        add("leave_opening", **said, kind="annual", year=2026, half_days=8, idempotency_key="v")
        letter = {**granted, "number": "ST 1", "reason": "x", "turn": 1, "officers": []}
        order = add("duty_order", **letter, number_key="st1", duty="field", issued=TODAY, place="Manado", purpose="x",
                    basis="", on_free_days=False, signer_name="Dewi", signer_position="Kepala",
                    idempotency_key="o")  # fmt: skip
        add("duty_assignment", order_id=order, grant_id=grant)
        add("duty_order_step", **letter, order_id=order, kind="withdrawn", idempotency_key="p")
        exemption = add("exemption", **letter, meaning="home", scope={}, people=1, idempotency_key="e")
        add("exemption_person", exemption_id=exemption, grant_id=grant)
        add("exemption_step", **letter, exemption_id=exemption, idempotency_key="f")
        month = {"first": TODAY.replace(day=1), "note": "", "created_by": account}
        snapshot = add("month_snapshot", **month, number=0, head="{}", hash="x" * 64, officers=1)
        add("snapshot_line", snapshot_id=snapshot, text="{}")
        add("month_step", **month, turn=1, kind="closed", snapshot_id=snapshot, idempotency_key="s")
        plan = add("roster_plan", division_id=division, month=TODAY, version=1, created_at=MORNING)
        add("roster_step", **said, plan_id=plan, turn=1, act="changed", changes=[])
        swap = add("duty_swap", colleague_id=officer, gives=TODAY, state="asked", note="", version=1,
                   created_at=MORNING, idempotency_key="w")  # fmt: skip
        add("duty_swap_step", **said, swap_id=swap, turn=1, state="asked", grants=[])
        dark = {"first": MORNING, "last": MORNING, "kind": "app", "act": "noticed", "reason": "", "source": "",
                "evidence": {}, "officers": [], "people": 1, "turn": 1, "version": 1,
                "created_at": MORNING}  # fmt: skip
        outage = add("outage", **dark, state="proposed", idempotency_key="y")
        call = add("roll_call", division_id=division, turn=1, held_at=MORNING, reason="", created_by=account,
                   created_at=MORNING, idempotency_key="rc")  # fmt: skip
        add("roll_call_entry", roll_call_id=call, state="late")
        add("outage_step", **dark, outage_id=outage, idempotency_key="u")
        _of_a_machine(add)


def _of_a_machine(add: Any) -> None:
    machine = add("machine", name="Lobi", serial="", place="", utc_offset=480, clock_error=0, watched="", looked="",
                  version=1, created_at=MORNING)  # fmt: skip
    read = add("machine_reading", machine_id=machine, name="a", hash="x", size=1, ends=0, ends_hash="", line_from=1,
               clock_error=0, asks="", progress=0, lines=0, added=0, known=0, held=0, held_from="", held_to="",
               bad=0, bad_lines=[], names={}, trouble="", state="done", due_at=MORNING, attempts=0,
               created_at=MORNING)  # fmt: skip
    add("machine_mark", machine_id=machine, reading_id=read, line=1, number="3", written="003",
        machine_time="2026-11-16 07:21:13", received_at=MORNING)  # fmt: skip


def test_an_audit_event_is_sealed_once_and_never_removed(database: Database) -> None:
    with database.transaction() as db:
        assert audit.seal(db) > 0
    for statement in ("UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
            db.execute(sa.text(statement))
    with database.reading() as db:
        assert audit.verify(db).broken_at is None


def test_an_event_not_yet_sealed_can_be_sealed_but_not_removed(database: Database) -> None:
    with database.transaction() as db:
        audit.record(db, None, "x.done", "x", 1, now=datetime(2026, 11, 23, tzinfo=UTC))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
        db.execute(sa.text("DELETE FROM audit_event WHERE verb = 'x.done'"))
    with database.transaction() as db:
        audit.seal(db)
    with database.reading() as db:
        assert audit.verify(db).unsealed == 0


def _columns(table: str) -> str:
    return ", ".join(column.name for column in Base.metadata.tables[table].columns)


def test_another_program_neither_changes_nor_removes_a_fact(database: Database) -> None:
    _one_row_each(database)
    for table in FACTS:
        before = _content(database, table)
        assert len(before) == 1
        _refused(database, f"UPDATE {table} SET office_id = office_id", f"DELETE FROM {table}")  # noqa: S608
        assert _content(database, table) == before


def _written_over(table: str, column: str) -> str:
    """Write the row again with another date or time, as `INSERT OR REPLACE` does."""
    names = _columns(table)
    changed = ", ".join("'2020-01-01'" if name == column else name for name in names.split(", "))
    return f"INSERT OR REPLACE INTO {table} ({names}) SELECT {changed} FROM {table}"  # noqa: S608


@SQLITE
def test_a_fact_is_not_replaced_under_its_id(database: Database) -> None:
    _one_row_each(database)
    for table in FACTS:
        before = _content(database, table)
        moment = {
            "mark": "attempted_at",
            "mark_note": "created_at",
            "roll_call": "created_at",
            "mark_proof": "created_at",
            "late_delivery": "arrived_at",
            "plan_grant": "created_at",
            "plan_ending": "created_at",
            "week_pattern": "created_at",
            "snapshot_line": "text",
            "report_step": "created_at",
        }.get(table, "at")
        _refused(
            database,
            _written_over(table, moment),
            _written_over(table, moment).replace("INSERT OR REPLACE", "REPLACE"),
            f"UPDATE OR REPLACE {table} SET office_id = office_id",  # noqa: S608
        )
        assert _content(database, table) == before


KEYS = [  # (table, columns)
    (fact.__tablename__, tuple(column.name for column in key.columns))
    for fact in models.APPEND_ONLY
    for key in Base.metadata.tables[fact.__tablename__].constraints
    if isinstance(key, sa.UniqueConstraint) and fact is not AuditEvent
]


@SQLITE
def test_a_fact_is_not_replaced_under_a_unique_key(database: Database) -> None:
    """All other keys differ, so that this one alone is in the way."""
    _one_row_each(database)
    assert len(KEYS) >= 4
    for table, key in KEYS:
        before = _content(database, table)
        names = [column.name for column in Base.metadata.tables[table].columns if column.name != "id"]
        fresh = {"idempotency_key": "'other'", "receipt": "'OTHER12'", "turn": "9"}
        row = ", ".join(fresh[name] if name in fresh and name not in key else name for name in names)
        _refused(database, f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) SELECT {row} FROM {table}")  # noqa: S608
        assert _content(database, table) == before, key


@SQLITE
def test_our_own_connections_ask_the_delete_trigger_on_replace_as_well(database: Database) -> None:
    _one_row_each(database)
    with database.transaction() as db:
        db.execute(sa.text("DROP TRIGGER mark_no_insert"))
    with pytest.raises(sa.exc.DatabaseError, match="append-only"), database.transaction() as db:
        db.execute(sa.text(_written_over("mark", "attempted_at")))


@POSTGRES
def test_a_table_of_facts_is_not_emptied_nor_is_what_facts_point_at(database: Database) -> None:
    _one_row_each(database)
    for table in (*FACTS, "audit_event"):
        before = _content(database, table)
        # Else the foreign key of what points at it refuses first.
        orders = "duty_order, duty_assignment, duty_order_step"
        exemptions = "exemption, exemption_person, exemption_step"
        beside = "mark_note, mark_proof, mark_device, late_delivery"
        pointing = {"mark": f"mark, {beside}", "duty_order": orders, "exemption": exemptions}
        leaves = "leave_request, leave_step, duty_assignment, exemption_person, duty_call"
        pointing["plan_grant"] = f"plan_grant, plan_ending, plan_entry, {leaves}"
        pointing["month_snapshot"] = "month_snapshot, snapshot_line, month_step"
        asked = "correction_request, correction_step, correction_waiting, correction"
        pointing["correction_request"] = asked
        pointing["roll_call"] = "roll_call, roll_call_entry"
        together = pointing.get(table, table)
        _refused(database, f"TRUNCATE {together}", f"TRUNCATE {table} RESTART IDENTITY CASCADE")
        _refused(database, "TRUNCATE office CASCADE", "TRUNCATE officer CASCADE", "TRUNCATE meeting CASCADE")
        assert _content(database, table) == before != []


def test_a_second_fact_of_the_same_key_is_simply_not_there_when_we_ask_that_way(database: Database) -> None:
    _one_row_each(database)
    with database.transaction() as db:
        there = db.execute(sa.select(sa.inspect(Mark).selectable)).one()._asdict()
        again = {name: value for name, value in there.items() if name != "id"}
        assert not insert_unless_there(db, Mark, again)
        assert not insert_unless_there(db, Mark, again | {"turn": 2, "receipt": "OTHER12"}), "the form's key"
        assert insert_unless_there(db, Mark, again | {"turn": 2, "receipt": "OTHER12", "idempotency_key": "second"})
        db.execute(sa.text("UPDATE office SET name = 'and the transaction goes on'"))
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 2
        assert db.scalar(sa.text("SELECT name FROM office")) == "and the transaction goes on"


def _unsealed(database: Database) -> int:
    with database.transaction() as db:
        audit.record(db, None, "x.done", "x", 1, now=MORNING, office_id=1)
        return db.scalar(sa.select(sa.func.max(AuditEvent.id))) or 0


OTHER = {
    "id": "99", "office_id": "2", "at": "'2020-01-01 00:00:00'", "actor_id": "7", "verb": "'x.forged'",
    "subject": "'y'", "subject_id": "2", "facts": "'{ }'", "request_id": "'other'",
}  # fmt: skip
SEALING = "sequence = 900, previous_hash = 'p', hash = 'h'"


def test_every_column_of_an_event_is_either_sealed_or_never_changed() -> None:
    assert set(OTHER) | set(SEAL) == {column.name for column in AuditEvent.__table__.columns}


def test_an_event_not_yet_sealed_is_not_edited_alone_or_while_it_is_sealed(database: Database) -> None:
    event = _unsealed(database)
    before = _content(database, "audit_event")
    for column, value in OTHER.items():
        for values in (f"{column} = {value}", f"{column} = {value}, {SEALING}"):
            _refused(database, f"UPDATE audit_event SET {values} WHERE id = {event}")  # noqa: S608
    assert _content(database, "audit_event") == before


def test_an_event_is_sealed_whole_or_not_at_all(database: Database) -> None:
    event = _unsealed(database)
    before = _content(database, "audit_event")
    for values in ("sequence = 900", "hash = 'h'", "sequence = 900, hash = 'h'", "verb = verb"):
        _refused(database, f"UPDATE audit_event SET {values} WHERE id = {event}")  # noqa: S608
    assert _content(database, "audit_event") == before


def test_a_sealed_event_is_not_sealed_anew_opened_or_born(database: Database) -> None:
    event = _unsealed(database)
    with database.transaction() as db:
        audit.seal(db)
    names = _columns("audit_event").replace("id, ", "", 1)
    born = names.replace("sequence, previous_hash, hash", "900, 'p', 'h'")
    _refused(
        database,
        f"UPDATE audit_event SET {SEALING} WHERE id = {event}",  # noqa: S608
        f"UPDATE audit_event SET sequence = NULL, previous_hash = NULL, hash = NULL WHERE id = {event}",  # noqa: S608
        f"INSERT INTO audit_event ({names}) SELECT {born} FROM audit_event WHERE id = {event}",  # noqa: S608
        f"DELETE FROM audit_event WHERE id = {event}",  # noqa: S608
    )
    with database.reading() as db:
        assert audit.verify(db).broken_at is None


@SQLITE
def test_sealing_an_event_does_not_push_a_sealed_one_out_of_its_place(database: Database) -> None:
    """UPDATE OR REPLACE removes the row that has the number already, and asks no delete trigger."""
    with database.transaction() as db:
        audit.seal(db)
    event = _unsealed(database)
    before = _content(database, "audit_event")
    _refused(
        database,
        f"UPDATE OR REPLACE audit_event SET sequence = 1, previous_hash = '', hash = 'h' WHERE id = {event}",  # noqa: S608
        _written_over("audit_event", "at"),
    )
    assert _content(database, "audit_event") == before


def test_what_the_program_calls_append_only_is_what_the_database_guards(database: Database) -> None:
    """A table rebuilt by a later migration has lost its triggers: call `append_only.guard` there again."""
    query = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    if not database.sqlite:
        query = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
    with database.reading() as db:
        # Those that raise the version of an office are asked about in test_office.
        found = {tuple(row) for row in db.execute(sa.text(query)) if "_version_" not in row[1]}
    wanted = set()
    for fact in models.APPEND_ONLY:
        table = fact.__tablename__
        verbs = {"update", "delete", "insert" if database.sqlite else "truncate"}
        verbs |= {"insert"} if fact is AuditEvent else set()
        wanted |= {(table, f"{table}_no_{verb}") for verb in verbs}
    assert found == wanted


def test_what_points_at_a_fact_is_indexed_by_it() -> None:
    """On SQLite an insert into a table with triggers else looks through every row that points at it."""
    facts = {fact.__tablename__ for fact in models.APPEND_ONLY}
    pointing = [
        (table, key.parent.name)
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in facts
    ]
    assert pointing
    for table, column in pointing:
        leading = [next(iter(index.columns)).name for index in (*table.indexes, *table.constraints) if index.columns]  # type: ignore[attr-defined]
        assert column in leading, (table.name, column)
