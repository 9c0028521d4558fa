"""The rule book: what holds in the office, where it comes from, and its forms for who keeps it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import i18n, office, workdays
from staffhub.clock import local_day
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Form
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, RuleKind
from staffhub.reports import late_words, proof_words, roster_words, rule_words, words
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.routes.rules import fields
from staffhub.routes.rules.fields import FIELDS, EndFields, RuleFields, WithdrawFields
from staffhub.security import Viewer
from staffhub.web import redirect, render
from staffhub.workdays import Draft, Past, RuleLine

router = pages()
_A_DAY = timedelta(days=1)
_ENDED = 12  # of a kind that are shown in the fold; every one of them has a page of its own


@dataclass(frozen=True)
class Task:
    """What a form is for: a new rule, or another one instead of `line`, or `line` itself before it holds."""

    kind: RuleKind
    action: str
    line: RuleLine | None = None
    succeeds: bool = False

    @property
    def subject(self) -> str | None:
        return self.line.subject if self.line else None

    @property
    def groups(self) -> list[str] | None:
        """The people of a successor are those of the rule that it replaces."""
        return self.line.groups if self.line and self.succeeds else None

    @property
    def confirms(self) -> bool:
        return self.line is not None and not self.line.confirmed


@router.get("/admin/rules")
def book(request: Request, db: DB, me: Me, now: Now) -> Response:
    """Show of each kind what holds today, what is to come, what is only proposed, and folded what has ended."""
    today = local_day(now, me.zone)
    rules = workdays.rules_of(db, me)
    divisions = _divisions(db, me)
    shelves = []
    for kind in RuleKind:
        order = [subject for subject, _name in rule_words.subjects(kind, divisions)]
        of_kind = [line for line in rules if line.kind is kind]
        of_kind.sort(key=lambda line: order.index(line.subject) if line.subject in order else 0)
        states = {state: [one for one in of_kind if one.state(today) == state] for state in _STATES}
        shelves.append((kind, states))
    return render(
        request,
        "admin/rules/book.html",
        shelves=shelves,
        ended=_ENDED,
        today=today,
        said=rule_words,
        name=partial(rule_words.name, divisions=divisions),
        own_hours=partial(rule_words.own_hours, others=rules),
    )


_STATES = ("now", "future", "proposed", "past")


def _divisions(db: Session, me: Viewer) -> dict[str, str]:
    return {one.code: one.short_name for one in office.divisions(db, me.office_id).values()}


@router.get("/admin/rules/new/{kind}")
def new(
    request: Request, kind: RuleKind, db: DB, me: Me, now: Now, subject: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    me.require("rules")
    today = local_day(now, me.zone)
    blank: dict[str, object] = {"subject": subject, "valid_from": today, "owner": me.name}
    if kind is RuleKind.WORK_HOURS:
        blank |= _usual(db, me, today)
    return _form_page(request, db, me, _add(kind), Form.blank("rule", idempotency_key=uuid4(), **blank))


def _usual(db: Session, me: Viewer, today: date) -> dict[str, object]:
    """Fill new hours with the usual ones for everybody, from which they mostly differ a little."""
    holding = [line for line in workdays.rules_of(db, me) if line.kind is RuleKind.WORK_HOURS]
    found = [line for line in holding if line.state(today) == "now" and not line.groups and not line.subject]
    return fields.filled(found[0]) if found else {}


def _add(kind: RuleKind) -> Task:
    return Task(kind, f"/admin/rules/new/{kind.value}")


def _form_page(
    request: Request,
    db: Session,
    me: Viewer,
    task: Task,
    form: Form[RuleFields],
    *,
    past: Past | None = None,
    status: int = 200,
) -> Response:
    divisions = _divisions(db, me)
    return render(
        request,
        "admin/rules/form.html",
        status=status,
        invalid=bool(form.errors),
        task=task,
        form=form,
        past=past,
        said=rule_words,
        title=rule_words.title(task.line, divisions) if task.line else rule_words.kind(task.kind),
        subjects=rule_words.subjects(task.kind, divisions),
        by_group=task.kind in workdays.BY_GROUP,
        divisions=list(divisions.items()),
        employments=[(one.value, words.employment(one)) for one in EmploymentType],
        weekdays=[(name, rule_words.weekday(name)) for name in workdays.WEEKDAYS],
        marks=[(one.value, rule_words.mark(one)) for one in workdays.ExpectedMark],
        proofs=[(one.value, rule_words.proof(one)) for one in workdays.Proof],
        levels=[(one.value, rule_words.level(one)) for one in workdays.Level],
        ways=[(one.value, proof_words.way(one)) for one in workdays.Way],
        counts=[(one.value, late_words.counts(one)) for one in workdays.Counts],
        weights=roster_words.weights(),
        units=[(one.value, rule_words.unit(one)) for one in workdays.Unit],
        letters=[(one.value, rule_words.letter(one)) for one in workdays.Letter],
        row_holds=fields.row_holds,
        rows={key: count for key, (count, _columns) in fields.ROWS.items()},
    )


@router.post("/admin/rules/new/{kind}")
def add(request: Request, kind: RuleKind, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("rules")

    def store(draft: Draft, data: RuleFields) -> int:
        return workdays.write_rule(db, me, draft, key=data.idempotency_key, now=now)

    return _saved(request, posted, db, me, now, _add(kind), store)


def _saved(
    request: Request,
    posted: Any,
    db: Session,
    me: Viewer,
    now: datetime,
    task: Task,
    store: Callable[[Draft, RuleFields], int],
) -> Response:
    """Store what was typed; days that are over change only after the person was told how many."""
    form: Form[RuleFields] = Form.parse(FIELDS[task.kind], posted, name="rule")
    data = form.data
    draft = fields.draft_of(task.kind, form, subject=task.subject, groups=task.groups)
    if data is None or draft is None:
        return _form_page(request, db, me, task, form, status=Refused.status)
    try:
        rule_id = store(draft, data)
        if past := _not_told(db, me, data, first=draft.valid_from, last=draft.valid_to, groups=draft.groups, now=now):
            undo(db)  # what would be refused is refused before anything is asked
            form.typed |= {"past_days": [str(past.days)], "past_people": [str(past.people)]}
            return _form_page(request, db, me, task, form, past=past)
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error, version=_version(db, me, task))
        return _form_page(request, db, me, task, form, status=error.status)
    said = _("The rule is saved. It holds from %(day)s.", day=i18n.day(draft.valid_from))
    return redirect(request, f"/admin/rules/{rule_id}", said=said)


def _version(db: Session, me: Viewer, task: Task) -> int | None:
    found = [line.version for line in workdays.rules_of(db, me) if task.line and line.id == task.line.id]
    return found[0] if found else None


def _not_told(
    db: Session,
    me: Viewer,
    data: RuleFields | EndFields,
    *,
    first: date,
    last: date | None,
    groups: Any,
    now: datetime,
) -> Past | None:
    """Return what is over and would be touched, unless the person has pressed the button that says just that."""
    past = workdays.past_of(db, me, first=first, last=last, groups=groups, now=now)
    return past if past.days and (past.days, past.people) != (data.past_days, data.past_people) else None


@router.get("/admin/rules/{rule_id}")
def one(request: Request, rule_id: RowId, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)
    proposed = min(line.valid_to or date.max, max(local_day(now, me.zone), line.valid_from))
    return _one(request, db, me, now, line, Form.blank("end", last=proposed, version=line.version))


def _one(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    line: RuleLine,
    form: Form[EndFields],
    *,
    past: Past | None = None,
    status: int = 200,
) -> Response:
    rules = workdays.rules_of(db, me)
    return render(
        request,
        "admin/rules/one.html",
        status=status,
        invalid=bool(form.errors),
        rule=line,
        state=line.state(local_day(now, me.zone)),
        form=form,
        past=past,
        said=rule_words,
        title=rule_words.title(line, _divisions(db, me)),
        own_hours=rule_words.own_hours(line, rules),
        before=next((one for one in rules if one.id == line.replaces_id), None),
        after=next((one for one in rules if one.replaces_id == line.id), None),
    )


@router.get("/admin/rules/{rule_id}/edit")
def edit_form(request: Request, rule_id: RowId, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)
    task = _edit(line, now, me)
    own: dict[str, object] = {"valid_from": line.valid_from, "valid_to": line.valid_to, "groups": line.groups}
    if line.confirmed:
        own["legal_source"] = line.legal_source
    elif line.valid_to is None:
        own["valid_from"] = local_day(now, me.zone)
    form: Form[RuleFields] = Form.blank("rule", version=line.version, owner=line.owner, **own, **fields.filled(line))
    return _form_page(request, db, me, task, form)


def _edit(line: RuleLine, now: datetime, me: Viewer) -> Task:
    if line.has_begun(local_day(now, me.zone)):
        raise Refused(_("This rule has begun, so it stays as it is. End it, or let another one replace it."))
    return Task(line.kind, f"/admin/rules/{line.id}/edit", line)


@router.post("/admin/rules/{rule_id}/edit")
def edit(request: Request, rule_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)

    def store(draft: Draft, data: RuleFields) -> int:
        workdays.change_rule(db, me, rule_id, draft, seen=data.version, now=now)
        return rule_id

    return _saved(request, posted, db, me, now, Task(line.kind, f"/admin/rules/{line.id}/edit", line), store)


@router.get("/admin/rules/{rule_id}/succeed")
def succeed_form(request: Request, rule_id: RowId, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)
    starts = max(local_day(now, me.zone), line.valid_from) + _A_DAY
    last = line.valid_to if line.valid_to and line.valid_to >= starts else None
    own: dict[str, object] = {"valid_from": starts, "valid_to": last, "owner": line.owner, "version": line.version}
    form: Form[RuleFields] = Form.blank("rule", idempotency_key=uuid4(), **own, **fields.filled(line))
    return _form_page(request, db, me, _succeed(line), form)


def _succeed(line: RuleLine) -> Task:
    if line.problem or not line.confirmed:
        raise Refused(_("Only a rule that holds is replaced, by one for the same people."))
    return Task(line.kind, f"/admin/rules/{line.id}/succeed", line, succeeds=True)


@router.post("/admin/rules/{rule_id}/succeed")
def succeed(request: Request, rule_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)

    def store(draft: Draft, data: RuleFields) -> int:
        return workdays.succeed(db, me, rule_id, draft, seen=data.version, key=data.idempotency_key, now=now)

    return _saved(request, posted, db, me, now, _succeed(line), store)


@router.post("/admin/rules/{rule_id}/end")
def end(request: Request, rule_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    line = workdays.rule_for(db, me, rule_id)
    form: Form[EndFields] = Form.parse(EndFields, posted, name="end")
    data = form.data
    if data is None:
        return _one(request, db, me, now, line, form, status=Refused.status)
    try:
        workdays.end_rule(db, me, rule_id, last=data.last, seen=data.version, now=now)
        groups = [one for one in EmploymentType if one.value in line.groups] or None
        if gone := _not_told(db, me, data, first=data.last + _A_DAY, last=line.valid_to, groups=groups, now=now):
            undo(db)
            form.typed |= {"past_days": [str(gone.days)], "past_people": [str(gone.people)]}
            return _one(request, db, me, now, line, form, past=gone)
    except (Refused, Conflict) as error:
        undo(db)
        line = workdays.rule_for(db, me, rule_id)
        form.refuse(error, version=line.version)
        return _one(request, db, me, now, line, form, status=error.status)
    said = _("The last day of this rule is %(day)s.", day=i18n.day(data.last))
    return redirect(request, f"/admin/rules/{rule_id}", said=said)


@router.post("/admin/rules/{rule_id}/withdraw")
def withdraw(request: Request, rule_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("rules")
    form: Form[WithdrawFields] = Form.parse(WithdrawFields, posted, name="withdraw")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    workdays.withdraw_rule(db, me, rule_id, seen=form.data.version, now=now)
    return redirect(request, "/admin/rules", said=_("The rule is withdrawn."))
