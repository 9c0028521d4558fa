"""Meetings as people agree on them: what is saved, who is invited, what is left for Zoom."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from staffhub.db import Database, undo
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.meetings import joining, plan, terms
from staffhub.meetings.audience import Audience, choices, find
from staffhub.models import (
    Account,
    Division,
    Meeting,
    MeetingInvite,
    MeetingKind,
    MeetingState,
    Occurrence,
    Office,
    Officer,
    TaskState,
    ZoomTask,
    ZoomVerb,
)
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, add_officer, count_queries, viewer_of

WEDNESDAY = date(2026, 11, 25)
EVERYONE = Audience(everyone=True)


def _facts(**overrides: Any) -> dict[str, Any]:
    usual = {"kind": MeetingKind.SINGLE, "topic": "Evaluasi akta", "agenda": "Antrean", "starts_on": WEDNESDAY}
    usual |= {"starts_at": time(14), "minutes": 45, "audience": EVERYONE, "now": MORNING}
    return usual | {"idempotency_key": str(uuid4())} | overrides


def _standup(**overrides: Any) -> dict[str, Any]:
    usual = {"kind": MeetingKind.STANDUP, "starts_on": TODAY, "starts_at": time(8, 30), "minutes": 15}
    return _facts(**usual | {"weekdays": [0, 2], "occurrences": 4} | overrides)


def _schedule(database: Database, me: Viewer, **facts: Any) -> int:
    with database.transaction() as db:
        return plan.schedule(db, me, **facts).id


def _edit(database: Database, me: Viewer, meeting_id: int, **overrides: Any) -> None:
    meeting = _meeting(database, meeting_id)
    facts = {name: getattr(meeting, name) for name in ("version", "topic", "agenda", "starts_on", "starts_at")}
    facts |= {"minutes": meeting.minutes, "weekdays": meeting.weekdays, "occurrences": meeting.occurrences}
    with database.transaction() as db:
        plan.edit(db, me, meeting_id, **facts | {"audience": EVERYONE, "now": MORNING} | overrides)


def _meeting(database: Database, meeting_id: int) -> Meeting:
    with database.reading() as db:
        return db.scalars(sa.select(Meeting).where(Meeting.id == meeting_id)).one()


def _tokens(database: Database, meeting_id: int) -> dict[str, str]:
    with database.reading() as db:
        rows = db.execute(
            sa.select(Account.username, MeetingInvite.token)
            .join(MeetingInvite, MeetingInvite.officer_id == Account.officer_id)
            .where(MeetingInvite.meeting_id == meeting_id)
        )
        return {row.username: row.token for row in rows}


def _tasks(database: Database) -> list[tuple[ZoomVerb, TaskState]]:
    with database.reading() as db:
        return [(task.verb, task.state) for task in db.scalars(sa.select(ZoomTask).order_by(ZoomTask.id))]


def _set(database: Database, meeting_id: int, *, task: dict[str, Any] | None = None, **values: Any) -> None:
    with database.transaction() as db:
        if values:
            db.execute(sa.update(Meeting).where(Meeting.id == meeting_id).values(**values))
        if task:
            db.execute(sa.update(ZoomTask).where(ZoomTask.meeting_id == meeting_id).values(**task))


def _officer(database: Database, username: str) -> int:
    officer_id = viewer_of(database, username).officer_id
    assert officer_id
    return officer_id


def _division(database: Database, code: str) -> int:
    with database.reading() as db:
        return db.scalars(sa.select(Division.id).where(Division.code == code).order_by(Division.id)).first() or 0


def test_a_meeting_is_saved_with_its_invitations_and_a_task_for_zoom(database: Database) -> None:
    meeting_id = _schedule(database, viewer_of(database, "dewi"), **_facts())
    meeting = _meeting(database, meeting_id)
    assert (meeting.state, meeting.zoom_id, meeting.join_url) == (MeetingState.WAITING, None, "")
    assert (meeting.starts_on, meeting.ends_on, meeting.weekdays, meeting.occurrences) == (WEDNESDAY, WEDNESDAY, [], 1)
    assert meeting.division_id is None
    assert len(meeting.marker) == len("[sh:7f3c91]")
    tokens = _tokens(database, meeting_id)
    assert set(tokens) == {"dewi", "ana", "ben", "tia", "cy", "hana", "adi"}
    assert len(set(tokens.values())) == 7
    assert all(len(token) == 22 for token in tokens.values())
    assert _tasks(database) == [(ZoomVerb.CREATE, TaskState.PENDING)]


def test_a_marker_that_another_meeting_has_is_drawn_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    dewi = viewer_of(database, "dewi")
    taken = _meeting(database, _schedule(database, dewi, **_facts())).marker
    made = iter([taken, "[sh:c0ffee]"])
    monkeypatch.setattr(plan, "_marker", lambda: next(made))
    assert _meeting(database, _schedule(database, dewi, **_facts())).marker == "[sh:c0ffee]"


def test_the_same_form_sent_twice_makes_one_meeting_and_says_so(database: Database) -> None:
    dewi, facts = viewer_of(database, "dewi"), _facts()
    with database.transaction() as db:
        first = plan.schedule(db, dewi, **facts)
    with database.transaction() as db:
        again = plan.schedule(db, dewi, **facts)
    assert (again.id, first.first, again.first) == (first.id, True, False)
    assert len(_tasks(database)) == 1


def test_a_key_that_somebody_else_used_is_refused(database: Database) -> None:
    facts = _facts(audience=Audience(divisions=(_division(database, "population_registration"),)))
    _schedule(database, viewer_of(database, "dewi"), **facts)
    with pytest.raises(Conflict):
        _schedule(database, viewer_of(database, "ana"), **facts)


def test_a_standup_begins_on_the_first_of_its_weekdays_and_counts_its_dates(database: Database) -> None:
    facts = _standup(starts_on=TODAY + timedelta(days=1), weekdays=[4, 2, 4], occurrences=3)
    meeting = _meeting(database, _schedule(database, viewer_of(database, "dewi"), **facts))
    assert (meeting.starts_on, meeting.ends_on) == (WEDNESDAY, date(2026, 12, 2))
    assert (meeting.weekdays, meeting.occurrences) == ([2, 4], 3)
    found = terms.dates(meeting.starts_on, meeting.weekdays, meeting.occurrences)
    assert found == [WEDNESDAY, date(2026, 11, 27), date(2026, 12, 2)]


def test_a_standup_can_end_on_a_date_or_by_whichever_comes_first(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    until = _standup(occurrences=None, until=date(2026, 12, 7))
    assert _meeting(database, _schedule(database, dewi, **until)).occurrences == 5
    both = _standup(occurrences=2, until=date(2026, 12, 7))
    assert _meeting(database, _schedule(database, dewi, **both)).occurrences == 2


def test_a_standup_that_nobody_gives_an_end_has_half_a_year_of_dates_and_goes_on(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting = _meeting(database, _schedule(database, dewi, **_standup(weekdays=[0, 2], occurrences=None)))
    assert (meeting.laid_until, meeting.ends_on) == (date(2027, 5, 24), date(2027, 5, 24))
    assert meeting.occurrences == 53
    assert _meeting(database, _schedule(database, dewi, **_standup())).laid_until is None
    assert _meeting(database, _schedule(database, dewi, **_facts())).laid_until is None


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("topic", _facts(topic=" ")),
        ("topic", _facts(topic="x" * 201)),
        ("agenda", _facts(agenda="x" * 1901)),
        ("duration", _facts(minutes=0)),
        ("duration", _facts(minutes=1441)),
        ("date", _facts(starts_on=date.min)),
        ("date", _facts(starts_on=date.max)),
        ("date", _facts(starts_on=TODAY - timedelta(days=1))),
        ("time", _facts(starts_on=TODAY, starts_at=time(7, 12))),
        ("division", _facts(audience=Audience())),
        ("weekday", _standup(weekdays=[])),
        ("count", _standup(occurrences=0)),
        ("count", _standup(occurrences=261)),
        ("until", _standup(until=TODAY - timedelta(days=1))),
        ("until", _standup(weekdays=[0, 1, 2, 3, 4], occurrences=None, until=date(2027, 11, 23))),
        ("time", _standup(starts_at=time(7))),
    ],
)
def test_what_breaks_a_rule_is_refused_beside_its_field(database: Database, field: str, facts: dict[str, Any]) -> None:
    dewi = viewer_of(database, "dewi")
    with pytest.raises(Refused) as refused:
        _schedule(database, dewi, **facts)
    assert refused.value.field == field
    assert _tasks(database) == []


def test_fifty_dates_are_enough_for_zoom_and_for_us(database: Database) -> None:
    facts = _standup(weekdays=[0, 1, 2, 3, 4], occurrences=50)
    meeting = _meeting(database, _schedule(database, viewer_of(database, "dewi"), **facts))
    assert meeting.ends_on == date(2027, 1, 29)


def test_staff_hr_and_the_administrator_do_not_schedule(database: Database) -> None:
    for name in ("ben", "hana", "adi"):
        with pytest.raises(Forbidden):
            _schedule(database, viewer_of(database, name), **_facts())


def test_a_division_head_invites_only_the_own_division(database: Database) -> None:
    ana, own = viewer_of(database, "ana"), _division(database, "population_registration")
    meeting_id = _schedule(database, ana, **_facts(audience=Audience(divisions=(own,))))
    assert set(_tokens(database, meeting_id)) == {"ana", "ben", "tia"}
    assert _meeting(database, meeting_id).division_id == own
    with pytest.raises(Refused) as refused:
        _schedule(database, ana, **_facts())
    assert refused.value.field == "everyone"
    other = _division(database, "civil_registration")
    for outside in (Audience(divisions=(other,)), Audience(officers=(_officer(database, "cy"),))):
        with pytest.raises(Forbidden):
            _schedule(database, ana, **_facts(audience=outside))
    with pytest.raises(Forbidden):
        _schedule(database, ana, **_facts(audience=Audience(officers=(_officer(database, "dewi"),))))


def test_nobody_of_another_office_can_be_invited(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    for strange in (Audience(officers=(_officer(database, "oka"),)), Audience(divisions=(10**9,))):
        with pytest.raises(NotFound):
            _schedule(database, dewi, **_facts(audience=strange))


def test_persons_are_invited_by_choice_and_the_organiser_always(database: Database) -> None:
    chosen = Audience(officers=(_officer(database, "cy"),))
    meeting_id = _schedule(database, viewer_of(database, "dewi"), **_facts(audience=chosen))
    assert set(_tokens(database, meeting_id)) == {"cy", "dewi"}
    assert Audience.read(_meeting(database, meeting_id).audience) == chosen


def test_who_has_left_by_that_day_is_not_invited(database: Database) -> None:
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.name == "Cy Sondakh").values(active_to=TODAY))
    meeting_id = _schedule(database, viewer_of(database, "dewi"), **_facts())
    assert "cy" not in _tokens(database, meeting_id)


def test_the_choices_are_those_of_ones_scope(database: Database) -> None:
    ana, dewi = viewer_of(database, "ana"), viewer_of(database, "dewi")
    with database.reading() as db:
        mine, whole = choices(db, ana), choices(db, dewi)
        assert [name for _id, name in mine.divisions] == ["Pendaftaran Penduduk"]
        assert (mine.everyone, whole.everyone, len(whole.divisions)) == (False, True, 5)
        found = {name: find(db, me, chosen=[], sought="n", day=TODAY) for name, me in (("ana", ana), ("dewi", dewi))}
    assert [one.name for one in found["ana"].others] == ["Ana Kaunang", "Ben Tumiwa", "Tia Lumintang"]
    assert len(found["dewi"].others) == 7


def test_persons_are_found_by_parts_of_their_names_and_those_chosen_stay(database: Database) -> None:
    dewi, ben = viewer_of(database, "dewi"), _officer(database, "ben")
    with database.transaction() as db:
        office = db.get_one(Office, dewi.office_id)
        for number in range(30):
            add_officer(db, office, number=f"x{number}", name=f"Maria Ke-{number:02}")
        add_officer(db, office, number="y", name="Maria Lama", active_to=TODAY - timedelta(days=1))
    with database.reading() as db:
        with count_queries(database) as seen:
            found = find(db, dewi, chosen=[ben], sought="maria", day=TODAY)
        assert len(seen) == 1
        assert ([one.name for one in found.chosen], len(found.others), found.more) == (["Ben Tumiwa"], 20, True)
        few = find(db, dewi, chosen=[ben], sought="ke-07 MAR", day=TODAY)
        assert ([one.name for one in few.others], few.more) == (["Maria Ke-07"], False)
        assert find(db, dewi, chosen=[], sought="lama", day=TODAY).others == []
        assert find(db, dewi, chosen=[], sought="%", day=TODAY).others == []


def test_an_edit_keeps_the_links_of_those_who_stay(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    before = _tokens(database, meeting_id)
    _edit(database, dewi, meeting_id, audience=Audience(officers=(_officer(database, "ben"),)))
    few = _tokens(database, meeting_id)
    assert few == {name: before[name] for name in ("ben", "dewi")}
    _edit(database, dewi, meeting_id)
    after = _tokens(database, meeting_id)
    assert set(after) == set(before)
    assert (after["ben"], after["cy"] == before["cy"]) == (before["ben"], False)


def test_an_edit_before_the_create_needs_no_task_of_its_own(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _edit(database, dewi, meeting_id, topic="Evaluasi akta lahir", starts_at=time(15))
    assert (_meeting(database, meeting_id).topic, _meeting(database, meeting_id).version) == ("Evaluasi akta lahir", 2)
    assert _tasks(database) == [(ZoomVerb.CREATE, TaskState.PENDING)]


@pytest.mark.parametrize("task", [{"state": TaskState.CLAIMED}, {"unclear": True}])
def test_an_edit_during_a_create_that_may_have_happened_follows_it(database: Database, task: dict[str, Any]) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task=task)
    _edit(database, dewi, meeting_id, topic="Lain")
    assert [verb for verb, _state in _tasks(database)] == [ZoomVerb.CREATE, ZoomVerb.UPDATE]


def test_zoom_hears_once_of_many_edits_and_never_of_a_change_in_the_guests(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task={"state": TaskState.DONE}, state=MeetingState.READY, zoom_id=81, join_url="x")
    _edit(database, dewi, meeting_id, audience=Audience(officers=(_officer(database, "ben"),)))
    assert len(_tasks(database)) == 1
    _edit(database, dewi, meeting_id, topic="Lain")
    _edit(database, dewi, meeting_id, topic="Lain lagi")
    assert _tasks(database)[1:] == [(ZoomVerb.UPDATE, TaskState.PENDING)]
    assert _meeting(database, meeting_id).join_url == "x"


def test_an_edit_of_an_older_version_is_a_conflict(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _edit(database, dewi, meeting_id, topic="Lain")
    with pytest.raises(Conflict):
        _edit(database, dewi, meeting_id, topic="Ketiga", version=1)
    assert _meeting(database, meeting_id).topic == "Lain"


def test_an_edit_into_the_past_is_refused(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    with pytest.raises(Refused) as refused:
        _edit(database, dewi, meeting_id, starts_on=TODAY, starts_at=time(6))
    assert refused.value.field == "time"


def test_once_a_series_has_begun_its_dates_stay_and_its_words_change(database: Database) -> None:
    dewi, later = viewer_of(database, "dewi"), MORNING + timedelta(days=1)
    meeting_id = _schedule(database, dewi, **_standup())
    _edit(database, dewi, meeting_id, topic="Apel", minutes=20, now=later)
    assert _meeting(database, meeting_id).minutes == 20
    with pytest.raises(Refused):
        _edit(database, dewi, meeting_id, starts_at=time(9), now=later)
    assert _meeting(database, meeting_id).starts_on == TODAY


def test_an_edit_makes_a_failed_create_anew_and_looks_first_when_it_was_unclear(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(
        database,
        meeting_id,
        task={"state": TaskState.FAILED, "unclear": True},
        state=MeetingState.FAILED,
        trouble="refused:topic",
    )
    _edit(database, dewi, meeting_id)
    with database.reading() as db:
        task = db.scalars(sa.select(ZoomTask).order_by(ZoomTask.id.desc())).first()
    assert task is not None
    assert (task.verb, task.state, task.unclear) == (ZoomVerb.CREATE, TaskState.PENDING, True)


def test_a_meeting_that_zoom_never_saw_is_cancelled_without_asking_zoom(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    for _twice in range(2):
        with database.transaction() as db:
            plan.cancel(db, dewi, meeting_id, version=1, now=MORNING)
    meeting = _meeting(database, meeting_id)
    assert (meeting.state, meeting.cancelled_at) == (MeetingState.CANCELLED, MORNING)
    assert _tasks(database) == [(ZoomVerb.CREATE, TaskState.DONE)]


@pytest.mark.parametrize(
    "task", [{"state": TaskState.CLAIMED}, {"unclear": True}, {"state": TaskState.DONE, "attempts": 1}]
)
def test_what_zoom_may_have_is_deleted_there(database: Database, task: dict[str, Any]) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task=task, **({"zoom_id": 81} if task.get("attempts") else {}))
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=1, now=MORNING)
    assert _tasks(database)[-1] == (ZoomVerb.DELETE, TaskState.PENDING)


def test_what_is_over_or_cancelled_is_left_alone(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id, over = _schedule(database, dewi, **_facts()), MORNING + timedelta(days=3)
    with pytest.raises(Conflict):
        _edit(database, dewi, meeting_id, topic="Lain", now=over)
    with database.transaction() as db, pytest.raises(Conflict):
        plan.cancel(db, dewi, meeting_id, version=1, now=over)
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=1, now=MORNING)
    with pytest.raises(Conflict):
        _edit(database, dewi, meeting_id, topic="Lain")


def test_trying_again_makes_a_waiting_task_due_and_a_failed_one_anew(database: Database) -> None:
    dewi, later = viewer_of(database, "dewi"), MORNING + timedelta(minutes=5)
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task={"due_at": MORNING + timedelta(days=1)}, trouble="credentials", state="failed")
    with database.transaction() as db:
        assert plan.retry(db, dewi, meeting_id, version=1, now=later).state is MeetingState.WAITING
    with database.reading() as db:
        assert db.scalars(sa.select(ZoomTask.due_at)).all() == [later]
    _set(database, meeting_id, task={"state": TaskState.FAILED}, trouble="refused:", state="failed")
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=1, now=later)
    assert _tasks(database) == [(ZoomVerb.CREATE, TaskState.FAILED), (ZoomVerb.CREATE, TaskState.PENDING)]


def test_trying_again_without_trouble_changes_nothing(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=1, now=MORNING)
    assert len(_tasks(database)) == 1


def test_a_meeting_gone_from_zoom_is_made_anew_only_when_asked(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task={"state": TaskState.DONE}, trouble="gone", state="failed", zoom_id=81)
    _edit(database, dewi, meeting_id, topic="Lain")
    assert len(_tasks(database)) == 1
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=2, now=MORNING)
    assert _meeting(database, meeting_id).zoom_id is None
    assert _tasks(database)[-1] == (ZoomVerb.CREATE, TaskState.PENDING)


def test_a_delete_that_zoom_refused_can_be_tried_again(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _set(database, meeting_id, task={"state": TaskState.FAILED}, trouble="refused:", state="cancelled", zoom_id=81)
    with database.transaction() as db:
        plan.retry(db, dewi, meeting_id, version=1, now=MORNING)
    assert _tasks(database)[-1] == (ZoomVerb.DELETE, TaskState.PENDING)
    assert _meeting(database, meeting_id).state is MeetingState.CANCELLED


def test_a_division_head_changes_only_meetings_of_the_own_division(database: Database) -> None:
    dewi, ana = viewer_of(database, "dewi"), viewer_of(database, "ana")
    offices = _schedule(database, dewi, **_facts())
    with database.reading() as db:
        with pytest.raises(Forbidden):
            plan.own_meeting(db, ana, offices)
        with pytest.raises(Forbidden):
            plan.own_meeting(db, viewer_of(database, "ben"), offices)
        with pytest.raises(NotFound):
            plan.own_meeting(db, dewi, 10**9)
    own = Audience(divisions=(_division(database, "population_registration"),))
    anas = _schedule(database, ana, **_facts(audience=own))
    with database.reading() as db:
        assert plan.own_meeting(db, dewi, anas).id == plan.own_meeting(db, ana, anas).id


def test_a_day_shows_the_meetings_that_fall_on_it(database: Database) -> None:
    dewi, ben = viewer_of(database, "dewi"), viewer_of(database, "ben")
    standup = _schedule(database, dewi, **_standup())
    single = _schedule(database, dewi, **_facts(starts_on=TODAY))
    gone = _schedule(database, dewi, **_facts())
    with database.transaction() as db:
        plan.cancel(db, dewi, gone, version=1, now=MORNING)
    assert ben.officer_id
    with database.reading() as db:
        with count_queries(database) as seen:
            rows = joining.today_for(db, ben.office_id, ben.officer_id, TODAY, MORNING)
        assert len(seen) == 1
        assert [(row.id, row.starts_at, row.people, row.over) for row in rows] == [
            (standup, time(8, 30), 7, False),
            (single, time(14), 7, False),
        ]
        assert joining.way_in(db, rows[0].token, now=MORNING).officer_id == ben.officer_id
        assert joining.way_in(db, rows[0].token, now=MORNING).meeting_id == standup
        noon = datetime.combine(TODAY, time(12), tzinfo=ben.zone)
        assert [row.over for row in joining.today_for(db, ben.office_id, ben.officer_id, TODAY, noon)] == [True, False]
        tuesday = TODAY + timedelta(days=1)
        assert joining.today_for(db, ben.office_id, ben.officer_id, tuesday, MORNING) == []
        assert [row.id for row in joining.today_for(db, ben.office_id, ben.officer_id, WEDNESDAY, MORNING)] == [standup]
        after = date(2026, 12, 7)
        assert joining.today_for(db, ben.office_id, ben.officer_id, after, MORNING) == []


def _dates(database: Database, meeting_id: int) -> list[tuple[date, datetime, int, str]]:
    with database.reading() as db:
        rows = db.scalars(sa.select(Occurrence).where(Occurrence.meeting_id == meeting_id).order_by(Occurrence.date))
        return [(row.date, row.starts_at, row.minutes, row.state.value) for row in rows]


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time of the office, in WITA."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("Asia/Makassar"))


def test_a_meeting_has_a_row_for_each_date_from_the_hour_it_is_planned(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    single = _schedule(database, dewi, **_facts())
    assert _dates(database, single) == [(WEDNESDAY, _at(WEDNESDAY, 14), 45, "planned")]
    standup = _schedule(database, dewi, **_standup(occurrences=3))
    days = [TODAY, WEDNESDAY, TODAY + timedelta(days=7)]
    assert _dates(database, standup) == [(day, _at(day, 8, 30), 15, "planned") for day in days]


def test_an_edit_lays_the_dates_out_anew_and_keeps_the_rows_that_stay(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_standup(occurrences=3))
    with database.transaction() as db:
        kept = db.scalar(sa.select(Occurrence.id).where(Occurrence.date == WEDNESDAY))
        db.execute(sa.update(Occurrence).values(zoom_occurrence_id="1763944200000"))
    _edit(database, dewi, meeting_id, weekdays=[2], occurrences=2, starts_on=WEDNESDAY)
    after = date(2026, 12, 2)
    assert _dates(database, meeting_id) == [(day, _at(day, 8, 30), 15, "planned") for day in (WEDNESDAY, after)]
    with database.reading() as db:
        row = db.scalars(sa.select(Occurrence).where(Occurrence.date == WEDNESDAY)).one()
        assert (row.id, row.zoom_occurrence_id) == (kept, "1763944200000")
    _edit(database, dewi, meeting_id, starts_on=WEDNESDAY, starts_at=time(9))
    with database.reading() as db:
        row = db.scalars(sa.select(Occurrence).where(Occurrence.date == WEDNESDAY)).one()
        assert (row.starts_at, row.zoom_occurrence_id) == (_at(WEDNESDAY, 9), "1763944200000")


def test_a_date_that_was_held_keeps_its_length_when_the_series_gets_another(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_standup(occurrences=2))
    _edit(database, dewi, meeting_id, minutes=30, now=_at(TODAY, 12))
    assert [(day, minutes) for day, _at, minutes, _state in _dates(database, meeting_id)] == [
        (TODAY, 15),
        (WEDNESDAY, 30),
    ]


def test_cancelling_calls_off_the_dates_that_are_left(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_standup(occurrences=3))
    with database.transaction() as db:
        plan.cancel(db, dewi, meeting_id, version=1, now=_at(TODAY, 8, 40))
    assert [state for *_rest, state in _dates(database, meeting_id)] == ["planned", "cancelled", "cancelled"]


def test_what_is_looked_at_before_saving_is_refused_as_saving_would_be(database: Database) -> None:
    dewi = viewer_of(database, "dewi")
    for facts in (_standup(starts_at=time(7)), _standup(occurrences=261), _standup(topic=" ")):
        terms_only = {name: facts[name] for name in facts if name not in {"audience", "idempotency_key", "now"}}
        with pytest.raises(Refused) as looked:
            plan.agree(dewi, terms.Terms(**terms_only), now=MORNING)
        with pytest.raises(Refused) as saved:
            _schedule(database, dewi, **facts)
        assert (looked.value.field, looked.value.message) == (saved.value.field, saved.value.message)


@pytest.mark.parametrize("act", ["edit", "cancel", "retry"])
def test_whoever_has_an_older_version_before_the_eyes_changes_nothing(database: Database, act: str) -> None:
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    _edit(database, dewi, meeting_id, topic="Lain")
    _set(database, meeting_id, trouble="unreachable")
    stale = {"version": 1, "now": MORNING}
    with pytest.raises(Conflict), database.transaction() as db:
        if act == "edit":
            terms_of = _facts(topic="Ketiga") | stale
            plan.edit(
                db, dewi, meeting_id, **{k: v for k, v in terms_of.items() if k not in {"kind", "idempotency_key"}}
            )
        else:
            {"cancel": plan.cancel, "retry": plan.retry}[act](db, dewi, meeting_id, **stale)
    meeting = _meeting(database, meeting_id)
    assert (meeting.topic, meeting.state, meeting.trouble) == ("Lain", MeetingState.WAITING, "unreachable")


def test_of_two_who_save_at_once_the_second_hears_of_the_first(database: Database) -> None:
    """Both have read version 1; the second waits for the lock and then sees what the first has stored."""
    dewi = viewer_of(database, "dewi")
    meeting_id = _schedule(database, dewi, **_facts())
    if database.sqlite:  # one writer at a time: nothing is read before the lock is held
        return
    facts = {k: v for k, v in _facts().items() if k not in {"kind", "idempotency_key"}}
    with database.transaction() as second:
        plan.own_meeting(second, dewi, meeting_id)
        with database.transaction() as first:
            plan.edit(first, dewi, meeting_id, **facts | {"topic": "Pertama"}, version=1)
        with pytest.raises(Conflict):
            plan.edit(second, dewi, meeting_id, **facts | {"topic": "Kedua"}, version=1)
        undo(second)
    assert _meeting(database, meeting_id).topic == "Pertama"
