"""Leave: what somebody has of it, who decides, and what becomes of the plan; every rule a row, the clock passed in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import leave, workdays
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.leave import Letter, Wish
from staffhub.models import (
    Account,
    DayPart,
    Holiday,
    HolidayKind,
    LeaveDelegate,
    LeaveRequest,
    LeaveState,
    LeaveStep,
    Notice,
    Officer,
    PlanEntry,
    PlanLayer,
    PlanMode,
    Posting,
    RuleKind,
    RuleSet,
)
from staffhub.security import Viewer
from tests.conftest import CAST, MORNING, TODAY, add_posting, plan_range, race, viewer_of

# Monday to Wednesday of the week after.
FIRST, LAST = date(2026, 11, 30), date(2026, 12, 2)
ANNUAL = Wish("annual", FIRST, LAST, note="Menjenguk orang tua")


class Office:
    """The cast with Ana above Ben and Tia, and Dewi, the head, above Ana and the rest."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.viewers: dict[str, Viewer] = {name: viewer_of(database, name) for name in CAST}
        with database.transaction() as db:
            under = sa.select(Account.officer_id).where(Account.username.in_(("ben", "tia")))
            db.execute(sa.update(Posting).where(Posting.officer_id.in_(under)).values(superior_id=self.id("ana")))

    def me(self, name: str) -> Viewer:
        return self.viewers[name]

    def id(self, name: str) -> int:
        found = self.me(name).officer_id
        assert found is not None
        return found

    def do(self, verb: Callable[..., Any], name: str, *given: Any, **facts: Any) -> Any:
        with self.database.transaction() as db:
            return verb(db, self.me(name), *given, **{"now": MORNING} | facts)

    def ask(self, name: str = "ben", wish: Wish = ANNUAL, **facts: Any) -> int:
        sent: leave.Sent = self.do(leave.ask, name, wish, **{"key": str(uuid4())} | facts)
        return sent.leave_id

    def granted(self, name: str = "ben", wish: Wish = ANNUAL, by: str = "dewi", **facts: Any) -> int:
        leave_id = self.ask(name, wish, **facts)
        with self.database.reading() as db:
            one = leave.leave_for(db, self.me(name), leave_id, now=facts.get("now", MORNING))
        if one.turn.what == "agree" and not one.turn.may_grant(self.id(by)):
            self.do(leave.agree, "ana", leave_id, **facts)
        self.do(leave.grant, by, leave_id, **facts)
        return leave_id

    def paper(self, name: str, wish: Wish, letter: Letter | None = None, **facts: Any) -> int:
        letter = letter or Letter("850/12/2026")
        sent = self.do(leave.enter_paper, "hana", self.id(name), wish, letter, **{"key": str(uuid4())} | facts)
        assert isinstance(sent, leave.Sent)
        return sent.leave_id

    def see(self, leave_id: int, name: str = "ben", **facts: Any) -> leave.Leave:
        with self.database.reading() as db:
            return leave.leave_for(db, self.me(name), leave_id, **{"now": MORNING} | facts)

    def balance(self, name: str, kind: str = "annual", year: int = 2026, today: date = TODAY) -> leave.Balance:
        with self.database.reading() as db:
            return leave.balance(db, self.me(name).office_id, self.id(name), kind, year, today=today)

    def look(self, name: str, wish: Wish, **facts: Any) -> leave.Outlook:
        with self.database.reading() as db:
            asked = {"today": TODAY} | facts
            return leave.outlook(db, self.me(name).office_id, self.id(name), wish, **asked)

    def plan(self, name: str, first: date, last: date) -> list[PlanMode | None]:
        with self.database.reading() as db:
            book = workdays.plans(db, self.me(name).office_id, first, last, officers=[self.id(name)])
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            return [book.of(self.id(name), day).mode for day in days]

    def plan_of(self, name: str, day: date) -> workdays.Plan:
        with self.database.reading() as db:
            return workdays.plans(db, self.me(name).office_id, day, day).of(self.id(name), day)

    def gaps(self, leave_id: int) -> list[leave.around.Gap]:
        with self.database.reading() as db:
            one = leave.leave_for(db, self.me("dewi"), leave_id, now=MORNING)
            people = leave.around.colleagues(db, self.me("dewi"), one)
            ids = [person.officer_id for person in people]
            known = leave.ledger(db, self.me("dewi").office_id, one.officer_id, [2026], colleagues=ids)
            return leave.around.gaps(db, self.me("dewi"), one, known.book, people)

    def rule(self, subject: str, groups: list[str] | None, valid_from: date, **values: Any) -> None:
        given = {"unit": "working_days", "letter": "C"} | values
        with self.database.transaction() as db:
            db.add(
                RuleSet(
                    office_id=self.me("hana").office_id,
                    kind=RuleKind.LEAVE,
                    subject=subject,
                    groups=groups,
                    valid_from=valid_from,
                    legal_source="SK 1",
                    owner="HR",
                    values=given,
                )
            )


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def _told(found: leave.Outlook) -> set[str]:
    return {one.code for one in found.told}


