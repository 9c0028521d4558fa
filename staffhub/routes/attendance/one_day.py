"""Hari: a day with its evidence, and what HR adds to it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import uuid4

from fastapi import Path, Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import audit, corrections
from staffhub.corrections import Wish
from staffhub.days import DayRecord
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Lines
from staffhub.i18n import gettext as _
from staffhub.models import CorrectionKind, CorrectionReason, WorkMode
from staffhub.reports import asked_words, late_words, proof_words, recap, words
from staffhub.reports import day as day_report
from staffhub.reports import lanes as drawn
from staffhub.reports.day import Evidence
from staffhub.reports.recap import Staff
from staffhub.routes.attendance.asked import REMEDIES, day_of
from staffhub.routes.deps import DB, Me, Now, RowId, Trail, pages
from staffhub.security import Viewer
from staffhub.service_requests.words import state_label
from staffhub.web import query, redirect, render

router = pages()


class WishFields(Fields):
    kind: CorrectionKind
    time: ClockTime | None = None
    next_day: bool = False
    mode: WorkMode | None = None

    @property
    def wish(self) -> Wish:
        return Wish(self.kind, self.time, self.mode, next_day=self.next_day)


class CorrectionFields(WishFields):
    reason: CorrectionReason
    note: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    # The last correction that was on the page, 0: none.
    newest: int | None = None
    idempotency_key: Key


class TargetFields(Fields):
    """Whose day a correction is for: the form carries it hidden."""

    officer: Annotated[int, Path(ge=1, le=2**63 - 1)]
    date: date


@router.get("/attendance/{officer_id}/{day}")
def day(
    request: Request,
    officer_id: RowId,
    day: Annotated[str, Path(max_length=10)],
    trail: Trail,
    db: DB,
    me: Me,
    now: Now,
    kind: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    when = day_of(day)
    officer = recap.officer_for(db, me, officer_id, when)
    found = day_report.evidence(db, me, officer, when, now=now)
    if officer.id != me.officer_id:
        trail.append(lambda writing: audit.record(writing, me, "day.read", "officer", officer.id, now=now, date=when))
    right = corrections.right(db, me, officer.id, now=now)
    asked = corrections.requests_of_day(db, me, officer.id, when, now=now)
    wish = _asked(asked, kind, me) if right.may else None
    wish = wish or _proposal(found, kind)
    form: Form[WishFields] = Form.blank(
        "correction",
        idempotency_key=uuid4(),
        newest=found.newest,
        kind=wish.kind if wish else kind or None,
        mode=wish.mode if wish else None,
        time=wish.clock_time if wish else None,
        next_day=1 if wish and wish.next_day else None,
    )
    return _day_page(request, db, me, found, now, form, becomes=_becomes(found, wish, now), right=right, asked=asked)


def _asked(asked: Sequence[corrections.Request], kind: str, me: Viewer) -> Wish | None:
    """What the person asks for stands in HR's own form, as long as it is not decided."""
    fits = (one for one in asked if one.is_open and kind in {"", one.kind.value})
    first = next(fits, None)
    return corrections.wishes_of(first, me.zone)[0] if first else None


def _proposal(found: Evidence, kind: str) -> Wish | None:
    """For a missing check-out propose the last trace of work, which HR may change."""
    last = found.last_trace
    if kind != CorrectionKind.CHECK_OUT or last is None:
        return None
    clock_time = last.time().replace(second=0, microsecond=0)
    return Wish(CorrectionKind.CHECK_OUT, clock_time, next_day=last.date() > found.record.day)


def _becomes(found: Evidence, wish: Wish | None, now: datetime) -> DayRecord | None:
    """The day as a proposal would make it; one that cannot be is not shown."""
    try:
        return corrections.outcome(found.facts, wish, now=now) if wish else None
    except Refused:
        return None


