"""What each page may cost: statements and bytes, of the demo office with its 42 officers and with 400.

Both are the same on every machine, unlike seconds, which no test asks about. A new page fails until it has a budget;
one that costs a statement more is looked at before the number here is raised. Neither grows with the office.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import event

from bench.pages import grow, token_for
from staffhub import demo
from staffhub import models as m
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.meetings import joining
from staffhub.migrations import migrate
from staffhub.reports.documents import exports
from staffhub.settings import Settings
from tests.conftest import MORNING, TODAY, World, count_queries
from tests.test_access import CALLS, PUBLIC, _routes

HTML = 60_000  # bytes of any page, before it is compressed
# Statements of each page, for whom it costs most.
BUDGET = {
    "/": ("kadis", 5),
    "/account": ("pegawai01", 4),
    "/account/changes": ("pegawai01", 2),
    "/account/password": ("pegawai01", 1),
    "/admin/holidays": ("kepegawaian", 2),
    "/admin/machines": ("kepegawaian", 3),
    "/admin/machines/{machine_id}": ("kepegawaian", 7),
    "/admin/machines/files/{reading_id}": ("kepegawaian", 4),
    "/admin/office": ("kepegawaian", 3),
    "/admin/places": ("kepegawaian", 2),
    "/admin/places/{place_id}": ("kepegawaian", 2),
    "/admin/tokens": ("admin", 2),
    "/admin/zoom": ("admin", 5),
    "/admin/rules": ("kepegawaian", 2),
    "/admin/rules/new/{kind}": ("kepegawaian", 2),
    "/admin/rules/{rule_id}": ("kepegawaian", 3),
    "/admin/rules/{rule_id}/edit": ("kepegawaian", 2),
    "/admin/rules/{rule_id}/succeed": ("kepegawaian", 2),
    "/attendance": ("kepegawaian", 8),
    "/attendance/export": ("kepegawaian", 7),
    "/attendance/exports": ("kepegawaian", 2),
    "/attendance/exports/{job_id}/file": ("kepegawaian", 3),
    "/attendance/next": ("kepegawaian", 5),
    "/attendance/queue": ("kepegawaian", 8),
    "/attendance/replay": ("kepegawaian", 3),
    "/attendance/sign": ("kadis", 8),
    "/attendance/recounts": ("kepegawaian", 2),
    "/attendance/signed": ("kepegawaian", 4),
    "/attendance/supplement": ("kepegawaian", 4),
    "/attendance/start": ("kepegawaian", 1),
    "/attendance/{officer_id}": ("kepegawaian", 5),
    "/attendance/{officer_id}/sheet": ("kepegawaian", 8),
    "/attendance/{officer_id}/{day}": ("kepegawaian", 8),
    "/board": ("kadis", 6),
    "/corrections": ("kepegawaian", 4),
    "/corrections/new": ("pegawai01", 7),
    "/corrections/{asked_id}": ("kepegawaian", 8),
    "/join/{token}": ("pegawai01", 3),
    "/leave": ("kadis", 8),
    "/leave/delegates": ("kepegawaian", 4),
    "/leave/openings": ("kepegawaian", 4),
    "/leave/paper": ("kepegawaian", 2),
    "/roster/repair": ("kadis", 7),
    "/leave/{leave_id}": ("kadis", 16),  # 11, and 5 to find who could come where a desk would be empty
    "/me/month": ("pegawai01", 6),
    "/me/month/sheet": ("pegawai01", 8),
    "/me/year": ("kadis", 7),
    "/meetings": ("kadis", 8),
    "/meetings/around": ("kadis", 1),
    "/meetings/guests": ("kadis", 1),
    "/meetings/new": ("kadis", 4),
    "/meetings/{meeting_id}": ("kadis", 5),
    "/meetings/{meeting_id}/cancel": ("kadis", 6),
    "/meetings/{meeting_id}/dates/{occurrence_id}": ("kadis", 3),
    "/meetings/{meeting_id}/host": ("kadis", 4),
    "/meetings/{meeting_id}/edit": ("kadis", 4),
    "/meetings/{meeting_id}/minutes": ("kadis", 8),
    "/meetings/{meeting_id}/minutes/print": ("kadis", 9),
    "/meetings/{meeting_id}/written": ("pegawai01", 6),
    "/notices": ("kepegawaian", 3),
    "/notices/{notice_id}": ("pegawai01", 3),
    "/office": ("kadis", 4),
    "/presence/roll-call": ("kabid.dafduk", 7),
    "/admin/outages": ("kepegawaian", 3),
    "/admin/outages/new": ("kepegawaian", 1),
    "/admin/outages/{outage_id}": ("kepegawaian", 9),
    "/exemptions": ("kepegawaian", 3),
    "/exemptions/new": ("kepegawaian", 1),
    "/exemptions/{exemption_id}": ("kepegawaian", 4),
    "/orders": ("kadis", 6),
    "/orders/new": ("kepegawaian", 3),
    "/orders/people": ("kepegawaian", 1),
    "/orders/{order_id}": ("kepegawaian", 4),
    "/orders/{order_id}/print": ("kepegawaian", 5),
    "/people": ("kepegawaian", 5),
    "/people/import": ("kepegawaian", 2),
    "/people/new": ("kepegawaian", 2),
    "/people/template.csv": ("kepegawaian", 1),
    "/people/template.xlsx": ("kepegawaian", 2),
    "/people/{officer_id}": ("kepegawaian", 5),
    "/presence/receipts/{code}": ("pegawai01", 2),
    "/presence/scan": ("pegawai01", 1),
    "/requests": ("kadis", 4),
    "/requests/appointments": ("kadis", 8),
    "/requests/appointments/batch": ("kadis", 7),
    "/requests/hand-on": ("kadis", 1),
    "/requests/hand-over": ("kadis", 1),
    "/requests/unassigned": ("kadis", 6),
    "/requests/import": ("kadis", 1),
    "/requests/import/template.csv": ("kadis", 1),
    "/requests/import/template.xlsx": ("kadis", 1),
    "/requests/services": ("kadis", 1),
    "/requests/times": ("kadis", 3),
    "/requests/services/new": ("kadis", 1),
    "/requests/services/{service_id}": ("kadis", 2),
    "/requests/{request_id}": ("kadis", 8),
    "/requests/{request_id}/appointment": ("pegawai01", 8),
    "/requests/{request_id}/correct": ("kadis", 2),
    "/roster": ("kepegawaian", 4),
    "/roster/calls": ("kadis", 12),
    "/roster/calls/{call_id}": ("kadis", 2),
    "/roster/duty": ("kadis", 7),
    "/roster/duty/print": ("kadis", 7),
    "/roster/fairness": ("kadis", 7),
    "/roster/swaps": ("pegawai01", 8),
    "/roster/swaps/new": ("pegawai01", 1),
    "/roster/swaps/{swap_id}": ("kadis", 9),
    "/roster/drafts/{division_id}/{month}": ("kepegawaian", 12),
    "/roster/drafts/{division_id}/{month}/print": ("kepegawaian", 10),
    "/roster/drafts/{division_id}/{month}/sheet": ("kepegawaian", 9),
    "/roster/drafts/{division_id}/{month}/import": ("kepegawaian", 3),
    "/roster/wishes": ("pegawai01", 3),
    "/roster/letters": ("kepegawaian", 7),
    "/roster/runs": ("kepegawaian", 2),
    "/roster/runs/{run_id}": ("kepegawaian", 2),
    "/roster/{officer_id}": ("kepegawaian", 8),
    "/standups": ("kadis", 1),
    "/standups/new": ("kadis", 4),
    "/worklog": ("pegawai01", 2),
    "/worklog/delegates": ("kepegawaian", 4),
    "/worklog/lkh": ("pegawai01", 3),
    "/worklog/lkh/file": ("pegawai01", 4),
    "/worklog/summary": ("kadis", 5),
    "/worklog/summary/file": ("kadis", 6),
    "/worklog/submit": ("pegawai01", 6),
    "/worklog/verify": ("kabid.dafduk", 8),
    "/worklog/verify/{report_id}": ("kabid.dafduk", 8),
    "/worklog/{entry_id}/delete": ("pegawai01", 2),
    "/worklog/{entry_id}/edit": ("pegawai01", 4),
}
# Most people of an office lead nobody: the same pages for them.
STAFF = {"/": 2, "/board": 2, "/requests": 4, "/meetings": 6, "/roster": 4}
# Pages of the roster that read something else with a query than without; {turn} is a day in the office of pegawai01 to
# come, {colleague} who could take it, {call} somebody in the office.
ASKED_FOR = {
    "/roster?month=2026-11&division={division_id}": ("kepegawaian", 4),
    "/roster?month=2026-12&q=a": ("kepegawaian", 4),
    "/roster/duty?month=2026-12&division={division_id}": ("kadis", 7),
    "/roster/duty?month=2026-12&division={division_id}&page=2": ("kadis", 7),
    "/roster/fairness?month=2026-11&division={division_id}": ("kadis", 7),
    "/roster/repair?called={call}&called={call}": ("kadis", 7),
    "/roster/runs?month=2026-12&division={division_id}": ("kepegawaian", 2),
    "/roster/swaps/new?date={turn}": ("pegawai01", 7),
    "/roster/swaps/new?date={turn}&colleague={colleague}": ("pegawai01", 7),
    "/roster/{officer_id}?month=2026-12": ("kepegawaian", 8),
    "/roster/drafts/{division_id}/{month}/print?which=draft": ("kepegawaian", 10),
}
FILES = {
    "/roster/drafts/{division_id}/{month}/print?which=draft",
    "/meetings/{meeting_id}/minutes/print",
    "/orders/{order_id}/print",
    "/roster/drafts/{division_id}/{month}/print",
    "/roster/duty/print",
    "/roster/drafts/{division_id}/{month}/sheet",
    "/attendance/export",
    "/attendance/exports/{job_id}/file",
    "/attendance/{officer_id}/sheet",
    "/me/month/sheet",
    "/people/template.csv",
    "/people/template.xlsx",
    "/requests/import/template.csv",
    "/requests/import/template.xlsx",
    "/worklog/lkh/file",
    "/worklog/summary/file",
}


@pytest.fixture(scope="module", params=[42, 400])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo office in process, grown to a size; only read, so that all tests share it."""
    import time_machine

    folder = tmp_path_factory.mktemp("budgets")
    settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder}/staffhub.db")
    app = create_app(settings, ticking=False)
    database: Database = app.state.database
    migrate(database.engine)
    with time_machine.travel(MORNING, tick=False), TestClient(app):
        with database.transaction() as db:
            demo.seed(db, settings, now=MORNING)
            grow(db, request.param)
        made = World(app=app, database=database, settings=settings)
        ready = {"state": m.MeetingState.READY, "join_url": "https://zoom.us/j/1"}
        with database.transaction() as db:  # there is no Zoom here, and the way in leads there
            db.execute(sa.update(m.Meeting).values(ready))
        asked = {"month": "2026-11", "format": "csv", "idempotency_key": "export-of-today"}
        assert _client(made, "kepegawaian").post("/attendance/exports", data=asked).status_code == 303
        exports.run_due(database, now=MORNING)
        run = {"month": "2026-12", "division": "", "idempotency_key": "run-of-today"}
        assert _client(made, "kepegawaian").post("/roster/runs", data=run).status_code == 303
        entry = {"text": "Melayani", "start": "07.00", "end": "07.10", "idempotency_key": "entry-of-today"}
        assert _client(made, "pegawai01").post("/worklog", data=entry).status_code == 303
        yield made


