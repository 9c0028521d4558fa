"""Perlu tindakan: the days of a month that need a person, by what blocks the signature, and what they can become."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import corrections, days, sections
from staffhub.clock import month_days
from staffhub.corrections import Wish
from staffhub.days import DayRecord, Facts, Finding, Proposal, planned_span, reconcile
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Correction, CorrectionKind, CorrectionReason
from staffhub.reports import moves, recap
from staffhub.reports.recap import Staff
from staffhub.sections import Sections
from staffhub.security import Viewer

# What blocks the signature most comes first: groups of findings, by their names.
GROUPS: Mapping[str, frozenset[str]] = {
    "absent": frozenset({"absent"}),
    "no_check_in": frozenset({"no_check_in"}),
    "no_check_out": frozenset({"no_check_out"}),
    "leave_and_mark": frozenset({"leave_and_mark", "worked_on_leave"}),
    "place": frozenset({"other_place", "home_not_office", "office_not_home", "finger_and_home"}),
    "hours": frozenset({"other_hours"}),
}
# The group of whatever else needs a person.
OTHERS = "others"
# As many as are decided with one press.
AT_ONCE = 100


class Decision(StrEnum):
    """What HR can make of several days at once."""

    ABSENT = "absent"
    LEAVE = "leave"
    PLANNED_START = "planned_start"
    PROPOSED_END = "proposed_end"
    PLANNED_END = "planned_end"
    AS_DECLARED = "as_declared"


SUITS: Mapping[str, tuple[Decision, ...]] = {
    "absent": (Decision.ABSENT, Decision.LEAVE),
    "no_check_in": (Decision.PLANNED_START, Decision.LEAVE),
    "no_check_out": (Decision.PROPOSED_END, Decision.PLANNED_END),
    "leave_and_mark": (Decision.AS_DECLARED, Decision.LEAVE),
}


def suits(group: str) -> tuple[Decision, ...]:
    """Return what the days of a group can become."""
    return SUITS.get(group, (Decision.AS_DECLARED,))


class Waiting(NamedTuple):
    """A day that needs a person, and the group of `GROUPS`, or `OTHERS`, in which it stands.

    `proposed`: the check-out that the close of day proposes, in local time.
    """

    officer: Staff
    record: DayRecord
    finding: Finding
    group: str
    proposed: datetime | None = None


class Pick(NamedTuple):
    """A day that was ticked. `newest`: the last correction of it that was on the page, 0: none; None: not asked."""

    officer_id: int
    day: date
    newest: int | None = None


@dataclass(frozen=True)
class Queue:
    """`groups` are the days of the page, by finding; `counts` are of all that fit the other filters."""

    first: date
    sections: Sections
    namesakes: frozenset[str]
    groups: list[tuple[str, list[Waiting]]]
    counts: list[tuple[str, int]]
    start: int
    end: int
    found: int
    total: int

    def told_apart(self, officer: Staff) -> str:
        """The name, with the bidang where others bear it too."""
        return f"{officer.name} ({moves.bidang(officer)})" if officer.name in self.namesakes else officer.name


def queue(
    db: Session,
    me: Viewer,
    first: date,
    *,
    now: datetime,
    division: str = "",
    finding: str = "",
    q: str = "",
    page: int = 1,
    size: int = 50,
) -> Queue:
    """Read the days from their rows: what it costs grows with the days that wait, not with the people."""
    dates = month_days(first)
    everybody = recap.staff_of(db, me, dates[0], dates[-1])
    asked = recap.division_asked(everybody, division)
    fits = [one for one in everybody if q.casefold() in one.name.casefold() and asked in {None, one.division_id or 0}]
    everything = sorted((_waiting(*pair) for pair in open_days(db, me, fits, dates, now=now)), key=_urgency)
    matching = [one for one in everything if finding in {"", one.group}]
    offset = (page - 1) * size
    shown = _with_proposals(db, me, matching[offset : offset + size])
    groups: dict[str, list[Waiting]] = {}
    for one in shown:
        groups.setdefault(one.group, []).append(one)
    people = {one.id: one.name for one in everybody}
    return Queue(
        dates[0],
        sections.choose(recap.sections_of(everybody), own=me.division_id, asked=asked, q=q, people=len(people)),
        frozenset(name for name, count in Counter(people.values()).items() if count > 1),
        list(groups.items()),
        list(Counter(one.group for one in everything).items()),
        offset + 1,
        offset + len(shown),
        len(matching),
        len(everything),
    )


def open_days(
    db: Session, me: Viewer, staff: Sequence[Staff], dates: Sequence[date], *, now: datetime
) -> list[tuple[Staff, DayRecord]]:
    """Return the days of these people that need somebody, by the division in which they were spent."""
    found = days.waiting(db, me.office_id, staff, dates, beside=(), zone=me.zone, now=now)
    return [(one, found.record(one.id, day)) for one in staff for day in found.of(one.id) if one.holds(day)]


def _with_proposals(db: Session, me: Viewer, shown: list[Waiting]) -> list[Waiting]:
    lacking = [one for one in shown if one.group == "no_check_out"]
    if not lacking:
        return shown
    dates = [one.record.day for one in lacking]
    found = days.proposals_among(db, me.office_id, {one.officer.id for one in lacking}, min(dates), max(dates))
    there = {key: one.at.astimezone(me.zone) for key, one in found.items()}
    return [one._replace(proposed=there.get((one.officer.id, one.record.day))) for one in shown]


def _waiting(officer: Staff, record: DayRecord) -> Waiting:
    """Name what of a day blocks the signature most."""
    open_ones = [one.kind for one in record.discrepancies if one.needs_person]
    finding = min(open_ones, key=lambda kind: _ORDER.index(_group(kind)))
    return Waiting(officer, record, finding, _group(finding))


def _group(finding: Finding) -> str:
    return next((group for group, names in GROUPS.items() if finding.value in names), OTHERS)


_ORDER = (*GROUPS, OTHERS)


def _urgency(one: Waiting) -> tuple[int, date, str, int]:
    return _ORDER.index(one.group), one.record.day, one.officer.name, one.officer.id


@dataclass(frozen=True)
class Becoming:
    """A ticked day: as it reads, and as the decision makes it; `why_not` says why it is left out."""

    officer: Staff
    pick: Pick
    before: DayRecord
    after: DayRecord | None = None
    wish: Wish | None = None
    why_not: str = ""


def becoming(db: Session, me: Viewer, picks: Iterable[Pick], decision: Decision, *, now: datetime) -> list[Becoming]:
    """Say what each of the days becomes; nothing is written. Own days and days that need nobody are left out."""
    me.require("attendance.correct")
    asked = _asked(picks)
    people = {one.id: one for one in recap.staff_of(db, me, asked[0].day, asked[-1].day)}
    known = [pick for pick in asked if pick.officer_id in people]
    dates = [date.fromordinal(n) for n in range(asked[0].day.toordinal(), asked[-1].day.toordinal() + 1)]
    chosen = [people[id_] for id_ in dict.fromkeys(pick.officer_id for pick in known)]
    loaded = days.load(db, me.office_id, chosen, dates, zone=me.zone, now=now)
    proposed = (
        days.proposals_among(db, me.office_id, {one.id for one in chosen}, dates[0], dates[-1])
        if decision is Decision.PROPOSED_END
        else {}
    )
    found = [
        _becoming(
            me,
            people[pick.officer_id],
            pick,
            loaded.facts[pick.officer_id, pick.day],
            decision,
            proposed.get((pick.officer_id, pick.day)),
            now,
        )
        for pick in known
    ]
    return sorted(found, key=lambda one: (one.pick.day, one.officer.name))


def _asked(picks: Iterable[Pick]) -> list[Pick]:
    """Return each day once, the oldest first; refuse none, too many, and more than two months."""
    asked = sorted({(pick.officer_id, pick.day): pick for pick in picks}.values(), key=lambda pick: pick.day)
    if not asked:
        raise Refused(_("Tick at least one day."), field="day")
    if len(asked) > AT_ONCE:
        raise Refused(_("Tick at most %(n)s days at once.", n=AT_ONCE), field="day")
    if (asked[-1].day - asked[0].day).days > 62:  # noqa: PLR2004  a queue is of one month
        raise Refused(_("Tick days of one month."), field="day")
    return asked


def _becoming(
    me: Viewer,
    officer: Staff,
    pick: Pick,
    facts: Facts,
    decision: Decision,
    proposed: Proposal | None,
    now: datetime,
) -> Becoming:
    record = reconcile(facts)
    newest = max((fact.id for fact in facts.corrections), default=0)
    one = Becoming(officer, pick._replace(newest=newest), record)
    if officer.id == me.officer_id:
        return _left_out(one, _("Nobody decides on the own day."))
    if pick.newest is not None and pick.newest != newest:
        return _left_out(one, _("Somebody has corrected this day meanwhile."))
    if not record.needs_person:
        return _left_out(one, _("This day needs nobody any more."))
    if decision not in suits(_waiting(officer, record).group):
        return _left_out(one, _("This decision does not fit the day any more."))
    try:
        wish = _wish(facts, record, decision, proposed)
        after = corrections.outcome(facts, wish, now=now)
    except Refused as error:
        return _left_out(one, error.message)
    return replace(one, after=after, wish=wish)


def _left_out(one: Becoming, why_not: str) -> Becoming:
    return Becoming(one.officer, one.pick, one.before, why_not=why_not)


def _wish(facts: Facts, record: DayRecord, decision: Decision, proposed: Proposal | None) -> Wish:
    """Return the correction that makes a decision of a day; Refused where there is no time to take."""
    if decision is Decision.ABSENT:
        return Wish(CorrectionKind.ABSENT)
    if decision is Decision.LEAVE:
        return Wish(CorrectionKind.LEAVE)
    if decision is Decision.AS_DECLARED:
        return Wish(CorrectionKind.MODE, mode=record.mode)
    if decision is Decision.PROPOSED_END:
        if proposed is None:
            raise Refused(_("No check-out is proposed for this day. Decide it on its own page."))
        at = proposed.at.astimezone(facts.zone)
        return Wish(CorrectionKind.CHECK_OUT, at.time(), next_day=at.date() > facts.day)
    span = planned_span(facts.day, facts.plan, facts.zone)
    if span is None:
        raise Refused(_("No hours are planned on this day. Decide it on its own page."))
    starts, ends = span
    if decision is Decision.PLANNED_START:
        return Wish(CorrectionKind.CHECK_IN, starts.time(), record.mode)
    return Wish(CorrectionKind.CHECK_OUT, ends.time(), next_day=ends.date() > facts.day)


@dataclass(frozen=True)
class Decided:
    """How many days were decided by this press, and those that were left out, with the reason."""

    done: int
    again: int
    left_out: list[Becoming]


def decide(
    db: Session,
    me: Viewer,
    picks: Sequence[Pick],
    decision: Decision,
    *,
    reason: CorrectionReason,
    note: str,
    idempotency_key: str,
    now: datetime,
) -> Decided:
    """Make each of the days a correction of its own, all in this transaction; the same press again adds none."""
    before = _pressed_before(db, me, picks, idempotency_key)
    fresh = [pick for pick in picks if pick not in before]
    found = becoming(db, me, fresh, decision, now=now) if fresh or not before else []
    done, left_out = 0, []
    # In one order, so that of two who decide at once neither waits for the other crosswise.
    for one in sorted(found, key=lambda one: (one.officer.id, one.pick.day)):
        if one.wish is None:
            left_out.append(one)
            continue
        try:
            added = corrections.add(
                db,
                me,
                one.officer,
                day=one.pick.day,
                wish=one.wish,
                reason=reason,
                note=note,
                newest=one.pick.newest,
                idempotency_key=_key(idempotency_key, one.pick),
                now=now,
            )
        except (Refused, Conflict) as error:  # somebody was quicker with this one
            left_out.append(_left_out(one, error.message))
        else:
            done += added.first
    return Decided(done, len(before), left_out)


def _key(press: str, pick: Pick) -> str:
    """A key for each day of a press; 36 letters of the form's leave room for it in a column of 64."""
    return f"{press[:36]}-{pick.officer_id:x}-{pick.day:%y%m%d}"


def _pressed_before(db: Session, me: Viewer, picks: Iterable[Pick], key: str) -> set[Pick]:
    keys = {_key(key, pick): pick for pick in picks}
    there = select(Correction.idempotency_key).where(
        Correction.office_id == me.office_id, Correction.idempotency_key.in_(keys)
    )
    return {keys[found] for found in db.scalars(there)}
