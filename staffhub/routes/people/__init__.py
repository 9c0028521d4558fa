"""Pegawai: the list, the import of the register, one officer's page and account."""

from fastapi import APIRouter

from staffhub.routes.people import importing, leaving, listing, officer

router = APIRouter()
router.include_router(listing.router)
router.include_router(importing.router)
router.include_router(officer.router)
router.include_router(leaving.router)
