"""One JSON line per event, with the request's id; tracebacks without local variables, which hold personal data."""

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

_frames = ExceptionDictTransformer(show_locals=False)


def _where(exc_info: Any) -> list[dict[str, Any]]:
    """Where it broke and what kind it is; the text of an exception may repeat what somebody typed or a row holds."""
    return [one | {"exc_value": "", "exc_notes": []} for one in _frames(exc_info)]


class _AsOurs(logging.Handler):
    """What APScheduler says goes where our lines go, as one of them."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).warning("scheduler_said", said=record.getMessage())


def configure() -> None:
    scheduler = logging.getLogger("apscheduler")
    scheduler.handlers, scheduler.propagate = [_AsOurs(logging.WARNING)], False
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_where),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Looked up at every line: whoever redirects stderr later (the demo, a test) gets the lines too.
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
