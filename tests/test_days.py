from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staffhub.days import CorrectionFact, Done, Facts, Finding, MarkFact, Stage, State, reconcile
from staffhub.days.record import QUIET
from staffhub.founding.rules import tiers
from staffhub.models import CorrectionKind, MarkKind, PlanMode, WorkMode
from staffhub.workdays import NO_RULES, DayRules, ExpectedMark, Hours, Plan, Tiers, Window

WITA = ZoneInfo("Asia/Makassar")
DAY = date(2026, 11, 18)
HOURS = Hours(time(7, 30), time(16, 0), 450)
OFFICE = Plan(PlanMode.OFFICE, "pattern", hours=HOURS)
HOME = Plan(PlanMode.HOME, "pattern", hours=HOURS)
LEAVE = Plan(PlanMode.LEAVE, "manual", "cuti", HOURS)
OFF = Plan(None, "weekend")
NEXT_DAY = datetime(2026, 11, 19, 1, 0, tzinfo=UTC)
_numbers = count(1)


def at(text, day=DAY):
    return datetime.combine(day, time.fromisoformat(text), tzinfo=WITA).astimezone(UTC)


def came(text, mode=WorkMode.OFFICE):
    return MarkFact(next(_numbers), MarkKind.CHECK_IN, mode, at(text), "ST 094/118" if mode is WorkMode.FIELD else "")


def went(text, day=DAY):
    return MarkFact(next(_numbers), MarkKind.CHECK_OUT, None, at(text, day))


def corrected(kind, text=None, mode=None):
    number = next(_numbers)
    when = NEXT_DAY + timedelta(minutes=number)
    return CorrectionFact(number, CorrectionKind(kind), at(text) if text else None, mode, when)


def day(*marks: MarkFact, plan=OFFICE, stage=Stage.OVER, corrections=(), **more: Any):
    # Somebody at work has written the log and sent it in, unless a test says otherwise.
    more.setdefault("done", Done(logged=(1,), reported=1) if marks or corrections else Done())
    facts = Facts(day=DAY, stage=stage, zone=WITA, plan=plan, marks=marks, corrections=tuple(corrections), **more)
    return reconcile(facts)


def kinds(record):
    return [found.kind for found in record.discrepancies]


def test_an_ordinary_day_in_the_office_is_plain():
    record = day(came("07:21"), went("16:05"))
    assert (record.state, record.code, record.is_plain) == (State.PRESENT, "H", True)
    assert (record.first.strftime("%H:%M"), record.last.strftime("%H:%M"), record.worked) == ("07:21", "16:05", 464)
    assert (record.late, record.early, record.discrepancies) == (0, 0, ())


@pytest.mark.parametrize(
    ("mode", "plan", "state", "code"),
    [
        (WorkMode.OFFICE, OFFICE, State.PRESENT, "H"),
        (WorkMode.HOME, HOME, State.HOME, "WFH"),
        (WorkMode.FIELD, Plan(PlanMode.FIELD, "manual", hours=HOURS), State.FIELD, "DL"),
    ],
)
def test_each_place_of_work_has_its_state_and_letter(mode, plan, state, code):
    record = day(came("07:30", mode), went("16:00"), plan=plan)
    assert (record.state, record.code, record.discrepancies) == (state, code, ())


def test_late_and_early_are_whole_minutes_as_people_read_them():
    record = day(came("07:52:40"), went("15:10:20"))
    assert (record.late, record.early, record.code, record.codes) == (22, 50, "HT HP", ["HT", "HP"])
    assert kinds(record) == [Finding.LATE, Finding.EARLY]
    assert not record.needs_person


def test_a_second_within_the_first_minute_is_not_late():
    assert day(came("07:30:59"), went("16:00")).late == 0


def test_leaving_early_alone_has_its_own_letter():
    assert day(came("07:30"), went("15:59")).code == "HP"


def test_field_duty_is_not_held_against_the_clock_of_the_office():
    record = day(came("09:00", WorkMode.FIELD), went("12:00"), plan=Plan(PlanMode.FIELD, "manual", hours=HOURS))
    assert (record.late, record.early, record.code) == (0, 0, "DL")


