"""Check in, check out, receipts. Marks are facts: a new one is added, none is changed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, clock
from staffhub.db import insert_unless_there, rows
from staffhub.errors import Conflict, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import (
    GRADED,
    NOTED,
    Grade,
    Mark,
    MarkKind,
    MarkNote,
    WorkMode,
    receipt_code,
)
from staffhub.presence.receipts import Receipt as Receipt
from staffhub.presence.receipts import plain
from staffhub.presence.receipts import receipt_for as receipt_for
from staffhub.security import Viewer

# No letters or digits that are taken for each other when read aloud.
RECEIPT_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_RECEIPT_LENGTH = 7

# How long after its last check-in a day that was left open takes a check-out after midnight, unless a new day has begun
# meanwhile. No regulation speaks of it; StaffHub's own choice: the longest turn on guard we met lasts twelve hours, an
# office day from 07.30 may end after midnight, and who forgot to check out and taps it the next evening is too late.
OPEN_FOR = timedelta(hours=18)


# How a mark came to be: a tap, or the close of day proposed its time and the person said that it is right.
TAP, PROPOSAL = "tap", "proposal"
# Or the code that a screen in the office shows was given with it; or it waited on the phone for its network.
SCAN, LATE = "scan", "late"


class Proof(NamedTuple):
    """How a mark came to be, and how well that proves it."""

    method: str
    grade: Grade


DECLARED = Proof(TAP, Grade.C)
SCANNED = Proof(SCAN, Grade.A)
WAITED = Proof(LATE, Grade.C)


@dataclass(frozen=True)
class Stamp:
    """One mark as people see it. `at` is local.

    `day` is the day on which the spell of work began. `first` False: it was there before this tap, nothing was changed.
    `moved`: from another place of work. `alone`: a check-out with no check-in before it.
    """

    id: int
    day: date
    kind: MarkKind
    mode: WorkMode | None
    at: datetime
    note: str
    grade: Grade
    receipt: str
    key: str
    first: bool = False
    moved: bool = False
    alone: bool = False

    @property
    def code(self) -> str:
        return receipt_code(self.receipt)


_STAMPS = (
    select(
        Mark.id,
        Mark.date.label("day"),
        Mark.kind,
        Mark.mode,
        Mark.attempted_at.label("at"),
        NOTED,
        GRADED,
        Mark.receipt,
        Mark.idempotency_key.label("key"),
    )
    .where(
        Mark.office_id == bindparam("office"),
        Mark.officer_id == bindparam("officer"),
        Mark.date.between(bindparam("first"), bindparam("last")),
    )
    # By the attempt: of two that waited, the later one may have been stored first.
    .order_by(Mark.date, Mark.attempted_at, Mark.turn)
)


def stamps(db: Session, me: Viewer, *, day: date) -> list[Stamp]:
    """Return my marks of a day in order."""
    return _stamps(db, me, day, day)


def _stamps(db: Session, me: Viewer, first: date, last: date) -> list[Stamp]:
    found = rows(db, _STAMPS, office=me.office_id, officer=me.officer_id, first=first, last=last)
    return [
        Stamp(id_, day, kind, mode, at.astimezone(me.zone), note, grade, receipt, key)
        for id_, day, kind, mode, at, note, grade, receipt, key in found
    ]


@dataclass(frozen=True)
class Spell:
    """My marks of `day`, and those of the day before while that one still takes a check-out."""

    day: date
    today: list[Stamp]
    before: list[Stamp]

    @property
    def left_open(self) -> Stamp | None:
        """The check-in of the day before that still waits for its check-out."""
        return self.before[-1] if self.before and self.before[-1].kind is MarkKind.CHECK_IN else None


def spell(db: Session, me: Viewer, *, now: datetime) -> Spell:
    """Load my marks of today and, when a night is not over, of yesterday, in one statement."""
    day = clock.local_day(now, me.zone)
    return spell_of(_stamps(db, me, day - timedelta(days=1), day), day, now=now)


def spell_of(found: Sequence[Stamp], day: date, *, now: datetime) -> Spell:
    """Say the same of marks of today and yesterday that were loaded already."""
    today = [stamp for stamp in found if stamp.day == day]
    before = [stamp for stamp in found if stamp.day != day]
    came = [stamp.at for stamp in before if stamp.kind is MarkKind.CHECK_IN]
    waits = bool(came) and not today and now < came[-1] + OPEN_FOR
    return Spell(day, today, before if waits else [])


def is_inside(db: Session, me: Viewer, *, now: datetime) -> bool:
    """Whether I am checked in on the day that it is."""
    today = spell(db, me, now=now).today
    return bool(today) and today[-1].kind is MarkKind.CHECK_IN


def check_in(
    db: Session,
    me: Viewer,
    *,
    mode: WorkMode,
    note: str = "",
    idempotency_key: str,
    now: datetime,
    proof: Proof = DECLARED,
) -> Stamp:
    """Declare where I work from now on; a second tap or a replay changes nothing and returns what is there.

    The time that counts is this one: the place of a field duty may follow (`add_note`).
    """
    return _declare(db, me, MarkKind.CHECK_IN, mode, note=note, idempotency_key=idempotency_key, now=now, proof=proof)


@dataclass(frozen=True)
class Own:
    """A mark of mine, and what stands beside it now."""

    id: int
    note: str


def own_mark(db: Session, me: Viewer, code: str) -> Own:
    mine = (Mark.office_id == me.office_id, Mark.officer_id == me.officer_id, Mark.receipt == plain(code))
    row = db.execute(select(Mark.id, NOTED).where(*mine)).one_or_none()
    if row is None:
        raise NotFound(_("There is no receipt with this code."))
    return Own(*row)


def add_note(db: Session, me: Viewer, mark: Own, *, note: str, idempotency_key: str, now: datetime) -> None:
    """Add to a mark of mine where the duty is, or what was forgotten; the mark stays as it is."""
    added = {"office_id": me.office_id, "mark_id": mark.id, "note": note, "created_at": now}
    if mark.note != note and insert_unless_there(db, MarkNote, added | {"idempotency_key": idempotency_key}):
        # The note stays out of the trail: it may say why somebody is at home.
        audit.record(db, me, "presence.note_added", "officer", me.officer_id, now=now, mark=mark.id)


def check_out(db: Session, me: Viewer, *, idempotency_key: str, now: datetime, proof: Proof = DECLARED) -> Stamp:
    """Declare that work ends. After midnight it is the night's that is still open; without a check-in it is kept too,
    and the day waits for HR.
    """
    kind = MarkKind.CHECK_OUT
    return _declare(db, me, kind, None, note="", idempotency_key=idempotency_key, now=now, proof=proof)


def _record(db: Session, me: Viewer, kind: MarkKind, mode: WorkMode | None, receipt: str, now: datetime) -> None:
    """Of the session a job learns the device (`devices`), so that a check-in writes nothing more for it."""
    verb, in_session = f"presence.{kind}", me.session_id
    audit.record(db, me, verb, "officer", me.officer_id, now=now, mode=mode, receipt=receipt, session=in_session)


def belongs_to_nobody() -> str:
    return _("This account belongs to nobody on the register, so it cannot check in.")


def keep_late(
    db: Session,
    me: Viewer,
    kind: MarkKind,
    mode: WorkMode | None,
    *,
    note: str,
    idempotency_key: str,
    at: datetime,
    now: datetime,
) -> Stamp:
    """Add a tap of an earlier moment where it belongs in its day, whatever was declared since."""
    return _declare(db, me, kind, mode, note=note, idempotency_key=idempotency_key, now=at, arrived=now, proof=WAITED)


def _spell_at(db: Session, me: Viewer, now: datetime) -> tuple[Spell, list[Stamp]]:
    """Return the spell as it stood at a moment that is over, and what has been declared since."""
    day = clock.local_day(now, me.zone)
    found = _stamps(db, me, day - timedelta(days=1), day)
    return spell_of([one for one in found if one.at <= now], day, now=now), [one for one in found if one.at > now]


def _declare(
    db: Session,
    me: Viewer,
    kind: MarkKind,
    mode: WorkMode | None,
    *,
    note: str,
    idempotency_key: str,
    now: datetime,
    proof: Proof = DECLARED,
    arrived: datetime | None = None,
) -> Stamp:
    """`arrived`: when a tap of `now` reached us, if it had waited on the phone."""
    if me.officer_id is None:
        raise Refused(belongs_to_nobody())
    # The turn in the day may be taken by a tap that came at the same moment: look again, at most twice.
    for _try in range(3):
        found, since = _spell_at(db, me, now) if arrived else (spell(db, me, now=now), [])
        there = found.before if found.before and kind is MarkKind.CHECK_OUT else found.today
        if same := _same_already(there, kind, mode, idempotency_key):
            return same
        day = there[0].day if there else found.day
        receipt = "".join(secrets.choice(RECEIPT_LETTERS) for _n in range(_RECEIPT_LENGTH))
        mark = {
            "office_id": me.office_id,
            "officer_id": me.officer_id,
            "date": day,
            "turn": len(there) + sum(one.day == day for one in since) + 1,
            "kind": kind,
            "mode": mode,
            "note": note,
            "attempted_at": now,
            "received_at": max(arrived or now, clock.now()),  # stored: a line and a lock may lie in between
            "method": proof.method,
            "grade": proof.grade,
            "receipt": receipt,
            "idempotency_key": idempotency_key,
        }
        if insert_unless_there(db, Mark, mark):
            _record(db, me, kind, mode, receipt, arrived or now)
            local = now.astimezone(me.zone)
            was_in = bool(there) and there[-1].kind is MarkKind.CHECK_IN
            return Stamp(
                id=0,
                day=day,
                kind=kind,
                mode=mode,
                at=local,
                note=note,
                grade=proof.grade,
                receipt=receipt,
                key=idempotency_key,
                first=True,
                moved=kind is MarkKind.CHECK_IN and was_in,
                alone=kind is MarkKind.CHECK_OUT and not was_in,
            )
        if earlier := by_key(db, me, idempotency_key):
            return earlier
    raise Conflict(_("Another tap came at the same moment. Look at the page again before the next one."))


def settle(db: Session, me: Viewer, *, day: date, at: datetime, idempotency_key: str, now: datetime) -> Stamp:
    """Add the check-out of a day that is over, at the time that was proposed for it: `at` is no attempt's."""
    there = stamps(db, me, day=day)
    receipt = "".join(secrets.choice(RECEIPT_LETTERS) for _n in range(_RECEIPT_LENGTH))
    mark = {
        "office_id": me.office_id,
        "officer_id": me.officer_id,
        "date": day,
        "turn": len(there) + 1,
        "kind": MarkKind.CHECK_OUT,
        "mode": None,
        "note": "",
        "attempted_at": at,
        "received_at": now,
        "method": PROPOSAL,
        "grade": Grade.C,
        "receipt": receipt,
        "idempotency_key": idempotency_key,
    }
    if not insert_unless_there(db, Mark, mark):
        raise Conflict(_("Another tap came at the same moment. Look at the page again before the next one."))
    told = {"receipt": receipt, "date": day, "proposed": at}
    audit.record(db, me, "presence.proposal_confirmed", "officer", me.officer_id, now=now, **told)  # type: ignore[arg-type]
    return Stamp(
        id=0,
        day=day,
        kind=MarkKind.CHECK_OUT,
        mode=None,
        at=at.astimezone(me.zone),
        note="",
        grade=Grade.C,
        receipt=receipt,
        key=idempotency_key,
        first=True,
    )


def _same_already(there: Sequence[Stamp], kind: MarkKind, mode: WorkMode | None, key: str) -> Stamp | None:
    replayed = next((stamp for stamp in there if stamp.key == key), None)
    if replayed or not there:
        return replayed
    last = there[-1]
    return last if (last.kind, last.mode) == (kind, mode) else None


def by_key(db: Session, me: Viewer, key: str) -> Stamp | None:
    """Return my mark of this key, whatever its day: a form lay open over midnight, or a tap is sent again later."""
    found = select(Mark.date).where(
        Mark.office_id == me.office_id, Mark.officer_id == me.officer_id, Mark.idempotency_key == key
    )
    day = db.scalar(found)
    return next((stamp for stamp in stamps(db, me, day=day) if stamp.key == key), None) if day else None
