"""Out of what Zoom told: who was there, from when to when, and how sure that is. No database, no clock.

The order in which the sightings arrived plays no part, nor how often each came.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from staffhub.models import Seen, Sign

# A date is seen from so long before it begins until so long after its planned end; a later run is another meeting.
BEFORE, AFTER = timedelta(minutes=30), timedelta(minutes=120)
# Who clicks on the way in is in the meeting so soon after.
_ON_THE_WAY = timedelta(minutes=2)
_CLOCKS = timedelta(seconds=15)  # by which Zoom's clock may be behind ours


class Sighting(NamedTuple):
    run: str
    connection: str
    seen: Seen
    zoom_user: str
    email: str
    name: str
    at: datetime
    until: datetime | None


class Window(NamedTuple):
    """When a date was to begin and to end."""

    starts: datetime
    ends: datetime

    @property
    def opens(self) -> datetime:
        return self.starts - BEFORE

    @property
    def closes(self) -> datetime:
        return self.ends + AFTER


@dataclass(frozen=True)
class Known:
    """Who could be in it. `officers`: by id the name of each who serves; `emails`: whose each is; `told`: whom
    identities stand for that somebody of ours has named, None: nobody of the office; `clicks`: officers and times.
    """

    officers: Mapping[int, str]
    emails: Mapping[str, int]
    told: Mapping[str, int | None]
    clicks: Sequence[tuple[int, datetime]]


class Person(NamedTuple):
    """One person, however many devices and rejoins. `person`: officer:<id>, or the best that Zoom knows."""

    person: str
    officer_id: int | None
    name: str
    sign: Sign
    joined_at: datetime
    left_at: datetime
    seconds: int


class _Stay(NamedTuple):
    who: str
    sighting: Sighting
    start: datetime
    end: datetime


def people(sightings: Iterable[Sighting], window: Window, known: Known) -> list[Person]:
    """Return everybody who was seen, by when they came."""
    by_who: defaultdict[str, list[_Stay]] = defaultdict(list)
    for stay in _stays(sorted(set(sightings), key=_order), window):
        by_who[stay.who].append(stay)
    found = _recognise(by_who, known)
    together: defaultdict[str, list[_Stay]] = defaultdict(list)
    told: dict[str, tuple[int | None, Sign]] = {}
    for who, stays in by_who.items():
        officer_id, sign = found.get(who, (None, Sign.NONE))
        person = who if officer_id is None else f"officer:{officer_id}"
        together[person] += stays
        told[person] = min(told.get(person, (officer_id, sign)), (officer_id, sign), key=lambda one: _SURER[one[1]])
    made = [_person(person, *told[person], stays, known) for person, stays in together.items()]
    return sorted(made, key=lambda one: (one.joined_at, one.person))


_SURER = {sign: number for number, sign in enumerate(Sign)}


def _order(one: Sighting) -> tuple[object, ...]:
    # Of one instant: who leaves has come before.
    return (one.at, one.seen is Seen.LEFT, one.run, one.connection, one.seen, one.zoom_user, one.email, one.name,
            one.until or one.at)  # fmt: skip


def _person(person: str, officer_id: int | None, sign: Sign, stays: Sequence[_Stay], known: Known) -> Person:
    first = min(stays, key=lambda one: (one.start, one.sighting.name))
    name = known.officers.get(officer_id, first.sighting.name) if officer_id else first.sighting.name
    seconds = union((stay.start, stay.end) for stay in stays)
    return Person(person, officer_id, name, sign, first.start, max(stay.end for stay in stays), seconds)


def union(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """Return the seconds that are covered at all: two devices at once count once."""
    total = timedelta()
    reached: datetime | None = None
    for start, end in sorted(spans):
        begins = max(start, reached or start)
        total += max(end - begins, timedelta())
        reached = max(end, reached or end)
    return int(total.total_seconds())


def _stays(sightings: Sequence[Sighting], window: Window) -> Iterable[_Stay]:
    """Pair who came with who left, connection by connection, and cut it to the window."""
    listed = {one.run for one in sightings if one.seen is Seen.STAYED}
    ended: dict[str, datetime] = {}
    for one in sightings:
        if one.seen is Seen.ENDED:
            ended[one.run] = max(one.at, ended.get(one.run, one.at))
    whose = _identities(sightings)
    for one, came, left in _spans(sightings, listed, ended, window):
        start, end = max(came, window.opens), min(left, window.closes)
        if start <= end:
            yield _Stay(whose[one], one, start, end)


def _spans(
    sightings: Sequence[Sighting], listed: Collection[str], ended: Mapping[str, datetime], window: Window
) -> Iterable[tuple[Sighting, datetime, datetime]]:
    inside: dict[tuple[str, str], Sighting] = {}
    for one in sightings:
        here = (one.run, one.connection)
        if one.seen is Seen.STAYED:
            yield one, one.at, max(one.at, one.until or one.at)
        elif one.seen is Seen.JOINED:
            inside.setdefault(here, one)
        elif one.seen is Seen.LEFT:
            came = inside.pop(here, one)  # whose coming was never told has been there, for no time that we know of
            yield came, came.at, one.at
    for one in inside.values():
        # Of whom Zoom's own list speaks it says better until when.
        until = one.at if one.run in listed else ended.get(one.run, window.ends)
        yield one, one.at, max(one.at, until)


def _identities(sightings: Iterable[Sighting]) -> dict[Sighting, str]:
    """Name each as well as Zoom does: by account, else by address, else by what was typed as name."""
    accounts = {one.email: one.zoom_user for one in sightings if one.email and one.zoom_user}
    made = {}
    for one in sightings:
        account = one.zoom_user or accounts.get(one.email, "")
        best = f"id:{account}" if account else f"email:{one.email}" if one.email else f"name:{same(one.name)}"
        made[one] = best
    return made


def same(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(name.casefold().split())


def _recognise(by_who: Mapping[str, Sequence[_Stay]], known: Known) -> dict[str, tuple[int | None, Sign]]:
    """Say who each is: what was told and addresses first; a click and a name only where they name one person."""
    found: dict[str, tuple[int | None, Sign]] = {}
    for who, stays in by_who.items():
        if sure := _surely(who, stays, known):
            found[who] = sure
    names: defaultdict[str, list[int]] = defaultdict(list)
    for officer_id, name in known.officers.items():
        names[same(name)].append(officer_id)
    there = {officer_id for officer_id, _sign in found.values()}
    named = {
        who: owners[0]
        for who, stays in by_who.items()
        if who not in found and len(owners := names.get(same(stays[0].sighting.name), [])) == 1
    }
    clicked = _by_click({who: stays for who, stays in by_who.items() if who not in found}, known, there)
    for who in by_who.keys() - found.keys():
        by_click, by_name = clicked.get(who), named.get(who)
        if by_click and by_name and by_click != by_name:
            continue  # two signs that name two people name nobody
        if by_click:
            found[who] = (by_click, Sign.CLICK)
        elif by_name:
            found[who] = (by_name, Sign.NAME)
    return found


def _surely(who: str, stays: Sequence[_Stay], known: Known) -> tuple[int | None, Sign] | None:
    if who in known.told:
        return known.told[who], Sign.TOLD
    for address in sorted({stay.sighting.email for stay in stays if stay.sighting.email}):
        if f"email:{address}" in known.told:
            return known.told[f"email:{address}"], Sign.TOLD
        if address in known.emails:
            return known.emails[address], Sign.EMAIL
    return None


def _by_click(unknown: Mapping[str, Sequence[_Stay]], known: Known, there: Collection[int | None]) -> dict[str, int]:
    """Match who came with who clicked just before, where it can be nobody else on either side."""
    close: dict[str, set[int]] = {}
    for who, stays in unknown.items():
        close[who] = {
            officer_id
            for stay in stays
            for officer_id, at in known.clicks
            if officer_id not in there and at - _CLOCKS <= stay.start <= at + _ON_THE_WAY
        }
    found = {}
    for who, officers in close.items():
        if len(officers) == 1:
            (officer_id,) = officers
            if sum(officer_id in others for others in close.values()) == 1:
                found[who] = officer_id
    return found
