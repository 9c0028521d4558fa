"""A real mail server on this machine, as kind or as unkind as a test wants it."""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Post:
    """What came in. `answers` are what the server says to a message, the last of them from then on."""

    def __init__(self, *answers: str) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.asked = 0
        self.signed_in: list[str] = []
        self.encrypted: list[bool] = []
        self._answers = list(answers) or ["250 OK"]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        self.encrypted.append(session.ssl is not None)
        if answer.startswith("250") or answer in {"hang", "drop"}:
            letter = message_from_bytes(cast("bytes", envelope.content), policy=default)
            self.letters.append(cast("EmailMessage", letter))
            self.recipients += envelope.rcpt_tos
        if answer == "drop":  # it has the letter, and the line breaks before it can say so
            cast("Any", server).transport.abort()
        if answer == "hang":
            await asyncio.sleep(30)
        return answer

    def sign_in(self, _server: SMTP, _session: Session, _envelope: Envelope, how: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"staffhub", b"rahasia")
        if known:
            self.signed_in.append(data.login.decode())
        return AuthResult(success=known)


@contextmanager
def serving(post: Post, **options: Any) -> Iterator[int]:
    """Run the server meanwhile, on a port of its own, which is returned."""
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def raw(*lines: bytes, every: float = 0.05, drip: bool = False) -> Iterator[int]:
    """A server that says these lines, each after something was heard, and then nothing; `drip`: byte by byte."""
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer() -> None:
        while not over.is_set():
            try:
                line, _who = listening.accept()
            except OSError:
                return
            with line:
                _speak(line, lines, every=every, drip=drip, over=over)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _speak(line: socket.socket, said: tuple[bytes, ...], *, every: float, drip: bool, over: threading.Event) -> None:
    try:
        for number, words in enumerate(said):
            if number:
                line.recv(4096)
            line.sendall(words)
        while not over.wait(every):
            if drip:
                line.sendall(b"2")
    except OSError:
        return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return (the server's, a client's that trusts it) with a certificate for this name, made here."""
    key, cert = folder / f"{name}.key", folder / f"{name}.crt"
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(cert), *subject], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))
