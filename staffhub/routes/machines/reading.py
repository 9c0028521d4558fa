"""A file of a machine's log: how far it is, what it said, and what HR has to answer before it can be read."""

from datetime import date, datetime
from typing import Any, Literal

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form
from staffhub.i18n import gettext as _
from staffhub.machines import files, tables
from staffhub.machines.lines import Role, Wrong, text_of
from staffhub.machines.tables import Columns, Guess
from staffhub.models import MachineReading, TaskState
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, pages
from staffhub.security import Viewer
from staffhub.typed import holds_citizen_number
from staffhub.web import redirect, render

router = pages()

# As many lines and cells as a page shows.
_BAD, _SAMPLE, _WIDE = 200, 6, 12


class ColumnFields(Fields):
    roles: list[Role | Literal["-"]]
    order: Literal["dmy", "mdy", "ymd"]


class ClockFields(Fields):
    date: date
    time: ClockTime


def _roles() -> list[tuple[str, str]]:
    return [
        ("-", _("not read")),
        (Role.NUMBER.value, _("number of the person")),
        (Role.NAME.value, _("name")),
        (Role.MOMENT.value, _("date and time")),
        (Role.DATE.value, _("date")),
        (Role.TIME.value, _("time")),
        (Role.KIND.value, _("in or out")),
    ]


def _orders() -> list[tuple[str, str]]:
    return [
        ("dmy", _("day, month, year (23/11/2026)")),
        ("mdy", _("month, day, year (11/23/2026)")),
        ("ymd", _("year, month, day (2026-11-23)")),
    ]


def _why(why: str) -> str:
    return {
        Wrong.NUMBER: _("There is no number of a person."),
        Wrong.CITIZEN: _("The number looks like a NIK, which is not stored here."),
        Wrong.TIME: _("There is no date and time."),
        Wrong.DATE: _("There is no such date."),
        Wrong.CUT: _("The last line is cut off."),
    }[Wrong(why)]


@router.get("/admin/machines/files/{reading_id}", dependencies=[TakesLong])
def show(request: Request, db: DB, me: Me, reading_id: RowId) -> Response:
    return _page(request, db, me, reading_id)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    reading_id: int,
    *,
    form: Form[Any] | None = None,
    status: int = 200,
) -> Response:
    reading = files.reading_of(db, me, reading_id)
    asked: dict[str, Any] = {}
    if reading.asks == files.COLUMNS:
        asked = _columns(reading, form)
    elif reading.asks == files.CLOCK:
        first = datetime.fromisoformat(reading.held_from)
        blank: Form[ClockFields] = Form.blank("clock", date=first.date(), time=first.time())
        asked = {"first": first, "last": datetime.fromisoformat(reading.held_to), "form": form or blank}
    return render(
        request,
        "machines/reading.html",
        status=status,
        reading=reading,
        machine=files.machine_of(db, me, reading.machine_id),
        waits=reading.state in {TaskState.PENDING, TaskState.CLAIMED},
        states=TaskState,
        bad=[(line, _why(why), text) for line, why, text in reading.bad_lines[:_BAD]],
        invalid=bool(form and form.errors),
        **{"form": form, "first": None, "last": None, "guess": None} | asked,
    )


def _columns(reading: MachineReading, form: Form[Any] | None) -> dict[str, Any]:
    content = reading.content or b""
    found: Guess = tables.guess(tables.rows_of(content, files.text_of_log(content)))
    roles = [role or "-" for role in found.columns.roles][:_WIDE]
    return {
        "guess": found,
        "heads": found.columns.header,
        "width": range(len(roles)),
        "sample": [[_shown(cell) for cell in row[:_WIDE]] for row in found.sample[:_SAMPLE]],
        "roles": _roles(),
        "orders": [one for one in _orders() if one[0] in found.orders or "ymd" in found.orders],
        "form": form
        or Form.blank("columns", roles=roles, order=found.columns.order if len(found.orders) == 1 else None),
    }


def _shown(cell: object) -> str:
    text = text_of(cell)
    return "…" if holds_citizen_number(text) else text[:40]


@router.post("/admin/machines/files/{reading_id}/columns", dependencies=[TakesLong])
def columns(request: Request, posted: Posted, db: DB, me: Me, now: Now, reading_id: RowId) -> Response:
    reading = files.reading_of(db, me, reading_id)
    form: Form[ColumnFields] = Form.parse(ColumnFields, posted, name="columns")
    if form.data is None and reading.asks == files.COLUMNS:
        return _page(request, db, me, reading_id, form=form, status=422)
    try:
        files.set_columns(db, me, reading_id, _said(reading, form.data), now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, reading_id, form=form, status=error.status)
    return redirect(
        request, f"/admin/machines/files/{reading_id}", said=_("The columns are known. The file is being read.")
    )


def _said(reading: MachineReading, given: ColumnFields | None) -> Columns:
    """The headings stand above the columns that were shown; of a file that asks nothing there are none."""
    if given is None or reading.asks != files.COLUMNS:
        return Columns((), "ymd", ())
    content = reading.content or b""
    header = tables.guess(tables.rows_of(content, files.text_of_log(content))).columns.header
    return Columns(tuple(role if isinstance(role, Role) else "" for role in given.roles), given.order, header)


@router.post("/admin/machines/files/{reading_id}/clock")
def clock(request: Request, posted: Posted, db: DB, me: Me, now: Now, reading_id: RowId) -> Response:
    files.reading_of(db, me, reading_id)
    form: Form[ClockFields] = Form.parse(ClockFields, posted, name="clock")
    if form.data is None:
        return _page(request, db, me, reading_id, form=form, status=422)
    try:
        files.set_clock(db, me, reading_id, form.data.date, form.data.time, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, reading_id, form=form, status=error.status)
    return redirect(request, f"/admin/machines/files/{reading_id}", said=_("Now these lines are read with that clock."))
