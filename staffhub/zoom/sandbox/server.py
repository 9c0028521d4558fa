"""Run the sandbox beside the app or a test: uvicorn in a thread, on this machine only."""

import socket
from threading import Thread
from time import monotonic, sleep
from typing import Self

import uvicorn
from fastapi import FastAPI

HOST = "127.0.0.1"
PATIENCE = 10


class SandboxServer:
    """A running sandbox; port 0 takes a free one, and a second start takes the same one again.

    Refuses any address but 127.0.0.1: whoever reaches the sandbox rules it.
    """

    def __init__(self, app: FastAPI, *, host: str = HOST, port: int = 0) -> None:
        if host != HOST:
            raise ValueError(f"the Zoom sandbox listens on {HOST} only, not on {host}")
        self.app = app
        self.port = port
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None
        app.state.hang_up = self._hang_up

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def base_uri(self) -> str:
        return f"{self.origin}/v2"

    @property
    def oauth_uri(self) -> str:
        return f"{self.origin}/oauth/token"

    def start(self) -> Self:
        """Return once it answers. Raises OSError when the port is taken."""
        listener = socket.create_server((HOST, self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([listener],), name="zoom-sandbox", daemon=True)
        self._thread.start()
        give_up = monotonic() + PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or monotonic() > give_up:
                raise RuntimeError("the Zoom sandbox did not start")
            sleep(0.01)
        return self

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _hang_up(self, client: tuple[str, int]) -> None:
        """Close one client's connection. ASGI has no way to say this, so it is asked of uvicorn's own list."""
        connections = self._server.server_state.connections if self._server else set()
        for connection in list(connections):
            transport = getattr(connection, "transport", None)
            if transport is not None and getattr(connection, "client", None) == tuple(client):
                transport.close()
