"""Swaps of turns: who may take whose, what is applied, what is told, and what came in between."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    DutySwap,
    DutySwapStep,
    EmploymentType,
    HomeOnly,
    Notice,
    NoticeKind,
    Office,
    Officer,
    PlanLayer,
    PlanMode,
    Posting,
    RosterAct,
    RosterStep,
    RuleKind,
    RuleSet,
    SwapState,
)
from staffhub.roster import drafts, grants, plan, publishing, swap_lists, swaps
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, add_account, add_officer, add_posting, plan_range, race, viewer_of

GIVES = TODAY + timedelta(days=2)
TAKES = TODAY + timedelta(days=3)
DUTY_HOME = {"mode": PlanMode.HOME, "layer": PlanLayer.ROSTER}


class Office2:
    """Ben and Gil, PNS of one bidang: Ben has the turn of Wednesday, Gil that of Thursday; the other is at home."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ana, self.ben = viewer_of(database, "ana"), viewer_of(database, "ben")
        with database.transaction() as db:
            office = db.get(Office, self.ben.office_id)
            assert office
            gil = add_officer(
                db, office, number="77", name="Gil Rondonuwu", employment_type=EmploymentType.PNS,
                division_id=self.ben.division_id, superior_id=self.ana.officer_id, position="Pengelola data",
            )  # fmt: skip
            add_account(db, gil, "gil")
            plan_range(db, self.ana, gil.id, GIVES, **DUTY_HOME)
            plan_range(db, self.ana, self.ben.officer_id, TAKES, **DUTY_HOME)
        self.gil = viewer_of(database, "gil")

    def ask(self, me: Viewer | None = None, whom: Viewer | None = None, **other: Any) -> swaps.Done:
        facts = {"gives": GIVES, "takes": TAKES, "key": "first-press", "now": MORNING} | other
        with self.database.transaction() as db:
            return swaps.ask(db, me or self.ben, colleague_id=(whom or self.gil).officer_id or 0, **facts)

    def press(self, verb: Callable[..., swaps.Done], me: Viewer, swap_id: int, **other: Any) -> swaps.Done:
        with self.database.transaction() as db:
            return verb(db, me, swap_id, **{"now": MORNING} | other)

    def modes(self) -> list[str]:
        """Where Ben and Gil are on the two days."""
        with self.database.reading() as db:
            book = workdays.plans(db, self.ben.office_id, GIVES, TAKES)
            people = (self.ben.officer_id or 0, self.gil.officer_id or 0)
            return [str(book.of(who, day).mode) for day in (GIVES, TAKES) for who in people]

    def told(self, me: Viewer) -> list[tuple[str, str | None]]:
        with self.database.reading() as db:
            found = db.scalars(sa.select(Notice).where(Notice.account_id == me.account_id).order_by(Notice.id))
            return [(one.kind.value, one.params.get("what")) for one in found]

    def why_not(self, whom: Viewer) -> str:
        """Why somebody cannot take Ben's turn; "able" who can, "" who is not named."""
        with self.database.reading() as db:
            offer = swap_lists.offer(db, self.ben, GIVES, now=MORNING)
        if any(one.officer_id == whom.officer_id for one in offer.able):
            return "able"
        return next((why for why, names, _more in offer.others if whom.name in names), "")


BEFORE = ["office", "home", "home", "office"]
AFTER = ["home", "office", "office", "home"]


@pytest.fixture
def two(database: Database) -> Office2:
    return Office2(database)


def test_an_accepted_swap_changes_both_days_for_both_and_each_side_is_told(two: Office2) -> None:
    asked = two.ask()
    assert two.modes() == BEFORE, "nothing changes before the answer"
    assert two.told(two.gil) == [("duty_swap_asked", None)]
    assert two.press(swaps.accept, two.gil, asked.swap_id).first_time
    assert two.modes() == AFTER
    assert two.told(two.ben) == [("duty_swap_changed", "accepted")]
    assert two.told(two.ana) == [("duty_swap_changed", "applied")]
    assert not two.press(swaps.accept, two.gil, asked.swap_id).first_time, "a second tap"
    with two.database.reading() as db:
        steps = db.scalars(sa.select(DutySwapStep).order_by(DutySwapStep.turn)).all()
        assert [step.state for step in steps] == [SwapState.ASKED, SwapState.APPLIED]
        assert len(steps[1].grants) == 4
        unread = sa.select(Notice).where(Notice.kind == NoticeKind.DUTY_SWAP_ASKED, Notice.read_at.is_(None))
        assert db.scalar(unread) is None, "what was asked is answered"


