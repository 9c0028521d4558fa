"""The minutes of a meeting, on one page where they fit."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from staffhub import i18n, office
from staffhub.i18n import gettext as _
from staffhub.meetings.came import Invited
from staffhub.meetings.minutes import Item, Minutes
from staffhub.models import ItemEnd, ItemKind
from staffhub.reports.documents.letterhead import dressed


def file_name(found: Minutes) -> str:
    topic = re.sub(r"[^A-Za-z0-9]+", "-", found.meeting.topic).strip("-").lower()
    return f"notulen-{topic or found.meeting.id}-{found.day}.pdf"


def of(db: Session, office_id: int, found: Minutes) -> dict[str, Any]:
    """Return what the paper says: nothing that was struck out."""
    facts = office.facts(db, office_id)
    standing = [one for one in found.items if one.end is not ItemEnd.DROPPED]
    ends = found.starts + timedelta(minutes=found.minutes)
    return dressed(
        facts,
        _("Meeting minutes"),
        lines=[
            [_("Meeting"), found.meeting.topic],
            [_("Date"), i18n.day(found.day)],
            [_("Time"), f"{i18n.clock(found.starts)} – {i18n.clock(ends)} {found.starts.tzname()}"],
            [_("Organiser"), found.organiser],
        ],
        agenda=[_("Agenda"), found.meeting.agenda] if found.meeting.agenda.strip() else None,
        decisions=[_("Decisions"), [one.text for one in standing if one.kind is ItemKind.DECISION]],
        actions=[_("Follow-up"), [_("What"), _("Who"), _("Until")], [_row(one) for one in _actions(standing)]],
        before=[_("Still open from before"), [_row(one) for one in found.before]],
        nothing=_("Nothing was written down."),
        came=[_("Present (%(some)s of %(all)s)", some=len(found.came), all=len(found.people)), _names(found.came)],
        excused=[_("On leave or on duty elsewhere"), _names(found.excused)],
        away=[_("Not seen"), _names(found.stayed_away)],
        note=_("Present are those who went to the meeting through their own way in, or whom Zoom saw there."),
        signature={
            "above": ", ".join(part for part in (facts.signing_place, i18n.day(found.day)) if part),
            "title": _("Organiser"),
            "name": found.organiser,
            "number": "",
        },
    )


def _actions(items: Iterable[Item]) -> list[Item]:
    return [one for one in items if one.kind is ItemKind.ACTION]


def _row(item: Item) -> list[str]:
    until = i18n.day(item.due) if item.due else ""
    return [item.text, item.owner, _("done") if item.end else until]


def _names(people: Iterable[Invited]) -> str:
    return ", ".join(one.name for one in people)
