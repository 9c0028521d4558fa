"""Taps that waited for their network: the time they claim, the one that counts, and what is kept."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from staffhub import late, presence
from staffhub.db import Database
from staffhub.late import Delivered, Measured, Tap
from staffhub.models import Counted, LateDelivery, Mark, MarkKind, RuleKind, RuleSet, WorkMode
from staffhub.security import tickets
from tests.conftest import MORNING, TODAY, World, viewer_of
from tests.test_attendance_pages import text_of

IN, OUT = MarkKind.CHECK_IN, MarkKind.CHECK_OUT
KEY = b"k" * 32
_MS = st.none() | st.integers(0, 400 * 86_400_000)
_MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=MORNING.tzinfo))


def _minutes(number: float) -> int:
    return int(number * 60_000)


def _tap(kind: MarkKind = IN, *, ticket: datetime | None = MORNING, key: str = "tap-0001", **facts: Any) -> Tap:
    mode = facts.pop("mode", WorkMode.OFFICE if kind is IN else None)
    return Tap(kind, mode, facts.pop("note", ""), key, ticket, **facts)


def _after(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def _deliver(database: Database, tap: Tap, *, at: datetime, who: str = "ben") -> Delivered:
    me = viewer_of(database, who)
    with database.transaction() as db:
        return late.deliver(db, me, tap, now=at)


def _marks(database: Database) -> list[Mark]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Mark).order_by(Mark.attempted_at)))


def _kept(database: Database) -> list[LateDelivery]:
    with database.reading() as db:
        return list(db.scalars(sa.select(LateDelivery).order_by(LateDelivery.id)))


@given(
    kind=st.sampled_from(MarkKind), ticket=st.none() | _MOMENTS, waited=st.integers(0, 3 * 86_400_000),
    before=st.builds(Measured, _MS, _MS), after=st.builds(Measured, _MS, _MS),
)  # fmt: skip
def test_a_claim_is_never_before_its_ticket_and_never_after_its_arrival(
    kind: MarkKind, ticket: datetime | None, waited: int, before: Measured, after: Measured
) -> None:
    arrived = (ticket or MORNING) + timedelta(milliseconds=waited)
    claimed = late.claim(_tap(kind, ticket=ticket, before=before, after=after), arrived)
    assert claimed is None or (ticket is not None and ticket <= claimed <= arrived)
    if ticket is None or (before.steady is None and after.steady is None):
        assert claimed is None, "what a hand can set claims nothing alone"


@given(
    kind=st.sampled_from(MarkKind), steady=st.integers(0, 86_400_000), wall=st.integers(0, 86_400_000),
    rest=st.integers(0, 86_400_000),
)  # fmt: skip
def test_a_clock_that_was_set_by_hand_gains_nothing(kind: MarkKind, steady: int, wall: int, rest: int) -> None:
    arrived = MORNING + timedelta(milliseconds=steady + rest)
    honest = late.claim(_tap(kind, before=Measured(steady, steady)), arrived)
    other = late.claim(_tap(kind, before=Measured(steady, wall)), arrived)
    assert honest
    assert other
    assert other >= honest if kind is IN else other <= honest


def test_a_tap_without_network_for_twenty_minutes_has_the_time_of_the_tap(database: Database) -> None:
    made = _deliver(database, _tap(before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    (mark,) = _marks(database)
    (kept,) = _kept(database)
    assert (mark.attempted_at, mark.method, mark.grade, mark.date) == (_after(5), presence.LATE, "c", TODAY)
    assert mark.received_at >= _after(25)
    assert (kept.mark_id, kept.ticket_at, kept.claimed_at, kept.arrived_at) == (mark.id, MORNING, _after(5), _after(25))
    assert (kept.steady_before, kept.wall_before, kept.steady_after) == (_minutes(5), _minutes(5), None)
    assert (kept.counted, made.counted) == (Counted.CLAIMED, Counted.CLAIMED)


def test_the_same_tap_delivered_again_and_again_is_one_mark_with_one_receipt(database: Database) -> None:
    tap = _tap(before=Measured(_minutes(5), _minutes(5)))
    stamps = [_deliver(database, tap, at=_after(25 + n)).stamp for n in range(3)]
    assert len({one.receipt for one in stamps if one}) == 1
    assert len(_marks(database)) == len(_kept(database)) == 1


def test_a_tap_whose_answer_was_lost_keeps_the_time_of_its_first_arrival(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="tap-0001", now=_after(6))
    made = _deliver(database, _tap(before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    (mark,) = _marks(database)
    assert (mark.attempted_at, mark.method) == (_after(6), presence.TAP)
    assert made.stamp
    assert not made.stamp.first
    assert _kept(database) == []


@pytest.mark.parametrize("first_try", ["answered late", "delivered"])
def test_a_tap_that_is_stored_is_told_of_its_mark_also_when_it_is_delivered_on_another_day(
    database: Database, first_try: str
) -> None:
    tap = _tap(before=Measured(_minutes(5), _minutes(5)))
    if first_try == "delivered":
        stored = _deliver(database, tap, at=_after(25)).stamp
    else:
        ben = viewer_of(database, "ben")
        with database.transaction() as db:
            stored = presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key=tap.key, now=_after(6))
    kept = len(_kept(database))
    again = _deliver(database, tap, at=MORNING + timedelta(days=1))
    assert stored
    assert again.stamp
    assert (again.stamp.receipt, again.at) == (stored.receipt, stored.at)
    assert again.counted is not Counted.NOTHING
    assert (len(_marks(database)), len(_kept(database))) == (1, kept)


def test_a_tap_that_found_its_mark_there_is_answered_alike_on_another_day(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        there = presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="another-key", now=_after(1))
    tap = _tap(before=Measured(_minutes(5), _minutes(5)))
    answers = [_deliver(database, tap, at=at).stamp for at in (_after(25), MORNING + timedelta(days=1))]
    assert [one and one.receipt for one in answers] == [there.receipt] * 2


def test_what_was_declared_meanwhile_stands_and_the_tap_goes_before_it(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="another-key", now=_after(20))
    _deliver(database, _tap(before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    assert [(one.turn, one.attempted_at) for one in _marks(database)] == [(2, _after(5)), (1, _after(20))]


def test_a_tap_that_says_what_stood_there_already_changes_nothing(database: Database) -> None:
    ben = viewer_of(database, "ben")
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="another-key", now=_after(1))
    made = _deliver(database, _tap(before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    (mark,), (kept,) = _marks(database), _kept(database)
    assert made.stamp
    assert (made.stamp.first, mark.attempted_at, kept.mark_id) == (False, _after(1), mark.id)


def test_a_check_out_of_the_night_stands_with_its_check_in_although_the_next_day_has_begun(database: Database) -> None:
    ben = viewer_of(database, "ben")
    evening, midnight = MORNING + timedelta(hours=10), MORNING + timedelta(hours=18)
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.OFFICE, idempotency_key="evening-1", now=evening)
    with database.transaction() as db:
        presence.check_in(db, ben, mode=WorkMode.HOME, idempotency_key="morning-1", now=midnight + timedelta(hours=7))
    out = _tap(OUT, ticket=evening, before=Measured(_minutes(480), _minutes(480)))
    made = _deliver(database, out, at=midnight + timedelta(hours=8))
    assert made.stamp
    assert (made.stamp.day, made.stamp.alone) == (TODAY, False)


def test_a_page_that_was_opened_anew_knows_no_time_so_the_arrival_counts(database: Database) -> None:
    """After a restart only the wall clock speaks of the time before it."""
    made = _deliver(database, _tap(before=Measured(None, _minutes(5))), at=_after(25))
    (mark,), (kept,) = _marks(database), _kept(database)
    assert (mark.attempted_at, made.counted) == (_after(25), Counted.ARRIVAL)
    assert (kept.claimed_at, kept.wall_before) == (None, _minutes(5)), "HR sees what the phone said"


def test_a_page_that_stayed_open_until_the_delivery_knows_how_long_it_waited(database: Database) -> None:
    """Opened from yesterday's copy: its ticket is old, but the wait was measured."""
    yesterday = MORNING - timedelta(days=1)
    tap = _tap(ticket=yesterday, before=Measured(None, _minutes(24 * 60)), after=Measured(_minutes(20), _minutes(20)))
    made = _deliver(database, tap, at=_after(25))
    assert (made.counted, _marks(database)[0].attempted_at) == (Counted.CLAIMED, _after(5))