def test_the_desk_goes_with_the_turn(two: Office2) -> None:
    desk = viewer_of(two.database, "cy").division_id
    with two.database.transaction() as db:
        plan_range(
            db, two.ana, two.ben.officer_id, GIVES, mode=PlanMode.OFFICE, layer=PlanLayer.ROSTER, desk_id=desk
        )  # fmt: skip
    two.press(swaps.accept, two.gil, two.ask(takes=None).swap_id)
    with two.database.reading() as db:
        book = workdays.plans(db, two.ben.office_id, GIVES, GIVES)
        assert book.of(two.gil.officer_id or 0, GIVES).desk == desk
        assert book.of(two.ben.officer_id or 0, GIVES).mode is PlanMode.HOME


def _rule(two: Office2, **values: Any) -> None:
    """An order of flexible work of Thursday, when Gil has the turn."""
    with two.database.transaction() as db:
        own = {"legal_source": "SE 2/2026", "owner": "Hana", "valid_to": TAKES, "kind": RuleKind.FLEXIBLE}
        db.add(RuleSet(office_id=1, valid_from=TAKES, values={"document": "SE 2/2026"} | values, **own))


def test_who_must_be_in_the_office_by_an_order_gives_no_turn_away(two: Office2) -> None:
    asked = two.ask()
    _rule(two, most_home=50, excluded_positions="pengelola data")
    said = r"Gil Rondonuwu, 26 November 2026: harus berada di kantor saat itu \(SE 2/2026\)"
    with pytest.raises(Refused, match=said):
        two.press(swaps.accept, two.gil, asked.swap_id)
    assert two.modes() == BEFORE
    with two.database.reading() as db:
        offer = swap_lists.offer(db, two.ben, GIVES, now=MORNING)
        assert TAKES not in swap_lists.my_turns(db, two.gil, now=MORNING)
    (gil,) = offer.able
    assert TAKES not in gil.back, "his turn of Thursday is not for swapping"


def test_one_of_the_highest_levels_gives_no_turn_away(two: Office2) -> None:
    with two.database.transaction() as db:
        rule = db.scalars(sa.select(RuleSet).where(RuleSet.office_id == 1, RuleSet.kind == RuleKind.COVERAGE)).one()
        rule.values = rule.values | {"levels": 2}
    with two.database.reading() as db:
        assert swap_lists.my_turns(db, two.ana, now=MORNING) == []
        with pytest.raises(Refused, match=r"harus berada di kantor saat itu \(Pimpinan\)"):
            swap_lists.offer(db, two.ana, GIVES, now=MORNING)


def test_two_taps_ask_once_and_a_second_wish_for_the_day_is_refused(two: Office2) -> None:
    first = two.ask()
    assert two.ask() == swaps.Done(first.swap_id, first_time=False)
    assert two.ask(key="another-tab") == swaps.Done(first.swap_id, first_time=False)
    with pytest.raises(Conflict, match="isi lain"):
        two.ask(takes=None)
    with pytest.raises(Refused, match="sudah meminta seorang rekan"):
        two.ask(takes=None, key="another-wish")


def test_of_two_who_ask_each_other_at_once_the_second_is_told_to_answer(two: Office2) -> None:
    def first(db: Any) -> None:
        swaps.ask(
            db, two.ben, colleague_id=two.gil.officer_id or 0, gives=GIVES, takes=TAKES, key="bens-key", now=MORNING
        )  # fmt: skip

    with pytest.raises(Refused, match="baru saja meminta Anda"):
        race(two.database, first, lambda: two.ask(two.gil, two.ben, gives=TAKES, takes=GIVES, key="gils-key"))


def test_a_colleague_who_has_just_asked_for_the_day_is_not_offered_until_that_is_answered(two: Office2) -> None:
    asked = two.ask(two.gil, two.ben, gives=TAKES, takes=GIVES)
    assert two.why_not(two.gil).startswith("baru saja meminta Anda bertukar hari ini")
    two.press(swaps.decline, two.ben, asked.swap_id)
    assert two.why_not(two.gil) == "able"
    two.ask(two.gil, two.ben, gives=TAKES, takes=None, key="for-nothing")
    with two.database.reading() as db:
        offer = swap_lists.offer(db, two.ben, GIVES, now=MORNING)
    assert [list(one.back) for one in offer.able] == [[]], (
        "the day that he wants to give does not come back for another"
    )


def test_a_turn_that_somebody_was_asked_to_take_is_not_offered_again_until_it_is_withdrawn(two: Office2) -> None:
    def turns() -> list[date]:
        with two.database.reading() as db:
            return swap_lists.my_turns(db, two.ben, swap_lists.mine(db, two.ben), now=MORNING)

    assert GIVES in turns()
    asked = two.ask()
    assert GIVES not in turns()
    two.press(swaps.withdraw, two.ben, asked.swap_id)
    assert GIVES in turns()


