"""Permohonan: the list, a new one, one request with its next step; and what the office offers."""

from staffhub.routes.deps import pages
from staffhub.routes.service_requests import (
    appointments,
    catalogue,
    correcting,
    handing_on,
    handing_over,
    importing,
    intake,
    listed,
    one,
    times,
)

# In this order: /requests/services, /requests/appointments, /requests/times, /requests/import and the like are no
# numbers.
_NAMED = (catalogue.router, appointments.router, times.router, handing_on.router, handing_over.router, importing.router)
router = pages(*_NAMED, listed.router, intake.router, correcting.router, one.router)
