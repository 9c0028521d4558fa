"""Persons found by name and ticked in a form: of meetings, of orders, of exemptions."""

import datetime as dt
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.forms import Form, not_sought
from staffhub.meetings.audience import Found, find
from staffhub.security import Viewer
from staffhub.typed import holds_citizen_number
from staffhub.web import render

NAME, DIGITS = 80, 18
AnyForm = Form[Any]


def sought_in(form: AnyForm) -> str:
    """What the person typed before pressing Find, which saves nothing.

    A browser presses a form's first button for whoever presses Enter: nothing sought, so it was meant to save.
    """
    return form.value("find").strip() if form.value("search") else ""


def found_for(db: Session, me: Viewer, form: AnyForm, today: dt.date) -> Found:
    """Find persons for a form; the only one of a name is chosen at once."""
    ticked = [int(text) for text in form.list("officer") if text.isdecimal() and len(text) < DIGITS]
    sought = sought_in(form)[:NAME]
    if holds_citizen_number(sought):
        form.errors["officer"], sought = not_sought(), ""
    found = find(db, me, chosen=ticked, sought=sought, day=today)
    if len(found.others) == 1:
        form.typed.setdefault("officer", []).append(str(found.others[0].id))
    return found


def while_typing(
    request: Request, db: Session, me: Viewer, form: str, officers: list[int] | None, sought: str, today: dt.date
) -> Response:
    """Answer with the persons alone, those that are ticked already among them."""
    ticked = [number for number in officers or () if 0 < number < 10**DIGITS]
    found = find(db, me, chosen=ticked, sought=sought, day=today)
    typed: AnyForm = Form.blank(form, officer=ticked)
    return render(request, "found.html", block="found", form=typed, found=found)
