"""The list of requests."""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import office, sections
from staffhub.errors import Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import RequestState
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.service_requests import intake
from staffhub.routes.service_requests.fields import Id
from staffhub.service_requests import listed, standing_in
from staffhub.web import query, redirect, render

router = pages()


class TakeBackFields(Fields):
    officer: Id


@router.get("/requests")
def index(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    new: Literal["1"] | None = None,
    q: Annotated[str, Query(max_length=60)] = "",
    service: Annotated[str, Query(alias="type", max_length=40)] = "",
    state: RequestState | None = None,
    assignee: Literal["me", "none", "stand-in"] | None = None,
    due: Literal["late", ""] = "",
    division: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    me.require("requests")
    if new:
        return intake.form_page(request, db, me)
    wanted = listed.Wanted(" ".join(q.split()), service, state, assignee, sections.asked_for(division), due == "late")
    found = listed.listing(db, me, wanted, page=page, now=now)

    def address(number: int) -> str:
        given = {"q": wanted.q, "type": service, "state": state, "assignee": assignee, "due": due or None}
        return query("/requests", **given, division=wanted.division_id, page=number if number > 1 else None)

    return render(
        request,
        "requests/list.html",
        block="requests_found",
        wanted=wanted,
        found=found,
        counts=found.counts,
        lent=standing_in.lent(db, me, now=now),
        divisions=office.divisions(db, me.office_id).values(),
        may_hand_on=me.may("requests.assign"),
        pages={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": address(found.page - 1) if found.page > 1 else None,
            "next_url": address(found.page + 1) if found.more else None,
        },
    )


@router.post("/requests/take-back")
def take_back(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests")
    form = Form.parse(TakeBackFields, posted, name="take-back")
    if form.data is None:
        raise Refused(form.errors["officer"], field="officer")
    count = standing_in.take_back(db, me, form.data.officer, now=now)
    if not count:
        said = _("Nothing of yours lies there any more.")
        return redirect(request, "/requests?assignee=me", said=said, kind="warn")
    said = ngettext("%(num)s request is with you again.", "%(num)s requests are with you again.", count)
    return redirect(request, "/requests?assignee=me", said=said)
