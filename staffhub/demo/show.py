"""`staffhub demo`: a folder of its own, the Zoom sandbox beside the app, and what to tell the visitor."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import date, datetime
from pathlib import Path
from typing import Any

from staffhub import clock, demo, serving
from staffhub.app import create_app
from staffhub.db import Database
from staffhub.demo import doors, programs
from staffhub.demo.requests import SHOWN_CODE, SHOWN_PHONE
from staffhub.i18n import gettext as _
from staffhub.migrations import migrate
from staffhub.settings import Settings
from staffhub.zoom.sandbox import Account, Hooks, SandboxServer, create_sandbox

_DATABASE = "staffhub.db"
_STATE = "zoom-sandbox.json"
_LOG = "log.jsonl"


@contextmanager
def sandbox(folder: Path, port: int, told: int) -> Iterator[dict[str, Any]]:
    """Run the sandbox and yield the settings that lead to it. `told`: the port at which we hear its events.

    Its port stays the same from start to start where it can, since join links hold it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    account = Account(others=("ruang-dua@disdukcapil-contoh.example",))
    secret = secrets.token_urlsafe(24)
    hooks = Hooks(f"http://127.0.0.1:{told}/webhooks/zoom", secret)
    server = SandboxServer(create_sandbox(account=account, state_path=folder / _STATE, hooks=hooks), port=port)
    try:
        server.start()
    except OSError:
        server.port = 0
        server.start()
    try:
        yield {
            "zoom_account_id": account.account_id,
            "zoom_client_id": account.client_id,
            "zoom_client_secret": account.client_secret,
            "zoom_base_uri": server.base_uri,
            "zoom_oauth_uri": server.oauth_uri,
            "zoom_webhook_secret": secret,
            "zoom_host": account.host_email,
            "zoom_at_once": 2,
        }
    finally:
        server.stop()


def address_setting(host: str, port: int) -> dict[str, str]:
    return {} if os.environ.get("STAFFHUB_BASE_URL") else {"base_url": f"http://{host}:{port}"}


def prepare(settings: Settings, *, now: datetime) -> list[str]:
    """Migrate and seed. Demo data of an earlier day are set aside, so that today is alive. Return what to say."""
    said = []
    before = _fill(settings, now)
    if before != clock.local_day(now, settings.zone):
        day = before.isoformat()
        if settings.database_url:
            said.append(_("The demo data are of %(day)s; for a live board use an empty database.", day=day))
        else:
            _set_aside(settings.data_dir, day)
            _fill(settings, now)
            said.append(_("The demo data of %(day)s were set aside in %(folder)s.", day=day, folder=settings.data_dir))
    return said


def _fill(settings: Settings, now: datetime) -> date:
    """Return the day whose picture the data are, which is today for a database that was empty."""
    database = Database(settings.database)
    migrate(database.engine)
    with database.transaction() as db:
        demo.seed(db, settings, now=now)
        seeded = demo.seeded_on(db, settings)
    database.engine.dispose()
    return seeded or clock.local_day(now, settings.zone)


def _set_aside(folder: Path, day: str) -> None:
    for name in (_DATABASE, f"{_DATABASE}-wal", f"{_DATABASE}-shm", _STATE):
        path = folder / name
        if path.exists():
            path.replace(folder / f"{day}-{name}")


def welcome(settings: Settings, host: str, port: int) -> list[str]:
    password = settings.demo_password.get_secret_value()
    accounts = (
        ("kadis", _("head of the office: board, meetings, the month")),
        ("kabid.dafduk", _("head of a division: its plan, its requests, its standup")),
        ("kepegawaian", _("HR: the month, corrections, people")),
        ("admin", _("administrator: accounts, holidays")),
        ("pegawai01 ... pegawai38", _("staff: check-in, requests, the day's log")),
    )
    lines = [
        "",
        _("StaffHub with the demo office: %(address)s", address=f"http://{host}:{port}"),
        "",
        _("Accounts, all with the password %(password)s", password=password),
        *(f"  {name:<24} {what}" for name, what in accounts),
        "",
        _("Token of the office's own app, for /api/v1 (docs/api.md)"),
        f"  {programs.secret(password)}",
        "",
        _(
            "Citizens, without an account: /status, code %(code)s, digits %(digits)s.",
            code=SHOWN_CODE,
            digits=SHOWN_PHONE[-4:],
        ),
        "",
        _("The screen at the door: %(address)s", address=f"http://{host}:{port}{doors.address(password)}"),
        "",
        _("Zoom is a sandbox on this machine (%(address)s).", address=settings.zoom_base_uri.removesuffix("/v2")),
        _("Data and log: %(folder)s. Stop with Ctrl-C.", folder=settings.data_dir),
    ]
    if host not in {"127.0.0.1", "localhost", "::1"}:
        lines.append(_("Warning: whoever reaches this address can sign in, the password is public."))
    return lines


def run(settings: Settings, options: dict[str, Any], ready: Callable[[], object]) -> None:
    """Serve with the log in a file: the visitor's screen keeps the address and the accounts."""
    path = settings.data_dir / _LOG
    with path.open("a", buffering=1, encoding="utf-8") as log, redirect_stderr(log):
        try:
            serving.run(create_app(settings), options, ready)
        except SystemExit as end:
            if end.code:
                print(_("It did not start; the reason is in %(file)s.", file=path))
            raise
