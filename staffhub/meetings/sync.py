"""The outbox to Zoom."""

from datetime import datetime

from staffhub.db import Database
from staffhub.zoom.client import ZoomClient


def run_due(database: Database, zoom: ZoomClient | None, *, now: datetime, host: str) -> int:
    return 0
