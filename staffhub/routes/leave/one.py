"""One leave: what it is, who is away beside it, and what may be done with it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Request
from pydantic import BeforeValidator, Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, leave
from staffhub.db import undo
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.forms import Fields, Form, Line, Version
from staffhub.i18n import gettext as _
from staffhub.roster.repairing import Call
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


class DecideFields(Fields):
    version: Version | None = None


class GrantFields(Fields):
    document: Annotated[Line, StringConstraints(max_length=80)] | None = None
    call_in: list[Annotated[Call | None, BeforeValidator(Call.of)]] = Field(default_factory=list, max_length=200)
    version: Version | None = None
    lacks: Annotated[Line, StringConstraints(max_length=64)] | None = None


class DeclineFields(Fields):
    reason: Annotated[Line, StringConstraints(max_length=200)]
    version: Version | None = None


class ShortenFields(Fields):
    last: date
    version: Version | None = None


class StandInFields(Fields):
    stand_in: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    version: Version | None = None


class LetterFields(Fields):
    letter_seen_on: date
    doctor_signed: bool = False
    version: Version | None = None


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    one: leave.Leave,
    *,
    status: int = 200,
    form: Form[Any] | None = None,
) -> Response:
    today = clock.local_day(now, me.zone)
    people = leave.around.colleagues(db, me, one) if one.is_open else []
    years = {one.first.year, one.until.year, today.year}
    known = leave.ledger(db, me.office_id, one.officer_id, years, colleagues=leave.around.planned(one, people))
    outlook, why_not = _outlook(db, me, one, known, today)
    forms: dict[str, Form[Any]] = {
        name: Form.blank(name) for name in ("agree", "grant", "decline", "withdraw", "shorten", "letter")
    }
    forms["shorten"] = Form.blank("shorten", last=min(max(one.first, today), one.until))
    forms["letter"] = Form.blank("letter", letter_seen_on=one.letter_seen_on or today)
    forms["stand-in"] = Form.blank("stand-in", stand_in=one.stand_in_id)
    if form is not None:
        forms[form.name] = form
    book = known.book if one.is_open else None
    names = leave.may_name_stand_in(me, one) and one.until >= today
    decides = leave.waits_for(me, one)
    gaps = leave.around.gaps(db, me, one, known.book, people) if one.is_open else []
    rule = known.rule(one.kind, one.first)
    asks_letter = one.kind == "sick" or (rule is not None and (rule.needs_letter or bool(rule.proofs)))
    open_or_granted = one.is_open or one.state == "granted"
    return render(
        request,
        "leave/one.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        one=one,
        own=one.officer_id == me.officer_id,
        outlook=outlook,
        why_not=why_not,
        balances=[known.balance(one.kind, year, today=today) for year in sorted({one.first.year, one.until.year})],
        away=leave.around.away(one, known, people),
        gaps=gaps,
        lacks=leave.around.lacks(gaps),
        repairs=leave.repairs(db, me, one, gaps, today=today) if decides else [],
        may_call=me.may("roster.edit"),
        forms=forms,
        decides=decides,
        may_grant=decides and (one.turn.what == "paper" or one.turn.may_grant(me.officer_id)),
        may_withdraw=open_or_granted and leave.may_withdraw(me, one),
        may_shorten=one.state == "granted" and one.first < one.until and leave.may_shorten(me, one),
        may_name_stand_in=names,
        stand_ins=leave.standing_in.fit(db, me.office_id, leave.absence_of(one, today), book) if names else [],
        may_note_letter=open_or_granted and leave.may_note_letter(me, one) and asks_letter,
        started=one.first < today,
        leave=leave,
        today=today,
    )


def _outlook(
    db: Session, me: Viewer, one: leave.Leave, known: leave.Ledger, today: date
) -> tuple[leave.Outlook | None, str]:
    """What it would become, for whoever decides; or why it cannot be granted any more."""
    if not one.is_open:
        return None, ""
    wish = leave.Wish(one.kind, one.first, one.last, one.half_day, part=one.part)
    try:
        return leave.outlook(
            db, me.office_id, one.officer_id, wish, today=today, besides=one.id, known=known,
            letter=one.letter_seen_on is not None or bool(one.document),
            signed=one.doctor_signed,
        ), ""  # fmt: skip
    except Refused as error:
        return None, error.message


@router.get("/leave/{leave_id}")
def show(request: Request, leave_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now, leave.leave_for(db, me, leave_id, now=now))


def _again(
    request: Request, db: Session, me: Viewer, now: datetime, leave_id: int, form: Form[Any], error: StaffHubError
) -> Response:
    """Show the leave as it is now, with what was typed and why it was not done."""
    undo(db)
    one = leave.leave_for(db, me, leave_id, now=now)
    form.refuse(error, version=one.version)
    return _page(request, db, me, now, one, form=form, status=error.status)


def _decided(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    leave_id: int,
    form: Form[Any],
    decide: Callable[[Any], leave.Decided],
    said: str,
) -> Response:
    """Do what a small form says; a refusal is told on the page of the leave."""
    if form.data is None:
        return _page(request, db, me, now, leave.leave_for(db, me, leave_id, now=now), form=form, status=Refused.status)
    try:
        done = decide(form.data)
    except (Refused, Conflict) as error:
        return _again(request, db, me, now, leave_id, form, error)
    return redirect(request, f"/leave/{leave_id}", said=said if done.first_time else _("This was done already."))


@router.post("/leave/{leave_id}/agree")
def agree(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    def decide(given: DecideFields) -> leave.Decided:
        return leave.agree(db, me, leave_id, seen=given.version, now=now)

    form = Form.parse(DecideFields, posted, name="agree")
    return _decided(request, db, me, now, leave_id, form, decide, _("You agreed. It goes on to be granted."))


@router.post("/leave/{leave_id}/grant")
def grant(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    leave.refuse_others(me, leave.leave_for(db, me, leave_id, now=now))

    def decide(given: GrantFields) -> leave.Decided:
        calls = [call for call in given.call_in if call]
        seen: dict[str, Any] = {"seen": given.version, "lacks": given.lacks}
        return leave.grant(db, me, leave_id, document=given.document or "", calls=calls, now=now, **seen)

    form = Form.parse(GrantFields, posted, name="grant")
    return _decided(request, db, me, now, leave_id, form, decide, _("The leave is granted and stands in the plan."))


@router.post("/leave/{leave_id}/decline")
def decline(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    leave.refuse_others(me, leave.leave_for(db, me, leave_id, now=now))

    def decide(given: DeclineFields) -> leave.Decided:
        return leave.decline(db, me, leave_id, reason=given.reason, seen=given.version, now=now)

    form = Form.parse(DeclineFields, posted, name="decline")
    return _decided(request, db, me, now, leave_id, form, decide, _("The leave is declined."))


@router.post("/leave/{leave_id}/withdraw")
def withdraw(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    def decide(given: DecideFields) -> leave.Decided:
        return leave.withdraw(db, me, leave_id, seen=given.version, now=now)

    form = Form.parse(DecideFields, posted, name="withdraw")
    return _decided(request, db, me, now, leave_id, form, decide, _("The leave is withdrawn."))


@router.post("/leave/{leave_id}/shorten")
def shorten(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    leave.refuse_shortening(me, leave.leave_for(db, me, leave_id, now=now))

    def decide(given: ShortenFields) -> leave.Decided:
        return leave.shorten(db, me, leave_id, last=given.last, seen=given.version, now=now)

    form = Form.parse(ShortenFields, posted, name="shorten")
    return _decided(request, db, me, now, leave_id, form, decide, _("The leave is shortened."))


@router.post("/leave/{leave_id}/letter")
def letter(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    leave.refuse_letter(me, leave.leave_for(db, me, leave_id, now=now))

    def decide(given: LetterFields) -> leave.Decided:
        facts = {"seen_on": given.letter_seen_on, "doctor_signed": given.doctor_signed}
        return leave.note_letter(db, me, leave_id, seen=given.version, now=now, **facts)  # type: ignore[arg-type]

    form = Form.parse(LetterFields, posted, name="letter")
    return _decided(request, db, me, now, leave_id, form, decide, _("It is noted that the letter was seen."))


@router.post("/leave/{leave_id}/stand-in")
def stand_in(request: Request, leave_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    leave.refuse_stand_in(me, leave.leave_for(db, me, leave_id, now=now))

    def decide(given: StandInFields) -> leave.Decided:
        return leave.name_stand_in(db, me, leave_id, stand_in_id=given.stand_in, seen=given.version, now=now)

    form = Form.parse(StandInFields, posted, name="stand-in")
    return _decided(request, db, me, now, leave_id, form, decide, _("The stand-in is noted."))
