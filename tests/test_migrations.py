"""The database is built by migrations alone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from staffhub.connections import make_engine
from staffhub.migrations import _config, _revisions, differences, is_at_head, migrate
from staffhub.models import Occurrence
from tests.conftest import MORNING, TODAY


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database without a single table."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'empty.db'}")
        yield engine
        engine.dispose()
        return
    server = request.getfixturevalue("postgres")
    name = f"empty_{uuid4().hex[:12]}"
    server.run(f"CREATE DATABASE {name}")
    engine = make_engine(server.url(name))
    yield engine
    engine.dispose()
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


def _tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_migrations_go_up_down_and_up_again(empty: sa.Engine) -> None:
    migrate(empty)
    built = _tables(empty)
    assert "mark" in built
    migrate(empty, "base")
    assert _tables(empty) == set()
    migrate(empty)
    assert _tables(empty) == built
    with empty.connect() as connection:
        assert is_at_head(connection)


def test_models_and_migrations_agree(empty: sa.Engine) -> None:
    migrate(empty)
    assert differences(empty) == []


def test_an_empty_database_is_not_at_head(empty: sa.Engine) -> None:
    with empty.connect() as connection:
        assert not is_at_head(connection)


def _old_meetings(engine: sa.Engine) -> None:
    """As the version before the occurrences stored them: a single meeting, and a standup that was cancelled."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    office, account, meeting = (metadata.tables[name] for name in ("office", "account", "meeting"))
    with engine.begin() as connection:
        connection.execute(
            office.insert().values(
                id=1, name="Dinas", government="", address="", timezone="Asia/Makassar", created_at=MORNING
            )
        )
        connection.execute(
            account.insert().values(
                id=1, office_id=1, username="dewi", name="", password_hash="x", password_changed_at=MORNING,
                must_change_password=False, role="office_head", scope="office", created_at=MORNING,
            )
        )  # fmt: skip
        usual = {"office_id": 1, "agenda": "", "starts_on": TODAY, "ends_on": TODAY, "starts_at": time(8, 30)}
        usual |= {"minutes": 15, "audience": {}, "zoom_host": "", "join_url": "", "trouble": "", "version": 1}
        usual |= {"created_by": 1, "created_at": MORNING}
        single = {"kind": "single", "topic": "a", "weekdays": [], "occurrences": 1, "state": "ready", "marker": "1"}
        series = {"kind": "standup", "topic": "b", "weekdays": [0, 2], "occurrences": 3, "state": "cancelled"}
        cancelled = {"cancelled_at": datetime(2026, 11, 24, tzinfo=UTC)}
        connection.execute(meeting.insert().values(**usual, **single, id=1, idempotency_key="1"))
        connection.execute(
            meeting.insert().values(**usual, **series, **cancelled, id=2, marker="2", idempotency_key="2")
        )


def test_meetings_planned_before_get_their_dates_and_lose_nothing_on_the_way_back(empty: sa.Engine) -> None:
    migrate(empty, _BEFORE)
    _old_meetings(empty)
    for _twice in range(2):
        migrate(empty, "occurrences")
        with Session(empty) as db:
            found = db.execute(sa.select(*_OCCURRENCE).order_by(Occurrence.meeting_id, Occurrence.date)).all()
        starts = {day: datetime(2026, *day, 0, 30, tzinfo=UTC) for day in ((11, 23), (11, 25), (11, 30))}
        assert found == [
            (1, TODAY, starts[11, 23], 15, "planned"),
            (2, TODAY, starts[11, 23], 15, "planned"),
            (2, date(2026, 11, 25), starts[11, 25], 15, "cancelled"),
            (2, date(2026, 11, 30), starts[11, 30], 15, "cancelled"),
        ]
        command.downgrade(_config(empty), _BEFORE)
    with empty.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM meeting")) == 2


_OCCURRENCE = (Occurrence.meeting_id, Occurrence.date, Occurrence.starts_at, Occurrence.minutes, Occurrence.state)
_BEFORE = "presence_counts_from"


