"""The Zoom sandbox for tests: one server per test process, emptied for each test, with a clock that tests move."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from staffhub.zoom.client import ZoomClient
from staffhub.zoom.sandbox import Account, SandboxServer, create_sandbox

# The clock stands still in tests, so that every call falls into the same second.
ACCOUNT = Account(light_per_second=10_000, medium_per_second=10_000)
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = MONDAY

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@dataclass
class ZoomSandbox:
    """A running sandbox, its account and its clock."""

    server: SandboxServer
    account: Account
    clock: Clock

    @property
    def host(self) -> str:
        return self.account.host_email

    def client(self, **overrides: Any) -> ZoomClient:
        usual = {
            "account_id": self.account.account_id,
            "client_id": self.account.client_id,
            "client_secret": self.account.client_secret,
            "base_uri": self.server.base_uri,
            "oauth_uri": self.server.oauth_uri,
            "now": self.clock,
        }
        return ZoomClient(**(usual | overrides))

    def request(self, method: str, path: str, **request: Any) -> requests.Response:
        """Call without our client: /sandbox/... to control, /v2/... to see Zoom's bare answer."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.server.origin + path, timeout=10, allow_redirects=False, **request)

    def fault(self, kind: str, *, method: str = "*", path_prefix: str = "/v2/", **more: Any) -> None:
        body = {"kind": kind, "method": method, "path_prefix": path_prefix, **more}
        assert self.request("POST", "/sandbox/faults", json=body).status_code == 201

    def meetings(self) -> list[dict[str, Any]]:
        return self.request("GET", "/sandbox/meetings").json()["meetings"]

    def calls(self, start: str = "") -> int:
        """Count the calls so far whose "METHOD /path" begins with `start`."""
        calls = self.request("GET", "/sandbox/calls").json()["calls"]
        return sum(count for call, count in calls.items() if call.startswith(start))


@contextmanager
def running_sandbox(**account: Any) -> Iterator[ZoomSandbox]:
    """Run a sandbox of its own, for a test that needs another account than ACCOUNT."""
    clock, chosen = Clock(), replace(ACCOUNT, **account)
    with SandboxServer(create_sandbox(account=chosen, now=clock)) as server:
        yield ZoomSandbox(server, chosen, clock)


@pytest.fixture(scope="session")
def zoom_sandbox_server() -> Iterator[ZoomSandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def zoom_sandbox(zoom_sandbox_server: ZoomSandbox) -> ZoomSandbox:
    zoom_sandbox_server.clock.time = MONDAY
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    return zoom_sandbox_server
