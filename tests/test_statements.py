"""What the pages ask of the database, on an office that has grown: no full scan, and no row of another office.

Every page is opened by everybody who may, with many rows behind it. Each statement is then shown to the database's own
planner. A statement that reads a growing table from end to end is refused, and so is one that does not say whose office
it means. Whoever adds a table says here whether it grows.
"""

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import String, cast, event, insert, literal, select, update
from sqlalchemy.orm import Session

from bench.postgres import analyse
from staffhub import corrections
from staffhub import models as m
from staffhub.db import Base, Database
from tests.conftest import MORNING, TODAY, World, add_officer
from tests.test_access import WHO, _belongings
from tests.test_api import program

# Rows are added every day, for ever.
GROWS = {
    "appointment", "appointment_hold", "appointment_step",
    "api_answer", "attendance", "attendance_look",
    "audit_event", "checkout_proposal", "claim", "correction", "correction_request", "correction_step",
    "daily_report", "day_record", "duty_assignment", "duty_call", "duty_swap", "duty_swap_step", "zoom_sighting",
    "duty_order", "duty_order_step", "exemption", "exemption_person", "exemption_step", "join_click", "late_delivery",
    "leave_request",
    "leave_step", "log_entry", "machine_mark", "machine_reading",
    "mark", "mark_device", "mark_note", "mark_proof",
    "meeting", "meeting_invite", "meeting_item", "month_snapshot",
    "month_step", "notice", "occurrence", "outage", "outage_excuse", "outage_step",
    "plan_ending", "plan_entry", "plan_grant", "recount", "recounted_day",
    "report_step", "roll_call", "roll_call_entry",
    "roster_cell", "roster_excuse", "roster_run", "roster_step", "roster_wish",
    "request_event", "service_request", "sign_in_attempt", "snapshot_line", "standup_note", "trouble_sign",
    "user_session", "zoom_task",
}  # fmt: skip
# As many as there are people, bidang, services and years; forms are kept for an hour, files for a day.
STAYS = {
    "account", "api_token", "calendar_feed",
    "correction_waiting", "division", "export_job", "heartbeat", "holiday", "home_only", "kept_form",
    "kept_list", "kept_register",
    "leave_delegate", "leave_opening", "log_delegate", "log_template",
    "machine", "machine_person",
    "office", "officer", "place", "posting", "roster_plan", "rule_set", "service_type", "week_pattern",
    "zoom_person", "zoom_user",
}  # fmt: skip
# Few people and many days: what one page asks of a day or a month is then a small part of the table, as in real life.
PEOPLE, DAYS = 15, 700

# Statements that may read a growing table whole, by a part of their text, with the reason.
MAY_SCAN = {
    "standup_note.unblocked_at IS NULL": "the index holds only what is still in somebody's way: a few rows",
    "SELECT count(*) AS count_1 FROM duty_order": "how many pages there are: a count reads what it counts",
    "lower(duty_order.number) LIKE": "part of a number or a name is looked for: no index finds the middle of a word",
    "duty_order.number ILIKE": "part of a number or a name is looked for: no index finds the middle of a word",
    "FROM outage WHERE outage.office_id": "how many there are and wait: a count reads what it counts",
    "SELECT count(*) AS count_1 FROM exemption": "how many pages there are: a count reads what it counts",
    "SELECT count(*) AS count_1 FROM service_request": "how many pages there are: a count reads what it counts",
    "service_request.service_type_id = %(service_type_id_1)s": "whether anybody asked: it stops at the first one",
    "SELECT request_event.request_id, service_request.service_type_id, service_request.closed_at": (
        "the steps of eight weeks, each of which is read: of a table of one year the planner takes all of it"
    ),
    "FROM roster_excuse": "read once for each version of the office, as its holidays are: a day here and there",
    "strpos(service_request.sought": "part of a name is looked for: no index finds the middle of a word",
}
# Statements that name no office, by a part of their text, with the reason.
OF_NO_OFFICE = {
    "FROM user_session JOIN account": "who it is comes from an unguessable token, and the office with them",
    "api_token.digest =": "who calls comes from an unguessable token, and the office with it",
    "user_session": "belongs to an account, not to an office",
    "sign_in_attempt": "asked before anybody is known",
    "SELECT DISTINCT service_type.code": "what the description of the calls names, which anybody may read",
    "service_request.public_code IN": "of all offices at once: a citizen names none",
    "alembic_version": "the database's own",
    "notice.account_id =": "the list of whoever is signed in",
    "FROM heartbeat": "the process's own",
    "account.username =": "unique over all offices: people sign in with it alone",
    "meeting_invite.token =": "an unguessable token of one invitation",
    "pg_catalog": "the driver's own",
    # Rows that belong to one which was loaded with its office, found by its id.
    "meeting_invite.meeting_id ": "invitations of a meeting that was loaded with its office",
    "FROM snapshot_line": "lines of snapshots that were loaded with their office",
    "occurrence.meeting_id =": "dates of a meeting that was loaded with its office",
    "zoom_task.meeting_id =": "what Zoom must do about a meeting that was loaded with its office",
    "notice.subject_id =": "what is told of a row that was loaded with its office",
    "request_event.request_id =": "steps of a request that was loaded with its office",
}
# A row named by its primary key was loaded, or is checked by whoever loads it: `WHERE officer.id = ?`.
BY_KEY = re.compile(r"\b(?:WHERE|AND) \(?\w+\.id = (?:%\(|\?)")
OFFICE = re.compile(r"\boffice_id = ")


def test_every_table_grows_or_stays() -> None:
    assert set(Base.metadata.tables) == GROWS | STAYS
    assert not GROWS & STAYS


def _people(db: Session, office_id: int, division_id: int) -> None:
    for number in range(PEOPLE):
        facts = {"number": f"THL-{number:04}", "name": f"Pegawai {number:03}", "position": "Petugas"}
        kind = m.EmploymentType.THL
        add_officer(db, db.get_one(m.Office, office_id), employment_type=kind, division_id=division_id, **facts)
    db.flush()


