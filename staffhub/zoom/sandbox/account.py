"""The Zoom account that the sandbox plays."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256

from staffhub.zoom.shapes import JSON

BASIC, LICENSED = 1, 2
SCOPES = (
    "meeting:delete:meeting:admin meeting:read:list_meetings:admin meeting:read:meeting:admin "
    "meeting:read:list_past_instances:admin meeting:read:list_past_participants:admin "
    "report:read:list_meeting_participants:admin "
    "meeting:update:meeting:admin meeting:write:meeting:admin user:read:list_users:admin user:read:user:admin"
)


def number_of(email: str) -> str:
    """Return what Zoom knows the account of an address by."""
    return urlsafe_b64encode(sha256(email.lower().encode()).digest()[:16]).decode().rstrip("=")


@dataclass(frozen=True)
class Account:
    """Credentials, users, and the limits of a Pro account (https://developers.zoom.us/docs/api/rate-limits/).

    `others` are more licensed users. `rehosts` says whether the hosts have given each other the privilege to schedule
    for them, without which `schedule_for` is refused.

    `single_token` lets every new token end the one before, as Zoom did for years.
    `max_occurrences` is where Zoom was seen to refuse; its text says 60.
    """

    account_id: str = "sandbox-account"
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105 - opens nothing but the sandbox
    host_email: str = "rapat@disdukcapil-contoh.example"
    basic_email: str = "cadangan@disdukcapil-contoh.example"
    others: tuple[str, ...] = ()
    rehosts: bool = True
    timezone: str = "Asia/Makassar"
    scopes: str = SCOPES
    token_seconds: int = 3600
    single_token: bool = False
    writes_per_host_day: int = 100
    light_per_second: int = 30
    medium_per_second: int = 20
    heavy_per_second: int = 10
    max_occurrences: int = 50

    def per_second(self, label: str) -> int:
        """How many calls of one label Zoom takes in a second."""
        return {"Light": self.light_per_second, "Heavy": self.heavy_per_second}.get(label, self.medium_per_second)

    def users(self) -> list[JSON]:
        return [
            self._user(self.host_email, LICENSED, "Ruang Rapat"),
            self._user(self.basic_email, BASIC, "Ruang Cadangan"),
            *(self._user(email, LICENSED, f"Ruang {number}") for number, email in enumerate(self.others, 2)),
        ]

    def _user(self, email: str, kind: int, name: str) -> JSON:
        first, last = name.split()
        return {
            "id": number_of(email),
            "first_name": first,
            "last_name": last,
            "display_name": name,
            "email": email,
            "type": kind,
            "timezone": self.timezone,
            "verified": 1,
            "status": "active",
            "account_id": self.account_id,
        }
