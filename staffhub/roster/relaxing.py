"""What cannot hold in a month, and the ways out of it: taken into the drafts in one press, and worked out again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from staffhub import clock
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import PlanMode, RosterAct
from staffhub.roster import drafts, excuses, runs
from staffhub.roster.coverage import APPOINTMENTS
from staffhub.roster.solving.problem import Demand, Why
from staffhub.roster.solving.solution import Broken, Kind, Relaxation
from staffhub.security import Viewer

# Days that follow each other but for a weekend are told together.
_NEXT = timedelta(days=3)
_BROKEN = TypeAdapter(list[Broken])


class Step(NamedTuple):
    """One change of a way out: `officer_id` of which bidang does it; None: the minimum is excused."""

    kind: Kind
    officer_id: int | None
    division_id: int | None


Way = tuple[Step, ...]


@dataclass(frozen=True)
class Trouble:
    """A rule that cannot hold on some days running, for the same reasons. `missing` below 0: too many are bound.

    `group`: what the rule calls its people, the number of the order, or LEVELS; `ways`: what helps on each of the days;
    `untried`: more changes at once could help than were tried.
    """

    division_id: int
    group: str
    is_share: bool
    missing: int
    days: tuple[date, ...]
    absent: tuple[tuple[int, Why | None], ...]
    ways: tuple[Way, ...]
    untried: bool = False

    @property
    def helps(self) -> set[Way]:
        """Return the ways that excuse nothing."""
        return {way for way in self.ways if all(step.kind != "excuse" for step in way)}

    @property
    def for_citizens(self) -> bool:
        return self.group == APPOINTMENTS

    def way(self, key: str) -> Way | None:
        return next((way for way in self.ways if key_of(way) == key), None)


def key_of(way: Way) -> str:
    """Name a way in a form: "borrow-12", "excuse", "unlock-4_unlock-7"."""
    return "_".join(step.kind if step.officer_id is None else f"{step.kind}-{step.officer_id}" for step in way)


def troubles(outcome: Mapping[str, Any] | None) -> list[Trouble]:
    """Read what an outcome says of rules that cannot hold, days that are alike together; pure."""
    if not outcome or not outcome.get("broken"):
        return []
    people = {int(id_): (officer, desk) for id_, (officer, desk) in outcome["people"].items()}
    found: list[Trouble] = []
    for one in _BROKEN.validate_python(outcome["broken"]):
        fresh = _trouble(one, people)
        if fresh is None:
            continue
        before = next((n for n in reversed(range(len(found))) if _goes_on(found[n], fresh)), None)
        if before is None:
            found.append(fresh)
        else:
            found[before] = _joined(found[before], fresh)
    return found


def _trouble(one: Broken, people: Mapping[int, tuple[int, int]]) -> Trouble | None:
    rule = one.rule
    if rule.desk is None:
        return None
    absent = {(people[who.person][0], who.why) for who in one.absent}
    ways = (tuple(_step(change, people) for change in way) for way in one.ways)
    return Trouble(
        division_id=rule.desk,
        group=rule.source,
        is_share=not isinstance(rule, Demand),
        missing=one.missing,
        days=(rule.day,),
        absent=tuple(sorted(absent, key=str)),
        # What citizens were promised is not excused here.
        ways=tuple(way for way in ways if rule.source != APPOINTMENTS or all(step.kind != "excuse" for step in way)),
        untried=one.untried,
    )


def _step(change: Relaxation, people: Mapping[int, tuple[int, int]]) -> Step:
    return Step(change.kind, *(people[change.person] if change.person is not None else (None, None)))


def _goes_on(before: Trouble, one: Trouble) -> bool:
    """Whether it is told as one: the same lacks for the same reasons, and where something helps the same does."""
    if (before.helps or one.helps) and not before.helps & one.helps:
        return False
    same = (before.division_id, before.group, before.is_share, before.missing, before.absent)
    follows = before.days[-1] < one.days[0] <= before.days[-1] + _NEXT
    return follows and same == (one.division_id, one.group, one.is_share, one.missing, one.absent)


def _joined(before: Trouble, one: Trouble) -> Trouble:
    ways = tuple(way for way in before.ways if way in one.ways)
    return Trouble(
        before.division_id,
        before.group,
        before.is_share,
        before.missing,
        before.days + one.days,
        before.absent,
        ways,
        before.untried or one.untried,
    )


def take(
    db: Session, me: Viewer, run_id: int, chosen: Mapping[int, str], *, reason: str, key: str, now: datetime
) -> int:
    """Take a way out of each trouble that one was chosen for into the drafts, and have it worked out again.

    Refused where no day is left, or a way needs a reason, a plan that was written by hand, or a bidang that I may not
    write.
    """
    run = runs.run_for(db, me, run_id)
    there = troubles(run.outcome)
    ways = {n: there[n].way(value) for n, value in chosen.items() if value and n < len(there)}
    today, opens = clock.local_day(now, me.zone), drafts.first_open(db, me, now)
    taken = [(_left(there[n], way, today, opens), way) for n, way in ways.items() if way is not None]
    if not taken:
        raise Refused(_("Choose at least one way out."), field="way_0")
    # The rosters before the office, whose version an excuse changes: in the order of whoever excuses on a draft.
    desks = {trouble.division_id for trouble, _way in taken} | {step.division_id for _, way in taken for step in way}
    for desk in sorted(one for one in desks if one is not None):
        drafts.lock(db, desk)
    changes: dict[int, dict[drafts.Key, drafts.Cell | None]] = {}
    _refuse_twice(taken)
    for trouble, way in taken:
        for step in way:
            _take_step(db, me, trouble, step, changes, reason=reason, now=now)
    for desk in sorted(changes):
        draft = drafts.draft_for(db, me, desk, run.month, today=today, edit=True)
        drafts.write(db, me, draft, changes[desk], act=RosterAct.RELAXED, version=draft.version, now=now)
    return runs.ask(db, me, run.division_id, run.month, key=key, now=now)


def _left(one: Trouble, way: Way, today: date, opens: date) -> Trouble:
    """Leave out days past mending: a day is excused until it is over, and planned until its work begins."""
    since = today if all(step.kind == "excuse" for step in way) else opens
    days = tuple(day for day in one.days if day >= since)
    if not days:
        raise Refused(_("These days are over, or their work has begun. Have the plan worked out again."), field="way_0")
    return replace(one, days=days)


def _refuse_twice(taken: Iterable[tuple[Trouble, Way]]) -> None:
    """Each way was tried by itself: two of them may want the same person for two things."""
    wanted: dict[drafts.Key, set[tuple[Kind, int | None]]] = defaultdict(set)
    for one, way in taken:
        for step in way:
            if step.officer_id is not None:
                at = one.division_id if step.kind == "borrow" else None
                for key in _keys(step.officer_id, one.days):
                    wanted[key].add((step.kind, at))
    if any(len(things) > 1 for things in wanted.values()):
        raise Refused(
            _("Two of these ways out want the same person on the same day. Choose another one."), field="way_0"
        )


def _take_step(
    db: Session,
    me: Viewer,
    trouble: Trouble,
    step: Step,
    changes: dict[int, dict[drafts.Key, drafts.Cell | None]],
    *,
    reason: str,
    now: datetime,
) -> None:
    if step.kind == "excuse":
        if not reason.strip():
            raise Refused(_("Write why the minimum is excused on those days."), field="reason")
        days = [(day, trouble.group) for day in trouble.days]
        excuses.write(db, me, trouble.division_id, days, reason=reason.strip()[:200], now=now)
    elif step.kind == "ask_leave" or step.officer_id is None or step.division_id is None:
        raise Refused(_("A leave is decided on its own page. Open it there, then have the plan worked out again."))
    elif step.kind == "borrow":
        lent = drafts.Cell(PlanMode.OFFICE, trouble.division_id, locked=True)
        changes.setdefault(step.division_id, {}).update(dict.fromkeys(_keys(step.officer_id, trouble.days), lent))
    else:
        _unlock(db, me, step.officer_id, step.division_id, trouble.days, changes)


def _keys(officer_id: int, days: Iterable[date]) -> list[drafts.Key]:
    return [(officer_id, day) for day in days]


def _unlock(
    db: Session,
    me: Viewer,
    officer_id: int,
    division_id: int,
    days: tuple[date, ...],
    changes: dict[int, dict[drafts.Key, drafts.Cell | None]],
) -> None:
    there = drafts.read(db, me.office_id, division_id, days[0].replace(day=1)).cells
    for key in _keys(officer_id, days):
        cell = there.get(key)
        if cell is None or not cell.locked:
            raise Refused(_("That day was written by hand on the plan of the person. Take it out there."))
        changes.setdefault(division_id, {})[key] = cell._replace(locked=False)
