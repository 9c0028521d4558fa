"""Notices by the office's channel: apprise itself, and a real server on this machine that it talks to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from staffhub import notify
from staffhub.db import Database
from staffhub.models import Account, AuditEvent, MailEnd
from staffhub.notify import Courier, Post
from staffhub.reports.quiet import quiet_until
from staffhub.settings import Channel, Settings
from tests import mail_server, test_notices_mail
from tests.conftest import World
from tests.page_forms import form_of
from tests.test_notices_mail import DUE, ends, mailer, tell

ben = test_notices_mail.ben


class Messenger(HTTPServer):
    """What came in: to whom (the path) and what. `status` is its answer."""

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.came: list[tuple[str, dict[str, Any]]] = []

    @property
    def channel(self) -> Channel:
        return Channel("Messenger", f"json://127.0.0.1:{self.server_port}/{{to}}")


class _Handler(BaseHTTPRequestHandler):
    server: Messenger

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.came.append((self.path.strip("/"), said))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing in between."""


@contextmanager
def messenger(status: int = 200) -> Iterator[Messenger]:
    server = Messenger(status)
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def _reach(database: Database, account_id: int, to: str = "62812345678") -> None:
    with database.transaction() as db:
        db.execute(sa.update(Account).where(Account.id == account_id).values(channel_to=to))


def _send(database: Database, server: Messenger, mail: int | None = None, *, hours: int = 0) -> int:
    post = Post(mailer(mail) if mail else None, "https://staffhub.contoh.go.id/", "id", Courier(server.channel))
    return notify.run_due(database, post, quiet=quiet_until, now=DUE + timedelta(hours=hours))


def test_whoever_is_reached_by_the_channel_gets_what_waits_there_once_and_no_e_mail(
    database: Database, ben: int
) -> None:
    post = mail_server.Post()
    _reach(database, ben)
    tell(database, ben, "a")
    tell(database, ben, "b")
    with mail_server.serving(post) as port, messenger() as server:
        assert [_send(database, server, port) for _time in range(2)] == [1, 0]
    (one,) = server.came
    assert one[0] == "62812345678"
    assert one[1]["title"] == "StaffHub: 2 pemberitahuan"
    assert one[1]["message"].count("https://staffhub.contoh.go.id/notices/") == 2
    assert (post.letters, ends(database)) == ([], [("a", MailEnd.SENT), ("b", MailEnd.SENT)])


def test_whoever_is_not_reached_there_gets_an_e_mail_and_without_a_mail_server_the_list_alone(
    database: Database, ben: int
) -> None:
    post = mail_server.Post()
    tell(database, ben, "a")
    with mail_server.serving(post) as port, messenger() as server:
        assert _send(database, server, port) == 1
        tell(database, ben, "b")
        assert _send(database, server, hours=2) == 0
    assert (len(post.letters), server.came) == (1, [])
    assert ends(database) == [("a", MailEnd.SENT), ("b", MailEnd.NO_ADDRESS)]


def test_what_the_channel_did_not_take_is_not_sent_again_since_it_may_have_arrived(
    database: Database, ben: int, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _reach(database, ben)
    tell(database, ben, "a")
    with messenger(500) as server:
        assert [_send(database, server), _send(database, server, hours=9)] == [1, 0]
    assert (len(server.came), ends(database)) == (1, [("a", MailEnd.UNCLEAR)])
    said = "".join(capfd.readouterr()) + caplog.text
    assert "channel_not_sent" in said
    assert not any(word in said for word in ("62812345678", "127.0.0.1", "Failed to send"))


def test_a_reader_whom_the_channel_cannot_name_is_refused_and_nothing_is_sent(database: Database, ben: int) -> None:
    _reach(database, ben, "ben")
    tell(database, ben, "a")
    token = "123456789:" + "A" * 35
    post = Post(None, "https://x.test", "id", Courier(Channel("Telegram", f"tgram://{token}x x/{{to}}")))
    assert notify.run_due(database, post, quiet=quiet_until, now=DUE) == 1
    assert ends(database) == [("a", MailEnd.REFUSED)]


def test_the_owner_says_where_and_nothing_that_leads_elsewhere_is_taken(world: World) -> None:
    client = world.client("ben")
    assert 'action="/account/channel"' not in client.get("/account").text, "this office has no channel"
    settings = world.app.state.settings
    said = "Telegram=tgram://123456789:" + "A" * 35 + "/{to}"
    world.app.state.settings = settings.model_copy(update={"channel": type(settings.channel)(said)})
    form = form_of(client.get("/account").text, "/account/channel")
    for wrong in ("ben/../admin", "a?b=c", "62812&to=x", "ab", "x" * 70, "@ben@host"):
        refused = client.post("/account/channel", data=form | {"to": wrong})
        assert refused.status_code == 422, wrong
        assert "misalnya @ben_tumiwa" in refused.text
    saved = client.post("/account/channel", data=form | {"to": " 62812 345 678 "})
    assert saved.headers["location"] == "/account#mail"
    page = client.get("/account").text
    assert "Lewat Telegram ke 62812345678." in page
    assert form_of(page, "/account/channel")["to"] == ["62812345678"]
    client.post("/account/channel", data=form | {"to": ""})
    with world.database.reading() as db:
        trail = sa.select(AuditEvent.facts).where(AuditEvent.verb == "account.channel_chosen").order_by(AuditEvent.id)
        said = [(one["before"], one["after"]) for one in db.scalars(trail)]
    assert said == [(False, True), (True, False)], "the trail says that, and not where"


@pytest.mark.parametrize(
    "wrong", ["tgram://x/{to}", "Telegram=tgram://x/", "Telegram=tgram://x/{to}/{to}", "Telegram=x{to}"]
)
def test_a_channel_that_is_not_whole_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="write for example Telegram="):
        Settings(channel=wrong)  # type: ignore[arg-type]