# What somebody has.


def test_a_quota_is_of_the_kind_of_employment_and_nothing_is_known_without_a_rule(office: Office) -> None:
    assert office.balance("ben").left == 12
    assert office.balance("cy").left == 12, "PPPK"
    tia = office.balance("tia")
    assert (tia.rule, tia.left) == (None, None), "a THL has no rule that anybody confirmed"
    assert "no_rule" in _told(office.look("tia", ANNUAL)), "told, not refused"
    assert office.ask("tia")


def test_working_days_are_counted_by_the_office_calendar_of_that_person(office: Office) -> None:
    wish = Wish("annual", date(2026, 12, 21), date(2027, 1, 3))
    found = office.look("ben", wish)
    assert found.cost == {2026: 7, 2027: 0}, "Christmas, the collective day before it and New Year's day cost nothing"
    assert "holiday" in _told(found)
    with office.database.transaction() as db:
        db.add(Holiday(office_id=office.me("ben").office_id, date=date(2026, 12, 21), name="Hari daerah",
                       kind=HolidayKind.LOCAL, source="SK"))  # fmt: skip
    assert office.look("ben", wish).days == 6


def test_a_rule_that_counts_holidays_counts_every_date(office: Office) -> None:
    found = office.look("ben", Wish("important_reason", date(2026, 12, 21), date(2026, 12, 27)))
    assert found.days == 7
    assert "holiday" in _told(found)
    assert "below_zero" not in _told(found)


def test_what_is_granted_is_used_and_what_waits_is_asked(office: Office) -> None:
    office.granted()
    office.ask("ben", Wish("annual", date(2026, 12, 7), date(2026, 12, 8)))
    found = office.balance("ben")
    assert (found.used, found.asked, found.left) == (3, 2, 7)
    assert office.balance("ben", "sick").used == 0


def test_leave_that_hr_wrote_on_the_plan_page_counts_by_its_kind_and_without_one_is_listed_apart(
    office: Office,
) -> None:
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("ben"), date(2026, 11, 2), date(2026, 11, 3), kind="annual")
        plan_range(db, office.me("hana"), office.id("ben"), date(2026, 11, 9), date(2026, 11, 9))
    assert office.balance("ben").used == 2
    with office.database.reading() as db:
        lines = leave.balances(db, office.me("ben").office_id, office.id("ben"), 2026, today=TODAY)
    assert {line.kind: line.used for line in lines if line.used} == {"annual": 2, "": 1}


def test_a_date_that_two_leaves_cover_is_used_once_by_the_newer_one(office: Office) -> None:
    office.paper("ben", Wish("annual", FIRST, LAST))
    office.paper("ben", Wish("sick", FIRST, FIRST), Letter("SD 1", TODAY, doctor_signed=True))
    assert office.balance("ben").used == 2
    assert office.balance("ben", "sick").used == 1


@pytest.mark.parametrize(("brought", "left"), [(0, 12), (4, 16), (6.5, 18.5), (30, 24)])
def test_what_hr_notes_as_left_over_is_carried_up_to_what_the_rule_allows(
    office: Office, brought: float, left: float
) -> None:
    _open(office, "ben", 2026, brought)
    assert office.balance("ben").left == left


def _open(office: Office, name: str, year: int, days: float, **facts: Any) -> Any:
    given = {"officer_id": office.id(name), "year": year, "days": days, "note": "", "key": str(uuid4())} | facts
    return office.do(leave.settings.open_balance, "hana", **given)


def test_what_is_left_of_a_year_goes_over_into_the_next_up_to_eighteen_and_after_two_unused_years_up_to_24(
    office: Office,
) -> None:
    _open(office, "ben", 2025, 0)
    office.paper("ben", Wish("annual", date(2025, 11, 3), date(2025, 11, 4)))
    assert office.balance("ben", year=2025, today=date(2025, 12, 31)).left == 10
    assert office.balance("ben").carried == 6, "18 in all"
    _open(office, "cy", 2025, 3)
    assert office.balance("cy").carried == 12, "nothing was used of what was brought and of the year: 24 in all"


def test_without_a_note_of_hr_nothing_is_carried_over(office: Office) -> None:
    assert office.balance("ben", year=2026).carried == 0