def _client(office: World, username: str) -> TestClient:
    cookies = {"staffhub_session": token_for(office.database, username)}
    return TestClient(office.app, follow_redirects=False, headers={"Sec-Fetch-Site": "same-origin"}, cookies=cookies)


def _given(database: Database) -> dict[str, Any]:
    """What stands for each placeholder of an address: something of pegawai01, or that everybody may see."""
    with database.reading() as db:
        me = db.scalars(sa.select(m.Account.officer_id).where(m.Account.username == "pegawai01")).one()
        series = sa.select(m.MeetingInvite.meeting_id).group_by(m.MeetingInvite.meeting_id)
        asked = {
            "service_id": sa.select(m.ServiceType.id),
            "machine_id": sa.select(m.Machine.id),
            "reading_id": sa.select(m.MachineReading.id),
            "request_id": sa.select(m.ServiceRequest.id).where(m.ServiceRequest.assignee_id == me),
            "meeting_id": series.order_by(sa.func.count().desc(), m.MeetingInvite.meeting_id),
            "occurrence_id": sa.select(m.Occurrence.id).where(
                m.Occurrence.meeting_id
                == series.order_by(sa.func.count().desc(), m.MeetingInvite.meeting_id).limit(1).scalar_subquery()
            ),
            "entry_id": sa.select(m.LogEntry.id).where(m.LogEntry.officer_id == me, m.LogEntry.date == TODAY),
            "report_id": sa.select(m.DailyReport.id).where(m.DailyReport.officer_id == me),
            "code": sa.select(m.Mark.receipt).where(m.Mark.officer_id == me),
            "notice_id": sa.select(m.Notice.id)
            .join(m.Account, m.Account.id == m.Notice.account_id)
            .where(m.Account.username == "pegawai01"),
            "asked_id": sa.select(m.WaitingRequest.request_id).where(m.WaitingRequest.holder_id.is_(None)),
            "division_id": sa.select(m.Posting.division_id).where(m.Posting.officer_id == me),
            "job_id": sa.select(m.ExportJob.id),
            "place_id": sa.select(m.Place.id).where(m.Place.ended_at.is_(None)),
            "run_id": sa.select(m.RosterRun.id),
            "leave_id": sa.select(m.LeaveRequest.id).where(m.LeaveRequest.state == m.LeaveState.AGREED),
            "call_id": sa.select(m.DutyCall.id),
            "swap_id": sa.select(m.DutySwap.id),
            "order_id": sa.select(m.DutyOrder.id).order_by(m.DutyOrder.id.desc()),
            "exemption_id": sa.select(m.Exemption.id).order_by(m.Exemption.people.desc()),
            "outage_id": sa.select(m.Outage.id),
            "rule_id": sa.select(m.RuleSet.id).where(m.RuleSet.subject == "special"),
        }
        found = {name: db.scalars(statement.limit(1)).one() for name, statement in asked.items()}
        invites = sa.select(m.MeetingInvite.id, m.MeetingInvite.token, m.Occurrence.date).join(
            m.Occurrence, m.Occurrence.meeting_id == m.MeetingInvite.meeting_id
        )
        mine = invites.where(m.MeetingInvite.officer_id == me, m.Occurrence.date == TODAY).limit(1)
        found["token"] = joining.token_for(*db.execute(mine).one())
    return found | {"officer_id": me, "day": TODAY.isoformat(), "kind": "work_hours"} | {"month": "2026-11"}


