"""Catatan: the own day, its way to the superior, and what the superior does with the days of others."""

from staffhub.routes.deps import pages
from staffhub.routes.worklog import day, delegates, helps, sending, verify

router = pages(sending.router, delegates.router, verify.router, helps.router, day.router)