def test_a_later_note_replaces_an_earlier_one_and_both_stay(office: Office) -> None:
    _open(office, "ben", 2026, 6)
    _open(office, "ben", 2026, 2)
    assert office.balance("ben").carried == 2
    with office.database.reading() as db:
        assert [one.days for one in leave.settings.openings(db, office.me("hana"), 2026)] == [2]


@pytest.mark.parametrize(
    ("facts", "field"),
    [({"year": 1990}, "year"), ({"days": 6.3}, "days"), ({"days": -1}, "days"), ({"officer_id": 10**9}, "officer")],
)
def test_a_wrong_note_of_days_is_refused_beside_its_field(office: Office, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        _open(office, "ben", **{"year": 2026, "days": 1} | facts)
    assert refused.value.field == field


def test_nobody_writes_the_own_balance(office: Office) -> None:
    with pytest.raises(Refused):
        _open(office, "hana", 2026, 6)


def test_the_same_note_twice_is_one_and_another_under_its_key_is_told(office: Office) -> None:
    assert _open(office, "ben", 2026, 6, key="opening-1") is True
    assert _open(office, "ben", 2026, 6, key="opening-1") is False
    with pytest.raises(Conflict):
        _open(office, "ben", 2026, 7, key="opening-1")


def test_of_two_who_note_the_same_balance_the_second_is_told_what_the_first_wrote(office: Office) -> None:
    newest = office.do(lambda db, me, now: leave.settings.newest_opening(db, me), "hana")  # noqa: ARG005
    assert _open(office, "cy", 2026, 1, newest=newest), "somebody else's"
    assert _open(office, "ben", 2026, 6, newest=newest, key="first")
    with pytest.raises(Conflict, match="6 "):
        _open(office, "ben", 2026, 7, newest=newest)
    assert _open(office, "ben", 2026, 6, newest=newest, key="first") is False, "a replay is no conflict"
    assert office.balance("ben").carried == 6
    seen = office.do(lambda db, me, now: leave.settings.newest_opening(db, me), "hana")  # noqa: ARG005
    assert _open(office, "ben", 2026, 5, newest=seen)


def test_annual_leave_in_a_year_of_long_leave_is_told_and_the_other_way_round(office: Office) -> None:
    long = Wish("long", date(2026, 12, 7), date(2026, 12, 18))
    annual = Wish("annual", date(2026, 12, 1), date(2026, 12, 2))
    assert "long_year" not in _told(office.look("ben", annual))
    office.ask("ben", long)
    assert "long_year" in _told(office.look("ben", annual))
    assert "long_year" not in _told(office.look("ben", Wish("annual", date(2027, 1, 4), date(2027, 1, 5))))
    office.paper("ana", annual)
    assert "long_year" in _told(office.look("ana", long, letter=True))
    office.paper("cy", annual)
    assert _told(office.look("cy", long, letter=True)) == {"no_rule"}, "no rule of long leave is for this employment"


def test_a_rule_that_changes_in_the_middle_of_the_year_counts_each_day_by_its_own(office: Office) -> None:
    with office.database.transaction() as db:
        mine = (RuleSet.subject == "annual") & (RuleSet.office_id == office.me("ben").office_id) & RuleSet.confirmed
        db.execute(sa.update(RuleSet).where(mine).values(valid_to=date(2026, 6, 30)))
    office.rule("annual", ["pns"], date(2026, 7, 1), quota=14, counts_holidays=True)
    office.paper("ben", Wish("annual", date(2026, 6, 5), date(2026, 6, 8)))  # Friday to Monday: two working days
    office.paper("ben", Wish("annual", date(2026, 7, 3), date(2026, 7, 6)))  # Friday to Monday: four dates
    found = office.balance("ben")
    assert (found.quota, found.used) == (14, 6)
    assert office.balance("ben", today=date(2026, 3, 1)).quota == 12, "as it was then"


def test_who_became_a_civil_servant_in_the_middle_of_the_year_has_the_quota_of_what_he_is_now(office: Office) -> None:
    with office.database.transaction() as db:
        add_posting(db, office.id("tia"), date(2026, 7, 1), employment_type="pns")
    assert office.balance("tia").quota == 12
    assert office.balance("tia", today=date(2026, 5, 1)).quota is None


# What is told before asking, and what is refused.


def test_a_balance_below_zero_is_told_and_not_refused(office: Office) -> None:
    office.granted("ben", Wish("annual", date(2026, 12, 1), date(2026, 12, 15)))
    found = office.look("ben", Wish("annual", date(2026, 12, 16), date(2026, 12, 18)))
    assert _told(found) >= {"below_zero"}
    assert found.balances[0].left == 1
    assert office.ask("ben", found.wish)


def test_the_other_things_to_know_are_told_with_their_names(office: Office) -> None:
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == office.id("ben")).values(active_from=date(2026, 5, 1)))
        facts: dict[str, Any] = {"layer": PlanLayer.DUTY, "mode": PlanMode.FIELD}
        plan_range(db, office.me("hana"), office.id("ben"), LAST, LAST, **facts)
        plan_range(db, office.me("hana"), office.id("ben"), FIRST, FIRST)
    office.ask("ben", Wish("important_reason", FIRST, FIRST))
    assert _told(office.look("ben", ANNUAL)) == {"service", "duty", "overlap"}
    assert _told(office.look("ben", Wish("important_reason", FIRST, FIRST + timedelta(days=31)))) >= {
        "letter", "too_long", "overlap",
    }  # fmt: skip
    assert "too_long" not in _told(office.look("cy", Wish("sick", FIRST, date(2026, 12, 29)), letter=True))
    assert _told(office.look("cy", Wish("sick", FIRST, date(2026, 12, 30)), letter=True)) >= {"too_long"}


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("annual", LAST, FIRST), "last"),
        (Wish("annual", date(2026, 11, 20), FIRST), "first"),
        (Wish("annual", date(2030, 1, 1), date(2030, 1, 2)), "first"),
        (Wish("annual", FIRST, FIRST + timedelta(days=187)), "last"),
        (Wish("annual", date(2026, 11, 28), date(2026, 11, 29)), "last"),
        (Wish("annual", FIRST, FIRST, half_day=True, part=DayPart.MORNING), "part"),
        (Wish("sick", FIRST, FIRST, note="Demam"), "note"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_stored(
    office: Office, wish: Wish, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        office.ask("ben", wish)
    assert refused.value.field == field
    with office.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(LeaveRequest)) == 0


def test_half_a_day_is_half_a_day_where_the_rule_allows_it(office: Office) -> None:
    office.rule("annual", ["pns"], date(2026, 11, 1), quota=12, half_days=True)
    morning = Wish("annual", FIRST, FIRST, half_day=True, part=DayPart.MORNING)
    leave_id = office.granted("ben", morning)
    assert office.balance("ben").used == 0.5
    with pytest.raises(Refused):
        office.ask("ben", Wish("annual", FIRST, LAST, half_day=True, part=DayPart.MORNING))
    assert office.ask("ben", morning) == leave_id, "the same wish from another tab"
    with pytest.raises(Refused, match="Setengah hari ini"):
        office.ask("ben", replace(morning, part=DayPart.AFTERNOON))
    plan = office.plan_of("ben", FIRST)
    assert (plan.mode, plan.hours) == (PlanMode.OFFICE, workdays.Hours(time(12, 15), time(16), 225))
    office.do(leave.withdraw, "ben", leave_id)
    plan = office.plan_of("ben", FIRST)
    assert (plan.half, plan.hours) == (None, workdays.Hours(time(7, 30), time(16), 450))
    assert office.balance("ben").used == 0


def test_the_duty_minimum_holds_in_both_halves_of_a_day(office: Office) -> None:
    """Who is away in the morning is there in the afternoon, and the rule asks for somebody in each."""
    office.rule("annual", ["pns"], date(2026, 11, 1), quota=12, half_days=True)
    wish = Wish("annual", FIRST, FIRST, half_day=True, part=DayPart.MORNING)
    leave_id = office.ask("ben", wish)
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("ana"), FIRST, kind="annual", part=DayPart.AFTERNOON)
    assert {(gap.group, gap.because) for gap in office.gaps(leave_id)} == set(), "Ana is there in the morning"
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("ana"), FIRST, kind="annual", part=DayPart.MORNING)
    assert [(gap.group, gap.have, gap.because) for gap in office.gaps(leave_id)] == [("ASN", 0, True)]


