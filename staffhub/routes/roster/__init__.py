"""The duty roster of a month, and the plan of one officer behind it."""

from staffhub.routes.deps import pages
from staffhub.routes.roster import (
    calls,
    drafting,
    duty,
    fairness,
    importing,
    month,
    officer,
    papers,
    planning,
    repair,
    swaps,
    wishing,
)

# In this order: what /roster/... names by a word is no number.
router = pages(
    month.router,
    duty.router,
    drafting.router,
    papers.router,
    importing.router,
    planning.router,
    repair.router,
    swaps.router,
    calls.router,
    fairness.router,
    wishing.router,
    officer.router,
)
