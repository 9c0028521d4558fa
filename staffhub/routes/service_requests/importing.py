"""Requests as a list: the file, what it would add, and the press that takes it in."""

from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, TakesLong, database_of, pages
from staffhub.service_requests import importing, kept_lists, template
from staffhub.service_requests.importing import Look, Sheet
from staffhub.web import redirect, render

router = pages()

# rows of a page that has to arrive on a telephone
_SHOWN = 10
_SHOWN_BAD = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


_NOTHING = {
    "look": None,
    "error": "",
    "file_name": "",
    "ignored": (),
    "took": False,
    "first": (),
    "bad": (),
    "mark": "",
}


def _page(request: Request, *, status: int = 200, **found: Any) -> Response:
    return render(
        request,
        "requests/import.html",
        status=status,
        invalid=status != 200,  # noqa: PLR2004  anything but a plain page
        columns=template.explanations(),
        most=importing.MAX_ROWS,
        **{**_NOTHING, **found},
    )


@router.get("/requests/import")
def start(request: Request, me: Me) -> Response:
    me.require("requests")
    return _page(request)


@router.get("/requests/import/template.csv")
def template_csv(me: Me) -> Response:
    me.require("requests")
    return _download(template.template_csv(), "permohonan.csv", "text/csv; charset=utf-8")


@router.get("/requests/import/template.xlsx")
def template_xlsx(db: DB, me: Me) -> Response:
    me.require("requests")
    return _download(template.template_xlsx(db, me.office_id), "permohonan.xlsx", _XLSX)


def _download(content: bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/requests/import", dependencies=[TakesLong])
def look(request: Request, me: Me, posted: Posted, now: Now) -> Response:
    """Show what a file would add; its good rows wait for the press."""
    me.require("requests")
    file = posted.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _page(request, status=422, error=_("Choose the file first."))
    try:
        sheet = importing.read(file.file.read(importing.MAX_BYTES + 1), file.filename)
    except Refused as error:
        return _page(request, status=error.status, error=error.message)
    database = database_of(request)
    with database.reading() as db:
        found = importing.look_at(db, me, sheet, now=now)
    if found.good:
        with database.transaction() as db:
            kept_lists.keep(db, me, sheet, found, now=now)
    return _looked_at(request, sheet, found, file.filename[:80])


def _looked_at(request: Request, sheet: Sheet, found: Look, name: str) -> Response:
    rows = {row.number: row for row in sheet.rows}
    return _page(
        request,
        status=200 if found.good or not found.bad else 422,
        look=found,
        file_name=name,
        ignored=sheet.ignored,
        first=[
            (row, rows[row].cells["layanan"].text, wish.applicant) for row, wish in list(found.good.items())[:_SHOWN]
        ],
        bad=found.bad[:_SHOWN_BAD],
        mark=sheet.mark,
    )


@router.post("/requests/import/take", dependencies=[TakesLong])
def take_in(request: Request, me: Me, posted: Posted, now: Now) -> Response:
    """Take in the good rows of the list that the page before showed, each once."""
    me.require("requests")
    try:
        with database_of(request).transaction() as db:
            found = kept_lists.take(db, me, str(posted.get("list", ""))[:32], now=now)
    except Refused as error:
        return _page(request, status=error.status, error=error.message)
    if isinstance(found, int):
        return redirect(request, "/requests", said=_said(found))
    if found.bad:
        return _page(request, status=409, look=found, took=True, bad=found.bad[:_SHOWN_BAD])
    return redirect(request, "/requests", said=_said(len(found.good), found.again))


def _said(taken: int, again: int = 0) -> str:
    if not taken:
        return _("These requests were recorded already; nothing was added.")
    said = ngettext("%(num)s request is recorded.", "%(num)s requests are recorded.", taken)
    return f"{said} {_again(again)}" if again else said


def _again(count: int) -> str:
    return ngettext("%(num)s was recorded before.", "%(num)s were recorded before.", count)
