"""The person's form: what happened on an own day, and what the day becomes, before it is sent."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, corrections, days
from staffhub.corrections import Wish
from staffhub.db import undo
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Lines
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionKind, CorrectionReason, WorkMode
from staffhub.reports import asked_words, recap, words
from staffhub.reports.recap import Staff
from staffhub.routes.attendance import one_day
from staffhub.routes.attendance.asked import day_of
from staffhub.routes.deps import DB, YEARS, Me, Now, Posted, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

_KINDS = (CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT, CorrectionKind.MODE, CorrectionKind.LEAVE)


class ClaimFields(Fields):
    """`until`: the check-out that is missing as well; `shown`: the outcome that was on the page."""

    kind: CorrectionKind
    time: ClockTime | None = None
    until: ClockTime | None = None
    next_day: bool = False
    mode: WorkMode | None = None
    reason: CorrectionReason
    note: Annotated[Lines, StringConstraints(max_length=500)]
    shown: Key | None = None
    idempotency_key: Key

    @property
    def wishes(self) -> list[Wish]:
        out = CorrectionKind.CHECK_OUT
        if self.kind is out:
            return [Wish(out, self.time or self.until, next_day=self.next_day)]
        if self.kind is not CorrectionKind.CHECK_IN:
            return [Wish(self.kind, mode=self.mode)]
        came = Wish(self.kind, self.time, self.mode, next_day=self.next_day and self.until is None)
        return [came, Wish(out, self.until, next_day=self.next_day)] if self.until else [came]


@router.get("/corrections/new")
def new(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    date: Annotated[str, Query(max_length=10)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    time: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    when, officer = day_of(date) if date else clock.local_day(now, me.zone), None
    if me.officer_id is not None:
        officer = recap.officer_for(db, me, me.officer_id, when)
    if officer is None:
        raise NotFound(_("This account belongs to nobody on the register, so it has no days."))
    form: Form[ClaimFields] = Form.blank(
        "claim",
        idempotency_key=uuid4(),
        kind=kind if kind in _KINDS else None,
        reason=_usual_reason(kind),
        time=time or None,
    )
    return _page(request, db, me, officer, when, form, now)


def _usual_reason(kind: str) -> CorrectionReason | None:
    return CorrectionReason.LEAVE_LETTER if kind == CorrectionKind.LEAVE else None


@router.post("/corrections")
def send(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Of an own day: ask the superior. Of somebody else's: HR records it."""
    target: Form[one_day.TargetFields] = Form.parse(one_day.TargetFields, posted, name="correction")
    if target.data is None or target.data.date.year not in YEARS:
        raise Refused(_("Open the day that needs a correction, and fill in the form there."))
    if me.officer_id is None or target.data.officer != me.officer_id:
        return one_day.correct(request, posted, db, me, now, target.data)
    when = target.data.date
    officer = recap.officer_for(db, me, me.officer_id, when)
    return _claim(request, posted, db, me, officer, when, now)


def _claim(
    request: Request, posted: FormData, db: Session, me: Viewer, officer: Staff, when: date, now: datetime
) -> Response:
    form: Form[ClaimFields] = Form.parse(ClaimFields, posted, name="claim")
    if form.data is None:
        return _page(request, db, me, officer, when, form, now, status=422)
    given = form.data
    try:
        sent = corrections.ask(
            db,
            me,
            officer,
            day=when,
            wishes=given.wishes,
            reason=given.reason,
            note=given.note,
            shown=given.shown,
            idempotency_key=given.idempotency_key,
            now=now,
        )
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, officer, when, form, now, status=error.status)
    if sent.request_id is None:
        return _page(request, db, me, officer, when, form, now, wishes=given.wishes)
    superior = sent.decider.superior if sent.decider else None
    to = _("Sent to %(name)s.", name=superior.name) if superior else _("Sent to HR.")
    said = to if sent.first else _("This was sent already.")
    return redirect(request, f"/corrections/{sent.request_id}", said=said)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    officer: Staff,
    when: date,
    form: Form[ClaimFields],
    now: datetime,
    *,
    wishes: list[Wish] | None = None,
    status: int = 200,
) -> Response:
    """`wishes` that can be are shown with what the day becomes; only then the form can be sent."""
    facts = days.load(db, me.office_id, [officer], [when], zone=me.zone, now=now).facts[officer.id, when]
    barred = _barred(facts)
    becomes = None
    form.typed.pop("shown", None)
    if wishes:
        becomes = corrections.outcome(facts, *wishes, now=now)
        form.typed["shown"] = [corrections.shown_version(facts, wishes)]
    return render(
        request,
        "corrections/new.html",
        block="claim",
        status=status,
        invalid=bool(form.errors),
        form=form,
        day=when,
        record=days.reconcile(facts),
        barred=barred,
        is_signed=bool(days.signed(db, me.office_id, when, when)),
        becomes=becomes,
        decider=None if barred else corrections.decider_of(db, me, officer.id, when, now=now),
        officer=officer,
        words=words,
        say=asked_words,
        following=when + timedelta(days=1),
        day_address=f"/attendance/{officer.id}/{when}",
        month_address=query("/me/month", month=f"{when:%Y-%m}"),
        kinds=[(kind.value, asked_words.kind(kind)) for kind in _KINDS],
        reasons=[(reason.value, words.correction_reason(reason)) for reason in CorrectionReason],
        modes=[(mode.value, words.place(mode)) for mode in WorkMode],
    )


def _barred(facts: days.Facts) -> str:
    """Why nothing can be asked about a day, "" when something can."""
    try:
        corrections.refuse_day(facts)
    except Refused as error:
        return error.message
    return _("This day has not come yet. Change the plan instead.") if facts.stage is days.Stage.TO_COME else ""
