"""The permissions that the app at Zoom needs."""

from collections.abc import Iterable

# What StaffHub calls, as granular scope -> the classic scope that allows the same.
REQUIRED_SCOPES = {
    "user:read:user:admin": "user:read:admin",
    "user:read:list_users:admin": "user:read:admin",
    "meeting:write:meeting:admin": "meeting:write:admin",
    "meeting:read:meeting:admin": "meeting:read:admin",
    "meeting:read:list_meetings:admin": "meeting:read:admin",
    "meeting:update:meeting:admin": "meeting:write:admin",
    "meeting:delete:meeting:admin": "meeting:write:admin",
    "meeting:read:list_past_instances:admin": "meeting:read:admin",
    "meeting:read:list_past_participants:admin": "meeting:read:admin",
    "report:read:list_meeting_participants:admin": "report:read:admin",
}


def missing_scopes(granted: Iterable[str]) -> list[str]:
    """Name the required scopes that `granted` lacks, in their granular form."""
    has = set(granted)
    return [scope for scope, classic in REQUIRED_SCOPES.items() if not has & {scope, classic}]
