"""Rapat: the week's meetings, standups, one meeting, and the way in."""

from fastapi import APIRouter

from staffhub.routes.meetings import one, week

router = APIRouter()
router.include_router(week.router)
router.include_router(one.router)
