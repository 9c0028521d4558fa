"""The person's answer to a check-out that the close of day proposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import presence
from staffhub.corrections.asking import refuse_day
from staffhub.corrections.wishes import Wish, outcome
from staffhub.days import DayRecord, MarkFact, Serving, load, planned_span, reconcile
from staffhub.db import lock_row
from staffhub.errors import Conflict, NotFound
from staffhub.i18n import gettext as _
from staffhub.models import CheckoutProposal, CorrectionKind, Mark, MarkKind, Officer
from staffhub.presence import Stamp
from staffhub.security import Viewer


@dataclass(frozen=True)
class Proposed:
    """A proposal of one of my days; `at` is local."""

    id: int
    day: date
    at: datetime


@dataclass(frozen=True)
class Answer:
    """What came of it: a mark that is stored; or what the day would become, and nothing was stored yet.

    `early` asks first, in minutes; `longer`: the day would last beyond its plan, so that the superior decides on it.
    """

    stamp: Stamp | None
    becomes: DayRecord | None = None
    early: int = 0
    longer: bool = False


def proposed_for(db: Session, me: Viewer, proposal_id: int) -> Proposed:
    """Load a proposal of one of my days."""
    row = db.execute(
        select(CheckoutProposal.id, CheckoutProposal.date, CheckoutProposal.at).where(
            CheckoutProposal.office_id == me.office_id,
            CheckoutProposal.id == proposal_id,
            CheckoutProposal.officer_id == me.officer_id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such proposal."))
    return Proposed(row.id, row.date, row.at.astimezone(me.zone))


def confirm(
    db: Session,
    me: Viewer,
    officer: Serving,
    proposed: Proposed,
    *,
    sure: bool = False,
    idempotency_key: str,
    now: datetime,
) -> Answer:
    """Take the proposed time for the check-out: a mark of method `proposal`, grade C, which needs no superior.

    A day that would then end before its plan is asked about first; one that would last beyond it is not for me alone.
    """
    lock_row(db, Officer, officer.id)
    if before := _confirmed_before(db, me, proposed, idempotency_key):
        return Answer(before)
    facts = load(db, me.office_id, [officer], [proposed.day], zone=me.zone, now=now).facts[officer.id, proposed.day]
    refuse_day(facts)
    if any(fact.kind is CorrectionKind.CHECK_OUT for fact in facts.corrections) or _is_out(reconcile(facts).marks):
        raise Conflict(_("This day has its check-out by now. Nothing was changed."))
    wish = Wish(CorrectionKind.CHECK_OUT, proposed.at.time(), next_day=proposed.at.date() > proposed.day)
    becomes = outcome(facts, wish, now=now)
    span = planned_span(proposed.day, facts.plan, facts.zone)
    if span is None or proposed.at.replace(second=0, microsecond=0) > span[1]:
        return Answer(None, becomes, longer=True)
    if becomes.early and not sure:
        return Answer(None, becomes, early=becomes.early)
    return Answer(presence.settle(db, me, day=proposed.day, at=proposed.at, idempotency_key=idempotency_key, now=now))


def _is_out(marks: Sequence[MarkFact]) -> bool:
    last = max(marks, key=lambda mark: (mark.at, mark.turn), default=None)
    return last is not None and last.kind is MarkKind.CHECK_OUT


def _confirmed_before(db: Session, me: Viewer, proposed: Proposed, key: str) -> Stamp | None:
    """Return the mark of the same press, or of the same answer in another tab."""
    same = select(Mark.receipt).where(
        Mark.office_id == me.office_id,
        Mark.officer_id == me.officer_id,
        Mark.date == proposed.day,
        (Mark.idempotency_key == key) | ((Mark.method == presence.PROPOSAL) & (Mark.attempted_at == proposed.at)),
    )
    receipt = db.scalar(same)
    stamps = presence.stamps(db, me, day=proposed.day) if receipt else []
    return next((stamp for stamp in stamps if stamp.receipt == receipt), None)
