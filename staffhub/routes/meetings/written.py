"""The standup in writing."""

from typing import Annotated

from fastapi import Request
from pydantic import StringConstraints
from starlette.responses import Response

from staffhub import db as db_module
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Lines, Version
from staffhub.i18n import gettext as _
from staffhub.meetings import minutes, written
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.meetings.minutes import Day, day_of
from staffhub.web import own_path, redirect, render

router = pages()

Text = Annotated[Lines, StringConstraints(max_length=1500)]


class NoteFields(Fields):
    """`seen`: the version that the form showed, 0 when nothing was written yet."""

    done: Text | None = None
    doing: Text
    blocked: Annotated[Lines, StringConstraints(max_length=500)] | None = None
    seen: int = 0


class CloseFields(Fields):
    version: Version
    next: str | None = None


@router.get("/meetings/{meeting_id}/written")
def show(request: Request, meeting_id: RowId, db: DB, me: Me, now: Now, date: Day = None) -> Response:
    day = day_of(db, me, now, meeting_id, date)
    return _page(request, written.standup_for(db, me, meeting_id, day))


def _page(
    request: Request, found: written.Standup, form: Form[NoteFields] | None = None, *, status: int = 200
) -> Response:
    mine = found.mine
    said = {"done": mine.done, "doing": mine.doing, "blocked": mine.blocked, "seen": mine.version} if mine else {}
    form = form or Form.blank("note", **{"seen": 0} | said)
    return render(request, "meetings/written.html", status=status, found=found, form=form)


@router.post("/meetings/{meeting_id}/written")
def write(request: Request, meeting_id: RowId, posted: Posted, db: DB, me: Me, now: Now, date: Day = None) -> Response:
    day = day_of(db, me, now, meeting_id, date)
    found = written.standup_for(db, me, meeting_id, day)
    form: Form[NoteFields] = Form.parse(NoteFields, posted, name="note")
    status = 422
    if form.data is not None:
        given = form.data
        said = {name: (getattr(given, name) or "").replace("\r\n", "\n") for name in ("done", "doing", "blocked")}
        try:
            written.write(db, me, meeting_id, day, **said, seen=given.seen, now=now)
        except (Refused, Conflict) as error:
            db_module.undo(db)
            found = written.standup_for(db, me, meeting_id, day)
            form.refuse(error)
            form.typed["seen"] = [str(found.mine.version if found.mine else 0)]
            status = error.status
        else:
            return redirect(request, "/", said=_("Your standup is written; you count as having been there."))
    return _page(request, found, form, status=status)


@router.post("/meetings/notes/{note_id}/unblock")
def unblock(request: Request, note_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    written.closable(db, me, note_id)
    form: Form[CloseFields] = Form.parse(CloseFields, posted, name="close")
    if form.data is None:
        raise Refused(_("Open the page once more, then try again."))
    note = written.unblock(db, me, note_id, seen=form.data.version, now=now)
    there = own_path(form.data.next) if form.data.next else minutes.address(note.meeting_id, note.date)
    return redirect(request, there, said=_("No longer in the way."))
