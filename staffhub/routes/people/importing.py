"""The import of the register: the file, what it would change, and the press that stores it."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from staffhub import people
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.people import ImportReport, Outcome, Waiting, Wanted
from staffhub.people import waiting as waiting_room
from staffhub.routes.deps import DB, Me, Now, Posted, TakesLong, database_of, pages
from staffhub.routes.people.listing import SHOWN_BAD, Page, list_page
from staffhub.routes.people.officer import add_one
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

# Changed people of one page, and the names of new ones: the page has to arrive on a telephone.
_PAGE = 50


@router.post("/people", dependencies=[TakesLong])
def add(request: Request, me: Me, posted: Posted, now: Now) -> Response:
    """Import a file, or add one officer. Both hash passwords, so both open their own transactions."""
    me.require("people.edit")
    if "file" in posted:
        return _import(request, me, posted, now)
    return add_one(request, me, posted, now)


def _import(request: Request, me: Viewer, posted: FormData, now: datetime) -> Response:
    """Store a file of nobody but new people; with any other show first what it would change."""
    file, database, skip_bad = posted.get("file"), database_of(request), "skip_bad" in posted
    # The verb reads the date, as people write it.
    form: Form[Fields] = Form("import", {"valid_from": [str(posted.get("valid_from", ""))[:40]]})
    name = (file.filename or "") if isinstance(file, UploadFile) else ""
    if not isinstance(file, UploadFile) or not name:
        return _file_page(request, me, now, form, name="", error=Refused(_("Choose the file first.")))
    try:
        with database.reading() as db:
            day = people.day_from(db, me.office_id, form.value("valid_from"), now=now)
        register = people.read_register(file.file.read(people.MAX_BYTES + 1), name)
        with database.reading() as db:
            report, outcome, good = people.look_at(
                db, me.office_id, register, actor=me, skip_bad=skip_bad, day=day, now=now
            )
        if report.bad and not (skip_bad and good.rows):
            return _file_page(request, me, now, form, name=name, report=report)
        if outcome.needs_a_look:
            with database.transaction() as db:
                waiting_room.keep(db, me, Waiting(good, name, day, report.bad_rows), now=now)
            return redirect(request, "/people/import")
        report = people.import_register(
            database, me.office_id, register, actor=me, skip_bad=skip_bad, day=day, seen=outcome.digest, now=now
        )
    except (Refused, Conflict) as error:
        return _file_page(request, me, now, form, name=name, error=error)
    return _imported_page(request, report, name)


def _file_page(
    request: Request,
    me: Viewer,
    now: datetime,
    form: Form[Fields],
    *,
    name: str,
    report: ImportReport | None = None,
    error: StaffHubError | None = None,
) -> Response:
    if error:
        form.errors[error.field if error.field == "valid_from" else "file"] = error.message
    with database_of(request).reading() as db:
        status = error.status if error else 422
        return list_page(
            request, db, me, now, Wanted(), status=status, report=report, import_form=form, file_name=name[:80]
        )


def _imported_page(request: Request, report: ImportReport, name: str, *, left_out: int = 0) -> Response:
    return render(
        request,
        "people/imported.html",
        report=report,
        bad=report.bad[:SHOWN_BAD],
        file_name=name[:80],
        left_out=left_out or report.bad_rows,
    )


@router.get("/people/import", dependencies=[TakesLong])
def waiting(request: Request, db: DB, me: Me, now: Now, page: Annotated[int, Query(ge=1, le=1000)] = 1) -> Response:
    kept = waiting_room.waiting_of(db, me, now=now)
    if kept is None:
        return redirect(request, "/people", said=_gone(), kind="warn")
    report, outcome, _good = people.look_at(
        db, me.office_id, kept.register, actor=me, skip_bad=False, day=kept.day, now=now
    )
    return _changes_page(request, kept, report, outcome, page=page)


def _gone() -> str:
    return _("No register waits to be looked at: it is stored or dropped, or its hour is over. Choose the file again.")


def _changes_page(
    request: Request,
    kept: Waiting,
    report: ImportReport,
    outcome: Outcome,
    *,
    page: int = 1,
    status: int = 200,
    error: str = "",
) -> Response:
    first = (page - 1) * _PAGE
    shown = outcome.changed[first : first + _PAGE]
    more = first + len(shown) < len(outcome.changed)
    return render(
        request,
        "people/changes.html",
        status=status,
        kept=kept,
        report=report,
        bad=report.bad[:SHOWN_BAD],
        outcome=outcome,
        shown=shown,
        new_names=outcome.new[: _PAGE * 2],
        page=Page(
            first + 1 if shown else 0,
            first + len(shown),
            len(outcome.changed),
            query("/people/import", page=page - 1) if page > 1 else None,
            query("/people/import", page=page + 1) if more else None,
        ),
        error=error,
        invalid=status != 200,  # noqa: PLR2004  anything but a plain page
    )


@router.post("/people/import", dependencies=[TakesLong])
def confirm(request: Request, me: Me, posted: Posted, now: Now) -> Response:
    """Store exactly what was shown: the digest of it comes back with the press."""
    database = database_of(request)
    with database.reading() as db:
        kept = waiting_room.waiting_of(db, me, now=now)
    if kept is None:
        return redirect(request, "/people", said=_gone(), kind="warn")
    seen, error = str(posted.get("version", "")), _("Some rows are not right any more.")
    try:
        report = people.import_register(
            database,
            me.office_id,
            kept.register,
            actor=me,
            skip_bad=False,
            day=kept.day,
            seen=seen,
            left_out=kept.left_out,
            now=now,
        )
        if report.saved:
            return _imported_page(request, report, kept.file_name, left_out=kept.left_out)
    except Conflict:
        error = _("Somebody changed this meanwhile. Nothing is saved yet: below is what would change now.")
    with database.reading() as db:
        report, outcome, _good = people.look_at(
            db, me.office_id, kept.register, actor=me, skip_bad=False, day=kept.day, now=now
        )
    return _changes_page(request, kept, report, outcome, status=409, error=error)


@router.post("/people/import/drop")
def drop(request: Request, db: DB, me: Me) -> Response:
    me.require("people.edit")
    waiting_room.drop(db, me)
    return redirect(request, "/people", said=_("Nothing was imported; the file is dropped."))
