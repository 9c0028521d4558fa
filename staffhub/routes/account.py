"""Akun saya: where I am signed in, my language, my password."""

import re
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import AfterValidator
from starlette.responses import Response

from staffhub import feeds, i18n, notify, people, security
from staffhub.errors import Refused, TooMany
from staffhub.forms import Fields, Form, Line
from staffhub.i18n import gettext as _
from staffhub.models import NoticeKind, Role
from staffhub.routes.deps import DB, Here, Me, NextPage, Now, Posted, RowId, database_of, pages, settings_of
from staffhub.routes.people.facts import role_name
from staffhub.security import Viewer, WebSession
from staffhub.typed import plain
from staffhub.web import DEVICE_COOKIE, LOCALE_COOKIE, own_path, read_cookie, redirect, render

router = pages()

_PASSWORDS = ("current", "new", "repeat")


def _on_channel(typed: str) -> str:
    """Nothing that could lead the message anywhere else: it becomes a part of an address."""
    to = "".join(plain(typed).split())
    if not re.fullmatch(r"([@+]?[A-Za-z0-9_-]{3,60})?", to):
        raise ValueError(_("Write your name or number there, for example @ben_tumiwa or 6281234567890."))
    return to


class LocaleFields(Fields):
    locale: Literal["id", "en"]


class MailFields(Fields):
    mail: list[NoticeKind]


class ChannelFields(Fields):
    to: Annotated[Line, AfterValidator(_on_channel)] = ""


class ReminderFields(Fields):
    before: int
    presence: bool = False


class PasswordFields(Fields):
    current: str
    new: str
    repeat: str
    next: str | None = None


@router.get("/account")
def account(request: Request, db: DB, here: Here, now: Now) -> Response:
    own = people.own_account(db, here.viewer)
    return _account_page(request, db, here, own, Form.blank("channel", to=own.channel_to or ""), now)


def _account_page(
    request: Request,
    db: DB,
    here: Here,
    own: people.OwnAccount,
    channel_form: Form[Any],
    now: datetime,
    status: int = 200,
) -> Response:
    channel = settings_of(request).notice_channel
    return render(
        request,
        "account/index.html",
        status=status,
        channel=channel.name if channel else "",
        channel_form=channel_form,
        own=own,
        sessions=people.own_sessions(db, here, now=now),
        form=Form.blank("locale", locale=i18n.current_locale()),
        mail=Form.blank("mail", mail=notify.wanted(own.no_mail_of)),
        reminder=Form.blank("reminder", before=own.remind_before or notify.USUAL, presence=int(own.remind_presence)),
        leads=[(minutes, _("%(n)s minutes before", n=minutes)) for minutes in notify.LEADS],
        by_mail=settings_of(request).smtp is not None,
        kinds=[(kind, notify.kind_name(kind)) for kind in NoticeKind],
        locales=[("id", "Bahasa Indonesia"), ("en", "English")],
        calendars=feeds.addresses(db, here.viewer),
        address=partial(feeds.address_for, settings_of(request).base_url),
        webcal=partial(feeds.address_for, re.sub(r"^https?", "webcal", settings_of(request).base_url)),
    )


@router.post("/account/locale")
def locale(request: Request, posted: Posted, db: DB, here: Here, now: Now) -> Response:
    form: Form[LocaleFields] = Form.parse(LocaleFields, posted, name="locale")
    if form.data is None:
        raise Refused(_("Choose one of the list."))
    people.set_locale(db, here, locale=form.data.locale, now=now)
    i18n.set_locale(form.data.locale)
    response = redirect(request, "/account", said=_("The language is changed."))
    secure = settings_of(request).https
    response.set_cookie(LOCALE_COOKIE, form.data.locale, max_age=31_536_000, samesite="lax", secure=secure)
    return response


