"""What somebody who leaves or is away leaves behind: counted once, handed on once, by whoever may."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import people
from staffhub.db import Database
from staffhub.errors import Forbidden, Refused
from staffhub.meetings import handing, plan
from staffhub.meetings.audience import Audience
from staffhub.models import (
    AuditEvent,
    Channel,
    Duty,
    Meaning,
    Meeting,
    MeetingInvite,
    MeetingKind,
    Officer,
    OrderStep,
    PlanMode,
    Posting,
    Role,
    ServiceRequest,
    ServiceType,
    posting_on,
)
from staffhub.orders import duty, exempted, exemptions, leaving, reading
from staffhub.people.accounts import editable_officer
from staffhub.reports import leavings
from staffhub.roster import grants
from staffhub.roster.plan import officer_for
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, add_posting, count_queries, plan_range, race, viewer_of

LAST = TODAY + timedelta(days=7)
AFTER = LAST + timedelta(days=1)


@dataclass
class Office:
    """The cast as viewers, and Ana, who heads a division and leaves in a week with something of each kind."""

    database: Database
    cast: dict[str, Viewer]

    def id(self, name: str) -> int:
        officer_id = self.cast[name].officer_id
        assert officer_id
        return officer_id

    def last_day(self, name: str, day: date | None) -> None:
        with self.database.transaction() as db:
            db.execute(sa.update(Officer).where(Officer.id == self.id(name)).values(active_to=day))

    def of(self, name: str, *, by: str = "hana", days: int = 0) -> leavings.Leaver | None:
        with self.database.reading() as db:
            return leavings.of(db, self.cast[by], self.id(name), now=MORNING + timedelta(days=days))

    def page(self, name: str, *, by: str = "hana") -> leavings.Page:
        with self.database.reading() as db:
            found = leavings.page(db, self.cast[by], self.id(name), now=MORNING)
        assert found
        return found

    def superior(self, name: str, day: date) -> int | None:
        with self.database.reading() as db:
            found = sa.select(Posting.superior_id).select_from(Officer).join(Posting, posting_on(day))
            return db.scalars(found.where(Officer.id == self.id(name))).one()

    def events(self, verb: str) -> list[Any]:
        with self.database.reading() as db:
            return list(db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id)))


def give_request(db: Any, me: Viewer, officer_id: int, number: str = "PM-2611-0001", **facts: Any) -> None:
    service = db.scalars(sa.select(ServiceType.id).where(ServiceType.office_id == me.office_id)).first()
    row = {
        "office_id": me.office_id, "number": number, "service_type_id": service, "applicant": "Novi T.",
        "channel": Channel.COUNTER, "urgent": False, "state": "checking", "assignee_id": officer_id,
        "created_at": MORNING, "updated_at": MORNING, "version": 1, "idempotency_key": str(uuid4()),
    }  # fmt: skip
    db.add(ServiceRequest(**(row | facts)))
    db.flush()


def schedule(db: Any, me: Viewer, day: date, audience: Audience, **facts: Any) -> int:
    given = {"kind": MeetingKind.SINGLE, "topic": "Rapat bidang", "starts_at": time(9), "minutes": 30}
    key = str(uuid4())
    return plan.schedule(
        db, me, **(given | facts), starts_on=day, audience=audience, idempotency_key=key, now=MORNING
    ).id


@pytest.fixture
def office(database: Database) -> Office:
    made = Office(
        database, {name: viewer_of(database, name) for name in ("dewi", "ana", "ben", "tia", "hana", "adi", "cy")}
    )
    ana = made.cast["ana"]
    with database.transaction() as db:
        for name in ("ben", "tia"):
            add_posting(db, made.id(name), TODAY - timedelta(days=30), superior_id=ana.officer_id)
        give_request(db, ana, made.id("ana"))
        give_request(db, ana, made.id("ana"), "PM-2611-0002", state="done", closed_at=MORNING)
        schedule(db, ana, AFTER, Audience(officers=(made.id("ben"),)))
        schedule(db, ana, LAST, Audience(officers=(made.id("ben"),)), topic="Sebelum berhenti")
        schedule(db, made.cast["dewi"], AFTER, Audience(officers=(made.id("ana"),)), topic="Evaluasi")
        plan_range(db, ana, made.id("ana"), LAST - timedelta(days=1), AFTER + timedelta(days=2), mode=PlanMode.HOME)
        plan_range(db, ana, made.id("ana"), TODAY, TODAY + timedelta(days=1), mode=PlanMode.HOME)
    made.last_day("ana", LAST)
    return made


def test_each_kind_is_counted_after_the_last_day_only(office: Office) -> None:
    found = office.of("ana")
    assert found
    assert (found.why, found.last, found.first) == ("leaves", LAST, AFTER)
    assert (found.requests, found.meetings, found.invited, found.plans, found.people) == (1, 1, 2, 1, 2)
    assert found.keeps_role
    assert found.things == 6
    things = office.page("ana").things
    assert [one.text for one in things["meeting"]] == ["Rapat bidang"]
    assert [one.text for one in things["invited"]] == ["Evaluasi"]
    assert [(one.text, one.first, one.last) for one in things["plan"]] == [("home", AFTER, AFTER + timedelta(days=2))]
    assert [one.text for one in things["person"]] == ["Ben Tumiwa", "Tia Lumintang"]


def test_it_is_shown_thirty_days_ahead_on_the_last_day_and_afterwards(office: Office) -> None:
    for days, why in ((0, "leaves"), (7, "leaves"), (8, "left"), (60, "left")):
        found = office.of("ana", days=days)
        assert found
        assert found.why == why
        assert found.first == max(AFTER, TODAY + timedelta(days=days))
    office.last_day("ana", TODAY + timedelta(days=30))
    assert office.of("ana")
    office.last_day("ana", TODAY + timedelta(days=31))
    assert office.of("ana") is None
    assert office.of("ben") is None


def test_the_list_has_who_leaves_soon_and_who_left_or_is_away_with_something(office: Office) -> None:
    office.last_day("cy", TODAY + timedelta(days=3))
    office.last_day("tia", TODAY - timedelta(days=300))
    with office.database.transaction() as db:
        plan_range(db, office.cast["hana"], office.id("ben"), TODAY, TODAY + timedelta(days=10))
        plan_range(db, office.cast["hana"], office.id("adi"), TODAY, TODAY + timedelta(days=10))
        give_request(db, office.cast["ana"], office.id("ben"), "PM-2611-0003")
    with office.database.reading() as db, count_queries(office.database) as seen:
        found = leavings.listed(db, office.cast["hana"], now=MORNING)
    assert len(seen) == 1
    assert [(one.name, one.why, one.things) for one in found] == [
        ("Cy Sondakh", "leaves", 0),
        ("Ana Kaunang", "leaves", 5),
        ("Ben Tumiwa", "away", 1),
    ]


def test_a_leave_is_long_from_four_more_days_on_and_ends_where_it_was_cut(office: Office) -> None:
    hana = office.cast["hana"]
    with office.database.transaction() as db:
        short = plan_range(db, hana, office.id("ben"), TODAY - timedelta(days=9), TODAY + timedelta(days=3))
        assert short
        long = plan_range(db, hana, office.id("cy"), TODAY, TODAY + timedelta(days=20))
    assert office.of("ben") is None
    cy = office.of("cy")
    assert cy
    assert (cy.why, cy.last, cy.first) == ("away", TODAY + timedelta(days=20), TODAY)
    with office.database.transaction() as db:
        officer = officer_for(db, hana, office.id("cy"), today=TODAY, edit=True)
        grants.shorten(db, hana, officer, long, last=TODAY + timedelta(days=2), now=MORNING)
    assert office.of("cy") is None


def test_an_administrator_of_another_office_and_staff_see_none_of_it(office: Office) -> None:
    oka = viewer_of(office.database, "oka")
    with office.database.reading() as db:
        assert leavings.listed(db, oka, now=MORNING) == []
        assert leavings.of(db, oka, office.id("ana"), now=MORNING) is None
        for name in ("ben", "ana"):
            with pytest.raises(Forbidden):
                leavings.listed(db, office.cast[name], now=MORNING)


def test_who_may_decide_is_named_without_who_leaves(office: Office) -> None:
    found = office.page("ana")
    assert found.who_may("requests.assign") == ["Adi Walangitan", "Dewi Ondang"]
    assert found.who_may("plan.edit") == ["Hana Tendean"]
    assert [name for _id, name in found.organisers] == ["Dewi Ondang"]
    assert found.same_role == []
    with office.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == office.id("ben")).values(role=Role.DIVISION_HEAD))
    assert office.page("ana").same_role == ["Ben Tumiwa"]
    assert (office.id("ben"), "Ben Tumiwa") in office.page("ana").organisers


def hand_people(office: Office, superior: str, day: date = AFTER, *, by: str = "hana", giver: str = "ana") -> int:
    with office.database.transaction() as db:
        me = office.cast[by]
        person = editable_officer(db, me, office.id(giver), now=MORNING)
        return people.hand_on_people(db, me, person, superior_id=office.id(superior), day=day, now=MORNING)


def test_people_get_the_new_superior_from_the_day_on_once(office: Office) -> None:
    assert hand_people(office, "hana") == 2
    assert office.superior("ben", LAST) == office.id("ana"), "until then nothing changes"
    assert office.superior("ben", AFTER) == office.superior("tia", AFTER) == office.id("hana")
    found = office.of("ana")
    assert found
    assert found.people == 0
    told = office.events("officer.changed")
    assert [event.subject_id for event in told] == [office.id("ben"), office.id("tia")]
    assert told[0].facts["changes"] == {"superior_id": [office.id("ana"), office.id("hana")]}
    assert hand_people(office, "hana") == 0
    assert len(office.events("officer.changed")) == 2


def test_one_of_them_may_succeed_and_gets_the_superior_above(office: Office) -> None:
    assert hand_people(office, "tia") == 2
    assert office.superior("ben", AFTER) == office.id("tia")
    assert office.superior("tia", AFTER) == office.id("dewi")


def test_a_posting_that_comes_later_under_the_same_superior_follows(office: Office) -> None:
    with office.database.transaction() as db:
        add_posting(db, office.id("ben"), AFTER + timedelta(days=20), position="Penyelia")
        add_posting(db, office.id("cy"), AFTER + timedelta(days=5), superior_id=office.id("ana"))
    assert hand_people(office, "hana") == 3
    assert office.superior("ben", AFTER + timedelta(days=30)) == office.id("hana")
    assert office.superior("cy", AFTER) == office.id("dewi"), "until then the old one stays"
    assert office.superior("cy", AFTER + timedelta(days=5)) == office.id("hana")


def test_nobody_is_put_under_who_left_who_leaves_or_in_a_circle(office: Office) -> None:
    office.last_day("cy", LAST)
    with office.database.transaction() as db:
        add_posting(db, office.id("hana"), TODAY, superior_id=office.id("ben"))
    refusals = (("cy", AFTER), ("ana", AFTER), ("hana", AFTER), ("dewi", TODAY - timedelta(days=1)))
    for superior, day in (*refusals, ("dewi", AFTER + timedelta(days=400))):
        with pytest.raises(Refused):
            hand_people(office, superior, day)
    assert office.superior("ben", AFTER) == office.id("ana")


def hand_meetings(office: Office, taker: str, *, by: str = "dewi") -> int:
    with office.database.transaction() as db:
        me = office.cast[by]
        ids = {"giver_id": office.id("ana"), "taker_id": office.id(taker)}
        return handing.hand_on(db, me, **ids, since=AFTER, now=MORNING)


def test_meetings_get_the_new_organiser_who_is_invited_and_everybodys_way_in_stays(office: Office) -> None:
    with office.database.reading() as db:
        before = {row.token for row in db.execute(sa.select(MeetingInvite.token))}
    assert hand_meetings(office, "dewi") == 1
    with office.database.reading() as db:
        handed = db.scalars(sa.select(Meeting).where(Meeting.created_by == office.cast["dewi"].account_id)).all()
        assert sorted(one.topic for one in handed) == ["Evaluasi", "Rapat bidang"]
        (meeting,) = [one for one in handed if one.topic == "Rapat bidang"]
        assert meeting.version == 2
        guests = set(db.scalars(sa.select(MeetingInvite.officer_id).where(MeetingInvite.meeting_id == meeting.id)))
        assert {office.id("dewi"), office.id("ben")} <= guests
        assert before <= {row.token for row in db.execute(sa.select(MeetingInvite.token))}
    (event,) = office.events("meeting.handed_on")
    assert event.subject_id == meeting.id
    assert event.facts == {"before": office.cast["ana"].account_id, "after": office.cast["dewi"].account_id}
    assert hand_meetings(office, "dewi") == 0
    found = office.of("ana")
    assert found
    assert found.meetings == 0


def test_meetings_go_to_nobody_who_may_not_change_them_then(office: Office) -> None:
    with office.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == office.id("cy")).values(role=Role.DIVISION_HEAD))
    for taker in ("cy", "ben", "hana", "ana"):
        with pytest.raises(Refused):
            hand_meetings(office, taker)
    with pytest.raises(Forbidden):
        hand_meetings(office, "dewi", by="hana")
    office.last_day("dewi", LAST)
    with pytest.raises(Refused):
        hand_meetings(office, "dewi")
    assert office.events("meeting.handed_on") == []


def test_of_two_who_hand_on_the_meetings_at_once_one_does(office: Office) -> None:
    ids = {"giver_id": office.id("ana"), "taker_id": office.id("dewi")}

    def first(db: Any) -> None:
        handing.hand_on(db, office.cast["dewi"], **ids, since=AFTER, now=MORNING)

    assert race(office.database, first, lambda: hand_meetings(office, "dewi")) == 0
    assert len(office.events("meeting.handed_on")) == 1


def end_plan(office: Office, *, by: str = "hana") -> int:
    with office.database.transaction() as db:
        officer = officer_for(db, office.cast[by], office.id("ana"), today=TODAY, edit=True)
        return leaving.end_plan(db, office.cast[by], officer, last=LAST, now=MORNING)


def test_a_duty_order_tells_of_who_leaves_in_a_step_of_its_own(office: Office) -> None:
    hana, key = office.cast["hana"], "order"
    draft = duty.Draft(
        "ST 1", Duty.FIELD, TODAY, LAST, AFTER + timedelta(days=1), "Manado", "Konsultasi", (office.id("ana"),),
        signer_name="Sekda", signer_position="Sekretaris",
    )  # fmt: skip
    with office.database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == office.id("ana")).values(active_to=None))
        look = duty.look_at(db, hana, draft, key=key, now=MORNING)
        order_id = duty.write(db, hana, look, key=key, now=MORNING).order_id
        scope = exemptions.Scope(officers=(office.id("ana"),))
        circular = exemptions.Draft("SE 1", Meaning.HOME, LAST, AFTER, "Banjir", scope)
        exempt = exemptions.write(
            db, hana, exemptions.look_at(db, hana, circular, key="se", now=MORNING), key="se", now=MORNING
        )
        db.execute(sa.update(Officer).where(Officer.id == office.id("ana")).values(active_to=LAST))
    assert end_plan(office) >= 2
    with office.database.reading() as db:
        order = reading.order_for(db, hana, order_id)
        taken = exempted.exemption_for(db, hana, exempt.exemption_id).steps
    assert [(step.kind, step.names, step.first) for step in order.steps] == [
        (OrderStep.TAKEN_OUT, [office.cast["ana"].name], AFTER)
    ]
    assert order.steps[0].author == hana.name
    assert "hari terakhir" in order.steps[0].reason
    assert [one.days for one in order.going] == [[LAST]]
    assert [(step.names, step.first) for step in taken] == [([office.cast["ana"].name], AFTER)]
    assert end_plan(office) == 0
    with office.database.reading() as db:
        assert len(reading.order_for(db, hana, order_id).steps) == 1


def test_the_plan_ends_with_the_last_day_and_what_lay_beneath_ends_too(office: Office) -> None:
    with office.database.transaction() as db:
        plan_range(db, office.cast["hana"], office.id("ana"), AFTER, AFTER + timedelta(days=1), mode=PlanMode.OFFICE)
    assert end_plan(office) == 2
    found = office.of("ana")
    assert found
    assert found.plans == 0
    with office.database.reading() as db:
        officer = officer_for(db, office.cast["hana"], office.id("ana"), today=TODAY)
        lines = grants.lines_of(db, office.cast["hana"], officer, TODAY, AFTER + timedelta(days=9))
    assert [line.left[-1] for line in lines] == [TODAY + timedelta(days=1), LAST]
    assert len(office.events("plan.taken_out")) == 2
    assert end_plan(office) == 0
    assert len(office.events("plan.taken_out")) == 2
