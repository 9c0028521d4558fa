"""What is typed into the log stays with its author: without a network, after a closed page, until it is sent."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Site
from tests.test_browser import _newcomer, site

__all__ = ["site"]

TYPED = "Memeriksa 14 berkas KK dari WhatsApp"


@pytest.fixture(params=["htmx", "plain"])
def page(site: Site, request: pytest.FixtureRequest) -> Page:
    username = _newcomer(site, 15 if request.param == "htmx" else 16)
    return site.context(username, **({} if request.param == "htmx" else {"cdn": None}))


def _fill(page: Page) -> None:
    page.goto("/worklog")
    form = page.locator("form[data-draft]")
    form.locator("[name=text]").fill(TYPED)
    form.locator("[name=start]").fill("07.20")
    form.locator("[name=end]").fill("07.55")


def test_what_is_typed_without_a_network_is_there_again_and_sent_once(page: Page) -> None:
    _fill(page)
    page.context.set_offline(True)
    page.goto("about:blank")  # the phone closes the page
    page.context.set_offline(False)
    page.goto("/worklog")
    text = page.locator("form[data-draft] [name=text]")
    expect(text).to_have_value(TYPED)
    expect(page.locator("form[data-draft] [name=end]")).to_have_value("07.55")
    expect(page.locator("form[data-draft] [data-restored]")).to_be_visible()
    before = page.locator("#log-card li").count()
    page.locator("form[data-draft] button.main").click()
    expect(page.locator("#log-card li")).to_have_count(before + 1)
    expect(text).to_have_value("")
    page.goto("/worklog")
    expect(page.locator("#log-card li")).to_have_count(before + 1)
    expect(text).to_have_value("")


def test_an_entry_is_edited_in_fields_as_wide_as_the_card(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    _fill(page)
    page.locator("#log-add button.main").click()
    entry = page.locator("#log-card li a", has_text=TYPED).first
    expect(entry).to_be_visible()
    entry.click()
    form = page.locator("form[action$='/edit']")
    expect(form).to_be_visible()
    whole, narrow = (form.locator(f"[name={name}]").bounding_box() for name in ("text", "start"))
    assert whole
    assert narrow
    assert (whole["width"] > 280, narrow["width"] > 120) == (True, True)


def test_signing_out_takes_away_what_was_typed(page: Page) -> None:
    _fill(page)
    page.locator("details.menu summary").click()
    page.locator("form[action='/logout'] button").click()
    page.wait_for_url("**/login**")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length") == 0
