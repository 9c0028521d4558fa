"""Bulan and Hari: the month, the day with its evidence, corrections, and from when presence counts."""

from fastapi import APIRouter

from staffhub.routes.attendance import months, one_day, start

router = APIRouter()
# In this order: /attendance/start is no officer.
router.include_router(start.router)
router.include_router(months.router)
router.include_router(one_day.router)
