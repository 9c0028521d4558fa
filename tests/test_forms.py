"""What was typed, what it means, and what is said about it."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, StringConstraints
from starlette.datastructures import FormData

from staffhub import i18n
from staffhub.errors import Refused
from staffhub.forms import ClockTime, Fields, Form, Key, Line, SafeLine

IDENTITY = "This looks like a NIK or a KK number. Leave it out: neither is stored here."


class Mode(StrEnum):
    OFFICE = "office"
    HOME = "home"


class Sheet(Fields):
    """One field of every kind that rooms use."""

    text: Annotated[Line, StringConstraints(max_length=10)] | None = None
    safe: SafeLine | None = None
    notes: str | None = None
    day: date | None = None
    starts: ClockTime | None = None
    number: Annotated[int, Field(ge=1, le=5)] | None = None
    version: int | None = None
    mode: Mode | None = None
    kind: Literal["checklist", "other"] | None = None
    people: list[int] = Field(default=[])
    words: list[str] | None = None
    key: Key | None = None


class Must(Fields):
    text: Line
    people: Annotated[list[int], Field(min_length=1, max_length=2)]


def _parse(*pairs: tuple[str, str]) -> Form[Sheet]:
    return Form.parse(Sheet, FormData(list(pairs)), name="x")


def _value(key: str, typed: str) -> object:
    form = _parse((key, typed))
    assert form.data is not None, form.errors
    return getattr(form.data, key)


def _message(key: str, typed: str) -> str | None:
    form = _parse((key, typed))
    assert form.data is None
    assert form.first_invalid == key
    assert form.value(key) == typed, "what was typed stays"
    with i18n.in_locale("en"):
        return _parse((key, typed)).error(key)


@pytest.mark.parametrize(
    ("key", "typed", "message"),
    [
        ("text", "a" * 11, "Use at most 10 characters."),
        ("safe", "NIK 7101 0123 4567 8901", IDENTITY),
        ("day", "23-11-2026", "Write the date as year-month-day, for example 2026-11-23."),
        ("day", "2026-02-30", "Write the date as year-month-day, for example 2026-11-23."),
        ("day", "99999-01-01", "Write the date as year-month-day, for example 2026-11-23."),
        ("starts", "pagi", "Write the time as hours and minutes, for example 15.58."),
        ("starts", "24.00", "A time is between 00.00 and 23.59."),
        ("starts", "07.60", "A time is between 00.00 and 23.59."),
        ("number", "dua", "Write a whole number."),
        ("number", "1.5", "Write a whole number."),
        ("number", "9" * 5000, "Write a whole number."),
        ("version", "9" * 19, "Write a whole number."),
        ("people", "-" + "9" * 19, "Write a whole number."),
        ("number", "0", "Write a number of at least 1."),
        ("number", "6", "Write a number of at most 5."),
        ("mode", "moon", "Choose one of the list."),
        ("kind", "moon", "Choose one of the list."),
        ("people", "x", "Write a whole number."),
        ("key", "no such key!", "This is not quite right yet. Check it and try again."),
    ],
)  # fmt: skip
def test_every_mistake_is_said_in_words_of_the_reader(key: str, typed: str, message: str) -> None:
    assert _message(key, typed) == message


def test_what_must_be_there_is_asked_for_and_too_much_is_told() -> None:
    with i18n.in_locale("en"):
        form: Form[Must] = Form.parse(Must, FormData([]), name="x")
        assert form.errors == {"text": "Fill this in.", "people": "Fill this in."}
        form = Form.parse(Must, FormData([("text", "  "), *[("people", str(n)) for n in range(3)]]), name="x")
        assert form.errors == {"text": "Fill this in.", "people": "Use at most 2 characters."}
    with i18n.in_locale("id"):
        assert Form.parse(Must, FormData([]), name="x").errors["text"] != "Fill this in."


@pytest.mark.parametrize(
    ("key", "typed", "meaning"),
    [
        ("text", "  a \r\n b\t", "a b"),
        ("text", "", None),
        ("text", " \n ", None),
        ("text", "a\x00b", "ab"),
        ("text", "\x00", None),
        ("notes", " a\nb ", "a\nb"),
        ("day", "2026-11-23", date(2026, 11, 23)),
        ("day", "", None),
        ("starts", "7:05", time(7, 5)),
        ("starts", "07.05", time(7, 5)),
        ("starts", " 23.59 ", time(23, 59)),
        ("number", " 3 ", 3),
        ("mode", "home", Mode.HOME),
        ("kind", "checklist", "checklist"),
        ("people", "7", [7]),
        ("people", " ", []),
        ("words", "a", ["a"]),
        ("safe", "Nomor 123456789012345", "Nomor 123456789012345"),
    ],
)
def test_what_was_typed_has_its_meaning(key: str, typed: str, meaning: object) -> None:
    assert _value(key, typed) == meaning


def test_a_repeated_name_is_a_list_where_one_is_wanted_and_the_last_one_elsewhere() -> None:
    form = _parse(("people", "1"), ("people", ""), ("people", "2"), ("number", "1"), ("number", "2"), ("junk", "x"))
    assert form.data is not None
    assert (form.data.people, form.data.number) == ([1, 2], 2)
    assert form.list("people") == ["1", "", "2"]
    assert not hasattr(form.data, "junk")


def test_a_blank_form_shows_what_is_proposed_and_nothing_else() -> None:
    form: Form[Sheet] = Form.blank("x", name="Ibu", starts=time(7, 5), people=[1, 2], mode=Mode.HOME, day=None)
    assert (form.value("name"), form.value("starts"), form.value("mode")) == ("Ibu", "07.05", "home")
    assert (form.list("people"), form.list("none"), form.value("day")) == (["1", "2"], [], "")
    assert (form.id("starts"), form.error("starts"), form.first_invalid) == ("x-starts", None, None)


def test_what_a_rule_refuses_stands_beside_its_field() -> None:
    form = _parse(("text", "a"))
    form.refuse(Refused("no", field="text"))
    assert (form.data, form.errors, form.first_invalid) == (None, {"text": "no"}, "text")
    form = _parse(("text", "a"))
    form.refuse(Refused("no"))
    assert (form.errors, form.first_invalid) == ({"": "no"}, None)


@given(st.lists(st.tuples(st.sampled_from([*Sheet.model_fields, "junk"]), st.text())))
def test_a_form_takes_anything_and_what_it_lets_through_can_be_stored(pairs: list[tuple[str, str]]) -> None:
    form = _parse(*pairs)
    assert (form.data is None) == bool(form.errors)
    if form.data:
        stored = form.data.model_dump_json()
        assert "\\u0000" not in stored
        stored.encode()
