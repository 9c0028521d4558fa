"""Rapat: the week's meetings, standups, one meeting, and the way in."""

from staffhub.routes.deps import pages
from staffhub.routes.meetings import dates, joining, minutes, new, one, week, written

router = pages(week.router, new.router, one.router, joining.router, dates.router, minutes.router, written.router)
