"""Who is away counts alike for all who decide: on leave by the plan, excused or as HR wrote, and never by half."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from staffhub import corrections
from staffhub.corrections import superiors
from staffhub.db import Database
from staffhub.leave.who import granters
from staffhub.models import Correction, CorrectionKind, CorrectionReason, DayPart, PlanLayer, Posting
from staffhub.roster import swap_lists
from staffhub.security import Viewer
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_worklog_verifying import send, waits

WEEK = [TODAY + timedelta(days=n) for n in range(8)]


def says(database: Database, username: str, kind: CorrectionKind, *days: date) -> None:
    hana, officer_id = viewer_of(database, "hana"), viewer_of(database, username).officer_id
    facts = {"office_id": hana.office_id, "officer_id": officer_id, "kind": kind, "created_by": hana.account_id}
    facts |= {"reason": CorrectionReason.LEAVE_LETTER, "note": "Surat", "created_at": MORNING}
    with database.transaction() as db:
        for day in days or (TODAY,):
            db.execute(sa.insert(Correction).values(**facts, date=day, idempotency_key=f"{kind}-{day}-{username}"))


def planned(database: Database, username: str, *, part: DayPart | None = None, **facts: object) -> None:
    me = viewer_of(database, username)
    with database.transaction() as db:
        for day in WEEK:
            plan_range(db, me, me.officer_id, day, part=part, **facts)


Away = Callable[[Database, str], None]
FACTS: dict[str, tuple[Away, bool]] = {
    "leave": (planned, True),
    "excused": (lambda database, who: planned(database, who, layer=PlanLayer.EXEMPTION), True),
    "written": (lambda database, who: says(database, who, CorrectionKind.LEAVE, *WEEK), True),
    "half": (lambda database, who: planned(database, who, part=DayPart.MORNING), False),
    "taken back": (
        lambda database, who: (
            says(database, who, CorrectionKind.LEAVE, *WEEK),
            says(database, who, CorrectionKind.ABSENT, *WEEK),
        )[0],
        False,
    ),
}
SAID = pytest.mark.parametrize("fact", FACTS)


@SAID
def test_a_head_who_is_away_does_not_grant_leave_alone(database: Database, fact: str) -> None:
    make, away = FACTS[fact]
    make(database, "dewi")
    dewi = viewer_of(database, "dewi")
    with database.reading() as db:
        assert [one.away for one in granters(db, dewi.office_id, today=TODAY).heads] == [away]


@SAID
def test_a_superior_who_is_away_until_the_deadline_is_asked_for_no_correction(database: Database, fact: str) -> None:
    make, away = FACTS[fact]
    ben, ana = viewer_of(database, "ben"), viewer_of(database, "ana")
    with database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben.officer_id).values(superior_id=ana.officer_id))
        db.execute(sa.update(Posting).where(Posting.officer_id == ana.officer_id).values(superior_id=None))
    make(database, "ana")
    with database.reading() as db:
        found = superiors.decider_of(db, ben, ben.officer_id or 0, TODAY, now=MORNING)
    assert (found == corrections.Decider(None, None, "away")) is away


def _one_above_the_other(database: Database) -> tuple[Viewer, Viewer, Viewer]:
    ben, ana, dewi = (viewer_of(database, who) for who in ("ben", "ana", "dewi"))
    with database.transaction() as db:
        for who, above in ((ben, ana), (ana, dewi)):
            mine = sa.update(Posting).where(Posting.officer_id == who.officer_id)
            db.execute(mine.values(superior_id=above.officer_id))
    return ben, ana, dewi


@SAID
def test_the_one_above_hears_of_a_swap_while_the_superior_is_away(database: Database, fact: str) -> None:
    make, away = FACTS[fact]
    ben, ana, dewi = _one_above_the_other(database)
    make(database, "ana")
    with database.reading() as db:
        found = swap_lists.superiors(db, ben.office_id, [ben.officer_id or 0], TODAY)
    assert found == ({ana.officer_id, dewi.officer_id} if away else {ana.officer_id})


@SAID
def test_the_log_goes_to_the_one_above_while_the_superior_is_away(database: Database, fact: str) -> None:
    make, away = FACTS[fact]
    ben, _ana, dewi = _one_above_the_other(database)
    send(database, ben)
    make(database, "ana")
    assert waits(database, dewi) == away
