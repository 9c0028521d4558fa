"""Days that are over, as the office has stored them: no note, no finding in words, no day that is still running."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub.days import stored
from staffhub.models import TokenScope
from staffhub.routes.api import shapes
from staffhub.routes.api.calls import Caller, calls, json_answer, needs
from staffhub.routes.api.declared import answers, header
from staffhub.routes.api.requests import Most, Place, RowId
from staffhub.routes.deps import DB

router = calls()

# A cursor holds the day and, below it, the officer's id.
_IDS = 10**12


@router.get(
    "/api/v1/attendance", **answers(shapes.Attendance, headers={"Link": header('rel="next", if there is one.')})
)
@needs(TokenScope.ATTENDANCE_READ)
def list_attendance(
    request: Request,
    db: DB,
    caller: Caller,
    first: Annotated[shapes.Day | None, Query(description="From that day on.")] = None,
    last: Annotated[shapes.Day | None, Query(description="Up to that day.")] = None,
    officer: Annotated[RowId | None, Query(description="Of that officer alone.")] = None,
    limit: Most = 50,
    cursor: Place = None,
) -> Response:
    """Read days that are over, the oldest first, page by page."""
    ordinal, officer_id = divmod(shapes.place_of(cursor), _IDS)
    after = date.fromordinal(min(max(ordinal, 1), date.max.toordinal())), officer_id
    wanted = stored.Wanted(first, last, officer, after if cursor else None)
    found = stored.page(db, caller, wanted, most=limit + 1)
    shown, following = shapes.page_of(found, limit, _place)
    fields = shapes.AttendanceDay.model_fields
    items = [shapes.AttendanceDay(**{name: getattr(one, name) for name in fields}) for one in shown]
    return json_answer(shapes.Attendance(items=items, next=following), headers=shapes.link(request.url, following))


def _place(one: stored.Told) -> int:
    return one.date.toordinal() * _IDS + one.officer_id
