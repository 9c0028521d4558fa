"""Hitung ulang: a past month as other rules would have it. Nothing is stored."""

import datetime as dt
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from staffhub import clock
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.reports import replay as replays
from staffhub.reports import rule_words
from staffhub.routes.attendance.asked import Division, Month, month_of
from staffhub.routes.attendance.year import near_words
from staffhub.routes.deps import DB, Me, Now, TakesLong, pages
from staffhub.web import render

router = pages()


class ReplayFields(Fields):
    """Rows of the rule book to be held against, and a date whose rules shall hold."""

    rule: list[int] = Field(default_factory=list)
    as_on: dt.date | None = None


@router.get("/attendance/replay", dependencies=[TakesLong])
def replay(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    rule: Annotated[list[str] | None, Query(max_length=20)] = None,
    as_on: Annotated[str, Query(max_length=10)] = "",
    division: Division = "",
) -> Response:
    me.require("rules")
    first = month_of(month, me, now) if month else clock.month_before(clock.local_day(now, me.zone))
    asked: list[tuple[str, str | UploadFile]] = [("as_on", as_on), *(("rule", one) for one in rule or ())]
    form: Form[ReplayFields] = Form.parse(ReplayFields, FormData(asked), name="replay")
    given = form.data or ReplayFields()
    found = replays.replay(db, me, first, chosen=given.rule, as_on=given.as_on, division=division, now=now)
    return render(
        request,
        "attendance/replay.html",
        status=422 if form.errors else 200,
        invalid=bool(form.errors),
        form=form,
        first=first,
        found=found,
        asked=bool(given.rule or given.as_on),
        given=given,
        said=rule_words,
        counted=_counted(),
        near_words=near_words,
        before=clock.month_before(first),
        after=clock.month_after(first),
    )


def _counted() -> dict[str, str]:
    return {
        "absences": _("Without explanation this year, days"),
        "in_a_row": _("In a row, days"),
        "minutes": _("Late and left early, counted as days"),
    }
