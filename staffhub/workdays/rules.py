"""The rules of the office as typed models: checked when they are written, found by (employment type, date).

A row that cannot be read is left out and logged, and the page of the rules says so: whoever looks at a day gets the
rule that held before it, never an error page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
import structlog
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import lock_row
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division, EmploymentType, Office, RuleKind, RuleSet, ServiceType
from staffhub.security import Viewer

log = structlog.get_logger(__name__)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = 3  # start, end, break


@dataclass(frozen=True)
class Hours:
    """Wall-clock times of one day; `minutes` of work, the break left out."""

    starts: time
    ends: time
    minutes: int


def _hours(value: object) -> Hours | None:
    """Read ["07.30", "16.00", 60]: start, end, break in minutes."""
    if value is None or isinstance(value, Hours):
        return value
    if not isinstance(value, list | tuple) or len(value) != _SPAN:
        raise ValueError(_("Write start, end and break, for example 07.30, 16.00, 60."))
    starts, ends = (_time(text) for text in value[:2])
    pause = value[2]
    if not isinstance(pause, int) or isinstance(pause, bool) or pause < 0:
        raise ValueError(_("Write the break in whole minutes."))
    minutes = (ends.hour - starts.hour) * 60 + ends.minute - starts.minute - pause
    if minutes <= 0:
        raise ValueError(_("The end must be later than the start and the break."))
    return Hours(starts, ends, minutes)


def _time(text: object) -> time:
    try:
        return time.fromisoformat(str(text).replace(".", ":"))
    except ValueError:
        raise ValueError(_("Write the time as hours and minutes, for example 15.58.")) from None


Day = Annotated[Hours | None, BeforeValidator(_hours)]


class WorkHours(BaseModel):
    """{"mon": ["07.30", "16.00", 60], ...}; a weekday left out is a day off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mon: Day = None
    tue: Day = None
    wed: Day = None
    thu: Day = None
    fri: Day = None
    sat: Day = None
    sun: Day = None

    def on(self, day: date) -> Hours | None:
        found: Hours | None = getattr(self, WEEKDAYS[day.weekday()])
        return found

    @property
    def week_minutes(self) -> int:
        """Minutes of work of a whole week: 2,250 (37 h 30) by Perpres 21/2023, and 1,950 in Ramadan."""
        days: list[Hours | None] = [getattr(self, name) for name in WEEKDAYS]
        return sum(hours.minutes for hours in days if hours)


class CoverGroup(BaseModel):
    """People of these employment types who must be in the office, in each division that keeps cover."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    types: Annotated[tuple[EmploymentType, ...], Field(min_length=1)]
    minimum: Annotated[int, Field(ge=0, le=1000)]


class Coverage(BaseModel):
    """{"groups": [{"name": "ASN", "types": ["pns", ...], "minimum": 1}, ...]}."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: tuple[CoverGroup, ...] = ()


MODELS: dict[RuleKind, type[WorkHours | Coverage]] = {RuleKind.WORK_HOURS: WorkHours, RuleKind.COVERAGE: Coverage}
R = TypeVar("R", WorkHours, Coverage)


def read(kind: RuleKind, values: object) -> WorkHours | Coverage:
    """Check the values of a rule; Refused names the first that is wrong."""
    try:
        return MODELS[kind].model_validate(values)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = str(first["ctx"]["error"]) if first["type"] == "value_error" else _not_understood(where)
        raise Refused(said, field=str(first["loc"][0]) if first["loc"] else "values") from problem


def _not_understood(where: str) -> str:
    return _("%(where)s is not understood. Check how it is written.", where=where or "values")


@dataclass(frozen=True)
class Rule:
    """One rule in force from a date to a date; `groups` None: for everybody."""

    kind: RuleKind
    valid_from: date
    valid_to: date | None
    groups: frozenset[EmploymentType] | None
    values: WorkHours | Coverage
    legal_source: str = ""
    owner: str = ""

    def holds(self, day: date, employment: EmploymentType | None) -> bool:
        for_them = self.groups is None or employment in self.groups
        return for_them and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def in_force(rules: Sequence[Rule], model: type[R], day: date, employment: EmploymentType | None) -> R | None:
    """Return the values that hold: a rule for the group before one for everybody, then the newest start."""
    found = [rule for rule in rules if isinstance(rule.values, model) and rule.holds(day, employment)]
    best = max(found, key=lambda rule: (rule.groups is not None, rule.valid_from), default=None)
    return best.values if best and isinstance(best.values, model) else None


def of_row(kind: str, valid_from: date, valid_to: date | None, groups: Any, values: Any, source: str) -> Rule | None:
    """Return a stored rule, or None when it cannot be read; the log then says which."""
    try:
        known = RuleKind(kind)
        return Rule(known, valid_from, valid_to, _groups(groups), read(known, values), source)
    except (Refused, ValueError) as problem:
        log.warning("rule_unreadable", kind=kind, valid_from=valid_from.isoformat(), problem=str(problem))
        return None


def _groups(stored: object) -> frozenset[EmploymentType] | None:
    if stored is None:
        return None
    if not isinstance(stored, list) or not stored:
        raise Refused(_("Name at least one kind of employment, or none for everybody."), field="groups")
    try:
        return frozenset(EmploymentType(name) for name in stored)
    except ValueError:
        raise Refused(_("One of the kinds of employment is not known."), field="groups") from None


@dataclass(frozen=True)
class ServiceLine:
    """A service of the office: who handles it, whether the citizen comes, and the working days promised, if any."""

    name: str
    name_en: str
    division: str
    needs_presence: bool
    service_days: int | None


