"""Pegawai: the list, the import of the register, one officer's page and account."""

from staffhub.routes.deps import pages
from staffhub.routes.people import importing, leaving, listing, officer

router = pages(listing.router, importing.router, officer.router, leaving.router)
