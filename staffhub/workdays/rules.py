"""The rules of the office as typed models: checked when they are written, found by (employment type, date).

A row that cannot be read is left out and logged, and the page of the rules says so: whoever looks at a day gets the
rule that held before it, never an error page.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, EmploymentType, RuleKind
from staffhub.security import Viewer
from staffhub.workdays.kinds import Values, read

log = structlog.get_logger(__name__)
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Rule:
    """One rule in force from a date to a date; `groups` None: for everybody."""

    kind: RuleKind
    valid_from: date
    valid_to: date | None
    groups: frozenset[EmploymentType] | None
    values: Values
    legal_source: str = ""
    subject: str = ""
    id: int = 0

    def holds(self, day: date, employment: EmploymentType | None) -> bool:
        for_them = self.groups is None or employment in self.groups
        return for_them and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def in_force(
    rules: Sequence[Rule],
    model: type[R],
    day: date,
    employment: EmploymentType | None,
    subjects: Container[str] | None = None,
) -> R | None:
    """Return the values that hold; see `rule_in_force`."""
    best = rule_in_force(rules, model, day, employment, subjects)
    return best.values if best and isinstance(best.values, model) else None


def rule_in_force(
    rules: Sequence[Rule],
    model: type[BaseModel],
    day: date,
    employment: EmploymentType | None,
    subjects: Container[str] | None = None,
) -> Rule | None:
    """Return the rule that holds, of those about one of the subjects if any are named.

    A rule for the group comes before one for everybody, then one about something special (the hours of Ramadan, the
    flexible work of one division) before the usual one, then the newest start. So the special hours for everybody lie
    over the usual hours, but not over those of a group with hours of its own: a part-time contract says how much is
    worked, in Ramadan as well, until a row for that group says otherwise.
    """
    found = [
        rule
        for rule in rules
        if isinstance(rule.values, model)
        and rule.holds(day, employment)
        and (subjects is None or rule.subject in subjects)
    ]
    return max(found, key=lambda rule: (rule.groups is not None, rule.subject != "", rule.valid_from), default=None)


def of_row(
    kind: str,
    valid_from: date,
    valid_to: date | None,
    groups: Any,
    values: Any,
    source: str,
    subject: str = "",
    rule_id: int = 0,
) -> Rule | None:
    """Return a stored rule, or None when it cannot be read; the log then says which."""
    try:
        known = RuleKind(kind)
        return Rule(known, valid_from, valid_to, groups_of(groups), read(known, values), source, subject, int(rule_id))
    except (Refused, ValueError) as problem:
        log.warning("rule_unreadable", kind=kind, valid_from=valid_from.isoformat(), problem=str(problem))
        return None


def groups_of(stored: object) -> frozenset[EmploymentType] | None:
    if stored is None:
        return None
    if not isinstance(stored, list) or not stored:
        raise Refused(_("Name at least one kind of employment, or none for everybody."), field="groups")
    try:
        return frozenset(EmploymentType(name) for name in stored)
    except ValueError:
        raise Refused(_("One of the kinds of employment is not known."), field="groups") from None


@dataclass(frozen=True)
class DivisionLine:
    """A bidang, and whether it keeps the duty minimum."""

    code: str
    name: str
    short_name: str
    keeps_cover: bool
    id: int
    version: int


def divisions_of(db: Session, me: Viewer) -> list[DivisionLine]:
    me.require("rules")
    columns = select(
        Division.code, Division.name, Division.short_name, Division.keeps_cover, Division.id, Division.version
    )
    return [
        DivisionLine(*row)
        for row in db.execute(columns.where(Division.office_id == me.office_id).order_by(Division.sort))
    ]
