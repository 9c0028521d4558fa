"""How evenly the turns in the office fall on the people of a bidang, over a month and the two before it.

Only what is planned counts, as it stands now; each difference to the mean of the group is told with what explains it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Date, bindparam, select, union_all
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import DutySwap, PlanLayer, PlanMode, RosterWish, SwapState
from staffhub.roster.coverage import OF_THE_ROSTER
from staffhub.roster.standing_in import Room, room
from staffhub.security import Viewer

# So many people stand on a page, those farthest from the mean first.
LISTED = 40
_WEEKDAYS = 5


class Person(NamedTuple):
    """Turns of one person; `weekdays` from Monday on. `reasons`: what explains a difference, in words."""

    id: int
    name: str
    turns: int
    over: float
    weekdays: Sequence[int]
    reasons: Sequence[str]


@dataclass(frozen=True)
class Group:
    """People who take turns with each other; the means are of all of them, `more` of whom have no line."""

    name: str
    mean: float
    weekdays: Sequence[float]
    people: Sequence[Person]
    more: int
    most: int


@dataclass(frozen=True)
class Fairness:
    division: office.Bidang
    first: date
    last: date
    groups: Sequence[Group]


def divisions_of(db: Session, me: Viewer) -> list[office.Bidang]:
    """Return whose turns I may read: all of them for who sees the office, else the own bidang."""
    every = office.divisions(db, me.office_id).values()
    return [one for one in every if me.sees_everyone or one.id == me.division_id]


def fairness(db: Session, me: Viewer, division_id: int, month: date, *, now: datetime) -> Fairness:
    """Return the turns of a bidang over three months, in six statements."""
    if division_id not in office.divisions(db, me.office_id):
        raise NotFound(_("There is no such division."))
    if not me.sees_everyone and division_id != me.division_id:
        raise Forbidden(_("You see the turns of your own division."))
    first = clock.month_before(clock.month_before(month))
    last = clock.month_days(month)[-1]
    there = room(db, me, division_id, first, last, now=now)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    wishes, swaps = _wishes(db, me, first, last), _swaps(db, me, first, last)
    found: dict[str, list[Person]] = defaultdict(list)
    for officer_id, seats in there.people.items():
        seat = seats[-1]
        group = ", ".join(there.groups(seat, last)) or ", ".join(there.groups(seat, first)) or _("other")
        personal = me.sees(officer_id=officer_id, division_id=division_id)
        counted = _counted(there, officer_id, days)
        more = [*_told(wishes[officer_id], swaps[officer_id])] if personal else []
        found[group].append(_person(officer_id, seat.name, counted, more, personal=personal))
    return Fairness(there.division, first, last, [_group(name, people) for name, people in sorted(found.items())])


def _counted(there: Room, officer_id: int, days: Sequence[date]) -> Counter[str]:
    """Count the days of a person by what they are; "0" to "4" are turns by weekday."""
    counted: Counter[str] = Counter()
    for day in days:
        if there.seat(officer_id, day) is None:
            counted["elsewhere"] += there.book.calendar.is_working_day(day)
            continue
        plan = there.book.of(officer_id, day)
        if plan.mode is PlanMode.OFFICE:
            counted["turns"] += 1
            counted[str(day.weekday())] += 1
            counted["lent"] += plan.desk not in {None, there.division.id}
        elif plan.mode is PlanMode.LEAVE:
            counted["leave"] += 1
        elif plan.mode is PlanMode.FIELD:
            counted["field"] += 1
        elif plan.source == PlanLayer.EXEMPTION:
            counted["exempt"] += 1
        elif plan.mode is PlanMode.HOME and (plan.source not in OF_THE_ROSTER or there.stays_home(officer_id, day)):
            counted["arranged"] += 1
    return counted


def _person(officer_id: int, name: str, counted: Counter[str], more: Sequence[str], *, personal: bool) -> Person:
    said = []
    if n := counted["elsewhere"]:
        said.append(ngettext("%(num)s day not in this division", "%(num)s days not in this division", n))
    if n := counted["leave"]:
        said.append(ngettext("%(num)s day of leave", "%(num)s days of leave", n))
    if n := counted["field"]:
        said.append(ngettext("%(num)s day on field duty", "%(num)s days on field duty", n))
    if (n := counted["exempt"]) and personal:
        said.append(ngettext("%(num)s day exempted", "%(num)s days exempted", n))
    if (n := counted["arranged"]) and personal:
        said.append(ngettext("%(num)s day at home by arrangement", "%(num)s days at home by arrangement", n))
    if n := counted["lent"]:
        said.append(ngettext("%(num)s day lent to another desk", "%(num)s days lent to another desk", n))
    weekdays = [counted[str(n)] for n in range(_WEEKDAYS)]
    return Person(officer_id, name, counted["turns"], 0.0, weekdays, [*said, *more])


def _told(wishes: int, swaps: tuple[int, int]) -> list[str]:
    gave, took = swaps
    said = []
    if wishes:
        said.append(ngettext("%(num)s wish", "%(num)s wishes", wishes))
    if gave:
        said.append(ngettext("gave %(num)s turn in a swap", "gave %(num)s turns in swaps", gave))
    if took:
        said.append(ngettext("took %(num)s turn in a swap", "took %(num)s turns in swaps", took))
    return said


def _group(name: str, people: Sequence[Person]) -> Group:
    mean = sum(one.turns for one in people) / len(people)
    weekdays = [sum(one.weekdays[n] for one in people) / len(people) for n in range(_WEEKDAYS)]
    ordered = sorted(
        (one._replace(over=one.turns - mean) for one in people), key=lambda one: (-abs(one.over), one.name)
    )
    most = max(one.turns for one in people)
    return Group(name, mean, weekdays, ordered[:LISTED], len(ordered[LISTED:]), most)


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_WISHES = select(RosterWish.officer_id).where(
    RosterWish.office_id == bindparam("office"), RosterWish.date.between(_FIRST, _LAST)
)
_APPLIED = (DutySwap.office_id == bindparam("office"), DutySwap.state == SwapState.APPLIED)
# Who gave a turn, and who took it.
_SWAPS = union_all(
    select(DutySwap.officer_id, DutySwap.colleague_id).where(*_APPLIED, DutySwap.gives.between(_FIRST, _LAST)),
    select(DutySwap.colleague_id, DutySwap.officer_id).where(*_APPLIED, DutySwap.takes.between(_FIRST, _LAST)),
)


def _wishes(db: Session, me: Viewer, first: date, last: date) -> Counter[int]:
    return Counter(rows(db, _WISHES, office=me.office_id, first=first, last=last).scalars())


def _swaps(db: Session, me: Viewer, first: date, last: date) -> dict[int, tuple[int, int]]:
    """Count by person how many turns were given and taken in swaps."""
    gave: Counter[int] = Counter()
    took: Counter[int] = Counter()
    for giver, taker in rows(db, _SWAPS, office=me.office_id, first=first, last=last):
        gave[giver] += 1
        took[taker] += 1
    return defaultdict(lambda: (0, 0), {who: (gave[who], took[who]) for who in gave | took})
