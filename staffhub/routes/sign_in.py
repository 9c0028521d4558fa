"""Masuk: sign in, sign out, change the language before signing in."""

import re
import secrets
from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock, i18n, people, security
from staffhub.errors import Refused, TooMany
from staffhub.forms import Fields, Form
from staffhub.routes.deps import DB, Here, NextPage, Now, Posted, database_of, pages
from staffhub.web import (
    DEVICE_COOKIE,
    SESSION_COOKIE,
    own_path,
    query,
    read_cookie,
    redirect,
    remember_locale,
    render,
    set_cookie,
)

router = pages()

# A day longer than the session: what is typed into a page of an ended session is kept for whoever it was.
_SESSION_COOKIE_SECONDS = (security.SESSION_DAYS + 1) * 86_400


class SignInFields(Fields):
    username: str
    password: str
    next: str | None = None


def _page(request: Request, form: Form[SignInFields], *, status: int = 200) -> Response:
    locked = status == HTTPStatus.TOO_MANY_REQUESTS
    return render(request, "login.html", status=status, form=form, locked=locked, invalid=bool(form.errors))


@router.get("/login")
def sign_in_page(
    request: Request,
    next_page: NextPage = None,
    lang: Annotated[str | None, Query(pattern="^(id|en)$")] = None,
) -> Response:
    if lang:
        i18n.set_locale(lang)
    page = _page(request, Form.blank("login", next=own_path(next_page)))
    if lang:
        remember_locale(request, page, lang)
    return page


@router.post("/login")
def sign_in(request: Request, posted: Posted, now: Now) -> Response:
    form: Form[SignInFields] = Form.parse(SignInFields, posted, name="login")
    typed = str(posted.get("password", ""))  # as typed: a blank at either end belongs to a password
    form.typed.pop("password", None)
    if form.data is None:
        return _page(request, form, status=422)
    device = _device(request)
    username = security.normal_username(form.data.username)
    # Three steps, so that the slow hash never holds the write lock: count the try, hash, open the session.
    try:
        with database_of(request).transaction() as db:
            attempt_id, account = security.begin_sign_in(
                db,
                username=username,
                address=request.client.host if request.client else "",
                device=device,
                key=request.app.state.secret,
                now=now,
            )
    except TooMany as error:
        form.refuse(error)
        page = _page(request, form, status=429)
        page.headers["Retry-After"] = str(error.retry_after)
        return page
    fits = security.password_fits(typed, account.password_hash if account else None)
    if account is None or not fits:
        form.errors[""] = security.wrong_pair()
        return _page(request, form, status=422)
    device = device or secrets.token_urlsafe(24)
    renewed = security.renewed_hash(typed, account.password_hash)
    try:
        with database_of(request).transaction() as db:
            token = security.finish_sign_in(
                db,
                attempt_id,
                account,
                device=device,
                user_agent=request.headers.get("user-agent", ""),
                now=clock.now(),
                previous=read_cookie(request, SESSION_COOKIE),
                renewed_hash=renewed,
            )
            has_untold = people.has_untold(db, account.id)
    except Refused as error:
        form.refuse(error)
        return _page(request, form, status=422)
    onward = own_path(form.data.next)
    response = redirect(request, query("/account/changes", next=onward) if has_untold else onward)
    set_cookie(request, response, SESSION_COOKIE, token, seconds=_SESSION_COOKIE_SECONDS)
    set_cookie(request, response, DEVICE_COOKIE, device, seconds=365 * 86_400)
    if account.locale:  # for pages that are said without asking the database who reads them
        remember_locale(request, response, account.locale)
    return response


def _device(request: Request) -> str | None:
    """Return the browser's mark if it is one of ours: what comes back as a cookie is never a stranger's text."""
    device = read_cookie(request, DEVICE_COOKIE) or ""
    return device if re.fullmatch(r"[\w-]{32}", device, re.ASCII) else None


@router.post("/logout")
def sign_out(request: Request, db: DB, here: Here, now: Now) -> Response:
    security.end_session(db, here.viewer, here.id, now=now)
    response = redirect(request, "/login")
    # A phone that others use keeps nothing of the one who leaves, with scripts or without.
    response.headers["Clear-Site-Data"] = '"storage"'
    set_cookie(request, response, SESSION_COOKIE, "", seconds=0)
    return response
