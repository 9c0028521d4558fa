"""The sweep: every address x everybody of the cast x nobody. A route that is not in the table fails the test."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from staffhub import corrections, days, doors, feeds, notify, presence, worklog
from staffhub import leave as leaves
from staffhub.db import Base
from staffhub.machines import files, one
from staffhub.meetings import plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Account,
    Appointment,
    CalendarFeed,
    Channel,
    CheckoutProposal,
    CorrectionKind,
    CorrectionReason,
    DailyReport,
    Duty,
    DutyCall,
    DutySwap,
    ExportJob,
    Holiday,
    HomeOnly,
    ItemKind,
    LeaveDelegate,
    LogDelegate,
    MachineReading,
    Meaning,
    Meeting,
    MeetingItem,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    OutageKind,
    Posting,
    ProposalSource,
    RosterRun,
    RuleKind,
    RuleSet,
    ServiceRequest,
    ServiceType,
    StandupNote,
    TokenScope,
    WorkMode,
    ZoomUser,
)
from staffhub.orders import duty, exemptions
from staffhub.outages import steps as outages
from staffhub.reports import recap
from staffhub.security import Viewer, tokens
from tests.conftest import CAST, MORNING, TODAY, World, add_posting, plan_range

OFFICE = frozenset(CAST)
ALL = OFFICE | {"oka"}
# The address of a calendar, of a screen, and a way into a meeting are their own keys (test_feeds, test_doors, ...).
OWN_KEY = frozenset({"/calendar/{token}.ics", "/join/{token}", "/kiosk/{token}"})
PUBLIC = (
    frozenset({"/login", "/status", "/healthz", "/readyz", "/metrics", "/webhooks/zoom"})
    | {"/sw.js", "/manifest.webmanifest", "/offline"}
    | OWN_KEY
)
# What programs ask bears a token and looks at no session (test_api).
CALLS = "/api/v1/"
# Everything below belongs to Ben, whose head is Ana; Oka works in HR of another office.
ABOVE_BEN = frozenset({"ben", "ana", "dewi", "hana", "adi"})
PEOPLE = frozenset({"hana", "adi", "oka"})
EDITORS = frozenset({"hana", "adi"})
PLANNERS = frozenset({"ana", "dewi", "hana"})
MONTH = frozenset({"dewi", "hana", "adi", "oka"})

RECEIVERS = frozenset({"ben", "tia", "ana", "dewi", "adi"})  # of citizens whose service is Ben's bidang's
WHO: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/"): ALL,
    ("GET", "/account"): ALL,
    ("GET", "/account/changes"): ALL,
    ("POST", "/account/changes"): ALL,
    ("POST", "/account/calendars"): ALL,
    ("POST", "/account/calendars/{feed_id}/end"): ALL,  # one's own; of anybody else's nothing is said and nothing done
    ("POST", "/account/locale"): ALL,
    ("POST", "/account/mail"): ALL,
    ("POST", "/account/channel"): ALL,
    ("POST", "/account/reminder"): ALL,
    ("GET", "/account/password"): ALL,
    ("POST", "/account/password"): ALL,
    ("POST", "/account/sessions/end-others"): ALL,
    ("POST", "/account/sessions/{session_id}/end"): frozenset({"ben"}),
    ("GET", "/admin/tokens"): frozenset({"adi"}),
    ("POST", "/admin/tokens"): frozenset({"adi"}),
    ("POST", "/admin/tokens/{token_id}/revoke"): frozenset({"adi"}),
    ("GET", "/admin/zoom"): frozenset({"adi"}),
    ("POST", "/admin/zoom/check"): frozenset({"adi"}),
    ("POST", "/admin/zoom/retry"): frozenset({"adi"}),
    ("POST", "/admin/zoom/hosts/{user_id}/take"): frozenset({"adi"}),
    ("POST", "/admin/zoom/hosts/{user_id}/leave"): frozenset({"adi"}),
    ("POST", "/admin/zoom/hosts/{user_id}/hand"): frozenset({"adi"}),
    ("POST", "/admin/zoom/meetings/{meeting_id}/retry"): frozenset({"adi"}),
    ("GET", "/admin/holidays"): PEOPLE,
    ("GET", "/admin/machines"): PEOPLE,
    ("POST", "/admin/machines"): PEOPLE,
    ("GET", "/admin/machines/{machine_id}"): EDITORS,
    ("POST", "/admin/machines/{machine_id}"): EDITORS,
    ("POST", "/admin/machines/{machine_id}/files"): EDITORS,
    ("POST", "/admin/machines/{machine_id}/numbers"): EDITORS,
    ("GET", "/admin/machines/files/{reading_id}"): EDITORS,
    ("POST", "/admin/machines/files/{reading_id}/columns"): EDITORS,
    ("POST", "/admin/machines/files/{reading_id}/clock"): EDITORS,
    ("GET", "/admin/office"): PEOPLE,
    ("GET", "/admin/places"): frozenset({"hana", "oka"}),
    ("POST", "/admin/places"): frozenset({"hana", "oka"}),
    ("GET", "/admin/places/{place_id}"): frozenset({"hana"}),
    ("POST", "/admin/places/{place_id}/end"): frozenset({"hana"}),
    ("GET", "/admin/rules"): PEOPLE,
    ("GET", "/admin/rules/new/{kind}"): PEOPLE,
    ("POST", "/admin/rules/new/{kind}"): PEOPLE,
    ("GET", "/admin/rules/{rule_id}"): EDITORS,
    ("GET", "/admin/rules/{rule_id}/edit"): EDITORS,
    ("POST", "/admin/rules/{rule_id}/edit"): EDITORS,
    ("GET", "/admin/rules/{rule_id}/succeed"): EDITORS,
    ("POST", "/admin/rules/{rule_id}/succeed"): EDITORS,
    ("POST", "/admin/rules/{rule_id}/end"): EDITORS,
    ("POST", "/admin/rules/{rule_id}/withdraw"): EDITORS,
    ("POST", "/admin/holidays"): PEOPLE,
    ("POST", "/admin/office/same-wish"): PEOPLE,
    ("POST", "/admin/office/letterhead"): PEOPLE,
    ("POST", "/admin/office/divisions/{division_id}"): PEOPLE,
    ("POST", "/admin/holidays/{holiday_id}/remove"): EDITORS,
    ("GET", "/attendance"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/attendance/export"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/attendance/exports"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("POST", "/attendance/exports"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/attendance/exports/{job_id}/file"): frozenset({"hana"}),
    ("GET", "/attendance/{officer_id}/sheet"): ABOVE_BEN,
    ("GET", "/me/month/sheet"): ALL,
    ("GET", "/attendance/queue"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("POST", "/attendance/queue"): frozenset({"hana", "oka"}),
    ("POST", "/attendance/queue/decide"): frozenset({"hana", "oka"}),
    ("GET", "/attendance/next"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/attendance/recounts"): MONTH,
    ("GET", "/attendance/replay"): PEOPLE,
    ("GET", "/attendance/sign"): MONTH,
    ("POST", "/attendance/sign"): frozenset({"dewi"}),
    ("POST", "/attendance/sign/back"): frozenset({"dewi"}),
    ("POST", "/attendance/sign/close"): frozenset({"hana", "oka"}),
    ("GET", "/attendance/signed"): MONTH | {"ana"},
    ("GET", "/attendance/supplement"): MONTH | {"ana"},
    ("GET", "/attendance/start"): frozenset({"hana", "oka"}),
    ("POST", "/attendance/start"): frozenset({"hana", "oka"}),
    ("GET", "/attendance/{officer_id}"): ABOVE_BEN,
    ("GET", "/attendance/{officer_id}/{day}"): ABOVE_BEN,
    ("GET", "/board"): ALL,
    ("GET", "/corrections"): ALL,  # each within the own scope
    ("POST", "/corrections"): ALL,  # of an own day; of somebody else's it is for HR (test_attendance_pages)
    ("GET", "/corrections/new"): ALL,
    ("GET", "/corrections/{asked_id}"): ABOVE_BEN,
    # Dewi is asked by Ben; the personnel section has it after her.
    ("POST", "/corrections/proposals/{proposal_id}"): frozenset({"ben"}),
    ("POST", "/corrections/{asked_id}/accept"): frozenset({"dewi", "hana"}),
    ("POST", "/corrections/{asked_id}/decline"): frozenset({"dewi", "hana"}),
    ("POST", "/corrections/{asked_id}/pass-on"): frozenset({"dewi", "hana"}),
    ("POST", "/corrections/{asked_id}/withdraw"): frozenset({"ben"}),
    ("GET", "/leave"): ALL,
    ("POST", "/leave"): ALL,
    ("GET", "/leave/paper"): frozenset({"hana", "oka"}),
    ("POST", "/leave/paper"): frozenset({"hana", "oka"}),
    ("GET", "/leave/openings"): frozenset({"hana", "oka"}),
    ("POST", "/leave/openings"): frozenset({"hana", "oka"}),
    ("GET", "/leave/delegates"): frozenset({"hana", "oka"}),
    ("POST", "/leave/delegates"): frozenset({"hana", "oka"}),
    ("POST", "/leave/delegates/{delegate_id}/end"): frozenset({"hana"}),
    ("GET", "/leave/{leave_id}"): ABOVE_BEN,
    ("POST", "/leave/{leave_id}/letter"): frozenset({"hana", "dewi"}),
    ("POST", "/leave/{leave_id}/agree"): frozenset({"dewi"}),  # who is above Ben and grants as well
    ("POST", "/leave/{leave_id}/grant"): frozenset({"dewi"}),
    ("POST", "/leave/{leave_id}/decline"): frozenset({"dewi"}),
    ("POST", "/leave/{leave_id}/stand-in"): frozenset({"dewi"}),
    ("POST", "/leave/{leave_id}/shorten"): frozenset({"ben", "hana", "dewi"}),
    ("POST", "/leave/{leave_id}/withdraw"): frozenset({"ben", "hana"}),
    ("GET", "/presence/roll-call"): frozenset({"dewi", "ana"}),
    ("POST", "/presence/roll-call"): frozenset({"dewi", "ana"}),
    ("GET", "/admin/outages"): frozenset({"dewi", "hana", "adi", "oka"}),
    ("GET", "/admin/outages/new"): frozenset({"hana", "oka"}),
    ("POST", "/admin/outages"): frozenset({"hana", "oka"}),
    ("GET", "/admin/outages/{outage_id}"): frozenset({"dewi", "hana", "adi"}),
    ("POST", "/admin/outages/{outage_id}"): frozenset({"hana"}),
    ("GET", "/exemptions"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/exemptions/new"): frozenset({"hana", "oka"}),
    ("POST", "/exemptions"): frozenset({"hana", "oka"}),
    ("GET", "/exemptions/{exemption_id}"): frozenset({"ana", "dewi", "hana", "adi"}),
    ("POST", "/exemptions/{exemption_id}/take-back"): frozenset({"hana"}),
    ("POST", "/logout"): ALL,
    ("GET", "/me/month"): ALL,
    ("GET", "/me/year"): ALL,
    ("GET", "/meetings"): ALL,
    ("GET", "/meetings/{meeting_id}/written"): frozenset({"ben", "tia", "ana"}),
    ("POST", "/meetings/{meeting_id}/written"): frozenset({"ben", "tia", "ana"}),
    ("POST", "/meetings/notes/{note_id}/unblock"): frozenset({"ben", "ana", "dewi"}),
    ("POST", "/meetings/items/{item_id}/end"): frozenset({"ben", "ana", "dewi"}),
    ("POST", "/meetings"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/around"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/guests"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/new"): frozenset({"ana", "dewi"}),
    ("GET", "/standups/new"): frozenset({"ana", "dewi"}),
    ("GET", "/standups"): ALL,
    ("POST", "/standups"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}"): frozenset({"ben", "tia", "ana", "dewi", "hana", "adi"}),
    ("GET", "/meetings/{meeting_id}/edit"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}/minutes"): frozenset({"ben", "tia", "ana", "dewi", "hana", "adi"}),
    ("POST", "/meetings/{meeting_id}/minutes"): frozenset({"ben", "tia", "ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/who"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}/minutes/print"): frozenset({"ben", "tia", "ana", "dewi", "hana", "adi"}),
    ("POST", "/meetings/{meeting_id}/edit"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}/cancel"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/cancel"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/link"): frozenset({"ben", "tia", "ana"}),
    ("POST", "/meetings/{meeting_id}/retry"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/adopt"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/compare"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}/host"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/host"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/start"): frozenset({"ana", "dewi"}),
    ("GET", "/meetings/{meeting_id}/dates/{occurrence_id}"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/dates/{occurrence_id}"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/dates/{occurrence_id}/cancel"): frozenset({"ana", "dewi"}),
    ("POST", "/meetings/{meeting_id}/dates/{occurrence_id}/hold"): frozenset({"ana", "dewi"}),
    ("GET", "/orders"): ALL,  # each those within the own scope
    ("GET", "/orders/new"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("GET", "/orders/people"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("POST", "/orders"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("GET", "/orders/{order_id}"): ABOVE_BEN,
    ("GET", "/orders/{order_id}/print"): ABOVE_BEN,
    ("POST", "/orders/{order_id}/officers"): frozenset({"ana", "dewi", "hana"}),
    ("POST", "/orders/{order_id}/officers/take-out"): frozenset({"ana", "dewi", "hana"}),
    ("POST", "/orders/{order_id}/shorten"): frozenset({"ana", "dewi", "hana"}),
    ("POST", "/orders/{order_id}/withdraw"): frozenset({"ana", "dewi", "hana"}),
    ("GET", "/people"): PEOPLE | {"dewi"},
    ("POST", "/people"): PEOPLE,
    ("GET", "/people/import"): PEOPLE,
    ("POST", "/people/import"): PEOPLE,
    ("POST", "/people/import/drop"): PEOPLE,
    ("GET", "/people/new"): PEOPLE,
    ("GET", "/people/template.csv"): PEOPLE | {"dewi"},
    ("GET", "/people/template.xlsx"): PEOPLE | {"dewi"},
    ("GET", "/people/{officer_id}"): EDITORS | {"dewi"},
    ("POST", "/people/{officer_id}/edit"): EDITORS,
    ("POST", "/people/{officer_id}/hand-on/people"): EDITORS,
    ("POST", "/people/{officer_id}/hand-on/plan"): frozenset({"hana"}),
    ("POST", "/people/{officer_id}/hand-on/meetings"): frozenset({"dewi"}),
    ("POST", "/people/{officer_id}/role"): EDITORS,
    ("POST", "/people/{officer_id}/postings/{posting_id}/withdraw"): EDITORS,
    ("POST", "/people/{officer_id}/disable"): EDITORS,
    ("POST", "/people/{officer_id}/enable"): EDITORS,
    ("POST", "/people/{officer_id}/reset-password"): EDITORS,
    ("GET", "/notices"): ALL,
    ("GET", "/office"): frozenset({"ana", "dewi", "hana", "adi", "oka"}),
    ("GET", "/notices/{notice_id}"): frozenset({"ben"}),
    ("POST", "/notices/read"): ALL,
    ("POST", "/notices/{notice_id}/read"): frozenset({"ben"}),
    ("POST", "/presence/check-in"): ALL,
    ("POST", "/presence/check-out"): ALL,
    ("GET", "/presence/scan"): ALL,
    ("POST", "/presence/scan"): ALL,
    ("POST", "/presence/late"): ALL,
    ("GET", "/presence/receipts/{code}"): ABOVE_BEN,
    ("POST", "/presence/receipts/{code}/note"): frozenset({"ben"}),
    ("GET", "/requests"): ALL,
    ("POST", "/requests/take-back"): ALL,
    ("POST", "/requests/paste"): ALL,
    ("GET", "/requests/import"): ALL,
    ("POST", "/requests/import"): ALL,
    ("POST", "/requests/import/take"): ALL,
    ("GET", "/requests/import/template.csv"): ALL,
    ("GET", "/requests/import/template.xlsx"): ALL,
    ("POST", "/requests"): ALL,
    ("GET", "/requests/hand-on"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/hand-on"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/appointments"): ALL,
    ("GET", "/requests/appointments/batch"): OFFICE,
    ("POST", "/requests/appointments/batch"): OFFICE,
    ("POST", "/requests/appointments/texts"): OFFICE,
    ("POST", "/requests/appointments/told"): ALL,
    ("POST", "/requests/appointments/{appointment_id}/confirm"): RECEIVERS,
    ("POST", "/requests/appointments/{appointment_id}/came"): RECEIVERS,
    ("POST", "/requests/appointments/{appointment_id}/undo"): RECEIVERS,
    ("POST", "/requests/appointments/{appointment_id}/absent"): RECEIVERS,
    ("POST", "/requests/appointments/{appointment_id}/cancel"): RECEIVERS,
    ("GET", "/requests/{request_id}/appointment"): RECEIVERS,
    ("POST", "/requests/{request_id}/appointment"): RECEIVERS,
    ("GET", "/requests/hand-over"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/hand-over"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/unassigned"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/unassigned"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/services"): ALL,
    ("GET", "/requests/times"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/services"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/services/new"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/services/{service_id}"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/services/{service_id}"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/services/{service_id}/end"): frozenset({"ana", "dewi", "adi"}),
    ("POST", "/requests/services/{service_id}/offer"): frozenset({"ana", "dewi", "adi"}),
    ("GET", "/requests/{request_id}"): OFFICE,
    ("POST", "/requests/{request_id}/assign"): frozenset({"ben", "tia", "ana", "dewi", "adi"}),  # taking a free one
    ("POST", "/requests/{request_id}/urgency"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("POST", "/requests/{request_id}/reopen"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("GET", "/requests/{request_id}/correct"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("POST", "/requests/{request_id}/correct"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("POST", "/requests/{request_id}/reveal"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("POST", "/requests/{request_id}/state"): frozenset({"ben", "ana", "dewi", "adi"}),
    ("GET", "/roster"): ALL,
    ("GET", "/roster/calls"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("POST", "/roster/calls"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("GET", "/roster/calls/{call_id}"): frozenset({"ben", "ana", "dewi", "hana"}),
    ("POST", "/roster/calls/{call_id}/accept"): frozenset({"ben"}),
    ("POST", "/roster/calls/{call_id}/decline"): frozenset({"ben"}),
    ("POST", "/roster/calls/{call_id}/withdraw"): frozenset({"ana", "dewi", "hana"}),
    ("GET", "/roster/duty"): ALL,
    ("GET", "/roster/duty/print"): ALL,
    ("GET", "/roster/fairness"): ALL,
    ("GET", "/roster/swaps"): ALL,
    ("GET", "/roster/swaps/new"): ALL,
    ("POST", "/roster/swaps"): ALL,
    ("GET", "/roster/swaps/{swap_id}"): frozenset({"ben", "tia", "ana", "dewi", "hana"}),
    ("POST", "/roster/swaps/{swap_id}/accept"): frozenset({"tia"}),
    ("POST", "/roster/swaps/{swap_id}/decline"): frozenset({"tia"}),
    ("POST", "/roster/swaps/{swap_id}/withdraw"): frozenset({"ben"}),
    ("POST", "/roster/swaps/{swap_id}/undo"): frozenset({"ana", "dewi", "hana"}),
    ("GET", "/roster/repair"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("POST", "/roster/repair"): frozenset({"ana", "dewi", "hana", "oka"}),
    ("GET", "/roster/drafts/{division_id}/{month}"): frozenset({"ana", "hana", "dewi"}),
    ("GET", "/roster/drafts/{division_id}/{month}/print"): frozenset({"ana", "hana", "dewi"}),
    ("GET", "/roster/drafts/{division_id}/{month}/sheet"): frozenset({"ana", "hana", "dewi"}),
    ("GET", "/roster/drafts/{division_id}/{month}/import"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/import"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/import/take"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/cells"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/excuse"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/excuse/take-back"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/publish"): frozenset({"ana", "hana", "dewi"}),
    ("POST", "/roster/drafts/{division_id}/{month}/undo"): frozenset({"ana", "hana", "dewi"}),
    ("GET", "/roster/wishes"): ALL,
    ("POST", "/roster/wishes"): ALL,
    ("POST", "/roster/wishes/{day}/remove"): ALL,
    ("GET", "/roster/letters"): frozenset({"hana", "oka"}),
    ("POST", "/roster/letters"): frozenset({"hana", "oka"}),
    ("POST", "/roster/letters/{letter_id}/end"): frozenset({"hana"}),
    ("GET", "/roster/runs"): PLANNERS | {"oka"},
    ("POST", "/roster/runs"): PLANNERS | {"oka"},
    ("GET", "/roster/runs/{run_id}"): PLANNERS,
    ("POST", "/roster/runs/{run_id}/stop"): PLANNERS,
    ("POST", "/roster/runs/{run_id}/take"): PLANNERS,
    ("GET", "/roster/{officer_id}"): OFFICE,
    ("POST", "/roster/{officer_id}/week"): frozenset({"ana", "hana"}),
    ("POST", "/roster/{officer_id}/exceptions"): frozenset({"ana", "hana"}),
    ("POST", "/roster/{officer_id}/week/remove"): frozenset({"ana", "hana"}),
    ("POST", "/roster/{officer_id}/exceptions/{grant_id}/withdraw"): frozenset({"ana", "hana"}),
    ("POST", "/roster/{officer_id}/exceptions/{grant_id}/take-out"): frozenset({"ana", "hana"}),
    ("POST", "/roster/{officer_id}/exceptions/{grant_id}/shorten"): frozenset({"ana", "hana"}),
    ("GET", "/worklog"): ALL,
    ("POST", "/worklog"): ALL,
    ("GET", "/worklog/lkh"): ALL,
    ("GET", "/worklog/lkh/file"): ALL,
    ("GET", "/worklog/summary"): ALL,
    ("GET", "/worklog/summary/file"): ALL,
    ("GET", "/worklog/submit"): ALL,
    ("POST", "/worklog/submit"): ALL,
    ("POST", "/worklog/take-back"): ALL,
    ("POST", "/worklog/proposals"): ALL,
    ("POST", "/worklog/copy"): ALL,
    ("POST", "/worklog/{entry_id}/template"): frozenset({"ben"}),
    ("POST", "/worklog/templates/{template_id}/remove"): ALL,
    ("GET", "/worklog/delegates"): ALL,
    ("POST", "/worklog/delegates"): ALL,
    ("POST", "/worklog/delegates/{log_delegate_id}/end"): frozenset({"ana", "dewi", "hana"}),
    ("GET", "/worklog/verify"): ALL,
    ("POST", "/worklog/verify"): ALL,
    ("GET", "/worklog/verify/{report_id}"): ABOVE_BEN - {"ben"},
    ("POST", "/worklog/verify/{report_id}"): frozenset({"dewi"}),
    ("GET", "/worklog/{entry_id}/edit"): frozenset({"ben"}),
    ("POST", "/worklog/{entry_id}/edit"): frozenset({"ben"}),
    ("GET", "/worklog/{entry_id}/delete"): frozenset({"ben"}),
    ("POST", "/worklog/{entry_id}/delete"): frozenset({"ben"}),
}
# What a refused write may still leave behind: who was signed in and what was refused.
TRACES = {"user_session", "audit_event", "sign_in_attempt"}


def _routes(app: Any) -> Iterator[APIRoute]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _routes(route.original_router)


def _rows(world: World) -> dict[str, int]:
    with world.database.reading() as db:
        return {
            table.name: db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in TRACES
        }


def _zoom_user(db: Session) -> int:
    user = ZoomUser(email="tuan@contoh.example", licence=2, at_once=1, hosts=False, seen_at=MORNING)
    db.add(user)
    db.flush()
    return user.id


def _token(db: Session, adi: Viewer) -> int:
    may = [TokenScope.REQUESTS_READ]
    return tokens.make(db, adi, name="Aplikasi", scopes=may, last_day=None, now=MORNING).id


def _sent(db: Session, me: Viewer) -> int:
    """The log of a day, on its way to the superior."""
    report = DailyReport(
        office_id=me.office_id, officer_id=me.officer_id, date=date(2024, 3, 4), minutes=60,
        submitted_at=MORNING, late=True,
    )  # fmt: skip
    db.add(report)
    db.flush()
    return report.id


def _stand_in(db: Session, ana: Viewer) -> int:
    facts = {"office_id": ana.office_id, "superior_id": ana.officer_id, "officer_id": world_officer(db, "cy")}
    days = {"valid_from": TODAY + timedelta(days=300), "valid_to": TODAY + timedelta(days=301)}
    named = LogDelegate(**facts, **days, created_at=MORNING, idempotency_key=str(uuid4()))
    db.add(named)
    db.flush()
    return named.id


def _machine(db: Session, hana: Viewer) -> dict[str, object]:
    """A fingerprint machine of the office, and a file of it that asks what its columns are."""
    made = one.add(db, hana, one.Facts("Lobi", "", "Pintu depan", 480, ""), now=MORNING)
    data = b"PIN;Waktu\r\n3;16/11/2026 07:20\r\n"
    kept = files.upload(db, hana, made, name="a.csv", data=data, shown=None, now=MORNING)
    asks = {"state": "done", "asks": files.COLUMNS}
    db.execute(sa.update(MachineReading).where(MachineReading.id == kept.id).values(**asks))
    return {"machine_id": made, "reading_id": kept.id}


def _belongings(world: World) -> dict[str, object]:
    """Give Ben one of everything; return what stands for each placeholder of an address."""
    ben, ana, hana, adi = (world.viewer(name) for name in ("ben", "ana", "hana", "adi"))
    assert ben.officer_id
    with world.database.transaction() as db:
        receipt = presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key=str(uuid4()), now=MORNING).receipt
        saved = plan.schedule(
            db,
            ana,
            kind=MeetingKind.STANDUP,
            topic="Rapat bidang",
            starts_on=TODAY + timedelta(days=1),
            starts_at=time(9, 0),
            minutes=30,
            weekdays=[1],
            occurrences=1,
            audience=Audience(officers=(ben.officer_id, world_officer(db, "tia"))),
            idempotency_key=str(uuid4()),
            now=MORNING,
        )
        meeting = db.get_one(Meeting, saved.id)
        meeting.state, meeting.join_url = "ready", "https://zoom.us/j/1"  # type: ignore[assignment]
        holiday = db.scalars(sa.select(Holiday.id).where(Holiday.office_id == ben.office_id)).first()
        kind = db.scalars(sa.select(ServiceType).where(ServiceType.office_id == ben.office_id)).first()
        assert kind
        request = ServiceRequest(
            office_id=ben.office_id, number="PM-2611-0001", service_type_id=kind.id, applicant="Novi T.",
            channel=Channel.COUNTER, urgent=False, state="checking", assignee_id=ben.officer_id, created_at=MORNING,
            updated_at=MORNING, version=1, idempotency_key=str(uuid4()),
        )  # fmt: skip
        db.add(request)
        db.flush()
        entry = worklog.write(
            db, ben, day=TODAY, text="Memeriksa", starts=time(7, 0), ends=time(7, 10), key=str(uuid4()), now=MORNING
        )  # fmt: skip
        leave = plan_range(db, ana, ben.officer_id, TODAY + timedelta(days=7), TODAY + timedelta(days=9))
        found = {"meeting_id": meeting.id, "request_id": request.id, "entry_id": entry.id, "holiday_id": holiday}
        found |= {"grant_id": leave, "division_id": ben.division_id, "user_id": _zoom_user(db), "month": "2026-12"}
        found |= {"service_id": kind.id, "token_id": _token(db, adi), "report_id": _sent(db, ben), "template_id": 1}
        found["appointment_id"] = _slot(db, request.id, kind)
        found["occurrence_id"] = db.scalars(sa.select(Occurrence.id).where(Occurrence.meeting_id == meeting.id)).one()
        wish = leaves.Wish("sick", TODAY + timedelta(days=2), TODAY + timedelta(days=4))
        found["leave_id"] = leaves.ask(db, ben, wish, key=str(uuid4()), now=MORNING).leave_id
        facts = {"office_id": ben.office_id, "officer_id": world_officer(db, "cy"), "document": "SK 9"}
        delegate = LeaveDelegate(
            valid_from=TODAY + timedelta(days=300), created_at=MORNING, idempotency_key=str(uuid4()), **facts
        )
        db.add(delegate)
        db.flush()
        found["delegate_id"] = delegate.id
        found["log_delegate_id"] = _stand_in(db, ana)
        add_posting(db, ben.officer_id, TODAY + timedelta(days=30), position="Kepala seksi")
        mine = sa.select(sa.func.max(Posting.id)).where(Posting.officer_id == ben.officer_id)
        found["posting_id"] = db.scalars(mine).one()
        coming = RuleSet(office_id=ben.office_id, kind=RuleKind.DECISION, values={"working_days": 3}, owner="HR",
                         valid_from=TODAY + timedelta(days=30), legal_source="SK 1")  # fmt: skip
        db.add(coming)
        db.flush()
        found |= {"rule_id": coming.id, "kind": "decision"}
        facts = {"who": "Tia", "first": TODAY, "last": TODAY, "half": None}
        notify.tell(
            db, office_id=ben.office_id, accounts=[ben.account_id], kind=NoticeKind.LEAVE_ASKED, params=facts,
            address="/me/month", key="of-ben", now=MORNING,
        )  # fmt: skip
        job = ExportJob(
            office_id=hana.office_id, account_id=hana.account_id, key="of-hana-1", name="presensi.csv", locale="id",
            asked={}, whole_office=True, full_numbers=True, content=b"x", state="done", due_at=MORNING,
            created_at=MORNING, expires_at=MORNING + timedelta(days=1),
        )  # fmt: skip
        db.add(job)
        db.flush()
        found |= {"job_id": job.id} | _planned_for(db, ana, ben)
        found["notice_id"] = db.scalars(sa.select(Notice.id).where(Notice.key == "of-ben")).one()
        found |= _letters(db, hana, ben.officer_id) | _machine(db, hana)
        proposed = CheckoutProposal(
            office_id=ben.office_id, officer_id=ben.officer_id, date=TODAY - timedelta(days=3), at=MORNING,
            source=ProposalSource.LOG, source_id=entry.id, created_at=MORNING,
        )  # fmt: skip
        db.add(proposed)
        db.flush()
        found["proposal_id"] = proposed.id
        found |= _of_meetings(db, ben, ana, meeting.id) | _of_the_roster(db, ben)
    found["asked_id"] = _asked(world, ben)
    return found | {
        "officer_id": ben.officer_id, "day": TODAY.isoformat(), "code": receipt,
        "session_id": world.session("ben").id,
    }  # fmt: skip


def _slot(db: Any, request_id: int, kind: ServiceType) -> int:
    kind.slot_minutes = 30
    slot = Appointment(
        office_id=kind.office_id, request_id=request_id, service_type_id=kind.id, division_id=kind.division_id,
        date=TODAY + timedelta(days=1), starts=time(8), minutes=30, seat=1, state="invited", created_at=MORNING,
        version=1,
    )  # fmt: skip
    db.add(slot)
    db.flush()
    return slot.id


def _of_the_roster(db: Any, ben: Viewer) -> dict[str, object]:
    """A swap that Ben asks Tia for, and a call to the own desk."""
    swap = DutySwap(
        office_id=ben.office_id, officer_id=ben.officer_id, colleague_id=world_officer(db, "tia"), version=1,
        gives=TODAY + timedelta(days=2), state="asked", created_at=MORNING, idempotency_key=str(uuid4()),
    )  # fmt: skip
    call = DutyCall(
        office_id=ben.office_id, division_id=ben.division_id, officer_id=ben.officer_id, date=TODAY, group="ASN",
        state="asked", asked_at=MORNING, version=1,
    )  # fmt: skip
    db.add_all([swap, call])
    db.flush()
    return {"swap_id": swap.id, "call_id": call.id}


def _planned_for(db: Any, ana: Viewer, ben: Viewer) -> dict[str, object]:
    """A plan that Ana has worked out, and a letter of Ben's."""
    run = RosterRun(
        office_id=ana.office_id, account_id=ana.account_id, division_id=ana.division_id, month=date(2026, 12, 1),
        key="of-ana-1", asked={}, state="pending", due_at=MORNING, created_at=MORNING,
    )  # fmt: skip
    letter = HomeOnly(
        office_id=ben.office_id, officer_id=ben.officer_id, first=TODAY, last=TODAY + timedelta(days=30),
        document="800/1", created_at=MORNING, idempotency_key="letter-of-ben", version=1,
    )  # fmt: skip
    db.add_all([run, letter])
    db.flush()
    return {"run_id": run.id, "letter_id": letter.id}


