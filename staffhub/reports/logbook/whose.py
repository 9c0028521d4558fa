"""Whose log is read, of which days: the own one, of the own people, of those within the own scope."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, Date, Select, and_, bindparam, case, or_, select
from sqlalchemy.orm import Session, aliased

from staffhub import clock, i18n
from staffhub.db import rows
from staffhub.errors import Forbidden, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import Division, Officer, Posting, serves
from staffhub.security import Viewer

Span = Literal["day", "week", "month"]


class Period(NamedTuple):
    """A day, a week from Monday to Sunday, or a month."""

    span: Span
    first: date
    last: date

    @classmethod
    def around(cls, span: Span, day: date) -> "Period":
        if span == "day":
            return cls(span, day, day)
        if span == "week":
            monday = day - timedelta(days=day.weekday())
            return cls(span, monday, monday + timedelta(days=6))
        dates = clock.month_days(day)
        return cls(span, dates[0], dates[-1])


def spelled(first: date, last: date) -> str:
    """23 November 2026; 2–18 November 2026; 30 November 2026 – 6 Desember 2026."""
    if first == last:
        return i18n.day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{i18n.day(last)}"
    return f"{i18n.day(first)} – {i18n.day(last)}"


@dataclass(frozen=True)
class Part:
    """Days of a person in one posting, under one superior as posted on the last of them; "" where there is none."""

    first: date
    last: date
    position: str
    division_id: int | None
    division: str
    superior_id: int | None
    superior: str
    superior_number: str
    superior_position: str


@dataclass(frozen=True)
class Subject:
    """A person with the days of a period that the reader may read. `full`: whether the numbers are for the reader."""

    id: int
    number: str
    name: str
    parts: tuple[Part, ...]
    full: bool

    def holds(self, day: date) -> bool:
        return any(part.first <= day <= part.last for part in self.parts)


_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_SUPERIOR, _ABOVE = aliased(Officer), aliased(Posting)
_UNTIL = case((Posting.valid_to < _LAST, Posting.valid_to), else_=_LAST)
_POSTED = and_(
    Posting.office_id == Officer.office_id,
    Posting.officer_id == Officer.id,
    Posting.valid_from <= _LAST,
    or_(Posting.valid_to.is_(None), Posting.valid_to >= _FIRST),
)
_POSTED_ABOVE = and_(
    _ABOVE.office_id == _SUPERIOR.office_id,
    _ABOVE.officer_id == _SUPERIOR.id,
    _ABOVE.valid_from <= _UNTIL,
    or_(_ABOVE.valid_to.is_(None), _ABOVE.valid_to >= _UNTIL),
)
_SUBJECT: Select[*tuple[Any, ...]] = (
    select(
        Officer.id,
        Officer.number,
        Officer.name,
        Posting.valid_from,
        Posting.valid_to,
        Posting.position,
        Posting.division_id,
        Division.name.label("division"),
        Posting.superior_id,
        _SUPERIOR.name.label("superior"),
        _SUPERIOR.number.label("superior_number"),
        _ABOVE.position.label("superior_position"),
    )
    .select_from(Officer)
    .outerjoin(Posting, _POSTED)
    .outerjoin(Division, Division.id == Posting.division_id)
    .outerjoin(_SUPERIOR, _SUPERIOR.id == Posting.superior_id)
    .outerjoin(_ABOVE, _POSTED_ABOVE)
    .where(Officer.office_id == bindparam("office"))
    .order_by(Officer.name, Officer.id, Posting.valid_from)
)
_ONE = _SUBJECT.where(Officer.id == bindparam("officer"))
_BIDANG = _SUBJECT.where(Posting.division_id == bindparam("division", type_=BigInteger), serves(_FIRST, _LAST))


def subject(db: Session, me: Viewer, officer_id: int, period: Period) -> Subject:
    """Load a person whose log I may read on some day of the period; the days on which I may not are left out.

    The head of a division reads the days on which the person served there, a superior those on which it was theirs.
    """
    asked = {"office": me.office_id, "officer": officer_id, "first": period.first, "last": period.last}
    found = rows(db, _ONE, **asked).all()
    if not found:
        raise NotFound(_("This person is not on the register."))
    everything = officer_id == me.officer_id or (me.may("attendance") and me.sees_everyone)
    parts = tuple(part for row in found if row.valid_from and (part := _part(row, period)))
    mine = parts if everything else tuple(part for part in parts if reads(me, part))
    if not (everything or mine):
        raise Forbidden(_("This person's log is outside your scope."))
    return _subject(me, found[0], mine)


def of_bidang(db: Session, me: Viewer, division_id: int, period: Period) -> list[Subject]:
    """Load everybody who serves in a bidang within my scope, by name, with the days spent in it."""
    me.require("attendance")
    if not me.sees(officer_id=None, division_id=division_id):
        raise Forbidden(_("This division is outside your scope."))
    asked = {"office": me.office_id, "division": division_id, "first": period.first, "last": period.last}
    by_person = groupby(rows(db, _BIDANG, **asked), key=lambda row: row.id)
    people = [list(theirs) for _id, theirs in by_person]
    return [_subject(me, theirs[0], tuple(_part(row, period) for row in theirs)) for theirs in people]


def _subject(me: Viewer, row: Any, parts: tuple[Part, ...]) -> Subject:
    under_me = any(part.superior_id == me.officer_id for part in parts)
    full = row.id == me.officer_id or me.may("attendance.numbers") or under_me
    return Subject(row.id, row.number, row.name, parts, full)


def reads(me: Viewer, part: Part) -> bool:
    """Whether somebody else's days are within my scope, or those of my people."""
    mine = me.officer_id is not None and part.superior_id == me.officer_id
    return mine or (me.may("attendance") and me.sees(officer_id=None, division_id=part.division_id))


def _part(row: Any, period: Period) -> Part:
    until = row.valid_to or period.last
    return Part(
        max(row.valid_from, period.first),
        min(until, period.last),
        row.position or "",
        row.division_id,
        row.division or "",
        row.superior_id,
        row.superior or "",
        row.superior_number or "",
        row.superior_position or "",
    )


def superiors(parts: tuple[Part, ...]) -> list[Part]:
    """Return the days under each superior in a row, whatever else changed meanwhile."""
    found: list[Part] = []
    for part in parts:
        if found and found[-1].superior_id == part.superior_id:
            found[-1] = replace(part, first=found[-1].first)
        else:
            found.append(part)
    return found
