"""Corrections: what a person asks for, who decides on it, and the list of all of them."""

from staffhub.routes.corrections import asking, check_out, listing, one
from staffhub.routes.deps import pages

# In this order: /corrections/new is no request.
router = pages(listing.router, asking.router, check_out.router, one.router)
