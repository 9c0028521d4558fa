"""Whatever swap is offered, its day lacks no more than before: of a group, for citizens, of an order, of the heads."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from staffhub.db import Database
from staffhub.models import PlanLayer, PlanMode
from staffhub.roster import covering
from staffhub.roster.standing_in import Room, room
from staffhub.security import Viewer
from staffhub.workdays import Granted, PlanBook
from tests.conftest import MORNING, viewer_of
from tests.test_repairs_rules import published_whatever
from tests.test_roster_publishing import DAYS, trying
from tests.test_roster_publishing import hana as hana  # noqa: PLC0414  a fixture


def _everybody_answers(there: Room) -> None:
    for who, seats in there.people.items():
        there.people[who] = [seat._replace(has_account=True) for seat in seats]  # type: ignore[index]


def _missing(db: Session, desk: int, book: PlanBook | None = None) -> dict[tuple[object, str], int]:
    month = covering.month_of(db, 1, desk, DAYS)
    then = month if book is None else replace(month, book=book)
    return {(one.day, one.group): one.missing for one in then.lacking()}


@pytest.mark.parametrize("seeds", [range(n, n + 20) for n in range(0, 60, 20)], ids=str)
def test_no_swap_that_is_offered_breaks_what_held(
    database: Database, hana: Viewer, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = (viewer_of(database, name).division_id or 0 for name in ("ben", "cy"))
    kept = offered = 0
    for seed in seeds:
        with trying(database) as db:
            published_whatever(db, hana, (desk, other), seed, monkeypatch)
            there, before = room(db, hana, desk, DAYS[0], DAYS[-1], now=MORNING), _missing(db, desk)
            _everybody_answers(there)
            pairs = [(giver, taker, day) for giver in there.people for taker in there.people for day in DAYS]
            for giver, taker, day in pairs:
                if giver == taker or there.cannot_take(taker, giver, day):
                    continue
                goes = Granted(PlanLayer.ROSTER, PlanMode.HOME)
                comes = Granted(PlanLayer.ROSTER, PlanMode.OFFICE, desk=there.book.of(giver, day).desk)
                book = there.book.with_granted({(giver, day): goes, (taker, day): comes})
                worse = {key for key, n in _missing(db, desk, book).items() if n > before.get(key, 0)}
                if not there.cannot_give(giver, day):
                    offered += 1
                    assert not worse, f"seed {seed}: {giver} to {taker} on {day}"
                elif (giver, day) in there.stay:
                    kept += 1
    assert min(offered, kept) > 0, "nothing was tried"