def _of_meetings(db: Any, ben: Viewer, ana: Viewer, meeting_id: int) -> dict[str, object]:
    """Something that a meeting asks of Ben, and his calendar."""
    item = MeetingItem(
        office_id=ben.office_id, meeting_id=meeting_id, date=TODAY + timedelta(days=1), kind=ItemKind.ACTION,
        text="Cek stok", owner_id=ben.officer_id, created_by=ana.account_id, created_at=MORNING, version=1,
        idempotency_key=str(uuid4()),
    )  # fmt: skip
    note = StandupNote(
        office_id=ben.office_id, meeting_id=meeting_id, officer_id=ben.officer_id, date=TODAY, doing="Loket", done="",
        blocked="Printer", written_at=MORNING, version=1,
    )  # fmt: skip
    db.add_all([item, note])
    db.flush()
    feeds.renew(db, ben, division_id=None, now=MORNING)
    return {"item_id": item.id, "note_id": note.id, "feed_id": db.scalars(sa.select(CalendarFeed.id)).one()}


def _asked(world: World, ben: Viewer) -> int:
    with world.database.transaction() as db:
        officer = recap.officer_for(db, ben, ben.officer_id, TODAY)
        loaded = days.load(db, ben.office_id, [officer], [TODAY], zone=ben.zone, now=MORNING)
        wishes = (corrections.Wish(CorrectionKind.MODE, mode=WorkMode.HOME),)
        sent = corrections.ask(
            db, ben, officer, day=TODAY, wishes=wishes, reason=CorrectionReason.APPLICATION, note="Salah tekan",
            shown=corrections.shown_version(loaded.facts[officer.id, TODAY], wishes), idempotency_key=str(uuid4()),
            now=MORNING,
        )  # fmt: skip
    assert sent.request_id
    return sent.request_id


