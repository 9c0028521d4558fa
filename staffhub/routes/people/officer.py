"""One officer: the page, the new one, the edit, and the account."""

from datetime import date, datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from staffhub import db as db_module
from staffhub import people, security
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.models import Role
from staffhub.people import Choices, Person, postings
from staffhub.reports import leavings
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, database_of, pages
from staffhub.routes.people.facts import FactFields, beside, chosen_superiors, kind_name, options, role_name, texts
from staffhub.security import Viewer
from staffhub.web import query, redirect, render

router = pages()


class NewFields(FactFields):
    role: Role | None


class EditFields(FactFields):
    active_from: date
    active_to: date | None
    valid_from: date | None = None
    version: str


class RoleFields(Fields):
    role: Role
    valid_from: date | None = None
    version: str | None = None


@router.get("/people/new")
def new(request: Request, db: DB, me: Me, now: Now) -> Response:
    choices = people.choices(db, me, now=now)
    return _new_page(request, me, choices, Form.blank("officer", role=Role.STAFF.value))


def _new_page(request: Request, me: Viewer, choices: Choices, form: Form[NewFields], *, status: int = 200) -> Response:
    offered = options(me, choices)
    return render(request, "people/new.html", status=status, form=form, choices=offered, invalid=bool(form.errors))


def add_one(request: Request, me: Viewer, posted: FormData, now: datetime) -> Response:
    form: Form[NewFields] = Form.parse(NewFields, posted, name="officer")
    database = database_of(request)
    with database.reading() as db:
        choices = people.choices(db, me, now=now, kept=chosen_superiors(form))
    if form.data is None:
        return _new_page(request, me, choices, form, status=422)
    row = people.one_row(texts(form.data, choices, form.data.role))
    try:
        report = people.import_register(database, me.office_id, row, actor=me, skip_bad=False, only_new=True, now=now)
    except Conflict as error:
        form.refuse(error)
        return _new_page(request, me, choices, form, status=error.status)
    for cell in report.bad:
        form.refuse(Refused(cell.reason, field=beside(people.FIELD_OF[cell.header], form.data)))
    if report.bad:
        return _new_page(request, me, choices, form, status=422)
    if report.same:
        return redirect(request, query("/people", q=form.data.name), said=_("This officer was there already."))
    return _passwords_page(request, report.passwords, back="/people")


def _passwords_page(request: Request, passwords: list[tuple[str, str, str]], *, back: str) -> Response:
    return render(request, "people/passwords.html", passwords=passwords, back=back)


@router.get("/people/{officer_id}")
def officer(request: Request, db: DB, me: Me, now: Now, officer_id: RowId) -> Response:
    person = people.officer_for(db, me, officer_id, now=now)
    return officer_page(request, db, me, now, person)


def officer_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    person: Person,
    *,
    form: Form[EditFields] | None = None,
    role_form: Form[RoleFields] | None = None,
    hand: Form[Any] | None = None,
    status: int = 200,
) -> Response:
    """Show it; `hand` is the form that hands something on, by its name."""
    may_edit = me.may("people.edit")
    left = leavings.page(db, me, person.officer_id or 0, now=now)
    choices = _choices(db, me, person, form, now) if may_edit else None
    names = dict(choices.divisions if choices else people.divisions(db, me.office_id))
    return render(
        request,
        "people/officer.html",
        status=status,
        person=person,
        number=people.shown_number(person.number or "") if may_edit else people.masked_number(person.number or ""),
        division=names.get(person.division_id or 0, _("Whole office")),
        kind=kind_name(person.employment_type),
        role=role_name(person.role),
        may_edit=may_edit,
        history=postings.history(db, me, person, now=now),
        kind_name=kind_name,
        role_name=role_name,
        beyond_own="" if security.manages(me, person.role, person.coming) else security.beyond_own(),
        form=form or _proposed(person),
        role_form=role_form or Form.blank("role", role=person.role, version=people.version(person)),
        choices=options(me, choices) if choices else {},
        left=left,
        hand={
            "people": Form.blank("people", valid_from=left.leaver.first if left else None),
            "meetings": Form.blank("meetings"),
        }
        | ({hand.name: hand} if hand else {}),
        invalid=any(one is not None and one.errors for one in (form, role_form, hand)),
    )


def _choices(db: Session, me: Viewer, person: Person, form: Form[EditFields] | None, now: datetime) -> Choices:
    kept = [person.superior_id, *chosen_superiors(form)]
    return people.choices(db, me, now=now, besides=person.officer_id, kept=kept, division_id=person.division_id)