def _for_each_day(db: Session, target: Any, office_id: int, **values: Any) -> None:
    """Add one row for every officer and day: what has a column and is not given is taken from the two."""
    columns = target.__table__.c
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    rows = []
    for number, (officer_id, back) in enumerate(product(officers, range(1, DAYS + 1))):
        day, key = TODAY - timedelta(days=back), f"fill-{number:08}"
        own = {"office_id": office_id, "officer_id": officer_id, "date": day, "first": day, "last": day}
        own |= {"idempotency_key": key, "receipt": key[-7:]}
        rows.append({name: value for name, value in own.items() if name in columns} | values)
    db.execute(insert(target), rows)


def _fill(database: Database, office_id: int, account_id: int) -> None:
    with database.transaction() as db:
        division_id = db.scalars(select(m.Division.id).where(m.Division.office_id == office_id)).first() or 0
        service_id = db.scalars(select(m.ServiceType.id).where(m.ServiceType.office_id == office_id)).first()
        _people(db, office_id, division_id)
        at = MORNING - timedelta(days=30)
        _for_each_day(
            db, m.Mark, office_id, turn=1, kind=m.MarkKind.CHECK_IN, mode=m.WorkMode.OFFICE, note="", attempted_at=at,
            received_at=at, method="tap", grade=m.Grade.C,
        )  # fmt: skip
        _for_each_day(
            db, m.LogEntry, office_id, text="Melayani", starts=time(8), ends=time(9), unit="", version=1, created_at=at,
            updated_at=at,
        )  # fmt: skip
        notes = select(m.Mark.office_id, m.Mark.id, m.Mark.note, m.Mark.received_at, m.Mark.idempotency_key)
        names = ["office_id", "mark_id", "note", "created_at", "idempotency_key"]
        db.execute(insert(m.MarkNote).from_select(names, notes.where(m.Mark.idempotency_key.startswith("fill"))))
        place = m.Place(office_id=office_id, name="Pintu", token="t", key="ab", made_by=account_id, made_at=at,
                        idempotency_key="fill")  # fmt: skip
        db.add(place)
        db.flush()
        proven = select(m.Mark.office_id, m.Mark.officer_id, m.Mark.date, m.Mark.id, literal(place.id), m.Mark.id,
                        m.Mark.received_at)  # fmt: skip
        names = ["office_id", "officer_id", "date", "mark_id", "place_id", "slot", "created_at"]
        db.execute(insert(m.MarkProof).from_select(names, proven.where(m.Mark.idempotency_key.startswith("fill"))))
        session_id = db.scalars(select(m.UserSession.id)).first()
        pressed = select(m.Mark.office_id, m.Mark.officer_id, m.Mark.date, m.Mark.id, literal(session_id),
                         m.Mark.receipt, m.Mark.received_at, m.Mark.id)  # fmt: skip
        names = ["office_id", "officer_id", "date", "mark_id", "session_id", "device_hash", "at", "second"]
        db.execute(insert(m.MarkDevice).from_select(names, pressed.where(m.Mark.idempotency_key.startswith("fill"))))
        _for_each_day(
            db, m.LateDelivery, office_id, kind=m.MarkKind.CHECK_IN, mode=m.WorkMode.OFFICE, arrived_at=at,
            counted=m.Counted.ARRIVAL,
        )  # fmt: skip
        _for_each_day(
            db, m.StoredDay, office_id, division_id=division_id, employment_type=m.EmploymentType.THL, state="present",
            code="H", first=at, last=None, worked=510, late=0, early=0, findings=[], kinds="", needs_person=False,
            corrected=False, counted=True, rules=[], facts_hash="-", computed_at=at,
        )  # fmt: skip
        stored = {"stored_from": TODAY - timedelta(days=DAYS), "stored_to": TODAY - timedelta(days=1)}
        db.execute(update(m.Office).where(m.Office.id == office_id).values(**stored))
        _for_each_day(
            db, m.DailyReport, office_id, minutes=60, submitted_at=at, state=m.LogState.VERIFIED, verified_at=at
        )
        sent = select(m.DailyReport.office_id, m.DailyReport.id, m.DailyReport.minutes, m.DailyReport.submitted_at)
        key = literal("fill-") + cast(m.DailyReport.id, String)
        sent = sent.add_columns(literal(1), literal("submitted"), literal(""), key)
        names = ["office_id", "report_id", "minutes", "created_at", "turn", "act", "note", "idempotency_key"]
        db.execute(insert(m.ReportStep).from_select(names, sent))
        _for_each_day(
            db, m.Correction, office_id, kind=m.CorrectionKind.ABSENT, reason=m.CorrectionReason.FORGOT, note="",
            created_by=account_id, created_at=at,
        )  # fmt: skip
        _fill_asked(db, office_id, account_id)
        _for_each_day(
            db, m.AuditEvent, office_id, at=at, verb="test.filled", subject="officer", subject_id=1, facts={},
            request_id="-",
        )  # fmt: skip
        _fill_requests(db, office_id, service_id or 0, account_id)
        _fill_meetings(db, office_id, account_id)
        _fill_plans(db, office_id, account_id)
        _fill_leaves(db, office_id, account_id)
        _fill_orders(db, office_id, account_id)
        _fill_outages(db, office_id, account_id)
        _fill_roll_calls(db, office_id, account_id)
        _fill_sessions(db)
        _fill_work(db, office_id, account_id)
        _fill_notices(db, office_id)
        _fill_rosters(db, office_id, account_id)
        _fill_machines(db, office_id)
    if not database.sqlite:
        analyse(database.engine.url)


def _fill_machines(db: Session, office_id: int) -> None:
    """Everybody laid a finger on the machine each day, and its file was read each evening."""
    machine = m.Machine(office_id=office_id, name="Dua", utc_offset=480, created_at=MORNING)
    db.add(machine)
    db.flush()
    same = {"office_id": office_id, "machine_id": machine.id}
    read = {
        "name": "attlog.dat", "size": 1, "clock_error": 0, "state": m.TaskState.DONE, "due_at": MORNING,
        "bad_lines": [], "names": {}, "created_at": MORNING,
    }  # fmt: skip
    db.execute(insert(m.MachineReading), [same | read | {"hash": f"fill-{n}"} for n in range(DAYS)])
    reading_id = db.scalars(select(m.MachineReading.id).where(m.MachineReading.machine_id == machine.id)).first()
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    db.execute(
        insert(m.MachinePerson),
        [
            same
            | {"number": str(n), "officer_id": officer_id, "first": TODAY - timedelta(days=DAYS), "created_at": MORNING}
            for n, officer_id in enumerate(officers)
        ],
    )
    marks = [
        same
        | {
            "reading_id": reading_id, "line": 1, "number": str(n), "written": str(n), "received_at": MORNING,
            "machine_time": f"{TODAY - timedelta(days=back)} 07:20:00", "at": MORNING - timedelta(days=back),
            "date": TODAY - timedelta(days=back),
        }
        for n, back in product(range(len(officers)), range(1, DAYS + 1))
    ]  # fmt: skip
    db.execute(insert(m.MachineMark), marks)


