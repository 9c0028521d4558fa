"""Swapping a turn on two phones, and answering a call without JavaScript."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from staffhub.models import Account, CallState, DutyCall, DutySwap, SwapState
from tests.browser import Site, demo_site, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_site(tmp_path_factory.mktemp("demo")) as made:
        yield made


def _username(site: Site, officer_id: int) -> str:
    with site.database.reading() as db:
        return db.scalars(sa.select(Account.username).where(Account.officer_id == officer_id)).one()


def test_a_swap_is_asked_on_one_phone_and_answered_on_another(site: Site) -> None:
    with site.database.reading() as db:
        there = db.scalars(sa.select(DutySwap).where(DutySwap.state == SwapState.ASKED)).one()
    asker = site.context(_username(site, there.officer_id))
    asker.goto("/roster/swaps")
    assert violations(asker) == []
    asker.get_by_text("giliran sesudahnya").click()
    asker.locator("section[aria-labelledby=h-turns] a.btn").last.click()
    expect(asker.get_by_role("heading", level=1)).to_contain_text("Tukar piket")
    assert violations(asker) == []
    colleague = site.context(_username(site, there.colleague_id), java_script_enabled=False)
    colleague.goto(f"/roster/swaps/{there.id}")
    colleague.get_by_role("button", name="Tolak").click()
    expect(colleague.get_by_role("main")).to_contain_text("Anda menolak tukar piket.")
    asker.goto(f"/roster/swaps/{there.id}")
    expect(asker.get_by_role("main")).to_contain_text("Ditolak")
    assert asker.evaluate("document.documentElement.scrollWidth") <= 360
    asker.goto("/roster/fairness")
    assert violations(asker) == []
    assert asker.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_call_is_answered_on_the_phone_without_javascript(site: Site) -> None:
    with site.database.reading() as db:
        there = db.scalars(sa.select(DutyCall).where(DutyCall.state == CallState.ASKED)).one()
    phone = site.context(_username(site, there.officer_id), java_script_enabled=False)
    phone.goto(f"/roster/calls/{there.id}")
    phone.get_by_role("button", name="Saya datang").click()
    expect(phone.get_by_role("main")).to_contain_text("Anda direncanakan di kantor.")
    head = site.context("kadis")
    head.goto("/roster/calls")
    assert violations(head) == []
    assert head.evaluate("document.documentElement.scrollWidth") <= 360
