"""What was typed is put back into the one form of a page that it was sent from, and into nothing else."""

import pytest

from staffhub.refill import refill

PAGE = """<!DOCTYPE html>
<p>café \u2028 &amp; <input name="text" value="outside"></p>
<form method="get" action="/log"><input name="text" value="search"></form>
<details class="more"><summary>x</summary>
<form id="f" method="post" action="/log#form" hx-post="/log">
  <input type="hidden" name="version" value="1">
  <input name="text" value="" maxlength="9"><input type="password" name="secret"><input type="file" name="file">
  <input type="checkbox" name="day" value="mon" checked><input type="checkbox" name="day" value="tue">
  <input type="radio" name="by" value="a" checked><input type="radio" name="by" value="b">
  <select name="kind">
    <option value="">-</option><option value="1" selected>One</option><option value="2">Two</option>
  </select>
  <details><textarea name="note">
old &lt;text&gt;</textarea></details>
  <select name="each"><option value="x" selected>x</option><option value="y">y</option></select>
  <select name="each"><option value="x" selected>x</option><option value="y">y</option></select>
  <input name="gone" value="z" disabled>
  <button name="do" value="save">Save</button>
</form></details>
<input name="late" form="f" value="">
"""


def _refilled(*fields: tuple[str, str], action: str = "/log") -> str:
    found = refill(PAGE, action=action, fields=fields, mark=("kept", "7"))
    assert found
    return found.page


def test_every_kind_of_control_takes_what_was_sent() -> None:
    page = _refilled(
        ("version", "3"), ("text", 'a "b" <c> &'), ("day", "tue"), ("by", "b"), ("kind", "2"), ("note", "x\n<y>"),
        ("each", "x"), ("each", "y"), ("late", "später"), ("secret", "s"), ("file", "f"), ("gone", "g"),
    )  # fmt: skip
    for there in (
        '<input type="hidden" name="version" value="3">',
        '<input name="text" value="a &quot;b&quot; &lt;c&gt; &amp;" maxlength="9">',
        '<input type="checkbox" name="day" value="mon"><input type="checkbox" name="day" value="tue" checked>',
        '<input type="radio" name="by" value="a"><input type="radio" name="by" value="b" checked>',
        '<option value="1">One</option><option value="2" selected>Two</option>',
        '<details open><textarea name="note">\nx\n&lt;y&gt;</textarea>',
        '<option value="x">x</option><option value="y" selected>y</option>',
        '<input name="late" form="f" value="später">',
        '<input name="gone" value="z" disabled>',
        '<input type="password" name="secret"><input type="file" name="file">',
        '<details class="more" open>',
        '<input type="hidden" name="kept" value="7">',
    ):
        assert there in page, there
    assert page.count('<option value="x" selected>') == 1, "the first of two lists of one name keeps its own value"
    assert 'value="outside"' in page
    assert 'value="search"' in page


def test_nothing_that_a_person_sees_has_changed_when_only_hidden_values_differ() -> None:
    same = [("day", "mon"), ("by", "a"), ("kind", "1"), ("note", "old <text>"), ("version", "9")]
    found = refill(PAGE, action="/log", fields=same, mark=("kept", "7"))
    assert found
    assert not found.seen
    assert 'value="9"' in found.page
    assert "<details open>" not in found.page


def test_of_several_forms_the_one_is_meant_whose_fixed_values_were_sent() -> None:
    form = (
        '<form method="post" action="/a"><input type="hidden" name="id" value="{0}"><input name="t" value="{0}"></form>'
    )
    page = form.format(1) + form.format(2)
    found = refill(page, action="/a", fields=[("id", "2"), ("t", "typed")], mark=("kept", "7"))
    assert found
    assert found.page.startswith(form.format(1))
    assert found.page.endswith('name="id" value="2"><input name="t" value="typed"></form>')


@pytest.mark.parametrize("action", ["/other", "/log/1", ""])
def test_a_page_without_the_form_is_left_alone(action: str) -> None:
    assert refill(PAGE, action=action, fields=[("text", "x")], mark=("kept", "7")) is None


def test_a_choice_that_is_no_longer_offered_leaves_the_list_as_it_is() -> None:
    assert '<option value="1" selected>One</option>' in _refilled(("kind", "99"), ("text", "x"))


def test_a_button_may_say_where_its_form_is_sent() -> None:
    page = '<form method="post" action="/a"><input name="t" value=""><button formaction="/b">B</button></form>'
    found = refill(page, action="/b?x=1", fields=[("t", "typed")], mark=("kept", "7"))
    assert found
    assert 'value="typed"' in found.page
