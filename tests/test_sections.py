"""Pages by bidang, and the two macros that every list uses."""

import re
from typing import Any

import pytest

from staffhub import i18n, sections
from staffhub.sections import Section
from staffhub.web import environment

SMALL = [Section(1, "Dafduk", 12), Section(2, "Capil", 10), Section(0, "", 1)]
LARGE = [Section(1, "Dafduk", 40), Section(2, "Capil", 90), Section(3, "PIAK", 70)]


@pytest.mark.parametrize(
    ("found", "asked_by", "shown"),
    [
        (SMALL, {"own": 2}, None),
        (SMALL, {"own": 2, "asked": 1}, 1),
        (SMALL, {"own": 2, "asked": 0}, 0),
        (LARGE, {"own": 3}, 3),
        (LARGE, {"own": 3, "asked": 1}, 1),
        (LARGE, {"own": 3, "asked": 99}, 3),
        (LARGE, {"own": None}, 2),
        (LARGE, {"own": 3, "asked": 1, "q": "tumiwa"}, None),
        ([], {"own": 3, "asked": 1}, None),
    ],
)
def test_a_page_shows_all_when_they_fit_else_ones_own_and_a_search_finds_everybody(
    found: list[Section], asked_by: dict[str, Any], shown: int | None
) -> None:
    chosen = sections.choose(found, **asked_by)
    assert chosen.shown == shown
    assert chosen.total == sum(one.count for one in found), "what is counted stays the whole office"


def test_ones_own_bidang_is_named_first_and_the_others_keep_their_order() -> None:
    assert [one.id for one in sections.choose(LARGE, own=3).all] == [3, 1, 2]


@pytest.mark.parametrize(
    ("text", "id_"), [("12", 12), ("0", 0), ("", None), ("abc", None), ("-1", None), ("9" * 30, None), ("²", None)]
)
def test_what_names_no_bidang_asks_for_none(text: str, id_: int | None) -> None:
    assert sections.asked_for(text) == id_


def _render(text: str, **values: Any) -> str:
    with i18n.in_locale("en"):
        return re.sub(r"\s+(>)?", lambda found: found[1] or " ", environment().from_string(text).render(values))


def test_the_links_of_a_large_office_carry_their_counts_and_the_rest_of_the_address() -> None:
    page = _render("{{ ui.divisions(sections, '/roster', month='2026-11') }}", sections=sections.choose(LARGE, own=3))
    assert '<a href="/roster?division=3&amp;month=2026-11" aria-current="page">PIAK 70</a>' in page
    assert '<a href="/roster?division=1&amp;month=2026-11">Dafduk 40</a>' in page
    assert "All divisions" not in page, "400 people do not stand on one page"


def test_a_small_office_is_led_back_to_all_of_it() -> None:
    page = _render("{{ ui.divisions(sections, '/board') }}", sections=sections.choose(SMALL, own=1, asked=2))
    assert '<a href="/board">All divisions 23</a>' in page
    assert '<a href="/board?division=2" aria-current="page">Capil 10</a>' in page
    assert '<a href="/board?division=0">Head of the office 1</a>' in page


def test_an_office_of_one_bidang_needs_no_choice() -> None:
    assert _render("{{ ui.divisions(sections, '/board') }}", sections=sections.choose(SMALL[:1], own=1)).strip() == ""


def test_the_search_is_a_real_form_with_htmx_beside_it_and_keeps_what_else_was_chosen() -> None:
    page = _render(
        "{% call ui.search('/people', '#rows', 'Find people', value=q, keep={'state': 'left', 'month': none}) %}"
        "<select name='kind'></select>{% endcall %}",
        q='<b>"x"',
    )
    assert '<form class="row no-print" method="get" action="/people" role="search"' in page
    assert 'hx-get="/people"' in page
    assert 'hx-target="#rows"' in page
    assert 'hx-sync="this:replace"' in page
    assert '<input type="hidden" name="state" value="left">' in page
    assert 'name="month"' not in page
    assert 'value="&lt;b&gt;&#34;x&#34;"' in page
    assert "<select name='kind'></select>" in page
    assert re.search(r'<label class="vh" for="q">Find people</label>', page)
    assert '<button type="submit"' in page
