"""The duty roster between people: a swap that was accepted, one that waits for its answer, and a call to a desk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import clock, office, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.roster import calls, repairing, swap_lists, swaps
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


def call(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    """The head of the office calls somebody at home to the own desk, on the first working day that is not over."""
    head = viewer(db, people, "kadis", zone, now)
    today, rules = clock.local_day(now, zone), workdays.calendar(db, head.office_id)
    hours = rules.hours(today)
    over = hours is None or now.astimezone(zone).time() >= hours.ends
    ahead = (today + timedelta(days=n) for n in range(int(over), 30))
    day = next(day for day in ahead if rules.is_working_day(day))
    found = repairing.around(db, head.office_id, [day])
    for desk in office.divisions(db, head.office_id).values():
        for group in rules.coverage(day, desk).groups:
            need = repairing.Need(day, desk.id, group.name, group.types, 1)
            could = repairing.stand_ins(db, head.office_id, found, need, today=day)
            free = [one for one in could if not one.lent]
            if free:
                who = free[0].officer_id
                calls.call(db, head, officer_id=who, division_id=desk.id, day=day, group=group.name, now=now)
                return
