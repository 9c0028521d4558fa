"""Leaves of the demo in every state: asked, agreed, granted, declined, shortened, from a letter, sick with a letter.

What stands in the plan already (`plans`) gets the course that led there; what waits or was declined is in no plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import clock, workdays
from staffhub.demo.meetings import viewer
from staffhub.demo.people import Person
from staffhub.leave import Wish, agree, ask, grant, standing_in
from staffhub.models import (
    DayPart,
    LeaveAct,
    LeaveOpening,
    LeaveRequest,
    LeaveState,
    LeaveStep,
    PlanEnding,
    PlanGrant,
    PlanLayer,
    Posting,
)

_ACTS = {
    LeaveState.ASKED: (LeaveAct.ASKED,),
    LeaveState.AGREED: (LeaveAct.ASKED, LeaveAct.AGREED),
    LeaveState.GRANTED: (LeaveAct.ASKED, LeaveAct.AGREED, LeaveAct.GRANTED),
    LeaveState.DECLINED: (LeaveAct.ASKED, LeaveAct.DECLINED),
}
# Working days counted from today: who, kind, first, last, state, note, reason.
_WAITING = (
    ("Greis Tumiwa", "annual", 8, 9, LeaveState.ASKED, "Acara keluarga di Bitung", ""),
    ("Novita Wenas", "important_reason", 5, 5, LeaveState.ASKED, "Orang tua dirawat", ""),
    # The only THL of the bidang in the office on one of the two days.
    ("Jovanka Gerung", "annual", 3, 4, LeaveState.AGREED, "Mengurus anak masuk sekolah", ""),
    ("Debora Manoppo", "annual", 9, 10, LeaveState.AGREED, "Pulang kampung", ""),
    ("Meyske Rumengan", "annual", 1, 2, LeaveState.DECLINED, "Jalan-jalan", "Pemutakhiran data sedang berjalan"),
)
# What came on paper, of the ranges in the plan: by the name of its officer.
_PAPER = {"Yanti Repi": "850/231/2026", "Wilhelmina Lasut": "SKD 44/2026"}
# Half a day: who, which working day from tomorrow on, which half.
_HALVES = (("Sofia Lontoh", 0, DayPart.MORNING), ("Roy Kumaat", 1, DayPart.AFTERNOON))
# Days that were left over from the year before.
_BROUGHT = (("Ratna Mokodompit", 6), ("Johan Assa", 4), ("Greis Tumiwa", 3), ("Ferry Tambajong", 2.5))


@dataclass(frozen=True)
class _Cast:
    """Whose accounts the steps bear."""

    office_id: int
    accounts: dict[int, int]
    above: dict[int, int]
    head: int
    hr: int

    def author(self, act: LeaveAct, officer_id: int) -> int:
        superior = self.accounts.get(self.above.get(officer_id, 0), self.head)
        return {
            LeaveAct.ASKED: self.accounts[officer_id],
            LeaveAct.SHORTENED: self.accounts[officer_id],
            LeaveAct.AGREED: superior,
            LeaveAct.DECLINED: superior,
            LeaveAct.GRANTED: self.head,
        }.get(act, self.hr)


def write(db: Session, office_id: int, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    today = clock.local_day(now, zone)
    postings = select(Posting.officer_id, Posting.superior_id).where(
        Posting.office_id == office_id, Posting.superior_id.is_not(None), Posting.valid_to.is_(None)
    )
    accounts = {person.username: person.account_id for person in people}
    by_officer = {person.id: person.account_id for person in people}
    above = {row.officer_id: row.superior_id for row in db.execute(postings)}
    cast = _Cast(office_id, by_officer, above, accounts["kadis"], accounts["kepegawaian"])
    names = {person.id: person.name for person in people}
    _of_plan(db, cast, names, today=today, now=now)
    ids = {person.name: person.id for person in people}
    calendar = workdays.calendar(db, office_id)
    ahead = [day for day in (today + timedelta(days=n) for n in range(30)) if calendar.is_working_day(day)]
    for name, kind, first, last, state, note, reason in _WAITING:
        span = {"kind": kind, "first": ahead[first], "last": ahead[last], "until": ahead[last], "note": note}
        asked_at = now - timedelta(days=2 + first % 3)
        _store(db, cast, ids[name], state, _ACTS[state], asked_at, reason=reason, **span)
    for name, days in _BROUGHT:
        own = {"officer_id": ids[name], "kind": "annual", "year": today.year, "half_days": int(days * 2)}
        key = f"demo-opening-{ids[name]}"
        db.add(LeaveOpening(office_id=office_id, created_by=cast.hr, created_at=now - timedelta(days=20),
                            idempotency_key=key, **own))  # fmt: skip
    db.flush()
    _stand_ins(db, office_id, today)


def _stand_ins(db: Session, office_id: int, today: date) -> None:
    """Let whoever is away now, and not for a day only, have named a colleague."""
    current = select(LeaveRequest, Posting.division_id).join(Posting, Posting.officer_id == LeaveRequest.officer_id)
    current = current.where(LeaveRequest.office_id == office_id, LeaveRequest.state == LeaveState.GRANTED)
    current = current.where(LeaveRequest.first <= today, LeaveRequest.until > today, Posting.valid_to.is_(None))
    for row, division_id in db.execute(current.order_by(LeaveRequest.id)).all():
        absent = standing_in.Absence(row.officer_id, division_id, today, row.until)
        row.stand_in_id = next((id_ for id_, _name in standing_in.fit(db, office_id, absent)), None)
    db.flush()


def halves(db: Session, people: Sequence[Person], *, zone: ZoneInfo, now: datetime) -> None:
    """A morning that is granted and an afternoon that waits, as the rule of the demo allows it."""
    head, today = viewer(db, people, "kadis", zone, now), clock.local_day(now, zone)
    calendar = workdays.calendar(db, head.office_id)
    ahead = [day for day in (today + timedelta(days=n) for n in range(1, 30)) if calendar.is_working_day(day)]
    usernames = {one.name: one.username for one in people}
    superior = viewer(db, people, usernames["Alfrets Wuisan"], zone, now)
    for number, (name, day, part) in enumerate(_HALVES):
        username = usernames[name]
        me, wish = viewer(db, people, username, zone, now), Wish("permission", ahead[day], ahead[day], True, part=part)
        sent = ask(db, me, wish, key=f"demo-half-{number}", now=now)
        if part is DayPart.MORNING:
            agree(db, superior, sent.leave_id, now=now)
            grant(db, head, sent.leave_id, now=now)


def _of_plan(db: Session, cast: _Cast, names: dict[int, str], *, today: date, now: datetime) -> None:
    """Give each leave of the plan the course that led to it."""
    ended = {row.grant_id: row.first for row in db.execute(select(PlanEnding.grant_id, PlanEnding.first))}
    leaves = select(PlanGrant).where(PlanGrant.office_id == cast.office_id, PlanGrant.layer == PlanLayer.LEAVE)
    for held in db.scalars(leaves.where(PlanGrant.kind != "").order_by(PlanGrant.id)):
        span: dict[str, Any] = {"kind": held.kind, "first": held.first, "last": held.last, "grant_id": held.id}
        until = ended[held.id] - timedelta(days=1) if held.id in ended else held.last
        acts = _ACTS[LeaveState.GRANTED]
        document = _PAPER.get(names[held.officer_id], "")
        if document:
            acts = (LeaveAct.PAPER, LeaveAct.GRANTED)
        if held.kind == "sick":
            span |= {"letter_seen_by": cast.hr, "letter_seen_on": min(held.first, today), "doctor_signed": True}
        if until != held.last:
            acts = (*acts, LeaveAct.SHORTENED)
        at = min(now, held.created_at) - timedelta(days=1)
        _store(db, cast, held.officer_id, LeaveState.GRANTED, acts, at, until=until, document=document, **span)


def _store(
    db: Session,
    cast: _Cast,
    officer_id: int,
    state: LeaveState,
    acts: Sequence[LeaveAct],
    at: datetime,
    *,
    reason: str = "",
    **facts: Any,
) -> None:
    on_paper = LeaveAct.PAPER in acts
    row = LeaveRequest(
        office_id=cast.office_id,
        officer_id=officer_id,
        state=state,
        version=len(acts),
        created_by=cast.hr if on_paper else cast.accounts[officer_id],
        created_at=at,
        idempotency_key=f"demo-leave-{officer_id}-{facts['first']}",
        **facts,
    )
    db.add(row)
    db.flush()
    for number, act in enumerate(acts):
        author = cast.hr if on_paper and act is LeaveAct.GRANTED else cast.author(act, officer_id)
        note = {LeaveAct.DECLINED: reason, LeaveAct.PAPER: row.document}.get(act, "")
        last = row.until if act is LeaveAct.SHORTENED else None
        db.add(
            LeaveStep(
                office_id=cast.office_id,
                request_id=row.id,
                act=act,
                note=note,
                last=last,
                created_by=author,
                created_at=at + timedelta(hours=3 * number),
            )
        )
    db.flush()
