"""Papan: who is missing, is every bidang covered?"""

from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import i18n, sections
from staffhub.db import digest
from staffhub.reports import board as boards
from staffhub.reports.board_version import board_version
from staffhub.routes.deps import DB, Me, Now, pages
from staffhub.web import FLASH_COOKIE, is_fragment, looks, query, read_cookie, render

router = pages()

State = Literal["", "pending", "office", "home", "field", "leave", "out", "off", "short"]


@router.get("/board")
def board(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    q: Annotated[str, Query(max_length=80)] = "",
    division: Annotated[str, Query(max_length=20)] = "",
    mode: State = "",
) -> Response:
    me.require("board")
    chosen = sections.asked_for(division)
    # What the page shows: the day, the hour (a lack becomes a fact when the day begins), every change, and to whom.
    # Five minutes at a time: that is how hours of work are written.
    local = now.astimezone(me.zone)
    version = board_version(db, me, now=now)
    seen = (version, f"{local:%F %H}", str(local.minute // 5), i18n.current_locale(), q, str(chosen), mode)
    rights = (str(request.state.unread), str(me.account_id), me.role.value, str(me.officer_id), str(me.division_id))
    etag = f'"{digest(*seen, *rights, str(is_fragment(request)), looks())[:20]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, HX-Request"}
    if request.headers.get("if-none-match") == etag and read_cookie(request, FLASH_COOKIE) is None:
        return Response(status_code=304, headers=headers)
    board = boards.board(db, me, now=now, version=version, division_id=chosen, q=q.strip(), state=mode)
    response = render(
        request,
        "board/index.html",
        block="people",
        oob=("summary",),
        board=board,
        q=q,
        mode=mode,
        address=query("/board", q=q, division=chosen, mode=mode),
    )
    response.headers.update(headers)
    return response
