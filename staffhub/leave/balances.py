"""What an officer has of each kind of leave: the quota by the rules, what was carried over, used and asked for.

Used is what stands in the plan, so that a range written by hand on the plan page counts like one that was asked for
here: by its kind, each date once. A range without a kind counts for none and is listed apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Date, String, bindparam, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from staffhub import workdays
from staffhub.db import rows
from staffhub.models import (
    EmploymentType,
    LeaveOpening,
    LeaveRequest,
    LeaveState,
    Officer,
    PlanLayer,
    Posting,
)
from staffhub.workdays import LeaveKind, LeaveRule, PlanBook, Unit

OPEN = (LeaveState.ASKED, LeaveState.AGREED)
HALF = 0.5
# So many years back a balance is worked out from what was left over then.
_BACK = 3


@dataclass(frozen=True)
class Balance:
    """One kind of leave in one year, in days. `rule` None: nothing is set for this kind of employment.

    `left` is what may still be asked for, None where no quota of a year is set: all but annual leave are limited each
    time. `eligible_from`: the service is too short before that day.
    """

    kind: str
    year: int
    rule: LeaveRule | None
    quota: int | None
    carried: float = 0
    used: float = 0
    asked: float = 0
    eligible_from: date | None = None

    @property
    def is_yearly(self) -> bool:
        return self.kind == LeaveKind.ANNUAL

    @property
    def left(self) -> float | None:
        if self.quota is None or not self.is_yearly:
            return None
        return self.quota + self.carried - self.used - self.asked


@dataclass(frozen=True)
class Asked:
    """A leave as far as balances and overlaps need it."""

    id: int
    officer_id: int
    kind: str
    first: date
    until: date
    half_day: bool
    state: LeaveState
    grant_id: int | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class Ledger:
    """All that one officer's balances follow from; the rest is pure.

    `employments`: kinds of employment as (from, to, kind). `openings`: days brought into a year, by (kind, year).
    """

    officer_id: int
    active_from: date
    active_to: date | None
    employments: tuple[tuple[date, date | None, EmploymentType], ...]
    openings: dict[tuple[str, int], float]
    requests: tuple[Asked, ...]
    book: PlanBook

    def employment(self, day: date) -> EmploymentType | None:
        return next((kind for start, end, kind in self.employments if start <= day and (not end or day <= end)), None)

    def rule(self, kind: str, day: date) -> LeaveRule | None:
        return self.book.calendar.leave_kind(day, kind, self.employment(day))

    def takes(self, day: date, kind: str) -> bool:
        """Whether leave on a date costs a day: a working day of this officer, or any where the rule counts holidays."""
        rule = self.rule(kind, day)
        if rule is not None and (rule.counts_holidays or rule.unit is not Unit.WORKING_DAYS):
            return True
        return self.book.of(self.officer_id, day).mode is not None

    def cost(self, kind: str, first: date, until: date, *, half_day: bool = False) -> dict[int, float]:
        """Return what a leave takes of each year that it touches."""
        found: dict[int, float] = defaultdict(float)
        for day in dates(first, until):
            found[day.year] += (HALF if half_day else 1) if self.takes(day, kind) else 0
        return dict(found)

    @cached_property
    def granted(self) -> dict[str, dict[date, int]]:
        """The dates of leave in the plan by kind, each with the range that holds there."""
        found: dict[str, dict[date, int]] = defaultdict(dict)
        for (officer_id, day), layers in self.book.entries.items():
            for one in layers:
                if officer_id == self.officer_id and one.layer is PlanLayer.LEAVE:
                    found[one.kind][day] = one.grant_id
        return dict(found)

    def used(self, kind: str, year: int) -> float:
        halves = {one.grant_id for one in self.requests if one.half_day}
        taken = [
            HALF if grant_id in halves else 1.0
            for day, grant_id in self.granted.get(kind, {}).items()
            if day.year == year and self.takes(day, kind)
        ]
        return sum(taken)

    def asked(self, kind: str, year: int, *, besides: int | None = None) -> float:
        waiting = [one for one in self.requests if one.is_open and one.kind == kind and one.id != besides]
        return sum(
            self.cost(kind, one.first, one.until, half_day=one.half_day).get(year, 0)
            for one in waiting
            if one.officer_id == self.officer_id
        )

    def balance(self, kind: str, year: int, *, today: date, besides: int | None = None) -> Balance:
        """Return one kind in one year; `besides` leaves out a request that is being decided."""
        day = min(max(today, date(year, 1, 1)), date(year, 12, 31))
        rule = self.rule(kind, day)
        eligible = _months_after(self.active_from, rule.service_months) if rule else None
        return Balance(
            kind,
            year,
            rule,
            rule.quota if rule else None,
            self._carried(rule, year) if kind == LeaveKind.ANNUAL else 0,
            self.used(kind, year),
            self.asked(kind, year, besides=besides),
            eligible if eligible and eligible > day else None,
        )

    def _carried(self, rule: LeaveRule | None, year: int) -> float:
        """What comes over from the years before: as HR's books say, or as was left since then, up to the rule's limit.

        Without an opening balance nothing is known of the years before, and nothing is carried.
        """
        opened = self.openings.get((LeaveKind.ANNUAL, year))
        if rule is None or rule.quota is None:
            return opened or 0
        if opened is not None:
            most = rule.carry_two or rule.carry_one or rule.quota
            return min(opened, most - rule.quota)
        if not any(known < year for _kind, known in self.openings):
            return 0
        before = self.rule(LeaveKind.ANNUAL, date(year - 1, 12, 31))
        carried = self._carried(before, year - 1)
        used = self.used(LeaveKind.ANNUAL, year - 1)
        left = (before.quota or 0 if before else 0) + carried - used
        most = (rule.carry_two if carried and not used else rule.carry_one) or rule.quota
        return max(0, min(left, most - rule.quota))


def dates(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or the last day of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    start = date(year, month + 1, 1)
    following = (start + timedelta(days=32)).replace(day=1)
    return min(start + timedelta(days=day.day - 1), following - timedelta(days=1))


def farthest(rule: LeaveRule, first: date) -> date | None:
    """Return the last day that a rule allows to one leave that begins on `first`; None where it says none."""
    if rule.quota is None:
        return None
    if rule.unit is Unit.MONTHS:
        return _months_after(first, rule.quota) - timedelta(days=1)
    return first + timedelta(days=rule.quota - 1) if rule.unit is Unit.CALENDAR_DAYS else None


# In one statement: where somebody served as what, and what was brought into which year.
_BASIS: Any = union_all(
    select(
        literal("service").label("what"),
        Officer.active_from,
        Officer.active_to,
        Posting.valid_from.label("since"),
        Posting.valid_to.label("until"),
        cast(Posting.employment_type, String).label("kind"),
        literal(0).label("year"),
        literal(0).label("half_days"),
        Posting.id.label("number"),
    )
    .join(Posting, (Posting.officer_id == Officer.id) & (Posting.office_id == Officer.office_id))
    .where(Officer.office_id == bindparam("office"), Officer.id == bindparam("officer")),
    select(
        literal("opening"),
        cast(null(), Date),
        cast(null(), Date),
        cast(null(), Date),
        cast(null(), Date),
        LeaveOpening.kind,
        LeaveOpening.year,
        LeaveOpening.half_days,
        LeaveOpening.id,
    ).where(LeaveOpening.office_id == bindparam("office"), LeaveOpening.officer_id == bindparam("officer")),
).order_by("since", "number")
COLUMNS = (
    LeaveRequest.id,
    LeaveRequest.officer_id,
    LeaveRequest.kind,
    LeaveRequest.first,
    LeaveRequest.until,
    LeaveRequest.half_day,
    LeaveRequest.state,
    LeaveRequest.grant_id,
)
# Of the colleagues only what still waits is of interest: what was granted stands in the plan.
_REQUESTS = (
    select(*COLUMNS)
    .where(LeaveRequest.office_id == bindparam("office"))
    .where(LeaveRequest.officer_id.in_(bindparam("ids", expanding=True)))
    .where(LeaveRequest.first <= bindparam("until"), LeaveRequest.until >= bindparam("since"))
    .where(LeaveRequest.state.in_((*OPEN, LeaveState.GRANTED)))
    .order_by(LeaveRequest.first, LeaveRequest.id)
)


def ledger(
    db: Session, office_id: int, officer_id: int, years: Iterable[int], *, colleagues: Iterable[int] = ()
) -> Ledger:
    """Load what the balances of these years follow from, in four statements; plans and requests of colleagues too."""
    basis: Sequence[Any] = rows(db, _BASIS, office=office_id, officer=officer_id).all()
    service = [row for row in basis if row[0] == "service"]
    openings = {(row[5], row[6]): row[7] / 2 for row in basis if row[0] == "opening"}
    asked = sorted(years)
    first_year = max(min([asked[0], *(year for _kind, year in openings)]), asked[0] - _BACK)
    since, until = date(first_year, 1, 1), date(asked[-1], 12, 31)
    ids = sorted({officer_id, *colleagues})
    book = workdays.plans(db, office_id, since, until, officers=ids)
    requests = rows(db, _REQUESTS, office=office_id, ids=ids, since=since, until=until)
    return Ledger(
        officer_id,
        service[0][1] if service else date.max,
        service[0][2] if service else None,
        tuple((row[3], row[4], EmploymentType(row[5])) for row in service),
        openings,
        tuple(Asked(*row) for row in requests),
        book,
    )


def balance(db: Session, office_id: int, officer_id: int, kind: str, year: int, *, today: date) -> Balance:
    return ledger(db, office_id, officer_id, [year]).balance(kind, year, today=today)


def balances(db: Session, office_id: int, officer_id: int, year: int, *, today: date) -> list[Balance]:
    """Return every kind that a rule knows for this officer, or that was used or asked for; annual leave always."""
    known = ledger(db, office_id, officer_id, [year])
    return of_year(known, year, today=today)


def of_year(known: Ledger, year: int, *, today: date) -> list[Balance]:
    kinds = [*LeaveKind, ""]
    found = [known.balance(kind, year, today=today) for kind in kinds]
    return [one for one in found if one.rule or one.used or one.asked or one.is_yearly]
