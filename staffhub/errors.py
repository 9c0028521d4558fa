"""Everything that can go wrong on purpose. Each error has a status and a text for the person; some name a field.

    StaffHubError
    ├── NotSignedIn    401  sign in first; web pages redirect to /login
    ├── Forbidden      403  signed in, but not for this
    ├── NotFound       404
    ├── Conflict       409  somebody or something was quicker
    ├── Outdated       412  what it was based on is not what stands
    ├── Refused        422  the input breaks a rule; `field` names the input
    ├── Unconditional  428  it does not say on what it is based
    └── TooMany        429  `retry_after` seconds

Messages are already in the reader's language: raise with `_("...")`.
"""


class StaffHubError(Exception):
    status = 500

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotSignedIn(StaffHubError):
    status = 401


class Forbidden(StaffHubError):
    status = 403


class NotFound(StaffHubError):
    status = 404


class Conflict(StaffHubError):
    status = 409


class Outdated(StaffHubError):
    status = 412


class Refused(StaffHubError):
    status = 422


class Unconditional(StaffHubError):
    status = 428


class TooMany(StaffHubError):
    status = 429

    def __init__(self, message: str = "", *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
