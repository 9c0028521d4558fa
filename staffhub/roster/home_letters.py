"""Who works from home by a letter from a day to a day: HR keeps the number of the letter, and never its reason."""

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Date, bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, workdays
from staffhub.db import insert_unless_there, rows, said_otherwise, write_over
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import HomeOnly, Officer, serves
from staffhub.roster import coverage, drafts
from staffhub.roster.entries import dates
from staffhub.security import Viewer

_SHOWN = 200
# An officer, from and to.
Span = tuple[int, date, date]
_LONGEST = timedelta(days=366)


class Published(NamedTuple):
    """Days of a published month on which somebody is planned in the office although a letter says otherwise."""

    division_id: int
    month: date
    days: int


class Letter(NamedTuple):
    """`state` is "now", "future" or "past"; `published`: where the roster does not know of it yet."""

    id: int
    officer_id: int
    officer: str
    first: date
    last: date
    document: str
    version: int
    state: str
    published: list[Published]


_TODAY = bindparam("today", type_=Date)
_PEOPLE = (
    select(Officer.id, Officer.name)
    .where(Officer.office_id == bindparam("office"), serves(_TODAY, _TODAY))
    .order_by(Officer.name)
)
_LETTERS = (
    select(HomeOnly.id, Officer.id, Officer.name, HomeOnly.first, HomeOnly.last, HomeOnly.document, HomeOnly.version)
    .join(Officer, Officer.id == HomeOnly.officer_id)
    .where(HomeOnly.office_id == bindparam("office"))
    .order_by(HomeOnly.last.desc(), HomeOnly.id.desc())
    .limit(_SHOWN)
)


def people(db: Session, me: Viewer, *, today: date) -> list[tuple[int, str]]:
    """Return who serves today, by name."""
    me.require("roster.letters")
    return [(id_, name) for id_, name in rows(db, _PEOPLE, office=me.office_id, today=today)]


def letters(db: Session, me: Viewer, *, now: datetime) -> list[Letter]:
    """Return the letters, those that last longest first."""
    me.require("roster.letters")
    today = clock.local_day(now, me.zone)
    found = list(rows(db, _LETTERS, office=me.office_id))
    against = published(db, me, {(row[1], row.first, row.last) for row in found if row.last >= today}, now=now)
    return [
        Letter(*row, _state(row.first, row.last, today), against.get((row[1], row.first, row.last), []))
        for row in found
    ]


def published(db: Session, me: Viewer, spans: Collection[Span], *, now: datetime) -> dict[Span, list[Published]]:
    """Return for each span of somebody's the published days to come that have her in the office, by month."""
    opens = drafts.first_open(db, me, now)
    until = max((last for _who, _first, last in spans), default=date.min)
    months = drafts.published_months(db, me.office_id, opens.replace(day=1), until) if until >= opens else set()
    if not months:
        return {}
    until = min(until, clock.month_days(max(month for _desk, month in months))[-1])
    served: dict[int, list[coverage.Serving]] = defaultdict(list)
    for one in coverage.serving(db, me.office_id, opens, until):
        served[one.officer_id].append(one)
    book = workdays.plans(db, me.office_id, opens, until, officers=sorted({who for who, *_span in spans}))
    return {
        (who, first, last): [
            Published(desk, month, count)
            for (desk, month), count in Counter(
                (one.division_id, day.replace(day=1))
                for day in dates(max(first, opens), min(last, until))
                for one in served[who]
                if one.serves(day) and coverage.is_against_letter(book.of(who, day))
            ).items()
            if (desk, month) in months and desk is not None
        ]
        for who, first, last in spans
    }


def _state(first: date, last: date, today: date) -> str:
    if last < today or last < first:
        return "past"
    return "future" if first > today else "now"


def write(
    db: Session, me: Viewer, officer_id: int, first: date, last: date, *, document: str, key: str, now: datetime
) -> bool:
    """Note a letter; False when the same form has noted it already."""
    me.require("roster.letters")
    if last < first:
        raise Refused(_("The last day is before the first."), field="last")
    if last - first > _LONGEST:
        raise Refused(_("A letter is for a year at most."), field="last")
    today = clock.local_day(now, me.zone)
    if officer_id not in dict(people(db, me, today=today)):
        raise Refused(_("Choose one of the list."), field="officer")
    values = {"office_id": me.office_id, "officer_id": officer_id, "idempotency_key": key}
    said = {"first": first, "last": last, "document": document}
    if not insert_unless_there(
        db, HomeOnly, values | said | {"created_by": me.author, "created_at": now, "version": 1}
    ):
        there = select(HomeOnly.first, HomeOnly.last, HomeOnly.document).filter_by(**values)
        if tuple(db.execute(there).one()) != (first, last, document):
            raise said_otherwise()
        return False
    audit.record(db, me, "roster.letter_noted", "officer", officer_id, now=now, first=first, last=last,
                 document=document)  # fmt: skip
    return True


def letter_for(db: Session, me: Viewer, letter_id: int) -> HomeOnly:
    me.require("roster.letters")
    row = db.get(HomeOnly, letter_id)
    if row is None or row.office_id != me.office_id:
        raise NotFound(_("There is no such letter."))
    return row


def end(db: Session, me: Viewer, letter_id: int, *, seen: int, now: datetime) -> bool:
    """Let a letter hold no longer from today on; False when it had ended before."""
    me.require("roster.letters")
    row = letter_for(db, me, letter_id)
    last = max(clock.local_day(now, me.zone), row.first) - timedelta(days=1)
    if row.last <= last:
        return False
    officer_id = row.officer_id
    write_over(db, HomeOnly, letter_id, seen=seen, last=last)
    audit.record(db, me, "roster.letter_ended", "officer", officer_id, now=now, letter=letter_id, last=last)
    return True