def test_a_half_day_of_before_that_names_no_half_is_granted_as_it_was(office: Office) -> None:
    office.rule("annual", ["pns"], date(2026, 11, 1), quota=12, half_days=True)
    office.granted("ben", Wish("annual", FIRST, FIRST, half_day=True))
    assert office.balance("ben").used == 0.5
    assert office.plan("ben", FIRST, FIRST) == [PlanMode.LEAVE]


def test_nobody_asks_beyond_the_last_day_of_service(office: Office) -> None:
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == office.id("ben")).values(active_to=date(2026, 12, 1)))
    with pytest.raises(Refused) as refused:
        office.ask()
    assert refused.value.field == "last"


def test_the_day_of_the_office_decides_what_is_over(office: Office) -> None:
    wish = Wish("annual", TODAY, TODAY)
    with pytest.raises(Refused):
        office.ask("ben", wish, now=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    assert office.ask("ben", wish, now=datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC))


def test_the_same_press_twice_is_one_leave_and_the_same_wish_in_another_tab_too(office: Office) -> None:
    first = office.ask(key="press-0001")
    assert office.ask(key="press-0001") == first
    assert office.ask(key="press-0002") == first
    with pytest.raises(Conflict):
        office.ask("ben", Wish("annual", FIRST, FIRST), key="press-0001")


