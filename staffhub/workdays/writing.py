"""Whoever keeps the rule book writes in it: a rule is added, ended, succeeded; only what has not begun is changed.

Writers of one office wait for each other, so that of two who write for the same days the second sees what the first
wrote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from staffhub import audit, office
from staffhub.clock import local_day
from staffhub.db import changed_meanwhile, lock_row, said_otherwise
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import day as day_in_words
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, Office, Officer, Posting, RuleKind, RuleSet
from staffhub.security import Viewer
from staffhub.workdays.hours import WorkHours
from staffhub.workdays.kinds import OF_DIVISION, SPECIAL, SUBJECTS, Flexible, Values, faults, read
from staffhub.workdays.rules import groups_of

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Draft:
    """A rule as somebody wants it. `groups` None: for everybody."""

    kind: RuleKind
    values: Mapping[str, Any]
    valid_from: date
    legal_source: str
    owner: str
    valid_to: date | None = None
    groups: Sequence[EmploymentType] | None = None
    subject: str = ""

    @property
    def stored(self) -> dict[str, Any]:
        """Return the columns of the row, but for what it is called and whether it holds."""
        groups = None if self.groups is None else sorted(group.value for group in self.groups)
        own = {"kind": self.kind, "subject": self.subject, "groups": groups, "values": dict(self.values)}
        dates = {"valid_from": self.valid_from, "valid_to": self.valid_to}
        return own | dates | {"legal_source": self.legal_source, "owner": self.owner}


def faults_of(draft: Draft) -> dict[tuple[str | int, ...], str]:
    """Return everything that is wrong with a rule by itself, by the path to it."""
    found = faults(draft.kind, draft.values)
    if draft.kind is RuleKind.WORK_HOURS and not found and not _hours(draft).working_days:
        found["mon", "starts"] = _("Fill in at least one day.")
    if draft.groups is not None and not draft.groups:
        found["groups",] = _("Name at least one kind of employment, or none for everybody.")
    if not draft.legal_source.strip():
        found["legal_source",] = _("Name the rule of law or the order that it rests on.")
    if draft.valid_to is not None and draft.valid_to < draft.valid_from:
        found["valid_to",] = _("The last day is before the first.")
    if draft.subject == SPECIAL and draft.valid_to is None:
        found["valid_to",] = _("Special hours have a last day: from then on the usual ones hold again.")
    if draft.subject not in SUBJECTS.get(draft.kind, ("",)) and draft.kind not in OF_DIVISION:
        found["subject",] = _("Choose one of the list.")
    return found


def _hours(draft: Draft) -> WorkHours:
    return WorkHours.model_validate(draft.values)


def _check(db: Session, me: Viewer, draft: Draft) -> Values:
    """Refuse what is wrong by itself; the pages have shown each fault beside its field before."""
    values = read(draft.kind, draft.values)
    for path, said in faults_of(draft).items():
        raise Refused(said, field=str(path[0]))
    if draft.kind in OF_DIVISION:
        excluded = values.excluded_divisions if isinstance(values, Flexible) else ()
        named = {code for code in (draft.subject, *excluded) if code}
        if named - {one.code for one in office.divisions(db, me.office_id).values()}:
            raise Refused(_("Choose one of the list."), field="subject")
    return values


def write_rule(db: Session, me: Viewer, draft: Draft, *, now: datetime, key: str | None = None) -> int:
    """Store a rule; Refused beside the field for what cannot be read and for dates that another one holds already.

    The same form sent twice stores one: `key` names it.
    """
    me.require("rules")
    _check(db, me, draft)
    lock_row(db, Office, me.office_id)
    if (there := _sent_before(db, me, draft, key)) is not None:
        return there
    _refuse_overlap(db, me, draft)
    return _insert(db, me, draft, key, now=now)


def _insert(db: Session, me: Viewer, draft: Draft, key: str | None, *, now: datetime, **more: Any) -> int:
    rule = RuleSet(office_id=me.office_id, idempotency_key=key, confirmed=True, version=1, **draft.stored, **more)
    db.add(rule)
    db.flush()
    audit.record(db, me, "rule.written", "rule_set", rule.id, now=now, after=draft.stored, **more)
    return rule.id


def _sent_before(db: Session, me: Viewer, draft: Draft, key: str | None) -> int | None:
    """Return the rule that this form stored already; Conflict when it said something else then."""
    if key is None:
        return None
    of_key = select(RuleSet).where(RuleSet.office_id == me.office_id, RuleSet.idempotency_key == key)
    there = db.scalars(of_key).one_or_none()
    if there is None:
        return None
    if not _says(there, draft):
        raise said_otherwise()
    return there.id


def _says(row: RuleSet, draft: Draft) -> bool:
    return all(getattr(row, name) == value for name, value in draft.stored.items())


def _refuse_overlap(db: Session, me: Viewer, draft: Draft, *, beside: int = 0) -> None:
    """Refuse a day that another rule of the kind and subject holds for the same people; `beside`: not that row."""
    touching = select(RuleSet.groups, RuleSet.valid_from, RuleSet.legal_source).where(
        RuleSet.office_id == me.office_id,
        RuleSet.kind == draft.kind,
        RuleSet.subject == draft.subject,
        RuleSet.confirmed,
        RuleSet.id != beside,
        sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= draft.valid_from),
    )
    groups = None if draft.groups is None else {group.value for group in draft.groups}
    last = draft.valid_to
    for row in db.execute(touching if last is None else touching.where(RuleSet.valid_from <= last)):
        same = row.groups is None if groups is None else bool(groups & set(row.groups or ()))
        if same:
            said = _(
                "%(source)s holds for them from %(day)s on already. End it first, or let this one replace it.",
                source=row.legal_source,
                day=day_in_words(row.valid_from),
            )
            raise Refused(said, field="valid_from")


def _locked(db: Session, me: Viewer, rule_id: int) -> RuleSet | None:
    """Wait for other writers of the office, then load a row as it is by now."""
    lock_row(db, Office, me.office_id)
    mine = select(RuleSet).where(RuleSet.office_id == me.office_id, RuleSet.id == rule_id)
    return db.scalars(mine.execution_options(populate_existing=True)).one_or_none()


def _gone() -> Conflict:
    return Conflict(_("This rule is not there any more. Somebody withdrew it."))


def _refuse_stale(row: RuleSet, seen: int | None) -> None:
    if seen is not None and seen != row.version:
        raise Conflict(changed_meanwhile())


def succeed(
    db: Session, me: Viewer, rule_id: int, draft: Draft, *, seen: int | None, now: datetime, key: str | None = None
) -> int:
    """End a rule the day before the draft begins, and write the draft, for the same people and about the same thing."""
    me.require("rules")
    _check(db, me, draft)
    row = _locked(db, me, rule_id)
    if (there := _sent_before(db, me, draft, key)) is not None:
        return there
    if row is None:
        raise _gone()
    _refuse_stale(row, seen)
    same = (row.kind, row.subject, groups_of(row.groups)) == (
        draft.kind,
        draft.subject,
        groups_of(draft.stored["groups"]),
    )
    if not row.confirmed or not same:
        raise Refused(_("Only a rule that holds is replaced, by one for the same people."))
    if draft.valid_from <= row.valid_from:
        raise _begins_too_early(row)
    was = row.valid_to
    if was is None or was >= draft.valid_from:
        _set_end(db, me, row, draft.valid_from - _A_DAY, now=now)
    _refuse_overlap(db, me, draft)
    return _insert(db, me, draft, key, now=now, replaces_id=row.id, replaced_to=was)


def _begins_too_early(row: RuleSet) -> Refused:
    said = _("Begin after %(day)s, the first day of the rule that it replaces.", day=day_in_words(row.valid_from))
    return Refused(said, field="valid_from")


def _set_end(db: Session, me: Viewer, row: RuleSet, last: date | None, *, now: datetime) -> None:
    before, row.valid_to = row.valid_to, last
    row.version += 1
    db.flush()
    audit.record(db, me, "rule.ended", "rule_set", row.id, now=now, before=before, after=last)


def end_rule(db: Session, me: Viewer, rule_id: int, *, last: date, now: datetime, seen: int | None = None) -> bool:
    """Let a rule end on a date, so that another may follow it; False when it ends on that day already."""
    me.require("rules")
    row = _locked(db, me, rule_id)
    if row is None:
        raise _gone()
    if row.valid_to == last:
        return False
    _refuse_stale(row, seen)
    if not row.confirmed:
        raise Refused(_("A proposal does not hold, so it cannot end. Confirm it, or withdraw it."), field="last")
    if last < row.valid_from:
        raise Refused(_("The last day is before the first."), field="last")
    if row.valid_to is not None and last > row.valid_to:
        said = _("It ends on %(day)s already. Write a new rule for the days after.", day=day_in_words(row.valid_to))
        raise Refused(said, field="last")
    _set_end(db, me, row, last, now=now)
    return True


def change_rule(db: Session, me: Viewer, rule_id: int, draft: Draft, *, seen: int | None, now: datetime) -> None:
    """Change a rule that has not begun, or confirm a proposal in the words of who vouches for it."""
    me.require("rules")
    _check(db, me, draft)
    row = _locked(db, me, rule_id)
    if row is None:
        raise _gone()
    if row.confirmed and _says(row, draft):
        return  # the same save again, from a second tap
    _refuse_stale(row, seen)
    _refuse_begun(row, local_day(now, me.zone))
    if (row.kind, row.subject) != (draft.kind, draft.subject):
        raise Refused(_("Choose one of the list."), field="subject")
    if not row.confirmed and row.legal_source == draft.legal_source:
        raise Refused(_("Name the rule of law or the order that it rests on."), field="legal_source")
    before = {name: getattr(row, name) for name in draft.stored}
    verb = "rule.changed" if row.confirmed else "rule.confirmed"
    _move_the_one_before(db, me, row, draft.valid_from, now=now)
    _refuse_overlap(db, me, draft, beside=row.id)
    for name, value in draft.stored.items():
        setattr(row, name, value)
    row.confirmed, row.version = True, row.version + 1
    db.flush()
    changed = audit.changes(before, draft.stored)
    audit.record(db, me, verb, "rule_set", row.id, now=now, changed=changed)


def _refuse_begun(row: RuleSet, today: date) -> None:
    if row.confirmed and row.valid_from <= today:
        raise Refused(_("This rule has begun, so it stays as it is. End it, or let another one replace it."))


def _move_the_one_before(db: Session, me: Viewer, row: RuleSet, first: date, *, now: datetime) -> None:
    """A successor that begins on another day lets the rule before it go on until then."""
    before = _one_before(db, me, row)
    if before is None or first == row.valid_from:
        return
    if first <= before.valid_from:
        raise _begins_too_early(before)
    last = first - _A_DAY
    _set_end(db, me, before, last if row.replaced_to is None else min(last, row.replaced_to), now=now)


def _one_before(db: Session, me: Viewer, row: RuleSet) -> RuleSet | None:
    """Return the rule that ended for this one, if it still ends where this one begins."""
    if row.replaces_id is None:
        return None
    ended = select(RuleSet).where(RuleSet.office_id == me.office_id, RuleSet.id == row.replaces_id)
    return db.scalars(ended.where(RuleSet.valid_to == row.valid_from - _A_DAY)).one_or_none()


def withdraw_rule(db: Session, me: Viewer, rule_id: int, *, now: datetime, seen: int | None = None) -> None:
    """Take back a rule that has not begun, or a proposal; the one that ended for it goes on."""
    me.require("rules")
    row = _locked(db, me, rule_id)
    if row is None:
        raise NotFound(_("This rule is not there any more."))
    _refuse_stale(row, seen)
    _refuse_begun(row, local_day(now, me.zone))
    if db.scalar(select(RuleSet.id).where(RuleSet.office_id == me.office_id, RuleSet.replaces_id == row.id).limit(1)):
        raise Refused(_("Another rule replaces this one. Withdraw that one first."))
    before, told = _one_before(db, me, row), {name: getattr(row, name) for name in _COLUMNS}
    if before is not None and before.valid_to != row.replaced_to:
        _set_end(db, me, before, row.replaced_to, now=now)
    db.execute(delete(RuleSet).where(RuleSet.office_id == me.office_id, RuleSet.id == row.id))
    audit.record(db, me, "rule.withdrawn", "rule_set", rule_id, now=now, before=told)


_COLUMNS = ("kind", "subject", "groups", "values", "valid_from", "valid_to", "legal_source", "owner", "confirmed")


@dataclass(frozen=True)
class Past:
    """What a rule touches that is over: so many dates from the first one on, and so many people who served then."""

    first: date
    days: int = 0
    people: int = 0


def past_of(
    db: Session,
    me: Viewer,
    *,
    first: date,
    last: date | None,
    groups: Sequence[EmploymentType] | None,
    now: datetime,
) -> Past:
    """Count the dates before today that a rule from `first` to `last` holds for, and the people of those kinds."""
    yesterday = local_day(now, me.zone) - _A_DAY
    end = min(last or yesterday, yesterday)
    if end < first:
        return Past(first)
    served = (
        select(sa.func.count(sa.distinct(Posting.officer_id)))
        .join(Officer, Officer.id == Posting.officer_id)
        .where(
            Posting.office_id == me.office_id,
            Posting.valid_from <= end,
            sa.or_(Posting.valid_to.is_(None), Posting.valid_to >= first),
            Officer.active_from <= end,
            sa.or_(Officer.active_to.is_(None), Officer.active_to >= first),
        )
    )
    if groups is not None:
        served = served.where(Posting.employment_type.in_(groups))
    return Past(first, (end - first).days + 1, db.scalar(served) or 0)
