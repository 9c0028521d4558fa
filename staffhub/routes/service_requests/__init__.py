"""Permohonan: the list, a new one, one request with its next step; and what the office offers."""

from staffhub.routes.deps import pages
from staffhub.routes.service_requests import catalogue, desk

# In this order: /requests/services is no number.
router = pages(catalogue.router, desk.router)
