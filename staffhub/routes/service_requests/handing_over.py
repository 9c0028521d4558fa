"""Requests that a head hands over: one after the other, or many at once, each as it was looked at."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.forms import Fields, Form, Version
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.routes.service_requests.fields import Id, Note
from staffhub.routes.service_requests.offering import choices, reason
from staffhub.security import Viewer
from staffhub.service_requests import choosing, duty, handing, one, standing_in, steps
from staffhub.web import query, redirect, render

router = pages()


class GiveFields(Fields):
    """`give`: "request.version.officer" for each, the officer who was proposed or 0; `assignee` gets them all."""

    give: list[Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,17}\.[1-9]\d{0,8}\.\d{1,18}$")]]
    assignee: Id | None = None
    note: Note | None = None
    told: date | None = None

    def gifts(self) -> list[handing.Gift]:
        """Return what is to be given to whom; Refused when nothing was ticked, or nobody is to have it."""
        gifts = [handing.Gift(*map(int, given.split("."))) for given in self.give]
        if self.assignee is not None:
            gifts = [gift._replace(officer_id=self.assignee) for gift in gifts]
        if not gifts:
            raise Refused(_("Tick at least one request."), field="give")
        if not all(gift.officer_id for gift in gifts):
            raise Refused(_("Nobody is on duty for some of them: choose an officer."), field="assignee")
        return gifts


class NextFields(Fields):
    request: Id
    assignee: Id
    note: Note | None = None
    version: Version | None = None
    told: date | None = None
    skip: Annotated[int, Field(ge=0)] = 0


@router.get("/requests/hand-over")
def hand_over_page(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    pick: Annotated[list[int] | None, Query(max_length=choosing.MOST)] = None,
    all_of_them: Annotated[Literal["1"] | None, Query(alias="all")] = None,
) -> Response:
    me.require("requests.assign")
    if not pick and not all_of_them:
        return redirect(request, "/requests", said=_("Tick at least one request."), kind="warn")
    ids = [id_ for id_ in pick or () if 0 < id_ < 2**63]
    found = choosing.unassigned(db, me, now=now) if all_of_them else choosing.ticked(db, me, ids, now=now)
    return _many(request, db, me, now, found)


def _many(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    found: choosing.Choice,
    form: Form[GiveFields] | None = None,
    *,
    status: int = 200,
    asks: duty.OnLeave | None = None,
) -> Response:
    divisions = {row.division_id for row in found.rows}
    only = divisions.pop() if len(divisions) == 1 else None
    people = duty.candidates(db, me, division_id=only or me.division_id, now=now)
    named = standing_in.stand_ins(db, me, now=now)
    dealt = duty.deal(people, [(row.division_id, row.assignee_id) for row in found.rows], named)
    given = {value.rpartition(".")[0]: value for value in form.list("give")} if form else {}
    lines = [
        (row, who, f"{row.id}.{row.version}.{who.id if who else 0}", not form or f"{row.id}.{row.version}" in given)
        for row, who in zip(found.rows, dealt, strict=True)
    ]
    return render(
        request,
        "requests/hand_over.html",
        status=status,
        invalid=form is not None,
        lines=lines,
        total=found.total,
        form=form or Form.blank("give"),
        candidates=choices(people, only or me.division_id),
        dealt=any(dealt),
        named=named,
        asks=asks,
    )


@router.post("/requests/hand-over")
def hand_over(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests.assign")
    form = Form.parse(GiveFields, posted, name="give")
    try:
        if form.data is None:
            return _refused(request, db, me, now, form, None)
        data = form.data
        given = handing.give(db, me, data.gifts(), note=data.note or "", told=data.told, now=now)
    except Refused as error:
        undo(db)
        return _refused(request, db, me, now, form, error)
    said = ngettext("%(num)s request was handed over.", "%(num)s requests were handed over.", given.count)
    if given.left_out:
        missed = _("Changed meanwhile, and left as they are: %(numbers)s.", numbers=", ".join(given.left_out))
        return redirect(request, "/requests?assignee=none", said=f"{said} {missed}", kind="warn")
    return redirect(request, "/requests?assignee=none", said=said)


def _refused(
    request: Request, db: Session, me: Viewer, now: datetime, form: Form[GiveFields], error: Refused | None
) -> Response:
    asks = error if isinstance(error, duty.OnLeave) else None
    if error and not asks:
        form.refuse(error)
    heads = [value.split(".")[0] for value in form.list("give")[: choosing.MOST]]
    ids = [int(head) for head in heads if head.isdecimal() and 0 < int(head) < 2**63]
    found = choosing.ticked(db, me, ids, now=now) if ids else choosing.unassigned(db, me, now=now)
    return _many(request, db, me, now, found, form, status=422, asks=asks)


@router.get("/requests/unassigned")
def unassigned(
    request: Request, db: DB, me: Me, now: Now, skip: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> Response:
    me.require("requests.assign")
    return _next(request, db, me, now, skip)


def _next(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    skip: int,
    form: Form[NextFields] | None = None,
    *,
    status: int = 200,
    asks: duty.OnLeave | None = None,
) -> Response:
    """Show one request that needs an officer; a form that was refused shows its own."""
    if form and form.value("request").isdecimal():
        found = choosing.ticked(db, me, [int(form.value("request")[:18])], now=now)
    else:
        found = choosing.unassigned(db, me, now=now, skip=skip, most=1)
    row = found.rows[0] if found.rows else None
    people: list[duty.Candidate] = []
    named: Mapping[int, int] = {}
    if row:
        named = standing_in.stand_ins(db, me, now=now)
        people = duty.candidates(db, me, division_id=row.division_id, instead_of=row.assignee_id, now=now)
    first = duty.proposed(people, row.division_id, row.assignee_id, named) if row else None
    return render(
        request,
        "requests/unassigned.html",
        status=status,
        invalid=form is not None,
        row=row,
        total=found.total,
        skip=skip,
        form=form or Form.blank("next"),
        proposed=first,
        reason=first and row and reason(first, stands_in=named.get(row.assignee_id or 0) == first.id),
        candidates=choices(people, row.division_id) if row else [],
        asks=asks,
    )


@router.post("/requests/unassigned")
def give_next(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("requests.assign")
    form = Form.parse(NextFields, posted, name="next")
    data = form.data
    if data is None:
        return _next(request, db, me, now, 0, form, status=422)
    row = one.request_to_hand_over(db, me, data.request, now=now)
    try:
        name = steps.assign(
            db, me, row, assignee_id=data.assignee, note=data.note or "", version=data.version, told=data.told, now=now
        )
    except (Conflict, Refused) as error:
        undo(db)
        return _not_given(request, db, me, now, data.skip, form, error)
    said = _("%(number)s is now with %(name)s.", number=row.number, name=name)
    return redirect(request, query("/requests/unassigned", skip=data.skip or None), said=said)


def _not_given(
    request: Request, db: Session, me: Viewer, now: datetime, skip: int, form: Form[NextFields], error: StaffHubError
) -> Response:
    if isinstance(error, duty.OnLeave):
        return _next(request, db, me, now, skip, form, status=422, asks=error)
    form.refuse(error)
    return _next(request, db, me, now, skip, form, status=error.status)