# Who decides.


def test_the_superior_agrees_and_the_head_grants_and_it_stands_in_the_plan(office: Office) -> None:
    leave_id = office.ask()
    assert office.see(leave_id).turn.names == "Ana Kaunang"
    with pytest.raises(Forbidden, match="Ana Kaunang"):
        office.do(leave.grant, "dewi", leave_id)
    office.do(leave.agree, "ana", leave_id)
    assert office.see(leave_id).turn.names == "Dewi Ondang"
    with pytest.raises(Forbidden):
        office.do(leave.grant, "ana", leave_id)
    office.do(leave.grant, "dewi", leave_id)
    one = office.see(leave_id)
    assert [step.act for step in one.steps] == ["asked", "agreed", "granted"]
    assert office.plan("ben", FIRST, LAST) == [PlanMode.LEAVE] * 3
    with office.database.reading() as db:
        grants = db.execute(sa.select(PlanEntry.layer, PlanEntry.grant_id).where(PlanEntry.date == FIRST)).all()
    assert grants == [(PlanLayer.LEAVE, one.grant_id)]


def test_a_superior_who_grants_as_well_does_both_at_once(office: Office) -> None:
    leave_id = office.ask("ana")
    office.do(leave.grant, "dewi", leave_id)
    assert [step.act for step in office.see(leave_id, "ana").steps] == ["asked", "agreed", "granted"]


@pytest.mark.parametrize("name", ["ben", "tia", "cy", "hana", "adi"])
@pytest.mark.parametrize("verb", [leave.agree, leave.grant])
def test_nobody_else_decides(office: Office, name: str, verb: Callable[..., Any]) -> None:
    leave_id = office.ask()
    with pytest.raises(Forbidden):
        office.do(verb, name, leave_id)


def test_while_the_superior_is_on_leave_the_one_above_agrees_and_the_step_says_so(office: Office) -> None:
    leave_id = office.ask()
    with pytest.raises(Forbidden):
        office.do(leave.agree, "dewi", leave_id)
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("ana"), TODAY, TODAY)
    assert office.see(leave_id).turn.names == "Ana Kaunang, Dewi Ondang"
    office.do(leave.agree, "dewi", leave_id)
    assert [(step.act, step.instead_of) for step in office.see(leave_id).steps][-1] == ("agreed", "Ana Kaunang")


def test_a_superior_who_has_left_decides_no_more_and_the_one_above_stands_in(office: Office) -> None:
    leave_id = office.ask()
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == office.id("ana")).values(active_to=date(2026, 11, 22)))
    assert office.see(leave_id).turn.names == "Dewi Ondang"
    office.do(leave.grant, "dewi", leave_id)
    assert [step.instead_of for step in office.see(leave_id).steps] == ["", "Ana Kaunang", ""]


def _delegate(office: Office, name: str, **facts: Any) -> Any:
    given = {
        "officer_id": office.id(name),
        "valid_from": TODAY,
        "valid_to": None,
        "document": "SK 12",
        "key": str(uuid4()),
    }
    return office.do(leave.settings.name_delegate, "hana", **given | facts)


def test_a_named_delegate_grants_instead_of_the_head_from_a_day_to_a_day(office: Office) -> None:
    leave_id = office.ask()
    office.do(leave.agree, "ana", leave_id)
    _delegate(office, "cy", valid_from=TODAY + timedelta(days=1), valid_to=TODAY + timedelta(days=2))
    assert office.see(leave_id).turn.names == "Dewi Ondang"
    tomorrow = MORNING + timedelta(days=1)
    assert office.see(leave_id, now=tomorrow).turn.names == "Cy Sondakh"
    with pytest.raises(Forbidden):
        office.do(leave.grant, "dewi", leave_id, now=tomorrow)
    assert office.see(leave_id, now=MORNING + timedelta(days=3)).turn.names == "Dewi Ondang"
    office.do(leave.grant, "cy", leave_id, now=tomorrow)


def test_a_delegate_decides_neither_on_the_own_leave_nor_after_the_end(office: Office) -> None:
    _delegate(office, "cy")
    mine = office.ask("cy")
    office.do(leave.agree, "dewi", mine)
    assert office.see(mine, "cy").turn.names == "Dewi Ondang"
    with pytest.raises(Forbidden):
        office.do(leave.grant, "cy", mine)
    with office.database.reading() as db:
        row = db.scalars(sa.select(LeaveDelegate.id)).one()
    assert office.do(leave.settings.end_delegate, "hana", row) is True
    assert office.do(leave.settings.end_delegate, "hana", row) is False
    leave_id = office.ask()
    office.do(leave.agree, "ana", leave_id)
    with pytest.raises(Forbidden):
        office.do(leave.grant, "cy", leave_id)


