"""Empty desks are what publishing would refuse, and the first of each offer fills them with the fewest."""

import random
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from sqlalchemy.orm import Session

from staffhub.db import Database
from staffhub.models import PlanLayer, PlanMode
from staffhub.roster import coverage, covering, drafts, publishing, repairing
from staffhub.roster.repairing import Around, Call
from staffhub.security import Viewer
from staffhub.workdays import Granted
from tests.conftest import MORNING, TODAY, viewer_of
from tests.test_roster_publishing import DAYS, MONTH, _draw, _rules, trying
from tests.test_roster_publishing import hana as hana  # noqa: PLC0414  a fixture


def published_whatever(
    db: Session, hana: Viewer, desks: tuple[int, int], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules and a roster of one bidang by chance, published without asking whether it holds."""
    some = random.Random(seed)
    _rules(db, some)
    people = [one.officer_id for one in coverage.at_desk(db, 1, desks[0], *DAYS[::2]) if one.division_id == desks[0]]
    _draw(db, hana, people, desks, some)
    draft = drafts.read(db, 1, desks[0], MONTH)
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_refuse_broken", lambda *_given, **_facts: None)
        publishing.publish(db, hana, draft, version=draft.version, now=MORNING)


def _missing(db: Session, desk: int, day: date) -> int:
    return sum(one.missing for one in covering.month_of(db, 1, desk, [day]).lacking())


def _fewest(db: Session, found: Around, desk: int, day: date, left: int, most: int) -> int:
    """Return how few people, of all who are free, leave no more open than `left`."""
    free = [one.officer_id for one in found.people if found.is_free(one, day)]
    month = covering.month_of(db, 1, desk, [day])
    month = replace(month, people=[one for one in found.people if one.division_id == desk or one.officer_id in free])
    comes = Granted(PlanLayer.HAND, PlanMode.OFFICE, desk=desk)
    for n in range(most):
        for those in combinations(free, n):
            book = found.book.with_granted({(who, day): comes for who in those})
            then = replace(month, book=book)
            if sum(one.missing for one in then.lacking()) <= left and not any(one.is_over for one in then.broken()):
                return n
    return most


@pytest.mark.parametrize("seeds", [range(n, n + 10) for n in range(0, 40, 10)], ids=str)
def test_empty_desks_are_what_publishing_would_refuse_and_are_filled_by_the_fewest(
    database: Database, hana: Viewer, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = (viewer_of(database, name).division_id or 0 for name in ("ben", "cy"))
    seen: set[str] = set()
    for seed in seeds:
        with trying(database) as db:
            published_whatever(db, hana, (desk, other), seed, monkeypatch)
            found = repairing.around(db, 1, DAYS)
            wanted = repairing.needs(db, 1, found, DAYS[0], DAYS[-1], only=desk)
            lacking = covering.month_of(db, 1, desk, DAYS).lacking()
            told = {(cover.day, cover.group): cover.missing for cover in lacking}
            assert sum(need.lacking for need in wanted) == sum(told.values()), f"seed {seed}"
            assert {(need.day, need.group) for need in wanted} == set(told), f"seed {seed}"
            seen |= {need.group for need in wanted}
            offers = repairing.offers(db, hana, found, wanted, today=TODAY)
            calls = [Call(one.stand_ins[0].officer_id, one.need.day, desk) for one in offers if one.stand_ins]
            over = {(one.day, one.group) for one in covering.month_of(db, 1, desk, DAYS).broken() if one.is_over}
            repairing.call_in(db, hana, calls, now=MORNING)
            after = covering.month_of(db, 1, desk, DAYS)
            nobody = [one for one in offers if not one.stand_ins]
            assert sum(one.missing for one in after.lacking()) == len(nobody), f"seed {seed}"
            assert {(one.day, one.group) for one in after.broken() if one.is_over} == over, f"seed {seed}"
            for day in DAYS:
                n = sum(call.day == day for call in calls)
                assert _fewest(db, found, desk, day, _missing(db, desk, day), n) == n, f"seed {seed}, {day}"
    assert {coverage.APPOINTMENTS, coverage.LEVELS, "SE 2/2026"} & seen
