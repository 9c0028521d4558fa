"""For the machine's keeper: is the process alive, may it serve, and how much it does."""

import os
from datetime import timedelta

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from staffhub import clock, deadlines, scheduler
from staffhub.db import Database
from staffhub.errors import NotFound
from staffhub.migrations import is_at_head
from staffhub.routes.deps import database_of

router = APIRouter()

# Three heartbeats missed (see scheduler.JOBS): the time-driven work has stopped.
_QUIET = timedelta(seconds=60)


@router.get("/healthz")
async def healthz() -> Response:
    return JSONResponse({"process": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """200 when the database is at head and the scheduler beats; else 503 with what is wrong.

    On a thread of its own: the others may all be waiting for the database that this asks about.
    """
    return await anyio.to_thread.run_sync(_ready, database_of(request), limiter=anyio.CapacityLimiter(1))


def _ready(database: Database) -> Response:
    deadlines.begin(deadlines.PROBE)
    try:
        with database.engine.connect() as connection:
            at_head = is_at_head(connection)
        beat = scheduler.last_beat(database)
    except SQLAlchemyError as error:
        return JSONResponse({"database": type(error).__name__, "scheduler": "unknown"}, 503)
    beating = beat is not None and clock.now() - beat <= _QUIET
    found = {"database": "ok" if at_head else "not at head", "scheduler": "ok" if beating else "silent"}
    return JSONResponse(found, 200 if at_head and beating else 503)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text, for a collector on this machine only: a proxy's visitors get a 404."""
    local = request.client is not None and request.client.host in {"127.0.0.1", "::1", "testclient"}
    if not local or "x-forwarded-for" in request.headers:
        raise NotFound
    registry: CollectorRegistry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several workers: add up what each has counted
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