def test_every_page_has_a_budget(office: World) -> None:
    there = {route.path for route in _routes(office.app) if "GET" in route.methods}
    there = {path for path in there if not path.startswith(CALLS)}  # their statements: test_api
    assert there - (PUBLIC - {"/join/{token}"}) == set(BUDGET)


def test_every_page_keeps_its_budget_whatever_the_head_count(office: World) -> None:
    given = _given(office.database)
    asked = [(path, *budget) for path, budget in BUDGET.items()]
    asked += [(path, "pegawai02", most) for path, most in STAFF.items()]
    asked.append(("/attendance?show=duty_minimum", "kepegawaian", 8))
    asked.append(("/requests/hand-over?all=1", "kadis", 6))
    asked += [("/attendance/{officer_id}/{day}", username, 8) for username in ("kadis", "pegawai01")]
    clients = {username: _client(office, username) for _path, username, _most in asked}
    for path in ("/", "/requests"):  # what is kept per process is read once, not by each page
        clients["kadis"].get(path)
    over = []
    for path, username, most in asked:
        with count_queries(office.database) as seen:
            answer = clients[username].get(path.format(**given))
        if answer.status_code not in {200, 303} or len(seen) > most:
            over.append((path, username, answer.status_code, f"{len(seen)} statements, not {most}"))
        if path not in FILES and len(answer.content) > HTML:
            over.append((path, username, answer.status_code, f"{len(answer.content)} bytes"))
    assert over == [], "\n".join(map(str, over))


