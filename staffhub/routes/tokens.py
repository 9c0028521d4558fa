"""Keys for the office's own programs, as an administrator keeps them: made, shown once, revoked."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub.db import undo
from staffhub.errors import Refused
from staffhub.forms import Fields, Form, Line
from staffhub.i18n import gettext as _
from staffhub.models import TOKEN_NAME, TokenScope
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.security import Viewer, tokens
from staffhub.web import redirect, render

router = pages()


class TokenFields(Fields):
    name: Annotated[Line, StringConstraints(max_length=TOKEN_NAME)]
    scopes: Annotated[list[TokenScope], Field(min_length=1)]
    last_day: date | None = None


def _page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    *,
    form: Form[TokenFields] | None = None,
    made: tokens.Made | None = None,
    status: int = 200,
) -> Response:
    return render(
        request,
        "admin/tokens.html",
        status=status,
        invalid=bool(form and form.errors),
        tokens=tokens.listing(db, me, now=now),
        form=form or Form.blank("token"),
        made=made,
        scopes=[(scope.value, f"{scope.value}: {tokens.scope_words(scope)}") for scope in TokenScope],
    )


@router.get("/admin/tokens")
def show_tokens(request: Request, db: DB, me: Me, now: Now) -> Response:
    return _page(request, db, me, now)


@router.post("/admin/tokens")
def make_token(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    """Answer with the page itself, not with a way to it: nothing but this one answer knows the secret."""
    me.require("admin")
    form: Form[TokenFields] = Form.parse(TokenFields, posted, name="token")
    if form.data is None:
        return _page(request, db, me, now, form=form, status=422)
    wish = form.data
    try:
        made = tokens.make(db, me, name=wish.name, scopes=wish.scopes, last_day=wish.last_day, now=now)
    except Refused as error:
        undo(db)
        form.refuse(error)
        return _page(request, db, me, now, form=form, status=error.status)
    return _page(request, db, me, now, made=made)


@router.post("/admin/tokens/{token_id}/revoke")
def revoke_token(request: Request, token_id: RowId, db: DB, me: Me, now: Now) -> Response:
    name = tokens.revoke(db, me, token_id, now=now)
    said = _("%(name)s is revoked: nothing is answered to it any more.", name=name)
    return redirect(request, "/admin/tokens", said=said)
