"""How the app is put on a port: the only importer of uvicorn beside the Zoom sandbox."""

import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.context import ForkContext, ForkProcess
from tempfile import TemporaryDirectory
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from uvicorn import _subprocess
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors.multiprocess import SIGNALS

from staffhub import clock
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.settings import Settings

_GRACE = 10  # seconds that running requests get when the server is told to stop
# As deploy/nginx.conf sends it: the proxy's time, and how long before it the first byte came, both in seconds.
_BY_PROXY = re.compile(rb"t=(\d{1,10}(?:\.\d{1,6})?)(?: after=(\d{1,4}(?:\.\d{1,6})?))?")
# A proxy's stamp that lies further back is another clock or a mistake, and ours counts.
_PROXY_HELD = timedelta(seconds=10)


class Arrivals(HttpToolsProtocol):
    """Stamps each request when its first byte is seen, before any queue, lock or thread: the time that counts."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)[clock.ARRIVED] = clock.now()

    def on_headers_complete(self) -> None:
        # The app is wrapped in this when there are proxies to be trusted; a client's own header is worth nothing.
        if isinstance(self.app, ProxyHeadersMiddleware) and self.client and self.client[0] in self.app.trusted_hosts:
            scope = cast("dict[str, Any]", self.scope)
            scope[clock.ARRIVED] = seen_by_proxy(dict(self.headers).get(b"x-request-start", b""), scope[clock.ARRIVED])
        super().on_headers_complete()


def seen_by_proxy(said: bytes, ours: datetime) -> datetime:
    """Return when the proxy saw the first byte: it passes a request on only once it has the whole of it."""
    if not (found := _BY_PROXY.fullmatch(said)):
        return ours
    at = datetime.fromtimestamp(float(found[1]) - float(found[2] or 0), tz=ours.tzinfo)
    return at if ours - _PROXY_HELD <= at <= ours else ours


class _Announced(uvicorn.Server):
    """Says so once it answers, not before."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


class _Forked(ForkProcess):
    """A worker that hears signals itself: with the handlers of its parent it would only note them."""

    def start(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def run(self) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        super().run()


class _Forking(ForkContext):
    Process = _Forked


def refuse_taken_port(host: str, port: int) -> None:
    """Say it before anything else is started."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        address = f"{host}:{port}"
        text = _("Cannot listen on %(address)s: %(reason)s. Try --port.", address=address, reason=error.strerror)
        raise Refused(text) from None


def options(settings: Settings, host: str, port: int) -> dict[str, Any]:
    """Our own log has each request; forwarded addresses count only from proxies that are named."""
    return {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "http": Arrivals,
        "ws": "none",
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies or "127.0.0.1",
        "timeout_graceful_shutdown": _GRACE,
    }


def run(app: FastAPI, given: dict[str, Any], ready: Callable[[], object]) -> None:
    """Serve in this process until Ctrl-C or SIGTERM, both of which are an ordinary end."""
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(0))
    server = _Announced(uvicorn.Config(app, **given), ready)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


def run_workers(factory: str, workers: int, given: dict[str, Any]) -> None:
    """Serve in several processes, whose counters /metrics adds up from files."""
    with TemporaryDirectory(prefix="staffhub-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        if sys.platform == "linux":
            _fork_workers()
        uvicorn.run(factory, factory=True, workers=workers, **given)


def _fork_workers() -> None:
    """Load the program here, once: workers that are forked share that memory, and one that died is back at once.

    uvicorn has each of them load it anew, for 80 MB more a worker, and has no setting for it. Each makes its app, with
    its database, itself. A thread would be here alone, and whoever waits for it there would wait for ever.
    """
    from staffhub.app import load  # what counts requests asks when it is imported whether there are several

    load()
    if threading.active_count() > 1:
        raise RuntimeError(f"threads before the workers are forked: {threading.enumerate()}")
    _subprocess.spawn = cast("Any", _Forking())
