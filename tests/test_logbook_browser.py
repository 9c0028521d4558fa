"""What goes into e-Kinerja is copied with one tap; where the browser forbids it the text is selected."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Site
from tests.test_browser import site

__all__ = ["site"]

_FORBIDDEN = """
    Object.defineProperty(navigator, "clipboard", {value: {writeText: () => Promise.reject(new Error("forbidden"))}});
    document.execCommand = () => false;
"""


@pytest.fixture
def page(site: Site) -> Page:
    return site.context("pegawai03")


def test_the_text_for_e_kinerja_is_copied_with_one_tap(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.address)
    page.goto("/worklog/lkh")
    button = page.locator("[data-copy]")
    button.click()
    expect(button).to_have_text(button.get_attribute("data-copied") or "")
    text = page.locator("#ekinerja").input_value()
    assert text
    assert page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n") == text


def test_without_permission_the_text_is_selected_and_nothing_is_said_to_be_copied(page: Page) -> None:
    page.add_init_script(_FORBIDDEN)
    page.goto("/worklog/lkh")
    button = page.locator("[data-copy]")
    before = button.inner_text()
    button.click()
    field = page.locator("#ekinerja")
    expect(field).to_be_focused()
    selected = "(field) => field.selectionStart === 0 && field.selectionEnd === field.value.length"
    assert field.evaluate(selected)
    assert button.inner_text() == before
