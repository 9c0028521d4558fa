"""What is typed about a meeting: its words, its dates, its guests."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from staffhub.dated import weekday
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Line, Lines, Version
from staffhub.meetings.around import Around, look, of_meeting
from staffhub.meetings.audience import Audience
from staffhub.meetings.terms import Terms
from staffhub.models import Meeting, MeetingKind
from staffhub.security import Viewer
from staffhub.workdays import WEEKDAYS

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
SHOWN_DAYS = WEEKDAYS[:5]
_MONDAY = dt.date(2026, 1, 5)


class WhatFields(Fields):
    topic: Line
    date: dt.date
    time: ClockTime
    duration: int
    agenda: Lines | None = None
    everyone: bool = False
    division: list[int]
    officer: list[int]
    co_host: list[Line]

    def facts(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "agenda": (self.agenda or "").replace("\r\n", "\n"),
            "starts_on": self.date,
            "starts_at": self.time,
            "minutes": self.duration,
            "audience": Audience(self.everyone, tuple(self.division), tuple(self.officer)),
            "co_hosts": tuple(self.co_host),
        }


class SeriesFields(WhatFields):
    weekday: list[Weekday]
    count: int | None = None
    until: dt.date | None = None
    special: ClockTime | None = None
    preview: str | None = None

    def series(self) -> dict[str, Any]:
        weekdays = [WEEKDAYS.index(name) for name in self.weekday]
        return {"weekdays": weekdays, "occurrences": self.count, "until": self.until, "special_at": self.special}

    def terms(self) -> Terms:
        facts = self.facts() | self.series() | {"kind": MeetingKind.STANDUP}
        return Terms(**{name: value for name, value in facts.items() if name not in {"audience", "co_hosts"}})


class MeetingFields(WhatFields):
    idempotency_key: Key


class StandupFields(SeriesFields):
    idempotency_key: Key


class AroundFields(Fields):
    """What is asked about the people and the hour, while somebody is still choosing."""

    date: dt.date
    time: ClockTime
    duration: Annotated[int, Field(ge=1, le=24 * 60)]
    everyone: bool = False
    division: list[int]
    officer: list[int]


class Seen(Fields):
    """Which version of the meeting somebody has before the eyes."""

    version: Version


class CancelFields(Seen):
    """What those invited are told with it."""

    note: Line | None = None


class EditFields(SeriesFields, Seen):
    pass


class HostFields(Seen):
    """Who shall hold it; nobody named: whoever is free."""

    to: int | None = None


def around_of(
    db: Session, me: Viewer, typed: FormData, now: dt.datetime, meeting: Meeting | None = None
) -> Around | None:
    """Look at those chosen and at their hour; None while that is not whole yet, or not the viewer's to invite.

    `meeting`: the one that is changed.
    """
    asked: Form[AroundFields] = Form.parse(AroundFields, typed, name="around")
    if asked.data is None:
        return None
    wish = asked.data
    audience = Audience(wish.everyone, tuple(wish.division), tuple(wish.officer))
    facts: dict[str, Any] = {"day": wish.date, "at": wish.time, "minutes": wish.duration}
    try:
        return of_meeting(db, me, meeting, audience, **facts, now=now) if meeting else look(db, me, audience, **facts)
    except (Refused, Forbidden, NotFound):
        return None


def weekday_choices() -> list[tuple[str, str]]:
    return [(name, weekday(_MONDAY + dt.timedelta(days=n))) for n, name in enumerate(SHOWN_DAYS)]
