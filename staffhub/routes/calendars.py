"""Calendars for phones and Outlook: the file that a program fetches, and the addresses that I have given out."""

from typing import Annotated

from fastapi import Path, Request
from starlette.responses import Response

from staffhub import feeds, i18n
from staffhub.errors import Refused
from staffhub.forms import Fields, Form
from staffhub.i18n import gettext as _
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages, settings_of
from staffhub.web import redirect

router = pages()


class CalendarFields(Fields):
    """`division` empty: what concerns me."""

    division: int | None = None


@router.get("/calendar/{token}.ics")
def calendar(request: Request, db: DB, now: Now, token: Annotated[str, Path(max_length=64)]) -> Response:
    """Answer a program that nobody signed in: the address is the key. It holds no way in and nobody's name."""
    # 9 MB, for whoever serves a calendar at all.
    from staffhub.feeds import ical

    settings = settings_of(request)
    reader = feeds.held(db, token, now=now)
    with i18n.in_locale(reader.locale or settings.locale):
        found = feeds.feed_of(db, reader, now=now)
    content, tag = ical.written(found, base_url=settings.base_url, now=now)
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="staffhub.ics"'
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


@router.post("/account/calendars")
def renew(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form: Form[CalendarFields] = Form.parse(CalendarFields, posted, name="calendar")
    if form.data is None:
        raise Refused(_("Choose one of the list."))
    feeds.renew(db, me, division_id=form.data.division, now=now)
    return redirect(request, "/account#calendars", said=_("The calendar has a new address."))


@router.post("/account/calendars/{feed_id}/end")
def end(request: Request, db: DB, me: Me, now: Now, feed_id: RowId) -> Response:
    feeds.end(db, me, feed_id, now=now)
    return redirect(request, "/account#calendars", said=_("Nobody reads this calendar any more."))
