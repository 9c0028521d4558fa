"""Not yet written."""

from fastapi import APIRouter

router = APIRouter()