def _fill_asked(db: Session, office_id: int, account_id: int) -> None:
    """Everybody has asked for everything, and all of it is passed on, accepted and confirmed."""
    asked, at = m.CorrectionRequest, MORNING - timedelta(days=30)
    _for_each_day(
        db, asked, office_id, kind=m.CorrectionKind.LEAVE, reason=m.CorrectionReason.FORGOT, note="",
        created_by=account_id, created_at=at,
    )  # fmt: skip
    names = ["office_id", "request_id", "turn", "kind", "note", "created_by", "created_at", "idempotency_key"]
    for turn, kind in enumerate(("asked", "passed_on", "accepted", "confirmed"), 1):
        key = literal(f"{turn}-") + asked.idempotency_key
        done = select(
            asked.office_id, asked.id, literal(turn), literal(kind), literal(""), asked.created_by, asked.created_at,
            key,
        ).where(asked.idempotency_key.startswith("fill"))  # fmt: skip
        db.execute(insert(m.CorrectionStep).from_select(names, done))


def _fill_work(db: Session, office_id: int, account_id: int) -> None:
    """What the machine did of itself, and the months that were signed: more than there will ever be."""
    day, made = m.StoredDay, m.CheckoutProposal
    there = select(made.id).where(made.officer_id == day.officer_id, made.date == day.date).exists()
    proposed = select(
        day.office_id, day.officer_id, day.date, day.computed_at, literal("log"), literal(1), day.computed_at
    ).where(day.office_id == office_id, ~there)
    names = ["office_id", "officer_id", "date", "at", "source", "source_id", "created_at"]
    db.execute(insert(made).from_select(names, proposed))
    recount = {"office_id": office_id, "first": TODAY, "last": TODAY, "cause": "holiday", "state": m.TaskState.DONE,
               "due_at": MORNING, "created_at": MORNING, "finished_at": MORNING}  # fmt: skip
    db.execute(insert(m.Recount), [recount for _n in range(8000)])
    signed = {"office_id": office_id, "at": MORNING - timedelta(days=DAYS)}
    months = [date(1500 + n // 12, n % 12 + 1, 1) for n in range(12 * 500)]
    snapshots = [signed | {"first": first, "number": 0, "head": "{}", "hash": "-", "officers": 1} for first in months]
    db.execute(insert(m.MonthSnapshot), snapshots)
    old = select(m.MonthSnapshot.first, m.MonthSnapshot.id).where(m.MonthSnapshot.hash == "-")
    step = signed | {"turn": 1, "kind": m.SignStep.SIGNED, "created_by": account_id}
    steps = [
        step | {"first": first, "snapshot_id": id_, "idempotency_key": f"{first}"} for first, id_ in db.execute(old)
    ]
    db.execute(insert(m.MonthStep), steps)


def _fill_requests(db: Session, office_id: int, service_id: int, account_id: int) -> None:
    """A year of requests, nearly all of them closed."""
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    rows = [
        {
            "office_id": office_id, "number": f"PM-{2500 + n // 2000:04}-{n:05}", "service_type_id": service_id,
            "applicant": f"Ibu N. {n}", "phone": "", "channel": m.Channel.COUNTER, "urgent": False,
            "siak_reference": "", "state": m.RequestState.DONE if n % 200 else m.RequestState.CHECKING,
            "assignee_id": officers[n % len(officers)], "created_by": account_id,
            "created_at": MORNING - timedelta(days=n % DAYS), "updated_at": MORNING - timedelta(days=n % DAYS),
            "closed_at": MORNING - timedelta(days=n % DAYS) if n % 200 else None, "version": 1,
            "idempotency_key": uuid4().hex,
        }
        for n in range(8000)
    ]  # fmt: skip
    db.execute(insert(m.ServiceRequest), rows)
    request = m.ServiceRequest
    columns = ["office_id", "request_id", "at", "officer_id", "state", "note"]
    given = select(
        request.office_id, request.id, request.created_at, request.assignee_id, request.state, literal("")
    ).where(request.office_id == office_id)
    for _step in range(2):
        db.execute(insert(m.RequestEvent).from_select(columns, given))
    _fill_appointments(db, office_id)


def _fill_appointments(db: Session, office_id: int) -> None:
    """One for each request that is closed; a seat of its own keeps them apart."""
    request, kind, one = m.ServiceRequest, m.ServiceType, m.Appointment
    came = (literal("came"), literal(MORNING, one.created_at.type))
    where = (request.office_id == office_id, request.closed_at.is_not(None))
    day = literal(TODAY - timedelta(days=90), sa.Date)
    given = select(
        request.office_id, request.id, kind.id, kind.division_id, day, literal(time(8), sa.Time), literal(30),
        request.id, *came, literal(1),
    )  # fmt: skip
    names = ["office_id", "request_id", "service_type_id", "division_id", "date", "starts", "minutes", "seat"]
    joined = given.join(kind, kind.id == request.service_type_id).where(*where)
    db.execute(insert(one).from_select([*names, "state", "created_at", "version"], joined))
    steps = select(one.office_id, one.id, one.created_at, one.state, literal("")).where(one.office_id == office_id)
    names = ["office_id", "appointment_id", "at", "state", "note"]
    db.execute(insert(m.AppointmentStep).from_select(names, steps))
    held = select(one.division_id, one.date, one.starts, one.seat, one.id).where(one.office_id == office_id)
    names = ["division_id", "date", "starts", "seat", "appointment_id"]
    db.execute(insert(m.AppointmentHold).from_select(names, held))


def _fill_rosters(db: Session, office_id: int, account_id: int) -> None:
    """Months of all bidang that were planned, each with its steps, wishes, swaps, calls and excused days."""
    at = {"office_id": office_id, "created_by": account_id, "created_at": MORNING}
    divisions = db.scalars(select(m.Division.id).where(m.Division.office_id == office_id)).all()
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    days = [TODAY - timedelta(days=back) for back in range(60, DAYS)]
    months = sorted({day.replace(day=1) for day in days})
    plans = [m.RosterPlan(office_id=office_id, division_id=divisions[0], month=one, version=9, created_at=MORNING)
             for one in months]  # fmt: skip
    db.add_all(plans)
    db.flush()
    of_month = {plan.month: plan.id for plan in plans}
    cell = {"office_id": office_id, "mode": m.PlanMode.HOME, "locked": False}
    cells = [cell | {"officer_id": who, "date": day, "plan_id": of_month[day.replace(day=1)]}
             for who, day in product(officers, days)]  # fmt: skip
    db.execute(insert(m.RosterCell), cells)
    steps = [at | {"plan_id": plan.id, "turn": turn, "act": m.RosterAct.CHANGED, "changes": [], "note": ""}
             for plan, turn in product(plans, range(1, 300))]  # fmt: skip
    db.execute(insert(m.RosterStep), steps)
    run = {"office_id": office_id, "account_id": account_id, "asked": {}, "state": m.TaskState.DONE, "attempts": 1,
           "progress": 100, "due_at": MORNING, "created_at": MORNING}  # fmt: skip
    runs = [run | {"month": date(1500 + n // 12, n % 12 + 1, 1), "key": f"fill-{n}"} for n in range(6000)]
    db.execute(insert(m.RosterRun), runs)
    excuses = [at | {"division_id": one, "date": day, "group": group, "reason": "x"}
               for one, day, group in product(divisions, days, ("ASN", "THL"))]  # fmt: skip
    db.execute(insert(m.RosterExcuse), excuses)
    _for_each_day(db, m.RosterWish, office_id, mode=m.PlanMode.HOME, note="", created_at=MORNING)
    swap = {"office_id": office_id, "state": m.SwapState.DECLINED, "note": "", "version": 1, "created_at": MORNING}
    swaps = [swap | {"officer_id": who, "colleague_id": officers[n % len(officers)], "gives": day, "takes": day,
                     "idempotency_key": f"fill-{day}"}
             for day in days for n, who in enumerate(officers, 1)]  # fmt: skip
    db.execute(insert(m.DutySwap), swaps)
    names = ["office_id", "swap_id", "turn", "state", "note", "grants", "created_at"]
    one = m.DutySwap
    asked = select(one.office_id, one.id, literal(1), one.state, one.note, literal([], sa.JSON), one.created_at)
    db.execute(insert(m.DutySwapStep).from_select(names, asked))
    _for_each_day(
        db, m.DutyCall, office_id, division_id=divisions[0], group="THL", state=m.CallState.DECLINED, note="",
        asked_at=MORNING, version=1,
    )  # fmt: skip


def _fill_notices(db: Session, office_id: int) -> None:
    """A list of some years for everybody, and little of it unread."""
    accounts = db.scalars(select(m.Account.id).where(m.Account.office_id == office_id)).all()
    rows = [
        {
            "office_id": office_id, "account_id": account, "kind": m.NoticeKind.MONTH_SIGNED, "subject": "",
            "key": f"{n}", "address": "/", "params": {"month": "2026-10-01", "of": None},
            "state": m.TaskState.DONE, "attempts": 1,
            "due_at": MORNING, "created_at": MORNING, "read_at": MORNING if n % 100 else None,
        }
        for account in accounts
        for n in range(500)
    ]  # fmt: skip
    db.execute(insert(m.Notice), rows)


def _fill_meetings(db: Session, office_id: int, account_id: int) -> None:
    rows = [
        {
            "office_id": office_id, "kind": m.MeetingKind.SINGLE, "topic": "Lama", "agenda": "",
            "starts_on": TODAY - timedelta(days=n % 700 + 1), "ends_on": TODAY - timedelta(days=n % 700 + 1),
            "starts_at": time(9), "minutes": 30, "weekdays": [], "occurrences": 1,
            "audience": {}, "state": m.MeetingState.READY, "marker": f"[sh:{n:06}]", "version": 1,
            "zoom_host": "", "join_url": "", "trouble": "", "created_by": account_id, "created_at": MORNING,
            "idempotency_key": uuid4().hex,
        }
        for n in range(3000)
    ]  # fmt: skip
    db.execute(insert(m.Meeting), rows)
    meetings = db.execute(select(m.Meeting.id, m.Meeting.starts_on).where(m.Meeting.topic == "Lama")).all()
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    invites = [
        {"office_id": office_id, "meeting_id": one.id, "officer_id": officer, "token": uuid4().hex}
        for one in meetings
        for officer in officers[:3]
    ]
    db.execute(insert(m.MeetingInvite), invites)
    held = [
        {
            "office_id": office_id, "meeting_id": one.id, "date": one.starts_on, "minutes": 30,
            "state": m.OccurrenceState.PLANNED, "starts_at": MORNING,
        }
        for one in meetings
    ]  # fmt: skip
    db.execute(insert(m.Occurrence), held)
    tasks = [
        {
            "office_id": office_id, "meeting_id": one.id, "verb": m.ZoomVerb.CREATE, "state": m.TaskState.DONE,
            "due_at": MORNING, "attempts": 1, "unclear": False, "error": "", "created_at": MORNING,
        }
        for one in meetings
    ]  # fmt: skip
    db.execute(insert(m.ZoomTask), tasks)
    _for_each_day(db, m.JoinClick, office_id, meeting_id=meetings[0].id, at=MORNING)
    seen = {"office_id": office_id, "name": "Ben", "sign": m.Sign.EMAIL, "left_at": MORNING, "seconds": 60}
    seen |= {"joined_at": MORNING}
    there = [
        seen | {"meeting_id": one.id, "date": one.starts_on, "officer_id": who, "person": f"officer:{who}"}
        for one in meetings
        for who in officers[:3]
    ]
    db.execute(insert(m.Attendance), there)
    told = {"office_id": office_id, "run": "r", "connection": "1", "seen": m.Seen.JOINED, "zoom_user": "", "email": ""}
    told |= {"name": "Ben", "at": MORNING, "received_at": MORNING}
    db.execute(insert(m.ZoomSighting), [told | {"meeting_id": one.id, "fingerprint": str(one.id)} for one in meetings])
    looked = {"office_id": office_id, "sightings": 1, "asked": 0, "trouble": ""}
    db.execute(insert(m.AttendanceLook), [looked | {"meeting_id": one.id, "date": one.starts_on} for one in meetings])
    said = {"office_id": office_id, "kind": m.ItemKind.ACTION, "text": "Cek", "created_by": account_id, "version": 1}
    ended = {"end_kind": m.ItemEnd.DONE, "ended_by": account_id, "ended_at": MORNING, "created_at": MORNING}
    items = [
        said
        | ended
        | {"meeting_id": one.id, "date": one.starts_on, "owner_id": officer, "idempotency_key": uuid4().hex}
        for one in meetings
        for officer in officers[:3]
    ]
    db.execute(insert(m.MeetingItem), items)
    _for_each_day(
        db, m.StandupNote, office_id, meeting_id=meetings[0].id, done="", doing="Loket", blocked="Printer",
        unblocked_at=MORNING, unblocked_by=account_id, written_at=MORNING, version=1,
    )  # fmt: skip


def _fill_plans(db: Session, office_id: int, account_id: int) -> None:
    grant = m.PlanGrant
    _for_each_day(
        db, grant, office_id, layer=m.PlanLayer.HAND, mode=m.PlanMode.HOME, note="lama", document="",
        on_free_days=False, created_by=account_id, created_at=MORNING,
    )  # fmt: skip
    granted = select(grant.office_id, grant.officer_id, grant.first, grant.layer, grant.id)
    db.execute(
        insert(m.PlanEntry).from_select(
            ["office_id", "officer_id", "date", "layer", "grant_id"], granted.where(grant.note == "lama")
        )
    )
    ended = select(grant.office_id, grant.id, grant.first, grant.last, grant.created_by, grant.created_at)
    names = ["office_id", "grant_id", "first", "last", "created_by", "created_at"]
    db.execute(insert(m.PlanEnding).from_select(names, ended.where(grant.note == "lama", grant.id % 3 == 0)))


def _fill_leaves(db: Session, office_id: int, account_id: int) -> None:
    """Two years of leave, nearly all of it decided."""
    officers = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    rows = [
        {
            "office_id": office_id, "officer_id": officers[n % len(officers)], "kind": "annual", "note": "",
            "first": TODAY - timedelta(days=n % DAYS + 1), "last": TODAY - timedelta(days=n % DAYS + 1),
            "until": TODAY - timedelta(days=n % DAYS + 1), "half_day": False, "document": "", "created_at": MORNING,
            "state": m.LeaveState.GRANTED if n % 400 else m.LeaveState.ASKED, "created_by": account_id,
            "idempotency_key": uuid4().hex, "version": 1,
        }
        for n in range(8000)
    ]  # fmt: skip
    db.execute(insert(m.LeaveRequest), rows)
    request = m.LeaveRequest
    columns = ["office_id", "request_id", "act", "note", "created_by", "created_at"]
    of_all = (request.office_id, request.id, literal("asked"), literal(""), request.created_by, request.created_at)
    for _step in range(2):
        db.execute(insert(m.LeaveStep).from_select(columns, select(*of_all).where(request.office_id == office_id)))


def _fill_orders(db: Session, office_id: int, account_id: int) -> None:
    """An order of one day for each of the ranges of the plan, and an exemption for each third of them."""
    grants = db.execute(
        select(m.PlanGrant.id, m.PlanGrant.officer_id, m.PlanGrant.first).where(m.PlanGrant.note == "lama").limit(4000)
    ).all()
    who = {"office_id": office_id, "created_by": account_id, "created_at": MORNING}
    order = {"duty": m.Duty.FIELD, "place": "Manado", "purpose": "Rapat", "basis": "", "on_free_days": False,
             "signer_name": "Sekda", "signer_position": "", "issued": TODAY}  # fmt: skip
    circular = {"meaning": m.Meaning.HOME, "reason": "Banjir", "scope": {}, "people": 1, "number": "SE"}
    days = [{"first": one.first, "last": one.first} for one in grants]
    numbers = [{"number": f"ST {one.id}", "number_key": f"st{one.id}"} for one in grants]
    at = [{"created_at": MORNING - timedelta(minutes=n)} for n in range(len(grants))]
    letters = zip(days, numbers, at, strict=True)
    db.execute(insert(m.DutyOrder), [who | order | day | number | written for day, number, written in letters])
    db.execute(insert(m.Exemption), [who | circular | day for day in days])
    step = {"turn": 1, "officers": [], "reason": "Batal"}
    for table, link, steps, column in (
        (m.DutyOrder, m.DutyAssignment, m.DutyOrderStep, "order_id"),
        (m.Exemption, m.ExemptionPerson, m.ExemptionStep, "exemption_id"),
    ):
        taken = set(db.scalars(select(link.grant_id)))  # type: ignore[attr-defined]
        ids = list(db.scalars(select(table.id).order_by(table.id.desc()).limit(len(grants))))  # type: ignore[attr-defined]
        pairs = [pair for pair in zip(ids, grants, strict=True) if pair[1].id not in taken]
        named = [
            {"office_id": office_id, column: id_, "officer_id": one.officer_id, "grant_id": one.id}
            for id_, one in pairs
        ]
        db.execute(insert(link), named)
        kind = {"kind": m.OrderStep.WITHDRAWN} if table is m.DutyOrder else {}
        changed = [who | step | kind | {column: id_, "first": one.first, "last": one.first} for id_, one in pairs[::3]]
        db.execute(insert(steps), changed)


def _fill_roll_calls(db: Session, office_id: int, account_id: int) -> None:
    """Each bidang calls each day, and now and then once more; the rule that lets a roll call count holds."""
    people = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
    divisions = db.scalars(select(m.Division.id).where(m.Division.office_id == office_id)).all()
    calls, entries = [], []
    for n in range(DAYS):
        day = TODAY - timedelta(days=n)
        at = MORNING - timedelta(days=n)
        call = {"office_id": office_id, "date": day, "turn": 1, "held_at": at, "reason": "", "created_by": account_id}
        calls += [call | {"division_id": one, "created_at": at, "idempotency_key": uuid4().hex} for one in divisions]
        entries += [{"office_id": office_id, "officer_id": one, "date": day, "state": m.RollState.PRESENT, "at": at}
                    for one in people]  # fmt: skip
    db.execute(insert(m.RollCall), calls)
    ids = db.scalars(select(m.RollCall.id).where(m.RollCall.office_id == office_id)).all()
    db.execute(insert(m.RollCallEntry), [one | {"roll_call_id": ids[n % len(ids)]} for n, one in enumerate(entries)])
    db.add(m.RuleSet(office_id=office_id, kind=m.RuleKind.ONE_PROOF, valid_from=TODAY - timedelta(days=DAYS),
                     values={"ways": ["mark", "code", "roll_call", "standup"]}, legal_source="SE",
                     owner="HR"))  # fmt: skip


def _fill_outages(db: Session, office_id: int, account_id: int) -> None:
    """Two disturbances a week, each with a step, people whom it excuses, and the signs of some months."""
    for n in range(600):
        at = MORNING - timedelta(days=3 * n)
        span = {"office_id": office_id, "first": at, "last": at + timedelta(minutes=20)}
        outage = m.Outage(**span, kind=m.OutageKind.APP, state=m.OutageState.CONFIRMED, source="", evidence={},
                          officers=[], created_at=at)  # fmt: skip
        db.add(outage)
        db.flush()
        step = {"act": m.OutageAct.NOTICED, "reason": "", "people": 1, "created_by": account_id, "created_at": at}
        steps = [span | step | {"outage_id": outage.id, "turn": n} for n in range(1, 5)]
        db.execute(insert(m.OutageStep), [one | {"idempotency_key": uuid4().hex} for one in steps])
        people = db.scalars(select(m.Officer.id).where(m.Officer.office_id == office_id)).all()
        excuse = span | {"outage_id": outage.id, "date": at.date(), "grace": 10, "occurrence_id": 0}
        db.execute(insert(m.OutageExcuse), [excuse | {"officer_id": one} for one in people])
        sign = span | {"kind": m.Trouble.SLOW, "count": 3, "officers": []}
        db.execute(insert(m.TroubleSign), [sign | {"batch": uuid4().hex} for _n in range(10)])


def _fill_sessions(db: Session) -> None:
    accounts = db.scalars(select(m.Account.id)).all()
    db.execute(
        insert(m.UserSession),
        [
            {
                "account_id": accounts[n % len(accounts)], "token_hash": uuid4().hex, "device_hash": "d",
                "user_agent": "test", "created_at": MORNING, "seen_at": MORNING, "expires_at": MORNING,
                "ended_at": MORNING,
            }
            for n in range(8000)
        ],
    )  # fmt: skip
    tries = [
        {
            "at": MORNING - timedelta(days=1),
            "username_hash": uuid4().hex,
            "address_hash": uuid4().hex,
            "succeeded": False,
        }
        for _n in range(8000)
    ]
    db.execute(insert(m.SignInAttempt), tries)
    claims = [{"job": "test", "slot": str(n), "lease_until": MORNING, "done_at": MORNING} for n in range(8000)]
    db.execute(insert(m.Claim), claims)


QUESTIONS = {
    "/board": ["?q=pegawai", "?mode=office"],
    "/requests/hand-over": ["?all=1", "?pick=1&pick=2"],
    "/requests": [
        "?division=1",
        "?division=1&q=novi",
        "?assignee=me",
        "?state=done",
        "?state=deferred",
        "?assignee=none",
        "?assignee=stand-in",
        "?q=novi",
        "?page=3",
    ],
    "/attendance": ["?month=2026-10", "?q=pegawai"],
    "/office": ["?month=2026-10"],
    "/corrections": ["?month=2026-10", "?show=waiting", "?show=asked&month=2026-10"],
    "/corrections/new": ["?date=2026-11-20&kind=check_out"],
    "/worklog": ["?date=2026-11-20"],
    "/worklog/lkh": ["?span=week&date=2026-11-20"],
    "/worklog/summary": ["?whose=me&month=2026-10"],
    "/worklog/lkh/file": ["?kind=b", "?kind=xlsx", "?kind=csv"],
    "/worklog/verify": ["?whose=all"],
    "/presence/scan": ["?code=ABCDEF"],
    "/meetings": ["?week=2026-W46"],
    "/meetings/around": ["?date=2026-11-24&time=09.00&duration=30&everyone=1"],
    "/people": ["?q=pegawai", "?state=left"],
    "/roster": ["?month=2026-10"],
    "/roster/duty": ["?month=2026-10"],
    "/roster/duty/print": ["?month=2026-10"],
    "/roster/fairness": ["?month=2026-10"],
    "/roster/swaps/new": ["?date=2026-11-25"],
    "/leave": ["?kind=annual&first=2026-12-01&last=2026-12-04"],
    "/leave/openings": ["?year=2026"],
    "/orders": ["?show=mine", "?q=pegawai", "?page=2"],
    "/exemptions/{exemption_id}": ["?q=ben"],
    "/me/month": ["?month=2026-10"],
    "/attendance/export": ["?month=2026-11&format=csv"],
}
_POSTS = {
    "/admin/rules/new/{kind}": (
        "hana", {"working_days": "2", "valid_from": "2026-11-20", "valid_to": "2026-12-01", "legal_source": "SK 1",
                 "owner": "HR", "idempotency_key": "statement-7"},
    ),
    "/admin/rules/{rule_id}/edit": (
        "hana", {"working_days": "2", "valid_from": "2026-12-24", "legal_source": "SK 2", "owner": "HR", "version": "1"}
    ),
    "/admin/rules/{rule_id}/succeed": (
        "hana", {"working_days": "4", "valid_from": "2027-12-24", "legal_source": "SK 3", "owner": "HR"}
    ),
    "/admin/rules/{rule_id}/end": ("hana", {"last": "2027-01-01"}),
    "/presence/check-in": ("cy", {"mode": "office", "idempotency_key": "statement-1"}),
    "/presence/late": ("cy", {"kind": "check_out", "idempotency_key": "statement-late", "account": "{cy_account}"}),
    "/presence/check-out": ("cy", {"idempotency_key": "statement-2"}),
    "/worklog": ("ben", {"text": "Menulis", "start": "08.00", "end": "09.00", "idempotency_key": "statement-3"}),
    "/worklog/{entry_id}/edit": ("ben", {"text": "Lain", "start": "08.00", "end": "09.00"}),
    "/requests": (
        "ben",
        {"service_type": "family_card", "applicant": "Ibu N.", "channel": "counter", "idempotency_key": "statement-4"},
    ),
    "/requests/{request_id}/assign": ("ana", {"assignee": "{tia}"}),
    "/requests/{request_id}/state": ("ana", {"state": "waiting", "note": "KK lama"}),
    "/requests/appointments/{appointment_id}/cancel": ("dewi", {}),
    "/requests/{request_id}/correct": (
        "dewi", {"service_type": "family_card", "applicant": "Novi Tan", "phone": "081234560099"}
    ),
    "/corrections": (
        "hana",
        {"officer": "{officer_id}", "date": "2026-11-20", "kind": "mode", "mode": "home",
         "reason": "forgot", "note": "Lupa", "idempotency_key": "statement-5"},
    ),
    "/corrections/{asked_id}/accept": (
        "dewi", {"turn": "1", "seen": "{seen}", "idempotency_key": "statement-8"}
    ),
    "/corrections/{asked_id}/pass-on": (
        "hana", {"turn": "2", "seen": "{seen}", "to": "{dewi}", "idempotency_key": "statement-9"}
    ),
    "/corrections/{asked_id}/decline": (
        "dewi", {"turn": "3", "seen": "{seen}", "note": "Tidak", "idempotency_key": "statement-10"}
    ),
    "/roster/{officer_id}/week": (
        "hana", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "home") | {"valid_from": "2026-12-01"},
    ),
    "/roster/{officer_id}/exceptions": (
        "hana", {"first": "2026-12-01", "last": "2026-12-04", "mode": "home", "idempotency_key": "statement-6"},
    ),
    "/roster/{officer_id}/exceptions/{grant_id}/withdraw": ("hana", {}),
    "/roster/drafts/{division_id}/{month}/cells": ("hana", {"cell": "{tia}.2026-12-03.K", "version": "0"}),
    "/roster/drafts/{division_id}/{month}/excuse": ("hana", {"day": "2026-12-03 THL", "reason": "Sepi"}),
    "/roster/drafts/{division_id}/{month}/excuse/take-back": (
        "hana",
        {"day": "2026-12-03 THL", "reason": "Sepi"},
    ),
    "/roster/drafts/{division_id}/{month}/publish": ("hana", {"version": "1"}),
    "/people/{officer_id}/hand-on/people": ("hana", {"superior": "{tia}", "valid_from": "2026-12-01"}),
    "/people/{officer_id}/hand-on/plan": ("hana", {}),
    "/people/{officer_id}/hand-on/meetings": ("dewi", {"officer": "{ana}"}),
    "/leave": (
        "cy", {"kind": "annual", "first": "2026-12-01", "last": "2026-12-02", "idempotency_key": "statement-8"},
    ),
    "/leave/paper": (
        "hana", {"officer": "{tia}", "kind": "annual", "first": "2026-12-01", "document": "850/1",
                 "idempotency_key": "statement-9"},
    ),
    "/leave/openings": (
        "hana", {"officer": "{tia}", "year": "2026", "days": "4", "idempotency_key": "statement-10"},
    ),
    "/leave/delegates": (
        "hana", {"officer": "{ana}", "valid_from": "2026-12-01", "document": "SK 1", "idempotency_key": "statement-11"},
    ),
    "/leave/{leave_id}/letter": ("hana", {"letter_seen_on": "2026-11-20"}),
    "/leave/{leave_id}/grant": ("dewi", {}),
    "/leave/{leave_id}/shorten": ("hana", {"last": "2026-11-26"}),
    "/leave/{leave_id}/withdraw": ("hana", {}),
    "/meetings/{meeting_id}/dates/{occurrence_id}": ("ana", {"version": "1", "date": "2026-11-24", "time": "10.00"}),
    "/meetings/{meeting_id}/dates/{occurrence_id}/cancel": ("ana", {"version": "2"}),
    "/meetings/{meeting_id}/dates/{occurrence_id}/hold": ("ana", {"version": "3"}),
    "/meetings/{meeting_id}/cancel": ("ana", {"version": "4"}),
    "/worklog/delegates": (
        "dewi", {"superior": "all", "officer": "{tia}", "valid_from": "2026-12-01", "valid_to": "2026-12-02",
                 "idempotency_key": "statement-12"},
    ),
    "/worklog/submit": ("ben", {"date": TODAY.isoformat()}),
    "/worklog/take-back": ("ben", {"date": TODAY.isoformat()}),
    "/worklog/{entry_id}/template": ("ben", {}),
    "/worklog/proposals": ("ben", {"date": TODAY.isoformat(), "take": "all"}),
    "/worklog/copy": ("ben", {"date": TODAY.isoformat(), "take": "all"}),
    "/worklog/verify/{report_id}": ("dewi", {"decision": "verified", "version": "1"}),
    "/account/locale": ("ben", {"locale": "en"}),
    "/account/reminder": ("ben", {"before": "30"}),
}  # fmt: skip

# What programs ask, below /api/v1.
CALLS = (
    "requests", "requests?state=done", "requests?open=true&service_type=family_card", "requests?open=false&cursor=zz",
    "requests?officer={officer_id}&since=2026-11-01", "requests/{request_id}", "requests/{number}",
    "attendance", "attendance?officer={officer_id}&first=2026-10-01&last=2026-10-31", "attendance?first=2026-10-01",
    "officers", "officers?on=2026-10-01", "service-types", "openapi.json",
)  # fmt: skip


def _fill_answers(db: Session) -> None:
    """What programs were told in a week in which each call had a key."""
    token_id = db.scalars(select(m.ApiToken.id)).first()
    said = {"token_id": token_id, "asked": "-", "status": 201, "headers": {}, "body": "{}", "at": MORNING}
    db.execute(insert(m.ApiAnswer), [said | {"key": uuid4().hex} for _n in range(8000)])


def _call_all(app: TestClient, given: dict[str, Any]) -> None:
    """Ask as a program does, and send what it sends twice."""
    wish = {"service_type": "family_card", "applicant": "Ibu N.", "phone": "081234560000"}
    for _again in range(2):
        taken = app.post("/api/v1/requests", json=wish, headers={"Idempotency-Key": "statement-1"})
        assert taken.status_code == 201, taken.text
    for _again in range(2):
        step = {"json": {"state": "checking", "version": 1}, "headers": {"Idempotency-Key": "statement-2"}}
        moved = app.post(f"{taken.headers['location']}/steps", **step)
        assert moved.status_code == 200, moved.text
    for address in CALLS:
        answer = app.get(f"/api/v1/{address}".format(**given, number=taken.json()["number"]))
        assert answer.status_code == 200, (address, answer.text)


@pytest.fixture
def seen(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every distinct statement of a day's work in the office, with the parameters of its first time."""
    given = _belongings(world) | {name: world.officer_id(name) for name in ("ana", "tia", "dewi")}
    given["cy_account"] = world.viewer("cy").account_id
    hana = world.viewer("hana")
    with world.database.transaction() as db:  # who leaves has a part of the page to himself
        db.execute(update(m.Officer).where(m.Officer.id == given["officer_id"]).values(active_to=TODAY + timedelta(5)))
    _fill(world.database, hana.office_id, hana.account_id)
    with world.database.reading() as db:
        asked = corrections.request_for(db, hana, int(given["asked_id"]), now=MORNING)
        given["seen"] = corrections.facts_version(corrections.facts_of(db, hana, asked, now=MORNING))
    found: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        found.setdefault(re.sub(r"\s+", " ", statement), None if many else parameters)

    clients = {name: world.client(name) for name in ("ana", "ben", "cy", "dewi", "hana", "adi")}
    app = program(world)
    with world.database.transaction() as db:
        _fill_answers(db)
        if not world.database.sqlite:
            db.execute(sa.text("ANALYZE api_answer"))
    # What is read together is asked for alone as well, so that each list says whose office it means.
    monkeypatch.setattr("staffhub.db.taken", lambda *_asked: None)
    event.listen(world.database.engine, "before_cursor_execute", note)
    for (method, path), who in WHO.items():
        if method == "GET":
            for name in who & clients.keys():
                for query in ("", *QUESTIONS.get(path, ())):
                    answer = clients[name].get(path.format(**given) + query)
                    assert answer.status_code < 500, (path, query, name)
    wrong: list[object] = []
    for path, (name, typed) in _POSTS.items():
        body = {key: text.format(**given) for key, text in typed.items()}
        answer = clients[name].post(path.format(**given), data=body)
        faults = re.findall(r'class="error"[^>]*>(?:.*?</svg>)?([^<]+)', answer.text, re.DOTALL)
        wrong += [] if answer.status_code in {200, 303} else [(path, answer.status_code, faults)]
    assert wrong == []
    _call_all(app, given)
    event.remove(world.database.engine, "before_cursor_execute", note)
    return found


def _explained(database: Database, found: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each statement with what its plan reads from end to end."""
    with database.engine.connect() as connection:
        if not database.sqlite:
            connection.exec_driver_sql("SET random_page_cost = 1.1")  # as for an SSD: what is small here still fits
        for statement, parameters in found.items():
            if parameters is None or not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                continue
            if database.sqlite:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                yield statement, _scans_on_sqlite([row[3] for row in rows], statement)
            else:
                plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
                yield statement, list(_scans_on_postgresql(plan[0]["Plan"]))


def _scans_on_sqlite(lines: list[str], statement: str) -> list[str]:
    """A search by the office alone reads all of it where there is one office, unless it stops at a limit on the way."""
    in_order = " LIMIT " in statement and "USE TEMP B-TREE FOR ORDER BY" not in lines
    alias = dict(re.findall(r"(\w+) AS (\w+)", statement))
    names = {short: table for table, short in alias.items()}
    found = []
    for line in lines:
        match = re.match(r"(SCAN|SEARCH) (\w+)(.*)", line)
        if match and names.get(match[2], match[2]) in GROWS:
            terms = re.search(r"\(([^()]*)\)(?: LEFT-JOIN)?$", match[3])
            whole = match[1] == "SCAN" or terms is None or (terms[1] == "office_id=?" and not in_order)
            found += [line] if whole else []
    return found


def _scans_on_postgresql(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWS:
        yield f"Seq Scan on {node['Relation Name']} {node.get('Filter', '')}"
    for below in node.get("Plans", ()):
        yield from _scans_on_postgresql(below)


def _excused(statement: str, reasons: dict[str, str]) -> bool:
    """Whether a reason is one for this: what begins as a statement is for that one, not for what it is a part of."""
    return any(statement.startswith(part) if part.startswith("SELECT") else part in statement for part in reasons)


def _without_office(found: dict[str, Any]) -> Iterator[str]:
    of_an_office = {name for name, table in Base.metadata.tables.items() if "office_id" in table.c}
    for statement in found:
        tables = set(re.findall(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+)", statement)) & of_an_office
        if not tables or (statement.startswith("INSERT") and "office_id" in statement):
            continue
        if not (OFFICE.search(statement) or BY_KEY.search(statement) or _excused(statement, OF_NO_OFFICE)):
            yield statement


def test_no_statement_reads_a_growing_table_from_end_to_end_or_forgets_the_office(
    world: World, seen: dict[str, Any]
) -> None:
    assert len(seen) > 60, "the walk asks a lot"
    refused = [
        f"{'; '.join(scans)}\n    {seen[statement]}\n  {statement}"
        for statement, scans in _explained(world.database, seen)
        if scans and not _excused(statement, MAY_SCAN)
    ]
    refused += [f"no office\n    {statement}" for statement in _without_office(seen)]
    assert not refused, "\n".join(refused)
