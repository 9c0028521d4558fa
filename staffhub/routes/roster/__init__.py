"""The duty roster of a month, and the plan of one officer behind it."""

from staffhub.routes.deps import pages
from staffhub.routes.roster import drafting, month, officer, repair, swaps

# In this order: what /roster/... names by a word is no number.
router = pages(month.router, drafting.router, repair.router, swaps.router, officer.router)
