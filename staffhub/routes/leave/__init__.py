"""Cuti: mine with the balance, what waits for me, one leave with its decision, and what HR keeps."""

from staffhub.routes.deps import pages
from staffhub.routes.leave import mine, office, one

# In this order: /leave/paper is no number.
router = pages(mine.router, office.router, one.router)
