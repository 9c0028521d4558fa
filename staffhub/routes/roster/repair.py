"""Empty desks: where the plan of the next days falls below the minimum, and who is called in with one press."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, i18n, office
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PlanMode
from staffhub.roster import repairing
from staffhub.roster.entries import dates
from staffhub.roster.repairing import Call, Offer
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.security import Viewer
from staffhub.service_requests.telling import whatsapp_link
from staffhub.web import query, redirect, render

router = pages()

AHEAD = timedelta(days=13)


class RepairFields(Fields):
    call_in: list[Annotated[Call | None, BeforeValidator(Call.of)]] = Field(default_factory=list, max_length=200)


class Message(NamedTuple):
    """Who was called in, and the address that opens a chat with the text in it; None without a number.

    `has_account`: there is a notice that says it.
    """

    name: str
    day: Any
    desk: str
    link: str | None
    has_account: bool


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    form: Form[Any],
    called: Sequence[Call | None],
    *,
    status: int = 200,
) -> Response:
    me.require("roster.edit")
    today = clock.local_day(now, me.zone)
    days = dates(today, today + AHEAD)
    found = repairing.around(db, me.office_id, days)
    only = None if me.sees_everyone else me.division_id or 0
    wanted = repairing.needs(db, me.office_id, found, days[0], days[-1], only=only)
    names = office.divisions(db, me.office_id)
    desks: dict[str, list[Offer]] = defaultdict(list)
    for offer in repairing.offers(db, me, found, wanted, today=today):
        desks[names[offer.need.division_id].short_name].append(offer)
    return render(
        request,
        "roster/repair.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        desks=list(desks.items()),
        messages=[one for call in called if call and (one := _message(me, found, call, names))],
    )


def _message(me: Viewer, found: repairing.Around, call: Call, names: dict[int, office.Bidang]) -> Message | None:
    """Return what to write to somebody whom the plan has in the office then; None of others."""
    who = found.who(call.officer_id, call.day)
    if who is None or not me.sees(officer_id=None, division_id=who.division_id) or call.division_id not in names:
        return None
    if found.book.of(call.officer_id, call.day).mode is not PlanMode.OFFICE:
        return None
    desk = names[call.division_id].short_name
    text = _("You are needed in the office on %(day)s, at the desk of %(desk)s.", day=i18n.day(call.day), desk=desk)
    return Message(who.name, call.day, desk, whatsapp_link(who, f"{text} {me.office_name}"), who.has_account)


@router.get("/roster/repair")
def show(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    called: Annotated[list[str] | None, Query(max_length=200)] = None,
) -> Response:
    form = Form.parse(RepairFields, FormData([("call_in", one) for one in called or ()]), name="repair")
    return _page(request, db, me, now, Form.blank("repair"), form.data.call_in if form.data else [])


@router.post("/roster/repair")
def call_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[RepairFields] = Form.parse(RepairFields, posted, name="repair")
    if form.data is None:
        return _page(request, db, me, now, form, [], status=Refused.status)
    calls = [call for call in form.data.call_in if call]
    try:
        me.require("roster.edit")
        repairing.call_in(db, me, calls, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, form, [], status=error.status)
    said = ngettext("%(num)s person is called in.", "%(num)s people are called in.", len(calls))
    sent = "&".join(f"called={call.officer_id}.{call.day}.{call.division_id}" for call in calls)
    return redirect(request, query("/roster/repair") + (f"?{sent}" if sent else ""), said=said)
