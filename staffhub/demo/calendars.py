"""Calendars that are read by a phone: of the first of the staff, the own one and that of the bidang."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import feeds
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    reader = viewer(db, people, "pegawai01", zone, now)
    for division_id in (None, reader.division_id):
        feeds.renew(db, reader, division_id=division_id, now=now)
