"""The head of the papers, their size, and how they are signed: settings that personnel keep on /admin/office."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import audit
from staffhub.db import changed_meanwhile
from staffhub.errors import Conflict
from staffhub.i18n import current_locale
from staffhub.i18n import gettext as _
from staffhub.models import Office, Paper
from staffhub.office import OfficeFacts
from staffhub.security import Viewer


def dressed(facts: OfficeFacts, title: str, **content: Any) -> dict[str, Any]:
    """Return what every template of the press asks for (letterhead.typ), and `content` of its own beside it."""
    told = (_("Telephone %(number)s", number=facts.phone) if facts.phone else "", facts.email)
    return {
        "title": title,
        "lang": current_locale(),
        "letterhead": {
            "paper": facts.paper.value,
            "government": facts.government,
            "office": facts.name,
            "address": facts.address,
            "contact": ", ".join(part for part in told if part),
        },
        "words": {"page": _("Page {n} of {m}")},
        **content,
    }


def change(
    db: Session,
    me: Viewer,
    *,
    name: str = "",
    government: str,
    address: str,
    phone: str,
    email: str,
    paper: Paper,
    signing_place: str,
    head_title: str,
    seen: int,
    now: datetime,
) -> None:
    """Change what papers bear from now on; what was printed or kept as a file stays as it is. `name` "": as it is."""
    me.require("office.edit")
    told: Mapping[str, Any] = {
        "government": government,
        "address": address,
        "phone": phone,
        "email": email,
        "paper": paper.value,
        "signing_place": signing_place,
        "head_title": head_title,
    } | ({"name": name} if name else {})
    mine = sa.update(Office).where(Office.id == me.office_id, Office.letterhead_version == seen)
    changed = mine.values(letterhead_version=seen + 1, **told).returning(Office.id)
    if db.scalar(changed) is None:
        raise Conflict(changed_meanwhile())
    kept = {name: value for name, value in told.items() if name not in {"phone", "email"}}
    audit.record(db, me, "office.letterhead", "office", me.office_id, now=now, **kept)