def _letters(db: Any, hana: Viewer, officer_id: int) -> dict[str, object]:
    """An order and an exemption that name Ben, and a door."""
    day, key = TODAY + timedelta(days=14), str(uuid4())
    draft = duty.Draft("ST 1", Duty.FIELD, TODAY, day, day, "Manado", "Rapat", (officer_id,), signer_name="Sekda")
    order = duty.write(db, hana, duty.look_at(db, hana, draft, key=key, now=MORNING), key=key, now=MORNING)
    scope = exemptions.Scope(officers=(officer_id,))
    circular = exemptions.Draft("SE 1", Meaning.HOME, day, day, "Banjir", scope)
    look = exemptions.look_at(db, hana, circular, key=key, now=MORNING)
    exempt = exemptions.write(db, hana, look, key=key, now=MORNING)
    place_id = doors.make(db, hana, name="Pintu depan", idempotency_key=key, now=MORNING)
    dark = outages.Draft(OutageKind.APP, MORNING - timedelta(hours=1), MORNING, "PLN")
    outage_id = outages.enter(db, hana, dark, key=str(uuid4()), now=MORNING)
    named = {"order_id": order.order_id, "exemption_id": exempt.exemption_id, "place_id": place_id}
    return named | {"outage_id": outage_id}


def world_officer(db: Any, username: str) -> int:
    officer_id = db.scalar(sa.select(Account.officer_id).where(Account.username == username))
    assert officer_id
    return int(officer_id)


