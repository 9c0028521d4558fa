"""The desks of today: plan against fact by bidang, and where one lacks somebody, who could be called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.models import CallState
from staffhub.reports import board
from staffhub.reports.board_version import board_version
from staffhub.reports.cover import Cover
from staffhub.roster import calls, repairing
from staffhub.roster.calls import Call
from staffhub.roster.repairing import StandIn
from staffhub.security import Viewer
from staffhub.service_requests.telling import whatsapp_link


@dataclass(frozen=True)
class Lack:
    """A group that lacks somebody, now or later today, and who could come: whom to ask first first."""

    cover: Cover
    stand_ins: Sequence[StandIn]


@dataclass(frozen=True)
class Desk:
    id: int
    name: str
    covers: Sequence[Cover]
    lacks: Sequence[Lack]
    calls: Sequence[Call]


@dataclass(frozen=True)
class Desks:
    """`at_work`: within the hours of work, so that a lack is a fact."""

    day: date
    at_work: bool
    desks: Sequence[Desk]


def desks(db: Session, me: Viewer, *, now: datetime) -> Desks:
    """Return the desks whose roster I write, those that lack somebody first."""
    whole = board.kept(db, me, now, board_version(db, me, now=now))
    day, local = whole.day, now.astimezone(me.zone).time()
    at_work = whole.hours is not None and whole.hours[0] <= local < whole.hours[1]
    over = whole.hours is None or local >= whole.hours[1]
    told = calls.calls_of(db, me, day)
    mine = [column for column in whole.columns if column.covers and calls.writes(me, column.id)]
    lacking = {column.id: [] if over else [one for one in column.covers if _lacks(one, at_work)] for column in mine}
    found = repairing.around(db, me.office_id, [day]) if any(lacking.values()) else None
    # Who is called, comes or cannot come today is offered no more; only who was called back is.
    standing = {one.officer_id for one in told if one.state is not CallState.WITHDRAWN}
    shown = []
    for column in mine:
        lacks = []
        for cover in lacking[column.id]:
            (need,) = repairing.Need.of(cover.fewest)
            free = repairing.stand_ins(db, me.office_id, found, need, today=day, besides=standing) if found else []
            lacks.append(Lack(cover, free))
        theirs = [one for one in told if one.division_id == column.id]
        shown.append(Desk(column.id, column.name, column.covers, lacks, theirs))
    return Desks(day, at_work, sorted(shown, key=lambda desk: not desk.lacks))


def _lacks(cover: Cover, at_work: bool) -> bool:
    return cover.will_be_short or (at_work and cover.short)


def whatsapp(one: Call, desk: str) -> str | None:
    """Return the address that opens a chat with whoever is called, the words in it; None without a usable number."""
    text = _(
        "%(name)s, please come to the office on %(day)s: %(desk)s lacks somebody at its desk. "
        "Please answer in StaffHub. %(who)s",
        name=one.officer,
        day=i18n.day(one.day),
        desk=desk,
        who=one.caller,
    )
    return whatsapp_link(one, text)