def test_while_the_only_delegate_is_on_leave_the_head_grants_too(office: Office) -> None:
    _delegate(office, "cy")
    leave_id = office.ask()
    office.do(leave.agree, "ana", leave_id)
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("cy"), TODAY, TODAY)
    office.do(leave.grant, "dewi", leave_id)
    one = office.see(leave_id, "dewi")
    assert (one.state, one.steps[-1].act, one.steps[-1].author) == ("granted", "granted", "Dewi Ondang")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"valid_from": TODAY - timedelta(days=1)}, "valid_from"),
        ({"valid_to": TODAY - timedelta(days=1)}, "valid_to"),
        ({"officer_id": 10**9}, "officer"),
    ],
)
def test_a_wrong_delegate_is_refused_beside_its_field(office: Office, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        _delegate(office, "cy", **facts)
    assert refused.value.field == field


def test_the_leave_of_the_head_is_granted_by_hr_from_the_letter(office: Office) -> None:
    leave_id = office.ask("dewi")
    assert office.see(leave_id, "dewi").turn.what == "paper"
    for name in ("dewi", "ana"):
        with pytest.raises(Forbidden):
            office.do(leave.grant, name, leave_id, document="800/1")
    with pytest.raises(Refused) as refused:
        office.do(leave.grant, "hana", leave_id)
    assert refused.value.field == "document"
    office.do(leave.grant, "hana", leave_id, document="800/1")
    assert office.see(leave_id, "dewi").document == "800/1"


def test_a_reason_is_kept_with_whoever_declines(office: Office) -> None:
    leave_id = office.ask()
    office.do(leave.decline, "ana", leave_id, reason="Pelayanan akhir tahun")
    one = office.see(leave_id)
    assert (one.state, one.steps[-1].note, one.steps[-1].author) == ("declined", "Pelayanan akhir tahun", "Ana Kaunang")
    assert office.balance("ben").left == 12


def test_colleagues_do_not_see_a_leave(office: Office) -> None:
    leave_id = office.ask()
    for name in ("tia", "cy"):
        with pytest.raises(Forbidden):
            office.see(leave_id, name)


# Two at once, replays, late decisions.


def test_of_two_who_decide_at_once_the_second_is_told_by_name(office: Office) -> None:
    leave_id, dewi = office.ask("cy"), office.me("dewi")
    office.do(leave.agree, "dewi", leave_id)
    _delegate(office, "ana")

    def decline() -> None:
        office.do(leave.decline, "dewi", leave_id, reason="Tidak")

    def grant(db: Any) -> None:
        leave.grant(db, office.me("ana"), leave_id, now=MORNING)

    with pytest.raises(Conflict, match="Ana Kaunang lebih dulu"):
        race(office.database, grant, decline)
    one = office.see(leave_id, "cy")
    assert (one.state, [step.act for step in one.steps]) == ("granted", ["asked", "agreed", "granted"])
    assert dewi.officer_id == one.above.superior.officer_id if one.above.superior else False


def test_a_decision_on_an_older_picture_is_told(office: Office) -> None:
    leave_id = office.ask("cy", Wish("sick", FIRST, FIRST))
    office.do(leave.note_letter, "hana", leave_id, seen_on=TODAY, doctor_signed=True, seen=1)
    with pytest.raises(Conflict, match="Hana Tendean"):
        office.do(leave.grant, "dewi", leave_id, seen=1)
    office.do(leave.grant, "dewi", leave_id, seen=2)


def test_what_was_withdrawn_is_not_granted_any_more(office: Office) -> None:
    leave_id = office.ask()
    office.do(leave.withdraw, "ben", leave_id)
    with pytest.raises(Conflict, match="Ben Tumiwa"):
        office.do(leave.agree, "ana", leave_id)
    assert office.plan("ben", FIRST, FIRST) == [PlanMode.OFFICE]


def test_a_second_tap_is_answered_like_the_first(office: Office) -> None:
    leave_id = office.ask()
    for verb, name, facts in (
        (leave.agree, "ana", {}),
        (leave.grant, "dewi", {}),
        (leave.shorten, "ben", {"last": FIRST}),
        (leave.withdraw, "ben", {}),
    ):
        assert office.do(verb, name, leave_id, **facts).first_time is True
        assert office.do(verb, name, leave_id, **facts).first_time is False
    with office.database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(LeaveStep)) == 5


