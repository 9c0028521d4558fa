"""What is typed about orders and exemptions, and the persons that are ticked in their forms."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import StringConstraints

from staffhub.forms import Fields, Key, Line, Lines, Version
from staffhub.models import Duty, Meaning
from staffhub.orders import exemptions
from staffhub.orders.duty import Draft

Number = Annotated[Line, StringConstraints(max_length=80)]
Reason = Annotated[Lines, StringConstraints(max_length=400)]


class OrderFields(Fields):
    number: Number
    duty: Duty
    issued: dt.date
    first: dt.date
    last: dt.date | None = None
    place: Annotated[Line, StringConstraints(max_length=160)]
    purpose: Annotated[Lines, StringConstraints(max_length=400)]
    basis: Annotated[Lines, StringConstraints(max_length=400)] | None = None
    free_days: Literal["1"] | None = None
    officer: list[int]
    signed_by: int | None = None
    signer_name: Annotated[Line, StringConstraints(max_length=120)] | None = None
    signer_position: Annotated[Line, StringConstraints(max_length=120)] | None = None
    # What the person was told before, by its digest.
    told: Key | None = None
    idempotency_key: Key

    def draft(self) -> Draft:
        return Draft(
            number=self.number,
            duty=self.duty,
            issued=self.issued,
            first=self.first,
            last=self.last or self.first,
            place=self.place,
            purpose=self.purpose.replace("\r\n", "\n"),
            basis=(self.basis or "").replace("\r\n", "\n"),
            on_free_days=bool(self.free_days),
            officers=tuple(dict.fromkeys(self.officer)),
            signed_by=self.signed_by,
            signer_name=self.signer_name or "",
            signer_position=self.signer_position or "",
        )


class StepFields(Fields):
    reason: Reason
    version: Version | None = None
    idempotency_key: Key


class ShortenFields(StepFields):
    last: dt.date


class PeopleFields(StepFields):
    officer: list[int]
    told: Key | None = None


class ExemptionFields(Fields):
    number: Number
    meaning: Meaning
    first: dt.date
    last: dt.date | None = None
    reason: Annotated[Line, StringConstraints(max_length=200)]
    everyone: bool = False
    division: list[int]
    group: list[Literal["asn", "non_asn"]]
    officer: list[int]
    told: Key | None = None
    idempotency_key: Key

    def draft(self) -> exemptions.Draft:
        scope = exemptions.Scope(
            self.everyone, tuple(self.division), tuple(self.group), tuple(dict.fromkeys(self.officer))
        )
        return exemptions.Draft(self.number, self.meaning, self.first, self.last or self.first, self.reason, scope)


class TakeBackFields(StepFields):
    first: dt.date | None = None
    last: dt.date | None = None
    whom: Literal["all", "some"]
    officer: list[int]
