"""Taps that waited on the phone for their network: which time they claim, which one counts, and what is kept of both.

A phone has two clocks. The steady one only runs on, but may stand still while the phone sleeps and ends with the page;
the wall clock shows the time, and any hand can set it. The claim is measured by both, from the ticket to the tap or
from the tap to the delivery, and where they differ the one counts that the person gains nothing by. Whatever a phone
says, the claim lies between its ticket and its arrival.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import audit, clock, presence, workdays
from staffhub.db import insert_unless_there
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Counted, LateDelivery, Mark, MarkKind, WorkMode
from staffhub.presence import Stamp
from staffhub.security import Viewer
from staffhub.workdays import Counts, LateTaps

# What a phone may say it measured; a year is more than any tap waits.
LONGEST = timedelta(days=366)
_MILLISECOND = timedelta(milliseconds=1)


class Measured(NamedTuple):
    """Milliseconds by the steady clock and by the wall clock; None: not known, as after the page was opened anew."""

    steady: int | None = None
    wall: int | None = None

    @property
    def known(self) -> list[int]:
        """Nothing without the steady clock: what a hand can set claims nothing alone."""
        return [] if self.steady is None else [one for one in (self.steady, self.wall) if one is not None]


_UNKNOWN = Measured()


@dataclass(frozen=True)
class Tap:
    """A tap as the phone kept it. `ticket`: when its page was made; None: it brought no ticket of this account."""

    kind: MarkKind
    mode: WorkMode | None
    note: str
    key: str
    ticket: datetime | None
    before: Measured = _UNKNOWN
    after: Measured = _UNKNOWN


def claim(tap: Tap, arrived: datetime) -> datetime | None:
    """Return when it was tapped, by what the person cannot gain from; None where no clock knows.

    Of a check-in the later time counts, of a check-out the earlier one.
    """
    if tap.ticket is None or tap.ticket > arrived:
        return None
    before, after = tap.before.known, tap.after.known
    if tap.kind is MarkKind.CHECK_IN:
        at = _after(tap.ticket, max(before)) if before else _after(arrived, -min(after)) if after else None
    else:
        at = _after(arrived, -max(after)) if after else _after(tap.ticket, min(before)) if before else None
    return min(max(at, tap.ticket), arrived) if at else None


def _after(moment: datetime, milliseconds: int) -> datetime:
    return moment + milliseconds * _MILLISECOND


def _hinted(tap: Tap, arrived: datetime) -> datetime:
    """When the wall clock says it was, for a tap that can claim no time: enough to know of which day it speaks."""
    if tap.ticket is None or tap.before.wall is None:
        return arrived
    return min(max(_after(tap.ticket, tap.before.wall), tap.ticket), arrived)


def weigh(rule: LateTaps | None, me: Viewer, claimed: datetime | None, hinted: datetime, arrived: datetime) -> Counted:
    """Say which time counts. What comes too late and on another day than it speaks of is no mark of either: nobody came
    to work when a phone found its network.
    """
    if claimed and rule and rule.counts is Counts.CLAIMED:
        same_day = _day(claimed, me) == _day(arrived, me)
        if (arrived - claimed <= timedelta(hours=rule.hours)) if rule.hours else same_day:
            return Counted.CLAIMED
    return Counted.ARRIVAL if _day(claimed or hinted, me) == _day(arrived, me) else Counted.NOTHING


def _day(moment: datetime, me: Viewer) -> date:
    return clock.local_day(moment, me.zone)


@dataclass(frozen=True)
class Delivered:
    """What became of a tap; times are local. `stamp` None: no mark, the person may explain the day of `at`."""

    counted: Counted
    at: datetime
    kind: MarkKind
    stamp: Stamp | None


def deliver(db: Session, me: Viewer, tap: Tap, *, now: datetime) -> Delivered:
    """Take a tap that comes late; the same one again changes nothing and is answered alike. None is refused."""
    if me.officer_id is None:
        raise Refused(_("This account belongs to nobody on the register, so it cannot check in."))
    if known := _known(db, me, tap.key):
        return known
    claimed = claim(tap, now)
    hinted = claimed or _hinted(tap, now)
    counted = weigh(workdays.calendar(db, me.office_id).late_delivery(_day(hinted, me)), me, claimed, hinted, now)
    stamp = None
    if counted is not Counted.NOTHING:
        at = claimed if claimed and counted is Counted.CLAIMED else now
        told = {"note": tap.note, "idempotency_key": tap.key}
        stamp = presence.keep_late(db, me, tap.kind, tap.mode, **told, at=at, now=now)
    row = {
        "office_id": me.office_id,
        "officer_id": me.officer_id,
        "mark_id": _mark(db, me, stamp.receipt) if stamp else None,
        "date": stamp.day if stamp else _day(hinted, me),
        "kind": tap.kind,
        "mode": tap.mode,
        "ticket_at": tap.ticket,
        "claimed_at": claimed,
        "arrived_at": now,
        "steady_before": tap.before.steady,
        "wall_before": tap.before.wall,
        "steady_after": tap.after.steady,
        "wall_after": tap.after.wall,
        "counted": counted,
        "idempotency_key": tap.key,
    }
    # A tap whose first try was stored at the same moment is no late one: its mark has its time already.
    on_time = stamp is not None and not stamp.first and stamp.key == tap.key
    if not on_time and insert_unless_there(db, LateDelivery, row) and stamp is None:
        audit.record(db, me, "presence.late_kept", "officer", me.officer_id, now=now, kind=tap.kind, tapped=hinted)
    return Delivered(counted, (stamp.at if stamp else hinted).astimezone(me.zone), tap.kind, stamp)


def _mark(db: Session, me: Viewer, receipt: str) -> int | None:
    return db.scalar(select(Mark.id).where(Mark.office_id == me.office_id, Mark.receipt == receipt))


def _known(db: Session, me: Viewer, key: str) -> Delivered | None:
    """What became of the same tap before, on whatever day: a mark of its own, the one that it found there, or none."""
    kept = select(LateDelivery).where(
        LateDelivery.office_id == me.office_id,
        LateDelivery.officer_id == me.officer_id,
        LateDelivery.idempotency_key == key,
    )
    row = db.scalar(kept)
    if row is None:  # its first try may have been stored, and only the answer lost
        stamp = presence.by_key(db, me, key)
        return Delivered(Counted.ARRIVAL, stamp.at, stamp.kind, stamp) if stamp else None
    if row.mark_id is not None:
        stamp = next(one for one in presence.stamps(db, me, day=row.date) if one.id == row.mark_id)
        return Delivered(row.counted, stamp.at, row.kind, stamp)
    hint = Tap(row.kind, row.mode, "", key, row.ticket_at, Measured(row.steady_before, row.wall_before))
    at = row.claimed_at or _hinted(hint, row.arrived_at)
    return Delivered(row.counted, at.astimezone(me.zone), row.kind, None)


@dataclass(frozen=True)
class Line:
    """A late delivery as people read it; times are local. `apart`: minutes by which the phone's two clocks differ."""

    mark_id: int | None
    kind: MarkKind
    mode: WorkMode | None
    ticket: datetime | None
    claimed: datetime | None
    hinted: datetime
    arrived: datetime
    apart: int
    counted: Counted