def test_every_address_is_in_the_table(world: World) -> None:
    there = {(next(iter(route.methods - {"HEAD"})), route.path) for route in _routes(world.app)}
    assert {one for one in there if one[1] not in PUBLIC and not one[1].startswith(CALLS)} == set(WHO)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_changes_nothing(world: World) -> None:
    given, client = _belongings(world), world.client()
    before = _rows(world)
    for method, path in WHO:
        answer = client.request(method, path.format(**given), data={} if method == "POST" else None)
        assert answer.status_code == 303, (method, path, answer.status_code)
        assert answer.headers["location"].startswith("/login"), (method, path)
    assert _rows(world) == before


@pytest.mark.parametrize("username", sorted(ALL))
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_everybody_opens_what_the_table_says_and_is_refused_the_rest(world: World, username: str) -> None:
    given = _belongings(world)
    wrong = []
    for (method, path), who in WHO.items():
        client = world.client(username)  # a fresh session each: one of the addresses signs out
        before = _rows(world)
        address = path.format(**given)
        if method == "GET":
            status = client.get(address).status_code
        else:
            status = client.post(address, data={"junk": "1"}).status_code
        if username in who and (status in {401, 403, 404} or status >= 500):
            wrong.append((method, path, status, "should open"))
        if username not in who and status not in {403, 404}:
            wrong.append((method, path, status, "should be refused"))
        if username not in who and _rows(world) != before:
            wrong.append((method, path, status, "changed something"))
    assert wrong == []
