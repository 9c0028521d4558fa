"""Forms: what was typed, what it means, and what is wrong with it, in the reader's words.

A form class is a pydantic model; blank means None. `Form.parse` never raises: the page is shown again with what was
typed.
"""

from dataclasses import dataclass, field
from datetime import date, time
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin
from uuid import uuid4

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails
from starlette.datastructures import FormData, UploadFile

from staffhub.errors import Conflict, StaffHubError
from staffhub.i18n import clock
from staffhub.i18n import gettext as _
from staffhub.typed import clock_time, holds_personal_number, telephone


def _one_line(value: object) -> object:
    """A line break in a one-line field is a space: it must not reach a calendar, a mail header or a log as a break."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _clock_time(value: object) -> object:
    return clock_time(value) if isinstance(value, str) else value


def _guard(value: str) -> str:
    if holds_personal_number(value):
        raise ValueError(
            _("This looks like a NIK, a KK number or an NIP, which are not stored here. Write the short name instead.")
        )
    return value


def not_sought() -> str:
    return _("This looks like a NIK or a KK number. Nothing here is found by one, so it was not sought and not kept.")


GUARD = AfterValidator(_guard)
# Free text is a Line, or Lines where it may have several: no NIK, KK number or NIP gets through.
Lines = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), GUARD]
Line = Annotated[str, BeforeValidator(_one_line), StringConstraints(strip_whitespace=True, min_length=1), GUARD]
# A code, a name to sign in with, an address: looked up or checked by its own rule, never a text that is kept as typed.
Word = Annotated[str, BeforeValidator(_one_line), StringConstraints(strip_whitespace=True, min_length=1)]
Phone = Annotated[Word, AfterValidator(telephone)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
# Which state of the row the form showed (`ui.version`). A client that leaves it out edits what stands now.
Version = Annotated[int, Field(ge=1)]


# A date outside of these was typed with a slip in the year; the day after the last one that there is cannot be counted.
YEARS = range(1950, 2101)


class Fields(BaseModel):
    """Base of every form class. List fields take repeated names; unknown names are ignored."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, extra="ignore")

    @field_validator("*")
    @classmethod
    def _fits_a_column(cls, value: object) -> object:
        numbers = value if isinstance(value, list) else [value]
        if any(isinstance(number, int) and abs(number) >= 2**63 for number in numbers):
            raise ValueError(_("Write a whole number."))
        if isinstance(value, date) and value.year not in YEARS:
            raise ValueError(_("Check the year."))
        return value


F = TypeVar("F", bound=Fields)


@dataclass
class Form(Generic[F]):
    """One form on one page. `name` keeps the ids of two forms on a page apart."""

    name: str
    typed: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    data: F | None = None

    @classmethod
    def blank(cls, name: str, /, **values: object) -> "Form[F]":
        """A fresh form with proposed values; None leaves a field empty."""
        return cls(name, {key: _as_typed(value) for key, value in values.items() if value is not None})

    @classmethod
    def parse(cls, model: type[F], posted: FormData, *, name: str) -> "Form[F]":
        typed: dict[str, list[str]] = {}
        for key, value in posted.multi_items():
            if not isinstance(value, UploadFile):
                typed.setdefault(key, []).append(value)
        form = cls(name, typed)
        try:
            form.data = model.model_validate(_meaning(model, typed))
        except ValidationError as problem:
            for error in problem.errors(include_url=False):
                form.errors.setdefault(str(error["loc"][0]) if error["loc"] else "", explain(error))
        form._show_times_as_read(model)
        return form

    def _show_times_as_read(self, model: type[F]) -> None:
        """A time comes back in its one form, so that the person sees how "800" was understood."""
        for key, about in model.model_fields.items():
            if _holds(about.annotation, time) and key in self.typed:
                self.typed[key] = [_time_as_read(one) for one in self.typed[key]]

    def refuse(self, error: StaffHubError, *, version: object = None) -> None:
        """Put a rule's refusal beside the field it names.

        Who is told that somebody was quicker may save once more, over the `version` as of now. After any other refusal
        the form keeps the version it showed: what happened meanwhile was not told yet.
        """
        self.errors[error.field or ""] = error.message
        self.data = None
        if isinstance(error, Conflict) and "idempotency_key" in self.typed:
            self.typed["idempotency_key"] = [str(uuid4())]  # a key is spent with the words that it was sent with
        if version is not None and isinstance(error, Conflict):
            self.typed["version"] = [str(version)]

    def value(self, key: str) -> str:
        return (self.typed.get(key) or [""])[0]

    def list(self, key: str) -> list[str]:
        return self.typed.get(key, [])

    def error(self, key: str) -> str | None:
        return self.errors.get(key)

    def id(self, key: str) -> str:
        return f"{self.name}-{key}"

    @property
    def first_invalid(self) -> str | None:
        return next((key for key in self.errors if key), None)


def _as_typed(value: object) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset):
        return [str(one) for one in value]
    if isinstance(value, time):
        return [clock(value)]
    return [str(value)]


def _time_as_read(typed: str) -> str:
    try:
        return _as_typed(clock_time(typed))[0]
    except ValueError:
        return typed


def _holds(annotation: object, kind: type) -> bool:
    """Tell whether a field is of a kind, perhaps beside None."""
    return kind in {annotation, get_origin(annotation)} or any(_holds(one, kind) for one in get_args(annotation))


def _meaning(model: type[Fields], typed: dict[str, list[str]]) -> dict[str, Any]:
    """Blank to None, repeated names to a list where the class has one."""
    given: dict[str, Any] = {}
    for key, about in model.model_fields.items():
        # No database takes a NUL.
        values = [value.replace("\x00", "") for value in typed.get(key, [])]
        values = [value for value in values if value.strip()]
        if _holds(about.annotation, list):
            given[key] = values
        elif values:
            given[key] = values[-1]
        elif not about.is_required():
            continue
        else:
            given[key] = None
    return given


def explain(error: ErrorDetails) -> str:  # noqa: PLR0911  one return for each kind of mistake
    kind, context = error["type"], error.get("ctx", {})
    if error.get("input") is None or kind in {"missing", "string_too_short", "too_short"}:
        return _("Fill this in.")
    if kind == "value_error":
        return str(context["error"])
    if kind in {"string_too_long", "too_long"}:
        return _("Use at most %(n)s characters.", n=context["max_length"])
    if kind.startswith(("int_", "float_", "decimal_")):
        return _("Write a whole number.")
    if isinstance(context.get("ge"), str):  # a first date, as pydantic tells it
        return _("Check the year.")
    if kind in {"greater_than_equal", "greater_than", "less_than_equal", "less_than", "multiple_of"}:
        return _bound(context)
    if kind.startswith("date_"):
        return _("Write the date as year-month-day, for example 2026-11-23.")
    if kind in {"enum", "literal_error"}:
        return _("Choose one of the list.")
    return _("This is not quite right yet. Check it and try again.")


def _bound(context: dict[str, Any]) -> str:
    ((name, n),) = context.items()
    if name in {"ge", "gt"}:
        return _("Write a number of at least %(n)s.", n=n)
    return _("Write a number of at most %(n)s.", n=n) if name in {"le", "lt"} else _("Write a multiple of %(n)s.", n=n)
