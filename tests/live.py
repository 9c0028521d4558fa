"""The app behind a real server on a real port, in a thread of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import uvicorn

from bench.postgres import free_port
from staffhub.serving import Arrivals
from tests.conftest import wait_until


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[str]:
    """Yield the address of a running server."""
    port = free_port()
    given = {"host": "127.0.0.1", "port": port, "log_level": "error", "http": Arrivals, "proxy_headers": False}
    server = uvicorn.Server(uvicorn.Config(app, **(given | options)))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def browser(address: str, token: str | None = None, **options: Any) -> httpx2.Client:
    """A client as a browser of that site; its time limit only ends a test that hangs."""
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"Cookie": f"staffhub_session={token}"} if token else {})
    return httpx2.Client(base_url=address, headers=headers, timeout=25, trust_env=False, **options)
