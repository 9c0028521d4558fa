"""What the roster should know of people: wishes from their own phones, and letters that keep somebody at home."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import Request
from pydantic import StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import clock
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key, Line, Version
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import PlanMode
from staffhub.reports import words
from staffhub.roster import home_letters, wishes
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer
from staffhub.web import redirect, render

router = pages()


class WishFields(Fields):
    date: date
    mode: Literal["office", "home"]
    note: Annotated[Line, StringConstraints(max_length=200)] | None = None


class LetterFields(Fields):
    officer: int
    first: date
    last: date
    document: Annotated[Line, StringConstraints(max_length=80)]
    idempotency_key: Key


class EndFields(Fields):
    version: Version


@router.get("/roster/wishes")
def my_wishes(request: Request, db: DB, me: Me, now: Now) -> Response:
    return _wishes(request, db, me, now, Form.blank("wish", mode="home"))


def _wishes(
    request: Request, db: Session, me: Viewer, now: datetime, form: Form[WishFields], status: int = 200
) -> Response:
    return render(
        request,
        "roster/wishes.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        wishes=wishes.mine(db, me, today=clock.local_day(now, me.zone)),
        places=[(mode.value, words.place(mode)) for mode in wishes.PLACES],
        place=words.place,
    )


@router.post("/roster/wishes")
def wish(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[WishFields] = Form.parse(WishFields, posted, name="wish")
    if form.data is None:
        return _wishes(request, db, me, now, form, status=Refused.status)
    try:
        wishes.wish(db, me, form.data.date, PlanMode(form.data.mode), note=form.data.note or "", now=now)
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _wishes(request, db, me, now, form, status=error.status)
    return redirect(request, "/roster/wishes", said=_("Your wish is noted. The roster tries, and promises nothing."))


@router.post("/roster/wishes/{day}/remove")
def take_back(request: Request, day: date, db: DB, me: Me, now: Now) -> Response:
    wishes.take_back(db, me, day, now=now)
    return redirect(request, "/roster/wishes", said=_("Your wish is taken back."))


@router.get("/roster/letters")
def letters(request: Request, db: DB, me: Me, now: Now) -> Response:
    today = clock.local_day(now, me.zone)
    return _letters(request, db, me, now, Form.blank("letter", first=today, idempotency_key=uuid4()))


def _letters(
    request: Request, db: Session, me: Viewer, now: datetime, form: Form[LetterFields], status: int = 200
) -> Response:
    today = clock.local_day(now, me.zone)
    return render(
        request,
        "roster/letters.html",
        status=status,
        invalid=bool(form.errors),
        form=form,
        people=home_letters.people(db, me, today=today),
        letters=home_letters.letters(db, me, now=now),
    )


@router.post("/roster/letters")
def write_letter(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    me.require("roster.letters")
    form: Form[LetterFields] = Form.parse(LetterFields, posted, name="letter")
    if form.data is None:
        return _letters(request, db, me, now, form, status=Refused.status)
    given = form.data
    try:
        first_time = home_letters.write(
            db, me, given.officer, given.first, given.last,
            document=given.document, key=given.idempotency_key, now=now,
        )  # fmt: skip
    except (Refused, Conflict) as error:
        undo(db)
        form.refuse(error)
        return _letters(request, db, me, now, form, status=error.status)
    span = given.officer, given.first, given.last
    planned = home_letters.published(db, me, [span], now=now).get(span, ())
    said = _("The letter is noted.") if first_time else _("This was noted already.")
    if days := sum(one.days for one in planned):
        more = ngettext(
            "%(num)s published day has the person in the office: work out the roster again.",
            "%(num)s published days have the person in the office: work out the roster again.",
            days,
        )
        said = f"{said} {more}"
    return redirect(request, "/roster/letters", said=said)


@router.post("/roster/letters/{letter_id}/end")
def end_letter(request: Request, letter_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    home_letters.letter_for(db, me, letter_id)
    form: Form[EndFields] = Form.parse(EndFields, posted, name="end")
    if form.data is None:
        raise Refused(next(iter(form.errors.values())))
    ended = home_letters.end(db, me, letter_id, seen=form.data.version, now=now)
    said = _("The letter holds no longer.") if ended else _("It had ended before.")
    return redirect(request, "/roster/letters", said=said)
