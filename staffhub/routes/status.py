"""The citizen's page: how far a request is, without an account. What is asked with stands in no address."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request
from pydantic import AfterValidator, StringConstraints
from starlette.responses import Response

from staffhub import i18n
from staffhub.errors import TooMany
from staffhub.forms import Fields, Form, Word
from staffhub.i18n import gettext as _
from staffhub.routes.deps import DB, Now, Posted, pages
from staffhub.service_requests import citizens
from staffhub.typed import plain
from staffhub.web import remember_locale, render

router = pages()


def _last_digits(typed: str) -> str:
    """Take the whole number as well: its end is what counts."""
    digits = "".join(letter for letter in plain(typed) if letter.isdecimal())
    if len(digits) < citizens.DIGITS:
        raise ValueError(_("Write the last 4 digits of the telephone number."))
    return digits[-citizens.DIGITS :]


class StatusFields(Fields):
    code: Annotated[Word, StringConstraints(max_length=40)]
    digits: Annotated[Word, StringConstraints(max_length=40), AfterValidator(_last_digits)]


@router.get("/status")
def show(request: Request, lang: Annotated[str | None, Query(pattern="^(id|en)$")] = None) -> Response:
    if lang:
        i18n.set_locale(lang)
    page = _page(request, Form.blank("status"))
    if lang:
        remember_locale(request, page, lang)
    return page


@router.post("/status")
def ask(request: Request, posted: Posted, db: DB, now: Now) -> Response:
    form: Form[StatusFields] = Form.parse(StatusFields, posted, name="status")
    if form.data is None:
        return _page(request, form, status=422)
    try:
        standing = citizens.ask(
            db,
            code=form.data.code,
            digits=form.data.digits,
            address=request.client.host if request.client else "",
            key=request.app.state.secret,
            now=now,
        )
    except TooMany as error:
        form.refuse(error)
        page = _page(request, form, status=429)
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    if standing is None:
        form.errors[""] = _("No request is known by this code and these digits. Check both, then try again.")
        return _page(request, form, status=422)
    return _page(request, form, standing=standing)


def _page(
    request: Request, form: Form[StatusFields], *, status: int = 200, standing: citizens.Standing | None = None
) -> Response:
    paused = status == HTTPStatus.TOO_MANY_REQUESTS
    page = render(
        request,
        "requests/status.html",
        status=status,
        form=form,
        standing=standing,
        paused=paused,
        invalid=bool(form.errors),
    )
    # It is reached from the office's own words; found by a search it would stand without them.
    page.headers["X-Robots-Tag"] = "noindex"
    return page
