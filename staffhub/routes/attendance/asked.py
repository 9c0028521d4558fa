"""What addresses of Bulan and Hari ask for, and what their pages share."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import Query

from staffhub import clock
from staffhub.days import Finding
from staffhub.errors import NotFound
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionKind
from staffhub.routes.deps import YEARS, month_from
from staffhub.security import Viewer

PAGE = 50

# The kind of correction that settles a finding.
REMEDIES = {
    Finding.NO_CHECK_OUT: CorrectionKind.CHECK_OUT,
    Finding.NO_CHECK_IN: CorrectionKind.CHECK_IN,
    Finding.ABSENT: CorrectionKind.ABSENT,
    Finding.LEAVE_AND_MARK: CorrectionKind.MODE,
    Finding.HOME_NOT_OFFICE: CorrectionKind.MODE,
    Finding.OFFICE_NOT_HOME: CorrectionKind.MODE,
    Finding.OTHER_PLACE: CorrectionKind.MODE,
    Finding.OTHER_HOURS: CorrectionKind.MODE,
    Finding.FINGER_AND_HOME: CorrectionKind.MODE,
}


Month = Annotated[str | None, Query(max_length=20)]
Show = Annotated[str, Query(max_length=20)]
Division = Annotated[str, Query(max_length=40)]
Name = Annotated[str, Query(max_length=120)]
Page = Annotated[int, Query(ge=1, le=10_000)]


def month_of(text: str | None, me: Viewer, now: datetime) -> date:
    return month_from(text, today=clock.local_day(now, me.zone))


def day_of(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotFound(_("There is no such day.")) from None
    if day.year not in YEARS:
        raise NotFound(_("There is no such day."))
    return day


def pager(first: int, last: int, total: int, page: int, here: Callable[..., str]) -> dict[str, object]:
    return {
        "first": first,
        "last": last,
        "total": total,
        "previous_url": here(page=page - 1) if page > 1 else "",
        "next_url": here(page=page + 1) if last < total else "",
    }
