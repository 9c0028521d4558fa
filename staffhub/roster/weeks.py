"""The usual week of an officer from a date on. Every save is a row; of one date the newest holds until taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.db import insert_unless_there, lock_row, rows
from staffhub.errors import Conflict, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Officer, WeekPattern
from staffhub.roster.plan import Planned, refuse_past
from staffhub.security import Viewer

Week = list[str | None]
# Further away is a slip in the year, and every day between would have to be worked out.
_FARTHEST = timedelta(days=731)


@dataclass(frozen=True)
class Weeks:
    """The usual weeks of one officer that stand, by their first dates. `version` grows with every save."""

    standing: tuple[tuple[date, Week], ...]
    version: int

    def on(self, day: date) -> Week:
        found = [days for start, days in self.standing if start <= day]
        week = found[-1] if found else list(workdays.DEFAULT_WEEK)
        return [*week, *[None] * (len(workdays.WEEKDAYS) - len(week))]

    def after(self, day: date) -> list[tuple[date, Week]]:
        """Return the weeks that were saved for later."""
        return [(start, self.on(start)) for start, _days in self.standing if start > day]


_WEEKS = (
    select(WeekPattern.valid_from, WeekPattern.days, WeekPattern.version)
    .where(WeekPattern.office_id == bindparam("office"), WeekPattern.officer_id == bindparam("officer"))
    .order_by(WeekPattern.version)
)


def weeks_of(db: Session, me: Viewer, officer: Planned) -> Weeks:
    saved: dict[date, Week | None] = {}
    version = 0
    for start, days, version in rows(db, _WEEKS, office=me.office_id, officer=officer.id):  # noqa: B007  the last stays
        saved[start] = days
    return Weeks(tuple(workdays.standing(saved)), version)


@dataclass(frozen=True)
class Changed:
    """Days that are over and would read differently."""

    days: int
    first: date | None = None
    last: date | None = None


def settled_days_changed(
    db: Session, me: Viewer, officer: Planned, *, days: Week, valid_from: date, now: datetime
) -> Changed:
    """Return which days before today a week from an earlier date on would change."""
    today = clock.local_day(now, me.zone)
    refuse_past(me, valid_from, now, field="valid_from")
    _refuse_far(valid_from, today)
    if valid_from >= today:
        return Changed(0)
    past = [valid_from + timedelta(days=n) for n in range((today - valid_from).days)]
    before = workdays.plans(db, me.office_id, past[0], past[-1], officers=[officer.id])
    standing = dict(before.patterns.get(officer.id, ())) | {valid_from: days}
    after = replace(before, patterns={officer.id: sorted(standing.items())})
    changed = [day for day in past if before.of(officer.id, day).mode != after.of(officer.id, day).mode]
    return Changed(len(changed), changed[0], changed[-1]) if changed else Changed(0)


def set_usual_week(
    db: Session,
    me: Viewer,
    officer: Planned,
    *,
    days: Sequence[str | None],
    valid_from: date,
    now: datetime,
    version: int | None = None,
) -> None:
    """Write the usual week from a date on; what was planned before that date stays as it was.

    `version` is the one that was seen: Conflict when somebody saved another week since.
    """
    refuse_past(me, valid_from, now, field="valid_from")
    _refuse_far(valid_from, clock.local_day(now, me.zone))
    _refuse_days_without_hours(db, me, officer, days, valid_from)
    _save(db, me, officer, list(days), valid_from, now=now, version=version)


def remove_week(
    db: Session, me: Viewer, officer: Planned, *, valid_from: date, now: datetime, version: int | None = None
) -> bool:
    """Take a saved week back; the one before it goes on. False when it is gone already."""
    refuse_past(me, valid_from, now, field="valid_from")
    if valid_from not in dict(weeks_of(db, me, officer).standing):
        return False
    _save(db, me, officer, None, valid_from, now=now, version=version)
    return True


def _save(
    db: Session, me: Viewer, officer: Planned, days: Week | None, start: date, *, now: datetime, version: int | None
) -> None:
    lock_row(db, Officer, officer.id)
    there = weeks_of(db, me, officer)
    before = dict(there.standing).get(start)
    if before == days:
        return  # the same save again, from a second tap or another tab
    row = {
        "office_id": me.office_id,
        "officer_id": officer.id,
        "valid_from": start,
        "days": days,
        "version": there.version + 1,
        "created_by": me.account_id,
        "created_at": now,
    }
    stale = version is not None and version != there.version
    if stale or not insert_unless_there(db, WeekPattern, row):
        raise Conflict(_("Somebody saved another usual week meanwhile. Look at it, then save yours again."))
    audit.record(db, me, "plan.week_set", "officer", officer.id, now=now, valid_from=start, before=before, after=days)


def _refuse_far(day: date, today: date) -> None:
    if abs(day - today) > _FARTHEST:
        raise Refused(_("A usual week begins within two years of today."), field="valid_from")


def _refuse_days_without_hours(
    db: Session, me: Viewer, officer: Planned, days: Sequence[str | None], start: date
) -> None:
    """A day counts with the hours that the rules give it; one without hours could not count, so it is not saved."""
    seven = [start + timedelta(days=n) for n in range(7)]
    book = workdays.plans(db, me.office_id, seven[0], seven[-1], officers=[officer.id])
    for day in sorted(seven, key=date.weekday):
        place = days[day.weekday()] if day.weekday() < len(days) else None
        if place is not None and book.hours(officer.id, day) is None:
            raise Refused(
                _("The rules of the office give this day no hours. Plan a single day of duty instead."),
                field=workdays.WEEKDAYS[day.weekday()],
            )
