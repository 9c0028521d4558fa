"""Exemptions by a circular: many people at once work from home, or are excused; and what is taken back of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from staffhub import audit, notify, office
from staffhub.db import changed_meanwhile, insert_unless_there, lock_row, said_otherwise
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Exemption, ExemptionPerson, ExemptionStep, Meaning, NoticeKind, PlanLayer, PlanMode
from staffhub.orders.people import Named, everybody, refuse_absent
from staffhub.orders.told import NOTHING, Told, told_of
from staffhub.roster.entries import Range, end_all, grant_all
from staffhub.roster.grants import refuse_span
from staffhub.security import Viewer
from staffhub.workdays import Granted

Group = Literal["asn", "non_asn"]
# What is granted: somebody who is excused has no working day (workdays.plans).
MODES = {Meaning.HOME: PlanMode.HOME, Meaning.EXCUSED: PlanMode.LEAVE}


@dataclass(frozen=True)
class Scope:
    """Whom an exemption is for: everyone or divisions, narrowed by a group; and persons besides.

    A group alone is that group of the whole office.
    """

    everyone: bool = False
    divisions: tuple[int, ...] = ()
    groups: tuple[Group, ...] = ()
    officers: tuple[int, ...] = ()

    def includes(self, one: Named) -> bool:
        if one.id in self.officers:
            return True
        whole = self.everyone or (bool(self.groups) and not self.divisions)
        place = whole or one.division_id in self.divisions
        return place and (not self.groups or ("asn" if one.is_asn else "non_asn") in self.groups)


@dataclass(frozen=True)
class Draft:
    number: str
    meaning: Meaning
    first: date
    last: date
    reason: str
    scope: Scope


@dataclass(frozen=True)
class Look:
    """An exemption that may be written: for whom, how many of each division, and what has to be told first."""

    draft: Draft
    people: Sequence[Named] = ()
    told: Told = NOTHING
    there: int | None = None

    @property
    def divisions(self) -> list[tuple[str, int]]:
        return list(Counter(one.division for one in self.people).items())

    @property
    def digest(self) -> str:
        """What the button sends that writes it: for those people, after what was told."""
        return f"{len(self.people)}-{self.told.digest}"


@dataclass(frozen=True)
class Written:
    exemption_id: int
    people: int
    first_time: bool = True


def look_at(db: Session, me: Viewer, draft: Draft, *, key: str, now: datetime) -> Look:
    """Find out whom it is for, refuse what cannot be, and tell the rest."""
    me.require("exemptions.write")
    if there := _written_before(db, me, draft, key):
        return Look(draft, there=there)
    refuse_span(me, draft.first, draft.last, now)
    people = _people(db, me, draft)
    instead = Granted(PlanLayer.EXEMPTION, PlanMode.HOME) if draft.meaning is Meaning.HOME else None
    told = told_of(db, me, people, draft.first, draft.last, instead=instead, now=now)
    return Look(draft, people, told)


def _people(db: Session, me: Viewer, draft: Draft) -> list[Named]:
    """Evaluate the scope on these dates: whoever serves on one of them; a person who does not is refused by name."""
    scope = draft.scope
    if not set(scope.divisions) <= office.divisions(db, me.office_id).keys():
        raise NotFound(_("One of those you chose is not in this office."))
    if not (scope.everyone or scope.divisions or scope.groups or scope.officers):
        raise Refused(_("Choose for whom: everyone, divisions, a group or persons."), field="officer")
    there = everybody(db, me.office_id, draft.first, draft.last)
    found = [one for one in there if scope.includes(one)]
    if missing := set(scope.officers) - {one.id for one in found}:
        every = {one.id: one for one in everybody(db, me.office_id, date.min, date.max)}
        if not missing <= every.keys():
            raise NotFound(_("One of those you chose is not in this office."))
        refuse_absent([every[one] for one in sorted(missing)], draft.first, draft.last)
    if not found:
        raise Refused(_("Nobody of these serves on these dates."), field="officer")
    return found


def _written_before(db: Session, me: Viewer, draft: Draft, key: str) -> int | None:
    """Return the exemption of the same press, or of the same words in another tab."""
    wanted = vars(draft) | {"scope": asdict_of(draft.scope)}
    row = db.scalar(select(Exemption).where(Exemption.office_id == me.office_id, Exemption.idempotency_key == key))
    if row is not None and not _same(row, wanted):
        raise said_otherwise()
    if row is not None:
        return row.id
    alike = select(Exemption).where(
        Exemption.office_id == me.office_id, Exemption.first == draft.first, Exemption.number == draft.number
    )
    taken_back = set(db.scalars(select(ExemptionStep.exemption_id).where(ExemptionStep.office_id == me.office_id)))
    there = [one.id for one in db.scalars(alike) if _same(one, wanted) and one.id not in taken_back]
    return there[0] if there else None


def _same(row: Exemption, wanted: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in wanted.items())


def asdict_of(scope: Scope) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(scope).items()}


def write(db: Session, me: Viewer, look: Look, *, key: str, now: datetime) -> Written:
    """Write an exemption and a range of the plan for each of its people, however many, in a few statements."""
    if look.there:
        return Written(look.there, 0, first_time=False)
    draft = look.draft
    facts: dict[str, Any] = vars(draft) | {"scope": asdict_of(draft.scope), "people": len(look.people)}
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now}
    if not insert_unless_there(db, Exemption, facts | who | {"idempotency_key": key}):
        return Written(_written_before(db, me, draft, key) or 0, 0, first_time=False)
    exemption_id = db.scalars(
        select(Exemption.id).where(Exemption.office_id == me.office_id, Exemption.idempotency_key == key)
    ).one()
    granted = Range(
        PlanLayer.EXEMPTION,
        MODES[draft.meaning],
        draft.first,
        draft.last,
        note=draft.reason,
        document=draft.number,
    )
    ids = grant_all(db, me, [one.id for one in look.people], granted, now=now)
    named = {"office_id": me.office_id, "exemption_id": exemption_id}
    db.execute(
        insert(ExemptionPerson), [named | {"officer_id": one, "grant_id": grant_id} for one, grant_id in ids.items()]
    )
    audit.record(db, me, "exemption.written", "exemption", exemption_id, now=now, **facts)
    _tell(db, me, exemption_id, draft.number, sorted(ids), "given", 0, draft.first, draft.last, now=now)
    return Written(exemption_id, len(ids))


def take_back(
    db: Session,
    me: Viewer,
    exemption_id: int,
    *,
    first: date | None,
    last: date | None,
    officers: Sequence[int] | None,
    reason: str,
    seen: int | None,
    key: str,
    now: datetime,
) -> int:
    """Take dates back, for some of the people or all of them; what was beneath holds again. Return for how many."""
    me.require("exemptions.write")
    lock_row(db, Exemption, exemption_id)
    row = db.get(Exemption, exemption_id, populate_existing=True)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such exemption."))
    steps = db.execute(
        select(ExemptionStep.turn, ExemptionStep.idempotency_key).where(
            ExemptionStep.office_id == me.office_id, ExemptionStep.exemption_id == row.id
        )
    ).all()
    if key in {step.idempotency_key for step in steps}:
        return 0
    if seen is not None and seen != 1 + len(steps):
        raise Conflict(changed_meanwhile())
    start, end = _dates(row, first, last)
    grants = _grants(db, me, row, officers)
    gone = _end(db, me, row, 1 + len(steps), grants, start, end, officers, reason, key, now)
    if not gone:
        raise Refused(_("These dates are taken back already."), field="first")
    return gone


def end_for(
    db: Session, me: Viewer, exemption_id: int, officer_id: int, *, first: date, reason: str, now: datetime
) -> int:
    """Let it hold for one officer no longer from a day on; return of how many exemptions: twice is once."""
    lock_row(db, Exemption, exemption_id)
    row = db.get_one(Exemption, exemption_id, populate_existing=True)
    mine = (ExemptionStep.office_id == me.office_id, ExemptionStep.exemption_id == row.id)
    turn = 1 + (db.scalar(select(func.count()).select_from(ExemptionStep).where(*mine)) or 0)
    grants = _grants(db, me, row, [officer_id])
    gone = _end(db, me, row, turn, grants, max(first, row.first), row.last, [officer_id], reason, None, now)
    return int(gone > 0)


def _end(
    db: Session,
    me: Viewer,
    row: Exemption,
    turn: int,
    grants: Sequence[int],
    start: date,
    end: date,
    officers: Sequence[int] | None,
    reason: str,
    key: str | None,
    now: datetime,
) -> int:
    """Take the dates out and note it as a step; of whom nothing is left to take out, nothing is noted."""
    gone = end_all(db, me, grants, PlanLayer.EXEMPTION, start, end, now=now)
    if not gone:
        return 0
    facts: dict[str, Any] = {"first": start, "last": end, "officers": sorted(officers) if officers else None}
    who = {"office_id": me.office_id, "created_by": me.account_id, "created_at": now, "reason": reason}
    db.add(ExemptionStep(**who, **facts, exemption_id=row.id, turn=turn, idempotency_key=key))
    db.flush()
    audit.record(
        db, me, "exemption.taken_back", "exemption", row.id, now=now, number=row.number, reason=reason, **facts
    )
    _tell(db, me, row.id, row.number, sorted(gone), "ended", turn, start, end, now=now)
    return len(gone)


def _tell(
    db: Session,
    me: Viewer,
    exemption_id: int,
    number: str,
    officers: Sequence[int],
    what: str,
    turn: int,
    first: date,
    last: date,
    *,
    now: datetime,
) -> None:
    """Tell those for whom it holds, or no longer holds, on these dates; their own month shows it, the paper is HR's."""
    about = notify.Subject("exemption", exemption_id)
    if what == "ended":
        notify.over(db, about, [NoticeKind.EXEMPTION], now=now, officers=officers)
    notify.tell(
        db,
        office_id=me.office_id,
        kind=NoticeKind.EXEMPTION,
        params={"number": number, "what": what, "first": first, "last": last},
        address=f"/me/month?month={first:%Y-%m}",
        key=f"exemption:{exemption_id}:{turn}",
        now=now,
        officers=officers,
        by=me.account_id,
        subject=about,
    )


def _dates(row: Exemption, first: date | None, last: date | None) -> tuple[date, date]:
    start, end = first or row.first, last or (first or row.last)
    if end < start:
        raise Refused(_("The last day is before the first."), field="last")
    if start < row.first or end > row.last:
        raise Refused(_("These dates are not all within the exemption."), field="first")
    return start, end


def _grants(db: Session, me: Viewer, row: Exemption, officers: Sequence[int] | None) -> list[int]:
    found = db.execute(
        select(ExemptionPerson.officer_id, ExemptionPerson.grant_id).where(
            ExemptionPerson.office_id == me.office_id, ExemptionPerson.exemption_id == row.id
        )
    ).all()
    wanted = set(officers or ())
    grants = [one.grant_id for one in found if officers is None or one.officer_id in wanted]
    if not grants:
        raise Refused(_("Choose at least one officer."), field="officer")
    return grants
