"""Who can be invited, and whom a choice of everyone, divisions and persons stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.meetings import hosts
from staffhub.models import Division, Officer, Posting, posting_near, posting_on, serves
from staffhub.security import Viewer


@dataclass(frozen=True)
class Audience:
    everyone: bool = False
    divisions: tuple[int, ...] = ()
    officers: tuple[int, ...] = ()

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Audience":
        return cls(stored["everyone"], tuple(stored["divisions"]), tuple(stored["officers"]))

    def stored(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Choices:
    """What a head may choose from beside persons; `everyone` is False for the head of a division."""

    everyone: bool
    divisions: list[tuple[int, str]]
    # Who can host beside the host: e-mail and name.
    co_hosts: list[tuple[str, str]]


def choices(db: Session, me: Viewer) -> Choices:
    mine = [
        (one.id, one.short_name)
        for one in office.divisions(db, me.office_id).values()
        if me.sees(officer_id=None, division_id=one.id)
    ]
    return Choices(me.sees_everyone, mine, hosts.licensed(db))


@dataclass(frozen=True)
class Candidate:
    id: int
    name: str
    division: str
    serves: bool


@dataclass(frozen=True)
class Found:
    """Who is chosen already, and who else has the name that was sought; `more` of them than are shown."""

    chosen: list[Candidate]
    others: list[Candidate]
    more: bool
    sought: str


NOBODY = Found([], [], more=False, sought="")
MOST = 20


def find(db: Session, me: Viewer, *, chosen: Sequence[int], sought: str, day: date) -> Found:
    """Return persons by their names, in one statement: an office is too large to list for choosing."""
    words = sought.split()
    if not chosen and not words:
        return NOBODY
    is_chosen = Officer.id.in_(chosen)
    named = and_(*(Officer.name.icontains(word, autoescape=True) for word in words)) if words else false()
    fits = named & serves(day, day) & me.within(Officer.id, Posting.division_id)
    rows = db.execute(
        select(
            Officer.id,
            Officer.name,
            func.coalesce(Division.short_name, "").label("division"),
            serves(day, day).label("serves"),
        )
        .outerjoin(Posting, posting_near(day))
        .outerjoin(Division, Division.id == Posting.division_id)
        .where(Officer.office_id == me.office_id, or_(is_chosen, fits))
        .order_by(is_chosen.desc(), Officer.name, Officer.id)
        .limit(len(chosen) + MOST + 1)
    )
    people = [Candidate(row.id, row.name, row.division, bool(row.serves)) for row in rows]
    others = [one for one in people if one.id not in chosen]
    return Found([one for one in people if one.id in chosen], others[:MOST], len(others) > MOST, sought)


@dataclass(frozen=True)
class Roll:
    """Everybody who serves in the office on a date, and the division of each."""

    divisions: Mapping[int, int | None]

    def of(self, audience: Audience) -> set[int]:
        chosen = {*audience.divisions}
        return {
            officer_id
            for officer_id, division_id in self.divisions.items()
            if audience.everyone or division_id in chosen or officer_id in audience.officers
        }


def roll(db: Session, office_id: int, day: date) -> Roll:
    rows = db.execute(
        select(Officer.id, Posting.division_id)
        .outerjoin(Posting, posting_on(day))
        .where(Officer.office_id == office_id, serves(day, day))
    )
    return Roll({row.id: row.division_id for row in rows})


def resolve(db: Session, me: Viewer, audience: Audience, *, day: date) -> set[int]:
    """Return the officers that a choice stands for on `day`; whoever has left or not yet come is not among them."""
    if audience.everyone and not me.sees_everyone:
        raise Refused(_("You invite your own division: choose it, or people of it."), field="everyone")
    there = {
        row.id: row.division_id
        for row in db.execute(
            select(Officer.id, Posting.division_id)
            .outerjoin(Posting, posting_near(day))
            .where(Officer.office_id == me.office_id)
        )
    }
    divisions = office.divisions(db, me.office_id).keys()
    if not set(audience.divisions) <= divisions or not set(audience.officers) <= there.keys():
        raise NotFound(_("One of those you chose is not in this office."))
    theirs = {*audience.divisions, *(there[officer_id] for officer_id in audience.officers)}
    if not all(me.sees(officer_id=None, division_id=division_id) for division_id in theirs):
        raise Forbidden(_("You invite people of your own division only."))
    return roll(db, me.office_id, day).of(audience)