def test_telephone_numbers_come_into_one_form_and_what_is_none_stays(empty: sa.Engine) -> None:
    migrate(empty, "plan_in_layers")
    metadata = sa.MetaData()
    metadata.reflect(empty, only=["office", "officer"])
    office, officer = metadata.tables["office"], metadata.tables["officer"]
    written = {"1": "+62 812-345-6789", "2": "431851234", "3": "0812 / 0813", "4": "", "5": "0811222333"}
    person = {"office_id": 1, "employment_type": "pns", "position": "", "email": "", "active_from": TODAY}
    with empty.begin() as connection:
        connection.execute(
            office.insert().values(
                id=1, name="Dinas", government="", address="", timezone="Asia/Makassar", created_at=MORNING
            )
        )
        for number, phone in written.items():
            connection.execute(officer.insert().values(**person, number=number, name=number, phone=phone))
    migrate(empty, "phones_in_one_form")
    with empty.connect() as connection:
        found = {row.number: row.phone for row in connection.execute(sa.select(officer.c.number, officer.c.phone))}
    assert found == {**written, "1": "08123456789", "2": "0431851234"}


def test_requests_of_before_get_a_code_each(empty: sa.Engine) -> None:
    migrate(empty, "busy_hosts")
    metadata = sa.MetaData()
    metadata.reflect(empty, only=["office", "division", "service_type", "service_request"])
    office, division, kind, request = (
        metadata.tables[name] for name in ("office", "division", "service_type", "service_request")
    )
    facts = {"office_id": 1, "service_type_id": 1, "applicant": "Novi T.", "phone": "", "channel": "counter",
             "urgent": False, "siak_reference": "", "state": "new", "created_at": MORNING, "updated_at": MORNING,
             "version": 1}  # fmt: skip
    with empty.begin() as connection:
        connection.execute(
            office.insert().values(
                id=1, name="Dinas", government="", address="", timezone="Asia/Makassar", created_at=MORNING
            )
        )
        connection.execute(
            division.insert().values(id=1, office_id=1, code="a", name="A", short_name="A", keeps_cover=True, sort=1)
        )
        connection.execute(
            kind.insert().values(
                id=1, office_id=1, code="kk", name="KK", name_en="KK", division_id=1, needs_presence=False, sort=1
            )
        )
        connection.execute(
            request.insert(), [{**facts, "number": str(n), "idempotency_key": str(n)} for n in range(300)]
        )
    for _twice in range(2):
        migrate(empty, "codes_for_citizens")
        with empty.connect() as connection:
            codes = connection.scalars(sa.text("SELECT public_code FROM service_request")).all()
        assert len(set(codes)) == len(codes) == 300
        assert all(re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}", code) for code in codes)
        command.downgrade(_config(empty), "busy_hosts")


def test_lines_of_before_learn_their_service_from_their_request_or_from_what_proposed_them(empty: sa.Engine) -> None:
    migrate(empty, "remind_presence")
    metadata = sa.MetaData()
    metadata.reflect(empty, only=["office", "officer", "division", "service_type", "service_request", "log_entry"])
    tables, at = metadata.tables, {"created_at": MORNING}
    of_office: dict[str, object] = {"office_id": 1}
    kind = of_office | {"name_en": "", "division_id": 1, "needs_presence": False, "sort": 1}
    asked = (
        of_office
        | at
        | {"applicant": "N.", "phone": "", "siak_reference": "", "channel": "counter", "urgent": False, "state": "new"}
    )
    asked |= {"number": "1", "public_code": "1", "updated_at": MORNING, "version": 1, "idempotency_key": "1"}
    line = (
        of_office | at | {"officer_id": 1, "date": TODAY, "text": "-", "starts": time(8), "ends": time(9), "unit": ""}
    )
    line |= {"updated_at": MORNING, "version": 1}
    lines = {
        "requests-1-0": 1,
        "requests-11-3": 11,
        "taken-in-11-0": 11,
        "requests-7-0": None,
        "copy-1": None,
        "": None,
    }
    with empty.begin() as connection:
        office = {"name": "Dinas", "government": "", "address": "", "timezone": "Asia/Makassar"}
        connection.execute(tables["office"].insert().values(id=1, **office, **at))
        person = {"number": "1", "name": "Ben", "email": "", "phone": "", "active_from": TODAY}
        connection.execute(tables["officer"].insert().values(id=1, **of_office, **person))
        bidang = {"code": "a", "name": "A", "short_name": "A", "keeps_cover": True, "sort": 1}
        connection.execute(tables["division"].insert().values(id=1, **of_office, **bidang))
        kinds = [{"id": id_, "code": str(id_), "name": str(id_), **kind} for id_ in (1, 11)]
        connection.execute(tables["service_type"].insert(), kinds)
        connection.execute(tables["service_request"].insert().values(id=5, service_type_id=11, **asked))
        written = [
            {"source": source, "service_request_id": None, "idempotency_key": source or "-", **line} for source in lines
        ]
        linked = {"source": "requests-1-9", "service_request_id": 5, "idempotency_key": "linked", **line}
        connection.execute(tables["log_entry"].insert(), [*written, linked])
    for _twice in range(2):
        migrate(empty, "log_services")
        with empty.connect() as connection:
            found = connection.execute(sa.text("SELECT source, service_type_id FROM log_entry")).all()
        assert dict(map(tuple, found)) == lines | {"requests-1-9": 11}
        command.downgrade(_config(empty), "remind_presence")


