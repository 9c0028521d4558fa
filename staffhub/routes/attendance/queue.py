"""Perlu tindakan: what of a month needs a person, decided one by one or many at once with one reason."""

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, devices, signing
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Lines
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import CorrectionReason
from staffhub.reports import queue as queues
from staffhub.reports import words
from staffhub.reports.duty_gaps import duty_gaps
from staffhub.reports.queue import Decided, Decision, Pick
from staffhub.routes.attendance.asked import PAGE, REMEDIES, Division, Month, Name, Page, month_of, pager
from staffhub.routes.deps import DB, Me, Now, Posted, TakesLong, pages
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

# An officer, a date and, where it was shown, the last correction of the day.
Ticked = Annotated[str, StringConstraints(pattern=r"^\d{1,18}\.\d{4}-\d{2}-\d{2}(\.\d{1,18})?$")]


class ManyFields(Fields):
    """Ticked days, and what they become."""

    day: list[Ticked]
    decision: Decision

    @property
    def picks(self) -> list[Pick]:
        return [_pick(text) for text in self.day]


class DecideFields(ManyFields):
    reason: CorrectionReason
    note: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    idempotency_key: Key


def _pick(text: str) -> Pick:
    officer, day, *newest = text.split(".")
    try:
        return Pick(int(officer), dt.date.fromisoformat(day), int(newest[0]) if newest else None)
    except ValueError:
        raise Refused(_("There is no such day."), field="day") from None


@router.get("/attendance/queue")
def queue(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    division: Division = "",
    finding: Annotated[str, Query(max_length=40)] = "",
    q: Name = "",
    page: Page = 1,
    tick: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Every day of the month that waits for a decision, what blocks the signature first."""
    me.require("attendance")
    first, q = month_of(month, me, now), " ".join(q.split())
    found = queues.queue(db, me, first, now=now, division=division, finding=finding, q=q, page=page, size=PAGE)
    here = partial(query, "/attendance/queue", month=f"{first:%Y-%m}", division=division, finding=finding, q=q)
    return render(
        request,
        "attendance/queue.html",
        block="queue_days",
        found=found,
        gaps=duty_gaps(db, me, first, clock.month_days(first)[-1], found.sections.shown),
        pairs=devices.pairs(db, me, first, clock.month_days(first)[-1]) if me.may("attendance.correct") else [],
        asked=signing.requests_waiting(db, me, first) if me.may("month") else 0,
        remedies=REMEDIES,
        words=words,
        division=division,
        finding=finding,
        q=q,
        tick=tick,
        page=page,
        may_decide=me.may("attendance.correct"),
        decisions={kind: _choices(queues.suits(kind)) for kind, _rows in found.groups},
        reasons=_reasons(),
        group_words=group_words,
        pager=pager(found.start, found.end, found.found, page, here),
    )


def _choices(decisions: Iterable[Decision]) -> list[tuple[str, str]]:
    return [(one.value, decision_words(one)) for one in decisions]


def _reasons() -> list[tuple[str, str]]:
    return [(reason.value, words.correction_reason(reason)) for reason in CorrectionReason]


def group_words(group: str) -> str:
    said = {
        "absent": _("Absent and not decided"),
        "no_check_in": _("No check-in"),
        "no_check_out": _("No check-out"),
        "leave_and_mark": _("Leave and a mark on one day"),
        "place": _("Another place than planned"),
        "hours": _("Other hours than planned"),
    }
    return said.get(group, _("Others"))


def decision_words(decision: Decision) -> str:
    return {
        Decision.ABSENT: _("Stays absent without notice"),
        Decision.LEAVE: _("Leave, permission or sickness, by letter"),
        Decision.PLANNED_START: _("Check-in at the planned start"),
        Decision.PROPOSED_END: _("Check-out as it is proposed"),
        Decision.PLANNED_END: _("Check-out at the planned end"),
        Decision.AS_DECLARED: _("As it was declared"),
    }[decision]


@router.post("/attendance/queue", dependencies=[TakesLong])
def preview(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """What the ticked days become; nothing is stored."""
    me.require("attendance.correct")
    form: Form[ManyFields] = Form.parse(ManyFields, posted, name="many")
    return _many_page(request, db, me, now, form, status=422 if form.errors else 200)


@router.post("/attendance/queue/decide", dependencies=[TakesLong])
def decide(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("attendance.correct")
    form: Form[DecideFields] = Form.parse(DecideFields, posted, name="many")
    if form.data is None:
        return _many_page(request, db, me, now, form, status=422)
    given = form.data
    told = {"reason": given.reason, "note": given.note or "", "idempotency_key": given.idempotency_key, "now": now}
    try:
        done = queues.decide(db, me, given.picks, given.decision, **told)  # type: ignore[arg-type]
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _many_page(request, db, me, now, form, status=error.status)
    first = min(pick.day for pick in given.picks)
    kind = "warn" if done.left_out else "ok"
    return redirect(request, query("/attendance/queue", month=f"{first:%Y-%m}"), said=_said(done), kind=kind)


def _said(done: Decided) -> str:
    parts = []
    if done.done or not (done.again or done.left_out):
        parts.append(ngettext("%(num)s day decided.", "%(num)s days decided.", done.done))
    if done.again:
        parts.append(ngettext("%(num)s day was decided before.", "%(num)s days were decided before.", done.again))
    if done.left_out:
        names = ", ".join(f"{one.officer.name} ({one.pick.day:%d/%m}): {one.why_not}" for one in done.left_out[:5])
        left = ngettext("%(num)s day was left out.", "%(num)s days were left out.", len(done.left_out))
        parts += [left, names]
    return " ".join(parts)


def _many_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    form: Form[ManyFields] | Form[DecideFields],
    *,
    status: int,
) -> Response:
    """Show the ticked days with what each becomes, as far as the form says."""
    picks, decision = _typed_picks(form), _typed_decision(form)
    becoming = []
    if not picks:
        form.errors["day"] = _("Tick at least one day.")
        status = Refused.status
    elif decision:
        try:
            becoming = queues.becoming(db, me, picks, decision, now=now)
        except Refused as error:
            form.refuse(error)
            status = error.status
    first = min((pick.day for pick in picks), default=now.astimezone(me.zone).date())
    return render(
        request,
        "attendance/queue_many.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        becoming=[one for one in becoming if one.wish],
        left_out=[one for one in becoming if not one.wish],
        key=form.value("idempotency_key") or uuid4(),
        decision=decision_words(decision) if decision else "",
        reasons=_reasons(),
        words=words,
        back=query("/attendance/queue", month=f"{first:%Y-%m}"),
    )


def _typed_picks(form: Form[ManyFields] | Form[DecideFields]) -> list[Pick]:
    """The days that can be read, also when something else of the form is wrong."""
    read: Form[_Days] = Form.parse(_Days, FormData([("day", one) for one in form.list("day")]), name="days")
    try:
        return [_pick(text) for text in read.data.day] if read.data else []
    except Refused:
        return []


class _Days(Fields):
    day: list[Ticked]


def _typed_decision(form: Form[ManyFields] | Form[DecideFields]) -> Decision | None:
    return next((one for one in Decision if one.value == form.value("decision")), None)