def _day_page(
    request: Request,
    db: Session,
    me: Viewer,
    found: Evidence,
    now: datetime,
    form: Form[WishFields] | Form[CorrectionFields],
    *,
    becomes: DayRecord | None = None,
    right: corrections.Right | None = None,
    asked: list[corrections.Request] | None = None,
    status: int = 200,
) -> Response:
    own = found.officer.id == me.officer_id
    right = right or corrections.right(db, me, found.officer.id, now=now)
    if asked is None:
        asked = corrections.requests_of_day(db, me, found.officer.id, found.record.day, now=now)
    day = found.record.day
    local = now.astimezone(me.zone)
    return render(
        request,
        "attendance/day.html",
        block="correction",
        status=status,
        invalid=bool(form.errors),
        found=found,
        record=found.record,
        officer=found.officer,
        letter=found.letter,
        lanes=drawn.lanes(found, now=local),
        stays=drawn.stays(found),
        words=words,
        late=late_words,
        proofs=proof_words,
        state_label=state_label,
        form=form,
        remedies=REMEDIES,
        next_address=query(
            "/attendance/next", month=f"{found.record.day:%Y-%m}", after=found.record.day, officer=found.officer.id
        ),
        may_correct=right.may and not found.is_future,
        why_not=right.why_not,
        asked=asked,
        own=own,
        explain_key=str(uuid4()),
        answer=corrections.open_days(db, me, day, day).get(day) if own and found.record.needs_person else None,
        say=asked_words,
        becomes=becomes,
        month_address=_month_address(me, found),
        before=found.record.day - timedelta(days=1),
        after=found.record.day + timedelta(days=1),
        kinds=[(kind.value, words.correction_kind(kind)) for kind in CorrectionKind],
        reasons=[(reason.value, words.correction_reason(reason)) for reason in CorrectionReason],
        modes=[(mode.value, words.place(mode)) for mode in WorkMode],
    )


def _month_address(me: Viewer, found: Evidence) -> str:
    month = f"{found.record.day:%Y-%m}"
    return query("/me/month" if found.officer.id == me.officer_id else f"/attendance/{found.officer.id}", month=month)


def correct(
    request: Request, posted: FormData, db: Session, me: Viewer, now: datetime, target: TargetFields
) -> Response:
    """Record a correction, or with `preview` only show what the day would become."""
    if not me.may("attendance.correct"):
        me.require("attendance.correct_hr")
    when = target.date
    officer = recap.officer_for(db, me, target.officer, when)
    if posted.get("preview"):
        return _preview(request, db, me, officer, when, posted, now)
    form: Form[CorrectionFields] = Form.parse(CorrectionFields, posted, name="correction")
    status = 422
    if form.data is not None:
        given = form.data
        try:
            added = corrections.add(
                db,
                me,
                officer,
                day=when,
                wish=given.wish,
                reason=given.reason,
                note=given.note or "",
                newest=given.newest,
                idempotency_key=given.idempotency_key,
                now=now,
            )
        except (Refused, Conflict) as error:
            undo(db)
            form.refuse(error)
            status = error.status
        else:
            said = _("Correction recorded.") if added.first else _("This correction was already recorded.")
            return redirect(request, f"/attendance/{added.officer_id}/{added.day}", said=said)
    found = day_report.evidence(db, me, officer, when, now=now)
    if status == Conflict.status:
        form.typed["newest"] = [str(found.newest)]  # with what came meanwhile before the eyes, the next save counts
    return _day_page(request, db, me, found, now, form, status=status)


def _preview(
    request: Request, db: Session, me: Viewer, officer: Staff, when: date, posted: FormData, now: datetime
) -> Response:
    """Show what the day would become. The reason may still be missing: it changes nothing about the day."""
    found = day_report.evidence(db, me, officer, when, now=now)
    form: Form[WishFields] = Form.parse(WishFields, posted, name="correction")
    becomes = None
    if form.data is not None:
        try:
            becomes = corrections.outcome(found.facts, form.data.wish, now=now)
        except Refused as error:
            form.refuse(error)
    return _day_page(request, db, me, found, now, form, becomes=becomes, status=422 if form.errors else 200)
