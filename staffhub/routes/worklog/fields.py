"""What is typed of a line of the log."""

import datetime as dt
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from staffhub.forms import ClockTime, Fields, Key, Line, Version
from staffhub.i18n import gettext as _

EARLIEST = dt.date(2000, 1, 1)


def web_address(text: str) -> str:
    """Evidence elsewhere is a page that a browser opens, and nothing that runs."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise ValueError(_("Write an address that begins with https:// or http://."))
    return text


class Purpose(NamedTuple):
    """What a line is for: a request, or several of a service (typed as s12), or neither."""

    request_id: int | None = None
    service_id: int | None = None


def _purpose(typed: str) -> Purpose:
    several, number = typed.startswith("s"), typed.removeprefix("s")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**63):
        raise ValueError(_("Choose one of the list."))
    return Purpose(None, int(number)) if several else Purpose(int(number))


class LineFields(Fields):
    date: Annotated[dt.date, Field(ge=EARLIEST)] | None = None
    text: Annotated[Line, StringConstraints(max_length=200)]
    start: ClockTime
    quantity: Annotated[int, Field(ge=0, le=9999)] | None = None
    unit: Annotated[Line, StringConstraints(max_length=24)] | None = None
    request_id: Annotated[Purpose, BeforeValidator(_purpose)] = Purpose()
    link: Annotated[Line, StringConstraints(max_length=300), AfterValidator(web_address)] | None = None
    idempotency_key: Key | None = None
    version: Version | None = None


class EntryFields(LineFields):
    end: ClockTime


class NewEntryFields(LineFields):
    """`length`: the button with the minutes that was pressed instead of an end."""

    end: ClockTime | None = None
    length: Literal["15", "30", "60"] | None = None


class StartFields(Fields):
    request_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class DeleteFields(Fields):
    version: Version | None = None
