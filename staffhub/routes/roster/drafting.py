"""The draft of a bidang's month: the grid, one change after the other, undoing, excusing a day, publishing."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock, office, sections
from staffhub.db import undo as undo_all
from staffhub.errors import Conflict, NotFound, Refused, StaffHubError
from staffhub.forms import Fields, Form, Line
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PlanMode
from staffhub.roster import by_hand, drafts, excuses, grid, publishing, wishes
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.roster.paging import rows_on
from staffhub.security import Viewer
from staffhub.web import is_fragment, query, redirect, render

router = pages()
HERE = "/roster/drafts/{division_id}/{month}"
Month = Annotated[str, Path(pattern=r"^\d{4}-\d{2}$")]
_Day = date  # a class with a field of this name cannot speak of the type
Seen = Annotated[int, Field(ge=0)]


class CellFields(Fields):
    """One day as the form says it, or `cell`s as the grid's script does: 12.2026-12-02.K."""

    cell: list[Annotated[str, StringConstraints(max_length=40)]]
    officer: int | None = None
    date: _Day | None = None
    mode: Literal["office", "home", "field", "as_published"] | None = None
    locked: Literal["1"] | None = None
    version: Seen


class StepFields(Fields):
    version: Seen
    again: Literal["1"] | None = None


class PublishFields(StepFields):
    """`together`: other bidang and the versions of their drafts, published in the same press: "12.3"."""

    together: list[Annotated[str, StringConstraints(pattern=r"^\d{1,18}\.\d{1,9}$")]]


class ExcuseFields(Fields):
    reason: Annotated[Line, StringConstraints(max_length=200)]
    day: list[Annotated[str, StringConstraints(max_length=60)]]


class TakenBackFields(Fields):
    """`reason`: the one that was seen."""

    day: Annotated[str, StringConstraints(max_length=60)]
    reason: Annotated[str, StringConstraints(max_length=200)]


def month_of(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise NotFound(_("There is no such month.")) from None


def _draft(db: Session, me: Viewer, division_id: int, month: str, now: datetime, *, edit: bool = True) -> drafts.Draft:
    return drafts.draft_for(db, me, division_id, month_of(month), today=clock.local_day(now, me.zone), edit=edit)


@router.get(HERE)
def page(request: Request, division_id: RowId, month: Month, db: DB, me: Me, now: Now) -> Response:
    me.require("roster.edit")
    return _page(request, db, me, now, _draft(db, me, division_id, month, now, edit=False))


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    draft: drafts.Draft,
    *,
    error: StaffHubError | None = None,
    one: Form[CellFields] | None = None,
    excuse: Form[ExcuseFields] | None = None,
    together: Mapping[int, int] | None = None,
    toast: str | None = None,
    status: int = 0,
) -> Response:
    today = clock.local_day(now, me.zone)
    opens = drafts.first_open(db, me, now)
    lenders = error.lenders if isinstance(error, publishing.Broken) else []
    shown = grid.draft_grid(db, me, draft, since=opens)
    # The address of each form says which page it is of.
    people, pager = rows_on(request, shown.rows, f"/roster/drafts/{draft.division_id}/{draft.month:%Y-%m}")
    done, undone = drafts.last_steps(db, me, draft)
    names = {row.officer_id: row.name for row in shown.rows}
    first = next((day for day in shown.days if day >= opens), opens)
    return render(
        request,
        "roster/draft.html",
        block="roster_draft",
        status=status or (error.status if error else 200),
        invalid=bool(error or status),
        error=error,
        waits=bool(lenders),
        together=_together(db, me, draft, {*lenders, *(together or {})}) if lenders else [],
        toast=toast,
        draft=draft,
        here=f"/roster/drafts/{draft.division_id}/{draft.month:%Y-%m}",
        grid=shown,
        unmet=wishes.unmet(db, me, shown),
        people=people,
        pager=pager,
        at=f"?page={pager['page']}" if pager["page"] > 1 else "",
        today=today,
        opens=opens,
        over=clock.month_after(draft.month) <= today,
        days_left=drafts.has_days_left(db, me, draft.month, now),
        undo=by_hand.step_said(done, names) if done else "",
        redo=by_hand.step_said(undone, names) if undone else "",
        one=one or Form.blank("one", officer=next(iter(names), None), date=first, mode="office"),
        excuse=excuse or Form.blank("excuse"),
        divisions=[one for one in office.divisions(db, me.office_id).values() if _writes(me, one.id)],
        previous=clock.month_before(draft.month),
        following=clock.month_after(draft.month),
        last=draft.days[-1],
    )


