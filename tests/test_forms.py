"""What was typed, what it means, and what is said about it."""

import importlib
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
from staffhub.forms import ClockTime, Fields, Form, Key, Line, Lines, Word
from staffhub.web import attributes

IDENTITY = "This looks like a NIK, a KK number or an NIP, which are not stored here. Write the short name instead."


class Mode(StrEnum):
    OFFICE = "office"
    HOME = "home"


class Sheet(Fields):
    """One field of every kind that rooms use."""

    text: Annotated[Line, StringConstraints(max_length=10)] | None = None
    safe: Line | None = None
    notes: Lines | None = None
    word: Word | None = None
    day: date | None = None
    since: Annotated[date, Field(ge=date(2000, 1, 1))] | None = None
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
        ("notes", "Novi T.\n7107 0155 0190 0001", IDENTITY),
        ("notes", "19850312 201001 1 003", IDENTITY),
        ("day", "23-11-2026", "Write the date as year-month-day, for example 2026-11-23."),
        ("day", "2026-02-30", "Write the date as year-month-day, for example 2026-11-23."),
        ("day", "99999-01-01", "Write the date as year-month-day, for example 2026-11-23."),
        ("starts", "pagi", "Write the time as hours and minutes, for example 15:58."),
        ("starts", "24.00", "A time is between 00:00 and 23:59."),
        ("starts", "8.5", "Write the minutes with two digits, for example 8:05 or 8:30."),
        ("starts", "07.60", "A time is between 00:00 and 23:59."),
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
        ("starts", "800", time(8)),
        ("starts", "8.00 WITA", time(8)),
        ("starts", "07.05", time(7, 5)),
        ("starts", " 23.59 ", time(23, 59)),
        ("number", " 3 ", 3),
        ("mode", "home", Mode.HOME),
        ("kind", "checklist", "checklist"),
        ("people", "7", [7]),
        ("people", " ", []),
        ("words", "a", ["a"]),
        ("safe", "Nomor 123456789012345", "Nomor 123456789012345"),
        ("safe", "Layanan 2026-11-20 08.30-11.30", "Layanan 2026-11-20 08.30-11.30"),
        ("word", "7107015501900001", "7107015501900001"),
    ],
)
def test_what_was_typed_has_its_meaning(key: str, typed: str, meaning: object) -> None:
    assert _value(key, typed) == meaning


@pytest.mark.parametrize("typed", ["0001-01-01", "0206-11-23", "1949-12-31", "2101-01-01", "9999-12-31"])
def test_a_slip_in_the_year_is_told_before_anything_is_counted_from_it(typed: str) -> None:
    assert _message("day", typed) == "Check the year."
    assert _message("since", "1999-12-31") == "Check the year."
    assert _value("day", "1987-08-15") == date(1987, 8, 15)


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


def test_a_time_comes_back_as_it_was_understood_beside_the_mistake_of_another_field() -> None:
    form = _parse(("starts", "800"), ("number", "x"))
    assert (form.data, form.value("starts"), form.value("number")) == (None, "08.00", "x")
    form = _parse(("starts", "pagi"), ("starts", "1630"))
    assert form.list("starts") == ["pagi", "16.30"]


def test_notes_topics_agendas_names_and_sources_refuse_it_and_let_a_date_with_times_through() -> None:
    """The guard is in the type: one look at the fields that were open once."""
    for form, names in {
        "staffhub.routes.presence.CheckInFields": ("note",),
        "staffhub.routes.meetings.fields.MeetingFields": ("topic", "agenda"),
        "staffhub.routes.roster.officer.ExceptionFields": ("note",),
        "staffhub.routes.attendance.one_day.CorrectionFields": ("note",),
        "staffhub.routes.admin.HolidayFields": ("name", "source"),
        "staffhub.routes.people.facts.FactFields": ("name", "position"),
    }.items():
        module, _dot, name = form.rpartition(".")
        model = getattr(importlib.import_module(module), name)
        for field in names:
            for typed, wrong in (("KK 7107015501900001", True), ("Layanan 2026-11-20 08.30-11.30", False)):
                with i18n.in_locale("en"):
                    parsed = Form.parse(model, FormData([(field, typed)]), name="x")
                assert (parsed.error(field) == IDENTITY) is wrong, (form, field, typed)


def test_attributes_are_escaped_and_what_is_none_or_false_is_left_out() -> None:
    own = {"required": True, "aria_invalid": None, "autofocus": True, "value": '"><b>'}
    assert attributes(own, {"autofocus": False, "required": None, "hx_get": "/x?a=1&b=2"}) == (
        ' required value="&#34;&gt;&lt;b&gt;" hx-get="/x?a=1&amp;b=2"'
    )
    assert attributes({"open": False, "title": ""}) == ' title=""'