def test_a_leave_whose_first_days_passed_while_it_waited_is_granted_all_the_same(office: Office) -> None:
    leave_id = office.ask()
    later = MORNING + timedelta(days=8)
    office.do(leave.agree, "ana", leave_id, now=later)
    office.do(leave.grant, "dewi", leave_id, now=later)
    assert office.plan("ben", FIRST, LAST) == [PlanMode.LEAVE] * 3


def test_a_leave_that_became_free_of_working_days_or_goes_beyond_the_service_is_not_granted(office: Office) -> None:
    leave_id = office.ask("ben", Wish("annual", FIRST, FIRST))
    office.do(leave.agree, "ana", leave_id)
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == office.id("ben")).values(active_to=date(2026, 11, 27)))
    with pytest.raises(Refused):
        office.do(leave.grant, "dewi", leave_id)
    assert office.see(leave_id, "ana").state is LeaveState.AGREED


# Taken back, shortened.


def test_whoever_withdraws_a_granted_leave_before_it_begins_has_the_days_back(office: Office) -> None:
    leave_id = office.granted()
    office.do(leave.withdraw, "ben", leave_id)
    assert office.plan("ben", FIRST, LAST) == [PlanMode.OFFICE] * 3
    assert office.balance("ben").left == 12


def test_a_leave_that_has_begun_is_shortened_by_the_officer_and_withdrawn_only_by_hr(office: Office) -> None:
    leave_id = office.granted()
    second = MORNING + timedelta(days=8)  # 1 December
    with pytest.raises(Refused) as refused:
        office.do(leave.withdraw, "ben", leave_id, now=second)
    assert refused.value.field == "last"
    office.do(leave.shorten, "ben", leave_id, last=FIRST, now=second)
    assert office.plan("ben", FIRST, LAST) == [PlanMode.LEAVE, PlanMode.OFFICE, PlanMode.OFFICE]
    assert office.balance("ben").used == 1
    one = office.see(leave_id)
    assert (one.last, one.until) == (LAST, FIRST), "what was granted stays to be read"
    office.do(leave.withdraw, "hana", leave_id, now=second)
    assert office.balance("ben").used == 0


def test_after_the_fact_hr_or_who_granted_shortens_and_the_officer_does_not(office: Office) -> None:
    leave_id = office.granted()
    after = MORNING + timedelta(days=20)
    with pytest.raises(Refused):
        office.do(leave.shorten, "ben", leave_id, last=FIRST, now=after)
    with pytest.raises(Forbidden):
        office.do(leave.shorten, "adi", leave_id, last=FIRST, now=after)
    office.do(leave.shorten, "dewi", leave_id, last=FIRST + timedelta(days=1), now=after)
    office.do(leave.shorten, "hana", leave_id, last=FIRST, now=after)
    assert office.balance("ben").used == 1


@pytest.mark.parametrize("last", [LAST, LAST + timedelta(days=1), FIRST - timedelta(days=1)])
def test_a_leave_is_only_ever_shortened(office: Office, last: date) -> None:
    leave_id = office.granted()
    with pytest.raises(Refused) as refused:
        office.do(leave.shorten, "hana", leave_id, last=last)
    assert refused.value.field == "last"


# On paper; letters.


def test_hr_enters_a_leave_of_days_that_are_over_and_it_counts_at_once(office: Office) -> None:
    wish = Wish("annual", date(2026, 11, 16), date(2026, 11, 17))
    assert "past" in _told(office.look("ben", wish))
    leave_id = office.paper("ben", wish)
    assert office.balance("ben").used == 2
    one = office.see(leave_id)
    assert ([step.act for step in one.steps], one.document) == (["paper", "granted"], "850/12/2026")
    with office.database.reading() as db:
        kinds = db.scalars(sa.select(Notice.kind)).all()
    assert kinds == ["leave_decided"], "the officer is told"


def test_nobody_enters_the_own_leave_and_only_hr_enters_at_all(office: Office) -> None:
    with pytest.raises(Refused):
        office.paper("hana", ANNUAL)
    with pytest.raises(Forbidden):
        office.do(leave.enter_paper, "ana", office.id("ben"), ANNUAL, Letter("1"), key="paper-001")


def test_the_same_paper_twice_is_one(office: Office) -> None:
    wish = Wish("annual", FIRST, LAST)
    assert office.paper("ben", wish, key="paper-0001") == office.paper("ben", wish, key="paper-0001")
    assert office.paper("ben", wish) == office.paper("ben", wish)


