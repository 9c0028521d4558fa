"""A list of requests as a file: every row is checked before one is taken in, and the same file twice adds nothing.

Of a corrected file what was taken in before is left out as well: who left a number is known by it and the service, all
others on the same day by what their row says.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.db import UtcDateTime, digest, lock_row, rows
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.models import Channel, Office, ServiceRequest
from staffhub.people import cells
from staffhub.people.cells import Bad, plain
from staffhub.people.register import Cell, Register, Row, Shape, read_register
from staffhub.security import Viewer
from staffhub.service_requests.duplicates import numbers_of
from staffhub.service_requests.owners import OFFICE
from staffhub.service_requests.steps import Wish, enter_many
from staffhub.typed import holds_personal_number

MAX_BYTES = 1024 * 1024
MAX_ROWS = 2000
_MARK = 24  # letters; two of them make a key
COLUMNS: dict[str, tuple[str, ...]] = {
    "layanan": ("jenis layanan", "dokumen", "kode layanan", "service", "service type", "document"),
    "nama": ("nama pemohon", "nama singkat", "pemohon", "applicant", "name", "short name"),
    "telepon": ("no hp", "nomor hp", "hp", "no telepon", "nomor telepon", "no wa", "whatsapp", "wa", "phone",
                "telephone"),
    "kanal": ("masuk lewat", "lewat", "saluran", "channel", "came by"),
    "mendesak": ("urgent",),
    "alasan mendesak": ("alasan", "why urgent", "urgent reason", "reason", "reason urgent"),
    "rujukan": ("rujukan siak", "referensi", "nomor siak", "reference", "siak reference"),
    "catatan": ("keterangan", "note", "notes"),
}  # fmt: skip
_LENGTHS = {"layanan": 120, "nama": 60, "telepon": 24, "kanal": 20, "alasan mendesak": 200, "rujukan": 40,
            "catatan": 200}  # fmt: skip
_CHANNELS = {
    "": Channel.WHATSAPP,
    "whatsapp": Channel.WHATSAPP,
    "wa": Channel.WHATSAPP,
    "aplikasi": Channel.APP,
    "app": Channel.APP,
    "application": Channel.APP,
    "loket": Channel.COUNTER,
    "counter": Channel.COUNTER,
}
_URGENT = {"": False, "tidak": False, "no": False, "0": False, "false": False, "bukan": False} | dict.fromkeys(
    ("ya", "yes", "y", "1", "x", "true", "mendesak", "urgent"), True
)


def _is_row(texts: Mapping[str, str]) -> bool:
    return bool(texts["layanan"] and texts["nama"])


SHAPE = Shape(COLUMNS, {"layanan", "nama"}, MAX_ROWS, 2, _is_row)


@dataclass(frozen=True)
class Sheet:
    """Rows of a file with a mark of all its content, by which it is known again.

    `said`: by their numbers what the rows without a telephone say, as a mark, another one for each of several that say
    the same.
    """

    rows: tuple[Row, ...]
    mark: str
    said: Mapping[int, str]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """`written` is empty where it may be a number of a person."""

    row: int
    column: str
    written: str
    reason: str


@dataclass
class Look:
    """What a file would add: `good` with the row of each, `again`: rows that were taken in before."""

    good: dict[int, Wish] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    again: int = 0


def read(data: bytes, filename: str) -> Sheet:
    """Read a list of requests; Refused when it is no such file, too large, or lacks a column."""
    if len(data) > MAX_BYTES:
        raise Refused(_("The file is larger than 1 MB. Save only the list in it, or split it."), field="file")
    register: Register = read_register(data, filename, SHAPE)
    texts = json.dumps([[row.number, [cell.text for cell in row.cells.values()]] for row in register.rows])
    return Sheet(register.rows, digest(texts)[:32], _said(register.rows), register.ignored)


def _said(found: Sequence[Row]) -> dict[int, str]:
    same, said = Counter[str](), dict[int, str]()
    for row in found:
        if not row.cells["telepon"].text:
            text = json.dumps([row.cells[column].text for column in COLUMNS])
            same[text] += 1
            said[row.number] = digest(text, str(same[text]))[:_MARK]
    return said


def look_at(db: Session, me: Viewer, sheet: Sheet, *, now: datetime) -> Look:
    """Return what is good of a list and why the rest is not; nothing is stored."""
    me.require("requests")
    kinds = _kinds(db, me.office_id)
    look, keys, said = Look(), _known_keys(db, me, sheet), _said_today(db, me, kinds, now)
    for row in sheet.rows:
        key = _key(sheet, row)
        if key in keys or sheet.said.get(row.number) in said:
            look.again += 1
        elif wish := _wish(row, kinds, key, look.bad):
            look.good[row.number] = wish
    _drop_same(db, me, look, now)
    look.bad.sort(key=lambda one: one.row)
    return look


def take_in(db: Session, me: Viewer, sheet: Sheet, *, now: datetime) -> Look:
    """Take in what is good of a list by now; what was taken in before is counted, and not added again."""
    me.require("requests")
    lock_row(db, Office, me.office_id)
    look = look_at(db, me, sheet, now=now)
    if look.good:
        enter_many(db, me, list(look.good.values()), now=now)
    return look


def _key(sheet: Sheet, row: Row) -> str:
    said = sheet.said.get(row.number)
    return f"row-{said}-{sheet.mark[:_MARK]}" if said else f"list-{sheet.mark}-{row.number}"


_KEYS = select(ServiceRequest.idempotency_key).where(
    ServiceRequest.office_id == OFFICE, ServiceRequest.idempotency_key.in_(bindparam("keys", expanding=True))
)


def _known_keys(db: Session, me: Viewer, sheet: Sheet) -> set[str]:
    keys = [_key(sheet, row) for row in sheet.rows]
    return set(rows(db, _KEYS, office=me.office_id, keys=keys).scalars())


_ROWS_SINCE = select(ServiceRequest.idempotency_key).where(
    ServiceRequest.office_id == OFFICE,
    ServiceRequest.phone == "",
    ServiceRequest.service_type_id.in_(bindparam("services", expanding=True)),
    ServiceRequest.created_at >= bindparam("since", type_=UtcDateTime()),
    ServiceRequest.idempotency_key.startswith("row-"),
)


def _said_today(db: Session, me: Viewer, kinds: Mapping[str, Any], now: datetime) -> set[str]:
    """Return what the rows without a telephone say that were taken in today, from whatever file."""
    since = clock.at_local(clock.local_day(now, me.zone), time.min, me.zone)
    services = sorted({one.id for one in kinds.values()})
    found = rows(db, _ROWS_SINCE, office=me.office_id, services=services, since=since)
    return {key.split("-")[1] for key in found.scalars()}


def _kinds(db: Session, office_id: int) -> dict[str, Any]:
    """Return what is offered by its code and its names in both languages, with or without what stands in brackets."""
    offered = [one for one in office.services(db, office_id).values() if not one.ended]
    short = {plain(re.sub(r"\([^)]*\)", " ", name)): one for one in offered for name in (one.name_en, one.name)}
    return short | {plain(name): one for one in offered for name in (one.name_en, one.name, one.code)}


def _wish(row: Row, kinds: Mapping[str, Any], key: str, bad: list[BadRow]) -> Wish | None:
    """Read one row; whatever is wrong with it is added to `bad`."""
    wrong = len(bad)

    def cell(column: str, read: Callable[[Cell], Any]) -> Any:
        try:
            return read(row.cells[column])
        except Bad as error:
            bad.append(BadRow(row.number, column, _written(column, row.cells[column].text), str(error)))
            return None

    kind = cell("layanan", lambda one: _one_of(_text(one, "layanan", required=True), kinds, _no_service()))
    applicant = cell("nama", lambda one: _text(one, "nama", required=True))
    phone = cell("telepon", _phone)
    channel = cell("kanal", lambda one: _one_of(_text(one, "kanal"), _CHANNELS, _no_channel()))
    urgent = cell("mendesak", lambda one: _one_of(one.text, _URGENT, _("Write ya or tidak.")))
    why = cell("alasan mendesak", lambda one: _why(_text(one, "alasan mendesak"), urgent=urgent))
    reference = cell("rujukan", lambda one: _text(one, "rujukan"))
    note = cell("catatan", lambda one: _text(one, "catatan"))
    if len(bad) > wrong:
        return None
    return Wish(kind.id, kind.needs_presence, applicant, phone, channel, why, reference, note, key)


def _no_service() -> str:
    return _("The office offers no such service. Write its code or its name as on the list of services.")


def _no_channel() -> str:
    return _("Write WhatsApp, aplikasi or loket.")


def _written(column: str, text: str) -> str:
    return "" if column == "telepon" or holds_personal_number(text) else text[:60]


def _one_of(text: str, known: Mapping[str, Any], otherwise: str) -> Any:
    try:
        return known[plain(text)]
    except KeyError:
        raise Bad(otherwise) from None


def _text(cell: Cell, column: str, *, required: bool = False) -> str:
    text = cells.safe_line(cell, most=_LENGTHS[column], required=required)
    if holds_personal_number(text):
        raise Bad(_("This looks like a NIK or a KK number. Neither is stored here: leave it out."))
    if cell.rounded:
        raise Bad(_("The spreadsheet has cut this number short. Format the column as text and write it again."))
    return text


def _phone(cell: Cell) -> str:
    if cell.rounded or holds_personal_number(cell.text):
        raise Bad(_("This is no telephone number. A NIK or a KK number is not stored here."))
    return cells.phone(cell)


def _why(text: str, *, urgent: bool | None) -> str:
    if urgent and not text:
        raise Bad(_("Write why it is urgent."))
    if text and urgent is False:
        raise Bad(_("Write ya in the column mendesak, or leave the reason out."))
    return text


def _drop_same(db: Session, me: Viewer, look: Look, now: datetime) -> None:
    """Leave out whoever has asked for the same before, in the office or higher up in the file."""
    if not office.facts(db, me.office_id).duplicate_days:
        return
    phones: Sequence[str] = sorted({wish.phone for wish in look.good.values() if wish.phone})
    there, above = numbers_of(db, me, phones, around=now), dict[tuple[str, int], int]()
    for row, wish in list(look.good.items()):
        asked = (wish.phone, wish.service_id)
        if not wish.phone:
            continue
        if asked in there:
            text = _(
                "Perhaps the same as %(number)s: same telephone and service. If not, use the form.", number=there[asked]
            )
        elif asked in above:
            text = _(
                "Same telephone and service as row %(row)s. If it is another wish, use the form.", row=above[asked]
            )
        else:
            above[asked] = row
            continue
        del look.good[row]
        look.bad.append(BadRow(row, "telepon", "", text))
