"""What goes over the wire: each field of it, and the texts in which programs write."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from starlette.datastructures import URL

from staffhub.forms import GUARD
from staffhub.i18n import gettext as _
from staffhub.models import Channel, EmploymentType, RequestState
from staffhub.typed import telephone

MOST = 100  # rows of a page
BIGGEST = 36**12  # what twelve signs of a cursor hold

# One line that neither begins nor ends with a blank and holds no control character: it is kept as it was sent.
_LINE = r"^[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"
# As `typed.telephone` writes one: a number of this country with its 0, any other with + and its country.
_PHONE = r"^(?:0[1-9][0-9]{7,11}|\+(?:[1-57-9][0-9]|6[013-9])[0-9]{6,13})$"

Line = Annotated[str, StringConstraints(min_length=1, pattern=_LINE), GUARD]
Phone = Annotated[str, StringConstraints(pattern=_PHONE), AfterValidator(telephone)]
ServiceCode = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_]+$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{1,12}$")]

# Spelled out: what stands in an address is a text.
Flag = Literal["true", "false"]


def _day(value: object) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError(_("Write the date as year-month-day, for example 2026-11-23."))


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


def cursor_of(place: int) -> str:
    """Return a place as a cursor; what it means is ours alone, so that it may mean something else one day."""
    signs, text = "0123456789abcdefghijklmnopqrstuvwxyz", ""
    while place:
        place, sign = divmod(place, 36)
        text = signs[sign] + text
    return text or "0"


def place_of(cursor: str | None) -> int:
    return int(cursor, 36) if cursor else 0


class Sent(BaseModel):
    """What a program sends: a field that is not named here is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(BaseModel):
    """What a program is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewRequest(Sent):
    service_type: ServiceCode = Field(description="The code of a service that is offered; see /api/v1/service-types.")
    applicant: Annotated[Line, StringConstraints(max_length=60)] = Field(
        description="A short name, as Novi T. Never a NIK or a KK number: what looks like one is refused."
    )
    phone: Phone | None = Field(None, description="081234567890, or +49301234567 from abroad.")
    channel: Channel = Field(Channel.APP, description="On which way it came to the office.")
    urgent_why: Annotated[Line, StringConstraints(max_length=200)] | None = Field(
        None, description="Why it is urgent: then it does not wait until the applicant comes in person."
    )
    siak_reference: Annotated[Line, StringConstraints(max_length=40)] | None = None
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None


def _whole_number(value: object) -> object:
    """JSON knows no difference between 1 and 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_VERSION = {
    "type": "integer",
    "minimum": 1,
    "maximum": 2**53 - 1,
    "description": "The version that the caller has seen. It may be left out only where If-Match names the ETag.",
}
Version = Annotated[
    int, Field(strict=True, ge=1, le=2**53 - 1), BeforeValidator(_whole_number), WithJsonSchema(_VERSION)
]


def _asks_for_version(schema: dict[str, Any]) -> None:
    """A step without any condition is told so (428), which pydantic cannot: here it is asked for as it is meant."""
    schema["properties"]["version"] = _VERSION
    schema["required"] = [*schema["required"], "version"]


class NewStep(Sent):
    model_config = ConfigDict(json_schema_extra=_asks_for_version)

    state: RequestState
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None
    version: Version | None = None


class By(Told):
    kind: Annotated[str, Field(pattern="^(officer|program|nobody)$")]
    id: int | None = Field(description="The officer's id.")
    name: str | None


class RequestStep(Told):
    at: datetime
    state: RequestState
    by: By
    note: str


class OfficerName(Told):
    id: int
    name: str


class ListedRequest(Told):
    id: int
    number: str = Field(description="The number by which the office speaks of it.")
    public_code: str = Field(description="The code by which the citizen asks how far it is.")
    service_type: str
    applicant: str
    phone: str = Field(description="Masked: enough to tell two apart, not enough to call.")
    channel: Channel
    urgent: bool
    siak_reference: str
    state: RequestState
    officer: OfficerName | None = Field(description="Who has it.")
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    version: int


class OneRequest(ListedRequest):
    steps: list[RequestStep]


class Requests(Told):
    items: list[ListedRequest]
    next: str | None = Field(description="The cursor of the following page; null: this was the last one.")


class ServiceType(Told):
    code: str
    name: str
    name_en: str
    division: str = Field(description="The code of its bidang.")
    needs_presence: bool
    service_days: int | None = Field(description="Working days promised; null: not set by the office.")
    papers: list[str]
    offered: bool


class ServiceTypes(Told):
    items: list[ServiceType]


class Officer(Told):
    id: int
    name: str
    number: str | None = Field(description="NIP or the office's own number; null without the scope officers:numbers.")
    employment_type: EmploymentType
    position: str
    division: str | None = Field(description="The code of the bidang; null: the whole office.")
    active_from: date
    active_to: date | None


class Officers(Told):
    items: list[Officer]
    next: str | None


class AttendanceDay(Told):
    officer_id: int
    date: date
    state: str = Field(description="present, home, field, leave, absent, day_off, pending or planned.")
    code: str = Field(description="As it stands on the sheet of the month.")
    first: datetime | None = Field(description="When the day began, by its marks and corrections.")
    last: datetime | None
    worked: int = Field(description="Minutes.")
    late: int = Field(description="Minutes.")
    early: int = Field(description="Minutes.")
    half: str | None = Field(description="The half of the day that was leave.")
    corrected: bool
    counted: bool = Field(description="false: before presence counts in this office.")
    needs_person: bool = Field(description="Something of it waits for somebody to decide.")
    open: bool = Field(description="true: a night that may still take its end; it is not final.")


class Attendance(Told):
    items: list[AttendanceDay]
    next: str | None


def link(url: URL, cursor: str | None) -> dict[str, str]:
    """Return the header that leads to the following page, if there is one."""
    if cursor is None:
        return {}
    following = url.include_query_params(cursor=cursor)
    return {"Link": f'<{following.path}?{following.query}>; rel="next"'}


def page_of(items: list[Any], most: int, place: Any) -> tuple[list[Any], str | None]:
    """Cut off the row that was read to see whether there is more, and say where the following page begins."""
    shown = items[:most]
    return shown, cursor_of(place(shown[-1])) if len(items) > most else None