def test_a_past_working_day_without_a_mark_is_absent_and_needs_a_person():
    record = day()
    assert (record.state, record.code, record.needs_person) == (State.ABSENT, "A", True)


def test_log_entries_speak_against_an_absence():
    record = day(done=Done(logged=(11, 12, 15)))
    assert kinds(record) == [Finding.ABSENT, Finding.LOGGED_WITHOUT_MARK, Finding.LOG_NOT_SUBMITTED]
    assert [found.count for found in record.discrepancies[:2]] == [3, 3]
    assert record.discrepancies[1].evidence == (("log_entry", 11), ("log_entry", 12), ("log_entry", 15))


def test_nobody_is_absent_before_the_day_is_over():
    running = Stage.RUNNING
    assert day(stage=running).state is State.PENDING
    assert day(stage=running).code == "-"
    assert day(stage=running, corrections=[corrected("absent")]).state is State.PENDING
    assert day(stage=Stage.OVER).state is State.ABSENT


def test_nobody_is_absent_outside_of_service_or_before_the_office_recorded():
    record = day(counted=False)
    assert (record.state, record.code, record.discrepancies) == (State.DAY_OFF, "", ())
    assert day(came("07:30"), went("16:00"), counted=False).code == "H"
    assert day(plan=OFF, counted=False).code == "L"
    assert day(plan=LEAVE, counted=False).code == "C", "leave that was granted is leave all the same"
    assert day(plan=LEAVE, serves=False).code == ""
    assert day(stage=Stage.RUNNING, counted=False).code == "-"
    assert (day(serves=False).code, day(stage=Stage.TO_COME, serves=False).code) == ("", "")


@pytest.mark.parametrize(
    ("plan", "code"), [(OFFICE, "K"), (HOME, "R"), (Plan(PlanMode.FIELD, "manual"), "DL"), (LEAVE, "C")]
)
def test_a_day_to_come_shows_its_plan(plan, code):
    record = day(plan=plan, stage=Stage.TO_COME)
    assert (record.state, record.code, record.is_plain) == (State.PLANNED, code, True)


def test_a_day_off_is_off_before_and_after():
    for stage in Stage:
        assert (day(plan=OFF, stage=stage).state, day(plan=OFF, stage=stage).code) == (State.DAY_OFF, "L")


def test_marks_on_a_day_off_count_as_work():
    record = day(came("10:00"), went("12:00"), plan=OFF)
    assert (record.state, record.code, record.late, record.early) == (State.PRESENT, "H", 0, 0)
    assert kinds(record) == [Finding.WORKED_ON_DAY_OFF]
    assert not record.needs_person


def test_leave_is_leave_and_marks_on_it_ask_for_a_person():
    assert day(plan=LEAVE).code == "C"
    record = day(came("07:30"), went("16:00"), plan=LEAVE)
    assert (record.state, record.late, kinds(record)) == (State.PRESENT, 0, [Finding.LEAVE_AND_MARK])
    assert record.needs_person


def test_a_missing_check_out_needs_a_person_once_the_day_is_over():
    assert day(came("07:30")).needs_person
    assert kinds(day(came("07:30"))) == [Finding.NO_CHECK_OUT]
    assert day(came("07:30"), stage=Stage.RUNNING).discrepancies == ()


def test_a_check_in_after_the_check_out_opens_the_day_again():
    record = day(came("07:30"), went("11:00"), came("13:00", WorkMode.HOME))
    assert record.last is None
    assert record.modes == (WorkMode.OFFICE, WorkMode.HOME)
    assert record.code == "H"


def test_a_changed_place_of_work_is_listed_and_fits_when_the_planned_one_is_among_them():
    record = day(came("07:30", WorkMode.HOME), came("10:00"), went("16:00"))
    assert (record.code, record.modes) == ("WFH", (WorkMode.HOME, WorkMode.OFFICE))
    assert record.discrepancies == ()


