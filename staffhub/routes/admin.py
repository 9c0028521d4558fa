"""The office's own tables: its bidang and services to read, its holidays to edit."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import db as db_module
from staffhub import office as office_facts
from staffhub import workdays
from staffhub.dated import long_day
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Line, Phone, Version
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import HolidayKind, Paper
from staffhub.office import OfficeFacts
from staffhub.reports import documents
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.service_requests import duplicates
from staffhub.web import query, redirect, render

router = pages()

# A typing slip such as 0206 is caught here; the table itself knows no limit.
_YEARS = range(2000, 2101)


class HolidayFields(Fields):
    date: date
    name: Annotated[Line, StringConstraints(max_length=160)]
    kind: HolidayKind
    source: Annotated[Line, StringConstraints(max_length=160)]


class LetterheadFields(Fields):
    # None: the name stays; a form that has the field needs one.
    name: Annotated[Line, StringConstraints(max_length=120)] | None = None
    government: Annotated[Line, StringConstraints(max_length=120)] | None = None
    address: Annotated[Line, StringConstraints(max_length=200)] | None = None
    phone: Annotated[Phone, StringConstraints(max_length=40)] | None = None
    email: Annotated[Line, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    paper: Paper
    signing_place: Annotated[Line, StringConstraints(max_length=60)] | None = None
    head_title: Annotated[Line, StringConstraints(max_length=120)] | None = None
    version: Version | None = None


class DivisionFields(Fields):
    name: Annotated[Line, StringConstraints(max_length=120)]
    short_name: Annotated[Line, StringConstraints(max_length=40)]
    version: Version


def kind_name(kind: HolidayKind) -> str:
    return {
        HolidayKind.NATIONAL: _("National holiday"),
        HolidayKind.COLLECTIVE: _("Collective leave"),
        HolidayKind.LOCAL: _("Local holiday"),
    }[kind]


def source_name(source: str) -> str:
    return _("built-in calendar (%(source)s)", source=source) if workdays.is_built_in(source) else source


@router.get("/admin/office")
def office(request: Request, db: DB, me: Me) -> Response:
    """Show the bidang and the letterhead; the rules have a page of their own."""
    return _office_page(request, db, me, None)


def _office_page(
    request: Request,
    db: Session,
    me: Viewer,
    form: Form[LetterheadFields] | None,
    *,
    naming: tuple[int, Form[DivisionFields]] | None = None,
    same_wish: "Form[SameWishFields] | None" = None,
    status: int = 200,
) -> Response:
    divisions = workdays.divisions_of(db, me)
    forms: dict[int, Form[DivisionFields]] = {
        one.id: Form.blank(f"division{one.id}", name=one.name, short_name=one.short_name, version=one.version)
        for one in divisions
    }
    return render(
        request,
        "admin/office.html",
        status=status,
        divisions=divisions,
        forms=forms | dict([naming] if naming else []),
        form=form or _letterhead_form(office_facts.facts(db, me.office_id)),
        papers=[(Paper.F4.value, _("F4 (215 x 330 mm)")), (Paper.A4.value, _("A4 (210 x 297 mm)"))],
        same_wish=same_wish or Form.blank("same-wish", days=office_facts.facts(db, me.office_id).duplicate_days),
        longest=duplicates.MOST_DAYS,
        invalid=bool((form and form.errors) or naming or same_wish),
    )


@router.post("/admin/office/divisions/{division_id}")
def rename_division(request: Request, posted: Posted, db: DB, me: Me, now: Now, division_id: RowId) -> Response:
    me.require("office.edit")
    form: Form[DivisionFields] = Form.parse(DivisionFields, posted, name=f"division{division_id}")
    if form.data is None:
        return _office_page(request, db, me, None, naming=(division_id, form), status=422)
    wish = form.data
    try:
        changed = workdays.rename_division(
            db, me, division_id, name=wish.name, short_name=wish.short_name, seen=wish.version, now=now
        )
    except (Refused, Conflict) as error:
        db_module.undo(db)
        there = {one.id: one.version for one in workdays.divisions_of(db, me)}
        form.refuse(error, version=there[division_id])
        return _office_page(request, db, me, None, naming=(division_id, form), status=error.status)
    said = _("The division is called %(name)s from now on.", name=wish.name)
    said = said if changed else _("The division is called so already.")
    return redirect(request, "/admin/office", said=said)


def _letterhead_form(facts: OfficeFacts) -> Form[LetterheadFields]:
    return Form.blank(
        "letterhead",
        name=facts.name,
        government=facts.government,
        address=facts.address,
        phone=facts.phone,
        email=facts.email,
        paper=facts.paper.value,
        signing_place=facts.signing_place,
        head_title=facts.head_title,
        version=facts.letterhead_version,
    )


class SameWishFields(Fields):
    days: Annotated[int, Field(ge=0, le=duplicates.MOST_DAYS)]


@router.post("/admin/office/same-wish")
def set_same_wish(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("office.edit")
    form: Form[SameWishFields] = Form.parse(SameWishFields, posted, name="same-wish")
    if form.data is None:
        return _office_page(request, db, me, None, same_wish=form, status=422)
    duplicates.set_window(db, me, days=form.data.days, now=now)
    said = _("Requests within %(n)s days are compared from now on.", n=form.data.days)
    said = said if form.data.days else _("Requests are not compared any more.")
    return redirect(request, "/admin/office", said=said)


@router.post("/admin/office/letterhead")
def set_letterhead(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("office.edit")
    form: Form[LetterheadFields] = Form.parse(LetterheadFields, posted, name="letterhead")
    if form.data and "name" in posted and not form.data.name:
        form.refuse(Refused(_("Write the name of the office."), field="name"))
    if form.data is None or form.errors:
        return _office_page(request, db, me, form, status=422)
    wish = form.data
    seen = wish.version or office_facts.facts(db, me.office_id).letterhead_version
    told = {name: value or "" for name, value in wish.model_dump(exclude={"version", "paper"}).items()}
    try:
        documents.letterhead.change(db, me, **told, paper=wish.paper, seen=seen, now=now)
    except Conflict as error:
        db_module.undo(db)
        form.refuse(error, version=office_facts.facts(db, me.office_id).letterhead_version)
        return _office_page(request, db, me, form, status=error.status)
    return redirect(request, "/admin/office", said=_("Papers bear this letterhead from now on."))


@router.get("/admin/holidays")
def holidays(request: Request, db: DB, me: Me, now: Now, year: Annotated[str, Query(max_length=10)] = "") -> Response:
    this_year = now.astimezone(me.zone).year
    chosen = int(year) if year.isdecimal() and int(year) in _YEARS else this_year
    return _page(request, db, me, now, chosen, Form.blank("holiday", kind=HolidayKind.LOCAL.value))


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    year: int,
    form: Form[HolidayFields],
    *,
    status: int = 200,
) -> Response:
    return render(
        request,
        "admin/holidays.html",
        status=status,
        holidays=workdays.holidays_of(db, me, year),
        year=year,
        years=[query("/admin/holidays", year=year + step) for step in (-1, 1)],
        today=now.astimezone(me.zone).date(),
        form=form,
        kinds=[(kind.value, kind_name(kind)) for kind in HolidayKind],
        kind_name=kind_name,
        source_name=source_name,
        touched=lambda line: _touched(workdays.Touched(line.leave, line.duty)),
        invalid=bool(form.errors),
    )


@router.post("/admin/holidays")
def add_holiday(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("holidays.edit")
    this_year = now.astimezone(me.zone).year
    form: Form[HolidayFields] = Form.parse(HolidayFields, posted, name="holiday")
    if form.data and form.data.date.year not in _YEARS:
        form.refuse(Refused(_("Check the year."), field="date"))
    if form.data is None:
        return _page(request, db, me, now, this_year, form, status=422)
    wish = form.data
    try:
        added = workdays.add_holiday(db, me, day=wish.date, name=wish.name, kind=wish.kind, source=wish.source, now=now)
    except Refused as error:
        db_module.undo(db)
        form.refuse(error)
        return _page(request, db, me, now, wish.date.year, form, status=422)
    day = long_day(wish.date)
    said = _("%(day)s is now a holiday.", day=day) if added else _("%(day)s was a holiday already.", day=day)
    said = f"{said} {_touched(workdays.touched(db, me, wish.date))}".strip()
    return redirect(request, query("/admin/holidays", year=wish.date.year), said=said)


@router.post("/admin/holidays/{holiday_id}/remove")
def remove_holiday(request: Request, db: DB, me: Me, now: Now, holiday_id: RowId) -> Response:
    day, name = workdays.remove_holiday(db, me, holiday_id, now=now)
    said = _("%(day)s (%(name)s) is a working day again.", day=long_day(day), name=name)
    said = f"{said} {_touched(workdays.touched(db, me, day))}".strip()
    return redirect(request, query("/admin/holidays", year=day.year), said=said)


def _touched(people: workdays.Touched) -> str:
    """Say whose plans a holiday that comes or goes meets."""
    said = []
    if people.leave:
        said.append(
            ngettext("It lies in the leave of %(num)s person.", "It lies in the leave of %(num)s people.", people.leave)
        )
    if people.duty:
        said.append(
            ngettext("%(num)s person has duty planned then.", "%(num)s people have duty planned then.", people.duty)
        )
    return " ".join(said)