def test_who_withdraws_and_who_accepts_at_once_get_one_outcome(two: Office2) -> None:
    swap_id = two.ask().swap_id
    with pytest.raises(Conflict, match="sudah ditarik"):
        race(
            two.database,
            lambda db: swaps.withdraw(db, two.ben, swap_id, now=MORNING),
            lambda: two.press(swaps.accept, two.gil, swap_id),
        )
    assert two.modes() == BEFORE
    assert two.told(two.gil)[-1] == ("duty_swap_changed", "withdrawn")


def test_a_swap_does_not_hold_once_a_leave_was_approved(two: Office2) -> None:
    swap_id = two.ask().swap_id
    gil = plan.Planned(two.gil.officer_id or 0, "Gil", "", two.gil.division_id, "", may_edit=True)

    def leave(db: Any) -> None:
        grants.grant(db, two.ana, gil, first=GIVES, last=GIVES, mode=PlanMode.LEAVE, now=MORNING)

    with pytest.raises(Refused, match=r"Gil Rondonuwu.*cuti saat itu"):
        race(two.database, leave, lambda: two.press(swaps.accept, two.gil, swap_id))
    assert two.modes()[0] == "office", "Ben keeps the turn"


def test_a_day_that_has_begun_is_swapped_no_more(two: Office2) -> None:
    swap_id = two.ask().swap_id
    at_work = MORNING + timedelta(days=2, minutes=30)
    before_work = MORNING + timedelta(days=2)
    with pytest.raises(Refused, match="sudah dimulai"):
        two.press(swaps.accept, two.gil, swap_id, now=at_work)
    assert two.press(swaps.accept, two.gil, swap_id, now=before_work).first_time, "the day has not begun at 07.12"
    with pytest.raises(Refused, match="sudah dimulai"):
        two.press(swaps.undo, two.ana, swap_id, note="x", now=at_work)


@pytest.mark.parametrize("who", ["ben", "gil"])
def test_who_has_left_or_serves_elsewhere_swaps_no_more(two: Office2, who: str) -> None:
    swap_id = two.ask().swap_id
    leaver = two.ben if who == "ben" else two.gil
    with two.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == leaver.officer_id).values(active_to=TODAY))
    with pytest.raises(Refused, match=rf"{leaver.name}.*tidak lagi bertugas"):
        two.press(swaps.accept, two.gil, swap_id)


def test_who_moved_to_another_bidang_is_nobodys_colleague_then(two: Office2) -> None:
    swap_id = two.ask().swap_id
    with two.database.transaction() as db:
        add_posting(db, two.gil.officer_id, GIVES, division_id=viewer_of_division(db, "civil_registration"))
    with pytest.raises(Refused, match="tidak lagi bertugas"):
        two.press(swaps.accept, two.gil, swap_id)


def viewer_of_division(db: Any, code: str) -> int:
    from staffhub.models import Division

    return int(db.scalar(sa.select(Division.id).where(Division.code == code).order_by(Division.id)))


def test_the_offer_says_why_somebody_cannot_take_a_turn(two: Office2) -> None:
    tia = viewer_of(two.database, "tia")
    assert two.why_not(two.gil) == "able"
    assert two.why_not(tia) == "dari kelompok lain"
    assert two.why_not(two.ana) == "memimpin, dan gilirannya lain"
    assert two.why_not(viewer_of(two.database, "cy")) == "", "of another bidang"
    with two.database.reading() as db:
        offer = swap_lists.offer(db, two.ben, GIVES, now=MORNING)
        assert [list(one.back) for one in offer.able] == [[TAKES]], "a day on which Gil has the turn and Ben is at home"
        assert swap_lists.my_turns(db, two.ben, now=MORNING)[:3] == [TODAY, TODAY + timedelta(days=1), GIVES]
        with pytest.raises(Refused, match="tidak direncanakan di kantor saat itu"):
            swap_lists.offer(db, two.ben, TAKES, now=MORNING)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"mode": PlanMode.LEAVE}, "cuti saat itu"),
        ({"mode": PlanMode.FIELD, "layer": PlanLayer.DUTY}, "dinas luar saat itu"),
        ({"mode": PlanMode.OFFICE, "layer": PlanLayer.HAND}, "memang sudah di kantor saat itu"),
        ({"mode": PlanMode.HOME, "layer": PlanLayer.HAND}, "bekerja dari rumah saat itu menurut kesepakatan"),
        ({"mode": PlanMode.LEAVE, "part": "morning"}, "cuti setengah hari itu"),
    ],
)
def test_what_stands_in_the_plan_of_a_colleague_is_why_not(two: Office2, facts: dict[str, Any], why: str) -> None:
    with two.database.transaction() as db:
        plan_range(db, two.ana, two.gil.officer_id, GIVES, **facts)
    assert two.why_not(two.gil) == why


