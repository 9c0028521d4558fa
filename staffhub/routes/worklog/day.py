"""Catatan: my day beside my requests; entries are added, changed and removed as long as the day is not sent."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, office, service_requests, workdays, worklog
from staffhub.ahead import read_together
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.meetings import written
from staffhub.reports import log_proposals
from staffhub.reports.logs import target_of
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, day_from, pages
from staffhub.routes.worklog.fields import EARLIEST, DeleteFields, EntryFields, NewEntryFields, StartFields
from staffhub.security import Viewer
from staffhub.web import is_fragment, query, redirect, render
from staffhub.worklog import Entry

router = pages()

Date = Annotated[str | None, Query(alias="date", max_length=10)]
RequestId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
_LOOK_BACK = dt.timedelta(days=10)
# What a new entry changes beside its form.
_FOLLOW = ("log_card", "log_state", "log_helps")


@dataclass(frozen=True)
class Chosen:
    """What the next line begins with: a request, words, or a template."""

    request_id: int | None = None
    text: str = ""
    template_id: int | None = None


def address_of(day: dt.date, today: dt.date) -> str:
    return query("/worklog", date=None if day == today else day.isoformat())


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    day: dt.date,
    *,
    form: Form[NewEntryFields] | None = None,
    chosen: Chosen | None = None,
    block: str = "log_card",
    oob: tuple[str, ...] = (),
    status: int = 200,
    toast: str | None = None,
    stored: str = "",
) -> Response:
    today = clock.local_day(now, me.zone)
    if me.officer_id is None:
        return render(request, "worklog/nobody.html")
    if day < EARLIEST:
        raise Refused(_("There is no log of this date."))
    if day > today:
        raise Refused(_("This day is still to come. Write the log on the day itself or later."))
    _read_ahead(db, me, me.officer_id, day, today)
    book = workdays.plans(db, me.office_id, day - _LOOK_BACK, day, officers=[me.officer_id])
    plan = book.of(me.officer_id, day)
    earlier = [day - dt.timedelta(days=n) for n in range(1, _LOOK_BACK.days)]
    entries = worklog.entries_of(db, me, day)
    templates = worklog.templates(db, me)
    form = form or _fresh(db, me, entries, chosen or Chosen(), templates, now=now if day == today else None)
    there = worklog.presence_of(db, me, me.officer_id, day, book=book, now=now)
    found = log_proposals.of_day(db, me, me.officer_id, day, entries, there=there, now=now)
    return render(
        request,
        "worklog/day.html",
        block=block,
        oob=oob,
        status=status,
        toast=toast,
        invalid=status != 200,  # noqa: PLR2004
        day=day,
        today=today,
        previous=next((one for one in earlier if book.of(me.officer_id or 0, one).is_work), earlier[0]),
        plan=plan,
        entries=entries,
        doubts=worklog.doubts_of(entries, there, target_of(plan)),
        sheet=worklog.sheet_of(db, me, day),
        to_verify=worklog.to_verify(db, me, today),
        requests=service_requests.open_for(db, me.office_id, me.officer_id, now=now),
        services=office.services(db, me.office_id),
        units=worklog.UNITS,
        announced=_not_there(written.doing(db, me.office_id, me.officer_id, day), entries),
        due=_not_there(log_proposals.due(db, me, me.officer_id, day), entries),
        proposals=found,
        before=left_to_copy(db, me, day, entries),
        templates=templates,
        form=form,
        stored=stored,
        lengths=(15, 30, 60),
    )


def _read_ahead(db: Session, me: Viewer, officer_id: int, day: dt.date, today: dt.date) -> None:
    """Ask for all that the page shows in one statement."""
    read_together(
        db,
        *workdays.ask_plans(db, me.office_id, day - _LOOK_BACK, day, [officer_id]),
        *worklog.asks(me, day),
        service_requests.ask_open(me.office_id, officer_id),
        written.ask_doing(me.office_id, officer_id, day),
        worklog.ask_to_verify(me, today),
        worklog.ask_before(me, day),
        worklog.ask_templates(me),
        worklog.ask_presence(me, officer_id, day),
        *log_proposals.asks(me, officer_id, day),
    )


def _not_there(lines: Sequence[str], entries: Sequence[Entry]) -> list[str]:
    """What is not in the log yet, each once and as long as a line may be."""
    there = {entry.text.casefold() for entry in entries}
    return [line for line in dict.fromkeys(one[:200] for one in lines) if line.casefold() not in there]


def left_to_copy(db: Session, me: Viewer, day: dt.date, entries: Sequence[Entry]) -> list[Entry]:
    """The lines of the last day that has some, as far as they are not copied yet.

    What a day proposed tells of that day alone: each proposes its own.
    """
    there = {entry.source for entry in entries}
    return [one for one in worklog.entries_before(db, me, day) if not one.proposed and f"copy-{one.id}" not in there]


def _fresh(
    db: Session,
    me: Viewer,
    entries: Sequence[Entry],
    chosen: Chosen,
    templates: Sequence[worklog.Template],
    *,
    now: dt.datetime | None,
) -> Form[NewEntryFields]:
    """The form of the next entry; for a request with its words, and a start."""
    facts: dict[str, object] = {"start": worklog.last_end(entries), "text": chosen.text or None}
    template = next((one for one in templates if one.id == chosen.template_id), None)
    if chosen.request_id is not None:
        proposed = worklog.proposal(db, me, chosen.request_id, entries, now=now)
        facts = {"text": proposed.text, "start": proposed.starts, "quantity": 1, "unit": worklog.UNITS[0]}
    elif template:
        starts = worklog.last_end(entries) or (worklog.this_step(me, now) if now else None)
        ends = worklog.after(starts, template.minutes) if starts else None
        facts = {"text": template.text, "unit": template.unit or None, "start": starts, "end": ends}
    purpose = _chosen(chosen.request_id, template.service_id if template else None)
    return Form.blank("log", idempotency_key=uuid4(), request_id=purpose, **facts)


def _chosen(request_id: int | None, service_id: int | None) -> str | None:
    """Spell what a line is for as the list of the form does."""
    if request_id is not None:
        return str(request_id)
    return f"s{service_id}" if service_id is not None else None


@router.get("/worklog")
def show(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    date: Date = None,
    request_id: RequestId = None,
    text: Annotated[str, Query(max_length=200)] = "",
    template: RequestId = None,
) -> Response:
    """`request_id`, `text` or `template`: what the next entry is to begin with."""
    me.require("worklog")
    day = day_from(date, today=clock.local_day(now, me.zone))
    return _page(request, db, me, now, day, chosen=Chosen(request_id, text, template))


def _is_start(posted: FormData) -> bool:
    """One tap on a request: nothing was typed yet."""
    asked = str(posted.get("request_id") or "")
    return (
        bool(asked)
        and not asked.startswith("s")
        and not any(posted.get(name) for name in ("text", "start", "end", "length"))
    )


@router.post("/worklog")
def write(request: Request, posted: Posted, db: DB, me: Me, now: Now, date: Date = None) -> Response:
    me.require("worklog")
    today = clock.local_day(now, me.zone)
    asked = day_from(date, today=today)
    if _is_start(posted):
        return _start(request, posted, db, me, asked, today)
    form: Form[NewEntryFields] = Form.parse(NewEntryFields, posted, name="log")
    if form.data is not None and form.data.end is None and form.data.length is None:
        form.refuse(Refused(_("Write when it ended, or press how long it took."), field="end"))
    if form.data is None:
        return _page(request, db, me, now, _day_typed(form, asked, today), form=form, block="log_add", status=422)
    given = form.data
    day = given.date or asked
    length = int(given.length) if given.length else None
    try:
        written = worklog.write(
            db,
            me,
            day=day,
            text=given.text,
            starts=given.start,
            ends=worklog.after(given.start, length) if length else given.end or given.start,
            quantity=given.quantity,
            unit=given.unit or "",
            request_id=given.request_id.request_id,
            service_id=given.request_id.service_id,
            link=given.link or "",
            key=given.idempotency_key or str(uuid4()),
            now=now,
        )
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, min(day, today), form=form, block="log_add", status=error.status)
    said = _("Already written; nothing was added.") if written.again else _("Entry added: %(text)s", text=given.text)
    if is_fragment(request):
        # The browser may forget what was typed.
        stored = given.idempotency_key or ""
        return _page(request, db, me, now, day, block="log_add", oob=_FOLLOW, toast=said, stored=stored)
    return redirect(request, address_of(day, today), said=said)


def _day_typed(form: Form[NewEntryFields], asked: dt.date, today: dt.date) -> dt.date:
    """The day the refused form was for, so that the same page comes back."""
    try:
        typed = dt.date.fromisoformat(form.value("date"))
    except ValueError:
        return min(asked, today)
    return typed if EARLIEST <= typed <= today else today


def _start(request: Request, posted: FormData, db: Session, me: Viewer, day: dt.date, today: dt.date) -> Response:
    """Lead to the form with the request in it: how long it took is not ours to guess."""
    form = Form.parse(StartFields, posted, name="start")
    if form.data is None:
        raise Refused(_("Choose one of the list."), field="request_id")
    worklog.proposal(db, me, form.data.request_id, (), now=None)  # refuses what is not mine
    date = None if day == today else day.isoformat()
    return redirect(request, query("/worklog", date=date, request_id=form.data.request_id) + "#log-add")


def _edit_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: dt.datetime,
    entry: Entry,
    *,
    form: Form[EntryFields] | None = None,
    status: int = 200,
) -> Response:
    sheet = worklog.sheet_of(db, me, entry.date)
    if sheet.locked:
        raise Conflict(_("The log of this day was submitted and is locked. Nothing was changed."))
    fresh: Form[EntryFields] = Form.blank(
        f"entry-{entry.id}",
        text=entry.text,
        start=entry.starts,
        end=entry.ends,
        quantity=entry.quantity,
        unit=entry.unit,
        request_id=_chosen(entry.request_id, entry.service_id),
        link=entry.link or None,
        version=entry.version,
    )
    return render(
        request,
        "worklog/edit.html",
        block="entry_form",
        status=status,
        invalid=status != 200,  # noqa: PLR2004
        inline=is_fragment(request),
        entry=entry,
        back=address_of(entry.date, clock.local_day(now, me.zone)),
        services=office.services(db, me.office_id),
        form=form or fresh,
        requests=service_requests.open_for(db, me.office_id, entry.officer_id, now=now),
        units=worklog.UNITS,
    )


@router.get("/worklog/{entry_id}/edit")
def edit_page(request: Request, entry_id: RowId, db: DB, me: Me, now: Now) -> Response:
    return _edit_page(request, db, me, now, worklog.entry_for(db, me, entry_id))


@router.post("/worklog/{entry_id}/edit")
def edit(request: Request, entry_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    entry = worklog.entry_for(db, me, entry_id)
    form = Form.parse(EntryFields, posted, name=f"entry-{entry.id}")
    if form.data is None:
        return _edit_page(request, db, me, now, entry, form=form, status=422)
    given = form.data
    values: dict[str, Any] = {"text": given.text, "starts": given.start, "ends": given.end, "quantity": given.quantity}
    values |= {"unit": given.unit or "", "link": given.link or "", **given.request_id._asdict()}
    try:
        worklog.edit(db, me, entry, **values, version=given.version, now=now)
    except (Conflict, Refused) as error:
        undo(db)
        latest = worklog.entry_for(db, me, entry_id)
        form.refuse(error, version=latest.version)
        return _edit_page(request, db, me, now, latest, form=form, status=error.status)
    said = _("Entry saved: %(text)s", text=given.text)
    if is_fragment(request):
        response = _page(request, db, me, now, entry.date, oob=("log_state", "log_helps"), toast=said)
        response.headers["HX-Retarget"] = "#log-card"
        return response
    return redirect(request, address_of(entry.date, clock.local_day(now, me.zone)), said=said)


@router.get("/worklog/{entry_id}/delete")
def delete_page(request: Request, entry_id: RowId, db: DB, me: Me, now: Now) -> Response:
    entry = worklog.entry_for(db, me, entry_id)
    return render(
        request, "worklog/delete.html", entry=entry, back=address_of(entry.date, clock.local_day(now, me.zone))
    )


@router.post("/worklog/{entry_id}/delete")
def delete(request: Request, entry_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    entry = worklog.entry_for(db, me, entry_id)
    form = Form.parse(DeleteFields, posted, name="delete")
    if form.data is None:
        raise Refused(form.errors["version"])
    worklog.remove(db, me, entry, version=form.data.version, now=now)
    address = address_of(entry.date, clock.local_day(now, me.zone))
    return redirect(request, address, said=_("Entry removed: %(text)s", text=entry.text))
