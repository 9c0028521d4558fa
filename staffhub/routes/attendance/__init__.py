"""Bulan and Hari: the month, the day with its evidence, corrections, and from when presence counts."""

from staffhub.routes.attendance import months, one_day, queue, signing, start
from staffhub.routes.deps import pages

# In this order: /attendance/start is no officer.
router = pages(start.router, signing.router, queue.router, months.router, one_day.router)
