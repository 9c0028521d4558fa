"""The answer to a proposed check-out: one tap, or a question first where the day would end early."""

from fastapi import Request
from starlette.responses import Response

from staffhub import corrections
from staffhub.dated import short_day
from staffhub.db import undo
from staffhub.errors import Conflict, Refused
from staffhub.forms import Fields, Form, Key
from staffhub.i18n import clock
from staffhub.i18n import gettext as _
from staffhub.reports import recap, words
from staffhub.routes.deps import DB, Me, Now, Posted, RowId, pages
from staffhub.web import query, redirect, render

router = pages()


class ConfirmFields(Fields):
    """`sure`: the question was answered."""

    idempotency_key: Key
    sure: bool = False


@router.post("/corrections/proposals/{proposal_id}")
def confirm(request: Request, proposal_id: RowId, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    proposed = corrections.proposed_for(db, me, proposal_id)
    form: Form[ConfirmFields] = Form.parse(ConfirmFields, posted, name="proposal")
    if form.data is None:
        raise Refused(_("Look at the page again, then press once more."))
    officer = recap.officer_for(db, me, me.officer_id, proposed.day)
    given = {"sure": form.data.sure, "idempotency_key": form.data.idempotency_key}
    try:
        answer = corrections.confirm(db, me, officer, proposed, now=now, **given)  # type: ignore[arg-type]
    except (Refused, Conflict) as error:
        undo(db)
        return redirect(request, f"/attendance/{officer.id}/{proposed.day}", said=error.message, kind="warn")
    if answer.longer:
        address = query("/corrections/new", date=proposed.day, kind="check_out", time=clock(proposed.at))
        said = _("This lengthens the day beyond its plan, so your superior decides. Say what shows it.")
        return redirect(request, address, said=said, kind="warn")
    if answer.stamp is None:
        return render(request, "corrections/early.html", proposed=proposed, early=answer.early, form=form, words=words)
    at, day = f"{clock(answer.stamp.at)} {answer.stamp.at.tzname()}", short_day(proposed.day)
    said = _("Check-out recorded at %(at)s for %(day)s. Receipt %(code)s.", at=at, day=day, code=answer.stamp.code)
    if not answer.stamp.first:
        said = _("Already recorded at %(at)s, nothing was changed. Receipt %(code)s.", at=at, code=answer.stamp.code)
    return redirect(request, "/", said=said)