def _logs_sent_before(engine: sa.Engine, days: list[date]) -> None:
    metadata = sa.MetaData()
    metadata.reflect(engine, only=["office", "officer", "daily_report"])
    office, officer, report = (metadata.tables[name] for name in ("office", "officer", "daily_report"))
    facts = {"office_id": 1, "number": "1", "name": "Ben", "email": "", "phone": "", "active_from": TODAY}
    with engine.begin() as connection:
        made = {"name": "Dinas", "government": "", "address": "", "timezone": "Asia/Makassar", "created_at": MORNING}
        connection.execute(office.insert().values(id=1, **made))
        connection.execute(officer.insert().values(id=1, **facts))
        sent = [{"office_id": 1, "officer_id": 1, "date": day, "minutes": 60, "submitted_at": MORNING} for day in days]
        connection.execute(report.insert(), sent)


def test_logs_sent_before_there_was_verification_wait_for_nobody_but_those_of_today_do(empty: sa.Engine) -> None:
    migrate(empty, "same_wish")
    _logs_sent_before(empty, [TODAY - timedelta(days=300), TODAY + timedelta(days=3650)])
    for _twice in range(2):
        migrate(empty, "log_delegates")
        with empty.connect() as connection:
            reports = connection.execute(
                sa.text("SELECT state, version, verified_by, verified_at FROM daily_report ORDER BY date")
            ).all()
            steps = connection.execute(sa.text("SELECT report_id, turn, act, created_by FROM report_step")).all()
        assert [tuple(one) for one in reports] == [("verified", 2, None, None), ("submitted", 1, None, None)]
        assert sorted(map(tuple, steps)) == [
            (1, 1, "submitted", None), (1, 2, "verified", None), (2, 1, "submitted", None),
        ]  # fmt: skip
        command.downgrade(_config(empty), "log_steps")


def test_the_role_of_an_account_goes_into_the_postings_of_its_officer_and_back(empty: sa.Engine) -> None:
    migrate(empty, "postings")
    metadata = sa.MetaData()
    metadata.reflect(empty, only=["office", "officer", "account", "posting"])
    office, officer, account, posting = (metadata.tables[n] for n in ("office", "officer", "account", "posting"))
    person = {"office_id": 1, "email": "", "phone": "", "active_from": date(2020, 1, 1)}
    served = {"office_id": 1, "employment_type": "pns", "position": "", "created_at": MORNING}
    sign_in = {"office_id": 1, "name": "", "password_hash": "x", "password_changed_at": MORNING,
               "must_change_password": False, "created_at": MORNING}  # fmt: skip
    with empty.begin() as connection:
        connection.execute(
            office.insert().values(
                id=1, name="Dinas", government="", address="", timezone="Asia/Makassar", created_at=MORNING
            )
        )
        for id_ in (1, 2):
            connection.execute(officer.insert().values(**person, id=id_, number=str(id_), name="A"))
        for id_, first, last in (
            (1, date(2020, 1, 1), date(2026, 1, 1)),
            (1, date(2026, 1, 2), None),
            (2, TODAY, None),
        ):
            connection.execute(posting.insert().values(**served, officer_id=id_, valid_from=first, valid_to=last))
        for name, role, officer_id in (("dewi", "office_head", 1), ("root", "admin", None)):
            connection.execute(account.insert().values(**sign_in, username=name, role=role, officer_id=officer_id))
    for _twice in range(2):
        migrate(empty, "role_of_a_posting")
        with empty.connect() as connection:
            held = connection.execute(sa.text("SELECT officer_id, role FROM posting ORDER BY officer_id, valid_from"))
            assert [tuple(row) for row in held] == [(1, "office_head"), (1, "office_head"), (2, "staff")]
            kept = connection.execute(sa.text("SELECT username, role FROM account ORDER BY username"))
            assert [tuple(row) for row in kept] == [("dewi", None), ("root", "admin")]
        command.downgrade(_config(empty), "postings")
        with empty.connect() as connection:
            kept = connection.execute(sa.text("SELECT username, role FROM account ORDER BY username"))
            assert [tuple(row) for row in kept] == [("dewi", "office_head"), ("root", "admin")]


