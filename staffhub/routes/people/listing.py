"""The list of the office's people, and the import of the register."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.responses import Response

from staffhub import people
from staffhub.errors import Conflict, Refused, StaffHubError
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType
from staffhub.people import ImportReport, State, Wanted
from staffhub.reports import leavings
from staffhub.routes.deps import DB, Me, MeApart, Now, Posted, database_of
from staffhub.routes.people.facts import kind_name, role_name
from staffhub.routes.people.officer import add_one
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = APIRouter()

_TEMPLATE_NAME = "contoh-pegawai"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# More than this nobody mends by reading; the rest is counted.
_SHOWN_BAD = 100


@dataclass(frozen=True)
class Page:
    first: int
    last: int
    total: int
    previous_url: str | None
    next_url: str | None


@router.get("/people")
def listing(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    q: Annotated[str, Query(max_length=80)] = "",
    division: Annotated[str, Query(max_length=20)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
    account: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    export: Annotated[str, Query(max_length=10)] = "",
    template: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    me.require("people")
    if template:
        return redirect(request, "/people/template.csv" if template == "csv" else "/people/template.xlsx")
    if export:
        today = now.astimezone(me.zone).date()
        return _download(people.register_csv(db, me, today=today), f"pegawai-{today}.csv", "text/csv; charset=utf-8")
    chosen = State.TEMPORARY if account == State.TEMPORARY else State.LEFT if state == State.LEFT else State.ACTIVE
    wanted = Wanted(
        state=chosen,
        q=" ".join(q.split()),
        division_id=int(division) if division.isdecimal() and len(division) < 19 else None,  # noqa: PLR2004  64 bits
        kind=EmploymentType(kind) if kind in set(EmploymentType) else None,
    )
    return _list_page(request, db, me, now, wanted, page=page)


def _list_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    wanted: Wanted,
    *,
    page: int = 1,
    status: int = 200,
    report: ImportReport | None = None,
    file_name: str = "",
    file_error: str = "",
) -> Response:
    lines, total = people.listed(db, me, wanted, page=page, now=now)
    counts = people.counts(db, me, today=now.astimezone(me.zone).date())
    return render(
        request,
        "people/index.html",
        block="people_rows",
        status=status,
        lines=lines,
        page=_pages(wanted, page, len(lines), total),
        counts=counts,
        leaving=leavings.listed(db, me, now=now),
        tabs=[(state, _address(Wanted(state)), counts[state]) for state in State],
        wanted=wanted,
        divisions=people.divisions(db, me.office_id),
        kinds=[(kind.value, kind_name(kind)) for kind in EmploymentType],
        kind_name=kind_name,
        role_name=role_name,
        report=report,
        bad=report.bad[:_SHOWN_BAD] if report else [],
        file_name=file_name,
        file_error=file_error,
        columns=people.explanations(),
        invalid=status != 200,  # noqa: PLR2004  anything but a plain page
    )


def _address(wanted: Wanted, page: int | None = None) -> str:
    return query(
        "/people",
        account="temporary" if wanted.state is State.TEMPORARY else None,
        state="left" if wanted.state is State.LEFT else None,
        q=wanted.q,
        division=wanted.division_id,
        kind=wanted.kind.value if wanted.kind else None,
        page=page if page and page > 1 else None,
    )


def _pages(wanted: Wanted, page: int, shown: int, total: int) -> Page:
    before = (page - 1) * people.PAGE
    return Page(
        first=before + 1 if shown else 0,
        last=before + shown,
        total=total,
        previous_url=_address(wanted, page - 1) if page > 1 else None,
        next_url=_address(wanted, page + 1) if before + shown < total and shown else None,
    )


def _download(content: bytes, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


@router.get("/people/template.xlsx")
def template_xlsx(db: DB, me: Me) -> Response:
    me.require("people")
    return _download(people.template_xlsx(db, me.office_id), f"{_TEMPLATE_NAME}.xlsx", _XLSX)


@router.get("/people/template.csv")
def template_csv(me: Me) -> Response:
    me.require("people")
    return _download(people.template_csv(), f"{_TEMPLATE_NAME}.csv", "text/csv; charset=utf-8")


@router.post("/people")
def add(request: Request, me: MeApart, posted: Posted, now: Now) -> Response:
    """Import a file, or add one officer. Both hash passwords, so both open their own transactions."""
    me.require("people.edit")
    file = posted.get("file")
    if isinstance(file, UploadFile) or "file" in posted:
        return _import(request, me, file, skip_bad="skip_bad" in posted, now=now)
    return add_one(request, me, posted, now)


def _import(request: Request, me: Viewer, file: UploadFile | str | None, *, skip_bad: bool, now: datetime) -> Response:
    name = (file.filename or "") if isinstance(file, UploadFile) else ""
    if not isinstance(file, UploadFile) or not name:
        return _import_page(request, me, now, error=Refused(_("Choose the file first.")), name="")
    try:
        register = people.read_register(file.file.read(people.MAX_BYTES + 1), name)
        report = people.import_register(
            database_of(request), me.office_id, register, actor=me, skip_bad=skip_bad, now=now
        )
    except (Refused, Conflict) as error:
        return _import_page(request, me, now, error=error, name=name)
    if not report.saved:
        return _import_page(request, me, now, report=report, name=name)
    return render(request, "people/imported.html", report=report, bad=report.bad[:_SHOWN_BAD], file_name=name)


def _import_page(
    request: Request,
    me: Viewer,
    now: datetime,
    *,
    name: str,
    report: ImportReport | None = None,
    error: StaffHubError | None = None,
) -> Response:
    status, said = (error.status, error.message) if error else (422, "")
    with database_of(request).reading() as db:
        return _list_page(
            request, db, me, now, Wanted(), status=status, report=report, file_name=name[:80], file_error=said
        )
