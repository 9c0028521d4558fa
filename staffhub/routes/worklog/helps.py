"""Lines in one tap: what the day proposes, what an earlier day has, and templates of frequent work."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import clock, workdays, worklog
from staffhub.ahead import read_together
from staffhub.db import undo
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.reports import log_proposals
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.worklog.day import address_of, left_to_copy
from staffhub.security import Viewer
from staffhub.web import query, redirect

router = pages()

One = TypeVar("One")


class TakeFields(Fields):
    """`take`: the source of what is proposed, the id of a line, or "all"."""

    date: dt.date
    take: list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]] = Field(default_factory=list)


def _asked(me: Viewer, posted: FormData) -> tuple[TakeFields, int]:
    me.require("worklog")
    if me.officer_id is None:
        raise Forbidden(_("Your account belongs to no officer, so it has no log."))
    form = Form.parse(TakeFields, posted, name="take")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())), field="date")
    return form.data, me.officer_id


def _chosen(given: TakeFields, named: Sequence[tuple[str, One]]) -> list[One]:
    return [one for name, one in named if "all" in given.take or name in given.take]


def _answer(request: Request, db: Session, day: dt.date, today: dt.date, added: int | str) -> Response:
    """Say how many lines came in, or why none did."""
    address = address_of(day, today)
    if isinstance(added, str):
        undo(db)
        return redirect(request, address, said=added, kind="warn")
    if added == 0:
        return redirect(request, address, said=_("Nothing was added: it is in the log already."), kind="warn")
    return redirect(request, address, said=ngettext("%(num)s entry added.", "%(num)s entries added.", added))


@router.post("/worklog/proposals")
def take_over(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    given, officer_id = _asked(me, posted)
    day, today = given.date, clock.local_day(now, me.zone)
    try:
        entries = worklog.entries_of(db, me, day)
        plans = workdays.ask_plans(db, me.office_id, day, day, [officer_id])
        read_together(db, *plans, worklog.ask_presence(me, officer_id, day))
        book = workdays.plans(db, me.office_id, day, day, officers=[officer_id])
        there = worklog.presence_of(db, me, officer_id, day, book=book, now=now)
        found = log_proposals.of_day(db, me, officer_id, day, entries, there=there, now=now)
        chosen = _chosen(given, [(one.trace.source, one) for one in found])
        added: int | str = worklog.take_over(db, me, chosen, day=day, now=now)
    except Conflict as error:
        added = error.message
    return _answer(request, db, day, today, added)


@router.post("/worklog/copy")
def copy(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    given, _officer_id = _asked(me, posted)
    day, today = given.date, clock.local_day(now, me.zone)
    try:
        entries = worklog.entries_of(db, me, day)
        lines = _chosen(given, [(str(one.id), one) for one in left_to_copy(db, me, day, entries)])
        added: int | str = worklog.copy(db, me, lines, entries, day=day, now=now)
    except Conflict as error:
        added = error.message
    return _answer(request, db, day, today, added)


@router.post("/worklog/{entry_id}/template")
def keep(request: Request, entry_id: RowId, db: DB, me: Me, now: Now) -> Response:
    entry = worklog.entry_for(db, me, entry_id)
    kept = worklog.keep(db, me, entry, now=now)
    said = _("Kept as a template: %(text)s", text=entry.text) if kept else _("These words are a template already.")
    return redirect(request, address_of(entry.date, clock.local_day(now, me.zone)), said=said)


@router.post("/worklog/templates/{template_id}/remove")
def forget(request: Request, template_id: RowId, db: DB, me: Me) -> Response:
    me.require("worklog")
    worklog.forget(db, me, template_id)
    return redirect(request, query("/worklog"), said=_("The template is removed."))