def test_another_place_than_planned_needs_a_person_until_somebody_decides():
    marks = (came("07:30", WorkMode.OFFICE), went("16:00"))
    assert kinds(day(*marks, plan=HOME)) == [Finding.OFFICE_NOT_HOME]
    assert day(*marks, plan=HOME).needs_person
    assert not day(*marks, plan=HOME, stage=Stage.RUNNING).needs_person
    confirmed = day(*marks, plan=HOME, corrections=[corrected("mode", mode=WorkMode.OFFICE)])
    assert kinds(confirmed) == [Finding.OFFICE_NOT_HOME]
    assert not confirmed.needs_person
    changed = day(*marks, plan=HOME, corrections=[corrected("mode", mode=WorkMode.HOME)])
    assert (changed.code, changed.discrepancies) == ("WFH", ())


def test_the_newest_correction_of_each_kind_counts_and_old_facts_stay():
    older, newer = corrected("check_out", "15:00"), corrected("check_out", "16:02")
    record = day(came("07:52"), corrections=[newer, older, corrected("check_in", "07:30")])
    assert (record.late, record.last.strftime("%H:%M"), record.discrepancies) == (0, "16:02", ())
    assert [fact.id for fact in record.corrections[:2]] == [older.id, newer.id]
    assert len(record.marks) == 1
    assert not record.is_plain


def test_a_day_made_of_corrections_takes_its_place_from_them_or_from_the_plan():
    times = [corrected("check_in", "07:30"), corrected("check_out", "16:00")]
    assert day(plan=HOME, corrections=times).code == "WFH"
    assert day(plan=OFF, corrections=times).code == "H"
    assert day(plan=HOME, corrections=[corrected("check_in", "07:30", WorkMode.OFFICE)]).mode is WorkMode.OFFICE


def test_a_day_with_a_place_but_no_times_asks_for_them():
    record = day(corrections=[corrected("mode", mode=WorkMode.HOME)])
    assert record.code == "WFH"
    assert {Finding.NO_CHECK_IN, Finding.NO_CHECK_OUT} <= set(kinds(record))


def test_leave_and_absence_as_decided_stand_until_a_later_time_sets_them_aside():
    marks = (came("07:30"), went("16:00"))
    leave, absent = corrected("leave"), corrected("absent")
    assert day(*marks, corrections=[leave]).state is State.LEAVE
    decided = day(corrections=[leave, absent])
    assert (decided.state, decided.needs_person) == (State.ABSENT, False)
    assert day(*marks, corrections=[leave, corrected("check_out", "16:00")]).state is State.PRESENT


NIGHT = Plan(PlanMode.OFFICE, "manual", hours=Hours(time(22, 0), time(6, 0), 480))


def test_a_planned_night_is_measured_against_its_own_hours_over_midnight():
    next_day = DAY + timedelta(days=1)
    whole = day(came("21:50"), went("06:05", next_day), plan=NIGHT)
    assert (whole.code, whole.late, whole.early, whole.worked, whole.ends_later) == ("H", 0, 0, 495, True)
    short = day(came("22:10"), went("05:30", next_day), plan=NIGHT)
    assert (short.late, short.early, short.worked) == (10, 30, 440)
    before_midnight = day(came("22:00"), went("23:30"), plan=NIGHT)
    assert (before_midnight.early, before_midnight.ends_later) == (390, False)


def test_work_that_begins_after_the_planned_hours_is_at_other_hours_and_not_late_by_a_day():
    record = day(came("22:00"), went("06:00", DAY + timedelta(days=1)))
    assert (record.late, record.early, record.worked, kinds(record)[:1]) == (0, 0, 480, [Finding.OTHER_HOURS])
    assert record.needs_person
    decided = day(came("22:00"), went("23:00"), corrections=[corrected("mode", mode=WorkMode.OFFICE)])
    assert (kinds(decided), decided.needs_person) == ([Finding.OTHER_HOURS], False)
    assert day(came("15:59"), went("16:05")).late == 509


def test_work_that_ends_after_midnight_is_neither_early_nor_short():
    record = day(came("07:30"), went("00:05", DAY + timedelta(days=1)))
    assert (record.code, record.early, record.worked) == ("H", 0, 15 * 60 + 35)