@router.post("/account/mail")
def mail(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[MailFields] = Form.parse(MailFields, posted, name="mail")
    if form.data is None:
        raise Refused(_("Choose one of the list."))
    notify.choose(db, me, form.data.mail, now=now)
    return redirect(request, "/account#mail", said=_("What comes is saved."))


@router.post("/account/channel")
def channel(request: Request, posted: Posted, db: DB, here: Here, now: Now) -> Response:
    form: Form[ChannelFields] = Form.parse(ChannelFields, posted, name="channel")
    if form.data is None:
        return _account_page(request, db, here, people.own_account(db, here.viewer), form, now, status=422)
    notify.reach_me(db, here.viewer, form.data.to, now=now)
    return redirect(request, "/account#mail", said=_("It is saved where your notices come."))


@router.post("/account/reminder")
def reminder(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[ReminderFields] = Form.parse(ReminderFields, posted, name="reminder")
    if form.data is None or form.data.before not in notify.LEADS:
        raise Refused(_("Choose one of the times of the list."))
    notify.choose_lead(db, me, form.data.before, presence=form.data.presence, now=now)
    said = _("You are reminded %(n)s minutes before.", n=form.data.before)
    return redirect(request, "/account#reminder", said=said)


@router.post("/account/sessions/{session_id}/end")
def end_session(request: Request, db: DB, here: Here, now: Now, session_id: RowId) -> Response:
    me = here.viewer
    security.end_session(db, me, people.own_session(db, me, session_id), now=now)
    if session_id == here.id:
        return redirect(request, "/login")
    return redirect(request, "/account", said=_("That device is signed out."))


@router.post("/account/sessions/end-others")
def end_others(request: Request, db: DB, here: Here, now: Now) -> Response:
    people.end_others(db, here, now=now)
    return redirect(request, "/account", said=_("All other devices are signed out."))


class ToldFields(Fields):
    event_id: int
    next: str | None = None


@router.get("/account/changes")
def changes(request: Request, db: DB, me: Me, next_page: NextPage = None) -> Response:
    found = people.untold(db, me)
    if not found:
        return redirect(request, own_path(next_page))
    told = [(change.at, _told(change), change.by or _("the command line of the server")) for change in found]
    form = Form[ToldFields].blank("told", event_id=found[-1].event_id, next=own_path(next_page))
    return render(request, "account/changes.html", changes=told, form=form)


def _told(change: people.Change) -> str:
    said = {
        "password_reset": _("Your password was reset."),
        "disabled": _("Your account was closed."),
        "enabled": _("Your account was opened again."),
    }
    if change.what in said:
        return said[change.what]
    if isinstance(change.before, Role) and isinstance(change.after, Role):
        pair = {"before": role_name(change.before), "after": role_name(change.after)}
        if change.since:
            day = i18n.day(change.since)
            return _("From %(day)s on your role changes from “%(before)s” to “%(after)s”.", day=day, **pair)
        return _("Your role was changed from “%(before)s” to “%(after)s”.", **pair)
    pair = {"before": str(change.before), "after": str(change.after)}
    return _("Your username was changed from “%(before)s” to “%(after)s”.", **pair)


@router.post("/account/changes")
def acknowledge(request: Request, posted: Posted, db: DB, me: Me) -> Response:
    form: Form[ToldFields] = Form.parse(ToldFields, posted, name="told")
    if form.data is None:
        raise Refused
    people.acknowledge(db, me, event_id=form.data.event_id)
    return redirect(request, own_path(form.data.next))


@router.get("/account/password")
def password_page(request: Request, here: Here, next_page: NextPage = None) -> Response:
    return _password_page(request, here, Form.blank("password", next=own_path(next_page)))


def _password_page(request: Request, here: WebSession, form: Form[PasswordFields], *, status: int = 200) -> Response:
    return render(
        request,
        "password.html",
        status=status,
        form=form,
        forced=here.must_change_password,
        min_length=security.MIN_PASSWORD,
        invalid=bool(form.errors),
    )


@router.post("/account/password")
def change_password(request: Request, here: Here, posted: Posted, now: Now) -> Response:
    """Count the try as a sign-in, hash, store: the slow hashes stay between two short transactions."""
    form: Form[PasswordFields] = Form.parse(PasswordFields, posted, name="password")
    current, new, repeat = (str(posted.get(name, "")) for name in _PASSWORDS)  # as typed, blanks at the ends too
    for name in _PASSWORDS:
        form.typed.pop(name, None)
    if form.data is None:
        return _password_page(request, here, form, status=422)
    try:
        about = _try(request, here.viewer, current, now)
        security.check_new_password(new, about=about)
        _compare(current, new, repeat)
    except (Refused, TooMany) as error:
        form.refuse(error)
        return _password_page(request, here, form, status=error.status)
    hashed = security.hash_password(new)
    with database_of(request).transaction() as db:
        security.set_password(db, here, hashed, now=now)
    return redirect(
        request, own_path(form.data.next), said=_("Your new password is saved. Other devices sign in again.")
    )


def _try(request: Request, me: Viewer, current: str, now: datetime) -> tuple[str, ...]:
    """Whoever finds a phone signed in may not guess its password here without limit.

    Only wrong ones count: who knows it may look for a good new one as often as it takes.
    """
    with database_of(request).transaction() as db:
        attempt_id, account = security.begin_sign_in(
            db,
            username=people.own_username(db, me),
            address=request.client.host if request.client else "",
            device=read_cookie(request, DEVICE_COOKIE),
            key=request.app.state.secret,
            now=now,
        )
        about = people.own_words(db, me)
    if account is None or not security.password_fits(current, account.password_hash):
        raise Refused(_("This is not your password now. Check capital letters."), field="current")
    with database_of(request).transaction() as db:
        security.note_right_password(db, attempt_id)
    return about


def _compare(current: str, new: str, repeat: str) -> None:
    if new == current:
        raise Refused(_("Choose another password than the one you have."), field="new")
    if new != repeat:
        raise Refused(_("The two are not the same. Write the new password once more."), field="repeat")