def test_of_sickness_only_who_saw_the_letter_when_and_whether_a_doctor_signed_is_kept(office: Office) -> None:
    leave_id = office.ask("ben", Wish("sick", FIRST, FIRST))
    assert office.look("ben", Wish("sick", FIRST, FIRST)).has("letter")
    with pytest.raises(Forbidden):
        office.do(leave.note_letter, "ben", leave_id, seen_on=TODAY, doctor_signed=True)
    with pytest.raises(Refused):
        office.do(leave.note_letter, "ana", leave_id, seen_on=TODAY + timedelta(days=1), doctor_signed=True)
    office.do(leave.note_letter, "ana", leave_id, seen_on=TODAY, doctor_signed=True)
    one = office.see(leave_id)
    assert (one.seen_by, one.letter_seen_on, one.doctor_signed, one.note) == ("Ana Kaunang", TODAY, True, "")


def test_whose_letter_a_sick_leave_asks_for_is_said_by_the_rule_and_a_letter_that_is_not_enough_is_told(
    office: Office,
) -> None:
    tiers = [{"first": 2, "last": 3, "by": "doctor"}, {"first": 4, "last": None, "by": "government_doctor"}]
    office.rule("sick", ["pns"], date(2026, 11, 1), letter="S", counts_holidays=True, needs_letter=True, proofs=tiers)
    wishes = [Wish("sick", FIRST, FIRST + timedelta(days=more)) for more in range(4)]
    said = [[one.text for one in office.look("ben", wish).told if one.code == "letter"] for wish in wishes]
    assert said[0] == [], "the first day asks for none, by this rule"
    assert [("pemerintah" in text, text.split(" hari")[0]) for (text,) in said[1:]] == [
        (False, "Cuti 2"), (False, "Cuti 3"), (True, "Cuti 4"),
    ]  # fmt: skip
    for signed, codes in ((True, set()), (None, set()), (False, {"unsigned"})):
        assert _told(office.look("ben", wishes[1], letter=True, signed=signed)) == codes
    assert _told(office.look("ben", wishes[0], letter=True, signed=False)) == set()


# Who else is away.


def test_the_approver_sees_who_is_away_and_where_the_duty_minimum_would_break(office: Office) -> None:
    with office.database.transaction() as db:
        plan_range(db, office.me("hana"), office.id("ana"), FIRST, FIRST, mode=PlanMode.HOME)
    office.ask("tia", Wish("annual", LAST, LAST))
    leave_id = office.ask()
    with office.database.reading() as db:
        ana = office.me("ana")
        one = leave.leave_for(db, ana, leave_id, now=MORNING)
        people = leave.around.colleagues(db, ana, one)
        ids = [person.officer_id for person in people]
        known = leave.ledger(db, ana.office_id, one.officer_id, {2026}, colleagues=ids)
        away = leave.around.away(one, known, people)
        gaps = leave.around.gaps(db, ana, one, known.book, people)
    assert [(line.name, line.mode, line.days) for line in away] == [
        ("Tia Lumintang", "asked", (LAST,)),
        ("Ana Kaunang", "home", (FIRST,)),
    ]
    assert [(gap.day, gap.group, gap.have, gap.because) for gap in gaps] == [(FIRST, "ASN", 0, True)]


# Who is told.


def test_each_step_tells_whoever_has_it_next_and_then_the_officer(office: Office) -> None:
    def told() -> list[tuple[str, str]]:
        with office.database.reading() as db:
            rows = sa.select(Account.username, Notice.kind).join(Account, Account.id == Notice.account_id)
            return [(name, str(kind.value)) for name, kind in db.execute(rows.order_by(Notice.id))]

    leave_id = office.ask()
    assert told() == [("ana", "leave_asked")]
    office.do(leave.agree, "ana", leave_id)
    assert told()[1:] == [("dewi", "leave_asked"), ("ben", "leave_decided")]
    office.do(leave.grant, "dewi", leave_id)
    assert told()[3:] == [("ben", "leave_decided")]
    office.do(leave.shorten, "ben", leave_id, last=FIRST)
    assert sorted(told()[4:]) == [("ana", "leave_changed"), ("dewi", "leave_changed")]


def test_what_waits_is_listed_for_whoever_decides_now(office: Office) -> None:
    def waits(name: str) -> list[int]:
        with office.database.reading() as db:
            me = office.me(name)
            who = leave.granters(db, me.office_id, today=TODAY)
            return [one.id for one in leave.waiting(db, me, who, today=TODAY)]

    leave_id, of_head = office.ask(), office.ask("dewi")
    assert {name: waits(name) for name in ("ana", "dewi", "hana", "ben")} == {
        "ana": [leave_id], "dewi": [], "hana": [of_head], "ben": [],
    }  # fmt: skip
    office.do(leave.agree, "ana", leave_id)
    assert (waits("ana"), waits("dewi")) == ([], [leave_id])