def test_a_check_out_alone_is_work_whose_beginning_is_asked_for():
    record = day(went("16:05"))
    assert (record.code, record.early, kinds(record)) == ("H", 0, [Finding.NO_CHECK_IN])
    assert record.needs_person
    assert not day(went("16:05"), stage=Stage.RUNNING).needs_person


# Whatever is declared, planned and corrected

moments = st.integers(0, 36 * 60 - 1).map(lambda n: at("00:00") + timedelta(minutes=n))
modes = st.sampled_from(WorkMode)


@st.composite
def mark_lists(draw):
    made = draw(st.lists(st.tuples(moments, st.sampled_from(MarkKind), modes), max_size=4))
    return tuple(
        MarkFact(place, kind, mode if kind is MarkKind.CHECK_IN else None, moment)
        for place, (moment, kind, mode) in enumerate(made, 1)
    )


@st.composite
def correction_lists(draw):
    made = draw(st.lists(st.tuples(st.sampled_from(CorrectionKind), moments, modes), max_size=3))
    timed = {CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT}
    return tuple(
        CorrectionFact(
            number,
            kind,
            moment if kind in timed else None,
            mode if kind is CorrectionKind.MODE else None,
            NEXT_DAY + timedelta(minutes=number),
        )
        for number, (kind, moment, mode) in enumerate(made, 1)
    )


ids = st.lists(st.integers(1, 9), max_size=3, unique=True).map(lambda found: tuple(sorted(found)))
pairs = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 9)), max_size=2).map(lambda found: tuple(sorted(found)))
done_things = st.builds(Done, logged=ids, reported=st.integers(0, 2), joined=pairs, standups=pairs, overlapped=ids)


WINDOWS = [
    Window(mark=ExpectedMark.CHECK_IN, starts=time(7, 15), ends=time(8)),
    Window(mark=ExpectedMark.CHECK_OUT, starts=time(16), ends=time(18)),
]
STRICT = DayRules(10, *WINDOWS, 1, Tiers(**tiers("TL")), 2, Tiers(**tiers("PSW")), 3, {"sick": ("S", 4)})


def any_day(marks, corrections):
    return st.builds(
        Facts,
        day=st.just(DAY),
        stage=st.sampled_from(Stage),
        zone=st.just(WITA),
        plan=st.sampled_from(
            [
                *[OFFICE, HOME, LEAVE, OFF, NIGHT, Plan(PlanMode.FIELD, "manual"), Plan(PlanMode.OFFICE, "manual")],
                *[Plan(PlanMode.FIELD, "duty", "ST 1", HOURS, kind="study"), Plan(None, "exemption", "SE")],
                *[Plan(PlanMode.LEAVE, "leave", hours=HOURS, kind=kind, grant_id=9) for kind in ("sick", "permission")],
            ]
        ),
        marks=marks,
        corrections=corrections,
        done=done_things,
        serves=st.booleans(),
        counted=st.booleans(),
        rules=st.sampled_from([NO_RULES, STRICT]),
    )


facts_of_any_day = any_day(mark_lists(), correction_lists())
facts_without_any = any_day(st.just(()), st.just(()))


def changed(facts, **values: Any):
    return Facts(**{**facts.__dict__, **values})


@given(facts_of_any_day, st.randoms())
def test_the_order_in_which_facts_arrive_does_not_matter(facts, random):
    marks, corrections = list(facts.marks), list(facts.corrections)
    random.shuffle(marks)
    random.shuffle(corrections)
    assert reconcile(changed(facts, marks=tuple(marks), corrections=tuple(corrections))) == reconcile(facts)


@given(facts_of_any_day, st.sampled_from(CorrectionKind), moments, modes)
def test_a_correction_never_removes_a_mark_or_an_older_correction(facts, kind, moment, mode):
    newest = CorrectionFact(99, kind, moment, mode, NEXT_DAY + timedelta(days=9))
    before, after = reconcile(facts), reconcile(changed(facts, corrections=(*facts.corrections, newest)))
    assert set(after.marks) == set(facts.marks) == set(before.marks)
    assert set(after.corrections) == {*facts.corrections, newest}


