"""How the app is put on a port: the only importer of uvicorn beside the Zoom sandbox."""

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from fastapi import FastAPI

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.settings import Settings

_GRACE = 10  # seconds that running requests get when the server is told to stop


class _Announced(uvicorn.Server):
    """Says so once it answers, not before."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


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
        uvicorn.run(factory, factory=True, workers=workers, **given)