def _old_rules(engine: sa.Engine) -> None:
    """As the version before the rule book stored them; one of them in words that only this office knows."""
    metadata = sa.MetaData()
    metadata.reflect(engine, only=["office", "rule_set"])
    office, rule = metadata.tables["office"], metadata.tables["rule_set"]
    old = {"office_id": 1, "valid_from": date(2023, 4, 12), "owner": "HR"}
    with engine.begin() as connection:
        connection.execute(
            office.insert().values(
                id=1, name="Dinas", government="", address="", timezone="Asia/Makassar", created_at=MORNING
            )
        )
        for source, week, groups in (
            ("Perpres 21/2023", {"mon": ["07.30", "16.00", 60]}, None),
            ("SK Kadis", {"sat": ["07.00", "13.00", 0]}, ["pppk_part_time"]),
        ):
            own = {"kind": "work_hours", "legal_source": source, "values": week, "groups": groups}
            connection.execute(rule.insert().values(**old, **own))


def test_an_office_gets_the_rule_book_and_keeps_its_own_rules_both_ways(empty: sa.Engine) -> None:
    migrate(empty, "role_of_a_posting")
    _old_rules(empty)
    own = sa.text("SELECT id, legal_source FROM rule_set WHERE id < 3 ORDER BY id")
    for _twice in range(2):
        migrate(empty, "rule_book")
        metadata = sa.MetaData()
        metadata.reflect(empty, only=["rule_set"])
        rule = metadata.tables["rule_set"]
        with empty.connect() as connection:
            rows = connection.execute(sa.select(rule).order_by(rule.c.id)).all()
        week = {"mon": ["07.30", "16.00", 60]}
        assert rows[0].values == week | {"asked": 2250, "asked_source": "Perpres 21/2023"}
        assert (rows[1].values, rows[1].groups) == ({"sat": ["07.00", "13.00", 0]}, ["pppk_part_time"])
        assert {(row.version, row.subject) for row in rows[:2]} == {(1, "")}
        there = [(row.kind, row.subject, tuple(row.groups or ())) for row in rows]
        assert len(set(there)) == len(there) == 20, "none twice, those of the office first"
        assert sum(not row.confirmed for row in rows) == 7
        command.downgrade(_config(empty), "role_of_a_posting")
        with empty.connect() as connection:
            assert [tuple(row) for row in connection.execute(own)] == [(1, "Perpres 21/2023"), (2, "SK Kadis")]
            kinds = connection.execute(sa.text("SELECT kind, count(*) FROM rule_set GROUP BY kind ORDER BY kind"))
            assert [tuple(row) for row in kinds] == [("coverage", 1), ("work_hours", 2)]


def test_the_seeded_row_of_sick_leave_learns_whose_letter_it_asks_for_and_an_own_one_stays(empty: sa.Engine) -> None:
    migrate(empty, "role_of_a_posting")
    _old_rules(empty)
    migrate(empty, "rule_book")
    own = (
        "UPDATE rule_set SET legal_source = 'SK Bupati' WHERE kind = 'leave' AND CAST(groups AS VARCHAR) LIKE '%pppk%'"
    )
    rows = sa.text(
        "SELECT legal_source, \"values\" FROM rule_set WHERE kind = 'leave' AND subject = 'sick' ORDER BY id"
    )
    with empty.begin() as connection:
        connection.execute(sa.text(own))
        before = [str(row) for row in connection.execute(rows)]
    migrate(empty, "letters_of_sick_leave")
    with empty.connect() as connection:
        pns, own = [str(row) for row in connection.execute(rows)]
    assert ("government_doctor" in pns, own) == (True, before[1])
    command.downgrade(_config(empty), "rule_book")
    with empty.connect() as connection:
        assert not any("proofs" in str(row) for row in connection.execute(rows))


def test_the_files_alone_tell_the_revisions_that_alembic_finds() -> None:
    scripts = ScriptDirectory.from_config(_config(sa.create_engine("sqlite://")))
    assert {one.revision: one.down_revision for one in scripts.walk_revisions()} == _revisions()


def test_who_only_serves_imports_no_library_of_rare_use() -> None:
    """Each takes some megabytes of every worker: what is needed a few times a year is imported by whoever does it."""
    rare = ("alembic", "holidays", "zoomus", "requests", "xlsxwriter", "typst", "zxcvbn")
    told = subprocess.run(
        [sys.executable, "-c", f"import staffhub.app, sys; print(*[name for name in {rare} if name in sys.modules])"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == []
