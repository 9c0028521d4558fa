"""Series that follow the office's calendar, against the Zoom sandbox over real HTTP: each date as agreed, one link."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import zoom_server
from zoom_server import ZoomSandbox, running_sandbox

from staffhub.db import Database
from staffhub.errors import Conflict, Refused
from staffhub.meetings import dates, following, plan, sync, wire
from staffhub.meetings.audience import Audience
from staffhub.models import (
    Holiday,
    HolidayKind,
    Meeting,
    MeetingKind,
    Notice,
    NoticeKind,
    Occurrence,
    OccurrenceState,
    Office,
    RuleKind,
    RuleSet,
    ZoomTask,
)
from tests.conftest import MORNING, TODAY, race, viewer_of

zoom_sandbox_server = zoom_server.zoom_sandbox_server
WORKDAYS = [0, 1, 2, 3, 4]
CREATE, PATCH, DELETE = "POST /v2/users/", "PATCH /v2/meetings", "DELETE /v2/meetings"
WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in (25, 26, 27))


@pytest.fixture
def sandbox(zoom_sandbox_server: ZoomSandbox) -> ZoomSandbox:
    assert zoom_sandbox_server.request("POST", "/sandbox/reset").status_code == 204
    zoom_sandbox_server.clock.time = MORNING
    return zoom_sandbox_server


@pytest.fixture(autouse=True)
def _no_days_off(database: Database) -> None:
    """Each test brings its own."""
    with database.transaction() as db:
        db.execute(sa.delete(Holiday))


def _standup(database: Database, **overrides: Any) -> int:
    facts: dict[str, Any] = {"kind": MeetingKind.STANDUP, "topic": "Apel pagi", "agenda": "Antrean", "minutes": 15}
    facts |= {"starts_on": TODAY, "starts_at": time(8, 30), "weekdays": WORKDAYS, "occurrences": 10, "now": MORNING}
    facts |= {"audience": Audience(everyone=True), "idempotency_key": str(uuid4())}
    dewi = viewer_of(database, "dewi")
    with database.transaction() as db:
        return plan.schedule(db, dewi, **facts | overrides).id


def _holidays(database: Database, *days: date, name: str = "Hari Uji") -> None:
    with database.transaction() as db:
        office = db.scalars(sa.select(Office.id).order_by(Office.id).limit(1)).one()
        facts = {"office_id": office, "name": name, "kind": HolidayKind.COLLECTIVE, "source": "SKB"}
        db.execute(sa.insert(Holiday), [facts | {"date": day} for day in days])


def _ramadan(database: Database, first: date, last: date) -> None:
    """Work begins an hour later."""
    with database.transaction() as db:
        office = db.scalars(sa.select(Office.id).order_by(Office.id).limit(1)).one()
        hours = {day: ["08.30", "15.00", 30] for day in ("mon", "tue", "wed", "thu", "fri")}
        facts = {"office_id": office, "kind": RuleKind.WORK_HOURS, "owner": "HR", "legal_source": "SE 1"}
        db.add(RuleSet(**facts, subject="special", valid_from=first, valid_to=last, values=hours))


def _run(database: Database, zoom: Any, now: datetime = MORNING) -> None:
    sync.run_due(database, zoom, now=now, host="")


def _until_quiet(database: Database, zoom: Any, now: datetime = MORNING) -> None:
    for seconds in (0, 15, 50, 200, 600):
        _run(database, zoom, now + timedelta(seconds=seconds))


def _meeting(database: Database, meeting_id: int) -> Meeting:
    with database.reading() as db:
        return db.scalars(sa.select(Meeting).where(Meeting.id == meeting_id)).one()


def _state(database: Database, meeting_id: int) -> tuple[str, str]:
    meeting = _meeting(database, meeting_id)
    return meeting.state.value, meeting.trouble


def _row(database: Database, meeting_id: int, day: date) -> Occurrence:
    with database.reading() as db:
        query = sa.select(Occurrence).where(Occurrence.meeting_id == meeting_id, Occurrence.date == day)
        return db.scalars(query).one()


def _ours(database: Database, meeting_id: int, now: datetime = MORNING) -> list[str]:
    """The starts to come as StaffHub has them, in Zoom's words."""
    ahead = (
        Occurrence.meeting_id == meeting_id,
        Occurrence.state == OccurrenceState.PLANNED,
        Occurrence.starts_at > now,
    )
    with database.reading() as db:
        rows = db.scalars(sa.select(Occurrence.starts_at).where(*ahead).order_by(Occurrence.starts_at))
        return [f"{start:%Y-%m-%dT%H:%M:%SZ}" for start in rows]


def _theirs(sandbox: ZoomSandbox, now: datetime = MORNING) -> list[str]:
    (made,) = sandbox.meetings()
    starts = (row["start_time"] for row in made["occurrences"] if row["status"] == "available")
    return sorted(start for start in starts if start > f"{now:%Y-%m-%dT%H:%M:%SZ}")


def _act(database: Database, verb: Any, meeting_id: int, of: date, *, now: datetime = MORNING, **facts: Any) -> None:
    dewi, row = viewer_of(database, "dewi"), _row(database, meeting_id, of)
    with database.transaction() as db:
        verb(db, dewi, meeting_id, row.id, version=db.get_one(Meeting, meeting_id).version, **facts, now=now)


def _move(database: Database, meeting_id: int, day: date, to: date, at: time, **facts: Any) -> None:
    _act(database, dates.change, meeting_id, day, day=to, starts_at=at, **{"agenda": ""} | facts)


def _told(database: Database) -> list[tuple[str, str, int]]:
    with database.reading() as db:
        later = (Notice.kind == NoticeKind.MEETING_CHANGED, Notice.key.not_like("meeting:%:1:invited"))
        rows = db.scalars(sa.select(Notice).where(*later).order_by(Notice.id))
        return sorted({(row.params["what"], row.params["day"], row.params["count"]) for row in rows})


@contextmanager
def _counted(sandbox: ZoomSandbox) -> Iterator[dict[str, int]]:
    """Count the writing calls of what happens inside."""
    before = {name: sandbox.calls(name) for name in (CREATE, PATCH, DELETE)}
    made: dict[str, int] = {}
    yield made
    made |= {name: sandbox.calls(name) - count for name, count in before.items()}


def test_holidays_are_cancelled_one_by_one_in_a_series_that_is_created_once(
    database: Database, sandbox: ZoomSandbox
) -> None:
    _holidays(database, WEDNESDAY, date(2026, 12, 1))
    meeting_id = _standup(database)
    _run(database, sandbox.client())
    assert _state(database, meeting_id) == ("ready", "")
    assert [sandbox.calls(call) for call in (CREATE, PATCH, DELETE)] == [1, 0, 2]
    (made,) = sandbox.meetings()
    deleted = [row["start_time"][:10] for row in made["occurrences"] if row["status"] == "deleted"]
    assert deleted == ["2026-11-25", "2026-12-01"]
    assert _theirs(sandbox) == _ours(database, meeting_id)
    assert _row(database, meeting_id, WEDNESDAY).holiday == "Hari Uji"


def test_sixty_dates_with_six_holidays_cost_a_create_an_extension_and_a_call_for_each_holiday(
    database: Database, sandbox: ZoomSandbox
) -> None:
    off = [date(2026, 11, 26), date(2026, 12, 9), date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)]
    _holidays(database, *off, date(2027, 2, 8))
    meeting_id, zoom, now = _standup(database, occurrences=60), sandbox.client(), MORNING
    links = set()
    while now < datetime(2027, 2, 13, tzinfo=UTC):
        sandbox.clock.time = now
        following.run_due(database, now=now)
        _run(database, zoom, now)
        links.add(_meeting(database, meeting_id).join_url)
        assert _state(database, meeting_id) == ("ready", "")
        ours = _ours(database, meeting_id, now)
        assert _theirs(sandbox, now) == ours[: len(_theirs(sandbox, now))]
        assert len(_theirs(sandbox, now)) >= min(len(ours), wire.MARGIN)
        now += timedelta(hours=24)
    assert len(links) == 1
    assert [sandbox.calls(call) for call in (CREATE, PATCH, DELETE)] == [1, 1, 6]


