"""Permohonan: the list, a new one, one request with its next step; and what the office offers."""

from staffhub.routes.deps import pages
from staffhub.routes.service_requests import catalogue, handing_on, intake, listed, one

# In this order: /requests/services and /requests/hand-on are no numbers.
router = pages(catalogue.router, listed.router, intake.router, handing_on.router, one.router)
