"""All requests of one officer, given to another."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.service_requests.fields import Id, Note
from staffhub.routes.service_requests.offering import choices, reason
from staffhub.security import Viewer
from staffhub.service_requests import duty, handing, owners, standing_in, words
from staffhub.web import redirect, render

router = pages()


class HandOnFields(Fields):
    officer: Id
    assignee: Id
    note: Note | None = None
    told: date | None = None


@router.get("/requests/hand-on")
def hand_on_page(
    request: Request, db: DB, me: Me, now: Now, officer: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    me.require("requests.assign")
    if officer is None:
        return redirect(request, "/requests?assignee=none")
    return _hand_on_page(request, db, me, now, owners.holder_for(db, me, officer, now=now))


def _hand_on_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    holder: owners.Holder,
    form: Form[HandOnFields] | None = None,
    *,
    status: int = 200,
    asks: duty.OnLeave | None = None,
) -> Response:
    # A head hands on what is of the own bidang, also when who has it is one of another.
    division_id = (holder.division_id if me.sees_everyone else None) or me.division_id
    people = duty.candidates(db, me, division_id=division_id, instead_of=holder.id, now=now)
    named = standing_in.stand_ins(db, me, now=now)
    first = duty.proposed(people, division_id, holder.id, named)
    return render(
        request,
        "requests/hand_on.html",
        status=status,
        invalid=form is not None,
        holder=holder,
        form=form or Form.blank("hand-on", assignee=first and first.id),
        candidates=choices(people, division_id),
        proposed=first,
        reason=first and reason(first, stands_in=named.get(holder.id) == first.id),
        asks=asks,
        state_label=words.state_label,
        rows=owners.held_by(db, me, holder.id, now=now),
    )


@router.post("/requests/hand-on")
def hand_on(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests.assign")
    form = Form.parse(HandOnFields, posted, name="hand-on")
    if form.error("officer"):
        raise Refused(form.errors["officer"], field="officer")
    holder = owners.holder_for(db, me, int(form.value("officer")), now=now)
    if form.data is None:
        return _hand_on_page(request, db, me, now, holder, form, status=422)
    given = form.data
    try:
        count = handing.hand_on(
            db, me, giver_id=holder.id, taker_id=given.assignee, note=given.note or "", told=given.told, now=now
        )
    except Refused as error:
        undo(db)
        asks = error if isinstance(error, duty.OnLeave) else None
        if asks is None:
            form.refuse(error)
        return _hand_on_page(request, db, me, now, holder, form, status=422, asks=asks)
    if not count:
        said = _("%(name)s has no open request that you could hand on.", name=holder.name)
        return redirect(request, "/requests", said=said, kind="warn")
    said = ngettext(
        "%(num)s request of %(name)s was handed on.",
        "%(num)s requests of %(name)s were handed on.",
        count,
        name=holder.name,
    )
    return redirect(request, "/requests?assignee=none", said=said)