def _proposed(person: Person) -> Form[EditFields]:
    return Form.blank(
        "officer",
        name=person.name,
        number=people.shown_number(person.number or ""),
        employment_type=person.employment_type.value if person.employment_type else None,
        position=person.position,
        division=person.division_id,
        superior=person.superior_id,
        email=person.email,
        phone=person.phone,
        username=person.username,
        active_from=person.active_from,
        active_to=person.active_to,
        version=people.version(person),
    )


@router.post("/people/{officer_id}/edit")
def edit(request: Request, posted: Posted, db: DB, me: Me, now: Now, officer_id: RowId) -> Response:
    person = people.editable_officer(db, me, officer_id, now=now)
    form: Form[EditFields] = Form.parse(EditFields, posted, name="officer")
    if form.data is None:
        return officer_page(request, db, me, now, person, form=form, status=422)
    choices = _choices(db, me, person, form, now)
    wish = people.Edit(
        cells=texts(form.data, choices),
        active_from=form.data.active_from,
        active_to=form.data.active_to,
        valid_from=form.data.valid_from,
        version=form.data.version,
    )
    try:
        changed = people.edit_officer(db, me, person, wish, now=now)
    except (Refused, Conflict) as error:
        db_module.undo(db)
        error.field = beside(error.field, form.data)
        form.refuse(error, version=people.version(person))
        return officer_page(request, db, me, now, person, form=form, status=error.status)
    said = _("Saved.") if changed else _("Nothing was different; nothing was changed.")
    return redirect(request, f"/people/{officer_id}", said=said)


@router.post("/people/{officer_id}/postings/{posting_id}/withdraw")
def withdraw_posting(request: Request, db: DB, me: Me, now: Now, officer_id: RowId, posting_id: RowId) -> Response:
    person = people.editable_officer(db, me, officer_id, now=now)
    postings.withdraw(db, me, person, posting_id, now=now)
    return redirect(request, f"/people/{officer_id}", said=_("The posting is withdrawn."))


@router.post("/people/{officer_id}/role")
def role(request: Request, posted: Posted, db: DB, me: Me, now: Now, officer_id: RowId) -> Response:
    person = people.account_to_change(db, me, officer_id, now=now)
    form: Form[RoleFields] = Form.parse(RoleFields, posted, name="role")
    if form.data is None:
        return officer_page(request, db, me, now, person, role_form=form, status=422)
    try:
        wish = form.data
        day, seen = wish.valid_from, wish.version
        changed = people.change_role(db, me, person, role=wish.role, day=day, seen=seen, now=now)
    except (Refused, Conflict) as error:
        db_module.undo(db)
        form.refuse(error, version=people.version(person))
        return officer_page(request, db, me, now, person, role_form=form, status=error.status)
    said = _("The role is changed. The person signs in again.") if changed else _("This was the role already.")
    return redirect(request, f"/people/{officer_id}", said=said)


@router.post("/people/{officer_id}/reset-password")
def reset_password(request: Request, me: Me, now: Now, officer_id: RowId) -> Response:
    database = database_of(request)
    with database.reading() as db:
        people.account_to_change(db, me, officer_id, now=now)
    plain = security.one_time_password()
    hashed = security.hash_password(plain)
    with database.transaction() as db:
        person = people.account_to_change(db, me, officer_id, now=now)
        people.reset_password(db, me, person, new_hash=hashed, now=now)
    passwords = [(person.name or "", person.username or "", plain)]
    return _passwords_page(request, passwords, back=f"/people/{officer_id}")


@router.post("/people/{officer_id}/disable")
def disable(request: Request, db: DB, me: Me, now: Now, officer_id: RowId) -> Response:
    person = people.account_to_change(db, me, officer_id, now=now)
    changed = people.disable_account(db, me, person, now=now)
    said = _("The account is closed, on every device.") if changed else _("The account was closed already.")
    return redirect(request, f"/people/{officer_id}", said=said)


@router.post("/people/{officer_id}/enable")
def enable(request: Request, db: DB, me: Me, now: Now, officer_id: RowId) -> Response:
    person = people.account_to_change(db, me, officer_id, now=now)
    changed = people.enable_account(db, me, person, now=now)
    said = _("The account is open again.") if changed else _("The account was open already.")
    return redirect(request, f"/people/{officer_id}", said=said)
