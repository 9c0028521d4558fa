"""/presence/roll-call: a head ticks who is there, on a phone in front of the people."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, roll_calls, sections
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Line, Version
from staffhub.i18n import gettext as _
from staffhub.models import RollState
from staffhub.reports import proof_words
from staffhub.roll_calls import RollSheet, Tick, Wish
from staffhub.routes.deps import DB, Me, Now, Posted, day_from, pages
from staffhub.security import Viewer
from staffhub.typed import clock_time
from staffhub.web import query, redirect, render

router = pages()

ADDRESS = "/presence/roll-call"


class RollFields(Fields):
    """What stands beside the ticks, whose fields are named after the people: `state_12` and `at_12`."""

    day: dt.date
    division: Annotated[int, Field(ge=1)] | None = None
    held_at: ClockTime
    everybody: bool = False
    reason: Annotated[Line, StringConstraints(max_length=400)] | None = None
    version: Version | None = None
    idempotency_key: Key


@router.get("/presence/roll-call")
def roll_call(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    date: Annotated[str, Query(max_length=10)] = "",
    division: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    day = day_from(date, today=clock.local_day(now, me.zone))
    found = roll_calls.sheet(db, me, day, sections.asked_for(division), now=now)
    return _page(request, found, _blank(found))


def _blank(found: RollSheet) -> Form[RollFields]:
    ticks: dict[str, object] = {f"state_{one.officer_id}": one.state.value for one in found.lines}
    came = {f"at_{one.officer_id}": one.at.time() for one in found.lines if one.at and one.state is RollState.LATE}
    return Form.blank("roll", held_at=found.held_at, version=found.version, idempotency_key=uuid4(), **ticks, **came)


def _page(request: Request, found: RollSheet, form: Form[RollFields], *, status: int = 200) -> Response:
    return render(
        request,
        "roll_call/index.html",
        status=status,
        invalid=bool(form.errors),
        found=found,
        form=form,
        states=[(one.value, proof_words.state(one)) for one in RollState],
        divisions=[(one.id, one.short_name) for one in found.divisions],
        say=proof_words,
    )


def _ticks(form: Form[RollFields]) -> Iterator[tuple[int, Tick]]:
    """Read what is ticked of each; a time that is none is named at its field."""
    states = {one.value: one for one in RollState}
    for name, values in list(form.typed.items()):
        kind, _under, number = name.partition("_")
        if kind != "state" or not number.isdecimal() or len(number) > 18:  # noqa: PLR2004  the longest id
            continue
        at, written = None, form.value(f"at_{number}").strip()
        state = states.get(values[-1], RollState.MISSING)
        if written and state is RollState.LATE:
            try:
                at = clock_time(written)
            except ValueError as problem:
                form.errors[f"at_{number}"] = str(problem)
        yield int(number), Tick(state, at)


@router.post("/presence/roll-call")
def save(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("roll_call")
    form: Form[RollFields] = Form.parse(RollFields, posted, name="roll")
    ticks, given = dict(_ticks(form)), form.data
    if given is None or form.errors:
        return _again(request, db, me, form, now, Refused.status)
    wish = Wish(
        day=given.day,
        division_id=given.division,
        held_at=given.held_at,
        ticks=ticks,
        seen=given.version,
        key=given.idempotency_key,
        reason=given.reason or "",
        everybody=given.everybody,
    )
    try:
        done = roll_calls.save(db, me, wish, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        found = roll_calls.sheet(db, me, given.day, given.division, now=now)
        form.refuse(error, version=found.version)
        return _page(request, found, form, status=error.status)
    said = _("Roll call saved.") if done else _("Nothing was changed: the list stands as it was.")
    return redirect(request, query(ADDRESS, date=given.day, division=given.division), said=said)


def _again(
    request: Request, db: Session, me: Viewer, form: Form[RollFields], now: dt.datetime, status: int
) -> Response:
    day = day_from(form.value("day"), today=clock.local_day(now, me.zone))
    found = roll_calls.sheet(db, me, day, sections.asked_for(form.value("division")), now=now)
    return _page(request, found, form, status=status)
