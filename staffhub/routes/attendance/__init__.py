"""Bulan and Hari: the month, the day with its evidence, corrections, signing, and from when presence counts."""

from staffhub.routes.attendance import exports, months, one_day, queue, replay, signing, start
from staffhub.routes.deps import pages

# In this order: neither /attendance/start nor /attendance/exports is an officer.
router = pages(start.router, signing.router, queue.router, replay.router, exports.router, months.router, one_day.router)
