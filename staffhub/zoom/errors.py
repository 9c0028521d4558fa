"""What can go wrong between us and Zoom, as types.

    ZoomError
    ├── ZoomMisconfigured       credentials refused or app switched off: an administrator must act
    │   └── ZoomScopeMissing    the app lacks scopes, listed by name
    ├── ZoomRefused             Zoom understood and said no: repeating the same call cannot help
    ├── ZoomNotFound            Zoom itself says that the meeting or the user does not exist
    ├── ZoomRateLimited         too many calls: repeat at `retry_at`
    ├── ZoomUnavailable         nothing was performed, or repeating does no harm: repeat later
    └── ZoomUnclear             a create that may have been performed: look before repeating

Source: https://developers.zoom.us/docs/api/errors/
"""

from datetime import datetime
from typing import Literal

RateLimit = Literal["per_second", "account_daily", "host_daily", "concurrent", "unknown"]


class ZoomError(Exception):
    """A call to Zoom failed; `message` is in Zoom's own words where Zoom answered.

    `status` is the HTTP status, `code` Zoom's number inside the body, and `tracking_id` what Zoom's support asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        status: int | None = None,
        tracking_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.tracking_id = tracking_id


class ZoomMisconfigured(ZoomError):
    """Zoom does not accept our credentials; `reason` says why, in Zoom's words."""

    @property
    def reason(self) -> str:
        return self.message


class ZoomScopeMissing(ZoomMisconfigured):
    """The app lacks scopes: any one of `scopes` would have allowed the call."""

    def __init__(
        self,
        message: str,
        *,
        scopes: list[str],
        code: int | None = None,
        status: int | None = None,
        tracking_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, tracking_id=tracking_id)
        self.scopes = scopes


class ZoomRefused(ZoomError):
    """Zoom refused the content of the call; `fields` pairs each refused field with Zoom's sentence about it."""

    def __init__(
        self,
        message: str,
        *,
        fields: list[tuple[str, str]] | None = None,
        code: int | None = None,
        status: int | None = None,
        tracking_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, tracking_id=tracking_id)
        self.fields = fields or []


class ZoomNotFound(ZoomError):
    """Zoom says 404 with code 3001 (meeting) or 1001 (user); any other 404 proves nothing and is ZoomUnavailable."""


class ZoomRateLimited(ZoomError):
    """Too many calls; `retry_at` is an aware UTC time and `limit` says which limit was met.

    Source: https://developers.zoom.us/docs/api/rate-limits/
    """

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime,
        limit: RateLimit = "unknown",
        code: int | None = None,
        status: int | None = None,
        tracking_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, tracking_id=tracking_id)
        self.retry_at = retry_at
        self.limit = limit


class ZoomUnavailable(ZoomError):
    """Zoom could not be reached or did not make sense; a read, change or delete can simply be repeated."""


class ZoomUnclear(ZoomError):
    """A create whose answer never came whole: the meeting may exist.

    Zoom has no idempotency key, so a blind repeat can make a second meeting.
    """
