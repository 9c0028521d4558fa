"""What somebody leaves behind, handed on with one press each; requests have the same on a page of their own."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, people
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.meetings import handing
from staffhub.orders import leaving as orders
from staffhub.people import Person
from staffhub.reports import leavings
from staffhub.roster import plan
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.people.officer import officer_page
from staffhub.security import Viewer
from staffhub.web import redirect

router = pages()

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class PeopleFields(Fields):
    superior: Id
    valid_from: date


class MeetingsFields(Fields):
    officer: Id


def _back(request: Request, officer_id: int, said: str, *, done: bool) -> Response:
    return redirect(request, f"/people/{officer_id}", said=said, kind="ok" if done else "warn")


def _again(
    request: Request, db: Session, me: Viewer, now: datetime, person: Person, form: Form[Any], error: Refused | None
) -> Response:
    """Show the page as it is now, with what was typed and why it was not done."""
    undo(db)
    if error:
        form.refuse(error)
    return officer_page(request, db, me, now, person, hand=form, status=Refused.status)


def _leaver(db: Session, me: Viewer, officer_id: int, now: datetime) -> leavings.Leaver:
    found = leavings.of(db, me, officer_id, now=now)
    if found is None:
        raise Conflict(_("This officer neither leaves soon nor is away for long. Nothing was changed."))
    return found


@router.post("/people/{officer_id}/hand-on/people")
def hand_on_people(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    person = people.editable_officer(db, me, officer_id, now=now)
    form = Form.parse(PeopleFields, posted, name="people")
    if form.data is None:
        return _again(request, db, me, now, person, form, None)
    given = form.data
    try:
        count = people.hand_on_people(db, me, person, superior_id=given.superior, day=given.valid_from, now=now)
    except Refused as error:
        return _again(request, db, me, now, person, form, error)
    said = ngettext("%(num)s person has the new superior.", "%(num)s people have the new superior.", count)
    nobody = _("Nobody has this superior any more then. Nothing was changed.")
    return _back(request, officer_id, said if count else nobody, done=bool(count))


@router.post("/people/{officer_id}/hand-on/plan")
def end_plan(request: Request, officer_id: RowId, db: DB, me: Me, now: Now) -> Response:
    me.require("people")
    officer = plan.officer_for(db, me, officer_id, today=clock.local_day(now, me.zone), edit=True)
    leaver = _leaver(db, me, officer_id, now)
    if leaver.why == "away":
        raise Conflict(_("This officer is away and comes back: the plan stays."))
    count = orders.end_plan(db, me, officer, last=leaver.last, now=now)
    said = ngettext("%(num)s range of the plan ends.", "%(num)s ranges of the plan end.", count)
    nothing = _("Nothing is planned after the last day any more.")
    return _back(request, officer_id, said if count else nothing, done=bool(count))


@router.post("/people/{officer_id}/hand-on/meetings")
def hand_on_meetings(request: Request, officer_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("meetings.schedule")
    person = people.officer_for(db, me, officer_id, now=now)
    form = Form.parse(MeetingsFields, posted, name="meetings")
    if form.data is None:
        return _again(request, db, me, now, person, form, None)
    since = _leaver(db, me, officer_id, now).first
    try:
        count = handing.hand_on(db, me, giver_id=officer_id, taker_id=form.data.officer, since=since, now=now)
    except Refused as error:
        return _again(request, db, me, now, person, form, error)
    said = ngettext("%(num)s meeting is handed on.", "%(num)s meetings are handed on.", count)
    nothing = _("No meeting is left that you could hand on.")
    return _back(request, officer_id, said if count else nothing, done=bool(count))
