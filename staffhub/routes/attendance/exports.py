"""Unduh: the month as a file, at once or, where that takes long, after the request; and one person's sheet."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Query, Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import audit, clock
from staffhub.errors import NotFound, Refused
from staffhub.forms import Fields, Form, Key, Line
from staffhub.i18n import gettext as _
from staffhub.models import TaskState
from staffhub.reports import documents, recap
from staffhub.reports.documents import exports, person
from staffhub.reports.documents.exports import Wish
from staffhub.routes.attendance.asked import Division, Month, Name, Show, month_of
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, Trail, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class ExportFields(Fields):
    month: Annotated[Line, StringConstraints(max_length=20)]
    format: Annotated[Line, StringConstraints(max_length=10)]
    division: Annotated[Line, StringConstraints(max_length=40)] | None = None
    q: Annotated[Line, StringConstraints(max_length=120)] | None = None
    show: Annotated[Line, StringConstraints(max_length=20)] | None = None
    log: Literal["a", "b"] | None = None
    idempotency_key: Key


def file(name: str, content: bytes) -> Response:
    kind = _TYPES[name.rpartition(".")[2]]
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _form_of(text: str) -> str:
    if text not in _TYPES:
        raise Refused(_("The month can be downloaded as xlsx, csv or pdf."))
    return text


@router.get("/attendance/export", dependencies=[TakesLong])
def export(
    request: Request,
    trail: Trail,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    format: Annotated[str, Query(max_length=10)] = "csv",
    division: Division = "",
    q: Name = "",
    show: Show = "",
) -> Response:
    """The lines that the screen shows with the same filters; what takes long is asked for by a form instead."""
    me.require("attendance")
    first = month_of(month, me, now)
    wish = Wish(first, _form_of(format), division, " ".join(q.split()), show)
    if exports.takes_long(db, me, wish):
        return _list(request, db, me, now, wish)
    content = exports.make(db, me, wish, now=now)()
    trail.append(
        lambda writing: audit.record(writing, me, "attendance.exported", "office", me.office_id, now=now, month=first)
    )
    return file(wish.file, content)


@router.get("/attendance/exports")
def listing(request: Request, db: DB, me: Me, now: Now) -> Response:
    """My files of the last day, and how far those are that are still being made."""
    return _list(request, db, me, now, None)


def _list(request: Request, db: Session, me: Viewer, now: datetime, wish: Wish | None) -> Response:
    mine = exports.mine(db, me, now=now)
    return render(
        request,
        "attendance/exports.html",
        block="export_list" if wish is None else None,
        exports=mine,
        waits=any(one.waits for one in mine),
        wish=wish,
        key=uuid4(),
        states=TaskState,
    )


@router.post("/attendance/exports")
def ask(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("attendance")
    form: Form[ExportFields] = Form.parse(ExportFields, posted, name="export")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    asked = form.data
    first, kind = month_of(asked.month, me, now), "pdf" if asked.log else _form_of(asked.format)
    wish = Wish(first, kind, asked.division or "", asked.q or "", asked.show or "", asked.log)
    exports.ask(db, me, wish, key=asked.idempotency_key, now=now)
    return redirect(request, "/attendance/exports", said=_("The file is being made. It stands here when it is ready."))


@router.get("/attendance/exports/{job_id}/file")
def download(job_id: RowId, trail: Trail, db: DB, me: Me, now: Now) -> Response:
    found = exports.file_of(db, me, job_id, now=now)
    trail.append(lambda writing: exports.fetched(writing, job_id, now=now))
    return file(*found)


@router.get("/me/month/sheet")
def my_sheet(trail: Trail, db: DB, me: Me, now: Now, month: Month = None) -> Response:
    if me.officer_id is None:
        raise NotFound(_("This person is not on the register."))
    return _sheet(trail, db, me, now, me.officer_id, month_of(month, me, now))


@router.get("/attendance/{officer_id}/sheet")
def officer_sheet(trail: Trail, officer_id: RowId, db: DB, me: Me, now: Now, month: Month = None) -> Response:
    return _sheet(trail, db, me, now, officer_id, month_of(month, me, now))


def _sheet(trail: Trail, db: Session, me: Viewer, now: datetime, officer_id: int, first: date) -> Response:
    dates = clock.month_days(first)
    officer = recap.officer_for(db, me, officer_id, dates[0], dates[-1])
    own = recap.own_month(db, me, officer, first, now=now)
    content = documents.person_pdf(db, me, own)
    trail.append(
        lambda writing: audit.record(writing, me, "attendance.exported", "officer", officer_id, now=now, month=first)
    )
    return file(person.file_name(own), content)