def _asked(office: World) -> dict[str, Any]:
    """What stands for the placeholders of ASKED_FOR."""
    client, found = _client(office, "pegawai01"), _given(office.database)
    turns = re.findall(r"/roster/swaps/new\?date=([\d-]+)", client.get("/roster/swaps").text)
    (colleague, *_more) = re.findall(r"colleague=(\d+)", client.get(f"/roster/swaps/new?date={turns[0]}").text)
    call = f"{found['officer_id']}.{turns[0]}.{found['division_id']}"
    return found | {"turn": turns[0], "colleague": colleague, "call": call}


def test_a_page_that_is_asked_for_something_keeps_its_budget_too(office: World) -> None:
    given, over = _asked(office), []
    for path, (username, most) in ASKED_FOR.items():
        client = _client(office, username)
        with count_queries(office.database) as seen:
            answer = client.get(path.format(**given))
        size = 0 if path in FILES else len(answer.content)
        if answer.status_code != 200 or len(seen) > most or size > HTML:
            over.append(f"{path}: {answer.status_code}, {len(seen)} statements, not {most}; {size} bytes")
    assert over == [], "\n".join(over)


def test_a_check_in_is_four_statements_and_one_commit_and_the_board_that_has_not_changed_two(office: World) -> None:
    client, commits = _client(office, "pegawai02"), []

    def note(connection: Any) -> None:
        commits.append(connection)

    tag = {"If-None-Match": client.get("/board").headers["etag"]}
    with count_queries(office.database) as seen:
        assert client.get("/board", headers=tag).status_code == 304
    assert len(seen) <= 2, seen
    event.listen(office.database.engine, "commit", note)
    with count_queries(office.database) as seen:
        answer = client.post("/presence/check-in", data={"mode": "home", "idempotency_key": "budget-of-a-check-in"})
    event.remove(office.database.engine, "commit", note)
    assert answer.status_code == 303
    assert len(seen) <= 4, seen
    assert len(commits) == 1
