"""The counters of a year: which days count, when a threshold is near, and who is told of it."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub.days import State
from staffhub.db import Database
from staffhub.models import Account, Notice, Office, Posting, RuleKind, RuleSet, StoredDay
from staffhub.reports import counters
from staffhub.reports.counters import Near
from tests.conftest import MORNING, TODAY, World, add_posting, count_queries, viewer_of

YESTERDAY = TODAY - timedelta(days=1)
A, H, L, C = State.ABSENT, State.PRESENT, State.DAY_OFF, State.LEAVE


def store(database: Database, username: str, *states: State, last: date = YESTERDAY, **facts: Any) -> int:
    """Close days with these states, the last of them on `last`; return the officer."""
    viewer = viewer_of(database, username)
    row = {
        "office_id": viewer.office_id, "officer_id": viewer.officer_id, "code": "", "worked": 0, "late": 0, "early": 0,
        "findings": [], "rules": [], "needs_person": False, "corrected": False, "counted": True, "facts_hash": "",
        "computed_at": MORNING, "kinds": "", "note": "", "late_tier": "", "early_tier": "",
    }  # fmt: skip
    with database.transaction() as db:
        for back, state in enumerate(reversed(states)):
            db.execute(sa.insert(StoredDay).values(row | {"state": state, "date": last - timedelta(days=back)} | facts))
        closed = {"stored_from": date(2026, 1, 1), "stored_to": YESTERDAY, "recorded_from": date(2025, 6, 1)}
        db.execute(sa.update(Office).where(Office.id == viewer.office_id).values(**closed))
    assert viewer.officer_id
    return viewer.officer_id


def of(database: Database, officer_id: int, *, until: date = TODAY) -> counters.Counters:
    with database.reading() as db:
        office_id = db.scalars(sa.select(sa.func.min(Office.id))).one()
        return counters.of(db, office_id, [officer_id], until=until)[officer_id]


@pytest.mark.parametrize(
    ("states", "absences", "in_a_row"),
    [
        ([H, H], 0, 0),
        ([A], 1, 1),
        ([A, H, A], 2, 1),
        ([A, L, L, A], 2, 2),  # a weekend interrupts nothing
        ([A, C, A], 2, 1),
        ([A, A, H, A, A, A, H], 5, 3),
    ],
)
def test_absences_of_the_year_and_in_a_row(
    database: Database, states: list[State], absences: int, in_a_row: int
) -> None:
    found = of(database, store(database, "ben", *states))
    assert (found.absences, found.in_a_row) == (absences, in_a_row)


def test_last_year_days_that_do_not_count_and_days_of_others_are_left_out(database: Database) -> None:
    ben = store(database, "ben", A, A)
    store(database, "ben", A, last=date(2025, 12, 31))
    store(database, "ben", A, last=date(2026, 3, 2), counted=False)
    store(database, "tia", A, A, A)
    found = of(database, ben)
    assert (found.absences, found.first, found.last) == (2, date(2026, 1, 1), YESTERDAY)


def test_the_year_is_counted_from_when_presence_counts(database: Database) -> None:
    ben = store(database, "ben", A)
    store(database, "ben", A, last=date(2026, 2, 2))
    with database.transaction() as db:
        db.execute(sa.update(Office).values(recorded_from=date(2026, 3, 1)))
    found = of(database, ben)
    assert (found.first, found.absences) == (date(2026, 3, 1), 1)


@pytest.mark.parametrize(
    ("absent", "near"),
    [(0, None), (1, None), (2, 3), (3, 4), (4, None), (6, 7), (10, 11), (27, 28), (28, None)],
)
def test_a_threshold_is_near_one_day_before_it(database: Database, absent: int, near: int | None) -> None:
    ben = store(database, "ben", *([A, H] * absent or [H]))
    found = of(database, ben)
    assert found.near == ((Near("absences", absent, near),) if near else ())
    assert "94" in found.source


def test_days_in_a_row_have_a_threshold_of_their_own(database: Database) -> None:
    ben = store(database, "ben", *[A] * 9)
    assert Near("in_a_row", 9, 10) in of(database, ben).near


def test_minutes_become_days_only_by_a_rule_that_is_confirmed(database: Database) -> None:
    ben = store(database, "ben", H, H, late=500, early=0)
    assert (of(database, ben).minutes, of(database, ben).minute_days) == (1000, None)
    with database.transaction() as db:
        office_id = db.scalars(sa.select(sa.func.min(Office.id))).one()
        row = {"office_id": office_id, "kind": RuleKind.MINUTES_AS_DAYS, "values": {"minutes": 450}, "owner": "HR"}
        db.add(RuleSet(**row, valid_from=date(2026, 1, 1), legal_source="SK 1"))
    found = of(database, ben)
    assert (found.minute_days, found.near) == (2, (Near("minutes", 2, 3),))


def _warn(database: Database) -> int:
    with database.transaction() as db:
        office_id = db.scalars(sa.select(sa.func.min(Office.id))).one()
        return counters.warn(db, office_id, YESTERDAY, now=MORNING)


def _told(database: Database) -> dict[str, Any]:
    with database.reading() as db:
        rows = sa.select(Account.username, Notice.params).join(Notice, Notice.account_id == Account.id)
        return {name: params["who"] for name, params in db.execute(rows.where(Notice.kind == "threshold_near"))}


def test_the_person_and_the_direct_superior_are_told_once_in_a_year(database: Database) -> None:
    store(database, "ben", A, A, H)
    store(database, "cy", A, H)
    assert [_warn(database), _warn(database)] == [2, 0]
    assert _told(database) == {"ben": None, "dewi": "Ben Tumiwa"}  # as the cast has it, the head is above Ben


def test_a_day_is_looked_at_once_and_what_has_no_stored_days_not_at_all(database: Database) -> None:
    counters.warn_due(database, now=MORNING)
    store(database, "ben", A, A, H)
    counters.warn_due(database, now=MORNING)
    with count_queries(database) as seen:
        counters.warn_due(database, now=MORNING + timedelta(minutes=2))
    assert len(_told(database)) == 2
    assert not any("day_record" in statement for statement in seen)


def test_somebody_without_a_superior_is_told_alone(database: Database) -> None:
    store(database, "dewi", A, A)
    assert _warn(database) == 1


def test_my_year_shows_counters_sources_and_whom_of_my_people_it_concerns(world: World) -> None:
    ben = store(world.database, "ben", A, A, H)
    store(world.database, "tia", A, H)
    ana = world.viewer("ana").officer_id
    with world.database.transaction() as db:
        who = sa.select(Account.officer_id).where(Account.username.in_(("ben", "tia"))).scalar_subquery()
        db.execute(sa.update(Posting).where(Posting.officer_id.in_(who)).values(superior_id=ana))
    mine = world.client("ben").get("/me/year").text
    assert "Anda: 2 hari tanpa keterangan tahun ini. Pada 3 ada ketentuan kantor yang berlaku." in mine
    assert "PP 94" in mine
    assert "Bawahan Anda" not in mine
    hers = world.client("ana").get("/me/year").text
    assert "Ben Tumiwa: 2 hari tanpa keterangan tahun ini." in hers
    assert f'href="/attendance/{ben}"' in hers
    assert "Tia" not in hers
    for page in (mine, hers):  # counts, and never what may follow
        assert not any(word in page.lower() for word in ("teguran", "reprimand", "dismiss", "pemberhentian"))


def test_my_year_without_closed_days_and_without_an_officer(world: World) -> None:
    assert "Belum ada hari tahun ini yang ditutup." in world.client("ben").get("/me/year").text


def test_whoever_moved_away_is_no_longer_among_my_people(world: World) -> None:
    ben, cy = world.officer_id("ben"), world.officer_id("cy")
    with world.database.transaction() as db:  # before the days are closed: a posting writes those again
        add_posting(db, ben, TODAY, superior_id=cy)
    store(world.database, "ben", A, A)
    assert "Ben Tumiwa" not in world.client("dewi").get("/me/year").text
    page = world.client("cy").get("/me/year").text
    assert "Ben Tumiwa: 2 hari" in page
    assert f'href="/attendance/{ben}"' not in page  # Cy is staff, and opens nobody's days