def test_a_ticket_of_yesterday_dates_nothing_back_and_makes_no_mark_of_yesterday_today(database: Database) -> None:
    yesterday = MORNING - timedelta(days=1)
    made = _deliver(database, _tap(ticket=yesterday, before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    (kept,) = _kept(database)
    assert (made.counted, made.stamp, _marks(database)) == (Counted.NOTHING, None, [])
    assert (kept.date, kept.claimed_at) == (TODAY - timedelta(days=1), yesterday + timedelta(minutes=5))
    again = _deliver(database, _tap(ticket=yesterday, before=Measured(_minutes(5), _minutes(5))), at=_after(60))
    assert (again.counted, again.at, len(_kept(database))) == (Counted.NOTHING, made.at, 1)


def test_a_phone_that_says_it_was_yesterday_is_believed_only_so_far_that_nobody_came_today(database: Database) -> None:
    yesterday = MORNING - timedelta(days=1)
    made = _deliver(database, _tap(ticket=yesterday, before=Measured(None, _minutes(5))), at=_after(25))
    assert (made.counted, _marks(database)) == (Counted.NOTHING, [])


def test_without_a_ticket_of_this_account_the_arrival_counts(database: Database) -> None:
    made = _deliver(database, _tap(ticket=None, before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    assert (made.counted, _marks(database)[0].attempted_at) == (Counted.ARRIVAL, _after(25))
    assert _kept(database)[0].ticket_at is None


@pytest.mark.parametrize(
    ("ticket", "time", "measured"),
    [
        (MORNING, "07.17 WITA", "menurut ukuran ponsel; terkirim terlambat, diterima 07.37 menurut jam server"),
        (None, "07.37 WITA", "waktu diterima menurut jam server; terkirim terlambat"),
    ],
)
def test_the_receipt_says_that_a_tap_was_sent_late_and_whose_clock_its_time_is(
    world: World, ticket: datetime | None, time: str, measured: str
) -> None:
    made = _deliver(world.database, _tap(ticket=ticket, before=Measured(_minutes(5), _minutes(5))), at=_after(25))
    assert made.stamp
    shown = text_of(world.client("ben").get(f"/presence/receipts/{made.stamp.receipt}").text)
    assert f"{time}, {measured}" in shown


def test_a_ticket_is_read_by_its_own_account_alone() -> None:
    given = tickets.ticket(KEY, 7, now=MORNING)
    assert tickets.time_of(KEY, 7, given) == MORNING
    at, _dot, signature = given.partition(".")
    for account, text in (
        (8, given),
        (7, f"{int(at) - 60_000}.{signature}"),
        (7, ""),
        (7, "x.y"),
        (7, "-"),
        (7, "é.é"),
    ):
        assert tickets.time_of(KEY, account, text) is None, text


@pytest.mark.parametrize(
    ("values", "counted"),
    [
        ({"counts": "claimed", "hours": None}, Counted.CLAIMED),
        ({"counts": "claimed", "hours": 1}, Counted.ARRIVAL),
        ({"counts": "claimed", "hours": 3}, Counted.CLAIMED),
        ({"counts": "arrival", "hours": None}, Counted.ARRIVAL),
        (None, Counted.ARRIVAL),
    ],
)
def test_the_row_of_the_rule_book_says_what_counts(
    database: Database, values: dict[str, Any] | None, counted: Counted
) -> None:
    with database.transaction() as db:
        mine = RuleSet.kind == RuleKind.LATE_DELIVERY
        db.execute(
            sa.update(RuleSet).where(mine).values({"values": values}) if values else sa.delete(RuleSet).where(mine)
        )
    made = _deliver(database, _tap(before=Measured(0, 0)), at=_after(120))
    assert made.counted is counted


def test_a_rule_with_hours_lets_a_tap_of_the_evening_count_on_the_next_morning(database: Database) -> None:
    with database.transaction() as db:
        mine = RuleSet.kind == RuleKind.LATE_DELIVERY
        db.execute(sa.update(RuleSet).where(mine).values({"values": {"counts": "claimed", "hours": 24}}))
    _deliver(database, _tap(before=Measured(0, 0)), at=_after(0))
    out = _tap(OUT, key="tap-0002", before=Measured(_minutes(480), _minutes(480)))
    made = _deliver(database, out, at=MORNING + timedelta(hours=23))
    assert (made.counted, [one.date for one in _marks(database)]) == (Counted.CLAIMED, [TODAY, TODAY])
