"""What a person asks to have corrected, with the clock passed in: who has it, who may decide, and what it becomes."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import corrections, days, i18n
from staffhub.corrections import Press, Standing, Wish
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, NotFound, Refused, StaffHubError
from staffhub.models import (
    Account,
    AuditEvent,
    Correction,
    CorrectionKind,
    CorrectionReason,
    CorrectionRequest,
    CorrectionStep,
    MarkKind,
    Notice,
    Office,
    Officer,
    Posting,
    RequestStep,
    Role,
    RuleKind,
    RuleSet,
    WaitingRequest,
    WorkMode,
)
from staffhub.reports import recap
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, add_account, add_officer, plan_range, race, viewer_of
from tests.test_corrections import put_mark

FRIDAY = date(2026, 11, 20)
OUT = (Wish(CorrectionKind.CHECK_OUT, time(16, 2)),)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def friday(database: Database) -> Viewer:
    """Ben, whom Ana is above, came on Friday and never checked out; a decision takes three working days."""
    ben = viewer_of(database, "ben")
    put_mark(database, ben, ben.officer_id or 0, FRIDAY, "07:31", MarkKind.CHECK_IN)
    below(database, "ben", "ana")
    decide_within(database, 3)
    return ben


def below(database: Database, username: str, superior: str | None) -> None:
    ids = {name: viewer_of(database, name).officer_id for name in (username, superior) if name}
    with database.transaction() as db:
        db.execute(
            sa.update(Posting)
            .where(Posting.officer_id == ids[username])
            .values(superior_id=ids[superior] if superior else None)
        )


def decide_within(database: Database, working_days: int | None) -> None:
    with database.transaction() as db:
        db.execute(sa.delete(RuleSet).where(RuleSet.kind == RuleKind.DECISION))
        if working_days:
            office_id = db.scalars(sa.select(sa.func.min(Office.id))).one()
            db.add(
                RuleSet(
                    office_id=office_id, kind=RuleKind.DECISION, values={"working_days": working_days}, owner="HR",
                    valid_from=date(2020, 1, 1), legal_source="SK 1", confirmed=True,
                )
            )  # fmt: skip


def ask(database: Database, me: Viewer, *, now: datetime = MORNING, **facts: Any) -> corrections.Sent:
    given: dict[str, Any] = {
        "day": FRIDAY,
        "wishes": OUT,
        "reason": CorrectionReason.FORGOT,
        "note": "Rapat sampai sore",
    }
    given |= {"idempotency_key": str(uuid4()), "shown": None} | facts
    with database.transaction() as db:
        officer = recap.officer_for(db, me, given.pop("officer_id", me.officer_id), given["day"])
        if given["shown"] is None:
            given["shown"] = corrections.shown_version(_facts(db, me, officer, given["day"], now), given["wishes"])
        return corrections.ask(db, me, officer, now=now, **given)


def _facts(db: Any, me: Viewer, officer: Any, day: date, now: datetime) -> days.Facts:
    return days.load(db, me.office_id, [officer], [day], zone=me.zone, now=now).facts[officer.id, day]


def asked(database: Database, me: Viewer, **facts: Any) -> int:
    sent = ask(database, me, **facts)
    assert sent.request_id is not None
    return sent.request_id


def seen(database: Database, username: str, request_id: int, *, now: datetime = MORNING) -> corrections.Request:
    with database.reading() as db:
        return corrections.request_for(db, viewer_of(database, username, now=now), request_id, now=now)


def press(
    database: Database,
    username: str,
    request_id: int,
    verb: Any,
    *,
    now: datetime = MORNING,
    looked: datetime | None = None,
    **given: Any,
) -> corrections.Done:
    """Press as somebody who has just looked at the page; `note`, `turn`, `seen` and the key may be others."""
    me = viewer_of(database, username, now=now)
    with database.reading() as db:
        one = corrections.request_for(db, me, request_id, now=looked or now)
        facts = corrections.facts_version(corrections.facts_of(db, me, one, now=now))
    shown = {"turn": one.turn, "seen": facts, "note": "", "idempotency_key": str(uuid4())}
    about = {name: given.pop(name) for name in list(given) if name in shown}
    with database.transaction() as db:
        done: corrections.Done = verb(db, me, request_id, Press(**(shown | about)), now=now, **given)
        return done


def record(database: Database, me: Viewer, *, now: datetime = MORNING) -> days.DayRecord:
    with database.reading() as db:
        officer = recap.officer_for(db, me, me.officer_id, FRIDAY)
        return days.reconcile(_facts(db, me, officer, FRIDAY, now))


def count(database: Database, table: Any) -> int:
    with database.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def waits(database: Database, username: str, *, now: datetime = MORNING) -> list[int]:
    with database.reading() as db:
        me = viewer_of(database, username, now=now)
        return [one.id for one in corrections.waiting_for(db, me, now=now)]


# The way of a request


def test_the_superior_accepts_hr_confirms_and_only_then_the_day_is_another(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    assert (waits(database, "ana"), waits(database, "hana")) == ([request_id], [])
    assert record(database, friday).last is None
    assert press(database, "ana", request_id, corrections.accept).kind is RequestStep.ACCEPTED
    assert (waits(database, "ana"), waits(database, "hana")) == ([], [request_id])
    assert record(database, friday).last is None, "the superior's word alone changes nothing"
    assert press(database, "hana", request_id, corrections.accept).kind is RequestStep.CONFIRMED
    found = record(database, friday)
    assert found.last is not None
    assert (found.last.strftime("%H:%M"), found.needs_person) == ("16:02", False)
    with database.reading() as db:
        row = db.scalars(sa.select(Correction)).one()
    hana = viewer_of(database, "hana")
    assert (row.request_id, row.created_by, row.note) == (request_id, hana.account_id, "Rapat sampai sore")
    one = seen(database, "ben", request_id)
    assert [(step.kind.value, step.by) for step in one.steps] == [
        ("asked", "Ben Tumiwa"),
        ("accepted", "Ana Kaunang"),
        ("confirmed", "Hana Tendean"),
    ]
    assert (one.standing, waits(database, "hana")) == (Standing.CONFIRMED, [])


def test_what_was_declined_stays_visible_with_its_reason_and_changes_nothing(
    database: Database, friday: Viewer
) -> None:
    request_id = asked(database, friday)
    with pytest.raises(Refused) as refused:
        press(database, "ana", request_id, corrections.decline)
    assert refused.value.field == "note"
    press(database, "ana", request_id, corrections.decline, note="Saya melihat Anda pulang pukul dua")
    one = seen(database, "ben", request_id)
    assert (one.standing, one.last.note) == (Standing.DECLINED, "Saya melihat Anda pulang pukul dua")
    assert record(database, friday).last is None
    assert count(database, Correction) == 0
    assert asked(database, friday) != request_id, "it may be asked again"


def test_a_check_in_brings_the_check_out_of_the_same_day(database: Database, friday: Viewer) -> None:
    cy = viewer_of(database, "cy")
    below(database, "cy", None)
    both = (Wish(CorrectionKind.CHECK_IN, time(7, 25)), Wish(CorrectionKind.CHECK_OUT, time(16, 40)))
    request_id = asked(database, cy, wishes=both)
    press(database, "hana", request_id, corrections.accept)
    found = record(database, cy)
    assert found.first is not None
    assert found.last is not None
    assert (found.first.strftime("%H:%M"), found.last.strftime("%H:%M"), found.discrepancies) == ("07:25", "16:40", ())
    assert count(database, Correction) == 2


def test_a_withdrawn_request_waits_for_nobody_and_is_never_decided(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    with pytest.raises(Forbidden):
        press(database, "ana", request_id, corrections.withdraw)
    press(database, "ben", request_id, corrections.withdraw)
    assert waits(database, "ana") == []
    with pytest.raises(Conflict, match="Ben Tumiwa has withdrawn this request meanwhile"):
        press(database, "ana", request_id, corrections.accept, turn=1)
    with pytest.raises(Conflict):
        press(database, "ben", request_id, corrections.withdraw)
    assert count(database, CorrectionStep) == 2


# Until when, and who has it then


def test_past_its_deadline_it_is_with_hr_by_itself_and_the_superior_is_told_so(
    database: Database, friday: Viewer
) -> None:
    request_id = asked(database, friday)
    in_time, late = MORNING + timedelta(days=3), MORNING + timedelta(days=4)
    one = seen(database, "ben", request_id)
    assert one.last.decide_by == date(2026, 11, 26), "three working days after Monday"
    assert waits(database, "ana", now=in_time) == [request_id]
    assert seen(database, "ben", request_id, now=late).standing is Standing.LATE
    assert (waits(database, "ana", now=late), waits(database, "hana", now=late)) == ([], [request_id])
    with pytest.raises(Forbidden, match=r"to be decided by 26 November 2026\. Now HR decides"):
        press(database, "ana", request_id, corrections.accept, now=late)
    assert press(database, "hana", request_id, corrections.accept, now=late).kind is RequestStep.CONFIRMED


def test_the_deadline_changes_at_midnight_of_the_office(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    midnight = datetime(2026, 11, 26, 16, tzinfo=MORNING.tzinfo)
    assert seen(database, "ben", request_id, now=midnight - timedelta(seconds=1)).standing is Standing.SUPERIOR
    assert seen(database, "ben", request_id, now=midnight).standing is Standing.LATE


def test_holidays_and_weekends_are_no_time_to_decide(database: Database, friday: Viewer) -> None:
    thursday = MORNING + timedelta(days=3)
    assert seen(database, "ben", asked(database, friday, now=thursday)).last.decide_by == date(2026, 12, 1)


def test_without_a_rule_there_is_no_deadline(database: Database, friday: Viewer) -> None:
    decide_within(database, None)
    request_id = asked(database, friday)
    assert seen(database, "ben", request_id).last.decide_by is None
    assert waits(database, "ana", now=MORNING + timedelta(days=300)) == [request_id]


def test_both_hear_once_that_it_was_not_decided_in_time(database: Database, friday: Viewer) -> None:
    asked(database, friday)
    late = MORNING + timedelta(days=4)
    for now in (MORNING, late, late + timedelta(hours=1), late + timedelta(days=9)):
        corrections.tell_overdue(database, now=now)
    with database.reading() as db:
        overdue = sa.select(Account.username).join(Notice, Notice.account_id == Account.id)
        told = db.scalars(overdue.where(Notice.kind == "correction_overdue").order_by(Account.username)).all()
    assert told == ["ana", "hana"]


def notices(database: Database) -> list[tuple[str, str]]:
    with database.reading() as db:
        rows = sa.select(Account.username, Notice.kind).join(Notice, Notice.account_id == Account.id)
        return [(row.username, row.kind.value) for row in db.execute(rows.order_by(Notice.id))]


def test_whoever_has_it_and_the_person_hear_of_each_step(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    press(database, "ana", request_id, corrections.accept)
    press(database, "hana", request_id, corrections.accept)
    assert notices(database) == [
        ("ana", "correction_waiting"),
        ("ben", "correction_decided"),
        ("hana", "correction_waiting"),
        ("ben", "correction_decided"),
    ]
    with database.reading() as db:
        assert (
            db.scalars(sa.select(Notice.id).where(Notice.kind == "correction_waiting", Notice.read_at.is_(None))).all()
            == []
        )


def hr_corrects(database: Database, me: Viewer, *wishes: Wish, note: str = "") -> None:
    hana = viewer_of(database, "hana")
    for wish in wishes:
        given = {"day": FRIDAY, "wish": wish, "reason": CorrectionReason.FORGOT, "note": note}
        with database.transaction() as db:
            officer = recap.officer_for(db, hana, me.officer_id, FRIDAY)
            corrections.add(db, hana, officer, idempotency_key=str(uuid4()), now=MORNING, **given)  # type: ignore[arg-type]


def test_what_hr_corrects_by_itself_settles_the_request_about_the_same(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    hr_corrects(database, friday, Wish(CorrectionKind.CHECK_OUT, time(15, 30)), note="Buku tamu")
    one = seen(database, "ben", request_id)
    last = (one.last.kind, one.last.by, one.last.reason, one.last.note)
    assert last == (RequestStep.SETTLED, "Hana Tendean", CorrectionReason.FORGOT, "Buku tamu")
    assert (one.standing, one.is_open, count(database, WaitingRequest)) == (Standing.SETTLED, False, 0)
    assert notices(database) == [("ana", "correction_waiting"), ("ben", "correction_decided")]
    with database.reading() as db:
        told = db.execute(sa.select(Notice.params, Notice.address, Notice.read_at).order_by(Notice.id)).all()
    assert (told[0].read_at, told[1].read_at) == (MORNING, None)
    assert (told[1].params["what"], told[1].address) == ("entered", f"/corrections/{request_id}")
    with pytest.raises(Conflict, match="Hana Tendean has corrected"):
        press(database, "ana", request_id, corrections.accept, turn=1)


def test_what_hr_corrects_about_something_else_leaves_the_request_open(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    hr_corrects(database, friday, Wish(CorrectionKind.MODE, mode=WorkMode.HOME))
    assert seen(database, "ben", request_id).is_open
    assert ("ben", "correction_decided") in notices(database)


def test_a_check_in_with_its_check_out_is_settled_once_both_are_corrected(database: Database, friday: Viewer) -> None:
    both = (Wish(CorrectionKind.CHECK_IN, time(7, 25), WorkMode.OFFICE), Wish(CorrectionKind.CHECK_OUT, time(16, 2)))
    request_id = asked(database, friday, wishes=both)
    hr_corrects(database, friday, both[0])
    assert seen(database, "ben", request_id).is_open
    hr_corrects(database, friday, both[1])
    assert seen(database, "ben", request_id).standing is Standing.SETTLED


def test_a_correction_of_the_whole_day_settles_everything_asked_about_it(database: Database, friday: Viewer) -> None:
    first, second = (
        asked(database, friday),
        asked(database, friday, wishes=(Wish(CorrectionKind.MODE, mode=WorkMode.HOME),)),
    )
    hr_corrects(database, friday, Wish(CorrectionKind.LEAVE))
    found = [seen(database, "ben", one).last for one in (first, second)]
    assert [(one.kind, one.reason) for one in found] == [(RequestStep.SETTLED, CorrectionReason.FORGOT)] * 2


def test_of_a_decision_and_a_correction_at_once_one_is_told(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    hana = viewer_of(database, "hana")

    def correct(db: Any) -> None:
        given = {"day": FRIDAY, "wish": OUT[0], "reason": CorrectionReason.FORGOT, "note": ""}
        officer = recap.officer_for(db, hana, friday.officer_id, FRIDAY)
        corrections.add(db, hana, officer, idempotency_key=str(uuid4()), now=MORNING, **given)  # type: ignore[arg-type]

    with pytest.raises(Conflict, match="sudah mengoreksi hari ini"):
        race(database, correct, lambda: press(database, "ana", request_id, corrections.decline, note="Tidak", turn=1))
    assert seen(database, "ben", request_id).standing is Standing.SETTLED


# To whom it goes


def test_without_a_superior_it_goes_to_hr(database: Database, friday: Viewer) -> None:
    below(database, "ben", None)
    assert ask(database, friday).decider == corrections.Decider(None, None, "none")
    assert len(waits(database, "hana")) == 1


def test_past_a_superior_who_has_left_it_goes_to_the_one_above(database: Database, friday: Viewer) -> None:
    ana = viewer_of(database, "ana").officer_id
    below(database, "ana", "dewi")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ana).values(active_to=FRIDAY))
    sent = ask(database, friday)
    assert sent.decider is not None
    assert sent.decider.superior is not None
    assert sent.decider.superior.name == "Dewi Ondang"


def test_a_superior_on_leave_until_the_deadline_is_passed_by_and_one_who_is_back_before_is_not(
    database: Database, friday: Viewer
) -> None:
    below(database, "ana", None)
    hana, ana = viewer_of(database, "hana"), viewer_of(database, "ana").officer_id
    with database.transaction() as db:
        plan_range(db, hana, ana, TODAY, date(2026, 11, 25))
    first = ask(database, friday)
    assert first.decider is not None
    assert first.decider.superior is not None
    with database.transaction() as db:
        plan_range(db, hana, ana, date(2026, 11, 26))
    wish = (Wish(CorrectionKind.MODE, mode=days.record.WorkMode.HOME),)
    assert ask(database, friday, wishes=wish).decider == corrections.Decider(None, None, "away")


def test_a_superior_without_an_account_that_is_open_cannot_be_asked(database: Database, friday: Viewer) -> None:
    below(database, "ana", None)
    with database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "ana").values(disabled_at=MORNING))
    sent = ask(database, friday)
    assert sent.decider == corrections.Decider(None, None, "left")


def test_a_superior_who_leaves_afterwards_keeps_nothing_from_hr(database: Database, friday: Viewer) -> None:
    decide_within(database, None)
    request_id = asked(database, friday)
    ana = viewer_of(database, "ana").officer_id
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == ana).values(active_to=TODAY))
    tomorrow = MORNING + timedelta(days=1)
    assert seen(database, "ben", request_id, now=tomorrow).standing is Standing.HR
    assert waits(database, "hana", now=tomorrow) == [request_id]


def test_it_is_the_superior_of_that_day_whoever_it_is_today(database: Database, friday: Viewer) -> None:
    tia = viewer_of(database, "tia").officer_id
    with database.transaction() as db:
        from tests.conftest import add_posting

        add_posting(db, friday.officer_id, TODAY, superior_id=tia)
    sent = ask(database, friday)
    assert sent.decider is not None
    assert sent.decider.superior is not None
    assert sent.decider.superior.name == "Ana Kaunang"


def test_it_is_passed_on_upwards_or_to_hr_with_a_time_of_its_own(database: Database, friday: Viewer) -> None:
    below(database, "ana", "dewi")
    dewi, tia = (viewer_of(database, name).officer_id for name in ("dewi", "tia"))
    request_id = asked(database, friday)
    with pytest.raises(Refused) as refused:
        press(database, "ana", request_id, corrections.pass_on, to=tia)
    assert refused.value.field == "to"
    tomorrow = MORNING + timedelta(days=1)
    press(database, "ana", request_id, corrections.pass_on, to=dewi, now=tomorrow)
    assert (waits(database, "dewi"), waits(database, "ana")) == ([request_id], [])
    assert seen(database, "dewi", request_id).last.decide_by == date(2026, 11, 27)
    press(database, "dewi", request_id, corrections.pass_on, to=None)
    assert waits(database, "hana") == [request_id]


# Nobody decides on the own day


def test_hr_asks_like_everybody_and_the_head_confirms_where_she_is_alone(database: Database, friday: Viewer) -> None:
    hana = viewer_of(database, "hana")
    put_mark(database, hana, hana.officer_id or 0, FRIDAY, "07:20", MarkKind.CHECK_IN)
    below(database, "hana", None)
    request_id = asked(database, hana)
    assert (waits(database, "hana"), waits(database, "dewi")) == ([], [request_id])
    with pytest.raises(Forbidden, match="Nobody decides on the own day"):
        press(database, "hana", request_id, corrections.accept)
    assert press(database, "dewi", request_id, corrections.accept).kind is RequestStep.CONFIRMED


def test_with_a_second_hr_account_that_one_confirms(database: Database, friday: Viewer) -> None:
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        office = db.get_one(Office, hana.office_id)
        add_account(db, add_officer(db, office, number="77", name="Ira Kedua", position="Analis"), "ira", Role.HR)
    put_mark(database, hana, hana.officer_id or 0, FRIDAY, "07:20", MarkKind.CHECK_IN)
    below(database, "hana", None)
    request_id = asked(database, hana)
    assert (waits(database, "dewi"), waits(database, "ira")) == ([], [request_id])
    assert press(database, "ira", request_id, corrections.accept).kind is RequestStep.CONFIRMED


def test_where_the_superior_is_hr_one_word_is_enough(database: Database, friday: Viewer) -> None:
    below(database, "ben", "hana")
    request_id = asked(database, friday)
    assert press(database, "hana", request_id, corrections.accept).kind is RequestStep.CONFIRMED
    assert record(database, friday).last is not None


@pytest.mark.parametrize("username", ["tia", "cy", "adi", "dewi", "hana"])
def test_nobody_decides_who_was_not_asked(database: Database, friday: Viewer, username: str) -> None:
    request_id = asked(database, friday)
    me = viewer_of(database, username)
    with database.transaction() as db, pytest.raises(Forbidden):
        corrections.accept(db, me, request_id, Press(1, "x" * 16, "", "k" * 36), now=MORNING)
    assert seen(database, "ben", request_id).turn == 1


def test_another_office_knows_nothing_of_it_and_colleagues_may_not_look(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    for username, error in (("oka", NotFound), ("tia", Forbidden), ("cy", Forbidden)):
        with pytest.raises(error):
            seen(database, username, request_id)
    for username in ("ben", "ana", "dewi", "hana", "adi"):
        assert seen(database, username, request_id).id == request_id


# What cannot be asked


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"day": TODAY + timedelta(days=1)}, "date"),
        ({"wishes": (Wish(CorrectionKind.ABSENT),)}, "kind"),
        ({"wishes": (Wish(CorrectionKind.CHECK_OUT),)}, "time"),
        ({"wishes": (Wish(CorrectionKind.MODE),)}, "mode"),
        ({"wishes": (Wish(CorrectionKind.CHECK_OUT, time(7, 30)),)}, "time"),
        ({"day": TODAY, "wishes": (Wish(CorrectionKind.CHECK_IN, time(23, 0)),)}, "time"),
        (
            {
                "day": date(2026, 11, 19),
                "wishes": (Wish(CorrectionKind.CHECK_IN, time(9)), Wish(CorrectionKind.CHECK_OUT, time(8))),
            },
            "until",
        ),
        ({"day": date(2019, 5, 6)}, "date"),
    ],
)
def test_what_cannot_have_been_is_refused_beside_its_field(
    database: Database, friday: Viewer, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        ask(database, friday, **({"shown": "x" * 16} | facts))
    assert refused.value.field == field
    assert count(database, CorrectionRequest) == count(database, WaitingRequest) == 0


def test_nobody_asks_for_somebody_else(database: Database, friday: Viewer) -> None:
    with pytest.raises(Forbidden):
        ask(database, viewer_of(database, "ana"), officer_id=friday.officer_id)


def test_nothing_is_sent_before_what_the_day_becomes_was_shown_as_it_is(database: Database, friday: Viewer) -> None:
    with database.reading() as db:
        officer = recap.officer_for(db, friday, friday.officer_id, FRIDAY)
        shown = corrections.shown_version(_facts(db, friday, officer, FRIDAY, MORNING), OUT)
    put_mark(database, friday, friday.officer_id or 0, FRIDAY, "12:00", MarkKind.CHECK_OUT)
    assert ask(database, friday, shown=shown).request_id is None
    other = (Wish(CorrectionKind.CHECK_OUT, time(16, 3)),)
    assert ask(database, friday, shown=shown, wishes=other).request_id is None
    assert count(database, CorrectionRequest) == 0


# Twice, and at once


def test_the_same_press_twice_is_one_request_and_a_changed_one_is_told(database: Database, friday: Viewer) -> None:
    key = str(uuid4())
    first = ask(database, friday, idempotency_key=key)
    again = ask(database, friday, idempotency_key=key, shown="other-version-16")
    assert (again.request_id, first.first, again.first) == (first.request_id, True, False)
    with pytest.raises(Conflict, match="sent before with other words"):
        ask(database, friday, idempotency_key=key, note="Lain")
    assert count(database, CorrectionRequest) == 1


def test_the_same_kind_is_asked_once_until_it_is_decided(database: Database, friday: Viewer) -> None:
    asked(database, friday)
    with pytest.raises(Conflict) as refused:
        ask(database, friday, wishes=(Wish(CorrectionKind.CHECK_OUT, time(15)),))
    assert refused.value.field == "kind"
    asked(database, friday, wishes=(Wish(CorrectionKind.LEAVE),))


def test_of_two_tabs_that_ask_at_once_one_is_told(database: Database, friday: Viewer) -> None:
    officer_id = friday.officer_id

    def first(db: Any) -> None:
        officer = recap.officer_for(db, friday, officer_id, FRIDAY)
        shown = corrections.shown_version(_facts(db, friday, officer, FRIDAY, MORNING), OUT)
        given = {"reason": CorrectionReason.FORGOT, "note": "x", "shown": shown, "idempotency_key": str(uuid4())}
        corrections.ask(db, friday, officer, day=FRIDAY, wishes=OUT, now=MORNING, **given)

    with pytest.raises(Conflict):
        race(database, first, lambda: ask(database, friday))
    assert count(database, CorrectionRequest) == count(database, WaitingRequest) == 1


def test_the_same_decision_twice_answers_like_the_first_time(database: Database, friday: Viewer) -> None:
    request_id, key = asked(database, friday), str(uuid4())
    assert press(database, "ana", request_id, corrections.accept, idempotency_key=key, turn=1).first
    again = press(database, "ana", request_id, corrections.accept, idempotency_key=key, turn=1)
    assert (again.first, again.kind) == (False, RequestStep.ACCEPTED)
    key = str(uuid4())
    for first in (True, False):
        done = press(database, "hana", request_id, corrections.accept, idempotency_key=key, turn=2)
        assert (done.first, done.kind) == (first, RequestStep.CONFIRMED)
    assert count(database, Correction) == 1


def test_of_two_who_decide_at_once_the_second_is_told_who_was_quicker(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    ana = viewer_of(database, "ana")

    def decline(db: Any) -> None:
        corrections.decline(db, ana, request_id, Press(1, "", "Tidak", str(uuid4())), now=MORNING)

    with pytest.raises(
        Conflict, match="Ana Kaunang sudah menolak permintaan ini"
    ):  # a thread of its own speaks Indonesian
        race(database, decline, lambda: press(database, "ben", request_id, corrections.withdraw, turn=1))
    assert (count(database, CorrectionStep), count(database, WaitingRequest)) == (2, 0)


def test_a_withdrawal_that_was_quicker_leaves_nothing_to_confirm(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    press(database, "ana", request_id, corrections.accept)

    def take_back(db: Any) -> None:
        corrections.withdraw(db, friday, request_id, Press(2, "", "", str(uuid4())), now=MORNING)

    with pytest.raises(Conflict, match="Ben Tumiwa sudah menarik permintaan ini"):
        race(database, take_back, lambda: press(database, "hana", request_id, corrections.accept, turn=2))
    assert count(database, Correction) == 0


def test_whoever_decides_on_an_older_picture_of_the_day_is_told(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    with database.reading() as db:
        one = corrections.request_for(db, friday, request_id, now=MORNING)
        before = corrections.facts_version(corrections.facts_of(db, friday, one, now=MORNING))
    put_mark(database, friday, friday.officer_id or 0, FRIDAY, "12:00", MarkKind.CHECK_OUT)
    with pytest.raises(Conflict, match="The day has changed meanwhile"):
        press(database, "ana", request_id, corrections.accept, seen=before)
    assert press(database, "ana", request_id, corrections.accept).first


def test_what_can_be_no_more_is_refused_in_words_and_may_still_be_declined(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday, wishes=(Wish(CorrectionKind.CHECK_OUT, time(12, 0)),))
    hana = viewer_of(database, "hana")
    with database.transaction() as db:
        officer = recap.officer_for(db, hana, friday.officer_id, FRIDAY)
        wish = Wish(CorrectionKind.CHECK_IN, time(13, 0))
        because = {"reason": CorrectionReason.FORGOT, "note": "x", "idempotency_key": str(uuid4())}
        corrections.add(db, hana, officer, day=FRIDAY, wish=wish, now=MORNING, **because)
    with pytest.raises(Refused, match="cannot be before the check-in at 13:00"):
        press(database, "ana", request_id, corrections.accept)
    assert press(database, "ana", request_id, corrections.decline, note="Sudah dikoreksi").first


def test_the_trail_tells_every_step_and_never_what_was_written(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday, note="Ada surat dokter")
    press(database, "ana", request_id, corrections.accept, note="Benar, dokter")
    press(database, "hana", request_id, corrections.accept)
    with database.reading() as db:
        events = db.scalars(
            sa.select(AuditEvent).where(AuditEvent.verb.startswith("correction.")).order_by(AuditEvent.id)
        ).all()
    assert [event.verb for event in events] == [
        "correction.asked",
        "correction.accepted",
        "correction.confirmed",
        "correction.added",
    ]
    assert {event.subject_id for event in events} == {friday.officer_id}
    assert "dokter" not in str([event.facts for event in events])


def test_what_i_asked_for_and_what_my_people_asked_for_are_listed(database: Database, friday: Viewer) -> None:
    request_id = asked(database, friday)
    span = (date(2026, 11, 1), date(2026, 11, 30))
    with database.reading() as db:
        assert [one.id for one in corrections.mine(db, friday, *span, now=MORNING)] == [request_id]
        december = (date(2026, 12, 1), date(2026, 12, 31))
        assert len(corrections.mine(db, friday, *december, now=MORNING)) == 1, "what is open is there in any month"
        for username, seen_by in (("ana", 1), ("hana", 1), ("dewi", 1), ("tia", 0), ("cy", 0), ("oka", 0)):
            assert len(corrections.of_scope(db, viewer_of(database, username), *span, now=MORNING)) == seen_by


def test_every_error_is_one_that_people_are_told(database: Database, friday: Viewer) -> None:
    with pytest.raises(StaffHubError) as told:
        seen(database, "ben", 4711)
    assert told.value.status == 404
