"""A machine of the office: added, changed, and its numbers given to people from a day on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import insert_unless_there, rows, write_over
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.machines.files import PERMISSION, machine_of
from staffhub.machines.lines import Unreadable, number_of
from staffhub.models import Machine, MachineMark, MachinePerson, Officer
from staffhub.people.cells import bare_name, plain
from staffhub.security import Viewer

_A_DAY = timedelta(days=1)


class Facts(NamedTuple):
    """What HR says of a machine. `utc_offset` in minutes; `watched`: a file of the office's folder on the server."""

    name: str
    serial: str
    place: str
    utc_offset: int
    watched: str


def add(db: Session, me: Viewer, facts: Facts, *, now: datetime) -> int:
    """Add a machine; one of this name is not added twice."""
    me.require(PERMISSION)
    _check(facts)
    values = {"office_id": me.office_id, "created_at": now, **facts._asdict(), "version": 1}
    values |= {"clock_error": 0, "looked": ""}
    if insert_unless_there(db, Machine, values):
        made = _by_name(db, me, facts.name)
        audit.record(db, me, "machine.added", "machine", made, now=now, after=facts._asdict())
        return made
    there = machine_of(db, me, _by_name(db, me, facts.name))
    if Facts(*(getattr(there, name) for name in Facts._fields)) != facts:
        raise Conflict(_("There is a machine of this name already."), field="name")
    return there.id


def _by_name(db: Session, me: Viewer, name: str) -> int:
    return db.scalars(select(Machine.id).where(Machine.office_id == me.office_id, Machine.name == name)).one()


def change(db: Session, me: Viewer, machine_id: int, facts: Facts, *, seen: int, now: datetime) -> None:
    """What was read stays as it was understood; what is read from now on is understood so."""
    machine = machine_of(db, me, machine_id)
    _check(facts)
    before = {name: getattr(machine, name) for name in Facts._fields}
    named = select(Machine.id).where(Machine.office_id == me.office_id, Machine.name == facts.name)
    if db.scalar(named.where(Machine.id != machine_id)):
        raise Conflict(_("There is a machine of this name already."), field="name")
    if changed := audit.changes(before, facts._asdict()):
        looked = {"looked": ""} if "watched" in changed else {}
        write_over(db, Machine, machine_id, seen=seen, **facts._asdict(), **looked)
        audit.record(db, me, "machine.changed", "machine", machine_id, now=now, changes=changed)


def _check(facts: Facts) -> None:
    if "/" in facts.watched or "\\" in facts.watched or facts.watched.startswith("."):
        raise Refused(_("Write the name of the file alone, without a folder."), field="watched")


class Wish(NamedTuple):
    """A number is given to somebody, `who` by name or number as typed, empty: to nobody."""

    number: str
    who: str


def give(
    db: Session, me: Viewer, machine_id: int, wishes: Sequence[Wish], *, since: date | None, seen: int, now: datetime
) -> int:
    """Say whose numbers these are from a day on, empty: since the machine first knew them; return how many changed.

    Whoever had a number before keeps what was until then.
    """
    machine_of(db, me, machine_id)
    people, changed = known(db, me.office_id), 0
    told = [(_number(one.number), _officer(people, one)) for one in wishes]
    write_over(db, Machine, machine_id, seen=seen)
    for number, officer_id in told:
        first = since or _first_seen(db, me, machine_id, number) or clock.local_day(now, me.zone)
        if _give(db, me, machine_id, number, officer_id, first, now=now):
            changed += 1
            facts: dict[str, Any] = {"number": number, "officer": officer_id, "first": first}
            audit.record(db, me, "machine.number_given", "machine", machine_id, now=now, **facts)
    return changed


def _number(typed: str) -> str:
    try:
        return number_of(typed)[0]
    except Unreadable:
        raise Refused(_("Write the number as the machine has it."), field="number") from None


def _give(
    db: Session, me: Viewer, machine_id: int, number: str, officer_id: int | None, first: date, *, now: datetime
) -> bool:
    """Add and remove whole rows, so that the days of both people follow."""
    whose = MachinePerson
    mine = (whose.office_id == me.office_id, whose.machine_id == machine_id, whose.number == number)
    held = list(db.scalars(select(whose).where(*mine).order_by(whose.first)))
    before = next((one for one in reversed(held) if one.first <= first and (not one.last or one.last >= first)), None)
    if (before.officer_id if before else None) == officer_id:
        return False
    later = next((one for one in held if one.first > first), None)
    if before and before.first == first:
        db.delete(before)
    elif before:
        before.last = first - _A_DAY
    db.flush()
    if officer_id is not None:
        db.add(
            whose(
                office_id=me.office_id,
                machine_id=machine_id,
                number=number,
                officer_id=officer_id,
                first=first,
                last=later.first - _A_DAY if later else None,
                created_by=me.account_id,
                created_at=now,
            )
        )
        db.flush()
    return True


def _first_seen(db: Session, me: Viewer, machine_id: int, number: str) -> date | None:
    mark = MachineMark
    mine = (mark.office_id == me.office_id, mark.machine_id == machine_id, mark.number == number)
    return db.scalar(select(sa.func.min(mark.date)).where(*mine))


class Person(NamedTuple):
    id: int
    name: str
    number: str
    active_to: date | None


_PEOPLE = (
    select(Officer.id, Officer.name, Officer.number, Officer.active_to)
    .where(Officer.office_id == bindparam("office"))
    .order_by(Officer.name, Officer.id)
)


def known(db: Session, office_id: int) -> list[Person]:
    return [Person(*row) for row in rows(db, _PEOPLE, office=office_id)]


def _officer(people: Sequence[Person], wish: Wish) -> int | None:
    typed = " ".join(wish.who.split())
    if not typed:
        return None
    digits = typed.replace(" ", "")
    found = [one.id for one in people if one.number.casefold() in {typed.casefold(), digits}]
    found = found or [one.id for one in people if plain(one.name) == plain(typed)]
    found = found or [one.id for one in people if plain(bare_name(one.name)) == plain(bare_name(typed))]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(_("Several people are called %(name)s. Write the number.", name=typed), field=f"who{wish.number}")
    raise Refused(_("Nobody on the register is called %(name)s.", name=typed), field=f"who{wish.number}")


def proposed(people: Sequence[Person], number: str, name: str) -> str:
    """Return whose number it probably is: of whoever has it as the own one, or of the only one of this name."""
    same = [one for one in people if (one.number.lstrip("0") or "0").casefold() == number.casefold()]
    if not same and name:
        same = [one for one in people if plain(bare_name(one.name)) == plain(bare_name(name))]
    return same[0].name if len(same) == 1 else ""