def _together(db: Session, me: Viewer, draft: drafts.Draft, wanted: set[int]) -> list[tuple[office.Bidang, int]]:
    """Return the bidang, with the versions of their drafts, that I could publish in the same press as this one."""
    if not all(_writes(me, one) for one in wanted):
        return []
    known = office.divisions(db, me.office_id)
    return [(known[one], drafts.read(db, me.office_id, one, draft.month).version) for one in sorted(wanted)]


def _writes(me: Viewer, division_id: int) -> bool:
    return me.may("roster.edit") and me.sees(officer_id=None, division_id=division_id)


def _done(request: Request, db: Session, me: Viewer, now: datetime, draft: drafts.Draft, said: str) -> Response:
    """The grid as it is now, for its script, and the page for everybody else."""
    if is_fragment(request):
        there = drafts.read(db, me.office_id, draft.division_id, draft.month)
        return _page(request, db, me, now, there, toast=said or None)
    page = sections.asked_for(request.query_params.get("page", ""))
    return redirect(request, query(f"/roster/drafts/{draft.division_id}/{draft.month:%Y-%m}", page=page), said=said)


def _tried(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    draft: drafts.Draft,
    verb: Callable[[], str],
    **typed: Any,
) -> Response:
    """Do it, or show the grid as it stands with why not, and what was `typed`."""
    try:
        said = verb()
    except (Refused, Conflict) as error:
        undo_all(db)
        there = drafts.read(db, me.office_id, draft.division_id, draft.month)
        return _page(request, db, me, now, there, error=error, **typed)
    return _done(request, db, me, now, draft, said)


@router.post(HERE + "/cells")
def change(request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    draft = _draft(db, me, division_id, month, now)
    form = Form.parse(CellFields, posted, name="one")
    given = form.data
    if given and not given.cell:
        missing = [name for name in ("officer", "date", "mode") if getattr(given, name) is None]
        form.errors |= dict.fromkeys(missing, _("Fill this in."))
    if given is None or form.errors:
        return _page(request, db, me, now, draft, one=form, status=Refused.status)

    def verb() -> str:
        if given.cell:
            changes = by_hand.typed(db, me, draft, given.cell)
        else:
            mode = None if given.mode == "as_published" else PlanMode(given.mode or "")
            changes = by_hand.one(draft, given.officer or 0, given.date or draft.month, mode, locked=bool(given.locked))
        by_hand.change(db, me, draft, changes, version=given.version, now=now)
        if is_fragment(request) and given.cell:
            return ""  # the grid shows it
        return ngettext("%(num)s day is changed in the draft.", "%(num)s days are changed in the draft.", len(changes))

    return _tried(request, db, me, now, draft, verb, one=form)


@router.post(HERE + "/undo")
def take_back(request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    draft = _draft(db, me, division_id, month, now)
    given = _parsed(posted)

    def verb() -> str:
        drafts.undo(db, me, draft, version=given.version, now=now, again=bool(given.again))
        return _("It is back.") if given.again else _("It is taken back.")

    return _tried(request, db, me, now, draft, verb)


@router.post(HERE + "/publish")
def publish(request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    draft = _draft(db, me, division_id, month, now)
    form = Form.parse(PublishFields, posted, name="publish")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    given = form.data
    together = {int(desk): int(seen) for desk, seen in (text.split(".") for text in given.together)}

    def verb() -> str:
        done = publishing.publish(db, me, draft, version=given.version, together=together, now=now)
        told = len(done.told)
        said = ngettext("%(num)s officer is told.", "%(num)s officers are told.", told) if told else ""
        return " ".join(part for part in (_("The duty roster is published."), said) if part)

    return _tried(request, db, me, now, draft, verb, together=together)


@router.post(HERE + "/excuse")
def excuse(request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    draft = _draft(db, me, division_id, month, now)
    form = Form.parse(ExcuseFields, posted, name="excuse")
    if form.data is None:
        return _page(request, db, me, now, draft, excuse=form, status=Refused.status)
    given = form.data

    def verb() -> str:
        days = excuses.excuse(db, me, draft, given.day, reason=given.reason, now=now)
        return ngettext("%(num)s day is excused.", "%(num)s days are excused.", days)

    return _tried(request, db, me, now, draft, verb, excuse=form)


@router.post(HERE + "/excuse/take-back")
def hold_again(
    request: Request, division_id: RowId, month: Month, posted: Posted, db: DB, me: Me, now: Now
) -> Response:
    draft = _draft(db, me, division_id, month, now)
    form = Form.parse(TakenBackFields, posted, name="taken_back")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    given = form.data

    def verb() -> str:
        excuses.take_back(db, me, draft, given.day, seen=given.reason, now=now)
        return _("The excuse is taken back: the minimum holds on that day again.")

    return _tried(request, db, me, now, draft, verb)


def _parsed(posted: Posted) -> StepFields:
    form = Form.parse(StepFields, posted, name="step")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    return form.data
