"""The duty roster on paper and as a sheet: published or, for whoever writes it, the draft."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from staffhub import clock, i18n, office
from staffhub.reports.documents import duty_book, duty_roster, press
from staffhub.roster import drafts, grid, importing
from staffhub.routes.deps import DB, Me, Now, RowId, TakesLong, pages
from staffhub.routes.roster.drafting import HERE, Month, month_of

router = pages()
Which = Annotated[Literal["draft", "published", ""], Query()]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _grids(
    db: DB, me: Me, now: Now, division_id: int, month: str, which: str
) -> tuple[list[grid.Grid], bool, drafts.Draft]:
    """Return the grid of the bidang, whether it is the draft's, and the draft."""
    me.require("roster.edit")
    today = clock.local_day(now, me.zone)
    draft = drafts.draft_for(db, me, division_id, month_of(month), today=today)
    drafted = which != "published" and draft.plan_id is not None and draft.version != draft.published
    found = (grid.draft_grid if drafted else grid.published_grid)(db, me, draft, since=drafts.first_open(db, me, now))
    return [found], drafted, draft


@router.get(HERE + "/print", dependencies=[TakesLong])
def paper(division_id: RowId, month: Month, db: DB, me: Me, now: Now, which: Which = "") -> Response:
    """The paper of the office is in Indonesian, whoever prints it."""
    grids, drafted, _draft = _grids(db, me, now, division_id, month, which)
    first, today = month_of(month), clock.local_day(now, me.zone)
    with i18n.in_locale("id"):
        content = press.pdf("duty_roster", duty_roster.of(db, me.office_id, grids, first, drafted=drafted, today=today))
    name = duty_roster.file_name(grids, first, drafted=drafted, kind="pdf")
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
    )


@router.get(HERE + "/sheet", dependencies=[TakesLong])
def sheet(division_id: RowId, month: Month, db: DB, me: Me, now: Now, which: Which = "") -> Response:
    grids, drafted, draft = _grids(db, me, now, division_id, month, which)
    first = month_of(month)
    mark = importing.mark(draft) if which != "published" else ""
    content = duty_book.roster_xlsx(office.facts(db, me.office_id), grids, first, mark=mark)
    name = duty_roster.file_name(grids, first, drafted=drafted, kind="xlsx")
    return Response(content, media_type=_XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
