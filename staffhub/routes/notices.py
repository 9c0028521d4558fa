"""Pemberitahuan: what waits for me, and what was decided."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import notify
from staffhub.errors import Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, Trail, pages, settings_of
from staffhub.security import Viewer
from staffhub.web import is_fragment, query, redirect, render

router = pages()


class SeenFields(Fields):
    """`newest` is what stood on top of the list; `page` is where its reader was."""

    newest: int = Field(ge=0, le=2**63 - 1)
    page: int = Field(default=1, ge=1, le=100_000)


@router.get("/notices")
def listing(request: Request, db: DB, me: Me, page: Annotated[int, Query(ge=1, le=100_000)] = 1) -> Response:
    return _listing(request, db, me, page)


def _listing(request: Request, db: Session, me: Viewer, page: int, *, said: str | None = None) -> Response:
    found, settings = notify.listing(db, me, page=page), settings_of(request)
    return render(
        request,
        "notices/list.html",
        block="notices",
        toast=said,
        found=found,
        waiting=request.state.unread,
        by_mail=settings.smtp is not None or settings.notice_channel is not None,
        keeps=settings.notice_days,
        pages={
            "first": found.first,
            "last": found.last,
            "total": found.total,
            "previous_url": query("/notices", page=page - 1 if page > 2 else None) if page > 1 else None,  # noqa: PLR2004
            "next_url": query("/notices", page=page + 1) if found.more else None,
        },
    )


@router.get("/notices/{notice_id}")
def go(request: Request, db: DB, me: Me, now: Now, trail: Trail, notice_id: RowId) -> Response:
    """Go on to what it is about; whoever goes has read it."""
    address = notify.address_of(db, me, notice_id)

    def read(writing: Session) -> None:
        notify.read_one(writing, me, notice_id, now=now)

    trail.append(read)
    return redirect(request, address)


@router.post("/notices/{notice_id}/read")
def read_one(request: Request, posted: Posted, db: DB, me: Me, now: Now, notice_id: RowId) -> Response:
    form: Form[SeenFields] = Form.parse(SeenFields, posted, name="seen")
    notify.address_of(db, me, notice_id)
    done = notify.read_one(db, me, notice_id, now=now)
    return _after(request, db, me, form, done)


@router.post("/notices/read")
def read_all(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[SeenFields] = Form.parse(SeenFields, posted, name="seen")
    if form.data is None:
        raise Refused(_("Open the list once more, then mark it as read."))
    done = notify.read_all(db, me, until=form.data.newest, now=now)
    return _after(request, db, me, form, done)


def _after(request: Request, db: Session, me: Viewer, form: Form[SeenFields], done: int) -> Response:
    page = form.data.page if form.data else 1
    said = ngettext("%(num)s notice marked as read.", "%(num)s notices marked as read.", done) if done else None
    if not is_fragment(request):
        return redirect(request, query("/notices", page=page if page > 1 else None), said=said)
    request.state.unread -= done
    return _listing(request, db, me, page, said=said)