def test_who_stays_home_by_a_letter_is_told_in_the_words_of_any_arrangement(two: Office2) -> None:
    with two.database.transaction() as db:
        db.add(HomeOnly(office_id=two.ana.office_id, officer_id=two.gil.officer_id, first=TODAY, last=TAKES, version=1,
                        document="445/1", created_at=MORNING, idempotency_key="a-letter"))  # fmt: skip
    assert two.why_not(two.gil) == "bekerja dari rumah saat itu menurut kesepakatan"


def test_the_superior_undoes_a_swap_and_the_plan_is_as_it_was(two: Office2) -> None:
    swap_id = two.ask().swap_id
    with pytest.raises(Conflict):
        two.press(swaps.undo, two.ana, swap_id, note="")
    two.press(swaps.accept, two.gil, swap_id)
    for party in (two.ben, two.gil, viewer_of(two.database, "tia")):
        with pytest.raises(Forbidden):
            two.press(swaps.undo, party, swap_id, note="")
    assert two.press(swaps.undo, two.ana, swap_id, note="Ben saja").first_time
    assert not two.press(swaps.undo, two.ana, swap_id, note="Ben saja").first_time
    assert two.modes() == BEFORE
    for party in (two.ben, two.gil):
        assert two.told(party)[-1] == ("duty_swap_changed", "undone")
    with pytest.raises(Conflict, match="dibatalkan"):
        two.press(swaps.accept, two.gil, swap_id)


def test_a_superior_who_is_on_leave_is_told_and_so_is_the_one_above(two: Office2) -> None:
    with two.database.transaction() as db:
        plan_range(db, two.ana, two.ana.officer_id, TODAY)
    two.press(swaps.accept, two.gil, two.ask().swap_id)
    assert two.told(viewer_of(two.database, "dewi")) == [("duty_swap_changed", "applied")]


def test_past_superiors_who_are_all_away_the_first_one_who_is_there_is_told(two: Office2) -> None:
    """Above Ana stands Cy, who is on leave as she is, and above Cy stands Dewi."""
    dewi, cy = (viewer_of(two.database, name) for name in ("dewi", "cy"))
    with two.database.transaction() as db:
        for below, above in ((two.gil, two.ana), (two.ben, two.ana), (two.ana, cy), (cy, dewi)):
            mine = Posting.officer_id == below.officer_id
            db.execute(sa.update(Posting).where(mine).values(superior_id=above.officer_id))
        for away in (two.ana, cy):
            plan_range(db, two.ana, away.officer_id, TODAY)
    two.press(swaps.accept, two.gil, two.ask().swap_id)
    assert two.told(dewi) == [("duty_swap_changed", "applied")]


def test_a_decline_is_told_and_the_day_may_be_asked_for_again(two: Office2) -> None:
    swap_id = two.ask().swap_id
    for stranger in (two.ben, two.ana):
        with pytest.raises(Forbidden):
            two.press(swaps.decline, stranger, swap_id)
    two.press(swaps.decline, two.gil, swap_id, note="Ada acara")
    assert two.told(two.ben) == [("duty_swap_changed", "declined")]
    assert two.ask(key="asked-again").swap_id != swap_id


def test_a_draft_takes_the_swap_along_and_publishing_it_leaves_the_swap(two: Office2) -> None:
    month, ben, gil = GIVES.replace(day=1), two.ben.officer_id or 0, two.gil.officer_id or 0
    with two.database.transaction() as db:
        draft = drafts.draft_for(db, two.ana, two.ben.division_id or 0, month, today=TODAY, edit=True)
        cells = {
            (ben, GIVES): drafts.Cell(PlanMode.OFFICE),
            (gil, GIVES): drafts.Cell(PlanMode.HOME),
            (ben, TAKES): drafts.Cell(PlanMode.HOME),
            (gil, TAKES): drafts.Cell(PlanMode.OFFICE),
        }
        drafts.write(db, two.ana, draft, cells, act=RosterAct.PROPOSED, version=0, now=MORNING)
    two.press(swaps.accept, two.gil, two.ask().swap_id)
    with two.database.transaction() as db:
        draft = drafts.read(db, two.ana.office_id, two.ben.division_id or 0, month)
        assert draft.cells[gil, GIVES] == drafts.Cell(PlanMode.OFFICE, locked=True)
        assert db.scalar(sa.select(RosterStep.act).where(RosterStep.turn == 2)) is RosterAct.SWAPPED
        publishing.publish(db, two.ana, draft, version=draft.version, now=MORNING)
    assert two.modes() == AFTER


def test_no_line_of_the_history_is_changed(two: Office2) -> None:
    two.ask()
    with pytest.raises(sa.exc.DBAPIError), two.database.transaction() as db:
        db.execute(sa.update(DutySwapStep).values(note="x"))
    with two.database.reading() as db:
        assert db.scalar(sa.select(DutySwap.version)) == 1
