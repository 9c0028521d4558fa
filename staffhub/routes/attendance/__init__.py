"""Bulan and Hari: the month, the day with its evidence, corrections, signing, and from when presence counts."""

from staffhub.routes.attendance import exports, months, one_day, queue, recounts, replay, signing, start, year
from staffhub.routes.deps import pages

# In this order: neither /attendance/start nor /attendance/exports is an officer.
_PARTS = (start, year, signing, queue, replay, exports, recounts, months, one_day)
router = pages(*(part.router for part in _PARTS))
