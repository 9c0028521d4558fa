"""Publishing a draft: its cells become ranges of the plan in the layer of the roster, and people hear of their days.

Only what differs is written, and days whose work has begun stay. It holds the lock of the bidang's roster and those
of its people, so that a leave which is being granted waits or is seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from staffhub import audit, clock, i18n, notify, office, workdays
from staffhub.db import changed_meanwhile
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import (
    NoticeKind,
    PlanEnding,
    PlanGrant,
    PlanLayer,
    PlanMode,
    RosterAct,
    RosterPlan,
)
from staffhub.roster import coverage, covering, drafts
from staffhub.roster.coverage import Cover, Serving
from staffhub.roster.covering import Month
from staffhub.roster.drafts import Draft, Key
from staffhub.roster.entries import lock_officers, settle
from staffhub.roster.published import Held, held
from staffhub.security import Viewer

# A refusal names so many days; the page shows all of them.
_NAMED = 5
# Where somebody is, and whose desk is kept there.
Place = tuple[PlanMode, int | None]


@dataclass(frozen=True)
class Published:
    """What came of publishing: `told` the days that changed by officer. `first_time` False: it stood there already."""

    version: int
    told: Mapping[int, Sequence[date]]
    first_time: bool = True


class _Part(NamedTuple):
    """A draft that is published, with what it says and who may keep its desk."""

    draft: Draft
    people: list[Serving]
    wanted: dict[Key, Place]


def publish(
    db: Session, me: Viewer, draft: Draft, *, version: int, now: datetime, together: Mapping[int, int] | None = None
) -> Published:
    """Let the plan of the days to come be what the draft says. Conflict when it is not the version that was seen.

    Refused while a rule is broken that nobody excused. A second tap finds it published. `together`: other bidang and
    the versions of their drafts, published in the same press, so that each counts whom the other lends.
    """
    first = max(draft.month, drafts.first_open(db, me, now))
    seen = {**(together or {}), draft.division_id: version}
    parts = _parts(db, me, draft.month, seen, first, now=now)
    if not parts:
        return Published(version + 1, {}, first_time=False)
    officers = sorted({officer_id for part in parts for officer_id, _day in part.wanted})
    # Everybody who may keep the desk: the leave of a colleague who stands in no cell of the draft counts as well.
    at_desk = {one.officer_id for part in parts for one in part.people}
    lock_officers(db, me.office_id, sorted(at_desk.union(officers)))
    last = draft.days[-1]
    before = workdays.plans(db, me.office_id, first, last, officers=officers)
    stands = held(db, me.office_id, officers, first, last)
    fresh_of = {
        part.draft.division_id: {key: place for key, place in part.wanted.items() if _place(stands.get(key)) != place}
        for part in parts
    }
    fresh = {key: place for of in fresh_of.values() for key, place in of.items()}
    # Published before, and nothing differs: there is nothing to do.
    parts = [one for one in parts if fresh_of[one.draft.division_id] or one.draft.published != one.draft.version]
    for part in parts:
        _lay(db, me, before, stands, fresh_of[part.draft.division_id], now=now)
        _mark(db, me, part.draft, now=now)
    _refuse_broken(db, me, [part.draft for part in parts], stands, fresh, first)
    after = workdays.plans(db, me.office_id, first, last, officers=officers)
    told: dict[int, list[date]] = {}
    for part in parts:
        changed = _changed(before, after, fresh_of[part.draft.division_id])
        _tell(db, me, part.draft, changed, len(fresh_of[part.draft.division_id]), now=now)
        told |= {who: told.get(who, []) + days for who, days in changed.items()}
    turn = drafts.read(db, me.office_id, draft.division_id, draft.month).version
    return Published(turn, told, first_time=bool(parts))


def _parts(db: Session, me: Viewer, month: date, seen: Mapping[int, int], first: date, *, now: datetime) -> list[_Part]:
    """Lock the drafts and return those that are not published yet, each as it was seen."""
    found = []
    for division_id in sorted(seen):
        drafts.lock(db, division_id)
    for division_id, version in sorted(seen.items()):
        there = drafts.draft_for(db, me, division_id, month, today=clock.local_day(now, me.zone), edit=True)
        if there.version == there.published == version + 1:
            continue
        if there.version != version:
            raise Conflict(changed_meanwhile())
        people = coverage.at_desk(db, me.office_id, division_id, there.days[0], there.days[-1])
        wanted = _wanted(there, people, first)
        if there.plan_id is None or not wanted:
            raise Refused(_("There is nothing to publish: no day to come is planned in this draft."))
        found.append(_Part(there, people, wanted))
    return found


def _mark(db: Session, me: Viewer, draft: Draft, *, now: datetime) -> None:
    turn = drafts.write(db, me, draft, {}, act=RosterAct.PUBLISHED, version=draft.version, now=now)
    db.execute(update(RosterPlan).where(RosterPlan.id == draft.plan_id).values(published=turn, published_at=now))


class Broken(Refused):
    """The roster would leave days on which a rule does not hold. `lenders`: whose drafts lend somebody for them."""

    def __init__(self, covers: Sequence[Cover], message: str, lenders: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.covers = covers
        self.lenders = sorted(lenders)


def _refuse_broken(
    db: Session,
    me: Viewer,
    published: Sequence[Draft],
    stands: Mapping[Key, Held],
    fresh: Mapping[Key, Place],
    first: date,
) -> None:
    """Look at the plan as it has become, and on those days also at bidang from which somebody lent goes home."""
    own = {draft.division_id: [day for day in draft.days if day >= first] for draft in published}
    left: dict[int, set[date]] = defaultdict(set)
    for key in fresh:
        if key in stands and (desk := stands[key].desk) is not None and desk not in own:
            left[desk].add(key[1])
    divisions = office.divisions(db, me.office_id)
    for division_id, days in (*own.items(), *((desk, sorted(days)) for desk, days in sorted(left.items()))):
        month = covering.month_of(db, me.office_id, division_id, days)
        if division_id in own:
            _refuse_letters(month)
        if broken := month.broken():
            lends = _loans(db, me, month, broken)
            said = [_said(divisions[division_id].short_name, broken)]
            said += [_first(divisions[desk].short_name, names) for desk, names in lends.items()]
            raise Broken(broken, " ".join(said), lends)


def _said(division: str, broken: Sequence[Cover]) -> str:
    named = "; ".join(_named(one) for one in broken[:_NAMED])
    more = len(broken) - _NAMED
    rest = " " + ngettext("and %(num)s more.", "and %(num)s more.", more) if more > 0 else "."
    return _("Not published: %(division)s would not be covered. %(days)s", division=division, days=named) + rest


def _loans(db: Session, me: Viewer, month: Month, broken: Sequence[Cover]) -> dict[int, list[str]]:
    """Return whose drafts lend whom: such a draft counts on the page, and here when it is published."""
    lent = coverage.lent(db, me.office_id, month.bidang.id, month.days[0], month.days[-1])
    names: dict[int, list[str]] = defaultdict(list)
    for who in month.lent:
        waits = (one for one in broken if one.is_short and one.demand.counts(who.employment, who.role))
        here = any((who.officer_id, one.day) in lent and _waits(month, who.officer_id, one.day) for one in waits)
        if here and who.division_id is not None and who.name not in names[who.division_id]:
            names[who.division_id].append(who.name)
    return names


def _waits(month: Month, officer_id: int, day: date) -> bool:
    """Whether somebody comes to this desk once a loan is published: it is not yet, and nothing else says her day."""
    plan = month.book.of(officer_id, day)
    comes = (plan.mode, plan.desk) == (PlanMode.OFFICE, month.bidang.id)
    at_home = any(who == officer_id and first <= day <= last for who, first, last in month.home)
    return plan.source in coverage.OF_THE_ROSTER and not comes and not at_home


def _first(division: str, names: Sequence[str]) -> str:
    told = {"division": division, "names": ", ".join(names)}
    return _("Publish the roster of %(division)s first, which lends %(names)s.", **told)


def _named(one: Cover) -> str:
    told = {"day": i18n.day(one.day), "group": one.label, "have": one.have}
    if one.absent:
        names = ", ".join(who.name for who in one.absent)
        return _("%(day)s: %(names)s must be in the office (%(rule)s)", day=told["day"], names=names, rule=one.label)
    if one.is_over:
        return _("%(day)s: %(group)s %(have)s, at most %(maximum)s", **told, maximum=one.maximum)
    return _("%(day)s: %(group)s %(have)s of %(minimum)s", **told, minimum=one.minimum)


def _refuse_letters(month: Month) -> None:
    """Whoever works from home by a letter is not in the office by the roster, nor for want of a word in it."""
    for name, kept in month.against_letters(month.days[0]):
        said = {"name": name, "days": ", ".join(i18n.day(day) for day in kept[:_NAMED])}
        raise Refused(_("Not published: %(name)s works from home by a letter, also on %(days)s.", **said))


def _place(one: Held | None) -> Place | None:
    return (one.mode, one.desk) if one else None


def _wanted(draft: Draft, people: Iterable[Serving], first: date) -> dict[Key, Place]:
    """Return what the draft says of the days to come, of those who serve in the bidang then."""
    own = [one for one in people if one.division_id == draft.division_id]
    return {
        (who, day): (cell.mode, cell.desk)
        for (who, day), cell in sorted(draft.cells.items())
        if day >= first and any(one.officer_id == who and one.serves(day) for one in own)
    }


def _lay(
    db: Session,
    me: Viewer,
    book: workdays.PlanBook,
    stands: Mapping[Key, Held],
    fresh: Mapping[Key, Place],
    *,
    now: datetime,
) -> None:
    """End what holds on the days that differ, and grant what is new, each in as few ranges as can be."""
    if not fresh:
        return

    def bridged(who: int, day: date) -> bool:
        """Whether a range may go on over this day without saying anything of it."""
        there = stands.get((who, day))
        return book.usual(who, day).mode is None and not (there and there.on_free_days)

    who_did = {"office_id": me.office_id, "created_by": me.author, "created_at": now}
    ended = _runs({key: (stands[key].grant_id,) for key in fresh if key in stands}, bridged)
    granted = _runs(fresh, bridged)
    if ended:
        gone = [who_did | {"grant_id": of[0], "first": start, "last": end} for _who, of, start, end in ended]
        db.execute(insert(PlanEnding), gone)
    same: dict[str, Any] = who_did | {"layer": PlanLayer.ROSTER, "note": "", "document": "", "on_free_days": False}
    written = [
        same | {"officer_id": who, "mode": place[0], "desk_id": place[1], "first": start, "last": end}
        for who, place, start, end in granted
    ]
    db.execute(insert(PlanGrant), written)
    dates = [day for _who, day in fresh]
    officers = sorted({who for who, _day in fresh})
    settle(db, me.office_id, officers, PlanLayer.ROSTER, min(dates), max(dates))


def _runs(said: Mapping[Key, tuple[Any, ...]], bridged: Any) -> list[tuple[int, tuple[Any, ...], date, date]]:
    """Join the days of a person of which the same is said, over days that say nothing."""
    found: list[tuple[int, tuple[Any, ...], date, date]] = []
    for (who, day), what in sorted(said.items(), key=lambda one: one[0]):
        if found and found[-1][:2] == (who, what) and _joins(who, found[-1][3], day, bridged):
            found[-1] = (who, what, found[-1][2], day)
        else:
            found.append((who, what, day, day))
    return found


def _joins(who: int, before: date, day: date, bridged: Any) -> bool:
    between = range(1, (day - before).days)
    return all(bridged(who, before + timedelta(days=n)) for n in between)


def _changed(before: workdays.PlanBook, after: workdays.PlanBook, fresh: Iterable[Key]) -> dict[int, list[date]]:
    """Return the days that are other ones now for the person: what lies under leave or an order changes nothing."""
    found: dict[int, list[date]] = defaultdict(list)
    for who, day in fresh:
        was, now = before.of(who, day), after.of(who, day)
        if (was.mode, was.desk) != (now.mode, now.desk):
            found[who].append(day)
    return dict(found)


def _tell(
    db: Session, me: Viewer, draft: Draft, changed: Mapping[int, Iterable[date]], days: int, *, now: datetime
) -> None:
    turn = draft.version + 1
    facts: dict[str, Any] = {"month": draft.month, "days": days, "people": len(changed), "turn": turn}
    audit.record(db, me, "roster.published", "division", draft.division_id, now=now, **facts)
    if not changed:
        return
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.ROSTER_PUBLISHED,
        params={"month": draft.month, "days": []},
        own={who: {"days": list(days)} for who, days in changed.items()},
        officers=list(changed),
        address=f"/roster/duty?month={draft.month:%Y-%m}&division={draft.division_id}",
        key=f"roster:{draft.plan_id}:{turn}",
        by=me.account_id,
        subject=notify.Subject("roster_plan", draft.plan_id or 0),
        now=now,
    )