_OF_DAY = select(LateDelivery).where(
    LateDelivery.office_id == bindparam("office"),
    LateDelivery.officer_id == bindparam("officer"),
    LateDelivery.date == bindparam("day"),
)


def of_day(db: Session, me: Viewer, officer_id: int, day: date) -> list[Line]:
    found = db.scalars(_OF_DAY, {"office": me.office_id, "officer": officer_id, "day": day})
    return sorted((_line(row, me) for row in found), key=lambda line: line.arrived)


def _line(row: LateDelivery, me: Viewer) -> Line:
    tap = Tap(row.kind, row.mode, "", "", row.ticket_at, Measured(row.steady_before, row.wall_before))
    pairs = ((row.steady_before, row.wall_before), (row.steady_after, row.wall_after))
    apart = max((abs(wall - steady) for steady, wall in pairs if steady is not None and wall is not None), default=0)
    at = row.claimed_at or _hinted(tap, row.arrived_at)
    return Line(
        mark_id=row.mark_id,
        kind=row.kind,
        mode=row.mode,
        ticket=row.ticket_at.astimezone(me.zone) if row.ticket_at else None,
        claimed=row.claimed_at.astimezone(me.zone) if row.claimed_at else None,
        hinted=at.astimezone(me.zone),
        arrived=row.arrived_at.astimezone(me.zone),
        apart=apart // 60_000,
        counted=row.counted,
    )
