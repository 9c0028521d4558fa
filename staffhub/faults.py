"""What a command says about a fault that can be expected: one line, never a traceback."""

from typing import Any

from staffhub.i18n import gettext as _


def explain(error: Exception) -> list[str]:
    """Return what to say about a fault that can be expected; nothing for a fault of the program."""
    from pydantic import ValidationError
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from staffhub.errors import StaffHubError

    if isinstance(error, ValidationError):
        return [_setting_error(problem) for problem in error.errors(include_input=False, include_url=False)]
    if isinstance(error, StaffHubError):
        return [error.message]
    if isinstance(error, DBAPIError | ArgumentError):
        reason = str(error.orig if isinstance(error, DBAPIError) else error).strip().splitlines()[0]
        return [_("The database cannot be used: %(reason)s", reason=reason)]
    if isinstance(error, OSError) and error.strerror:
        return [f"{error.filename}: {error.strerror}" if error.filename else error.strerror]
    return []


def _setting_error(problem: Any) -> str:
    reason = problem["msg"].removeprefix("Value error, ")
    name = "".join(f"STAFFHUB_{part}".upper() for part in problem["loc"][:1])
    return f"{name}: {reason}" if name else reason
