"""Every table, one file per room."""

from staffhub.models.meetings import (
    JoinClick,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Occurrence,
    OccurrenceState,
    ZoomTask,
    ZoomVerb,
)
from staffhub.models.org import (
    Account,
    Division,
    EmploymentType,
    Office,
    Officer,
    Role,
    SignInAttempt,
    UserSession,
    is_in_service,
    serves,
)
from staffhub.models.presence import (
    Correction,
    CorrectionKind,
    CorrectionReason,
    Grade,
    Mark,
    MarkKind,
    WorkMode,
    receipt_code,
)
from staffhub.models.roster import PlanEnding, PlanEntry, PlanGrant, PlanLayer, PlanMode, WeekPattern
from staffhub.models.rules import Holiday, HolidayKind, RuleKind, RuleSet
from staffhub.models.service_requests import Channel, RequestEvent, RequestState, ServiceRequest, ServiceType
from staffhub.models.system import BOARD_CHANGES, AuditEvent, Claim, Heartbeat, TaskState, Work
from staffhub.models.worklog import DailyReport, LogEntry

# Facts: the database refuses to change or remove a row of these (migrations/append_only.py).
APPEND_ONLY = (Mark, Correction, RequestEvent, JoinClick, PlanGrant, PlanEnding, AuditEvent)

__all__ = [
    "APPEND_ONLY",
    "BOARD_CHANGES",
    "Account",
    "AuditEvent",
    "Channel",
    "Claim",
    "Correction",
    "CorrectionKind",
    "CorrectionReason",
    "DailyReport",
    "Division",
    "EmploymentType",
    "Grade",
    "Heartbeat",
    "Holiday",
    "HolidayKind",
    "JoinClick",
    "LogEntry",
    "Mark",
    "MarkKind",
    "Meeting",
    "MeetingInvite",
    "MeetingKind",
    "MeetingState",
    "Occurrence",
    "OccurrenceState",
    "Office",
    "Officer",
    "PlanEnding",
    "PlanEntry",
    "PlanGrant",
    "PlanLayer",
    "PlanMode",
    "RequestEvent",
    "RequestState",
    "Role",
    "RuleKind",
    "RuleSet",
    "ServiceRequest",
    "ServiceType",
    "SignInAttempt",
    "TaskState",
    "UserSession",
    "WeekPattern",
    "Work",
    "WorkMode",
    "ZoomTask",
    "ZoomVerb",
    "is_in_service",
    "receipt_code",
    "serves",
]
