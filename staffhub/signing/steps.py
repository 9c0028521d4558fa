"""HR closes a month or a supplement, the head signs it or sends it back: each step is a fact with a turn of its own."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Date, bindparam, func, select
from sqlalchemy.orm import Session

from staffhub import audit, claims, notify, office
from staffhub.ahead import Ask
from staffhub.clock import local_day, month_days
from staffhub.db import insert_unless_there, read, said_otherwise
from staffhub.errors import Conflict, Refused
from staffhub.i18n import day as day_in_words
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import MonthStep, NoticeKind, Recount, Role, SignStep
from staffhub.security import Viewer
from staffhub.signing import lines, snapshots
from staffhub.signing.history import History, Step, history
from staffhub.signing.lines import Difference

_ASKS = (NoticeKind.MONTH_TO_SIGN, NoticeKind.MONTH_SUPPLEMENT)


def _notice(step: Step) -> NoticeKind:
    if step.kind is SignStep.CLOSED:
        return NoticeKind.MONTH_SUPPLEMENT if step.number else NoticeKind.MONTH_TO_SIGN
    return NoticeKind.MONTH_SIGNED if step.kind is SignStep.SIGNED else NoticeKind.MONTH_SENT_BACK


def differences_since(db: Session, me: Viewer, known: History) -> list[Difference]:
    """Return the days that read otherwise than in what stands: closed and waiting, or else signed with its supplements.

    Nothing stands of a month that is open.
    """
    standing = standing_ids(known)
    if not standing:
        return []
    there = snapshots.lines_of(db, standing)
    return lines.differences(there, lines.of_month(db, me.office_id, known.first))


def differences_seen(db: Session, me: Viewer, known: History) -> list[Difference]:
    """Return the same for a page: lines are written and compared only of those whose digest is another one."""
    standing = standing_ids(known)
    if not standing:
        return []
    then, now = snapshots.digests_of(db, standing), lines.digests(db, me.office_id, known.first)
    looked_at = [one for one in then.keys() | now.keys() if not then.get(one) or then[one] != now.get(one)]
    if not looked_at:
        return []
    there = snapshots.lines_of(db, standing, officers=looked_at)
    current = lines.frozen(db, me.office_id, known.first, officers=looked_at).texts
    return lines.differences(there, {one: current[one] for one in looked_at if one in current})


def standing_ids(known: History) -> list[int]:
    """The snapshots that stand: what was signed, with what waits for the head."""
    ids = [step.snapshot_id for step in known.signed]
    return [*ids, known.waiting.snapshot_id] if known.waiting else ids


def why_not_now(db: Session, me: Viewer, first: date, *, now: datetime) -> str:
    """Say why a month can neither be closed nor signed yet, whoever decides; empty when it can."""
    last, known = month_days(first)[-1], office.facts(db, me.office_id)
    if known.recorded_from is None or known.recorded_from > last:
        return _("Presence did not count in this month, so there is nothing to sign.")
    # The night of the last day takes its check-out until noon, so the day after must be over as well.
    begins = last + timedelta(days=2)
    if local_day(now, me.zone) < begins:
        return _("This month can be closed from %(day)s on, when its last day is over.", day=day_in_words(begins))
    if known.stored_to is None or known.stored_to < last:
        return _("The days of this month are still being closed. It takes a few minutes; then open this page again.")
    if read(db, ask_recounts(me, first)).scalar_one():
        return _(
            "A rule, a holiday or a meeting has changed, and days of this month are computed again. Wait a few minutes."
        )
    return ""


def ask_recounts(me: Viewer, first: date) -> Ask:
    """Return what `why_not_now` asks."""
    return Ask(_recounted(), {"office": me.office_id, "first": first, "last": month_days(first)[-1]})


@cache
def _recounted() -> Any:
    """How many changes of many days are not worked out yet."""
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    return (
        select(func.count(Recount.id))
        .where(Recount.office_id == bindparam("office"), Recount.state.in_(claims.UNFINISHED))
        .where(Recount.first <= last, Recount.last >= first)
    )


def close(
    db: Session,
    me: Viewer,
    first: date,
    *,
    note: str,
    turn: int,
    idempotency_key: str,
    now: datetime,
) -> Step:
    """Freeze the month as it reads now, or what changed since it was signed. `turn`: how many steps the page showed.

    Days that still wait for a person stay as they are only with a reason.
    """
    me.require("month.close")
    known, before = _looked_at(db, me, first, SignStep.CLOSED, note, turn, idempotency_key)
    if before:
        return before
    if why_not := why_not_now(db, me, first, now=now):
        raise Refused(why_not)
    current = lines.frozen(db, me.office_id, first)
    fresh = _to_freeze(db, known, current.texts)
    _refuse_without_reason(known, fresh, note)
    told = {"number": known.number, "follows": known.hash, "digests": current.digests, "now": now}
    snapshot_id = snapshots.take(db, me.office_id, first, fresh, **told)  # type: ignore[arg-type]
    return _step(db, me, known, SignStep.CLOSED, snapshot_id, note, idempotency_key, now)


def _refuse_without_reason(known: History, fresh: Mapping[int, str], note: str) -> None:
    if note:
        return
    if known.is_signed:
        raise Refused(_("Write why the signed month changes: the head reads it."), field="note")
    if open_days := lines.open_days(fresh.values()):
        said = ngettext(
            "%(num)s day still waits for a decision. Decide it, or write why the month is closed as it is.",
            "%(num)s days still wait for a decision. Decide them, or write why the month is closed as it is.",
            open_days,
        )
        raise Refused(said, field="note")


def _to_freeze(db: Session, known: History, current: Mapping[int, str]) -> Mapping[int, str]:
    """Return the lines of the next snapshot: the whole month, or of a supplement who changed; refuse what changes
    nothing.
    """
    if known.waiting and not lines.differences(snapshots.lines_of(db, standing_ids(known)), current):
        raise Conflict(_("This is closed already and waits for the head of the office."))
    if not known.is_signed:
        return current
    signed = snapshots.lines_of(db, [step.snapshot_id for step in known.signed])
    changed = {one.officer_id for one in lines.differences(signed, current)}
    if not changed:
        raise Refused(_("Nothing has changed since the month was signed."))
    gone = lines.canonical({"days": {}, "name": "", "number": ""})
    return {one: current.get(one, gone) for one in changed}


def sign(
    db: Session, me: Viewer, first: date, *, snapshot_id: int, turn: int, idempotency_key: str, now: datetime
) -> Step:
    """Sign what HR has closed, and what the page showed; Conflict when a day has changed since."""
    me.require("month.sign")
    known, before = _looked_at(db, me, first, SignStep.SIGNED, "", turn, idempotency_key)
    if before:
        return before
    _refuse_other(known, snapshot_id)
    if why_not := why_not_now(db, me, first, now=now):
        raise Refused(why_not)
    if changed := differences_since(db, me, known):
        raise Conflict(
            ngettext(
                "%(num)s day has changed since the personnel section closed this. Send it back, so that it is closed "
                "anew.",
                "%(num)s days have changed since the personnel section closed this. Send it back, so that it is closed "
                "anew.",
                len(changed),
            )
        )
    return _step(db, me, known, SignStep.SIGNED, snapshot_id, "", idempotency_key, now)


def send_back(
    db: Session,
    me: Viewer,
    first: date,
    *,
    snapshot_id: int,
    note: str,
    turn: int,
    idempotency_key: str,
    now: datetime,
) -> Step:
    me.require("month.sign")
    known, before = _looked_at(db, me, first, SignStep.SENT_BACK, note, turn, idempotency_key)
    if before:
        return before
    _refuse_other(known, snapshot_id)
    if not note:
        raise Refused(_("Write what the personnel section should look at."), field="note")
    return _step(db, me, known, SignStep.SENT_BACK, snapshot_id, note, idempotency_key, now)


def _looked_at(
    db: Session, me: Viewer, first: date, kind: SignStep, note: str, turn: int, key: str
) -> tuple[History, Step | None]:
    """Return the month's history, and the step that the same press has left before; Conflict when somebody was
    quicker.
    """
    known = history(db, me.office_id, first)
    if before := _written_before(db, me, known, kind, note, key):
        return known, before
    if known.turn != turn:
        raise Conflict(_quicker(known))
    return known, None


def _written_before(db: Session, me: Viewer, known: History, kind: SignStep, note: str, key: str) -> Step | None:
    row = db.query(MonthStep).filter_by(office_id=me.office_id, idempotency_key=key).one_or_none()
    if row is None:
        return None
    if (row.first, row.kind, row.note) != (known.first, kind, note):
        raise said_otherwise()
    return known.steps[row.turn - 1]


def _quicker(known: History) -> str:
    last = known.last
    if last is None:
        return _("This month has changed meanwhile. Look at it as it is now.")
    said = {
        SignStep.CLOSED: _("%(name)s has closed this meanwhile. Look at it as it is now.", name=last.by),
        SignStep.SENT_BACK: _("%(name)s has sent this back meanwhile. Read why, then decide.", name=last.by),
        SignStep.SIGNED: _("%(name)s has signed this meanwhile.", name=last.by),
    }
    return said[last.kind]


def _refuse_other(known: History, snapshot_id: int) -> None:
    if known.waiting is None:
        raise Conflict(_("There is nothing to sign: the personnel section has to close it first."))
    if known.waiting.snapshot_id != snapshot_id:
        raise Conflict(_("It was closed anew meanwhile. Look at it as it is now."))


def _step(
    db: Session, me: Viewer, known: History, kind: SignStep, snapshot_id: int, note: str, key: str, now: datetime
) -> Step:
    row = {
        "office_id": me.office_id,
        "first": known.first,
        "turn": known.turn + 1,
        "kind": kind,
        "snapshot_id": snapshot_id,
        "note": note,
        "created_by": me.account_id,
        "at": now,
        "idempotency_key": key,
    }
    if not insert_unless_there(db, MonthStep, row):  # somebody took the turn while we were writing
        raise Conflict(_quicker(history(db, me.office_id, known.first)))
    told = history(db, me.office_id, known.first).steps[-1]
    facts = {"month": known.first, "number": told.number, "hash": told.hash}
    audit.record(db, me, f"month.{kind.value}", "month_snapshot", snapshot_id, now=now, **facts)  # type: ignore[arg-type]
    _tell(db, me, told, known.first, now)
    return told


def _tell(db: Session, me: Viewer, step: Step, first: date, now: datetime) -> None:
    """Tell whoever has the month now; what it asked for before is done."""
    about = notify.Subject("month_snapshot", step.snapshot_id)
    if step.kind is not SignStep.CLOSED:
        notify.over(db, about, _ASKS, now=now)
    notify.tell(
        db,
        office_id=me.office_id,
        kind=_notice(step),
        params={"month": first, "of": None},
        address=f"/attendance/sign?month={first:%Y-%m}",
        key=f"month:{step.snapshot_id}:{step.kind.value}",
        now=now,
        roles=[Role.OFFICE_HEAD if step.kind is SignStep.CLOSED else Role.HR],
        by=me.account_id,
        subject=about,
    )