@dataclass(frozen=True)
class DivisionLine:
    """A bidang, and whether it keeps the duty minimum."""

    name: str
    short_name: str
    keeps_cover: bool


@dataclass(frozen=True)
class RuleLine:
    """A rule as the office's page shows it; `problem` says why it is left out, and nothing stands for its values."""

    id: int
    kind: RuleKind
    groups: list[str]
    valid_from: date
    valid_to: date | None
    legal_source: str
    owner: str
    hours: WorkHours | None
    coverage: Coverage | None
    problem: str


def rules_of(db: Session, me: Viewer, *, day: date) -> list[RuleLine]:
    """Return the rules that hold on a day or begin later, the readable and the wrong ones."""
    me.require("rules")
    rows = db.execute(
        select(
            RuleSet.id,
            sa.cast(RuleSet.kind, sa.String).label("kind"),
            RuleSet.groups,
            RuleSet.valid_from,
            RuleSet.valid_to,
            RuleSet.legal_source,
            RuleSet.owner,
            RuleSet.values,
        )
        .where(RuleSet.office_id == me.office_id, sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= day))
        .order_by(RuleSet.kind, RuleSet.valid_from, RuleSet.id)
    )
    return [_line(row) for row in rows]


def _line(row: Any) -> RuleLine:
    kind, values, problem = RuleKind(row.kind), None, ""
    try:
        _groups(row.groups)
        values = read(kind, row.values)
    except Refused as wrong:
        problem = wrong.message
    return RuleLine(
        id=row.id,
        kind=kind,
        groups=[str(name) for name in row.groups] if isinstance(row.groups, list) else [],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        legal_source=row.legal_source,
        owner=row.owner,
        hours=values if isinstance(values, WorkHours) else None,
        coverage=values if isinstance(values, Coverage) else None,
        problem=problem,
    )


def divisions_of(db: Session, me: Viewer) -> list[DivisionLine]:
    me.require("rules")
    columns = select(Division.name, Division.short_name, Division.keeps_cover)
    return [
        DivisionLine(*row)
        for row in db.execute(columns.where(Division.office_id == me.office_id).order_by(Division.sort))
    ]


def services_of(db: Session, me: Viewer) -> list[ServiceLine]:
    me.require("rules")
    rows = db.execute(
        select(
            ServiceType.name,
            ServiceType.name_en,
            Division.short_name,
            ServiceType.needs_presence,
            ServiceType.service_days,
        )
        .join(Division, Division.id == ServiceType.division_id)
        .where(ServiceType.office_id == me.office_id)
        .order_by(Division.sort, ServiceType.sort)
    )
    return [ServiceLine(*row) for row in rows]


def write_rule(
    db: Session,
    me: Viewer,
    *,
    kind: RuleKind,
    values: Mapping[str, Any],
    valid_from: date,
    legal_source: str,
    owner: str,
    now: datetime,
    valid_to: date | None = None,
    groups: Sequence[EmploymentType] | None = None,
) -> int:
    """Store a rule; Refused beside the field for values that cannot be read and for dates another one holds already."""
    me.require("rules")
    read(kind, values)
    stored = None if groups is None else sorted(group.value for group in groups)
    for_whom = _groups(stored)
    if not legal_source.strip():
        raise Refused(_("Name the rule of law or the order that it rests on."), field="legal_source")
    if valid_to is not None and valid_to < valid_from:
        raise Refused(_("The last day is before the first."), field="valid_to")
    # Two who write at once wait for each other, so that the second sees what the first wrote.
    lock_row(db, Office, me.office_id)
    _refuse_overlap(db, me, kind, valid_from, valid_to, for_whom)
    facts = {"kind": kind, "groups": stored, "valid_from": valid_from, "valid_to": valid_to, "values": dict(values)}
    rule = RuleSet(office_id=me.office_id, legal_source=legal_source, owner=owner, **facts)
    db.add(rule)
    db.flush()
    audit.record(db, me, "rule.written", "rule_set", rule.id, now=now, after=facts | {"legal_source": legal_source})
    return rule.id


def _refuse_overlap(
    db: Session,
    me: Viewer,
    kind: RuleKind,
    first: date,
    last: date | None,
    groups: frozenset[EmploymentType] | None,
) -> None:
    touching = select(RuleSet.groups, RuleSet.valid_from, RuleSet.legal_source).where(
        RuleSet.office_id == me.office_id,
        RuleSet.kind == kind,
        sa.or_(RuleSet.valid_to.is_(None), RuleSet.valid_to >= first),
    )
    for row in db.execute(touching if last is None else touching.where(RuleSet.valid_from <= last)):
        same = row.groups is None if groups is None else bool(groups & set(row.groups or ()))
        if same:
            day = row.valid_from.isoformat()
            raise Refused(
                _("%(source)s holds for them since %(day)s already. End it first.", source=row.legal_source, day=day),
                field="valid_from",
            )


def end_rule(db: Session, me: Viewer, rule_id: int, *, last: date, now: datetime) -> None:
    """Let a rule end on a date, so that another may follow it."""
    me.require("rules")
    rule = db.scalars(
        select(RuleSet).where(RuleSet.office_id == me.office_id, RuleSet.id == rule_id).with_for_update()
    ).one_or_none()
    if rule is None or last < rule.valid_from:
        raise Refused(_("The last day is before the first."), field="valid_to")
    before, rule.valid_to = rule.valid_to, last
    db.flush()
    audit.record(db, me, "rule.ended", "rule_set", rule.id, now=now, before=before, after=last)
