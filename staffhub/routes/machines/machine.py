"""The machines of an office, and one of them: its facts, the file that comes in, whose its numbers are."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import ClockTime, Fields, Form, Line, Version
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.machines import files, folder, listing, one, taking
from staffhub.machines.one import Facts, Wish
from staffhub.models import Machine
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, database_of, pages, settings_of
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

# What is read while the person waits; more is left to the scheduler.
_AT_ONCE = 256 * 1024
_HOURS = 60


class MachineFields(Fields):
    name: Annotated[Line, StringConstraints(max_length=60)]
    serial: Annotated[Line, StringConstraints(max_length=40)] | None = None
    place: Annotated[Line, StringConstraints(max_length=120)] | None = None
    hours: Annotated[int, Field(ge=-12, le=14)]
    watched: Annotated[Line, StringConstraints(max_length=120)] | None = None
    version: Version | None = None

    def facts(self) -> Facts:
        return Facts(self.name, self.serial or "", self.place or "", self.hours * _HOURS, self.watched or "")


class ShownFields(Fields):
    shown_date: date | None = None
    shown_time: ClockTime | None = None


class GiveFields(Fields):
    since: date | None = None
    version: Version | None = None


def _offset(me: Viewer, now: datetime) -> int:
    return int((now.astimezone(me.zone).utcoffset() or timedelta()).total_seconds()) // 3600


@router.get("/admin/machines")
def machines(request: Request, db: DB, me: Me, now: Now) -> Response:
    return _list(request, db, me, Form.blank("machine", hours=_offset(me, now)))


def _list(request: Request, db: Session, me: Viewer, form: Form[MachineFields], *, status: int = 200) -> Response:
    return render(
        request,
        "machines/list.html",
        status=status,
        machines=listing.machines(db, me),
        trouble=folder.said,
        form=form,
        folder=_folder(request, me),
        invalid=bool(form.errors),
    )


def _folder(request: Request, me: Viewer) -> str:
    kept = settings_of(request).machine_dir
    return str(folder.place(kept, me.office_id, "")) if kept else ""


@router.post("/admin/machines")
def add(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require(files.PERMISSION)
    form: Form[MachineFields] = Form.parse(MachineFields, posted, name="machine")
    if form.data is None:
        return _list(request, db, me, form, status=422)
    try:
        made = one.add(db, me, form.data.facts(), now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _list(request, db, me, form, status=error.status)
    return redirect(request, f"/admin/machines/{made}", said=_("The machine is added. Now send its log."))


Offset = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/admin/machines/{machine_id}")
def show(request: Request, db: DB, me: Me, now: Now, machine_id: RowId, offset: Offset = 0) -> Response:
    return _page(request, db, me, now, machine_id, offset=offset)


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    machine_id: int,
    *,
    status: int = 200,
    offset: int = 0,
    forms: Mapping[str, Form[Any]] | None = None,
) -> Response:
    machine = files.machine_of(db, me, machine_id)
    found = listing.numbers(db, me, machine_id, now=now)
    unknown, held = found.unknown[: listing.AT_ONCE], listing.holders(db, me, machine_id, offset=offset)
    here = f"/admin/machines/{machine_id}"
    wishes = Form[GiveFields].blank("wishes", **{f"who{row.number}": row.proposed for row in unknown})
    shown: dict[str, Any] = {
        "form": _facts_form(machine),
        "wishes": wishes,
        "sent": Form.blank("sent", shown_date=(now + timedelta(minutes=machine.utc_offset)).date()),
        "given": Form.blank("given"),
        **(forms or {}),
    }
    return render(
        request,
        "machines/machine.html",
        status=status,
        machine=machine,
        trouble=folder.said(machine),
        files=listing.files(db, me, machine_id)[:10],
        unknown=unknown,
        more=len(found.unknown) - len(unknown),
        people=found.people,
        holders=held[: listing.PAGE],
        next_page=query(here, offset=offset + listing.PAGE) if len(held) > listing.PAGE else "",
        folder=_folder(request, me),
        today=now.astimezone(me.zone).date(),
        **shown,
        invalid=forms is not None,
    )


def _facts_form(machine: Machine) -> Form[MachineFields]:
    return Form.blank(
        "machine",
        name=machine.name,
        serial=machine.serial,
        place=machine.place,
        hours=machine.utc_offset // _HOURS,
        watched=machine.watched,
        version=machine.version,
    )


@router.post("/admin/machines/{machine_id}")
def change(request: Request, posted: Posted, db: DB, me: Me, now: Now, machine_id: RowId) -> Response:
    machine = files.machine_of(db, me, machine_id)
    form: Form[MachineFields] = Form.parse(MachineFields, posted, name="machine")
    if form.data is None:
        return _page(request, db, me, now, machine_id, status=422, forms={"form": form})
    try:
        seen = form.data.version or machine.version
        one.change(db, me, machine_id, form.data.facts(), seen=seen, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=files.machine_of(db, me, machine_id).version)
        return _page(request, db, me, now, machine_id, status=error.status, forms={"form": form})
    return redirect(request, f"/admin/machines/{machine_id}", said=_("Saved."))


@router.post("/admin/machines/{machine_id}/files", dependencies=[TakesLong])
def upload(request: Request, me: Me, posted: Posted, now: Now, machine_id: RowId) -> Response:
    """Keep the file; a small one is read at once."""
    me.require(files.PERMISSION)
    form: Form[ShownFields] = Form.parse(ShownFields, posted, name="sent")
    file, database = posted.get("file"), database_of(request)
    with database.reading() as db:
        files.machine_of(db, me, machine_id)
    name = file.filename if isinstance(file, UploadFile) and file.filename else ""
    if not name:
        form.errors["file"] = _("Choose the file first.")
    if form.data is None or not isinstance(file, UploadFile) or not name:
        return _sent_page(request, me, now, machine_id, form)
    data = file.file.read(files.MAX_BYTES + 1)
    try:
        shown = _shown(form.data)
        with database.transaction() as db:
            kept = files.upload(db, me, machine_id, name=name, data=data, shown=shown, now=now)
    except Refused as error:
        form.refuse(error)
        return _sent_page(request, me, now, machine_id, form)
    if len(data) <= _AT_ONCE:
        taking.run_due(database, now=now, only=kept.id)
    said = _("The file is here.") if kept.is_new else _("This very file was here before; nothing is read twice.")
    return redirect(request, f"/admin/machines/files/{kept.id}", said=said)


def _sent_page(request: Request, me: Viewer, now: datetime, machine_id: int, form: Form[Any]) -> Response:
    with database_of(request).reading() as db:
        return _page(request, db, me, now, machine_id, status=422, forms={"sent": form})


def _shown(given: ShownFields) -> datetime | None:
    if given.shown_time is None:
        return None
    if given.shown_date is None:
        raise Refused(_("Fill this in."), field="shown_date")
    return datetime.combine(given.shown_date, given.shown_time)


@router.post("/admin/machines/{machine_id}/numbers")
def give(request: Request, posted: Posted, db: DB, me: Me, now: Now, machine_id: RowId) -> Response:
    """Say whose numbers these are: those of the list that have a name, or the one that was typed."""
    machine = files.machine_of(db, me, machine_id)
    name = "given" if "number" in posted else "wishes"
    form: Form[GiveFields] = Form.parse(GiveFields, posted, name=name)
    if form.data is None:
        return _page(request, db, me, now, machine_id, status=422, forms={name: form})
    try:
        wishes = _wishes(posted)
        seen = form.data.version or machine.version
        changed = one.give(db, me, machine_id, wishes, since=form.data.since, seen=seen, now=now)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, machine_id, status=error.status, forms={name: form})
    said = ngettext("%(num)s number has a new holder.", "%(num)s numbers have a new holder.", changed)
    return redirect(request, f"/admin/machines/{machine_id}", said=said if changed else _("Nothing was changed."))


def _wishes(posted: FormData) -> list[Wish]:
    if "number" in posted:
        return [Wish(str(posted["number"]), str(posted.get("who", "")))]
    typed = ((key, str(value)) for key, value in posted.multi_items() if key.startswith("who"))
    found = [Wish(key.removeprefix("who"), value) for key, value in typed if value.strip()]
    if not found:
        raise Refused(_("Write a name beside at least one number."))
    return found
