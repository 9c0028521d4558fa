"""Two people at one roster at the same moment, over HTTP: one wins, the other is told, and the desk stays covered."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from staffhub.models import Notice, NoticeKind, PlanMode, Posting
from staffhub.roster import covering
from staffhub.workdays import plans
from tests import live
from tests.conftest import World
from tests.page_forms import form_of
from tests.test_leave_pages import _payload

DAYS = [date(2026, 12, day) for day in range(7, 12)]  # a week of which every day is another try


Browse = Callable[[str], httpx2.Client]


@pytest.fixture
def browse(world: World) -> Iterator[Browse]:
    """Ana is above Ben and Tia; the app is behind a real port, and each gets a browser of its own."""
    ana, ben, tia = (world.officer_id(name) for name in ("ana", "ben", "tia"))
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id.in_((ben, tia))).values(superior_id=ana))
    with live.serving(world.app, lifespan="off") as address, ExitStack() as opened:
        yield lambda name: opened.enter_context(live.browser(address, world.token(name)))


def _at_once(*posts: tuple[httpx2.Client, str, dict[str, Any]]) -> list[int]:
    """Send all of them at the same moment; return their statuses."""
    together = Barrier(len(posts))

    def send(post: tuple[httpx2.Client, str, dict[str, Any]]) -> int:
        client, path, form = post
        together.wait()
        return client.post(path, data=form).status_code

    with ThreadPoolExecutor(len(posts)) as threads:
        return list(threads.map(send, posts))


def _form(client: httpx2.Client, page: str, action: str) -> dict[str, Any]:
    return dict(form_of(client.get(page).text, action))


def _modes(world: World, name: str, day: date) -> PlanMode | None:
    with world.database.reading() as db:
        return plans(db, 1, day, day).of(world.officer_id(name), day).mode


def _lacks(world: World) -> list[Any]:
    division = world.viewer("ana").division_id or 0
    with world.database.reading() as db:
        return covering.month_of(db, 1, division, DAYS).broken()


def test_of_two_heads_one_changes_or_publishes_and_the_other_is_told(world: World, browse: Browse) -> None:
    here, ben = f"/roster/drafts/{world.viewer('ana').division_id}/2026-12", str(world.officer_id("ben"))
    ana, hana = browse("ana"), browse("hana")
    for day in DAYS:
        # Ana publishes what she sees while Hana changes it.
        home = {"officer": ben, "mode": "home"}
        first = home | {"date": f"{day}", "version": _form(ana, here, f"{here}/cells")["version"]}
        assert ana.post(f"{here}/cells", data=first).status_code == 303
        form = _form(ana, here, f"{here}/publish")
        later = home | {"date": f"{day + timedelta(days=7)}", "version": form["version"]}
        statuses = _at_once((ana, f"{here}/publish", form), (hana, f"{here}/cells", later))
        assert sorted(statuses) == [303, 409]
        assert (_modes(world, "ben", day) is PlanMode.HOME) is (statuses[0] == 303)
        # Then both publish the same: nobody is told twice.
        again = home | {"date": f"{day}", "mode": "field", "version": _form(ana, here, f"{here}/cells")["version"]}
        assert ana.post(f"{here}/cells", data=again).status_code == 303
        form = _form(ana, here, f"{here}/publish")
        assert _at_once((ana, f"{here}/publish", form), (hana, f"{here}/publish", form)) == [303, 303]
        assert _modes(world, "ben", day) is PlanMode.FIELD
    with world.database.reading() as db:
        told = db.scalars(sa.select(Notice.key).where(Notice.kind == NoticeKind.ROSTER_PUBLISHED)).all()
    assert len(told) == len(set(told))


def test_a_roster_published_while_a_leave_is_granted_never_leaves_the_desk_empty(world: World, browse: Browse) -> None:
    here, head = f"/roster/drafts/{world.viewer('ana').division_id}/2026-12", str(world.officer_id("ana"))
    ben, ana, dewi = (browse(name) for name in ("ben", "ana", "dewi"))
    won = set()
    for day in DAYS:
        # With Ana at home Ben alone is there of the group, and he asks for leave.
        shown = ben.post("/leave", data=_payload(first=f"{day}", last=f"{day}"))
        leave = str(ben.post("/leave", data=form_of(shown.text, "/leave")).headers["location"])
        assert ana.post(f"{leave}/agree", data=_form(ana, leave, f"{leave}/agree")).status_code == 303
        cell = {"officer": head, "date": f"{day}", "mode": "home"}
        form = _form(ana, here, f"{here}/cells")
        assert ana.post(f"{here}/cells", data=cell | {"version": form["version"]}).status_code == 303
        grant, publish = _form(dewi, leave, f"{leave}/grant"), _form(ana, here, f"{here}/publish")
        granted, published = _at_once((dewi, f"{leave}/grant", grant), (ana, f"{here}/publish", publish))
        assert (granted, published) in {(303, 422), (409, 303)}, "one wins, and the other is told"
        won.add(granted)
        assert not _lacks(world)
        undo = _form(ana, here, f"{here}/cells")["version"]
        if granted == 303:
            ana.post(f"{here}/cells", data=cell | {"mode": "office", "version": undo})
        else:
            assert _modes(world, "ben", day) is PlanMode.OFFICE
    assert won
