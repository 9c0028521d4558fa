"""Rapat: the week's meetings, standups, one meeting, and the way in."""

from staffhub.routes.deps import pages
from staffhub.routes.meetings import dates, minutes, one, week, written

router = pages(week.router, one.router, dates.router, minutes.router, written.router)
