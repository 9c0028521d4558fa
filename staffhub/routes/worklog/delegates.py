"""Who stands in for a superior who verifies: named from a day to a day, by the superior, the head or HR."""

import datetime as dt
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub.db import undo
from staffhub.errors import Refused
from staffhub.forms import Fields, Form, Key
from staffhub.i18n import gettext as _
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render
from staffhub.worklog import delegates

router = pages()

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class StandInFields(Fields):
    """`superior`: in whose place, "all" for everybody who is away."""

    superior: Id | Literal["all"]
    officer: Id
    valid_from: dt.date
    valid_to: dt.date
    idempotency_key: Key


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    form: Form[StandInFields] | None = None,
    *,
    status: int = 200,
) -> Response:
    today = clock.local_day(now, me.zone)
    superiors: list[tuple[object, str]] = [*delegates.superiors(db, me, today=today)]
    if me.may("worklog.delegates"):
        superiors.append(("all", _("Everybody who is away")))
    return render(
        request,
        "worklog/delegates.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        form=form or Form.blank("stand-in", superior=me.officer_id, valid_from=today, idempotency_key=uuid4()),
        superiors=superiors,
        people=delegates.people(db, me, today=today),
        stand_ins=delegates.stand_ins(db, me, today=today),
    )


@router.get("/worklog/delegates")
def show(request: Request, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    return _page(request, db, me, now)


@router.post("/worklog/delegates")
def name_stand_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    form = Form.parse(StandInFields, posted, name="stand-in")
    if form.data is None:
        return _page(request, db, me, now, form, status=Refused.status)
    given = form.data
    superior = given.superior if isinstance(given.superior, int) else None
    try:
        first_time = delegates.name_stand_in(
            db, me, superior_id=superior, officer_id=given.officer, valid_from=given.valid_from,
            valid_to=given.valid_to, key=given.idempotency_key, now=now,
        )  # fmt: skip
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, form, status=error.status)
    said = _("The delegate is named.") if first_time else _("This was noted already.")
    return redirect(request, "/worklog/delegates", said=said)


@router.post("/worklog/delegates/{log_delegate_id}/end")
def end_stand_in(request: Request, log_delegate_id: RowId, db: DB, me: Me, now: Now) -> Response:
    me.require("worklog")
    ended = delegates.end_stand_in(db, me, log_delegate_id, now=now)
    said = _("The delegate verifies no longer.") if ended else _("It had ended before.")
    return redirect(request, "/worklog/delegates", said=said)