@given(facts_of_any_day | facts_without_any)
def test_nobody_is_ever_absent_before_the_day_is_over(facts):
    record = reconcile(facts)
    if facts.stage is not Stage.OVER:
        assert record.state is not State.ABSENT
        assert not record.needs_person


@given(facts_of_any_day)
def test_every_day_has_one_state_and_numbers_that_make_sense(facts):
    record = reconcile(facts)
    assert record.is_work == (record.state in {State.PRESENT, State.HOME, State.FIELD})
    assert min(record.late, record.early, record.worked) >= 0
    if record.worked:
        assert record.worked <= (record.last - record.first).total_seconds() / 60
    assert bool(record.late_tier) == bool(record.late and facts.rules.late)
    assert bool(record.early_tier) == bool(record.early and facts.rules.early)
    assert all(id_ > 0 for id_ in record.rules)
    assert (record.code == "") == (record.state is State.DAY_OFF and facts.plan.mode is not None)
    if record.late or record.early:
        assert record.is_work
        assert facts.plan.hours is not None
    if record.is_work:
        assert record.mode is record.modes[0]


@given(facts_of_any_day)
def test_work_is_never_turned_into_absence_but_by_a_person(facts):
    first_check_in = any(mark.kind is MarkKind.CHECK_IN for mark in facts.marks)
    decided = any(fact.kind in {CorrectionKind.LEAVE, CorrectionKind.ABSENT} for fact in facts.corrections)
    if first_check_in and not decided:
        assert reconcile(facts).is_work


@given(facts_of_any_day, modes)
def test_a_decided_place_never_makes_anybody_late(facts, mode):
    """Who declared nothing has no time to be late by; who was on field duty may now be held against office hours."""
    before = reconcile(facts)
    newest = CorrectionFact(99, CorrectionKind.MODE, None, mode, NEXT_DAY + timedelta(days=9))
    after = reconcile(changed(facts, corrections=(*facts.corrections, newest)))
    if before.state in {State.PRESENT, State.HOME}:
        assert after.late <= before.late
        assert after.early <= before.early


@given(facts_of_any_day, moments, st.sampled_from([CorrectionKind.CHECK_IN, CorrectionKind.CHECK_OUT]))
def test_an_approved_time_in_the_officers_favour_never_raises_what_is_counted_against_the_officer(facts, moment, kind):
    """In the officer's favour: a check-in as early as the one that stands or earlier, a check-out as late or later.

    HR may also set a worse time than the one declared; then the minutes are HR's decision. Where there was no time,
    there was nothing to count, and the first one known is what counts. Work that began only after the planned hours is
    of no lateness by decision, and moving it into them is another day altogether.
    """
    before = reconcile(facts)
    newest = CorrectionFact(99, kind, moment, None, NEXT_DAY + timedelta(days=9))
    after = reconcile(changed(facts, corrections=(*facts.corrections, newest)))
    shown = moment.astimezone(WITA).replace(second=0, microsecond=0)
    if not before.is_work or not after.is_work or Finding.OTHER_HOURS in kinds(before):
        return
    if kind is CorrectionKind.CHECK_IN and before.first and shown <= before.first:
        assert after.late <= before.late
        assert after.early <= before.early
        assert after.worked >= before.worked or before.last is None
    if kind is CorrectionKind.CHECK_OUT and before.last and shown >= before.last:
        assert after.early <= before.early
        assert after.late <= before.late


@given(facts_of_any_day | facts_without_any)
def test_what_informs_blocks_no_signature_and_nothing_is_named_twice(facts):
    record = reconcile(facts)
    asks = {found.kind for found in record.discrepancies if found.needs_person}
    assert asks <= {
        *(Finding.ABSENT, Finding.NO_CHECK_IN, Finding.NO_CHECK_OUT, Finding.LEAVE_AND_MARK, Finding.OTHER_HOURS),
        *(Finding.HOME_NOT_OFFICE, Finding.OFFICE_NOT_HOME, Finding.OTHER_PLACE),
    }
    assert len(kinds(record)) == len(set(kinds(record)))
    assert not set(record.told) & {found for found in record.discrepancies if found.kind in QUIET}
