"""What the bidang of an office are called. Postings, plans and days rest on them by their id, papers by their name."""

from datetime import datetime

from sqlalchemy.orm import Session

from staffhub import audit, office
from staffhub.db import write_over
from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import Division
from staffhub.security import Viewer


def rename_division(
    db: Session, me: Viewer, division_id: int, *, name: str, short_name: str, seen: int, now: datetime
) -> bool:
    """Call a bidang otherwise from now on; False when it is called so already. What was signed keeps its name."""
    me.require("office.edit")
    known = office.divisions(db, me.office_id)
    if division_id not in known:
        raise NotFound(_("There is no such division."))
    mine = known[division_id]
    if (mine.name, mine.short_name) == (name, short_name):
        return False
    for other in known.values():
        if other.id != division_id and other.name.casefold() == name.casefold():
            raise Refused(_("Another division is called so already."), field="name")
        if other.id != division_id and other.short_name.casefold() == short_name.casefold():
            raise Refused(_("Another division is called so already."), field="short_name")
    write_over(db, Division, division_id, seen=seen, name=name, short_name=short_name)
    told = {"before": [mine.name, mine.short_name], "after": [name, short_name]}
    audit.record(db, me, "division.renamed", "division", division_id, now=now, names=told)
    return True
