"""One e-mail to one mail server, by SMTP, within a time limit. What is known afterwards is one of four things."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, cast

import structlog

from staffhub.settings import Smtp

log = structlog.get_logger(__name__)

# Seconds: for one answer, and for everything together, however slowly it drips.
ONE_ANSWER, ALTOGETHER = 20.0, 60.0
_GO_ON = 354


class Outcome(StrEnum):
    """`AGAIN`: not accepted now; `AWAY`: the server itself is the trouble; `UNCLEAR`: it may have been accepted."""

    SENT = "sent"
    REFUSED = "refused"
    AGAIN = "again"
    AWAY = "away"
    UNCLEAR = "unclear"


class _Said(Exception):
    """What the server answered where it should have agreed."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True)
class Mailer:
    """Sends by one server; certificates are checked against the authorities that the machine trusts."""

    server: Smtp
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    one_answer: float = ONE_ANSWER
    altogether: float = ALTOGETHER

    def send(self, message: EmailMessage) -> Outcome:
        """Hand a message over. Addresses and texts stand in no log; the answer's code does."""
        handed = threading.Event()
        try:
            with self._connection() as smtp:
                _hand_over(smtp, message, handed)
                return Outcome.SENT
        except UnicodeEncodeError:
            return Outcome.REFUSED  # an address that no server of this kind can read
        except Exception as error:  # noqa: BLE001  whatever a foreign server does becomes an outcome
            outcome = _outcome(error, handed=handed.is_set())
            log.warning("mail_not_sent", outcome=outcome, error=type(error).__name__, code=_code(error))
            return outcome

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        opened: list[smtplib.SMTP] = []
        watch = threading.Timer(self.altogether, _cut, [opened])
        watch.start()
        try:
            smtp = self._open(opened)
            self._greet(smtp)
            yield smtp
        finally:
            watch.cancel()
            for one in opened:
                one.close()

    def _open(self, opened: list[smtplib.SMTP]) -> smtplib.SMTP:
        where = {"host": self.server.host, "port": self.server.port, "timeout": self.one_answer}
        if self.server.tls:
            return _EncryptedLine(opened, context=self.context, **where)
        return _Line(opened, **where)

    def _greet(self, smtp: smtplib.SMTP) -> None:
        """Nothing goes over a network in clear: without STARTTLS only to a server on this machine."""
        smtp.ehlo_or_helo_if_needed()
        if not self.server.tls and (smtp.has_extn("starttls") or not _is_here(self.server.host)):
            smtp.starttls(context=self.context)
            smtp.ehlo()
        if self.server.user:
            smtp.login(self.server.user, self.server.password)


class _Watched:
    """Is known before it connects: a server may drip from its first word on."""

    def __init__(self, opened: list[smtplib.SMTP], **where: Any) -> None:
        opened.append(cast("smtplib.SMTP", self))
        super().__init__(**where)


class _Line(_Watched, smtplib.SMTP):
    pass


class _EncryptedLine(_Watched, smtplib.SMTP_SSL):
    pass


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage, handed: threading.Event) -> None:
    """`handed` is set once the server may have the whole message: from then on nobody knows without its answer."""
    _agreed(*smtp.mail(str(message["From"].addresses[0].addr_spec)))
    _agreed(*smtp.rcpt(str(message["To"].addresses[0].addr_spec)))
    code, _text = smtp.docmd("DATA")
    if code != _GO_ON:
        raise _Said(code)
    body = message.as_bytes(policy=SMTP).replace(b"\r\n.", b"\r\n..")
    handed.set()
    smtp.send(body.rstrip(b"\r\n") + b"\r\n.\r\n")
    _agreed(*smtp.getreply())
    with suppress(OSError, smtplib.SMTPException):  # it has been accepted; how it says goodbye is its own affair
        smtp.docmd("QUIT")


def _agreed(code: int, _text: bytes) -> None:
    if code not in {250, 251}:
        raise _Said(code)


def _outcome(error: Exception, *, handed: bool) -> Outcome:
    """A server that answers is believed: 5xx is its last word on this message, 4xx asks to come again."""
    if isinstance(error, _Said):
        if error.code >= 500:  # noqa: PLR2004
            return Outcome.REFUSED
        return Outcome.AGAIN if error.code >= 400 else Outcome.AWAY  # noqa: PLR2004
    return Outcome.UNCLEAR if handed else Outcome.AWAY


def _code(error: Exception) -> int | None:
    code = error.code if isinstance(error, _Said) else getattr(error, "smtp_code", None)
    return code if isinstance(code, int) else None


def _cut(opened: list[smtplib.SMTP]) -> None:
    for smtp in opened:
        with suppress(OSError, AttributeError):  # closed meanwhile
            smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
