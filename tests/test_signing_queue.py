"""The queue of a month: in the order of what blocks the signature, many days decided at once with one reason."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import days, i18n
from staffhub.db import Database
from staffhub.errors import Forbidden, Refused
from staffhub.models import Correction, CorrectionKind, CorrectionReason, LogEntry, MarkKind, PlanMode, WorkMode
from staffhub.reports import queue as queues
from staffhub.reports.queue import Decision, Pick
from staffhub.security import Viewer
from tests.conftest import World, count_from, count_queries, plan_range, race, viewer_of
from tests.page_forms import form_of
from tests.test_corrections import add, put_mark

FRIDAY, THURSDAY = date(2026, 11, 20), date(2026, 11, 19)
NOW = datetime(2026, 11, 22, 23, 12, tzinfo=UTC)
MONTH = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def hana(database: Database) -> Viewer:
    """Presence counts from Thursday; Friday is told below, person by person."""
    count_from(database, THURSDAY)
    me = viewer_of(database, "hana")
    put_mark(database, me, _id(database, "tia"), FRIDAY, "07:10", MarkKind.CHECK_IN)
    put_mark(database, me, _id(database, "cy"), FRIDAY, "07:20", MarkKind.CHECK_IN, mode=WorkMode.HOME)
    put_mark(database, me, _id(database, "cy"), FRIDAY, "17:00", MarkKind.CHECK_OUT)
    return me


def _id(database: Database, username: str) -> int:
    return viewer_of(database, username).officer_id or 0


def _queue(database: Database, me: Viewer, **asked: Any) -> queues.Queue:
    with database.reading() as db:
        return queues.queue(db, me, MONTH, now=NOW, **asked)


def _decide(database: Database, me: Viewer, picks: list[Pick], decision: Decision, **facts: Any) -> queues.Decided:
    given = {"reason": CorrectionReason.FORGOT, "note": "", "idempotency_key": str(uuid4()), "now": NOW} | facts
    with database.transaction() as db:
        return queues.decide(db, me, picks, decision, **given)


def _becoming(database: Database, me: Viewer, picks: list[Pick], decision: Decision) -> list[queues.Becoming]:
    with database.reading() as db:
        return queues.becoming(db, me, picks, decision, now=NOW)


def _kinds(database: Database) -> list[tuple[int, str, CorrectionKind]]:
    with database.reading() as db:
        rows = db.execute(sa.select(Correction.officer_id, Correction.date, Correction.kind).order_by(Correction.id))
        return [(row[0], str(row[1]), row[2]) for row in rows]


def test_what_blocks_the_signature_most_comes_first(database: Database, hana: Viewer) -> None:
    found = _queue(database, hana)
    assert [group for group, _rows in found.groups] == ["absent", "no_check_out", "place"]
    absent = found.groups[0][1]
    assert [one.record.day for one in absent] == [THURSDAY] * 7 + [FRIDAY] * 5
    assert (found.total, dict(found.counts)) == (14, {"absent": 12, "no_check_out": 1, "place": 1})


def test_the_queue_is_asked_by_finding_name_and_bidang(database: Database, hana: Viewer) -> None:
    assert _queue(database, hana, finding="no_check_out").found == 1
    assert {one.officer.name for _group, rows in _queue(database, hana, q="ben").groups for one in rows} == {
        "Ben Tumiwa"
    }
    assert _queue(database, hana, division="civil_registration").total == 2
    assert _queue(database, hana, page=2, size=10).start == 11


def test_every_day_says_before_what_it_becomes(database: Database, hana: Viewer) -> None:
    tia, cy = _id(database, "tia"), _id(database, "cy")
    (out,) = _becoming(database, hana, [Pick(tia, FRIDAY)], Decision.PLANNED_END)
    assert out.after
    assert (out.before.last, out.after.last and out.after.last.strftime("%H:%M")) == (None, "16:30")
    (place,) = _becoming(database, hana, [Pick(cy, FRIDAY)], Decision.AS_DECLARED)
    assert place.after
    assert (place.after.code, place.after.needs_person) == ("WFH", False)
    assert _kinds(database) == []


def _proposed(database: Database, me: Viewer, *usernames: str) -> list[Pick]:
    """They came on Friday, wrote of work until 15:15, and left without a word; the close of day proposes that."""
    picks = [Pick(_id(database, username), FRIDAY) for username in usernames]
    with database.transaction() as db:
        for pick in picks:
            facts = {"text": "Melayani", "starts": time(14), "ends": time(15, 15), "unit": "", "version": 1}
            facts |= {"office_id": me.office_id, "officer_id": pick.officer_id, "date": FRIDAY}
            db.add(LogEntry(**facts, created_at=NOW, updated_at=NOW, idempotency_key=f"log {pick.officer_id}"))
    for pick in picks[1:]:  # the first one came already
        put_mark(database, me, pick.officer_id, FRIDAY, "07:15", MarkKind.CHECK_IN)
    days.close_due(database, now=NOW)
    return picks


def test_many_proposed_check_outs_are_confirmed_at_once_and_say_before_who_then_left_early(
    database: Database, hana: Viewer
) -> None:
    picks = _proposed(database, hana, "tia", "ben")
    ((_group, rows),) = _queue(database, hana, finding="no_check_out").groups
    assert [one.proposed and one.proposed.strftime("%H:%M") for one in rows] == ["15:15", "15:15"]
    shown = _becoming(database, hana, picks, Decision.PROPOSED_END)
    assert [one.after and (one.after.code, one.after.early > 0) for one in shown] == [("HP", True)] * 2
    key = str(uuid4())
    assert _decide(database, hana, picks, Decision.PROPOSED_END, idempotency_key=key).done == 2
    assert _decide(database, hana, picks, Decision.PROPOSED_END, idempotency_key=key).again == 2
    assert _queue(database, hana, finding="no_check_out").found == 0
    with database.reading() as db:
        assert not days.proposals_among(db, hana.office_id, {one.officer_id for one in picks}, THURSDAY, FRIDAY)


def test_a_day_for_which_nothing_is_proposed_any_more_is_left_out(database: Database, hana: Viewer) -> None:
    picks = _proposed(database, hana, "tia", "ben")
    put_mark(database, hana, picks[1].officer_id, FRIDAY, "16:40", MarkKind.CHECK_OUT)
    done = _decide(database, hana, [*picks, Pick(_id(database, "ana"), THURSDAY)], Decision.PROPOSED_END)
    assert (done.done, len(done.left_out)) == (1, 2)


def test_what_is_stored_is_read_and_nobodys_days_are_worked_out(database: Database, hana: Viewer) -> None:
    count_from(database, MONTH)
    _proposed(database, hana, "tia", "ben")
    with database.reading() as db, count_queries(database) as told:
        found = queues.queue(db, hana, MONTH, now=NOW)
    assert found.total > 100
    assert not [one for one in told if "FROM mark" in one]
    assert len(told) <= 4


def test_many_days_become_a_correction_each_with_one_reason(database: Database, hana: Viewer) -> None:
    ben, ana = _id(database, "ben"), _id(database, "ana")
    picks = [Pick(ben, THURSDAY), Pick(ana, THURSDAY), Pick(ben, FRIDAY)]
    done = _decide(database, hana, picks, Decision.LEAVE, reason=CorrectionReason.LEAVE_LETTER, note="Surat")
    assert (done.done, done.left_out) == (3, [])
    assert {kind for _who, _day, kind in _kinds(database)} == {CorrectionKind.LEAVE}
    assert len(_kinds(database)) == 3
    assert _queue(database, hana).total == 11


def test_the_same_press_again_adds_nothing(database: Database, hana: Viewer) -> None:
    picks, key = [Pick(_id(database, "ben"), THURSDAY)], str(uuid4())
    assert _decide(database, hana, picks, Decision.ABSENT, idempotency_key=key).done == 1
    again = _decide(database, hana, picks, Decision.ABSENT, idempotency_key=key)
    assert (again.done, again.again, again.left_out) == (0, 1, [])
    assert len(_kinds(database)) == 1


def test_own_days_are_left_out_and_named(database: Database, hana: Viewer) -> None:
    picks = [Pick(hana.officer_id or 0, THURSDAY), Pick(_id(database, "ben"), THURSDAY)]
    done = _decide(database, hana, picks, Decision.ABSENT)
    assert (done.done, [(one.officer.name, one.why_not) for one in done.left_out]) == (
        1,
        [("Hana Tendean", "Nobody decides on the own day.")],
    )


def test_a_day_that_somebody_changed_meanwhile_is_left_out_and_named(database: Database, hana: Viewer) -> None:
    ben, ana = _id(database, "ben"), _id(database, "ana")
    shown = [one.pick for one in _becoming(database, hana, [Pick(ben, FRIDAY), Pick(ana, FRIDAY)], Decision.ABSENT)]
    add(database, hana, ben, kind=CorrectionKind.CHECK_IN, clock_time=datetime(2026, 1, 1, 7, 30).time())
    done = _decide(database, hana, shown, Decision.ABSENT)
    assert (done.done, [one.officer.name for one in done.left_out]) == (1, ["Ben Tumiwa"])
    assert "meanwhile" in done.left_out[0].why_not


def test_of_two_who_decide_at_once_the_second_leaves_out_what_the_first_decided(
    database: Database, hana: Viewer
) -> None:
    ben = _id(database, "ben")
    shown = [one.pick for one in _becoming(database, hana, [Pick(ben, FRIDAY)], Decision.ABSENT)]
    facts = {"reason": CorrectionReason.FORGOT, "note": "", "now": NOW, "idempotency_key": "first-press"}
    second = race(
        database,
        lambda db: queues.decide(db, hana, shown, Decision.LEAVE, **facts),  # type: ignore[arg-type]
        lambda: _decide(database, hana, shown, Decision.ABSENT),
    )
    assert (second.done, len(second.left_out)) == (0, 1)
    assert [kind for _who, _day, kind in _kinds(database)] == [CorrectionKind.LEAVE]


def test_a_day_without_planned_hours_is_decided_on_its_own_page(database: Database, hana: Viewer) -> None:
    tia = _id(database, "tia")
    with database.transaction() as db:
        plan_range(db, hana, tia, FRIDAY, mode=PlanMode.LEAVE)
    (one,) = _becoming(database, hana, [Pick(tia, FRIDAY)], Decision.PLANNED_END)
    assert one.wish is None


def test_what_is_ticked_must_be_something_and_not_too_much(database: Database, hana: Viewer) -> None:
    ben = _id(database, "ben")
    with pytest.raises(Refused, match="at least one"):
        _becoming(database, hana, [], Decision.ABSENT)
    with pytest.raises(Refused, match="at most 100"):
        _becoming(database, hana, [Pick(n, FRIDAY) for n in range(101)], Decision.ABSENT)
    with pytest.raises(Refused, match="one month"):
        _becoming(database, hana, [Pick(ben, FRIDAY), Pick(ben, date(2020, 1, 1))], Decision.ABSENT)
    assert _becoming(database, hana, [Pick(99_999, FRIDAY)], Decision.ABSENT) == []


@pytest.mark.parametrize("username", ["dewi", "ana", "ben", "adi"])
def test_only_hr_decides_many(database: Database, hana: Viewer, username: str) -> None:
    with pytest.raises(Forbidden):
        _decide(database, viewer_of(database, username), [Pick(_id(database, "ben"), FRIDAY)], Decision.ABSENT)


def test_hr_ticks_reads_what_they_become_and_decides_without_a_script(world: World) -> None:
    count_from(world.database, THURSDAY)
    client, ben = world.client("hana"), world.officer_id("ben")
    page = client.get("/attendance/queue?month=2026-11").text
    assert f'value="{ben}.2026-11-19"' in page
    assert f'value="{world.officer_id("hana")}.2026-11-19"' not in page
    assert "Hari Anda sendiri" in page
    ticked = {"day": [f"{ben}.2026-11-19", f"{ben}.2026-11-20"], "decision": "absent"}
    shown = client.post("/attendance/queue", data=ticked)
    assert shown.status_code == 200
    assert "Tetap tanpa keterangan" in shown.text
    sent = form_of(shown.text, "/attendance/queue/decide")
    assert sent["day"] == [f"{ben}.2026-11-19.0", f"{ben}.2026-11-20.0"]
    assert "checked>" not in page
    every = client.get("/attendance/queue?month=2026-11&tick=absent").text
    assert every.count("\nchecked>") == page.count('name="day"') > 2
    refused = client.post("/attendance/queue/decide", data=sent)
    assert refused.status_code == 422
    assert form_of(refused.text, "/attendance/queue/decide")["day"] == sent["day"]
    done = client.post("/attendance/queue/decide", data=sent | {"reason": "forgot"})
    assert (done.status_code, done.headers["location"]) == (303, "/attendance/queue?month=2026-11")
    assert "2 hari diputuskan" in client.get(done.headers["location"]).text
    assert len(_kinds(world.database)) == 2


@pytest.mark.parametrize("day", [[], ["x"], ["1.2026-13-45"], ["1.2026-11-20.x"]])
def test_what_cannot_be_read_is_refused_in_words(world: World, day: list[str]) -> None:
    client = world.client("hana")
    for action in ("/attendance/queue", "/attendance/queue/decide"):
        sent = {"day": day, "decision": "absent", "reason": "forgot", "idempotency_key": str(uuid4())}
        assert client.post(action, data=sent).status_code == 422


def test_who_may_not_decide_reads_the_queue_without_ticks(world: World) -> None:
    count_from(world.database, THURSDAY)
    page = world.client("ana").get("/attendance/queue?month=2026-11").text
    assert "Ben Tumiwa" in page
    assert 'type="checkbox"' not in page