def test_a_series_is_extended_once_although_two_processes_look(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _standup(database, occurrences=60), sandbox.client()
    _run(database, zoom)
    sandbox.clock.time = late = datetime(2027, 1, 25, 23, tzinfo=UTC)
    number = _meeting(database, meeting_id).zoom_id
    for _twice in range(2):
        following.run_due(database, now=late)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(ZoomTask)) == 2
    _run(database, zoom, late)
    assert following.run_due(database, now=late) == 0
    assert (_theirs(sandbox, late), len(sandbox.meetings())) == (_ours(database, meeting_id, late), 1)
    assert _meeting(database, meeting_id).zoom_id == number


def test_of_two_processes_that_extend_at_once_one_does(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id = _standup(database, occurrences=60)
    _run(database, sandbox.client())
    late = datetime(2027, 1, 25, 23, tzinfo=UTC)

    def then() -> int:
        with database.transaction() as db:
            return following._extend(db, meeting_id, now=late)

    assert race(database, lambda db: following._extend(db, meeting_id, now=late), then) == 0


def test_a_series_without_an_end_goes_on_under_one_link_and_holds_nothing_on_a_holiday(
    database: Database, sandbox: ZoomSandbox
) -> None:
    _holidays(database, date(2027, 6, 7))
    meeting_id, zoom, now = _standup(database, weekdays=[0], occurrences=None), sandbox.client(), MORNING
    _run(database, zoom)
    assert len(_theirs(sandbox)) == 27
    _move(database, meeting_id, date(2027, 5, 24), date(2028, 10, 4), time(9))
    links = set()
    while now < datetime(2027, 9, 20, tzinfo=UTC):
        sandbox.clock.time = now
        following.run_due(database, now=now)
        assert following.run_due(database, now=now) == 0
        _run(database, zoom, now)
        meeting = _meeting(database, meeting_id)
        links.add(meeting.join_url)
        assert (meeting.state.value, meeting.trouble) == ("ready", "")
        ours, theirs = _ours(database, meeting_id, now), _theirs(sandbox, now)
        assert {*theirs} <= {*ours}
        assert len(theirs) >= wire.MARGIN
        assert len(ours) >= 20
        now += timedelta(days=7)
    assert (len(links), sandbox.calls(CREATE)) == (1, 1)
    assert _row(database, meeting_id, date(2027, 6, 7)).state is OccurrenceState.CANCELLED
    assert meeting.version == 2, "only the move counts: who has the form open is not disturbed"


def test_of_two_processes_that_carry_a_series_on_one_does(database: Database) -> None:
    meeting_id = _standup(database, weekdays=[0], occurrences=None)
    late = MORNING + timedelta(weeks=8)

    def then() -> int:
        with database.transaction() as db:
            return following._carry_on(db, meeting_id, now=late)

    assert race(database, lambda db: following._carry_on(db, meeting_id, now=late), then) == 0
    with database.reading() as db:
        days = db.scalars(sa.select(Occurrence.date)).all()
    assert len(days) == len({*days}) == _meeting(database, meeting_id).occurrences == 35


def test_what_the_calendar_changes_is_told_before_a_series_is_carried_on(database: Database) -> None:
    _standup(database, weekdays=[0], occurrences=None)
    _holidays(database, date(2027, 2, 1))
    late = MORNING + timedelta(weeks=8)
    assert [following.run_due(database, now=late) for _thrice in range(3)] == [2, 0, 0]
    assert _told(database) == [("cancelled", "2027-02-01", 1)]


def test_a_series_that_has_begun_is_given_an_end_and_goes_on_again(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom, dewi = _standup(database, occurrences=None), sandbox.client(), viewer_of(database, "dewi")
    _run(database, zoom)
    later = sandbox.clock.time = MORNING + timedelta(days=3)
    facts: dict[str, Any] = {"topic": "Apel pagi", "agenda": "Antrean", "starts_on": TODAY, "starts_at": time(8, 30)}
    facts |= {"minutes": 15, "weekdays": WORKDAYS, "audience": Audience(everyone=True), "now": later}
    with pytest.raises(Refused, match="batalkan"), database.transaction() as db:
        plan.edit(db, dewi, meeting_id, version=1, until=WEDNESDAY, **facts)
    with database.transaction() as db:
        plan.edit(db, dewi, meeting_id, version=1, **facts)
    assert _told(database) == [], "nothing was changed"
    for until, dates_left in ((date(2026, 12, 4), 7), (None, 131)):
        with database.transaction() as db:
            meeting = plan.edit(
                db, dewi, meeting_id, version=_meeting(database, meeting_id).version, until=until, **facts
            )
        assert (meeting.laid_until is None) is (until is not None)
        _until_quiet(database, zoom, later)
        theirs, ours = _theirs(sandbox, later), _ours(database, meeting_id, later)
        assert len(ours) == dates_left
        assert theirs == ours[: len(theirs)]
        assert len(theirs) >= wire.MARGIN
        assert _state(database, meeting_id) == ("ready", "")
    assert {(what, count) for what, _day, count in _told(database)} == {("dates", 7), ("dates", 131)}


def test_another_hour_for_all_dates_is_one_call(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _standup(database), sandbox.client()
    _run(database, zoom)
    meeting, dewi = _meeting(database, meeting_id), viewer_of(database, "dewi")
    names = ("version", "topic", "agenda", "starts_on", "minutes", "weekdays", "occurrences")
    facts = {name: getattr(meeting, name) for name in names} | {"audience": Audience(everyone=True)}
    with database.transaction() as db:
        plan.edit(db, dewi, meeting_id, **facts, starts_at=time(9), now=MORNING)
    with _counted(sandbox) as made:
        _run(database, zoom)
    assert made == {CREATE: 0, PATCH: 1, DELETE: 0}
    assert _theirs(sandbox) == _ours(database, meeting_id)
    assert _meeting(database, meeting_id).join_url == meeting.join_url


def test_a_holiday_added_or_removed_later_reaches_zoom_by_itself_and_is_told(
    database: Database, sandbox: ZoomSandbox
) -> None:
    meeting_id, zoom = _standup(database), sandbox.client()
    _run(database, zoom)
    link = _meeting(database, meeting_id).join_url
    _holidays(database, THURSDAY)
    assert following.run_due(database, now=MORNING) == 1
    assert following.run_due(database, now=MORNING) == 0
    _run(database, zoom)
    assert (_theirs(sandbox), sandbox.calls(DELETE)) == (_ours(database, meeting_id), 1)
    assert len(_theirs(sandbox)) == 9
    assert _told(database) == [("cancelled", "2026-11-26", 1)]
    with database.transaction() as db:
        db.execute(sa.delete(Holiday).where(Holiday.date == THURSDAY))
    following.run_due(database, now=MORNING)
    _run(database, zoom)
    assert (len(_theirs(sandbox)), _theirs(sandbox)) == (10, _ours(database, meeting_id))
    assert _told(database)[1] == ("moved", "2026-11-26", 1)
    meeting = _meeting(database, meeting_id)
    assert (meeting.join_url, meeting.state.value, sandbox.calls(CREATE)) == (link, "ready", 1)


def test_in_ramadan_the_hour_follows_the_work_and_costs_no_call_for_each_date(
    database: Database, sandbox: ZoomSandbox
) -> None:
    _ramadan(database, date(2026, 12, 7), date(2026, 12, 31))
    meeting_id, zoom, now = _standup(database, occurrences=50), sandbox.client(), MORNING
    hours = {_row(database, meeting_id, day).starts_at.hour for day in (date(2026, 12, 7), date(2026, 12, 31))}
    assert (hours, _row(database, meeting_id, date(2027, 1, 1)).starts_at.hour) == ({1}, 0)
    while now < datetime(2027, 1, 31, tzinfo=UTC):
        sandbox.clock.time = now
        following.run_due(database, now=now)
        _run(database, zoom, now)
        assert _state(database, meeting_id) == ("ready", "")
        theirs = _theirs(sandbox, now)
        assert theirs == _ours(database, meeting_id, now)[: len(theirs)]
        now += timedelta(hours=24)
    # Twice laid out anew, and five dates moved each time: those that were left before the hour changed.
    assert (sandbox.calls(CREATE), sandbox.calls(PATCH)) == (1, 12)
    assert sandbox.calls(DELETE) == 0


def test_a_ramadan_that_is_entered_later_is_followed_and_told_once(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, zoom = _standup(database), sandbox.client()
    _run(database, zoom)
    _ramadan(database, date(2026, 11, 30), date(2026, 12, 20))
    assert following.run_due(database, now=MORNING) == 5
    assert _told(database) == [("calendar", "2026-11-30", 5)]
    _run(database, zoom)
    assert _theirs(sandbox) == _ours(database, meeting_id)
    assert _theirs(sandbox)[-1] == "2026-12-04T01:30:00Z"
    assert _state(database, meeting_id) == ("ready", "")


def test_in_ramadan_a_series_is_held_at_the_hour_that_was_chosen_for_it(
    database: Database, sandbox: ZoomSandbox
) -> None:
    meeting_id, zoom, dewi = _standup(database, special_at=time(13)), sandbox.client(), viewer_of(database, "dewi")
    _run(database, zoom)
    assert {start[11:16] for start in _theirs(sandbox)} == {"00:30"}
    _ramadan(database, date(2026, 11, 30), date(2026, 12, 2))
    assert [following.run_due(database, now=MORNING) for _twice in range(2)] == [3, 0]
    assert _told(database) == [("calendar", "2026-11-30", 3)]
    _run(database, zoom)
    assert (_theirs(sandbox), _state(database, meeting_id)) == (_ours(database, meeting_id), ("ready", ""))
    assert [start[8:16] for start in _theirs(sandbox)[4:9]] == [
        "27T00:30",
        "30T05:00",
        "01T05:00",
        "02T05:00",
        "03T00:30",
    ]
    begun = sandbox.clock.time = MORNING + timedelta(days=1)
    facts: dict[str, Any] = {"topic": "Apel pagi", "agenda": "Antrean", "starts_on": TODAY, "starts_at": time(8, 30)}
    facts |= {"minutes": 15, "weekdays": WORKDAYS, "occurrences": 10, "audience": Audience(everyone=True), "now": begun}
    for special, hour in ((time(10), "02:00"), (None, "01:30")):
        with database.transaction() as db:
            version = db.get_one(Meeting, meeting_id).version
            plan.edit(db, dewi, meeting_id, version=version, special_at=special, **facts)
        _until_quiet(database, zoom, begun)
        assert (_theirs(sandbox, begun)[4][11:16], _state(database, meeting_id)) == (hour, ("ready", ""))
        assert _theirs(sandbox, begun) == _ours(database, meeting_id, begun)
    assert ("dates", "2026-11-24", 9) in _told(database)
    with database.transaction() as db:
        version = db.get_one(Meeting, meeting_id).version
        db.execute(sa.delete(RuleSet).where(RuleSet.subject == "special"))
    following.run_due(database, now=begun)
    told = len(_told(database))
    with database.transaction() as db:
        version = db.get_one(Meeting, meeting_id).version
        plan.edit(db, dewi, meeting_id, version=version, special_at=time(13), **facts)
    assert len(_told(database)) == told, "an hour for a Ramadan that is far away is nobody's news"


def test_one_date_is_moved_cancelled_or_given_an_agenda_and_the_others_stay(
    database: Database, sandbox: ZoomSandbox
) -> None:
    meeting_id, zoom = _standup(database, occurrences=5), sandbox.client()
    _run(database, zoom)
    before = sandbox.meetings()[0]["occurrences"]
    with _counted(sandbox) as made:
        _move(database, meeting_id, WEDNESDAY, WEDNESDAY, time(14))
        _act(database, dates.call_off, meeting_id, THURSDAY)
        _move(database, meeting_id, FRIDAY, date(2026, 11, 28), time(9), agenda="Hanya arsip")
        _run(database, zoom)
    assert made == {CREATE: 0, PATCH: 2, DELETE: 1}
    after = sandbox.meetings()[0]["occurrences"]
    assert [row["occurrence_id"] for row in after] == [row["occurrence_id"] for row in before]
    assert after[:2] == before[:2]
    assert _theirs(sandbox) == _ours(database, meeting_id)
    assert [row["status"] for row in after] == ["available"] * 3 + ["deleted", "available"]
    assert (after[2]["start_time"], after[4]["start_time"]) == ("2026-11-25T06:00:00Z", "2026-11-28T01:00:00Z")
    assert after[4]["agenda"] == f"{_meeting(database, meeting_id).marker} Hanya arsip"
    assert _state(database, meeting_id) == ("ready", "")
    assert {what for what, *_rest in _told(database)} == {"moved", "cancelled"}
    with _counted(sandbox) as made:
        _act(database, dates.hold, meeting_id, date(2026, 11, 28))
        _run(database, zoom)
    assert (made[PATCH], _theirs(sandbox)[-1]) == (1, "2026-11-27T00:30:00Z")


def test_a_day_to_which_a_date_was_moved_is_never_held_twice(database: Database, sandbox: ZoomSandbox) -> None:
    meeting_id, dewi = _standup(database, occurrences=3, weekdays=[0, 2]), viewer_of(database, "dewi")
    _move(database, meeting_id, WEDNESDAY, THURSDAY, time(9))
    facts: dict[str, Any] = {"topic": "Apel", "starts_on": TODAY, "starts_at": time(8, 30), "minutes": 15}
    facts |= {"audience": Audience(everyone=True), "now": MORNING}
    for version, weekdays, days in ((2, [0, 2, 3], [23, 26]), (3, [0, 3], [23, 26, 30]), (4, [0, 2], [23, 25, 30])):
        with database.transaction() as db:
            plan.edit(db, dewi, meeting_id, version=version, weekdays=weekdays, occurrences=3, **facts)
        with database.reading() as db:
            rows = db.scalars(sa.select(Occurrence).order_by(Occurrence.date)).all()
        assert [row.date.day for row in rows] == days
    _move(database, meeting_id, WEDNESDAY, date(2026, 11, 28), time(9))
    _move(database, meeting_id, date(2026, 11, 30), WEDNESDAY, time(9))
    with pytest.raises(Refused):
        _act(database, dates.hold, meeting_id, date(2026, 11, 28))


def test_what_a_person_decided_about_a_date_outlives_a_change_of_the_calendar(
    database: Database, sandbox: ZoomSandbox
) -> None:
    _holidays(database, WEDNESDAY)
    meeting_id, zoom = _standup(database, occurrences=5), sandbox.client()
    _act(database, dates.hold, meeting_id, WEDNESDAY)
    _move(database, meeting_id, THURSDAY, THURSDAY, time(10))
    _holidays(database, THURSDAY)
    _ramadan(database, TODAY, date(2026, 12, 20))
    following.run_due(database, now=MORNING)
    _until_quiet(database, zoom)
    with database.reading() as db:
        assert following._behind(db, _meeting(database, meeting_id).office_id, MORNING) == []
    starts = ["23T01:30", "24T01:30", "25T01:30", "26T02:00", "27T01:30"]
    # Held on a holiday all the same, it stayed at the hour that it had when that was decided.
    starts[2] = "25T00:30"
    assert _theirs(sandbox) == [f"2026-11-{start}:00Z" for start in starts]


def test_a_date_that_was_cancelled_is_held_again_under_the_same_number(
    database: Database, sandbox: ZoomSandbox
) -> None:
    _holidays(database, FRIDAY)
    meeting_id, zoom = _standup(database, occurrences=5), sandbox.client()
    _act(database, dates.call_off, meeting_id, WEDNESDAY)
    _move(database, meeting_id, THURSDAY, THURSDAY, time(10), agenda="Khusus")
    _run(database, zoom)
    old = _meeting(database, meeting_id)
    _act(database, dates.hold, meeting_id, WEDNESDAY)
    _run(database, zoom)
    new, (made,) = _meeting(database, meeting_id), sandbox.meetings()
    assert (new.zoom_id, new.join_url, new.state.value) == (old.zoom_id, old.join_url, "ready")
    assert len(_theirs(sandbox)) == 4
    assert _theirs(sandbox) == _ours(database, meeting_id)
    assert [row.get("agenda", "")[-6:] for row in made["occurrences"]] == ["", "", "", "Khusus"]


@pytest.mark.parametrize("lost", ["drop_after", "cut_body"])
def test_changes_of_a_date_whose_answers_are_lost_converge_twenty_times_over(
    database: Database, sandbox: ZoomSandbox, lost: str
) -> None:
    meeting_id, zoom = _standup(database, occurrences=45), sandbox.client()
    _run(database, zoom)
    days = [row.date for row in _rows_ahead(database, meeting_id)][1:41]
    now = MORNING
    with _counted(sandbox) as made:
        for moved, cancelled in zip(days[::2], days[1::2], strict=True):
            _move(database, meeting_id, moved, moved, time(15))
            _act(database, dates.call_off, meeting_id, cancelled)
            for method in ("PATCH", "DELETE"):
                sandbox.fault(lost, method=method, path_prefix="/v2/meetings")
            now += timedelta(minutes=10)
            _until_quiet(database, zoom, now)
            assert _state(database, meeting_id) == ("ready", "")
            assert _theirs(sandbox) == _ours(database, meeting_id)
    assert len(sandbox.meetings()) == 1
    # Looked at before it is repeated: not one call was made twice.
    assert made == {CREATE: 0, PATCH: 20, DELETE: 20}


def _rows_ahead(database: Database, meeting_id: int) -> list[Occurrence]:
    with database.reading() as db:
        query = sa.select(Occurrence).where(Occurrence.meeting_id == meeting_id).order_by(Occurrence.date)
        return list(db.scalars(query))


def test_an_answer_lost_while_a_series_is_laid_out_keeps_all_dates(database: Database, sandbox: ZoomSandbox) -> None:
    _holidays(database, WEDNESDAY, THURSDAY)
    meeting_id, zoom = _standup(database), sandbox.client()
    sandbox.fault("drop_after", method="POST", path_prefix="/v2/users")
    sandbox.fault("drop_after", method="DELETE", path_prefix="/v2/meetings")
    sandbox.fault("status", method="GET", path_prefix="/v2/meetings", status=503, body="x")
    _until_quiet(database, zoom)
    assert (_state(database, meeting_id), len(sandbox.meetings())) == (("ready", ""), 1)
    assert (_theirs(sandbox), sandbox.calls(CREATE)) == (_ours(database, meeting_id), 1)
    _act(database, dates.hold, meeting_id, WEDNESDAY)
    sandbox.fault("drop_after", method="PATCH", path_prefix="/v2/meetings")
    _until_quiet(database, zoom)
    assert _theirs(sandbox) == _ours(database, meeting_id)


def test_limits_per_second_and_per_day_interrupt_a_series_and_cost_nothing(database: Database) -> None:
    _ramadan(database, date(2026, 11, 25), date(2026, 11, 27))
    _holidays(database, *(date(2026, 12, day) for day in range(1, 5)))
    with running_sandbox(light_per_second=3, writes_per_host_day=2) as sandbox:
        sandbox.clock.time = now = MORNING
        meeting_id, zoom = _standup(database), sandbox.client()
        _act(database, dates.call_off, meeting_id, TODAY + timedelta(days=1))
        for _second in range(20):
            _run(database, zoom, now)
            now += timedelta(seconds=3)
            sandbox.clock.time = now
        assert _state(database, meeting_id) == ("waiting", "rate_host")
        assert _meeting(database, meeting_id).join_url
        for _tick in range(20):
            sandbox.clock.time = now = max(now, datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)) + timedelta(seconds=3)
            _run(database, zoom, now)
        assert _state(database, meeting_id) == ("ready", "")
        assert _theirs(sandbox) == _ours(database, meeting_id)
        # One create and two moves; whatever was refused was refused before it was done.
        assert (sandbox.calls(CREATE), len(sandbox.meetings())) == (1, 1)


def test_a_series_is_never_deleted_for_a_date_without_a_name(database: Database, sandbox: ZoomSandbox) -> None:
    with pytest.raises(ValueError, match="names nothing"):
        sandbox.client().delete_occurrence(1, "")
    meeting_id, zoom = _standup(database, occurrences=5), sandbox.client()
    _run(database, zoom)
    with database.transaction() as db:
        db.execute(sa.update(Occurrence).values(zoom_occurrence_id=None))
    _act(database, dates.call_off, meeting_id, WEDNESDAY)
    _run(database, zoom)
    assert len(sandbox.meetings()) == 1
    assert _theirs(sandbox) == _ours(database, meeting_id)


def test_a_date_is_changed_in_time_and_by_whoever_saw_it_last(database: Database) -> None:
    meeting_id = _standup(database, occurrences=5)
    with pytest.raises(Refused) as past:
        _move(database, meeting_id, WEDNESDAY, TODAY - timedelta(days=1), time(9))
    with pytest.raises(Refused) as taken:
        _move(database, meeting_id, WEDNESDAY, THURSDAY, time(9))
    assert (past.value.field, taken.value.field) == ("date", "date")
    dewi, row = viewer_of(database, "dewi"), _row(database, meeting_id, WEDNESDAY)
    facts: dict[str, Any] = {"day": WEDNESDAY, "starts_at": time(10), "agenda": "", "version": 1, "now": MORNING}

    def first(db: Any) -> None:
        dates.call_off(db, dewi, meeting_id, row.id, version=1, now=MORNING)

    def then() -> None:
        with database.transaction() as db:
            dates.change(db, dewi, meeting_id, row.id, **facts)

    with pytest.raises(Conflict):
        race(database, first, then)
    begun = datetime(2026, 11, 25, 0, 31, tzinfo=UTC)
    with pytest.raises(Conflict), database.transaction() as db:
        dates.hold(db, dewi, meeting_id, row.id, version=2, now=begun)
    assert _row(database, meeting_id, WEDNESDAY).state is OccurrenceState.CANCELLED


def test_cancelling_a_date_twice_is_once(database: Database) -> None:
    meeting_id = _standup(database, occurrences=5)
    for _twice in range(2):
        _act(database, dates.call_off, meeting_id, WEDNESDAY)
    assert _meeting(database, meeting_id).version == 2
    assert _told(database) == [("cancelled", "2026-11-25", 1)]


def test_the_hour_that_zoom_is_given_is_the_one_of_most_dates() -> None:
    zone = wire.ZoneInfo("Asia/Makassar")
    days = [TODAY + timedelta(days=n) for n in range(60)]

    def facts(hour: Any) -> wire.Facts:
        rows = [wire.Date(n, day, datetime.combine(day, hour(n), tzinfo=zone)) for n, day in enumerate(days)]
        about: dict[str, Any] = {"cancelled": False, "marker": "[sh:0]", "zoom_id": 1, "zoom_host": "", "zone": zone}
        return wire.Facts(1, "Apel", "", rows, 15, [*range(7)], **about)

    early, late = time(8), time(9)
    whole = wire.window(facts(lambda _n: early), now=MORNING)
    assert whole
    assert (len(whole.dates), whole.hour) == (wire.MOST, early)
    cut = wire.window(facts(lambda n: late if n >= 20 else early), now=MORNING)
    assert cut
    assert (len(cut.dates), cut.hour) == (20, early)
    soon = wire.window(facts(lambda n: late if 3 <= n < 30 else early), now=MORNING)
    assert soon
    assert (len(soon.dates), soon.hour) == (30, late)
