"""The sheet of a draft, in again: the file, what it would change, and the press that takes it."""

from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.responses import Response

from staffhub import clock, office
from staffhub.errors import Refused
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.roster import drafts, importing
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, TakesLong, database_of, pages
from staffhub.routes.roster.drafting import HERE, Month, month_of
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()

# What a page that has to arrive on a telephone shows.
_SHOWN, _SHOWN_LEFT = 60, 100


def _draft(db: Session, me: Viewer, division_id: int, month: str, now: datetime) -> drafts.Draft:
    return drafts.draft_for(db, me, division_id, month_of(month), today=clock.local_day(now, me.zone), edit=True)


def _page(request: Request, db: Session, me: Viewer, draft: drafts.Draft, **found: Any) -> Response:
    given = {"look": None, "error": "", "file_name": "", "status": 200} | found
    return render(
        request,
        "roster/import.html",
        invalid=given["status"] != 200,  # noqa: PLR2004  anything but a plain page
        draft=draft,
        bidang=office.divisions(db, me.office_id)[draft.division_id],
        here=_address(draft),
        shown=_SHOWN,
        shown_left=_SHOWN_LEFT,
        **given,
    )


def _address(draft: drafts.Draft) -> str:
    return f"/roster/drafts/{draft.division_id}/{draft.month:%Y-%m}"


@router.get(HERE + "/import")
def start(request: Request, division_id: RowId, month: Month, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, _draft(db, me, division_id, month, now))


@router.post(HERE + "/import", dependencies=[TakesLong])
def look(request: Request, division_id: RowId, month: Month, me: Me, posted: Posted, now: Now) -> Response:
    """Show what a sheet would change; nothing is stored."""
    file = posted.get("file")
    with database_of(request).reading() as db:
        draft = _draft(db, me, division_id, month, now)
        if not isinstance(file, UploadFile) or not file.filename:
            return _page(request, db, me, draft, status=422, error=_("Choose the file first."))
        name = file.filename
        try:
            table = importing.read(file.file.read(importing.MAX_BYTES + 1), name, draft)
            found = importing.look_at(db, me, draft, table, opens=drafts.first_open(db, me, now))
        except Refused as error:
            return _page(request, db, me, draft, status=error.status, error=error.message, file_name=name[:80])
        status = 200 if found.people or not found.left else 422
        changes = importing.packed(found.letters)
        return _page(request, db, me, draft, look=found, file_name=name[:80], changes=changes, status=status)


@router.post(HERE + "/import/take")
def take(request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Take what the page before held as one step; twice is once."""
    draft = _draft(db, me, division_id, month, now)
    letters = importing.unpacked(str(posted.get("changes", "")), draft.month)
    version = str(posted.get("version", ""))
    if not (version.isascii() and version.isdecimal() and len(version) < 10):  # noqa: PLR2004  digits
        raise Refused(_("Choose the file again."), field="file")
    importing.take(db, me, draft, letters, version=int(version), now=now)
    said = ngettext("%(num)s day is taken from the sheet.", "%(num)s days are taken from the sheet.", len(letters))
    return redirect(request, _address(draft), said=said)
