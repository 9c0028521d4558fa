"""The list of the office's people, the register as a file, and the template."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import people
from staffhub.forms import Form
from staffhub.models import EmploymentType
from staffhub.people import ImportReport, State, Wanted
from staffhub.reports import leavings
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.routes.people.facts import kind_name, role_name
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()

_TEMPLATE_NAME = "contoh-pegawai"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# More than this nobody mends by reading; the rest is counted.
SHOWN_BAD = 100


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
    return list_page(request, db, me, now, wanted, page=page)


def list_page(
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
    import_form: Form[Any] | None = None,
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
        bad=report.bad[:SHOWN_BAD] if report else [],
        file_name=file_name,
        import_form=import_form or Form.blank("import", valid_from=now.astimezone(me.zone).date()),
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
