"""Tahun saya: how much leave is left, and how near the days without explanation come to a threshold."""

from fastapi import Request
from starlette.responses import Response

from staffhub import clock, leave, notify
from staffhub.models import NoticeKind
from staffhub.reports import counters
from staffhub.reports.counters import Near
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.web import render

router = pages()


@router.get("/me/year")
def my_year(request: Request, db: DB, me: Me, now: Now) -> Response:
    today = clock.local_day(now, me.zone)
    if me.officer_id is None:
        return render(request, "attendance/nobody.html", first=today)
    return render(
        request,
        "attendance/year.html",
        year=today.year,
        mine=counters.mine(db, me, now=now),
        balances=leave.balances(db, me.office_id, me.officer_id, today.year, today=today),
        leave=leave,
        near_words=near_words,
    )


def near_words(near: Near, who: str | None = None) -> str:
    """Say how near it is, as a notice does, and never what follows."""
    facts = {"who": who, "what": near.what, "count": near.count, "threshold": near.threshold}
    return notify.headline(NoticeKind.THRESHOLD_NEAR, facts)
