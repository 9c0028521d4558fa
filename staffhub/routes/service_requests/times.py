"""How long requests took, as a picture, tables and a file."""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from staffhub.dated import short_day
from staffhub.routes.attendance.exports import file
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.service_requests import times
from staffhub.web import render

router = pages()


@router.get("/requests/times")
def show(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    service: Annotated[str, Query(alias="type", max_length=40)] = "",
    form: Annotated[Literal["csv"] | None, Query(alias="format")] = None,
) -> Response:
    if form:
        return file("waktu-layanan.csv", times.times_csv(db, me, now=now))
    found = times.times(db, me, service, now=now, say_day=short_day)
    measured = [cuts.most for line in found.weeks for cuts in (line.ready, line.whole) if cuts]
    longest = max(measured, default=0) or 1
    return render(request, "requests/times.html", found=found, wanted=service, longest=longest, fewest=times.FEWEST)
