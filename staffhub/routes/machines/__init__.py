"""Fingerprint machines: their files, their numbers and what HR has to say of them."""

from staffhub.routes.deps import pages
from staffhub.routes.machines import machine, reading

router = pages(machine.router, reading.router)
