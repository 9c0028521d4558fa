"""Swaps of the demo: one that was accepted this morning, and one that waits for its answer."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.roster import swap_lists, swaps
from staffhub.security import Viewer


def write(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    named = {one.id: one.username for one in people}
    accepted: set[int] = set()
    for person in people:
        me = viewer(db, people, person.username, zone, now)
        if person.leads or not me.division_id or person.id in accepted:
            continue
        asked = _ask(db, me, now=now)
        if asked and accepted:
            return
        if asked:
            swap_id, colleague = asked
            swaps.accept(db, viewer(db, people, named[colleague], zone, now), swap_id, now=now)
            accepted = {person.id, colleague}


def _ask(db: Session, me: Viewer, *, now: datetime) -> tuple[int, int] | None:
    """Ask for the first turn after today that somebody could take; return the swap and whom."""
    for day in swap_lists.my_turns(db, me, now=now):
        if day == clock.local_day(now, me.zone):
            continue
        for one in swap_lists.offer(db, me, day, now=now).able:
            back, key = next(iter(one.back), None), f"demo-swap-{me.officer_id}"
            done = swaps.ask(db, me, colleague_id=one.officer_id, gives=day, takes=back, key=key, now=now)
            return done.swap_id, one.officer_id
    return None
